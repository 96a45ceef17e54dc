"""Whole trips listed without their clock: never tighter than those listed on it, and above every plan."""

from __future__ import annotations

import math

import numpy as np
import pytest

from matching.bounds.ways import find_ways
from matching.bounds.whole_trips import patterns as patterns_module
from matching.bounds.whole_trips import whole_trip_bounds
from matching.bounds.whole_trips.patterns import Listed, dominated_classes, list_all
from matching.bounds.whole_trips.stage import make_stage
from matching.model.problem import DEPOT, HUB, Problem
from tests.matching.builders import build_problem
from tests.matching.tiny import RandomPlan, tiny_problem

Sets = dict[tuple[int, int, frozenset[int], frozenset[int]], tuple[float, float]]


def hubless(seed: int) -> Problem:
    problem = tiny_problem(seed)
    return problem.replace(sites=problem.sites.replace(kind=np.where(problem.sites.kind == HUB, DEPOT, problem.sites.kind)))


def sets_of(listed: list[Listed]) -> Sets:
    """Km and kilograms of each set by class, start day and calls."""
    made: Sets = {}
    for part in listed:
        for row, (n_loads, n_drops) in enumerate(part.sheet.size.tolist()):
            call = part.sheet.call[row].tolist()
            key = (part.vehicle, part.scene.start_day, frozenset(call[:n_loads]), frozenset(call[n_loads : n_loads + n_drops]))
            made[key] = float(part.sheet.km[row]), float(part.sheet.most_kg[row])
    return made


def listings(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> tuple[Sets, Sets]:
    stage = make_stage(problem, find_ways(problem))
    ordered = list_all(stage, lambda: True)
    monkeypatch.setattr(patterns_module, "MOST_ORDERED_STOPS", 0)
    free = list_all(stage, lambda: True)
    assert ordered is not None
    assert free is not None
    return sets_of(ordered), sets_of(free)


@pytest.mark.parametrize("seed", range(200, 212))
def test_every_set_on_the_clock_is_listed_without_it_and_is_no_longer_and_no_smaller(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered, free = listings(hubless(seed), monkeypatch)
    for key, (km, kg) in ordered.items():
        assert free[key][0] <= km + 1e-6
        assert free[key][1] >= kg - 1e-6


def test_where_the_clock_does_not_bind_both_listings_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    sites = [{"site_id": f"c{k}", "lat": 21 + 0.1 * k} for k in range(3)] + [
        {"site_id": f"b{k}", "kind": "buyer", "lat": 21.5, "lon": 106 + 0.1 * k} for k in range(2)
    ]
    lots = [{"site_id": f"c{k}", "available_until": "2027-06-07"} for k in range(3)]
    lines = [{"site_id": f"b{k}", "deliver_until": "2027-06-07"} for k in range(2)]
    problem = build_problem(sites=sites, lots=lots, demands=lines, vehicles=[{"max_hours": 24}])
    ordered, free = listings(problem, monkeypatch)
    assert ordered.keys() == free.keys()
    assert [km for km, _ in ordered.values()] == pytest.approx([free[key][0] for key in ordered])


@pytest.mark.parametrize("seed", range(200, 210))
def test_no_random_plan_is_above_the_bound_without_the_clock(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = hubless(seed)
    found = RandomPlan(problem, seed, rounds=15, max_trips=4).best
    monkeypatch.setattr(patterns_module, "MOST_ORDERED_STOPS", 0)
    bounds = list(whole_trip_bounds(problem, lambda: math.inf, lambda: -(10**12), most_nodes=6))
    assert found is None or not bounds or found[0] <= min(bounds) + 1


def test_a_dearer_class_of_the_same_size_is_not_listed_beside_one_that_can_do_all_it_can() -> None:
    cheap, dear = {"fixed_vnd": 100_000}, {"fixed_vnd": 200_000, "refrigerated": "yes"}
    warm = build_problem(vehicles=[cheap, dear])
    assert dominated_classes(warm).tolist() == [False, True]
    assert dominated_classes(build_problem(vehicles=[cheap, dear], lots=[{"cold": "yes"}])).tolist() == [False, False]
    assert dominated_classes(build_problem(vehicles=[{**cheap, "count_per_day": 3}, dear])).tolist() == [False, False]
    assert dominated_classes(build_problem(vehicles=[cheap, cheap])).tolist() == [True, False]
