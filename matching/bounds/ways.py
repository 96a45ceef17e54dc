"""Ways: every pair of a lot and a line that some plan may use, with each kind of haulage that could carry it.

Problem data
    direct   a truck that picks the lot up and delivers it within its shift and both sites' hours
    hub      two trucks that meet at a hub in time, where goods may wait for the whole horizon
    carrier  a carrier by the kilogram on its own lane

A pair that does not pay is kept: its kilograms may help to reach a minimum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from matching.model.calendar import most_throughput_kg
from matching.model.problem import DEPOT, HUB, BoolArray, FloatArray, IntArray, Problem, _Table
from matching.network.carriers import find_carrier_lanes
from matching.network.distance import distances
from matching.network.hub_transfers import into_hubs, out_of_hubs, relay_rates
from matching.network.reach import reach
from matching.pairs.lanes import find_lanes
from matching.volumes.arcs import Arcs, arc_blocks, market

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
    parts = [_direct(problem)]
    if (problem.sites.kind == HUB).any():
        parts.append(_through_hubs(problem))
    parts.append(_carried(problem))
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


def _direct(problem: Problem) -> Columns:
    """Pairs that one truck may serve, at the cheapest rate of a class that keeps its shift and both sites' hours."""
    sites = problem.sites
    hubless = problem.replace(sites=sites.replace(kind=np.where(sites.kind == HUB, DEPOT, sites.kind)))
    of = market(hubless, shift_days(problem), None, -ROUNDING_VND, on_the_clock=True)
    none = np.zeros(0, dtype=np.int64)
    blocks = [Arcs(none, none, none, np.zeros(0)), *arc_blocks(of, np.arange(problem.n_lots))]
    lot, line, _, rate = (np.concatenate(column) for column in zip(*blocks))
    kept = problem.lots.site[lot] != problem.lines.site[line]
    return lot[kept], line[kept], np.full(int(kept.sum()), DIRECT), rate[kept]


def _through_hubs(problem: Problem) -> Columns:
    """Pairs that two trucks through a hub may serve in time, however long the goods wait there."""
    by, hubs = reach(problem, fixed_shift_vnd=-ROUNDING_VND), np.flatnonzero(problem.sites.kind == HUB)
    spans, here = distances(problem), problem.sites.handling_vnd_per_kg[hubs] + opening_share(problem)[hubs]
    lot, line, days = _most_days(problem)
    a, b, cold = problem.lots.site[lot], problem.lines.site[line], problem.lots.cold[lot].astype(np.int64)
    rate = relay_rates(by, into_hubs(by, spans, hubs, here), out_of_hubs(by, spans, hubs), a, b, cold, days)
    kept = np.isfinite(rate)
    return lot[kept], line[kept], np.full(int(kept.sum()), THROUGH_HUB), rate[kept]


def _most_days(problem: Problem) -> tuple[IntArray, IntArray, IntArray]:
    """Lot, line and most days between pick-up and delivery of every pair that dates allow, however long the goods wait."""
    span = max(0, problem.horizon_until_day - problem.horizon_from_day)
    lanes = find_lanes(problem, max_transit_days=span, prune_unprofitable=False)
    width = max(1, problem.n_lines)
    keys, pair = np.unique(lanes.lot * width + lanes.line, return_inverse=True)
    days = np.zeros(len(keys), dtype=np.int64)
    np.maximum.at(days, pair, np.minimum(lanes.max_days, lanes.deliver_until_day - lanes.pickup_from_day))
    return keys // width, keys % width, days


def _carried(problem: Problem) -> Columns:
    """Pairs on carriers' lanes, the cheapest rate of each pair; what rounding may save on one kilogram is taken off."""
    lanes, width = find_carrier_lanes(problem), max(1, problem.n_lines)
    rate = problem.roads.vnd_per_kg[lanes.road]
    rate = np.where(rate == np.rint(rate), rate, np.maximum(0.0, rate - ROUNDING_VND))
    order = np.lexsort((rate, lanes.line, lanes.lot))
    keys, first = np.unique((lanes.lot * width + lanes.line)[order], return_index=True)
    return keys // width, keys % width, np.full(len(keys), CARRIER), rate[order][first]
