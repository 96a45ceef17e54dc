"""Indivisible: such a lot goes whole to one line on one trip, or not at all.

Reads: lots.indivisible, lots.quantity_kg.
Formula: indivisible(lot) ⇒ it has no allocation, or exactly one, of quantity_kg(lot).
"""

from __future__ import annotations

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "indivisible"


def check(facts: PlanFacts) -> list[Violation]:
    """Report indivisible lots that were divided."""
    lots, parts, taken = facts.problem.lots, facts.parts, facts.taken_kg
    broken = lots.indivisible & (parts > 0) & ((parts != 1) | (taken != lots.kg))
    return flag(CODE, broken, lambda i: lots.id[i], lambda i: f"{parts[i]} parts, {taken[i]} of {lots.kg[i]} kg")
