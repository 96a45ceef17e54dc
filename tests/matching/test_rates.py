"""Rates and shortest kilometres against a reading of the format, one pair at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.model.problem import Problem
from matching.network.carriers import find_carrier_lanes
from matching.network.distance import distances, kilometres
from matching.network.geography import road_km, tariff_vnd
from matching.network.rates import class_pieces, direct_rates, haulage, hub_rates
from matching.pairs.lanes import find_lanes, lane_rates
from tests.matching.builders import build_problem
from tests.matching.naive_haulage import naive_carriers, naive_km, naive_rate, naive_truck
from tests.matching.random_problems import random_problem
from tests.matching.test_lanes import is_admissible


def all_pairs(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.meshgrid(np.arange(problem.n_sites), np.arange(problem.n_sites), indexing="ij")
    return a.ravel(), b.ravel()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_kilometres_are_the_shortest_over_known_roads(seed: int) -> None:
    problem = random_problem(seed, size=10)
    a, b = all_pairs(problem)
    assert kilometres(distances(problem), a, b) == pytest.approx(naive_km(problem)[a, b], rel=1e-9, abs=1e-6)


def test_known_roads_do_break_the_triangle_in_the_random_problems() -> None:
    problems = [random_problem(seed, size=10) for seed in range(20)]
    shorter = [(kilometres(distances(p), *all_pairs(p)) < road_km(p, *all_pairs(p)) - 1e-6).any() for p in problems]
    assert sum(shorter) > 10


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000), cold=st.booleans())
def test_direct_rates_are_the_cheapest_admitted_full_truck(seed: int, cold: bool) -> None:
    problem = random_problem(seed, size=6)
    a, b = all_pairs(problem)
    km = naive_km(problem)
    wanted = [naive_truck(problem, int(x), int(y), cold, float(km[x, y])) for x, y in zip(a, b)]
    assert direct_rates(haulage(problem), a, b, np.full(len(a), cold)) == pytest.approx(wanted, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_hub_rates_are_two_trucks_and_the_handling(seed: int) -> None:
    problem = random_problem(seed, size=5)
    lots, lines = np.divmod(np.arange(problem.n_lots * problem.n_lines), problem.n_lines)
    km = naive_km(problem)
    wanted = [naive_rate(problem, km, int(i), int(j), through_hubs_only=True) for i, j in zip(lots, lines)]
    made = hub_rates(haulage(problem), problem.lots.site[lots], problem.lines.site[lines], problem.lots.cold[lots])
    assert made == pytest.approx(wanted, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_lane_rates_are_the_cheaper_of_direct_and_hub(seed: int) -> None:
    problem = random_problem(seed, size=8)
    lanes = find_lanes(problem, prune_unprofitable=False)
    km = naive_km(problem)
    wanted = [naive_rate(problem, km, int(i), int(j)) for i, j in zip(lanes.lot, lanes.line)]
    assert lane_rates(problem, lanes) == pytest.approx(wanted, rel=1e-9)


def test_a_tariff_that_begins_late_drives_the_first_kilometres_free() -> None:
    problem = build_problem(vehicles=[{"payload_kg": 1000, "fixed_vnd": 0, "vnd_per_km": "10:5000"}])
    starts, base, slope = class_pieces(problem, 0)
    assert starts.tolist() == [0, 10]
    assert (base + slope * 30).tolist() == pytest.approx([0, 100])
    assert tariff_vnd(problem, 0, np.array([30.0])).tolist() == [100_000]


def test_a_shifted_fixed_cost_lowers_the_rate_by_its_share() -> None:
    problem = build_problem()
    a, b, warm = np.array([0]), np.array([1]), np.array([False])
    plain, shifted = (direct_rates(haulage(problem, fixed_shift_vnd=shift), a, b, warm)[0] for shift in (0.0, -0.5))
    assert plain - shifted == pytest.approx(0.5 / 2000)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_carrier_lanes_hold_exactly_the_days_that_the_carrier_can_serve(seed: int) -> None:
    problem = random_problem(seed, size=10, features=frozenset({"carriers", "certificates", "horizon"}))
    lanes = find_carrier_lanes(problem)
    found = set()
    for k in range(len(lanes.lot)):
        days = range(int(lanes.pickup_from_day[k]), int(lanes.pickup_until_day[k]) + 1)
        assert len(days) > 0
        found |= {(int(lanes.lot[k]), int(lanes.line[k]), int(problem.roads.transit_days[lanes.road[k]]), day) for day in days}
    free = problem.replace(horizon_from_day=-(10**6), horizon_until_day=10**6)
    wanted = {
        (i, j, days, p)
        for i in range(problem.n_lots)
        for j in range(problem.n_lines)
        for days, _ in naive_carriers(problem, i, j)
        for p in range(int(problem.lots.from_day[i]), int(problem.lots.until_day[i]) + 1)
        if is_admissible(free, i, j, p, p + days)
    }
    assert found == wanted
