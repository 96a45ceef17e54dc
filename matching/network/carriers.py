"""Lanes that a carrier serves by the kilogram: post, bus, groupage.

A carrier has no clock and no stop, so the horizon does not bind it; it delivers a fixed number of days after pick-up. It serves no site on
a date on which that is closed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.compiled import compiled
from matching.model.calendar import is_closed
from matching.model.problem import IntArray, Problem, _Table
from matching.pairs.eligibility import FULL_SET, QUESTION, Ground, box_of, decided_pairs, fit_exactly, ground


@dataclass(frozen=True, eq=False)
class CarrierLanes(_Table):
    """Lane boxes of carriers by lot, line and road; shape of each column (n_lanes,).

    Delivery is ``Roads.transit_days`` of the road after pick-up.
    """

    lot: IntArray
    line: IntArray
    road: IntArray  # row of Problem.roads
    pickup_from_day: IntArray
    pickup_until_day: IntArray
    margin_vnd_per_kg: IntArray  # bid - ask


def find_carrier_lanes(problem: Problem) -> CarrierLanes:
    """Find every lane that a carrier may serve, and on which pick-up days; forbidden pairs and closed dates are left out."""
    g = ground(problem)
    lot, entry, road = carrier_pairs(problem, g)
    line, days = g.entry_line[entry], problem.roads.transit_days[road]
    boxes = _on_open_dates(problem, _pickup_days(g.lots, g.entries, g.way_start, g.ways, lot, entry, days), lot, line, road)
    pair, lot, line = boxes[:, 0], lot[boxes[:, 0]], line[boxes[:, 0]]
    margin = problem.lines.bid_vnd_per_kg[line] - problem.lots.ask_vnd_per_kg[lot]
    return CarrierLanes(lot, line, road[pair], boxes[:, 1].copy(), boxes[:, 2].copy(), margin)


def _on_open_dates(problem: Problem, boxes: IntArray, lot: IntArray, line: IntArray, road: IntArray) -> IntArray:
    """Cut out of boxes the days on which the site of the pick-up, or of the delivery that follows, is closed; rows as in `_pickup_days`."""
    if not problem.calendar.closed.any():
        return boxes
    n = boxes[:, 2] - boxes[:, 1] + 1
    box = np.repeat(np.arange(len(boxes)), n)
    day = np.arange(len(box)) - np.repeat(np.cumsum(n) - n, n) + boxes[box, 1]
    pair = boxes[box, 0]
    open_ = ~is_closed(problem, problem.lots.site[lot[pair]], day)
    open_ &= ~is_closed(problem, problem.lines.site[line[pair]], day + problem.roads.transit_days[road[pair]])
    box, day = box[open_], day[open_]
    begins = np.ones(len(box), dtype=np.bool_)
    begins[1:] = (np.diff(box) != 0) | (np.diff(day) != 1)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(box)) - 1
    return np.ascontiguousarray(np.stack([boxes[box[first], 0], day[first], day[last]], axis=1)) if len(first) else boxes[:0]


def carrier_pairs(problem: Problem, g: Ground) -> tuple[IntArray, IntArray, IntArray]:
    """Lot, entry and road of every pair that a carrier can serve on some day, by lot, line and road."""
    lot, entry, road = _met_by_road(problem, g)
    roads, line = problem.roads, g.entry_line[entry]
    good = fit_exactly(g, lot, entry, roads.transit_days[road]) & (roads.cold[road] | ~problem.lots.cold[lot])
    kept = np.flatnonzero(good & ~decided_pairs(problem).is_forbidden(lot, line))
    kept = kept[np.lexsort((road[kept], line[kept], lot[kept]))]
    return lot[kept], entry[kept], road[kept]


def _met_by_road(problem: Problem, g: Ground) -> tuple[IntArray, IntArray, IntArray]:
    """Join lots, roads and entries: the lot is where the road begins, the line where it ends, the product is the same."""
    roads, lots = problem.roads, problem.lots
    road = np.flatnonzero(~np.isnan(roads.vnd_per_kg))
    by_site = np.argsort(lots.site, kind="stable")
    road, lot = _matches(roads.from_site[road], lots.site[by_site], road, by_site)
    width = len(problem.product_ids) + 1
    product = np.repeat(np.arange(len(g.entry_start) - 1), np.diff(g.entry_start))
    key = problem.lines.site[g.entry_line] * width + product
    order = np.argsort(key, kind="stable")
    wanted = roads.to_site[road] * width + lots.product[lot]
    pair, entry = _matches(wanted, key[order], np.arange(len(lot)), order)
    return lot[pair], entry, road[pair]


def _matches(wanted: IntArray, keys: IntArray, left: IntArray, right: IntArray) -> tuple[IntArray, IntArray]:
    """Join ``left``, whose keys are ``wanted``, with ``right``, whose ``keys`` are sorted."""
    begin, end = np.searchsorted(keys, wanted), np.searchsorted(keys, wanted, side="right")
    count = end - begin
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(left, count), right[np.repeat(begin, count) + offset]


@compiled
def _pickup_days(
    lots: IntArray, entries: IntArray, way_start: IntArray, ways: IntArray, lot: IntArray, entry: IntArray, days: IntArray
) -> IntArray:
    """Rows (pair, first pick-up day, last pick-up day) of each pair under each way, shape (n_boxes, 3)."""
    rows, n = np.empty((len(lot) + 16, 3), dtype=np.int64), 0
    for k in range(len(lot)):
        question = lots[lot[k], QUESTION] + entries[entry[k], FULL_SET]
        for way in range(way_start[question], way_start[question + 1]):
            box = box_of(lots, lot[k], entries, entry[k], ways[way, 0], ways[way, 1], days[k], days[k])
            if box[0] <= box[1]:
                if n == len(rows):
                    rows = np.concatenate((rows, np.empty_like(rows)))
                rows[n, 0], rows[n, 1], rows[n, 2] = k, box[0], box[1]
                n += 1
    return rows[:n]
