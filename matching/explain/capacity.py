"""Which paying pairs a full site or a wholly used fleet keeps from the plan.

A pair with room on both sides is barred

    throughput  where what its sites have left on their best days is nothing, or pays for no truck of its own, while the whole of it would
    fleet       where a truck of its own would pay, but every class that would is used to its daily number on every day of picking up

and is left to ``truck`` otherwise: trips are possible, and none was found that pays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.model.calendar import throughput_kg
from matching.model.plan import Plan
from matching.model.problem import BUYER, HUB, NO_LIMIT, BoolArray, FloatArray, IntArray, Problem
from matching.network.distance import Distances, distances, kilometres
from matching.network.geography import tariff_vnd
from matching.network.reach import Reach, classes_in_reach, reach
from matching.search.resource_use import resource_use

FREE, SITE_FULL, FLEET_USED = range(3)
BLOCK = 1 << 16
"""JudgedPairs that are looked at together."""


@dataclass(frozen=True, eq=False)
class CapacityLeft:
    """What a plan leaves of sites and trucks, by day from ``first_day`` on.

    Attributes
    ----------
    loading_kg, unloading_kg : what each site can still load, or unload, infinite where nothing limits it, shape (n_sites, n_days).
    trucks : trips that each class can still start, shape (n_classes, n_days).
    """

    first_day: int
    loading_kg: FloatArray
    unloading_kg: FloatArray
    trucks: IntArray


def capacity_left(problem: Problem, plan: Plan) -> CapacityLeft:
    """Count what a plan leaves."""
    first, n_days = problem.horizon_from_day, problem.horizon_until_day - problem.horizon_from_day + 1
    use, n = resource_use(problem, plan).window(first, n_days), problem.n_sites
    left = site_limits_kg(problem, n_days) - use.flow_kg[:n]
    receives = np.isin(problem.sites.kind, (HUB, BUYER))[:, None]
    trucks = np.minimum(problem.vehicles.count_per_day, NO_LIMIT)[:, None] - use.trips
    return CapacityLeft(first, np.where(receives, np.inf, left), np.where(receives, left, np.inf), trucks)


def site_limits_kg(problem: Problem, n_days: int) -> FloatArray:
    """What each site can handle on each day of the horizon, infinite where nothing limits it, kg, shape (n_sites, n_days)."""
    days = problem.horizon_from_day + np.arange(n_days)
    limit = throughput_kg(problem, np.arange(problem.n_sites)[:, None], days[None, :]).astype(np.float64)
    return np.where(limit >= NO_LIMIT, np.inf, limit)


class Barred(NamedTuple):
    """What bars each pair; shape of each (n_pairs,).

    Attributes
    ----------
    code : FREE, SITE_FULL or FLEET_USED.
    site : the full site, or -1.
    vehicle : the cheapest class that would pay and is used up, or -1.
    day : the day on which most is left.
    left : kilograms that the site has left on that day.
    """

    code: IntArray
    site: IntArray
    vehicle: IntArray
    day: IntArray
    left: FloatArray


class CapacityScreen:
    """Says which pairs scarce sites and trucks keep from a plan."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self._problem = problem
        self._left = capacity_left(problem, plan)
        self._is_scarce = bool(np.isfinite(self._left.loading_kg).any() or np.isfinite(self._left.unloading_kg).any())
        self._is_scarce |= bool((problem.vehicles.count_per_day < NO_LIMIT).any())
        self._reach: Reach = reach(problem)
        self._spans: Distances = distances(problem)

    def barred(self, lot: IntArray, line: IntArray, possible_kg: IntArray) -> Barred:
        """Say what bars paying pairs of which both sides have ``possible_kg`` left."""
        n = len(lot)
        none = np.full(n, -1, dtype=np.int64)
        if not self._is_scarce or n == 0:
            return Barred(np.zeros(n, dtype=np.int64), none, none.copy(), none.copy(), np.full(n, np.inf))
        parts = [self._block(lot[rows], line[rows], possible_kg[rows]) for rows in _blocks(n)]
        return Barred(*(np.concatenate(column) for column in zip(*parts)))

    def throughput_kg(self, site: int, day: int) -> float:
        """What a site can handle on a day, kg."""
        first, n_days = self._left.first_day, self._left.trucks.shape[1]
        return float(site_limits_kg(self._problem, n_days)[site, min(max(0, day - first), n_days - 1)])

    def _block(self, lot: IntArray, line: IntArray, possible_kg: IntArray) -> Barred:
        lots, lines, left, first = self._problem.lots, self._problem.lines, self._left, self._left.first_day
        last = left.trucks.shape[1] - 1
        a, b = lots.site[lot], lines.site[line]
        pick_from, pick_until, drop_from, drop_until = (
            np.clip(day - first, 0, last)
            for day in (
                lots.from_day[lot],
                np.minimum(lots.until_day[lot], lines.until_day[line]),
                np.maximum(lines.from_day[line], lots.from_day[lot]),
                lines.until_day[line],
            )
        )
        margin = (lines.bid_vnd_per_kg + lines.short_vnd_per_kg)[line] - lots.ask_vnd_per_kg[lot]
        most = np.where(lots.indivisible[lot], lots.kg[lot], 0)
        made = _classified(
            a, b, pick_from, pick_until, drop_from, drop_until, possible_kg.astype(np.float64), margin.astype(np.float64),
            most.astype(np.float64),
            self._trip_vnd(a, b), self._admitted(a, b, lots.cold[lot]), self._problem.vehicles.payload_kg.astype(np.float64),
            left.loading_kg, left.unloading_kg, left.trucks,
        )  # fmt: skip
        code, site, vehicle, day, kg = made
        return Barred(code, site, vehicle, np.where(day >= 0, day + first, -1), kg)

    def _trip_vnd(self, a: IntArray, b: IntArray) -> FloatArray:
        """What a truck of each class costs from a to b, from its base and back where it has one, đồng, shape (n_pairs, n_classes)."""
        v, km = self._problem.vehicles, kilometres(self._spans, a, b)
        costs = []
        for c in range(self._problem.n_classes):
            base = np.full(len(a), v.base_site[c])
            around = kilometres(self._spans, base, a) + kilometres(self._spans, b, base) if v.base_site[c] >= 0 else 0.0
            costs.append(float(v.fixed_vnd[c]) + tariff_vnd(self._problem, c, km + around))
        return np.stack(costs, axis=1)

    def _admitted(self, a: IntArray, b: IntArray, cold: BoolArray) -> BoolArray:
        """Classes that make each pair on the clock, shape (n_pairs, n_classes)."""
        return classes_in_reach(self._reach, self._spans, a, b, cold)


def _blocks(n: int) -> Iterator[slice]:
    """Yield slices of at most so many rows as are looked at together."""
    for start in range(0, n, BLOCK):
        yield slice(start, min(n, start + BLOCK))


@compiled
def _most_left(left: FloatArray, site: int, first: int, last: int) -> tuple[float, int]:
    """Most that a site has left on any day of a range, and that day."""
    most, on = -np.inf, first
    for day in range(first, last + 1):
        if left[site, day] > most:
            most, on = left[site, day], day
    return most, on


@compiled
def _cheapest_paying(cost: FloatArray, fits: BoolArray, payload: FloatArray, margin: float, kg: float, whole: float) -> int:
    """Class whose own trip gains most with ``kg`` at ``margin``, or -1 where none pays; ``whole`` kilograms go together or not at all."""
    best, found = 0.0, -1
    for c in range(len(payload)):
        gain = margin * min(kg, payload[c]) - cost[c]
        if fits[c] and payload[c] >= whole and kg >= whole and gain > best:
            best, found = gain, c
    return found


@compiled
def _has_truck(
    cost: FloatArray, fits: BoolArray, payload: FloatArray, margin: float, kg: float, trucks: IntArray, p0: int, p1: int
) -> bool:
    """Whether a class whose own trip pays can still start on a day of picking up."""
    for c in range(len(payload)):
        if fits[c] and margin * min(kg, payload[c]) > cost[c]:
            for day in range(p0, p1 + 1):
                if trucks[c, day] > 0:
                    return True
    return False


@compiled
def _classified(
    a: IntArray, b: IntArray, p0: IntArray, p1: IntArray, d0: IntArray, d1: IntArray, possible: FloatArray, margin: FloatArray,
    whole: FloatArray, cost: FloatArray, fits: BoolArray, payload: FloatArray, loading: FloatArray, unloading: FloatArray, trucks: IntArray,
) -> tuple[IntArray, IntArray, IntArray, IntArray, FloatArray]:  # fmt: skip
    """Say what bars each pair; see the module."""
    n = len(a)
    code, site, vehicle, day = np.zeros(n, dtype=np.int64), np.full(n, -1), np.full(n, -1), np.full(n, -1)
    left = np.full(n, np.inf)
    for k in range(n):
        here, here_day = _most_left(loading, a[k], p0[k], p1[k])
        there, there_day = _most_left(unloading, b[k], d0[k], d1[k])
        room = min(here, there)
        free = _cheapest_paying(cost[k], fits[k], payload, margin[k], possible[k], whole[k])
        held = _cheapest_paying(cost[k], fits[k], payload, margin[k], min(possible[k], room), whole[k])
        if room <= 0.0 or (room < possible[k] and free >= 0 and held < 0):
            code[k], left[k] = SITE_FULL, max(0.0, room)
            site[k], day[k] = (a[k], here_day) if here <= there else (b[k], there_day)
        elif held >= 0 and not _has_truck(cost[k], fits[k], payload, margin[k], min(possible[k], room), trucks, p0[k], p1[k]):
            code[k], vehicle[k], day[k] = FLEET_USED, held, p0[k]
    return code, site, vehicle, day, left
