"""Problems at the edge of what makes sense: empty, huge in one place, all at once, with no time or no way to go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matching.model.plan import Result, Status
from matching.model.problem import Problem
from matching.verify import verify
from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.solving import run, unproven

__all__ = ["unproven"]

FREE_CLOCK = {"payload_kg": 20000, "max_stops": 9, "max_hours": 48}
BUS = {"vnd_per_kg": 500}


def planned(problem: Problem, **options: Any) -> Result:
    """Plan, and see that the verifier agrees."""
    result = run(problem, **options)
    assert verify(problem, result.plan).require().objective_vnd == result.objective_vnd
    return result


def delivered_kg(result: Result) -> int:
    return int(result.plan.allocations.kg.sum())


@pytest.mark.parametrize(
    "tables",
    [
        {"lots": []},
        {"demands": []},
        {"lots": [], "demands": []},
        {"sites": [], "lots": [], "demands": []},
        {"vehicles": []},
        {"lots": [{"product": "pomelo"}]},
        {"lots": [{"grade": 3}]},
        {"lots": [{"ask_vnd_per_kg": 19999}]},
        {"lots": [{"cold": "yes"}]},
        {"lots": [{"shelf_life_days": 1}], "demands": [{"min_life_days": 4}]},
        {"sites": [COOPERATIVE, {**BUYER, "max_vehicle_kg": 100}]},
    ],
)
def test_where_nothing_is_to_be_planned_the_empty_plan_is_optimal(tables: dict[str, Any]) -> None:
    result = planned(build_problem(**tables), iterations=10**9)
    assert (result.objective_vnd, result.status) == (0, Status.OPTIMAL)
    assert len(result.plan.trips.vehicle) == 0


@pytest.mark.parametrize("trips", ["none", "direct", "full"])
def test_an_unserved_contract_costs_its_penalty_in_every_mode(trips: str) -> None:
    result = run(build_problem(lots=[], demands=[{"short_vnd_per_kg": 500}]), trips=trips)
    assert result.objective_vnd == -800 * 500


def test_one_lot_of_five_hundred_tonnes_goes_truck_by_truck(unproven: None) -> None:
    problem = build_problem(lots=[{"quantity_kg": 500_000}], demands=[{"quantity_kg": 500_000}], vehicles=[{"payload_kg": 15000}])
    result = planned(problem, iterations=200)
    assert delivered_kg(result) == 500_000
    assert len(result.plan.trips.vehicle) == 34


def test_one_indivisible_lot_larger_than_any_truck_stays(unproven: None) -> None:
    problem = build_problem(lots=[{"quantity_kg": 500_000, "indivisible": "yes"}], demands=[{"quantity_kg": 500_000}])
    assert delivered_kg(planned(problem, iterations=50)) == 0


def test_a_thousand_lots_at_one_gate_are_planned_in_full_trucks(unproven: None) -> None:
    lots = [{"quantity_kg": 200} for _ in range(1000)]
    problem = build_problem(lots=lots, demands=[{"quantity_kg": 5000} for _ in range(40)], vehicles=[FREE_CLOCK])
    result = planned(problem, iterations=10)
    assert delivered_kg(result) == 200_000
    assert len(result.plan.trips.vehicle) <= 20


def test_everything_on_one_day_is_limited_by_the_day_s_trucks(unproven: None) -> None:
    day = {"available_from": "2027-06-07", "available_until": "2027-06-07", "shelf_life_days": 1}
    lines = [{"deliver_from": "2027-06-07", "deliver_until": "2027-06-07", "quantity_kg": 1000} for _ in range(5)]
    problem = build_problem(lots=[day] * 5, demands=lines, vehicles=[{"payload_kg": 1000, "count_per_day": 3}])
    result = planned(problem)
    assert delivered_kg(result) == 3000
    assert set(result.plan.allocations.delivery_day.tolist()) == {problem.horizon_from_day}


def test_a_class_that_may_not_stop_twice_is_not_used(unproven: None) -> None:
    problem = build_problem(vehicles=[{"max_stops": 1, "fixed_vnd": 0}, {"fixed_vnd": 900000}])
    assert set(planned(problem).plan.trips.vehicle.tolist()) == {1}
    assert delivered_kg(planned(build_problem(vehicles=[{"max_stops": 1}]))) == 0


def test_a_place_that_buys_and_sells_is_not_visited_twice_by_a_truck(unproven: None) -> None:
    sites = [COOPERATIVE, BUYER, {"site_id": "c2", "lat": 21.2, "lon": 106.1}]
    lots = [{"quantity_kg": 300}, {"quantity_kg": 300, "site_id": "c2"}, {"quantity_kg": 300, "site_id": "b1"}]
    demands = [{"site_id": site, "quantity_kg": 500} for site in ("c1", "c2", "b1")]
    result = planned(build_problem(sites=sites, lots=lots, demands=demands, vehicles=[FREE_CLOCK]))
    assert result.objective_vnd > 0


def test_a_line_at_the_lots_own_gate_is_no_trip(unproven: None) -> None:
    problem = build_problem(demands=[{"site_id": "c1"}, {}], lots=[{"quantity_kg": 500}, {"quantity_kg": 500}])
    result = planned(problem)
    assert (result.plan.legs.from_site != result.plan.legs.to_site).all()


def test_a_horizon_of_one_day_holds_the_whole_trip(unproven: None) -> None:
    problem = build_problem(settings={"horizon_from": "2027-06-08", "horizon_until": "2027-06-08"})
    result = planned(problem)
    assert delivered_kg(result) == 800
    assert (np.concatenate([result.plan.stops.arrive_min, result.plan.stops.depart_min]) // 1440 == problem.horizon_from_day).all()


def test_a_receiver_open_over_midnight_is_reached_over_midnight(unproven: None) -> None:
    sites = [
        {**COOPERATIVE, "open_from": "22:00", "open_until": "23:30"},
        {**BUYER, "open_from": "23:50", "open_until": "03:00", "minutes_per_tonne": 200},
    ]
    life = {"shelf_life_days": 2, "available_until": "2027-06-07"}
    result = planned(build_problem(sites=sites, lots=[life]))
    assert delivered_kg(result) == 800
    assert result.plan.stops.depart_min[1] // 1440 == result.plan.stops.arrive_min[1] // 1440 + 1


@pytest.mark.parametrize(("least_kg", "kg"), [(2000, 0), (2001, 800)])
def test_a_zone_closed_all_day_keeps_big_classes_out(least_kg: int, kg: int, unproven: None) -> None:
    closed = {"min_payload_kg": least_kg, "closed_from": "00:00", "closed_until": "24:00"}
    problem = build_problem(sites=[COOPERATIVE, {**BUYER, "zone": "inner"}], access=[closed])
    assert delivered_kg(planned(problem)) == kg


def test_a_carrier_runs_on_days_outside_the_trucks_horizon(unproven: None) -> None:
    settings = {"horizon_from": "2027-06-12", "horizon_until": "2027-06-12"}
    result = planned(build_problem(lanes=[BUS], settings=settings))
    assert delivered_kg(result) == 800
    assert (result.plan.trips.vehicle == -1).all()


def test_goods_are_split_over_days_where_a_dock_takes_a_tonne_a_day(unproven: None) -> None:
    sites = [COOPERATIVE, {**BUYER, "throughput_kg_per_day": 1000}]
    result = planned(build_problem(sites=sites, lots=[{"quantity_kg": 3000}], demands=[{"quantity_kg": 3000}]))
    assert delivered_kg(result) == 3000
    assert len(set(result.plan.allocations.delivery_day.tolist())) == 3


@pytest.mark.parametrize(
    "limit", [{"vehicles": [{"count_per_day": 1}]}, {"sites": [COOPERATIVE, {**BUYER, "throughput_kg_per_day": 2000}]}]
)
def test_a_fortnight_of_full_days_is_used_to_its_last_day(limit: dict[str, Any], unproven: None) -> None:
    lot = {"available_from": "2027-06-01", "available_until": "2027-06-14", "quantity_kg": 28000}
    line = {"deliver_from": "2027-06-01", "deliver_until": "2027-06-14", "quantity_kg": 28000}
    result = planned(build_problem(lots=[lot], demands=[line], **limit))
    assert delivered_kg(result) == 28000
    assert len(set(result.plan.allocations.delivery_day.tolist())) == 14


def test_lots_that_do_not_pay_alone_share_a_truck(unproven: None) -> None:
    result = planned(build_problem(lots=[{"quantity_kg": 100}] * 3))
    assert delivered_kg(result) == 300
    assert len(result.plan.trips.vehicle) == 1


def test_a_truck_from_its_base_is_paid_the_way_there_and_back(unproven: None) -> None:
    sites = [COOPERATIVE, BUYER, {"site_id": "d1", "kind": "depot", "lat": 21.6, "lon": 106.6}]
    own = {"base_site": "d1", "fixed_vnd": 0, "vnd_per_km": 10000}
    hired = planned(build_problem(sites=sites, vehicles=[{**own, "base_site": ""}]))
    based = planned(build_problem(sites=sites, vehicles=[own]))
    assert based.plan.trips.km[0] > hired.plan.trips.km[0]
    assert based.objective_vnd < hired.objective_vnd
