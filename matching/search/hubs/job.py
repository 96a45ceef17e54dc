"""What one transfer through a hub is about: which goods, where, when, and how hard it is searched for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matching.model.problem import MINUTES_PER_DAY, IntArray, Problem
from matching.model.subset import rows_of
from matching.pairs.lanes import Lanes
from matching.search.subproblem import Residual


@dataclass(frozen=True)
class Meeting:
    """A hub, the day on which goods come, and the minute of that day at which it turns from receiving to sending (1440: its end)."""

    hub: int
    day: int
    clock_min: int

    @property
    def leave_day(self) -> int:
        """First day on which goods may leave."""
        return self.day + self.clock_min // MINUTES_PER_DAY


@dataclass(frozen=True)
class Effort:
    """How hard one transfer is searched for.

    Attributes
    ----------
    iterations : of each search.
    rounds : times that the two searches follow each other.
    shift_days : most midnights that a trip runs over.
    """

    iterations: int
    rounds: int
    shift_days: int


def compatible(lanes: Lanes, meeting: Meeting, shift_days: int) -> Lanes:
    """Narrow lanes to the days on which they may pass through the hub then; the others are left out."""
    leave = meeting.leave_day
    deliver_from = np.maximum(lanes.deliver_from_day, leave)
    deliver_until = np.minimum(lanes.deliver_until_day, leave + 1 + shift_days)
    pickup_from = np.maximum(np.maximum(lanes.pickup_from_day, meeting.day - shift_days), deliver_from - lanes.max_days)
    pickup_until = np.minimum(lanes.pickup_until_day, meeting.day)
    rows = np.flatnonzero((deliver_from <= deliver_until) & (pickup_from <= pickup_until))
    return rows_of(lanes, rows).replace(
        pickup_from_day=pickup_from[rows],
        pickup_until_day=pickup_until[rows],
        deliver_from_day=deliver_from[rows],
        deliver_until_day=deliver_until[rows],
    )


@dataclass(frozen=True)
class Job:
    """One transfer of what a residual leaves.

    Attributes
    ----------
    lanes : those that `compatible` returns, between lots and lines of which something is left.
    direct : lanes that direct trips may use beside, between lots and lines of which something is left.
    """

    problem: Problem
    left: Residual
    lanes: Lanes
    direct: Lanes
    meeting: Meeting
    effort: Effort
    expired: Callable[[], bool]

    @cached_property
    def line(self) -> IntArray:
        """Lines of the lanes, each once, ascending."""
        return np.unique(self.lanes.line)

    @cached_property
    def line_place(self) -> IntArray:
        """Place of each lane's line in `line`, shape (n_lanes,)."""
        return np.searchsorted(self.line, self.lanes.line)

    @cached_property
    def worth_vnd_per_kg(self) -> IntArray:
        """Bid with the saved shortage penalty less ask, shape (n_lanes,)."""
        lots, lines = self.problem.lots, self.problem.lines
        return lines.bid_vnd_per_kg[self.lanes.line] + lines.short_vnd_per_kg[self.lanes.line] - lots.ask_vnd_per_kg[self.lanes.lot]

    @property
    def handling_vnd_per_kg(self) -> float:
        return float(self.problem.sites.handling_vnd_per_kg[self.meeting.hub])
