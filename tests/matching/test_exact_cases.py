"""The exact model on problems whose best plan is worked out by hand, and each rule's part in it."""

from __future__ import annotations

from typing import Any

import pytest

import matching.exact.solve
from matching.exact import solve_exactly
from matching.rules import MODELLED
from matching.verify import verify
from tests.matching.builders import BUYER, COOPERATIVE, build_problem

ROAD = {"from_site": "c1", "to_site": "b1", "km": 40, "minutes": 60}
SECOND = {**COOPERATIVE, "site_id": "c2"}
HUB = {"site_id": "h1", "kind": "hub", "lat": 21.2, "lon": 106.1}
TRIP_VND = 300000 + 30 * 20000 + 10 * 14000
ONE_DAY = {"available_until": "2027-06-07"}
POST = {**ROAD, "vnd_per_kg": 500}
CHEAP = {"bid_vnd_per_kg": 11000}


def best(max_trips: int | None = None, **tables: Any) -> tuple[int, int]:
    """Return the best worth, which the verifier confirms, and the number of trips."""
    problem = build_problem(**{"lanes": [ROAD], **tables})
    worth, plan = solve_exactly(problem, max_trips)
    verdict = verify(problem, plan).require()
    assert verdict.objective_vnd == worth
    return worth, len(plan.trips.vehicle)


def test_one_lot_goes_to_one_line() -> None:
    assert best() == (8_000_000 - TRIP_VND, 1)


def test_nothing_moves_where_nothing_pays() -> None:
    assert best(demands=[CHEAP]) == (0, 0)


def test_a_penalty_for_shortage_makes_a_trip_pay() -> None:
    assert best(demands=[{**CHEAP, "short_vnd_per_kg": 1000}]) == (800_000 - TRIP_VND, 1)


def test_a_pin_is_kept_though_it_does_not_pay() -> None:
    assert best(demands=[CHEAP], decisions=[{"decision": "pin", "kg": 100}]) == (800_000 - TRIP_VND, 1)


def test_two_gates_share_a_truck() -> None:
    lanes = [
        ROAD,
        {**ROAD, "from_site": "c2"},
        {"from_site": "c2", "to_site": "c1", "km": 10},
        {"from_site": "c1", "to_site": "c2", "km": 10},
    ]
    lots = [{}, {"site_id": "c2"}]
    worth = best(sites=[COOPERATIVE, SECOND, BUYER], lanes=lanes, lots=lots, demands=[{"quantity_kg": 2000}])
    assert worth == (20_000_000 - TRIP_VND - 10 * 14000, 1)


def test_what_one_truck_cannot_carry_two_do() -> None:
    assert best(lots=[{"quantity_kg": 4000}], demands=[{"quantity_kg": 4000}]) == (40_000_000 - 2 * TRIP_VND, 2)


def test_one_truck_a_day_carries_one_payload_a_day() -> None:
    given: dict[str, Any] = {"vehicles": [{"count_per_day": 1}], "demands": [{"quantity_kg": 4000}]}
    assert best(lots=[{"quantity_kg": 4000}], **given) == (40_000_000 - 2 * TRIP_VND, 2)
    assert best(3, lots=[{"quantity_kg": 4000, **ONE_DAY}], **given) == (20_000_000 - TRIP_VND, 1)


def test_goods_wait_for_no_morning_but_ride_over_midnight() -> None:
    demands = [{"deliver_from": "2027-06-08", "deliver_until": "2027-06-08"}]
    assert best(lots=[ONE_DAY], demands=demands, vehicles=[{"max_hours": 1}]) == (8_000_000 - TRIP_VND, 1)


def test_a_carrier_takes_what_it_takes_for_less() -> None:
    assert best(lanes=[POST]) == (8_000_000 - 400_000, 1)
    assert best(lanes=[{**POST, "fixed_vnd": TRIP_VND}]) == (8_000_000 - TRIP_VND, 1)


def test_a_small_van_brings_goods_to_a_hub_for_a_truck_to_take_on() -> None:
    sites = [{**COOPERATIVE, "max_vehicle_kg": 1000}, BUYER, {**HUB, "handling_vnd_per_kg": 100, "opening_vnd": 50000}]
    lanes = [{**ROAD, "minutes": 300}, {**ROAD, "to_site": "h1", "km": 10}, {**ROAD, "from_site": "h1"}]
    vehicles = [{"payload_kg": 1000, "max_hours": 1.5}, {}]
    assert best(3, sites=sites, lanes=lanes, vehicles=vehicles) == (8_000_000 - (300_000 + 200_000) - TRIP_VND - 80_000 - 50_000, 2)


def test_a_truck_takes_a_shortcut_through_a_gate_where_it_loads_nothing() -> None:
    lanes = [{**ROAD, "km": 400}, {**ROAD, "to_site": "c2", "km": 10}, {**ROAD, "from_site": "c2", "km": 20}]
    assert best(sites=[COOPERATIVE, SECOND, BUYER], lanes=lanes) == (8_000_000 - 300_000 - 30 * 20_000, 1)


def test_a_pin_that_the_trucks_cannot_carry_has_no_plan() -> None:
    decisions = [{"decision": "pin", "kg": 100}]
    with pytest.raises(ValueError, match="no plan of at most 6 trips keeps the rules"):
        solve_exactly(build_problem(decisions=decisions, vehicles=[{"payload_kg": 10}]))


def test_a_problem_too_large_is_refused() -> None:
    sites = [{**COOPERATIVE, "site_id": f"c{n}"} for n in range(1, 7)]
    with pytest.raises(ValueError, match="7 sites, at most 6"):
        solve_exactly(build_problem(sites=[*sites, BUYER]))


def test_rates_in_fractions_of_a_dong_are_refused() -> None:
    with pytest.raises(ValueError, match="whole đồng per kilogram"):
        solve_exactly(build_problem(lanes=[{**POST, "vnd_per_kg": 0.5}]))


TWO_LOTS: list[dict[str, Any]] = [{"quantity_kg": 400}, {"quantity_kg": 400, "supplier_id": "s2"}]
NEXT_DAY = {"available_from": "2027-06-08", "available_until": "2027-06-08"}
LATER = {"deliver_from": "2027-06-09", "deliver_until": "2027-06-09"}
BINDS: dict[str, dict[str, Any]] = {
    "positive_kg": {"lots": [{"quantity_kg": 400}, {"grade": 3}]},
    "product": {"demands": [{"product": "pomelo"}]},
    "grade": {"lots": [{"grade": 3}]},
    "pickup_dates": {"lots": [ONE_DAY], "demands": [LATER]},
    "delivery_dates": {"demands": [LATER], "lots": [ONE_DAY]},
    "remaining_life": {"lots": [{"shelf_life_days": 1}], "demands": [{"min_life_days": 2}]},
    "certificate": {"demands": [{"requires": "VietGAP"}]},
    "lot_quantity": {"demands": [{"quantity_kg": 1500}, {}]},
    "min_take": {"lots": [{"min_take_kg": 900}]},
    "one_harvest": {
        "lots": [{"quantity_kg": 400, "harvest_id": "h", **ONE_DAY}, {"quantity_kg": 400, "harvest_id": "h", **NEXT_DAY}],
        "lanes": [POST],
    },
    "indivisible": {"lots": [{"indivisible": "yes"}]},
    "line_quantity": {"lots": [{}, {}]},
    "min_fill": {"demands": [{"quantity_kg": 1200, "min_fill_kg": 1100}]},
    "max_suppliers": {"lots": TWO_LOTS, "demands": [{"max_suppliers": 1}]},
    "min_supplier": {"lots": TWO_LOTS, "demands": [{"min_supplier_kg": 500}]},
    "decisions": {"decisions": [{"decision": "forbid"}]},
    "hub_order": {
        "sites": [
            {**COOPERATIVE, "open_from": "20:00", "open_until": "21:00"},
            {**BUYER, "open_from": "05:00", "open_until": "19:00"},
            HUB,
        ],
        "lanes": [{**ROAD, "minutes": 600}, {**ROAD, "to_site": "h1"}, {**ROAD, "from_site": "h1"}],
        "lots": [ONE_DAY],
        "demands": [{"deliver_until": "2027-06-07"}],
        "vehicles": [{"max_hours": 2}],
        "settings": {"horizon_until": "2027-06-07"},
    },
    "empty_trip": {},
    "stop_sequence": {"lanes": [{**ROAD, "km": 400}, {"from_site": "b1", "to_site": "c1", "km": 1}]},
    "max_stops": {
        "sites": [COOPERATIVE, SECOND, BUYER],
        "lanes": [{**ROAD, "km": 400}, {**ROAD, "to_site": "c2", "km": 10}, {**ROAD, "from_site": "c2", "km": 20}],
        "vehicles": [{"max_stops": 2}],
    },
    "cold": {"lots": [{"cold": "yes"}]},
    "payload": {"lots": [ONE_DAY], "vehicles": [{"payload_kg": 700}]},
    "volume": {"vehicles": [{"volume_l": 1400}]},
    "doors": {"sites": [{**COOPERATIVE, "max_vehicle_kg": 1999}, BUYER]},
    "stop_duration": {"sites": [{**COOPERATIVE, "stop_minutes": 61}, BUYER], "vehicles": [{"max_hours": 2}]},
    "horizon": {},
    "opening_hours": {
        "sites": [{**COOPERATIVE, "open_from": "20:00", "open_until": "21:00"}, {**BUYER, "open_from": "06:00", "open_until": "09:00"}],
        "vehicles": [{"max_hours": 8}],
    },
    "access_hours": {
        "sites": [COOPERATIVE, {**BUYER, "zone": "inner"}],
        "access": [{"closed_from": "00:00", "closed_until": "24:00"}],
    },
    "travel_time": {"vehicles": [{"max_hours": 0.9}]},
    "max_hours": {"vehicles": [{"max_hours": 0.9}]},
    "count_per_day": {"lots": [{"quantity_kg": 4000, **ONE_DAY}], "demands": [{"quantity_kg": 4000}], "vehicles": [{"count_per_day": 1}]},
    "carrier_capacity": {"lanes": [{**POST, "capacity_kg": 700}], "lots": [ONE_DAY]},
    "closed_dates": {"lanes": [POST], "lots": [ONE_DAY], "calendar": [{"site_id": "c1", "closed": "yes"}]},
    "throughput": {"sites": [{**COOPERATIVE, "throughput_kg_per_day": 700}, BUYER], "lots": [ONE_DAY]},
    "trip_cost": {},
}
STRUCTURAL = {"empty_trip", "horizon", "max_stops"}
"""Rules that the variables' domains, the routes listed and the price of a trip keep as well."""


@pytest.mark.parametrize("code", [rule.CODE for rule in MODELLED if rule.CODE not in STRUCTURAL])
def test_each_rule_binds_the_exact_model(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = build_problem(**{"lanes": [ROAD], **BINDS[code]})
    worth, plan = solve_exactly(problem, max_trips=2)
    verify(problem, plan).require()
    monkeypatch.setattr(matching.exact.solve, "MODELLED", tuple(rule for rule in MODELLED if code != rule.CODE))
    looser, broken_plan = solve_exactly(problem, max_trips=2)
    assert looser > worth
    assert not verify(problem, broken_plan).ok or code == "trip_cost"


def test_every_modelled_rule_has_such_a_case() -> None:
    assert sorted(BINDS) == sorted(rule.CODE for rule in MODELLED)
