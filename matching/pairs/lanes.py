"""Lanes: which lot may serve which demand line, on which days.

Lots and lines meet only within a product, block by block; the full table of lots × lines is never made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.compiled import compiled
from matching.model.problem import BoolArray, FloatArray, IntArray, Problem, _Table
from matching.network.rates import haulage, pair_rates
from matching.pairs.certificates import EVER
from matching.pairs.eligibility import FULL_SET, QUESTION, Ground, box_of, pair_blocks
from matching.pairs.screening import PAYS, Market, market, screen_pairs

N_COLUMNS = 8


@dataclass(frozen=True, eq=False)
class Lanes(_Table):
    """Lane boxes by lot, then by line; shape of each column (n_lanes,).

    Every pick-up day and delivery day in their ranges with 0 ≤ delivery - pick-up ≤ ``max_days`` are admissible, and the
    boxes of a pair cover all its admissible days. A pair has several boxes only where certificates overlap in time.
    """

    lot: IntArray
    line: IntArray
    pickup_from_day: IntArray
    pickup_until_day: IntArray
    deliver_from_day: IntArray
    deliver_until_day: IntArray
    max_days: IntArray
    margin_vnd_per_kg: IntArray  # bid - ask


def find_lanes(problem: Problem, *, max_transit_days: int = 1, prune_unprofitable: bool = True, only_lots: IntArray | None = None) -> Lanes:
    """Find every lane that a truck may serve.

    Parameters
    ----------
    max_transit_days : most days between pick-up and delivery.
    prune_unprofitable : leave out pairs that are not pinned and on which bid plus saved shortage penalty does not exceed
        ask plus the cheapest haulage. No plan gains by such a kilogram itself; only a minimum amount could ask for it.
    only_lots : ascending rows of the lots to look at, all by default.

    Returns
    -------
    Lanes
        Pairs that doors, hours or the lack of a cold truck keep from every truck are left out, and so are forbidden ones.
    """
    of = market(problem, max_transit_days, on_the_clock=True)
    wanted = np.arange(problem.n_lots) if only_lots is None else only_lots
    parts = [np.empty((0, N_COLUMNS), dtype=np.int64)]
    for lot, entry in pair_blocks(of.ground, wanted, max_transit_days):
        kept = _wanted(of, lot, entry, prune_unprofitable)
        parts.append(_boxes(problem, of.ground, lot[kept], entry[kept], max_transit_days))
    return Lanes(*(np.concatenate([part[:, column] for part in parts]) for column in range(N_COLUMNS)))


def _wanted(of: Market, lot: IntArray, entry: IntArray, prune: bool) -> BoolArray:
    """Tell which eligible pairs a truck can serve, no broker forbids, and pay or need not."""
    screened = screen_pairs(of, lot, entry)
    if not prune:
        return screened.is_open
    pinned = of.decided.is_pinned(lot, of.ground.entry_line[entry])
    return np.asarray((screened.step == PAYS) | (screened.is_open & pinned))


def _boxes(problem: Problem, g: Ground, lot: IntArray, entry: IntArray, most: int) -> IntArray:
    """Write down the boxes of eligible pairs, shape (n_boxes, N_COLUMNS)."""
    line = g.entry_line[entry]
    margin = problem.lines.bid_vnd_per_kg[line] - problem.lots.ask_vnd_per_kg[lot]
    rows: IntArray = _fill(g.lots, g.entries, g.way_start, g.truck_ways, lot, entry, line, margin, min(most, EVER))
    return rows


@compiled
def _fill(
    lots: IntArray,
    entries: IntArray,
    way_start: IntArray,
    ways: IntArray,
    lot: IntArray,
    entry: IntArray,
    line: IntArray,
    margin: IntArray,
    most: int,
) -> IntArray:
    """Tighten the days of each pair under each way, and keep what is not empty."""
    rows, n = np.empty((len(lot) + 16, N_COLUMNS), dtype=np.int64), 0
    for k in range(len(lot)):
        question = lots[lot[k], QUESTION] + entries[entry[k], FULL_SET]
        for way in range(way_start[question], way_start[question + 1]):
            box = box_of(lots, lot[k], entries, entry[k], ways[way, 0], ways[way, 1], 0, most)
            if box[0] <= box[1]:
                if n == len(rows):
                    rows = np.concatenate((rows, np.empty_like(rows)))
                rows[n, 0], rows[n, 1], rows[n, 7] = lot[k], line[k], margin[k]
                rows[n, 2], rows[n, 3], rows[n, 4], rows[n, 5], rows[n, 6] = box
                n += 1
    return rows[:n]


def lane_rates(problem: Problem, lanes: Lanes) -> FloatArray:
    """Cheapest rate of a full truck on each lane, direct or through a hub, the clock left aside, đồng per kg, shape (n_lanes,)."""
    lots, lines = problem.lots, problem.lines
    return pair_rates(haulage(problem), lots.site[lanes.lot], lines.site[lanes.line], lots.cold[lanes.lot])
