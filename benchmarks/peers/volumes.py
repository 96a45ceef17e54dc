"""Other solvers on the volumes relaxation, given the same pairs.

Problem data
    gain g of each pair, kg s of each lot and d of each line.

Formulation
    maximise Σ g x - Σ short × d,  Σ x of a lot ≤ s,  Σ x of a line ≤ d,  x ≥ 0

The minimum-cost flow takes whole numbers: gains are rounded to a thousandth of a đồng, its answer is then valued with the true gains,
so it may fall short of the optimum by a thousandth of a đồng on each kilogram.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from benchmarks.peers.optional import library
from benchmarks.peers.pairs import Floats, Pairs, Whole
from matching.model.problem import Problem

SCALE = 1000
DENSE_CELLS = 4_000_000
"""Largest table of lots × lines for which the dense method is tried."""

Peer = Callable[[Problem, Pairs], float]


def short_vnd(problem: Problem) -> int:
    """Penalty of delivering nothing."""
    return int(problem.lines.kg @ problem.lines.short_vnd_per_kg)


def ortools_flow(problem: Problem, pairs: Pairs) -> float:
    """OR-Tools' minimum-cost flow over all pairs, with a source, a sink and a way round; returns the worth."""
    made = library("ortools.graph.python.min_cost_flow").SimpleMinCostFlow()
    n_lots, n_lines = problem.n_lots, problem.n_lines
    source, sink = n_lots + n_lines, n_lots + n_lines + 1
    supply, demand = problem.lots.kg, problem.lines.kg
    total = int(supply.sum())
    cost = -np.rint(pairs.gain_vnd_per_kg * SCALE).astype(np.int64)
    most = np.minimum(supply[pairs.lot], demand[pairs.line])
    arcs = made.add_arcs_with_capacity_and_unit_cost(pairs.lot, n_lots + pairs.line, most, cost)
    zero = np.zeros(n_lots, dtype=np.int64)
    made.add_arcs_with_capacity_and_unit_cost(np.full(n_lots, source), np.arange(n_lots), supply, zero)
    made.add_arcs_with_capacity_and_unit_cost(
        np.arange(n_lines) + n_lots, np.full(n_lines, sink), demand, np.zeros(n_lines, dtype=np.int64)
    )
    made.add_arc_with_capacity_and_unit_cost(source, sink, total, 0)
    made.set_nodes_supplies(np.array([source, sink]), np.array([total, -total]))
    if made.solve() != made.OPTIMAL:
        raise ArithmeticError("the flow was not solved")
    return float(made.flows(arcs) @ pairs.gain_vnd_per_kg) - short_vnd(problem)


def _rows(problem: Problem, pairs: Pairs) -> tuple[Any, Floats]:
    """Coefficients and limits of lots, then lines."""
    n = len(pairs.lot)
    row = np.concatenate([pairs.lot, problem.n_lots + pairs.line])
    matrix = csr_array((np.ones(2 * n), (row, np.tile(np.arange(n), 2))), (problem.n_lots + problem.n_lines, n))
    return matrix, np.concatenate([problem.lots.kg, problem.lines.kg]).astype(np.float64)


def scipy_linprog(problem: Problem, pairs: Pairs) -> float:
    """Return the worth that scipy's ``linprog`` finds."""
    matrix, limits = _rows(problem, pairs)
    found = linprog(-pairs.gain_vnd_per_kg, A_ub=matrix, b_ub=limits, method="highs")
    if not found.success or found.fun is None:
        raise ArithmeticError(str(found.message))
    return -float(found.fun) - short_vnd(problem)


def highs(problem: Problem, pairs: Pairs) -> float:
    """Return the worth that HiGHS finds when it is asked directly."""
    highspy = library("highspy")
    matrix, limits = _rows(problem, pairs)
    made, lp = highspy.Highs(), highspy.HighsLp()
    made.setOptionValue("output_flag", False)
    # All solvers of a process share their threads, so that one that asks for another number is refused.
    made.setOptionValue("threads", 1)
    lp.num_col_, lp.num_row_ = len(pairs.lot), len(limits)
    lp.col_cost_, lp.col_lower_ = -pairs.gain_vnd_per_kg, np.zeros(len(pairs.lot))
    lp.col_upper_, lp.row_lower_, lp.row_upper_ = np.full(len(pairs.lot), np.inf), np.full(len(limits), -np.inf), limits
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    made.passModel(lp)
    made.run()
    if made.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise ArithmeticError(made.modelStatusToString(made.getModelStatus()))
    return float(-made.getInfo().objective_function_value) - short_vnd(problem)


def pdlp(problem: Problem, pairs: Pairs) -> float:
    """Return the worth that OR-Tools' first-order method finds; it ends at a relative tolerance of 10^-6."""
    builder = library("ortools.math_opt.python.mathopt")
    matrix, limits = _rows(problem, pairs)
    model = builder.Model()
    x = [model.add_variable(lb=0.0) for _ in range(len(pairs.lot))]
    for row, limit in enumerate(limits.tolist()):
        columns = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]].tolist()
        if columns:
            model.add_linear_constraint(builder.fast_sum([x[k] for k in columns]) <= limit)
    model.maximize(builder.fast_sum([gain * one for gain, one in zip(pairs.gain_vnd_per_kg.tolist(), x)]))
    found = builder.solve(model, builder.SolverType.PDLP)
    if found.termination.reason != builder.TerminationReason.OPTIMAL:
        raise ArithmeticError(str(found.termination))
    return float(found.objective_value()) - short_vnd(problem)


def pulp_cbc(problem: Problem, pairs: Pairs) -> float:
    """Return the worth that CBC finds under PuLP."""
    pulp = library("pulp")
    model = pulp.LpProblem("volumes", pulp.LpMaximize)
    x = [model.add_variable(f"x{k}", 0) for k in range(len(pairs.lot))]
    model += pulp.LpAffineExpression(list(zip(x, pairs.gain_vnd_per_kg.tolist())))
    for rows, limits in ((pairs.lot, problem.lots.kg), (pairs.line, problem.lines.kg)):
        for group in _groups(rows, len(limits)):
            if len(group):
                model += pulp.LpAffineExpression([(x[k], 1) for k in group.tolist()]) <= int(limits[rows[group[0]]])
    with warnings.catch_warnings():
        # The CBC that comes with PuLP 3 is called by a name that PuLP 4 will drop.
        warnings.simplefilter("ignore", DeprecationWarning)
        model.solve(pulp.PULP_CBC_CMD(msg=False))
    if pulp.LpStatus[model.status] != "Optimal":
        raise ArithmeticError(pulp.LpStatus[model.status])
    return float(pulp.value(model.objective)) - short_vnd(problem)


def _groups(owner: Whole, n: int) -> list[Whole]:
    """Rows of each owner."""
    order = np.argsort(owner, kind="stable")
    return np.split(order, np.searchsorted(owner[order], np.arange(1, n)))


def pot_simplex(problem: Problem, pairs: Pairs) -> float:
    """Return the worth that POT's network simplex finds on the whole table, where what is left over goes to a spare row and column."""
    cells = (problem.n_lots + 1) * (problem.n_lines + 1)
    if cells > DENSE_CELLS:
        raise MemoryError(f"a dense table of {cells} cells")
    cost = np.zeros((problem.n_lots + 1, problem.n_lines + 1))
    cost[pairs.lot, pairs.line] = -pairs.gain_vnd_per_kg
    supply = np.append(problem.lots.kg, problem.lines.kg.sum()).astype(np.float64)
    demand = np.append(problem.lines.kg, problem.lots.kg.sum()).astype(np.float64)
    flow = library("ot").emd(supply, demand, cost, numItermax=10_000_000)
    return float(-(flow * cost).sum()) - short_vnd(problem)


PEERS: dict[str, tuple[str, Peer]] = {
    "OR-Tools min-cost flow": ("ortools", ortools_flow),
    "scipy linprog (HiGHS)": ("scipy", scipy_linprog),
    "highspy": ("highspy", highs),
    "PDLP": ("ortools", pdlp),
    "PuLP + CBC": ("pulp", pulp_cbc),
    "POT network simplex": ("ot", pot_simplex),
}
"""Name of each peer, the library that it needs, and how it solves."""
