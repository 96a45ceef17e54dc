"""`HubPlanner`: the trip search, with goods that wait at hubs among the others.

It searches direct trips of a problem with halves (`matching.hubs.halves`). From time to time each movement is brought down to what both
its halves carry, and what that sets free is offered again, so that in the end both halves of every movement weigh the same.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matching.hubs.halves import halve
from matching.hubs.movements import LEAST_KG, Movements
from matching.plan import Plan
from matching.problem import BoolArray, FloatArray, IntArray, Problem
from matching.trips.planner import TripPlanner

SETTLINGS = (0.5, 0.75, 0.9)
"""Shares of a search after which the movements are brought down to what both halves carry."""
PATIENCE = 4
"""Times that halves of different weights are brought down to the lesser, before the movement is given up."""


class HubPlanner:
    """A search under way; see `matching.trips.planner.TripPlanner`, whose place it takes."""

    def __init__(
        self, problem: Problem, movements: Movements, lot_price: FloatArray, line_price: FloatArray, *, seed: int, cores: int
    ) -> None:
        self.problem, self._seed, self._cores = problem, seed, cores
        self._lot_price, self._line_price = lot_price, line_price
        self._settled = self._iterations = self._rounds = 0
        self._set_out(movements, None)
        self.own_limit = self._planner.own_limit

    def _set_out(self, movements: Movements, start: Plan | None) -> None:
        """Begin a search of its own for these movements."""
        self._halves = halve(self.problem, movements)
        lot_price, line_price = self._halves.prices(self._lot_price, self._line_price)
        self._planner = TripPlanner(
            self._halves.halved,
            lambda lot, line: lot_price[lot] + line_price[line],
            seed=self._seed + self._settled,
            cores=self._cores,
            direct=False,
            warm_start=start,
        )

    @property
    def iterations(self) -> int:
        """Iterations made so far."""
        return self._iterations + self._planner.iterations

    @property
    def rounds(self) -> int:
        """Rounds made so far."""
        return self._rounds + self._planner.rounds

    @property
    def trucks_pay(self) -> bool:
        """Whether anything but carriers can pay."""
        return self._planner.trucks_pay

    @property
    def worth_vnd(self) -> int:
        """Worth of the best plan so far, when only what both halves of a movement carry counts."""
        h, m, (brought, taken) = self._halves, self._halves.movements, self._planner.loads(self._halves.hub_lines, self._halves.second_lots)
        lots, lines = h.halved.lots, h.problem.lines
        first = m.gate_vnd_per_kg - lots.ask_vnd_per_kg[m.lot]
        second = lines.bid_vnd_per_kg[m.line] + lines.short_vnd_per_kg[m.line] - lots.ask_vnd_per_kg[h.second_lots]
        odd = np.maximum(0, brought - taken) @ np.maximum(first, 0) + np.maximum(0, taken - brought) @ np.maximum(second, 0)
        return self._planner.worth_vnd - int(odd)

    def improve(self, progress: float, expired: Callable[[], bool], cores: int) -> None:
        """Make one round on ``cores`` threads; ``progress`` in [0, 1] says how far the search is."""
        if self._settled < len(SETTLINGS) and progress >= SETTLINGS[self._settled]:
            self._settle(self._planner.plan())
        self._planner.improve(progress, expired, cores)

    def plan(self) -> Plan:
        """Return the best plan so far."""
        patience = PATIENCE
        while True:
            plan = self._planner.plan()
            brought, taken = self._halves.brought_and_taken(plan)
            odd = (brought != taken) | self._halves.clashes(plan)
            if not odd.any():
                return self._halves.joined(plan)
            self._settle(plan, odd if patience <= 0 else self._halves.clashes(plan))
            patience -= 1

    def _settle(self, plan: Plan, given_up: BoolArray | None = None) -> None:
        """Bring each movement down to what both its halves carry, and go on from there."""
        brought, taken = self._halves.brought_and_taken(plan)
        kg = np.where(False if given_up is None else given_up, 0, np.minimum(brought, taken))
        kept = self._kept(kg)
        self._settled += 1
        self._iterations, self._rounds = self.iterations, self.rounds
        movements = self._halves.movements.replace(kg=kg).rows(kept)
        self._set_out(movements, self._halves.translated(plan, kept))

    def _kept(self, kg: IntArray) -> IntArray:
        """Movements that go on: of some weight, and enough of their lot."""
        lot = self._halves.movements.lot
        of_lot = np.bincount(lot, weights=np.where(kg >= LEAST_KG, kg, 0), minlength=self.problem.n_lots)
        return np.flatnonzero((kg >= LEAST_KG) & (of_lot[lot] >= self.problem.lots.min_take_kg[lot]))
