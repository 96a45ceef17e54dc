"""Terms, the answers to them, changes by agreement, the association's dated rules and its accounts."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import (
    MAX_KG,
    MAX_RATE,
    MAX_VND,
    MAX_VND_PER_KG,
    Base,
    Exposed,
    Keyed,
    Versioned,
    between,
    length,
    reference,
    word,
)
from catalog.models import MAX_GRADE, Side
from service.planning.states import Account, AmendmentState, Answer, Channel, DocumentKind, FreightRisk

_OPEN = "state = 'open'"


class Terms(Keyed, Base):
    """One version of what is agreed about an item: the goods, the days and every đồng; never changed, never deleted.

    The latest version of a promise is the one in force. `surcharge_vnd` is what the buyer pays above the price, for a truck that goes
    emptier than agreed.
    """

    __tablename__ = "terms"
    __table_args__ = (
        UniqueConstraint("promise_id", "version"),
        UniqueConstraint("item_id", "version"),
        CheckConstraint("buyer_vnd = kg * price_vnd_per_kg + surcharge_vnd", name="buyer_pays_price"),
        CheckConstraint("buyer_vnd = freight_vnd + hub_vnd + fee_vnd + supplier_vnd", name="parts_add_up"),
        CheckConstraint("pickup_on <= delivery_on", name="pickup_before_delivery"),
    )

    association_id: Mapped[int] = reference("association.id")
    promise_id: Mapped[int] = reference("promise.id", index=False)
    item_id: Mapped[int | None] = reference("proposal_item.id", index=False)
    version: Mapped[int] = mapped_column(between("version", 1, 1_000_000))
    lot_id: Mapped[int] = reference("lot.id", index=False)
    line_id: Mapped[int] = reference("demand_line.id", index=False)
    supplier_id: Mapped[int] = reference("organisation.id", index=False)
    buyer_id: Mapped[int] = reference("organisation.id", index=False)
    product_id: Mapped[int] = reference("product.id", index=False)
    grade: Mapped[int] = mapped_column(between("grade", 1, MAX_GRADE))
    kg: Mapped[int] = mapped_column(between("kg", 1, MAX_KG))
    pickup_on: Mapped[date | None]
    delivery_on: Mapped[date | None]
    price_vnd_per_kg: Mapped[int] = mapped_column(between("price_vnd_per_kg", 0, MAX_VND_PER_KG))
    floor_vnd_per_kg: Mapped[int] = mapped_column(between("floor_vnd_per_kg", 0, MAX_VND_PER_KG))
    surcharge_vnd: Mapped[int] = mapped_column(between("surcharge_vnd", 0, MAX_VND), default=0)
    buyer_vnd: Mapped[int] = mapped_column(between("buyer_vnd", 0, 2 * MAX_VND))
    freight_vnd: Mapped[int] = mapped_column(between("freight_vnd", 0, MAX_VND))
    hub_vnd: Mapped[int] = mapped_column(between("hub_vnd", 0, MAX_VND))
    fee_vnd: Mapped[int] = mapped_column(between("fee_vnd", 0, MAX_VND))
    supplier_vnd: Mapped[int] = mapped_column(between("supplier_vnd", 0, 2 * MAX_VND))
    fee_per_mille: Mapped[int] = mapped_column(between("fee_per_mille", 0, 1000))
    handling_vnd_per_kg: Mapped[float] = mapped_column(between("handling_vnd_per_kg", 0, MAX_RATE))
    freight_risk: Mapped[FreightRisk] = word("freight_risk", FreightRisk)
    why: Mapped[str] = mapped_column(length("why", 1000))
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(length("made_by", 200))


class TermsAnswer(Keyed, Base):
    """What a side has answered to one version of terms, who said so, and how somebody who acts for that side was told."""

    __tablename__ = "terms_answer"

    terms_id: Mapped[int] = reference("terms.id")
    side: Mapped[Side] = word("side", Side)
    answer: Mapped[Answer] = word("answer", Answer)
    channel: Mapped[Channel] = word("channel", Channel)
    note: Mapped[str] = mapped_column(length("note", 2000, 0), default="")
    at: Mapped[datetime]
    said_by: Mapped[str] = mapped_column(length("said_by", 200))


class Amendment(Exposed, Versioned, Base):
    """A change of confirmed terms that one side proposes and the other agrees to or declines, until the goods are loaded."""

    __tablename__ = "amendment"
    __table_args__ = (
        CheckConstraint("pickup_on <= delivery_on", name="pickup_before_delivery"),
        Index(
            "uq_amendment_item_id_open",
            "item_id",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index(None, "association_id", "state", "created_at", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    item_id: Mapped[int] = reference("proposal_item.id")
    terms_id: Mapped[int] = reference("terms.id", index=False)
    proposed_by_side: Mapped[Side] = word("proposed_by_side", Side)
    kg: Mapped[int] = mapped_column(between("kg", 1, MAX_KG))
    pickup_on: Mapped[date | None]
    delivery_on: Mapped[date | None]
    price_vnd_per_kg: Mapped[int] = mapped_column(between("price_vnd_per_kg", 0, MAX_VND_PER_KG))
    surcharge_vnd: Mapped[int] = mapped_column(between("surcharge_vnd", 0, MAX_VND), default=0)
    freight_vnd: Mapped[int] = mapped_column(between("freight_vnd", 0, MAX_VND))
    reason: Mapped[str] = mapped_column(length("reason", 1000))
    state: Mapped[AmendmentState] = word("state", AmendmentState, default=AmendmentState.OPEN)
    supply_agreed_at: Mapped[datetime | None]
    supply_agreed_by: Mapped[str | None] = mapped_column(length("supply_agreed_by", 200))
    demand_agreed_at: Mapped[datetime | None]
    demand_agreed_by: Mapped[str | None] = mapped_column(length("demand_agreed_by", 200))
    answer_note: Mapped[str] = mapped_column(length("answer_note", 2000, 0), default="")


class AssociationRule(Keyed, Base):
    """What the association takes, and who pays for a truck that goes emptier than agreed, for promises made from a day on."""

    __tablename__ = "association_rule"
    __table_args__ = (Index(None, "association_id", "valid_from", "id"),)

    association_id: Mapped[int] = reference("association.id", index=False)
    valid_from: Mapped[date]
    fee_per_mille: Mapped[int] = mapped_column(between("fee_per_mille", 0, 1000))
    freight_risk: Mapped[FreightRisk] = word("freight_risk", FreightRisk)
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(length("added_by", 200))


class HandlingRate(Keyed, Base):
    """What a hub takes for handling, from a day on, for promises made from then on; the site's own column says what holds now."""

    __tablename__ = "handling_rate"
    __table_args__ = (Index(None, "association_id", "is_applied", "valid_from", "id"),)

    association_id: Mapped[int] = reference("association.id", index=False)
    site_id: Mapped[int] = reference("site.id")
    valid_from: Mapped[date]
    vnd_per_kg: Mapped[float] = mapped_column(between("vnd_per_kg", 0, MAX_RATE))
    is_applied: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(length("added_by", 200))


class AccountEntry(Keyed, Base):
    """One row of the association's double-entry accounts; the rows of a document add up to nothing."""

    __tablename__ = "account_entry"
    __table_args__ = (
        Index(None, "document", "document_id"),
        Index(None, "association_id", "account", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    document: Mapped[DocumentKind] = word("document", DocumentKind)
    document_id: Mapped[int] = mapped_column(between("document_id", 1, 10**15))
    account: Mapped[Account] = word("account", Account)
    organisation_id: Mapped[int | None] = reference("organisation.id")
    vnd: Mapped[int] = mapped_column(between("vnd", -2 * MAX_VND, 2 * MAX_VND))
    """Debit above zero, credit below."""
    at: Mapped[datetime]
    booked_by: Mapped[str] = mapped_column(length("booked_by", 200))
