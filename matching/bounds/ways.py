"""Ways: every pair of a lot and a line that some plan may use, with each kind of haulage that could carry it.

Problem data
    direct   a truck that picks the lot up and delivers it within its shift and both sites' hours
    hub      two trucks that meet at a hub in time, where goods may wait for the whole horizon
    carrier  a carrier by the kilogram on its own lane

A pair that does not pay is kept: its kilograms may help to reach a minimum.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matching.model.calendar import most_throughput_kg
from matching.model.problem import HUB, BoolArray, FloatArray, IntArray, Problem, _Table
from matching.network.carriers import find_carrier_lanes
from matching.pairs.eligibility import pair_blocks
from matching.pairs.screening import direct_truck_rates, hub_truck_rates, market

DIRECT, THROUGH_HUB, CARRIER = range(3)
ROUNDING_VND = 0.5
"""A trip's cost is rounded to the whole đồng, so that it may be so much below what it is made of."""


@dataclass(frozen=True, eq=False)
class Ways(_Table):
    """Ways by lot, line and kind; shape of each column (n_ways,)."""

    lot: IntArray
    line: IntArray
    kind: IntArray  # DIRECT, THROUGH_HUB or CARRIER
    rate_vnd_per_kg: FloatArray  # haulage and handling cost at least so much

    def take(self, rows: IntArray | BoolArray) -> Ways:
        """Return some rows."""
        return Ways(self.lot[rows], self.line[rows], self.kind[rows], self.rate_vnd_per_kg[rows])


def shift_days(problem: Problem) -> int:
    """Most days between two stops of one truck."""
    span = max(0, problem.horizon_until_day - problem.horizon_from_day)
    return min(max(1, math.ceil(float(problem.vehicles.max_hours.max(initial=0.0)) / 24)), span)


def find_ways(problem: Problem) -> Ways:
    """Find every way, at the cheapest rate that any plan could pay on it."""
    parts = [*_by_trucks(problem), _carried(problem)]
    columns = [np.concatenate(column) for column in zip(*parts)]
    order = np.lexsort((columns[2], columns[1], columns[0]))
    return Ways(*(column[order] for column in columns))


def opening_share(problem: Problem) -> FloatArray:
    """Least share of a hub's opening that a kilogram unloaded there bears, đồng per kg, shape (n_sites,).

    The opening is paid on each day with anything unloaded, and no day unloads more than the throughput.
    """
    sites = problem.sites
    return np.asarray(sites.opening_vnd / np.maximum(1.0, most_throughput_kg(problem).astype(np.float64)))


Columns = tuple[IntArray, IntArray, IntArray, FloatArray]


def _by_trucks(problem: Problem) -> Iterator[Columns]:
    """Pairs that one truck may serve, and pairs that two trucks through a hub may serve however long the goods wait there."""
    span = max(0, problem.horizon_until_day - problem.horizon_from_day)
    hub_days = span if (problem.sites.kind == HUB).any() else None
    of = market(problem, shift_days(problem), hub_days, -ROUNDING_VND, on_the_clock=True, hub_extra_vnd_per_kg=opening_share(problem))
    for lot, entry in pair_blocks(of.ground, np.arange(problem.n_lots), of.hub_days):
        allowed = ~of.decided.is_forbidden(lot, of.ground.entry_line[entry]) & _fits_whole(problem, lot)
        lot, entry = lot[allowed], entry[allowed]
        line = of.ground.entry_line[entry]
        for kind, rates in ((DIRECT, direct_truck_rates), (THROUGH_HUB, hub_truck_rates)):
            rate = rates(of, lot, entry)
            kept = np.isfinite(rate)
            yield lot[kept], line[kept], np.full(int(kept.sum()), kind), rate[kept]


def _fits_whole(problem: Problem, lot: IntArray) -> BoolArray:
    """Whether a truck that the door of each lot's site and its cold admit takes all of it, where it may not be divided."""
    lots, v = problem.lots, problem.vehicles
    door = problem.sites.max_vehicle_kg[lots.site[lot]]
    admitted = (v.payload_kg[None, :] <= door[:, None]) & (v.refrigerated[None, :] | ~lots.cold[lot][:, None])
    largest = np.where(admitted, v.payload_kg[None, :], 0).max(axis=1, initial=0)
    return np.asarray(~lots.indivisible[lot] | (lots.kg[lot] <= largest))


def _carried(problem: Problem) -> Columns:
    """Pairs on carriers' lanes, the cheapest rate of each pair; what rounding may save on one kilogram is taken off."""
    lanes, width, lots = find_carrier_lanes(problem), max(1, problem.n_lines), problem.lots
    fits = np.flatnonzero(~lots.indivisible[lanes.lot] | (lots.kg[lanes.lot] <= problem.roads.capacity_kg[lanes.road]))
    lot, line, rate = lanes.lot[fits], lanes.line[fits], problem.roads.vnd_per_kg[lanes.road[fits]]
    rate = np.where(rate == np.rint(rate), rate, np.maximum(0.0, rate - ROUNDING_VND))
    order = np.lexsort((rate, line, lot))
    keys, first = np.unique((lot * width + line)[order], return_index=True)
    return keys // width, keys % width, np.full(len(keys), CARRIER), rate[order][first]
