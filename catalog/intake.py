"""Supply comes in here, whoever brings it: checked against the catalogue and against itself, then written.

Each function takes a session of `Database.write`, the scope of the one who acts, and his name for the row's ``updated_by``.
Faults are gathered and raised at once as `Invalid`; nothing is written then. None of this knows of HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from catalog import names, quantities, repository
from catalog.base import FIRST_DAY, LAST_DAY, MAX_KG, MAX_VND_PER_KG
from catalog.checks import bad_names, bad_text, bad_window, raise_faults, upside_down
from catalog.errors import AlreadyThere, Fault, Invalid, NeedsConfirmation, NotFound, fault
from catalog.given import EMAIL, Code, CodeText, Dong, Given, Name, NameText, Share
from catalog.models import (
    MAX_GRADE,
    SIDE_OF,
    Certificate,
    ForecastRevision,
    Grade,
    Lot,
    LotShare,
    LotStatus,
    Member,
    Organisation,
    OrganisationKind,
    PlantingArea,
    Product,
    ProductUnit,
    Side,
    Site,
    SiteKind,
    Unit,
    Variety,
)
from catalog.prices import confirm_price, recent_asks
from catalog.shares import faults_of_shares
from catalog.tenancy import Row, Scope, check_version, find, find_code, visible

VIETNAM_LAT, VIETNAM_LON = (8.0, 24.0), (102.0, 110.0)
SUSPICIOUS_RATIO = 20
DECLARED = "declared"
"""Reason of a lot's first forecast."""


class OrganisationIn(Given):
    """A new cooperative, group, buyer, hub or carrier; `sponsor` is the uid of the cooperative that signs for a group."""

    kind: OrganisationKind
    code: str = Code
    name: str = Name
    sponsor: str | None = None
    tax_code: str | None = Field(default=None, min_length=1, max_length=20)
    commune_code: str | None = Field(default=None, max_length=10)
    phone: str | None = Field(default=None, min_length=1, max_length=40)
    email: str | None = Field(default=None, max_length=254, pattern=EMAIL)
    legal_form: str | None = Field(default=None, min_length=1, max_length=100)
    representative: str | None = Field(default=None, min_length=1, max_length=200)
    other_phone: str | None = Field(default=None, min_length=1, max_length=40)
    bank_name: str | None = Field(default=None, min_length=1, max_length=200)
    bank_account: str | None = Field(default=None, min_length=1, max_length=40)
    address: str | None = Field(default=None, min_length=1, max_length=500)
    confirmed: bool = False


class MemberIn(Given):
    """A new member of an organisation."""

    code: str = Code
    name: str = Name
    phone: str | None = Field(default=None, min_length=1, max_length=40)
    joined_on: date | None = None
    area_m2: int | None = Field(default=None, ge=1, le=10**12, strict=True)
    consent_on: date | None = None


class SiteIn(Given):
    """A new site; `organisation` is the uid of its owner."""

    code: str = Code
    kind: SiteKind
    name: str = Name
    organisation: str | None = None
    commune_code: str | None = Field(default=None, max_length=10)
    lat: float
    lon: float
    open_from_min: int = Field(default=0, ge=0, le=1440)
    open_until_min: int = Field(default=1440, ge=0, le=1440)
    stop_min: float = Field(default=0.0, ge=0, le=1440)
    min_per_tonne: float = Field(default=0.0, ge=0, le=1440)
    max_vehicle_kg: int | None = Field(default=None, ge=1, le=1_000_000)
    zone: str | None = Field(default=None, min_length=1, max_length=100)
    opening_vnd: int = Field(default=0, ge=0, le=10**12, strict=True)
    throughput_kg_per_day: int | None = Field(default=None, ge=0, le=10**9, strict=True)
    handling_vnd_per_kg: float = Field(default=0.0, ge=0, le=10**9)
    contact: str | None = Field(default=None, min_length=1, max_length=200)
    phone: str | None = Field(default=None, min_length=1, max_length=40)
    closed_on_holidays: bool = False
    confirmed: bool = False


class ProductIn(Given):
    """A new product with its grade ladder, best first."""

    code: str = Code
    name: str = Name
    name_en: str | None = Field(default=None, min_length=1, max_length=200)
    litres_per_kg: float = Field(default=2.0, ge=0, le=10_000)
    cold: bool = False
    shelf_life_days: int | None = Field(default=None, ge=0, le=36_500)
    usual_vnd_per_kg: int | None = Field(default=None, ge=0, le=MAX_VND_PER_KG, strict=True)
    lowest_c: float | None = Field(default=None, ge=-60, le=60)
    highest_c: float | None = Field(default=None, ge=-60, le=60)
    grades: tuple[NameText, ...] = Field(default=("loại 1", "loại 2", "loại 3"), min_length=1, max_length=MAX_GRADE)
    varieties: dict[CodeText, NameText] = Field(default_factory=dict, max_length=100)


class CertificateIn(Given):
    """A certificate of an organisation (uid) for a product (code), or for all of its products."""

    organisation: str
    product: str | None = None
    scheme: str = Code
    level: int = Field(default=0, ge=0, le=1000)
    valid_from: date
    valid_until: date
    number: str = Field(default="", max_length=100)
    issuer: str = Field(default="", max_length=200)
    area: str = Field(default="", max_length=1000)


class PlantingAreaIn(Given):
    """A planting-area code of an organisation (uid) for a product (code) and one destination market."""

    organisation: str
    product: str
    code: str = Code
    market: str = Field(pattern="^[A-Za-z][A-Za-z0-9-]{1,19}$")
    area_m2: int | None = Field(default=None, ge=1, le=10**12)
    valid_from: date
    valid_until: date
    source: str = Field(min_length=1, max_length=500)


class LotIn(Given):
    """A new lot: `quantity_kg`, or an amount with its unit as people say it.

    What is left out is taken over from the product. `confirmed` says that an unusual quantity is meant. `low_kg` and `high_kg`, the tenth
    and the ninetieth percentile of what may be harvested, begin the lot's forecast.
    """

    code: str | None = Field(default=None, min_length=1, max_length=100)
    organisation: str
    site: str
    product: str
    variety: str | None = None
    grade: int = Field(ge=1, le=MAX_GRADE, strict=True)
    quantity_kg: int | None = Field(default=None, ge=1, le=MAX_KG, strict=True)
    low_kg: int | None = Field(default=None, ge=0, le=MAX_KG, strict=True)
    high_kg: int | None = Field(default=None, ge=0, le=MAX_KG, strict=True)
    amount: str | None = Field(default=None, min_length=1, max_length=40)
    unit: Unit | None = None
    available_from: date
    available_until: date
    cut_on_pickup: bool = True
    shelf_life_days: int | None = Field(default=None, ge=0, le=36_500, strict=True)
    ask_vnd_per_kg: int = Dong
    min_take_kg: int = Field(default=0, ge=0, le=MAX_KG, strict=True)
    indivisible: bool = False
    cold: bool | None = None
    litres_per_kg: float | None = Field(default=None, ge=0, le=10_000)
    note: str = Field(default="", max_length=2000)
    harvest: str | None = Field(default=None, min_length=1, max_length=100)
    shares: dict[str, Share] = Field(default_factory=dict, max_length=10_000)
    confirmed: bool = False


class LotChange(Given):
    """What changes of a lot; what isn't named stays. A new quantity, spread or window is a forecast revision and needs a reason."""

    quantity_kg: int | None = Field(default=None, ge=1, le=MAX_KG, strict=True)
    low_kg: int | None = Field(default=None, ge=0, le=MAX_KG, strict=True)
    high_kg: int | None = Field(default=None, ge=0, le=MAX_KG, strict=True)
    available_from: date | None = None
    available_until: date | None = None
    ask_vnd_per_kg: int | None = Field(default=None, ge=0, le=MAX_VND_PER_KG, strict=True)
    min_take_kg: int | None = Field(default=None, ge=0, le=MAX_KG, strict=True)
    indivisible: bool | None = None
    cold: bool | None = None
    note: str | None = Field(default=None, max_length=2000)
    harvest: str | None = Field(default=None, min_length=1, max_length=100)
    reason: str = Field(default="", max_length=1000)
    confirmed: bool = False


def add_organisation(session: Session, scope: Scope, given: OrganisationIn, by: str) -> Organisation:
    """Add an organisation to the association; a name with letters of another alphabet needs to be confirmed.

    Raises
    ------
    NeedsConfirmation
        If it has such letters.
    """
    faults = bad_names(given, "code", "name")
    if given.sponsor and given.kind is not OrganisationKind.GROUP:
        faults.append(fault("sponsor", given.sponsor, "only a group has a sponsor"))
    raise_faults(faults)
    confirm_name(given.name, confirmed=given.confirmed)
    side = SIDE_OF[given.kind]
    _refuse_taken(session, visible(Organisation, scope).where(Organisation.side == side, Organisation.code == given.code), given.code)
    sponsor = find(session, scope, Organisation, given.sponsor) if given.sponsor else None
    if sponsor is not None and sponsor.kind is not OrganisationKind.COOPERATIVE:
        raise_faults([fault("sponsor", given.sponsor, "a cooperative")])
    values = given.model_dump(exclude={"sponsor", "confirmed"})
    return _add(
        session, Organisation(**values, side=side, association_id=scope.association_id, sponsor_id=sponsor and sponsor.id, updated_by=by)
    )


def confirm_name(name: str, *, confirmed: bool) -> None:
    """Ask whether letters of another alphabet are meant: a name that only looks like another's is how one passes for another.

    Raises
    ------
    NeedsConfirmation
        Unless they are confirmed already.
    """
    foreign = names.foreign_letters(name)
    if foreign and not confirmed:
        raise NeedsConfirmation("name", f"letters that are no Latin ones and may be taken for them: {' '.join(foreign[:10])}")


def add_member(session: Session, scope: Scope, organisation: str, given: MemberIn, by: str) -> Member:
    """Add a member to an organisation."""
    raise_faults(bad_names(given, "code", "name"))
    owner = find(session, scope, Organisation, organisation)
    _refuse_taken(session, visible(Member, scope).where(Member.organisation_id == owner.id, Member.code == given.code), given.code)
    return _add(session, Member(**given.model_dump(exclude_none=True), organisation_id=owner.id, updated_by=by))


def add_site(session: Session, scope: Scope, given: SiteIn, by: str) -> Site:
    """Add a site; one that lies outside Vietnam needs to be confirmed.

    Raises
    ------
    NeedsConfirmation
        If it lies outside.
    """
    faults = bad_names(given, "code", "name") + association_matters(scope, given)
    if not (-90 <= given.lat <= 90 and -180 <= given.lon <= 180):
        faults.append(fault("lat,lon", f"{given.lat}, {given.lon}", "degrees from -90 to 90 and from -180 to 180"))
    raise_faults(faults)
    confirm_place(given.lat, given.lon, confirmed=given.confirmed)
    owner = find(session, scope, Organisation, given.organisation) if given.organisation else None
    if owner is None and scope.organisation_id is not None:
        raise_faults([fault("organisation", "", "the uid of the owner")])
    _refuse_taken(session, select(Site).where(Site.association_id == scope.association_id, Site.code == given.code), given.code)
    values = given.model_dump(exclude={"organisation", "confirmed"})
    keys = {"sort_key": names.sort_key(given.name), "search_key": names.search_key(given.name)}
    return _add(session, Site(**values, **keys, association_id=scope.association_id, organisation_id=owner and owner.id, updated_by=by))


ASSOCIATION_FIELDS = ("zone", "opening_vnd", "throughput_kg_per_day", "handling_vnd_per_kg")
"""What the association alone says of a site: all who use it pay by it."""


def association_matters(scope: Scope, given: Given, row: Site | None = None) -> list[Fault]:
    """Return a fault for each thing that an organisation states of a site and that the association alone may: hubs, depots, their rates.

    Parameters
    ----------
    row : the site as it is; what is stated and stays as it is changes nothing.
    """
    if scope.organisation_id is None:
        return []
    alone = "left out: the association alone sets it"
    kind = getattr(given, "kind", None) if row is None else row.kind
    faults = [fault("kind", kind, "a farm or a door: the association alone makes it")] if kind in (SiteKind.HUB, SiteKind.DEPOT) else []
    stated = [(name, getattr(given, name, None)) for name in ASSOCIATION_FIELDS if name in given.model_fields_set]
    return faults + [fault(name, value, alone) for name, value in stated if value != (row and getattr(row, name))]


def confirm_place(given_lat: float, given_lon: float, *, confirmed: bool) -> None:
    """Ask whether a place outside Vietnam is meant.

    Raises
    ------
    NeedsConfirmation
        Unless it is confirmed already.
    """

    def inside(lat: float, lon: float) -> bool:
        return VIETNAM_LAT[0] <= lat <= VIETNAM_LAT[1] and VIETNAM_LON[0] <= lon <= VIETNAM_LON[1]

    if not confirmed and not inside(given_lat, given_lon):
        hint = "; latitude and longitude seem to be swapped" if inside(given_lon, given_lat) else ""
        raise NeedsConfirmation("lat,lon", f"{given_lat}, {given_lon} lies outside Vietnam{hint}")


def add_product(session: Session, scope: Scope, given: ProductIn, by: str) -> Product:
    """Add a product with its grades and varieties."""
    faults = bad_names(given, "code", "name")
    faults += [one for grade in given.grades for one in bad_text("grades", grade)]
    faults += [one for pair in given.varieties.items() for text in pair for one in bad_text("varieties", text)]
    raise_faults(faults)
    _refuse_taken(session, visible(Product, scope).where(Product.code == given.code), given.code)
    values = given.model_dump(exclude={"grades", "varieties"})
    product = _add(session, Product(**values, association_id=scope.association_id, updated_by=by))
    session.add_all(Grade(product_id=product.id, rank=rank, name=name) for rank, name in enumerate(given.grades, 1))
    session.add_all(Variety(product_id=product.id, code=code, name=name, updated_by=by) for code, name in given.varieties.items())
    session.flush()
    return product


def set_unit(session: Session, scope: Scope, product_code: str, unit: Unit, grams: int, valid_from: date, source: str) -> ProductUnit:
    """State what one piece or crate of a product weighs from a day on, g."""
    product = find_code(session, scope, Product, product_code)
    if unit not in quantities.COUNTED or not 1 <= grams <= 10**9:
        raise_faults([fault("unit,grams", f"{unit} {grams}", "quả or thùng, and 1 g or more")])
    return _add(session, ProductUnit(product_id=product.id, unit=unit, grams=grams, valid_from=valid_from, source=source))


def add_certificate(session: Session, scope: Scope, given: CertificateIn, by: str, *, waiting: bool = False) -> Certificate:
    """Add a certificate; one that is waiting doesn't count until the association accepts it."""
    raise_faults(bad_window(given, "valid_from", "valid_until", date.min, date.max))
    owner = find(session, scope, Organisation, given.organisation)
    product = find_code(session, scope, Product, given.product) if given.product else None
    values = given.model_dump(exclude={"organisation", "product"})
    references = {"association_id": scope.association_id, "organisation_id": owner.id, "product_id": product and product.id}
    return _add(session, Certificate(**values, **references, waiting=waiting, updated_by=by))


def add_planting_area(session: Session, scope: Scope, given: PlantingAreaIn, by: str, *, waiting: bool = False) -> PlantingArea:
    """Add a planting-area code; one that is waiting doesn't count until the association accepts it."""
    raise_faults(bad_window(given, "valid_from", "valid_until", date.min, date.max))
    owner, product = find(session, scope, Organisation, given.organisation), find_code(session, scope, Product, given.product)
    mine = PlantingArea.association_id == scope.association_id
    _refuse_taken(
        session, select(PlantingArea).where(mine, PlantingArea.code == given.code, PlantingArea.market == given.market), given.code
    )
    values = given.model_dump(exclude={"organisation", "product"})
    references = {"association_id": scope.association_id, "organisation_id": owner.id, "product_id": product.id}
    return _add(session, PlantingArea(**values, **references, waiting=waiting, updated_by=by))


def declare_lot(session: Session, scope: Scope, given: LotIn, by: str) -> Lot:
    """Put a lot on offer; the database enters it in the ledger."""
    return declare_lots(session, scope, [given], by)[0]


def declare_lots(session: Session, scope: Scope, given: Sequence[LotIn], by: str) -> list[Lot]:
    """Put lots on offer, all of them or none; several lots' faults carry their row, the first of them being row 2.

    Raises
    ------
    Invalid
        With every fault of every lot.
    NeedsConfirmation
        If a quantity is more than twenty times off what the cooperative usually declares, kg taken for tonnes perhaps, or a price
        looks mistyped.
    """
    faults: list[Fault] = []
    made: list[tuple[LotIn, dict[str, Any], dict[str, Any]]] = []
    seen: set[str] = set()
    for row, one in enumerate(given, 2):
        try:
            made.append((one, *_lot_values(session, scope, one, seen)))
        except Invalid as invalid:
            faults += [Fault(row if len(given) > 1 else 0, f.field, f.value, f.expected) for f in invalid.faults]
    raise_faults(faults)
    for one, values, _ in made:
        _confirm_quantity(session, one, values)
        _confirm_ask(session, values["product_id"], one.ask_vnd_per_kg, confirmed=one.confirmed)
    return [_add_lot(session, one, values, found, by) for one, values, found in made]


def _lot_values(session: Session, scope: Scope, given: LotIn, seen: set[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns of a new lot and the rows that it names, or every fault of it."""
    faults = bad_names(given, *(["code"] if given.code else []))
    faults += bad_window(given, "available_from", "available_until", FIRST_DAY, LAST_DAY)
    found: dict[str, Any] = {}
    for name, model, search in (("organisation", Organisation, find), ("site", Site, find), ("product", Product, find_code)):
        try:
            found[name] = search(session, scope, model, getattr(given, name))
        except NotFound:
            faults.append(fault(name, getattr(given, name), f"a{'n' * (name == 'organisation')} {name} of yours"))
    faults += _bad_code(session, scope, given, seen)
    raise_faults(faults)
    organisation, product = found["organisation"], found["product"]
    variety_id, faults = _variety(session, product, given)
    faults += _bad_supply(session, organisation, product, given)
    kg, more = _kg(session, product, given)
    faults += more
    if kg is not None:
        faults += faults_of_shares(session, organisation.id, given.shares, kg) + _bad_spread(given.low_kg, kg, given.high_kg)
    raise_faults(faults)
    kept = given.model_dump(
        exclude={"organisation", "site", "product", "variety", "amount", "unit", "quantity_kg", "low_kg", "high_kg", "shares", "confirmed"},
        exclude_none=True,
    )
    taken_over = {"shelf_life_days": product.shelf_life_days, "cold": product.cold, "litres_per_kg": product.litres_per_kg}
    values = {
        **taken_over,
        **kept,
        "association_id": scope.association_id,
        "organisation_id": organisation.id,
        "supplier_id": organisation.sponsor_id or organisation.id,
        "site_id": found["site"].id,
        "product_id": product.id,
        "variety_id": variety_id,
        "quantity_kg": kg,
        "stated_amount": given.amount,
        "stated_unit": given.unit,
    }
    return values, found


def _bad_code(session: Session, scope: Scope, given: LotIn, seen: set[str]) -> list[Fault]:
    if given.code is None:
        return []
    taken = select(Lot.id).where(Lot.association_id == scope.association_id, Lot.code == given.code)
    if given.code in seen or session.scalars(taken).first() is not None:
        return [fault("code", given.code, "a code that isn't taken")]
    seen.add(given.code)
    return []


def _variety(session: Session, product: Product, given: LotIn) -> tuple[int | None, list[Fault]]:
    if given.variety is None:
        return None, []
    found = session.scalars(select(Variety.id).where(Variety.product_id == product.id, Variety.code == given.variety)).one_or_none()
    return found, [] if found else [fault("variety", given.variety, f"a variety of {product.code}")]


def _bad_supply(session: Session, organisation: Organisation, product: Product, given: LotIn) -> list[Fault]:
    faults = []
    if organisation.side is not Side.SUPPLY:
        faults.append(fault("organisation", given.organisation, "a cooperative or a group"))
    if not repository.has_grade(session, product.id, given.grade):
        faults.append(fault("grade", given.grade, f"a grade of {product.code}"))
    if given.shelf_life_days is None and product.shelf_life_days is None:
        faults.append(fault("shelf_life_days", "", f"the days that {product.code} keeps"))
    return faults


def _kg(session: Session, product: Product, given: LotIn) -> tuple[int | None, list[Fault]]:
    """Return a lot's quantity, kg, however it is stated."""
    if (given.quantity_kg is None) == (given.amount is None) or (given.amount is None) != (given.unit is None):
        return None, [fault("quantity_kg,amount,unit", given.quantity_kg, "either quantity_kg, or amount and unit")]
    if given.amount is None or given.unit is None:
        return given.quantity_kg, []
    try:
        kg = quantities.to_kg(given.amount, given.unit, repository.grams_per(session, product.id, given.unit, given.available_from))
    except ValueError as error:
        return None, [fault("amount", given.amount, str(error))]
    return kg, [] if 1 <= kg <= MAX_KG else [fault("amount", given.amount, f"1 to {MAX_KG:,} kg")]


def _bad_spread(low: int | None, kg: int, high: int | None) -> list[Fault]:
    """Return what is wrong with the percentiles around an expected mass, kg."""
    ascend = (kg if low is None else low) <= kg <= (kg if high is None else high)
    return [] if ascend else [fault("low_kg,quantity_kg,high_kg", f"{low}, {kg}, {high}", "in ascending order")]


def _confirm_quantity(session: Session, given: LotIn, values: dict[str, Any]) -> None:
    usual = repository.usual_kg(session, values["organisation_id"], values["product_id"])
    kg = values["quantity_kg"]
    if not given.confirmed and usual is not None and not usual / SUSPICIOUS_RATIO <= kg <= usual * SUSPICIOUS_RATIO:
        raise NeedsConfirmation("quantity_kg", f"{kg} kg, where {usual:.0f} kg are usual: is the unit right?")


def _confirm_ask(session: Session, product_id: int, ask_vnd_per_kg: int | None, *, confirmed: bool) -> None:
    if ask_vnd_per_kg is not None and not confirmed:
        confirm_price("ask_vnd_per_kg", ask_vnd_per_kg, recent_asks(session, product_id), confirmed=confirmed)


def _add_lot(session: Session, given: LotIn, values: dict[str, Any], found: dict[str, Any], by: str) -> Lot:
    lot = _add(session, Lot(**values, updated_by=by))
    if given.low_kg is not None or given.high_kg is not None:
        forecast = LotChange(low_kg=given.low_kg, high_kg=given.high_kg, reason=DECLARED)
        session.add(_revision(lot, forecast, {}, by))
        session.flush()
    variety = session.get(Variety, lot.variety_id) if lot.variety_id is not None else None
    # What the lot names was just read, so that whoever shows the lot needn't read it again.
    for name, row in {**found, "variety": variety}.items():
        set_committed_value(lot, name, row)
    if given.shares:
        members = dict(session.execute(select(Member.uid, Member.id).where(Member.uid.in_(given.shares))).all())
        session.add_all(LotShare(lot_id=lot.id, member_id=members[uid], kg=kg) for uid, kg in given.shares.items())
        session.flush()
    return lot


def revise_lot(session: Session, scope: Scope, uid: str, change: LotChange, by: str, version: int | None = None) -> Lot:
    """Change a lot; a fall below what is promised is refused by the database.

    Raises
    ------
    Stale
        If it has changed since `version`.
    Invalid
        If the lot is closed, the window is upside down, or a forecast is revised without a reason.
    NeedsConfirmation
        If a new floor price looks mistyped.
    """
    lot = find(session, scope, Lot, uid, lock=True)
    check_version(lot, version)
    values = change.model_dump(exclude_none=True, exclude={"reason", "low_kg", "high_kg", "confirmed"})
    raise_faults(_bad_revision(lot, change, values))
    if values.get("ask_vnd_per_kg", lot.ask_vnd_per_kg) != lot.ask_vnd_per_kg:
        _confirm_ask(session, lot.product_id, change.ask_vnd_per_kg, confirmed=change.confirmed)
    if _is_revised(change):
        session.add(_revision(lot, change, values, by))
    if values.get("quantity_kg", lot.quantity_kg) != lot.quantity_kg:
        # What was said in another unit was said of the earlier quantity.
        values |= {"stated_amount": None, "stated_unit": None}
    for name, value in {**values, "updated_by": by}.items():
        setattr(lot, name, value)
    session.flush()
    return lot


def _bad_revision(lot: Lot, change: LotChange, values: dict[str, Any]) -> list[Fault]:
    first, last = values.get("available_from", lot.available_from), values.get("available_until", lot.available_until)
    faults = [] if FIRST_DAY <= first <= last <= LAST_DAY else [upside_down("available_from", "available_until", first, last)]
    if lot.status in (LotStatus.WITHDRAWN, LotStatus.EXPIRED, LotStatus.SHIPPED):
        faults.append(fault("status", lot.status, "a lot that is on offer"))
    kg = values.get("quantity_kg", lot.quantity_kg)
    faults += _bad_spread(change.low_kg, kg, change.high_kg)
    if _is_revised(change) and not change.reason.strip():
        faults.append(fault("reason", "", "why the forecast changes"))
    return faults


def _is_revised(change: LotChange) -> bool:
    """Whether a change revises the forecast."""
    return bool({"quantity_kg", "low_kg", "high_kg", "available_from", "available_until"} & change.model_dump(exclude_none=True).keys())


def _revision(lot: Lot, change: LotChange, values: dict[str, Any], by: str) -> ForecastRevision:
    kg = values.get("quantity_kg", lot.quantity_kg)
    return ForecastRevision(
        lot_id=lot.id,
        expected_kg=kg,
        low_kg=kg if change.low_kg is None else change.low_kg,
        high_kg=kg if change.high_kg is None else change.high_kg,
        available_from=values.get("available_from", lot.available_from),
        available_until=values.get("available_until", lot.available_until),
        reason=change.reason,
        made_by=by,
    )


def _add(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row


def _refuse_taken(session: Session, query: Any, code: str) -> None:
    taken = session.scalars(query).first()
    if taken is not None:
        raise AlreadyThere(f"the code {code!r} is taken", taken.updated_by, taken.updated_at)
