"""How a run ends: with a verified plan, in the one transaction that stores it; or without, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from matching.model.errors import InputIssue
from matching.model.plan import Result, Status
from matching.texts import remedy
from service.planning.models import Plan
from service.planning.plans import storing
from service.planning.plans.problem_builder import Loaded
from service.planning.states import RunState
from service.report import Report
from service.runs.errors import Failure
from service.runs.queue import Lease, end, fail, owned
from service.runs.run_events import tell_end, tell_plan

MOST_ISSUES = 200
MOST_WARNINGS = 50
ONLY_VOLUMES = "a plan of volumes alone has no trips and can't be published"


def keep_plan(session: Session, lease: Lease, loaded: Loaded, result: Result, figures: dict[str, Any], engine: str, remark: str) -> Plan:
    """Store a verified plan as a draft and end the run with it.

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
    plan = storing.store(session, loaded, result, engine, run.id, figures=figures)
    end(run, RunState.STOPPED if run.state is RunState.STOPPING else RunState.DONE)
    run.remark = "; ".join(filter(None, (remark, ONLY_VOLUMES if result.status is Status.RELAXED else "")))
    session.flush()
    tell_plan(session, plan)
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
