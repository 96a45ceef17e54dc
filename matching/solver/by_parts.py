"""The search of a problem that is planned part by part, pass after pass; see `matching.decomposition`."""

from __future__ import annotations

import math

from matching.bounds.proof import Proof
from matching.bounds.prove import HANDLING_ROUNDING_VND
from matching.decomposition.by_product import outline_goods
from matching.decomposition.planner import DecompositionPlanner, guiding_volumes
from matching.executors import Executor, LocalProcesses, WithFallback
from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.solver.result import SearchOutcome
from matching.solver.run import SolveRun


def search_parts(problem: Problem, proof: Proof, run: SolveRun, executor: Executor | None, warm_start: Plan | None) -> SearchOutcome:
    """Plan part by part on an executor, or on processes of this machine, which also go on where an executor is lost."""
    local = LocalProcesses(run.cores)
    workers = local if executor is None else WithFallback(executor, local)
    try:
        planner = _planner(problem, proof, run, workers, warm_start)
        limit = run.params.limits.iterations or planner.own_limit
        while planner.iterations < limit and not run.is_expired():
            planner.improve(run.cooling(planner.iterations, planner.rounds, limit), run.is_expired)
            run.report("improve", planner.worth_vnd, proof.bound_vnd)
            run.offer(planner.worth_vnd, planner.plan)
    finally:
        local.close()
    return SearchOutcome(planner.plan(), planner.worth_vnd, planner.iterations >= limit)


def _planner(problem: Problem, proof: Proof, run: SolveRun, workers: Executor, warm_start: Plan | None) -> DecompositionPlanner:
    """Bound all goods and begin with the pairs that they serve, where the time is enough for that."""
    seed, direct = run.params.seed, run.params.is_direct
    guide = guiding_volumes(problem, workers=run.cores)
    begun = outline_goods(
        problem, proof.lot_price, proof.line_price, workers, lambda: run.is_stopped() or run.used_share() > run.params.lp_start_share
    )
    proof.lower(math.ceil(begun.bound_vnd) + HANDLING_ROUNDING_VND)
    if begun.pairs is not None and warm_start is None:
        return DecompositionPlanner(problem, guide._replace(flows=begun.flows), workers, seed=seed, direct=direct, pairs=begun.pairs)
    return DecompositionPlanner(problem, guide, workers, seed=seed, direct=direct, warm_start=warm_start)
