"""`solve_exactly`: the best plan of a tiny problem, proven.

How many trucks are enough is proven too: trucks are added until the relaxed model of `matching.exact.fleet_bound` shows that no
plan of more of them is worth more than what has been found.
"""

from __future__ import annotations

import math

import numpy as np
from ortools.sat.python import cp_model

from matching.exact.extract import plan_of
from matching.exact.fleet_bound import Enough
from matching.exact.model import ExactModel
from matching.exact.routes import Route, all_routes
from matching.exact.worth import add_goods, add_handling, add_openings
from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.rules import MODELLED

MAX_SITES = 6
MAX_ROUTES = 6000
MAX_SLOTS = 6
EFFORT = 8.0
"""Deterministic time after which a problem counts as too large; the same on every machine."""


def solve_exactly(problem: Problem, max_trips: int | None = None) -> tuple[int, Plan]:
    """Return the greatest worth that any plan of a tiny problem has, VND, and a plan that has it.

    Parameters
    ----------
    max_trips : look only at plans of at most so many truck trips. Their best worth is still no more than any valid bound,
        and no less than the worth of any plan of so many trips. Without it, that no plan of more trips is worth more is
        proven too.

    Raises
    ------
    ValueError
        If the problem is too large, has rates in fractions of a đồng per kilogram, or has no plan that keeps its rules.
    """
    _refuse_large(problem)
    routes = all_routes(problem)
    if len(routes) > MAX_ROUTES:
        raise ValueError(f"too large for the exact model: {len(routes)} routes, at most {MAX_ROUTES}")
    best = _solve_with(problem, routes, max_trips) if max_trips is not None else _with_enough(problem, routes)
    if best is None:
        raise ValueError(f"no plan of at most {MAX_SLOTS if max_trips is None else max_trips} trips keeps the rules")
    return best


def _with_enough(problem: Problem, routes: list[Route]) -> tuple[int, Plan] | None:
    """Add trucks until no more of them can pay."""
    best: tuple[int, Plan] | None = None
    for n_slots in range(MAX_SLOTS + 1):
        best = _solve_with(problem, routes, n_slots) or best
        if best is not None and more_worth(problem, routes, n_slots + 1) <= best[0]:
            return best
    if best is not None:
        raise ValueError(f"too large for the exact model: more than {MAX_SLOTS} trips might pay")
    return None


def more_worth(problem: Problem, routes: list[Route], n_trips: int) -> float:
    """Return a bound on the worth of every plan with at least so many truck trips, VND."""
    model = Enough(problem, routes, n_trips)
    solver = _run(model.cp)
    return -math.inf if solver is None else round(solver.best_objective_bound)


def _refuse_large(problem: Problem) -> None:
    """Raise where the model would be too large or inexact."""
    if problem.n_sites > MAX_SITES:
        raise ValueError(f"too large for the exact model: {problem.n_sites} sites, at most {MAX_SITES}")
    rates = np.concatenate([problem.sites.handling_vnd_per_kg, problem.roads.vnd_per_kg[~np.isnan(problem.roads.vnd_per_kg)]])
    if (rates != np.rint(rates)).any():
        raise ValueError("the exact model takes whole đồng per kilogram for handling and carriers")


def _solve_with(problem: Problem, routes: list[Route], n_slots: int) -> tuple[int, Plan] | None:
    """Return the best worth and plan with at most ``n_slots`` trucks; None if there is no plan."""
    model = build(problem, routes, n_slots)
    solver = _run(model.cp)
    return None if solver is None else (round(solver.objective_value), plan_of(model, solver))


def build(problem: Problem, routes: list[Route], n_slots: int) -> ExactModel:
    """Return the whole model: variables, objective, and each rule's own part."""
    model = ExactModel(problem, routes, n_slots)
    add_goods(model)
    add_handling(model)
    add_openings(model)
    for rule in MODELLED:
        rule.add(model)
    model.cp.maximize(sum(model.worth))
    return model


def _run(model: cp_model.CpModel) -> cp_model.CpSolver | None:
    """Solve to proof; None if nothing keeps the rules."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = EFFORT
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.INFEASIBLE):
        raise ValueError("too large for the exact model: not proven within its effort")
    return solver if status == cp_model.OPTIMAL else None
