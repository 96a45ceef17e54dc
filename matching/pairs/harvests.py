"""Lanes held to the dates on which the rest of a plan has harvests picked up."""

from __future__ import annotations

import numpy as np

from matching.model.plan import Allocations
from matching.model.problem import NO_HARVEST, BoolArray, IntArray, Problem
from matching.pairs.lanes import Lanes

ANY_DAY = -(1 << 40)
"""In `harvest_days`: the plan leaves the lot's pick-up date open."""


def harvest_days(problem: Problem, a: Allocations) -> IntArray:
    """Return the date on which allocations hold each lot's harvest, ANY_DAY where they do not, shape (n_lots,)."""
    harvest = problem.lots.harvest
    day = np.full(len(problem.harvest_ids) + 1, ANY_DAY, dtype=np.int64)
    day[harvest[a.lot]] = a.pickup_day
    day[NO_HARVEST] = ANY_DAY
    return day[harvest]


def can_be_cut(lanes: Lanes, days: IntArray) -> BoolArray:
    """Return the lanes that admit their lot's date in ``days``, shape (n_lanes,)."""
    day = days[lanes.lot]
    return np.asarray((day == ANY_DAY) | ((lanes.pickup_from_day <= day) & (day <= lanes.pickup_until_day)))


def narrowed(lanes: Lanes, days: IntArray) -> Lanes:
    """Return the lanes that admit their lot's date in ``days``, with that date as their only one for pick-up.

    Parameters
    ----------
    days : from `harvest_days`, shape (n_lots,).
    """
    if not (days != ANY_DAY).any():
        return lanes
    rows = np.flatnonzero(can_be_cut(lanes, days))
    kept = Lanes(*(getattr(lanes, name)[rows] for name in Lanes.__dataclass_fields__))
    day = days[kept.lot]
    settled = day != ANY_DAY
    return kept.replace(
        pickup_from_day=np.where(settled, day, kept.pickup_from_day),
        pickup_until_day=np.where(settled, day, kept.pickup_until_day),
    )
