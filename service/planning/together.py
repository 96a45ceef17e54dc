"""Approving hundreds of items at once, and taking such approvals back: the same rules as one by one, asked and done by a few statements.

Only items about which nothing at all is in the way are decided here. Whatever is left, `service.planning.proposals.many` tries one by
one, and says what forbids it in the words that it has for that. Both write the same ledger, the same trail and the same events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot
from service.models import AuditEvent
from service.planning import items as desk
from service.planning import ledger, proposals, undo
from service.planning.journal import Journal, before
from service.planning.ledger import Act, Wish
from service.planning.models import Plan, PlanAllocation, Promise, ProposalItem
from service.planning.proposals import Chosen
from service.planning.states import PlanState, ProposalState
from service.runs.freshness import stale_pairs

Items = Mapping[str, ProposalItem]
APPROVE = "proposal_item.approve"
PLAIN = frozenset({"state", "version"})
"""All that an approval changes of an item."""


def approve(session: Session, journal: Journal, chosen: Sequence[Chosen], found: Items, hold_minutes: int) -> Items:
    """Approve those of the chosen items that can be, and return them by uid.

    Where a hold that has run out is approved anew, nothing is: its kilograms come back first, and then the order counts.
    """
    if any(item.state is ProposalState.APPROVED and proposals.run_out(session, item, journal.act) for item in found.values()):
        return {}
    plain = _current(session, _seen(chosen, found, ProposalState.PROPOSED))
    was = {item.id: before(item) for item in plain}
    wishes = [Wish(item.lot_id, item.line_id, item.kg, item.id) for item in plain]
    held = ledger.hold_each(session, wishes, journal.act.at + timedelta(minutes=hold_minutes), journal.act)
    kept = {promise.proposal_item_id for promise in held}
    done = [item for item in plain if item.id in kept]
    _set(session, done, journal.act, state=ProposalState.APPROVED)
    for item in done:
        journal.note(APPROVE, item, was[item.id])
    desk.tell_many(session, journal, "proposal.approved", done)
    return {item.uid: item for item in done}


def take_back_approvals(session: Session, journal: Journal, chosen: Sequence[Chosen], found: Items) -> Items:
    """Take back those approvals after which nothing else has happened, and return their items by uid."""
    waiting = _seen(chosen, found, ProposalState.APPROVED)
    last, promises = _last_deeds(session, journal.association_id, waiting), _promises(session, waiting)
    current = {item.id for item in _of_current(session, waiting)}
    done = [item for item in waiting if item.id in current and item.uid in last and not desk.bound_kg(promises.get(item.id))]
    was = {item.id: before(item) for item in done}
    ledger.release_each(session, [promises[item.id] for item in done if item.id in promises], journal.act)
    forgotten: dict[str, Any] = dict.fromkeys((*desk.CONFIRMATION, "reason_code"))
    _set(session, done, journal.act, state=ProposalState.PROPOSED, **forgotten)
    for item in done:
        undo.note(journal, item, was[item.id], last[item.uid])
    desk.tell_many(session, journal, "proposal.revised", done)
    return {item.uid: item for item in done}


def _seen(chosen: Sequence[Chosen], found: Items, state: ProposalState) -> list[ProposalItem]:
    """Return the chosen items in a state, each once, in their order, unless somebody has changed one since it was seen."""
    wanted = {one.uid: found[one.uid] for one in chosen if one.version in (None, found[one.uid].version)}
    return [item for item in wanted.values() if item.state is state]


def _of_current(session: Session, wanted: Sequence[ProposalItem]) -> list[ProposalItem]:
    """Return the items whose plan is the current one."""
    query = select(PlanAllocation.id).join(Plan, Plan.id == PlanAllocation.plan_id)
    query = query.where(PlanAllocation.id.in_([item.allocation_id for item in wanted]), Plan.state == PlanState.CURRENT)
    current = set(session.scalars(query))
    return [item for item in wanted if item.allocation_id in current]


def _current(session: Session, wanted: Sequence[ProposalItem]) -> list[ProposalItem]:
    """Return the items of the current plan that still rest on what it was made from."""
    a = PlanAllocation
    query = select(a.id, Plan, Lot.code, DemandLine.code).join(Plan, Plan.id == a.plan_id).join(Lot, Lot.id == a.lot_id)
    query = query.join(DemandLine, DemandLine.id == a.line_id).where(a.id.in_([item.allocation_id for item in wanted]))
    query = query.where(Plan.state == PlanState.CURRENT, Lot.version == a.lot_version, DemandLine.version == a.line_version)
    rows = session.execute(query.execution_options(populate_existing=True)).all()
    stale = {(plan.id, *pair) for plan in {row[1] for row in rows} for pair in stale_pairs(session, plan, [row[0] for row in rows])}
    fresh = {number for number, plan, lot, line in rows if (plan.id, lot, line) not in stale}
    return [item for item in wanted if item.allocation_id in fresh]


def _last_deeds(session: Session, association_id: int, wanted: Iterable[ProposalItem]) -> dict[str, AuditEvent]:
    """Return the newest entry about each item, where that is an approval of something that was merely proposed."""
    e = AuditEvent
    newest = select(func.max(e.seq)).where(e.chain == association_id, e.object_uid.in_([item.uid for item in wanted]))
    query = select(e).where(e.chain == association_id, e.seq.in_(newest.group_by(e.object_uid)), e.action == APPROVE)
    return {one.object_uid: one for one in session.scalars(query) if _is_plain(one.before or {})}


def _is_plain(was: Mapping[str, Any]) -> bool:
    return was.get("state") == ProposalState.PROPOSED.value and set(was) <= PLAIN


def _promises(session: Session, wanted: Iterable[ProposalItem]) -> dict[int, Promise]:
    """Return the latest promise of each item."""
    p = Promise
    latest = select(func.max(p.id)).where(p.proposal_item_id.in_([item.id for item in wanted])).group_by(p.proposal_item_id)
    query = select(p).where(p.id.in_(latest)).execution_options(populate_existing=True)
    return {one.proposal_item_id: one for one in session.scalars(query) if one.proposal_item_id is not None}


def _set(session: Session, changed: Sequence[ProposalItem], act: Act, **values: Any) -> None:
    """Set the same columns of many items; their versions rise, and they say who changed them."""
    i, numbers = ProposalItem, [item.id for item in changed]
    told = {"updated_at": act.at, "updated_by": act.actor, "version": i.version + 1}
    session.execute(update(i).where(i.id.in_(numbers)).values(**values, **told), execution_options={"synchronize_session": False})
    session.scalars(select(i).where(i.id.in_(numbers)).execution_options(populate_existing=True)).all()
