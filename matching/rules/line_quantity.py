"""Line quantity: a line is never overfilled.

Reads: demands.quantity_kg.
Formula: Σ kg over the line's allocations ≤ quantity_kg(line).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "line_quantity"


def check(facts: PlanFacts) -> list[Violation]:
    """Report overfilled lines."""
    lines, filled = facts.problem.lines, facts.filled_kg
    return flag(CODE, filled > lines.kg, lambda i: lines.id[i], lambda i: f"{filled[i]} > {lines.kg[i]} kg")


def add(model: ExactModel) -> None:
    """Limit what flows bring to each line."""
    for line, kg in enumerate(model.problem.lines.kg.tolist()):
        model.cp.add(sum(flow.kg for flow in model.of_line(line)) <= kg)
