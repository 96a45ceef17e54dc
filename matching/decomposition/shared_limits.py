"""Sharing out what all parts draw on: trucks of a day, throughput and carriers' capacity of a date, openings already paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.decomposition.clustering import Division
from matching.model.calendar import throughput_kg
from matching.model.plan import Plan
from matching.model.problem import NO_LIMIT, FloatArray, IntArray, Problem
from matching.model.subset import Subset
from matching.search.resource_use import ResourceUse, resource_use

NEXT_DAY_WEIGHT = 0.25
"""A part may start trucks a day before or after the days of its bundles."""


@dataclass(frozen=True, eq=False)
class Shares:
    """What is left of trucks, for each part, class and date; and the part that owns what each site and road has left."""

    whole: ResourceUse
    trips: IntArray  # (n_parts, n_classes, n_days)
    owner: IntArray  # (n_sites + n_roads,)


def share_out(problem: Problem, whole: ResourceUse, needs: FloatArray, division: Division, rng: np.random.Generator) -> Shares:
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


def others_of(problem: Problem, shares: Shares, part: Subset, number: int, own: Plan) -> ResourceUse:
    """Return what the rest of the plan uses, seen from a part, and what is reserved for others."""
    whole = shares.whole
    rows = np.concatenate([part.sites, problem.n_sites + part.roads])
    place = np.full(problem.n_sites + len(problem.roads.km), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    mine = resource_use(problem, own, place)
    limit = problem.vehicles.count_per_day[:, None]
    trips = np.where(limit >= NO_LIMIT, 0, limit - mine.trips - shares.trips[number])
    n_days = whole.trips.shape[1]
    days = np.arange(whole.first_day, whole.first_day + n_days)
    of_roads = np.broadcast_to(problem.roads.capacity_kg[part.roads][:, None], (len(part.roads), n_days))
    most = np.concatenate([throughput_kg(problem, part.sites[:, None], days[None, :]), of_roads])
    reserved = (shares.owner[rows] != number)[:, None] & (most < NO_LIMIT)
    flow = np.where(reserved, most - mine.flow_kg, whole.flow_kg[rows] - mine.flow_kg)
    return ResourceUse(whole.first_day, trips, whole.calls[rows] - mine.calls, flow)
