"""The search of a problem in one piece: trips, then long tours, then movements through hubs."""

from __future__ import annotations

from matching.bounds.proof import Proof
from matching.model.plan import Plan
from matching.model.problem import HUB, Problem
from matching.search.hubs import ATTEMPTS, with_hubs
from matching.search.long_tours import reroute, tours_allowed, tours_share
from matching.search.lp_start import outline
from matching.search.staged_planner import StagedPlanner
from matching.search.trips.planner import TripPlanner
from matching.solver.carriers import CarrierPlan, solve_carriers
from matching.solver.from_plan import repaired
from matching.solver.result import SearchOutcome
from matching.solver.run import SolveRun
from matching.verify import verify

Planner = TripPlanner | StagedPlanner


def search_trips(problem: Problem, proof: Proof, run: SolveRun, warm_start: Plan | None) -> SearchOutcome:
    """Search from nothing, or from a plan that may change as a whole."""
    start = None if warm_start is None else repaired(problem, warm_start, run)
    planner = _begin(problem, proof, run, None if start is None else start.plan)
    run.report("trips", planner.worth_vnd, proof.bound_vnd)
    run.offer(planner.worth_vnd, planner.snapshot)
    carriers = CarrierPlan() if planner.trucks_pay else solve_carriers(problem, proof, run, planner.worth_vnd)
    tours_s = None if run.params.is_direct else _hold_back_for_tours(problem, planner, run)
    hubs_s = None if run.params.is_direct else _hold_back_for_hubs(problem, run)
    limit = run.params.limits.iterations or planner.own_limit
    _improve(problem, planner, carriers, proof, run, limit)
    plan = planner.plan() if carriers.plan is None or planner.worth_vnd > carriers.worth_vnd else carriers.plan
    worth = max(planner.worth_vnd, carriers.worth_vnd)
    run.offer(worth, lambda: plan)
    if tours_s is not None:
        run.deadline += tours_s
        rerouted = _reroute(problem, plan, run)
        worth += int(plan.trips.cost_vnd.sum() - rerouted.trips.cost_vnd.sum())
        plan = rerouted
    if start is not None and start.verdict.ok and start.verdict.objective_vnd > verify(problem, plan).objective_vnd:
        # A search that begins hot, and lets halves of movements through hubs find each other anew, may end below where it began.
        plan = start.plan
    if hubs_s is not None:
        run.deadline += hubs_s
        plan = with_hubs(problem, plan, seed=run.params.seed, iterations=_hub_attempts(run), expired=run.is_expired)
    return SearchOutcome(plan, worth, planner.iterations >= limit)


def _begin(problem: Problem, proof: Proof, run: SolveRun, warm_start: Plan | None) -> Planner:
    """Begin a search: where the problem is large or has hubs, from a linear program."""
    params, prices = run.params, (proof.lot_price, proof.line_price)
    seed, cores, direct = params.seed, run.cores, params.is_direct
    if warm_start is not None and not direct and (warm_start.legs.leg == 2).any():
        return StagedPlanner(problem, None, *prices, seed=seed, cores=cores, direct=direct, warm_start=warm_start)
    if warm_start is None and (problem.n_lots + problem.n_lines >= params.lp_start_rows or _has_hubs(problem)):
        latest = run.stopwatch() + params.lp_start_share * run.seconds_left()
        begun = outline(problem, *prices, lambda: latest - run.stopwatch(), hubs=not direct)
        if begun is not None:
            return StagedPlanner(problem, begun, *prices, seed=seed, cores=cores, direct=direct)
    return TripPlanner(problem, proof.lane_price, seed=seed, cores=cores, direct=direct, warm_start=warm_start)


def _improve(problem: Problem, planner: Planner, carriers: CarrierPlan, proof: Proof, run: SolveRun, limit: int) -> None:
    """Improve the trips, and prove beside it, until the limit, the clock or a proof ends the search."""
    params = run.params

    def proof_s() -> float:
        keeps_on = planner.iterations >= limit or problem.n_lots + problem.n_lines <= params.few_rows
        return (1.0 if keeps_on else params.proof_share) * run.deadline - run.stopwatch()

    with proof.continued(proof_s, lambda: planner.worth_vnd):
        while planner.iterations < limit and not run.is_expired() and not proof.closed_by(planner.worth_vnd) and not carriers.is_proven:
            cooled = run.cooling(planner.iterations, planner.rounds, limit)
            planner.improve(cooled, run.is_expired, run.cores - (1 if proof.is_running else 0))
            run.report("improve", max(planner.worth_vnd, carriers.worth_vnd), proof.bound_vnd)
            run.offer(planner.worth_vnd, planner.snapshot)
        if planner.iterations >= limit:
            # A proof may take as long again as the search did, and no longer.
            patience = max(2 * run.stopwatch(), params.patience_s if run.is_timed else 0.0)

            def is_over() -> bool:
                run.report("bound", max(planner.worth_vnd, carriers.worth_vnd), proof.bound_vnd)
                return run.is_expired() or run.stopwatch() >= patience

            proof.wait(is_over)


def _hold_back_for_tours(problem: Problem, planner: Planner, run: SolveRun) -> float | None:
    """Keep time for long tours where the first trips are such; return it in seconds, or None where there are none."""
    share = tours_share(problem, planner.plan()) if tours_allowed(problem) else 0.0
    if share < run.params.least_tours_share:
        return None
    run.has_tours_time = True
    return run.hold_back(run.params.tours_share * share)


def _reroute(problem: Problem, plan: Plan, run: SolveRun) -> Plan:
    """Build long tours anew in the time held back."""
    limit = run.params.limits.iterations
    return reroute(
        problem,
        plan,
        seconds=max(0.0, run.seconds_left()) if run.is_timed else None,
        iterations=None if limit is None else max(1, round(run.params.tours_iteration_share * limit)),
        seed=run.params.seed,
        should_stop=run.is_expired,
    )


def _has_hubs(problem: Problem) -> bool:
    return bool((problem.sites.kind == HUB).any())


def _hold_back_for_hubs(problem: Problem, run: SolveRun) -> float | None:
    """Keep time for movements through hubs; return it in seconds, or None where there are no hubs."""
    return run.hold_back(run.params.hub_share) if _has_hubs(problem) else None


def _hub_attempts(run: SolveRun) -> int:
    limit = run.params.limits.iterations
    return ATTEMPTS if limit is None else min(ATTEMPTS, max(1, limit // run.params.iterations_per_hub_attempt))
