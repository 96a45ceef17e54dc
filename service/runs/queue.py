"""The run table as a queue: leases on the database's clock, fenced by the number of the attempt.

A worker owns a run from `lease` until the end of its lease, which it renews. Whoever finds a lease that has run out takes the run over as
the next attempt. From then on everything that the earlier attempt still writes finds a row with another attempt's number and
changes nothing. On PostgreSQL a run that another worker is just leasing is skipped; on SQLite writers take turns anyway.

A session given to these functions must come from `Database.write`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from service import logs
from service.planning.models import Run
from service.planning.states import RunState
from service.runs.clock import now_plus
from service.runs.errors import Failure, Fenced

UNDER_WAY = (RunState.RUNNING, RunState.STOPPING)
UNFINISHED = (RunState.QUEUED, *UNDER_WAY)
MOST_ATTEMPTS = 1000
"""More than any run sees that isn't handed on for ever."""
log = logs.get(__name__)


@dataclass(frozen=True)
class Lease:
    """A worker's right to a run, as long as it lasts.

    Attributes
    ----------
    attempt : the fencing token; a row that carries another belongs to somebody else.
    seconds : how long a renewal lasts.
    """

    run_id: int
    uid: str
    association_id: int
    attempt: int
    worker: str
    seconds: float


OnEnd = Callable[[Session, Run], None]
"""Told of a run that the queue itself has ended, in the same transaction."""


def is_due() -> ColumnElement[bool]:
    """Return the condition that a run waits for a worker, or has lost the one that it had."""
    return or_(Run.state == RunState.QUEUED, Run.state.in_(UNDER_WAY) & (Run.lease_until < now_plus()))


def any_due(session: Session) -> bool:
    """Tell whether there is anything to lease; cheap, and without a lock."""
    return session.scalar(select(Run.id).where(is_due()).limit(1)) is not None


def lease(session: Session, worker: str, seconds: float, most_deaths: int, on_end: OnEnd) -> Lease | None:
    """Take the next run, or None if there is none.

    Associations take turns run by run: the one with the fewest runs under way comes first, then the one whose last run began longest
    ago; of one association's runs the oldest comes first.

    Parameters
    ----------
    worker : name of the one who takes it.
    seconds : how long the lease lasts.
    most_deaths : workers that may die of a run.
    on_end : told of a run of which so many have died that it has failed.
    """
    while True:
        run = session.scalars(_next()).one_or_none()
        if run is None:
            return None
        if run.state is not RunState.QUEUED and not _outlived(session, run, most_deaths, on_end):
            continue
        return _take(session, run, worker, seconds)


def _next() -> Select[Run]:
    others = aliased(Run)
    busy = select(func.count()).where(others.association_id == Run.association_id, others.state.in_(UNDER_WAY)).scalar_subquery()
    served = select(func.max(others.started_at)).where(others.association_id == Run.association_id).scalar_subquery()
    query = select(Run).where(is_due()).order_by(busy, served.is_not(None), served, Run.created_at, Run.id).limit(1)
    return query.with_for_update(of=Run, skip_locked=True).execution_options(populate_existing=True)


def _outlived(session: Session, run: Run, most_deaths: int, on_end: OnEnd) -> bool:
    """Count the death of a run's worker; False if the run ends with it."""
    run.deaths += 1
    log.warning("worker_gone", run=run.uid, worker=run.worker, attempt=run.attempt, deaths=run.deaths)
    if run.deaths >= most_deaths or run.attempt >= MOST_ATTEMPTS:
        fail(run, Failure.CRASH_LOOP, f"{run.deaths} workers died of it, the last one being {run.worker}")
        log.error("crash_loop", run=run.uid, deaths=run.deaths)
    elif run.state is RunState.STOPPING:
        end(run, RunState.STOPPED)
        run.remark = "the worker died before it handed over the best plan"
    else:
        return True
    session.flush()
    on_end(session, run)
    return False


def _take(session: Session, run: Run, worker: str, seconds: float) -> Lease:
    run.state, run.worker, run.attempt = RunState.RUNNING, worker, run.attempt + 1
    run.lease_until = now_plus(seconds)
    if run.started_at is None:
        run.started_at = now_plus()
    session.flush()
    return Lease(run.id, run.uid, run.association_id, run.attempt, worker, seconds)


def _mine(lease: Lease) -> list[ColumnElement[bool]]:
    return [Run.id == lease.run_id, Run.attempt == lease.attempt, Run.worker == lease.worker, Run.state.in_(UNDER_WAY)]


def renew(session: Session, lease: Lease) -> RunState:
    """Let the lease last its full time again; return whether the run goes on or is being stopped.

    Raises
    ------
    Fenced
        If the run is no longer this attempt's.
    """
    kept: dict[str, Any] = {"lease_until": now_plus(lease.seconds), "updated_at": Run.updated_at}
    renewed = update(Run).where(*_mine(lease)).values(**kept).returning(Run.state).execution_options(synchronize_session=False)
    state = session.scalars(renewed).one_or_none()
    if state is None:
        raise Fenced(lease.uid, lease.attempt)
    return state


def owned(session: Session, lease: Lease) -> Run:
    """Return the run's row, locked, if it still belongs to the lease.

    Raises
    ------
    Fenced
        If it doesn't.
    """
    query = select(Run).where(*_mine(lease)).with_for_update().execution_options(populate_existing=True)
    run = session.scalars(query).one_or_none()
    if run is None:
        raise Fenced(lease.uid, lease.attempt)
    return run


def release(session: Session, lease: Lease, *, died: bool = False) -> Run:
    """Give a run back to the queue at once; it keeps its place.

    Parameters
    ----------
    died : count it as a death, so that a run that can't be worked on is given up some day.

    Raises
    ------
    Fenced
        If the run is no longer this attempt's.
    """
    run = owned(session, lease)
    if run.state is RunState.STOPPING:
        end(run, RunState.STOPPED)
        run.remark = "the worker was shut down before there was a plan"
    else:
        run.state, run.worker, run.lease_until = RunState.QUEUED, None, None
    run.deaths += died
    session.flush()
    return run


def end(run: Run, state: RunState) -> None:
    """Let a run end."""
    run.state, run.lease_until = state, None
    run.finished_at = now_plus()


def fail(run: Run, code: Failure, detail: str, issues: list[Any] | None = None) -> None:
    """Let a run end without a plan, and say why."""
    end(run, RunState.FAILED)
    run.failure_code, run.failure_detail, run.failure_issues = code.value, detail[:4000], issues
