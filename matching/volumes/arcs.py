"""Arcs of the volumes relaxation: eligible pairs with the cheapest rate, by truck or by carrier; and the broker's pins on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from matching.model.problem import PIN, BoolArray, FloatArray, IntArray, Problem
from matching.network.carriers import carrier_pairs
from matching.pairs.eligibility import fit_within, pair_blocks
from matching.pairs.screening import Market, screen_pairs, truck_rates

BY_TRUCK = -1


class Arcs(NamedTuple):
    """Eligible pairs that are not forbidden, with a finite rate; shape of each column (n_arcs,)."""

    lot: IntArray
    line: IntArray
    road: IntArray  # a carrier's row of Problem.roads, or BY_TRUCK
    rate_vnd_per_kg: FloatArray

    def take(self, rows: IntArray | BoolArray) -> Arcs:
        """Return some rows."""
        return Arcs(self.lot[rows], self.line[rows], self.road[rows], self.rate_vnd_per_kg[rows])


def arc_blocks(of: Market, lots: IntArray) -> Iterator[Arcs]:
    """Yield the truck arcs of some lots block by block, by lot in the order given, then by line."""
    for lot, entry in pair_blocks(of.ground, lots, of.hub_days):
        yield _allowed(of, lot, entry)


def truck_arcs(of: Market, lot: IntArray, entry: IntArray) -> Arcs:
    """Return the truck arcs among given pairs of a lot and an entry of its product, in their order."""
    fit = np.flatnonzero(fit_within(of.ground, lot, entry, of.hub_days))
    return _allowed(of, lot[fit], entry[fit])


def _allowed(of: Market, lot: IntArray, entry: IntArray) -> Arcs:
    """Arcs of pairs that fit: those that some truck may serve and nobody has forbidden."""
    screened = screen_pairs(of, lot, entry)
    line = of.ground.entry_line[entry]
    return Arcs(lot, line, np.full(len(lot), BY_TRUCK), screened.rate_vnd_per_kg).take(screened.is_open)


def carrier_arcs(of: Market) -> Arcs:
    """Return all arcs of carriers, by lot, line and road."""
    lot, entry, road = carrier_pairs(of.problem, of.ground)
    return Arcs(lot, of.ground.entry_line[entry], road, of.problem.roads.vnd_per_kg[road])


# pins ----------------------------------------------------------------------------------------------------------------
def place_pins(of: Market, carried: Arcs) -> tuple[Arcs, IntArray, int]:
    """Set pinned kilograms aside, each on the cheapest arc of its pair, as far as quantities go.

    Returns
    -------
    arcs, kg, unmet_kg
        Where pinned kilograms go; how many on each arc; and how many find no eligible pair or no quantity.
    """
    lot, line, kg = _pins(of.problem)
    arcs = _cheapest(of, lot, line, carried)
    placed = _as_quantities_allow(of.problem, lot, line, np.where(np.isfinite(arcs.rate_vnd_per_kg), kg, 0))
    return arcs.take(placed > 0), placed[placed > 0], int(kg.sum() - placed.sum())


def _pins(problem: Problem) -> tuple[IntArray, IntArray, IntArray]:
    """Lot, line and kg of every pinned pair; of several pins on a pair the largest counts."""
    made = problem.decisions
    rows = np.flatnonzero((made.kind == PIN) & (made.kg > 0))
    rows = rows[np.lexsort((-made.kg[rows], made.line[rows], made.lot[rows]))]
    _, first = np.unique(made.lot[rows] * max(1, problem.n_lines) + made.line[rows], return_index=True)
    return made.lot[rows[first]], made.line[rows[first]], made.kg[rows[first]]


def _cheapest(of: Market, lot: IntArray, line: IntArray, carried: Arcs) -> Arcs:
    """Cheapest arc of each pinned pair, of infinite rate where the pair has none or is forbidden."""
    rate, road = np.full(len(lot), np.inf), np.full(len(lot), BY_TRUCK)
    entry = _entry_of(of, lot, line)
    met = np.flatnonzero((entry >= 0) & ~of.decided.is_forbidden(lot, line))
    met = met[fit_within(of.ground, lot[met], entry[met], of.hub_days)]
    rate[met] = truck_rates(of, lot[met], entry[met])
    for k in range(len(lot)):
        ours = np.flatnonzero((carried.lot == lot[k]) & (carried.line == line[k]))
        if len(ours) and carried.rate_vnd_per_kg[ours].min() < rate[k]:
            best = ours[np.argmin(carried.rate_vnd_per_kg[ours])]
            rate[k], road[k] = carried.rate_vnd_per_kg[best], carried.road[best]
    return Arcs(lot, line, road, rate)


def _entry_of(of: Market, lot: IntArray, line: IntArray) -> IntArray:
    """Entry at which a line accepts a lot's product, or -1."""
    g, width = of.ground, max(1, of.problem.n_lines)
    keys = np.repeat(np.arange(len(g.entry_start) - 1), np.diff(g.entry_start)) * width + g.entry_line
    wanted = of.problem.lots.product[lot] * width + line
    place = np.searchsorted(keys, wanted)
    found = np.append(keys, -1)[place] == wanted
    return np.where(found, place, -1)


def _as_quantities_allow(problem: Problem, lot: IntArray, line: IntArray, kg: IntArray) -> IntArray:
    """Cut pins, one after another, to what is left of lot and line."""
    left, wanting, placed = problem.lots.kg.copy(), problem.lines.kg.copy(), np.zeros_like(kg)
    for k in range(len(kg)):
        placed[k] = min(kg[k], left[lot[k]], wanting[line[k]])
        left[lot[k]] -= placed[k]
        wanting[line[k]] -= placed[k]
    return placed
