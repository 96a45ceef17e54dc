"""Markets, runs and workers for the tests of planning runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, select

from catalog.models import Association
from catalog.tenancy import Scope
from service.db import Database
from service.planning.models import Plan, Run, RunProgress
from service.planning.plans.importing import import_problem
from service.planning.states import RunState
from service.runs.messages import Solver
from service.runs.submission import Wanted, submit
from service.runs.worker import Worker
from service.settings import Settings
from tests.matching.builders import build_problem
from tests.service import run_solvers

PATIENCE_S = 180.0
OVER = (RunState.DONE, RunState.FAILED, RunState.STOPPED)


def settings_for(database: Database, **given: Any) -> Settings:
    usual: dict[str, Any] = {
        "database_url": database.url.render_as_string(hide_password=False),
        "worker_lease_seconds": 5.0,
        "worker_poll_seconds": 0.02,
        "run_stop_seconds": 30.0,
        "run_grace_seconds": 30.0,
        "run_niceness": 0,
    }
    return Settings(**(usual | given))


def open_market(database: Database, code: str = "bac-ninh", **tables: Any) -> Scope:
    """Make an association with three lots, three lines and a class of trucks, or with the tables given."""
    usual = {"lots": [{}, {"quantity_kg": 700}, {"grade": 2}], "demands": [{}, {"quantity_kg": 500}, {"bid_vnd_per_kg": 23_000}]}
    with database.write() as session:
        association = Association(code=code, name=f"Liên minh {code}")
        session.add(association)
        session.flush()
        import_problem(session, association.id, build_problem(**(usual | tables)), "clerk Hoa", file_name="season")
        return Scope(association.id)


def ask(database: Database, scope: Scope, settings: Settings, **given: Any) -> str:
    """Queue a run; return its uid."""
    with database.write() as session:
        return submit(session, scope, Wanted(**given), "broker Lan", settings)[0].uid


def look(database: Database, uid: str) -> Run:
    with database.read() as session:
        return session.scalars(select(Run).where(Run.uid == uid)).one()


def plans_of(database: Database, uid: str) -> list[Plan]:
    with database.read() as session:
        return list(session.scalars(select(Plan).join(Run, Run.id == Plan.run_id).where(Run.uid == uid)))


def progress_of(database: Database, uid: str) -> int:
    query = select(func.count()).select_from(RunProgress).join(Run, Run.id == RunProgress.run_id).where(Run.uid == uid)
    with database.read() as session:
        return session.scalar(query) or 0


def wait_for(what: Callable[[], Any], why: str = "it never happened") -> Any:
    """Look again and again until something is so; the bound is far beyond what it takes."""
    until = time.monotonic() + PATIENCE_S
    while not (seen := what()):
        assert time.monotonic() < until, why
        time.sleep(0.02)
    return seen


def ended(database: Database, uid: str) -> Run:
    """Wait until a run has ended."""
    run: Run = wait_for(lambda: (r := look(database, uid)).state in OVER and r, f"run {uid} never ended")
    return run


def worked_off(database: Database, settings: Settings, uid: str, solver: Solver = run_solvers.quick, **given: Any) -> Run:
    """Have a worker work on the next run, and return what has become of this one."""
    Worker(database, settings, solver, **given).work_once()
    return look(database, uid)


@contextmanager
def working(database: Database, settings: Settings, solver: Solver) -> Iterator[Worker]:
    """Keep a worker going in a thread."""
    worker = Worker(database, settings, solver)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.end()
        thread.join(timeout=PATIENCE_S)
        assert not thread.is_alive()
