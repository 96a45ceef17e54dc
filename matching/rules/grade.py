"""Grade: a line takes no grade worse than its limit; grade 1 is the best.

Reads: lots.grade, demands.max_grade.
Formula: grade(lot) ≤ max_grade(line).
"""

from __future__ import annotations

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "grade"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations of too low a grade."""
    grade = facts.problem.lots.grade[facts.allocations.lot]
    limit = facts.problem.lines.max_grade[facts.allocations.line]
    return flag(CODE, grade > limit, facts.allocation_name, lambda i: f"{grade[i]} > {limit[i]}")
