"""What deciding about many items at once has in common: which of them are meant, what has been promised of them, and changing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot
from service.planning.ledger.transitions import Act
from service.planning.models import Plan, PlanAllocation, Promise, ProposalItem
from service.planning.plans.freshness import stale_pairs
from service.planning.proposals.decisions import Chosen
from service.planning.states import PlanState, ProposalState

Items = Mapping[str, ProposalItem]
"""Items by uid."""


def seen(chosen: Sequence[Chosen], found: Items, *states: ProposalState) -> list[ProposalItem]:
    """Return the chosen items in some states, each once, in their order, unless somebody has changed one since it was seen."""
    wanted = {one.uid: found[one.uid] for one in chosen if one.version in (None, found[one.uid].version)}
    return [item for item in wanted.values() if item.state in states]


def of_current(session: Session, wanted: Sequence[ProposalItem]) -> list[ProposalItem]:
    """Return the items whose plan is the current one."""
    query = select(PlanAllocation.id).join(Plan, Plan.id == PlanAllocation.plan_id)
    query = query.where(PlanAllocation.id.in_([item.allocation_id for item in wanted]), Plan.state == PlanState.CURRENT)
    current = set(session.scalars(query))
    return [item for item in wanted if item.allocation_id in current]


def fresh(session: Session, wanted: Sequence[ProposalItem]) -> list[ProposalItem]:
    """Return the items of the current plan that still rest on what it was made from."""
    a = PlanAllocation
    query = select(a.id, Plan, Lot.code, DemandLine.code).join(Plan, Plan.id == a.plan_id).join(Lot, Lot.id == a.lot_id)
    query = query.join(DemandLine, DemandLine.id == a.line_id).where(a.id.in_([item.allocation_id for item in wanted]))
    query = query.where(Plan.state == PlanState.CURRENT, Lot.version == a.lot_version, DemandLine.version == a.line_version)
    rows = session.execute(query.execution_options(populate_existing=True)).all()
    stale = {(plan.id, *pair) for plan in {row[1] for row in rows} for pair in stale_pairs(session, plan, [row[0] for row in rows])}
    kept = {number for number, plan, lot, line in rows if (plan.id, lot, line) not in stale}
    return [item for item in wanted if item.allocation_id in kept]


def promises(session: Session, wanted: Sequence[ProposalItem]) -> dict[int, Promise]:
    """Return the latest promise of each item that has one, by the item's number."""
    p = Promise
    latest = select(func.max(p.id)).where(p.proposal_item_id.in_([item.id for item in wanted])).group_by(p.proposal_item_id)
    query = select(p).where(p.id.in_(latest)).execution_options(populate_existing=True)
    return {one.proposal_item_id: one for one in session.scalars(query) if one.proposal_item_id is not None}


def change(session: Session, changed: Sequence[ProposalItem], act: Act, **values: Any) -> None:
    """Set the same columns of many items; their versions rise, and they say who changed them."""
    i, numbers = ProposalItem, [item.id for item in changed]
    if not numbers:
        return
    told = {"updated_at": act.at, "updated_by": act.actor, "version": i.version + 1}
    session.execute(update(i).where(i.id.in_(numbers)).values(**values, **told), execution_options={"synchronize_session": False})
    read_again(session, changed)


def read_again(session: Session, changed: Sequence[ProposalItem]) -> None:
    """Let items be what the database says that they are; a savepoint that is rolled back doesn't do so after `change`."""
    numbers = [item.id for item in changed]
    session.scalars(select(ProposalItem).where(ProposalItem.id.in_(numbers)).execution_options(populate_existing=True)).all()
