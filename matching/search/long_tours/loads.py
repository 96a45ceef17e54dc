"""What is to be picked up, cut into pieces that may ride on different trips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import IntArray, Problem
from matching.search.long_tours.tours import Tours

PIECES_PER_LOAD = 5
"""Pieces that fill a truck, where goods may be divided; finer ones found no better tours in the same time."""
MOST_PIECES = 400
"""Pieces beyond which goods are cut more coarsely, since each makes the search slower."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Goods that stay together; shape of each column (n_pieces,).

    Attributes
    ----------
    tour : place in `Tours.trip` of the trip on which it rides now, or -1 where it may ride on several.
    """

    lot: IntArray
    line: IntArray
    kg: IntArray
    site: IntArray
    tour: IntArray


def is_divisible(problem: Problem, plan: Plan, tours: Tours) -> bool:
    """Whether anything on the tours may be spread over trips in another way."""
    return not bool(problem.lots.indivisible[plan.allocations.lot[tours.allocation]].all())


def cut(problem: Problem, plan: Plan, tours: Tours, *, anew: bool) -> Pieces:
    """Cut what rides on the tours into pieces; indivisible lots stay whole.

    Parameters
    ----------
    anew : cut whole lots, however they are spread over trips now; else what of a lot rides on one trip.
    """
    a = plan.allocations
    rows = np.stack([np.full_like(tours.tour, -1) if anew else tours.tour, a.lot[tours.allocation], a.line[tours.allocation]], axis=1)
    parts, place = np.unique(rows, axis=0, return_inverse=True)
    kg = np.bincount(place.ravel(), weights=a.kg[tours.allocation]).astype(np.int64)
    piece_kg = np.where(problem.lots.indivisible[parts[:, 1]], kg, _piece_kg(problem, plan, tours, kg))
    n_pieces = -(-kg // piece_kg)
    row = np.repeat(np.arange(len(kg)), n_pieces)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    lot = parts[row, 1]
    return Pieces(lot, parts[row, 2], np.minimum(piece_kg[row], kg[row] - turn * piece_kg[row]), problem.lots.site[lot], parts[row, 0])


def _piece_kg(problem: Problem, plan: Plan, tours: Tours, kg: IntArray) -> int:
    """Mass of a piece; so much that nothing is cut where a truck's stops may run out."""
    vehicles = np.unique(plan.trips.vehicle[tours.trip])
    if int(problem.vehicles.max_stops[vehicles].min()) <= len(np.unique(problem.lots.site[plan.allocations.lot[tours.allocation]])):
        return max(1, int(kg.max()))
    payload_kg = int(problem.vehicles.payload_kg[vehicles].min())
    return max(1, payload_kg // PIECES_PER_LOAD, -(-int(kg.sum()) // MOST_PIECES))
