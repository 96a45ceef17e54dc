"""A linear model with some whole variables, made row by row and bounded from above by HiGHS.

The bound of a linear model is worked out from its row prices alone: Σ over rows of the price at the limit that it leans on, plus
Σ over columns of what is left of their gain, times their limit. It holds for any prices, so no tolerance of the simplex method
enters it. The bound of a model with whole variables is the branch-and-bound's own, raised by its tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import highspy
import numpy as np
from scipy.sparse import csc_array, csr_array

from matching.highs import silent_highs
from matching.model.problem import FloatArray

MIP_TOLERANCE = 1e-7
"""Share by which the branch-and-bound's bound is raised."""

SecondsLeft = Callable[[], float]


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

    def linear(self, *, whole: bool) -> highspy.HighsLp:
        """Return the model in the solver's form."""
        matrix, lp = self.matrix(), highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.gain), self.n_rows
        lp.col_cost_, lp.col_upper_ = np.array(self.gain, dtype=np.float64), np.array(self.most, dtype=np.float64)
        lp.col_lower_ = np.zeros(len(self.gain))
        lp.row_lower_, lp.row_upper_ = self.bounds()
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        lp.sense_ = highspy.ObjSense.kMaximize
        if whole:
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            lp.integrality_ = [kinds[one] for one in self.whole]
        return lp


def solver(seconds_left: SecondsLeft) -> highspy.Highs:
    """Return a silent solver on one thread that ends soon after the time is over."""
    made = silent_highs()
    made.setOptionValue("time_limit", max(0.0, seconds_left()))
    return made


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
    high = solver(seconds_left)
    high.passModel(model.linear(whole=False))
    high.run()
    return _reached(model, high, np.array(model.gain))


def _reached(model: Model, high: highspy.Highs, gain: FloatArray) -> Reached:
    """What a linear solver has come to."""
    solution = high.getSolution()
    if high.getModelStatus() == highspy.HighsModelStatus.kInfeasible or not solution.dual_valid:
        return Reached(np.inf, None)
    price = np.array(solution.row_dual)
    point = np.array(solution.col_value) if solution.value_valid else None
    return Reached(price_bound(model, price, gain), point, price)


def linear_under(model: Model, gains: Sequence[FloatArray], seconds_left: SecondsLeft) -> list[Reached]:
    """As `linear`, under several gains in turn, shape (n_columns,) each: each solution is where the next one begins."""
    high, made = solver(seconds_left), []
    high.passModel(model.linear(whole=False))
    columns = np.arange(len(model.gain), dtype=np.int32)
    for gain in gains:
        high.changeColsCost(len(columns), columns, np.ascontiguousarray(gain))
        high.setOptionValue("time_limit", max(0.0, high.getRunTime() + seconds_left()))
        high.run()
        made.append(_reached(model, high, gain))
    return made


def branch_and_bound(
    model: Model, seconds_left: SecondsLeft, on_bound: Callable[[float], None] = lambda bound: None, gap: float = 1e-6
) -> Reached:
    """Bound a model with whole variables from above, and tell of every bound on the way."""
    if not any(model.whole):
        # The solver states no bound of its own for a model without whole variables.
        return linear(model, seconds_left)
    high = solver(seconds_left)
    high.setOptionValue("mip_rel_gap", gap)
    high.passModel(model.linear(whole=True))
    high.cbMipInterrupt.subscribe(lambda event: event.interrupt() if seconds_left() <= 0 else None)
    high.cbMipLogging.subscribe(lambda event: on_bound(_raised(model, float(event.data_out.mip_dual_bound))))
    high.run()
    if high.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return Reached(np.inf, None)
    solution = high.getSolution()
    return Reached(_raised(model, float(high.getInfo().mip_dual_bound)), np.array(solution.col_value) if solution.value_valid else None)


def _raised(model: Model, reached: float) -> float:
    """The solver's bound with the model's constant and the tolerance, or infinity while there is none."""
    is_one = abs(reached) < highspy.kHighsInf / 2
    return model.constant + reached + MIP_TOLERANCE * abs(reached) if is_one else np.inf
