"""Where the parts of a large plan are worked on: processes of this machine, or workers of a cluster (`matching.cluster`)."""

from __future__ import annotations

import itertools
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


class ExecutorLost(Exception):
    """Nobody is left who could work on jobs."""


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


class WithFallback:
    """Works on one executor, and once that is lost on another one, which is then given the jobs under way anew."""

    def __init__(self, first: Executor, fallback: Executor) -> None:
        self._first, self._fallback, self._is_lost = first, fallback, False

    @property
    def n_workers(self) -> int:
        return (self._fallback if self._is_lost else self._first).n_workers

    def run(self, jobs: Iterable[Job[Made]], expired: Expired) -> Iterator[tuple[int, Made]]:
        numbered, under_way = enumerate(jobs), dict[int, Job[Made]]()

        def noted() -> Iterator[Job[Made]]:
            for number, job in numbered:
                under_way[number] = job
                yield job

        if not self._is_lost:
            try:
                for number, made in self._first.run(noted(), expired):
                    del under_way[number]
                    yield number, made
                return
            except ExecutorLost:
                self._is_lost = True
        numbers: list[int] = []

        def left() -> Iterator[Job[Made]]:
            for number, job in itertools.chain(sorted(under_way.items()), numbered):
                numbers.append(number)
                yield job

        for place, made in self._fallback.run(left(), expired):
            yield numbers[place], made

    def close(self) -> None:
        """Close the fallback; the first executor belongs to the caller."""
        self._fallback.close()


def in_flight(
    submit: Callable[[Job[Made]], Future[Made]],
    jobs: Iterable[Job[Made]],
    expired: Expired,
    *,
    width: int,
    stop: Callable[[], None] = lambda: None,
    look: Callable[[int], None] = lambda idle_looks: None,
    patience: int = PATIENCE,
) -> Iterator[tuple[int, Made]]:
    """Keep at most ``width`` jobs submitted; a job whose worker was lost is submitted again, and at last done here.

    Parameters
    ----------
    stop : tells the workers, once time is up, to end soon.
    look : called with the number of looks in a row that found no job ended; raises `ExecutorLost` once waiting makes no sense.
    patience : looks after which work is given up that should have stopped.
    """
    waiting: Waiting[Made] = {}
    watch = _Watch(look, expired)
    for number, job in enumerate(jobs):
        while len(waiting) >= width and not expired():
            yield from _finished(submit, waiting, watch)
        if expired():
            break
        waiting[submit(job)] = number, job, 0
    while waiting and patience > 0:
        if expired():
            stop()
            patience -= 1
        yield from _finished(submit, waiting, watch)
    for future in waiting:
        future.cancel()


class _Watch:
    """Counts the looks in a row that found no job ended."""

    def __init__(self, look: Callable[[int], None], expired: Expired) -> None:
        self._look, self.expired, self._idle_looks = look, expired, 0

    def note(self, n_ended: int) -> None:
        """Count a look."""
        self._idle_looks = 0 if n_ended else self._idle_looks + 1
        if not self.expired():
            self._look(self._idle_looks)


def _finished(submit: Callable[[Job[Made]], Future[Made]], waiting: Waiting[Made], watch: _Watch) -> Iterator[tuple[int, Made]]:
    """Wait a moment for jobs to end."""
    ended = wait(waiting, timeout=POLL_S, return_when=FIRST_COMPLETED).done
    watch.note(len(ended))
    for future in ended:
        number, job, tries = waiting.pop(future)
        lost = future.cancelled() or future.exception() is not None
        if not lost:
            yield number, future.result()
        elif tries < MOST_RETRIES:
            waiting[submit(job)] = number, job, tries + 1
        else:
            # What fails everywhere fails here too, where its cause can be seen.
            yield number, job.work(watch.expired)


class _Signal:
    """What tells the work of this process to stop; set once, when a worker process begins."""

    is_set: Callable[[], bool] = staticmethod(lambda: False)


def _begin(stop: Any) -> None:
    _Signal.is_set = stop.is_set


def _work_here(job: Job[Made]) -> Made:
    return job.work(_Signal.is_set)
