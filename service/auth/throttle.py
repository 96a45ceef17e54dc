"""Token buckets in this process's memory: so many requests a minute for each name, the rest refused until some have flowed back."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_NAMES = 100_000


@dataclass(frozen=True)
class Allowance:
    """What a bucket says: whether the request is allowed, how many more are, and when it is full or has the next place again."""

    allowed: bool
    left: int
    reset_s: int


class Throttle:
    """A bucket for each name, all of one size, which refill evenly within `window_s`.

    The names that were seen longest ago are forgotten when there are too many, so that memory stays bounded.
    """

    def __init__(self, size: int, window_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.size, self.window_s = size, window_s
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str) -> Allowance:
        """Take one place of a name's bucket if there is one."""
        with self._lock:
            now = self._clock()
            left, since = self._buckets.pop(name, (float(self.size), now))
            left = min(float(self.size), left + (now - since) * self.size / self.window_s)
            allowed = left >= 1
            left -= allowed
            self._buckets[name] = (left, now)
            if len(self._buckets) > MOST_NAMES:
                self._buckets.popitem(last=False)
        missing = 1 - left if left < 1 else self.size - left
        return Allowance(allowed, int(left), max(1, -int(-missing * self.window_s // self.size)))

    def forget(self, name: str) -> None:
        """Fill a name's bucket."""
        with self._lock:
            self._buckets.pop(name, None)
