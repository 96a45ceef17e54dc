"""Pins that conflict: sets of which none can be left out, against trying every set on the verifier's rules."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from matching.bounds.pin_conflicts import find_pin_conflicts
from matching.model.problem import PIN, Decisions, Problem
from tests.matching.builders import BUYER, COOPERATIVE, build_problem


def pinned(pairs: Sequence[tuple[int, int, int]], **tables: Any) -> Problem:
    """A problem with pins, by number of lot and line from 1 and kilograms, that no reader has looked at."""
    lot, line, kg = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    return build_problem(**tables).replace(decisions=Decisions(lot - 1, line - 1, np.full(len(kg), PIN), kg))


def conflicts(pairs: Sequence[tuple[int, int, int]], **tables: Any) -> list[list[int]]:
    return find_pin_conflicts(pinned(pairs, **tables), lambda: math.inf)


ONE_DAY = {"horizon_from": "2027-06-08", "horizon_until": "2027-06-08"}


def test_the_smallest_set_is_named_and_pins_beside_it_are_not() -> None:
    lots = [{"quantity_kg": 100}, {"quantity_kg": 100}]
    assert conflicts([(1, 1, 60), (2, 1, 30), (1, 2, 60)], lots=lots, demands=[{}, {}]) == [[0, 2]]


def test_conflicts_without_a_pin_in_common_are_all_named() -> None:
    lots = [{"quantity_kg": 100}, {"quantity_kg": 100}]
    pairs = [(1, 1, 60), (2, 1, 60), (1, 2, 60), (2, 2, 60)]
    assert sorted(conflicts(pairs, lots=lots, demands=[{"quantity_kg": 500}] * 2)) == [[0, 2], [1, 3]]


def test_pins_of_one_dock_and_day_conflict_where_no_two_of_three_do() -> None:
    sites = [COOPERATIVE, {**BUYER, "throughput_kg_per_day": 250}]
    lots = [{"quantity_kg": 100}] * 3
    pairs = [(1, 1, 100), (2, 1, 100), (3, 1, 100)]
    assert conflicts(pairs, sites=sites, lots=lots, demands=[{"quantity_kg": 900}], settings=ONE_DAY) == [[0, 1, 2]]


def test_a_minimum_that_other_goods_may_help_to_reach_is_no_conflict() -> None:
    lots = [{"quantity_kg": 100, "min_take_kg": 90}, {"quantity_kg": 100}]
    assert conflicts([(1, 1, 40)], lots=lots, demands=[{"quantity_kg": 150, "min_fill_kg": 140}]) == []


def test_nothing_is_named_once_the_time_is_over() -> None:
    problem = pinned([(1, 1, 60), (1, 2, 60)], lots=[{"quantity_kg": 100}], demands=[{}, {}])
    assert find_pin_conflicts(problem, lambda: 0.0) == []


def can_be_kept(problem: Problem, rows: tuple[int, ...]) -> bool:
    """Whether quantities and numbers of suppliers leave room for just these pins, by arithmetic."""
    d, chosen = problem.decisions, list(rows)
    lot, line, kg = d.lot[chosen], d.line[chosen], d.kg[chosen]
    fits_lots = np.bincount(lot, kg, problem.n_lots) <= problem.lots.kg
    fits_lines = np.bincount(line, kg, problem.n_lines) <= problem.lines.kg
    serves = {(int(j), int(s)) for j, s in zip(line, problem.lots.supplier[lot])}
    n_suppliers = np.bincount([j for j, _ in serves], minlength=problem.n_lines)
    return bool(fits_lots.all() and fits_lines.all() and (n_suppliers <= problem.lines.max_suppliers).all())


@pytest.mark.parametrize("seed", range(12))
def test_a_conflict_is_one_by_arithmetic_and_no_smaller_set_of_it_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lots = [{"quantity_kg": int(rng.integers(80, 160)), "supplier_id": f"s{k % 3}"} for k in range(4)]
    lines = [{"quantity_kg": int(rng.integers(100, 200)), "max_suppliers": int(rng.integers(1, 4))} for _ in range(3)]
    pairs = [(lot, line) for lot in range(1, 5) for line in range(1, 4)]
    chosen = rng.choice(len(pairs), 6, replace=False)
    problem = pinned([(*pairs[k], int(rng.integers(20, 80))) for k in chosen], lots=lots, demands=lines)
    named = find_pin_conflicts(problem, lambda: math.inf)
    for rows in named:
        assert not can_be_kept(problem, tuple(rows))
        for smaller in itertools.combinations(rows, len(rows) - 1):
            assert can_be_kept(problem, smaller)
    assert can_be_kept(problem, tuple(sorted(set(range(6)) - {row for rows in named for row in rows})))
