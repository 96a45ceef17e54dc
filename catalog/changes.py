"""Changes of what the catalogue holds already, whoever makes them; new rows come in through `catalog.intake`.

In each model of a change, what isn't named stays, and null empties a field that may be empty.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog import intake, names, quantities
from catalog.base import FIRST_DAY, LAST_DAY, MAX_RATE, MAX_VND_PER_KG
from catalog.checks import bad_names, bad_text, raise_faults
from catalog.errors import AlreadyThere, Conflict, Fault, fault
from catalog.given import EMAIL, Code, Given, Name
from catalog.models import (
    MAX_GRADE,
    AccessRule,
    Association,
    Certificate,
    Commune,
    Evidence,
    Grade,
    Organisation,
    OrganisationKind,
    PlantingArea,
    Product,
    ProductUnit,
    Road,
    Site,
    Suspension,
    Tariff,
    TariffBand,
    Unit,
    Variety,
    VehicleClass,
)
from catalog.tenancy import Row, Scope, check_version, find


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def may(**limits: Any) -> Any:
    """Return a field that need not be named; what it holds then is never looked at."""
    return Field(default=None, json_schema_extra=_without_default, **limits)


WholeKg = {"ge": 0, "le": 10**9, "strict": True}
Minute = {"ge": 0, "le": 1440, "strict": True}


class AssociationIn(Given):
    """A new association."""

    code: str = Code
    name: str = Name
    detour_factor: float = Field(default=1.3, ge=1, le=10)
    fee_per_mille: int = Field(default=0, ge=0, le=1000, strict=True)


class AssociationChange(Given):
    """What changes of an association."""

    name: str = may(min_length=1, max_length=200)
    detour_factor: float = may(ge=1, le=10)
    fee_per_mille: int = may(ge=0, le=1000, strict=True)
    phone: str | None = may(min_length=1, max_length=40)
    email: str | None = may(max_length=254, pattern=EMAIL)
    address: str | None = may(min_length=1, max_length=500)


class OrganisationChange(Given):
    """What changes of an organisation; its kind and code stay."""

    name: str = may(min_length=1, max_length=200)
    sponsor: str | None = may(max_length=26)
    tax_code: str | None = may(min_length=1, max_length=20)
    commune_code: str | None = may(min_length=1, max_length=10)
    phone: str | None = may(min_length=1, max_length=40)
    email: str | None = may(max_length=254, pattern=EMAIL)
    closed_on: date | None = may()
    legal_form: str | None = may(min_length=1, max_length=100)
    representative: str | None = may(min_length=1, max_length=200)
    other_phone: str | None = may(min_length=1, max_length=40)
    bank_name: str | None = may(min_length=1, max_length=200)
    bank_account: str | None = may(min_length=1, max_length=40)
    address: str | None = may(min_length=1, max_length=500)
    confirmed: bool = False


class MemberChange(Given):
    """What changes of a member."""

    name: str = may(min_length=1, max_length=200)
    phone: str | None = may(min_length=1, max_length=40)
    joined_on: date = may()
    left_on: date | None = may()
    area_m2: int | None = may(ge=1, le=10**12, strict=True)
    consent_on: date | None = may()


class SiteChange(Given):
    """What changes of a site; its kind, code and owner stay."""

    name: str = may(min_length=1, max_length=200)
    commune_code: str | None = may(min_length=1, max_length=10)
    lat: float = may(ge=-90, le=90)
    lon: float = may(ge=-180, le=180)
    open_from_min: int = may(**Minute)
    open_until_min: int = may(**Minute)
    stop_min: float = may(ge=0, le=1440)
    min_per_tonne: float = may(ge=0, le=1440)
    max_vehicle_kg: int | None = may(ge=1, le=1_000_000, strict=True)
    zone: str | None = may(min_length=1, max_length=100)
    opening_vnd: int = may(ge=0, le=10**12, strict=True)
    throughput_kg_per_day: int | None = may(**WholeKg)
    handling_vnd_per_kg: float = may(ge=0, le=10**9)
    closed_on: date | None = may()
    closed_on_holidays: bool = may()
    contact: str | None = may(min_length=1, max_length=200)
    phone: str | None = may(min_length=1, max_length=40)
    confirmed: bool = False


class ProductChange(Given):
    """What changes of a product; its code stays."""

    name: str = may(min_length=1, max_length=200)
    name_en: str | None = may(min_length=1, max_length=200)
    litres_per_kg: float = may(ge=0, le=10_000)
    cold: bool = may()
    shelf_life_days: int | None = may(ge=0, le=36_500, strict=True)
    usual_vnd_per_kg: int | None = may(ge=0, le=MAX_VND_PER_KG, strict=True)
    lowest_c: float | None = may(ge=-60, le=60)
    highest_c: float | None = may(ge=-60, le=60)


class VarietyIn(Given):
    """A new variety of a product."""

    code: str = Code
    name: str = Name


class GradeIn(Given):
    """The next rung of a grade ladder, below the last."""

    name: str = Name
    description: str = Field(default="", max_length=2000)


class UnitIn(Given):
    """What one piece or crate of a product weighs from a day on."""

    unit: Unit
    grams: int = Field(ge=1, le=10**9, strict=True)
    valid_from: date
    source: str = Field(min_length=1, max_length=500)


class CertificateChange(Given):
    """What changes of a certificate; whose, for what and by which scheme it is stays."""

    level: int = may(ge=0, le=1000, strict=True)
    valid_from: date = may()
    valid_until: date = may()
    number: str = may(max_length=100)
    issuer: str = may(max_length=200)
    area: str = may(max_length=1000)
    evidence: str | None = may(max_length=26)
    withdrawn_on: date | None = may()


class SuspensionIn(Given):
    """Days on which a certificate doesn't count."""

    from_day: date
    until_day: date | None = None
    reason: str = Field(min_length=1, max_length=1000)


class SuspensionChange(Given):
    """The last day of a suspension, which lifts it."""

    until_day: date | None


class PlantingAreaChange(Given):
    """What changes of a planting-area code."""

    area_m2: int | None = may(ge=1, le=10**12, strict=True)
    valid_from: date = may()
    valid_until: date = may()
    suspended_from: date | None = may()
    suspended_until: date | None = may()
    source: str = may(min_length=1, max_length=500)


class EvidenceIn(Given):
    """A document: its kind and its content in base64."""

    organisation: str | None = None
    title: str = Field(min_length=1, max_length=200)
    media_type: str = Field(min_length=3, max_length=100, pattern="^(application/pdf|image/(png|jpeg|webp))$")
    content_base64: str = Field(min_length=4, max_length=13_400_000, pattern="^[A-Za-z0-9+/]+={0,2}$")


class Band(Given):
    """The rate of each kilometre from one on."""

    from_km: float = Field(ge=0, le=100_000)
    vnd_per_km: float = Field(ge=0, le=10**9)


class TariffIn(Given):
    """What a class of trucks costs from a day on; the first band starts at kilometre 0."""

    valid_from: date
    fixed_vnd: int = Field(ge=0, le=10**12, strict=True)
    bands: tuple[Band, ...] = Field(min_length=1, max_length=100)
    source: str = Field(min_length=1, max_length=500)


class VehicleClassIn(Given):
    """A new class of trucks with what it costs."""

    code: str = Code
    organisation: str | None = None
    payload_kg: int = Field(ge=1, le=1_000_000, strict=True)
    volume_l: float | None = Field(default=None, gt=0, le=MAX_RATE)
    refrigerated: bool = False
    kmh: float = Field(ge=1, le=200)
    count_per_day: int | None = Field(default=None, ge=0, le=1_000_000, strict=True)
    max_stops: int = Field(default=5, ge=1, le=1000, strict=True)
    max_hours: float = Field(default=12.0, gt=0, le=1000)
    base_site: str | None = None
    tariff: TariffIn


class VehicleClassChange(Given):
    """What changes of a class of trucks; its tariff has its own dates."""

    payload_kg: int = may(ge=1, le=1_000_000, strict=True)
    volume_l: float | None = may(gt=0, le=MAX_RATE)
    refrigerated: bool = may()
    kmh: float = may(ge=1, le=200)
    count_per_day: int | None = may(ge=0, le=1_000_000, strict=True)
    max_stops: int = may(ge=1, le=1000, strict=True)
    max_hours: float = may(gt=0, le=1000)
    base_site: str | None = may(max_length=26)
    retired_on: date | None = may()


class AccessRuleIn(Given):
    """Hours in which trucks of some payload or more are kept out of a zone."""

    zone: str = Code
    min_payload_kg: int = Field(ge=0, le=1_000_000, strict=True)
    closed_from_min: int = Field(ge=0, le=1440, strict=True)
    closed_until_min: int = Field(ge=0, le=1440, strict=True)
    valid_from: date
    valid_until: date | None = None
    source: str = Field(min_length=1, max_length=500)


class AccessRuleChange(Given):
    """The last day of an access rule; other hours are another rule."""

    valid_until: date | None


class RoadIn(Given):
    """A known road, or a carrier by the kilogram, from one site to another."""

    from_site: str
    to_site: str
    km: float | None = Field(default=None, ge=0, le=100_000)
    minutes: float | None = Field(default=None, ge=0, le=100_000)
    vnd_per_kg: float | None = Field(default=None, ge=0, le=10**9)
    fixed_vnd: int = Field(default=0, ge=0, le=10**12, strict=True)
    capacity_kg: int | None = Field(default=None, ge=1, le=10**9, strict=True)
    transit_days: int = Field(default=0, ge=0, le=3650, strict=True)
    cold: bool = False
    source: str = Field(default="", max_length=500)


class RoadChange(Given):
    """What changes of a road; its two ends stay."""

    km: float | None = may(ge=0, le=100_000)
    minutes: float | None = may(ge=0, le=100_000)
    vnd_per_kg: float | None = may(ge=0, le=10**9)
    fixed_vnd: int = may(ge=0, le=10**12, strict=True)
    capacity_kg: int | None = may(ge=1, le=10**9, strict=True)
    transit_days: int = may(ge=0, le=3650, strict=True)
    cold: bool = may()
    source: str = may(max_length=500)


def add_association(session: Session, given: AssociationIn, by: str) -> Association:
    """Add a tenant."""
    raise_faults(bad_names(given, "code", "name"))
    if session.scalars(select(Association.id).where(Association.code == given.code)).first() is not None:
        raise AlreadyThere(f"the code {given.code!r} is taken")
    return _add(session, Association(**given.model_dump(), updated_by=by))


def change(session: Session, row: Row, given: Given, by: str, version: int | None, **more: Any) -> Row:
    """Change a row to what is given; `more` holds columns that were looked up.

    Raises
    ------
    Stale
        If it has changed since `version`.
    Invalid
        If a name holds what no name may, or a window ends before it starts.
    """
    check_version(row, version)
    values = {**given.model_dump(exclude_unset=True), **more}
    faults = bad_names(given, *(["name"] if values.get("name") is not None else []))
    faults += _bad_commune(session, values.get("commune_code")) + _bad_windows(row, values)
    raise_faults(faults)
    known = {name: value for name, value in values.items() if hasattr(type(row), name)}
    for name, value in {**known, "updated_by": by}.items():
        setattr(row, name, value)
    session.flush()
    return row


WINDOWS = (("valid_from", "valid_until"), ("joined_on", "left_on"), ("suspended_from", "suspended_until"), ("from_day", "until_day"))


def _bad_windows(row: Any, values: dict[str, Any]) -> list[Fault]:
    faults = []
    for first, last in WINDOWS:
        if hasattr(row, first) and {first, last} & values.keys():
            start, end = values.get(first, getattr(row, first)), values.get(last, getattr(row, last))
            if (start is not None and end is not None and start > end) or (start is None and end is not None):
                faults.append(fault(f"{first},{last}", f"{start}..{end}", "a window that doesn't end before it starts"))
    sane = [name for name in ("joined_on", "left_on", "suspended_from", "suspended_until", "from_day", "until_day") if values.get(name)]
    return faults + [fault(name, values[name], "a day of this century") for name in sane if not FIRST_DAY <= values[name] <= LAST_DAY]


def _bad_commune(session: Session, code: str | None) -> list[Fault]:
    known = code is None or session.get(Commune, code) is not None
    return [] if known else [fault("commune_code", code, "a commune's national code")]


def change_organisation(session: Session, scope: Scope, uid: str, given: OrganisationChange, by: str, version: int | None) -> Organisation:
    """Change an organisation; a new name with letters of another alphabet needs to be confirmed."""
    row = find(session, scope, Organisation, uid, lock=True)
    check_version(row, version)
    if "name" in given.model_fields_set:
        intake.confirm_name(given.name, confirmed=given.confirmed)
    more: dict[str, Any] = {}
    if "sponsor" in given.model_fields_set:
        sponsor = find(session, scope, Organisation, given.sponsor) if given.sponsor else None
        fits = row.kind is OrganisationKind.GROUP and (sponsor is None or sponsor.kind is OrganisationKind.COOPERATIVE)
        if not fits:
            raise_faults([fault("sponsor", given.sponsor, "a cooperative, for a group alone")])
        more = {"sponsor_id": sponsor and sponsor.id}
    return change(session, row, _without(given, "sponsor", "confirmed"), by, version, **more)


def _without(given: Given, *fields: str) -> Given:
    """Return what is given without fields that are looked up and not kept as they are."""
    kept = given.model_dump(exclude_unset=True, exclude=set(fields))
    return type(given).model_construct(_fields_set=set(kept), **kept)


def change_site(session: Session, scope: Scope, uid: str, given: SiteChange, by: str, version: int | None) -> Site:
    """Change a site; a move to outside Vietnam needs to be confirmed."""
    row = find(session, scope, Site, uid, lock=True)
    check_version(row, version)
    raise_faults(intake.association_matters(scope, given, row))
    if {"lat", "lon"} & given.model_fields_set:
        place = {name: getattr(given, name) if name in given.model_fields_set else getattr(row, name) for name in ("lat", "lon")}
        intake.confirm_place(place["lat"], place["lon"], confirmed=given.confirmed)
    more = {} if "name" not in given.model_fields_set else {"sort_key": _key(given.name), "search_key": names.search_key(given.name)}
    return change(session, row, _without(given, "confirmed"), by, version, **more)


def _key(name: str) -> str:
    raise_faults(bad_text("name", name))
    return names.sort_key(name)


def add_variety(session: Session, product: Product, given: VarietyIn, by: str) -> Variety:
    """Add a variety to a product."""
    raise_faults(bad_names(given, "code", "name"))
    if session.scalars(select(Variety.id).where(Variety.product_id == product.id, Variety.code == given.code)).first() is not None:
        raise AlreadyThere(f"the code {given.code!r} is taken")
    return _add(session, Variety(**given.model_dump(), product_id=product.id, updated_by=by))


def add_grade(session: Session, product: Product, given: GradeIn) -> Grade:
    """Add a rung below the last of a product's ladder."""
    raise_faults(bad_names(given, "name"))
    lowest = session.scalar(select(func.max(Grade.rank)).where(Grade.product_id == product.id)) or 0
    if lowest >= MAX_GRADE:
        raise Conflict(f"a ladder has {MAX_GRADE} rungs at most")
    return _add(session, Grade(**given.model_dump(), product_id=product.id, rank=lowest + 1))


def add_unit(session: Session, product: Product, given: UnitIn) -> ProductUnit:
    """State what one piece or crate of a product weighs from a day on."""
    if given.unit not in quantities.COUNTED:
        raise_faults([fault("unit", given.unit, "quả or thùng")])
    same = (ProductUnit.product_id == product.id, ProductUnit.unit == given.unit, ProductUnit.valid_from == given.valid_from)
    if session.scalars(select(ProductUnit.id).where(*same)).first() is not None:
        raise AlreadyThere(f"what one {given.unit} weighs from {given.valid_from} on is stated already")
    return _add(session, ProductUnit(**given.model_dump(), product_id=product.id))


def change_certificate(session: Session, scope: Scope, uid: str, given: CertificateChange, by: str, version: int | None) -> Certificate:
    """Change a certificate."""
    row = find(session, scope, Certificate, uid, lock=True)
    more = {}
    if "evidence" in given.model_fields_set:
        more = {"evidence_id": find(session, scope, Evidence, given.evidence).id if given.evidence else None}
    return change(session, row, _without(given, "evidence"), by, version, **more)


def add_vehicle_class(session: Session, scope: Scope, given: VehicleClassIn, by: str) -> VehicleClass:
    """Add a class of trucks with its first tariff."""
    raise_faults(bad_names(given, "code"))
    same = select(VehicleClass).where(VehicleClass.association_id == scope.association_id, VehicleClass.code == given.code)
    if session.scalars(same).first() is not None:
        raise AlreadyThere(f"the code {given.code!r} is taken")
    owner = find(session, scope, Organisation, given.organisation) if given.organisation else None
    base = find(session, scope, Site, given.base_site) if given.base_site else None
    kept = given.model_dump(exclude={"organisation", "base_site", "tariff"})
    references = {"association_id": scope.association_id, "organisation_id": owner and owner.id, "base_site_id": base and base.id}
    row = _add(session, VehicleClass(**kept, **references, updated_by=by))
    add_tariff(session, row, given.tariff)
    return row


def change_vehicle_class(session: Session, scope: Scope, uid: str, given: VehicleClassChange, by: str, version: int | None) -> VehicleClass:
    """Change a class of trucks."""
    row = find(session, scope, VehicleClass, uid, lock=True)
    more = {}
    if "base_site" in given.model_fields_set:
        more = {"base_site_id": find(session, scope, Site, given.base_site).id if given.base_site else None}
    return change(session, row, _without(given, "base_site"), by, version, **more)


def add_tariff(session: Session, vehicle: VehicleClass, given: TariffIn) -> Tariff:
    """State what a class costs from a day on."""
    starts = [band.from_km for band in given.bands]
    if starts[0] != 0 or starts != sorted(set(starts)):
        raise_faults([fault("bands", starts, "bands in ascending order, the first from kilometre 0")])
    same = select(Tariff.id).where(Tariff.vehicle_class_id == vehicle.id, Tariff.valid_from == given.valid_from)
    if session.scalars(same).first() is not None:
        raise AlreadyThere(f"a tariff from {given.valid_from} on is there already")
    tariff = _add(session, Tariff(vehicle_class_id=vehicle.id, **given.model_dump(exclude={"bands"})))
    session.add_all(TariffBand(tariff_id=tariff.id, **band.model_dump()) for band in given.bands)
    session.flush()
    return tariff


def add_access_rule(session: Session, scope: Scope, given: AccessRuleIn, by: str) -> AccessRule:
    """Add hours in which trucks are kept out of a zone."""
    faults = bad_names(given, "zone")
    if given.closed_from_min == given.closed_until_min:
        faults.append(fault("closed_from_min,closed_until_min", given.closed_from_min, "hours of some length"))
    if given.valid_until is not None and given.valid_until < given.valid_from:
        faults.append(
            fault("valid_from,valid_until", f"{given.valid_from}..{given.valid_until}", "a window that doesn't end before it starts")
        )
    raise_faults(faults)
    return _add(session, AccessRule(**given.model_dump(), association_id=scope.association_id, updated_by=by))


def add_road(session: Session, scope: Scope, given: RoadIn, by: str) -> Road:
    """Add what is known of the way from one site to another."""
    start, end = find(session, scope, Site, given.from_site), find(session, scope, Site, given.to_site)
    if start.id == end.id:
        raise_faults([fault("from_site,to_site", given.to_site, "two sites")])
    same = (Road.association_id == scope.association_id, Road.from_site_id == start.id, Road.to_site_id == end.id)
    there = session.scalars(select(Road).where(*same)).first()
    if there is not None:
        raise AlreadyThere("what is known of this way stands there already", there.updated_by, there.updated_at)
    kept = given.model_dump(exclude={"from_site", "to_site"})
    ends = {"from_site_id": start.id, "to_site_id": end.id}
    return _add(session, Road(**kept, **ends, association_id=scope.association_id, updated_by=by))


def suspend(session: Session, scope: Scope, certificate: str, first: date, last: date | None, reason: str) -> Suspension:
    """Let a certificate not count from one day to another, or until further notice."""
    if last is not None and last < first:
        raise_faults([fault("from_day,until_day", f"{first}..{last}", "a window that doesn't end before it starts")])
    row = find(session, scope, Certificate, certificate)
    return _add(session, Suspension(certificate_id=row.id, from_day=first, until_day=last, reason=reason))


def add_suspension(session: Session, scope: Scope, certificate: Certificate, given: SuspensionIn, by: str) -> Suspension:
    """Let a certificate not count from one day to another, or until further notice."""
    row = suspend(session, scope, certificate.uid, given.from_day, given.until_day, given.reason)
    row.updated_by = by
    session.flush()
    return row


def change_area(session: Session, scope: Scope, uid: str, given: PlantingAreaChange, by: str, version: int | None) -> PlantingArea:
    """Change a planting-area code."""
    return change(session, find(session, scope, PlantingArea, uid, lock=True), given, by, version)


def _add(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
