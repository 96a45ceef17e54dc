"""Patterns: trips that a truck could make, each with what it may carry and the limits that the clock puts on it.

A *set* of calls stands for all orders in which they can be made; a set is cheap to price, and its orders are only told apart where the
price asks for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from matching.bounds.whole_trips.free_sets import MOST_CALLS, list_free_sets
from matching.bounds.whole_trips.listing import (
    MAX_STOPS,
    Page,
    Sheet,
    blank_page,
    blank_sheet,
    clear_desk,
    list_sets,
    set_desk,
    walk_orders,
)
from matching.bounds.whole_trips.pricing import Goods, price_sets
from matching.bounds.whole_trips.stage import Scene, Stage, scenes
from matching.model.problem import NO_LIMIT, BoolArray, FloatArray, IntArray, Problem
from matching.network.geography import tariff_vnd

MOST_SETS = 150_000
MOST_ORDERED_STOPS = 8
"""Stops of a trip up to which its orders are tried on the clock."""
MOST_ORDERS = 6_000
FAR_KM = 1e6
"""Farther than any band of a tariff begins, so that tariffs are compared by their last rates, too."""


@dataclass(frozen=True)
class Limit:
    """The stops of a trip at some sites take at most so many whole minutes together."""

    sites: frozenset[int]
    minutes: int


@dataclass(frozen=True)
class Pattern:
    """A trip without its loads.

    Attributes
    ----------
    sites, days : of each stop in order; the first ``n_loads`` load. Days count from the horizon's first.
    cost_vnd : rounded as a trip's cost is.
    ways : rows of the stage's ways that it may carry.
    """

    vehicle: int
    sites: tuple[int, ...]
    days: tuple[int, ...]
    n_loads: int
    cost_vnd: float
    ways: tuple[int, ...]
    limits: tuple[Limit, ...]


@dataclass(frozen=True, eq=False)
class Listed:
    """The sets of one scene; shape of ``cost_vnd`` (n_sets,), of the cheapest order."""

    vehicle: int
    scene: Scene
    sheet: Sheet
    cost_vnd: FloatArray
    is_free: bool = False
    """Whether the clock was let go, so that a set has one pattern without limits."""

    def profits(self, goods: Goods) -> FloatArray:
        """What each set can earn at most over its cheapest order's cost, đồng, shape (n_sets,)."""
        value = np.zeros(len(self.cost_vnd))
        price_sets(self.scene, self.sheet, len(value), goods, value)
        return np.asarray(value - self.cost_vnd)


def list_all(stage: Stage, go_on: Callable[[], bool]) -> list[Listed] | None:
    """List the sets of calls of every class and start day, or None where there are too many or no time.

    Where trips have too many stops for their orders to be tried, the clock is let go.
    """
    most_stops = int(stage.problem.vehicles.max_stops.max(initial=2))
    n_stops = min(len(np.unique(stage.origin)) + len(np.unique(stage.target)), most_stops)
    if n_stops > MAX_STOPS:
        return None
    is_free, n_sets = n_stops > MOST_ORDERED_STOPS, 0
    made: list[Listed] = []
    page, sheet, desk = blank_page(1), blank_sheet(MOST_SETS), clear_desk()
    for vehicle in np.flatnonzero(~dominated_classes(stage.problem)).tolist():
        for scene in scenes(stage, vehicle):
            if is_free and max(len(scene.loads.site), len(scene.drops.site)) > MOST_CALLS:
                return None
            n = list_free_sets(scene, sheet) if is_free else list_sets(scene, desk, page, sheet)
            n_sets += n
            if n_sets > MOST_SETS or not go_on():
                return None
            ours = Sheet(sheet.call[:n].copy(), sheet.size[:n].copy(), sheet.km[:n].copy(), sheet.most_kg[:n].copy())
            made.append(Listed(vehicle, scene, ours, _costs(stage, vehicle, ours.km), is_free))
    return made


def dominated_classes(problem: Problem) -> BoolArray:
    """Classes that an equally large one without a daily number replaces on every trip at no more cost, shape (n_classes,)."""
    n = problem.n_classes
    made = np.zeros(n, dtype=np.bool_)
    for c in range(n):
        made[c] = any(not made[other] and other != c and _replaces(problem, other, c) for other in range(n))
    return made


def _replaces(problem: Problem, other: int, c: int) -> bool:
    """Whether a class can make every trip of another one at no more cost; doors and zones ask for the payload alone."""
    v = problem.vehicles
    if int(v.payload_kg[other]) != int(v.payload_kg[c]) or int(v.base_site[other]) != int(v.base_site[c]):
        return False
    is_as_able = all(float(column[other]) >= float(column[c]) for column in (v.volume_l, v.kmh, v.max_stops, v.max_hours))
    is_as_cold = bool(v.refrigerated[other]) or not v.refrigerated[c] or not problem.lots.cold.any()
    km = np.unique(np.concatenate([[0.0], v.band_km, [FAR_KM]]))
    cheaper = tariff_vnd(problem, other, km) <= tariff_vnd(problem, c, km)
    return bool(is_as_able and is_as_cold and v.count_per_day[other] >= NO_LIMIT and v.fixed_vnd[other] <= v.fixed_vnd[c] and cheaper.all())


def _costs(stage: Stage, vehicle: int, km: FloatArray) -> FloatArray:
    """Cost of trips as the plan states it, đồng; never above that, should kilometres be rounded the other way."""
    return np.asarray(np.ceil(float(stage.problem.vehicles.fixed_vnd[vehicle]) + tariff_vnd(stage.problem, vehicle, km) - 0.5 - 1e-5))


class Expander:
    """Tells the orders of sets apart."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._page, self._desk = stage, blank_page(MOST_ORDERS), clear_desk()

    def patterns(self, listed: Listed, row: int) -> Iterator[Pattern]:
        """Yield a pattern of each order of a set, or one that is as free as any where there are too many."""
        sheet, scene = listed.sheet, listed.scene
        n_loads, n_drops = sheet.size[row].tolist()
        loads, drops = sheet.call[row, :n_loads].copy(), sheet.call[row, n_loads : n_loads + n_drops].copy()
        if listed.is_free:
            yield _free_pattern(listed, row, loads, drops)
            return
        set_desk(scene, self._desk, loads, n_loads, drops, n_drops)
        n, km, _ = walk_orders(scene, self._desk, n_loads, n_loads + n_drops, self._page)
        if n > MOST_ORDERS:
            n, self._page.km[0], self._page.n_limits[0] = 1, km, 0
        ways = _ways_between(scene, loads, drops)
        costs = _costs(self._stage, listed.vehicle, self._page.km[:n]).tolist()
        for order, cost in enumerate(costs):
            yield _pattern(self._page, order, listed.vehicle, n_loads, n_loads + n_drops, cost, ways)


def _ways_between(scene: Scene, loads: IntArray, drops: IntArray) -> tuple[int, ...]:
    """Ways from some load calls to some drop calls."""
    pairs = [a * len(scene.drops.site) + b for a in loads.tolist() for b in drops.tolist()]
    return tuple(sorted(way for pair in pairs for way in scene.way[scene.way_start[pair] : scene.way_start[pair + 1]].tolist()))


def _free_pattern(listed: Listed, row: int, loads: IntArray, drops: IntArray) -> Pattern:
    """The pattern of a set without any clock, its loads by day."""
    scene = listed.scene
    order = loads[np.argsort(scene.loads.day[loads], kind="stable")]
    sites = (*scene.loads.site[order].tolist(), *scene.drops.site[drops].tolist())
    days = (*scene.loads.day[order].tolist(), *scene.drops.day[drops].tolist())
    ways = _ways_between(scene, loads, drops)
    return Pattern(listed.vehicle, sites, days, len(loads), float(listed.cost_vnd[row]), ways, ())


def _pattern(page: Page, row: int, vehicle: int, n_loads: int, n: int, cost: float, ways: tuple[int, ...]) -> Pattern:
    """Read an order from the page."""
    sites = page.site[row, :n].tolist()
    masks, minutes = page.mask[row].tolist(), page.limit[row].tolist()
    limits = (Limit(frozenset(sites[k] for k in range(n) if masks[r] >> k & 1), minutes[r]) for r in range(int(page.n_limits[row])))
    return Pattern(vehicle, tuple(sites), tuple(page.day[row, :n].tolist()), n_loads, cost, ways, tuple(limits))


def most_kg(stage: Stage, ways: tuple[int, ...]) -> int:
    """Kilograms that all trips together could at most carry on some ways."""
    lots, lines = set(stage.ways.lot[list(ways)].tolist()), set(stage.ways.line[list(ways)].tolist())
    return int(min(stage.problem.lots.kg[list(lots)].sum(), stage.problem.lines.kg[list(lines)].sum()))


def needed(stage: Stage, patterns: Iterable[Pattern]) -> list[Pattern]:
    """Leave out each pattern that a cheaper one can stand in for, whatever it carries."""
    v, made = stage.problem.vehicles, []
    alike: dict[tuple[frozenset[tuple[int, int]], tuple[int, ...]], list[Pattern]] = defaultdict(list)
    for pattern in patterns:
        alike[frozenset(zip(pattern.sites, pattern.days)), pattern.ways].append(pattern)
    litres = stage.problem.lots.litres_per_kg[stage.ways.lot]
    for (_, ways), group in alike.items():
        most = most_kg(stage, ways)
        most_l = most * float(litres[list(ways)].max())
        kept: list[Pattern] = []
        for pattern in sorted(group, key=lambda p: (p.cost_vnd, p.vehicle, len(p.limits), p.sites)):
            needs = min(most, int(v.payload_kg[pattern.vehicle])), min(most_l, float(v.volume_l[pattern.vehicle]))
            if not any(_stands_in(v.count_per_day, other, pattern) and _fits(stage, other, *needs) for other in kept):
                kept.append(pattern)
        made.extend(kept)
    return made


def _fits(stage: Stage, pattern: Pattern, kg: int, litres: float) -> bool:
    v = stage.problem.vehicles
    return int(v.payload_kg[pattern.vehicle]) >= kg and float(v.volume_l[pattern.vehicle]) >= litres


def _stands_in(count: IntArray, other: Pattern, pattern: Pattern) -> bool:
    """Whether another pattern's class is as free to start, and its clock no tighter."""
    if other.vehicle != pattern.vehicle and count[other.vehicle] < NO_LIMIT:
        return False
    return all(any(mine.sites >= limit.sites and mine.minutes <= limit.minutes for mine in pattern.limits) for limit in other.limits)
