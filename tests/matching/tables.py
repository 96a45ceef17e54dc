"""Problems laid out for the trip search, with desks to work at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.model.problem import FloatArray, IntArray, Problem
from matching.search.trips import columns as col
from matching.search.trips._core import Arena, State, copy_trips, improve
from matching.search.trips.conversion import plan_of
from matching.search.trips.improver import Cooling, Improver, make_scratch
from matching.search.trips.instance import Layout
from matching.search.trips.partition import Desk
from matching.search.trips.planner import lay_out
from matching.search.trips.state import empty_state
from matching.verify import Verdict, verify
from tests.matching.solving import squeezed_problem


@dataclass(frozen=True)
class Table:
    """A problem laid out, with desks to work at."""

    problem: Problem
    layout: Layout
    arena: Arena
    whole: Desk

    def desk(self) -> Desk:
        books = empty_state(self.layout, 400, 2000)
        return Desk(books, State(books))

    def worth_vnd(self, desk: Desk) -> int:
        """Worth that the books claim."""
        return round(float(desk.books.worth[0])) - int(self.problem.lines.kg @ self.problem.lines.short_vnd_per_kg)

    def verdict(self, desk: Desk) -> Verdict:
        return verify(self.problem, plan_of(self.problem, self.layout, desk.books))


def no_price(lot: IntArray, line: IntArray) -> FloatArray:
    return np.zeros(len(lot))


def laid_out(seed: int, size: int = 24) -> Table:
    """Return a random problem with a first set of trips."""
    return set_out(squeezed_problem(seed, size), seed)


def set_out(problem: Problem, seed: int) -> Table:
    """Return a problem with a first set of trips."""
    layout = lay_out(problem, no_price, direct=False)
    improver = Improver(layout, seed=seed, cores=1)
    improver.first()
    books = empty_state(layout, 400, 2000)
    table = Table(problem, layout, Arena(layout), Desk(books, State(books)))
    best = State(improver.best)
    copy_trips(table.arena, best, table.whole.state, np.flatnonzero(improver.best.trip[:, col.TRIP_CLASS] > -2))
    return table


def searched(table: Table, desk: Desk, seed: int, iterations: int = 150) -> None:
    """Improve the trips at a desk for a while."""
    heat = Cooling(2e5, 2e3)
    improve(
        table.arena,
        desk.state,
        table.desk().state,
        table.desk().state,
        make_scratch(table.layout, seed),
        iterations,
        heat.hot,
        heat.cold,
        9.0,
    )
