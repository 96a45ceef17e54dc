"""Lot quantity: a lot is never oversold.

Reads: lots.quantity_kg.
Formula: Σ kg over the lot's allocations ≤ quantity_kg(lot).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "lot_quantity"


def check(facts: PlanFacts) -> list[Violation]:
    """Report oversold lots."""
    lots, taken = facts.problem.lots, facts.taken_kg
    return flag(CODE, taken > lots.kg, lambda i: lots.id[i], lambda i: f"{taken[i]} > {lots.kg[i]} kg")


def add(model: ExactModel) -> None:
    """Limit what flows take of each lot."""
    for lot, kg in enumerate(model.problem.lots.kg.tolist()):
        model.cp.add(sum(flow.kg for flow in model.of_lot(lot)) <= kg)
