"""`without_compiling`: a stopwatch that stands still while loops are compiled.

Loops come compiled with an installation. Where they don't fit, because the processor, Python or numba is of another kind, the first
run compiles them. That takes most of a minute, once, and says nothing about the problem, so no time limit counts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from numba.core import event


@dataclass(frozen=True)
class Compiled:
    """What was compiled during a run.

    Attributes
    ----------
    seconds : time that it took.
    is_kept : whether the next run will find it on disk.
    """

    seconds: float
    is_kept: bool


class LoopStopwatch(event.Listener):
    """Tells the seconds of another stopwatch without those in which loops were compiled.

    Parameters
    ----------
    stopwatch : seconds since the run began.
    on_begin : told once, when the first loop begins to be compiled.
    """

    def __init__(self, stopwatch: Callable[[], float], on_begin: Callable[[], None]) -> None:
        self._stopwatch, self._on_begin = stopwatch, on_begin
        self._depth, self._began, self._spent = 0, 0.0, 0.0
        self._loops: list[Any] = []

    def __call__(self) -> float:
        return (self._began if self._depth else self._stopwatch()) - self._spent

    @property
    def compiled(self) -> Compiled:
        """What was compiled so far."""
        return Compiled(self._spent, all(loop._cache.is_kept for loop in self._loops))

    def on_start(self, event: Any) -> None:
        """Stand still."""
        if not self._loops:
            self._on_begin()
        if hasattr(event.data["dispatcher"], "_cache"):
            self._loops.append(event.data["dispatcher"])
        if not self._depth:
            self._began = self._stopwatch()
        self._depth += 1

    def on_end(self, event: Any) -> None:
        """Go on, once the outermost loop is compiled."""
        del event
        self._depth -= 1
        if not self._depth:
            self._spent += self._stopwatch() - self._began


@contextmanager
def without_compiling(stopwatch: Callable[[], float], on_begin: Callable[[], None] = lambda: None) -> Iterator[LoopStopwatch]:
    """Give a stopwatch that stands still while loops are compiled, as long as the block lasts."""
    own = LoopStopwatch(stopwatch, on_begin)
    event.register("numba:compile", own)
    try:
        yield own
    finally:
        event.unregister("numba:compile", own)
