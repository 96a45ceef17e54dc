"""Publishing a draft plan: its allocations are put to both sides, and it takes the place of the plan in force.

Only this makes proposals. The former plan's undecided items are superseded; its approved items and promises stay as they are, and are
decided about like any others. An allocation that no longer rests on what the plan was made from is not put to anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, or_, select, update
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.errors import Conflict, NeedsConfirmation
from catalog.models import Association, Lot, Side
from catalog.tenancy import Scope, check_version, find
from matching.model.plan import Status
from service.planning import models as m
from service.planning.bulk_insert import insert_rows
from service.planning.journal import Journal, before
from service.planning.ledger.transitions import Act
from service.planning.models import LineBalance, LotBalance
from service.planning.plans import rejections
from service.planning.plans.freshness import stale_numbers
from service.planning.states import PlanState, ProposalState
from service.runs import policies

QUIET = {"synchronize_session": False}
UNANSWERED = m.ProposalItem.state == ProposalState.PROPOSED


class PlanNotDraft(Conflict):
    """The plan has been published before."""

    code = "plan_not_draft"


class PlanNotPublishable(Conflict):
    """The plan has no trips, so nothing of it can be put to anybody."""

    code = "plan_not_publishable"


@dataclass(frozen=True)
class Publication:
    """What publishing a plan has done.

    Attributes
    ----------
    replaced : uid of the plan that was in force before.
    items, kg : what was put to both sides.
    changed : allocations left out because their lot, line or proofs have changed since the plan was made.
    taken : allocations left out because promises have left too little for them.
    rejected : allocations left out because somebody rejected the pair and nothing material has changed since.
    proposed_again : items whose pair was rejected before; their basis says what has changed.
    """

    plan: m.Plan
    replaced: str | None
    items: int
    kg: int
    changed: int
    taken: int
    rejected: int
    proposed_again: int


@dataclass
class LeftOut:
    """Numbers of the items that are not put to anybody, by reason."""

    changed: list[int]
    rejected: list[int]
    taken: list[int]

    def all(self) -> list[int]:
        return [*self.changed, *self.rejected, *self.taken]


def publish(session: Session, scope: Scope, uid: str, act: Act, version: int | None = None, *, confirmed: bool = False) -> Publication:
    """Put a draft in force in place of the plan that is.

    Parameters
    ----------
    confirmed : whether the one who acts means it, although the plan is empty or is for other days than the plan in force.

    Raises
    ------
    Stale
        If the plan has changed since `version`.
    PlanNotDraft
        If it has been published; says by whom and when.
    PlanNotPublishable
        If it has no trips.
    NeedsConfirmation
        If it is empty or for other days, and undecided items of the plan in force would be superseded.
    """
    draft, current = _locked(session, scope, uid)
    check_version(draft, version)
    _require_publishable(draft)
    if current is not None and not confirmed and (doubt := doubt_about(session, draft, current)):
        raise NeedsConfirmation("confirmed", doubt)
    notices = policies.what_changes(session, draft)
    was, replaced = before(draft), supersede(session, scope.association_id)
    draft.state, draft.published_at, draft.published_by, draft.updated_by = PlanState.CURRENT, act.at, act.actor, act.actor
    session.flush()
    done = _propose(session, draft, None if current is None else current.uid)
    with Journal(session, scope.association_id, act) as journal:
        journal.note("plan.publish", draft, was)
        _tell(session, journal, done, replaced)
    if notices is not None:
        policies.tell_changes(session, draft, notices)
    return done


def supersede(session: Session, association_id: int) -> list[int]:
    """Supersede the plan in force and the items that nobody has decided about; return the numbers of the proposals that had such items.

    A proposal then says what is left of it: approved or rejected items, or none.
    """
    plans = update(m.Plan).where(m.Plan.association_id == association_id, m.Plan.state == PlanState.CURRENT)
    session.execute(plans.values(state=PlanState.SUPERSEDED, version=m.Plan.version + 1).execution_options(**QUIET))
    mine = select(m.Proposal.id).where(m.Proposal.association_id == association_id, m.Proposal.state == ProposalState.PROPOSED)
    asked = list(session.scalars(mine))
    items = update(m.ProposalItem).where(m.ProposalItem.supply_proposal_id.in_(asked), UNANSWERED)
    session.execute(items.values(state=ProposalState.SUPERSEDED, version=m.ProposalItem.version + 1).execution_options(**QUIET))
    proposals = update(m.Proposal).where(m.Proposal.id.in_(asked))
    session.execute(proposals.values(state=_remaining_state(), version=m.Proposal.version + 1).execution_options(**QUIET))
    session.expire_all()
    return asked


def days_of(session: Session, plan_id: int) -> tuple[date, date] | None:
    """Return the first pick-up and the last delivery of a plan; None for an empty one."""
    a = m.PlanAllocation
    first, last = session.execute(select(func.min(a.pickup_on), func.max(a.delivery_on)).where(a.plan_id == plan_id)).one()
    return None if first is None or last is None else (first, last)


def _locked(session: Session, scope: Scope, uid: str) -> tuple[m.Plan, m.Plan | None]:
    """Return a plan and the one in force, with nobody else publishing, and nobody deciding about the latter's items."""
    session.execute(select(Association.id).where(Association.id == scope.association_id).with_for_update(key_share=True))
    draft = find(session, scope, m.Plan, uid)
    in_force = (m.Plan.association_id == scope.association_id) & (m.Plan.state == PlanState.CURRENT)
    query = select(m.Plan).where(or_(in_force, m.Plan.id == draft.id)).order_by(m.Plan.id)
    found = session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
    return draft, next((one for one in found if one.state is PlanState.CURRENT), None)


def _require_publishable(draft: m.Plan) -> None:
    if draft.state is not PlanState.DRAFT:
        raise PlanNotDraft(f"the plan {draft.uid} has been published already", draft.published_by, draft.published_at)
    if draft.status == Status.RELAXED.value:
        raise PlanNotPublishable("a plan of volumes alone has no trips: plan with trucks, then publish that plan")


def doubt_about(session: Session, draft: m.Plan, current: m.Plan) -> str:
    """Return why one must say that a plan is meant: it would end undecided items and put no others, or others' days, in their place."""
    i, a = m.ProposalItem, m.PlanAllocation
    query = select(func.count(), func.min(i.pickup_on), func.max(i.delivery_on)).join(a, a.id == i.allocation_id)
    undecided, first, last = session.execute(query.where(a.plan_id == current.id, UNANSWERED)).one()
    days = days_of(session, draft.id)
    if undecided and days is None:
        return f"this plan is empty, and {undecided} undecided proposals of the plan in force would end"
    if days is not None and first is not None and last is not None and (days[1] < first or last < days[0]):
        return f"this plan is for {days[0]} to {days[1]}, and {undecided} undecided proposals for {first} to {last} would end"
    return ""


def _remaining_state() -> ColumnElement[Any]:
    """Return the state of a proposal none of whose items is proposed any more."""
    own = or_(m.ProposalItem.supply_proposal_id == m.Proposal.id, m.ProposalItem.demand_proposal_id == m.Proposal.id)

    def has(state: ProposalState) -> ColumnElement[bool]:
        return select(m.ProposalItem.id).where(own, m.ProposalItem.state == state).correlate(m.Proposal).exists()

    left = ((has(state), literal(state.value)) for state in (ProposalState.APPROVED, ProposalState.REJECTED))
    return case(*left, else_=literal(ProposalState.SUPERSEDED.value))


def _propose(session: Session, plan: m.Plan, replaced: str | None) -> Publication:
    """Put each allocation to its supplier and to its buyer, but for those that can't be."""
    found = rejections.rejections(session, plan.association_id)
    changed_since = rejections.changes_since(session, plan.association_id, found)
    _insert_items(session, plan)
    items = _items(session, plan.id)
    left_out = sort_out(session, plan, items, {pair for pair, changed in changed_since.items() if not changed})
    _leave_out(session, plan, left_out.all())
    gone = set(left_out.all())
    put = [item for item in items if item.id not in gone]
    again = _keep_basis(session, plan, put, changed_since)
    counts = (len(left_out.changed), len(left_out.taken), len(left_out.rejected))
    return Publication(plan, replaced, len(put), sum(item.kg for item in put), *counts, again)


def _insert_items(session: Session, plan: m.Plan) -> None:
    a = m.PlanAllocation
    columns = select(a.id, a.lot_id, a.line_id, a.kg, a.pickup_on, a.delivery_on, Lot.supplier_id, DemandLine.organisation_id)
    query = columns.join(Lot, Lot.id == a.lot_id).join(DemandLine, DemandLine.id == a.line_id).where(a.plan_id == plan.id)
    rows = session.execute(query.order_by(a.number)).all()
    supply = _proposals(session, plan, Side.SUPPLY, [row.supplier_id for row in rows])
    demand = _proposals(session, plan, Side.DEMAND, [row.organisation_id for row in rows])
    trucks = _first_trucks(session, plan.id)
    items = [
        {
            "allocation_id": row.id,
            "supply_proposal_id": supply[row.supplier_id],
            "demand_proposal_id": demand[row.organisation_id],
            "lot_id": row.lot_id,
            "line_id": row.line_id,
            "kg": row.kg,
            "pickup_on": row.pickup_on,
            "delivery_on": row.delivery_on,
            "vehicle_class_id": trucks.get(row.id),
        }
        for row in rows
    ]
    insert_rows(session, m.ProposalItem, items)


def _proposals(session: Session, plan: m.Plan, side: Side, organisation_ids: Sequence[int]) -> dict[int, int]:
    made = {
        organisation: m.Proposal(association_id=plan.association_id, plan_id=plan.id, organisation_id=organisation, side=side)
        for organisation in sorted(set(organisation_ids))
    }
    session.add_all(made.values())
    session.flush()
    return {organisation: proposal.id for organisation, proposal in made.items()}


def _first_trucks(session: Session, plan_id: int) -> dict[int, int]:
    """Return the class of the truck that picks each allocation up; goods with a carrier have none."""
    leg, trip = m.PlanLeg, m.PlanTrip
    query = select(leg.allocation_id, trip.vehicle_class_id).join(trip, trip.id == leg.trip_id)
    found = session.execute(query.where(trip.plan_id == plan_id, leg.leg == 1, trip.vehicle_class_id.is_not(None)))
    return {allocation: number for allocation, number in found if number is not None}


def _items(session: Session, plan_id: int) -> Sequence[Any]:
    """Return the items of a plan, each with its allocation's number and what its lot and line have left."""
    i, a = m.ProposalItem, m.PlanAllocation
    left = LineBalance.quantity_kg - LineBalance.promised_kg
    query = select(i.id, a.number, i.lot_id, i.line_id, i.kg, LotBalance.offered_kg, left.label("wanted_kg"))
    query = query.join(a, a.id == i.allocation_id).join(LotBalance, LotBalance.lot_id == i.lot_id)
    query = query.join(LineBalance, LineBalance.line_id == i.line_id)
    return session.execute(query.where(a.plan_id == plan_id).order_by(i.id)).all()


def sort_out(session: Session, plan: m.Plan, items: Sequence[Any], rejected: Collection[rejections.Pair]) -> LeftOut:
    """Sort out the items that can't be put to anybody; of the others each lot and line serves as many as it has kilograms for."""
    stale, found = stale_numbers(session, plan), LeftOut([], [], [])
    lots: Counter[int] = Counter()
    lines: Counter[int] = Counter()
    for item in items:
        if item.number in stale:
            found.changed.append(item.id)
        elif (item.lot_id, item.line_id) in rejected:
            found.rejected.append(item.id)
        elif lots[item.lot_id] + item.kg > item.offered_kg or lines[item.line_id] + item.kg > item.wanted_kg:
            found.taken.append(item.id)
        else:
            lots[item.lot_id] += item.kg
            lines[item.line_id] += item.kg
    return found


def _leave_out(session: Session, plan: m.Plan, item_ids: Sequence[int]) -> None:
    """Supersede items that aren't put to anybody, and the proposals that are empty without them."""
    i = m.ProposalItem
    for item in session.scalars(select(i).where(i.id.in_(item_ids))) if item_ids else ():
        item.state = ProposalState.SUPERSEDED
    session.flush()
    alive = or_(i.supply_proposal_id == m.Proposal.id, i.demand_proposal_id == m.Proposal.id) & UNANSWERED
    emptied = select(m.Proposal).where(m.Proposal.plan_id == plan.id, ~select(i.id).where(alive).exists())
    for proposal in session.scalars(emptied):
        proposal.state = ProposalState.SUPERSEDED
    session.flush()


def _keep_basis(session: Session, plan: m.Plan, put: Sequence[Any], changed_since: dict[rejections.Pair, rejections.Changes]) -> int:
    """Keep the facts of each item's pair, and of pairs rejected before what has changed; return how many those are."""
    facts = rejections.pair_facts(session, plan.association_id, {(item.lot_id, item.line_id) for item in put})
    rows = [
        {"item_id": item.id, "facts": facts[item.lot_id, item.line_id], "changed": changed_since.get((item.lot_id, item.line_id))}
        for item in put
    ]
    insert_rows(session, m.ProposalBasis, rows)
    return sum(row["changed"] is not None for row in rows)


def _tell(session: Session, journal: Journal, done: Publication, replaced: Sequence[int]) -> None:
    """Tell the association of the plan, and each supplier and buyer of the proposals that ended and of those that began."""
    plan, p = done.plan, m.Proposal
    journal.tell("plan.published", {"plan": plan.uid, "items": done.items, "kg": done.kg, "replaced": done.replaced})
    if done.replaced is not None:
        journal.tell("plan.superseded", {"plan": done.replaced, "by": plan.uid})
    ended = select(p.uid, m.Plan.uid.label("plan"), p.side, p.state, p.organisation_id).join(m.Plan, m.Plan.id == p.plan_id)
    for row in session.execute(ended.where(p.id.in_(replaced)).order_by(p.id)):
        told = {"proposal": row.uid, "plan": row.plan, "side": row.side.value, "state": row.state.value, "by": plan.uid}
        journal.tell("proposal.superseded", told, {row.organisation_id: None})
    begun = select(p.uid, p.side, p.organisation_id).where(p.plan_id == plan.id, p.state == ProposalState.PROPOSED)
    for uid, side, organisation_id in session.execute(begun.order_by(p.id)):
        journal.tell("proposal.created", {"proposal": uid, "plan": plan.uid, "side": side.value}, {organisation_id: None})
