"""The eligibility funnel against a naive reading of the rules, pair by pair and day by day."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.model.problem import ANY_PRODUCT, FORBID, Problem
from matching.pairs.lanes import Lanes, find_lanes
from tests.matching.builders import build_problem
from tests.matching.random_problems import random_problem

Dates = set[tuple[int, int, int, int]]


def is_admissible(problem: Problem, i: int, j: int, pickup: int, delivery: int) -> bool:
    lots, lines, held = problem.lots, problem.lines, problem.certificates
    if lots.product[i] not in lines.product[lines.product_start[j] : lines.product_start[j + 1]]:
        return False
    if lots.grade[i] > lines.max_grade[j] or not lots.from_day[i] <= pickup <= lots.until_day[i]:
        return False
    if not lines.from_day[j] <= delivery <= lines.until_day[j]:
        return False
    if pickup < problem.horizon_from_day or delivery > problem.horizon_until_day:
        return False
    harvest = pickup if lots.cut_on_pickup[i] else lots.from_day[i]
    if lots.life_days[i] - (delivery - harvest) < lines.min_life_days[j]:
        return False
    for k in range(lines.require_start[j], lines.require_start[j + 1]):
        covers = (
            (held.supplier == lots.supplier[i])
            & ((held.product == lots.product[i]) | (held.product == ANY_PRODUCT))
            & (held.scheme == lines.require_scheme[k])
            & (held.level >= lines.require_level[k])
            & (held.from_day <= pickup)
            & (delivery <= held.until_day)
        )
        if not covers.any():
            return False
    return True


def naive_dates(problem: Problem, most: int) -> Dates:
    dates = set()
    for i in range(problem.n_lots):
        for j in range(problem.n_lines):
            for pickup in range(int(problem.lots.from_day[i]), int(problem.lots.until_day[i]) + 1):
                for delivery in range(pickup, pickup + most + 1):
                    if is_admissible(problem, i, j, pickup, delivery):
                        dates.add((i, j, pickup, delivery))
    return dates


def dates_of(lanes: Lanes) -> Dates:
    dates = set()
    for k in range(len(lanes.lot)):
        for pickup in range(int(lanes.pickup_from_day[k]), int(lanes.pickup_until_day[k]) + 1):
            for delivery in range(int(lanes.deliver_from_day[k]), int(lanes.deliver_until_day[k]) + 1):
                if 0 <= delivery - pickup <= lanes.max_days[k]:
                    dates.add((int(lanes.lot[k]), int(lanes.line[k]), pickup, delivery))
    return dates


def without_forbidden(problem: Problem, dates: Dates) -> Dates:
    made = problem.decisions
    forbidden = {(int(made.lot[k]), int(made.line[k])) for k in np.flatnonzero(made.kind == FORBID)}
    return {date for date in dates if date[:2] not in forbidden}


EASY_HAULAGE = frozenset({"certificates", "decisions", "horizon", "shortage"})


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), most=st.sampled_from([0, 1, 2, 5]))
def test_boxes_cover_exactly_the_admissible_dates(seed: int, most: int) -> None:
    problem = random_problem(seed, size=8, features=EASY_HAULAGE)
    problem = problem.replace(lots=problem.lots.replace(cold=np.zeros(problem.n_lots, dtype=np.bool_)))
    lanes = find_lanes(problem, max_transit_days=most, prune_unprofitable=False)
    assert dates_of(lanes) == without_forbidden(problem, naive_dates(problem, most))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_rows_are_sorted_and_tight(seed: int) -> None:
    lanes = find_lanes(random_problem(seed, size=8), prune_unprofitable=False)
    keys = list(zip(lanes.lot.tolist(), lanes.line.tolist()))
    assert keys == sorted(keys)
    for k in range(len(lanes.lot)):
        span = range(int(lanes.pickup_from_day[k]), int(lanes.pickup_until_day[k]) + 1)
        drops = range(int(lanes.deliver_from_day[k]), int(lanes.deliver_until_day[k]) + 1)
        assert all(any(0 <= d - p <= lanes.max_days[k] for d in drops) for p in span)
        assert all(any(0 <= d - p <= lanes.max_days[k] for p in span) for d in drops)


def test_a_certificate_renewed_without_overlap_gives_two_boxes() -> None:
    problem = build_problem(
        lots=[{"available_from": "2027-06-07", "available_until": "2027-06-10", "shelf_life_days": 9}],
        demands=[{"requires": "VietGAP", "deliver_from": "2027-06-07", "deliver_until": "2027-06-10"}],
        certificates=[{"valid_until": "2027-06-08"}, {"valid_from": "2027-06-09"}],
    )
    lanes = find_lanes(problem)
    assert len(lanes.lot) == 2
    assert len(dates_of(lanes)) == 6


def test_a_pinned_pair_stays_though_it_does_not_pay() -> None:
    tables = {"demands": [{"bid_vnd_per_kg": 10}]}
    assert len(find_lanes(build_problem(**tables)).lot) == 0
    pinned = build_problem(**tables, decisions=[{"lot_id": "lot1", "line_id": "line1", "decision": "pin", "kg": 5}])
    assert find_lanes(pinned).margin_vnd_per_kg.tolist() == [10 - 10000]


def test_a_small_door_and_a_warm_fleet_leave_no_lane() -> None:
    small_door = [{"site_id": "c1", "max_vehicle_kg": 100}, {"site_id": "b1", "kind": "buyer"}]
    assert len(find_lanes(build_problem(sites=small_door)).lot) == 0
    assert len(find_lanes(build_problem(lots=[{"cold": "yes"}])).lot) == 0
    assert len(find_lanes(build_problem()).lot) == 1


def test_a_product_listed_twice_makes_one_lane() -> None:
    assert len(find_lanes(build_problem(demands=[{"product": "lychee;lychee"}])).lot) == 1


def test_only_the_wanted_lots_are_looked_at() -> None:
    problem = random_problem(5, size=20)
    every = find_lanes(problem)
    half = find_lanes(problem, only_lots=np.arange(0, 20, 2))
    assert half.lot.tolist() == [lot for lot in every.lot.tolist() if lot % 2 == 0]
