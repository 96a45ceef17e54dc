"""Maximum suppliers: a line is served by at most so many different suppliers.

Reads: demands.max_suppliers, lots.supplier_id.
Formula: |{supplier(lot) : the line has an allocation of the lot}| ≤ max_suppliers(line).
"""

from __future__ import annotations

import numpy as np

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "max_suppliers"


def check(facts: PlanFacts) -> list[Violation]:
    """Report lines with too many suppliers."""
    lines = facts.problem.lines
    n = np.bincount(facts.shares[0], minlength=facts.problem.n_lines)
    return flag(CODE, n > lines.max_suppliers, lambda i: lines.id[i], lambda i: f"{n[i]} > {lines.max_suppliers[i]}")
