"""Work on a Dask cluster that may be lost: its scheduler, its workers, or their voice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from threading import Thread
from typing import Any

from matching.executors import SPARE_JOBS, ExecutorLost, Expired, Job, Made, in_flight

LOOKS_BETWEEN_CHECKS = 50
"""Looks without an ended job after which the cluster is asked how many workers it has, and between two such questions."""
MOST_EMPTY_CHECKS = 2
"""Answers in a row that no worker is there, or no answers, after which the cluster is lost; a worker that dies is replaced at once."""
SILENT_LOOKS = 900
"""Looks without an ended job after which workers count as silent, though the scheduler believes in them."""
ANSWER_S = 2.0
"""How long an answer of the scheduler is waited for."""
PATIENCE_ONCE_OVER = 10
"""Looks for jobs that end just when time is up; workers of a cluster can't be told to stop."""


class OnCluster:
    """Workers of a Dask cluster, reached by a `distributed.Client`; the cluster itself moves work away from workers that die."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._pool = client.get_executor(pure=False)
        self._n_empty_checks = 0

    @property
    def n_workers(self) -> int:
        return max(1, self._n_threads())

    def run(self, jobs: Iterable[Job[Made]], expired: Expired) -> Iterator[tuple[int, Made]]:
        """Work on jobs; see `matching.executors.Executor`.

        Raises
        ------
        ExecutorLost
            The scheduler or all workers are gone, or silent.
        """
        width = self.n_workers * (1 + SPARE_JOBS)
        yield from in_flight(self._submit, jobs, expired, width=width, look=self._look, patience=PATIENCE_ONCE_OVER)

    def close(self) -> None:
        """Leave the cluster to its owner."""
        _without_waiting(lambda: self._pool.shutdown(wait=False))

    def leave(self) -> None:
        """Close the client, too; one whose scheduler is gone is given up after a moment."""
        self.close()
        _without_waiting(lambda: self._client.close(timeout=ANSWER_S))

    def _submit(self, job: Job[Made]) -> Future[Made]:
        try:
            made: Future[Made] = self._pool.submit(_work, job)
        except Exception as error:  # whatever a client says whose scheduler is gone
            raise ExecutorLost("the cluster takes no more jobs") from error
        return made

    def _look(self, idle_looks: int) -> None:
        if idle_looks == 0:
            self._n_empty_checks = 0
        elif idle_looks % LOOKS_BETWEEN_CHECKS == 0:
            self._n_empty_checks = 0 if self._n_threads() else self._n_empty_checks + 1
        if self._n_empty_checks >= MOST_EMPTY_CHECKS or idle_looks >= SILENT_LOOKS:
            raise ExecutorLost("no worker of the cluster answers")

    def _n_threads(self) -> int:
        """Threads of all workers, 0 where the scheduler doesn't answer."""
        try:
            threads = self._client.sync(self._client.scheduler.ncores, workers=None, callback_timeout=ANSWER_S)
        except Exception:  # noqa: BLE001  # whatever a client says whose scheduler is gone
            return 0
        return int(sum(threads.values()))


def _work(job: Job[Made]) -> Made:
    return job.work()


def _without_waiting(end: Callable[[], object]) -> None:
    """Do what may fail or hang where a scheduler is gone; nobody waits for it for long, and nobody hears of it."""

    def quietly() -> None:
        try:
            end()
        except Exception:  # noqa: BLE001  # the cluster belongs to others, and there is nothing left to do
            return

    thread = Thread(target=quietly, name="leave-cluster", daemon=True)
    thread.start()
    thread.join(ANSWER_S)
