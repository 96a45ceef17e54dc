"""A search that begins with the trips of a plan."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.model.plan import Plan
from matching.model.problem import FORBID, Decisions, FloatArray, IntArray, Problem
from matching.replanning.commitments import lost_kg
from matching.replanning.unloading import without_banned
from matching.search.plan_ops import empty_plan, kg_by_pair
from matching.search.trips.planner import TripPlanner
from matching.solver import Limits, SolveParams, solve
from matching.verify import verify
from tests.matching.random_problems import FEATURES, random_problem


def free(lot: IntArray, line: IntArray) -> FloatArray:
    return np.zeros(len(lot))


def planner(problem: Problem, warm_start: Plan | None = None) -> TripPlanner:
    return TripPlanner(problem, free, seed=3, cores=1, direct=False, warm_start=warm_start)


def improved(problem: Problem, rounds: int = 2) -> Plan:
    made = planner(problem)
    for k in range(rounds):
        made.improve(k / rounds, lambda: False, 1)
    return made.plan()


def table(plan: Plan) -> list[tuple[int, ...]]:
    """Return the stops as (vehicle, site, arrival), sorted."""
    vehicle = plan.trips.vehicle[plan.stops.trip]
    return sorted(zip(vehicle.tolist(), plan.stops.site.tolist(), plan.stops.arrive_min.tolist()))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 500))
def test_a_plan_is_loaded_with_its_classes_and_times_and_never_loses_worth(seed: int) -> None:
    problem = random_problem(seed, 25, FEATURES - {"hubs"})
    before = improved(problem)
    worth = verify(problem, before).objective_vnd
    again = planner(problem, before)
    assert again.worth_vnd >= worth
    after = again.plan()
    assert {v.rule for v in verify(problem, after).violations} <= {"decisions"}
    if again.worth_vnd == worth:
        assert table(after) == table(before)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 500), st.integers(0, 500))
def test_what_no_longer_fits_is_left_out(seed: int, other: int) -> None:
    """Quantities, windows, doors, trucks: a plan of one problem is given to another one with tables of the same shapes."""
    problem = random_problem(seed, 20, FEATURES - {"decisions", "roads", "carriers", "hubs"})
    before = improved(problem, 1)
    rng = np.random.default_rng(other)
    shrunk = problem.replace(
        lots=problem.lots.replace(kg=np.maximum(problem.lots.min_take_kg, problem.lots.kg // rng.integers(1, 3, problem.n_lots))),
        lines=problem.lines.replace(until_day=problem.lines.from_day.copy()),
        sites=problem.sites.replace(open_from_min=np.minimum(600, problem.sites.open_from_min + 300)),
        vehicles=problem.vehicles.replace(count_per_day=np.ones(problem.n_classes, dtype=np.int64)),
    )
    verify(shrunk, planner(shrunk, before).plan()).require()


def test_a_forbidden_pair_leaves_its_trip_and_the_others_stay() -> None:
    problem = random_problem(8, 60, FEATURES - {"decisions", "hubs"})
    before = improved(problem)
    lot, line = int(before.allocations.lot[0]), int(before.allocations.line[0])
    decided = problem.replace(decisions=Decisions(np.array([lot]), np.array([line]), np.array([FORBID]), np.array([0])))
    after = planner(decided, before).plan()
    verify(decided, after).require()
    assert not ((after.allocations.lot == lot) & (after.allocations.line == line)).any()
    kept = set(table(before)) & set(table(after))
    assert len(kept) >= 0.8 * len(table(before))


def test_solve_goes_on_from_a_plan() -> None:
    problem = random_problem(8, 60, FEATURES - {"hubs", "decisions"})
    first = solve(problem, SolveParams(Limits(None, iterations=2_000, cores=1), seed=1), stopwatch=lambda: 0.0)
    again = solve(problem, SolveParams(Limits(None, iterations=1, cores=1), seed=2), stopwatch=lambda: 0.0, warm_start=first.plan)
    assert again.objective_vnd >= first.objective_vnd


@pytest.mark.parametrize("seed", [8, 58, 61])
def test_what_is_moved_from_a_plan_pays_its_price(seed: int) -> None:
    """Goods at hubs among them: after a ban the plan without the banned goods is bettered by the price of each kilogram moved."""
    problem = random_problem(seed, 30, FEATURES - {"decisions"})
    before = solve(problem, SolveParams(Limits(None, iterations=1_000, cores=1), seed=1), stopwatch=lambda: 0.0).plan
    lot, line = int(before.allocations.lot[0]), int(before.allocations.line[0])
    banned = problem.replace(decisions=Decisions(np.array([lot]), np.array([line]), np.array([FORBID]), np.array([0])))
    left = without_banned(banned, before)
    assert verify(banned, left).ok
    pairs, kg = kg_by_pair(banned, left)
    for price in (0, 200, 100_000):
        limits = Limits(None, iterations=3_000, cores=1)
        again = solve(banned, SolveParams(limits, seed=2, change_vnd_per_kg=price), stopwatch=lambda: 0.0, warm_start=before)
        assert again.objective_vnd - verify(banned, left).objective_vnd >= price * lost_kg(banned, again.plan, pairs, kg)
    assert lost_kg(banned, again.plan, pairs, kg) == 0


def test_a_search_as_free_as_from_nothing_ends_no_lower_than_it_began() -> None:
    problem = random_problem(58, 30, FEATURES - {"decisions"})
    before = solve(problem, SolveParams(Limits(None, iterations=3_000, cores=1), seed=1), stopwatch=lambda: 0.0)
    limits = Limits(None, iterations=10, cores=1)
    again = solve(problem, SolveParams(limits, seed=2, change_vnd_per_kg=None), stopwatch=lambda: 0.0, warm_start=before.plan)
    assert again.objective_vnd >= before.objective_vnd


def test_an_empty_plan_is_a_start() -> None:
    problem = random_problem(8, 20, FEATURES - {"hubs", "decisions"})

    made = planner(problem, empty_plan())
    assert made.worth_vnd == pytest.approx(verify(problem, made.plan()).objective_vnd)
    assert len(made.plan().trips.vehicle) > 0
