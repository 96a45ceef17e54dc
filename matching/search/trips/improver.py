"""The any-time loop around the compiled search: rounds of parts on all cores, cooling down, keeping the best.

All randomness comes from the seed and the round's number, and parts are joined in their order, so that a run that ends by its own
iteration limit gives the same trips whatever the threads did.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.search.trips import columns as col
from matching.search.trips._core import Arena, Scratch, State, build, copy_all, copy_trips, improve, sweep
from matching.search.trips.instance import Layout
from matching.search.trips.partition import Desk, carve, divide, gather
from matching.search.trips.polish import reload_best
from matching.search.trips.state import Books, clear, empty_state
from matching.search.trips.warm_start import load_plan

TRIPS_PER_PART = 140
ITERATIONS_PER_VISIT = 400
ITERATIONS_PER_CHAIN = 5_000
SMALLEST_PART = 16
FIRST_TRIES = ((0.0, 1.0), (0.5, 1.0), (0.9, 1.0), (0.0, 0.3))
SMALL_STATE = 15
"""Shipments up to which a chain makes all its iterations in one go; more make it shorter."""
RUIN_SIZE = 12.0


@dataclass(frozen=True)
class Cooling:
    """Temperatures in VND: from ``hot`` to ``cold`` over a run."""

    hot: float
    cold: float

    @classmethod
    def of_trips(cls, books: Books, hot_share: float, cold_share: float) -> Cooling:
        """Return temperatures as shares of what a trip costs on the average."""
        cost = books.trip_real[:, col.TRIP_COST]
        mean = float(cost[cost > 0].mean()) if (cost > 0).any() else 1e5
        return cls(hot_share * mean, cold_share * mean)

    def at(self, progress: float) -> float:
        """Return the temperature at a progress in [0, 1]."""
        return float(self.hot * (self.cold / self.hot) ** min(1.0, progress))


def make_scratch(layout: Layout, seed: int) -> Scratch:
    """Return working arrays for one thread."""
    n = int(max(layout.vehicle[:, col.MAX_STOPS].max(initial=2) + 2, 8))

    def whole(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        return np.zeros(shape, dtype=np.int64)

    return Scratch(
        whole(5, n), np.zeros(n), np.zeros(2), np.zeros(8), np.zeros(max(len(layout.line), len(layout.lot)) + 1), whole(8), whole(n), seed
    )


class Improver:
    """Trips under improvement; `best` is the best set of trips so far."""

    def __init__(self, layout: Layout, *, seed: int, cores: int) -> None:
        self.layout, self.seed, self.cores = layout, seed, max(1, cores)
        self.arena = Arena(layout)
        self._pinned = np.unique(layout.lane[layout.lane[:, col.LANE_PIN] >= 0, col.LANE_LINE])
        n_ships = 4 * len(layout.lot) + 2 * len(layout.line) + 64
        n_trips = 2 * len(layout.lot) + len(layout.line) + 32
        self._whole, self._best = self._desk(n_trips, n_ships), self._desk(n_trips, n_ships)
        self._parts: list[tuple[Desk, Desk, Desk]] = []
        self._rounds = self._restarts = 0

    def _desk(self, n_trips: int, n_ships: int) -> Desk:
        books = empty_state(self.layout, n_trips, n_ships)
        return Desk(books, State(books))

    @property
    def best(self) -> Books:
        return self._best.books

    @property
    def worth(self) -> float:
        """Worth of the best trips in VND, shortage penalties of empty lines left out."""
        return float(self._best.books.worth[0])

    def first(self) -> None:
        """Build a first set of trips greedily: at several weights on what lots and lines could earn elsewhere, and once with dare."""
        for alpha, dare in FIRST_TRIES:
            desk = self._desk(len(self._whole.books.trip), len(self._whole.books.ship))
            desk.books.line[self._pinned, col.FIRST] = 1
            build(self.arena, desk.state, make_scratch(self.layout, self.seed), alpha, dare)
            if desk.books.worth[0] > self._best.books.worth[0] or (alpha, dare) == FIRST_TRIES[0]:
                copy_all(self._best.state, desk.state)
        copy_all(self._whole.state, self._best.state)

    def resume(self, problem: Problem, plan: Plan) -> None:
        """Begin with the trips of a plan, as far as they still fit, and add what pays beside them."""
        scratch = make_scratch(self.layout, self.seed)
        load_plan(problem, self.layout, self.arena, self._whole.state, scratch, plan)
        copy_all(self._best.state, self._whole.state)
        self._whole.books.line[self._pinned, col.FIRST] = 1
        build(self.arena, self._whole.state, scratch, 0.5)
        self._keep(self._whole)
        copy_all(self._whole.state, self._best.state)

    def round(self, progress: float, step: float, cooling: Cooling, expired: Callable[[], bool], cores: int) -> int:
        """Improve every part once on ``cores`` threads; return the number of iterations made.

        ``progress`` in [0, 1] says how far the search has cooled, ``step`` by how much one visit cools a search in a single part.
        """
        rng = np.random.default_rng((self.seed, self._rounds))
        self._rounds += 1
        n_trips = int(self._whole.books.count[1])
        if n_trips < 2 * SMALLEST_PART:
            return self._chains(rng, progress, step, cooling, cores)
        n_parts = max(self.cores, round(n_trips / TRIPS_PER_PART))
        division = divide(self.layout, self._whole, n_parts, rng)
        seeds = rng.integers(1, 2**62, size=n_parts)
        hot, cold = cooling.at(progress), cooling.at(progress) * 0.97
        self._furnish(division.most_trips, division.most_ships, n_parts)

        def work(part: int) -> int:
            desk, spare, best = self._parts[part]
            carve(self.layout, self.arena, self._whole, division, part, n_parts, desk)
            if expired():
                return 0
            scratch = make_scratch(self.layout, int(seeds[part]))
            improve(self.arena, desk.state, spare.state, best.state, scratch, ITERATIONS_PER_VISIT, hot, cold, RUIN_SIZE)
            return ITERATIONS_PER_VISIT

        with ThreadPoolExecutor(max(1, cores)) as pool:
            done = sum(pool.map(work, range(n_parts)))
        gather(self.layout, self.arena, [self._parts[part][0] for part in range(n_parts)], self._whole)
        self._keep(self._whole)
        return int(done)

    def _chains(self, rng: np.random.Generator, progress: float, step: float, cooling: Cooling, cores: int) -> int:
        """Too few trips to divide: each core's worth of work follows its own chance from the same trips, and the best goes on."""
        self._furnish(int(self._whole.books.count[1]), int(self._whole.books.count[0]), self.cores)
        seeds = rng.integers(1, 2**62, size=self.cores)
        hot, cold = cooling.at(progress), cooling.at(min(1.0, progress + step))
        size = RUIN_SIZE * (0.4 + rng.random(self.cores))

        iterations = int(np.clip(ITERATIONS_PER_CHAIN * SMALL_STATE // max(1, int(self._whole.books.count[0])), 100, ITERATIONS_PER_CHAIN))

        def work(chain: int) -> int:
            desk, spare, best = self._parts[chain]
            clear(self.layout, desk.books)
            copy_trips(self.arena, self._whole.state, desk.state, np.flatnonzero(self._whole.books.trip[:, col.TRIP_CLASS] > -2))
            scratch = make_scratch(self.layout, int(seeds[chain]))
            improve(self.arena, desk.state, spare.state, best.state, scratch, iterations, hot, cold, float(size[chain]))
            return iterations

        with ThreadPoolExecutor(max(1, cores)) as pool:
            done = sum(pool.map(work, range(self.cores)))
        leader = max(range(self.cores), key=lambda chain: float(self._parts[chain][0].books.worth[0]))
        for chain in range(self.cores):
            self._keep(self._parts[chain][2])
        gather(self.layout, self.arena, [self._parts[leader][0]], self._whole)
        return int(done)

    def _keep(self, desk: Desk) -> None:
        """Remember a complete set of trips if it is the best so far."""
        if desk.books.worth[0] > self._best.books.worth[0] + 0.5:
            gather(self.layout, self.arena, [desk], self._best)

    def restart(self) -> None:
        """Go on from a set of trips built anew at random, or from the best, turn by turn."""
        self._restarts += 1
        if self._restarts % 2:
            clear(self.layout, self._whole.books)
            rng = np.random.default_rng((self.seed, self._restarts, 7))
            build(self.arena, self._whole.state, make_scratch(self.layout, int(rng.integers(1, 2**62))), float(rng.random()))
        else:
            copy_all(self._whole.state, self._best.state)

    def polish(self, seconds: float) -> bool:
        """Make the volumes of the current trips best for their stops; True if that made them worth more."""
        before = self._desk(len(self._whole.books.trip), len(self._whole.books.ship))
        copy_all(before.state, self._whole.state)
        better = reload_best(self.layout, self.arena, self._whole, before, make_scratch(self.layout, self.seed), seconds)
        if better:
            self._keep(self._whole)
        else:
            copy_all(self._whole.state, before.state)
        return better

    def finish(self) -> None:
        """Give up trips of the best set that cost more than they bring, if what leans on them for a minimum is worth less."""
        copy_all(self._whole.state, self._best.state)
        sweep(self.arena, self._whole.state, make_scratch(self.layout, self.seed))
        if self._whole.books.worth[0] > self._best.books.worth[0]:
            copy_all(self._best.state, self._whole.state)

    def _furnish(self, n_trips: int, n_ships: int, n_parts: int) -> None:
        """Have desks ready for each part, small, since a desk is copied at every step, but with room to grow."""
        rooms = (n_trips + n_trips // 2 + 48, 2 * n_ships + 128)
        small = (
            not self._parts
            or len(self._parts[0][0].books.trip) < n_trips + 24
            or len(self._parts[0][0].books.ship) < n_ships + n_ships // 4 + 64
        )
        if small or len(self._parts) < n_parts:
            self._parts = [(self._desk(*rooms), self._desk(*rooms), self._desk(*rooms)) for _ in range(n_parts)]
