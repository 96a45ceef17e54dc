"""A linear model with some whole variables, made row by row and bounded from above (`matching.optimizer`).

The bound of a linear model is worked out from its row prices alone: Σ over rows of the price at the limit that it leans on, plus
Σ over columns of what is left of their gain, times their limit. It holds for any prices, so no tolerance of the simplex method
enters it. The bound of a model with whole variables is the branch-and-bound's own, raised by its tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.sparse import csc_array, csr_array

from matching.model.problem import FloatArray
from matching.optimizer import Ending, LinearProgram, LinearSolver, Outcome, SecondsLeft, solve_integer, solve_linear

MIP_TOLERANCE = 1e-7
"""Share by which the branch-and-bound's bound is raised."""


class Model:
    """Maximise gain · x with lower ≤ A x ≤ upper and 0 ≤ x ≤ most."""

    def __init__(self) -> None:
        self.gain: list[float] = []
        self.most: list[float] = []
        self.whole: list[int] = []
        self._lower: list[float] = []
        self._upper: list[float] = []
        self._start: list[int] = [0]
        self._column: list[int] = []
        self._value: list[float] = []
        self.constant = 0.0

    def column(self, gain: float, most: float, *, whole: bool = False) -> int:
        """Add a variable and return its number."""
        self.gain.append(gain)
        self.most.append(most)
        self.whole.append(int(whole))
        return len(self.gain) - 1

    def row(self, columns: Sequence[int], values: Sequence[float], lower: float, upper: float) -> int:
        """Add a constraint and return its number."""
        self._column.extend(columns)
        self._value.extend(values)
        self._start.append(len(self._column))
        self._lower.append(lower)
        self._upper.append(upper)
        return len(self._lower) - 1

    @property
    def n_rows(self) -> int:
        return len(self._lower)

    def matrix(self) -> csc_array:
        """Coefficients, shape (n_rows, n_columns)."""
        parts = (np.array(self._value, dtype=np.float64), np.array(self._column, dtype=np.int64), np.array(self._start))
        return csr_array(parts, (self.n_rows, len(self.gain))).tocsc()

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limit of each row, shape (n_rows,) each."""
        return np.array(self._lower, dtype=np.float64), np.array(self._upper, dtype=np.float64)

    def program(self) -> LinearProgram:
        """Return the model as arrays, with its whole variables."""
        n, is_whole = len(self.gain), np.array(self.whole, dtype=np.bool_)
        gain, most = np.array(self.gain, dtype=np.float64), np.array(self.most, dtype=np.float64)
        return LinearProgram(self.matrix(), *self.bounds(), gain, np.zeros(n), most, is_whole)

    def relaxed(self) -> LinearProgram:
        """Return the model as arrays, with no variable whole."""
        return replace(self.program(), is_whole=None)


def price_bound(model: Model, price: FloatArray, gain: FloatArray | None = None) -> float:
    """Bound that any row prices prove, shape of ``price`` (n_rows,); ``gain`` in place of the model's own, shape (n_columns,)."""
    lower, upper = model.bounds()
    # A price that leans on a limit that is not there proves nothing, so it counts as none.
    price = np.where(((price > 0) & np.isinf(upper)) | ((price < 0) & np.isinf(lower)), 0.0, price)
    limit = np.where(price > 0, upper, lower)
    left = (np.array(model.gain) if gain is None else gain) - model.matrix().T @ price
    return float(model.constant + np.dot(price[price != 0], limit[price != 0]) + np.dot(np.maximum(left, 0.0), np.array(model.most)))


class Reached(NamedTuple):
    """How far a solver has come: a bound, the best point found, shape (n_columns,), and row prices, shape (n_rows,), if any."""

    bound: float
    point: FloatArray | None
    row_price: FloatArray | None = None


def linear(model: Model, seconds_left: SecondsLeft) -> Reached:
    """Bound from above with no variable whole; infinite when the time is over first."""
    return _reached(model, solve_linear(model.relaxed(), seconds_left), np.array(model.gain))


def _reached(model: Model, outcome: Outcome, gain: FloatArray) -> Reached:
    """Return the bound that the row prices of a linear solve prove, and its point."""
    if outcome.ending is Ending.INFEASIBLE or outcome.duals is None:
        return Reached(np.inf, None)
    return Reached(price_bound(model, outcome.duals, gain), outcome.values, outcome.duals)


def linear_under(model: Model, gains: Sequence[FloatArray], seconds_left: SecondsLeft) -> list[Reached]:
    """As `linear`, under several gains in turn, shape (n_columns,) each: each solution is where the next one begins."""
    solver, made = LinearSolver(model.relaxed()), []
    columns = np.arange(len(model.gain))
    for gain in gains:
        solver.set_gain(columns, gain)
        made.append(_reached(model, solver.solve(seconds_left), gain))
    return made


def branch_and_bound(
    model: Model, seconds_left: SecondsLeft, on_bound: Callable[[float], None] = lambda bound: None, gap: float = 1e-6
) -> Reached:
    """Bound a model with whole variables from above, and tell of every bound on the way."""
    if not any(model.whole):
        return linear(model, seconds_left)
    outcome = solve_integer(model.program(), seconds_left, gap=gap, on_bound=lambda bound: on_bound(_raised(model, bound)))
    if outcome.ending is Ending.INFEASIBLE:
        return Reached(np.inf, None)
    return Reached(_raised(model, outcome.bound), outcome.values)


def _raised(model: Model, reached: float) -> float:
    """The solver's bound with the model's constant and the tolerance, or infinity while there is none."""
    return model.constant + reached + MIP_TOLERANCE * abs(reached) if np.isfinite(reached) else np.inf
