"""Volumes made best for the trips as they are: never worse, never against the clock, and as the verifier has it."""

from __future__ import annotations

import numpy as np
import pytest

from matching.model.problem import Problem
from matching.search.trips import columns as col
from matching.search.trips._core import reload
from matching.search.trips.conversion import plan_of
from matching.search.trips.improver import Cooling, Improver, make_scratch
from matching.search.trips.planner import lay_out
from matching.search.trips.polish import reload_best
from matching.verify import verify
from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.solving import squeezed_problem
from tests.matching.tables import Table, laid_out, no_price, searched, set_out

ONE_DAY = {"available_from": "2027-06-07", "available_until": "2027-06-07"}
DEAR, CHEAP = ONE_DAY | {"ask_vnd_per_kg": 15000, "quantity_kg": 600}, ONE_DAY | {"quantity_kg": 1000}


def polished(table: Table, seed: int = 1) -> bool:
    """Polish the trips of the whole table."""
    before = table.desk()
    before.books.ints[:], before.books.reals[:] = table.whole.books.ints, table.whole.books.reals
    return reload_best(table.layout, table.arena, table.whole, before, make_scratch(table.layout, seed), 10.0)


def slow_dock(hours: float) -> Problem:
    """Two lots at a dock that needs an hour a tonne, one line that wants both, one truck that holds both."""
    return build_problem(
        sites=[COOPERATIVE | {"minutes_per_tonne": 60}, BUYER | {"minutes_per_tonne": 60}],
        lots=[DEAR, CHEAP],
        demands=[{"quantity_kg": 1600}],
        vehicles=[{"max_hours": hours, "count_per_day": 1}],
        lanes=[{"km": 40, "minutes": 60}],
    )


def badly_loaded(problem: Problem) -> Table:
    """One trip with all of the dear lot and as much of the cheap one as fills it to a tonne."""
    table = set_out(problem, 1)
    layout = table.layout
    trip = np.flatnonzero(table.whole.books.trip[:, col.TRIP_CLASS] >= 0)
    assert len(trip) == 1
    late = np.zeros(1, dtype=np.int64)
    rows = np.array([0, 2], dtype=np.int64)
    lanes = np.argsort(layout.lane[:, col.LANE_LOT]).astype(np.int64)
    assert reload(table.arena, table.whole.state, make_scratch(layout, 1), trip, rows, lanes, np.array([600.0, 400.0]), late) == 0
    return table


@pytest.mark.parametrize(("hours", "cheap_kg", "dear_kg"), [(9.0, 1000, 600), (3.0, 1000, 0)])
def test_a_truck_gets_the_goods_that_earn_most_of_those_it_has_time_to_load(hours: float, cheap_kg: int, dear_kg: int) -> None:
    table = badly_loaded(slow_dock(hours))
    assert polished(table)
    verdict = verify(table.problem, plan_of(table.problem, table.layout, table.whole.books)).require()
    assert verdict.taken_kg.tolist() == [dear_kg, cheap_kg]
    assert table.worth_vnd(table.whole) == verdict.objective_vnd


@pytest.mark.parametrize("seed", range(8))
def test_polished_trips_are_worth_more_and_keep_every_rule(seed: int) -> None:
    table = laid_out(seed, size=40)
    for k in range(3):
        searched(table, table.whole, seed + k, iterations=40)
        worth = table.worth_vnd(table.whole)
        if polished(table, seed):
            assert table.worth_vnd(table.whole) > worth
            assert table.worth_vnd(table.whole) == table.verdict(table.whole).require().objective_vnd


def test_polishing_mostly_finds_something() -> None:
    gains = 0
    for seed in range(8):
        table = laid_out(seed, size=40)
        gains += polished(table, seed)
    assert gains >= 4


def test_an_improver_that_is_polished_keeps_the_better_trips() -> None:
    problem = squeezed_problem(101, size=90)
    improver = Improver(lay_out(problem, no_price, direct=False), seed=1, cores=2)
    improver.first()
    worth = [improver.worth]
    for _ in range(3):
        improver.round(0.5, 0.02, Cooling(2e5, 2e3), lambda: False, 1)
        improver.polish(10.0)
        worth.append(improver.worth)
    assert worth == sorted(worth)
    assert verify(problem, plan_of(problem, improver.layout, improver.best)).ok
