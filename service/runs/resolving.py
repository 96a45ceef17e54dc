"""Planning again around what has been decided.

Approved items keep their kilograms in the ledger, so a new plan never sees them; pins and forbids stand as decisions that it must keep.
What is only proposed is free, and is superseded when the new plan is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.tenancy import Scope, find
from service.planning import models as m
from service.planning.errors import PlanStale
from service.planning.journal import Journal
from service.planning.ledger.transitions import Act
from service.planning.proposals.items import current_plan
from service.planning.states import PlanState, ProposalState
from service.runs.submission import Wanted, asked_of, submit
from service.settings import Settings


@dataclass(frozen=True)
class Around:
    """What a new run keeps: approved items with their kilograms, and decisions."""

    run: m.Run
    items: int
    kg: int
    decisions: int


def resolve_around(
    session: Session, scope: Scope, plan_uid: str, act: Act, settings: Settings, *, time_limit_s: float | None = None, note: str = ""
) -> Around:
    """Queue a run over the same horizon as a plan's, around what has been approved, pinned and forbidden since.

    Raises
    ------
    PlanStale
        If the plan isn't the current one.
    QueueFull
        If the association has too many runs under way.
    """
    plan = find(session, scope, m.Plan, plan_uid)
    if plan.state is not PlanState.CURRENT:
        raise PlanStale(f"the plan {plan.uid} has been superseded", current_plan(session, plan.association_id))
    before = None if plan.run_id is None else session.get_one(m.Run, plan.run_id)
    wanted = Wanted() if before is None else replace(asked_of(before), schedule_key=None)
    wanted = replace(wanted, time_limit_s=time_limit_s or wanted.time_limit_s, note=note, goes_on=True)
    with Journal(session, scope.association_id, act) as journal:
        run, _ = submit(session, scope, wanted, act.actor, settings)
        run.parent_id = plan.run_id
        session.flush()
        session.refresh(run)
        kept = _kept(session, plan)
        journal.note("plan.resolve_around", plan, {}, {"run": run.uid, "items": kept[0], "kg": kept[1], "decisions": kept[2]})
    return Around(run, *kept)


def _kept(session: Session, plan: m.Plan) -> tuple[int, int, int]:
    i, a = m.ProposalItem, m.PlanAllocation
    approved = select(func.count(), func.coalesce(func.sum(i.kg), 0)).join(a, a.id == i.allocation_id)
    count, kg = session.execute(approved.where(a.plan_id == plan.id, i.state == ProposalState.APPROVED)).one()
    standing = select(func.count()).where(m.Decision.association_id == plan.association_id, m.Decision.revoked_at.is_(None))
    return int(count), int(kg), int(session.execute(standing).scalar_one())
