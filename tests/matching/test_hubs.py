"""Two-leg movements: what pays goes through a hub, every rule is kept, and nothing is ever lost."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from matching.exact import solve_exactly
from matching.model.plan import Allocations, Plan
from matching.model.problem import HUB, Problem
from matching.model.subset import rows_of
from matching.pairs.lanes import find_lanes
from matching.search.hubs import with_hubs
from matching.search.hubs.job import Effort, Job, Meeting, compatible
from matching.search.hubs.transfer import transfer
from matching.search.hubs.two_leg import pieces
from matching.search.plan_ops import empty_plan, join_plans, keep_trips, linked_trips, worth_vnd
from matching.search.subproblem import residual
from matching.search.trips.planner import TripPlanner
from matching.verify import verify
from tests.matching.builders import build_problem
from tests.matching.plans import Load, Truck, build_plan
from tests.matching.random_problems import random_problem

HUB_SITE = {
    "site_id": "hub",
    "kind": "hub",
    "lat": 21.4,
    "lon": 106.2,
    "handling_vnd_per_kg": 50,
    "stop_minutes": 10,
    "minutes_per_tonne": 5,
}
FAR = {"site_id": "far", "kind": "buyer", "lat": 20.3, "lon": 106.2, "stop_minutes": 15, "minutes_per_tonne": 5}
FAR_EARLY = {"site_id": "early", "kind": "buyer", "lat": 20.35, "lon": 106.25, "open_from": "03:00", "open_until": "09:00"}
VAN = {"class_id": "van", "payload_kg": 900, "fixed_vnd": 150000, "vnd_per_km": "0:15000;10:10000;50:8000"}
TRUCK = {"class_id": "truck", "payload_kg": 8000, "fixed_vnd": 600000, "vnd_per_km": "0:40000;10:25000;50:20000"}


def narrow_gates(seed: int = 2, n: int = 5, **more: Any) -> dict[str, Any]:
    """Tables of small gates around a hub that admit vans alone, and receivers 150 km away."""
    rng = np.random.default_rng(seed)
    gates = [
        {
            "site_id": f"g{i}",
            "lat": round(21.4 + 0.04 * float(rng.normal()), 4),
            "lon": round(106.2 + 0.04 * float(rng.normal()), 4),
            "max_vehicle_kg": 900,
            "stop_minutes": 10,
        }
        for i in range(n)
    ]
    lots = [
        {
            "site_id": f"g{rng.integers(n)}",
            "supplier_id": f"s{i % 4}",
            "quantity_kg": int(rng.integers(3, 9)) * 100,
            "available_until": "2027-06-08",
            "ask_vnd_per_kg": 5000,
            **more.get("lot", {}),
        }
        for i in range(2 * n)
    ]
    demands = [
        {
            "site_id": ("far", "early")[i % 2],
            "quantity_kg": int(rng.integers(8, 25)) * 100,
            "deliver_from": "2027-06-08",
            "bid_vnd_per_kg": 8000,
            **more.get("line", {}),
        }
        for i in range(n)
    ]
    hub = {**HUB_SITE, **more.get("hub", {})}
    vehicles = [{**VAN, **more.get("van", {})}, {**TRUCK, **more.get("truck", {})}]
    tables: dict[str, Any] = {"sites": [*gates, hub, FAR, FAR_EARLY], "lots": lots, "demands": demands, "vehicles": vehicles}
    return tables | {name: more[name] for name in ("access", "decisions", "certificates") if name in more}


def direct_plan(problem: Problem, iterations: int = 2000) -> Plan:
    """Return the trip search's plan, which uses no hub."""
    planner = TripPlanner(problem, lambda lot, line: np.zeros(len(lot)), seed=1, cores=1, direct=False, warm_start=None)
    while planner.iterations < iterations:
        planner.improve(planner.iterations / iterations, lambda: False, 1)
    return planner.plan()


def passes_hub(plan: Plan) -> bool:
    return bool((plan.legs.leg == 2).any())


def checked(problem: Problem, iterations: int = 5) -> tuple[int, int, Plan]:
    """Return the worth of a direct plan, and the worth and plan with hubs, both verified."""
    direct = direct_plan(problem)
    plan = with_hubs(problem, direct, seed=1, iterations=iterations)
    return verify(problem, direct).require().objective_vnd, verify(problem, plan).require().objective_vnd, plan


@cache
def plain() -> tuple[Problem, int, int, Plan]:
    problem = build_problem(**narrow_gates())
    return problem, *checked(problem)


def test_goods_of_narrow_gates_pass_the_hub_where_that_pays() -> None:
    _, direct, worth, plan = plain()
    assert passes_hub(plan)
    assert worth > 1.2 * direct


def test_its_own_account_of_a_plan_agrees_with_the_verifiers() -> None:
    problem, _, worth, plan = plain()
    assert abs(worth_vnd(problem, plan) - worth) <= 1


def test_the_same_seed_gives_the_same_plan() -> None:
    problem, *_ = plain()
    direct = direct_plan(problem)
    first, second = (with_hubs(problem, direct, seed=7, iterations=3) for _ in range(2))
    assert first.allocations.kg.tolist() == second.allocations.kg.tolist()
    assert first.stops.arrive_min.tolist() == second.stops.arrive_min.tolist()


def test_a_plan_with_hubs_is_improved_further_and_never_made_worse() -> None:
    problem, _, worth, plan = plain()
    assert verify(problem, with_hubs(problem, plan, seed=5, iterations=3)).require().objective_vnd >= worth


def test_trips_come_in_order_of_their_start() -> None:
    _, _, _, plan = plain()
    assert (np.diff(plan.stops.arrive_min[plan.stops.seq == 1]) >= 0).all()


def test_nothing_is_tried_once_time_is_up() -> None:
    problem, *_ = plain()
    direct = direct_plan(problem)
    assert with_hubs(problem, direct, seed=1, expired=lambda: True) is direct


def test_time_that_runs_out_on_the_way_leaves_a_valid_plan() -> None:
    problem, *_ = plain()
    direct = direct_plan(problem)
    before = verify(problem, direct).objective_vnd
    for asked in (2, 3, 5, 9, 20):
        left = iter(range(asked))
        plan = with_hubs(problem, direct, seed=1, expired=lambda left=left: next(left, None) is None)  # type: ignore[misc]
        assert verify(problem, plan).require().objective_vnd >= before


def test_a_problem_without_hubs_is_left_alone() -> None:
    problem = build_problem()
    direct = direct_plan(problem)
    assert with_hubs(problem, direct, seed=1) is direct


def test_a_plan_that_breaks_a_rule_is_left_alone() -> None:
    problem, _, _, plan = plain()
    broken = Plan(plan.allocations.replace(kg=plan.allocations.kg + 100_000), plan.legs, plan.trips, plan.stops)
    assert with_hubs(problem, broken, seed=1, iterations=3) is broken


def test_dear_handling_keeps_goods_away_from_the_hub() -> None:
    problem = build_problem(**narrow_gates(hub={"handling_vnd_per_kg": 5000}))
    assert not passes_hub(checked(problem, 3)[2])


RULES: list[dict[str, Any]] = [
    {"hub": {"throughput_kg_per_day": 5000}},
    {"hub": {"opening_vnd": 400000, "open_from": "20:00", "open_until": "05:00"}},
    {"hub": {"zone": "inner"}, "access": [{"min_payload_kg": 2000, "closed_from": "05:00", "closed_until": "22:00"}]},
    {"van": {"count_per_day": 3}, "truck": {"count_per_day": 1}},
    {"lot": {"indivisible": "yes"}},
    {"lot": {"min_take_kg": 250}, "line": {"min_fill_kg": 700}},
    {"line": {"max_suppliers": 2, "min_supplier_kg": 300}},
    {"lot": {"cut_on_pickup": "no", "shelf_life_days": 3}, "line": {"min_life_days": 2, "requires": "VietGAP"},
     "certificates": [{"supplier_id": f"s{n}", "valid_until": ("2027-06-08", "2028-12-31")[n % 2]} for n in range(3)]},
    {"decisions": [{"lot_id": "lot1", "line_id": "line1", "decision": "pin", "kg": 100}, {"lot_id": "lot2", "line_id": "line2"}]},
    {"lot": {"cold": "yes"}, "truck": {"refrigerated": "yes"}, "van": {"refrigerated": "yes", "volume_l": 1500}},
    {"truck": {"base_site": "hub"}, "van": {"base_site": "g0"}},
]  # fmt: skip


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: "+".join(rules))
def test_every_rule_is_kept_on_the_way_through_the_hub(rules: dict[str, Any]) -> None:
    problem = build_problem(**narrow_gates(**rules))
    direct, worth, plan = checked(problem, 4)
    assert passes_hub(plan)
    assert worth > direct


def test_all_that_is_brought_to_a_hub_in_one_day_stays_within_its_throughput() -> None:
    problem = build_problem(**narrow_gates(hub={"throughput_kg_per_day": 5000}))
    hub_kg: dict[int, int] = {}
    plan = checked(problem, 4)[2]
    hub = int(np.flatnonzero(problem.sites.kind == HUB)[0])
    for allocation, trip in zip(plan.legs.allocation[plan.legs.to_site == hub], plan.legs.trip[plan.legs.to_site == hub], strict=True):
        at = plan.stops.arrive_min[(plan.stops.trip == trip) & (plan.stops.site == hub)][0] // 1440
        hub_kg[int(at)] = hub_kg.get(int(at), 0) + int(plan.allocations.kg[allocation])
    assert hub_kg
    assert max(hub_kg.values()) <= 5000


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_lost_on_problems_with_every_feature(seed: int) -> None:
    problem = random_problem(seed, size=10)
    direct = direct_plan(problem)
    before, after = verify(problem, direct), verify(problem, with_hubs(problem, direct, seed=seed, iterations=4))
    assert after.violations == before.violations
    assert after.objective_vnd >= before.objective_vnd


def tiny(seed: int) -> Problem:
    """Return two gates that admit vans, a hub beside them and one receiver far away."""
    rng = np.random.default_rng(seed)
    gates = [
        {"site_id": f"g{i}", "lat": 21.4 + 0.01 * i, "lon": round(106.2 + 0.02 * float(rng.normal()), 3), "max_vehicle_kg": 600}
        for i in range(2)
    ]
    lots = [
        {"site_id": f"g{i}", "quantity_kg": int(rng.integers(5, 7)) * 100, "available_until": "2027-06-07", "ask_vnd_per_kg": 5000}
        for i in range(2)
    ]
    return build_problem(
        sites=[*gates, {**HUB_SITE, "handling_vnd_per_kg": int(rng.integers(0, 3)) * 150}, FAR],
        lots=lots,
        demands=[{"site_id": "far", "quantity_kg": int(rng.integers(11, 14)) * 100, "deliver_until": "2027-06-08", "bid_vnd_per_kg": 9000}],
        vehicles=[
            {"class_id": "van", "payload_kg": 600, "fixed_vnd": 100000, "vnd_per_km": 10000, "max_stops": 3},
            {"class_id": "truck", "payload_kg": 2000, "fixed_vnd": 200000, "vnd_per_km": 12000, "max_stops": 3},
        ],
        settings={"horizon_from": "2027-06-07", "horizon_until": "2027-06-08"},
    )


@cache
def against_the_proven_best(seed: int) -> tuple[int, int, bool]:
    problem = tiny(seed)
    _, worth, plan = checked(problem, 4)
    return worth, solve_exactly(problem, max_trips=3)[0], passes_hub(plan)


@pytest.mark.parametrize("seed", range(5))
def test_no_plan_is_worth_more_than_the_proven_best(seed: int) -> None:
    worth, best, _ = against_the_proven_best(seed)
    assert worth <= best


def test_the_proven_best_is_reached_through_the_hub() -> None:
    found = [against_the_proven_best(seed) for seed in range(5)]
    assert sum(worth == best and through for worth, best, through in found) >= 2


def in_a_hurry(clock_min: int) -> tuple[Problem, Plan | None]:
    """Return what passes a hub that turns at ``clock_min``: gates open at noon, and the receiver closes when a truck can just be there."""
    tables = narrow_gates(lot={"available_from": "2027-06-08"})
    for gate in tables["sites"][:5]:
        gate |= {"open_from": "12:00", "open_until": "20:00"}
    tables["sites"][-2] = {**FAR, "open_from": "16:00", "open_until": "17:20"}
    problem = build_problem(**tables)
    meeting = Meeting(5, int(problem.lots.from_day[0]), clock_min)
    lanes = compatible(find_lanes(problem, max_transit_days=2), meeting, 1)
    left = residual(problem, empty_plan())
    job = Job(problem, left, lanes, rows_of(lanes, np.zeros(0, dtype=np.int64)), meeting, Effort(200, 1, 1), lambda: False)
    return problem, transfer(job, np.full(len(lanes.lot), 500.0), seed=1)


@pytest.mark.parametrize("clock_min", [12 * 60 + 45, 13 * 60])
def test_nothing_leaves_a_hub_before_it_came(clock_min: int) -> None:
    problem, plan = in_a_hurry(clock_min)
    assert plan is not None
    assert verify(problem, plan).ok
    assert passes_hub(plan)


def test_what_comes_to_a_hub_after_it_has_turned_does_not_pass() -> None:
    assert in_a_hurry(12 * 60 + 10)[1] is None


def test_goods_too_far_for_one_trip_reach_their_line_through_a_hub() -> None:
    problem = build_problem(
        sites=[{"site_id": "c1", "lat": 21.4}, {**HUB_SITE, "lat": 19.0}, {**FAR, "lat": 16.6}],
        lots=[{"quantity_kg": 8000, "available_from": "2027-06-07", "available_until": "2027-06-07", "shelf_life_days": 9}],
        demands=[{"site_id": "far", "quantity_kg": 8000, "deliver_until": "2027-06-10", "bid_vnd_per_kg": 30000}],
        vehicles=[{**TRUCK, "kmh": 50, "max_hours": 12}],
    )
    direct, worth, plan = checked(problem, 4)
    assert direct == 0
    assert worth > 0
    assert passes_hub(plan)


def two_legged() -> tuple[Problem, Plan]:
    problem = build_problem(sites=[{"site_id": "c1"}, {**HUB_SITE, "handling_vnd_per_kg": 7.3}, FAR], demands=[{"site_id": "far"}])
    trips = [
        Truck("class1", ["c1 7T05:00 7T05:00", "hub 7T06:00 7T06:20"]),
        Truck("class1", ["hub 7T06:20 7T06:40", "far 7T12:00 7T13:00"]),
        Truck("class1", ["c1 7T05:00 7T05:00", "far 7T12:00 7T13:00"]),
    ]
    loads = [Load("lot1", "line1", 101, (0, 1), hub="hub"), Load("lot1", "line1", 200, (2,))]
    return problem, build_plan(problem, trips, loads)


def test_trips_tied_by_an_allocation_leave_together() -> None:
    _, plan = two_legged()
    assert linked_trips(plan, np.array([False, True, False])).tolist() == [True, True, False]
    assert linked_trips(plan, np.array([False, False, True])).tolist() == [False, False, True]


def test_a_plan_taken_apart_and_put_together_is_worth_the_same() -> None:
    problem, plan = two_legged()
    both = np.array([True, True, False])
    again = join_plans(keep_trips(plan, ~both), keep_trips(plan, both))
    assert verify(problem, again).require().objective_vnd == verify(problem, plan).require().objective_vnd == worth_vnd(problem, plan)


def test_what_came_is_matched_with_what_went_on_to_the_kilogram() -> None:
    def table(lot: list[int], kg: list[int]) -> Allocations:
        columns = [np.array(column) for column in (lot, [0] * len(lot), kg, [1] * len(lot), [2] * len(lot))]
        return Allocations(*columns)

    fed, found = table([5, 6, 7], [300, 200, 50]), table([0, 0, 1], [250, 200, 60])
    rows = pieces([[0, 1], [2]], fed, found)
    assert rows.tolist() == [[0, 0, 250], [0, 1, 50], [1, 1, 150], [2, 2, 50]]
