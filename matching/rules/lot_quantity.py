"""Lot quantity: a lot is never oversold.

Reads: lots.quantity_kg.
Formula: Σ kg over the lot's allocations ≤ quantity_kg(lot).
"""

from __future__ import annotations

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "lot_quantity"


def check(facts: PlanFacts) -> list[Violation]:
    """Report oversold lots."""
    lots, taken = facts.problem.lots, facts.taken_kg
    return flag(CODE, taken > lots.kg, lambda i: lots.id[i], lambda i: f"{taken[i]} > {lots.kg[i]} kg")
