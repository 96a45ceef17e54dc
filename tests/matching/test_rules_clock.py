"""Rules about the clock: each kept to the minute, and broken by one minute more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.plans import Load, Truck, broken

ROAD = {"from_site": "c1", "to_site": "b1", "km": 40, "minutes": 60}


def stops(*texts: str, kg: int = 800, c1: dict[str, Any] | None = None, b1: dict[str, Any] | None = None, **tables: Any) -> set[str]:
    """Return the rules that one truck with these stops breaks."""
    sites = [{**COOPERATIVE, **(c1 or {})}, {**BUYER, **(b1 or {})}]
    given = build_problem(**{"sites": sites, "lanes": [ROAD], **tables})
    return broken(given, [Truck("class1", texts)], [Load("lot1", "line1", kg)])


def at_buyer(arrive: str, depart: str, **tables: Any) -> set[str]:
    """Return the rules broken by a truck that loads on 7 June at 05:00 and stops at the buyer as given."""
    return stops("c1 7T05:00 7T05:00", f"b1 {arrive} {depart}", **tables)


@pytest.mark.parametrize(("depart", "expected"), [("7T05:25", set()), ("7T05:24", {"stop_duration"}), ("7T05:59", set())])
def test_a_stop_lasts_its_minutes_and_those_of_each_tonne(depart: str, expected: set[str]) -> None:
    assert stops(f"c1 7T05:00 {depart}", "b1 7T07:00 7T07:00", c1={"stop_minutes": 15, "minutes_per_tonne": 12}) == expected


def test_a_stop_of_whole_minutes_is_not_rounded_up() -> None:
    c1 = {"stop_minutes": 5, "minutes_per_tonne": 12.5}
    assert stops("c1 7T05:00 7T05:15", "b1 7T07:00 7T07:00", c1=c1) == set()


def test_two_loads_at_one_stop_take_the_time_of_both() -> None:
    given = build_problem(sites=[COOPERATIVE, {**BUYER, "minutes_per_tonne": 10}], lanes=[ROAD], demands=[{}, {"quantity_kg": 200}])
    loads = [Load("lot1", "line1", 800), Load("lot1", "line2", 200)]
    for depart, expected in (("7T06:10", set()), ("7T06:09", {"stop_duration"})):
        assert broken(given, [Truck("class1", ["c1 7T05:00 7T05:00", f"b1 7T06:00 {depart}"])], loads) == expected


def test_the_known_minutes_of_a_road_are_needed() -> None:
    assert at_buyer("7T06:00", "7T06:00") == set()
    assert at_buyer("7T05:59", "7T05:59") == {"travel_time"}


def test_minutes_of_a_road_are_rounded_up() -> None:
    road = {**ROAD, "minutes": 59.1}
    assert at_buyer("7T06:00", "7T06:00", lanes=[road]) == set()
    assert at_buyer("7T05:59", "7T05:59", lanes=[road]) == {"travel_time"}


@pytest.mark.parametrize(
    ("km", "arrive", "expected"), [(40, "7T06:00", set()), (40.5, "7T06:00", {"travel_time"}), (40.5, "7T06:01", set())]
)
def test_minutes_follow_from_kilometres_and_speed(km: float, arrive: str, expected: set[str]) -> None:
    road = {"from_site": "c1", "to_site": "b1", "km": km}
    assert at_buyer(arrive, arrive, lanes=[road]) == expected


def test_a_road_is_known_in_its_own_direction_alone() -> None:
    road = {"from_site": "b1", "to_site": "c1", "km": 1, "minutes": 1}
    assert at_buyer("7T05:01", "7T05:01", lanes=[road]) == {"travel_time"}
    assert at_buyer("7T06:32", "7T06:32", lanes=[road]) == set()


@pytest.mark.parametrize(
    ("hours", "arrive", "depart", "expected"),
    [
        (("06:00", "09:00"), "7T06:00", "7T09:00", set()),
        (("06:01", "09:00"), "7T06:00", "7T06:30", {"opening_hours"}),
        (("06:00", "09:00"), "7T08:00", "7T09:01", {"opening_hours"}),
        (("20:00", "05:00"), "7T23:00", "8T05:00", set()),
        (("20:00", "05:00"), "7T23:00", "8T05:01", {"opening_hours"}),
        (("20:00", "05:00"), "7T19:59", "7T20:30", {"opening_hours"}),
        (("20:00", "24:00"), "7T23:00", "8T00:00", set()),
        (("20:00", "24:00"), "7T23:00", "8T00:01", {"opening_hours"}),
        (("00:00", "24:00"), "7T23:00", "8T01:00", set()),
        (("00:00", "24:00"), "7T06:00", "8T08:00", set()),
        (("08:00", "08:00"), "7T08:00", "8T08:00", set()),
        (("08:00", "08:00"), "7T09:00", "8T08:01", {"opening_hours"}),
    ],
)
def test_a_stop_lies_within_the_hours_waiting_included(hours: tuple[str, str], arrive: str, depart: str, expected: set[str]) -> None:
    b1 = {"open_from": hours[0], "open_until": hours[1]}
    assert at_buyer(arrive, depart, b1=b1, vehicles=[{"max_hours": 48}]) == expected


@pytest.mark.parametrize(
    ("closed", "arrive", "depart", "expected"),
    [
        (("06:00", "09:00"), "7T09:00", "7T09:30", set()),
        (("06:00", "09:00"), "7T08:59", "7T09:30", {"access_hours"}),
        (("06:30", "09:00"), "7T06:00", "7T06:30", set()),
        (("06:30", "09:00"), "7T06:00", "7T06:31", {"access_hours"}),
        (("21:00", "05:00"), "8T05:00", "8T06:00", set()),
        (("21:00", "05:00"), "8T04:59", "8T05:00", {"access_hours"}),
        (("21:00", "05:00"), "7T20:00", "7T21:00", set()),
        (("21:00", "05:00"), "7T20:00", "7T21:01", {"access_hours"}),
        (("06:30", "07:00"), "7T06:00", "7T09:00", {"access_hours"}),
        (("00:00", "24:00"), "7T12:00", "7T12:00", {"access_hours"}),
    ],
)
def test_no_part_of_a_stop_falls_into_closed_hours(closed: tuple[str, str], arrive: str, depart: str, expected: set[str]) -> None:
    access = [{"closed_from": closed[0], "closed_until": closed[1]}]
    assert at_buyer(arrive, depart, b1={"zone": "inner"}, access=access, vehicles=[{"max_hours": 48}]) == expected


def test_access_hours_hold_for_their_zone_and_for_big_classes_alone() -> None:
    big, small = {"min_payload_kg": 2000}, {"min_payload_kg": 2001}
    assert at_buyer("7T06:00", "7T06:00", b1={"zone": "inner"}, access=[big]) == {"access_hours"}
    assert at_buyer("7T06:00", "7T06:00", b1={"zone": "inner"}, access=[small]) == set()
    assert at_buyer("7T06:00", "7T06:00", c1={"zone": "inner"}, b1={"zone": "outer"}, access=[big]) == set()


@pytest.mark.parametrize(("depart", "expected"), [("7T11:30", set()), ("7T11:31", {"max_hours"})])
def test_a_trip_lasts_from_its_first_arrival_to_its_last_departure(depart: str, expected: set[str]) -> None:
    assert at_buyer("7T06:00", depart, vehicles=[{"max_hours": 6.5}]) == expected


def test_hours_to_and_from_a_base_do_not_count() -> None:
    assert at_buyer("7T06:00", "7T06:00", vehicles=[{"max_hours": 1, "base_site": "b1"}]) == set()


def test_no_stop_begins_before_the_horizon() -> None:
    lots = [{"available_from": "2027-06-06"}]
    texts = ("c1 6T23:59 6T23:59", "b1 7T06:00 7T06:00")
    assert stops(*texts, lots=lots) == set()
    assert stops(*texts, lots=lots, settings={"horizon_from": "2027-06-07"}) == {"horizon"}


@pytest.mark.parametrize(("depart", "expected"), [("7T23:59", set()), ("8T00:00", {"horizon"})])
def test_no_stop_ends_after_the_horizon(depart: str, expected: set[str]) -> None:
    settings = {"horizon_until": "2027-06-07"}
    assert at_buyer("7T23:00", depart, vehicles=[{"max_hours": 48}], settings=settings) == expected


def test_the_horizon_is_what_the_tables_span_unless_given() -> None:
    late = ("c1 9T05:00 9T05:00", "b1 10T22:00 10T23:59")
    assert stops(*late, vehicles=[{"max_hours": 48}]) == set()
    assert stops("c1 9T05:00 9T05:00", "b1 10T22:00 11T00:00", vehicles=[{"max_hours": 48}]) == {"horizon"}
