"""Trimming plans to the cap: no supplier is beyond it, every other rule is kept, and least is lost."""

from __future__ import annotations

import numpy as np
import pytest

from matching.model.plan import CARRIER, Plan
from matching.model.problem import Problem
from matching.policy import policy_of
from matching.policy.goals import yardsticks
from matching.policy.solve import solve_policy
from matching.policy.trim import trimmed
from matching.search.plan_ops import first_days
from matching.solver import Limits, SolveParams, solve
from matching.verify import verify
from tests.matching.builders import build_problem
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.solving import counting

CHEAP = {"fixed_vnd": 1000, "vnd_per_km": "100"}
SEEDS = (0, 1, 2, 4, 5, 6, 8, 9, 10, 11)
"""Of random problems in which more than one supplier has something to sell."""
LIMITS = Limits(None, iterations=300, cores=1)


def planned(problem: Problem, seed: int = 1) -> Plan:
    return solve(problem, SolveParams(LIMITS, seed=seed), stopwatch=counting()).plan


def three_sellers(*, min_take_kg: int = 0) -> Problem:
    """Lots of 800, 300 and 300 kg of three suppliers, and as much is wanted; the first asks least."""
    lots = [
        {"quantity_kg": 800, "min_take_kg": min_take_kg}, {"supplier_id": "s2", "quantity_kg": 300, "ask_vnd_per_kg": 11_000},
        {"supplier_id": "s3", "quantity_kg": 300, "ask_vnd_per_kg": 11_000},
    ]  # fmt: skip
    return build_problem(lots=lots, demands=[{"quantity_kg": 1400}], vehicles=[CHEAP])


def test_only_the_kilograms_that_are_too_much_are_taken_off() -> None:
    problem = three_sellers()
    yard = yardsticks(problem, policy_of({"cap_pct": 50}))
    less = trimmed(yard, planned(problem))
    assert yard.supplier_kg(less).tolist() == [600, 300, 300]
    assert verify(problem, less).ok


def test_a_lot_that_may_not_be_taken_in_part_goes_as_a_whole_and_the_cap_shrinks_with_the_plan() -> None:
    problem = three_sellers(min_take_kg=700)
    yard = yardsticks(problem, policy_of({"cap_pct": 50}))
    less = trimmed(yard, planned(problem))
    assert yard.supplier_kg(less).tolist() == [0, 300, 300]
    assert verify(problem, less).ok


def test_the_load_whose_loss_is_least_for_each_kilogram_goes_first() -> None:
    lots = [{"quantity_kg": 400}, {"quantity_kg": 400, "ask_vnd_per_kg": 14_000}, {"supplier_id": "s2", "quantity_kg": 500}]
    problem = build_problem(lots=lots, demands=[{"quantity_kg": 1300}], vehicles=[CHEAP])
    yard = yardsticks(problem, policy_of({"cap_pct": 50}))
    less = trimmed(yard, planned(problem))
    assert verify(problem, less).require().taken_kg.tolist() == [400, 100, 500]


def test_a_plan_that_keeps_the_cap_and_one_without_a_cap_stay_as_they_are() -> None:
    problem = three_sellers()
    plan = planned(problem)
    for policy in ({"cap_pct": 60}, {"floors": [{"share_pct": 10, "suppliers": ["s1"]}]}):
        assert trimmed(yardsticks(problem, policy_of(policy)), plan) is plan


def test_trips_on_frozen_days_keep_their_loads() -> None:
    problem = three_sellers()
    plan, yard = planned(problem), yardsticks(problem, policy_of({"cap_pct": 50}))
    late = int(first_days(plan).max()) + 1
    assert yard.supplier_kg(trimmed(yard, plan, late)).tolist() == yard.supplier_kg(plan).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_trimmed_plan_keeps_the_cap_and_every_rule_that_the_plan_kept(seed: int) -> None:
    problem = random_problem(seed, 14, FEATURES - {"decisions"})
    yard, plan = yardsticks(problem, policy_of({"cap_pct": 60})), planned(problem, seed)
    less = trimmed(yard, plan)
    assert verify(problem, less).ok
    assert not yard.excess_kg(less).any()
    assert np.isin(less.trips.vehicle[less.trips.vehicle != CARRIER], plan.trips.vehicle).all()
    assert (verify(problem, less).taken_kg <= verify(problem, plan).taken_kg).all()


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_under_a_cap_no_plan_is_worth_less_than_the_first_one_trimmed(seed: int) -> None:
    """Even where there is no time for a single search."""
    problem, policy = random_problem(seed, 14, FEATURES - {"decisions"}), policy_of({"cap_pct": 60})
    made = solve_policy(problem, policy, limits=Limits(None, iterations=1, cores=1), seed=seed, stopwatch=counting())
    first = solve(problem, SolveParams(Limits(None, iterations=1, cores=1), seed=seed), stopwatch=counting()).plan
    assert made.is_met
    assert made.worth_vnd >= verify(problem, trimmed(yardsticks(problem, policy), first)).objective_vnd
