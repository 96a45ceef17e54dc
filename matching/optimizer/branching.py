"""Branch and bound for hard programs, by HiGHS itself: it tells bounds and solutions on the way, and can be stopped.

This is the one module that calls HiGHS past OR-Tools; `docs/decisions/0009-or-tools-behind-one-door.md` has the measurements.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csr_array

from matching.model.problem import FloatArray
from matching.optimizer.outcome import Ending, Outcome
from matching.optimizer.program import SEED, LinearProgram
from matching.optimizer.quiet import mute_native_output
from matching.optimizer.stopping import SecondsLeft, limit_of

_ENDINGS = {
    highspy.HighsModelStatus.kOptimal: Ending.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Ending.INFEASIBLE,
    highspy.HighsModelStatus.kUnbounded: Ending.UNBOUNDED,
    highspy.HighsModelStatus.kTimeLimit: Ending.LIMIT,
    highspy.HighsModelStatus.kInterrupt: Ending.LIMIT,
}


def branch_and_bound(
    program: LinearProgram,
    seconds_left: SecondsLeft,
    *,
    gap: float = 0.0,
    gap_vnd: float = 0.0,
    hint: FloatArray | None = None,
    on_bound: Callable[[float], None] | None = None,
    on_values: Callable[[FloatArray], None] | None = None,
) -> Outcome:
    """Solve a program with whole numbers; parameters as of `matching.optimizer.solve_integer`."""
    solver = _solver(program, seconds_left, gap, gap_vnd)
    solver.cbMipInterrupt.subscribe(lambda event: event.interrupt() if seconds_left() <= 0 else None)
    if on_bound is not None:
        solver.cbMipLogging.subscribe(lambda event: on_bound(_known(float(event.data_out.mip_dual_bound))))
    if on_values is not None:
        solver.cbMipImprovingSolution.subscribe(lambda event: on_values(np.array(event.data_out.mip_solution)))
    if hint is not None:
        begun = highspy.HighsSolution()
        begun.col_value = hint.tolist()
        solver.setSolution(begun)
    solver.run()
    ending, info = _ENDINGS.get(solver.getModelStatus(), Ending.FAILED), solver.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Outcome(ending, bound=_known(info.mip_dual_bound))
    return Outcome(ending, info.objective_function_value, _known(info.mip_dual_bound), np.array(solver.getSolution().col_value))


def _known(bound: float) -> float:
    """Return a bound, infinity where the solver has none."""
    return bound if abs(bound) < highspy.kHighsInf / 2 else np.inf


def _solver(program: LinearProgram, seconds_left: SecondsLeft, gap: float, gap_vnd: float) -> Any:
    """Return a silent solver of HiGHS, on one thread, with the program in it."""
    mute_native_output()
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    options = {"threads": 1, "random_seed": SEED, "mip_rel_gap": gap, "mip_abs_gap": gap_vnd, "time_limit": limit_of(seconds_left)}
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(_model(program))
    return solver


def _model(program: LinearProgram) -> Any:
    """Return a program in HiGHS's form."""
    matrix, made = csr_array(program.matrix), highspy.HighsLp()
    made.num_row_, made.num_col_ = matrix.shape
    made.sense_ = highspy.ObjSense.kMaximize
    made.col_cost_, made.col_lower_, made.col_upper_ = program.gain, program.lower, program.upper
    made.row_lower_, made.row_upper_ = program.row_lower, program.row_upper
    made.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    made.a_matrix_.start_, made.a_matrix_.index_ = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    made.a_matrix_.value_ = matrix.data
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    is_whole = np.zeros(matrix.shape[1], dtype=np.bool_) if program.is_whole is None else program.is_whole
    made.integrality_ = [kinds[int(whole)] for whole in is_whole]
    return made
