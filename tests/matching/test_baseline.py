"""The coordinator with a telephone keeps every rule, and does what the description says and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matching.baseline import plan_by_telephone
from matching.model.plan import CARRIER, Plan
from matching.model.problem import Problem
from matching.network.carriers import find_carrier_lanes
from matching.pairs.lanes import find_lanes
from matching.verify import verify
from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.random_problems import FEATURES, random_problem

NEAR = {"site_id": "near", "lat": 21.05, "lon": 105.88}
FAR = {"site_id": "far", "lat": 21.60, "lon": 106.60}
SMALL, LARGE = {"class_id": "small", "payload_kg": 900}, {"class_id": "large", "payload_kg": 5000, "fixed_vnd": 700000}


def telephone(problem: Problem) -> Plan:
    return plan_by_telephone(problem, find_lanes(problem), find_carrier_lanes(problem))


def planned(**tables: Any) -> tuple[Problem, Plan]:
    """Plan a small problem, and see that the verifier has nothing to say."""
    problem = build_problem(**tables)
    plan = telephone(problem)
    verify(problem, plan).require()
    return problem, plan


def kg_by_lot_and_line(problem: Problem, plan: Plan) -> dict[tuple[str, str], int]:
    made = plan.allocations
    kg: dict[tuple[str, str], int] = {}
    for lot, line, mass in zip(made.lot.tolist(), made.line.tolist(), made.kg.tolist()):
        key = (str(problem.lots.id[lot]), str(problem.lines.id[line]))
        kg[key] = kg.get(key, 0) + mass
    return kg


def classes(problem: Problem, plan: Plan) -> list[str]:
    return ["carrier" if v == CARRIER else str(problem.vehicles.id[v]) for v in plan.trips.vehicle.tolist()]


@pytest.mark.parametrize("seed", range(60))
def test_every_rule_is_kept_on_random_problems(seed: int) -> None:
    problem = random_problem(seed, 6 + seed % 14, FEATURES - {"decisions"})
    assert verify(problem, telephone(problem)).violations == ()


@pytest.mark.parametrize("seed", range(30))
def test_a_pin_that_no_trip_can_keep_is_all_that_may_be_broken(seed: int) -> None:
    problem = random_problem(seed, 6 + seed % 14)
    assert {violation.rule for violation in verify(problem, telephone(problem)).violations} <= {"decisions"}


def test_random_problems_are_served_by_trucks_and_by_carriers() -> None:
    plans = [telephone(random_problem(seed, 12, FEATURES - {"decisions"})) for seed in range(40)]
    vehicles = np.concatenate([plan.trips.vehicle for plan in plans])
    assert (vehicles == CARRIER).sum() > 3
    assert (vehicles != CARRIER).sum() > 40


def test_the_same_problem_gives_the_same_plan() -> None:
    problem = random_problem(3, 15)
    first, second = telephone(problem), telephone(problem)
    for table in ("allocations", "legs", "trips", "stops"):
        for column, values in vars(getattr(first, table)).items():
            assert np.array_equal(values, getattr(getattr(second, table), column)), f"{table}.{column}"


def test_nobody_to_ring_makes_an_empty_plan() -> None:
    _, plan = planned(lots=(), demands=())
    assert len(plan.allocations.kg) == len(plan.trips.km) == len(plan.stops.trip) == 0


def test_the_nearest_lot_goes_first() -> None:
    lots = ({"site_id": "far", "ask_vnd_per_kg": 9000}, {"site_id": "near", "supplier_id": "s2"})
    problem, plan = planned(sites=(NEAR, FAR, BUYER), lots=lots)
    assert kg_by_lot_and_line(problem, plan) == {("lot2", "line1"): 800}


def test_among_neighbours_the_cheapest_lot_goes_first() -> None:
    lots = ({"ask_vnd_per_kg": 12000}, {"ask_vnd_per_kg": 11000, "quantity_kg": 900}, {"ask_vnd_per_kg": 13000})
    problem, plan = planned(lots=lots)
    assert kg_by_lot_and_line(problem, plan) == {("lot2", "line1"): 800}


def test_the_best_paying_line_is_served_first() -> None:
    problem, plan = planned(demands=({"bid_vnd_per_kg": 19000}, {"bid_vnd_per_kg": 21000}))
    assert kg_by_lot_and_line(problem, plan)["lot1", "line2"] == 800


def test_the_smallest_truck_that_holds_the_load_drives() -> None:
    problem, plan = planned(vehicles=(LARGE, {"class_id": "middle", "payload_kg": 1000}, SMALL), demands=({"quantity_kg": 950},))
    assert classes(problem, plan) == ["middle"]


def test_a_load_too_big_for_any_truck_is_split() -> None:
    _, plan = planned(vehicles=(SMALL,), lots=({"quantity_kg": 2500},), demands=({"quantity_kg": 2000},))
    assert sorted(plan.allocations.kg.tolist()) == [200, 900, 900]


def test_a_light_crate_fills_a_truck_by_its_volume() -> None:
    _, plan = planned(vehicles=({"volume_l": 1000},), lots=({"litres_per_kg": 4},))
    assert plan.allocations.kg.max() == 250


def test_a_truck_that_costs_more_than_the_load_earns_stays_at_home() -> None:
    _, plan = planned(lots=({"quantity_kg": 30},), demands=({"quantity_kg": 30},))
    assert len(plan.trips.km) == 0


def test_a_saved_penalty_counts_as_pay() -> None:
    _, plan = planned(lots=({"quantity_kg": 100},), demands=({"quantity_kg": 100, "short_vnd_per_kg": 50000},))
    assert plan.allocations.kg.tolist() == [100]


def test_a_line_below_its_minimum_is_given_back() -> None:
    lines = ({"quantity_kg": 3000, "min_fill_kg": 1500, "bid_vnd_per_kg": 22000}, {"bid_vnd_per_kg": 18000})
    problem, plan = planned(demands=lines)
    assert kg_by_lot_and_line(problem, plan) == {("lot1", "line2"): 800}


def test_less_than_the_lot_s_minimum_is_not_taken() -> None:
    _, plan = planned(lots=({"min_take_kg": 900},))
    assert len(plan.trips.km) == 0


def test_an_indivisible_lot_travels_whole_or_not_at_all() -> None:
    lots = ({"indivisible": "yes", "quantity_kg": 1000}, {"indivisible": "yes", "quantity_kg": 700, "ask_vnd_per_kg": 11000})
    problem, plan = planned(lots=lots)
    assert kg_by_lot_and_line(problem, plan) == {("lot2", "line1"): 700}
    assert len(plan.trips.km) == 1


def test_a_supplier_that_brings_too_little_is_passed_over() -> None:
    lots = ({"quantity_kg": 150}, {"quantity_kg": 900, "supplier_id": "s2", "ask_vnd_per_kg": 12000})
    problem, plan = planned(lots=lots, demands=({"min_supplier_kg": 200},))
    assert kg_by_lot_and_line(problem, plan) == {("lot2", "line1"): 800}


def test_few_suppliers_are_those_that_bring_a_fair_share() -> None:
    lots = ({"quantity_kg": 300}, {"quantity_kg": 900, "supplier_id": "s2", "ask_vnd_per_kg": 12000})
    problem, plan = planned(lots=lots, demands=({"max_suppliers": 1},))
    assert kg_by_lot_and_line(problem, plan) == {("lot2", "line1"): 800}


def test_a_pin_goes_even_at_a_loss() -> None:
    pin = {"decision": "pin", "kg": 50}
    problem, plan = planned(demands=({"bid_vnd_per_kg": 9000},), decisions=(pin,))
    assert kg_by_lot_and_line(problem, plan) == {("lot1", "line1"): 50}


def test_a_pinned_line_is_brought_up_to_its_minimum_at_any_cost() -> None:
    lots = ({"quantity_kg": 100}, {"quantity_kg": 600, "supplier_id": "s2"})
    lines = ({"bid_vnd_per_kg": 10100, "min_fill_kg": 500},)
    decisions = ({"decision": "pin", "kg": 50}, {"lot_id": "lot2", "decision": "pin", "kg": 10})
    problem, plan = planned(lots=lots, demands=lines, decisions=decisions)
    assert sum(kg_by_lot_and_line(problem, plan).values()) >= 500


def test_what_is_forbidden_is_not_sent() -> None:
    _, plan = planned(decisions=({},))
    assert len(plan.trips.km) == 0


def test_a_truck_unloads_only_when_its_zone_is_open_to_it() -> None:
    inner = {**BUYER, "zone": "inner", "stop_minutes": 30}
    night = {"closed_from": "06:00", "closed_until": "21:00", "min_payload_kg": 2000}
    problem, plan = planned(sites=({**COOPERATIVE, "open_from": "05:00", "open_until": "20:00"}, inner), access=(night,))
    unload_from, unload_until = plan.stops.arrive_min[1] % 1440, plan.stops.depart_min[1] % 1440
    assert unload_from >= 21 * 60 or unload_until <= 6 * 60
    assert problem.vehicles.payload_kg[plan.trips.vehicle[0]] >= 2000


def test_a_stop_that_would_run_into_closed_hours_is_not_begun() -> None:
    inner = {**BUYER, "zone": "inner", "stop_minutes": 70, "open_from": "05:00", "open_until": "07:00"}
    _, plan = planned(sites=(COOPERATIVE, inner), access=({"closed_from": "06:00", "closed_until": "09:00"},))
    assert len(plan.trips.km) == 0


def test_a_stop_may_run_over_midnight() -> None:
    late = {**BUYER, "open_from": "23:30", "open_until": "00:30", "stop_minutes": 60}
    _, plan = planned(sites=(COOPERATIVE, late))
    assert plan.stops.arrive_min[1] % 1440 == 23 * 60 + 30


def test_no_stop_ends_after_the_last_date() -> None:
    late = {**BUYER, "open_from": "23:30", "open_until": "00:30", "stop_minutes": 60}
    _, plan = planned(sites=(COOPERATIVE, late), settings={"horizon_until": "2027-06-07"})
    assert len(plan.trips.km) == 0


def test_a_trip_longer_than_its_driver_may_work_is_not_made() -> None:
    _, plan = planned(sites=(FAR, BUYER), lots=({"site_id": "far"},), vehicles=({"max_hours": 2},))
    assert len(plan.trips.km) == 0


def test_no_more_trucks_of_a_class_start_on_a_date_than_there_are() -> None:
    lots, lines = ({"quantity_kg": 4000, "available_until": "2027-06-07"},), ({"quantity_kg": 4000},)
    _, plan = planned(lots=lots, demands=lines, vehicles=({"count_per_day": 1},))
    assert plan.allocations.kg.tolist() == [2000]


def test_a_gate_loads_no_more_than_it_can_on_a_date() -> None:
    sites = ({**COOPERATIVE, "throughput_kg_per_day": 300}, BUYER)
    _, plan = planned(sites=sites)
    assert np.bincount(plan.allocations.pickup_day - plan.allocations.pickup_day.min(), plan.allocations.kg).max() == 300


def test_a_carrier_takes_small_goods_where_it_is_cheaper_than_a_truck() -> None:
    post = {"vnd_per_kg": 1500, "fixed_vnd": 20000, "capacity_kg": 60, "transit_days": 2}
    problem, plan = planned(lots=({"quantity_kg": 100},), lanes=(post,))
    assert classes(problem, plan) == ["carrier", "carrier"]
    assert sorted(plan.allocations.kg.tolist()) == [40, 60]
    assert sorted(plan.trips.cost_vnd.tolist()) == [80000, 110000]


def test_a_truck_of_one_s_own_is_paid_from_its_base_and_back() -> None:
    base = {"site_id": "base", "kind": "depot", "lat": 21.25, "lon": 106.0}
    hired, owned = planned()[1], planned(sites=(COOPERATIVE, BUYER, base), vehicles=({"base_site": "base"},))[1]
    assert owned.trips.km[0] > hired.trips.km[0]
