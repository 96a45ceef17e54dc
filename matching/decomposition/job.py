"""`PartJob`: the search of one part, with everything that a worker needs, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import FloatArray, IntArray
from matching.search.subproblem import Subproblem
from matching.search.subproblem_search import Schedule, SubproblemSearch


@dataclass(frozen=True, eq=False)
class PartJob:
    """A part to plan.

    Attributes
    ----------
    lot_price, line_price : worth elsewhere, đồng per kg, shapes (n_lots,) and (n_lines,).
    only : pairs (lot × n_lines + line) that new trips may serve; all where it is None.
    """

    sub: Subproblem
    lot_price: FloatArray
    line_price: FloatArray
    direct: bool
    seed: int
    schedule: Schedule
    only: IntArray | None = None

    def work(self, stopped: Callable[[], bool] | None = None) -> PartOutcome:
        """Plan the part; the same job gives the same outcome unless it is stopped."""
        search = SubproblemSearch(self.sub, seed=self.seed, direct=self.direct, lane_price=self._lane_price, only=self.only)
        done = search.run(self.schedule, stopped or (lambda: False))
        return PartOutcome(search.plan(), done)

    def _lane_price(self, lot: IntArray, line: IntArray) -> FloatArray:
        return np.asarray(self.lot_price[lot] + self.line_price[line])


@dataclass(frozen=True, eq=False)
class PartOutcome:
    """Trips of a part, numbered as the part is, and the iterations that were made."""

    plan: Plan
    iterations: int
