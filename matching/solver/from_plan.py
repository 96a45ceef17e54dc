"""The search that goes on from an earlier plan: first to keep what has been decided since, then to change what pays its price."""

from __future__ import annotations

from matching.bounds.proof import Proof
from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.replanning import Replanned, Stability, replan
from matching.search.plan_ops import kg_by_pair
from matching.solver.result import SearchOutcome
from matching.solver.run import SolveRun

REPAIR_VND_PER_KG = 1_000
"""What each promised kilogram that changes must earn in a repair."""


def repaired(problem: Problem, previous: Plan, run: SolveRun) -> Replanned:
    """Make an earlier plan keep what has been decided since, by a short and cool search that changes little.

    A search from nothing begins hot, and would take apart what it needn't before it kept a new pin.
    """
    params = run.params
    return replan(
        problem,
        previous,
        stability=Stability(change_vnd_per_kg=REPAIR_VND_PER_KG),
        iterations=min(params.repair_iterations, params.limits.iterations or params.repair_iterations),
        expired=run.is_expired,
        seed=params.seed,
        cores=run.cores,
        direct=params.is_direct,
    )


def improve_plan(problem: Problem, proof: Proof, run: SolveRun, previous: Plan, change_vnd_per_kg: int) -> SearchOutcome:
    """Repair an earlier plan, then search from it again and again; each promised kilogram that changes must earn its price."""
    params, promises = run.params, kg_by_pair(problem, previous)
    limit = params.limits.iterations

    def search(start: Plan, iterations: int, number: int) -> Replanned:
        return replan(
            problem,
            start,
            stability=Stability(change_vnd_per_kg=change_vnd_per_kg),
            iterations=iterations,
            expired=run.is_expired,
            seed=params.seed + number,
            cores=max(1, run.cores - (1 if proof.is_running else 0)),
            direct=params.is_direct,
            promises=promises,
        )

    begun = run.stopwatch()
    found = search(previous, min(params.repair_iterations, limit or params.repair_iterations), 0)
    took = run.stopwatch() - begun
    done, most, number = found.iterations, limit or params.cycles * params.cycle_iterations, 0
    _report(run, "trips", found, proof)

    def goes_on() -> bool:
        # A search takes a while to begin, which is lost where it can't come to an end.
        in_time = run.stopwatch() + 2 * took < run.deadline and not run.is_stopped()
        return done < most and in_time and not proof.closed_by(found.verdict.objective_vnd)

    with proof.continued(run.seconds_left, lambda: found.verdict.objective_vnd):
        while goes_on():
            number += 1
            found = search(found.plan, min(params.cycle_iterations, most - done), number)
            done += max(1, found.iterations)
            _report(run, "improve", found, proof)
    return SearchOutcome(found.plan, found.verdict.objective_vnd, done >= most)


def _report(run: SolveRun, phase: str, found: Replanned, proof: Proof) -> None:
    run.report(phase, found.verdict.objective_vnd, proof.bound_vnd)
    run.offer(found.verdict.objective_vnd, lambda: found.plan)
