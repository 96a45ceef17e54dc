"""`solve_exactly`: the best plan of a tiny problem, proven.

How many trucks are enough is proven too: with G the worth of the goods if haulage were free and c the cost of the cheapest
route, a plan of more than n trips is worth at most G − (n + 1) × c. Slots are added until that is no more than what has
been found.
"""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from matching.exact.extract import plan_of
from matching.exact.model import ExactModel
from matching.exact.routes import Route, all_routes
from matching.exact.worth import add_goods, add_handling, add_openings
from matching.plan import Plan
from matching.problem import Problem
from matching.rules import MODELLED

MAX_SITES = 6
MAX_ROUTES = 6000
MAX_SLOTS = 6
EFFORT = 120.0
"""Deterministic time after which a problem counts as too large; the same on every machine."""


def solve_exactly(problem: Problem) -> tuple[int, Plan]:
    """Return the greatest worth that any plan of a tiny problem has, VND, and a plan that has it.

    Raises
    ------
    ValueError
        If the problem is too large, has rates in fractions of a đồng per kilogram, or has no plan that keeps its rules.
    """
    _refuse_large(problem)
    routes = all_routes(problem)
    if len(routes) > MAX_ROUTES:
        raise ValueError(f"too large for the exact model: {len(routes)} routes, at most {MAX_ROUTES}")
    limit, cheapest = goods_limit(problem), min((route.cost_vnd for route in routes), default=0)
    best: tuple[int, Plan] | None = None
    for n_slots in range(MAX_SLOTS + 1):
        best = _solve_with(problem, routes, n_slots) or best
        if best is not None and (not routes or limit - (n_slots + 1) * cheapest <= best[0]):
            return best
    if best is None:
        raise ValueError(f"no plan of at most {MAX_SLOTS} trips keeps the rules")
    raise ValueError(f"too large for the exact model: more than {MAX_SLOTS} trips might pay")


def goods_limit(problem: Problem) -> int:
    """Worth of the goods if every lot could reach every line that takes its product and grade for nothing, VND."""
    model = ExactModel(problem, (), 0)
    lots, lines = problem.lots, problem.lines
    kg = {(lot, line): model.cp.new_int_var(0, int(min(lots.kg[lot], lines.kg[line])), "") for lot, line in _fitting(problem)}
    for lot in range(problem.n_lots):
        model.cp.add(sum(x for (i, _), x in kg.items() if i == lot) <= int(lots.kg[lot]))
    for line in range(problem.n_lines):
        model.cp.add(sum(x for (_, j), x in kg.items() if j == line) <= int(lines.kg[line]))
    worth = lines.bid_vnd_per_kg[None, :] - lots.ask_vnd_per_kg[:, None] + lines.short_vnd_per_kg[None, :]
    model.cp.maximize(sum(int(worth[pair]) * x for pair, x in kg.items()))
    solver = _run(model)
    assert solver is not None, "moving nothing is always possible"
    return round(solver.objective_value) - int((lines.short_vnd_per_kg * lines.kg).sum())


def _fitting(problem: Problem) -> list[tuple[int, int]]:
    """Pairs of lot and line that agree in product and grade."""
    lots, lines = problem.lots, problem.lines
    return [
        (lot, line)
        for lot in range(problem.n_lots)
        for line in range(problem.n_lines)
        if lots.product[lot] in lines.product[lines.product_start[line] : lines.product_start[line + 1]]
        and lots.grade[lot] <= lines.max_grade[line]
    ]


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
    solver = _run(model)
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


def _run(model: ExactModel) -> cp_model.CpSolver | None:
    """Solve to proof; None if nothing keeps the rules."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = EFFORT
    status = solver.solve(model.cp)
    if status not in (cp_model.OPTIMAL, cp_model.INFEASIBLE):
        raise ValueError("too large for the exact model: not proven within its effort")
    return solver if status == cp_model.OPTIMAL else None
