"""What is proven of a problem, and the prices that the proof yields."""

from __future__ import annotations

import numpy as np

from matching.flow import relaxation_bound, shadow_prices, solve_volumes
from matching.plan import Prices
from matching.problem import FloatArray, IntArray, Problem


class Proof:
    """The best bound known, in đồng, and the prices of lots and lines.

    Attributes
    ----------
    bound_vnd : no plan can be worth more.
    prices : local shadow prices of lots and lines.
    """

    def __init__(self, problem: Problem, *, cores: int) -> None:
        volumes = solve_volumes(problem, workers=cores)
        self._lot_price = volumes.lot_price
        self._line_price = volumes.line_price + problem.lines.short_vnd_per_kg
        self.prices: Prices = shadow_prices(volumes)
        self.bound_vnd = relaxation_bound(problem, workers=cores)

    def lane_price(self, lot: IntArray, line: IntArray) -> FloatArray:
        """What a kilogram of each lane's lot and line is worth elsewhere, đồng per kg; shape of ``lot``."""
        return np.asarray(self._lot_price[lot] + self._line_price[line])

    def lower(self, bound_vnd: int) -> None:
        """Take note of a proven bound."""
        self.bound_vnd = min(self.bound_vnd, bound_vnd)

    def closed_by(self, objective_vnd: int) -> bool:
        """Whether no plan can be worth a đồng more."""
        return objective_vnd >= self.bound_vnd - 1
