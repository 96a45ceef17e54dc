"""Dates that differ from a site's usual day, and harvests that are picked up on one date, through every part of the engine."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from matching.baseline import plan_by_telephone
from matching.exact import solve_exactly
from matching.model.calendar import is_closed, stretches, throughput_kg
from matching.model.plan import Plan
from matching.model.problem import AS_USUAL, NO_HARVEST, NO_LIMIT, Problem
from matching.network.carriers import find_carrier_lanes
from matching.network.opening_hours import NEVER
from matching.pairs.lanes import find_lanes
from matching.verify import verify
from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.plans import Load, Truck, broken, codes
from tests.matching.random_problems import DATED, random_problem
from tests.matching.solving import run, squeezed_problem, unproven
from tests.matching.tables import searched, set_out
from tests.matching.tiny import RandomPlan, tiny_problem

__all__ = ["unproven"]

ROAD = {"from_site": "c1", "to_site": "b1", "km": 40, "minutes": 60}
SEEDS = (101, 107, 113, 118, 123, 132)


# The rules, by hand. ---------------------------------------------------------------------------------------------------
def stop_at_buyer(arrive: str, depart: str, *calendar: dict[str, Any], **site: Any) -> set[str]:
    """Return the rules that one truck breaks whose stop at the buyer is given; the cooperative is always open."""
    given = build_problem(sites=[COOPERATIVE, {**BUYER, **site}], lanes=[ROAD], calendar=calendar)
    loaded = "7T00:00" if arrive < "7T12:00" else "7T20:00"
    return broken(given, [Truck("class1", [f"c1 {loaded} {loaded}", f"b1 {arrive} {depart}"])], [Load("lot1", "line1", 10)])


def test_a_closed_date_has_no_hours() -> None:
    closed = {"date": "2027-06-07", "closed": "yes"}
    assert stop_at_buyer("7T05:00", "7T05:30") == set()
    assert stop_at_buyer("7T05:00", "7T05:30", closed) == {"opening_hours"}
    assert stop_at_buyer("7T05:00", "7T05:30", {**closed, "date": "2027-06-08"}) == set()


def test_the_hours_of_a_date_stand_in_for_the_usual_ones() -> None:
    early = {"open_from": "03:00", "open_until": "04:00"}
    assert stop_at_buyer("7T03:00", "7T04:00", early, open_from="06:00", open_until="09:00") == set()
    assert stop_at_buyer("7T03:00", "7T04:01", early, open_from="06:00", open_until="09:00") == {"opening_hours"}
    assert stop_at_buyer("7T06:00", "7T07:00", early, open_from="06:00", open_until="09:00") == {"opening_hours"}


def test_one_end_of_the_hours_may_differ_alone() -> None:
    assert stop_at_buyer("7T06:00", "7T11:00", {"open_until": "11:00"}, open_from="06:00", open_until="09:00") == set()
    assert stop_at_buyer("7T05:59", "7T11:00", {"open_until": "11:00"}, open_from="06:00", open_until="09:00") == {"opening_hours"}


def test_windows_of_two_dates_that_touch_are_one_stretch() -> None:
    """The usual day ends at midnight, where the next begins; with another row the stop across midnight stays allowed."""
    assert stop_at_buyer("7T23:30", "8T00:30", {"throughput_kg": 500}) == set()
    assert stop_at_buyer("7T23:30", "8T00:30", {"open_until": "23:59"}) == {"opening_hours"}
    night = {"open_from": "20:00", "open_until": "02:00"}
    assert stop_at_buyer("7T23:30", "8T02:00", night, {"date": "2027-06-08", "closed": "yes"}) == set()
    assert stop_at_buyer("7T23:30", "8T02:01", night, {"date": "2027-06-08", "closed": "yes"}) == {"opening_hours"}


def test_a_dates_throughput_stands_in_for_the_usual_one() -> None:
    def moved(kg: int, **row: Any) -> set[str]:
        given = build_problem(sites=[COOPERATIVE, {**BUYER, "throughput_kg_per_day": 300}], lanes=[ROAD], calendar=[row])
        return broken(given, [Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T06:00 7T06:00"])], [Load("lot1", "line1", kg)])

    assert moved(400, throughput_kg=400) == set()
    assert moved(401, throughput_kg=400) == {"throughput"}
    assert moved(1, throughput_kg=0) == {"throughput"}
    assert moved(400) == {"throughput"}
    assert moved(400, throughput_kg=400, date="2027-06-08") == {"throughput"}


# What the solver knows of dates. --------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(6))
def test_the_solver_and_the_verifier_agree_on_when_a_dated_site_is_open(seed: int) -> None:
    problem = random_problem(seed, features=DATED)
    first, last = problem.horizon_from_day, problem.horizon_until_day
    for site in np.unique(problem.calendar.site).tolist():
        open_ = stretches(problem, site, first, last)
        assert all(end < begin for (_, end), (begin, _) in pairwise(open_))
        day = np.arange(first, last + 1)
        dated = {int(d): row for row, d in enumerate(problem.calendar.day) if problem.calendar.site[row] == site}
        limits = [int(problem.calendar.throughput_kg[dated[d]]) if d in dated else AS_USUAL for d in day.tolist()]
        usual = int(problem.sites.throughput_kg_per_day[site])
        assert throughput_kg(problem, np.array(site), day).tolist() == [usual if kg == AS_USUAL else kg for kg in limits]
        closed = [d in dated and bool(problem.calendar.closed[dated[d]]) for d in day.tolist()]
        assert is_closed(problem, np.array(site), day).tolist() == closed


def test_a_site_with_dates_is_laid_out_with_a_stretch_for_each_date() -> None:
    rows = [{"date": "2027-06-08", "closed": "yes"}, {"date": "2027-06-09", "open_from": "05:00", "open_until": "07:00"}]
    table = set_out(build_problem(calendar=rows, settings={"horizon_from": "2027-06-07", "horizon_until": "2027-06-10"}), seed=1)
    made = table.layout.stretches[table.layout.dated[1], 0]
    assert table.layout.dated[0] == -1
    assert made[made[:, 0] < NEVER].tolist() == [[-1440, 1440], [2 * 1440 + 300, 2 * 1440 + 420], [3 * 1440, 4 * 1440]]


# Plans. ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(20, 24))
def test_searches_keep_calendars_and_harvests(seed: int) -> None:
    table = set_out(squeezed_problem(seed, 14, more=DATED), seed)
    assert table.verdict(table.whole).ok
    searched(table, table.whole, seed, 400)
    verdict = table.verdict(table.whole).require()
    assert verdict.objective_vnd == table.worth_vnd(table.whole)


@pytest.mark.parametrize("seed", range(30, 32))
def test_a_coordinator_keeps_calendars_and_harvests(seed: int) -> None:
    problem = squeezed_problem(seed, 12, more=DATED)
    plan = plan_by_telephone(problem, find_lanes(problem), find_carrier_lanes(problem))
    assert codes(verify(problem, plan)) == set()


@pytest.mark.parametrize("seed", [41, 42])
def test_a_whole_run_keeps_calendars_and_harvests_and_its_bound(seed: int, unproven: None) -> None:
    result = run(squeezed_problem(seed, 10, without=frozenset(), more=DATED), iterations=600, seed=seed)
    assert result.bound_vnd is None or result.bound_vnd >= result.objective_vnd


@cache
def proven(seed: int) -> tuple[Problem, int, Plan]:
    """Return a tiny problem with dates and harvests, its best worth with at most three trips, and a plan that has it."""
    problem = tiny_problem(seed, DATED)
    return problem, *solve_exactly(problem, max_trips=3)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_verifier_accepts_the_exact_plan_and_nothing_worth_more(seed: int) -> None:
    problem, worth, plan = proven(seed)
    assert verify(problem, plan).require().objective_vnd == worth
    found = RandomPlan(problem, seed, rounds=25, max_trips=3).best
    assert found is None or found[0] <= worth


@pytest.mark.parametrize("seed", SEEDS)
def test_a_proven_bound_is_no_less_than_the_exact_best_and_the_plan_no_more(seed: int) -> None:
    problem, worth, _ = proven(seed)
    result = run(problem, iterations=300, seed=seed)
    assert result.bound_vnd is not None
    assert result.bound_vnd >= worth
    if len(result.plan.trips.vehicle) <= 3:
        assert result.objective_vnd <= worth


@pytest.mark.parametrize("seed", SEEDS[::2])
def test_letting_dates_and_harvests_go_never_lowers_the_best(seed: int) -> None:
    problem, worth, _ = proven(seed)
    free = problem.lots.replace(harvest=np.full(problem.n_lots, NO_HARVEST))
    assert solve_exactly(problem.replace(lots=free), max_trips=3)[0] >= worth
    rows = problem.calendar
    open_ = rows.replace(
        closed=np.zeros_like(rows.closed),
        open_from_min=np.zeros_like(rows.site),
        open_until_min=np.full_like(rows.site, 1440),
        throughput_kg=np.full_like(rows.site, NO_LIMIT),
    )
    assert solve_exactly(problem.replace(calendar=open_), max_trips=3)[0] >= worth


def test_tiny_problems_with_dates_and_harvests_are_worth_something_and_bound_by_them() -> None:
    worths = [(proven(seed)[1], solve_exactly(tiny_problem(seed), max_trips=3)[0]) for seed in SEEDS[:5]]
    assert any(dated > 0 for dated, _ in worths)
    assert any(dated < free for dated, free in worths)
