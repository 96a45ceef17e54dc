"""Long tours put together anew: known best tours from bad ones, every rule kept, and nothing touched that is not a long tour."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from matching.model.plan import Plan
from matching.model.problem import NO_BASE, Problem
from matching.network.geography import road_km, tariff_vnd
from matching.search.long_tours import reroute, tours_allowed, tours_share
from matching.search.long_tours.clock import TourClock
from matching.solver import Limits, SolveParams, solve
from matching.verify import verify
from tests.matching.builders import build_problem
from tests.matching.plans import Load, Truck, build_plan, june

SIDES = {"north": (0.5, 0.0), "east": (0.0, 0.5), "south": (-0.5, 0.0), "west": (0.0, -0.5)}
RECEIVER = {"site_id": "b1", "kind": "buyer", "lat": 21.0, "lon": 105.8}
BASED: dict[str, Any] = {"payload_kg": 3000, "base_site": "b1", "max_stops": 30, "max_hours": 24, "vnd_per_km": 10000, "kmh": 60}
ITERATIONS = 300


def _places(**more: Any) -> list[dict[str, Any]]:
    """Three cooperatives on each side of the receiver; only three lots fit a truck, so a truck for each side is best."""
    return [
        {"site_id": f"{side}{n}", "lat": 21.0 + north * (1 + 0.1 * n), "lon": 105.8 + east * (1 + 0.1 * n) + 0.01 * n, **more}
        for side, (north, east) in SIDES.items()
        for n in range(3)
    ]


def _problem(*, lot: dict[str, Any] | None = None, site: dict[str, Any] | None = None, **tables: Any) -> Problem:
    places = _places(**(site or {}))
    lots = [{"site_id": p["site_id"], "supplier_id": p["site_id"], "ask_vnd_per_kg": 0, **(lot or {"indivisible": "yes"})} for p in places]
    demand = {"quantity_kg": 12000, "bid_vnd_per_kg": 100000}
    return build_problem(**{"sites": [RECEIVER, *places], "lots": lots, "demands": [demand], "vehicles": [BASED], **tables})


def _mixed_plan(problem: Problem, vehicle: str = "class1") -> Plan:
    """Trips that each go to three sides of the receiver, which could hardly be longer."""
    sites = [str(problem.sites.id[s]) for s in problem.lots.site]
    tours = [[(side + turn) % 4 * 3 + side for side in range(3)] for turn in range(4)]
    trucks = [Truck(vehicle, [*_at(sites[lot] for lot in tour), "b1 7T20:00 7T20:30"]) for tour in tours]
    loads = [Load(f"lot{lot + 1}", "line1", 1000, (trip,)) for trip, tour in enumerate(tours) for lot in tour]
    return build_plan(problem, trucks, loads)


def _at(sites: Any) -> list[str]:
    return [f"{site} 7T{6 + 4 * n:02d}:00 7T{6 + 4 * n:02d}:30" for n, site in enumerate(sites)]


def _best_cost(problem: Problem) -> int:
    """Cost of one truck for each side, each in its best order."""
    base = list(problem.sites.id).index("b1")
    sides = np.array(problem.lots.site).reshape(4, 3)
    cost = 0
    for side in sides:
        km = min(_km(problem, [base, *order, base]) for order in permutations(side.tolist()))
        cost += round(float(problem.vehicles.fixed_vnd[0]) + float(tariff_vnd(problem, 0, np.array(km))))
    return cost


def _km(problem: Problem, path: list[int]) -> float:
    return float(road_km(problem, np.array(path[:-1]), np.array(path[1:])).sum())


def _sold(plan: Plan) -> Counter[tuple[int, ...]]:
    """Kilograms of each lot to each line by their days."""
    a, sold = plan.allocations, Counter[tuple[int, ...]]()
    for lot, line, kg, picked, delivered in zip(a.lot, a.line, a.kg, a.pickup_day, a.delivery_day):
        sold[int(lot), int(line), int(picked), int(delivered)] += int(kg)
    return sold


def _worth(problem: Problem, plan: Plan) -> int:
    return verify(problem, plan).require().objective_vnd


def test_bad_tours_become_the_known_best_ones() -> None:
    problem = _problem()
    given = _mixed_plan(problem)
    better = reroute(problem, given, iterations=ITERATIONS)
    assert int(given.trips.cost_vnd.sum()) > 1.5 * _best_cost(problem)
    assert int(better.trips.cost_vnd.sum()) == _best_cost(problem)
    assert _sold(better) == _sold(given)
    assert _worth(problem, better) > _worth(problem, given)


def test_hired_trucks_are_routed_from_their_first_stop_to_the_receiver() -> None:
    problem = _problem(vehicles=[{**BASED, "base_site": "", "vnd_per_km": "0:20000;100:9000"}])
    better = reroute(problem, _mixed_plan(problem), iterations=ITERATIONS)
    assert problem.vehicles.base_site[0] == NO_BASE
    assert len(better.trips.vehicle) == 4
    for trip in range(4):
        sites = [str(problem.sites.id[s]) for s in better.stops.site[better.stops.trip == trip]]
        assert len({site.rstrip("012") for site in sites[:-1]}) == 1
        assert [site[-1] for site in sites[:-1]] == ["2", "1", "0"]
    assert verify(problem, better).ok


def test_every_rule_holds_where_hours_doors_classes_and_shifts_bind() -> None:
    problem = _problem(
        site={"open_from": "06:00", "open_until": "19:00", "stop_minutes": 20, "minutes_per_tonne": 10, "zone": "inner"},
        vehicles=[{**BASED, "max_hours": 15}, {**BASED, "payload_kg": 4000, "max_hours": 6}, {**BASED, "payload_kg": 9000, "fixed_vnd": 1}],
        access=[{"min_payload_kg": 2000, "closed_from": "11:00", "closed_until": "12:00"}],
    )
    given = _mixed_plan(problem)
    better = reroute(problem, given, iterations=ITERATIONS)
    assert verify(problem, given).ok
    assert verify(problem, better).violations == ()
    assert _worth(problem, better) > _worth(problem, given)
    assert _sold(better) == _sold(given)


def test_a_door_keeps_the_large_class_out() -> None:
    sites = [RECEIVER, *({**place, "max_vehicle_kg": 3000} for place in _places())]
    problem = _problem(sites=sites, vehicles=[BASED, {**BASED, "payload_kg": 12000, "fixed_vnd": 0}])
    better = reroute(problem, _mixed_plan(problem), iterations=ITERATIONS)
    assert set(better.trips.vehicle.tolist()) == {0}
    assert int(better.trips.cost_vnd.sum()) == _best_cost(problem)


def test_no_more_trucks_start_than_there_are() -> None:
    problem = _problem(vehicles=[{**BASED, "count_per_day": 4}, {**BASED, "payload_kg": 6000, "count_per_day": 1}])
    better = reroute(problem, _mixed_plan(problem), iterations=ITERATIONS)
    assert verify(problem, better).ok
    assert np.count_nonzero(better.trips.vehicle == 1) <= 1
    assert int(better.trips.cost_vnd.sum()) < _best_cost(problem)


def test_trucks_that_are_out_elsewhere_are_not_counted_on() -> None:
    problem = _problem(
        sites=[RECEIVER, *_places(), {**RECEIVER, "site_id": "b2", "lat": 21.01}],
        demands=[{"quantity_kg": 11000, "bid_vnd_per_kg": 100000}, {"site_id": "b2", "quantity_kg": 1000, "bid_vnd_per_kg": 100000}],
        vehicles=[BASED, {**BASED, "payload_kg": 6000, "count_per_day": 1}],
    )
    sites = [str(problem.sites.id[s]) for s in problem.lots.site]
    tours = [[(side + turn) % 4 * 3 + side for side in range(3)] for turn in range(4)]
    out = tours[0].pop()
    trucks = [Truck("class1", [*_at(sites[lot] for lot in tour), "b1 7T20:00 7T20:30"]) for tour in tours]
    trucks.append(Truck("class2", [*_at([sites[out]]), "b2 7T20:00 7T20:30"]))
    loads = [Load(f"lot{lot + 1}", "line1", 1000, (trip,)) for trip, tour in enumerate(tours) for lot in tour]
    given = build_plan(problem, trucks, [*loads, Load(f"lot{out + 1}", "line2", 1000, (4,))])
    better = reroute(problem, given, iterations=ITERATIONS)
    assert np.count_nonzero(better.trips.vehicle == 1) == 1
    assert _worth(problem, better) > _worth(problem, given)


def test_divisible_goods_are_spread_over_fewer_trucks() -> None:
    problem = _problem(lot={"quantity_kg": 1000, "indivisible": "no"}, vehicles=[{**BASED, "payload_kg": 2700}])
    sites = [str(problem.sites.id[s]) for s in problem.lots.site]
    trucks = [Truck("class1", [*_at(sites[2 * n : 2 * n + 2]), "b1 7T20:00 7T20:30"]) for n in range(6)]
    given = build_plan(problem, trucks, [Load(f"lot{n + 1}", "line1", 1000, (n // 2,)) for n in range(12)])
    better = reroute(problem, given, iterations=ITERATIONS)
    assert len(better.trips.vehicle) == 5
    assert _sold(better) == _sold(given)
    assert _worth(problem, better) > _worth(problem, given)


def test_trips_to_several_receivers_stay_as_they_are() -> None:
    problem = _problem(
        sites=[RECEIVER, {**RECEIVER, "site_id": "b2", "lat": 21.01}, *_places()],
        demands=[{"quantity_kg": 12000, "bid_vnd_per_kg": 100000}, {"site_id": "b2", "quantity_kg": 12000, "bid_vnd_per_kg": 100000}],
    )
    sites = [str(problem.sites.id[s]) for s in problem.lots.site]
    tours = [[(side + turn) % 4 * 3 + side for side in range(3)] for turn in range(4)]
    trucks = [Truck("class1", [*_at(sites[lot] for lot in tour), "b1 7T20:00 7T20:30", "b2 7T21:00 7T21:30"]) for tour in tours]
    loads = [Load(f"lot{lot + 1}", f"line{1 + (n == 0)}", 1000, (trip,)) for trip, tour in enumerate(tours) for n, lot in enumerate(tour)]
    given = build_plan(problem, trucks, loads)
    assert verify(problem, given).ok
    assert reroute(problem, given, iterations=ITERATIONS) is given
    assert tours_share(problem, given) == 0


def test_classes_of_few_stops_are_left_alone() -> None:
    problem = _problem(vehicles=[{**BASED, "max_stops": 6}])
    given = _mixed_plan(problem)
    assert not tours_allowed(problem)
    assert reroute(problem, given, iterations=ITERATIONS) is given


def test_a_stopped_run_keeps_the_plan() -> None:
    problem = _problem()
    given = _mixed_plan(problem)
    assert reroute(problem, given, should_stop=lambda: True) is given


def test_time_ends_a_run_that_has_no_other_limit() -> None:
    problem = _problem()
    given = _mixed_plan(problem)
    assert _worth(problem, reroute(problem, given, seconds=0.0)) >= _worth(problem, given)


def test_the_same_seed_gives_the_same_tours_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    problem = _problem(lot={"indivisible": "no"})
    one, other = (reroute(problem, _mixed_plan(problem), iterations=ITERATIONS, seed=3) for _ in range(2))
    for table in ("allocations", "legs", "trips", "stops"):
        for column in vars(getattr(one, table)):
            assert np.array_equal(getattr(getattr(one, table), column), getattr(getattr(other, table), column))
    assert capfd.readouterr() == ("", "")


def test_best_tours_stay_as_they_are() -> None:
    problem = _problem()
    best = reroute(problem, _mixed_plan(problem), iterations=ITERATIONS)
    assert reroute(problem, best, iterations=ITERATIONS, seed=1) is best


def test_a_tour_waits_for_the_site_to_open_and_starts_as_late_as_it_can() -> None:
    problem = _problem(sites=[{**RECEIVER, "open_from": "12:00"}, *_places(open_from="08:00")])
    site = np.array([list(problem.sites.id).index(name) for name in ("north2", "north0", "b1")])
    times = TourClock(problem, june(7), june(7)).times(0, site, np.array([1000, 1000, 2000]))
    assert times is not None
    arrive = times[0] - june(7) * 1440
    assert arrive[2] == 12 * 60
    assert arrive[1] == 12 * 60 - np.ceil(_km(problem, site[1:].tolist()) - 1e-9)


def test_no_clock_fits_a_site_that_is_open_too_late() -> None:
    problem = _problem(sites=[{**RECEIVER, "open_until": "06:00"}, *_places(open_from="06:00", stop_minutes=1)])
    assert TourClock(problem, june(7), june(7)).times(0, np.array([1, 0]), np.array([1000, 1000])) is None


def test_solve_puts_long_tours_together() -> None:
    problem = _problem()
    found = solve(problem, SolveParams(Limits(None, iterations=200, cores=1)), stopwatch=lambda: 0.0)
    assert int(found.plan.trips.cost_vnd.sum()) <= _best_cost(problem)
    assert verify(problem, found.plan).ok
