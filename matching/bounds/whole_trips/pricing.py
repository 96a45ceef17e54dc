"""How much the loads of one trip are worth at most, when each kilogram on a way is paid its rate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.bounds.whole_trips.listing import Sheet
from matching.bounds.whole_trips.stage import Scene
from matching.compiled import compiled
from matching.model.problem import FloatArray, IntArray


class Goods(NamedTuple):
    """Lot, line and rate of each way, shape (n_ways,), and the quantities of lots and lines."""

    lot: IntArray
    line: IntArray
    rate: FloatArray
    lot_kg: FloatArray
    line_kg: FloatArray


@compiled
def _by_rate(s: Scene, calls: IntArray, n_loads: int, n_drops: int, rate: FloatArray, rows: IntArray) -> int:
    """Fill ``rows`` with the ways between some calls that are paid, best rate first; return how many."""
    n = 0
    for i in range(n_loads):
        for j in range(n_drops):
            pair = calls[i] * len(s.drops.site) + calls[n_loads + j]
            for k in range(s.way_start[pair], s.way_start[pair + 1]):
                way = s.way[k]
                if rate[way] <= 0.0:
                    continue
                place = n
                while place > 0 and rate[rows[place - 1]] < rate[way]:
                    rows[place] = rows[place - 1]
                    place -= 1
                rows[place] = way
                n += 1
    return n


@compiled
def _knapsack(goods: Goods, rows: IntArray, n: int, room: float, of: IntArray, kg: FloatArray, left: FloatArray) -> float:
    """Value of the best load within ``room`` when each lot, or each line, keeps its quantity and the other does not."""
    for k in range(n):
        left[of[rows[k]]] = kg[of[rows[k]]]
    value = 0.0
    for k in range(n):
        way = rows[k]
        take = min(left[of[way]], goods.lot_kg[goods.lot[way]], goods.line_kg[goods.line[way]], room)
        left[of[way]] -= take
        room -= take
        value += goods.rate[way] * take
        if room <= 0.0:
            break
    return value


@compiled
def price_sets(s: Scene, sheet: Sheet, n: int, goods: Goods, value: FloatArray) -> None:
    """Fill ``value`` with what the load of each set can be worth at most, đồng, shape (n,)."""
    rows = np.zeros(len(goods.rate), dtype=np.int64)
    lot_left, line_left = np.zeros(len(goods.lot_kg)), np.zeros(len(goods.line_kg))
    for t in range(n):
        m = _by_rate(s, sheet.call[t], sheet.size[t, 0], sheet.size[t, 1], goods.rate, rows)
        by_lots = _knapsack(goods, rows, m, sheet.most_kg[t], goods.lot, goods.lot_kg, lot_left)
        by_lines = _knapsack(goods, rows, m, sheet.most_kg[t], goods.line, goods.line_kg, line_left)
        value[t] = min(by_lots, by_lines)
