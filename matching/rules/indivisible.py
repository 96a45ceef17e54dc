"""Indivisible: such a lot goes whole to one line on one trip, or not at all.

Reads: lots.indivisible, lots.quantity_kg.
Formula: indivisible(lot) ⇒ it has no allocation, or exactly one, of quantity_kg(lot).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import BoolArray, IntArray, Problem
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "indivisible"


def check(facts: PlanFacts) -> list[Violation]:
    """Report indivisible lots that were divided."""
    lots, parts, taken = facts.problem.lots, facts.parts, facts.taken_kg
    broken = lots.indivisible & (parts > 0) & ((parts != 1) | (taken != lots.kg))
    return flag(CODE, broken, lambda i: lots.id[i], lambda i: f"{parts[i]} parts, {taken[i]} of {lots.kg[i]} kg")


def couples(problem: Problem) -> BoolArray:
    """Tell which lots have allocations that depend on each other by this rule, shape (n_lots,)."""
    return problem.lots.indivisible


def slack(problem: Problem, taken_kg: IntArray) -> IntArray:
    """Return what can still be taken of each lot: nothing of an indivisible one once it is allocated, shape (n_lots,), kg."""
    lots = problem.lots
    return np.where(lots.indivisible & (taken_kg > 0), 0, lots.kg - taken_kg)


def add(model: ExactModel) -> None:
    """Let at most one flow take an indivisible lot, and take it whole."""
    lots = model.problem.lots
    for lot in np.flatnonzero(lots.indivisible).tolist():
        flows = model.of_lot(lot)
        model.cp.add_at_most_one(flow.used for flow in flows)
        for flow in flows:
            model.cp.add(flow.kg == int(lots.kg[lot])).only_enforce_if(flow.used)
