"""Positive mass: an allocation is a whole, positive number of kilograms.

Reads: allocations.kg.
Formula: kg(a) ≥ 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "positive_kg"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations of nothing or less."""
    kg = facts.allocations.kg
    return flag(CODE, kg < 1, facts.allocation_name, lambda a: f"{kg[a]} kg")


def add(model: ExactModel) -> None:
    """Let a flow be used exactly when it moves something."""
    for flow in model.flows:
        model.cp.add(flow.kg >= 1).only_enforce_if(flow.used)
        model.cp.add(flow.kg == 0).only_enforce_if(flow.used.negated())
