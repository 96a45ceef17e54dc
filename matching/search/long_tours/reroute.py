"""`reroute`: a plan whose long tours are put together anew by a vehicle routing library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.search.long_tours.loads import cut, is_divisible
from matching.search.long_tours.model import model
from matching.search.long_tours.rebuild import plan_of
from matching.search.long_tours.search import improved_routes
from matching.search.long_tours.tours import Tours, find_tours, tours_allowed
from matching.search.plan_ops import in_start_order, join_plans, keep_trips
from matching.verify import verify

ITERATIONS_PER_PIECE = 300
"""Iterations for each piece after which a search ends by itself."""
MOST_TOUR_PIECES = 2_000
ANEW_SHARE = 0.65
"""Share of the time, where goods may be divided, for cutting whole lots and beginning at random; the rest goes on from the best."""


def reroute(
    problem: Problem,
    plan: Plan,
    *,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    should_stop: Callable[[], bool] = lambda: False,
) -> Plan:
    """Return the plan with better tours, or the plan itself where none are found.

    What is sold to whom, and on which days it is picked up and delivered, stays; only which truck takes it changes. Divisible goods
    may be spread over trips in another way.

    Parameters
    ----------
    seconds : time in all; None for no limit.
    iterations : of each search; None for the engine's own limit. A run that ends by iterations always gives the same plan.
    should_stop : asked often; once it is true the best so far is returned.
    """
    if not tours_allowed(problem):
        return plan
    groups, given = find_tours(problem, plan), plan
    n_all = sum(len(tours.allocation) for tours in groups)
    for group in groups:
        share = None if seconds is None else seconds * len(group.allocation) / n_all
        for anew, part in _rounds(problem, given, group):
            effort = _Effort(None if share is None else share * part, iterations, seed, should_stop)
            # Trips are renumbered when a plan changes, so a group is looked up by what it is about.
            tours = _same(find_tours(problem, plan), group)
            if tours is not None and not should_stop():
                plan = _better(problem, plan, _rerouted(problem, plan, tours, effort, anew=anew))
    return plan


@dataclass(frozen=True)
class _Effort:
    """How long one search goes on."""

    seconds: float | None
    iterations: int | None
    seed: int
    should_stop: Callable[[], bool]


def _rounds(problem: Problem, given: Plan, tours: Tours) -> tuple[tuple[bool, float], ...]:
    """Searches of a group of tours: whether each cuts whole lots anew, and its share of the time."""
    return ((True, ANEW_SHARE), (False, 1.0 - ANEW_SHARE)) if is_divisible(problem, given, tours) else ((False, 1.0),)


def _same(groups: list[Tours], wanted: Tours) -> Tours | None:
    key = (wanted.receiver, wanted.pickup_day, wanted.delivery_day)
    return next((t for t in groups if (t.receiver, t.pickup_day, t.delivery_day) == key), None)


def _rerouted(problem: Problem, plan: Plan, tours: Tours, effort: _Effort, *, anew: bool) -> Plan | None:
    """Return the plan with one group of tours made anew, or None where that is not possible."""
    pieces = cut(problem, plan, tours, anew=anew)
    if len(pieces.kg) > MOST_TOUR_PIECES:
        return None
    routes = improved_routes(
        model(problem, plan, tours, pieces),
        pieces.tour,
        plan.trips.vehicle[tours.trip],
        seconds=effort.seconds,
        iterations=ITERATIONS_PER_PIECE * len(pieces.kg) if effort.iterations is None else effort.iterations,
        seed=effort.seed,
        should_stop=effort.should_stop,
    )
    made = plan_of(problem, tours, pieces, routes) if routes else None
    if made is None:
        return None
    others = np.ones(len(plan.trips.vehicle), dtype=np.bool_)
    others[tours.trip] = False
    return in_start_order(join_plans(keep_trips(plan, others), made))


def _better(problem: Problem, plan: Plan, other: Plan | None) -> Plan:
    """Return the other plan if the verifier finds it sound and worth more."""
    if other is None:
        return plan
    verdict = verify(problem, other)
    return other if verdict.ok and verdict.objective_vnd > verify(problem, plan).objective_vnd else plan
