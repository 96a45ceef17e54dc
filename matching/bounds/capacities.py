"""What sites, trucks and carriers can handle by date, as rows of the volumes model.

Problem data
    [p0_w, p1_w], [d0_w, d1_w]   days on which the goods of way w can be picked up, and delivered, at the widest
    t_s(day)                     throughput of site s
    n_c, W_c, u_r                daily number of trips and payload of class c, daily capacity of carrier r

Formulation, for all days i ≤ j
    Σ x[w] of ways delivered at s (a hub or buyer; else: picked up at s) with i ≤ d0_w, d1_w ≤ j  ≤  Σ over days i to j of t_s
    Σ x[w] of ways through hubs with i ≤ p0_w, d1_w ≤ j                     ≤  Σ over hubs and days of t
    Σ x[w] of ways that only limited classes C can begin, with trips that start within i to j  ≤  Σ over C of n_c W_c × (j − i + 1)
    Σ x[w] of the carrier r with i ≤ p0_w, p1_w ≤ j                         ≤  u_r × (j − i + 1)

A way whose days all lie within i to j can use no other day's capacity, so every plan keeps these rows. Windows of days are intervals, for
which such rows are all that dates leave (a transportation problem with consecutive days).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.bounds.model import Model
from matching.bounds.ways import CARRIER, DIRECT, THROUGH_HUB, Ways, shift_days
from matching.model.calendar import has_throughput, site_daily_kg
from matching.model.problem import BUYER, HUB, NO_LIMIT, BoolArray, FloatArray, IntArray, Problem
from matching.network.distance import distances
from matching.network.reach import classes_in_reach, reach

SITE, CLASS, ROAD, HUBS = "site", "class", "carrier", "hubs"


@dataclass(frozen=True)
class CapacityRow:
    """A row of the model and what it limits.

    Attributes
    ----------
    row : number of the row in the model.
    resource : SITE, CLASS, ROAD, or HUBS for all hubs together.
    index : rows of the sites, classes or roads that share the limit.
    first_day, last_day : days of the limit, both included.
    """

    row: int
    resource: str
    index: tuple[int, ...]
    first_day: int
    last_day: int


class Windows(NamedTuple):
    """First and last day of picking up and delivering each way, at the widest; shape of each (n_ways,)."""

    pickup_from: IntArray
    pickup_until: IntArray
    deliver_from: IntArray
    deliver_until: IntArray


def day_windows(problem: Problem, ways: Ways) -> Windows:
    """Days on which the goods of each way can be picked up and delivered: dates, life, horizon and the days that haulage can take."""
    lots, lines, span = problem.lots, problem.lines, max(0, problem.horizon_until_day - problem.horizon_from_day)
    lot, line, carried = ways.lot, ways.line, ways.kind == CARRIER
    spare = lots.life_days[lot] - lines.min_life_days[line]
    least = np.where(carried, _transit_days(problem, ways), 0)
    most = np.select([ways.kind == DIRECT, ways.kind == THROUGH_HUB], [shift_days(problem), span], least)
    most = np.where(lots.cut_on_pickup[lot], np.minimum(most, spare), most)
    last = np.where(lots.cut_on_pickup[lot], NO_LIMIT, lots.from_day[lot] + spare)
    p0, p1, d0, d1 = lots.from_day[lot], lots.until_day[lot], lines.from_day[line], np.minimum(lines.until_day[line], last)
    # The horizon binds trucks alone.
    p0 = np.where(carried, p0, np.maximum(p0, problem.horizon_from_day))
    d1 = np.where(carried, d1, np.minimum(d1, problem.horizon_until_day))
    return Windows(np.maximum(p0, d0 - most), np.minimum(p1, d1 - least), np.maximum(d0, p0 + least), np.minimum(d1, p1 + most))


def _transit_days(problem: Problem, ways: Ways) -> IntArray:
    """Days that the carrier between the ends of each way takes, 0 where there is none."""
    roads, n = problem.roads, problem.n_sites
    key, wanted = roads.from_site * n + roads.to_site, problem.lots.site[ways.lot] * n + problem.lines.site[ways.line]
    if len(key) == 0:
        return np.zeros(len(wanted), dtype=np.int64)
    order = np.argsort(key)
    place = order[np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)]
    return np.where(key[place] == wanted, roads.transit_days[place], 0)


def add_capacity_rows(problem: Problem, model: Model, ways: Ways) -> list[CapacityRow]:
    """Add the rows that could bind to a model whose column ``w`` is way ``w``; return what each limits."""
    windows = day_windows(problem, ways)
    adder = CapacityAdder(problem, model, ways)
    for site in _limited_sites(problem):
        adder.add(SITE, (site,), *_at_site(problem, ways, windows, site))
    adder.add(HUBS, tuple(np.flatnonzero(problem.sites.kind == HUB).tolist()), *_through_hubs(ways, windows))
    for classes, rows in _by_limited_classes(problem, ways):
        first = np.maximum(windows.pickup_from[rows] - shift_days(problem), problem.horizon_from_day)
        adder.add(CLASS, classes, rows, first, windows.pickup_until[rows])
    for road in np.flatnonzero(problem.roads.capacity_kg < NO_LIMIT).tolist():
        rows = _on_road(problem, ways, road)
        adder.add(ROAD, (road,), rows, windows.pickup_from[rows], windows.pickup_until[rows])
    return adder.made


Members = tuple[IntArray, IntArray, IntArray]
"""Columns of the model, and the first and last day of each."""


def _limited_sites(problem: Problem) -> list[int]:
    limited = has_throughput(problem)
    limited[problem.calendar.site[problem.calendar.closed]] = True
    return np.flatnonzero(limited).tolist()


def _at_site(problem: Problem, ways: Ways, windows: Windows, site: int) -> Members:
    """Ways whose goods count at a site: delivered to a hub or buyer, else picked up."""
    if problem.sites.kind[site] in (HUB, BUYER):
        rows = np.flatnonzero(problem.lines.site[ways.line] == site)
        return rows, windows.deliver_from[rows], windows.deliver_until[rows]
    rows = np.flatnonzero(problem.lots.site[ways.lot] == site)
    return rows, windows.pickup_from[rows], windows.pickup_until[rows]


def _through_hubs(ways: Ways, windows: Windows) -> Members:
    rows = np.flatnonzero(ways.kind == THROUGH_HUB)
    return rows, windows.pickup_from[rows], windows.deliver_until[rows]


def _on_road(problem: Problem, ways: Ways, road: int) -> IntArray:
    roads = problem.roads
    ends = (problem.lots.site[ways.lot] == roads.from_site[road]) & (problem.lines.site[ways.line] == roads.to_site[road])
    return np.flatnonzero((ways.kind == CARRIER) & ends)


def _by_limited_classes(problem: Problem, ways: Ways) -> Iterator[tuple[tuple[int, ...], IntArray]]:
    """Yield sets of classes that all have a daily number, with the ways that no other class can begin."""
    limited = problem.vehicles.count_per_day < NO_LIMIT
    if not limited.any():
        return
    trucks = np.flatnonzero(ways.kind != CARRIER)
    able = _able_classes(problem, ways, trucks)
    closed = np.flatnonzero(able.any(axis=1) & ~able[:, ~limited].any(axis=1))
    for members in np.unique(able[closed], axis=0):
        inside = closed[~able[closed][:, ~members].any(axis=1)]
        yield tuple(np.flatnonzero(members).tolist()), trucks[inside]


def _able_classes(problem: Problem, ways: Ways, rows: IntArray) -> BoolArray:
    """Classes that may begin each way, direct ones on the clock, first legs to hubs by cold and door, shape (n_rows, n_classes)."""
    lots, v = problem.lots, problem.vehicles
    lot, line = ways.lot[rows], ways.line[rows]
    door = problem.sites.max_vehicle_kg[lots.site[lot]]
    able = (v.payload_kg[None, :] <= door[:, None]) & (v.refrigerated[None, :] | ~lots.cold[lot][:, None])
    direct = ways.kind[rows] == DIRECT
    ends = lots.site[lot[direct]], problem.lines.site[line[direct]]
    able[direct] &= classes_in_reach(reach(problem), distances(problem), *ends, lots.cold[lot[direct]])
    return np.asarray(able)


class CapacityAdder:
    """Adds interval rows of one resource after another."""

    def __init__(self, problem: Problem, model: Model, ways: Ways) -> None:
        self._problem, self._model, self._ways = problem, model, ways
        self.made: list[CapacityRow] = []

    def add(self, resource: str, index: tuple[int, ...], columns: IntArray, first: IntArray, last: IntArray) -> None:
        """Add a row for each range of days whose ways could exceed the limit."""
        possible = first <= last
        columns, first, last = columns[possible], first[possible], last[possible]
        if len(columns) == 0 or len(index) == 0:
            return
        base = int(first.min())
        daily = self._daily_kg(resource, index, base, int(last.max()))
        total, n_free = (np.concatenate([[0.0], np.cumsum(column)]) for column in (np.where(np.isinf(daily), 0.0, daily), np.isinf(daily)))
        for i in np.unique(first).tolist():
            for j in np.unique(last[first >= i]).tolist():
                inside = (first >= i) & (last <= j)
                if n_free[j - base + 1] > n_free[i - base]:
                    continue
                limit = float(total[j - base + 1] - total[i - base])
                # A range that no way begins with is implied by a shorter one.
                if (first[inside] == i).any() and self._most_kg(columns[inside]) > limit:
                    row = self._model.row(columns[inside].tolist(), [1.0] * int(inside.sum()), -np.inf, limit)
                    self.made.append(CapacityRow(row, resource, index, i, j))

    def _most_kg(self, columns: IntArray) -> float:
        """What some ways could carry in all."""
        lots, lines = np.unique(self._ways.lot[columns]), np.unique(self._ways.line[columns])
        return float(min(self._problem.lots.kg[lots].sum(), self._problem.lines.kg[lines].sum()))

    def _daily_kg(self, resource: str, index: tuple[int, ...], first: int, last: int) -> FloatArray:
        """What the resource can handle on each day, infinite where nothing limits it."""
        p, n_days, rows = self._problem, last - first + 1, list(index)
        if resource == CLASS:
            daily = float((p.vehicles.count_per_day[rows].astype(np.float64) * p.vehicles.payload_kg[rows]).sum())
            return np.full(n_days, daily)
        if resource == ROAD:
            daily = float(p.roads.capacity_kg[rows].astype(np.float64).sum())
            return np.full(n_days, daily if (p.roads.capacity_kg[rows] < NO_LIMIT).all() else np.inf)
        return np.asarray(np.stack([site_daily_kg(p, site, first, last) for site in rows]).sum(axis=0))
