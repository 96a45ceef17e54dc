"""What a plan promises to each pair of lot and line, and how much of that another plan doesn't keep."""

from __future__ import annotations

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import PIN, IntArray, Problem
from matching.search.plan_ops import kg_on_pairs


def lost_kg(problem: Problem, plan: Plan, pairs: IntArray, kg: IntArray) -> int:
    """Return the kilograms by which a plan brings less on some pairs than ``kg``, shapes (n_pairs,)."""
    return int(np.maximum(0, kg - kg_on_pairs(problem, plan, pairs)).sum())


def unmet_pins(problem: Problem, plan: Plan) -> IntArray:
    """Return the rows of the pins that a plan doesn't keep, ascending."""
    d = problem.decisions
    has = kg_on_pairs(problem, plan, d.lot * max(1, problem.n_lines) + d.line)
    return np.flatnonzero((d.kind == PIN) & (d.kg > has))


def unmet_pins_kg(problem: Problem, plan: Plan) -> int:
    """Return the pinned kilograms that a plan doesn't bring."""
    d = problem.decisions
    pins = np.flatnonzero((d.kind == PIN) & (d.kg > 0))
    has = kg_on_pairs(problem, plan, (d.lot * max(1, problem.n_lines) + d.line)[pins])
    return int(np.maximum(0, d.kg[pins] - has).sum())
