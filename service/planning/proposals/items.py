"""The items of proposals: found for a scope, locked in the one order, and kept in step with the ledger and with their proposals.

Whoever changes items locks, in this order, their plans (shared), their lots, their lines; everything else about an item is changed
under the lock of its lot, so two people who decide about one item meet there. The later one then sees what the earlier one did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select, text, union
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import flag_modified

from buyers.models import DemandLine
from catalog.errors import NotFound
from catalog.models import Lot, Organisation, Side
from catalog.tenancy import Scope, visible
from service.planning.errors import PlanStale
from service.planning.joint import together
from service.planning.journal import Journal, before
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.models import WAITING, Plan, PlanAllocation, Promise, Proposal, ProposalItem
from service.planning.plans.freshness import stale_pairs
from service.planning.states import PlanState, ProposalState

CONFIRMATION = ("supplier_confirmed_at", "supplier_confirmed_by", "buyer_confirmed_at", "buyer_confirmed_by")
SYSTEM = "system"
_OWN: dict[Side, tuple[Any, Any, Any]] = {
    Side.SUPPLY: (ProposalItem.supply_proposal_id, ProposalItem.supplier_confirmed_at, ProposalItem.supplier_confirmed_by),
    Side.DEMAND: (ProposalItem.demand_proposal_id, ProposalItem.buyer_confirmed_at, ProposalItem.buyer_confirmed_by),
}
"""Of each side: an item's proposal, and when and by whom it was confirmed."""


_supply, _demand = aliased(Proposal), aliased(Proposal)
_SIDES = (
    select(ProposalItem.id, Lot.uid, DemandLine.uid, _supply.uid, _demand.uid, _supply.organisation_id, _demand.organisation_id)
    .select_from(ProposalItem)
    .join(Lot, Lot.id == ProposalItem.lot_id)
    .join(DemandLine, DemandLine.id == ProposalItem.line_id)
    .join(_supply, _supply.id == ProposalItem.supply_proposal_id)
    .join(_demand, _demand.id == ProposalItem.demand_proposal_id)
    .where(ProposalItem.id.in_(bindparam("items", expanding=True)))
)
"""Of an item: lot, line, both proposals, supplier and buyer. Made once, for making a query costs more than asking it."""
_BASIS = (
    select(Plan, PlanAllocation.lot_version, PlanAllocation.line_version, Lot.version, DemandLine.version)
    .join(PlanAllocation, PlanAllocation.plan_id == Plan.id)
    .join(Lot, Lot.id == PlanAllocation.lot_id)
    .join(DemandLine, DemandLine.id == PlanAllocation.line_id)
    .where(PlanAllocation.id == bindparam("allocation"))
    .execution_options(populate_existing=True)
)
"""Of an allocation: its plan, and the versions of its lot and line, then and now."""


def items(scope: Scope, *, plan: str = "", states: Sequence[ProposalState] = ()) -> Select[Any]:
    """Select items, of one plan (uid) and in some states where these are given; sort by ``id``."""
    query = visible(ProposalItem, scope)
    if plan:
        of_plan = select(PlanAllocation.id).join(Plan, Plan.id == PlanAllocation.plan_id).where(Plan.uid == plan)
        query = query.where(ProposalItem.allocation_id.in_(of_plan))
    return query.where(ProposalItem.state.in_(states)) if states else query


def proposals(scope: Scope, *, plan: str = "", states: Sequence[ProposalState] = (), side: Side | None = None) -> Select[Any]:
    """Select proposals, of one plan (uid), side and some states where these are given; sort by ``created_at, id``."""
    query = visible(Proposal, scope)
    if plan:
        query = query.where(Proposal.plan_id.in_(select(Plan.id).where(Plan.uid == plan)))
    if side is not None:
        query = query.where(Proposal.side == side)
    return query.where(Proposal.state.in_(states)) if states else query


def locked(session: Session, scope: Scope, uids: Sequence[str]) -> dict[str, ProposalItem]:
    """Return visible items by uid as they are once their plans, lots and lines are locked; those of joint offers with all of their lots.

    Raises
    ------
    NotFound
        Naming the first uid that the scope can't see.
    """
    i, a = ProposalItem, PlanAllocation
    places = select(i.uid, i.id, i.lot_id, i.line_id, a.plan_id).join(a, a.id == i.allocation_id)
    found = session.execute(places.where(i.uid.in_(uids), i.id.in_(visible(i, scope).with_only_columns(i.id)))).all()
    seen = {row.uid for row in found}
    for uid in uids:
        if uid not in seen:
            raise NotFound("proposal item", uid)
    plans = sorted({row.plan_id for row in found})
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(Plan.id).where(Plan.id.in_(plans)).order_by(Plan.id).with_for_update(read=True)).all()
    beside = together.lots_beside(session, {(row.lot_id, row.line_id) for row in found})
    transitions.lock(session, [*(row.lot_id for row in found), *beside], [row.line_id for row in found])
    fresh = select(i).where(i.id.in_([row.id for row in found])).execution_options(populate_existing=True)
    return {item.uid: item for item in session.scalars(fresh)}


def plan_of(session: Session, item: ProposalItem) -> Plan:
    """Return an item's plan as it is now."""
    query = select(Plan).join(PlanAllocation, PlanAllocation.plan_id == Plan.id).where(PlanAllocation.id == item.allocation_id)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def promise_of(session: Session, item: ProposalItem) -> Promise | None:
    """Return the latest promise that was made for an item, None if there never was one."""
    query = select(Promise).where(Promise.proposal_item_id == item.id).order_by(Promise.id.desc()).limit(1)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def bound_kg(promise: Promise | None) -> int:
    """Return the kilograms of a promise that both sides have confirmed, wherever they are now."""
    if promise is None:
        return 0
    return promise.confirmed_kg + promise.loaded_kg + promise.accepted_kg + promise.rejected_kg + promise.settled_kg


def require_current(session: Session, item: ProposalItem) -> None:
    """Refuse an item whose plan isn't the current one, or whose lot or line has been edited since the plan was made.

    Raises
    ------
    PlanStale
        Naming the current plan.
    """
    plan, *planned, lot_version, line_version = session.execute(_BASIS, {"allocation": item.allocation_id}).one()
    if plan.state is not PlanState.CURRENT or item.state is ProposalState.SUPERSEDED:
        raise PlanStale(f"the plan {plan.uid} has been superseded", current_plan(session, plan.association_id))
    if planned != [lot_version, line_version]:
        now: Any = session.get_one(
            *((Lot, item.lot_id) if planned[0] != lot_version else (DemandLine, item.line_id)), populate_existing=True
        )
        kind = "lot" if isinstance(now, Lot) else "line"
        raise PlanStale(f"the {kind} {now.code} has changed since the plan was made", plan.uid, now.updated_by, now.updated_at)
    for lot, line in stale_pairs(session, plan, [item.allocation_id]):
        raise PlanStale(f"the lot {lot} may no longer go to the line {line}: withdrawn, forbidden, or without its certificate", plan.uid)


def current_plan(session: Session, association_id: int) -> str | None:
    """Return the uid of the association's current plan."""
    current = select(Plan.uid).where(Plan.association_id == association_id, Plan.state == PlanState.CURRENT)
    return session.scalars(current.order_by(Plan.id.desc()).limit(1)).one_or_none()


def clear_confirmations(item: ProposalItem) -> None:
    """Forget what both sides have said, because what they said it to has changed."""
    for column in CONFIRMATION:
        setattr(item, column, None)


def touch(item: ProposalItem, act: Act) -> None:
    """Let an item say who changed it last, and when; its version rises, even if that was the same person at the same moment."""
    item.updated_at, item.updated_by = act.at, act.actor
    flag_modified(item, "updated_at")


def refresh_proposals(session: Session, changed: Iterable[ProposalItem], act: Act) -> None:
    """Let the proposals of some items say what their items say; their versions rise with each change of an item."""
    session.flush()
    wanted = {number for item in changed for number in (item.supply_proposal_id, item.demand_proposal_id)}
    fresh = select(Proposal).where(Proposal.id.in_(wanted)).order_by(Proposal.id).with_for_update()
    proposals_ = session.scalars(fresh.execution_options(populate_existing=True)).all()
    counts = {side: _counts(session, side, [one.id for one in proposals_ if one.side is side]) for side in _OWN}
    for proposal in proposals_:
        _refresh(session, proposal, counts[proposal.side][proposal.id])
        proposal.updated_at, proposal.updated_by = act.at, act.actor
    session.flush()


def _counts(session: Session, side: Side, numbers: Sequence[int]) -> dict[int, dict[ProposalState, tuple[int, int]]]:
    """Return of each proposal of a side how many items stand in each state, and how many of them that side has confirmed."""
    mine, answered_at, _ = _OWN[side]
    counts = select(mine, ProposalItem.state, func.count(), func.count(answered_at)).where(mine.in_(numbers))
    found: dict[int, dict[ProposalState, tuple[int, int]]] = {}
    for number, state, total, answered in session.execute(counts.group_by(mine, ProposalItem.state)):
        found.setdefault(number, {})[state] = (total, answered)
    return found


def _refresh(session: Session, proposal: Proposal, found: dict[ProposalState, tuple[int, int]]) -> None:
    mine, answered_at, answered_by = _OWN[proposal.side]
    proposal.state = next(state for state in ProposalState if state in found)
    total, answered = found.get(ProposalState.APPROVED, (0, 0))
    proposal.confirmed_at, proposal.confirmed_by = None, None
    if proposal.state is ProposalState.APPROVED and total == answered:
        approved = select(answered_at, answered_by).where(mine == proposal.id, ProposalItem.state == ProposalState.APPROVED)
        proposal.confirmed_at, proposal.confirmed_by = session.execute(approved.order_by(answered_at.desc()).limit(1)).one()


def expire(session: Session, at: datetime, limit: int = 1000) -> int:
    """Give back the kilograms of holds that have run out, put their items back on the broker's desk; return how many holds that were.

    An item of the current plan is proposed again; one of an older plan is superseded. Whoever keeps the service running calls this.
    """
    released = transitions.expire_holds(session, at, limit)
    for item in session.scalars(lapsed(limit)).all():
        association_id = session.get_one(Proposal, item.supply_proposal_id).association_id
        with Journal(session, association_id, Act(SYSTEM, "the hold has run out", at)) as journal:
            lapse(session, journal, item)
    return released


def lapsed(limit: int) -> Select[Any]:
    """Select items that wait for an answer and none of whose kilograms is held or confirmed any more."""
    p = aliased(Promise)
    alive = select(p.id).where(p.proposal_item_id == ProposalItem.id, or_(p.held_kg > 0, bound_kg_sql(p) > 0))
    # Two searches by index: one condition with "or" would read every item that ever was.
    agreed_alone = select(ProposalItem.id).where(ProposalItem.state == ProposalState.APPROVED, ProposalItem.id.in_(together.joint_items()))
    either = union(select(ProposalItem.id).where(text(WAITING)), agreed_alone)
    query = select(ProposalItem).where(ProposalItem.id.in_(either), ~alive.exists())
    return query.order_by(ProposalItem.id).limit(limit).with_for_update(skip_locked=True)


def bound_kg_sql(promise: Any) -> Any:
    """Return `bound_kg` as a condition of a query."""
    return promise.confirmed_kg + promise.loaded_kg + promise.accepted_kg + promise.rejected_kg + promise.settled_kg


def lapse(session: Session, journal: Journal, item: ProposalItem) -> None:
    """Put an item back on the broker's desk after its hold has run out."""
    was = before(item)
    current = plan_of(session, item).state is PlanState.CURRENT
    item.state = ProposalState.PROPOSED if current else ProposalState.SUPERSEDED
    clear_confirmations(item)
    touch(item, journal.act)
    refresh_proposals(session, [item], journal.act)
    journal.note("proposal_item.lapse", item, was)
    tell(session, journal, "promise.expired", item)


def parties(session: Session, item: ProposalItem) -> tuple[Organisation, Organisation]:
    """Return an item's supplier and buyer."""
    query = select(Organisation).join(Proposal, Proposal.organisation_id == Organisation.id)
    supply, demand = (
        session.scalars(query.where(Proposal.id == number)).one() for number in (item.supply_proposal_id, item.demand_proposal_id)
    )
    return supply, demand


def tell(session: Session, journal: Journal, kind: str, item: ProposalItem, **more: Any) -> None:
    """Tell the association, the supplier and the buyer of an event of one item; neither is told of the other's price."""
    tell_many(session, journal, kind, [item], **more)


def tell_many(session: Session, journal: Journal, kind: str, changed: Sequence[ProposalItem], **more: Any) -> None:
    """Tell of an event of each of some items, see `tell`."""
    sides = {row[0]: row[1:] for row in session.execute(_SIDES, {"items": [item.id for item in changed]})}
    for item in changed:
        lot, line, selling, buying, supplier, buyer = sides[item.id]
        common = {
            "item": item.uid, "lot": lot, "line": line, "kg": item.kg, "state": item.state.value,
            "pickup_on": item.pickup_on and item.pickup_on.isoformat(),
            "delivery_on": item.delivery_on and item.delivery_on.isoformat(), **more,
        }  # fmt: skip
        own = {supplier: {**common, "proposal": selling}, buyer: {**common, "proposal": buying}}
        journal.tell(kind, {**common, "supply_proposal": selling, "demand_proposal": buying}, own)
