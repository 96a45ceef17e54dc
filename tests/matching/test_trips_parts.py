"""Books of the trip search: what they say is what the verifier finds, whole, divided and put together again."""

from __future__ import annotations

import numpy as np
import pytest

from matching.model.problem import FloatArray
from matching.search.trips import columns as col
from matching.search.trips._core import list_ships
from matching.search.trips.partition import Desk, carve, divide, gather
from matching.search.trips.state import clear
from tests.matching.tables import Table, laid_out, searched

SEEDS = (1, 3, 5, 7)


def lane_kg(table: Table, desk: Desk) -> FloatArray:
    """Kilograms that each lane carries in all."""
    found = np.zeros(len(desk.books.ship), dtype=np.int64)
    ships = found[: list_ships(desk.state, found)]
    return np.bincount(desk.books.ship[ships, col.SHIP_LANE], desk.books.ship_kg[ships], len(table.layout.lane)).astype(np.float64)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_are_worth_what_the_verifier_finds_at_any_moment_of_the_search(seed: int) -> None:
    table = laid_out(seed)
    for k in range(8):
        verdict = table.verdict(table.whole).require()
        assert table.worth_vnd(table.whole) == verdict.objective_vnd
        assert (table.whole.books.lot_left == table.problem.lots.kg - verdict.taken_kg).all()
        assert (table.whole.books.line_left == table.problem.lines.kg - verdict.filled_kg).all()
        searched(table, table.whole, seed + k, iterations=40)


@pytest.mark.parametrize("seed", SEEDS)
def test_copied_trips_carry_and_are_worth_the_same(seed: int) -> None:
    table = laid_out(seed)
    searched(table, table.whole, seed)
    copy = table.desk()
    gather(table.layout, table.arena, [table.whole], copy)
    assert (lane_kg(table, copy) == lane_kg(table, table.whole)).all()
    assert copy.books.worth[0] == table.whole.books.worth[0]
    assert (copy.books.flow == table.whole.books.flow).all()
    assert (copy.books.used == table.whole.books.used).all()


@pytest.mark.parametrize("n_parts", [2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_parts_share_every_trip_and_every_kilogram_without_overlap(seed: int, n_parts: int) -> None:
    table = laid_out(seed)
    searched(table, table.whole, seed)
    division = divide(table.layout, table.whole, n_parts, np.random.default_rng(seed))
    parts = [table.desk() for _ in range(n_parts)]
    for n, part in enumerate(parts):
        carve(table.layout, table.arena, table.whole, division, n, n_parts, part)
    assert sum(int(part.books.count[1]) for part in parts) == int(table.whole.books.count[1])
    assert (np.sum([lane_kg(table, part) for part in parts], axis=0) == lane_kg(table, table.whole)).all()
    assert (np.sum([part.books.lot_left for part in parts], axis=0) == table.whole.books.lot_left).all()
    assert (np.sum([part.books.line_left for part in parts], axis=0) == table.whole.books.line_left).all()
    together = table.desk()
    gather(table.layout, table.arena, parts, together)
    assert together.books.worth[0] == table.whole.books.worth[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_improved_apart_make_one_plan_that_the_verifier_accepts(seed: int) -> None:
    table, rng = laid_out(seed, size=40), np.random.default_rng(seed)
    for k in range(4):
        division = divide(table.layout, table.whole, 2, rng)
        parts = [table.desk(), table.desk()]
        for n, part in enumerate(parts):
            carve(table.layout, table.arena, table.whole, division, n, 2, part)
            searched(table, part, seed + 10 * k + n, iterations=60)
        gather(table.layout, table.arena, parts, table.whole)
        assert table.worth_vnd(table.whole) == table.verdict(table.whole).require().objective_vnd


def test_a_cleared_desk_is_worth_nothing_and_has_everything_left() -> None:
    table = laid_out(1)
    clear(table.layout, table.whole.books)
    assert table.whole.books.worth[0] == 0
    assert (table.whole.books.lot_left == table.problem.lots.kg).all()
    assert lane_kg(table, table.whole).sum() == 0
