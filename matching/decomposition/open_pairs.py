"""Which open lot could still serve which open line: so that the next division puts the two together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import IntArray, Problem
from matching.model.subset import subset
from matching.rules._coupling import suppliers_left
from matching.search.subproblem import suppliers_by_line, with_quantities
from matching.volumes.relaxation import solve_volumes


class Leftovers(NamedTuple):
    """Kilograms that open lots could bring to open lines, the most last; shape of each column (n_leftovers,)."""

    lot: IntArray
    line: IntArray


def find_leftovers(problem: Problem, plan: Plan, rate_factor: float) -> Leftovers:
    """Solve the volumes relaxation, on the clock and with haulage ``rate_factor`` times as dear, of what a plan leaves."""
    a = plan.allocations
    line_left = problem.lines.kg - _sum(a.line, a.kg, problem.n_lines)
    lots = np.flatnonzero((problem.lots.kg > 0) & (_sum(a.lot, a.kg, problem.n_lots) == 0))
    lines = np.flatnonzero((line_left > 0) & (suppliers_left(problem, suppliers_by_line(problem, plan)) > 0))
    part = subset(problem, lots, lines)
    v = part.problem.vehicles
    dearer = v.replace(fixed_vnd=np.rint(v.fixed_vnd * rate_factor).astype(np.int64), band_vnd_per_km=v.band_vnd_per_km * rate_factor)
    made = with_quantities(part, problem.lots.kg[lots], line_left[lines], np.zeros(len(part.decisions), dtype=np.int64)).problem
    flows = solve_volumes(made.replace(vehicles=dearer), on_the_clock=True).flows
    order = np.argsort(flows.kg, kind="stable")
    return Leftovers(part.lots[flows.lot[order]], part.lines[flows.line[order]])


def _sum(row: IntArray, kg: IntArray, n: int) -> IntArray:
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, row, kg)
    return total
