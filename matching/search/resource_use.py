"""`ResourceUse`: trucks of a day, openings, throughput and carriers' capacity that a plan uses, by date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.model.plan import CARRIER, Plan
from matching.model.problem import BUYER, HUB, MINUTES_PER_DAY, FloatArray, IntArray, Problem
from matching.search.plan_ops import carrier_roads, leg_days


@dataclass(frozen=True, eq=False)
class ResourceUse:
    """What trips use of the resources that all trips share, by date from ``first_day`` on.

    Attributes
    ----------
    first_day : date of the first column.
    trips : trips of each class that start, shape (n_classes, n_days).
    calls : stops at each site, then consignments on each road, shape (n_sites + n_roads, n_days).
    flow_kg : kilograms that count for throughput of each site, then for capacity of each road; the same shape.
    """

    first_day: int
    trips: IntArray
    calls: IntArray
    flow_kg: FloatArray

    def plus(self, other: ResourceUse) -> ResourceUse:
        """Return what both use together; both cover the same dates."""
        return ResourceUse(self.first_day, self.trips + other.trips, self.calls + other.calls, self.flow_kg + other.flow_kg)

    def at(self, rows: IntArray) -> ResourceUse:
        """Return the use of some sites and roads alone, given as rows of ``calls``."""
        return ResourceUse(self.first_day, self.trips, self.calls[rows], self.flow_kg[rows])

    def window(self, first_day: int, n_days: int) -> ResourceUse:
        """Return the use on ``n_days`` dates from ``first_day`` on; nothing is used on dates that are not known."""
        tables = (_window(table, self.first_day, first_day, n_days) for table in (self.trips, self.calls, self.flow_kg))
        trips, calls, flow_kg = tables
        return ResourceUse(first_day, trips.astype(np.int64), calls.astype(np.int64), flow_kg)


def dates_of(problem: Problem) -> tuple[int, int]:
    """Return the first date on which anything can happen, and the number of dates."""
    first = min([problem.horizon_from_day, *problem.lots.from_day.tolist()]) - 1
    last = max([problem.horizon_until_day, *problem.lines.until_day.tolist(), *problem.lots.until_day.tolist()])
    return first, last - first + 2


def resource_use(problem: Problem, plan: Plan, rows: IntArray | None = None) -> ResourceUse:
    """Count what a plan uses on all dates of a problem.

    Parameters
    ----------
    rows : row under which each site and then each road is counted, -1 for none, shape (n_sites + n_roads,); by default all in their order.
    """
    first_day, n_days = dates_of(problem)
    n = problem.n_sites + len(problem.roads.km)
    place = np.arange(n) if rows is None else rows
    size = int(place.max(initial=-1)) + 1
    stop_day = plan.stops.arrive_min // MINUTES_PER_DAY - first_day
    starts = plan.stops.seq == 1
    trips = _table(problem.n_classes, n_days, plan.trips.vehicle[plan.stops.trip[starts]], stop_day[starts])
    row, day, kg, by_carrier = _touches(problem, plan)
    day -= first_day
    calls = _table(
        size, n_days, np.concatenate([place[plan.stops.site], place[row[by_carrier]]]), np.concatenate([stop_day, day[by_carrier]])
    )
    return ResourceUse(first_day, trips, calls, _table(size, n_days, place[row], day, kg).astype(np.float64))


def _touches(problem: Problem, plan: Plan) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Sites and roads that legs touch, the dates, the kilograms that count there, and the rows that are calls of a carrier."""
    legs, a = plan.legs, plan.allocations
    receives = (problem.sites.kind == HUB) | (problem.sites.kind == BUYER)
    kg, by_carrier = a.kg[legs.allocation], plan.trips.vehicle[legs.trip] == CARRIER
    road = np.full(len(kg), -1, dtype=np.int64)
    road[by_carrier] = carrier_roads(problem, legs.from_site[by_carrier], legs.to_site[by_carrier])
    on_road = np.flatnonzero(road >= 0)
    load_day, unload_day = leg_days(problem, plan)
    calls = np.concatenate([by_carrier, by_carrier, np.ones(len(on_road), dtype=np.bool_)])
    return (
        np.concatenate([legs.from_site, legs.to_site, problem.n_sites + road[on_road]]),
        np.concatenate([load_day, unload_day, load_day[on_road]]),
        np.concatenate([np.where(receives[legs.from_site], 0, kg), np.where(receives[legs.to_site], kg, 0), kg[on_road]]),
        np.flatnonzero(calls),
    )


def _table(n: int, n_days: int, row: IntArray, day: IntArray, weight: IntArray | None = None) -> IntArray:
    """Sum weights, or count, by row and date; rows of -1 and dates outside are left out, shape (n, n_days)."""
    inside = (row >= 0) & (day >= 0) & (day < n_days)
    flat = row[inside] * n_days + day[inside]
    total = np.bincount(flat, weights=None if weight is None else weight[inside], minlength=n * n_days)
    return np.rint(total).astype(np.int64).reshape(n, n_days)


def _window(table: IntArray | FloatArray, table_first: int, first: int, n_days: int) -> FloatArray:
    """Return ``n_days`` columns of a table from date ``first`` on; dates that it does not know are zero."""
    made = np.zeros((len(table), n_days))
    start, end = max(first, table_first), min(first + n_days, table_first + table.shape[1])
    if end > start:
        made[:, start - first : end - first] = table[:, start - table_first : end - table_first]
    return made
