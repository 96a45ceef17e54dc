"""Demand: contracts with call-offs, orders, demand lines, and the hours in which a buyer's doors receive.

The buyer itself is an organisation and its doors are sites of the catalogue; what a buyer asks for is defined here.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalog.base import (
    MAX_KG,
    MAX_VND,
    MAX_VND_PER_KG,
    Base,
    Exposed,
    Keyed,
    Versioned,
    between,
    days_in_order,
    length,
    now_utc,
    reference,
    word,
)
from catalog.models import ANYTIME, MAX_GRADE, Organisation, Side, Site, Unit
from catalog.tenancy import owned, within


class LineStatus(StrEnum):
    """Where a demand line stands."""

    OPEN = "open"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    FILLED = "filled"
    CANCELLED = "cancelled"


class AgreementStatus(StrEnum):
    """Where a contract, a call-off or an order stands."""

    DRAFT = "draft"
    ACTIVE = "active"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ReceivingSlot(Keyed, Base):
    """Hours of one weekday (0 is Monday) in which a site receives, and how much."""

    __tablename__ = "receiving_slot"
    __table_args__ = (
        UniqueConstraint("site_id", "weekday", "open_from_min", "valid_from"),
        CheckConstraint("open_from_min <> open_until_min", name="slot_has_length"),
        days_in_order("valid_from", "valid_until"),
    )

    site_id: Mapped[int] = reference("site.id", index=False)
    weekday: Mapped[int] = mapped_column(between("weekday", 0, 6))
    open_from_min: Mapped[int] = mapped_column(between("open_from_min", 0, 1440))
    open_until_min: Mapped[int] = mapped_column(between("open_until_min", 0, 1440))
    capacity_kg: Mapped[int | None] = mapped_column(between("capacity_kg", 1, MAX_KG))
    max_vehicles: Mapped[int | None] = mapped_column(between("max_vehicles", 1, 10_000))
    valid_from: Mapped[date] = mapped_column(default=ANYTIME)
    valid_until: Mapped[date | None]


class Contract(Exposed, Versioned, Base):
    """What a buyer has agreed to take over a period; `called_kg` of it has been called off, and never more than agreed.

    It is in force once both sides have signed; without a supplier the association signs for the supply side.
    """

    __tablename__ = "contract"
    __table_args__ = (
        UniqueConstraint("association_id", "code"),
        CheckConstraint("called_kg BETWEEN 0 AND quantity_kg", name="called_within_agreed"),
        days_in_order("valid_from", "valid_until"),
        Index(None, "association_id", "created_at", "id"),
        Index(None, "organisation_id", "created_at", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int] = reference("organisation.id", index=False)
    supplier_id: Mapped[int | None] = reference("organisation.id")
    code: Mapped[str] = mapped_column(length("code", 100), default=lambda context: context.get_current_parameters()["uid"])
    product_id: Mapped[int] = reference("product.id")
    max_grade: Mapped[int] = mapped_column(between("max_grade", 1, MAX_GRADE))
    quantity_kg: Mapped[int] = mapped_column(between("quantity_kg", 1, 1_000 * MAX_KG))
    called_kg: Mapped[int] = mapped_column(default=0)
    price_vnd_per_kg: Mapped[int] = mapped_column(between("price_vnd_per_kg", 0, MAX_VND_PER_KG))
    short_vnd_per_kg: Mapped[int] = mapped_column(between("short_vnd_per_kg", 0, MAX_VND_PER_KG), default=0)
    payment_days: Mapped[int | None] = mapped_column(between("payment_days", 0, 3650))
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    status: Mapped[AgreementStatus] = word("status", AgreementStatus, default=AgreementStatus.DRAFT)
    evidence_id: Mapped[int | None] = reference("evidence.id")
    note: Mapped[str] = mapped_column(length("note", 2000, 0), default="")

    buyer_signed_at: Mapped[datetime | None] = mapped_column(sort_order=100)
    buyer_signed_by: Mapped[str | None] = mapped_column(length("buyer_signed_by", 200), sort_order=101)
    supplier_signed_at: Mapped[datetime | None] = mapped_column(sort_order=102)
    supplier_signed_by: Mapped[str | None] = mapped_column(length("supplier_signed_by", 200), sort_order=103)
    changes_asked: Mapped[int] = mapped_column(between("changes_asked", 0, 10**9), default=0, server_default="0", sort_order=104)
    """Changes that one side has asked the other to agree to; the version rises with it."""
    declined_because: Mapped[str] = mapped_column(length("declined_because", 1000, 0), default="", server_default="", sort_order=105)
    """Why a side declined to sign; the contract is cancelled then."""

    organisation: Mapped[Organisation] = relationship(foreign_keys=[organisation_id], lazy="raise")


class ContractChange(Exposed, Base):
    """Other terms of a signed contract that one side asks for, and the other side's answer."""

    __tablename__ = "contract_change"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (agreed IS NULL)", name="answer_whole"),
        Index(
            "uq_contract_change_contract_id_open",
            "contract_id",
            unique=True,
            sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )

    contract_id: Mapped[int] = reference("contract.id")
    terms: Mapped[dict[str, Any]] = mapped_column(default=dict)
    side: Mapped[Side] = word("side", Side)
    reason: Mapped[str] = mapped_column(length("reason", 1000, 0), default="")
    asked_at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(length("asked_by", 200))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(length("answered_by", 200))
    agreed: Mapped[bool | None]
    answer_note: Mapped[str] = mapped_column(length("answer_note", 1000, 0), default="", server_default="", sort_order=100)


class Order(Exposed, Versioned, Base):
    """What a buyer asks for at one time; its lines say what, where and when."""

    __tablename__ = "buyer_order"
    __table_args__ = (
        UniqueConstraint("association_id", "code"),
        Index(None, "association_id", "created_at", "id"),
        Index(None, "organisation_id", "created_at", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int] = reference("organisation.id", index=False)
    code: Mapped[str] = mapped_column(length("code", 100), default=lambda context: context.get_current_parameters()["uid"])
    placed_at: Mapped[datetime] = mapped_column(default=now_utc)
    status: Mapped[AgreementStatus] = word("status", AgreementStatus, default=AgreementStatus.ACTIVE)
    note: Mapped[str] = mapped_column(length("note", 2000, 0), default="")

    organisation: Mapped[Organisation] = relationship(lazy="raise")
    lines: Mapped[list[DemandLine]] = relationship(back_populates="order", lazy="raise", order_by="DemandLine.id")


class StandingOrder(Exposed, Versioned, Base):
    """An order whose lines are asked for again every week until a day.

    `placed_through` is the Monday of the latest week whose lines stand already; `problem` says why a week could not be ordered.
    """

    __tablename__ = "standing_order"

    association_id: Mapped[int] = reference("association.id")
    organisation_id: Mapped[int] = reference("organisation.id")
    order_id: Mapped[int] = reference("buyer_order.id")
    until: Mapped[date]
    placed_through: Mapped[date]
    ended_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(length("problem", 500, 0), default="")


class CallOff(Exposed, Versioned, Base):
    """A part of a contract that the buyer calls for delivery; planning sees it as one demand line."""

    __tablename__ = "call_off"
    __table_args__ = (UniqueConstraint("contract_id", "code"), days_in_order("deliver_from", "deliver_until"))

    contract_id: Mapped[int] = reference("contract.id", index=False)
    site_id: Mapped[int] = reference("site.id")
    code: Mapped[str] = mapped_column(length("code", 100), default=lambda context: context.get_current_parameters()["uid"])
    quantity_kg: Mapped[int] = mapped_column(between("quantity_kg", 0, MAX_KG))
    deliver_from: Mapped[date]
    deliver_until: Mapped[date]
    status: Mapped[AgreementStatus] = word("status", AgreementStatus, default=AgreementStatus.ACTIVE)

    contract: Mapped[Contract] = relationship(lazy="raise")


class DemandLine(Exposed, Versioned, Base):
    """One wish of a buyer: which products, how good, how much, where, when, at what delivered price."""

    __tablename__ = "demand_line"
    __table_args__ = (
        UniqueConstraint("association_id", "code"),
        CheckConstraint("order_id IS NULL OR call_off_id IS NULL", name="one_origin"),
        days_in_order("deliver_from", "deliver_until"),
        Index(None, "association_id", "status", "deliver_from", "id"),
        Index(None, "association_id", "created_at", "id"),
        Index(None, "association_id", "deliver_from", "id"),
        Index(None, "association_id", "quantity_kg", "id"),
        Index(None, "association_id", "bid_vnd_per_kg", "id"),
        Index(None, "organisation_id", "created_at", "id"),
        Index(None, "organisation_id", "status", "deliver_from", "id"),
        Index(None, "organisation_id", "deliver_from", "id"),
        Index(None, "organisation_id", "quantity_kg", "id"),
        Index(None, "organisation_id", "bid_vnd_per_kg", "id"),
        Index(None, "organisation_id", "code", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int] = reference("organisation.id", index=False)
    order_id: Mapped[int | None] = reference("buyer_order.id")
    call_off_id: Mapped[int | None] = reference("call_off.id", index=False, unique=True)
    site_id: Mapped[int] = reference("site.id")
    code: Mapped[str] = mapped_column(length("code", 100), default=lambda context: context.get_current_parameters()["uid"])
    max_grade: Mapped[int] = mapped_column(between("max_grade", 1, MAX_GRADE))
    quantity_kg: Mapped[int] = mapped_column(between("quantity_kg", 0, MAX_KG))
    deliver_from: Mapped[date]
    deliver_until: Mapped[date]
    min_life_days: Mapped[int] = mapped_column(between("min_life_days", 0, 36_500), default=0)
    bid_vnd_per_kg: Mapped[int] = mapped_column(between("bid_vnd_per_kg", 0, MAX_VND_PER_KG))
    min_fill_kg: Mapped[int] = mapped_column(between("min_fill_kg", 0, MAX_KG), default=0)
    max_suppliers: Mapped[int | None] = mapped_column(between("max_suppliers", 0, MAX_VND))
    min_supplier_kg: Mapped[int] = mapped_column(between("min_supplier_kg", 0, MAX_KG), default=0)
    short_vnd_per_kg: Mapped[int] = mapped_column(between("short_vnd_per_kg", 0, MAX_VND_PER_KG), default=0)
    status: Mapped[LineStatus] = word("status", LineStatus, default=LineStatus.OPEN)
    stated_amount: Mapped[str | None] = mapped_column(length("stated_amount", 40))
    stated_unit: Mapped[Unit | None] = word("stated_unit", Unit)
    note: Mapped[str] = mapped_column(length("note", 2000, 0), default="")

    organisation: Mapped[Organisation] = relationship(lazy="raise")
    order: Mapped[Order | None] = relationship(back_populates="lines", lazy="raise")
    site: Mapped[Site] = relationship(lazy="raise")
    products: Mapped[list[LineProduct]] = relationship(lazy="raise", order_by="LineProduct.position", cascade="all, delete-orphan")
    requirements: Mapped[list[LineRequirement]] = relationship(
        lazy="raise", order_by="LineRequirement.position", cascade="all, delete-orphan"
    )


class LineProduct(Base):
    """A product that a line accepts, in the order in which the buyer named them."""

    __tablename__ = "line_product"

    line_id: Mapped[int] = reference("demand_line.id", primary_key=True, index=False)
    position: Mapped[int] = mapped_column(between("position", 0, 1000), primary_key=True)
    product_id: Mapped[int] = reference("product.id")


class LineRequirement(Base):
    """A certificate scheme that every kilogram of a line must be covered by, at some level or better."""

    __tablename__ = "line_requirement"

    line_id: Mapped[int] = reference("demand_line.id", primary_key=True, index=False)
    position: Mapped[int] = mapped_column(between("position", 0, 1000), primary_key=True)
    scheme: Mapped[str] = mapped_column(length("scheme", 100))
    min_level: Mapped[int] = mapped_column(between("min_level", 0, MAX_VND), default=0)


# Who sees which rows.
owned(Contract, Contract.organisation_id, Contract.supplier_id)
within(ContractChange, ContractChange.contract_id, Contract)
owned(Order, Order.organisation_id)
owned(StandingOrder, StandingOrder.organisation_id)
owned(DemandLine, DemandLine.organisation_id)
within(CallOff, CallOff.contract_id, Contract)
within(ReceivingSlot, ReceivingSlot.site_id, Site)
