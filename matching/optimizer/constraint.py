"""Programs of whole numbers by CP-SAT: hints, bounds on the way, an end when asked, and the conditions that conflict.

Formulation
    maximise gain · x   subject to   row_lower ≤ A x ≤ row_upper,   lower ≤ x ≤ upper,   all x whole

Coefficients are whole; columns without a limit of their own are limited by what CP-SAT counts with. Gains in fractions are scaled, and
rounded up where that is not enough, so that a bound stays a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import numpy as np
from ortools.sat.python import cp_model
from scipy.sparse import csr_array

from matching.model.problem import FloatArray, IntArray
from matching.optimizer.outcome import Ending, Outcome
from matching.optimizer.program import SEED, LinearProgram
from matching.optimizer.stopping import LOOK_S, SecondsLeft, limit_of, no_limit

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 1 << 40
"""Limit of a column that has none, and of a row's sum."""
GAIN_SCALE = 1_000
ALWAYS = -1
"""In ``condition``: the row holds whatever else does."""

_ENDINGS = {
    cp_model.OPTIMAL: Ending.OPTIMAL,
    cp_model.INFEASIBLE: Ending.INFEASIBLE,
    cp_model.FEASIBLE: Ending.LIMIT,
    cp_model.UNKNOWN: Ending.LIMIT,
}


def solve_by_constraints(
    program: LinearProgram,
    seconds_left: SecondsLeft = no_limit,
    *,
    hint: FloatArray | None = None,
    on_bound: Callable[[float], None] | None = None,
    workers: int = 1,
) -> Outcome:
    """Solve a program whose columns are all whole.

    Parameters
    ----------
    hint : values to begin with, shape (n_columns,).
    on_bound : told of every bound on the way.

    Raises
    ------
    ValueError
        A coefficient is not whole.
    """
    model, columns = _model(program)
    _add_rows(model, columns, program)
    scaled = np.ceil(program.gain * GAIN_SCALE - 1e-6).astype(np.int64)
    model.maximize(cp_model.LinearExpr.weighted_sum(columns, scaled.tolist()))
    for column, value in zip(columns, () if hint is None else np.rint(hint).astype(np.int64).tolist(), strict=False):
        model.add_hint(column, value)
    solver = _solver(workers)
    if on_bound is not None:
        solver.best_bound_callback = lambda bound: on_bound(bound / GAIN_SCALE)
    status = _run(solver, model, seconds_left)
    ending = _ENDINGS.get(status, Ending.FAILED)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Outcome(ending)
    values = np.array([solver.value(column) for column in columns], dtype=np.float64)
    return Outcome(ending, float(program.gain @ values), solver.best_objective_bound / GAIN_SCALE, values)


def conflicting_conditions(program: LinearProgram, condition: IntArray, seconds_left: SecondsLeft = no_limit) -> IntArray | None:
    """Return conditions that can't all hold though any fewer of them can: numbers, ascending; none where all conditions can hold.

    Parameters
    ----------
    condition : number of the condition that each row belongs to, or ALWAYS, shape (n_rows,).

    Returns
    -------
    None where time ends before it is known whether all conditions can hold.
    """
    model, columns = _model(program)
    holds = {number: model.new_bool_var(f"c{number}") for number in np.unique(condition[condition != ALWAYS]).tolist()}
    _add_rows(model, columns, program, [holds.get(number) for number in condition.tolist()])
    core = _core(model, holds, seconds_left)
    if core is None or not core:
        return None if core is None else np.zeros(0, dtype=np.int64)
    for number in sorted(core):
        smaller = _core(model, {k: holds[k] for k in core if k != number}, seconds_left)
        if smaller:
            core = smaller
    return np.array(sorted(core), dtype=np.int64)


def _core(model: cp_model.CpModel, holds: dict[int, Any], seconds_left: SecondsLeft) -> list[int] | None:
    """Some of these conditions that can't all hold, none where they can, None where time is up first."""
    model.clear_assumptions()
    model.add_assumptions(list(holds.values()))
    solver = _solver(1)
    status = _run(solver, model, seconds_left)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return []
    if status != cp_model.INFEASIBLE:
        return None
    found = set(solver.sufficient_assumptions_for_infeasibility())
    return [number for number, literal in holds.items() if literal.index in found]


def _model(program: LinearProgram) -> tuple[cp_model.CpModel, list[Any]]:
    """Return a model with the columns alone."""
    model = cp_model.CpModel()
    lower, upper = (np.clip(limit, -MOST, MOST) for limit in (program.lower, program.upper))
    ranges = zip(np.ceil(lower - 1e-9).astype(np.int64).tolist(), np.floor(upper + 1e-9).astype(np.int64).tolist(), strict=True)
    return model, [model.new_int_var(low, high, f"x{k}") for k, (low, high) in enumerate(ranges)]


def _add_rows(model: cp_model.CpModel, columns: list[Any], program: LinearProgram, only_if: list[Any] | None = None) -> None:
    """Add the rows; one with a literal in ``only_if`` holds where that is true."""
    matrix = csr_array(program.matrix)
    whole = np.rint(matrix.data).astype(np.int64)
    if (np.abs(matrix.data - whole) > 1e-9).any():
        raise ValueError("CP-SAT takes whole coefficients alone")
    lower, upper = (np.clip(limit, -MOST, MOST) for limit in (program.row_lower, program.row_upper))
    lows, highs = np.ceil(lower - 1e-9).astype(np.int64).tolist(), np.floor(upper + 1e-9).astype(np.int64).tolist()
    for row, (low, high) in enumerate(zip(lows, highs, strict=True)):
        entries = slice(matrix.indptr[row], matrix.indptr[row + 1])
        sums = cp_model.LinearExpr.weighted_sum([columns[k] for k in matrix.indices[entries].tolist()], whole[entries].tolist())
        added = model.add_linear_constraint(sums, low, high)
        if only_if is not None and only_if[row] is not None:
            added.only_enforce_if(only_if[row])


def _solver(workers: int) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = SEED
    return solver


def _run(solver: cp_model.CpSolver, model: cp_model.CpModel, seconds_left: SecondsLeft) -> Any:
    """Solve within the time, and end soon after it is over."""
    limit_s = limit_of(seconds_left)
    if limit_s == 0.0:
        return cp_model.UNKNOWN
    solver.parameters.max_time_in_seconds = limit_s
    with _stopped_when_over(solver, seconds_left):
        return solver.solve(model)


@contextmanager
def _stopped_when_over(solver: cp_model.CpSolver, seconds_left: SecondsLeft) -> Iterator[None]:
    """Stop the search from a thread of its own once no time is left."""
    done = Event()

    def watch() -> None:
        while not done.wait(LOOK_S):
            if seconds_left() <= 0:
                solver.stop_search()
                return

    watcher = Thread(target=watch, name="watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
