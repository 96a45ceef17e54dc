"""How a run goes: the same for the same seed, stopped at any moment, never back in its progress."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Callable

import numpy as np
import pytest

from matching.model.plan import Plan, Progress, Result, Status, Termination
from matching.model.problem import Problem
from matching.solver import Limits, SolveParams, solve
from matching.verify import verify
from tests.matching.builders import build_problem
from tests.matching.solving import run, squeezed_problem, unproven

__all__ = ["unproven"]


def arrays(plan: Plan) -> dict[str, list[float]]:
    """Return every column of a plan by its name."""
    tables = {spec.name: getattr(plan, spec.name) for spec in dataclasses.fields(plan)}
    return {f"{name}.{c.name}": getattr(table, c.name).tolist() for name, table in tables.items() for c in dataclasses.fields(table)}


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_and_cores_give_the_same_plan(seed: int, cores: int) -> None:
    problem = squeezed_problem(seed)
    first, second = (run(problem, cores=cores, seed=seed, iterations=800) for _ in range(2))
    assert arrays(first.plan) == arrays(second.plan)
    assert first.objective_vnd == second.objective_vnd


def test_the_same_seed_gives_the_same_plan_when_trips_are_improved_in_parts(unproven: None) -> None:
    problem = squeezed_problem(101, size=90)
    first, second = (run(problem, cores=2, seed=4, iterations=1600) for _ in range(2))
    assert arrays(first.plan) == arrays(second.plan)


def test_a_plan_of_one_seed_is_named_after_it(unproven: None) -> None:
    assert run(squeezed_problem(3), seed=7, iterations=100).seed == 7


def test_a_run_says_why_it_ended(unproven: None) -> None:
    problem = squeezed_problem(3)
    assert run(problem, iterations=100).termination is Termination.ITERATIONS
    assert run(problem, should_stop=lambda: True).termination is Termination.STOPPED
    assert timed(problem, seconds=1.0, step=0.5).termination is Termination.TIME
    assert run(problem, trips="none").termination is Termination.PROOF


def timed(problem: object, *, seconds: float, step: float) -> Result:
    """Plan under a limit of seconds, on a stopwatch that goes ``step`` further at each look."""
    steps = itertools.count()
    return solve(problem, SolveParams(Limits(seconds=seconds, cores=1)), stopwatch=lambda: next(steps) * step)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_a_limit_that_is_already_over_still_gives_a_plan(seconds: float) -> None:
    problem = squeezed_problem(4)
    result = timed(problem, seconds=seconds, step=10.0)
    assert verify(problem, result.plan).require().objective_vnd == result.objective_vnd
    assert result.termination is Termination.TIME


@pytest.mark.parametrize("patience", [1, 4, 9])
def test_stopping_keeps_the_best_plan_so_far(patience: int, unproven: None) -> None:
    problem, seen = squeezed_problem(5), list[Progress]()
    asked = itertools.count()
    result = run(problem, iterations=10**6, on_progress=seen.append, should_stop=lambda: next(asked) >= patience)
    assert result.termination is Termination.STOPPED
    told = [moment.objective_vnd for moment in seen if moment.objective_vnd is not None]
    assert result.objective_vnd >= max(told)
    assert verify(problem, result.plan).ok


@pytest.mark.parametrize("seed", [1, 2])
def test_progress_never_goes_back(seed: int) -> None:
    seen = list[Progress]()
    result = run(squeezed_problem(seed), iterations=3000, seed=seed, on_progress=seen.append)
    best = [moment.objective_vnd for moment in seen if moment.objective_vnd is not None]
    bounds = [moment.bound_vnd for moment in seen if moment.bound_vnd is not None]
    seconds = [moment.seconds for moment in seen]
    assert best == sorted(best)
    assert bounds == sorted(bounds, reverse=True)
    assert seconds == sorted(seconds)
    assert result.objective_vnd >= best[-1]
    assert result.bound_vnd is not None
    assert result.bound_vnd <= bounds[-1]


def test_history_holds_what_the_call_back_was_told_without_repetitions(unproven: None) -> None:
    seen = list[Progress]()
    result = run(squeezed_problem(1), on_progress=seen.append)
    assert set(result.history) <= set(seen)
    facts = [(moment.phase, moment.objective_vnd, moment.bound_vnd) for moment in result.history]
    assert all(a != b for a, b in itertools.pairwise(facts))
    assert facts[-1][0] == "verify"


def test_a_proof_that_outlasts_the_search_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def keep_proving(problem: Problem, *, seconds_left: Callable[[], float], **told: object) -> None:
        over.wait(60)

    def hear(moment: Progress) -> None:
        heard.append(moment.phase)
        if heard.count("bound") == 3:
            over.set()

    heard: list[str] = []
    monkeypatch.setattr("matching.bounds.proof.prove", keep_proving)
    params = SolveParams(Limits(seconds=None, iterations=1, cores=1))
    solve(squeezed_problem(3), params, stopwatch=itertools.count().__next__, on_progress=hear)
    assert heard[-2:] == ["bound", "verify"]


def test_a_proven_plan_ends_the_run_at_once() -> None:
    bus = {"vnd_per_kg": 500, "fixed_vnd": 20000}
    result = run(build_problem(vehicles=[{"fixed_vnd": 9 * 10**9}], lanes=[bus]), iterations=10**9)
    assert (result.status, result.termination) == (Status.OPTIMAL, Termination.PROOF)
    assert result.objective_vnd == result.bound_vnd == 800 * (20000 - 10000 - 500) - 20000


def test_a_full_truck_from_one_lot_to_one_line_is_proven_to_the_dong() -> None:
    result = run(build_problem(vehicles=[{"payload_kg": 800}]), iterations=10**9)
    assert result.status is Status.OPTIMAL
    assert result.bound_vnd == result.objective_vnd


def test_more_iterations_never_make_a_plan_of_one_seed_worse_than_the_first_trips(unproven: None) -> None:
    for seed in range(3):
        seen = list[Progress]()
        result = run(squeezed_problem(seed), seed=seed, on_progress=seen.append)
        first = next(moment.objective_vnd for moment in seen if moment.objective_vnd is not None)
        assert result.objective_vnd >= first


def test_prices_are_of_lots_and_lines_that_exist(unproven: None) -> None:
    problem = squeezed_problem(2)
    prices = run(problem, iterations=50).prices
    rows = np.where(prices.subject == "lot", problem.n_lots, problem.n_lines)
    assert ((prices.index >= 0) & (prices.index < rows)).all()
    least = np.where(prices.subject == "lot", 0, -problem.lines.short_vnd_per_kg[np.minimum(prices.index, problem.n_lines - 1)])
    assert (prices.vnd_per_kg >= least).all(), "one more kilogram wanted costs at most its penalty"


def test_plans_that_are_offered_on_the_way_are_plans_and_taking_them_changes_nothing(unproven: None) -> None:
    problem, taken = squeezed_problem(3), []

    def take(worth_vnd: int, plan: Callable[[], Plan]) -> None:
        taken.append((worth_vnd, plan()))

    with_offers = run(problem, seed=5, iterations=800, on_plan=take)
    assert arrays(with_offers.plan) == arrays(run(problem, seed=5, iterations=800).plan)
    assert len(taken) >= 2
    for worth_vnd, plan in taken:
        assert verify(problem, plan).require().objective_vnd == worth_vnd <= with_offers.objective_vnd
