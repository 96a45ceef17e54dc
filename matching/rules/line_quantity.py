"""Line quantity: a line is never overfilled.

Reads: demands.quantity_kg.
Formula: Σ kg over the line's allocations ≤ quantity_kg(line).
"""

from __future__ import annotations

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "line_quantity"


def check(facts: PlanFacts) -> list[Violation]:
    """Report overfilled lines."""
    lines, filled = facts.problem.lines, facts.filled_kg
    return flag(CODE, filled > lines.kg, lambda i: lines.id[i], lambda i: f"{filled[i]} > {lines.kg[i]} kg")
