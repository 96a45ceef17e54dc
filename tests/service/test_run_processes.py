"""Worker processes are killed, frozen, told to end, given wrong clocks and cut off from the database; runs come to one end all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from catalog.tenancy import Scope
from service.db import Database
from service.models import AuditEvent, Outbox
from service.planning.models import Run
from service.planning.states import RunState
from service.runs.errors import Failure
from service.runs.supervisor import Keeper
from service.settings import Settings
from tests.relay import Relay, relay
from tests.service import run_solvers
from tests.service.run_market import ask, ended, look, open_market, plans_of, progress_of, settings_for, wait_for, worked_off
from tests.service.run_process import Nursery, worker_process, worker_with_wrong_clock


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Where worker processes come from."""
    opened = Nursery()
    yield opened
    opened.close()


@pytest.fixture
def settings(database: Database) -> Settings:
    return settings_for(database, worker_lease_seconds=2.0)


@pytest.fixture
def scope(database: Database) -> Scope:
    return open_market(database)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where planners say that they have begun."""
    monkeypatch.setenv(run_solvers.FOLDER, str(tmp_path))
    return tmp_path


def planners(folder: Path) -> set[int]:
    """Numbers of the planners' processes that have begun."""
    return {int(path.name.partition("-")[2]) for path in folder.glob("begun-*")}


def alive(pid: int) -> bool:
    """Tell whether a process is there and not just waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def told(database: Database, uid: str) -> list[str]:
    with database.read() as session:
        return [event.kind for event in session.scalars(select(Outbox).order_by(Outbox.id)) if event.payload.get("run") == uid]


def test_a_run_whose_worker_is_killed_is_finished_by_another_with_the_same_plan(
    database: Database, settings: Settings, scope: Scope, folder: Path, nursery: Nursery
) -> None:
    undisturbed = ask(database, scope, settings, seed=4)
    worth = (worked_off(database, settings, undisturbed, run_solvers.quick), plans_of(database, undisturbed)[0].objective_vnd)[1]
    uid = ask(database, scope, settings, seed=4)
    with worker_process(nursery, "patient", settings, folder) as first:
        (planner,) = wait_for(lambda: planners(folder))
        first.signal(signal.SIGKILL)
        wait_for(lambda: not alive(planner), "the planner outlived its worker")
    (folder / "go").touch()
    with worker_process(nursery, "patient", settings, folder):
        run = ended(database, uid)
    assert (run.state, run.attempt, run.deaths) == (RunState.DONE, 2, 1)
    (plan,) = plans_of(database, uid)
    assert (plan.objective_vnd, plan.input_digest) == (worth, plans_of(database, undisturbed)[0].input_digest)
    assert told(database, uid) == ["run.done"]


def test_a_worker_that_wakes_up_late_finds_its_run_gone_and_drops_its_result(
    database: Database, settings: Settings, scope: Scope, folder: Path, nursery: Nursery
) -> None:
    uid = ask(database, scope, settings)
    with worker_process(nursery, "patient_idle", settings, folder) as zombie:
        wait_for(lambda: progress_of(database, uid))
        zombie.signal(signal.SIGSTOP)
        (folder / "go").touch()
        with worker_process(nursery, "patient_idle", settings, folder):
            run = ended(database, uid)
        zombie.signal(signal.SIGCONT)
        wait_for(lambda: '"fenced"' in zombie.logged() or '"lease_lost"' in zombie.logged())
        assert zombie.is_running
    assert (run.state, run.attempt, look(database, uid).version) == (RunState.DONE, 2, run.version)
    assert (len(plans_of(database, uid)), told(database, uid)) == (1, ["run.done"])


def test_a_run_that_kills_its_workers_is_given_up_and_the_queue_goes_on(
    database: Database, settings: Settings, scope: Scope, folder: Path, nursery: Nursery
) -> None:
    poison, following = ask(database, scope, settings, seed=666), ask(database, scope, settings)
    for _ in range(3):
        with worker_process(nursery, "poison", settings, folder) as worker:
            assert worker.wait() == -signal.SIGKILL
    with worker_process(nursery, "poison", settings, folder):
        run = ended(database, poison)
        assert (run.state, run.failure_code, run.deaths) == (RunState.FAILED, Failure.CRASH_LOOP.value, 3)
        assert ended(database, following).state is RunState.DONE
    assert told(database, poison) == ["run.failed"]


def test_the_service_keeps_a_worker_beside_it_alive_until_it_ends_itself(folder: Path) -> None:
    says = f"import os, pathlib, time; pathlib.Path({str(folder)!r}, f'worker-{{os.getpid()}}').touch(); time.sleep(60)"
    keeper = Keeper([sys.executable, "-c", says], None)
    keeper.start()
    first = wait_for(lambda: list(folder.glob("worker-*")))[0]
    os.kill(int(first.name.partition("-")[2]), signal.SIGKILL)
    wait_for(lambda: len(list(folder.glob("worker-*"))) == 2, "it wasn't started again")
    keeper.end()
    assert keeper.starts == 2
    assert not any(alive(int(path.name.partition("-")[2])) for path in folder.glob("worker-*"))


def test_a_worker_that_is_told_to_end_gives_its_run_back_at_once(database: Database, scope: Scope, folder: Path, nursery: Nursery) -> None:
    settings = settings_for(database, worker_lease_seconds=3000.0)
    uid = ask(database, scope, settings)
    with worker_process(nursery, "patient_idle", settings, folder) as worker:
        (planner,) = wait_for(lambda: planners(folder))
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    run = look(database, uid)
    assert (run.state, run.attempt, run.deaths, run.lease_until) == (RunState.QUEUED, 1, 0, None)
    assert not alive(planner)
    (folder / "go").touch()
    with worker_process(nursery, "patient_idle", settings, folder):
        assert ended(database, uid).attempt == 2


@pytest.mark.parametrize("hours", [2.0, -2.0])
def test_a_worker_with_a_wrong_clock_neither_steals_a_run_nor_keeps_one(
    database_on_postgresql: Database, folder: Path, nursery: Nursery, hours: float
) -> None:
    database = database_on_postgresql
    settings, scope = settings_for(database, worker_lease_seconds=3.0), open_market(database)
    uid = ask(database, scope, settings)
    with worker_process(nursery, "patient_idle", settings, folder) as right:
        wait_for(lambda: progress_of(database, uid))
        with worker_with_wrong_clock("patient_idle", settings, folder, hours) as log:
            wait_for(lambda: "worker_begins" in log.read_text())
            renewed = look(database, uid).lease_until
            wait_for(lambda: look(database, uid).lease_until != renewed)
            assert look(database, uid).attempt == 1
            right.signal(signal.SIGKILL)
            wait_for(lambda: look(database, uid).attempt == 2, "the wrong clock keeps the run from being taken over")
            (folder / "go").touch()
            assert ended(database, uid).state is RunState.DONE


@pytest.fixture
def database_on_postgresql(new_database: object) -> Iterator[Database]:
    """A database whose clock isn't its clients'."""
    with new_database("postgresql") as address:  # type: ignore[operator]
        database = Database(address)
        yield database
        database.close()


def test_a_worker_waits_for_a_database_that_is_down_and_works_when_it_comes(
    database_on_postgresql: Database, folder: Path, nursery: Nursery
) -> None:
    database = database_on_postgresql
    scope = open_market(database)
    uid = ask(database, scope, settings_for(database))
    with relay(address_of(database)) as wire, worker_process(nursery, "idle", through(wire, database), folder) as worker:
        wait_for(lambda: worker.logged().count("database_away") >= 2)
        assert worker.is_running
        wire.mend()
        assert ended(database, uid).state is RunState.DONE


def test_a_run_survives_a_restart_of_the_database(database_on_postgresql: Database, folder: Path, nursery: Nursery) -> None:
    database = database_on_postgresql
    scope, settings = open_market(database), settings_for(database, worker_lease_seconds=20.0)
    uid = ask(database, scope, settings)
    with relay(address_of(database)) as wire:
        wire.mend()
        with worker_process(nursery, "patient_idle", through(wire, database, settings.worker_lease_seconds), folder) as worker:
            wait_for(lambda: progress_of(database, uid))
            wire.cut()
            (folder / "go").touch()
            wait_for(lambda: "database_away" in worker.logged())
            wire.mend()
            run = ended(database, uid)
    assert (run.state, run.attempt, run.deaths) == (RunState.DONE, 1, 0)
    assert len(plans_of(database, uid)) == 1


@pytest.mark.parametrize("how", ["cut", "stall"])
def test_a_worker_cut_off_from_the_database_ends_its_planner_before_its_lease_ends(
    database_on_postgresql: Database, folder: Path, nursery: Nursery, how: str
) -> None:
    database = database_on_postgresql
    scope, settings = open_market(database), settings_for(database, worker_lease_seconds=4.0)
    uid = ask(database, scope, settings)
    with relay(address_of(database)) as wire:
        wire.mend()
        with worker_process(nursery, "patient_idle", through(wire, database, settings.worker_lease_seconds), folder) as worker:
            (planner,) = wait_for(lambda: progress_of(database, uid) and planners(folder))
            getattr(wire, how)()
            wait_for(lambda: not alive(planner), "a planner without a lease goes on")
            assert '"lease_lost"' in wait_for(lambda: '"lease_lost"' in worker.logged() and worker.logged())
            assert look(database, uid).state is RunState.RUNNING
            (folder / "go").touch()
            with worker_process(nursery, "patient_idle", settings, folder):
                run = ended(database, uid)
    assert (run.state, run.attempt, len(plans_of(database, uid))) == (RunState.DONE, 2, 1)


SUBMITTER = """
import sys
from service.db import Database
from service.runs.submitting import Wanted, submit
from service.settings import Settings
from service.audit import record
from service.db import now
from service.runs.telling import deed_of
from service.webhooks.events import emit
from catalog.tenancy import Scope
database, scope = Database(sys.argv[1]), Scope(int(sys.argv[2]))
settings = Settings(runs_waiting=10000)
while True:
    with database.write() as session:
        run, _ = submit(session, scope, Wanted(), "Lan", settings)
        emit(session, scope.association_id, "webhook.test", {"run": run.uid})
        record(session, deed_of(run, "Lan", "run.submit"), now(session))
    sys.stdout.write(run.uid + "\\n")
    sys.stdout.flush()
"""


def test_whatever_was_acknowledged_is_there_and_nothing_is_torn_however_often_writers_are_killed(
    database: Database, scope: Scope, folder: Path, nursery: Nursery
) -> None:
    acknowledged: list[str] = []
    for number in range(8):
        arguments = [database.url.render_as_string(hide_password=False), str(scope.association_id)]
        with subprocess.Popen([sys.executable, "-c", SUBMITTER, *arguments], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            acknowledged += [writer.stdout.readline().strip() for _ in range(20 + 7 * number)]
            writer.kill()
            acknowledged += writer.stdout.read().split("\n")[:-1]
    with database.read() as session:
        runs = set(session.scalars(select(Run.uid)))
        events = {event.payload["run"] for event in session.scalars(select(Outbox).where(Outbox.kind == "webhook.test"))}
        deeds = set(session.scalars(select(AuditEvent.object_uid).where(AuditEvent.action == "run.submit")))
    assert len(acknowledged) > 300
    assert set(acknowledged) <= runs
    assert runs == events == deeds
    assert len(runs) - len(acknowledged) <= 8
    if database.dialect == "sqlite":
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


def through(wire: Relay, database: Database, lease_s: float = 5.0) -> Settings:
    """Settings of a worker that reaches the database by a wire."""
    return settings_for(database, database_url=wire.address, worker_lease_seconds=lease_s)


def address_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)
