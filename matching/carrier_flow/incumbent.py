"""The best solution that anybody has found of a program so far."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import numpy as np

from matching.carrier_flow.program import CarrierProgram
from matching.model.problem import FloatArray


class Incumbent:
    """Shared by those who look for solutions, each in a thread of its own.

    Attributes
    ----------
    worth_vnd : gain of the solution, minus infinity while there is none.
    values : of all columns, shape (n_columns,).
    """

    def __init__(self, program: CarrierProgram) -> None:
        self._lock, self._program = Lock(), program
        self.worth_vnd = -np.inf
        self.values: FloatArray | None = None

    def offer(self, values: Sequence[float] | FloatArray) -> float:
        """Take a solution if it is one and better; return its worth, minus infinity if it is none."""
        settled = self._program.settled(np.array(values, dtype=np.float64))
        worth = self._program.worth_vnd(settled)
        with self._lock:
            if worth > self.worth_vnd:
                self.worth_vnd, self.values = worth, settled
        return worth

    def offer_any(self, values: FloatArray | None) -> None:
        """Take a solution if a solver has found one."""
        if values is not None:
            self.offer(values)

    def now(self) -> tuple[float, FloatArray | None]:
        """Return the best worth and its values, which belong together."""
        with self._lock:
            return self.worth_vnd, self.values
