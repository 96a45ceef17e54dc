"""What a child process measures. Every task gets plain values and returns plain values, ``seconds`` among them.

A stage leaves what later stages need in its working folder, so that each runs alone. `warm_up` calls compiled loops once on a commune
before the watch starts: their first call loads them from disk, which is the installation's cost and not the stage's. Reading and writing
bring a large library with them, which is imported only where it is used.
"""

from __future__ import annotations

import pickle
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.converters.tsplib import read_routing
from benchmarks.instances import SHAPES, write_instance
from benchmarks.peers.direct_mip import direct_model
from benchmarks.peers.linear import Solved, solve_cp_sat, solve_highs
from benchmarks.peers.optional import library
from benchmarks.peers.pairs import all_pairs
from benchmarks.peers.routing import ortools_cost, pyvrp_cost
from benchmarks.peers.volumes import PEERS
from benchmarks.peers.volumes_first import plan_volumes_first, trucks_by_telephone
from matching.executors import LocalProcesses
from matching.explain import explain_open
from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.pairs.lanes import find_lanes
from matching.solver import Limits, Mode, SolveParams, solve
from matching.verify import verify
from matching.volumes.relaxation import solve_volumes

Answer = dict[str, Any]
CORES = 2


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what some work returns, and its seconds."""
    start = time.perf_counter()
    made = work()
    return made, time.perf_counter() - start


def warm_up() -> None:
    """Load every compiled loop."""
    from matching.io import read_problem

    with tempfile.TemporaryDirectory() as folder:
        write_instance(Path(folder), SHAPES["commune"], 1)
        problem = read_problem(Path(folder))
    find_lanes(problem)
    solve_volumes(problem, workers=CORES)
    explain_open(problem, trucks_by_telephone(problem))


# stages --------------------------------------------------------------------------------------------------------------
def _load(folder: str, name: str) -> Any:
    with (Path(folder) / f"{name}.pickle").open("rb") as file:
        return pickle.load(file)


def _keep(folder: str, name: str, value: Any) -> None:
    with (Path(folder) / f"{name}.pickle").open("wb") as file:
        pickle.dump(value, file)


def stage_read(folder: str) -> Answer:
    """Read and check the input folder."""
    from matching.io import read_problem

    problem, seconds = timed(lambda: read_problem(Path(folder)))
    _keep(folder, "problem", problem)
    return {"seconds": seconds, "lots": problem.n_lots, "lines": problem.n_lines}


def stage_funnel(folder: str) -> Answer:
    """Find every lane that pays."""
    problem: Problem = _load(folder, "problem")
    lanes, seconds = timed(lambda: find_lanes(problem))
    return {"seconds": seconds, "lanes": len(lanes.lot)}


def stage_volumes(folder: str) -> Answer:
    """Solve the volumes relaxation, the pricing of its pairs included."""
    problem: Problem = _load(folder, "problem")
    volumes, seconds = timed(lambda: solve_volumes(problem, workers=CORES))
    return {"seconds": seconds, "objective_vnd": volumes.objective_vnd, "bound_vnd": volumes.bound_vnd}


def stage_trips(folder: str, limit_s: float, seed: int, mode: Mode = "full") -> Answer:
    """Plan with trips within a limit."""
    problem: Problem = _load(folder, "problem")
    start = time.perf_counter()
    result, seconds = timed(
        lambda: solve(
            problem, SolveParams(Limits(limit_s, cores=CORES), trips=mode, seed=seed), stopwatch=lambda: time.perf_counter() - start
        )
    )
    _keep(folder, "result", result)
    return {"seconds": seconds, "objective_vnd": result.objective_vnd, "bound_vnd": result.bound_vnd, "status": str(result.status)}


def in_parts(folder: str, workers: int, iterations: int, seed: int) -> Answer:
    """Plan with trips part by part on worker processes, until so many iterations are made."""
    problem: Problem = _load(folder, "problem")
    crew, start = LocalProcesses(workers), time.perf_counter()
    try:
        result, seconds = timed(
            lambda: solve(
                problem,
                SolveParams(Limits(None, iterations, workers), seed=seed),
                stopwatch=lambda: time.perf_counter() - start,
                executor=crew,
            )
        )
    finally:
        crew.close()
    return {"seconds": seconds, "objective_vnd": result.objective_vnd, "bound_vnd": result.bound_vnd}


def stage_verify(folder: str) -> Answer:
    """Verify the plan."""
    problem, result = _load(folder, "problem"), _load(folder, "result")
    verdict, seconds = timed(lambda: verify(problem, result.plan))
    return {"seconds": seconds, "broken": len(verdict.violations)}


def stage_explain(folder: str) -> Answer:
    """Explain what stays open."""
    problem, result = _load(folder, "problem"), _load(folder, "result")
    reasons, seconds = timed(lambda: explain_open(problem, result.plan))
    return {"seconds": seconds, "rows": len(reasons.index)}


def stage_write(folder: str) -> Answer:
    """Write the plan."""
    from matching.io import write_result

    problem, result = _load(folder, "problem"), _load(folder, "result")
    _, seconds = timed(lambda: write_result(Path(folder) / "plan", problem, result, engine="benchmarks", input_sha256="0" * 64))
    return {"seconds": seconds}


# contenders ----------------------------------------------------------------------------------------------------------
def contender(folder: str, name: str, limit_s: float, seed: int) -> Answer:
    """Plan by one of the ways that are compared; the worth is the verifier's, but for the monolithic models, whose own it is."""
    problem: Problem = _load(folder, "problem")
    if name in ("full", "direct"):
        return stage_trips(folder, limit_s, seed, "full" if name == "full" else "direct")
    if name in ("HiGHS, whole model of direct trips", "CP-SAT, whole model of direct trips"):
        solver = solve_highs if name.startswith("HiGHS") else solve_cp_sat
        found, seconds = timed(lambda: solver(direct_model(problem), limit_s))
        return _of_model(found, seconds)
    plan_by: dict[str, Callable[[Problem], Plan]] = {"telephone": trucks_by_telephone, "volumes first": plan_volumes_first}
    plan, seconds = timed(lambda: plan_by[name](problem))
    return {"seconds": seconds, "objective_vnd": verify(problem, plan).require().objective_vnd, "bound_vnd": None}


def _of_model(found: Solved, seconds: float) -> Answer:
    objective = None if found.objective is None else round(found.objective)
    return {"seconds": seconds, "objective_vnd": objective, "bound_vnd": round(found.bound)}


# volumes side by side ------------------------------------------------------------------------------------------------
def volumes_pairs(folder: str) -> Answer:
    """Build all pairs by whole arrays."""
    pairs, seconds = timed(lambda: all_pairs(_load(folder, "problem")))
    _keep(folder, "pairs", pairs)
    return {"seconds": seconds, "pairs": len(pairs.lot)}


def volumes_peer(folder: str, name: str) -> Answer:
    """Solve the volumes relaxation with another solver, all pairs given."""
    problem, pairs = _load(folder, "problem"), _load(folder, "pairs")
    needs, solve_by = PEERS[name]
    library(needs)
    worth, seconds = timed(lambda: solve_by(problem, pairs))
    return {"seconds": seconds, "objective_vnd": worth}


# routing side by side ------------------------------------------------------------------------------------------------
def routing_peer(text: str, name: str, limit_s: float) -> Answer:
    """Solve a classical routing problem with a routing library."""
    given = read_routing(text)
    cost, seconds = timed(lambda: pyvrp_cost(given, limit_s) if name == "PyVRP" else ortools_cost(given, limit_s))
    return {"seconds": seconds, "cost": cost}


def published(folder: str, limit_s: float, seed: int) -> Answer:
    """Plan a converted instance."""
    stage_read(folder)
    return stage_trips(folder, limit_s, seed)


TASKS: dict[str, Callable[..., Answer]] = {
    "read": stage_read,
    "funnel": stage_funnel,
    "volumes": stage_volumes,
    "trips": stage_trips,
    "in_parts": in_parts,
    "verify": stage_verify,
    "explain": stage_explain,
    "write": stage_write,
    "contender": contender,
    "volumes_pairs": volumes_pairs,
    "volumes_peer": volumes_peer,
    "routing_peer": routing_peer,
    "published": published,
}
"""Every task by name."""
STAGES = ("read", "funnel", "volumes", "trips", "verify", "explain", "write")
CONTENDERS = ("full", "direct", "telephone", "volumes first")
WHOLE_MODELS = ("HiGHS, whole model of direct trips", "CP-SAT, whole model of direct trips")
