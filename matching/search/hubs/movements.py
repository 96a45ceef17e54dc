"""Movements: kilograms that are to wait at a hub between two trucks, chosen before any truck is.

A hub turns a lot that is ripe too early into one that a line can still have. Which kilograms are worth it depends on everything else that
lots and lines could do, so `matching.search.lp_start` chooses them, with haulage priced here as real trucks through a hub cost it.

Each movement then gets one hub and one turning day: it arrives on that day or before and leaves on a later one, so that its two halves
can be planned apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.model.calendar import throughput_kg
from matching.model.problem import HUB, PIN, BoolArray, FloatArray, IntArray, Problem, _Table
from matching.model.subset import rows_of
from matching.network.rates import Haulage, haulage
from matching.pairs.lanes import Lanes, find_lanes

DEARER_INTO, DEARER_OUT = 1.8, 1.5
"""What trucks to and from a hub cost on a kilogram, against full ones: lots are small, and loads for one hub and day are few."""
FIRST_SHARE = 0.6
"""Share of what a movement gains that its first half is paid: where a movement gains much, each half is to pay for a truck."""
OPENING_LOAD_KG = 3_000
"""Kilograms among which one day's opening of a hub is thought to be shared."""
LEAST_KG = 30
"""Movements of fewer kilograms are not worth two stops."""


@dataclass(frozen=True, eq=False)
class Movements(_Table):
    """Kilograms that pass a hub; shape of each column (n_movements,)."""

    lot: IntArray
    line: IntArray
    hub: IntArray
    kg: IntArray
    pickup_from_day: IntArray
    pickup_until_day: IntArray
    turning_day: IntArray  # last day on which they arrive at the hub; they leave on a later one
    deliver_from_day: IntArray
    deliver_until_day: IntArray
    gate_vnd_per_kg: IntArray  # what a kilogram is thought to be worth at the hub, handling not yet paid


def hub_ways(problem: Problem, boxes: Lanes, lot: IntArray, line: IntArray) -> tuple[IntArray, FloatArray]:
    """Return which pairs may let goods wait at a hub, and what real trucks through one would cost, đồng per kg."""
    width = max(1, problem.n_lines)
    rows = np.flatnonzero(np.isin(lot * width + line, boxes.lot * width + boxes.line))
    rate = _hub_costs(problem, haulage(problem), lot[rows], line[rows]).min(axis=1, initial=np.inf)
    paying = np.isfinite(rate)
    return rows[paying], rate[paying]


def settled(
    problem: Problem, boxes: Lanes, lot: IntArray, line: IntArray, kg: IntArray, lot_price: FloatArray, line_price: FloatArray
) -> Movements:
    """Give each movement that is worth two stops, and enough of its lot, its days, its hub and its price at the hub.

    Parameters
    ----------
    lot_price, line_price : what a kilogram of each is worth elsewhere, the saved shortage penalty included, đồng per kg.
    """
    least = np.where(is_pinned(problem, lot, line), 1, np.maximum(LEAST_KG, problem.lots.min_take_kg[lot]))
    rows = np.flatnonzero(kg >= least)
    return _settled(problem, haulage(problem), boxes, lot[rows], line[rows], kg[rows], lot_price, line_price)


def storage_boxes(problem: Problem) -> Lanes:
    """Days of pairs on which goods may wait a night at a hub, one box a pair: the one that leaves most days."""
    span = max(0, problem.horizon_until_day - problem.horizon_from_day)
    lanes = find_lanes(problem, max_transit_days=span, prune_unprofitable=False)
    first, last = lanes.pickup_from_day, lanes.deliver_until_day
    slack = np.minimum(last - first, lanes.max_days)
    width = max(1, problem.n_lines)
    order = np.lexsort((-slack, lanes.line, lanes.lot))
    _, best = np.unique((lanes.lot * width + lanes.line)[order], return_index=True)
    rows = order[best]
    # An indivisible lot rides on one trip.
    return rows_of(lanes, rows[(slack[rows] >= 1) & ~problem.lots.indivisible[lanes.lot[rows]]])


def is_pinned(problem: Problem, lot: IntArray, line: IntArray) -> BoolArray:
    """Tell which pairs a broker has pinned."""
    made, width = problem.decisions, max(1, problem.n_lines)
    pinned = (made.lot * width + made.line)[(made.kind == PIN) & (made.kg > 0)]
    return np.isin(lot * width + line, pinned)


def _hub_costs(problem: Problem, by: Haulage, lot: IntArray, line: IntArray) -> FloatArray:
    """What a kilogram is thought to cost through each hub, đồng, shape (n_pairs, n_hubs)."""
    hubs, lots, lines = np.flatnonzero(problem.sites.kind == HUB), problem.lots, problem.lines
    cold = lots.cold[lot].astype(np.int64)
    handling = problem.sites.handling_vnd_per_kg[hubs]
    into = by.into_hub[cold, lots.site[lot]] - handling
    cost = DEARER_INTO * into + handling + DEARER_OUT * by.out_of_hub[cold, lines.site[line]]
    cost += 2.0 * problem.sites.opening_vnd[hubs] / OPENING_LOAD_KG
    cost[(lots.site[lot][:, None] == hubs) | (lines.site[line][:, None] == hubs)] = np.inf
    return np.where(_carried(problem, lots.site[lot], lines.site[line], hubs), np.inf, cost)


def _carried(problem: Problem, start: IntArray, end: IntArray, hubs: IntArray) -> BoolArray:
    """Whether a carrier serves either half of the way: it would take the half for goods of its own, shape (n_pairs, n_hubs)."""
    roads, n = problem.roads, problem.n_sites
    lanes = np.unique((roads.from_site * n + roads.to_site)[~np.isnan(roads.vnd_per_kg)])
    first, second = start[:, None] * n + hubs, hubs * n + end[:, None]
    return np.asarray(np.isin(first, lanes) | np.isin(second, lanes))


def _settled(
    problem: Problem,
    by: Haulage,
    boxes: Lanes,
    lot: IntArray,
    line: IntArray,
    kg: IntArray,
    lot_price: FloatArray,
    line_price: FloatArray,
) -> Movements:
    """Give each movement its days, hub and price."""
    width = max(1, problem.n_lines)
    box = np.searchsorted(boxes.lot * width + boxes.line, lot * width + line)
    pick_from, pick_until = boxes.pickup_from_day[box], boxes.pickup_until_day[box]
    drop_from, drop_until = boxes.deliver_from_day[box], boxes.deliver_until_day[box]
    turning = np.maximum(pick_from, np.minimum(pick_until, np.maximum(drop_from, pick_from + 1) - 1))
    turning = np.minimum(turning, drop_until - 1)
    # Any day of the one half must go with any day of the other.
    pick_from = np.minimum(turning, np.maximum(pick_from, drop_until - boxes.max_days[box]))
    drop_until = np.minimum(drop_until, pick_from + boxes.max_days[box])
    hubs = np.flatnonzero(problem.sites.kind == HUB)
    costs = _hub_costs(problem, by, lot, line)
    place = _gathered(problem, hubs, costs, kg, turning)
    gate = _gates(problem, by, lot, line, hubs[place], costs[np.arange(len(kg)), place], lot_price, line_price)
    fits = np.flatnonzero((turning >= pick_from) & (drop_until > turning))
    pick_until, drop_from = np.minimum(pick_until, turning), np.maximum(drop_from, turning + 1)
    columns = (lot, line, hubs[place], kg, pick_from, pick_until, turning, drop_from, drop_until, gate)
    return Movements(*(column[fits] for column in columns))


def _gates(
    problem: Problem,
    by: Haulage,
    lot: IntArray,
    line: IntArray,
    hub: IntArray,
    cost: FloatArray,
    lot_price: FloatArray,
    line_price: FloatArray,
) -> IntArray:
    """What a kilogram is thought to be worth at its hub: what it costs to bring it there, and a share of what the movement gains."""
    lots, lines, handling = problem.lots, problem.lines, problem.sites.handling_vnd_per_kg[hub]
    place, cold = np.searchsorted(np.flatnonzero(problem.sites.kind == HUB), hub), lots.cold[lot].astype(np.int64)
    into = DEARER_INTO * (by.into_hub[cold, lots.site[lot], place] - handling)
    worth, elsewhere = (lines.bid_vnd_per_kg + lines.short_vnd_per_kg)[line], np.maximum(0.0, lot_price[lot])
    gain = np.maximum(0.0, worth - lots.ask_vnd_per_kg[lot] - elsewhere - np.maximum(0.0, line_price[line]) - cost)
    gate = lots.ask_vnd_per_kg[lot] + np.rint(elsewhere + into + FIRST_SHARE * gain).astype(np.int64)
    return np.asarray(np.minimum(gate, worth - np.ceil(handling).astype(np.int64)))


def _gathered(problem: Problem, hubs: IntArray, costs: FloatArray, kg: IntArray, turning: IntArray) -> IntArray:
    """Hub of each movement: the cheapest, a hub that is open anyway on that day being cheaper by its opening."""
    opening, place = problem.sites.opening_vnd[hubs].astype(np.float64), np.empty(len(kg), dtype=np.int64)
    room: dict[tuple[int, int], int] = {}
    for k in np.argsort(-kg, kind="stable").tolist():
        day = int(turning[k])
        total = costs[k] * kg[k]
        for h in range(len(hubs)):
            left = room.get((h, day), int(throughput_kg(problem, hubs[h], np.array(day))))
            total[h] += 0.0 if (h, day) in room else opening[h]
            total[h] += np.inf if left < kg[k] else 0.0
        best = int(np.argmin(total))
        place[k] = best
        room[best, day] = room.get((best, day), int(throughput_kg(problem, hubs[best], np.array(day)))) - int(kg[k])
    return place
