"""The worker's heartbeat: a thread that keeps the lease, stores progress and hears of a wish to stop.

It renews on the database's clock, and counts on this process's steady clock how long the lease can be relied upon: from the moment
*before* a renewal was asked for. A worker that can't renew thus knows, without the database, when to stop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as DatabaseTimeout
from sqlalchemy.orm import Session

from matching.model.plan import Progress
from service import logs
from service.db import Database
from service.planning.models import RunProgress
from service.planning.states import RunState
from service.runs.errors import Fenced
from service.runs.queue import Lease, renew

BEATS_PER_LEASE = 3
MARGIN = 0.1
"""Share of the lease before whose end the worker gives up."""
LONGEST_PAUSE_S = 1.0
LONGEST_WAIT_S = 5.0
log = logs.get(__name__)
Value = TypeVar("Value")


class Heart:
    """Keeps a lease for as long as the block lasts.

    Parameters
    ----------
    clock : steady seconds.
    """

    def __init__(self, database: Database, lease: Lease, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._lease, self._clock = database, lease, clock
        self._renewed_at = clock()
        self._pending: list[Progress] = []
        self._lock, self._done, self._turn = threading.Lock(), threading.Event(), threading.RLock()
        self._thread = threading.Thread(target=self._live, name=f"heart-{lease.uid}", daemon=True)
        self.fenced = False
        self.stop_asked = False

    @property
    def beats(self) -> bool:
        """False once the lease is another's, or too old to rely on."""
        return not self.fenced and self._clock() - self._renewed_at < self._lease.seconds * (1 - MARGIN)

    def note(self, moments: list[Progress]) -> None:
        """Leave progress to be stored with the next beat."""
        with self._lock:
            self._pending.extend(moments)

    def last(self, step: Callable[[], Value]) -> Value:
        """Take the step that ends the run or gives it back; there is no beat during it, nor after it.

        Raises
        ------
        TimeoutError
            SQLAlchemy's, if a beat hangs in a database that doesn't answer.
        """
        if not self._turn.acquire(timeout=min(LONGEST_WAIT_S, self._lease.seconds)):
            raise DatabaseTimeout("the heartbeat hangs")
        try:
            done = step()
            self._done.set()
            return done
        finally:
            self._turn.release()

    def beat(self) -> None:
        """Renew the lease and store what has been noted, in one transaction."""
        with self._turn:
            self._beat()

    def _beat(self) -> None:
        asked_at = self._clock()
        with self._lock:
            moments, self._pending = self._pending, []
        try:
            with self._database.write() as session:
                state = renew(session, self._lease)
                _store(session, self._lease, moments)
        except Fenced:
            self.fenced = True
            raise
        except SQLAlchemyError:
            with self._lock:
                self._pending = moments + self._pending
            raise
        self._renewed_at, self.stop_asked = asked_at, state is RunState.STOPPING

    def _live(self) -> None:
        pause = min(LONGEST_PAUSE_S, self._lease.seconds / BEATS_PER_LEASE)
        while not self._done.wait(pause):
            try:
                with self._turn:
                    if not self._done.is_set():
                        self._beat()
            except Fenced as fenced:
                log.warning("fenced", run=fenced.uid, attempt=fenced.attempt)
                return
            except (DBAPIError, SQLAlchemyError) as error:
                log.warning("lease_not_renewed", run=self._lease.uid, error=type(error).__name__)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        self._thread.join(timeout=self._lease.seconds)


def _store(session: Session, lease: Lease, moments: list[Progress]) -> None:
    if not moments:
        return
    last = session.scalar(select(func.max(RunProgress.seq)).where(RunProgress.run_id == lease.run_id)) or 0
    rows = [
        {
            "run_id": lease.run_id,
            "seq": last + number,
            "attempt": lease.attempt,
            "seconds": moment.seconds,
            "phase": moment.phase,
            "objective_vnd": moment.objective_vnd,
            "bound_vnd": moment.bound_vnd,
        }
        for number, moment in enumerate(moments, 1)
    ]
    session.execute(insert(RunProgress), rows)
