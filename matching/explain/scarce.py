"""Which trucks, sites and carriers a plan uses to their limit, by date."""

from __future__ import annotations

import numpy as np

from matching.bounds.scarce import ScarcePrices
from matching.model.calendar import throughput_kg
from matching.model.plan import CARRIER_RESOURCE, CLASS_RESOURCE, SITE_RESOURCE, Plan, Scarce
from matching.model.problem import NO_LIMIT, FloatArray, IntArray, Problem
from matching.search.resource_use import resource_use

FULL_SHARE = 0.99
"""Share of a daily mass from which on it counts as used to its limit: what is left fills no truck."""


def find_scarce(problem: Problem, plan: Plan, prices: ScarcePrices) -> Scarce:
    """Find everything that a plan uses to its limit on a date.

    Parameters
    ----------
    prices : what one more unit would add, by resource, row and day; nothing is known if it is empty, else what isn't in it adds nothing.

    Returns
    -------
    Scarce
        By resource, then row, then day.
    """
    use, n = resource_use(problem, plan), problem.n_sites
    first, n_days = use.first_day, use.trips.shape[1]
    days = first + np.arange(n_days)
    roads = np.where(np.isnan(problem.roads.vnd_per_kg), NO_LIMIT, problem.roads.capacity_kg)
    limits = (
        (CLASS_RESOURCE, use.trips.astype(np.float64), _daily(problem.vehicles.count_per_day, n_days), 1.0),
        (SITE_RESOURCE, use.flow_kg[:n], _unlimited(throughput_kg(problem, np.arange(n)[:, None], days[None, :])), FULL_SHARE),
        (CARRIER_RESOURCE, use.flow_kg[n:], _daily(roads, n_days), FULL_SHARE),
    )
    parts = [_at_limit(resource, used, limit, share, first, prices) for resource, used, limit, share in limits]
    names = ("resource", "index", "day", "used", "limit", "vnd_per_unit")
    return Scarce(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _daily(limit: IntArray, n_days: int) -> FloatArray:
    """Repeat a limit for each day, infinite where there is none."""
    return np.repeat(_unlimited(limit)[:, None], n_days, axis=1)


def _unlimited(limit: IntArray) -> FloatArray:
    """Limits as real numbers, infinite where there is none."""
    return np.asarray(np.where(limit >= NO_LIMIT, np.inf, limit.astype(np.float64)))


def _at_limit(resource: str, used: FloatArray, limit: FloatArray, share: float, first: int, prices: ScarcePrices) -> Scarce:
    """Rows of one resource that are used up."""
    index, day = np.nonzero((used > 0) & (used >= share * limit))
    unknown = np.nan if not prices else 0.0
    price = [prices.get((resource, i, d), unknown) for i, d in zip(index.tolist(), (day + first).tolist(), strict=True)]
    kind = np.full(len(index), resource, dtype=object)
    kg, most = (np.rint(column[index, day]).astype(np.int64) for column in (used, limit))
    return Scarce(kind, index.astype(np.int64), (day + first).astype(np.int64), kg, most, np.array(price, dtype=np.float64))
