"""The exact model against the verifier and against searches without cleverness, on tiny problems drawn from seeds.

Two sides fed by one set of rules share their mistakes, so a rule that is too strict is caught only by a plan that the verifier accepts and
that is worth more than the proven best.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from matching.exact import solve_exactly
from matching.model.plan import Plan
from matching.model.problem import MINUTES_PER_DAY, NO_LIMIT, Problem
from matching.verify import verify
from tests.matching.plans import codes
from tests.matching.tiny import RandomPlan, tiny_problem

SEEDS = (101, 104, 107, 113, 116, 117, 118, 121, 123, 128, 130, 132, 134, 137)
FEW = SEEDS[::3]


@cache
def proven(seed: int) -> tuple[Problem, int, Plan]:
    """Return a tiny problem, its best worth with at most three trips, and a plan that has it."""
    problem = tiny_problem(seed)
    return problem, *solve_exactly(problem, max_trips=3)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_verifier_accepts_the_exact_plan_and_its_worth(seed: int) -> None:
    problem, worth, plan = proven(seed)
    assert verify(problem, plan).require().objective_vnd == worth


@pytest.mark.parametrize("seed", SEEDS)
def test_no_plan_that_the_verifier_accepts_is_worth_more(seed: int) -> None:
    problem, worth, _ = proven(seed)
    found = RandomPlan(problem, seed, rounds=25, max_trips=3).best
    assert found is None or found[0] <= worth


def test_such_plans_are_found_and_some_are_the_best() -> None:
    found = {seed: RandomPlan(proven(seed)[0], seed, rounds=60, max_trips=3).best for seed in (107, 121, 123)}
    assert all(plan is not None and plan[0] > 0 for plan in found.values())
    assert any(plan is not None and plan[0] == proven(seed)[1] for seed, plan in found.items())


def relaxed(problem: Problem, table: str, column: str, value: Any) -> Problem:
    """Return the problem with one limit let go in every row."""
    rows = getattr(problem, table)
    old = getattr(rows, column)
    return problem.replace(**{table: rows.replace(**{column: np.full(len(old), value, dtype=old.dtype)})})


LIMITS = [
    ("sites", "open_until_min", MINUTES_PER_DAY),
    ("sites", "max_vehicle_kg", NO_LIMIT),
    ("sites", "throughput_kg_per_day", NO_LIMIT),
    ("sites", "opening_vnd", 0),
    ("lots", "min_take_kg", 0),
    ("lots", "indivisible", False),
    ("lots", "cold", False),
    ("lines", "min_fill_kg", 0),
    ("lines", "max_suppliers", NO_LIMIT),
    ("lines", "min_supplier_kg", 0),
    ("lines", "max_grade", 9),
    ("lines", "min_life_days", 0),
    ("vehicles", "volume_l", np.inf),
    ("vehicles", "count_per_day", NO_LIMIT),
    ("vehicles", "max_hours", 48.0),
]


@pytest.mark.parametrize("seed", FEW)
def test_letting_all_limits_go_never_lowers_the_best(seed: int) -> None:
    problem, worth, _ = proven(seed)
    for table, column, value in LIMITS:
        problem = relaxed(problem, table, column, value)
    problem = relaxed(problem, "sites", "open_from_min", 0)
    assert solve_exactly(problem, max_trips=3)[0] >= worth


@pytest.mark.parametrize(("table", "column", "value"), [limit for limit in LIMITS if limit[1] != "open_until_min"])
def test_letting_one_limit_go_never_lowers_the_best(table: str, column: str, value: Any) -> None:
    for seed in (107, 117):
        problem, worth, _ = proven(seed)
        assert solve_exactly(relaxed(problem, table, column, value), max_trips=3)[0] >= worth


def test_one_more_truck_never_lowers_the_best() -> None:
    problem, worth, _ = proven(103)
    worths = [solve_exactly(problem, max_trips=n)[0] for n in (0, 1, 2)]
    assert [*worths, worth] == sorted([*worths, worth])


def test_a_plan_made_for_one_problem_is_refused_by_a_stricter_one() -> None:
    problem, _, plan = proven(107)
    stricter = relaxed(problem, "lots", "kg", 1)
    assert "lot_quantity" in codes(verify(stricter, plan))
