"""Programs with whole numbers: OR-Tools solves what takes seconds, and what takes longer goes on under `branch_and_bound`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
from ortools.math_opt import callback_pb2, model_parameters_pb2, parameters_pb2
from ortools.math_opt.core.python import solver as mathopt
from scipy.sparse import csc_array, csr_array

from matching.model.problem import BoolArray, FloatArray
from matching.optimizer.branching import branch_and_bound
from matching.optimizer.linear import solve_linear
from matching.optimizer.outcome import Ending, Outcome, outcome_of
from matching.optimizer.program import SEED, Algorithm, LinearProgram, model_of, put_vector
from matching.optimizer.quiet import mute_native_output
from matching.optimizer.stopping import SecondsLeft, limit_of, no_limit

FIRST_S = 2.0
"""How long OR-Tools works on a program before one takes over that tells bounds on the way and can be stopped."""
FIRST_NONZEROS = 20_000
"""Larger programs aren't solved within that time."""


def solve_integer(
    program: LinearProgram,
    seconds_left: SecondsLeft = no_limit,
    *,
    gap: float = 0.0,
    gap_vnd: float = 0.0,
    hint: FloatArray | None = None,
    on_bound: Callable[[float], None] | None = None,
    on_values: Callable[[FloatArray], None] | None = None,
) -> Outcome:
    """Solve a program with whole numbers.

    Parameters
    ----------
    gap, gap_vnd : the proof may stop once bound and objective are so near, as a share of the objective and in its unit.
    hint : values to begin with, shape (n_columns,).
    on_bound, on_values : told of bounds and of ever better values on the way.
    """
    best = Outcome(Ending.LIMIT)
    if len(program.matrix.data) <= FIRST_NONZEROS:
        best = solve_quickly(program, min(FIRST_S, limit_of(seconds_left)), gap=gap, gap_vnd=gap_vnd, hint=hint)
        if best.ending is not Ending.LIMIT:
            return best
        if best.values is not None and on_values is not None:
            on_values(best.values)
        if np.isfinite(best.bound) and on_bound is not None:
            on_bound(best.bound)
    if seconds_left() <= 0:
        return best
    start = hint if best.values is None else best.values
    found = branch_and_bound(program, seconds_left, gap=gap, gap_vnd=gap_vnd, hint=start, on_bound=on_bound, on_values=on_values)
    bound = min(found.bound, best.bound)
    return replace(best if found.objective < best.objective else found, ending=found.ending, bound=bound)


def solve_quickly(
    program: LinearProgram,
    limit_s: float,
    *,
    gap: float = 0.0,
    gap_vnd: float = 0.0,
    hint: FloatArray | None = None,
    algorithm: Algorithm = Algorithm.HIGHS,
) -> Outcome:
    """Solve a program with whole numbers within seconds, by HiGHS or SCIP inside OR-Tools; only the clock ends it."""
    if limit_s <= 0.0:
        return Outcome(Ending.LIMIT)
    mute_native_output()
    wanted, events = model_parameters_pb2.ModelSolveParametersProto(), callback_pb2.CallbackRegistrationProto()
    if hint is not None:
        put_vector(wanted.solution_hints.add().variable_values, np.arange(len(hint)), hint)
    parameters = parameters_pb2.SolveParametersProto(random_seed=SEED, relative_gap_tolerance=gap, absolute_gap_tolerance=gap_vnd)
    parameters.time_limit.FromTimedelta(timedelta(seconds=limit_s))
    if algorithm is Algorithm.HIGHS:
        parameters.highs.string_options["parallel"] = "off"
    else:
        parameters.threads = 1
    solver = mathopt.new(algorithm.value, model_of(program), parameters_pb2.SolverInitializerProto())
    return outcome_of(solver.solve(parameters, wanted, None, events, None, None))


def solve_restricted(program: LinearProgram, values: FloatArray, is_held: BoolArray, limit_s: float, *, gap_vnd: float = 0.0) -> Outcome:
    """Hold some columns of a program at a feasible point and solve the rest, beginning at the point; the outcome is in all columns.

    Columns that the held ones leave no room are held at 0, and rows without a free column are left out.

    Parameters
    ----------
    values : the point, shape (n_columns,).
    is_held : columns that stay at their value, shape (n_columns,).
    """
    matrix = csc_array(program.matrix)
    held = np.where(is_held, values, 0.0)
    upper = _room(program, matrix.tocsr(), held, is_held)
    free = np.flatnonzero(~is_held & (upper > 0))
    part = matrix[:, free].tocsr()
    rows = np.flatnonzero(np.diff(part.indptr))
    used = (matrix @ held)[rows]
    small = LinearProgram(
        part[rows],
        program.row_lower[rows] - used,
        program.row_upper[rows] - used,
        program.gain[free],
        program.lower[free],
        upper[free],
        None if program.is_whole is None else program.is_whole[free],
    )
    has_whole = small.is_whole is not None and small.is_whole.any()
    solved = solve_quickly(small, limit_s, gap_vnd=gap_vnd, hint=values[free]) if has_whole else solve_linear(small, lambda: limit_s)
    if solved.values is None:
        return solved
    point = held.copy()
    point[free] = solved.values
    gain = float(program.gain @ held)
    return Outcome(solved.ending, solved.objective + gain, solved.bound + gain, point)


def _room(program: LinearProgram, matrix: csr_array, held: FloatArray, is_held: BoolArray) -> FloatArray:
    """Upper limits of columns, 0 where a row of one free column and held ones at nothing leaves it none, shape (n_columns,).

    Such rows are ``x ≤ most × y`` with the choice ``y`` held at 0.
    """
    room = program.upper.copy()
    entry_row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    is_free = ~is_held[matrix.indices]
    n_free = np.bincount(entry_row, is_free, matrix.shape[0])
    full = (n_free == 1) & (matrix @ held >= program.row_upper)
    closed = is_free & full[entry_row] & (matrix.data > 0) & (program.lower[matrix.indices] == 0)
    room[matrix.indices[closed]] = 0.0
    return room
