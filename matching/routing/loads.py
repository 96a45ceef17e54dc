"""What is to be picked up, cut into pieces that may ride on different trips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.plan import Plan
from matching.problem import IntArray, Problem
from matching.routing.tours import Tours

PIECES_PER_LOAD = 5
"""Pieces that fill a truck, where goods may be divided; finer ones found no better tours in the same time."""
MOST_PIECES = 400
"""Pieces beyond which goods are cut more coarsely, since each makes the search slower."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Goods that stay together; shape of each column (n_pieces,).

    Attributes
    ----------
    tour : place in `Tours.trip` of the trip on which it rides now.
    """

    lot: IntArray
    line: IntArray
    kg: IntArray
    site: IntArray
    tour: IntArray


def cut(problem: Problem, plan: Plan, tours: Tours) -> Pieces:
    """Cut what rides on the tours into pieces; indivisible lots stay whole, and every piece rides on one trip now."""
    a = plan.allocations
    rows = np.stack([tours.tour, a.lot[tours.allocation], a.line[tours.allocation]], axis=1)
    parts, place = np.unique(rows, axis=0, return_inverse=True)
    kg = np.bincount(place.ravel(), weights=a.kg[tours.allocation]).astype(np.int64)
    n_pieces = np.where(problem.lots.indivisible[parts[:, 1]], 1, -(-kg // _piece_kg(problem, plan, tours, kg)))
    row = np.repeat(np.arange(len(kg)), n_pieces)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    # Whole kilograms, as even as they go: the first pieces take one of the rest each.
    even, rest = kg // n_pieces, kg % n_pieces
    lot = parts[row, 1]
    return Pieces(lot, parts[row, 2], even[row] + (turn < rest[row]), problem.lots.site[lot], parts[row, 0])


def _piece_kg(problem: Problem, plan: Plan, tours: Tours, kg: IntArray) -> int:
    """Mass of a piece; so much that nothing is cut where a truck's stops may run out."""
    vehicles = np.unique(plan.trips.vehicle[tours.trip])
    if int(problem.vehicles.max_stops[vehicles].min()) <= len(np.unique(problem.lots.site[plan.allocations.lot[tours.allocation]])):
        return max(1, int(kg.max()))
    payload_kg = int(problem.vehicles.payload_kg[vehicles].min())
    return max(1, payload_kg // PIECES_PER_LOAD, -(-int(kg.sum()) // MOST_PIECES))
