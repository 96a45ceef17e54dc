"""The run table is a queue: every run goes to one worker at a time, by the database's clock, and a late one changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, text, update

from catalog.tenancy import Scope
from matching.model.plan import Progress, Result
from service.db import Database, now
from service.models import Outbox
from service.planning.models import Run, RunProgress
from service.planning.plans.problem_builder import Loaded
from service.planning.states import RunState
from service.runs import completion, inputs, queue
from service.runs.errors import Failure, Fenced, QueueFull
from service.runs.heartbeat import Heart
from service.runs.messages import Order
from service.runs.progress_rate import Pace
from service.runs.queue import Lease
from service.runs.run_events import tell_end
from service.runs.submission import Wanted, stop, submit
from service.settings import Settings
from tests.service.run_market import ask, look, open_market, plans_of, settings_for
from tests.service.run_solvers import idle


@pytest.fixture
def settings(database: Database) -> Settings:
    return settings_for(database)


@pytest.fixture
def scope(database: Database) -> Scope:
    return open_market(database)


def leased(database: Database, worker: str = "w1", seconds: float = 60, most_deaths: int = 3) -> Lease | None:
    with database.write() as session:
        return queue.lease(session, worker, seconds, most_deaths, tell_end)


def taken(database: Database, worker: str = "w1", seconds: float = 60) -> Lease:
    lease = leased(database, worker, seconds)
    assert lease is not None
    return lease


def let_lease_run_out(database: Database, uid: str) -> None:
    """Put the end of a lease into the past, as if the time had gone by."""
    with database.write() as session:
        past = now(session) - timedelta(seconds=1)
        session.execute(update(Run).where(Run.uid == uid).values(lease_until=past))


def test_runs_are_taken_in_the_order_in_which_they_were_asked_for(database: Database, settings: Settings, scope: Scope) -> None:
    uids = [ask(database, scope, settings) for _ in range(3)]
    assert [taken(database, f"w{n}").uid for n in range(3)] == uids
    assert leased(database) is None


def test_associations_take_turns(database: Database, settings: Settings, scope: Scope) -> None:
    greedy = [ask(database, scope, settings) for _ in range(3)]
    modest = ask(database, open_market(database, "other"), settings)
    assert [taken(database).uid for _ in range(3)] == [greedy[0], modest, greedy[1]]


def test_no_run_goes_to_two_workers_at_a_time(database: Database, settings: Settings, scope: Scope) -> None:
    uids = {ask(database, scope, settings) for _ in range(12)}
    got: list[str] = []

    def work() -> None:
        while (lease := leased(database, threading.current_thread().name)) is not None:
            got.append(lease.uid)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(uids)


def test_a_lease_that_has_run_out_goes_to_another_worker_and_the_late_one_changes_nothing(
    database: Database, settings: Settings, scope: Scope
) -> None:
    uid = ask(database, scope, settings)
    late = taken(database, "late")
    let_lease_run_out(database, uid)
    second = taken(database, "second")
    assert (second.uid, second.attempt) == (uid, 2)
    loaded = inputs.take(database, second)
    result = idle(order_of(loaded), lambda: 1.0, lambda moment: None, lambda: False)
    attempts: list[Callable[[], object]] = [
        lambda: renewed(database, late),
        lambda: inputs.take(database, late) if look(database, uid).input_digest is None else renewed(database, late),
        lambda: kept(database, late, loaded, result),
        lambda: failed(database, late),
        lambda: released(database, late),
    ]
    before = look(database, uid)
    for attempt in attempts:
        with pytest.raises(Fenced, match=f"run {uid}: attempt 1 is fenced off"):
            attempt()
    after = look(database, uid)
    assert (after.state, after.attempt, after.worker, after.version) == (before.state, 2, "second", before.version)
    assert plans_of(database, uid) == []
    kept(database, second, loaded, result)
    assert (look(database, uid).state, len(plans_of(database, uid))) == (RunState.DONE, 1)


def order_of(loaded: Loaded) -> Order:
    return Order(loaded.problem, "full", 1, None, 0, 1)


def renewed(database: Database, lease: Lease) -> RunState:
    with database.write() as session:
        return queue.renew(session, lease)


def kept(database: Database, lease: Lease, loaded: Loaded, result: Result) -> None:
    with database.write() as session:
        completion.keep_plan(session, lease, loaded, result, {}, "test 1", "")


def failed(database: Database, lease: Lease) -> None:
    with database.write() as session:
        completion.end_without_plan(session, lease, Failure.MEMORY, "late")


def released(database: Database, lease: Lease) -> None:
    with database.write() as session:
        queue.release(session, lease)


def test_a_run_of_which_three_workers_died_is_given_up_and_the_queue_goes_on(database: Database, settings: Settings, scope: Scope) -> None:
    poison, following = (ask(database, scope, settings) for _ in range(2))
    for worker in ("w1", "w2", "w3"):
        assert taken(database, worker).uid == poison
        let_lease_run_out(database, poison)
    assert taken(database, "w4").uid == following
    run = look(database, poison)
    assert (run.state, run.failure_code, run.deaths, run.lease_until) == (RunState.FAILED, Failure.CRASH_LOOP.value, 3, None)
    with database.read() as session:
        assert session.scalars(select(Outbox.kind)).all() == ["run.failed"]


def test_a_worker_that_is_shut_down_gives_its_run_back_and_that_is_no_death(database: Database, settings: Settings, scope: Scope) -> None:
    uid = ask(database, scope, settings)
    for attempt in range(1, 6):
        lease = taken(database)
        assert (lease.uid, lease.attempt) == (uid, attempt)
        released(database, lease)
    assert (look(database, uid).state, look(database, uid).deaths) == (RunState.QUEUED, 0)


def test_a_run_whose_worker_died_while_it_was_being_stopped_is_stopped(database: Database, settings: Settings, scope: Scope) -> None:
    uid = ask(database, scope, settings)
    lease = taken(database)
    with database.write() as session:
        stop(session, scope, uid, "Lan")
    assert renewed(database, lease) is RunState.STOPPING
    let_lease_run_out(database, uid)
    assert leased(database) is None
    assert (look(database, uid).state, "died" in look(database, uid).remark) == (RunState.STOPPED, True)


def left_of_lease(database: Database, uid: str) -> timedelta:
    with database.read() as session:
        until = look(database, uid).lease_until
        assert until is not None
        return until - now(session)


@pytest.mark.parametrize("hours", [2, -2])
def test_leases_go_by_the_databases_clock_whatever_a_hosts_clock_says(
    database: Database, settings: Settings, scope: Scope, hours: int
) -> None:
    uid = ask(database, scope, settings)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours), tick=True):
        lease = taken(database, "wrong clock", seconds=30)
        assert timedelta(seconds=20) < left_of_lease(database, uid) <= timedelta(seconds=30)
        renewed(database, lease)
        assert timedelta(seconds=20) < left_of_lease(database, uid) <= timedelta(seconds=30)
    assert leased(database, "right clock") is None
    let_lease_run_out(database, uid)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours), tick=True):
        assert taken(database, "wrong clock too").attempt == 2


def test_a_heart_that_cannot_reach_the_database_stops_before_its_lease_ends(database: Database, settings: Settings, scope: Scope) -> None:
    ask(database, scope, settings)
    lease, seconds = taken(database, seconds=30), [0.0]
    heart = Heart(database, lease, clock=lambda: seconds[0])
    seconds[0] = 10.0
    heart.beat()
    seconds[0] = 36.0
    assert heart.beats
    seconds[0] = 37.5
    assert not heart.beats


def test_a_beat_stores_progress_with_the_lease_and_hears_of_a_stop(database: Database, settings: Settings, scope: Scope) -> None:
    uid = ask(database, scope, settings)
    heart = Heart(database, taken(database))
    heart.note([Progress(0.5, "volumes", None, 90), Progress(1.0, "improve", 70, 90)])
    heart.beat()
    heart.note([Progress(2.0, "improve", 80, 85)])
    with database.write() as session:
        stop(session, scope, uid, "Lan")
    heart.beat()
    assert heart.stop_asked
    with database.read() as session:
        rows = session.scalars(select(RunProgress).order_by(RunProgress.seq)).all()
    assert [(row.seq, row.objective_vnd, row.bound_vnd) for row in rows] == [(1, None, 90), (2, 70, 90), (3, 80, 85)]


def test_progress_passes_at_a_modest_rate() -> None:
    pace = Pace(limit_s=600)
    passed = [moment for n in range(6000) for moment in pace.admit(Progress(n / 10, "improve", n, 9999))]
    assert 250 <= len(passed) <= 310
    assert pace.admit(Progress(600.1, "verify", 6000, 9999))[-1].phase == "verify"


def test_a_run_of_the_same_occasion_is_never_made_twice_even_at_the_same_moment(
    database: Database, settings: Settings, scope: Scope
) -> None:
    made: list[tuple[str, bool]] = []
    together = threading.Barrier(4)

    def schedule() -> None:
        together.wait()
        with database.write() as session:
            run, new = submit(session, scope, Wanted(schedule_key="nightly-2027-06-07"), "scheduler", settings)
            made.append((run.uid, new))

    threads = [threading.Thread(target=schedule) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len({uid for uid, _ in made}), sum(new for _, new in made)) == (1, 1)


def test_an_association_may_have_so_many_runs_under_way_and_no_more(database: Database, scope: Scope) -> None:
    settings = settings_for(database, runs_waiting=2)
    for _ in range(2):
        ask(database, scope, settings)
    with pytest.raises(QueueFull, match="2 runs of this association wait or work already"):
        ask(database, scope, settings)
    ask(database, open_market(database, "other"), settings)


def test_a_second_attempt_plans_what_the_first_one_read(database: Database, settings: Settings, scope: Scope) -> None:
    uid = ask(database, scope, settings)
    first = inputs.take(database, taken(database, "w1"))
    let_lease_run_out(database, uid)
    with database.write() as session:
        session.execute(text("UPDATE lot SET ask_vnd_per_kg = ask_vnd_per_kg + 1, version = version + 1"))
    second = inputs.take(database, taken(database, "w2"))
    assert second.problem.digest() == first.problem.digest() == look(database, uid).input_digest
    assert second.lot_versions.tolist() == first.lot_versions.tolist()
