"""Minimum per supplier: each supplier that serves a line brings at least so much to it.

Reads: demands.min_supplier_kg, lots.supplier_id.
Formula: Σ kg of one supplier's allocations to the line ∈ {0} ∪ [min_supplier_kg(line), ∞).
"""

from __future__ import annotations

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "min_supplier"


def check(facts: PlanFacts) -> list[Violation]:
    """Report suppliers that bring too little to a line."""
    problem = facts.problem
    line, supplier, kg = facts.shares
    least = problem.lines.min_supplier_kg[line]

    def where(i: int) -> str:
        return f"{problem.lines.id[line[i]]} {problem.supplier_ids[supplier[i]]}"

    return flag(CODE, kg < least, where, lambda i: f"{kg[i]} < {least[i]} kg")
