"""Minimum take: of a lot, nothing is taken or at least its minimum in all.

Reads: lots.min_take_kg.
Formula: Σ kg over the lot's allocations ∈ {0} ∪ [min_take_kg(lot), ∞).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
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


def add(model: ExactModel) -> None:
    """Take nothing of a lot, or its minimum."""
    for lot, least_kg in enumerate(model.problem.lots.min_take_kg.tolist()):
        model.enough(model.of_lot(lot), least_kg, f"takes[{lot}]")
