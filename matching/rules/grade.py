"""Grade: a line takes no grade worse than its limit; grade 1 is the best.

Reads: lots.grade, demands.max_grade.
Formula: grade(lot) ≤ max_grade(line).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "grade"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations of too low a grade."""
    grade = facts.problem.lots.grade[facts.allocations.lot]
    limit = facts.problem.lines.max_grade[facts.allocations.line]
    return flag(CODE, grade > limit, facts.allocation_name, lambda i: f"{grade[i]} > {limit[i]}")


def add(model: ExactModel) -> None:
    """Forbid flows of too low a grade."""
    for flow in model.flows:
        if model.problem.lots.grade[flow.lot] > model.problem.lines.max_grade[flow.line]:
            model.forbid(flow)
