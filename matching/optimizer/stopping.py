"""Ends a solve from outside, for solvers that can't be called back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from ortools.util.python.solve_interrupter import SolveInterrupter

SecondsLeft = Callable[[], float]
"""Asked again and again, from any thread; a solve ends soon after it is no longer positive."""

LOOK_S = 0.05
"""How often the time is looked at."""
LONGEST_S = 1e8
"""Solvers take no longer limit than this."""


def no_limit() -> float:
    """Return endless time."""
    return math.inf


def limit_of(seconds_left: SecondsLeft) -> float:
    """Return the time that is left, as a number that every solver takes."""
    return min(max(seconds_left(), 0.0), LONGEST_S)


@contextmanager
def interrupted_when_over(seconds_left: SecondsLeft) -> Iterator[SolveInterrupter]:
    """Give an interrupter that is triggered, from a thread of its own, once no time is left."""
    interrupter, done = SolveInterrupter(), Event()

    def watch() -> None:
        while not done.wait(LOOK_S):
            if seconds_left() <= 0:
                interrupter.interrupt()
                return

    watcher = Thread(target=watch, name="watch", daemon=True)
    watcher.start()
    try:
        yield interrupter
    finally:
        done.set()
        watcher.join()
