"""Hands the best plan so far to the worker now and then, so that it is there should the planner have to be ended by force."""

from __future__ import annotations

from collections.abc import Callable

from matching.model.plan import Plan
from service.runs.messages import Handed

LEAST_PAUSE_S = 2.0
PLANS_PER_RUN = 60
COST = 30.0
"""A plan is written out again only after so many times what it took the last time: a few hundredths of the run at most."""


class Handing:
    """Takes what the engine offers, as long as it is better and not too soon.

    Parameters
    ----------
    tell : sends something to the worker.
    stopwatch : seconds since the run began.
    limit_s : time limit of the run, s.
    """

    def __init__(self, tell: Callable[[Handed], None], stopwatch: Callable[[], float], limit_s: float) -> None:
        self._tell, self._stopwatch = tell, stopwatch
        self._pause_s = max(LEAST_PAUSE_S, limit_s / PLANS_PER_RUN)
        self._not_before_s = self._pause_s
        self._worth_vnd: int | None = None

    def __call__(self, worth_vnd: int, plan: Callable[[], Plan]) -> None:
        """Hand a plan over, if it is time for one and it is worth more than the last."""
        began = self._stopwatch()
        if began < self._not_before_s or (self._worth_vnd is not None and worth_vnd <= self._worth_vnd):
            return
        self._tell(Handed(plan(), began))
        took = self._stopwatch() - began
        self._worth_vnd, self._not_before_s = worth_vnd, began + max(self._pause_s, COST * took)
