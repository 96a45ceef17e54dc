"""Planning again: trips that stay, room for pins, prices of changes, and what has changed in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import texts
from matching.model.plan import Plan
from matching.model.problem import FORBID, MINUTES_PER_DAY, PIN, Decisions, Problem
from matching.replanning import Kind, Stability, carry_over, differences, find_kept_trips, notices, replan, sentence
from matching.replanning.commitments import lost_kg, unmet_pins, unmet_pins_kg
from matching.replanning.difference import BUYER, SUPPLIER, as_json
from matching.replanning.kept_trips import MINIMUMS
from matching.replanning.pin_room import make_room, within_quantities
from matching.replanning.unloading import without_banned
from matching.search.plan_ops import allocations_on, empty_plan, first_days, hub_trips, kg_by_pair, kg_on_pairs
from matching.verify import verify
from tests.matching.builders import build_problem
from tests.matching.plans import Carrier, Load, Truck, build_plan, june
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.test_warm_start import improved

FREE = FEATURES - {"decisions"}
JUNE_7 = june(7)


def decided(problem: Problem, *rows: tuple[int, int, int, int]) -> Problem:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return problem.replace(decisions=Decisions(*(column.copy() for column in columns)))


def stop_table(plan: Plan, before_day: int) -> list[tuple[int, ...]]:
    """Return the stops of the trips that begin before a day as (vehicle, site, arrival, departure), sorted."""
    early = (first_days(plan) < before_day)[plan.stops.trip]
    stops = plan.stops
    rows = zip(plan.trips.vehicle[stops.trip[early]], stops.site[early], stops.arrive_min[early], stops.depart_min[early])
    return sorted(tuple(map(int, row)) for row in rows)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 300), st.integers(0, 4))
def test_trips_within_the_frozen_days_stay_to_the_minute_and_none_is_added(seed: int, days: int) -> None:
    problem = random_problem(seed, 25, FREE - {"hubs"})
    before, until = improved(problem, 1), problem.horizon_from_day + days
    again = replan(problem, before, stability=Stability(until), iterations=300, seed=seed, cores=1)
    assert again.verdict.ok
    assert stop_table(again.plan, until) == stop_table(before, until)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_planning_again_after_anything_has_changed_keeps_every_rule(seed: int, other: int) -> None:
    """Quantities, windows and trucks fall at random, some days are frozen: what no longer holds is let go, and the rest is a plan."""
    problem, rng = random_problem(seed, 20, FREE), np.random.default_rng(other)
    before = improved(random_problem(seed, 20, FREE - {"hubs"}), 1)
    before = carry_over(random_problem(seed, 20, FREE - {"hubs"}), before, problem)
    shrunk = problem.replace(
        lots=problem.lots.replace(kg=np.maximum(problem.lots.min_take_kg, problem.lots.kg // rng.integers(1, 3, problem.n_lots))),
        lines=problem.lines.replace(until_day=np.maximum(problem.lines.from_day, problem.lines.until_day - int(rng.integers(2)))),
        vehicles=problem.vehicles.replace(count_per_day=np.full(problem.n_classes, int(rng.integers(1, 4)))),
    )
    frozen = shrunk.horizon_from_day + int(rng.integers(4))
    assert replan(shrunk, before, stability=Stability(frozen, 500), iterations=150, cores=1).verdict.ok


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 300))
def test_a_new_pin_finds_room_where_an_empty_plan_could_keep_it(seed: int) -> None:
    problem = random_problem(seed, 25, FREE - {"hubs"})
    before = improved(problem, 1)
    if len(before.allocations.lot) == 0:
        return
    lot, line = int(before.allocations.lot[0]), int(before.allocations.line[0])
    kg = int(before.allocations.kg[0])
    emptied = replan(decided(problem, (lot, line, FORBID, 0)), before, iterations=50, cores=1).plan
    back = decided(problem, (lot, line, PIN, kg))
    again = replan(back, emptied, iterations=300, cores=1)
    assert unmet_pins_kg(back, again.plan) == 0


def test_a_pin_that_no_truck_can_keep_costs_nothing_of_the_rest() -> None:
    """The second buyer's door is open for ten minutes a day, and a stop there lasts an hour."""
    sites = [
        {"site_id": "c1"}, {"site_id": "b1", "kind": "buyer", "lat": 21.03},
        {"site_id": "b2", "kind": "buyer", "lat": 21.05, "open_from": "05:00", "open_until": "05:10", "stop_minutes": 60},
    ]  # fmt: skip
    problem = build_problem(sites=sites, demands=[{}, {"site_id": "b2"}], vehicles=[{"fixed_vnd": 1000, "vnd_per_km": "1000"}])
    before = improved(problem, 1)
    assert before.allocations.kg.sum() == 800
    pinned = decided(problem, (0, 1, PIN, 100))
    again = replan(pinned, before, iterations=50, cores=1)
    assert again.plan.allocations.kg.sum() >= 800
    assert unmet_pins_kg(pinned, again.plan) == 100


def test_a_forbid_releases_a_frozen_trip() -> None:
    problem = build_problem(vehicles=[{"fixed_vnd": 1000, "vnd_per_km": "1000"}])
    before = improved(problem, 1)
    until = problem.horizon_until_day + 1
    assert find_kept_trips(problem, before, until).all()
    forbidden = decided(problem, (0, 0, FORBID, 0))
    assert not find_kept_trips(forbidden, before, until).any()
    assert len(replan(forbidden, before, stability=Stability(until), iterations=50, cores=1).plan.trips.vehicle) == 0


def test_beside_frozen_days_goods_still_go_on_later_ones() -> None:
    problem = build_problem(lots=[{"quantity_kg": 400}, {"quantity_kg": 400}])
    before = loaded(problem, ("lot1", 400))
    again = replan(problem, before, stability=Stability(JUNE_7 + 1), iterations=200, cores=1)
    a = again.plan.allocations
    assert dict(zip(a.lot.tolist(), a.kg.tolist())) == {0: 400, 1: 400}
    assert stop_table(again.plan, JUNE_7 + 1) == stop_table(before, JUNE_7 + 1)
    assert a.pickup_day[a.lot == 1].min() > JUNE_7


def test_what_a_minimum_needs_stays_with_what_is_frozen() -> None:
    """The line takes 700 kg or nothing: the first day's 400 kg can't stay without the second day's."""
    problem = build_problem(
        lots=[{"quantity_kg": 400}, {"quantity_kg": 400}], demands=[{"min_fill_kg": 700}], vehicles=[{"payload_kg": 500}]
    )
    trips = [Truck("class1", [f"c1 {day}T05:00 {day}T05:00", f"b1 {day}T09:00 {day}T09:00"]) for day in (7, 8)]
    before = build_plan(problem, trips, [Load("lot1", "line1", 400, (0,)), Load("lot2", "line1", 400, (1,))])
    assert verify(problem, before).ok
    assert find_kept_trips(problem, before, problem.horizon_from_day + 1).all()
    assert (
        find_kept_trips(problem.replace(lines=problem.lines.replace(min_fill_kg=np.array([0]))), before, problem.horizon_from_day + 1).sum()
        == 1
    )


def test_the_dearer_a_change_the_less_changes() -> None:
    """A better offer for a promised lot: taken when changes are free, left when they cost more than it gains."""
    demands = [{}, {"bid_vnd_per_kg": 20_500, "quantity_kg": 800}]
    problem = build_problem(demands=demands, lots=[{"quantity_kg": 800}], vehicles=[{"fixed_vnd": 1000, "vnd_per_km": "1000"}])
    before = improved(problem.replace(lines=problem.lines.replace(kg=np.array([800, 0]))), 1)
    assert kg_by_pair(problem, before)[1].tolist() == [800]
    free, dear = (replan(problem, before, stability=Stability(None, price), iterations=400, cores=1) for price in (0, 600))
    assert (free.changed_kg, dear.changed_kg) == (800, 0)
    assert free.verdict.objective_vnd - dear.verdict.objective_vnd == 800 * 500


def test_a_plan_is_carried_over_by_ids_and_what_is_gone_is_left_out() -> None:
    problem = random_problem(8, 40, FREE - {"hubs"})
    before = improved(problem, 1)
    kept = np.arange(problem.n_lots)[::-1][: problem.n_lots // 2]
    rows = {name: getattr(problem.lots, name)[kept] for name in problem.lots.__dataclass_fields__}
    fewer = problem.replace(lots=problem.lots.replace(**rows))
    after = carry_over(problem, before, fewer)
    assert {fewer.lots.id[lot] for lot in after.allocations.lot} <= {problem.lots.id[lot] for lot in before.allocations.lot}
    assert 0 < len(after.trips.vehicle) < len(before.trips.vehicle)
    verdict = verify(fewer, after)
    assert {breach.rule for breach in verdict.violations} <= {"min_fill", "min_supplier", "min_take"}


def test_goods_that_are_gone_leave_a_movement_through_a_hub_and_the_others_ride_on() -> None:
    """The first lot is approved by now, and no longer in the problem; the second one changes trucks at the hub with it."""
    problem, before = through_a_hub(({"quantity_kg": 400}, {"site_id": "c2", "quantity_kg": 300}), (400, 300))
    rows = {name: getattr(problem.lots, name)[1:] for name in problem.lots.__dataclass_fields__}
    left = problem.replace(lots=problem.lots.replace(**rows))
    after = carry_over(problem, before, left)
    assert verify(left, after).ok
    assert (after.allocations.lot.tolist(), after.allocations.kg.tolist(), len(after.trips.vehicle)) == ([0], [300], 2)


def test_of_what_is_there_no_longer_the_least_gainful_kilograms_are_taken_off() -> None:
    problem, before = through_a_hub(({"quantity_kg": 400, "ask_vnd_per_kg": 1000}, {"site_id": "c2", "quantity_kg": 300}), (400, 300))
    assert problem.lots.ask_vnd_per_kg[0] < problem.lots.ask_vnd_per_kg[1]
    assert within_quantities(problem, before) is before
    less = problem.replace(lines=problem.lines.replace(kg=np.array([550])))
    after = within_quantities(less, before)
    assert verify(less, after).ok
    assert after.allocations.kg.tolist() == [400, 150]
    fewer = problem.replace(lots=problem.lots.replace(kg=np.array([400, 20])))
    assert within_quantities(fewer, before).allocations.kg.tolist() == [400, 20]
    pinned = decided(less, (1, 0, PIN, 300))
    assert within_quantities(pinned, before).allocations.kg.tolist() == [250, 300]


# words ---------------------------------------------------------------------------------------------------------------
def two_buyers() -> Problem:
    sites = [
        {"site_id": "c1", "kind": "cooperative", "name": "Kép"}, {"site_id": "b1", "kind": "buyer", "name": "Hapro"},
        {"site_id": "b2", "kind": "buyer", "name": "GO!", "lat": 21.05},
    ]  # fmt: skip
    demands = [{}, {"site_id": "b2", "buyer_id": "buyer2"}]
    return build_problem(sites=sites, lots=[{"quantity_kg": 1000}], demands=demands, vehicles=[{"payload_kg": 1000}])


def delivered(problem: Problem, start: str, *loads: tuple[str, int]) -> Plan:
    place = {"line1": ("b1", 0), "line2": ("b2", 30)}
    trips = []
    for line, _ in loads:
        site, later = place[line]
        trips.append(Truck("class1", [f"c1 {start} {start}", f"{site} {start[:2]}{9 + later // 60:02}:{later % 60:02} {start[:2]}10:00"]))
    return build_plan(problem, trips, [Load("lot1", line, kg, (n,)) for n, (line, kg) in enumerate(loads)])


def test_a_pickup_that_moves_is_said_in_both_languages() -> None:
    problem = two_buyers()
    [change] = differences(problem, delivered(problem, "7T05:00", ("line1", 800)), delivered(problem, "7T04:30", ("line1", 800)))
    assert change.kind is Kind.PICKUP_TIME
    assert sentence(problem, change, "vi") == "Lấy hàng tại Kép ngày 07/06/2027 đổi giờ: 05:00 → 04:30 (lô lot1)."
    assert sentence(problem, change, "en") == "Pick-up at Kép on 7 Jun 2027 moves 05:00 → 04:30 (lot lot1)."


def test_goods_that_move_are_one_change_and_each_buyer_hears_of_its_own_line() -> None:
    problem = two_buyers()
    before, after = delivered(problem, "7T05:00", ("line1", 800)), delivered(problem, "7T05:00", ("line1", 500), ("line2", 300))
    [change] = differences(problem, before, after)
    assert sentence(problem, change, "en") == "300 kg of lychee from lot lot1 move from Hapro (line1) to GO! (line2)."
    told = notices(problem, [change])
    assert {party: [one.kind for one in own] for party, own in told.items()} == {
        (BUYER, "buyer1"): [Kind.MOVED_AWAY], (BUYER, "buyer2"): [Kind.MOVED_HERE], (SUPPLIER, "s1"): [Kind.MOVED],
    }  # fmt: skip
    words = str([as_json(problem, one) for one in told[BUYER, "buyer1"]])
    assert "GO!" not in words
    assert "line2" not in words


def test_what_moves_is_what_one_line_loses_and_another_gains_and_more_loses_no_promise() -> None:
    problem = two_buyers()
    before, after = delivered(problem, "7T05:00", ("line1", 800)), delivered(problem, "7T05:00", ("line1", 300), ("line2", 200))
    told = {change.kind: (change.before, change.after) for change in differences(problem, before, after)}
    assert told[Kind.MOVED] == (200, 200)
    assert told[Kind.LESS][0] - told[Kind.LESS][1] == 300
    assert (lost_kg(problem, after, *kg_by_pair(problem, before)), lost_kg(problem, before, *kg_by_pair(problem, after))) == (500, 200)
    assert lost_kg(problem, before, *kg_by_pair(problem, delivered(problem, "7T05:00", ("line1", 300)))) == 0


def test_days_that_move_go_to_the_side_that_they_concern() -> None:
    problem = two_buyers()
    changes = differences(problem, delivered(problem, "7T05:00", ("line1", 800)), delivered(problem, "8T05:00", ("line1", 800)))
    assert [change.kind for change in changes] == [Kind.DELIVERY_DAY, Kind.PICKUP_DAY]
    told = notices(problem, changes)
    assert [one.kind for one in told[SUPPLIER, "s1"]] == [Kind.PICKUP_DAY]
    assert [one.kind for one in told[BUYER, "buyer1"]] == [Kind.DELIVERY_DAY]


def test_of_two_pickups_the_one_that_stays_is_not_spoken_of() -> None:
    problem = two_buyers()

    def twice(first: str, second: str) -> Plan:
        trips = [
            Truck("class1", [f"c1 {day}T{clock} {day}T{clock}", f"b1 {day}T12:00 {day}T12:00"]) for day, clock in ((7, first), (8, second))
        ]
        return build_plan(problem, trips, [Load("lot1", "line1", 300, (0,)), Load("lot1", "line1", 500, (1,))])

    [change] = differences(problem, twice("05:00", "06:00"), twice("05:00", "06:30"))
    assert sentence(problem, change, "en") == "Pick-up at Kép on 8 Jun 2027 moves 06:00 → 06:30 (lot lot1)."


def test_carriers_have_days_and_no_clock() -> None:
    problem = build_problem(vehicles=[{}], lanes=[{"vnd_per_kg": 500}])
    one, other = (
        build_plan(problem, [Carrier(400_000)], [Load("lot1", "line1", 800, (0,), days=days)])
        for days in ((JUNE_7, JUNE_7), (JUNE_7, JUNE_7 + 1))
    )
    [change] = differences(problem, one, other)
    assert (change.kind, change.before, change.after) == (Kind.DELIVERY_DAY, JUNE_7, JUNE_7 + 1)
    truck = build_plan(problem, [Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T09:00 7T09:00"])], [Load("lot1", "line1", 800, (0,))])
    assert differences(problem, one, truck) == [], "on the same days, and nobody has been told a time before"


@pytest.mark.parametrize("lanes_left", [[], [{"from_site": "c2", "to_site": "b1", "vnd_per_kg": 400}]], ids=["no lane", "another lane"])
def test_a_carrier_that_has_given_up_its_lane_is_planned_without(lanes_left: list[dict[str, Any]]) -> None:
    tables: dict[str, Any] = {
        "sites": [{"site_id": "c1"}, {"site_id": "c2", "lat": 21.2}, {"site_id": "b1", "kind": "buyer", "lat": 20.9}],
        "lots": [{"quantity_kg": 400}, {"quantity_kg": 300}],
        "vehicles": [{}],
    }
    served = build_problem(**tables, lanes=[{"from_site": "c1", "to_site": "b1", "vnd_per_kg": 500}])
    loads = [Load(lot, "line1", kg, days=(JUNE_7, JUNE_7)) for lot, kg in (("lot1", 400), ("lot2", 300))]
    before = build_plan(served, [Carrier(350_000)], loads)
    now = build_problem(**tables, lanes=lanes_left, decisions=[{"lot_id": "lot1", "line_id": "line1"}])
    again = replan(now, before, stability=Stability(frozen_until_day=JUNE_7 + 1), iterations=50)
    again.verdict.require()
    assert kg_on_pairs(now, again.plan, np.array([0])).tolist() == [0]


def test_what_happens_at_a_hub_is_nobodys_delivery() -> None:
    sites = [
        {"site_id": "c1"},
        {"site_id": "h1", "kind": "hub", "lat": 21.2, "lon": 106.0},
        {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85},
    ]
    problem = build_problem(sites=sites)

    def through(hub: str) -> Plan:
        trips = [
            Truck("class1", ["c1 7T05:00 7T05:00", f"h1 7T{hub} 7T{hub}"]),
            Truck("class1", ["h1 7T12:00 7T12:00", "b1 7T15:00 7T15:00"]),
        ]
        return build_plan(problem, trips, [Load("lot1", "line1", 800, (0, 1), "h1")])

    assert differences(problem, through("08:00"), through("09:00")) == []


def loaded(problem: Problem, *loads: tuple[str, int]) -> Plan:
    """A plan that brings lots to the first line, each on a truck of its own."""
    trips = [Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T09:00 7T09:00"])] * len(loads)
    return build_plan(problem, trips, [Load(lot, "line1", kg, (n,)) for n, (lot, kg) in enumerate(loads)])


def test_room_for_a_pin_is_made_by_the_least_gainful_loads_and_by_no_more_than_is_needed() -> None:
    lots = [{"quantity_kg": 400}, {"quantity_kg": 400, "ask_vnd_per_kg": 15_000}, {"quantity_kg": 400}]
    problem = build_problem(lots=lots)
    before = loaded(problem, ("lot1", 400), ("lot2", 400))
    roomy = make_room(decided(problem, (2, 0, PIN, 100)), before, empty_plan())
    assert dict(zip(problem.lots.id[roomy.allocations.lot], roomy.allocations.kg.tolist())) == {"lot1": 400, "lot2": 300}
    roomy = make_room(decided(problem, (2, 0, PIN, 400)), before, empty_plan())
    assert problem.lots.id[roomy.allocations.lot].tolist() == ["lot1"]
    least = problem.replace(lines=problem.lines.replace(min_supplier_kg=np.array([401])))
    assert len(make_room(decided(least, (2, 0, PIN, 100)), before, empty_plan()).allocations.lot) == 0


def test_where_one_supplier_would_be_one_too_many_the_smallest_makes_room() -> None:
    lots = [{"quantity_kg": 300}, {"quantity_kg": 200, "supplier_id": "s2"}, {"quantity_kg": 100, "supplier_id": "s3"}]
    problem = build_problem(lots=lots, demands=[{"max_suppliers": 2}])
    before = loaded(problem, ("lot1", 300), ("lot2", 200))
    roomy = make_room(decided(problem, (2, 0, PIN, 100)), before, empty_plan())
    assert problem.lots.id[roomy.allocations.lot].tolist() == ["lot1"]
    more = problem.replace(lines=problem.lines.replace(max_suppliers=np.array([3])))
    assert len(make_room(decided(more, (2, 0, PIN, 100)), before, empty_plan()).allocations.lot) == 2


def test_a_movement_through_a_hub_makes_room_for_a_pin_unless_it_is_frozen() -> None:
    buyer = {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85}
    problem = build_problem(
        sites=[{"site_id": "c1"}, {"site_id": "h1", "kind": "hub", "lat": 21.2, "lon": 106.0}, buyer],
        demands=[{"quantity_kg": 1000}, {"quantity_kg": 1000}],
    )
    trips = [Truck("class1", ["c1 7T05:00 7T05:00", "h1 7T08:00 7T08:00"]), Truck("class1", ["h1 7T12:00 7T12:00", "b1 7T15:00 7T15:00"])]
    before = build_plan(problem, trips, [Load("lot1", "line1", 1000, (0, 1), "h1")])
    assert verify(problem, before).ok
    pinned = decided(problem, (0, 1, PIN, 400))
    again = replan(pinned, before, iterations=200, cores=1)
    assert again.verdict.ok
    assert unmet_pins_kg(pinned, again.plan) == 0
    frozen = replan(pinned, before, stability=Stability(JUNE_7 + 1), iterations=200, cores=1)
    assert (unmet_pins(pinned, frozen.plan).tolist(), frozen.kept_trips) == ([0], 2)


def test_a_ban_that_leaves_a_hubs_line_below_its_minimum_lets_the_movement_go_and_not_the_whole_plan() -> None:
    """Half of the line comes through the hub; without the banned other half it would be short, but a third lot could step in."""
    buyer = {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85}
    problem = build_problem(
        sites=[{"site_id": "c1"}, {"site_id": "h1", "kind": "hub", "lat": 21.2, "lon": 106.0}, buyer],
        lots=[{"quantity_kg": 500}, {"quantity_kg": 500}, {"quantity_kg": 500}, {"quantity_kg": 800}],
        demands=[{"quantity_kg": 1000, "min_fill_kg": 900}, {}],
    )
    direct = ["c1 7T05:00 7T05:00", "b1 7T09:00 7T09:00"]
    trips = [Truck("class1", ["c1 7T05:00 7T05:00", "h1 7T08:00 7T08:00"]), Truck("class1", ["h1 7T12:00 7T12:00", "b1 7T15:00 7T15:00"])]
    loads = [Load("lot1", "line1", 500, (0, 1), "h1"), Load("lot2", "line1", 500, (2,)), Load("lot4", "line2", 800, (3,))]
    before = build_plan(problem, [*trips, Truck("class1", direct), Truck("class1", direct)], loads)
    assert verify(problem, before).ok
    again = replan(decided(problem, (1, 0, FORBID, 0)), before, iterations=300, cores=1)
    assert again.verdict.ok
    assert np.bincount(again.plan.allocations.line, again.plan.allocations.kg).tolist() == [1000, 800]


def through_a_hub(lots: Sequence[dict[str, Any]], kg: tuple[int, int]) -> tuple[Problem, Plan]:
    """Two lots, from a place of their own each, on one truck to a hub and on another one on to the buyer."""
    buyer = {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85}
    problem = build_problem(
        sites=[{"site_id": "c1"}, {"site_id": "c2", "lat": 21.31}, {"site_id": "h1", "kind": "hub", "lat": 21.2, "lon": 106.0}, buyer],
        lots=list(lots),
        demands=[{"quantity_kg": 1000}],
    )
    first = ["c2 7T05:00 7T05:20", "c1 7T06:00 7T06:20", "h1 7T08:00 7T08:30"]
    trips = [Truck("class1", first), Truck("class1", ["h1 7T12:00 7T12:30", "b1 7T15:00 7T15:30"])]
    plan = build_plan(problem, trips, [Load(f"lot{n + 1}", "line1", mass, (0, 1), "h1") for n, mass in enumerate(kg)])
    assert verify(problem, plan).ok
    return problem, plan


def test_a_ban_takes_its_own_load_off_a_movement_through_a_hub_and_lets_the_others_ride() -> None:
    """The banned goods come from a place of their own: its stop goes, and the rest stays to the minute."""
    problem, before = through_a_hub(({"quantity_kg": 400}, {"site_id": "c2", "quantity_kg": 300}), (400, 300))
    banned = decided(problem, (1, 0, FORBID, 0))
    again = replan(banned, before, stability=Stability(JUNE_7 + 1), iterations=50, cores=1)
    assert again.verdict.ok
    assert again.plan.allocations.kg.tolist() == [400]
    assert stop_table(again.plan, JUNE_7 + 1) == [row for row in stop_table(before, JUNE_7 + 1) if problem.sites.id[row[1]] != "c2"]
    assert again.plan.trips.km.sum() < before.trips.km.sum()


def test_a_ban_leaves_too_little_of_a_lot_beside_goods_for_a_hub_and_only_that_goes() -> None:
    """Of the second lot 50 kg ride with the first one's, on to a buyer beyond the hub; without the banned 350 kg they are too few."""
    buyers = [{"site_id": "b1", "kind": "buyer", "lat": 21.03}, {"site_id": "b2", "kind": "buyer", "lat": 21.05}]
    problem = build_problem(
        sites=[{"site_id": "c1"}, {"site_id": "h1", "kind": "hub", "lat": 21.2, "lon": 106.0}, *buyers],
        lots=[{"quantity_kg": 500}, {"quantity_kg": 400, "min_take_kg": 300}],
        demands=[{"quantity_kg": 1000}, {"site_id": "b2", "quantity_kg": 50}],
    )
    onward = Truck("class1", ["h1 7T12:00 7T12:30", "b1 7T15:00 7T15:30"])
    trips = [Truck("class1", ["c1 7T05:00 7T05:20", "h1 7T08:00 7T08:30", "b2 7T11:00 7T11:30"]), onward]
    trips += [Truck("class1", ["c1 7T05:00 7T05:20", "b1 7T09:00 7T09:30"])]
    loads = [Load("lot1", "line1", 500, (0, 1), "h1"), Load("lot2", "line2", 50, (0,)), Load("lot2", "line1", 350, (2,))]
    before = build_plan(problem, trips, loads)
    assert verify(problem, before).ok
    banned = decided(problem, (1, 0, FORBID, 0))
    left = without_banned(banned, before)
    assert verify(banned, left).ok
    assert (left.allocations.lot.tolist(), left.allocations.kg.tolist()) == ([0], [500])
    assert len(left.stops.site) == 4
    again = replan(banned, before, stability=Stability(JUNE_7 + 1), iterations=50, cores=1)
    assert stop_table(again.plan, JUNE_7 + 1) == stop_table(left, JUNE_7 + 1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 300))
def test_without_its_banned_loads_a_plan_keeps_every_rule_but_minimums(seed: int) -> None:
    problem = random_problem(seed, 25, FREE)
    before, rng = improved(problem, 1), np.random.default_rng(seed)
    a = before.allocations
    rows = [(int(a.lot[row]), int(a.line[row]), FORBID, 0) for row in np.flatnonzero(rng.random(len(a.lot)) < 0.3)]
    banned = decided(problem, *rows)
    left = without_banned(banned, before)
    assert {breach.rule for breach in verify(banned, left).violations} <= MINIMUMS - {"decisions"}
    pairs = np.array([lot * problem.n_lines + line for lot, line, _, _ in rows])
    assert kg_on_pairs(banned, left, pairs).sum() == 0
    direct = ~np.isin(a.lot * problem.n_lines + a.line, pairs) & ~allocations_on(before, hub_trips(before))
    assert left.allocations.kg.sum() >= a.kg[direct].sum()


def test_a_ban_is_no_pin_that_is_missed() -> None:
    problem = two_buyers()
    assert unmet_pins_kg(decided(problem, (0, 0, FORBID, 500)), empty_plan()) == 0
    assert unmet_pins_kg(decided(problem, (0, 0, PIN, 500), (0, 1, PIN, 0)), delivered(problem, "7T05:00", ("line1", 200))) == 300


def test_a_trip_to_a_place_that_is_gone_is_not_carried_over() -> None:
    problem = two_buyers()
    before = delivered(problem, "7T05:00", ("line1", 500), ("line2", 300))
    after = build_problem(demands=[{}], vehicles=[{"payload_kg": 1000}])
    carried = carry_over(problem, before, after)
    assert (carried.allocations.kg.tolist(), len(carried.trips.vehicle)) == ([500], 1)
    other = build_problem(demands=[{}], vehicles=[{"class_id": "class9"}])
    assert len(carry_over(problem, before, other).trips.vehicle) == 0


@pytest.mark.parametrize(
    ("before", "after", "kind"), [(800, 0, Kind.DROPPED), (0, 800, Kind.ADDED), (800, 700, Kind.LESS), (700, 800, Kind.MORE)]
)
def test_goods_that_come_go_fall_or_rise(before: int, after: int, kind: Kind) -> None:
    problem = two_buyers()
    plans = [delivered(problem, "7T05:00", *([("line1", kg)] if kg else [])) for kg in (before, after)]
    [change] = differences(problem, *plans)
    assert (change.kind, change.before, change.after) == (kind, before, after)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_changes_account_for_every_kilogram_and_every_party_hears_once(one: int, other: int) -> None:
    problem = random_problem(one, 20, FREE - {"hubs"})
    before = improved(problem, 1)
    after = replan(problem, before, iterations=200, seed=other, cores=1).plan
    changes = differences(problem, before, after)
    lost = sum(change.before if change.kind is Kind.MOVED else change.before - change.after for change in changes if change.kind in LOSING)
    assert lost == lost_kg(problem, after, *kg_by_pair(problem, before))
    assert (differences(problem, before, before), differences(problem, after, after)) == ([], [])
    for (side, name), own in notices(problem, changes).items():
        assert own
        if side == SUPPLIER:
            assert {problem.supplier_ids[problem.lots.supplier[change.lot]] for change in own} == {name}
        else:
            assert all(name in {problem.buyer_ids[problem.lines.buyer[line]] for line in change.lines()} for change in own)


LOSING = {Kind.MOVED, Kind.DROPPED, Kind.LESS}


def test_every_kind_of_change_has_its_words_in_both_languages() -> None:
    for kind in Kind:
        vietnamese, english = texts.known()[f"change.{kind.value}"]
        assert vietnamese != english


def test_a_text_cannot_be_taken_over_or_lack_a_place() -> None:
    with pytest.raises(ValueError, match="has other words already"):
        texts.register({"change.none": ("Khác", "Other")})
    with pytest.raises(ValueError, match="other places in Vietnamese"):
        texts.register({"test.odd": ("{a}", "{b}")})


def test_figures_are_written_as_each_language_does() -> None:
    assert texts.written("x_kg", 1234, "vi") == "1.234 kg"
    assert texts.written("x_vnd", 1234567, "en") == "1,234,567 đ"
    assert texts.written("x_pct", 12.34, "vi") == "12,3%"
    assert texts.moment(20_000 * MINUTES_PER_DAY + 270, "vi") == "04:30 04/10/2024"


def test_changes_are_written_as_dates_and_instants_and_not_as_numbers_of_them() -> None:
    problem = two_buyers()
    early, late = delivered(problem, "7T05:00", ("line1", 800)), delivered(problem, "7T05:30", ("line1", 800))
    moved = [as_json(problem, change, "+07:00") for change in differences(problem, early, late)]
    pickup = next(one for one in moved if one["kind"] == Kind.PICKUP_TIME.value)
    assert (pickup["before_at"], pickup["after_at"]) == ("2027-06-07T05:00+07:00", "2027-06-07T05:30+07:00")
    assert pickup["before_kg"] is pickup["after_on"] is None
    days = [as_json(problem, one) for one in differences(problem, early, delivered(problem, "8T05:00", ("line1", 800)))]
    assert {(one["before_on"], one["after_on"]) for one in days} == {("2027-06-07", "2027-06-08")}
