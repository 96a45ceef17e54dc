"""Where the parts of a large plan are worked on: processes of this machine, or a cluster that the caller has joined."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from typing import Any, Protocol, TypeVar

POLL_S = 0.1
PATIENCE = 40
"""Looks at work that was told to stop before it is given up."""
MOST_RETRIES = 3
SPARE_JOBS = 1
"""Jobs that wait for each worker, so that none is idle while the next one is made."""

Expired = Callable[[], bool]
Made = TypeVar("Made")
MadeOut = TypeVar("MadeOut", covariant=True)


class Job(Protocol[MadeOut]):
    """Something to work on, with everything that it takes: it is sent to whoever works on it."""

    def work(self, stopped: Callable[[], bool] | None = None) -> MadeOut:
        """Do the work, or as much of it as is done when ``stopped`` says so."""


Waiting = dict[Future[Made], tuple[int, Job[Made], int]]


class Executor(Protocol):
    """Works on jobs side by side."""

    @property
    def n_workers(self) -> int:
        """Jobs worked on at the same time."""

    def run(self, jobs: Iterable[Job[Made]], expired: Expired) -> Iterator[tuple[int, Made]]:
        """Yield outcomes with the number of their job, as they come; jobs not begun or not finished in time are left out."""

    def close(self) -> None:
        """Give back what is held."""


class LocalProcesses:
    """Processes of this machine; one that dies is replaced, and what it worked on is done again."""

    def __init__(self, n_workers: int) -> None:
        self.n_workers = max(1, n_workers)
        self._context = multiprocessing.get_context("spawn")
        self._stop = self._context.Event()
        self._pool: ProcessPoolExecutor | None = None

    def run(self, jobs: Iterable[Job[Made]], expired: Expired) -> Iterator[tuple[int, Made]]:
        self._stop.clear()
        yield from in_flight(self._submit, jobs, expired, width=self.n_workers * (1 + SPARE_JOBS), stop=self._stop.set)

    def _submit(self, job: Job[Made]) -> Future[Made]:
        for _ in range(2):
            if self._pool is None:
                self._pool = ProcessPoolExecutor(self.n_workers, self._context, initializer=_begin, initargs=(self._stop,))
            try:
                return self._pool.submit(_work_here, job)
            except BrokenExecutor:
                self._pool.shutdown(wait=True, cancel_futures=True)
                self._pool = None
        raise BrokenExecutor("no worker process can be started")

    def close(self) -> None:
        """End the processes and wait until they have."""
        if self._pool is not None:
            self._stop.set()
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


class OnCluster:
    """Workers of a Dask cluster, reached by a `distributed.Client`; the cluster itself moves work away from workers that die."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._pool = client.get_executor(pure=False)

    @property
    def n_workers(self) -> int:
        return max(1, int(sum(self._client.nthreads().values())))

    def run(self, jobs: Iterable[Job[Made]], expired: Expired) -> Iterator[tuple[int, Made]]:
        yield from in_flight(self._submit, jobs, expired, width=self.n_workers * (1 + SPARE_JOBS))

    def _submit(self, job: Job[Made]) -> Future[Made]:
        made: Future[Made] = self._pool.submit(_work_there, job)
        return made

    def close(self) -> None:
        """Leave the cluster to its owner."""
        self._pool.shutdown(wait=False)


def in_flight(
    submit: Callable[[Job[Made]], Future[Made]],
    jobs: Iterable[Job[Made]],
    expired: Expired,
    *,
    width: int,
    stop: Callable[[], None] = lambda: None,
) -> Iterator[tuple[int, Made]]:
    """Keep at most ``width`` jobs submitted; a job whose worker was lost is submitted again, and at last done here."""
    waiting: Waiting[Made] = {}
    for number, job in enumerate(jobs):
        while len(waiting) >= width and not expired():
            yield from _finished(submit, waiting)
        if expired():
            break
        waiting[submit(job)] = number, job, 0
    patience = PATIENCE
    while waiting and patience > 0:
        if expired():
            stop()
            patience -= 1
        yield from _finished(submit, waiting)
    for future in waiting:
        future.cancel()


def _finished(submit: Callable[[Job[Made]], Future[Made]], waiting: Waiting[Made]) -> Iterator[tuple[int, Made]]:
    """Wait a moment for jobs to end."""
    for future in wait(waiting, timeout=POLL_S, return_when=FIRST_COMPLETED).done:
        number, job, tries = waiting.pop(future)
        lost = future.cancelled() or future.exception() is not None
        if not lost:
            yield number, future.result()
        elif tries < MOST_RETRIES:
            waiting[submit(job)] = number, job, tries + 1
        else:
            # What fails everywhere fails here too, where its cause can be seen.
            yield number, job.work()


class _Signal:
    """What tells the work of this process to stop; set once, when a worker process begins."""

    is_set: Callable[[], bool] = staticmethod(lambda: False)


def _begin(stop: Any) -> None:
    _Signal.is_set = stop.is_set


def _work_here(job: Job[Made]) -> Made:
    return job.work(_Signal.is_set)


def _work_there(job: Job[Made]) -> Made:
    return job.work()
