"""Sends what is due, several endpoints at a time, until it is told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from service import logs
from service.db import Database, now
from service.webhooks.deliveries import Job, claim, due, finish, prune
from service.webhooks.signing import headers_of
from service.webhooks.transport import Outcome, post

POLL_S = 1.0
AT_ONCE = 8
GRACE_S = 15.0
"""How much longer than its timeout an attempt is leased, for the look-up of the name and the writing down of its result."""
PRUNE_EVERY_S = 3600.0
Post = Callable[..., Outcome]
log = logs.get(__name__)


class Sender:
    """Delivers webhooks from a database.

    Parameters
    ----------
    timeout_s : longest time for one attempt.
    local : let receivers be on this machine: for development and tests.
    keep_days : how long events and their deliveries are kept.
    """

    def __init__(self, database: Database, *, timeout_s: float = 15.0, local: bool = False, keep_days: int = 30, post: Post = post) -> None:
        self.database, self.timeout_s, self.local, self.keep_days, self._post = database, timeout_s, local, keep_days, post

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set, then end what is on its way."""
        pruned_at = time.monotonic()
        busy: set[Future[None]] = set()
        with ThreadPoolExecutor(AT_ONCE, "webhook") as pool:
            while not stop.is_set():
                busy = {one for one in busy if not one.done()}
                started = {pool.submit(self._attempt, job) for job in self._claimed(AT_ONCE - len(busy))}
                busy |= started
                if busy and not started:
                    wait(busy, POLL_S, FIRST_COMPLETED)
                elif not started:
                    stop.wait(POLL_S)
                if time.monotonic() - pruned_at > PRUNE_EVERY_S:
                    self._prune()
                    pruned_at = time.monotonic()

    def round(self) -> int:
        """Make every attempt that is due now, one after another, and return how many that were."""
        jobs = self._claimed(1000)
        for job in jobs:
            self._attempt(job)
        return len(jobs)

    def _claimed(self, most: int) -> list[Job]:
        if most < 1:
            return []
        try:
            return self._claim(most)
        except DBAPIError as error:
            # The database is away or busy; what is due stays due.
            log.warning("webhooks_wait", error=type(error).__name__)
            return []

    def _claim(self, most: int) -> list[Job]:
        with self.database.read() as session:
            wanted = due(session, now(session), most)
        jobs = []
        for delivery_id in wanted:
            with self.database.write() as session:
                jobs.append(claim(session, delivery_id, now(session), self.timeout_s + GRACE_S))
        return [job for job in jobs if job is not None]

    def _attempt(self, job: Job) -> None:
        try:
            with self.database.read() as session:
                headers = headers_of(job.event_uid, job.body, now(session), job.keys)
            outcome = self._post(job.url, headers, job.body, timeout_s=self.timeout_s, local=self.local)
            with self.database.write() as session:
                finish(session, job, outcome, now(session))
        except DBAPIError as error:
            # The lease ends by itself and the event is sent again under the same id.
            log.warning("webhook_result_lost", event=job.event_uid, attempt=job.attempt, error=type(error).__name__)

    def _prune(self) -> None:
        try:
            with self.database.write() as session:
                prune(session, now(session) - timedelta(days=self.keep_days))
        except DBAPIError as error:
            log.warning("webhooks_not_pruned", error=type(error).__name__)
