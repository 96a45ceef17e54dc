"""How a run ends: with a verified plan, in the one transaction that stores it; or without, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.errors import InputIssue
from matching.plan import Result, Status
from matching.problem import IntArray
from service.planning import results
from service.planning.models import LineBalance, LotBalance, Plan, Run
from service.planning.rows import Loaded
from service.planning.states import PlanState, RunState
from service.report import Report
from service.runs.errors import Failure
from service.runs.queue import Lease, end, fail, owned
from service.runs.telling import tell_end, tell_plan

MOST_ISSUES = 200
MOST_WARNINGS = 50
PART = 1000
OVERTAKEN = "supply or demand that the plan uses was promised to others while it was made"
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
    overtaken = ONLY_VOLUMES if result.status is Status.RELAXED else _overtaken(session, run, loaded, result)
    current = select(Plan.uid).where(Plan.association_id == run.association_id, Plan.state == PlanState.CURRENT)
    replaced = [] if overtaken else list(session.scalars(current))
    plan = results.store(session, loaded, result, engine, run.id, figures=figures, overtaken=bool(overtaken))
    end(run, RunState.STOPPED if run.state is RunState.STOPPING else RunState.DONE)
    run.remark = "; ".join(filter(None, (remark, overtaken)))
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
    return {name: getattr(issue, name) for name in ("table", "row", "column", "value", "expected")}


def figures_of(report: Report) -> dict[str, Any]:
    """Return a report as it is kept with a plan."""
    figures = report.as_json()
    return figures | {"warnings": list(report.warnings[:MOST_WARNINGS])}


def _overtaken(session: Session, run: Run, loaded: Loaded, result: Result) -> str:
    """Say why the plan no longer fits; empty if it does."""
    later = select(Plan.id).join(Run, Run.id == Plan.run_id)
    later = later.where(Plan.association_id == run.association_id, Plan.state == PlanState.CURRENT, Run.started_at > run.started_at)
    if session.scalar(later.limit(1)) is not None:
        return LATER
    a = result.plan.allocations
    lots = _sums(loaded.lot_ids[a.lot], a.kg)
    lines = _sums(loaded.line_ids[a.line], a.kg)
    left = _left(session, LotBalance.lot_id, LotBalance.offered_kg, lots)
    wanted = _left(session, LineBalance.line_id, LineBalance.quantity_kg - LineBalance.promised_kg, lines)
    short = any(kg > left.get(lot, 0) for lot, kg in lots.items()) or any(kg > wanted.get(line, 0) for line, kg in lines.items())
    return OVERTAKEN if short else ""


def _sums(ids: IntArray, kg: IntArray) -> dict[int, int]:
    found, place = np.unique(ids, return_inverse=True)
    total = np.zeros(len(found), dtype=np.int64)
    np.add.at(total, place, kg)
    return dict(zip(found.tolist(), total.tolist()))


def _left(session: Session, key: Any, kg: Any, wanted: Iterable[int]) -> dict[int, int]:
    """Return what is left of each, read a thousand at a time."""
    ids, left = sorted(wanted), dict[int, int]()
    for first in range(0, len(ids), PART):
        left |= dict(session.execute(select(key, kg).where(key.in_(ids[first : first + PART]))).all())
    return left
