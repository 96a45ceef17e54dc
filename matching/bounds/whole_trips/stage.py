"""Stage: what the stops of one class's trips of one start day can be, laid out for the compiled loops.

Problem data
    A *call* is a site, a day on which a truck arrives there, and one opening of the site to the class; a trip visits each site once,
    loads at its first calls and unloads at the others. With arrival t[k] at the k-th call, and d[k] the whole minutes of the stop,

        first[k] ≤ t[k] ≤ last[k],  t[k] + d[k] ≤ until[k],  t[k] + d[k] + drive ≤ t[k + 1],  t[n] + d[n] − t[1] ≤ shift.

    Kilometres and minutes are shortest ones, so that leaving a call out makes no trip longer. A call lasts at least as long as for
    one kilogram.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.bounds.ways import DIRECT, Ways, shift_days
from matching.model.problem import MINUTES_PER_DAY, BoolArray, FloatArray, IntArray, Problem
from matching.network.distance import distances, kilometres
from matching.network.geography import road_minutes
from matching.network.opening_hours import openings
from matching.pairs.lanes import find_lanes

FAR = 1 << 40


class Calls(NamedTuple):
    """Calls of one kind, to load or to unload; shape of each (n_calls,)."""

    site: IntArray
    day: IntArray  # from the horizon's first
    first: IntArray  # minutes from the horizon's first midnight
    last: IntArray
    until: IntArray
    most_kg: FloatArray  # of all goods that may be moved there


class Scene(NamedTuple):
    """One class and start day.

    Attributes
    ----------
    loads, drops : calls at which the truck loads, and unloads.
    way_start, way : ways from load call ``a`` to drop call ``b`` are ``way[way_start[k]:way_start[k + 1]]``, k = a × n_drops + b.
    km, drive : shortest km and minutes between sites, shape (n_sites, n_sites).
    out_km, home_km : from and to the base, 0 for a hired truck, shape (n_sites,).
    fixed_min, min_per_kg : of a stop at each site, shape (n_sites,).
    """

    loads: Calls
    drops: Calls
    way_start: IntArray
    way: IntArray
    km: FloatArray
    drive: IntArray
    out_km: FloatArray
    home_km: FloatArray
    fixed_min: FloatArray
    min_per_kg: FloatArray
    shift_min: int
    payload_kg: float
    max_stops: int
    start_day: int


@dataclass(frozen=True, eq=False)
class Stage:
    """A problem ready to make scenes of.

    Attributes
    ----------
    ways : direct pairs, by lot, then by line.
    allowed : whether a pair may be picked up on a day and delivered so many days later, shape (n_ways, n_days, most days + 1).
    """

    problem: Problem
    ways: Ways
    allowed: BoolArray
    km: FloatArray
    hours: IntArray
    drives: tuple[IntArray, ...]  # of each class

    @property
    def origin(self) -> IntArray:
        return self.problem.lots.site[self.ways.lot]

    @property
    def target(self) -> IntArray:
        return self.problem.lines.site[self.ways.line]

    def carriable(self, vehicle: int) -> BoolArray:
        """Ways that a class may carry, shape (n_ways,)."""
        v, door = self.problem.vehicles, self.problem.sites.max_vehicle_kg
        fits = (door[self.origin] >= v.payload_kg[vehicle]) & (door[self.target] >= v.payload_kg[vehicle])
        return np.asarray(fits & (bool(v.refrigerated[vehicle]) | ~self.problem.lots.cold[self.ways.lot]))


def make_stage(problem: Problem, ways: Ways) -> Stage:
    """Prepare a problem; ``ways`` are all of its ways."""
    direct, n = ways.take(ways.kind == DIRECT), problem.n_sites
    every = np.arange(n)
    km = kilometres(distances(problem), np.repeat(every, n), np.tile(every, n)).reshape(n, n)
    by_speed = {kmh: _shortest(road_minutes(problem, every[:, None], every[None, :], kmh)) for kmh in set(problem.vehicles.kmh.tolist())}
    drives = tuple(by_speed[kmh] for kmh in problem.vehicles.kmh.tolist())
    return Stage(problem, direct, _allowed(problem, direct), km, openings(problem), drives)


def _shortest(minutes: IntArray) -> IntArray:
    """Shortest minutes over any way around, shape (n_sites, n_sites)."""
    made = np.ascontiguousarray(minutes.astype(np.int64))
    for via in range(len(made)):
        made = np.minimum(made, made[:, via : via + 1] + made[via : via + 1, :])
    return made


def _allowed(problem: Problem, direct: Ways) -> BoolArray:
    """Days on which each pair may be picked up and delivered; see `Stage.allowed`."""
    most, first, width = shift_days(problem), problem.horizon_from_day, max(1, problem.n_lines)
    row = {key: k for k, key in enumerate((direct.lot * width + direct.line).tolist())}
    made = np.zeros((len(direct.lot), problem.horizon_until_day - first + 1, most + 1), dtype=np.bool_)
    lanes = find_lanes(problem, max_transit_days=most, prune_unprofitable=False)
    boxes = (lanes.pickup_from_day, lanes.pickup_until_day, lanes.deliver_from_day, lanes.deliver_until_day, lanes.max_days)
    for key, p0, p1, d0, d1, days in zip((lanes.lot * width + lanes.line).tolist(), *(box.tolist() for box in boxes)):
        if key in row:
            for day in range(p0, p1 + 1):
                later = slice(max(0, d0 - day), max(0, min(days, most, d1 - day) + 1))
                made[row[key], day - first, later] = True
    return made


def scenes(stage: Stage, vehicle: int) -> Iterator[Scene]:
    """Yield the scenes of one class, day by day."""
    problem, v = stage.problem, stage.problem.vehicles
    base, n = int(v.base_site[vehicle]), problem.n_sites
    out, home = (stage.km[base].copy(), stage.km[:, base].copy()) if base >= 0 else (np.zeros(n), np.zeros(n))
    for day in range(stage.allowed.shape[1]):
        loads, drops, way_start, way = _calls(stage, vehicle, day)
        if len(way):
            yield Scene(
                loads, drops, way_start, way, stage.km, stage.drives[vehicle], out, home,
                problem.sites.stop_min, problem.sites.min_per_tonne / 1000.0, int(v.max_hours[vehicle] * 60.0 + 6e-8),
                float(v.payload_kg[vehicle]), int(v.max_stops[vehicle]), day,
            )  # fmt: skip


def _calls(stage: Stage, vehicle: int, start: int) -> tuple[Calls, Calls, IntArray, IntArray]:
    """Calls of trips that start on a day, and the ways between them."""
    loads, drops = _Collector(stage, vehicle), _Collector(stage, vehicle)
    pairs = []
    for way, day, later in _days_of_ways(stage, vehicle, start):
        origin, target = int(stage.origin[way]), int(stage.target[way])
        if origin != target:
            lot, line = int(stage.ways.lot[way]), int(stage.ways.line[way])
            pairs.append((loads.at(origin, day, lot), drops.at(target, day + later, line), way))
    load, of_load = loads.calls(stage.problem.lots.kg)
    drop, of_drop = drops.calls(stage.problem.lines.kg)
    rows = sorted((x * len(drop.site) + y, way) for a, b, way in pairs for x in of_load[a] for y in of_drop[b])
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return load, drop, np.searchsorted(table[:, 0], np.arange(len(load.site) * len(drop.site) + 1)), table[:, 1].copy()


def _days_of_ways(stage: Stage, vehicle: int, start: int) -> Iterator[tuple[int, int, int]]:
    """Ways that a class may carry on a trip that starts on a day, with the day of loading and the days until the drop."""
    n_days, most = stage.allowed.shape[1], stage.allowed.shape[2] - 1
    for way in np.flatnonzero(stage.carriable(vehicle)).tolist():
        for day in range(start, min(start + most + 1, n_days)):
            for later in np.flatnonzero(stage.allowed[way, day, : start + most - day + 1]).tolist():
                if day + later < n_days:
                    yield way, day, later


class _Collector:
    """Collects sites and days, and makes one call of each opening."""

    def __init__(self, stage: Stage, vehicle: int) -> None:
        self._stage, self._vehicle = stage, vehicle
        self._goods: dict[tuple[int, int], set[int]] = {}
        self._number: dict[tuple[int, int], int] = {}

    def at(self, site: int, day: int, good: int) -> int:
        """Number of a site and day, at which these goods may be moved."""
        self._goods.setdefault((site, day), set()).add(good)
        return self._number.setdefault((site, day), len(self._number))

    def calls(self, kg: IntArray) -> tuple[Calls, list[list[int]]]:
        """Return the calls, and those of each site and day."""
        rows: list[tuple[float, ...]] = []
        of: list[list[int]] = []
        for site, day in self._number:
            most = float(sum(int(kg[good]) for good in self._goods[site, day]))
            stretches = _stretches(self._stage, self._vehicle, site, day)
            of.append(list(range(len(rows), len(rows) + len(stretches))))
            rows.extend((site, day, *stretch, most) for stretch in stretches)
        table = np.array(rows, dtype=np.float64).reshape(-1, 6)
        whole = [table[:, k].astype(np.int64) for k in range(5)]
        return Calls(whole[0], whole[1], whole[2], whole[3], whole[4], table[:, 5].copy()), of


def _stretches(stage: Stage, vehicle: int, site: int, day: int) -> list[tuple[int, int, int]]:
    """First and last arrival and end of each opening that a stop on a day may use."""
    midnight, sites = day * MINUTES_PER_DAY, stage.problem.sites
    lasts = least_minutes(float(sites.stop_min[site]), float(sites.min_per_tonne[site]) / 1000.0)
    end, made = stage.allowed.shape[1] * MINUTES_PER_DAY - 1, []
    for opens, length in stage.hours[site, vehicle].tolist():
        for shift in (0, -MINUTES_PER_DAY) if 0 <= length < FAR else (-opens,):
            begin = midnight + opens + shift
            first, until = max(begin, midnight), min(begin + length, end)
            last = midnight + MINUTES_PER_DAY - 1
            if length >= 0 and first <= min(last, until - lasts):
                made.append((first, last, until))
    return made


def least_minutes(fixed_min: float, min_per_kg: float) -> int:
    """Whole minutes that a stop takes at least."""
    return int(np.ceil(fixed_min + min_per_kg - 1e-9))
