"""What is told of a run: the audit trail and the events for partners, in the transaction that causes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from service import audit
from service.audit import Deed
from service.db import now
from service.planning.models import Plan, Run
from service.planning.states import RunState
from service.webhooks.events import emit

KINDS = {RunState.DONE: "run.done", RunState.FAILED: "run.failed", RunState.STOPPED: "run.stopped"}
SYSTEM = "system"


def tell_end(session: Session, run: Run, plan: Plan | None = None) -> None:
    """Tell that a run has ended, and of the plan that it ended with."""
    session.flush()
    session.refresh(run)
    outcome: dict[str, Any] = {"run": run.uid, "state": run.state.value, "plan": None if plan is None else plan.uid}
    if run.failure_code is not None:
        outcome |= {"failure_code": run.failure_code, "failure_detail": run.failure_detail}
    emit(session, run.association_id, KINDS[run.state], outcome)
    after = outcome | {"attempt": run.attempt, "worker": run.worker, "remark": run.remark}
    deed = Deed(run.association_id, SYSTEM, KINDS[run.state], "run", run.uid, None, after, run.failure_code or "")
    audit.record(session, deed, now(session))


def tell_plan(session: Session, plan: Plan) -> None:
    """Tell the association of a new plan."""
    made = {"plan": plan.uid, "state": plan.state.value, "objective_vnd": plan.objective_vnd, "bound_vnd": plan.bound_vnd}
    emit(session, plan.association_id, "plan.created", made)


def deed_of(run: Run, actor: str, action: str, why: str = "", **after: Any) -> Deed:
    """Return what somebody has done to a run, for the audit trail."""
    return Deed(run.association_id, actor, action, "run", run.uid, None, after, why)
