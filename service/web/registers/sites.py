"""The register of sites: loading places, hubs, receiving sites and truck bases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select

from buyers.models import ReceivingSlot
from catalog import changes, communes, intake
from catalog.changes import SiteChange
from catalog.errors import Invalid, fault
from catalog.intake import SiteIn
from catalog.models import Commune, Organisation, Site, SiteKind
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.web.context import PageContext
from service.web.registers import choices
from service.web.registers.calendar import closed_days, dates_of
from service.web.registers.fields import Field, Kind
from service.web.registers.register import Filter, Register, Values
from service.web.texts import mark

FIELDS = (
    Field(
        "name",
        mark("Name of the site"),
        needed=True,
        listed=True,
        headings=("ten", "ten diem", "dia diem", "diem giao", "ten kho", "noi nhan", "kho"),
    ),
    Field(
        "kind",
        mark("Kind"),
        Kind.CHOICE,
        needed=True,
        listed=True,
        fixed=True,
        options=choices.site_kinds,
        repeats=True,
        headings=("loai", "loai diem"),
    ),
    Field(
        "organisation",
        mark("Organisation"),
        Kind.REFERENCE,
        listed=True,
        fixed=True,
        options=choices.organisations,
        repeats=True,
        headings=("don vi", "chu so huu", "htx", "hop tac xa", "khach hang", "thuoc don vi"),
    ),
    Field(
        "code",
        mark("Code"),
        fixed=True,
        most=100,
        hint=mark("Leave it empty: it is made of the name."),
        headings=("ma", "ma diem", "ma kho", "ma so"),
    ),
    Field(
        "commune_code",
        mark("Commune"),
        Kind.COMMUNE,
        listed=True,
        hint=mark("As it is since July 2025; an old name is found, too."),
        headings=("xa", "xa phuong", "phuong xa", "dia chi"),
    ),
    Field(
        "lat",
        mark("Latitude"),
        Kind.DECIMAL,
        most=20,
        headings=("vi do", "lat"),
        hint=mark("Leave both empty to take the middle of the commune."),
    ),
    Field("lon", mark("Longitude"), Kind.DECIMAL, most=20, headings=("kinh do", "lon", "lng")),
    Field("contact", mark("Whom to ask for"), headings=("nguoi lien he", "lien he", "nguoi nhan", "thu kho")),
    Field("phone", mark("Telephone"), Kind.PHONE, listed=True, headings=("dien thoai", "sdt", "so dien thoai", "dt")),
    Field(
        "open_from_min",
        mark("Open from"),
        Kind.CLOCK,
        usual=0,
        most=8,
        hint=mark("Such as 05:30; other hours of single weekdays stand below."),
        headings=("mo cua", "gio mo cua", "tu gio", "nhan tu"),
    ),
    Field(
        "open_until_min", mark("Open until"), Kind.CLOCK, usual=1440, most=8, headings=("dong cua", "gio dong cua", "den gio", "nhan den")
    ),
    Field("stop_min", mark("Minutes a stop takes"), Kind.DECIMAL, usual=15.0, most=8, headings=("phut dung",)),
    Field("min_per_tonne", mark("Minutes for each tonne"), Kind.DECIMAL, usual=10.0, most=8, headings=("phut moi tan",)),
    Field(
        "max_vehicle_kg", mark("Largest truck that fits, kg of payload"), Kind.WHOLE, most=12, headings=("xe lon nhat", "tai trong toi da")
    ),
    Field(
        "zone",
        mark("Zone"),
        most=100,
        hint=mark("The zone of a city whose hours keep trucks out, as the settings name it."),
        headings=("vung", "khu vuc"),
    ),
    Field("throughput_kg_per_day", mark("Most on one day, kg"), Kind.WHOLE, most=12, headings=("toi da mot ngay", "cong suat ngay")),
    Field("opening_vnd", mark("Fee for each day it is used, đồng"), Kind.WHOLE, usual=0, most=15, headings=("phi mo diem",)),
    Field("handling_vnd_per_kg", mark("Handling at a hub, đồng per kg"), Kind.DECIMAL, usual=0.0, most=12, headings=("phi boc xep",)),
    Field("closed_on_holidays", mark("Closed on holidays"), Kind.FLAG, headings=("nghi le", "nghi le tet")),
    Field("closed_on", mark("Closed for good from"), Kind.DAY),
)


def _query(visit: PageContext) -> Select[Any]:
    return visible(Site, visit.scope)


def _narrow_owner(_visit: PageContext, query: Select[Any], value: str) -> Select[Any]:
    return query.where(Site.organisation_id.in_(select(Organisation.id).where(Organisation.uid == value)))


def _narrow_kind(_visit: PageContext, query: Select[Any], value: str) -> Select[Any]:
    return query.where(Site.kind == value) if value in {one.value for one in SiteKind} else query


def _place(visit: PageContext, values: Values, *, needed: bool) -> None:
    """Turn the commune into its code, and take its middle where nobody said the position."""
    commune: Commune | None = None
    if values.get("commune_code"):
        try:
            commune = communes.of_text(visit.session, values["commune_code"])
        except ValueError as error:
            raise Invalid([fault("commune_code", values["commune_code"], str(error))]) from None
        values["commune_code"] = commune.code
    if needed and values.get("lat") is None and values.get("lon") is None:
        if commune is None or commune.lat is None:
            raise Invalid([fault("commune_code", "", "a commune, or a position")])
        values["lat"], values["lon"] = commune.lat, commune.lon


def _filled(values: Values) -> Values:
    """Return the values without what is absent, so that the usual holds."""
    return {name: value for name, value in values.items() if value is not None}


def _add(visit: PageContext, values: Values) -> Site:
    _place(visit, values, needed=True)
    values.pop("closed_on", None)
    mine = Site.association_id == visit.scope.association_id
    values["code"] = values.get("code") or choices.code_of(visit, Site, values["name"], mine)
    if values.get("organisation") is None and visit.scope.organisation_id is not None:
        values["organisation"] = visit.session.get_one(Organisation, visit.scope.organisation_id).uid
    return intake.add_site(visit.session, visit.scope, SiteIn(**_filled(values)), visit.by)


def _change(visit: PageContext, row: Site, values: Values, version: int | None) -> Site:
    _place(visit, values, needed=False)
    given = {name: value for name, value in values.items() if value is not None or name in _MAY_BE_EMPTY}
    return changes.change_site(visit.session, visit.scope, row.uid, SiteChange(**given), visit.by, version)


_MAY_BE_EMPTY = frozenset({"commune_code", "max_vehicle_kg", "zone", "throughput_kg_per_day", "closed_on", "contact", "phone"})


def _extra(visit: PageContext, row: Site) -> Mapping[str, Any]:
    """Return the hours of weekdays, the dates that differ, and the days on which the site is closed."""
    slots = list(
        visit.session.scalars(
            select(ReceivingSlot).where(ReceivingSlot.site_id == row.id).order_by(ReceivingSlot.weekday, ReceivingSlot.open_from_min)
        )
    )
    return {
        "slots": slots,
        "dates": dates_of(visit, row),
        "closed": closed_days(visit, row),
        "may_write": visit.principal.may(Permission.SITES_WRITE),
    }


REGISTER = Register(
    key="sites",
    path="/sites",
    title=mark("Sites"),
    one=mark("site"),
    add_label=mark("New site"),
    none=mark("No site on file yet"),
    icon="map",
    model=Site,
    read=Permission.SITES_READ,
    write=Permission.SITES_WRITE,
    fields=FIELDS,
    order=(Site.sort_key, Site.id),
    search=((Site.search_key,), (Site.code, Site.phone)),
    add=_add,
    change=_change,
    name_of=lambda row: str(row.name or row.code),
    verbs=("site.add", "site.change"),
    query=_query,
    columns={"organisation": "organisation_id"},
    refers={"organisation": (Organisation, "uid"), "commune_code": (Commune, "code")},
    filters=(
        Filter("kind", mark("Kind"), choices.site_kinds, _narrow_kind),
        Filter("organisation", mark("Organisation"), choices.organisations, _narrow_owner),
    ),
    extra=_extra,
    extra_template="registers/site.html",
)
