"""Which solves of the engine go through the door to OR-Tools."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from ortools.math_opt.core.python import solver as mathopt
from ortools.sat.python import cp_model

from matching.decomposition.by_product import outline_goods
from matching.model.errors import BadInput
from matching.model.problem import Problem
from matching.optimizer import Algorithm
from matching.search.lp_start import outline
from matching.volumes.relaxation import solve_volumes
from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.solving import run
from tests.matching.test_carrier_flow import charged
from tests.matching.test_decomposition import InTurn, never


@pytest.fixture
def solves(monkeypatch: pytest.MonkeyPatch) -> Counter[Algorithm]:
    """Count programs handed to OR-Tools, by solver."""
    made: Counter[Algorithm] = Counter()
    new = mathopt.new

    def counted(solver: int, *given: Any) -> Any:
        made[Algorithm(solver)] += 1
        return new(solver, *given)

    monkeypatch.setattr(mathopt, "new", counted)
    return made


def with_minimums(seed: int, n_lots: int) -> Problem:
    """A random problem, a third of whose lines want nothing or at least half."""
    problem = random_problem(seed, n_lots, FEATURES - {"decisions", "hubs"})
    least = np.where(np.arange(problem.n_lines) % 3 == 0, problem.lines.kg // 2, 0)
    return problem.replace(lines=problem.lines.replace(min_fill_kg=least))


def test_a_commune_is_bounded_by_or_tools(solves: Counter[Algorithm]) -> None:
    run(build_problem(lots=[{}, {"min_take_kg": 50}], demands=[{"min_fill_kg": 100}, {"max_suppliers": 1}]), iterations=50)
    assert sum(solves.values()) > 0


def test_a_province_begins_with_an_outline_of_or_tools(solves: Counter[Algorithm]) -> None:
    problem = with_minimums(5, 20)
    volumes = solve_volumes(problem)
    assert outline(problem, volumes.lot_price, volumes.line_price + problem.lines.short_vnd_per_kg) is not None
    assert sum(solves.values()) == 1


def test_fixed_charges_are_proven_by_or_tools(solves: Counter[Algorithm]) -> None:
    found = run(charged(1, 3, 3), iterations=50)
    assert found.objective_vnd == found.bound_vnd
    assert solves[Algorithm.HIGHS] > 0


def test_a_country_s_volumes_with_minimums_are_outlined_by_or_tools(solves: Counter[Algorithm]) -> None:
    problem = with_minimums(17, 20)
    volumes = solve_volumes(problem)
    outline_goods(problem, volumes.lot_price, volumes.line_price + problem.lines.short_vnd_per_kg, InTurn(), never)
    assert solves[Algorithm.GLOP] > 0


def test_pins_that_conflict_are_found_by_or_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    solved: list[cp_model.CpModel] = []
    solve = cp_model.CpSolver.solve

    def counted(solver: cp_model.CpSolver, model: cp_model.CpModel) -> Any:
        solved.append(model)
        return solve(solver, model)

    monkeypatch.setattr(cp_model.CpSolver, "solve", counted)
    pins = [{"lot_id": "lot1", "line_id": f"line{line}", "decision": "pin", "kg": 60} for line in (1, 2)]
    dock, one_day = {**BUYER, "throughput_kg_per_day": 100}, {"horizon_from": "2027-06-08", "horizon_until": "2027-06-08"}
    with pytest.raises(BadInput, match="all of them but one"):
        run(build_problem(sites=[COOPERATIVE, dock], demands=[{}, {}], settings=one_day, decisions=pins), iterations=50)
    assert solved
