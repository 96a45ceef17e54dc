"""What has to be done now and then: holds and lots that have run out, answers and logins that nobody needs any more, fresh statistics.

Each chore is one transaction of its own, and safe to be done by several processes at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from catalog import sponsorships
from catalog.errors import DomainError
from catalog.models import Association
from service import logs, seals
from service.auth import failures
from service.auth.keyring import KeyFileError, key_path, load_key
from service.days import today
from service.db import Database, now
from service.http.idempotency import forget_old
from service.maintenance import standing_orders
from service.models import Session
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.proposals import items
from service.planning.terms.handling import apply_due
from service.settings import Settings

OFTEN_S, SELDOM_S, DAILY_S = 30.0, 3600.0, 86_400.0
LOGINS_KEPT = timedelta(days=90)
log = logs.get(__name__)


class Chores:
    """Does every chore when it is due, until it is told to end."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        often: tuple[Callable[[], object], ...] = (self.expire_holds, self.seal_trail)
        seldom: tuple[Callable[[], object], ...] = (
            self.expire_lots,
            self.apply_handling,
            self.place_standing_orders,
            self.refresh_sponsors,
            self.forget_replies,
            self.forget_logins,
            self.forget_failures,
            self.tune,
        )
        daily: tuple[Callable[[], object], ...] = (self.anchor_trail,)
        self._due: dict[Callable[[], object], tuple[float, float]] = {}
        for chores, every_s in ((often, OFTEN_S), (seldom, SELDOM_S), (daily, DAILY_S)):
            self._due |= dict.fromkeys(chores, (every_s, 0.0))

    def run(self, ending: threading.Event) -> None:
        """Do what is due, again and again, until the event is set."""
        while not ending.wait(1.0):
            for chore, (every_s, due_at) in list(self._due.items()):
                if time.monotonic() >= due_at and not ending.is_set():
                    self._due[chore] = every_s, time.monotonic() + every_s
                    self._do(chore)

    def _do(self, chore: Callable[[], object]) -> None:
        try:
            done = chore()
        except (SQLAlchemyError, DomainError, OSError, KeyFileError, seals.AnchorError) as error:
            # The next time is soon enough; nobody waits for a chore.
            log.warning("chore_failed", chore=chore.__name__, error=type(error).__name__)
            return
        if done:
            log.info("chore_done", chore=chore.__name__, count=done)

    def expire_holds(self) -> int:
        """Give back the kilograms of holds that have run out."""
        with self._database.write() as session:
            return items.expire(session, now(session))

    def expire_lots(self) -> int:
        """Withdraw what is left of lots whose last day has passed in Vietnam."""
        with self._database.write() as session:
            return transitions.expire_lots(session, Act("system", "its last day has passed", now(session)))

    def apply_handling(self) -> int:
        """Let hubs take for handling what was stated for a day that has come."""
        with self._database.write() as session:
            return apply_due(session, Act("system", "the day has come for which it was stated", now(session)))

    def place_standing_orders(self) -> int:
        """Place the lines of standing orders for the next week."""
        with self._database.write() as session:
            return standing_orders.place_due(session)

    def refresh_sponsors(self) -> int:
        """Let each group point at the cooperative that signs for it today in Vietnam."""
        with self._database.write() as session:
            day = today(now(session))
            return sum(sponsorships.refresh(session, number, day) for number in session.scalars(select(Association.id)).all())

    def forget_replies(self) -> int:
        """Delete kept answers that are older than is promised."""
        return forget_old(self._database, timedelta(hours=self._settings.reply_hours))

    def forget_logins(self) -> int:
        """Delete logins that ended long ago."""
        with self._database.write() as session:
            done = session.execute(delete(Session).where(Session.expires_at < now(session) - LOGINS_KEPT))
            return int(done.rowcount)  # type: ignore[attr-defined]

    def forget_failures(self) -> int:
        """Delete counts of wrong passwords that no longer matter."""
        with self._database.write() as session:
            return failures.forget_old(session)

    def seal_trail(self) -> None:
        """Seal the heads of the audit trail."""
        with self._database.write() as session:
            seals.seal(session, self._key(), now(session))

    def anchor_trail(self) -> int:
        """Keep the sealed heads elsewhere, once a day, where the settings name a place."""
        file, url = self._settings.anchor_file, self._settings.anchor_url
        if not file and not url:
            return 0
        with self._database.write() as session:
            rows = seals.seal(session, self._key(), now(session))
        if file:
            seals.write_anchors(rows, Path(file))
        if url:
            seals.post_anchors(rows, url)
        return len(rows)

    def _key(self) -> bytes:
        return load_key(key_path(self._settings.key_file, self._settings.database_url))

    def tune(self) -> None:
        """Let the database count its rows anew."""
        self._database.tune()
