"""The worker: leases a run, has it solved in a process of its own, verifies the plan and stores it; one run at a time.

More workers make more runs at a time, on one machine or on many. SIGTERM and Ctrl-C give the run back to the queue at once and end
the worker. A worker that can't reach the database ends what it is doing before its lease does, and waits with growing pauses.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
from contextlib import suppress
from types import FrameType

from service import logs
from service.db import Database
from service.planning.states import RunState
from service.runs import queue
from service.runs.attempt import DATABASE_ERRORS, Attempt, LeaseLost, ShutDown
from service.runs.errors import Failure, Fenced
from service.runs.heartbeat import Heart
from service.runs.messages import Solver
from service.runs.queue import Lease
from service.runs.run_events import tell_end
from service.runs.solvers import plan_by_rule, plan_wholly
from service.settings import Settings

log = logs.get(__name__)
LONGEST_PAUSE_S = 30.0


class Worker:
    """Works off the queue until it is told to end.

    Parameters
    ----------
    solver, fallback : how runs are planned, and how they are planned in a hurry when the solver had to be ended by force.
    """

    def __init__(self, database: Database, settings: Settings, solver: Solver = plan_wholly, fallback: Solver = plan_by_rule) -> None:
        self._database, self._settings, self._solver, self._fallback = database, settings, solver, fallback
        self.name = f"{socket.gethostname()[:100]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._ending = threading.Event()

    def end(self) -> None:
        """Ask the worker to end; it gives its run back first."""
        self._ending.set()

    def end_on_signals(self) -> None:
        """Let SIGTERM and Ctrl-C end the worker; only for the main thread."""

        def handle(number: int, frame: FrameType | None) -> None:
            del number, frame
            self.end()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)

    def run(self) -> None:
        """Work until told to end.

        Raises
        ------
        SchemaMismatch
            If the database's schema isn't this code's.
        """
        log.info("worker_begins", worker=self.name)
        pause_s, checked = 0.0, False
        while not self._ending.wait(pause_s):
            try:
                if not checked:
                    self._database.require_schema()
                    checked = True
                pause_s = 0.0 if self.work_once() else self._settings.worker_poll_seconds
            except DATABASE_ERRORS as error:
                pause_s = min(LONGEST_PAUSE_S, max(self._settings.worker_poll_seconds, 2 * pause_s))
                log.warning("database_away", error=type(error).__name__, pause_s=pause_s)
        log.info("worker_ends", worker=self.name)

    def work_once(self) -> bool:
        """Work on the next run, if there is one; tell whether there was."""
        with self._database.read() as session:
            if not queue.any_due(session):
                return False
        settings = self._settings
        with self._database.write() as session:
            lease = queue.lease(session, self.name, settings.worker_lease_seconds, settings.run_deaths, tell_end)
        if lease is not None:
            self._work_on(lease)
        return lease is not None

    def _work_on(self, lease: Lease) -> None:
        log.info("attempt_begins", run=lease.uid, attempt=lease.attempt)
        with Heart(self._database, lease) as heart:
            attempt = Attempt(self._database, self._settings, lease, heart, self._solver, self._fallback, self._ending)
            try:
                attempt.work()
            except Fenced as fenced:
                log.warning("fenced", run=fenced.uid, attempt=fenced.attempt)
            except LeaseLost:
                log.error("lease_lost", run=lease.uid, attempt=lease.attempt)
            except ShutDown:
                self._hand_back(lease, heart)
            except Exception as error:
                log.exception("worker_broke_down", run=lease.uid)
                with suppress(Fenced, LeaseLost, ShutDown):
                    attempt.fail(Failure.INTERNAL, f"{type(error).__name__}: {error}")
        log.info("attempt_over", run=lease.uid, attempt=lease.attempt)

    def _hand_back(self, lease: Lease, heart: Heart) -> None:
        """Give the run back at once; if the database is away, the lease ends by itself."""

        def step() -> None:
            with self._database.write() as session:
                run = queue.release(session, lease)
                if run.state is RunState.STOPPED:
                    tell_end(session, run)

        try:
            heart.last(step)
            log.info("run_given_back", run=lease.uid)
        except (Fenced, *DATABASE_ERRORS) as error:
            log.warning("run_not_given_back", run=lease.uid, error=type(error).__name__)


def serve(database: Database, settings: Settings, *, lifeline: bool = False) -> None:
    """Be a worker process: work until a signal comes.

    Parameters
    ----------
    lifeline : also end when standard input closes.

    Raises
    ------
    SchemaMismatch
        If the database's schema isn't this code's.
    """
    worker = Worker(database, settings)
    worker.end_on_signals()
    if lifeline:
        threading.Thread(target=_end_with_input, args=(worker,), daemon=True).start()
    try:
        worker.run()
    finally:
        database.close()


def _end_with_input(worker: Worker) -> None:
    """Wait until whoever has started this process is gone."""
    while os.read(0, 1024):
        pass
    worker.end()
