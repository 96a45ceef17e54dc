"""Block: the linear model of what one pattern may carry.

Decision variables
    x[w] ≥ 0   kilograms of way w on the trip

Formulation
    x[w] ≤ least of lot and line,  Σ x of a lot ≤ its kg,  Σ x of a line ≤ its kg,  Σ x ≤ payload,  Σ litres x ≤ volume,
    Σ over stops of (fixed minutes + minutes per kg × what is moved there) ≤ minutes    for each limit of the clock
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from matching.bounds.whole_trips.patterns import Limit, Pattern
from matching.bounds.whole_trips.simplex import best_load
from matching.bounds.whole_trips.stage import Stage
from matching.model.problem import FloatArray, IntArray

Row = tuple[list[int], list[float], float]
"""Places in the pattern's ways, their coefficients, and what they stay within."""


@dataclass(frozen=True, eq=False)
class Block:
    """One pattern's rows, shape of ``matrix`` (n_rows, n_ways), ``limit`` (n_rows,), ``most_kg`` (n_ways,); ``ways`` as in the pattern."""

    pattern: Pattern
    ways: IntArray
    most_kg: FloatArray
    matrix: FloatArray
    limit: FloatArray

    def best_load(self, rate: FloatArray) -> tuple[float, FloatArray]:
        """Bound on what the load of one trip is worth at a rate of each way, đồng, and a best load, shape (n_ways,)."""
        load = np.zeros(len(self.most_kg))
        value = best_load(self.matrix, self.limit, self.most_kg, rate[self.ways], load)
        return float(value), load


def make_block(stage: Stage, pattern: Pattern) -> Block:
    """Build the rows of a pattern."""
    p, ways = stage.problem, pattern.ways
    lots, lines = stage.ways.lot[list(ways)].tolist(), stage.ways.line[list(ways)].tolist()
    lot_kg, line_kg = [float(p.lots.kg[lot]) for lot in lots], [float(p.lines.kg[line]) for line in lines]
    most = [min(pair) for pair in zip(lot_kg, line_kg)]
    every, payload = list(range(len(ways))), float(p.vehicles.payload_kg[pattern.vehicle])
    rows: list[Row] = [(every, [1.0] * len(ways), min(payload, _docked_kg(stage, pattern)))]
    room = rows[0][2]
    rows += [([k], [1.0], most[k]) for k in every if most[k] < room]
    for labels, kg in ((lots, lot_kg), (lines, line_kg)):
        rows += [(places, [1.0] * len(places), kg[places[0]]) for places in _places(labels) if len(places) > 1 and kg[places[0]] < room]
    volume = float(p.vehicles.volume_l[pattern.vehicle])
    litres = [float(p.lots.litres_per_kg[lot]) for lot in lots]
    if room * max(litres) > volume:
        rows.append((every, litres, volume))
    rows += [_clock_row(stage, pattern, limit) for limit in pattern.limits]
    matrix = np.zeros((len(rows), len(ways)))
    for row, (places, values, _) in enumerate(rows):
        matrix[row, places] = values
    return Block(pattern, np.array(ways), np.array(most), matrix, np.array([limit for _, _, limit in rows]))


def _places(labels: list[int]) -> list[list[int]]:
    """Places of each label."""
    made: dict[int, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        made[label].append(place)
    return list(made.values())


def _clock_row(stage: Stage, pattern: Pattern, limit: Limit) -> Row:
    """Minutes of the stops that a limit speaks of; what is loaded or unloaded there takes its time."""
    sites, values = stage.problem.sites, []
    for way in pattern.ways:
        ends = {int(stage.origin[way]), int(stage.target[way])} & limit.sites
        values.append(sum(float(sites.min_per_tonne[site]) / 1000.0 for site in ends))
    places = [k for k, value in enumerate(values) if value > 0.0]
    spare = limit.minutes - sum(float(sites.stop_min[site]) for site in limit.sites)
    return places, [values[k] for k in places], spare


def _docked_kg(stage: Stage, pattern: Pattern) -> float:
    """Kilograms that the clock's whole minutes leave time for, where a trip has two stops; else no limit."""
    if len(pattern.sites) > 2:
        return math.inf
    both = [limit.minutes for limit in pattern.limits if len(limit.sites) == 2]
    return min((_two_docks(stage, pattern.sites[0], pattern.sites[1], minutes) for minutes in both), default=math.inf)


def _two_docks(stage: Stage, a: int, b: int, minutes: int) -> float:
    """Most kilograms that can be loaded at one site and unloaded at another within whole minutes together."""
    sites = stage.problem.sites

    def within(site: int, whole: int) -> float:
        pace, spare = float(sites.min_per_tonne[site]) / 1000.0, whole - float(sites.stop_min[site]) + 1e-6
        return -math.inf if spare < 0 else math.inf if pace == 0 else spare / pace

    return max(0.0, *(min(within(a, first), within(b, minutes - first)) for first in range(minutes + 1)))
