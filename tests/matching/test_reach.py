"""What the clock admits, and the bounds that hold to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.decomposition.bound import find_pairs, lagrangian_bound
from matching.model.problem import Problem
from matching.network.distance import distances
from matching.network.reach import clock_rates, reach
from matching.solver import Limits, SolveParams, solve
from matching.volumes.relaxation import relaxation_bound, solve_volumes
from tests.matching.builders import Row, build_problem
from tests.matching.random_problems import FEATURES, random_problem


def rate(problem: Problem, first: int = 0, last: int = 0) -> float:
    days = (np.array([first]), np.array([last]))
    made = clock_rates(reach(problem), distances(problem), np.array([0]), np.array([1]), np.zeros(1, dtype=bool), *days)
    return float(made[0])


def two_sites(km_north: float = 0.0, vehicles: Sequence[Row] = ({},), **buyer: object) -> Problem:
    sites = [{"site_id": "c1", "lat": 21.0, "lon": 106.0, "stop_minutes": 30}]
    sites.append({"site_id": "b1", "kind": "buyer", "lat": 21.0 + km_north / 111.19, "lon": 106.0, "stop_minutes": 30, **buyer})
    return build_problem(sites=sites, vehicles=vehicles, settings={"detour_factor": 1.0})


def test_a_drive_longer_than_the_shift_is_out_of_reach() -> None:
    """At 40 km/h a shift of 3 hours leaves 2 hours on the road between two half hours at the docks: 80 km."""
    shift = ({"max_hours": 3},)
    assert np.isfinite(rate(two_sites(79, shift)))
    assert np.isinf(rate(two_sites(81, shift)))


def test_a_faster_class_is_taken_where_the_cheaper_one_is_too_slow() -> None:
    slow = {"class_id": "slow", "max_hours": 3, "kmh": 20, "fixed_vnd": 1}
    fast = {"class_id": "fast", "max_hours": 3, "kmh": 60, "fixed_vnd": 500000}
    assert rate(two_sites(30, (slow, fast))) < rate(two_sites(30, (fast,)))
    assert rate(two_sites(60, (slow, fast))) == rate(two_sites(60, (fast,)))


def test_a_door_that_opens_in_the_morning_alone_is_reached_on_the_next_day() -> None:
    early = two_sites(200, ({"max_hours": 8},), open_from="00:00", open_until="03:00")
    assert np.isinf(rate(early))
    assert np.isfinite(rate(early, 0, 1))
    assert np.isfinite(rate(early, 1, 1))


def test_waiting_counts_as_work() -> None:
    """The farm closes at 10:00 and the buyer opens at 20:00: ten hours at least between the stops."""
    sites = [
        {"site_id": "c1", "lat": 21.0, "lon": 106.0, "open_from": "06:00", "open_until": "10:00"},
        {"site_id": "b1", "kind": "buyer", "lat": 21.1, "lon": 106.0, "open_from": "20:00", "open_until": "23:00"},
    ]
    assert np.isinf(rate(build_problem(sites=sites, vehicles=[{"max_hours": 9}])))
    assert np.isfinite(rate(build_problem(sites=sites, vehicles=[{"max_hours": 11}])))


def test_hours_over_midnight_belong_to_both_days() -> None:
    night = two_sites(20, open_from="22:00", open_until="04:00")
    assert np.isfinite(rate(night))
    assert np.isfinite(rate(night, 1, 1))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 400))
def test_the_clock_takes_pairs_away_and_adds_none(seed: int) -> None:
    problem = random_problem(seed, 12)
    free, held = solve_volumes(problem), solve_volumes(problem, on_the_clock=True)
    assert held.objective_vnd <= free.objective_vnd + 1


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 400), st.floats(0.0, 2.0))
def test_no_plan_is_worth_more_than_the_priced_bound(seed: int, level: float) -> None:
    """Whatever the prices, and after any number of steps."""
    problem = random_problem(seed, 14, FEATURES - {"decisions"})
    found = solve(problem, SolveParams(Limits(None, iterations=3_000, cores=1), seed=1), stopwatch=lambda: 0.0)
    pairs, price = find_pairs(problem), level * solve_volumes(problem).lot_price
    for steps in (1, 12):
        bound, _ = lagrangian_bound(problem, pairs, price, expired=lambda: False, steps=steps)
        assert bound >= found.objective_vnd
    assert relaxation_bound(problem) >= found.objective_vnd


def test_prices_that_fit_the_rules_prove_more_than_plain_volumes() -> None:
    """Each of three suppliers has a third of what the line wants, and it takes one of them only."""
    lots = [{"lot_id": f"l{k}", "supplier_id": f"s{k}", "quantity_kg": 1000} for k in range(3)]
    problem = build_problem(lots=lots, demands=[{"quantity_kg": 3000, "max_suppliers": 1}])
    bound, _ = lagrangian_bound(problem, find_pairs(problem), np.zeros(3), expired=lambda: False, steps=3)
    assert bound < 0.4 * relaxation_bound(problem)


def test_a_minimum_that_no_suppliers_can_reach_is_worth_nothing() -> None:
    lots = [{"lot_id": f"l{k}", "supplier_id": f"s{k}", "quantity_kg": 1000} for k in range(3)]
    problem = build_problem(lots=lots, demands=[{"quantity_kg": 3000, "max_suppliers": 2, "min_fill_kg": 2500}])
    bound, _ = lagrangian_bound(problem, find_pairs(problem), np.zeros(3), expired=lambda: False, steps=1)
    assert bound <= 3
