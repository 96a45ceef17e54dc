"""Least kilograms that must move together, or not at all: of a lot, to a line, and of a supplier to a line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.model.plan import Allocations
from matching.model.problem import BoolArray, IntArray, Problem


class Minimum(NamedTuple):
    """One kind of minimum.

    Attributes
    ----------
    place : number of the lot, the line, or the supplier's part of a line that each load belongs to, shape (n_allocations,).
    least_kg : what it must come to where anything of it moves, shape (n_allocations,).
    """

    place: IntArray
    least_kg: IntArray

    def together(self, kg: IntArray) -> IntArray:
        """Kilograms of all loads that belong together with each one, shape (n_allocations,)."""
        return np.bincount(self.place, weights=kg).astype(np.int64)[self.place] if len(kg) else kg


def minimums(problem: Problem, a: Allocations) -> list[Minimum]:
    """Return the minimums of lots, lines, and suppliers' parts of lines; an indivisible lot moves whole."""
    lots, lines = problem.lots, problem.lines
    part = lots.supplier[a.lot] * max(1, problem.n_lines) + a.line
    of_lot = np.where(lots.indivisible, lots.kg, lots.min_take_kg)[a.lot]
    owners = ((a.lot, of_lot), (a.line, lines.min_fill_kg[a.line]), (part, lines.min_supplier_kg[a.line]))
    return [Minimum(np.unique(owner, return_inverse=True)[1], least) for owner, least in owners]


def short_of_minimums(groups: list[Minimum], kg: IntArray) -> BoolArray:
    """Tell which loads belong to something that moves and misses its minimum, whether they are part of it or not, shape (n_allocations,).

    Parameters
    ----------
    kg : of each load, 0 where it doesn't move, shape (n_allocations,).
    """
    short = np.zeros(len(kg), dtype=np.bool_)
    for one in groups:
        has = one.together(kg)
        short |= (has > 0) & (has < one.least_kg)
    return short
