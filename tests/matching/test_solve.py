"""The solver against the verifier, against exact answers of tiny problems, and against itself."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from matching.exact import solve_exactly
from matching.model.plan import Result, Status
from matching.model.problem import NO_LIMIT, Problem
from matching.verify import verify
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.solving import run, squeezed_problem, unproven
from tests.matching.tiny import tiny_problem

__all__ = ["unproven"]

WITHOUT_HUB = (0, 4, 6, 7, 12, 15, 21, 23, 29, 34, 36, 47)
WITH_HUB = (11, 20, 31)


@cache
def both(seed: int) -> tuple[int, Result]:
    """Return the proven best worth of a tiny problem, and what the solver makes of it."""
    problem = tiny_problem(seed)
    return solve_exactly(problem)[0], run(problem, iterations=2500)


def test_tiny_problems_are_sorted_by_whether_they_have_a_hub() -> None:
    assert not any((tiny_problem(seed).sites.kind == 1).any() for seed in WITHOUT_HUB)
    assert all((tiny_problem(seed).sites.kind == 1).any() for seed in WITH_HUB)


@pytest.mark.parametrize("seed", WITHOUT_HUB + WITH_HUB)
def test_no_plan_beats_the_exact_best_and_no_bound_is_below_it(seed: int) -> None:
    best, result = both(seed)
    assert result.objective_vnd <= best
    assert result.bound_vnd is not None
    assert result.bound_vnd >= best


def test_most_tiny_problems_are_solved_to_the_dong() -> None:
    solved = [both(seed)[1].objective_vnd == both(seed)[0] for seed in WITHOUT_HUB]
    assert np.mean(solved) >= 0.8


@pytest.mark.parametrize("seed", WITHOUT_HUB)
def test_optimal_is_said_only_of_the_exact_best(seed: int) -> None:
    best, result = both(seed)
    assert result.status is Status.FEASIBLE or result.objective_vnd >= best - 1


@pytest.mark.parametrize("seed", range(5))
def test_the_verifier_accepts_plans_of_problems_with_every_feature(seed: int, unproven: None) -> None:
    problem = random_problem(seed, size=6, features=FEATURES - {"decisions"})
    result = run(problem)
    assert verify(problem, result.plan).require().objective_vnd == result.objective_vnd
    assert result.bound_vnd is not None
    assert result.bound_vnd >= result.objective_vnd


@pytest.mark.parametrize("seed", range(10))
def test_the_verifier_accepts_plans_where_docks_hours_counts_and_minimums_bind(seed: int, unproven: None) -> None:
    problem = squeezed_problem(seed)
    result = run(problem)
    assert verify(problem, result.plan).require().objective_vnd == result.objective_vnd


def test_most_squeezed_problems_have_trips_to_look_at(unproven: None) -> None:
    trips = [len(run(squeezed_problem(seed), iterations=50).plan.trips.vehicle) for seed in range(10)]
    assert np.median(trips) >= 5


@pytest.mark.parametrize("seed", [1, 3])
def test_the_verifier_accepts_squeezed_plans_with_hubs(seed: int, unproven: None) -> None:
    problem = squeezed_problem(seed, size=6, without=frozenset())
    assert verify(problem, run(problem).plan).ok


@pytest.mark.parametrize("seed", [100, 101])
def test_the_verifier_accepts_plans_that_were_improved_in_parts(seed: int, unproven: None) -> None:
    problem = squeezed_problem(seed, size=120)
    result = run(problem, iterations=3000, cores=2)
    assert len(result.plan.trips.vehicle) >= 32, "fewer trips are not divided"
    assert verify(problem, result.plan).require().objective_vnd == result.objective_vnd


@pytest.mark.parametrize("seed", range(4))
def test_direct_trips_have_one_pick_up_and_one_drop(seed: int, unproven: None) -> None:
    problem = squeezed_problem(seed)
    plan = run(problem, trips="direct", iterations=600).plan
    assert verify(problem, plan).ok
    assert np.bincount(plan.stops.trip, minlength=1).max() <= 2
    assert (np.bincount(plan.legs.allocation, minlength=1) <= 1).all()


@pytest.mark.parametrize("seed", range(4))
def test_volumes_alone_are_worth_at_least_any_plan(seed: int, unproven: None) -> None:
    problem = squeezed_problem(seed)
    relaxed = run(problem, trips="none")
    assert relaxed.status is Status.RELAXED
    assert relaxed.bound_vnd is not None
    assert relaxed.bound_vnd >= run(problem).objective_vnd
    assert (np.bincount(relaxed.plan.allocations.lot, relaxed.plan.allocations.kg, problem.n_lots) <= problem.lots.kg).all()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("sites", "throughput_kg_per_day", NO_LIMIT), ("vehicles", "count_per_day", NO_LIMIT), ("lines", "min_fill_kg", 0)],
)
def test_a_bound_stays_above_the_plan_of_a_stricter_problem(table: str, column: str, value: int, unproven: None) -> None:
    for seed in range(3):
        problem = squeezed_problem(seed)
        rows = getattr(problem, table)
        loose: Problem = problem.replace(**{table: rows.replace(**{column: np.full(len(getattr(rows, column)), value)})})
        bound = run(loose, iterations=50).bound_vnd
        assert bound is not None
        assert bound >= run(problem).objective_vnd


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_starts_no_worse_than_the_one_it_is_warm_started_with(seed: int, unproven: None) -> None:
    problem = squeezed_problem(seed)
    before = run(problem)
    again = run(problem, iterations=50, seed=9, warm_start=before.plan)
    assert again.objective_vnd >= before.objective_vnd


def test_every_open_lot_and_line_has_a_reason(unproven: None) -> None:
    problem = squeezed_problem(2)
    result = run(problem)
    verdict = verify(problem, result.plan)
    open_lots, open_lines = np.flatnonzero(verdict.taken_kg < problem.lots.kg), np.flatnonzero(verdict.filled_kg < problem.lines.kg)
    named = set(zip(result.reasons.subject.tolist(), result.reasons.index.tolist(), strict=True))
    assert named == {*(("lot", n) for n in open_lots.tolist()), *(("line", n) for n in open_lines.tolist())}
