"""Minimum take: of a lot, nothing is taken or at least its minimum in all.

Reads: lots.min_take_kg.
Formula: Σ kg over the lot's allocations ∈ {0} ∪ [min_take_kg(lot), ∞).
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

CODE = "min_take"


def check(facts: PlanFacts) -> list[Violation]:
    """Report lots of which too little is taken."""
    lots, taken = facts.problem.lots, facts.taken_kg
    broken = (facts.parts > 0) & (taken < lots.min_take_kg)
    return flag(CODE, broken, lambda i: lots.id[i], lambda i: f"{taken[i]} < {lots.min_take_kg[i]} kg")


def couples(problem: Problem) -> BoolArray:
    """Tell which lots have allocations that depend on each other by this rule, shape (n_lots,)."""
    return np.asarray(problem.lots.min_take_kg > 0)


def slack(problem: Problem, taken_kg: IntArray) -> IntArray:
    """Return the least that must still be taken of each lot if any more of it is, shape (n_lots,), kg."""
    return np.asarray(np.maximum(0, problem.lots.min_take_kg - taken_kg))


def add(model: ExactModel) -> None:
    """Take nothing of a lot, or its minimum."""
    for lot, least_kg in enumerate(model.problem.lots.min_take_kg.tolist()):
        model.enough(model.of_lot(lot), least_kg, f"takes[{lot}]")
