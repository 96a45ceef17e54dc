"""Two trucks that meet at a hub: what the clock leaves of them, case by case and against trying everything."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from matching.bounds.ways import THROUGH_HUB, find_ways, opening_share
from matching.model.problem import HUB, Problem
from matching.network.distance import distances, kilometres
from matching.network.hub_transfers import into_hubs, out_of_hubs, relay_rates
from matching.network.reach import Reach, reach
from tests.matching.builders import Row, build_problem
from tests.matching.random_problems import FEATURES, random_problem

FARM: Row = {
    "site_id": "farm",
    "kind": "cooperative",
    "lat": 21.0,
    "lon": 106.0,
    "open_from": "04:00",
    "open_until": "12:00",
    "stop_minutes": 30,
}
HUB_SITE: Row = {"site_id": "hub", "kind": "hub", "lat": 21.0 + 30 / 111.19, "lon": 106.0, "stop_minutes": 30}
GOODS: dict[str, Any] = {"lots": [{"site_id": "farm"}], "demands": [{"site_id": "shop"}], "settings": {"detour_factor": 1.0}}
SHOP: Row = {"site_id": "shop", "kind": "buyer", "lat": 21.0 + 60 / 111.19, "lon": 106.0, "open_from": "03:00", "stop_minutes": 30}


def rate(most_days: int, *vehicles: Row, **shop: object) -> float:
    """Rate from the farm over a hub 30 km away to a shop 30 km further on, at 60 km/h."""
    pace: list[Row] = [{"kmh": 60, **vehicle} for vehicle in vehicles or ({},)]
    problem = build_problem(sites=[FARM, HUB_SITE, {**SHOP, **shop}], vehicles=pace, **GOODS)
    return found(problem, np.array([0]), np.array([2]), np.array([most_days]))[0]


def found(problem: Problem, a: np.ndarray, b: np.ndarray, most_days: np.ndarray, cold: np.ndarray | None = None) -> list[float]:
    by, spans, hubs = reach(problem), distances(problem), np.flatnonzero(problem.sites.kind == HUB)
    into, out = into_hubs(by, spans, hubs, np.zeros(len(hubs))), out_of_hubs(by, spans, hubs)
    chill = np.zeros(len(a), dtype=np.int64) if cold is None else cold
    return [float(one) for one in relay_rates(by, into, out, a, b, chill, most_days)]


def test_goods_loaded_at_the_first_hour_have_to_be_there_before_the_shop_closes() -> None:
    """04:00 and half an hour at the farm, 30 minutes' drive, an hour at the hub, 30 minutes' drive: 06:30, and half an hour to unload."""
    assert np.isfinite(rate(0, open_until="07:01"))
    assert np.isinf(rate(0, open_until="06:55"))


def test_goods_may_wait_at_the_hub_until_the_next_day() -> None:
    assert np.isfinite(rate(1, open_until="06:55"))


def test_each_truck_keeps_a_shift_of_its_own() -> None:
    """Each half takes an hour and a half; both together, three."""
    assert np.isfinite(rate(0, {"max_hours": 1.6}, open_until="20:00"))
    assert np.isinf(rate(0, {"max_hours": 1.4}, open_until="20:00"))


def test_a_slow_truck_is_left_where_there_is_no_time_for_it() -> None:
    slow = {"class_id": "slow", "kmh": 20, "fixed_vnd": 1}
    fast = {"class_id": "fast", "kmh": 60, "fixed_vnd": 500_000}
    hurried, leisured = (rate(days, slow, fast, open_until="07:01") for days in (0, 1))
    assert hurried == rate(0, fast, open_until="07:01")
    assert leisured < hurried


def test_goods_that_need_cold_ride_cold_all_the_way() -> None:
    warm, cold = {"class_id": "warm", "fixed_vnd": 1}, {"class_id": "cold", "refrigerated": "yes"}
    problem = build_problem(sites=[FARM, HUB_SITE, SHOP], vehicles=[warm, cold], **GOODS)
    where = (np.array([0, 0]), np.array([2, 2]), np.array([1, 1]))
    either, chilled = found(problem, *where, np.array([0, 1]))
    alone = build_problem(sites=[FARM, HUB_SITE, SHOP], vehicles=[cold], **GOODS)
    assert either < chilled == found(alone, *where)[1]


def every_way(problem: Problem, by: Reach, a: int, b: int, cold: bool, most_days: int) -> float:
    """Try every hub, every two classes, and every stretch in which stops may begin, as the text of the module has it."""
    spans, best = distances(problem), np.inf

    def km(x: int, y: int) -> float:
        return float(kilometres(spans, np.array([x]), np.array([y]))[0])

    classes = [c for c in range(problem.n_classes) if by.cold[c] or not cold]
    for hub in np.flatnonzero(problem.sites.kind == HUB).tolist():
        extra = float(problem.sites.handling_vnd_per_kg[hub] + opening_share(problem)[hub])
        for c, d in product(classes, classes):
            first = by.lasts[a] + km(a, hub) * by.min_per_km[c] + by.lasts[hub]
            second = by.lasts[hub] + km(hub, b) * by.min_per_km[d]
            open_at = [[tuple(s) for s in by.begins[site, v] if s[0] <= s[1]] for site, v in ((a, c), (hub, c), (hub, d), (b, d))]
            if hub in (a, b) or not all(open_at) or first > by.shift_min[c] or second + by.lasts[b] > by.shift_min[d]:
                continue
            if any(s[0] + first + second <= t[1] + 1440 * most_days for s, t in product(open_at[0], open_at[3])):
                best = min(best, full(by, c, km(a, hub)) + extra + full(by, d, km(hub, b)))
    return best


def full(by: Reach, vehicle: int, km: float) -> float:
    """Rate of a full truck of one class, đồng per kg."""
    pieces = range(int(by.start[vehicle]), int(by.start[vehicle + 1]))
    piece = max(p for p in pieces if by.from_km[p] <= km or p == pieces[0])
    return float(by.base[piece] + by.slope[piece] * km)


@pytest.mark.parametrize("seed", range(12))
def test_ways_through_hubs_are_those_that_trying_everything_finds(seed: int) -> None:
    problem = random_problem(seed, 10, frozenset(FEATURES))
    ways, by = find_ways(problem), reach(problem, fixed_shift_vnd=-0.5)
    through = ways.take(ways.kind == THROUGH_HUB)
    for lot, line, rate_vnd in zip(through.lot.tolist(), through.line.tolist(), through.rate_vnd_per_kg.tolist()):
        span = problem.horizon_until_day - problem.horizon_from_day
        start, end, cold = int(problem.lots.site[lot]), int(problem.lines.site[line]), bool(problem.lots.cold[lot])
        assert every_way(problem, by, start, end, cold, span) <= rate_vnd + 1e-6
        assert min(every_way(problem, by, start, end, cold, days) - rate_vnd for days in range(span + 1)) <= 1e-6


def test_random_problems_have_goods_through_hubs() -> None:
    assert sum(int((find_ways(random_problem(seed, 10, frozenset(FEATURES))).kind == THROUGH_HUB).sum()) for seed in range(12)) > 20
