"""The volumes relaxation as a result: what could be sold if trucks were divisible."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from matching.explain import explain_open
from matching.model.plan import Result, Status, Termination
from matching.model.problem import Problem
from matching.pairs.funnel import find_funnel
from matching.solver.run import SolveRun
from matching.volumes.relaxation import relaxed_plan, shadow_prices, solve_volumes


def volumes_result(problem: Problem, run: SolveRun) -> Result:
    """Solve the volumes relaxation."""
    with ThreadPoolExecutor(1) as beside:
        # Why things stay open is counted by compiled loops, which need no more than a core of their own.
        counting = beside.submit(find_funnel, problem, on_the_clock=False) if run.cores > 1 else None
        volumes = solve_volumes(problem, workers=run.cores)
        funnel = find_funnel(problem, on_the_clock=False) if counting is None else counting.result()
    plan = relaxed_plan(problem, volumes)
    run.report("volumes", volumes.objective_vnd, volumes.bound_vnd)
    return Result(
        plan=plan,
        objective_vnd=volumes.objective_vnd,
        bound_vnd=volumes.bound_vnd,
        status=Status.RELAXED,
        termination=Termination.PROOF,
        seconds=run.stopwatch(),
        seed=run.params.seed,
        reasons=explain_open(problem, plan, funnel),
        prices=shadow_prices(volumes),
        history=tuple(run.history),
    )
