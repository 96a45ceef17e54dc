"""Whose a key or cookie is, remembered for a second: most requests come in bursts, and each would ask the database the same.

A login or key that ends in this process ends at once, for whoever changes an account, a key or a login makes the memory forget. One
that ends in another process ends here when the memory does.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from catalog.base import now_utc
from service.auth.principal import Principal

MOST = 10_000


class Memory:
    """Principals by the hash of what they showed.

    Parameters
    ----------
    lasts_s : how long each is remembered, s; 0 for not at all.
    """

    def __init__(self, lasts_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lasts_s, self._clock = lasts_s, clock
        self._known: OrderedDict[str, tuple[float, datetime, Principal]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, shown: str) -> Principal | None:
        """Return who showed this, None if that isn't remembered or has ended by itself."""
        with self._lock:
            found = self._known.get(shown)
        if found is None or found[0] <= self._clock() or found[1] <= now_utc():
            return None
        return found[2]

    def keep(self, shown: str, who: Principal, until: datetime) -> None:
        """Remember who showed this; it ends by itself at `until`."""
        if self._lasts_s <= 0:
            return
        with self._lock:
            self._known[shown] = (self._clock() + self._lasts_s, until, replace(who, stale=False))
            if len(self._known) > MOST:
                self._known.popitem(last=False)

    def forget(self) -> None:
        """Forget everybody."""
        with self._lock:
            self._known.clear()
