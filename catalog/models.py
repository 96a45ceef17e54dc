"""Supply: who belongs to the association, where they stand, what they grow, what proves it, and what drives it to market.

Every row belongs to one association, the tenant; most also belong to one organisation, the owner. A `code` is the name that
partners and the exchange format use, unique within its association; a `uid` names the row in the service's addresses.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalog.base import (
    MAX_KG,
    MAX_RATE,
    MAX_VND,
    MAX_VND_PER_KG,
    Base,
    Exposed,
    Keyed,
    Named,
    Versioned,
    between,
    days_in_order,
    length,
    now_utc,
    reference,
    word,
)

MAX_GRADE = 100
"""The lowest rung that a grade ladder may have."""
ANYTIME = date(1900, 1, 1)
"""Start of the validity of a fact whose first day nobody stated."""


class Side(StrEnum):
    """Which side of the market an organisation stands on; a code is unique within a side."""

    SUPPLY = "supply"
    DEMAND = "demand"
    LOGISTICS = "logistics"


class OrganisationKind(StrEnum):
    """What an organisation is."""

    COOPERATIVE = "cooperative"
    GROUP = "group"
    BUYER = "buyer"
    HUB = "hub"
    CARRIER = "carrier"


SIDE_OF = {
    OrganisationKind.COOPERATIVE: Side.SUPPLY,
    OrganisationKind.GROUP: Side.SUPPLY,
    OrganisationKind.BUYER: Side.DEMAND,
    OrganisationKind.HUB: Side.LOGISTICS,
    OrganisationKind.CARRIER: Side.LOGISTICS,
}


class SiteKind(StrEnum):
    """What happens at a site."""

    COOPERATIVE = "cooperative"
    HUB = "hub"
    BUYER = "buyer"
    DEPOT = "depot"


class Unit(StrEnum):
    """Units in which people state an amount."""

    KG = "kg"
    YEN = "yến"
    TA = "tạ"
    TAN = "tấn"
    QUA = "quả"
    THUNG = "thùng"
    BO = "bó"


class LotStatus(StrEnum):
    """Where a lot stands."""

    DECLARED = "declared"
    RESERVED = "reserved"
    SHIPPED = "shipped"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Association(Exposed, Named, Versioned, Base):
    """The tenant: an association whose brokers bring supply and demand together."""

    __tablename__ = "association"

    code: Mapped[str] = mapped_column(length("code", 100), unique=True)
    detour_factor: Mapped[float] = mapped_column(between("detour_factor", 0.01, 100), default=1.3)
    fee_per_mille: Mapped[int] = mapped_column(between("fee_per_mille", 0, 1000), default=0)
    phone: Mapped[str | None] = mapped_column(length("phone", 40), sort_order=100)
    email: Mapped[str | None] = mapped_column(length("email", 254), sort_order=101)
    address: Mapped[str | None] = mapped_column(length("address", 500), sort_order=102)
    guide_left: Mapped[bool] = mapped_column(default=False, server_default=false(), sort_order=103)


class Organisation(Exposed, Named, Versioned, Base):
    """A cooperative, a cooperative group with its sponsor, a buyer, a hub or a carrier."""

    __tablename__ = "organisation"
    __table_args__ = (
        UniqueConstraint("association_id", "side", "code"),
        CheckConstraint("sponsor_id IS NULL OR kind = 'group'", name="only_groups_have_sponsors"),
        CheckConstraint("sponsor_id <> id", name="sponsor_is_another"),
        CheckConstraint(
            "(side = 'supply' AND kind IN ('cooperative', 'group')) OR (side = 'demand' AND kind = 'buyer')"
            " OR (side = 'logistics' AND kind IN ('hub', 'carrier'))",
            name="kind_fits_side",
        ),
        Index(None, "association_id", "side", "sort_key", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    side: Mapped[Side] = word("side", Side)
    kind: Mapped[OrganisationKind] = word("kind", OrganisationKind)
    code: Mapped[str] = mapped_column(length("code", 100))
    sponsor_id: Mapped[int | None] = reference("organisation.id")
    tax_code: Mapped[str | None] = mapped_column(length("tax_code", 20))
    commune_code: Mapped[str | None] = reference("commune.code")
    phone: Mapped[str | None] = mapped_column(length("phone", 40))
    email: Mapped[str | None] = mapped_column(length("email", 254))
    closed_on: Mapped[date | None]
    legal_form: Mapped[str | None] = mapped_column(length("legal_form", 100), sort_order=100)
    representative: Mapped[str | None] = mapped_column(length("representative", 200), sort_order=101)
    other_phone: Mapped[str | None] = mapped_column(length("other_phone", 40), sort_order=102)
    bank_name: Mapped[str | None] = mapped_column(length("bank_name", 200), sort_order=103)
    bank_account: Mapped[str | None] = mapped_column(length("bank_account", 40), sort_order=104)
    address: Mapped[str | None] = mapped_column(length("address", 500), sort_order=105)

    sponsor: Mapped[Organisation | None] = relationship(remote_side="Organisation.id", lazy="raise")


class Sponsorship(Exposed, Versioned, Base):
    """A cooperative signs for a group from a day on, once both have agreed; `Organisation.sponsor_id` names the sponsor of today."""

    __tablename__ = "sponsorship"
    __table_args__ = (
        days_in_order("valid_from", "valid_until"),
        CheckConstraint("group_id <> sponsor_id", name="sponsor_is_another"),
    )

    association_id: Mapped[int] = reference("association.id")
    group_id: Mapped[int] = reference("organisation.id")
    sponsor_id: Mapped[int] = reference("organisation.id")
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    agreed_by_group: Mapped[str | None] = mapped_column(length("agreed_by_group", 200))
    agreed_by_sponsor: Mapped[str | None] = mapped_column(length("agreed_by_sponsor", 200))


class Member(Exposed, Named, Versioned, Base):
    """A farmer of a cooperative or group, to whom money for his kilograms goes."""

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("organisation_id", "code"), days_in_order("joined_on", "left_on"))

    organisation_id: Mapped[int] = reference("organisation.id", index=False)
    code: Mapped[str] = mapped_column(length("code", 100))
    phone: Mapped[str | None] = mapped_column(length("phone", 40))
    joined_on: Mapped[date] = mapped_column(default=ANYTIME)
    left_on: Mapped[date | None]
    area_m2: Mapped[int | None] = mapped_column(between("area_m2", 1, 10**12), sort_order=100)
    consent_on: Mapped[date | None] = mapped_column(sort_order=101)
    erased_at: Mapped[datetime | None] = mapped_column(sort_order=102)


class Commune(Named, Base):
    """A commune or ward, by its national code; an old one names the one it was merged into."""

    __tablename__ = "commune"

    code: Mapped[str] = mapped_column(length("code", 10), primary_key=True)
    province_code: Mapped[str] = mapped_column(length("province_code", 10))
    lat: Mapped[float | None] = mapped_column(between("lat", -90, 90))
    lon: Mapped[float | None] = mapped_column(between("lon", -180, 180))
    merged_into: Mapped[str | None] = reference("commune.code")
    valid_from: Mapped[date] = mapped_column(default=ANYTIME)
    source: Mapped[str] = mapped_column(length("source", 500))


class Site(Exposed, Versioned, Base):
    """Every place where a truck can stop."""

    __tablename__ = "site"
    __table_args__ = (
        UniqueConstraint("association_id", "code"),
        Index(None, "association_id", "kind", "sort_key", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int | None] = reference("organisation.id")
    code: Mapped[str] = mapped_column(length("code", 100))
    kind: Mapped[SiteKind] = word("kind", SiteKind)
    name: Mapped[str] = mapped_column(length("name", 200, 0), default="")
    sort_key: Mapped[str] = mapped_column(length("sort_key", 4000, 0), default="")
    search_key: Mapped[str] = mapped_column(length("search_key", 400, 0), default="")
    commune_code: Mapped[str | None] = reference("commune.code")
    lat: Mapped[float] = mapped_column(between("lat", -90, 90))
    lon: Mapped[float] = mapped_column(between("lon", -180, 180))
    open_from_min: Mapped[int] = mapped_column(between("open_from_min", 0, 1440), default=0)
    open_until_min: Mapped[int] = mapped_column(between("open_until_min", 0, 1440), default=1440)
    stop_min: Mapped[float] = mapped_column(between("stop_min", 0, MAX_RATE), default=0.0)
    min_per_tonne: Mapped[float] = mapped_column(between("min_per_tonne", 0, MAX_RATE), default=0.0)
    max_vehicle_kg: Mapped[int | None] = mapped_column(between("max_vehicle_kg", 0, MAX_VND))
    zone: Mapped[str | None] = mapped_column(length("zone", 100))
    opening_vnd: Mapped[int] = mapped_column(between("opening_vnd", 0, MAX_VND), default=0)
    throughput_kg_per_day: Mapped[int | None] = mapped_column(between("throughput_kg_per_day", 0, MAX_VND))
    handling_vnd_per_kg: Mapped[float] = mapped_column(between("handling_vnd_per_kg", 0, MAX_RATE), default=0.0)
    closed_on: Mapped[date | None]
    contact: Mapped[str | None] = mapped_column(length("contact", 200), sort_order=100)
    phone: Mapped[str | None] = mapped_column(length("phone", 40), sort_order=101)
    closed_on_holidays: Mapped[bool] = mapped_column(default=False, server_default=false(), sort_order=102)

    organisation: Mapped[Organisation | None] = relationship(lazy="raise")


class Product(Exposed, Named, Versioned, Base):
    """What is grown or made, with the usual values that a new lot takes over."""

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("association_id", "code"), Index(None, "association_id", "sort_key", "id"))

    association_id: Mapped[int] = reference("association.id", index=False)
    code: Mapped[str] = mapped_column(length("code", 100))
    name_en: Mapped[str | None] = mapped_column(length("name_en", 200))
    litres_per_kg: Mapped[float] = mapped_column(between("litres_per_kg", 0, 10_000), default=2.0)
    cold: Mapped[bool] = mapped_column(default=False)
    shelf_life_days: Mapped[int | None] = mapped_column(between("shelf_life_days", 0, 36_500))
    usual_vnd_per_kg: Mapped[int | None] = mapped_column(between("usual_vnd_per_kg", 0, MAX_VND_PER_KG), sort_order=100)
    lowest_c: Mapped[float | None] = mapped_column(between("lowest_c", -60, 60), sort_order=101)
    highest_c: Mapped[float | None] = mapped_column(between("highest_c", -60, 60), sort_order=102)


class Variety(Exposed, Named, Versioned, Base):
    """A variety of a product."""

    __tablename__ = "variety"
    __table_args__ = (UniqueConstraint("product_id", "code"), UniqueConstraint("product_id", "id"))

    product_id: Mapped[int] = reference("product.id", index=False)
    code: Mapped[str] = mapped_column(length("code", 100))


class Grade(Base):
    """One rung of a product's grade ladder; 1 is the best, and a better grade serves where a worse one is asked."""

    __tablename__ = "grade"

    product_id: Mapped[int] = reference("product.id", primary_key=True, index=False)
    rank: Mapped[int] = mapped_column(between("rank", 1, MAX_GRADE), primary_key=True)
    name: Mapped[str] = mapped_column(length("name", 200))
    description: Mapped[str] = mapped_column(length("description", 2000, 0), default="")


class ProductUnit(Keyed, Base):
    """What one piece or crate of a product weighs, from a date on, by some authority."""

    __tablename__ = "product_unit"
    __table_args__ = (
        UniqueConstraint("product_id", "unit", "valid_from"),
        CheckConstraint("unit IN ('quả', 'thùng', 'bó')", name="unit_needs_weight"),
    )

    product_id: Mapped[int] = reference("product.id", index=False)
    unit: Mapped[Unit] = word("unit", Unit)
    grams: Mapped[int] = mapped_column(between("grams", 1, 1_000_000_000))
    valid_from: Mapped[date] = mapped_column(default=ANYTIME)
    source: Mapped[str] = mapped_column(length("source", 500))


class Evidence(Exposed, Base):
    """A document that proves something: a certificate's scan, a laboratory slip, a photograph."""

    __tablename__ = "evidence"
    __table_args__ = (UniqueConstraint("association_id", "sha256"),)

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int | None] = reference("organisation.id")
    title: Mapped[str] = mapped_column(length("title", 200))
    media_type: Mapped[str] = mapped_column(length("media_type", 100))
    sha256: Mapped[str] = mapped_column(length("sha256", 64, 64))
    content: Mapped[bytes] = mapped_column(length("content", 10_000_000))
    added_at: Mapped[datetime] = mapped_column(default=now_utc)
    added_by: Mapped[str] = mapped_column(length("added_by", 200))


class LegalFact(Keyed, Base):
    """A figure set by law or custom, with its dates and its source, such as how many months a certificate lasts."""

    __tablename__ = "legal_fact"
    __table_args__ = (UniqueConstraint("key", "valid_from"), days_in_order("valid_from", "valid_until", any_year=True))

    key: Mapped[str] = mapped_column(length("key", 100))
    value: Mapped[str] = mapped_column(length("value", 500))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    source: Mapped[str] = mapped_column(length("source", 500))
    note: Mapped[str] = mapped_column(length("note", 2000, 0), default="")


class Certificate(Exposed, Versioned, Base):
    """A certificate of an organisation for one product, or for every product where none is named."""

    __tablename__ = "certificate"
    __table_args__ = (days_in_order("valid_from", "valid_until", any_year=True), Index(None, "association_id", "valid_until", "id"))

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int] = reference("organisation.id")
    product_id: Mapped[int | None] = reference("product.id")
    scheme: Mapped[str] = mapped_column(length("scheme", 100))
    level: Mapped[int] = mapped_column(between("level", 0, MAX_VND), default=0)
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    number: Mapped[str] = mapped_column(length("number", 100, 0), default="")
    issuer: Mapped[str] = mapped_column(length("issuer", 200, 0), default="")
    area: Mapped[str] = mapped_column(length("area", 1000, 0), default="")
    evidence_id: Mapped[int | None] = reference("evidence.id")
    withdrawn_on: Mapped[date | None]
    waiting: Mapped[bool] = mapped_column(default=False, server_default=false(), sort_order=100)


class Suspension(Exposed, Versioned, Base):
    """Days, both included, on which a certificate doesn't count; open-ended until somebody lifts it."""

    __tablename__ = "suspension"
    __table_args__ = (days_in_order("from_day", "until_day"),)

    certificate_id: Mapped[int] = reference("certificate.id")
    from_day: Mapped[date]
    until_day: Mapped[date | None]
    reason: Mapped[str] = mapped_column(length("reason", 1000))


class PlantingArea(Exposed, Versioned, Base):
    """A planting-area code: one area, one crop, one destination market."""

    __tablename__ = "planting_area"
    __table_args__ = (
        UniqueConstraint("association_id", "code", "market"),
        days_in_order("valid_from", "valid_until", any_year=True),
        days_in_order("suspended_from", "suspended_until"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int] = reference("organisation.id")
    product_id: Mapped[int] = reference("product.id")
    code: Mapped[str] = mapped_column(length("code", 100))
    market: Mapped[str] = mapped_column(length("market", 20))
    area_m2: Mapped[int | None] = mapped_column(between("area_m2", 1, 10**12))
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    suspended_from: Mapped[date | None]
    suspended_until: Mapped[date | None]
    source: Mapped[str] = mapped_column(length("source", 500))
    evidence_id: Mapped[int | None] = reference("evidence.id", sort_order=100)
    waiting: Mapped[bool] = mapped_column(default=False, server_default=false(), sort_order=101)


class Lot(Exposed, Versioned, Base):
    """A harvest lot: one product of one grade at one site in one window.

    Lots of one `harvest` are cut together and picked up on one date. `quantity_kg` is what the cooperative declares. Who has what of it is
    the ledger's business; triggers keep the two in step.
    """

    __tablename__ = "lot"
    __table_args__ = (
        UniqueConstraint("association_id", "code"),
        ForeignKeyConstraint(["product_id", "grade"], ["grade.product_id", "grade.rank"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["product_id", "variety_id"], ["variety.product_id", "variety.id"], ondelete="RESTRICT"),
        days_in_order("available_from", "available_until"),
        Index(None, "association_id", "status", "available_from", "id"),
        Index(None, "association_id", "created_at", "id"),
        Index(None, "association_id", "available_from", "id"),
        Index(None, "association_id", "quantity_kg", "id"),
        Index(None, "association_id", "ask_vnd_per_kg", "id"),
        Index(None, "organisation_id", "created_at", "id"),
        Index(None, "organisation_id", "status", "available_from", "id"),
        Index(None, "organisation_id", "available_from", "id"),
        Index(None, "organisation_id", "quantity_kg", "id"),
        Index(None, "organisation_id", "ask_vnd_per_kg", "id"),
        Index(None, "organisation_id", "code", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int] = reference("organisation.id", index=False)
    supplier_id: Mapped[int] = reference("organisation.id")
    site_id: Mapped[int] = reference("site.id")
    code: Mapped[str] = mapped_column(length("code", 100), default=lambda context: context.get_current_parameters()["uid"])
    product_id: Mapped[int] = reference("product.id")
    variety_id: Mapped[int | None]
    grade: Mapped[int] = mapped_column(between("grade", 1, MAX_GRADE))
    quantity_kg: Mapped[int] = mapped_column(between("quantity_kg", 0, MAX_KG))
    available_from: Mapped[date]
    available_until: Mapped[date]
    cut_on_pickup: Mapped[bool] = mapped_column(default=True)
    shelf_life_days: Mapped[int] = mapped_column(between("shelf_life_days", 0, 36_500))
    ask_vnd_per_kg: Mapped[int] = mapped_column(between("ask_vnd_per_kg", 0, MAX_VND_PER_KG))
    min_take_kg: Mapped[int] = mapped_column(between("min_take_kg", 0, MAX_KG), default=0)
    indivisible: Mapped[bool] = mapped_column(default=False)
    cold: Mapped[bool] = mapped_column(default=False)
    litres_per_kg: Mapped[float] = mapped_column(between("litres_per_kg", 0, 10_000), default=2.0)
    status: Mapped[LotStatus] = word("status", LotStatus, default=LotStatus.DECLARED)
    stated_amount: Mapped[str | None] = mapped_column(length("stated_amount", 40))
    stated_unit: Mapped[Unit | None] = word("stated_unit", Unit)
    note: Mapped[str] = mapped_column(length("note", 2000, 0), default="")
    harvest: Mapped[str | None] = mapped_column(length("harvest", 100), sort_order=100)

    organisation: Mapped[Organisation] = relationship(foreign_keys=[organisation_id], lazy="raise")
    supplier: Mapped[Organisation] = relationship(foreign_keys=[supplier_id], lazy="raise")
    site: Mapped[Site] = relationship(lazy="raise")
    product: Mapped[Product] = relationship(foreign_keys=[product_id], lazy="raise")
    variety: Mapped[Variety | None] = relationship(
        primaryjoin="foreign(Lot.variety_id) == Variety.id", viewonly=True, lazy="raise", uselist=False
    )


class LotShare(Base):
    """What each member put into a lot; money follows these kilograms."""

    __tablename__ = "lot_share"

    lot_id: Mapped[int] = reference("lot.id", primary_key=True, index=False)
    member_id: Mapped[int] = reference("member.id", primary_key=True)
    kg: Mapped[int] = mapped_column(between("kg", 1, MAX_KG))


class ForecastRevision(Keyed, Base):
    """What a cooperative expected of a lot at one time: the likely mass, and the tenth and ninetieth percentile."""

    __tablename__ = "forecast_revision"
    __table_args__ = (
        CheckConstraint("low_kg <= expected_kg AND expected_kg <= high_kg", name="percentiles_in_order"),
        days_in_order("available_from", "available_until"),
    )

    lot_id: Mapped[int] = reference("lot.id")
    expected_kg: Mapped[int] = mapped_column(between("expected_kg", 0, MAX_KG))
    low_kg: Mapped[int] = mapped_column(between("low_kg", 0, MAX_KG))
    high_kg: Mapped[int] = mapped_column(between("high_kg", 0, MAX_KG))
    available_from: Mapped[date]
    available_until: Mapped[date]
    reason: Mapped[str] = mapped_column(length("reason", 1000))
    made_at: Mapped[datetime] = mapped_column(default=now_utc)
    made_by: Mapped[str] = mapped_column(length("made_by", 200))


class VehicleClass(Exposed, Versioned, Base):
    """A class of trucks, hired by the trip or owned."""

    __tablename__ = "vehicle_class"
    __table_args__ = (UniqueConstraint("association_id", "code"),)

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int | None] = reference("organisation.id")
    code: Mapped[str] = mapped_column(length("code", 100))
    payload_kg: Mapped[int] = mapped_column(between("payload_kg", 0, MAX_VND))
    volume_l: Mapped[float | None] = mapped_column(between("volume_l", 0, MAX_RATE))
    refrigerated: Mapped[bool] = mapped_column(default=False)
    kmh: Mapped[float] = mapped_column(between("kmh", 0.001, MAX_RATE))
    count_per_day: Mapped[int | None] = mapped_column(between("count_per_day", 0, MAX_VND))
    max_stops: Mapped[int] = mapped_column(between("max_stops", 0, MAX_VND), default=5)
    max_hours: Mapped[float] = mapped_column(between("max_hours", 0, MAX_RATE), default=12.0)
    base_site_id: Mapped[int | None] = reference("site.id")
    retired_on: Mapped[date | None]


class Driver(Exposed, Named, Versioned, Base):
    """Somebody who drives for a carrier or a cooperative, and the number that he is reached at on the road."""

    __tablename__ = "driver"
    __table_args__ = (Index(None, "association_id", "sort_key", "id"),)

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int] = reference("organisation.id")
    phone: Mapped[str] = mapped_column(length("phone", 40))
    licence: Mapped[str | None] = mapped_column(length("licence", 20))
    left_on: Mapped[date | None]


class Truck(Exposed, Versioned, Base):
    """A real truck of a carrier or a cooperative, of one class, with the driver who usually drives it."""

    __tablename__ = "truck"
    __table_args__ = (UniqueConstraint("association_id", "plate"),)

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int] = reference("organisation.id")
    vehicle_class_id: Mapped[int] = reference("vehicle_class.id")
    driver_id: Mapped[int | None] = reference("driver.id")
    plate: Mapped[str] = mapped_column(length("plate", 20))
    retired_on: Mapped[date | None]


class Tariff(Keyed, Base):
    """What a class costs from a date on, by some source; the bands are marginal."""

    __tablename__ = "tariff"
    __table_args__ = (UniqueConstraint("vehicle_class_id", "valid_from"),)

    vehicle_class_id: Mapped[int] = reference("vehicle_class.id", index=False)
    valid_from: Mapped[date] = mapped_column(default=ANYTIME)
    fixed_vnd: Mapped[int] = mapped_column(between("fixed_vnd", 0, MAX_VND))
    source: Mapped[str] = mapped_column(length("source", 500))


class TariffBand(Base):
    """The rate of each kilometre beyond `from_km`, up to the next band."""

    __tablename__ = "tariff_band"

    tariff_id: Mapped[int] = reference("tariff.id", primary_key=True, index=False)
    from_km: Mapped[float] = mapped_column(between("from_km", 0, MAX_RATE), primary_key=True)
    vnd_per_km: Mapped[float] = mapped_column(between("vnd_per_km", 0, MAX_RATE))


class AccessRule(Exposed, Versioned, Base):
    """Hours in which classes of at least some payload are kept out of a zone, with dates and source."""

    __tablename__ = "access_rule"
    __table_args__ = (days_in_order("valid_from", "valid_until", any_year=True),)

    association_id: Mapped[int] = reference("association.id")
    zone: Mapped[str] = mapped_column(length("zone", 100))
    min_payload_kg: Mapped[int] = mapped_column(between("min_payload_kg", 0, MAX_VND))
    closed_from_min: Mapped[int] = mapped_column(between("closed_from_min", 0, 1440))
    closed_until_min: Mapped[int] = mapped_column(between("closed_until_min", 0, 1440))
    valid_from: Mapped[date] = mapped_column(default=ANYTIME)
    valid_until: Mapped[date | None]
    source: Mapped[str] = mapped_column(length("source", 500))


class SiteDate(Keyed, Base):
    """A date that differs from a site's usual day: closed, or with other hours or another throughput; what is NULL is as usual."""

    __tablename__ = "site_date"
    __table_args__ = (UniqueConstraint("site_id", "day"),)

    association_id: Mapped[int] = reference("association.id")
    site_id: Mapped[int] = reference("site.id", index=False)
    day: Mapped[date]
    closed: Mapped[bool] = mapped_column(default=False)
    open_from_min: Mapped[int | None] = mapped_column(between("open_from_min", 0, 1440))
    open_until_min: Mapped[int | None] = mapped_column(between("open_until_min", 0, 1440))
    throughput_kg: Mapped[int | None] = mapped_column(between("throughput_kg", 0, MAX_VND))


class Road(Exposed, Versioned, Base):
    """A known road, or a carrier that takes goods by the kilogram, in one direction."""

    __tablename__ = "road"
    __table_args__ = (UniqueConstraint("association_id", "from_site_id", "to_site_id"),)

    association_id: Mapped[int] = reference("association.id", index=False)
    from_site_id: Mapped[int] = reference("site.id")
    to_site_id: Mapped[int] = reference("site.id")
    km: Mapped[float | None] = mapped_column(between("km", 0, MAX_RATE))
    minutes: Mapped[float | None] = mapped_column(between("minutes", 0, MAX_RATE))
    vnd_per_kg: Mapped[float | None] = mapped_column(between("vnd_per_kg", 0, MAX_RATE))
    fixed_vnd: Mapped[int] = mapped_column(between("fixed_vnd", 0, MAX_VND), default=0)
    capacity_kg: Mapped[int | None] = mapped_column(between("capacity_kg", 0, MAX_VND))
    transit_days: Mapped[int] = mapped_column(between("transit_days", 0, 3650), default=0)
    cold: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(length("source", 500, 0), default="")


class ImportBatch(Exposed, Base):
    """One upload that was taken in whole; the same file is not taken twice unawares."""

    __tablename__ = "import_batch"
    __table_args__ = (Index(None, "association_id", "sha256"),)

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int | None] = reference("organisation.id")
    sha256: Mapped[str] = mapped_column(length("sha256", 64, 64))
    file_name: Mapped[str] = mapped_column(length("file_name", 255))
    n_rows: Mapped[int] = mapped_column(between("n_rows", 0, 10**9))
    horizon_from: Mapped[date | None]
    horizon_until: Mapped[date | None]
    made_at: Mapped[datetime] = mapped_column(default=now_utc)
    made_by: Mapped[str] = mapped_column(length("made_by", 200))
