"""References: every row of a plan points to rows that exist, and a carrier trip has no stops.

Reads: every reference of allocations, legs, trips and stops.
Formula: 0 ≤ row < number of rows of the table pointed to.
"""

from __future__ import annotations

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts

CODE = "references"


def check(facts: PlanFacts) -> list[Violation]:
    """Report the rows that `matching.rules._clean` had to take out."""
    return list(facts.clean.dangling)
