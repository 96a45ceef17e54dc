"""Use-cases: ask for a run, stop it, try it again. Each is one short transaction; the work is a worker's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from catalog.errors import Invalid, fault
from catalog.models import Association
from catalog.tenancy import Scope, find
from service.planning.models import Run
from service.planning.states import RunState
from service.runs.clock import now_plus
from service.runs.errors import QueueFull, RunEnded, RunUnfinished
from service.runs.messages import TRIPS, Trips
from service.runs.queue import UNFINISHED, end
from service.runs.run_events import tell_end
from service.settings import Settings


@dataclass(frozen=True)
class Wanted:
    """What a run is asked to do.

    Attributes
    ----------
    first, last : the horizon; None where it follows from the dates of lots and lines.
    time_limit_s : None for the service's usual one.
    iterations : limit of the search, for runs that must give the same plan again on any machine; None for none.
    policy : what is wanted beside worth, as ``policy.json`` holds it; empty for nothing.
    policy_source : uid and version of the kept policy that this is; empty for one that was made for the run.
    goes_on : whether it goes on from the plan in force, whatever its policy.
    schedule_key : names a planned occasion such as ``nightly-2027-06-07``; a second run of the same one is never made.
    """

    first: date | None = None
    last: date | None = None
    time_limit_s: float | None = None
    seed: int = 0
    trips: Trips = "full"
    iterations: int | None = None
    schedule_key: str | None = None
    note: str = ""
    policy: dict[str, Any] = field(default_factory=dict)
    goes_on: bool = False
    policy_source: dict[str, Any] = field(default_factory=dict)


def submit(session: Session, scope: Scope, wanted: Wanted, by: str, settings: Settings) -> tuple[Run, bool]:
    """Queue a run; return it and whether it is new: one of the same `schedule_key` is returned as it is.

    Raises
    ------
    Invalid
        If the horizon ends before it starts, or the time limit is longer than the service allows.
    QueueFull
        If the association has too many runs under way.
    """
    _require_sane(wanted, settings)
    before = _same_occasion(session, scope, wanted.schedule_key)
    if before is not None:
        return before, False
    _require_room(session, scope, settings)
    run = _row(scope, wanted, by, settings)
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError:
        before = _same_occasion(session, scope, wanted.schedule_key)
        if before is None:
            raise
        return before, False
    session.refresh(run)
    return run, True


def stop(session: Session, scope: Scope, uid: str, by: str) -> Run:
    """Ask a run to stop and keep its best plan; one that waits stops at once, one that stops already goes on doing so.

    Raises
    ------
    NotFound
        If there is no such run.
    RunEnded
        If it has ended.
    """
    run = find(session, scope, Run, uid, lock=True)
    if run.state not in UNFINISHED:
        raise RunEnded(f"run {uid} has ended: {run.state.value}", run.updated_by, run.finished_at)
    if run.state is RunState.QUEUED:
        end(run, RunState.STOPPED)
        run.remark, run.updated_by = "stopped before it began", by
        tell_end(session, run)
    elif run.state is RunState.RUNNING:
        run.state, run.updated_by = RunState.STOPPING, by
        session.flush()
    return run


def retry(session: Session, scope: Scope, uid: str, by: str, settings: Settings) -> Run:
    """Queue a run like one that has ended, on what is offered and asked for by then.

    Raises
    ------
    NotFound
        If there is no such run.
    RunUnfinished
        If it hasn't ended.
    QueueFull
        If the association has too many runs under way.
    """
    before = find(session, scope, Run, uid)
    if before.state in UNFINISHED:
        raise RunUnfinished(f"run {uid} has not ended: {before.state.value}")
    _require_room(session, scope, settings)
    run = _row(scope, replace(asked_of(before), schedule_key=None), by, settings)
    run.parent_id = before.id
    session.add(run)
    session.flush()
    session.refresh(run)
    return run


def asked_of(run: Run) -> Wanted:
    """Return what a run was asked to do."""
    given = run.parameters
    return Wanted(
        first=run.horizon_from,
        last=run.horizon_until,
        time_limit_s=run.time_limit_s,
        seed=run.seed,
        trips=given.get("trips", "full"),
        iterations=given.get("iterations"),
        schedule_key=run.schedule_key,
        note=given.get("note", ""),
        policy=given.get("policy", {}),
        goes_on=given.get("goes_on", False),
        policy_source=given.get("policy_source", {}),
    )


def _row(scope: Scope, wanted: Wanted, by: str, settings: Settings) -> Run:
    names = ("trips", "iterations", "note", "policy", "goes_on", "policy_source")
    parameters: dict[str, Any] = {name: getattr(wanted, name) for name in names}
    return Run(
        association_id=scope.association_id,
        horizon_from=wanted.first,
        horizon_until=wanted.last,
        parameters={name: value for name, value in parameters.items() if value not in (None, "", {}, False)},
        time_limit_s=settings.run_seconds if wanted.time_limit_s is None else wanted.time_limit_s,
        seed=wanted.seed,
        schedule_key=wanted.schedule_key,
        created_at=now_plus(),
        updated_by=by,
    )


def _require_sane(wanted: Wanted, settings: Settings) -> None:
    faults = []
    if wanted.first is not None and wanted.last is not None and wanted.last < wanted.first:
        faults.append(fault("horizon_from,horizon_until", f"{wanted.first} {wanted.last}", "a horizon that doesn't end before it starts"))
    if wanted.time_limit_s is not None and not 1 <= wanted.time_limit_s <= settings.run_seconds_most:
        faults.append(fault("time_limit_s", wanted.time_limit_s, f"1 to {settings.run_seconds_most:g} seconds"))
    if wanted.policy and wanted.trips == "none":
        faults.append(fault("policy", wanted.trips, "direct or full trips: volumes alone know no policy"))
    if wanted.trips not in TRIPS:
        faults.append(fault("trips", wanted.trips, f"one of {', '.join(TRIPS)}"))
    if faults:
        raise Invalid(faults)


def _require_room(session: Session, scope: Scope, settings: Settings) -> None:
    """Refuse more runs than the association may have; the association's row is locked, so that two at a time don't both fit."""
    session.execute(select(Association.id).where(Association.id == scope.association_id).with_for_update(key_share=True))
    count = select(func.count()).where(Run.association_id == scope.association_id, Run.state.in_(UNFINISHED))
    if (session.scalar(count) or 0) >= settings.runs_waiting:
        raise QueueFull(f"{settings.runs_waiting} runs of this association wait or work already")


def _same_occasion(session: Session, scope: Scope, key: str | None) -> Run | None:
    if key is None:
        return None
    return session.scalars(select(Run).where(Run.association_id == scope.association_id, Run.schedule_key == key)).one_or_none()
