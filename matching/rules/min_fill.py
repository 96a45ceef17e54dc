"""Minimum fill: a line gets nothing or at least its minimum in all.

Reads: demands.min_fill_kg.
Formula: Σ kg over the line's allocations ∈ {0} ∪ [min_fill_kg(line), ∞).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import BoolArray, IntArray, Problem
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "min_fill"


def check(facts: PlanFacts) -> list[Violation]:
    """Report lines that get too little."""
    lines, filled = facts.problem.lines, facts.filled_kg
    served = np.bincount(facts.allocations.line, minlength=len(filled)) > 0
    broken = served & (filled < lines.min_fill_kg)
    return flag(CODE, broken, lambda i: lines.id[i], lambda i: f"{filled[i]} < {lines.min_fill_kg[i]} kg")


def couples(problem: Problem) -> BoolArray:
    """Tell which lines have allocations that depend on each other by this rule, shape (n_lines,)."""
    return np.asarray(problem.lines.min_fill_kg > 0)


def slack(problem: Problem, filled_kg: IntArray) -> IntArray:
    """Return the least that must still be brought to each line if any more is, shape (n_lines,), kg."""
    return np.asarray(np.maximum(0, problem.lines.min_fill_kg - filled_kg))


def add(model: ExactModel) -> None:
    """Bring a line nothing, or its minimum."""
    for line, least_kg in enumerate(model.problem.lines.min_fill_kg.tolist()):
        model.enough(model.of_line(line), least_kg, f"fills[{line}]")
