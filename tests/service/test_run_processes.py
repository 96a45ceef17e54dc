"""Worker processes are killed, frozen, told to end, given wrong clocks and cut off from the database; runs come to one end all the same."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
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
from service.version import engine_name
from tests.relay import Relay, relay
from tests.service import run_solvers
from tests.service.run_market import ask, ended, look, open_market, plans_of, progress_of, settings_for, wait_for, worked_off
from tests.service.run_process import ASSOCIATION, Nursery, variables, worker_process, worker_with_wrong_clock

KILLS = 12


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


def test_whatever_was_acknowledged_is_there_and_nothing_is_torn_however_often_writers_are_killed(
    database: Database, scope: Scope, folder: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledged: list[str] = []
    given = {**variables(settings_for(database, runs_waiting=10_000), folder), ASSOCIATION: str(scope.association_id)}
    for number in range(KILLS):
        log = folder / f"acknowledged-{number}"
        log.touch()
        pid = nursery.start("submitter", given, log)
        wait_for(lambda: log.read_text().count("\n") >= 10 + number)  # noqa: B023
        os.kill(pid, signal.SIGKILL)
        assert nursery.wait(pid) == -signal.SIGKILL
        acknowledged += log.read_text().split()
    with database.read() as session:
        runs = set(session.scalars(select(Run.uid)))
        events = {event.payload["run"] for event in session.scalars(select(Outbox).where(Outbox.kind == "webhook.test"))}
        deeds = set(session.scalars(select(AuditEvent.object_uid).where(AuditEvent.action == "run.submit")))
    assert len(acknowledged) > 150
    assert set(acknowledged) <= runs
    assert runs == events == deeds
    assert len(runs) - len(acknowledged) <= KILLS
    if database.dialect == "sqlite":
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


def through(wire: Relay, database: Database, lease_s: float = 5.0) -> Settings:
    """Settings of a worker that reaches the database by a wire."""
    return settings_for(database, database_url=wire.address, worker_lease_seconds=lease_s)


def address_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def worker_command(settings: Settings, folder: Path, *options: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, **variables(settings, folder)}
    command = [sys.executable, "-m", "service.cli.main", "worker", *options]
    return subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def test_the_command_works_off_runs_with_the_engine_and_ends_with_the_one_who_started_it(
    database: Database, scope: Scope, folder: Path
) -> None:
    settings = settings_for(database, worker_lease_seconds=30.0)
    uid = ask(database, scope, settings, time_limit_s=120, iterations=50)
    with worker_command(settings, folder, "--lifeline") as worker:
        assert (ended(database, uid).state, plans_of(database, uid)[0].engine) == (RunState.DONE, engine_name())
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(timeout=30) == 0


def test_the_command_refuses_a_database_without_the_schema(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/empty.db")
    with worker_command(settings, tmp_path) as worker:
        _, said = worker.communicate(timeout=60)
    assert worker.returncode == 2
    assert b"mca db upgrade" in said


def test_a_run_whose_cluster_is_lost_in_the_middle_is_tried_again_and_has_one_result(
    database: Database, scope: Scope, folder: Path, nursery: Nursery
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = settings_for(database, cluster=f"tcp://127.0.0.1:{port}", worker_lease_seconds=30.0)
    uid = ask(database, scope, settings)
    with cluster(port) as scheduler, worker_process(nursery, "clustered", settings, folder) as worker:
        wait_for(lambda: planners(folder))
        scheduler.kill()
        wait_for(lambda: look(database, uid).deaths == 1, "nobody noticed")
        scheduler.wait()
        with cluster(port):
            (folder / "go").touch()
            run = ended(database, uid)
            assert '"cluster_lost"' in worker.logged()
    assert (run.state, run.attempt, len(plans_of(database, uid))) == (RunState.DONE, 2, 1)
    assert told(database, uid) == ["run.done"]


@contextlib.contextmanager
def cluster(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a scheduler with one worker, in one process, for as long as the block lasts."""
    script = (
        "import sys, time\nfrom distributed import LocalCluster\nif __name__ == '__main__':\n"
        "    LocalCluster(n_workers=1, threads_per_worker=1, processes=False, scheduler_port=int(sys.argv[1]), dashboard_address=None)\n"
        "    print('up', flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(port)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            yield process
        finally:
            process.kill()
