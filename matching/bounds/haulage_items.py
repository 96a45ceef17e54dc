"""Items: what one truck can carry between two sites, and the routes of goods that are made of them.

A route is a way of one pair: direct (one item), through a given hub (an item into it and an item out of it), or by carrier (none).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.bounds.ways import CARRIER, DIRECT, ROUNDING_VND, THROUGH_HUB, Ways, opening_share, shift_days
from matching.model.problem import HUB, NO_LIMIT, BoolArray, FloatArray, IntArray, Problem, _Table
from matching.network.rates import direct_rates, haulage
from matching.pairs.lanes import Lanes, find_lanes

NONE = -1


@dataclass(frozen=True, eq=False)
class Items(_Table):
    """Items; shape of each column (n_items,), of ``on_day`` (n_items, n_days)."""

    origin: IntArray
    target: IntArray
    lot: IntArray  # or NONE: goods that wait at a hub
    line: IntArray  # or NONE: goods on their way to a hub
    kg: FloatArray  # most that one trip can carry of it
    cold: BoolArray
    full_rate: FloatArray  # rate of a full truck, đồng per kg
    on_day: BoolArray  # whether a trip that starts on this day of the horizon can carry it


@dataclass(frozen=True, eq=False)
class Routes(_Table):
    """Routes; shape of each column (n_routes,)."""

    lot: IntArray
    line: IntArray
    kind: IntArray
    first: IntArray  # item, or NONE
    second: IntArray  # item, or NONE
    rest_vnd_per_kg: FloatArray  # handling, share of the hub's opening, or the carrier's rate

    def rates(self, rate: FloatArray) -> FloatArray:
        """What a kilogram pays on each route, when each item is paid ``rate``, shape (n_routes,)."""
        padded = np.append(rate, 0.0)
        return np.asarray(self.rest_vnd_per_kg + padded[self.first] + padded[self.second])


def items_and_routes(problem: Problem, ways: Ways) -> tuple[Items, Routes]:
    """Make the items of all ways, and the routes: one for each way, and one for each hub of a way through hubs."""
    maker = _Maker(problem)
    direct = ways.take(ways.kind == DIRECT)
    first = maker.add(
        problem.lots.site[direct.lot], problem.lines.site[direct.line], direct.lot, direct.line, _direct_days(problem, direct)
    )
    nothing = np.full(len(first), NONE)
    parts = [(direct.lot, direct.line, direct.kind, first, nothing, np.zeros(len(first)))]
    through = ways.take(ways.kind == THROUGH_HUB)
    for hub in np.flatnonzero(problem.sites.kind == HUB).tolist() if len(through.lot) else []:
        parts.append(_through(problem, maker, through, hub))
    carried = ways.take(ways.kind == CARRIER)
    nothing = np.full(len(carried.lot), NONE)
    parts.append((carried.lot, carried.line, carried.kind, nothing, nothing, carried.rate_vnd_per_kg))
    columns = [np.concatenate(column) for column in zip(*parts)]
    items = maker.items()
    # The clock keeps some classes from a pair, which the rate of its way knows of.
    full_rate = items.full_rate.copy()
    full_rate[first] = direct.rate_vnd_per_kg
    return _passable(items.replace(full_rate=full_rate), Routes(*columns))


def _passable(items: Items, routes: Routes) -> tuple[Items, Routes]:
    """Leave out routes over an item that no class can carry; the item stays, and is never paid."""
    is_open = np.append(np.isfinite(items.full_rate), True)
    kept = is_open[routes.first] & is_open[routes.second]
    columns = (routes.lot, routes.line, routes.kind, routes.first, routes.second, routes.rest_vnd_per_kg)
    return items.replace(full_rate=np.where(is_open[:-1], items.full_rate, 0.0)), Routes(*(column[kept] for column in columns))


class _Maker:
    """Collects items, each once."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.by = problem, haulage(problem, fixed_shift_vnd=-ROUNDING_VND)
        self._parts: list[tuple[IntArray | BoolArray, ...]] = []
        self._rates: list[FloatArray] = []
        self._days: list[BoolArray] = []
        self._n = 0

    def add(
        self, origin: IntArray, target: IntArray, lot: IntArray, line: IntArray, days: BoolArray, cold: BoolArray | None = None
    ) -> IntArray:
        """Add items and return their numbers."""
        problem = self.problem
        cold = problem.lots.cold[lot] if cold is None else cold
        most = np.minimum(np.append(problem.lots.kg, NO_LIMIT)[lot], np.append(problem.lines.kg, NO_LIMIT)[line])
        self._parts.append((origin, target, lot, line, most, cold))
        self._rates.append(direct_rates(self.by, origin, target, cold))
        self._days.append(days)
        self._n += len(origin)
        return np.arange(self._n - len(origin), self._n)

    def items(self) -> Items:
        """Return all items."""
        origin, target, lot, line, kg, cold = (np.concatenate(column) for column in zip(*self._parts))
        rate, days = np.concatenate(self._rates), np.concatenate(self._days)
        return Items(origin, target, lot, line, kg.astype(np.float64), cold, rate, days)


def _through(problem: Problem, maker: _Maker, ways: Ways, hub: int) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray, FloatArray]:
    """Routes through one hub and their items: lots into it, and lines, warm and cold, out of it."""
    lots, lines = problem.lots, problem.lines
    ways = ways.take((lots.site[ways.lot] != hub) & (lines.site[ways.line] != hub))
    lot, to_lot = np.unique(ways.lot, return_inverse=True)
    key, to_key = np.unique(ways.line * 2 + lots.cold[ways.lot], return_inverse=True)
    line, cold = key // 2, (key % 2).astype(np.bool_)
    nobody = np.full(len(line), NONE)
    into = maker.add(
        lots.site[lot], np.full(len(lot), hub), lot, np.full(len(lot), NONE), _touched(problem, lots.from_day[lot], lots.until_day[lot])
    )
    out = maker.add(
        np.full(len(line), hub), lines.site[line], nobody, line, _touched(problem, lines.from_day[line], lines.until_day[line]), cold
    )
    share = float(problem.sites.handling_vnd_per_kg[hub]) + float(opening_share(problem)[hub])
    return ways.lot, ways.line, ways.kind, into[to_lot], out[to_key], np.full(len(ways.lot), share)


def _touched(problem: Problem, first: IntArray, last: IntArray) -> BoolArray:
    """Start days from which a trip can touch a day of each range, shape (n_ranges, n_days)."""
    day = np.arange(problem.horizon_from_day, problem.horizon_until_day + 1)[None, :]
    return np.asarray((first[:, None] <= day + shift_days(problem)) & (last[:, None] >= day))


def _direct_days(problem: Problem, direct: Ways) -> BoolArray:
    """Start days of trips that can pick up and deliver within the days of some box of each pair."""
    days = shift_days(problem)
    lanes: Lanes = find_lanes(problem, max_transit_days=days, prune_unprofitable=False)
    start = np.arange(problem.horizon_from_day, problem.horizon_until_day + 1)[None, :]
    pick_low, pick_high = np.maximum(lanes.pickup_from_day[:, None], start), np.minimum(lanes.pickup_until_day[:, None], start + days)
    drop_low, drop_high = np.maximum(lanes.deliver_from_day[:, None], start), np.minimum(lanes.deliver_until_day[:, None], start + days)
    is_met = (pick_low <= pick_high) & (drop_low <= drop_high) & (drop_high >= pick_low)
    is_met &= drop_low - pick_high <= lanes.max_days[:, None]
    width = max(1, problem.n_lines)
    place = np.searchsorted(direct.lot * width + direct.line, lanes.lot * width + lanes.line)
    place = np.minimum(place, max(0, len(direct.lot) - 1))
    ours = np.append(direct.lot * width + direct.line, -1)[place] == lanes.lot * width + lanes.line
    made = np.zeros((len(direct.lot), start.shape[1]), dtype=np.bool_)
    np.logical_or.at(made, place[ours], is_met[ours])
    return made
