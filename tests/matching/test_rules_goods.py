"""Rules about what goes to whom: each kept exactly at its limit, and broken by the smallest step beyond it."""

from __future__ import annotations

from typing import Any

import pytest

from matching.model.problem import Problem
from tests.matching.builders import build_problem
from tests.matching.plans import Load, Truck, broken, june

ROAD = {"from_site": "c1", "to_site": "b1", "km": 40, "minutes": 60}
TRIP = Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T06:00 7T06:00"])
LATE = Truck("class1", ["c1 9T23:00 9T23:00", "b1 10T06:00 10T06:00"])


def problem(**tables: Any) -> Problem:
    return build_problem(**{"lanes": [ROAD], **tables})


def one_load(kg: int = 800, trip: Truck = TRIP, **tables: Any) -> set[str]:
    """Return the rules that a load of lot1 for line1 breaks."""
    return broken(problem(**tables), [trip], [Load("lot1", "line1", kg)])


def test_a_plain_plan_keeps_every_rule() -> None:
    assert one_load() == set()


@pytest.mark.parametrize("kg", [0, -5])
def test_an_allocation_of_nothing_is_none(kg: int) -> None:
    assert "positive_kg" in one_load(kg)
    assert one_load(1) == set()


def test_a_line_takes_each_product_on_its_list_and_no_other() -> None:
    assert one_load(demands=[{"product": "pomelo;lychee"}]) == set()
    assert one_load(demands=[{"product": "pomelo;longan"}]) == {"product"}


def test_a_line_takes_its_lowest_grade_and_none_below() -> None:
    assert one_load(lots=[{"grade": 2}]) == set()
    assert one_load(lots=[{"grade": 3}]) == {"grade"}


@pytest.mark.parametrize(("start", "end", "expected"), [(7, 7, set()), (8, 9, {"pickup_dates"}), (5, 6, {"pickup_dates"})])
def test_a_lot_is_picked_up_within_its_dates(start: int, end: int, expected: set[str]) -> None:
    lots = [{"available_from": f"2027-06-{start:02}", "available_until": f"2027-06-{end:02}"}]
    assert one_load(lots=lots, settings={"horizon_from": "2027-06-01"}) == expected


@pytest.mark.parametrize(("start", "end", "expected"), [(7, 7, set()), (8, 10, {"delivery_dates"}), (5, 6, {"delivery_dates"})])
def test_a_line_is_served_within_its_dates(start: int, end: int, expected: set[str]) -> None:
    demands = [{"deliver_from": f"2027-06-{start:02}", "deliver_until": f"2027-06-{end:02}"}]
    assert one_load(demands=demands, settings={"horizon_until": "2027-06-12"}) == expected


def test_what_is_cut_on_pickup_ages_from_the_pickup_date() -> None:
    demands = [{"min_life_days": 4}]
    assert one_load(trip=LATE, lots=[{"shelf_life_days": 5}], demands=demands) == set()
    assert one_load(trip=LATE, lots=[{"shelf_life_days": 4}], demands=demands) == {"remaining_life"}


def test_what_is_already_cut_ages_from_the_first_date_of_its_lot() -> None:
    demands = [{"min_life_days": 4}]
    assert one_load(trip=LATE, lots=[{"shelf_life_days": 7, "cut_on_pickup": "no"}], demands=demands) == set()
    assert one_load(trip=LATE, lots=[{"shelf_life_days": 6, "cut_on_pickup": "no"}], demands=demands) == {"remaining_life"}


def test_a_requirement_needs_a_certificate() -> None:
    demands = [{"requires": "VietGAP"}]
    assert one_load(demands=demands, certificates=[{"product": "lychee"}]) == set()
    assert one_load(demands=demands) == {"certificate"}


@pytest.mark.parametrize("wrong", [{"product": "pomelo"}, {"scheme": "GlobalGAP"}, {"supplier_id": "s2"}])
def test_a_certificate_of_another_product_scheme_or_supplier_does_not_count(wrong: dict[str, str]) -> None:
    lots = [{}, {"supplier_id": "s2", "product": "pomelo"}]
    assert one_load(lots=lots, demands=[{"requires": "VietGAP"}], certificates=[wrong]) == {"certificate"}


def test_a_certificate_of_a_higher_level_counts_and_of_a_lower_does_not() -> None:
    demands = [{"requires": "OCOP>=3"}]
    assert one_load(demands=demands, certificates=[{"scheme": "OCOP", "level": 3}]) == set()
    assert one_load(demands=demands, certificates=[{"scheme": "OCOP", "level": 4}]) == set()
    assert one_load(demands=demands, certificates=[{"scheme": "OCOP", "level": 2}]) == {"certificate"}


def test_one_certificate_covers_from_pickup_to_delivery() -> None:
    demands = [{"requires": "VietGAP"}]
    whole = {"valid_from": "2027-06-09", "valid_until": "2027-06-10"}
    first, second = {**whole, "valid_until": "2027-06-09"}, {**whole, "valid_from": "2027-06-10"}
    assert one_load(trip=LATE, demands=demands, certificates=[whole]) == set()
    assert one_load(trip=LATE, demands=demands, certificates=[first, second]) == {"certificate"}


def test_every_requirement_must_be_covered() -> None:
    demands = [{"requires": "VietGAP;OCOP>=3"}]
    assert one_load(demands=demands, certificates=[{}, {"scheme": "OCOP", "level": 3}]) == set()
    assert one_load(demands=demands, certificates=[{}]) == {"certificate"}


def test_a_lot_is_never_oversold() -> None:
    assert one_load(lots=[{"quantity_kg": 800}]) == set()
    assert one_load(lots=[{"quantity_kg": 799}]) == {"lot_quantity"}


def test_a_line_is_never_overfilled() -> None:
    assert one_load(demands=[{"quantity_kg": 800}]) == set()
    assert one_load(demands=[{"quantity_kg": 799}]) == {"line_quantity"}


def test_quantities_add_up_over_allocations() -> None:
    loads = [Load("lot1", "line1", 400), Load("lot1", "line1", 401)]
    assert broken(problem(demands=[{"quantity_kg": 801}], lots=[{"quantity_kg": 801}]), [TRIP], loads) == set()
    assert broken(problem(lots=[{"quantity_kg": 800}]), [TRIP], loads) == {"lot_quantity", "line_quantity"}


def test_a_lot_gives_nothing_or_its_minimum() -> None:
    assert one_load(lots=[{"min_take_kg": 800}, {"min_take_kg": 900}]) == set()
    assert one_load(lots=[{"min_take_kg": 801}]) == {"min_take"}


def test_the_minimum_take_may_be_spread_over_lines() -> None:
    given = problem(lots=[{"min_take_kg": 1000}], demands=[{}, {}])
    assert broken(given, [TRIP], [Load("lot1", "line1", 800), Load("lot1", "line2", 200)]) == set()


def test_an_indivisible_lot_goes_whole() -> None:
    assert one_load(lots=[{"quantity_kg": 800, "indivisible": "yes"}]) == set()
    assert one_load(lots=[{"quantity_kg": 801, "indivisible": "yes"}]) == {"indivisible"}


def test_an_indivisible_lot_may_stay_at_home() -> None:
    assert one_load(lots=[{}, {"indivisible": "yes"}]) == set()


def test_an_indivisible_lot_is_not_split_though_all_of_it_goes() -> None:
    given = problem(lots=[{"quantity_kg": 800, "indivisible": "yes"}])
    assert broken(given, [TRIP], [Load("lot1", "line1", 400), Load("lot1", "line1", 400)]) == {"indivisible"}


def test_a_harvest_is_picked_up_on_one_date() -> None:
    def grades(second_day: int, harvests: tuple[str, str]) -> set[str]:
        given = problem(lots=[{"harvest_id": harvests[0]}, {"harvest_id": harvests[1]}])
        trucks = [Truck("class1", [f"c1 {day}T05:00 {day}T05:00", f"b1 {day}T06:00 {day}T06:00"]) for day in (7, second_day)]
        return broken(given, trucks, [Load("lot1", "line1", 400, trips=(0,)), Load("lot2", "line1", 400, trips=(1,))])

    assert grades(7, ("h", "h")) == set()
    assert grades(8, ("h", "g")) == set()
    assert grades(8, ("h", "")) == set()
    assert grades(8, ("h", "h")) == {"one_harvest"}


def test_a_line_gets_nothing_or_its_minimum() -> None:
    assert one_load(demands=[{"min_fill_kg": 800}, {"min_fill_kg": 700}]) == set()
    assert one_load(demands=[{"quantity_kg": 900, "min_fill_kg": 801}]) == {"min_fill"}


def two_suppliers(one_kg: int = 400, two_kg: int = 400, **line: Any) -> set[str]:
    given = problem(lots=[{}, {"supplier_id": "s2"}, {}], demands=[line])
    loads = [Load("lot1", "line1", one_kg - 100), Load("lot2", "line1", two_kg), Load("lot3", "line1", 100)]
    return broken(given, [TRIP], loads)


def test_suppliers_of_a_line_are_counted_not_their_lots() -> None:
    assert two_suppliers(max_suppliers=2) == set()
    assert two_suppliers(max_suppliers=1) == {"max_suppliers"}


def test_each_supplier_of_a_line_brings_its_minimum_over_all_its_lots() -> None:
    assert two_suppliers(400, 400, min_supplier_kg=400) == set()
    assert two_suppliers(401, 399, min_supplier_kg=400) == {"min_supplier"}


def test_a_pin_is_a_minimum() -> None:
    assert one_load(decisions=[{"decision": "pin", "kg": 800}]) == set()
    assert one_load(799, decisions=[{"decision": "pin", "kg": 800}]) == {"decisions"}


def test_a_pin_of_a_pair_without_an_allocation_is_not_kept() -> None:
    assert one_load(demands=[{}, {}], decisions=[{"line_id": "line2", "decision": "pin", "kg": 1}]) == {"decisions"}


def test_a_forbidden_pair_moves_nothing() -> None:
    assert one_load(demands=[{}, {}], decisions=[{"line_id": "line2", "decision": "forbid"}]) == set()
    assert one_load(1, decisions=[{"decision": "forbid"}]) == {"decisions"}


def test_stated_dates_are_those_of_the_stops() -> None:
    given = problem()
    for days, expected in (((7, 7), set()), ((8, 8), {"stop_dates"}), ((7, 8), {"stop_dates"})):
        load = Load("lot1", "line1", 800, days=(june(days[0]), june(days[1])))
        assert broken(given, [TRIP], [load]) == expected
