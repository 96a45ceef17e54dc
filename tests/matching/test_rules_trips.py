"""Rules about trucks, legs and stops: each kept exactly at its limit, and broken by the smallest step beyond it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.verify import verify
from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.plans import Load, Truck, broken, build_plan, codes

HUB = {"site_id": "h1", "kind": "hub", "lat": 21.2, "lon": 106.1}
SITES = [COOPERATIVE, BUYER, {**COOPERATIVE, "site_id": "c2"}, {**BUYER, "site_id": "b2"}, HUB]
IDS = [str(site["site_id"]) for site in SITES]
ROADS = [{"from_site": a, "to_site": b, "km": 40, "minutes": 60} for a in IDS for b in IDS if a != b]
TRIP = Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T06:00 7T06:00"])
LOAD = Load("lot1", "line1", 800)


def problem(**tables: Any) -> Problem:
    return build_problem(**{"sites": SITES, "lanes": ROADS, **tables})


def sites(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sites with some columns changed, by site."""
    return [{**site, **changes.get(str(site["site_id"]), {})} for site in SITES]


def one_load(*stops: str, kg: int = 800, **tables: Any) -> set[str]:
    """Return the rules that one truck breaks with a load of lot1 for line1."""
    return broken(problem(**tables), [Truck("class1", stops or TRIP.stops)], [Load("lot1", "line1", kg)])


def four_stops(*order: str, **tables: Any) -> set[str]:
    """Return the rules that one truck breaks that serves two lots and two lines in this order."""
    stops = [f"{site} 7T{5 + n:02}:00 7T{5 + n:02}:00" for n, site in enumerate(order)]
    given = problem(lots=[{}, {"site_id": "c2"}], demands=[{}, {"site_id": "b2"}], **tables)
    return broken(given, [Truck("class1", stops)], [LOAD, Load("lot2", "line2", 800)])


def without(plan: Plan, table: str, row: int) -> Plan:
    """Return the plan without one row of a table."""
    rows = getattr(plan, table)
    columns = {name: np.delete(getattr(rows, name), row) for name in rows.__dataclass_fields__}
    return Plan(**{**{name: getattr(plan, name) for name in Plan.__dataclass_fields__}, table: type(rows)(**columns)})


def test_a_trip_with_several_pickups_and_drops_keeps_every_rule() -> None:
    assert four_stops("c1", "c2", "b1", "b2") == set()
    assert four_stops("c2", "c1", "b1", "b2") == set()


def test_a_truck_loads_before_it_delivers() -> None:
    assert four_stops("c1", "b1", "c2", "b2") == {"stop_sequence"}


def test_no_stop_both_delivers_and_loads() -> None:
    given = problem(lots=[{}, {"site_id": "b1"}], demands=[{}, {"site_id": "b2"}])
    truck = Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T06:00 7T06:00", "b2 7T07:00 7T07:00"])
    assert broken(given, [truck], [LOAD, Load("lot2", "line2", 800)]) == {"stop_sequence"}


def test_a_load_comes_on_before_it_goes_off() -> None:
    assert "stop_sequence" in one_load("b1 7T05:00 7T05:00", "c1 7T06:00 7T06:00")


def test_a_truck_visits_a_site_once() -> None:
    assert one_load("c1 7T04:00 7T04:00", "c2 7T05:00 7T05:00", "b1 7T06:00 7T06:00") == set()
    assert "stop_sequence" in one_load("c1 7T04:00 7T04:00", "c1 7T05:00 7T05:00", "b1 7T06:00 7T06:00")


def test_a_load_needs_a_stop_at_both_ends() -> None:
    assert {"stop_sequence", "stop_dates"} <= one_load("c1 7T05:00 7T05:00", "b2 7T06:00 7T06:00")


def test_stops_are_counted() -> None:
    assert four_stops("c1", "c2", "b1", "b2", vehicles=[{"max_stops": 4}]) == set()
    assert four_stops("c1", "c2", "b1", "b2", vehicles=[{"max_stops": 3}]) == {"max_stops"}


def test_all_that_a_truck_carries_stays_within_its_payload() -> None:
    assert four_stops("c1", "c2", "b1", "b2", vehicles=[{"payload_kg": 1600}]) == set()
    assert four_stops("c1", "c2", "b1", "b2", vehicles=[{"payload_kg": 1599}]) == {"payload"}


def test_all_that_a_truck_carries_stays_within_its_volume() -> None:
    lots = [{"litres_per_kg": 2.5}]
    assert one_load(lots=lots, vehicles=[{"volume_l": 2000}]) == set()
    assert one_load(lots=lots, vehicles=[{"volume_l": 1999.9}]) == {"volume"}


def test_a_lot_is_two_litres_a_kilogram_unless_it_says_otherwise() -> None:
    assert one_load(vehicles=[{"volume_l": 1600}]) == set()
    assert one_load(vehicles=[{"volume_l": 1599}]) == {"volume"}


def test_cold_goods_ride_in_refrigerated_trucks() -> None:
    assert one_load(lots=[{"cold": "yes"}], vehicles=[{"refrigerated": "yes"}]) == set()
    assert one_load(lots=[{"cold": "yes"}]) == {"cold"}


@pytest.mark.parametrize("site", ["c1", "b1"])
def test_a_door_admits_classes_up_to_its_size(site: str) -> None:
    assert one_load(sites=sites(**{site: {"max_vehicle_kg": 2000}})) == set()
    assert one_load(sites=sites(**{site: {"max_vehicle_kg": 1999}})) == {"doors"}


def test_every_trip_moves_something() -> None:
    idle = Truck("class1", ["c2 7T05:00 7T05:00", "b2 7T06:00 7T06:00"])
    assert broken(problem(), [TRIP, idle], [LOAD]) == {"empty_trip"}


def test_a_truck_has_stops_numbered_from_one() -> None:
    given = problem()
    plan = build_plan(given, [TRIP], [LOAD])
    assert "stop_list" in codes(verify(given, without(plan, "stops", 0)))
    assert "stop_list" in codes(verify(given, without(without(plan, "stops", 0), "stops", 0)))


def test_every_allocation_has_legs() -> None:
    given = problem()
    plan = build_plan(given, [TRIP], [LOAD, Load("lot1", "line1", 1)])
    assert codes(verify(given, without(plan, "legs", 1))) == {"legs", "line_quantity"}


def test_a_leg_leads_from_the_lot_to_the_line() -> None:
    given = problem(lots=[{}, {"site_id": "c2"}])
    plan = build_plan(given, [TRIP], [LOAD])
    wrong = plan.allocations.replace(lot=np.array([1]))
    assert codes(verify(given, Plan(wrong, plan.legs, plan.trips, plan.stops))) == {"legs"}


def through_hub(left: str, hub: str = "h1", **tables: Any) -> set[str]:
    """Return the rules that two trucks break that meet at a hub, the first from 06:00 to 06:30, the second as given."""
    one = Truck("class1", ["c1 7T05:00 7T05:00", f"{hub} 7T06:00 7T06:30"])
    two = Truck("class1", [f"{hub} {left}", "b1 7T09:00 7T09:00"])
    return broken(problem(**tables), [one, two], [Load("lot1", "line1", 800, trips=(0, 1), hub=hub)])


def test_the_second_truck_begins_at_the_hub_when_the_first_has_ended() -> None:
    assert through_hub("7T06:30 7T06:30") == set()
    assert through_hub("7T06:29 7T06:29") == {"hub_order"}


def test_trips_through_a_hub_may_be_listed_in_any_order() -> None:
    trucks = [
        Truck("class1", ["h1 7T06:30 7T06:30", "b1 7T09:00 7T09:00"]),
        Truck("class1", ["c1 7T05:00 7T05:00", "h1 7T06:00 7T06:30"]),
    ]
    assert broken(problem(), trucks, [Load("lot1", "line1", 800, trips=(1, 0), hub="h1")]) == set()


def test_two_legs_meet_at_a_hub_and_nowhere_else() -> None:
    assert through_hub("7T06:30 7T06:30", hub="c2") == {"legs"}


def test_both_trucks_stop_at_the_hub() -> None:
    one = Truck("class1", ["c1 7T05:00 7T05:00", "c2 7T06:00 7T06:30"])
    two = Truck("class1", ["h1 7T07:00 7T07:00", "b1 7T09:00 7T09:00"])
    assert broken(problem(), [one, two], [Load("lot1", "line1", 800, trips=(0, 1), hub="h1")]) == {"hub_order", "stop_sequence"}


def test_three_legs_are_too_many() -> None:
    given = problem(sites=[*SITES, {**HUB, "site_id": "h2"}], lanes=[])
    trucks = [
        Truck("class1", ["c1 7T05:00 7T05:00", "h1 7T06:00 7T06:00"]),
        Truck("class1", ["h1 7T07:00 7T07:00", "h2 7T08:00 7T08:00"]),
        Truck("class1", ["h2 7T09:00 7T09:00", "b1 7T11:00 7T11:00"]),
    ]
    plan = build_plan(given, trucks, [Load("lot1", "line1", 800, trips=(0, 1), hub="h1")])
    third = plan.legs.replace(
        **{
            name: np.append(getattr(plan.legs, name), value)
            for name, value in zip(("allocation", "leg", "trip", "from_site", "to_site"), (0, 3, 2, 5, 1), strict=True)
        }
    )
    middle = third.replace(to_site=np.array([4, 5, 1]))
    assert codes(verify(given, Plan(plan.allocations, middle, plan.trips, plan.stops))) == {"legs"}


def test_trips_of_a_class_are_counted_by_the_date_on_which_they_start() -> None:
    given = problem(vehicles=[{"count_per_day": 1}])
    other = Truck("class1", ["c1 8T05:00 8T05:00", "b1 8T06:00 8T06:00"])
    loads = [Load("lot1", "line1", 400, trips=(0,)), Load("lot1", "line1", 400, trips=(1,))]
    assert broken(given, [TRIP, other], loads) == set()
    assert broken(given, [TRIP, TRIP], loads) == {"count_per_day"}


def test_a_trip_over_midnight_counts_on_the_date_of_its_first_stop() -> None:
    given = problem(vehicles=[{"count_per_day": 1}])
    night = Truck("class1", ["c1 7T23:30 7T23:30", "b1 8T00:30 8T00:30"])
    morning = Truck("class1", ["c1 8T05:00 8T05:00", "b1 8T06:00 8T06:00"])
    loads = [Load("lot1", "line1", 400, trips=(0,)), Load("lot1", "line1", 400, trips=(1,))]
    assert broken(given, [night, morning], loads) == set()


@pytest.mark.parametrize(("km", "vnd", "expected"), [(0.011, 0, set()), (0.012, 0, {"trip_cost"}), (0, 1, set()), (0, -2, {"trip_cost"})])
def test_a_trip_states_its_kilometres_and_cost(km: float, vnd: int, expected: set[str]) -> None:
    given = problem()
    plan = build_plan(given, [TRIP], [LOAD])
    trips = plan.trips.replace(km=plan.trips.km + km * 0.9999, cost_vnd=plan.trips.cost_vnd + vnd)
    assert codes(verify(given, Plan(plan.allocations, plan.legs, trips, plan.stops))) == expected


@pytest.mark.parametrize("stops", [("c2 7T05:00 7T05:00", "b1 7T06:00 7T06:00"), ("b1 7T06:00 7T06:00",)])
def test_a_load_needs_a_stop_where_it_comes_on(stops: tuple[str, ...]) -> None:
    assert one_load(*stops) == {"stop_sequence", "stop_dates"}


def test_goods_for_a_line_at_their_own_site_ride_on_no_truck() -> None:
    assert one_load("c1 7T05:00 7T05:00", "b1 7T06:00 7T06:00", demands=[{"site_id": "c1"}]) == {"stop_sequence"}


def test_a_base_may_be_where_the_trip_begins() -> None:
    given = problem(vehicles=[{"base_site": "c1"}])
    verdict = verify(given, build_plan(given, [TRIP], [LOAD]))
    assert (verdict.violations, verdict.km) == ((), 80.0)


def test_an_owned_truck_pays_the_way_from_and_to_its_base() -> None:
    given = problem(vehicles=[{"base_site": "h1"}])
    verdict = verify(given, build_plan(given, [TRIP], [LOAD]))
    assert (verdict.violations, verdict.km) == ((), 120.0)
    assert verdict.freight_vnd == 300000 + 30 * 20000 + 70 * 14000 + 20 * 9000


def test_rows_that_point_to_nothing_are_reported_and_left_out() -> None:
    given = problem()
    plan = build_plan(given, [TRIP, Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T06:00 7T06:00"])], [LOAD])
    trips = plan.trips.replace(vehicle=np.array([0, 9]))
    verdict = verify(given, Plan(plan.allocations, plan.legs, trips, plan.stops))
    assert {violation.where for violation in verdict.violations} == {"t2", "stop 3", "stop 4"}
    assert codes(verdict) == {"references"}
    assert verdict.freight_vnd == 300000 + 30 * 20000 + 10 * 14000


@pytest.mark.parametrize("beyond", [-2, 0])
@pytest.mark.parametrize(
    ("table", "column", "n"),
    [
        ("allocations", "lot", 1),
        ("allocations", "line", 1),
        ("legs", "allocation", 1),
        ("legs", "trip", 1),
        ("legs", "from_site", 5),
        ("legs", "to_site", 5),
        ("trips", "vehicle", 1),
        ("stops", "trip", 1),
        ("stops", "site", 5),
    ],
)
def test_each_reference_of_a_plan_holds(table: str, column: str, n: int, beyond: int) -> None:
    given = problem()
    plan = build_plan(given, [TRIP], [LOAD])
    rows = getattr(plan, table)
    values = getattr(rows, column).copy()
    values[0] = n + beyond if beyond == 0 else beyond
    parts = {name: getattr(plan, name) for name in Plan.__dataclass_fields__}
    verdict = verify(given, Plan(**{**parts, table: rows.replace(**{column: values})}))
    assert "references" in codes(verdict)
