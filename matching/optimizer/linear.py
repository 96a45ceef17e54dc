"""Linear programs that stay in their solver: rows and columns are added, limits and gains change, each solve begins at the last."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import numpy as np
from ortools.math_opt import callback_pb2, model_parameters_pb2, model_update_pb2, parameters_pb2
from ortools.math_opt.core.python import solver as mathopt
from pybind11_abseil.status import StatusNotOk
from scipy.sparse import coo_array

from matching.model.problem import FloatArray, IntArray
from matching.optimizer.outcome import Ending, Outcome, outcome_of
from matching.optimizer.program import (
    SEED,
    Algorithm,
    Entries,
    LinearProgram,
    Matrix,
    entries,
    model_of,
    put_columns,
    put_matrix,
    put_rows,
    put_vector,
)  # fmt: skip
from matching.optimizer.quiet import mute_native_output
from matching.optimizer.stopping import SecondsLeft, interrupted_when_over, limit_of, no_limit

WATCHED_NONZEROS = 20_000
"""Smaller linear programs are solved within milliseconds, so nothing watches over them but the solver's own clock."""
LONG_ROWS = 20
"""Columns for each row from which GLOP is quicker than HiGHS on a program that is solved once."""


class LinearSolver:
    """A program inside a solver of OR-Tools.

    Where the solver can take a change it goes on from where it was; where it can't, the whole program is handed over anew.

    Parameters
    ----------
    keeps_basis : go on from the last basis, without presolve; a program that is solved once is quicker with it.
    """

    def __init__(self, program: LinearProgram, algorithm: Algorithm = Algorithm.GLOP, *, keeps_basis: bool = True) -> None:
        self._algorithm, self._keeps_basis = algorithm, keeps_basis
        self._gain, self._lower, self._upper = program.gain.copy(), program.lower.copy(), program.upper.copy()
        self._row_lower, self._row_upper = program.row_lower.copy(), program.row_upper.copy()
        self._is_whole = np.zeros(len(program.gain), dtype=np.bool_) if program.is_whole is None else program.is_whole
        self._blocks = [entries(program.matrix, 0, 0)]
        self._changed_gains, self._changed_columns, self._changed_rows = set[int](), set[int](), set[int]()
        self._solver: mathopt.Solver | None = None

    @property
    def n_rows(self) -> int:
        return len(self._row_lower)

    @property
    def n_columns(self) -> int:
        return len(self._gain)

    def set_gain(self, columns: IntArray, gain: FloatArray) -> None:
        """Change what a unit of some columns gains."""
        self._gain[columns] = gain
        self._changed_gains.update(columns.tolist())

    def set_limits(self, columns: IntArray, lower: FloatArray, upper: FloatArray) -> None:
        """Change the limits of some columns."""
        self._lower[columns], self._upper[columns] = lower, upper
        self._changed_columns.update(columns.tolist())

    def set_row_limits(self, rows: IntArray, lower: FloatArray, upper: FloatArray) -> None:
        """Change the limits of some rows."""
        self._row_lower[rows], self._row_upper[rows] = lower, upper
        self._changed_rows.update(rows.tolist())

    def add_columns(self, matrix: Matrix, gain: FloatArray, lower: FloatArray, upper: FloatArray) -> int:
        """Add columns, of coefficients of shape (n_rows, n_new); return the first one's number."""
        first, block = self.n_columns, entries(matrix, 0, self.n_columns)
        update = self._pending()
        put_columns(update.new_variables, first, lower, upper, np.zeros(len(gain), dtype=np.bool_))
        put_vector(update.objective_updates.linear_coefficients, np.arange(first, first + len(gain)), gain)
        put_matrix(update.linear_constraint_matrix_updates, *block)
        self._gain, self._lower, self._upper = np.append(self._gain, gain), np.append(self._lower, lower), np.append(self._upper, upper)
        self._is_whole = np.append(self._is_whole, np.zeros(len(gain), dtype=np.bool_))
        self._take(update, block)
        return first

    def add_rows(self, matrix: Matrix, lower: FloatArray, upper: FloatArray) -> int:
        """Add rows, of coefficients of shape (n_new, n_columns); return the first one's number."""
        first, block = self.n_rows, entries(matrix, self.n_rows, 0)
        update = self._pending()
        put_rows(update.new_linear_constraints, first, lower, upper)
        put_matrix(update.linear_constraint_matrix_updates, *block)
        self._row_lower, self._row_upper = np.append(self._row_lower, lower), np.append(self._row_upper, upper)
        self._take(update, block)
        return first

    def restart(self) -> None:
        """Forget the last basis: a basis that has been changed many times may lead a solver astray."""
        self._solver = None

    def solve(self, seconds_left: SecondsLeft = no_limit) -> Outcome:
        """Solve the program as it is now."""
        outcome = self._solved(seconds_left, goes_on=self._keeps_basis)
        if outcome.ending is Ending.FAILED:
            self.restart()
            outcome = self._solved(seconds_left, goes_on=not self._keeps_basis)
        return outcome

    def _solved(self, seconds_left: SecondsLeft, *, goes_on: bool) -> Outcome:
        """Solve with a limit in seconds, and with an interrupter where the program is large."""
        limit_s = limit_of(seconds_left)
        if limit_s == 0.0:
            return Outcome(Ending.LIMIT)
        mute_native_output()
        solver, parameters = self._ready(), self._parameters(limit_s, goes_on=goes_on)
        wanted, events = model_parameters_pb2.ModelSolveParametersProto(), callback_pb2.CallbackRegistrationProto()
        is_watched = sum(len(values) for _, _, values in self._blocks) > WATCHED_NONZEROS
        with interrupted_when_over(seconds_left) if is_watched else nullcontext() as interrupter:
            handle = None if interrupter is None else interrupter.pybind_interrupter
            try:
                return outcome_of(solver.solve(parameters, wanted, None, events, None, handle))
            except StatusNotOk:
                # GLOP ends so where it has lost its way numerically.
                return Outcome(Ending.FAILED)

    def _parameters(self, limit_s: float, *, goes_on: bool) -> parameters_pb2.SolveParametersProto:
        made = parameters_pb2.SolveParametersProto()
        made.time_limit.FromTimedelta(timedelta(seconds=limit_s))
        if self._algorithm is not Algorithm.PDLP:
            made.random_seed = SEED
        if self._algorithm is not Algorithm.HIGHS:
            made.threads = 1
        if self._algorithm is Algorithm.GLOP and goes_on:
            # GLOP goes on from a basis only where nothing is presolved away.
            made.presolve = made.scaling = parameters_pb2.EMPHASIS_OFF
        return made

    def _ready(self) -> mathopt.Solver:
        """Return the solver with all changes in it."""
        update = self._pending()
        if self._solver is not None:
            self._take(update, None)
        if self._solver is None:
            self._solver = mathopt.new(self._algorithm.value, model_of(self._program()), parameters_pb2.SolverInitializerProto())
        return self._solver

    def _pending(self) -> model_update_pb2.ModelUpdateProto:
        """Return the changes that the solver doesn't know yet, and count them as known."""
        update = model_update_pb2.ModelUpdateProto()
        columns, rows = update.variable_updates, update.linear_constraint_updates
        for vector, changed, values in (
            (update.objective_updates.linear_coefficients, self._changed_gains, self._gain),
            (columns.lower_bounds, self._changed_columns, self._lower),
            (columns.upper_bounds, self._changed_columns, self._upper),
            (rows.lower_bounds, self._changed_rows, self._row_lower),
            (rows.upper_bounds, self._changed_rows, self._row_upper),
        ):
            if changed:
                ids = np.array(sorted(changed), dtype=np.int64)
                put_vector(vector, ids, values[ids])
        self._changed_gains, self._changed_columns, self._changed_rows = set(), set(), set()
        return update

    def _take(self, update: model_update_pb2.ModelUpdateProto, block: Entries | None) -> None:
        """Hand a change to the solver; where it can't take it, the next solve begins anew."""
        if block is not None:
            self._blocks.append(block)
        if self._solver is not None and not self._solver.update(update):
            self._solver = None

    def _program(self) -> LinearProgram:
        """Return the program as it is now."""
        row, column, value = (np.concatenate(parts) for parts in zip(*self._blocks, strict=True))
        self._blocks = [(row, column, value)]
        matrix = coo_array((value, (row, column)), shape=(self.n_rows, self.n_columns))
        return LinearProgram(matrix, self._row_lower, self._row_upper, self._gain, self._lower, self._upper, self._is_whole)


def solve_linear(program: LinearProgram, seconds_left: SecondsLeft = no_limit, algorithm: Algorithm | None = None) -> Outcome:
    """Solve a program once, from nothing; by default with the solver that measures best on its shape."""
    n_rows, n_columns = program.matrix.shape
    chosen = algorithm or (Algorithm.GLOP if n_columns >= LONG_ROWS * n_rows else Algorithm.HIGHS)
    return LinearSolver(program, chosen, keeps_basis=False).solve(seconds_left)
