"""Plans made part by part, with parts of a size that a test can afford."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from matching import executors
from matching.decomposition.bundles import bundles_of_trips
from matching.decomposition.division import Cut
from matching.decomposition.planner import DecompositionPlanner, guiding_volumes
from matching.executors import Expired, Made
from matching.model.plan import Plan
from matching.model.problem import NO_LIMIT, Problem
from matching.search.plan_ops import combine_plans, empty_plan, keep_trips, worth_vnd
from matching.search.subproblem_search import surrounded
from matching.search.trips._core import Arena, State
from matching.search.trips.conversion import plan_of
from matching.search.trips.improver import make_scratch
from matching.search.trips.planner import lay_out
from matching.search.trips.state import empty_state
from matching.search.trips.warm_start import load_plan
from matching.verify import verify
from matching.volumes.relaxation import relaxation_bound
from tests.matching.random_problems import FEATURES, random_problem


class InTurn:
    """Works on one job after another, in this process."""

    n_workers = 1

    def __init__(self, most: int = 10**9) -> None:
        self.most = most

    def run(self, jobs: Iterable[executors.Job[Made]], expired: Expired) -> Iterator[tuple[int, Made]]:
        for number, job in enumerate(jobs):
            if expired() or number >= self.most:
                return
            yield number, job.work()

    def close(self) -> None:
        return


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def country() -> Problem:
    """Some 300 lots with everything but hubs' use; two trucks of one class a day in all."""
    problem = random_problem(11, 300, FEATURES - {"decisions"})
    count = problem.vehicles.count_per_day.copy()
    count[1] = 2
    return problem.replace(vehicles=problem.vehicles.replace(count_per_day=count))


def planned(
    problem: Problem, passes: int, executor: InTurn | None = None, seed: int = 5, warm_start: Plan | None = None
) -> DecompositionPlanner:
    rows = (problem.n_lots + problem.n_lines) // 4
    volumes = guiding_volumes(problem, workers=1)
    planner = DecompositionPlanner(problem, volumes, executor or InTurn(), seed=seed, rows_per_part=rows, warm_start=warm_start)
    for k in range(passes):
        planner.improve(k / passes, never)
    return planner


@pytest.fixture(scope="module")
def made(country: Problem) -> DecompositionPlanner:
    return planned(country, 3)


def test_a_plan_joined_from_parts_keeps_every_rule(country: Problem, made: DecompositionPlanner) -> None:
    verdict = verify(country, made.plan()).require()
    assert verdict.objective_vnd == made.worth_vnd
    assert len(made.plan().trips.vehicle) > 10


def test_no_lot_is_oversold_and_no_line_overfilled(country: Problem, made: DecompositionPlanner) -> None:
    a = made.plan().allocations
    assert (np.bincount(a.lot, weights=a.kg, minlength=country.n_lots) <= country.lots.kg).all()
    assert (np.bincount(a.line, weights=a.kg, minlength=country.n_lines) <= country.lines.kg).all()


def test_all_parts_together_start_no_more_trucks_than_there_are(country: Problem, made: DecompositionPlanner) -> None:
    plan = made.plan()
    first = plan.stops.seq == 1
    day = plan.stops.arrive_min[first] // 1440
    limited = plan.trips.vehicle[plan.stops.trip[first]] == 1
    assert limited.any()
    assert np.unique(day[limited], return_counts=True)[1].max() <= 2


def test_a_later_pass_never_loses_worth(country: Problem) -> None:
    worths = [planned(country, passes).worth_vnd for passes in (1, 2, 4)]
    assert worths == sorted(worths)
    assert worths[0] < worths[-1] <= relaxation_bound(country)


def test_the_same_seed_gives_the_same_plan(country: Problem, made: DecompositionPlanner) -> None:
    again = planned(country, 3).plan()
    for table in ("allocations", "legs", "trips", "stops"):
        one, other = getattr(again, table), getattr(made.plan(), table)
        assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))
    other = planned(country, 3, seed=6)
    assert other.worth_vnd != made.worth_vnd


def test_parts_that_were_not_reached_keep_their_trips(country: Problem, made: DecompositionPlanner) -> None:
    before = made.plan()
    after = planned(country, 1, InTurn(most=1), warm_start=before)
    assert after.worth_vnd >= worth_vnd(country, before)
    verify(country, after.plan()).require()


def test_a_first_pass_that_is_cut_short_is_a_plan(country: Problem) -> None:
    cut_short = planned(country, 1, InTurn(most=2))
    whole = planned(country, 1)
    assert 0 < len(cut_short.plan().trips.vehicle) < len(whole.plan().trips.vehicle)
    verify(country, cut_short.plan()).require()


def test_a_part_starts_from_the_trips_that_it_has_and_never_loses_worth(country: Problem, made: DecompositionPlanner) -> None:
    cut = Cut(country, made.plan(), guiding_volumes(country, workers=1).flows, 4, 1, np.random.default_rng(3))
    for number in range(4):
        part = cut.part(number)
        assert part.plan is not None
        problem = part.problem
        layout = surrounded(lay_out(problem, lambda lot, line: np.zeros(len(lot)), direct=False), part)
        books = empty_state(layout, 200, 1000)
        load_plan(problem, layout, Arena(layout), State(books), make_scratch(layout, 1), part.plan)
        loaded = plan_of(problem, layout, books)
        assert verify(problem, loaded).objective_vnd >= verify(problem, part.plan).objective_vnd


def test_kilograms_of_all_parts_add_up_to_the_whole(country: Problem, made: DecompositionPlanner) -> None:
    cut = Cut(country, made.plan(), guiding_volumes(country, workers=1).flows, 4, 2, np.random.default_rng(4))
    parts = [cut.part(number) for number in range(4)]
    for rows, kg, whole in (("lots", "lots", country.lots.kg), ("lines", "lines", country.lines.kg)):
        total = np.zeros(len(whole), dtype=np.int64)
        locked = np.zeros(len(whole), dtype=np.bool_)
        for part in parts:
            total[getattr(part.rows, rows)] += getattr(part.problem, kg).kg
            locked[getattr(part.rows, rows)] |= part.lot_locked if rows == "lots" else part.line_locked
        assert (total <= whole).all()
        assert (total[~locked] == whole[~locked]).all()


def test_limited_trucks_are_shared_out_whole(country: Problem, made: DecompositionPlanner) -> None:
    cut = Cut(country, made.plan(), guiding_volumes(country, workers=1).flows, 4, 2, np.random.default_rng(4))
    limit = country.vehicles.count_per_day[1]
    # What each part may start on a date is the limit less what it counts as used by others.
    allowed = sum(limit - cut.part(number).use.trips[1] for number in range(4))
    assert (np.asarray(allowed) == limit).all()
    assert country.vehicles.count_per_day[0] == NO_LIMIT


def test_a_plan_taken_apart_and_joined_is_itself(country: Problem, made: DecompositionPlanner) -> None:
    plan = made.plan()
    n = len(plan.trips.vehicle)
    halves = [keep_trips(plan, np.arange(n) % 2 == k) for k in range(2)]
    joined = combine_plans(country, *halves)
    assert worth_vnd(country, joined) == worth_vnd(country, plan)
    verify(country, joined).require()
    assert worth_vnd(country, empty_plan()) == -int(country.lines.kg @ country.lines.short_vnd_per_kg)


def test_pins_and_forbids_hold_over_all_parts() -> None:
    problem = random_problem(23, 200, FEATURES)
    plan = planned(problem, 3).plan()
    verdict = verify(problem, plan)
    assert {v.rule for v in verdict.violations} <= {"decisions"}
    pair = plan.allocations.lot * problem.n_lines + plan.allocations.line
    forbidden = problem.decisions.lot[problem.decisions.kind == 1] * problem.n_lines + problem.decisions.line[problem.decisions.kind == 1]
    assert not np.isin(pair, forbidden).any()


def test_trips_that_hand_goods_over_at_a_hub_stay_together(country: Problem, made: DecompositionPlanner) -> None:
    plan = made.plan()
    legs = plan.legs
    second = legs.replace(trip=(legs.trip + 1) % len(plan.trips.vehicle), leg=legs.leg + 1)
    both = {name: np.concatenate([getattr(legs, name)[:1], getattr(second, name)[:1], getattr(legs, name)[1:]]) for name in vars(legs)}
    _, label = bundles_of_trips(country, Plan(plan.allocations, type(legs)(**both), plan.trips, plan.stops))
    assert label[legs.trip[0]] == label[second.trip[0]]
    assert len(np.unique(label)) == len(plan.trips.vehicle) - 1
