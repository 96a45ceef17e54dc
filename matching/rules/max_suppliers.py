"""Maximum suppliers: a line is served by at most so many different suppliers.

Reads: demands.max_suppliers, lots.supplier_id.
Formula: |{supplier(lot) : the line has an allocation of the lot}| ≤ max_suppliers(line).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import NO_LIMIT, BoolArray, IntArray, Problem
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "max_suppliers"


def check(facts: PlanFacts) -> list[Violation]:
    """Report lines with too many suppliers."""
    lines = facts.problem.lines
    n = np.bincount(facts.shares[0], minlength=facts.problem.n_lines)
    return flag(CODE, n > lines.max_suppliers, lambda i: lines.id[i], lambda i: f"{n[i]} > {lines.max_suppliers[i]}")


def couples(problem: Problem) -> BoolArray:
    """Tell which lines have allocations that depend on each other by this rule, shape (n_lines,)."""
    return np.asarray(problem.lines.max_suppliers < NO_LIMIT)


def slack(problem: Problem, n_suppliers: IntArray) -> IntArray:
    """Return how many more suppliers each line admits beside those that serve it, shape (n_lines,)."""
    most = problem.lines.max_suppliers
    return np.where(couples(problem), np.maximum(0, most - n_suppliers), most)


def add(model: ExactModel) -> None:
    """Count the suppliers whose flows serve a line."""
    p = model.problem
    for line, limit in enumerate(p.lines.max_suppliers.tolist()):
        serves = {supplier: model.boolean(f"serves[{line},{supplier}]") for supplier in set(p.lots.supplier.tolist())}
        for flow in model.of_line(line):
            model.cp.add_implication(flow.used, serves[int(p.lots.supplier[flow.lot])])
        model.cp.add(sum(serves.values()) <= limit)
