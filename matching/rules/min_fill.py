"""Minimum fill: a line gets nothing or at least its minimum in all.

Reads: demands.min_fill_kg.
Formula: Σ kg over the line's allocations ∈ {0} ∪ [min_fill_kg(line), ∞).
"""

from __future__ import annotations

import numpy as np

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "min_fill"


def check(facts: PlanFacts) -> list[Violation]:
    """Report lines that get too little."""
    lines, filled = facts.problem.lines, facts.filled_kg
    served = np.bincount(facts.allocations.line, minlength=len(filled)) > 0
    broken = served & (filled < lines.min_fill_kg)
    return flag(CODE, broken, lambda i: lines.id[i], lambda i: f"{filled[i]} < {lines.min_fill_kg[i]} kg")
