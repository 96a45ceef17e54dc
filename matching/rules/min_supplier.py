"""Minimum per supplier: each supplier that serves a line brings at least so much to it.

Reads: demands.min_supplier_kg, lots.supplier_id.
Formula: Σ kg of one supplier's allocations to the line ∈ {0} ∪ [min_supplier_kg(line), ∞).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import BoolArray, Problem
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "min_supplier"


def check(facts: PlanFacts) -> list[Violation]:
    """Report suppliers that bring too little to a line."""
    problem = facts.problem
    line, supplier, kg = facts.shares
    least = problem.lines.min_supplier_kg[line]

    def where(i: int) -> str:
        return f"{problem.lines.id[line[i]]} {problem.supplier_ids[supplier[i]]}"

    return flag(CODE, kg < least, where, lambda i: f"{kg[i]} < {least[i]} kg")


def couples(problem: Problem) -> BoolArray:
    """Tell which lines have allocations that depend on each other by this rule, shape (n_lines,)."""
    return np.asarray(problem.lines.min_supplier_kg > 0)


def add(model: ExactModel) -> None:
    """Let each supplier bring a line nothing, or its minimum."""
    p = model.problem
    for line, least_kg in enumerate(p.lines.min_supplier_kg.tolist()):
        for supplier in sorted(set(p.lots.supplier.tolist())):
            flows = [flow for flow in model.of_line(line) if p.lots.supplier[flow.lot] == supplier]
            model.enough(flows, least_kg, f"brings[{line},{supplier}]")
