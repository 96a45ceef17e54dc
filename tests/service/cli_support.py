"""Shared by the tests of the command line: a planner that takes no time, and a runner that needs no terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner
from typer.testing import Result as Outcome

from matching.model.plan import LINE, LOT, Allocations, Legs, Plan, Prices, Progress, Reasons, Result, Status, Stops, Termination, Trips
from matching.model.problem import Problem
from matching.solver import SolveParams
from service.cli.main import app

NO_ROWS = np.zeros(0, dtype=np.int64)
SOLVE = "matching.solver.solve"


def empty_plan() -> Plan:
    none = NO_ROWS
    return Plan(
        Allocations(none, none, none, none, none),
        Legs(none, none, none, none, none),
        Trips(none, none.astype(float), none),
        Stops(*[none] * 5),
    )


def idle_result(problem: Problem, **changes: Any) -> Result:
    """A valid result that moves nothing."""
    kg = np.concatenate([problem.lots.kg, problem.lines.kg])
    subjects = np.array([LOT] * problem.n_lots + [LINE] * problem.n_lines, dtype=object)
    rows = np.concatenate([np.arange(problem.n_lots), np.arange(problem.n_lines)])
    texts = np.array(["left_by_test"] * len(kg), dtype=object)
    facts: dict[str, Any] = {
        "plan": empty_plan(),
        "objective_vnd": -int((problem.lines.kg * problem.lines.short_vnd_per_kg).sum()),
        "bound_vnd": 1_000_000,
        "status": Status.FEASIBLE,
        "termination": Termination.ITERATIONS,
        "seconds": 0.5,
        "seed": 3,
        "reasons": Reasons(subjects, rows, kg, texts, texts),
        "prices": Prices(subjects[:0], NO_ROWS, NO_ROWS.astype(float)),
    }
    return Result(**facts | changes)


def idle_solve(problem: Problem, params: SolveParams, *, on_progress: Callable[[Progress], None] | None = None, **rest: Any) -> Result:
    """Stand in for the planner: report two moments and move nothing."""
    if on_progress is not None:
        on_progress(Progress(0.1, "volumes", None, 5_000_000))
        on_progress(Progress(0.2, "improve", 4_000_000, 5_000_000))
    return idle_result(problem, seed=params.seed)


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the planner by one that moves nothing."""
    monkeypatch.setattr(SOLVE, idle_solve)


def run(*arguments: object, locale: str = "vi_VN.UTF-8") -> Outcome:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"LC_ALL": locale})


def printed_json(outcome: Outcome) -> dict[str, Any]:
    """The one object on standard output."""
    found = json.loads(outcome.stdout)
    assert isinstance(found, dict)
    return found
