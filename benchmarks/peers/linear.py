"""A linear model with whole variables that two solvers can be given, so that they are compared on the very same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.peers.optional import library

INFINITE = math.inf


class Solved(NamedTuple):
    """What a solver reached: worth of its best solution, None without one, and what no solution exceeds."""

    objective: float | None
    bound: float


class Linear:
    """Maximise gain · x + constant with rows between limits, every x whole and from 0 to its most."""

    def __init__(self) -> None:
        self.gain: list[float] = []
        self.most: list[int] = []
        self.rows: list[tuple[Sequence[int], Sequence[int], float, float]] = []
        self.constant = 0.0

    def column(self, gain: float, most: int) -> int:
        """Add a variable and return its number."""
        self.gain.append(gain)
        self.most.append(most)
        return len(self.gain) - 1

    def row(self, columns: Sequence[int], values: Sequence[int], lower: float = -INFINITE, upper: float = INFINITE) -> None:
        """Add a constraint."""
        self.rows.append((columns, values, lower, upper))

    def switch(self, columns: Sequence[int], least: int, most: int, gain: float = 0.0) -> int:
        """Let columns add up to nothing, or to between two amounts; return the variable that says which."""
        on = self.column(gain, 1)
        self.row([*columns, on], [*[1] * len(columns), -most], upper=0)
        if least > 0:
            self.row([*columns, on], [*[1] * len(columns), -least], lower=0)
        return on


def solve_highs(model: Linear, seconds: float) -> Solved:
    """Solve with HiGHS on one thread.

    Raises
    ------
    ArithmeticError : where HiGHS refuses to run.
    """
    highspy = library("highspy")
    made, lp = highspy.Highs(), highspy.HighsLp()
    for name, value in (("output_flag", False), ("threads", 1), ("time_limit", seconds), ("mip_rel_gap", 0.0)):
        made.setOptionValue(name, value)
    lp.num_col_, lp.num_row_, lp.sense_ = len(model.gain), len(model.rows), highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_ = np.array(model.gain), np.zeros(len(model.gain))
    lp.col_upper_ = np.array(model.most, dtype=np.float64)
    lp.row_lower_, lp.row_upper_ = np.array([row[2] for row in model.rows]), np.array([row[3] for row in model.rows])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum([len(row[0]) for row in model.rows])]).astype(np.int32)
    lp.a_matrix_.index_ = np.array([column for row in model.rows for column in row[0]], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([value for row in model.rows for value in row[1]], dtype=np.float64)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * len(model.gain)
    made.passModel(lp)
    if made.run() == highspy.HighsStatus.kError:
        raise ArithmeticError("HiGHS refused the model or its options")
    info = made.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    return Solved(info.objective_function_value + model.constant if found else None, info.mip_dual_bound + model.constant)


def solve_cp_sat(model: Linear, seconds: float) -> Solved:
    """Solve with CP-SAT on one worker; its gains are whole, so those of this model should be."""
    cp_model = library("ortools.sat.python.cp_model")
    cp = cp_model.CpModel()
    x = [cp.new_int_var(0, most, "") for most in model.most]
    for columns, values, lower, upper in model.rows:
        low, high = (int(limit) if math.isfinite(limit) else round(math.copysign(1 << 50, limit)) for limit in (lower, upper))
        total = cp_model.LinearExpr.weighted_sum([x[k] for k in columns], list(values))
        cp.add_linear_constraint(total, low, high)
    cp.maximize(cp_model.LinearExpr.weighted_sum(x, [round(gain) for gain in model.gain]))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.max_time_in_seconds, solver.parameters.random_seed = 1, seconds, 1
    status = solver.solve(cp)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return Solved(solver.objective_value + model.constant if found else None, solver.best_objective_bound + model.constant)
