"""`StagedPlanner`: the trip search in stages, begun with an outline of the plan and with goods that wait at hubs among the others.

1. Trips form on the pairs of the outline alone (`matching.search.lp_start`), a small share of all.
2. All pairs are open, and the search goes on from these trips, less hot.
3. From time to time each movement through a hub is brought down to what both its halves carry (`matching.search.hubs.split_movements`),
and what that sets free is offered again, so that in the end both halves of every movement weigh the same.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import BoolArray, FloatArray, IntArray, Problem
from matching.model.subset import rows_of
from matching.search.hubs.kept_movements import kept_movements
from matching.search.hubs.movements import LEAST_KG, Movements, is_pinned
from matching.search.hubs.split_movements import Halves, halve
from matching.search.lp_start import Outline
from matching.search.trips.planner import TripPlanner

OPENING = 0.25
"""Share of a search after which all pairs are open."""
SETTLINGS = (0.5, 0.75, 0.9)
"""Shares of a search after which the movements are brought down to what both halves carry."""
WARMTH = 0.6
"""First temperature once all pairs are open, against that of a search that begins with nothing."""
PATIENCE = 4
"""Times that halves of different weights are brought down to the lesser, before the movement is given up."""


class StagedPlanner:
    """A search under way; see `matching.search.trips.planner.TripPlanner`, whose place it takes."""

    def __init__(
        self,
        problem: Problem,
        begun: Outline | None,
        lot_price: FloatArray,
        line_price: FloatArray,
        *,
        seed: int,
        cores: int,
        direct: bool,
        warm_start: Plan | None = None,
    ) -> None:
        """Begin a search, with an outline or with an earlier plan."""
        self.problem, self._seed, self._cores, self._direct = problem, seed, cores, direct
        self._lot_price, self._line_price = lot_price, line_price
        self._stage = self._iterations = self._rounds = 0
        self._first = begun is not None
        if begun is not None:
            self._set_out(halve(problem, begun.movements), None, only=begun.pairs)
        else:
            assert warm_start is not None
            self._set_out(*kept_movements(problem, warm_start))
        self.own_limit = self._planner.own_limit

    def _set_out(self, halves: Halves, start: Plan | None, *, only: IntArray | None = None, progress: float = 0.0) -> None:
        """Begin a stage: a search of its own for these movements."""
        self._halves = halves
        lot_price, line_price = halves.prices(self._lot_price, self._line_price)
        self._planner = TripPlanner(
            halves.halved,
            lambda lot, line: lot_price[lot] + line_price[line],
            seed=self._seed + self._stage,
            cores=self._cores,
            direct=self._direct,
            warm_start=start,
            only=None if only is None else halves.pairs_among(only),
            warmth=1.0 if start is None else WARMTH,
            progress=progress,
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
        if self._first and progress >= OPENING:
            self._open(progress)
        if self._stage < len(SETTLINGS) and progress >= SETTLINGS[self._stage]:
            self._stage += 1
            if self._halves.n:
                self._settle(self._planner.plan(), progress=_since_opening(progress))
        self._planner.improve(progress / OPENING if self._first else _since_opening(progress), expired, cores)

    def _open(self, progress: float) -> None:
        """Let the search use all pairs."""
        self._first = False
        plan = self._planner.plan()
        self._iterations, self._rounds = self.iterations, self.rounds
        self._set_out(self._halves, plan, progress=_since_opening(progress))

    def plan(self) -> Plan:
        """Return the best plan so far."""
        return self._joined(self._planner.plan())

    def snapshot(self) -> Plan:
        """Return the best plan so far, and leave the search as it is: a copy of it settles what its halves carry."""
        return copy(self)._joined(self._planner.snapshot())

    def _joined(self, plan: Plan) -> Plan:
        """Return a plan of the halves as one of the whole, once both halves of each movement weigh the same."""
        patience = PATIENCE
        while True:
            brought, taken = self._halves.brought_and_taken(plan)
            clashes = self._halves.clashes(plan)
            odd = (brought != taken) | clashes
            if not odd.any():
                return self._halves.joined(plan)
            self._settle(plan, odd if patience <= 0 else clashes, progress=1.0)
            plan = self._planner.plan()
            patience -= 1

    def _settle(self, plan: Plan, given_up: BoolArray | None = None, *, progress: float) -> None:
        """Bring each movement down to what both its halves carry, and go on from there."""
        brought, taken = self._halves.brought_and_taken(plan)
        kg = np.minimum(brought, taken)
        if given_up is not None:
            kg[given_up] = 0
        kept = self._kept(kg)
        self._iterations, self._rounds = self.iterations, self.rounds
        movements: Movements = rows_of(self._halves.movements.replace(kg=kg), kept)
        self._set_out(halve(self.problem, movements), self._halves.translated(plan, kept), progress=progress)

    def _kept(self, kg: IntArray) -> IntArray:
        """Movements that go on: of some weight, and enough of their lot."""
        lot, pinned = self._halves.movements.lot, is_pinned(self.problem, self._halves.movements.lot, self._halves.movements.line)
        of_lot = np.bincount(lot, weights=np.where(kg >= LEAST_KG, kg, 0), minlength=self.problem.n_lots)
        return np.flatnonzero(((kg >= LEAST_KG) & (of_lot[lot] >= self.problem.lots.min_take_kg[lot])) | (pinned & (kg > 0)))


def _since_opening(progress: float) -> float:
    """How far a search is since all pairs were opened."""
    return (progress - OPENING) / (1.0 - OPENING)
