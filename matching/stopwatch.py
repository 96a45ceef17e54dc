"""The only module of the engine that reads a clock: a stopwatch for callers that bring none."""

from __future__ import annotations

import time  # noqa: TID251  # the default stopwatch of the Python API
from collections.abc import Callable


def started_stopwatch() -> Callable[[], float]:
    """Return a function that tells the seconds since now."""
    begun = time.monotonic()
    return lambda: time.monotonic() - begun
