"""The bound and what is scarce: throughput, trucks of a day, carriers, and indivisible lots; case by case and against plans."""

from __future__ import annotations

import math

import numpy as np
import pytest

from matching.baseline import plan_by_telephone
from matching.bounds import prove
from matching.bounds.model import linear
from matching.bounds.volumes import volumes_model, volumes_program
from matching.bounds.ways import find_ways
from matching.exact import solve_exactly
from matching.model.problem import Problem
from matching.network.carriers import find_carrier_lanes
from matching.pairs.lanes import find_lanes
from matching.verify import verify
from matching.volumes.relaxation import relaxation_bound
from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.random_problems import random_problem
from tests.matching.tiny import RandomPlan, tiny_problem

MARGIN = 10_000
ONE_DAY = {"deliver_from": "2027-06-08", "deliver_until": "2027-06-08"}


def bound(problem: Problem) -> float:
    """Bound of the volumes with no variable whole."""
    return linear(volumes_model(problem, find_ways(problem)), lambda: math.inf).bound


def proven(problem: Problem) -> int:
    return prove(problem, seconds_left=lambda: math.inf, incumbent=lambda: -(10**18), on_bound=lambda _: None, iterations_only=True)


def test_a_receiver_takes_no_more_than_its_throughput_on_each_day() -> None:
    """One day of 300 kg of a line of 800 kg; two days of it where the line takes goods on two days."""
    sites = [COOPERATIVE, {**BUYER, "throughput_kg_per_day": 300}]
    assert bound(build_problem(sites=sites, demands=[ONE_DAY])) <= 300 * MARGIN
    two_days = bound(build_problem(sites=sites, demands=[{**ONE_DAY, "deliver_until": "2027-06-09"}]))
    assert 500 * MARGIN < two_days <= 600 * MARGIN


def test_lines_of_different_days_share_the_days_that_both_have() -> None:
    """500 kg on the 8th, 500 kg on the 8th or 9th: of the two days' 600 kg, 300 are for the first line at the most."""
    sites = [COOPERATIVE, {**BUYER, "throughput_kg_per_day": 300}]
    early = {**ONE_DAY, "quantity_kg": 500}
    late = {**ONE_DAY, "deliver_until": "2027-06-09", "quantity_kg": 250}
    assert 450 * MARGIN < bound(build_problem(sites=sites, demands=[early, late])) <= 550 * MARGIN


def test_a_cooperative_loads_no_more_than_its_throughput() -> None:
    sites = [{**COOPERATIVE, "throughput_kg_per_day": 200}, BUYER]
    assert bound(build_problem(sites=sites, lots=[{"available_until": "2027-06-07"}])) <= 200 * MARGIN


def test_trucks_of_a_day_carry_no_more_than_their_payload() -> None:
    """Two trucks of 150 kg a day; one that starts the day before may arrive on the 8th, too."""
    fleet = [{"payload_kg": 150, "count_per_day": 2, "fixed_vnd": 1000, "vnd_per_km": 1}]
    made = bound(build_problem(lots=[{"available_from": "2027-06-08", "available_until": "2027-06-08"}], demands=[ONE_DAY], vehicles=fleet))
    assert made <= 600 * MARGIN
    more = [*fleet, {"payload_kg": 150, "fixed_vnd": 1000, "vnd_per_km": 1}]
    assert bound(build_problem(demands=[ONE_DAY], vehicles=more)) > 700 * MARGIN


def test_a_carrier_takes_no_more_than_its_capacity_on_each_day() -> None:
    small_door = [{**COOPERATIVE, "max_vehicle_kg": 10}, BUYER]
    carrier = {"vnd_per_kg": 500, "capacity_kg": 100, "transit_days": 1}
    assert bound(build_problem(sites=small_door, demands=[ONE_DAY], lanes=[carrier])) == pytest.approx(100 * (MARGIN - 500))


def test_an_indivisible_lot_larger_than_every_truck_is_worth_nothing() -> None:
    tables = {"vehicles": [{"payload_kg": 900}], "demands": [{"quantity_kg": 1000}]}
    assert proven(build_problem(lots=[{"indivisible": "yes"}], **tables)) <= 1
    assert bound(build_problem(lots=[{}], **tables)) > 900 * MARGIN * 0.5


def test_a_receiver_that_no_driver_reaches_is_worth_nothing_from_the_first_bound_on() -> None:
    far = [COOPERATIVE, {**BUYER, "lat": 10.75, "lon": 106.63}, {"site_id": "h1", "kind": "hub", "lat": 21.2, "lon": 106.1}]
    problem = build_problem(sites=far, demands=[{"bid_vnd_per_kg": 90_000}])
    assert relaxation_bound(problem) <= 1
    assert len(find_lanes(problem).lot) == len(find_ways(problem).lot) == 0


def scarce(problem: Problem, seed: int) -> Problem:
    """Give sites, classes and carriers of a problem small daily limits."""
    rng = np.random.default_rng(seed)
    sites, v, roads = problem.sites, problem.vehicles, problem.roads

    def some(column: np.ndarray, low: int, high: int) -> np.ndarray:
        return np.where(rng.random(len(column)) < 0.7, rng.integers(low, high, len(column)), column)

    return problem.replace(
        sites=sites.replace(throughput_kg_per_day=some(sites.throughput_kg_per_day, 40, 400)),
        vehicles=v.replace(
            count_per_day=some(v.count_per_day, 1, 3), payload_kg=np.minimum(v.payload_kg, rng.integers(100, 400, len(v.id)))
        ),
        roads=roads.replace(capacity_kg=some(roads.capacity_kg, 50, 400)),
    )


@pytest.mark.parametrize("seed", [116, 118, 123, 130])
def test_no_exact_optimum_with_scarce_capacities_is_above_the_bound(seed: int) -> None:
    problem = scarce(tiny_problem(seed), seed)
    worth, _ = solve_exactly(problem, max_trips=2)
    assert proven(problem) >= worth


@pytest.mark.parametrize("seed", range(300, 312))
def test_no_random_plan_with_scarce_capacities_is_above_the_bound(seed: int) -> None:
    problem = scarce(tiny_problem(seed), seed)
    found = RandomPlan(problem, seed, rounds=15, max_trips=4).best
    assert found is None or found[0] <= proven(problem)


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_of_the_baseline_with_scarce_capacities_is_above_the_bound(seed: int) -> None:
    problem = scarce(random_problem(seed, 8), seed)
    plan = plan_by_telephone(problem, find_lanes(problem), find_carrier_lanes(problem))
    verdict = verify(problem, plan)
    assert not verdict.ok or verdict.objective_vnd <= proven(problem)


def test_relaxing_a_throughput_never_lowers_the_bound() -> None:
    for seed in range(6):
        tight = scarce(random_problem(seed, 8), seed)
        free = tight.replace(sites=tight.sites.replace(throughput_kg_per_day=tight.sites.throughput_kg_per_day * 2))
        assert bound(free) >= bound(tight) - 1.0


def test_random_problems_have_rows_of_every_resource() -> None:
    """Else the tests above would say nothing of some."""
    found: set[str] = set()
    for seed in range(12):
        problem = scarce(random_problem(seed, 12), seed)
        found |= {row.resource for row in volumes_program(problem, find_ways(problem)).capacity_rows}
    assert found == {"site", "class", "carrier", "hubs"}
