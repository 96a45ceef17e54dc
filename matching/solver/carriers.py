"""Carriers by the kilogram as a mixed-integer program, where no truck pays."""

from __future__ import annotations

from dataclasses import dataclass

from matching.bounds.proof import Proof
from matching.carrier_flow import solve_carrier_flow
from matching.model.plan import Plan
from matching.model.problem import NO_LIMIT, Problem
from matching.solver.run import SolveRun
from matching.verify import verify


@dataclass(frozen=True)
class CarrierPlan:
    """The best plan of carriers alone, if there is one, and whether it is proven."""

    plan: Plan | None = None
    worth_vnd: int = -NO_LIMIT
    is_proven: bool = False


def solve_carriers(problem: Problem, proof: Proof, run: SolveRun, incumbent_vnd: int) -> CarrierPlan:
    """Solve the problem with carriers alone, and let the proof know its bound."""
    params = run.params
    seconds = params.carrier_share * run.seconds_left() if run.is_timed else None
    found = solve_carrier_flow(
        problem, seconds=seconds, stopwatch=run.stopwatch, should_stop=run.is_stopped, cores=run.cores, seed=params.seed
    )
    if found is None:
        return CarrierPlan()
    proof.lower(int(found.bound_vnd))
    if found.plan is None:
        return CarrierPlan()
    worth = verify(problem, found.plan).require().objective_vnd
    run.report("trips", max(worth, incumbent_vnd), proof.bound_vnd)
    return CarrierPlan(found.plan, worth, proof.closed_by(worth))
