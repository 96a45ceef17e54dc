"""Seconds since the process began: a user who waits sixty seconds has waited through start-up, too."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

SLOWEST_START_S = 15.0
"""A process older than this when its first line runs was something else before, such as a shell that replaced itself."""


def process_age_s() -> float:
    """Return the seconds since the kernel started this process, or 0 where the system does not tell."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        started_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started_s
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
    return age if 0.0 <= age <= SLOWEST_START_S else 0.0


def start_stopwatch(already_s: float = 0.0) -> Callable[[], float]:
    """Return a function that gives the seconds since ``already_s`` seconds before now."""
    began = time.monotonic() - already_s
    return lambda: time.monotonic() - began


class Patience:
    """Tells when no further search shall be begun: when one as long as the longest so far would end too late.

    Parameters
    ----------
    stopwatch : as `start_stopwatch` returns it.
    seconds : within which the answer must be there.
    """

    def __init__(self, stopwatch: Callable[[], float], seconds: float) -> None:
        self._stopwatch, self._last, self._longest = stopwatch, stopwatch(), 0.0
        self._until = self._last + seconds

    def __call__(self) -> bool:
        """Tell whether time is up; it is asked before every search."""
        now = self._stopwatch()
        self._longest, self._last = max(self._longest, now - self._last), now
        return now + self._longest >= self._until

    def is_over(self) -> bool:
        """Tell whether the answer must be there by now; it is asked within searches."""
        return self._stopwatch() >= self._until
