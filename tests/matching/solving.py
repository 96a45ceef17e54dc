"""Short runs of the solver that no clock can change, and random problems that squeeze its trips from all sides."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from matching.model.plan import Result
from matching.model.problem import Problem
from matching.solver import Limits, SolveParams, solve
from tests.matching.builders import build_problem
from tests.matching.random_problems import FEATURES, random_tables


def counting() -> Callable[[], float]:
    """Return a stopwatch that goes a microsecond further at each look."""
    steps: Iterator[int] = itertools.count()
    return lambda: next(steps) * 1e-6


def run(problem: Problem, *, iterations: int = 1500, cores: int = 1, **more: Any) -> Result:
    """Plan with a limit on iterations alone."""
    limits = Limits(seconds=None, iterations=iterations, cores=cores)
    chosen = {name: more.pop(name) for name in ("trips", "seed", "change_vnd_per_kg") if name in more}
    return solve(problem, SolveParams(limits, **chosen), stopwatch=more.pop("stopwatch", None) or counting(), **more)


@pytest.fixture
def unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs be content with the first bound, for tests that look at plans."""
    monkeypatch.setattr("matching.bounds.proof.prove", lambda problem, **given: None)


def squeezed_problem(
    seed: int, size: int = 10, without: frozenset[str] = frozenset({"hubs"}), more: frozenset[str] = frozenset()
) -> Problem:
    """Return a random problem in which nearly every pair is eligible and docks, hours, counts and minimums bind."""
    tables, r = random_tables(seed, size, (FEATURES | more) - {"decisions"} - without), random.Random(seed)
    for site in tables["sites"]:
        opens = r.choice([("", ""), ("", ""), ("05:00", "20:00"), ("20:00", "05:00"), ("06:00", "11:30")])
        site["open_from"], site["open_until"] = opens
        site["throughput_kg_per_day"], site["opening_vnd"] = r.choice(["", 800, 1500, 3000]), r.choice([0, 0, 60000])
    for vehicle in tables["vehicles"]:
        vehicle |= {"count_per_day": r.choice(["", 1, 2]), "max_hours": r.choice([4, 12, 30]), "max_stops": r.choice([2, 3, 5, 9])}
    for lot in tables["lots"]:
        lot["min_take_kg"] = r.choice([0, 100, 150]) if lot["quantity_kg"] >= 300 else 0
    for line in tables["demands"]:
        line |= {"product": "lychee;pomelo;carp", "requires": "", "max_grade": 3, "min_life_days": 0}
        line["bid_vnd_per_kg"] = r.randrange(16000, 26000, 100)
    return build_problem(**tables)
