"""What is proven of a problem, and the prices that the proof yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import numpy as np

from matching.bounds import prove
from matching.bounds.scarce import ScarcePrices
from matching.model.plan import Prices
from matching.model.problem import FloatArray, IntArray, Problem
from matching.volumes.relaxation import relaxation_bound, shadow_prices, solve_volumes

PATIENCE_S = 0.7
"""How long the end of a run waits for a proof that was told to stop."""


class Proof:
    """The best bound known, in đồng, and the prices of lots and lines.

    Attributes
    ----------
    bound_vnd : no plan can be worth more.
    prices : local shadow prices of lots and lines.
    scarce : what one more unit of each scarce thing would add, by resource, row and day; empty until it is known.
    lot_price, line_price : what a kilogram of each is worth elsewhere, the saved shortage penalty included, đồng per kg.
    """

    def __init__(self, problem: Problem, *, cores: int) -> None:
        self._problem = problem
        self._thread: Thread | None = None
        volumes = solve_volumes(problem, workers=cores)
        self.lot_price = volumes.lot_price
        self.line_price = volumes.line_price + problem.lines.short_vnd_per_kg
        self.prices: Prices = shadow_prices(volumes)
        self.bound_vnd = relaxation_bound(problem, workers=cores)
        self.scarce: ScarcePrices = {}

    def lane_price(self, lot: IntArray, line: IntArray) -> FloatArray:
        """What a kilogram of each lane's lot and line is worth elsewhere, đồng per kg; shape of ``lot``."""
        return np.asarray(self.lot_price[lot] + self.line_price[line])

    @contextmanager
    def continued(self, seconds_left: Callable[[], float], incumbent: Callable[[], int]) -> Iterator[None]:
        """Go on proving in a thread of its own while the body runs."""
        over = Event()
        thread = Thread(target=self._prove, args=(lambda: 0.0 if over.is_set() else seconds_left(), incumbent), daemon=True)
        self._thread = thread
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(PATIENCE_S)

    def _prove(self, seconds_left: Callable[[], float], incumbent: Callable[[], int]) -> None:
        prove(self._problem, seconds_left=seconds_left, incumbent=incumbent, on_bound=self.lower, on_scarce=self._note_scarce)

    def _note_scarce(self, prices: ScarcePrices) -> None:
        self.scarce = prices

    @property
    def is_running(self) -> bool:
        """Whether a proof is under way."""
        return self._thread is not None and self._thread.is_alive()

    def wait(self, expired: Callable[[], bool]) -> None:
        """Let the proof come to its own end, or until time is up."""
        while self._thread is not None and self._thread.is_alive() and not expired():
            self._thread.join(0.1)

    def lower(self, bound_vnd: int) -> None:
        """Take note of a proven bound."""
        self.bound_vnd = min(self.bound_vnd, bound_vnd)

    def closed_by(self, objective_vnd: int) -> bool:
        """Whether no plan can be worth a đồng more."""
        return objective_vnd >= self.bound_vnd - 1
