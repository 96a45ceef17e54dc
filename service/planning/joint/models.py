"""Joint offers: lots of one or several suppliers that fill a line together, who of them has agreed, and how rejects are shared."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalog.base import MAX_KG, Base, Exposed, Keyed, Versioned, between, length, reference, word
from service.planning.states import Channel, JointState, RejectSharing


class JointOffer(Exposed, Versioned, Base):
    """Lots that go to one line all together. What its suppliers sign stays as it is; another sharing is another offer."""

    __tablename__ = "joint_offer"
    __table_args__ = (Index(None, "association_id", "state", "created_at", "id"), Index(None, "line_id", "state"))

    association_id: Mapped[int] = reference("association.id", index=False)
    line_id: Mapped[int] = reference("demand_line.id", index=False)
    reject_sharing: Mapped[RejectSharing] = word("reject_sharing", RejectSharing)
    state: Mapped[JointState] = word("state", JointState, default=JointState.OPEN)
    reason: Mapped[str] = mapped_column(length("reason", 1000))
    agreed_at: Mapped[datetime | None]

    lots: Mapped[list[JointOfferLot]] = relationship(lazy="raise", order_by="JointOfferLot.id", viewonly=True)


class JointOfferLot(Keyed, Base):
    """A lot of a joint offer with its kilograms, and whether the supplier that signs for it has agreed."""

    __tablename__ = "joint_offer_lot"
    __table_args__ = (
        UniqueConstraint("joint_offer_id", "lot_id"),
        CheckConstraint("(agreed_at IS NULL) = (agreed_by IS NULL) AND (agreed_at IS NULL) = (channel IS NULL)", name="agreed_whole"),
    )

    joint_offer_id: Mapped[int] = reference("joint_offer.id", index=False)
    lot_id: Mapped[int] = reference("lot.id")
    supplier_id: Mapped[int] = reference("organisation.id")
    kg: Mapped[int] = mapped_column(between("kg", 1, MAX_KG))
    agreed_at: Mapped[datetime | None]
    agreed_by: Mapped[str | None] = mapped_column(length("agreed_by", 200))
    channel: Mapped[Channel | None] = word("channel", Channel)


class JointPromise(Base):
    """Says that a promise is part of a joint offer, whose sharing of rejects is then part of its terms."""

    __tablename__ = "joint_promise"

    promise_id: Mapped[int] = reference("promise.id", primary_key=True, index=False, autoincrement=False)
    joint_offer_id: Mapped[int] = reference("joint_offer.id")
