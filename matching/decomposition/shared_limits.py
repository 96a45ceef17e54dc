"""Sharing out what all parts draw on: trucks of a day, throughput and carriers' capacity of a date, openings already paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.decomposition.clustering import Division
from matching.decomposition.job import Others
from matching.model.calendar import throughput_kg
from matching.model.plan import CARRIER, Plan
from matching.model.problem import BUYER, HUB, MINUTES_PER_DAY, NO_LIMIT, FloatArray, IntArray, Problem
from matching.model.subset import Subset

NEXT_DAY_WEIGHT = 0.25
"""A part may start trucks a day before or after the days of its bundles."""


@dataclass(frozen=True, eq=False)
class Use:
    """What a plan uses, by date from ``first_day`` on; shapes as in `Others`."""

    first_day: int
    trips: IntArray
    calls: IntArray
    flow_kg: FloatArray


def use_of(problem: Problem, plan: Plan, first_day: int, n_days: int, rows: IntArray | None = None) -> Use:
    """Count what a plan uses.

    Parameters
    ----------
    rows : where each site and then each road is counted, all in their order by default; shape (n_sites + n_roads,).
    """
    n = problem.n_sites + len(problem.roads.km)
    place = np.arange(n) if rows is None else rows
    size = int(place.max(initial=-1)) + 1
    stop_day = plan.stops.arrive_min // MINUTES_PER_DAY - first_day
    starts = plan.stops.seq == 1
    trips = _table(problem.n_classes, n_days, plan.trips.vehicle[plan.stops.trip[starts]], stop_day[starts])
    row, day, kg, call = _touches(problem, plan, stop_day, first_day)
    calls = _table(size, n_days, np.concatenate([place[plan.stops.site], place[row[call]]]), np.concatenate([stop_day, day[call]]))
    return Use(first_day, trips, calls, _table(size, n_days, place[row], day, kg).astype(np.float64))


def _touches(problem: Problem, plan: Plan, stop_day: IntArray, first_day: int) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Sites and roads with the kilograms that count there, and which of these are calls of a carrier."""
    legs, a = plan.legs, plan.allocations
    receives = (problem.sites.kind == HUB) | (problem.sites.kind == BUYER)
    carried = plan.trips.vehicle[legs.trip] == CARRIER
    keys = plan.stops.trip * problem.n_sites + plan.stops.site
    order = np.argsort(keys)
    kg = a.kg[legs.allocation]
    rows, days, masses, calls = [], [], [], []
    for site, date, loading in ((legs.from_site, a.pickup_day, True), (legs.to_site, a.delivery_day, False)):
        at = np.searchsorted(keys[order], legs.trip * problem.n_sites + site)
        by_truck = stop_day[order[np.minimum(at, len(order) - 1)]] if len(order) else np.zeros(len(site), dtype=np.int64)
        rows.append(site)
        days.append(np.where(carried, date[legs.allocation] - first_day, by_truck))
        masses.append(np.where(receives[site] != loading, kg, 0))
        calls.append(carried)
    if carried.any():
        rows.append(problem.n_sites + _road_of(problem, legs.from_site[carried], legs.to_site[carried]))
        days.append(a.pickup_day[legs.allocation[carried]] - first_day)
        masses.append(kg[carried])
        calls.append(np.ones(int(carried.sum()), dtype=np.bool_))
    return np.concatenate(rows), np.concatenate(days), np.concatenate(masses), np.flatnonzero(np.concatenate(calls))


def _road_of(problem: Problem, start: IntArray, end: IntArray) -> IntArray:
    keys = problem.roads.from_site * problem.n_sites + problem.roads.to_site
    order = np.argsort(keys, kind="stable")
    found: IntArray = order[np.searchsorted(keys[order], start * problem.n_sites + end)]
    return found


def _table(n: int, n_days: int, row: IntArray, day: IntArray, weight: IntArray | None = None) -> IntArray:
    inside = (row >= 0) & (day >= 0) & (day < n_days)
    flat = row[inside] * n_days + day[inside]
    total = np.bincount(flat, weights=None if weight is None else weight[inside], minlength=n * n_days)
    return np.rint(total).astype(np.int64).reshape(n, n_days)


@dataclass(frozen=True, eq=False)
class Shares:
    """What is left of trucks, for each part, class and date; and the part that owns what each site and road has left."""

    whole: Use
    trips: IntArray  # (n_parts, n_classes, n_days)
    owner: IntArray  # (n_sites + n_roads,)


def share_out(problem: Problem, whole: Use, needs: FloatArray, division: Division, rng: np.random.Generator) -> Shares:
    """Share out what a plan leaves.

    Parameters
    ----------
    needs : how much each part is likely to do on each date, shape (n_parts, n_days).
    """
    left = np.maximum(0, problem.vehicles.count_per_day[:, None] - whole.trips)
    weight = needs + NEXT_DAY_WEIGHT * (_shifted(needs, 1) + _shifted(needs, -1)) + 1e-9
    quota = weight / weight.sum(axis=0, keepdims=True)
    trips = np.zeros((division.n_parts, *left.shape), dtype=np.int64)
    for c in np.flatnonzero(problem.vehicles.count_per_day < NO_LIMIT):
        for day in range(left.shape[1]):
            trips[:, c, day] = _apportion(int(left[c, day]), quota[:, day], rng)
    return Shares(whole, trips, _site_owners(problem, division))


def _shifted(needs: FloatArray, by: int) -> FloatArray:
    made = np.zeros_like(needs)
    if by > 0:
        made[:, by:] = needs[:, :-by]
    else:
        made[:, :by] = needs[:, -by:]
    return made


def _apportion(n: int, quota: FloatArray, rng: np.random.Generator) -> IntArray:
    """Share ``n`` out in whole numbers, the largest remainders first, equal ones by lot."""
    exact = n * quota
    made = np.floor(exact).astype(np.int64)
    rest = n - int(made.sum())
    made[np.lexsort((rng.random(len(quota)), made - exact))[:rest]] += 1
    return made


def _site_owners(problem: Problem, division: Division) -> IntArray:
    """Part with the most goods at each site; a road belongs where it ends."""
    site = np.concatenate([problem.lots.site, problem.lines.site])
    part = np.concatenate([division.lot, division.line])
    kg = np.concatenate([problem.lots.kg, problem.lines.kg]).astype(np.float64)
    pair, place = np.unique(site * division.n_parts + part, return_inverse=True)
    total = np.bincount(place, weights=kg, minlength=len(pair))
    owner = np.zeros(problem.n_sites, dtype=np.int64)
    order = np.lexsort((-pair, total))
    owner[pair[order] // division.n_parts] = pair[order] % division.n_parts
    return np.concatenate([owner, owner[problem.roads.to_site]])


def others_of(problem: Problem, shares: Shares, part: Subset, number: int, own: Plan | None) -> Others:
    """Return what the rest of the plan uses, seen from a part, and what is reserved for others."""
    whole = shares.whole
    n_days = whole.trips.shape[1]
    rows = np.concatenate([part.sites, problem.n_sites + part.roads])
    place = np.full(problem.n_sites + len(problem.roads.km), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    mine = Use(whole.first_day, np.zeros_like(whole.trips), *(np.zeros((len(rows), n_days)) for _ in range(2)))  # type: ignore[arg-type]
    if own is not None:
        mine = use_of(problem, own, whole.first_day, n_days, place)
    limit = problem.vehicles.count_per_day[:, None]
    trips = np.where(limit >= NO_LIMIT, 0, limit - mine.trips - shares.trips[number])
    days = np.arange(whole.first_day, whole.first_day + n_days)
    of_roads = np.broadcast_to(problem.roads.capacity_kg[part.roads][:, None], (len(part.roads), n_days))
    most = np.concatenate([throughput_kg(problem, part.sites[:, None], days[None, :]), of_roads])
    reserved = (shares.owner[rows] != number)[:, None] & (most < NO_LIMIT)
    flow = np.where(reserved, most - mine.flow_kg, whole.flow_kg[rows] - mine.flow_kg)
    return Others(whole.first_day, trips, (whole.calls[rows] - mine.calls).astype(np.int64), flow)
