"""The bound that knows whole trips: against exact optima and random plans, on cases whose optimum is known, and broken on purpose."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest

from matching.baseline import plan_by_telephone
from matching.bounds.ways import find_ways
from matching.bounds.whole_trips import root as root_module
from matching.bounds.whole_trips import whole_trip_bounds
from matching.bounds.whole_trips.blocks import make_block
from matching.bounds.whole_trips.patterns import Expander, Pattern, list_all
from matching.bounds.whole_trips.simplex import best_load
from matching.bounds.whole_trips.stage import make_stage
from matching.exact import solve_exactly
from matching.model.problem import Problem
from matching.network.carriers import find_carrier_lanes
from matching.pairs.lanes import find_lanes
from matching.verify import verify
from tests.matching.builders import build_problem
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.tiny import RandomPlan, tiny_problem

HUBLESS = frozenset(FEATURES - {"hubs"})
EXACT_SEEDS = (101, 104, 107, 113, 116, 117, 118, 121, 123, 128, 130, 132, 134, 137)
MOST_NODES = 40


def bounds(problem: Problem, incumbent: int = -(10**18), most_nodes: int = MOST_NODES) -> list[float]:
    return list(whole_trip_bounds(problem, lambda: math.inf, lambda: incumbent, most_nodes))


@cache
def best_bound(seed: int) -> float:
    return min(bounds(tiny_problem(seed)), default=math.inf)


@pytest.mark.parametrize("seed", EXACT_SEEDS)
def test_no_exact_optimum_is_above_the_bound(seed: int) -> None:
    worth, _ = solve_exactly(tiny_problem(seed), max_trips=2)
    assert best_bound(seed) >= worth - 1e-3


@pytest.mark.parametrize("seed", range(300, 330))
def test_no_random_plan_that_the_verifier_accepts_is_above_the_bound(seed: int) -> None:
    found = RandomPlan(tiny_problem(seed), seed, rounds=15, max_trips=4).best
    assert found is None or found[0] <= best_bound(seed) + 1e-3


@pytest.mark.parametrize("seed", range(24))
def test_no_plan_of_the_baseline_is_above_the_bound(seed: int) -> None:
    problem = random_problem(seed, 8, HUBLESS)
    verdict = verify(problem, plan_by_telephone(problem, find_lanes(problem), find_carrier_lanes(problem)))
    assert not verdict.ok or verdict.objective_vnd <= min(bounds(problem, most_nodes=6), default=math.inf) + 1e-3


@pytest.mark.parametrize("seed", [seed for seed in EXACT_SEEDS if seed % 2])
def test_a_proof_that_ends_by_itself_ends_at_the_incumbent_or_above(seed: int) -> None:
    problem = tiny_problem(seed)
    worth, _ = solve_exactly(problem, max_trips=2)
    assert all(bound >= worth - 1e-3 for bound in bounds(problem, incumbent=worth))


def test_bounds_only_fall() -> None:
    told = bounds(random_problem(3, 8, HUBLESS))
    assert told == sorted(told, reverse=True)
    assert len(told) > 1


def test_the_same_problem_gives_the_same_bounds() -> None:
    problem = random_problem(5, 8, HUBLESS)
    assert bounds(problem) == bounds(problem)


def test_goods_that_may_pass_a_hub_have_no_such_bound() -> None:
    sites = [{"site_id": "c1"}, {"site_id": "b1", "kind": "buyer", "lat": 21.1}, {"site_id": "h1", "kind": "hub", "lat": 21.05}]
    assert bounds(build_problem(sites=sites)) == []


Row = dict[str, Any]
SITES: list[Row] = [{"site_id": "c1"}, {"site_id": "b1", "kind": "buyer", "lat": 21.1}]
TRUCK: Row = {"payload_kg": 1000, "fixed_vnd": 100_000, "vnd_per_km": 0}


def sold(kg: int, *, trucks: int) -> int:
    """Worth of selling so much at 5,000 đ over the floor price with so many trucks of 100,000 đ."""
    return 5_000 * kg - 100_000 * trucks


def one_lot(kg: int, sites: list[Row] = SITES, **truck: Any) -> Problem:
    return build_problem(
        sites=sites,
        lots=[{"quantity_kg": kg, "ask_vnd_per_kg": 10_000}],
        demands=[{"quantity_kg": kg, "bid_vnd_per_kg": 15_000}],
        vehicles=[TRUCK | truck],
    )


def test_a_truck_is_paid_whole() -> None:
    assert min(bounds(one_lot(1500))) == pytest.approx(sold(1500, trucks=2), abs=1)


def test_a_rest_that_does_not_pay_a_truck_is_left() -> None:
    assert min(bounds(one_lot(1010))) == pytest.approx(sold(1000, trucks=1), abs=1)


def test_time_at_the_dock_limits_what_a_trip_brings() -> None:
    slow = [{"site_id": "c1", "minutes_per_tonne": 60}, {"site_id": "b1", "kind": "buyer", "lat": 21.1, "minutes_per_tonne": 60}]
    fast = min(bounds(one_lot(1000, slow, kmh=60, max_hours=12)))
    hurried = min(bounds(one_lot(1000, slow, kmh=60, max_hours=1)))
    assert fast == pytest.approx(sold(1000, trucks=1), abs=1)
    assert 0 < hurried < sold(1000, trucks=2) + 1


def test_a_class_starts_only_so_often() -> None:
    assert min(bounds(one_lot(5000, count_per_day=1, max_stops=2))) == pytest.approx(sold(3000, trucks=3), abs=1)
    assert min(bounds(one_lot(5000))) == pytest.approx(sold(5000, trucks=5), abs=1)


def patterns_of(problem: Problem) -> list[Pattern]:
    stage = make_stage(problem, find_ways(problem))
    listed, expander = list_all(stage, lambda: True), Expander(stage)
    assert listed is not None
    return [pattern for part in listed for row in range(len(part.cost_vnd)) for pattern in expander.patterns(part, row)]


def test_every_order_within_the_stops_is_listed() -> None:
    sites: list[Row] = [{"site_id": name, "lat": 21 + 0.01 * k, "kind": "cooperative"} for k, name in enumerate(("c1", "c2"))]
    sites.append({"site_id": "b1", "kind": "buyer", "lat": 21.1})
    lots = [{"lot_id": f"l{k}", "site_id": f"c{k}"} for k in (1, 2)]
    found = patterns_of(build_problem(sites=sites, lots=lots, demands=[{"quantity_kg": 5000}], vehicles=[TRUCK | {"max_stops": 3}]))
    assert {frozenset(pattern.sites) for pattern in found} == {frozenset(s) for s in ((0, 2), (1, 2), (0, 1, 2))}
    assert not patterns_of(one_lot(1000, [*SITES[:1], SITES[1] | {"max_vehicle_kg": 500}]))


def test_a_load_is_never_bound_below_its_worth() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        m, n = int(rng.integers(1, 6)), int(rng.integers(1, 6))
        most = rng.integers(1, 50, n).astype(np.float64)
        matrix = np.vstack([rng.integers(0, 4, (m, n)).astype(np.float64), np.eye(n)])
        limit = np.concatenate([rng.integers(1, 60, m).astype(np.float64), most])
        gain, load = rng.integers(-3, 9, n).astype(np.float64), np.zeros(n)
        bound = best_load(matrix, limit, most, gain, load)
        assert (matrix @ load <= limit + 1e-6).all()
        assert bound == pytest.approx(float(gain @ load), abs=1e-5)


def test_no_load_of_a_trip_takes_more_than_there_is() -> None:
    problem = one_lot(700)
    stage = make_stage(problem, find_ways(problem))
    for pattern in patterns_of(problem):
        value, load = make_block(stage, pattern).best_load(np.array([1.0]))
        assert value == pytest.approx(700.0)
        assert load == pytest.approx([700.0])


def test_pricing_that_overlooks_trips_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    worth, _ = solve_exactly(tiny_problem(101), max_trips=2)
    monkeypatch.setattr(root_module, "promising", lambda root, above_vnd: [])
    assert min(bounds(tiny_problem(101)), default=math.inf) < worth
