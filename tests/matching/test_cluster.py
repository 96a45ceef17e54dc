"""Parts planned by other processes, of this machine or of a Dask cluster, some of which die."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster

from matching import cluster as cluster_module
from matching import executors
from matching.cluster import LOOKS_BETWEEN_CHECKS, MOST_EMPTY_CHECKS, SILENT_LOOKS, OnCluster
from matching.decomposition.job import PartJob, PartOutcome
from matching.decomposition.planner import DecompositionPlanner, guiding_volumes
from matching.executors import Executor, ExecutorLost, Expired, LocalProcesses, Made, WithFallback, in_flight
from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.search.plan_ops import empty_plan
from matching.search.subproblem import free_trips
from matching.search.subproblem_search import Schedule
from matching.verify import verify
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.test_decomposition import InTurn, never

pytestmark = pytest.mark.filterwarnings("default")


class Murderous:
    """Kills a worker when the first outcome of the second pass has come, while others are under way."""

    def __init__(self, of: Executor, kill: Callable[[], int]) -> None:
        self._of, self._kill = of, kill
        self.n_workers, self.passes, self.killed = of.n_workers, 0, 0

    def run(self, jobs: Iterable[executors.Job[Made]], expired: Expired) -> Iterator[tuple[int, Made]]:
        self.passes += 1
        for outcome in self._of.run(jobs, expired):
            if self.passes == 2 and not self.killed:
                self.killed = self._kill()
            yield outcome

    def close(self) -> None:
        self._of.close()


@pytest.fixture(scope="module")
def country() -> Problem:
    return random_problem(11, 160, FEATURES - {"decisions"})


def planned(problem: Problem, executor: Executor) -> Plan:
    planner = DecompositionPlanner(problem, guiding_volumes(problem, workers=1), executor, seed=5, rows_per_part=50)
    for k in range(3):
        planner.improve(k / 3, never)
    verify(problem, planner.plan()).require()
    return planner.plan()


def same(one: Plan, other: Plan) -> bool:
    tables = [(getattr(one, t), getattr(other, t)) for t in ("allocations", "legs", "trips", "stops")]
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for a, b in tables for name in vars(a))


@pytest.fixture(scope="module")
def expected(country: Problem) -> Plan:
    return planned(country, InTurn())


def test_a_process_that_dies_is_replaced_and_its_work_done_again(country: Problem, expected: Plan) -> None:
    crew = LocalProcesses(2)

    def kill() -> int:
        assert crew._pool is not None
        pid = next(iter(crew._pool._processes))
        os.kill(pid, signal.SIGKILL)
        return pid

    murderous = Murderous(crew, kill)
    try:
        assert same(planned(country, murderous), expected)
    finally:
        crew.close()
    assert murderous.killed


def test_a_worker_of_a_cluster_that_dies_is_replaced_and_its_work_done_again(country: Problem, expected: Plan) -> None:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster,  # type: ignore[no-untyped-call]
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        pids = client.run(os.getpid)

        def kill() -> int:
            pid = next(iter(pids.values()))
            os.kill(pid, signal.SIGKILL)
            return int(pid)

        crew = OnCluster(client)
        assert crew.n_workers == 2
        murderous = Murderous(crew, kill)
        assert same(planned(country, murderous), expected)
        assert murderous.killed
        crew.close()


class Square:
    """Work that takes no time."""

    def __init__(self, number: int) -> None:
        self.number = number

    def work(self, stopped: Callable[[], bool] | None = None) -> int:
        return self.number**2


SQUARES = [(k, k**2) for k in range(9)]


def squares(crew: Executor) -> Iterator[tuple[int, int]]:
    """Outcomes of nine jobs, as they come."""
    return crew.run([Square(k) for k in range(9)], never)


def test_where_the_scheduler_is_lost_its_work_is_done_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "LOOKS_BETWEEN_CHECKS", 3)
    lost = LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None, host="127.0.0.1"
    )
    crew = OnCluster(Client(lost))  # type: ignore[no-untyped-call]
    both, made = WithFallback(crew, InTurn()), list[tuple[int, int]]()
    for outcome in squares(both):
        made.append(outcome)
        if len(made) == 2:
            lost.close()
    assert sorted(made) == SQUARES
    assert sorted(squares(both)) == SQUARES
    crew.leave()


class LostAfter:
    """An executor that works on two jobs at a time, in turn, and is lost after some outcomes."""

    n_workers = 2

    def __init__(self, n_outcomes: int) -> None:
        self._left = n_outcomes

    def run(self, jobs: Iterable[executors.Job[Made]], expired: Expired) -> Iterator[tuple[int, Made]]:
        begun = list[tuple[int, executors.Job[Made]]]()
        for numbered in enumerate(jobs):
            begun.append(numbered)
            if len(begun) == 2:
                if self._left == 0:
                    raise ExecutorLost("gone")
                number, job = begun.pop(0)
                self._left -= 1
                yield number, job.work()
        for number, job in begun:
            yield number, job.work()

    def close(self) -> None:
        raise AssertionError("it belongs to the caller")


@pytest.mark.parametrize("n_outcomes", [0, 1, 4])
def test_what_was_under_way_on_a_lost_executor_is_done_by_the_other(n_outcomes: int) -> None:
    crew = WithFallback(LostAfter(n_outcomes), InTurn())
    assert crew.n_workers == 2
    assert sorted(squares(crew)) == SQUARES
    assert crew.n_workers == InTurn().n_workers
    crew.close()


class FakeClient:
    """A client of a scheduler that says how many threads its workers have, or raises."""

    scheduler = type("Scheduler", (), {"ncores": None})()

    def __init__(self, *answers: dict[str, int] | OSError) -> None:
        self._answers = list(answers)

    def get_executor(self, pure: bool) -> FakeClient:
        return self

    def sync(self, asked: object, **how: Any) -> dict[str, int]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer

    def submit(self, work: object, job: object) -> Future[Any]:
        raise OSError("closed")

    def shutdown(self, wait: bool) -> None:
        raise OSError("closed")

    def close(self, timeout: float) -> None:
        raise OSError("closed")


def looks_until_lost(client: FakeClient) -> int:
    crew = OnCluster(client)
    for idle_looks in range(1, SILENT_LOOKS + 2):
        try:
            crew._look(idle_looks)
        except ExecutorLost:
            return idle_looks
    return 0


def test_a_cluster_is_lost_once_nobody_answers_or_those_who_do_end_nothing() -> None:
    assert looks_until_lost(FakeClient({})) == LOOKS_BETWEEN_CHECKS * MOST_EMPTY_CHECKS
    assert looks_until_lost(FakeClient(OSError("gone"))) == LOOKS_BETWEEN_CHECKS * MOST_EMPTY_CHECKS
    assert looks_until_lost(FakeClient({}, {"worker": 2}, {}, {"worker": 2})) == SILENT_LOOKS


def test_a_client_that_takes_no_jobs_is_lost_and_closing_it_raises_nothing() -> None:
    crew = OnCluster(FakeClient({"worker": 1}))
    with pytest.raises(ExecutorLost, match="takes no more jobs"):
        list(squares(crew))
    crew.leave()


def test_work_that_fails_everywhere_says_why(country: Problem) -> None:
    tried: list[executors.Job[PartOutcome]] = []

    def submit(job: executors.Job[PartOutcome]) -> Future[PartOutcome]:
        tried.append(job)
        lost: Future[PartOutcome] = Future()
        lost.set_exception(OSError("the worker is gone"))
        return lost

    zeros = np.zeros(0)
    job = PartJob(free_trips(country, empty_plan(), empty_plan()), zeros, zeros, False, 1, Schedule(0, 0.1, 0.01))
    with pytest.raises(IndexError, match="out of bounds"):
        list(in_flight(submit, [job], never, width=1))
    assert len(tried) == 4


def _nobody() -> list[PartJob]:
    raise AssertionError("no job is asked for")


def test_nothing_is_begun_when_time_is_up() -> None:
    crew = LocalProcesses(1)

    def jobs() -> Iterator[PartJob]:
        yield from _nobody()

    with pytest.raises(AssertionError, match="no job is asked for"):
        list(crew.run(jobs(), lambda: True))
    assert list(crew.run([], lambda: True)) == []
    crew.close()
