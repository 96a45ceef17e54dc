"""What is shown of proposals and their items: all of it to the association, its own part to each side.

A side sees its own lot or line, what it gets or pays, and the name of the other; never the other's price.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import Field
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine
from catalog.models import Lot, Organisation, Product, Side, VehicleClass
from service.http.shapes import Out, References
from service.planning import models as m
from service.planning.proposals.items import bound_kg
from service.planning.states import DecisionKind, ProposalState, RejectReason
from service.planning.terms.figures import Figures, figures_of_items


class Stage(StrEnum):
    """How far an item has come, seen from its kilograms."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    CONFIRMED = "confirmed"
    LOADED = "loaded"
    RECEIVED = "received"
    SETTLED = "settled"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class ItemOut(Out):
    """Kilograms of a lot that are put to its supplier and to a line's buyer, as the association sees them."""

    uid: str
    plan: str = Field(description="Uid of the plan.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    supply_proposal: str = Field(description="Uid of the supplier's proposal.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    demand_proposal: str = Field(description="Uid of the buyer's proposal.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    lot: str = Field(description="Uid of the lot.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    lot_code: str = Field(description="Code of the lot.", examples=["LOT-2027-0017"])
    line: str = Field(description="Uid of the demand line.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    line_code: str = Field(description="Code of the demand line.", examples=["D-0042"])
    product: str
    grade: int
    supplier: str
    supplier_name: str = Field(description="Name of the supplier.", examples=["Hợp tác xã Phì Điền"])
    buyer: str
    buyer_name: str
    kg: int
    pickup_on: date | None = Field(description="Day on which it is picked up.", examples=["2027-06-07"])
    delivery_on: date | None = Field(description="Day on which it is delivered.", examples=["2027-06-08"])
    vehicle_class: str | None = Field(description="Code of the class of truck that picks it up; absent for a carrier.", examples=["8t"])
    own_truck: bool = Field(description="Whether an edit has given it a truck of its own.", examples=[False])
    state: ProposalState = Field(description="What has been decided about it.", examples=["approved"])
    stage: Stage = Field(description="How far its kilograms have come.", examples=["confirmed"])
    reason: RejectReason | None = Field(description="Why it was turned down, if it was.", examples=["price"])
    changed_since_rejection: dict[str, list[int | str | list[str] | None]] | None = Field(
        description="What has changed, as then and now, since somebody rejected the same pair; null where nobody has.",
        examples=[{"bid_vnd_per_kg": [26_000, 27_000]}],
    )
    note: str
    ask_vnd_per_kg: int
    bid_vnd_per_kg: int
    buyer_vnd: int = Field(description="What the buyer pays, đồng.", examples=[27_000_000])
    freight_vnd: int = Field(description="Its share of the trucks, đồng.", examples=[1_200_000])
    hub_vnd: int = Field(description="What the hub takes for handling it, đồng.", examples=[0])
    fee_vnd: int = Field(description="The association's fee, đồng.", examples=[405_000])
    supplier_vnd: int = Field(description="What is left for the supplier, đồng.", examples=[25_395_000])
    terms: int | None = Field(description="Version of the terms that these sums come from; absent for an estimate.", examples=[1])
    below_floor: bool = Field(description="Whether the supplier would get less than its floor price.", examples=[False])
    supplier_confirmed_at: datetime | None = Field(description="When the supplier confirmed.", examples=["2027-06-07T05:00:00Z"])
    supplier_confirmed_by: str | None = Field(description="Who confirmed for the supplier.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    buyer_confirmed_at: datetime | None = Field(description="When the buyer confirmed.", examples=["2027-06-07T05:00:00Z"])
    buyer_confirmed_by: str | None = Field(description="Who confirmed for the buyer.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    promise: str | None = Field(description="Uid of the promise that holds its kilograms.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    held_until: datetime | None = Field(description="When the hold ends, if it isn't confirmed by both.", examples=["2027-06-07T07:00:00Z"])
    version: int
    updated_at: datetime
    updated_by: str


class PartOut(Out):
    """An item as one side sees it."""

    uid: str
    side: Side
    product: str
    grade: int
    own: str = Field(description="Uid of the lot, for a supplier, or of the line, for a buyer.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    own_code: str = Field(description="Code of the lot or line.", examples=["LOT-2027-0017"])
    other_name: str = Field(description="Name of the one on the other side.", examples=["Siêu thị Hà Nội"])
    kg: int
    day: date | None = Field(description="Day of the pick-up, for a supplier, or of the delivery, for a buyer.", examples=["2027-06-07"])
    vehicle_class: str | None = Field(description="Code of the class of truck that picks it up; absent for a carrier.", examples=["8t"])
    amount_vnd: int = Field(description="What the supplier gets, or the buyer pays, đồng.", examples=[25_395_000])
    terms: int | None = Field(description="Version of the terms that the amount comes from; absent for an estimate.", examples=[1])
    below_floor: bool | None = Field(description="Whether a supplier would get less than its floor price.", examples=[False])
    state: ProposalState = Field(description="What has been decided about it.", examples=["approved"])
    stage: Stage = Field(description="How far its kilograms have come.", examples=["approved"])
    reason: RejectReason | None = Field(description="Why it was turned down, if it was.", examples=["price"])
    confirmed_at: datetime | None = Field(description="When this side confirmed.", examples=["2027-06-07T05:00:00Z"])
    confirmed_by: str | None = Field(description="Who confirmed for this side.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    other_confirmed: bool = Field(description="Whether the other side has confirmed.", examples=[False])
    promise: str | None = Field(description="Uid of the promise that holds its kilograms.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    held_until: datetime | None = Field(description="When the hold ends, if it isn't confirmed by both.", examples=["2027-06-07T07:00:00Z"])
    version: int


class ProposalOut(Out):
    """What a plan asks of one supplier, or offers to one buyer."""

    uid: str
    plan: str = Field(description="Uid of the plan.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    side: Side
    organisation: str
    organisation_name: str
    state: ProposalState = Field(description="What its items say: the earliest of their states.", examples=["proposed"])
    n_items: int = Field(description="How many items it has.", examples=[3])
    kg: int
    confirmed_at: datetime | None = Field(
        description="When the last of its approved items was confirmed.", examples=["2027-06-07T05:00:00Z"]
    )
    confirmed_by: str | None = Field(description="Who confirmed it.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    version: int
    created_at: datetime
    updated_at: datetime


class ProposalDetail(ProposalOut):
    """A proposal with its items."""

    items: list[PartOut] = Field(description="Its items, in the plan's order.")


class DecisionOut(Out):
    """A pin or a forbid."""

    uid: str
    lot: str = Field(description="Uid of the lot.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    lot_code: str = Field(description="Code of the lot.", examples=["LOT-2027-0017"])
    line: str = Field(description="Uid of the demand line.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    line_code: str = Field(description="Code of the demand line.", examples=["D-0042"])
    kind: DecisionKind = Field(description="pin: bring at least `kg`; forbid: bring nothing.", examples=["pin"])
    kg: int = Field(description="Least mass of a pin; 0 for a forbid.", examples=[500])
    reason_code: str = Field(description="Why, in a word.", examples=["contract"])
    note: str
    decided_by: str = Field(description="Uid of the one who decided.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    revoked_at: datetime | None
    version: int
    created_at: datetime


_item, _supply, _demand = m.ProposalItem, aliased(m.Proposal), aliased(m.Proposal)
_supplier, _buyer = aliased(Organisation), aliased(Organisation)
_ABOUT = (
    select(
        _item.id, Lot.uid.label("lot"), Lot.code.label("lot_code"), Lot.grade, DemandLine.uid.label("line"),
        DemandLine.code.label("line_code"), Product.code.label("product"), _supply.uid.label("supply"), _demand.uid.label("demand"),
        _supplier.uid.label("supplier"), _supplier.name.label("supplier_name"), _buyer.uid.label("buyer"),
        _buyer.name.label("buyer_name"), VehicleClass.code.label("vehicle_class"), m.Plan.uid.label("plan"),
    )
    .select_from(_item)
    .join(Lot, Lot.id == _item.lot_id)
    .join(DemandLine, DemandLine.id == _item.line_id)
    .join(Product, Product.id == Lot.product_id)
    .join(_supply, _supply.id == _item.supply_proposal_id)
    .join(_demand, _demand.id == _item.demand_proposal_id)
    .join(_supplier, _supplier.id == _supply.organisation_id)
    .join(_buyer, _buyer.id == _demand.organisation_id)
    .join(m.Plan, m.Plan.id == _supply.plan_id)
    .outerjoin(VehicleClass, VehicleClass.id == _item.vehicle_class_id)
    .where(_item.id.in_(bindparam("items", expanding=True)))
)  # fmt: skip
"""What items refer to. Made once, for making a query costs more than asking it."""


class _Around:
    """What items refer to, each kind looked up once."""

    def __init__(self, session: Session, items: Sequence[m.ProposalItem]) -> None:
        self.rows = {row.id: row for row in session.execute(_ABOUT, {"items": [item.id for item in items]})}
        self.promises = _promises(session, items)
        self.figures: dict[int, Figures] = figures_of_items(session, items)
        changed = select(m.ProposalBasis.item_id, m.ProposalBasis.changed).where(m.ProposalBasis.item_id.in_([item.id for item in items]))
        self.changed: dict[int, dict[str, Any] | None] = dict(session.execute(changed).all())


def _promises(session: Session, items: Sequence[m.ProposalItem]) -> dict[int | None, m.Promise]:
    """Return the latest promise of each item."""
    latest = (
        select(func.max(m.Promise.id)).where(m.Promise.proposal_item_id.in_([i.id for i in items])).group_by(m.Promise.proposal_item_id)
    )
    query = select(m.Promise).where(m.Promise.id.in_(latest)).execution_options(populate_existing=True)
    return {promise.proposal_item_id: promise for promise in session.scalars(query)}


def stage_of(item: m.ProposalItem, promise: m.Promise | None) -> Stage:
    """Return how far an item has come."""
    if promise is None or not bound_kg(promise):
        return Stage(item.state.value)
    steps = (
        (promise.loaded_kg, Stage.LOADED),
        (promise.accepted_kg + promise.rejected_kg, Stage.RECEIVED),
        (promise.settled_kg, Stage.SETTLED),
    )
    return next((stage for kg, stage in steps if kg), Stage.CONFIRMED) if not promise.confirmed_kg else Stage.CONFIRMED


def items_out(session: Session, items: Sequence[m.ProposalItem]) -> list[ItemOut]:
    """Return items as the association sees them."""
    around = _Around(session, items)
    return [_item_out(around, item) for item in items]


def item_out(session: Session, item: m.ProposalItem) -> ItemOut:
    """Return an item as the association sees it."""
    return items_out(session, [item])[0]


def _item_out(around: _Around, i: m.ProposalItem) -> ItemOut:
    at, money, promise = around.rows[i.id], around.figures[i.id], around.promises.get(i.id)
    return ItemOut.model_construct(
        uid=i.uid, plan=at.plan, supply_proposal=at.supply, demand_proposal=at.demand,
        lot=at.lot, lot_code=at.lot_code, line=at.line, line_code=at.line_code, product=at.product, grade=at.grade,
        supplier=at.supplier, supplier_name=at.supplier_name, buyer=at.buyer, buyer_name=at.buyer_name,
        kg=i.kg, pickup_on=i.pickup_on, delivery_on=i.delivery_on, vehicle_class=at.vehicle_class,
        own_truck=i.own_km is not None, state=i.state, stage=stage_of(i, promise), reason=i.reason_code, note=i.note,
        ask_vnd_per_kg=money.ask_vnd_per_kg, bid_vnd_per_kg=money.bid_vnd_per_kg, **vars(money.parts), terms=money.terms_version,
        below_floor=money.is_below_floor, changed_since_rejection=around.changed.get(i.id),
        supplier_confirmed_at=i.supplier_confirmed_at, supplier_confirmed_by=i.supplier_confirmed_by,
        buyer_confirmed_at=i.buyer_confirmed_at, buyer_confirmed_by=i.buyer_confirmed_by,
        **_hold(promise), version=i.version, updated_at=i.updated_at, updated_by=i.updated_by,
    )  # fmt: skip


def _hold(promise: m.Promise | None) -> dict[str, Any]:
    alive = promise is not None and bool(promise.held_kg or bound_kg(promise))
    return {
        "promise": promise.uid if promise is not None and alive else None,
        "held_until": promise.expires_at if promise is not None and promise.held_kg else None,
    }


def parts_out(session: Session, items: Sequence[m.ProposalItem], side: Side) -> list[PartOut]:
    """Return items as one side sees them."""
    around = _Around(session, items)
    return [_part_out(around, item, side) for item in items]


def _part_out(around: _Around, i: m.ProposalItem, side: Side) -> PartOut:
    at, money, promise, sells = around.rows[i.id], around.figures[i.id], around.promises.get(i.id), side is Side.SUPPLY
    mine = (i.supplier_confirmed_at, i.supplier_confirmed_by) if sells else (i.buyer_confirmed_at, i.buyer_confirmed_by)
    return PartOut.model_construct(
        uid=i.uid, side=side, product=at.product, grade=at.grade, own=at.lot if sells else at.line,
        own_code=at.lot_code if sells else at.line_code, other_name=at.buyer_name if sells else at.supplier_name,
        kg=i.kg, day=i.pickup_on if sells else i.delivery_on, vehicle_class=at.vehicle_class,
        amount_vnd=money.parts.supplier_vnd if sells else money.parts.buyer_vnd, terms=money.terms_version,
        below_floor=money.is_below_floor if sells else None, state=i.state, stage=stage_of(i, promise), reason=i.reason_code,
        confirmed_at=mine[0], confirmed_by=mine[1],
        other_confirmed=(i.buyer_confirmed_at if sells else i.supplier_confirmed_at) is not None,
        **_hold(promise), version=i.version,
    )  # fmt: skip


def proposals_out(session: Session, proposals: Sequence[m.Proposal]) -> list[ProposalOut]:
    """Return proposals without their items."""
    of = References(session)
    plans = of.uids(m.Plan, {p.plan_id for p in proposals})
    parties = {p.organisation_id for p in proposals}
    uids, names = of.uids(Organisation, parties), of.names(Organisation, parties)
    sizes = _sizes(session, [p.id for p in proposals])
    return [
        ProposalOut.model_construct(
            uid=p.uid, plan=plans[p.plan_id], side=p.side, organisation=uids[p.organisation_id], organisation_name=names[p.organisation_id],
            state=p.state, n_items=sizes.get(p.id, (0, 0))[0], kg=sizes.get(p.id, (0, 0))[1], confirmed_at=p.confirmed_at,
            confirmed_by=p.confirmed_by, version=p.version, created_at=p.created_at, updated_at=p.updated_at,
        )
        for p in proposals
    ]  # fmt: skip


def _sizes(session: Session, numbers: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return how many items each proposal has, and their kilograms."""
    wanted, found = list(numbers), dict[int, tuple[int, int]]()
    for column in (m.ProposalItem.supply_proposal_id, m.ProposalItem.demand_proposal_id):
        query = select(column, func.count(), func.sum(m.ProposalItem.kg)).where(column.in_(wanted)).group_by(column)
        found |= {number: (count, int(kg)) for number, count, kg in session.execute(query)}
    return found


def proposal_detail(session: Session, proposal: m.Proposal) -> ProposalDetail:
    """Return a proposal with its items."""
    column = m.ProposalItem.supply_proposal_id if proposal.side is Side.SUPPLY else m.ProposalItem.demand_proposal_id
    items = session.scalars(select(m.ProposalItem).where(column == proposal.id).order_by(m.ProposalItem.id)).all()
    return ProposalDetail.model_construct(**dict(proposals_out(session, [proposal])[0]), items=parts_out(session, items, proposal.side))


def decisions_out(session: Session, decisions: Sequence[m.Decision]) -> list[DecisionOut]:
    """Return decisions with the pairs that they are about."""
    lots = {lot.id: lot for lot in session.scalars(select(Lot).where(Lot.id.in_({d.lot_id for d in decisions})))}
    lines = {line.id: line for line in session.scalars(select(DemandLine).where(DemandLine.id.in_({d.line_id for d in decisions})))}
    return [
        DecisionOut.model_construct(
            uid=d.uid, lot=lots[d.lot_id].uid, lot_code=lots[d.lot_id].code, line=lines[d.line_id].uid, line_code=lines[d.line_id].code,
            kind=d.kind, kg=d.kg, reason_code=d.reason_code, note=d.note, decided_by=d.decided_by, revoked_at=d.revoked_at,
            version=d.version, created_at=d.created_at,
        )
        for d in decisions
    ]  # fmt: skip
