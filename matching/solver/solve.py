"""`solve`: from a problem to a verified plan with a proof of how good it is.

Phases: the eligibility funnel, the volumes relaxation (a first bound, and prices of lots and lines), a first set of trips, improvement
by ruin and recreate on all cores until the iteration limit or the clock, verification by `matching.verify`, and reasons for what
stays open. The best plan is kept whenever the run is stopped.
"""

from __future__ import annotations

from collections.abc import Callable

from matching.bounds.pin_conflicts import require_pins_agree
from matching.bounds.proof import Proof
from matching.decomposition.planner import is_large
from matching.executors import Executor
from matching.model.plan import Plan, Progress, Result
from matching.model.problem import Problem
from matching.pairs.pins import require_pins_possible
from matching.solver.by_parts import search_parts
from matching.solver.from_plan import improve_plan
from matching.solver.params import SolveParams
from matching.solver.result import verified_result
from matching.solver.run import Callbacks, PlanTaker, start_run
from matching.solver.trips import search_trips
from matching.solver.volumes import volumes_result


def solve(
    problem: Problem,
    params: SolveParams,
    *,
    stopwatch: Callable[[], float],
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    warm_start: Plan | None = None,
    executor: Executor | None = None,
    on_plan: PlanTaker | None = None,
) -> Result:
    """Plan a problem.

    Parameters
    ----------
    stopwatch : seconds since the run began, as the limits count them.
    on_progress : told of every step; called from the thread that called `solve`.
    should_stop : asked often; once it is true the best plan so far is returned.
    warm_start : a plan to start from, of this or a similar problem; what no longer fits is left out.
    executor : where the parts of the trips are planned; by default a problem too large to lay out whole is planned in parts on processes of
        this machine, and any other one in one piece. The caller closes what it gives.
    on_plan : offered the best plan so far again and again, so that it survives should the run be ended by force. Whether it writes the plan
        out changes nothing about the result. The plan hasn't been verified yet.

    Raises
    ------
    BadInput
        The pins contradict each other or the rules.
    PlanInvalid
        The plan breaks a rule, which is a defect of ours.
    """
    run = start_run(problem, params, stopwatch, Callbacks(on_progress, should_stop, on_plan))
    require_pins_possible(problem)
    run.report("volumes", None, None)
    if params.trips == "none":
        return volumes_result(problem, run)
    require_pins_agree(problem, run.seconds_left)
    proof = Proof(problem, cores=run.cores)
    if executor is not None or is_large(problem):
        found = search_parts(problem, proof, run, executor, warm_start)
    elif warm_start is not None and params.change_vnd_per_kg is not None:
        found = improve_plan(problem, proof, run, warm_start, params.change_vnd_per_kg)
    else:
        found = search_trips(problem, proof, run, warm_start)
    run.report("verify", found.worth_vnd, proof.bound_vnd)
    return verified_result(problem, found, proof, run)
