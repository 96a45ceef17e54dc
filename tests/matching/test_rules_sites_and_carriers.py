"""Rules about what sites bear in a day, and about carriers that take goods by the kilogram."""

from __future__ import annotations

from typing import Any

import pytest

from matching.network.carriers import find_carrier_lanes
from matching.verify import verify
from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.plans import Carrier, Load, Truck, broken, build_plan, june

ROAD = {"from_site": "c1", "to_site": "b1", "km": 40, "minutes": 60}
POST = {**ROAD, "vnd_per_kg": 500}
HUB = {"site_id": "h1", "kind": "hub", "lat": 21.2, "lon": 106.1}
NOW = (june(7), june(7))


def two_days(days: tuple[int, int], kg: tuple[int, int], **tables: Any) -> set[str]:
    """Return the rules broken by two trucks from c1 to b1 on two dates."""
    trucks = [Truck("class1", [f"c1 {day}T05:00 {day}T05:00", f"b1 {day}T06:00 {day}T06:00"]) for day in days]
    loads = [Load("lot1", "line1", mass, trips=(n,)) for n, mass in enumerate(kg)]
    return broken(build_problem(**{"lanes": [ROAD], **tables}), trucks, loads)


@pytest.mark.parametrize("site", ["c1", "b1"])
def test_throughput_limits_what_a_site_handles_on_each_date(site: str) -> None:
    sites = [{**s, "throughput_kg_per_day": 400 if s["site_id"] == site else ""} for s in (COOPERATIVE, BUYER)]
    assert two_days((7, 8), (400, 400), sites=sites) == set()
    assert two_days((7, 8), (401, 399), sites=sites) == {"throughput"}
    assert two_days((7, 7), (400, 1), sites=sites) == {"throughput"}


def through_hub(**hub: Any) -> tuple[Any, Any]:
    """Return a problem and a plan that brings 800 kg through a hub, which they reach on 7 and leave on 8 June."""
    given = build_problem(sites=[COOPERATIVE, BUYER, {**HUB, **hub}])
    one = Truck("class1", ["c1 7T05:00 7T05:00", "h1 7T09:00 7T09:30"])
    two = Truck("class1", ["h1 8T05:00 8T05:00", "b1 8T09:00 8T09:00"])
    return given, build_plan(given, [one, two], [Load("lot1", "line1", 800, trips=(0, 1), hub="h1")])


def test_a_hub_counts_what_it_unloads_once() -> None:
    assert verify(*through_hub(throughput_kg_per_day=800)).ok
    assert [v.rule for v in verify(*through_hub(throughput_kg_per_day=799)).violations] == ["throughput"]


def test_a_hub_is_paid_for_each_kilogram_that_passes_and_rounded_once() -> None:
    assert verify(*through_hub(handling_vnd_per_kg=120)).handling_vnd == 96000
    assert verify(*through_hub(handling_vnd_per_kg=0.0319)).handling_vnd == 26


def test_a_site_is_opened_on_each_date_on_which_anything_moves() -> None:
    assert verify(*through_hub(opening_vnd=5000)).opening_vnd == 10000


def test_a_site_is_opened_once_a_date_however_many_trucks_come() -> None:
    given = build_problem(lanes=[ROAD], sites=[{**COOPERATIVE, "opening_vnd": 700}, BUYER])
    trucks = [Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T06:00 7T06:00"])] * 2
    loads = [Load("lot1", "line1", 300, trips=(n,)) for n in (0, 1)]
    assert verify(given, build_plan(given, trucks, loads)).opening_vnd == 700


def by_carrier(
    *kg: int, cost: tuple[int, ...] = (), days: tuple[int, int] = NOW, lane: dict[str, Any] | None = None, **tables: Any
) -> set[str]:
    """Return the rules broken by one carrier trip for each mass."""
    given = build_problem(lanes=[{**POST, **(lane or {})}], **tables)
    trips = [Carrier(vnd) for vnd in (cost or tuple(500 * mass for mass in kg))]
    return broken(given, trips, [Load("lot1", "line1", mass, trips=(n,), days=days) for n, mass in enumerate(kg)])


def test_a_carrier_takes_goods_by_the_kilogram() -> None:
    assert by_carrier(800) == set()
    assert by_carrier(800, cost=(400002,)) == {"trip_cost"}


def test_a_carriers_fixed_part_is_paid_once_a_day() -> None:
    assert by_carrier(400, 400, cost=(207000, 200000), lane={"fixed_vnd": 7000}) == set()
    assert by_carrier(400, 400, cost=(207000, 207000), lane={"fixed_vnd": 7000}) == {"trip_cost"}


@pytest.mark.parametrize(("kg", "vnd"), [(1, 0), (3, 2), (5, 2)])
def test_a_carriers_halves_are_rounded_to_the_even_dong(kg: int, vnd: int) -> None:
    given = build_problem(lanes=[{**POST, "vnd_per_kg": 0.5}])
    plan = build_plan(given, [Carrier(vnd)], [Load("lot1", "line1", kg, days=NOW)])
    assert verify(given, plan).freight_vnd == vnd


def test_a_carriers_capacity_holds_over_all_its_trips_of_a_date() -> None:
    assert by_carrier(400, 400, lane={"capacity_kg": 800}) == set()
    assert by_carrier(400, 400, lane={"capacity_kg": 799}) == {"carrier_capacity"}


def test_a_carrier_takes_as_many_days_as_it_says() -> None:
    assert by_carrier(800, days=(june(7), june(8)), lane={"transit_days": 1}) == set()
    assert by_carrier(800, days=(june(7), june(7)), lane={"transit_days": 1}) == {"carriers"}
    assert by_carrier(800, days=(june(7), june(8))) == {"carriers"}


@pytest.mark.parametrize("closed", [{"site_id": "c1"}, {"site_id": "b1", "date": "2027-06-08"}])
def test_a_carrier_serves_no_closed_site(closed: dict[str, Any]) -> None:
    post = {**POST, "transit_days": 1}
    load = Load("lot1", "line1", 10, days=(june(7), june(8)))
    assert broken(build_problem(lanes=[post]), [Carrier(5000)], [load]) == set()
    given = build_problem(lanes=[post], calendar=[{**closed, "closed": "yes"}])
    assert broken(given, [Carrier(5000)], [load]) == {"closed_dates"}
    boxes = find_carrier_lanes(given)
    days = [day for first, last in zip(boxes.pickup_from_day, boxes.pickup_until_day) for day in range(first, last + 1)]
    assert days == [june(8), june(9)]


def test_a_carrier_takes_cold_goods_only_if_it_says_so() -> None:
    lots = [{"cold": "yes"}]
    assert by_carrier(800, lots=lots, lane={"cold": "yes"}) == set()
    assert by_carrier(800, lots=lots) == {"cold"}


def test_no_carrier_runs_on_a_lane_without_a_rate() -> None:
    assert by_carrier(800, lane={"vnd_per_kg": ""}) == {"carriers"}


def test_a_carrier_trip_serves_one_lane_on_one_date() -> None:
    given = build_problem(lanes=[POST], demands=[{}, {}])
    loads = [Load("lot1", "line1", 400, days=NOW), Load("lot1", "line2", 400, days=NOW)]
    assert broken(given, [Carrier(400000)], loads) == set()
    loads[1] = Load("lot1", "line2", 400, days=(june(8), june(8)))
    assert broken(given, [Carrier(400000)], loads) == {"carriers"}


def test_a_carrier_trip_without_goods_is_none() -> None:
    assert broken(build_problem(lanes=[POST]), [Carrier(0)], []) == {"empty_trip", "carriers"}


def test_a_carrier_trip_does_not_pass_a_hub() -> None:
    lanes = [{**POST, "to_site": "h1"}, {**POST, "from_site": "h1"}]
    given = build_problem(sites=[COOPERATIVE, BUYER, HUB], lanes=lanes)
    load = Load("lot1", "line1", 800, trips=(0, 1), hub="h1", days=NOW)
    assert broken(given, [Carrier(400000), Carrier(400000)], [load]) == {"hub_order"}


def test_a_carrier_trip_serves_one_lane() -> None:
    given = build_problem(
        sites=[COOPERATIVE, BUYER, {**BUYER, "site_id": "b2"}], lanes=[POST, {**POST, "to_site": "b2"}], demands=[{}, {"site_id": "b2"}]
    )
    loads = [Load("lot1", "line1", 400, days=NOW), Load("lot1", "line2", 400, trips=(1,), days=NOW)]
    assert broken(given, [Carrier(200000), Carrier(200000)], loads) == set()
    assert broken(given, [Carrier(400000)], [loads[0], Load("lot1", "line2", 400, days=NOW)]) == {"carriers"}


def test_a_carrier_has_no_stops() -> None:
    given = build_problem(lanes=[POST])
    carried = build_plan(given, [Carrier(400000)], [Load("lot1", "line1", 800, days=NOW)])
    driven = build_plan(given, [Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T06:00 7T06:00"])], [Load("lot1", "line1", 800)])
    plan = type(carried)(carried.allocations, carried.legs, carried.trips, driven.stops)
    assert {v.rule for v in verify(given, plan).violations} == {"references"}


def test_carriers_and_trucks_share_a_sites_throughput() -> None:
    sites = [COOPERATIVE, {**BUYER, "throughput_kg_per_day": 800}]
    for kg, expected in ((400, set()), (401, {"throughput"})):
        given = build_problem(lanes=[POST], sites=sites, demands=[{"quantity_kg": 900}])
        trips: list[Carrier | Truck] = [Carrier(500 * kg), Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T06:00 7T06:00"])]
        assert broken(given, trips, [Load("lot1", "line1", kg, days=NOW), Load("lot1", "line1", 400, trips=(1,))]) == expected
