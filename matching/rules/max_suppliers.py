"""Maximum suppliers: a line is served by at most so many different suppliers.

Reads: demands.max_suppliers, lots.supplier_id.
Formula: |{supplier(lot) : the line has an allocation of the lot}| ≤ max_suppliers(line).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
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


def add(model: ExactModel) -> None:
    """Count the suppliers whose flows serve a line."""
    p = model.problem
    for line, limit in enumerate(p.lines.max_suppliers.tolist()):
        serves = {supplier: model.boolean(f"serves[{line},{supplier}]") for supplier in set(p.lots.supplier.tolist())}
        for flow in model.of_line(line):
            model.cp.add_implication(flow.used, serves[int(p.lots.supplier[flow.lot])])
        model.cp.add(sum(serves.values()) <= limit)
