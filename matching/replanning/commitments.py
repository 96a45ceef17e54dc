"""What a plan promises to each pair of lot and line, and how much of that another plan doesn't keep."""

from __future__ import annotations

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import PIN, IntArray, Problem


def promised(problem: Problem, plan: Plan) -> tuple[IntArray, IntArray]:
    """Return the pairs (lot × n_lines + line) that a plan serves, ascending, and the kilograms of each; shape (n_pairs,)."""
    a = plan.allocations
    pairs, place = np.unique(a.lot * max(1, problem.n_lines) + a.line, return_inverse=True)
    kg = np.zeros(len(pairs), dtype=np.int64)
    np.add.at(kg, place, a.kg)
    return pairs, kg


def lost_kg(problem: Problem, plan: Plan, pairs: IntArray, kg: IntArray) -> int:
    """Return the kilograms by which a plan brings less on some pairs than ``kg``, shapes (n_pairs,)."""
    return int(np.maximum(0, kg - kg_on(problem, plan, pairs)).sum())


def kg_on(problem: Problem, plan: Plan, pairs: IntArray) -> IntArray:
    """Return the kilograms that a plan brings on each of some pairs, shape (n_pairs,)."""
    now, has = promised(problem, plan)
    if len(now) == 0:
        return np.zeros(len(pairs), dtype=np.int64)
    at = np.minimum(np.searchsorted(now, pairs), len(now) - 1)
    return np.where(now[at] == pairs, has[at], 0)


def unmet_pins(problem: Problem, plan: Plan) -> IntArray:
    """Return the rows of the pins that a plan doesn't keep, ascending."""
    d = problem.decisions
    has = kg_on(problem, plan, d.lot * max(1, problem.n_lines) + d.line)
    return np.flatnonzero((d.kind == PIN) & (d.kg > has))


def unmet_pins_kg(problem: Problem, plan: Plan) -> int:
    """Return the pinned kilograms that a plan doesn't bring."""
    d = problem.decisions
    pins = np.flatnonzero((d.kind == PIN) & (d.kg > 0))
    has = kg_on(problem, plan, (d.lot * max(1, problem.n_lines) + d.line)[pins])
    return int(np.maximum(0, d.kg[pins] - has).sum())
