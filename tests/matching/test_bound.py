"""The proven bound against the exact optimum, the baseline, and plans thrown together at random; all must stay below it."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from matching.baseline import plan_by_telephone
from matching.bounds import prove
from matching.bounds.haulage_items import items_and_routes
from matching.bounds.trips import TripPricer, can_list_drops
from matching.bounds.ways import find_ways
from matching.exact import solve_exactly
from matching.model.plan import CARRIER, Plan
from matching.model.problem import Problem
from matching.network.carriers import find_carrier_lanes
from matching.pairs.lanes import find_lanes
from matching.verify import verify
from matching.volumes.relaxation import relaxation_bound
from tests.matching.builders import build_problem
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.tiny import RandomPlan, tiny_problem

TINY_SEEDS = (101, 104, 107, 113, 116, 117, 118, 121, 123, 128, 130, 132, 134, 137)
EVERYTHING = frozenset(FEATURES)


def proof(problem: Problem, incumbent: int = -(10**18)) -> list[int]:
    """Return every bound on the way, the last one the least."""
    told: list[int] = []
    last = prove(problem, seconds_left=lambda: math.inf, incumbent=lambda: incumbent, on_bound=told.append, iterations_only=True)
    assert told[-1] == last
    return told


@cache
def tiny_proof(seed: int) -> list[int]:
    return proof(tiny_problem(seed))


@pytest.mark.parametrize("seed", TINY_SEEDS)
def test_no_exact_optimum_is_above_the_bound(seed: int) -> None:
    worth, _ = solve_exactly(tiny_problem(seed), max_trips=2)
    assert tiny_proof(seed)[-1] >= worth


@pytest.mark.parametrize("seed", range(200, 212))
def test_no_random_plan_that_the_verifier_accepts_is_above_the_bound(seed: int) -> None:
    problem = tiny_problem(seed)
    found = RandomPlan(problem, seed, rounds=15, max_trips=4).best
    assert found is None or found[0] <= tiny_proof(seed)[-1]


@pytest.mark.parametrize("seed", range(24))
def test_no_plan_of_the_baseline_is_above_the_bound(seed: int) -> None:
    problem = random_problem(seed, 8, EVERYTHING)
    plan = plan_by_telephone(problem, find_lanes(problem), find_carrier_lanes(problem))
    verdict = verify(problem, plan)
    assert not verdict.ok or verdict.objective_vnd <= proof(problem)[-1]


@pytest.mark.parametrize("seed", range(8))
def test_bounds_only_fall_from_the_volumes_relaxation_on(seed: int) -> None:
    problem = random_problem(seed, 8, EVERYTHING)
    told = proof(problem)
    assert told == sorted(set(told), reverse=True)
    assert told[0] <= relaxation_bound(problem) + 1


def test_the_same_problem_gives_the_same_bounds() -> None:
    problem = random_problem(7, 10, EVERYTHING)
    assert proof(problem) == proof(problem)


def test_a_proof_without_time_still_says_something() -> None:
    problem = random_problem(7, 10, EVERYTHING)
    told: list[int] = []
    assert prove(problem, seconds_left=lambda: 0.0, incumbent=lambda: 0, on_bound=told.append) == told[0] >= proof(problem)[-1]


def test_a_line_that_cannot_reach_its_least_fill_is_worth_nothing() -> None:
    problem = build_problem(lots=[{"quantity_kg": 300}], demands=[{"min_fill_kg": 400}])
    assert 0 <= proof(problem)[-1] <= 10


def test_a_line_of_one_supplier_takes_from_the_better_one_alone() -> None:
    lots = [{"supplier_id": "s1", "quantity_kg": 500}, {"supplier_id": "s2", "quantity_kg": 400}]
    tables = {"lots": lots, "demands": [{"max_suppliers": 1}]}
    assert proof(build_problem(**tables))[-1] < proof(build_problem(lots=lots))[-1] - 3_000_000 + 300_000


def paid_trips(problem: Problem, plan: Plan, seed: int) -> list[tuple[float, float]]:
    """Return what each truck trip of direct goods is paid at repaired rates, and what it costs; the rates wished for are far too high."""
    items, _ = items_and_routes(problem, find_ways(problem))
    wish = items.full_rate * np.random.default_rng(seed).uniform(0.5, 6.0, len(items.full_rate))
    rate, _ = TripPricer(problem, items).repair(items.full_rate, wish, 300, lambda: math.inf)
    item_of = {(lot, line): item for item, (lot, line) in enumerate(zip(items.lot.tolist(), items.line.tolist())) if lot >= 0 and line >= 0}
    made, paid = plan.allocations, np.zeros(len(plan.trips.vehicle))
    for allocation, trip in zip(plan.legs.allocation.tolist(), plan.legs.trip.tolist()):
        item = item_of.get((int(made.lot[allocation]), int(made.line[allocation])))
        if item is not None and (plan.legs.allocation == allocation).sum() == 1:
            paid[trip] += rate[item] * made.kg[allocation]
    return [(paid[t], plan.trips.cost_vnd[t]) for t in range(len(paid)) if plan.trips.vehicle[t] != CARRIER]


@pytest.mark.parametrize("seed", range(200, 230))
def test_no_trip_that_the_verifier_accepts_is_paid_more_than_it_costs(seed: int) -> None:
    problem = tiny_problem(seed)
    assert can_list_drops(problem)
    found = RandomPlan(problem, seed, rounds=15, max_trips=4).best
    for paid, cost in paid_trips(problem, found[1], seed) if found is not None else []:
        assert paid <= cost + 0.5


@pytest.mark.parametrize("seed", range(24))
def test_no_trip_of_the_baseline_is_paid_more_than_it_costs(seed: int) -> None:
    problem = random_problem(seed, 12, EVERYTHING)
    plan = plan_by_telephone(problem, find_lanes(problem), find_carrier_lanes(problem))
    for paid, cost in paid_trips(problem, plan, seed):
        assert paid <= cost + 0.5


def test_a_lone_lot_pays_its_truck_whole() -> None:
    problem = build_problem(lots=[{"quantity_kg": 500}], demands=[{"bid_vnd_per_kg": 13000}], vehicles=[{"payload_kg": 5000}])
    assert proof(problem)[-1] < relaxation_bound(problem) - 600_000
