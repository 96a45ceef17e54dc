"""How a run ends: with a verified plan, in the one transaction that stores it; or without, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matching.model.errors import InputIssue
from matching.model.plan import Result, Status
from matching.texts import remedy
from service.planning.models import Plan, PlanAllocation, ProposalItem, Run
from service.planning.plans import storing
from service.planning.plans.problem_builder import Loaded
from service.planning.states import PlanState, ProposalState, RunState
from service.report import Report
from service.runs.errors import Failure
from service.runs.queue import Lease, end, fail, owned
from service.runs.run_events import tell_end, tell_plan

MOST_ISSUES = 200
MOST_WARNINGS = 50
LATER = "a plan of a later state of supply and demand was there first"
ONLY_VOLUMES = "a plan of volumes alone has no trips and proposes nothing"


def keep_plan(session: Session, lease: Lease, loaded: Loaded, result: Result, figures: dict[str, Any], engine: str, remark: str) -> Plan:
    """Store a verified plan and end the run with it.

    Parameters
    ----------
    result : verified by the caller against what was loaded.
    figures : what the verifier found.
    remark : what is odd about the plan; empty for nothing.

    Raises
    ------
    Fenced
        If the run is no longer this attempt's; nothing is stored then.
    """
    run = owned(session, lease)
    overtaken = _overtaken(session, run, result)
    current = select(Plan.uid).where(Plan.association_id == run.association_id, Plan.state == PlanState.CURRENT)
    replaced = [] if overtaken else list(session.scalars(current))
    plan = storing.store(session, loaded, result, engine, run.id, figures=figures, overtaken=bool(overtaken))
    end(run, RunState.STOPPED if run.state is RunState.STOPPING else RunState.DONE)
    run.remark = "; ".join(filter(None, (remark, overtaken, _late(session, plan))))
    session.flush()
    tell_plan(session, plan, replaced)
    tell_end(session, run, plan)
    return plan


def end_without_plan(session: Session, lease: Lease, code: Failure, detail: str, issues: Sequence[InputIssue] = ()) -> None:
    """End the run as failed; one that was being stopped is just stopped, unless its input was at fault.

    Raises
    ------
    Fenced
        If the run is no longer this attempt's.
    """
    run = owned(session, lease)
    if run.state is RunState.STOPPING and code is Failure.NO_SOLUTION_IN_TIME:
        end(run, RunState.STOPPED)
        run.remark = "stopped before there was a plan"
    else:
        fail(run, code, detail.replace("\x00", ""), [as_json(issue) for issue in issues[:MOST_ISSUES]] or None)
    tell_end(session, run)


def as_json(issue: InputIssue) -> dict[str, Any]:
    """Return an issue as JSON keeps it."""
    told = {name: getattr(issue, name) for name in ("table", "row", "column", "value", "expected")}
    return told | {"vi": remedy(issue, "vi") if issue.code else ""}


def figures_of(report: Report) -> dict[str, Any]:
    """Return a report as it is kept with a plan."""
    figures = report.as_json()
    return figures | {"warnings": list(report.warnings[:MOST_WARNINGS])}


def _overtaken(session: Session, run: Run, result: Result) -> str:
    """Say why the plan doesn't take the place of the current one; empty if it does."""
    if result.status is Status.RELAXED:
        return ONLY_VOLUMES
    later = select(Plan.id).join(Run, Run.id == Plan.run_id)
    later = later.where(Plan.association_id == run.association_id, Plan.state == PlanState.CURRENT, Run.started_at > run.started_at)
    return "" if session.scalar(later.limit(1)) is None else LATER


def _late(session: Session, plan: Plan) -> str:
    """Say how much of the plan was overtaken while it was made; empty if nothing was."""
    i = ProposalItem
    query = select(func.count()).select_from(i).join(PlanAllocation, PlanAllocation.id == i.allocation_id)
    count = session.scalar(query.where(PlanAllocation.plan_id == plan.id, i.state == ProposalState.SUPERSEDED)) or 0
    return f"{count} of its allocations were promised to others or edited while it was made" if count else ""
