"""Programs with whole numbers, by branch and bound: bounds are told on the way, and the caller may stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np
from ortools.math_opt import callback_pb2, model_parameters_pb2, parameters_pb2
from ortools.math_opt.core.python import solver as mathopt

from matching.model.problem import FloatArray
from matching.optimizer.outcome import Ending, Outcome, outcome_of
from matching.optimizer.program import SEED, Algorithm, LinearProgram, model_of, put_vector
from matching.optimizer.stopping import SecondsLeft, limit_of, no_limit

LOG_S = 0.2
"""How often the branch and bound reports, at least while it works on nodes."""
PRINTED_SHARE = 1e-11
"""Share by which a bound is raised that is read from a report, which prints it to thirteen digits."""


class _Stopped(Exception):
    """Thrown through the solver once the caller's time is over."""


def solve_integer(
    program: LinearProgram,
    seconds_left: SecondsLeft = no_limit,
    *,
    gap: float = 0.0,
    gap_vnd: float = 0.0,
    hint: FloatArray | None = None,
    on_bound: Callable[[float], None] | None = None,
    solution_limit: int | None = None,
    algorithm: Algorithm = Algorithm.HIGHS,
) -> Outcome:
    """Solve a program with whole numbers.

    Parameters
    ----------
    gap, gap_vnd : the proof may stop once bound and objective are so near, as a share of the objective and in its unit.
    hint : values to begin with, shape (n_columns,).
    on_bound : told of bounds on the way, from the thread that solves.
    solution_limit : end after so many ever better solutions.
    algorithm : HiGHS, or SCIP, which tells no bounds on the way and heeds its own clock alone.
    """
    limit_s = limit_of(seconds_left)
    if limit_s == 0.0:
        return Outcome(Ending.LIMIT)
    wanted = model_parameters_pb2.ModelSolveParametersProto()
    if hint is not None:
        put_vector(wanted.solution_hints.add().variable_values, np.arange(len(hint)), hint)
    report = _Report(seconds_left, on_bound)
    solver = mathopt.new(algorithm.value, model_of(program), parameters_pb2.SolverInitializerProto())
    parameters = _parameters(algorithm, limit_s, gap, gap_vnd, solution_limit)
    on_lines = report.read if algorithm is Algorithm.HIGHS else None
    try:
        return outcome_of(solver.solve(parameters, wanted, on_lines, callback_pb2.CallbackRegistrationProto(), None, None))
    except _Stopped:
        return Outcome(Ending.LIMIT, bound=report.bound)


def _parameters(
    algorithm: Algorithm, limit_s: float, gap: float, gap_vnd: float, solution_limit: int | None
) -> parameters_pb2.SolveParametersProto:
    made = parameters_pb2.SolveParametersProto(random_seed=SEED, relative_gap_tolerance=gap, absolute_gap_tolerance=gap_vnd)
    made.time_limit.FromTimedelta(timedelta(seconds=limit_s))
    if solution_limit is not None:
        made.solution_limit = solution_limit
    if algorithm is Algorithm.HIGHS:
        # On one thread, reports come from the thread that called, through which an exception may pass.
        made.highs.string_options["parallel"] = "off"
        made.highs.double_options["mip_min_logging_interval"] = LOG_S
    else:
        made.threads = 1
    return made


class _Report:
    """Reads the bound from HiGHS's report, the only place where it is told while the solver works."""

    def __init__(self, seconds_left: SecondsLeft, on_bound: Callable[[float], None] | None) -> None:
        self._seconds_left, self._on_bound = seconds_left, on_bound
        self.bound = np.inf

    def read(self, lines: Sequence[str]) -> None:
        """Take note of bounds; end the solve where no time is left."""
        for line in lines:
            bound = bound_in(line)
            if bound < self.bound:
                self.bound = bound
                if self._on_bound is not None:
                    self._on_bound(bound)
        if self._seconds_left() <= 0:
            raise _Stopped


def bound_in(line: str) -> float:
    """Return the bound on a maximum that a line of HiGHS's report states, infinity if none.

    Rows of its table read ``source, nodes | leaves, explored | bound, best, gap | cuts … | iterations, time``.
    """
    fields = line.split("|")
    if len(fields) != 5 or not fields[2].split():
        return np.inf
    try:
        bound = float(fields[2].split()[0])
    except ValueError:
        return np.inf
    return bound + PRINTED_SHARE * abs(bound)
