"""The registers of truck classes, of real trucks and of drivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, String, cast, func, select

from catalog import changes, names
from catalog.changes import Band, TariffIn, VehicleClassChange, VehicleClassIn
from catalog.errors import AlreadyThere
from catalog.models import Driver, Organisation, Site, Tariff, TariffBand, Truck, VehicleClass
from catalog.repository import in_use
from catalog.tenancy import check_version, find, visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.web.context import PageContext
from service.web.registers import choices
from service.web.registers.fields import Field, Kind
from service.web.registers.register import Filter, Register, Values
from service.web.texts import mark

CLASS_FIELDS = (
    Field(
        "code",
        mark("Code"),
        listed=True,
        fixed=True,
        most=100,
        hint=mark("Leave it empty: it is made of the payload."),
        headings=("ma", "ma xe", "ma loai xe"),
    ),
    Field(
        "payload_kg",
        mark("Payload, kg"),
        Kind.WHOLE,
        needed=True,
        listed=True,
        most=10,
        headings=("tai trong", "tai trong kg", "trong tai"),
    ),
    Field("refrigerated", mark("Refrigerated"), Kind.FLAG, listed=True, headings=("xe lanh", "dong lanh", "lanh")),
    Field("volume_l", mark("Volume, litres"), Kind.DECIMAL, most=10, headings=("the tich", "thung xe lit")),
    Field("kmh", mark("Average speed, km/h"), Kind.DECIMAL, needed=True, usual=40.0, most=6, headings=("toc do",)),
    Field(
        "count_per_day",
        mark("How many on one day"),
        Kind.WHOLE,
        listed=True,
        most=7,
        hint=mark("Empty for as many as are wanted."),
        headings=("so xe", "so luong xe", "so xe moi ngay"),
    ),
    Field("max_stops", mark("Most stops of a trip"), Kind.WHOLE, usual=5, most=4, headings=("so diem dung",)),
    Field("max_hours", mark("Most hours of a trip"), Kind.DECIMAL, usual=12.0, most=5, headings=("so gio toi da",)),
    Field("base_site", mark("Where it starts and ends"), Kind.REFERENCE, options=choices.sites, hint=mark("Empty for hired trucks.")),
    Field(
        "fixed_vnd",
        mark("Per trip, đồng"),
        Kind.WHOLE,
        needed=True,
        fixed=True,
        most=15,
        hint=mark("Other tariffs, by date, stand in the settings."),
        headings=("gia mo cua", "gia chuyen", "phi co dinh"),
    ),
    Field("vnd_per_km", mark("đồng per km"), Kind.WHOLE, needed=True, fixed=True, most=12, headings=("gia km", "don gia km", "dong/km")),
    Field(
        "source",
        mark("Source of the tariff"),
        needed=True,
        fixed=True,
        most=500,
        headings=("nguon", "bang gia"),
        hint=mark("Who says so: a price list, a contract, a decree, with its date"),
    ),
    Field("retired_on", mark("Out of use from"), Kind.DAY),
)
TRUCK_FIELDS = (
    Field("plate", mark("Plate"), needed=True, listed=True, most=20, headings=("bien so", "bks", "bien so xe", "so xe", "bien kiem soat")),
    Field(
        "vehicle_class",
        mark("Truck class"),
        Kind.REFERENCE,
        needed=True,
        listed=True,
        options=choices.vehicle_classes,
        repeats=True,
        headings=("loai xe", "tai trong", "xe"),
    ),
    Field(
        "organisation",
        mark("Owner"),
        Kind.REFERENCE,
        needed=True,
        listed=True,
        fixed=True,
        options=choices.hauliers,
        repeats=True,
        headings=("nha xe", "chu xe", "don vi", "htx"),
    ),
    Field("driver", mark("Usual driver"), Kind.REFERENCE, listed=True, options=choices.drivers, headings=("lai xe", "tai xe")),
    Field("retired_on", mark("Out of use from"), Kind.DAY),
)
DRIVER_FIELDS = (
    Field("name", mark("Name"), needed=True, listed=True, headings=("ho ten", "lai xe", "ten", "tai xe", "ho va ten")),
    Field("phone", mark("Telephone"), Kind.PHONE, needed=True, listed=True, headings=("dien thoai", "sdt", "so dien thoai", "dt")),
    Field(
        "organisation",
        mark("Drives for"),
        Kind.REFERENCE,
        needed=True,
        listed=True,
        fixed=True,
        options=choices.hauliers,
        repeats=True,
        headings=("nha xe", "don vi", "htx"),
    ),
    Field("licence", mark("Class of licence"), most=20, headings=("hang bang lai", "gplx", "bang lai")),
    Field("left_on", mark("Left on"), Kind.DAY),
)


def _add_class(visit: PageContext, values: Values) -> VehicleClass:
    values.pop("confirmed", None)
    bands = (Band(from_km=0, vnd_per_km=float(values.pop("vnd_per_km"))),)
    tariff = TariffIn(valid_from=today(now(visit.session)), fixed_vnd=values.pop("fixed_vnd"), bands=bands, source=values.pop("source"))
    kind = "xe lạnh" if values.get("refrigerated") else "xe tải"
    mine = VehicleClass.association_id == visit.scope.association_id
    values["code"] = values.get("code") or choices.code_of(visit, VehicleClass, f"{kind} {values['payload_kg']}", mine)
    given = {name: value for name, value in values.items() if value is not None and name != "retired_on"}
    return changes.add_vehicle_class(visit.session, visit.scope, VehicleClassIn(**given, tariff=tariff), visit.by)


def _change_class(visit: PageContext, row: VehicleClass, values: Values, version: int | None) -> VehicleClass:
    values.pop("confirmed", None)
    empty = {"volume_l", "count_per_day", "base_site", "retired_on"}
    given = {name: value for name, value in values.items() if value is not None or name in empty}
    return changes.change_vehicle_class(visit.session, visit.scope, row.uid, VehicleClassChange(**given), visit.by, version)


def _tariffs(visit: PageContext, rows: Sequence[VehicleClass]) -> dict[int, list[tuple[Tariff, list[TariffBand]]]]:
    """Return the tariffs of classes with their bands, the latest first."""
    query = select(Tariff).where(Tariff.vehicle_class_id.in_([row.id for row in rows])).order_by(Tariff.valid_from.desc())
    tariffs = list(visit.session.scalars(query))
    bands = select(TariffBand).where(TariffBand.tariff_id.in_([one.id for one in tariffs])).order_by(TariffBand.from_km)
    of_tariff: dict[int, list[TariffBand]] = {}
    for band in visit.session.scalars(bands):
        of_tariff.setdefault(band.tariff_id, []).append(band)
    found: dict[int, list[tuple[Tariff, list[TariffBand]]]] = {}
    for one in tariffs:
        found.setdefault(one.vehicle_class_id, []).append((one, of_tariff.get(one.id, [])))
    return found


def _class_values(visit: PageContext, rows: Sequence[VehicleClass]) -> list[Values]:
    """Return what each class costs today: per trip, for its first kilometre, and who says so."""
    day, tariffs = today(now(visit.session)), _tariffs(visit, rows)
    values: list[Values] = []
    for row in rows:
        held = next((pair for pair in tariffs.get(row.id, ()) if pair[0].valid_from <= day), None)
        tariff, bands = held if held is not None else (None, [])
        rate = bands[0].vnd_per_km if bands else None
        values.append({"fixed_vnd": tariff and tariff.fixed_vnd, "vnd_per_km": rate and int(rate), "source": tariff and tariff.source})
    return values


def _class_extra(visit: PageContext, row: VehicleClass) -> Mapping[str, Any]:
    """Return every tariff of a class, with its day and its source."""
    return {"tariffs": _tariffs(visit, [row]).get(row.id, []), "may_write": visit.principal.may(Permission.CATALOG_WRITE)}


def plate_of(text: str) -> str:
    """Return a plate as it stands on the truck: ``98C-123.45``."""
    plain = "".join(sign for sign in text.upper() if sign.isalnum())
    head, digits = plain[:3], plain[3:]
    if len(digits) == 5 and digits.isdecimal() and head[:2].isdecimal():
        return f"{head}-{digits[:3]}.{digits[3:]}"
    return " ".join(text.upper().split())


def _looked_up(visit: PageContext, values: Values) -> Values:
    """Return the columns of a truck or driver, references as numbers."""
    found = {name: value for name, value in values.items() if name != "confirmed"}
    models: tuple[tuple[str, Any], ...] = (("organisation", Organisation), ("vehicle_class", VehicleClass), ("driver", Driver))
    for name, model in models:
        if name in found:
            uid = found.pop(name)
            found[f"{name}_id"] = find(visit.session, visit.scope, model, uid).id if uid else None
    if found.get("plate"):
        found["plate"] = plate_of(found["plate"])
    if found.get("name"):
        found["name"] = names.clean(found["name"])
    return found


def _add_row(model: Any) -> Any:
    def add(visit: PageContext, values: Values) -> Any:
        found = _looked_up(visit, values)
        if model is Truck:
            same = select(Truck).where(Truck.association_id == visit.scope.association_id, Truck.plate == found["plate"])
            if visit.session.scalars(same).first() is not None:
                raise AlreadyThere(f"a truck with the plate {found['plate']} is on file")
        row = model(**found, association_id=visit.scope.association_id, updated_by=visit.by)
        visit.session.add(row)
        visit.session.flush()
        return row

    return add


def _change_row(visit: PageContext, row: Any, values: Values, version: int | None) -> Any:
    check_version(row, version)
    for name, value in {**_looked_up(visit, values), "updated_by": visit.by}.items():
        setattr(row, name, value)
    visit.session.flush()
    return row


def _queries(model: Any) -> Any:
    def query(visit: PageContext) -> Select[Any]:
        return visible(model, visit.scope)

    return query


def _name_of(model: Any, number: Any) -> Any:
    """Return the search key of the row that a column names."""
    return select(model.search_key).where(model.id == number).scalar_subquery()


_BARE_PLATE = func.replace(func.replace(Truck.plate, "-", ""), ".", "")
"""A plate without its marks, as people type it."""
_REFERS: dict[str, tuple[Any, str]] = {
    "organisation": (Organisation, "uid"),
    "vehicle_class": (VehicleClass, "uid"),
    "driver": (Driver, "uid"),
}


def _by_owner(model: Any) -> Filter:
    """Return the filter by the carrier or cooperative that a truck or driver belongs to."""

    def narrow(_visit: PageContext, query: Select[Any], value: str) -> Select[Any]:
        return query.where(model.organisation_id.in_(select(Organisation.id).where(Organisation.uid == value)))

    return Filter("organisation", mark("Organisation"), choices.hauliers, narrow)


def _by_use(column: Any) -> Filter:
    """Return the filter of what is in use, and of what no longer is."""

    def narrow(_visit: PageContext, query: Select[Any], value: str) -> Select[Any]:
        return query.where(in_use(column) if value == "used" else ~in_use(column))

    return Filter("state", mark("State"), choices.uses, narrow)


CLASSES = Register(
    key="vehicles",
    path="/vehicles",
    title=mark("Truck classes"),
    one=mark("truck class"),
    add_label=mark("New truck class"),
    none=mark("No truck class on file yet"),
    icon="truck",
    model=VehicleClass,
    read=Permission.CATALOG_READ,
    write=Permission.CATALOG_WRITE,
    fields=CLASS_FIELDS,
    order=(VehicleClass.payload_kg, VehicleClass.id),
    search=((func.lower(VehicleClass.code), cast(VehicleClass.payload_kg, String)), ()),
    add=_add_class,
    change=_change_class,
    name_of=lambda row: str(row.code),
    verbs=("vehicle.add", "vehicle.change"),
    query=_queries(VehicleClass),
    columns={"base_site": "base_site_id"},
    refers={"base_site": (Site, "uid")},
    filters=(_by_use(VehicleClass.retired_on),),
    own_values=_class_values,
    extra=_class_extra,
    extra_template="registers/vehicle.html",
    title_of=choices.class_name,
)
TRUCKS = Register(
    key="trucks",
    path="/trucks",
    title=mark("Trucks"),
    one=mark("truck"),
    add_label=mark("New truck"),
    none=mark("No truck on file yet"),
    icon="truck",
    model=Truck,
    read=Permission.CATALOG_READ,
    write=Permission.CATALOG_WRITE,
    fields=TRUCK_FIELDS,
    order=(Truck.plate, Truck.id),
    search=(
        (
            func.lower(Truck.plate),
            func.lower(_BARE_PLATE),
            _name_of(Organisation, Truck.organisation_id),
            _name_of(Driver, Truck.driver_id),
        ),
        (),
    ),
    add=_add_row(Truck),
    change=_change_row,
    name_of=lambda row: str(row.plate),
    verbs=("truck.add", "truck.change"),
    query=_queries(Truck),
    columns={"organisation": "organisation_id", "vehicle_class": "vehicle_class_id", "driver": "driver_id"},
    refers=_REFERS,
    filters=(_by_owner(Truck), _by_use(Truck.retired_on)),
    key_field="plate",
)
DRIVERS = Register(
    key="drivers",
    path="/drivers",
    title=mark("Drivers"),
    one=mark("driver"),
    add_label=mark("New driver"),
    none=mark("No driver on file yet"),
    icon="user",
    model=Driver,
    read=Permission.CATALOG_READ,
    write=Permission.CATALOG_WRITE,
    fields=DRIVER_FIELDS,
    order=(Driver.sort_key, Driver.id),
    search=((Driver.search_key, _name_of(Organisation, Driver.organisation_id)), (Driver.phone,)),
    add=_add_row(Driver),
    change=_change_row,
    name_of=lambda row: str(row.name),
    verbs=("driver.add", "driver.change"),
    query=_queries(Driver),
    columns={"organisation": "organisation_id"},
    refers={"organisation": (Organisation, "uid")},
    filters=(_by_owner(Driver), _by_use(Driver.left_on)),
    key_field="phone",
)
