"""Runs, plans, proposals, promises, the ledger of kilograms, shipments, receipts and settlements."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buyers.models import DemandLine
from catalog.base import (
    MAX_KG,
    MAX_RATE,
    MAX_VND,
    MAX_VND_PER_KG,
    Base,
    Exposed,
    Json,
    Keyed,
    Versioned,
    between,
    days_in_order,
    length,
    reference,
    word,
)
from catalog.models import Lot, Organisation, Side
from service.planning.states import (
    LOT_STATES,
    PROMISED_STATES,
    STEPS,
    DecisionKind,
    KgState,
    PlanState,
    ProposalState,
    RejectReason,
    ReturnReason,
    RunState,
    SettlementState,
    ShipmentState,
)


def _signed_vnd(column: str) -> CheckConstraint:
    return between(column, -MAX_VND, MAX_VND)


class Run(Exposed, Versioned, Base):
    """One request to plan. The row is the queue's entry: a worker leases it, and `attempt` fences off a late one."""

    __tablename__ = "run"
    __table_args__ = (
        days_in_order("horizon_from", "horizon_until"),
        UniqueConstraint("association_id", "schedule_key"),
        CheckConstraint("(state IN ('running', 'stopping')) = (lease_until IS NOT NULL)", name="lease_while_running"),
        CheckConstraint("(state = 'failed') = (failure_code IS NOT NULL)", name="failure_has_code"),
        Index(None, "state", "created_at", "id"),
        Index(None, "association_id", "created_at", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    state: Mapped[RunState] = word("state", RunState, default=RunState.QUEUED)
    horizon_from: Mapped[date | None]
    horizon_until: Mapped[date | None]
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    time_limit_s: Mapped[float] = mapped_column(between("time_limit_s", 0, 86_400), default=60.0)
    seed: Mapped[int] = mapped_column(between("seed", 0, 2**31 - 1), default=0)
    parent_id: Mapped[int | None] = reference("run.id")
    schedule_key: Mapped[str | None] = mapped_column(length("schedule_key", 200))
    input_digest: Mapped[str | None] = mapped_column(length("input_digest", 64, 64))
    attempt: Mapped[int] = mapped_column(between("attempt", 0, 1000), default=0)
    deaths: Mapped[int] = mapped_column(between("deaths", 0, 1000), default=0)
    """Attempts that ended with the death of their worker; a release is none."""
    worker: Mapped[str | None] = mapped_column(length("worker", 200))
    lease_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    failure_code: Mapped[str | None] = mapped_column(length("failure_code", 100))
    failure_detail: Mapped[str | None] = mapped_column(length("failure_detail", 4000, 0))
    failure_issues: Mapped[list[Any] | None] = mapped_column(Json)
    remark: Mapped[str] = mapped_column(length("remark", 1000, 0), default="")
    """What is odd about how the run came to its end, though it didn't fail."""


class RunInput(Base):
    """What a run was made from, in the exchange format, so that it can be played again.

    `rows` holds the numbers and versions of the rows behind it, in the problem's own order.
    """

    __tablename__ = "run_input"

    run_id: Mapped[int] = reference("run.id", primary_key=True, index=False)
    media_type: Mapped[str] = mapped_column(length("media_type", 100))
    rows: Mapped[dict[str, Any]] = mapped_column(default=dict)
    content: Mapped[bytes]


class RunProgress(Base):
    """A moment of a run: best worth and best proof so far."""

    __tablename__ = "run_progress"

    run_id: Mapped[int] = reference("run.id", primary_key=True, index=False)
    seq: Mapped[int] = mapped_column(between("seq", 1, 10**9), primary_key=True)
    attempt: Mapped[int] = mapped_column(between("attempt", 1, 1000))
    seconds: Mapped[float] = mapped_column(between("seconds", 0, MAX_RATE))
    phase: Mapped[str] = mapped_column(length("phase", 40))
    objective_vnd: Mapped[int | None] = mapped_column(_signed_vnd("objective_vnd"))
    bound_vnd: Mapped[int | None] = mapped_column(_signed_vnd("bound_vnd"))


class Plan(Exposed, Versioned, Base):
    """A verified plan, with the digest of what it was made from. Its tables below never change.

    A plan is a draft until somebody publishes it; an association has at most one published plan in force.
    """

    __tablename__ = "plan"
    __table_args__ = (
        Index(None, "association_id", "created_at", "id"),
        Index(
            "uq_plan_association_id_in_force",
            "association_id",
            unique=True,
            sqlite_where=text("state = 'current'"),
            postgresql_where=text("state = 'current'"),
        ),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    run_id: Mapped[int | None] = reference("run.id", index=False, unique=True)
    state: Mapped[PlanState] = word("state", PlanState, default=PlanState.DRAFT)
    input_digest: Mapped[str] = mapped_column(length("input_digest", 64, 64))
    objective_vnd: Mapped[int] = mapped_column(_signed_vnd("objective_vnd"))
    bound_vnd: Mapped[int | None] = mapped_column(_signed_vnd("bound_vnd"))
    status: Mapped[str] = mapped_column(length("status", 40))
    termination: Mapped[str] = mapped_column(length("termination", 40))
    seconds: Mapped[float] = mapped_column(between("seconds", 0, MAX_RATE))
    seed: Mapped[int] = mapped_column(between("seed", 0, 2**31 - 1))
    engine: Mapped[str] = mapped_column(length("engine", 100))
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The verifier's figures: parts of the worth in VND, kilograms, kilometres, trips."""
    published_at: Mapped[datetime | None] = mapped_column(sort_order=100)
    published_by: Mapped[str | None] = mapped_column(length("published_by", 200), sort_order=101)


class PlanTrip(Keyed, Base):
    """A truck's or, without a class, a carrier's journey."""

    __tablename__ = "plan_trip"
    __table_args__ = (UniqueConstraint("plan_id", "number"),)

    plan_id: Mapped[int] = reference("plan.id", index=False)
    number: Mapped[int] = mapped_column(between("number", 0, 10**9))
    vehicle_class_id: Mapped[int | None] = reference("vehicle_class.id")
    km: Mapped[float] = mapped_column(between("km", 0, MAX_RATE))
    cost_vnd: Mapped[int] = mapped_column(between("cost_vnd", 0, MAX_VND))


class PlanStop(Base):
    """A stop of a truck's trip, in minutes since 1970-01-01T00:00 Vietnamese local time."""

    __tablename__ = "plan_stop"
    __table_args__ = (CheckConstraint("arrive_min <= depart_min", name="arrive_before_depart"),)

    trip_id: Mapped[int] = reference("plan_trip.id", primary_key=True, index=False)
    seq: Mapped[int] = mapped_column(between("seq", 1, 100_000), primary_key=True)
    site_id: Mapped[int] = reference("site.id")
    arrive_min: Mapped[int] = mapped_column(between("arrive_min", -(10**9), 10**9))
    depart_min: Mapped[int] = mapped_column(between("depart_min", -(10**9), 10**9))


class PlanAllocation(Keyed, Base):
    """Kilograms of a lot that a plan sends to a line."""

    __tablename__ = "plan_allocation"
    __table_args__ = (UniqueConstraint("plan_id", "number"),)

    plan_id: Mapped[int] = reference("plan.id", index=False)
    number: Mapped[int] = mapped_column(between("number", 0, 10**9))
    lot_id: Mapped[int] = reference("lot.id")
    line_id: Mapped[int] = reference("demand_line.id")
    lot_version: Mapped[int] = mapped_column(between("lot_version", 1, 10**15))
    line_version: Mapped[int] = mapped_column(between("line_version", 1, 10**15))
    kg: Mapped[int] = mapped_column(between("kg", 1, MAX_KG))
    pickup_on: Mapped[date | None]
    delivery_on: Mapped[date | None]


class PlanLeg(Base):
    """How an allocation travels: one leg, or two through a hub."""

    __tablename__ = "plan_leg"

    allocation_id: Mapped[int] = reference("plan_allocation.id", primary_key=True, index=False)
    leg: Mapped[int] = mapped_column(between("leg", 1, 2), primary_key=True)
    trip_id: Mapped[int] = reference("plan_trip.id")
    from_site_id: Mapped[int] = reference("site.id", index=False)
    to_site_id: Mapped[int] = reference("site.id", index=False)


class PlanReason(Keyed, Base):
    """Why a lot or a line isn't wholly used."""

    __tablename__ = "plan_reason"
    __table_args__ = (CheckConstraint("(lot_id IS NULL) <> (line_id IS NULL)", name="lot_or_line"),)

    plan_id: Mapped[int] = reference("plan.id")
    lot_id: Mapped[int | None] = reference("lot.id")
    line_id: Mapped[int | None] = reference("demand_line.id")
    open_kg: Mapped[int] = mapped_column(between("open_kg", 0, MAX_KG))
    reason: Mapped[str] = mapped_column(length("reason", 100))
    detail: Mapped[str] = mapped_column(length("detail", 4000, 0), default="")


class PlanPrice(Keyed, Base):
    """What one more kilogram of a lot, or of a line's demand, would add."""

    __tablename__ = "plan_price"
    __table_args__ = (CheckConstraint("(lot_id IS NULL) <> (line_id IS NULL)", name="lot_or_line"),)

    plan_id: Mapped[int] = reference("plan.id")
    lot_id: Mapped[int | None] = reference("lot.id", index=False)
    line_id: Mapped[int | None] = reference("demand_line.id", index=False)
    vnd_per_kg: Mapped[float] = mapped_column(between("vnd_per_kg", -MAX_RATE, MAX_RATE))


class Decision(Exposed, Versioned, Base):
    """A broker's pin or forbid of one lot and one line; planning obeys it until it is revoked."""

    __tablename__ = "decision"
    __table_args__ = (
        CheckConstraint("kind = 'pin' OR kg = 0", name="forbid_has_no_kg"),
        Index(
            "uq_decision_lot_id_line_id_active",
            "lot_id",
            "line_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index(None, "association_id", "created_at", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    lot_id: Mapped[int] = reference("lot.id", index=False)
    line_id: Mapped[int] = reference("demand_line.id")
    kind: Mapped[DecisionKind] = word("kind", DecisionKind)
    kg: Mapped[int] = mapped_column(between("kg", 0, MAX_KG), default=0)
    reason_code: Mapped[str] = mapped_column(length("reason_code", 100, 0), default="")
    note: Mapped[str] = mapped_column(length("note", 2000, 0), default="")
    decided_by: Mapped[str] = mapped_column(length("decided_by", 200))
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(length("revoked_by", 200))


class Proposal(Exposed, Versioned, Base):
    """What a plan asks of one supplier, or offers to one buyer."""

    __tablename__ = "proposal"
    __table_args__ = (
        UniqueConstraint("plan_id", "side", "organisation_id"),
        CheckConstraint("side IN ('supply', 'demand')", name="side_trades"),
        Index(None, "association_id", "state", "created_at", "id"),
        Index(None, "organisation_id", "state", "created_at", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    plan_id: Mapped[int] = reference("plan.id", index=False)
    organisation_id: Mapped[int] = reference("organisation.id", index=False)
    side: Mapped[Side] = word("side", Side)
    state: Mapped[ProposalState] = word("state", ProposalState, default=ProposalState.PROPOSED)
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None] = mapped_column(length("confirmed_by", 200))

    organisation: Mapped[Organisation] = relationship(lazy="raise")


WAITING = "state = 'approved' AND (supplier_confirmed_at IS NULL OR buyer_confirmed_at IS NULL)"
"""What is true of the few items that are approved and wait for an answer, out of all that there have ever been."""


class ProposalItem(Exposed, Versioned, Base):
    """One allocation as it is put to both sides, with what a broker has changed in it.

    It stands in its supplier's proposal and in its buyer's; each side confirms its part. An item that a broker has given other dates
    or another truck no longer rides with the others of its trip: `own_km` and what follows it describe a truck of its own, from
    the lot's site straight to the line's, in minutes since 1970-01-01T00:00 Vietnamese local time.
    """

    __tablename__ = "proposal_item"
    __table_args__ = (
        CheckConstraint("(state = 'rejected') = (reason_code IS NOT NULL)", name="rejection_has_reason"),
        CheckConstraint("pickup_on <= delivery_on", name="pickup_before_delivery"),
        CheckConstraint(
            "(own_km IS NULL) = (own_vnd IS NULL) AND (own_km IS NULL) = (own_load_min IS NULL)"
            " AND (own_km IS NULL) = (own_unload_min IS NULL)",
            name="own_truck_whole",
        ),
        Index("ix_proposal_item_waiting", "id", sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
    )

    allocation_id: Mapped[int] = reference("plan_allocation.id", index=False, unique=True)
    supply_proposal_id: Mapped[int] = reference("proposal.id")
    demand_proposal_id: Mapped[int] = reference("proposal.id")
    lot_id: Mapped[int] = reference("lot.id")
    line_id: Mapped[int] = reference("demand_line.id")
    kg: Mapped[int] = mapped_column(between("kg", 1, MAX_KG))
    pickup_on: Mapped[date | None]
    delivery_on: Mapped[date | None]
    vehicle_class_id: Mapped[int | None] = reference("vehicle_class.id")
    state: Mapped[ProposalState] = word("state", ProposalState, default=ProposalState.PROPOSED)
    reason_code: Mapped[RejectReason | None] = word("reason_code", RejectReason)
    note: Mapped[str] = mapped_column(length("note", 2000, 0), default="")
    own_km: Mapped[float | None] = mapped_column(between("own_km", 0, MAX_RATE))
    own_vnd: Mapped[int | None] = mapped_column(between("own_vnd", 0, MAX_VND))
    own_load_min: Mapped[int | None] = mapped_column(between("own_load_min", -(10**9), 10**9))
    own_unload_min: Mapped[int | None] = mapped_column(between("own_unload_min", -(10**9), 10**9))
    supplier_confirmed_at: Mapped[datetime | None]
    supplier_confirmed_by: Mapped[str | None] = mapped_column(length("supplier_confirmed_by", 200))
    buyer_confirmed_at: Mapped[datetime | None]
    buyer_confirmed_by: Mapped[str | None] = mapped_column(length("buyer_confirmed_by", 200))

    lot: Mapped[Lot] = relationship(lazy="raise")
    line: Mapped[DemandLine] = relationship(lazy="raise")


class ProposalBasis(Base):
    """The facts of a lot and a line at the moment at which their item was put to both sides.

    `changed` names the facts that differ from an earlier item of the same pair that somebody rejected, as pairs of then and now.
    """

    __tablename__ = "proposal_basis"

    item_id: Mapped[int] = reference("proposal_item.id", primary_key=True, index=False, autoincrement=False)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changed: Mapped[dict[str, Any] | None] = mapped_column(Json)


def _sum(states: tuple[KgState, ...]) -> str:
    return " + ".join(f"{state}_kg" for state in states)


class LotBalance(Base):
    """How many kilograms of a lot stand in each state. Triggers keep it; the checks make overselling impossible."""

    __tablename__ = "lot_balance"
    __table_args__ = (CheckConstraint(f"{_sum(LOT_STATES)} = quantity_kg", name="conserved"),)

    lot_id: Mapped[int] = reference("lot.id", primary_key=True, index=False, autoincrement=False)
    quantity_kg: Mapped[int] = mapped_column(between("quantity_kg", 0, MAX_KG), default=0)
    offered_kg: Mapped[int] = mapped_column(between("offered_kg", 0, MAX_KG), default=0)
    held_kg: Mapped[int] = mapped_column(between("held_kg", 0, MAX_KG), default=0)
    confirmed_kg: Mapped[int] = mapped_column(between("confirmed_kg", 0, MAX_KG), default=0)
    loaded_kg: Mapped[int] = mapped_column(between("loaded_kg", 0, MAX_KG), default=0)
    accepted_kg: Mapped[int] = mapped_column(between("accepted_kg", 0, MAX_KG), default=0)
    rejected_kg: Mapped[int] = mapped_column(between("rejected_kg", 0, MAX_KG), default=0)
    settled_kg: Mapped[int] = mapped_column(between("settled_kg", 0, MAX_KG), default=0)
    withdrawn_kg: Mapped[int] = mapped_column(between("withdrawn_kg", 0, MAX_KG), default=0)


class LineBalance(Base):
    """How much of a line is promised; rejected kilograms free their place again. Triggers keep it."""

    __tablename__ = "line_balance"
    __table_args__ = (CheckConstraint("promised_kg BETWEEN 0 AND quantity_kg", name="within_demand"),)

    line_id: Mapped[int] = reference("demand_line.id", primary_key=True, index=False, autoincrement=False)
    quantity_kg: Mapped[int] = mapped_column(between("quantity_kg", 0, MAX_KG))
    promised_kg: Mapped[int] = mapped_column(default=0)


class Promise(Exposed, Base):
    """Kilograms of one lot that are kept for one line, from the hold to the settlement, at the price of the day of the hold.

    Triggers keep its columns of kilograms.
    """

    __tablename__ = "promise"
    __table_args__ = (
        UniqueConstraint("id", "lot_id"),
        UniqueConstraint("id", "line_id"),
        Index("ix_promise_expiry", "expires_at", sqlite_where=text("held_kg > 0"), postgresql_where=text("held_kg > 0")),
    )

    association_id: Mapped[int] = reference("association.id")
    lot_id: Mapped[int] = reference("lot.id")
    line_id: Mapped[int] = reference("demand_line.id")
    proposal_item_id: Mapped[int | None] = reference("proposal_item.id")
    price_vnd_per_kg: Mapped[int] = mapped_column(between("price_vnd_per_kg", 0, MAX_VND_PER_KG))
    expires_at: Mapped[datetime]
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(length("made_by", 200))
    held_kg: Mapped[int] = mapped_column(between("held_kg", 0, MAX_KG), default=0)
    confirmed_kg: Mapped[int] = mapped_column(between("confirmed_kg", 0, MAX_KG), default=0)
    loaded_kg: Mapped[int] = mapped_column(between("loaded_kg", 0, MAX_KG), default=0)
    accepted_kg: Mapped[int] = mapped_column(between("accepted_kg", 0, MAX_KG), default=0)
    rejected_kg: Mapped[int] = mapped_column(between("rejected_kg", 0, MAX_KG), default=0)
    settled_kg: Mapped[int] = mapped_column(between("settled_kg", 0, MAX_KG), default=0)
    returned_kg: Mapped[int] = mapped_column(between("returned_kg", 0, MAX_KG), default=0)
    """Kilograms that were ever rejected, settled since or not."""

    lot: Mapped[Lot] = relationship(lazy="raise")
    line: Mapped[DemandLine] = relationship(lazy="raise")


_KNOWN_STEPS = " OR ".join(f"(from_state = '{a}' AND to_state = '{b}')" for a, b in STEPS)
_PROMISED = ", ".join(f"'{state}'" for state in PROMISED_STATES)


class LedgerEntry(Base):
    """One movement of kilograms of one lot; never changed, never deleted."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        ForeignKeyConstraint(["promise_id", "lot_id"], ["promise.id", "promise.lot_id"], ondelete="RESTRICT"),
        CheckConstraint(_KNOWN_STEPS, name="step_known"),
        CheckConstraint(
            f"(promise_id IS NOT NULL) = (from_state IN ({_PROMISED}) OR to_state IN ({_PROMISED}))", name="promised_kg_have_promise"
        ),
        Index(None, "lot_id", "seq"),
        Index(None, "promise_id", "seq"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = reference("lot.id", index=False)
    promise_id: Mapped[int | None]
    from_state: Mapped[KgState] = word("from_state", KgState)
    to_state: Mapped[KgState] = word("to_state", KgState)
    kg: Mapped[int] = mapped_column(between("kg", 1, MAX_KG))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(length("actor", 200))
    why: Mapped[str] = mapped_column(length("why", 1000))


class Shipment(Exposed, Versioned, Base):
    """A load on its way: one truck, or one consignment with a carrier."""

    __tablename__ = "shipment"
    __table_args__ = (UniqueConstraint("association_id", "code"), Index(None, "association_id", "state", "created_at", "id"))

    association_id: Mapped[int] = reference("association.id", index=False)
    code: Mapped[str] = mapped_column(length("code", 100), default=lambda context: context.get_current_parameters()["uid"])
    trip_id: Mapped[int | None] = reference("plan_trip.id")
    vehicle_class_id: Mapped[int | None] = reference("vehicle_class.id")
    carrier_id: Mapped[int | None] = reference("organisation.id")
    plate: Mapped[str] = mapped_column(length("plate", 20, 0), default="")
    driver_name: Mapped[str] = mapped_column(length("driver_name", 200, 0), default="")
    driver_phone: Mapped[str] = mapped_column(length("driver_phone", 40, 0), default="")
    cost_vnd: Mapped[int] = mapped_column(between("cost_vnd", 0, MAX_VND), default=0)
    from_hub: Mapped[bool] = mapped_column(default=False)
    state: Mapped[ShipmentState] = word("state", ShipmentState, default=ShipmentState.PLANNED)
    loaded_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class ShipmentItem(Keyed, Base):
    """Kilograms of one promise on a shipment."""

    __tablename__ = "shipment_item"
    __table_args__ = (UniqueConstraint("shipment_id", "promise_id"),)

    shipment_id: Mapped[int] = reference("shipment.id", index=False)
    promise_id: Mapped[int] = reference("promise.id")
    kg: Mapped[int] = mapped_column(between("kg", 1, MAX_KG))


class Receipt(Exposed, Base):
    """What a buyer's door took in of a shipment, and what it turned away."""

    __tablename__ = "receipt"
    __table_args__ = (UniqueConstraint("shipment_id", "site_id"),)

    association_id: Mapped[int] = reference("association.id")
    shipment_id: Mapped[int] = reference("shipment.id", index=False)
    site_id: Mapped[int] = reference("site.id")
    received_at: Mapped[datetime]
    received_by: Mapped[str] = mapped_column(length("received_by", 200))
    note: Mapped[str] = mapped_column(length("note", 2000, 0), default="")
    photo_id: Mapped[int | None] = reference("evidence.id")
    """What the door has photographed of the goods."""


class ReceiptItem(Keyed, Base):
    """Accepted and rejected kilograms of one shipment item; a rejection has a reason."""

    __tablename__ = "receipt_item"
    __table_args__ = (
        CheckConstraint("rejected_kg = 0 OR reason_code IS NOT NULL", name="rejection_has_reason"),
        CheckConstraint("accepted_kg + rejected_kg > 0", name="not_empty"),
    )

    receipt_id: Mapped[int] = reference("receipt.id")
    shipment_item_id: Mapped[int] = reference("shipment_item.id", index=False, unique=True)
    accepted_kg: Mapped[int] = mapped_column(between("accepted_kg", 0, MAX_KG))
    rejected_kg: Mapped[int] = mapped_column(between("rejected_kg", 0, MAX_KG))
    reason_code: Mapped[ReturnReason | None] = word("reason_code", ReturnReason)
    note: Mapped[str] = mapped_column(length("note", 2000, 0), default="")


class Settlement(Exposed, Versioned, Base):
    """Where the money of one received item goes; the parts add up to what the buyer pays."""

    __tablename__ = "settlement"
    __table_args__ = (
        CheckConstraint("buyer_vnd = freight_vnd + hub_vnd + fee_vnd + supplier_vnd", name="parts_add_up"),
        Index(None, "association_id", "created_at", "id"),
        Index(None, "supplier_id", "created_at", "id"),
        Index(None, "buyer_id", "created_at", "id"),
    )

    association_id: Mapped[int] = reference("association.id", index=False)
    receipt_item_id: Mapped[int] = reference("receipt_item.id", index=False, unique=True)
    supplier_id: Mapped[int] = reference("organisation.id", index=False)
    buyer_id: Mapped[int] = reference("organisation.id", index=False)
    kg: Mapped[int] = mapped_column(between("kg", 0, MAX_KG))
    price_vnd_per_kg: Mapped[int] = mapped_column(between("price_vnd_per_kg", 0, MAX_VND_PER_KG))
    buyer_vnd: Mapped[int] = mapped_column(between("buyer_vnd", 0, 2 * MAX_VND))
    freight_vnd: Mapped[int] = mapped_column(between("freight_vnd", 0, MAX_VND))
    hub_vnd: Mapped[int] = mapped_column(between("hub_vnd", 0, MAX_VND))
    fee_vnd: Mapped[int] = mapped_column(between("fee_vnd", 0, MAX_VND))
    supplier_vnd: Mapped[int] = mapped_column(_signed_vnd("supplier_vnd"))
    state: Mapped[SettlementState] = word("state", SettlementState, default=SettlementState.DRAFT)
    due_on: Mapped[date | None]
    paid_at: Mapped[datetime | None]


class SettlementShare(Base):
    """A member's part of a settlement, by the kilograms he put into the lot."""

    __tablename__ = "settlement_share"

    settlement_id: Mapped[int] = reference("settlement.id", primary_key=True, index=False)
    member_id: Mapped[int] = reference("member.id", primary_key=True)
    kg: Mapped[int] = mapped_column(between("kg", 0, MAX_KG))
    vnd: Mapped[int] = mapped_column(_signed_vnd("vnd"))
