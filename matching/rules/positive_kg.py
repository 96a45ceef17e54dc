"""Positive mass: an allocation is a whole, positive number of kilograms.

Reads: allocations.kg.
Formula: kg(a) ≥ 1.
"""

from __future__ import annotations

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "positive_kg"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations of nothing or less."""
    kg = facts.allocations.kg
    return flag(CODE, kg < 1, facts.allocation_name, lambda a: f"{kg[a]} kg")
