"""Which open lot could still serve which open line: so that the next division puts the two together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import NO_LIMIT, BoolArray, IntArray, Problem
from matching.model.subset import subset
from matching.volumes.relaxation import solve_volumes


class Leftovers(NamedTuple):
    """Kilograms that open lots could bring to open lines, the most last; shape of each column (n_leftovers,)."""

    lot: IntArray
    line: IntArray


def find_leftovers(problem: Problem, plan: Plan, rate_factor: float) -> Leftovers:
    """Solve the volumes relaxation, on the clock and with haulage ``rate_factor`` times as dear, of what a plan leaves."""
    a = plan.allocations
    lot_left = problem.lots.kg - _sum(a.lot, a.kg, problem.n_lots)
    line_left = problem.lines.kg - _sum(a.line, a.kg, problem.n_lines)
    lots = np.flatnonzero((lot_left > 0) & (_sum(a.lot, a.kg, problem.n_lots) == 0))
    lines = np.flatnonzero((line_left > 0) & _welcome_more(problem, plan))
    part = subset(problem, lots, lines)
    v = part.problem.vehicles
    dearer = v.replace(fixed_vnd=np.rint(v.fixed_vnd * rate_factor).astype(np.int64), band_vnd_per_km=v.band_vnd_per_km * rate_factor)
    made = part.problem.replace(
        lines=part.problem.lines.replace(kg=line_left[lines]),
        vehicles=dearer,
        decisions=part.problem.decisions.replace(kg=np.zeros_like(part.problem.decisions.kg)),
    )
    flows = solve_volumes(made, on_the_clock=True).flows
    order = np.argsort(flows.kg, kind="stable")
    return Leftovers(part.lots[flows.lot[order]], part.lines[flows.line[order]])


def _sum(row: IntArray, kg: IntArray, n: int) -> IntArray:
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, row, kg)
    return total


def _welcome_more(problem: Problem, plan: Plan) -> BoolArray:
    """Lines that one more supplier may serve."""
    a, n = plan.allocations, max(1, len(problem.supplier_ids))
    served = np.unique(a.line * n + problem.lots.supplier[a.lot]) // n
    most = problem.lines.max_suppliers
    return np.asarray((most >= NO_LIMIT) | (np.bincount(served, minlength=problem.n_lines) < most))
