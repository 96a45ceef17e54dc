"""The planners that a run's process may be asked to work with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from matching.model.plan import Plan, Prices, Result, Status, Termination
from matching.model.problem import Problem
from matching.policy import PLAIN, Policy, policy_of
from service.runs.messages import Order, Tell, UnderPolicy

if TYPE_CHECKING:
    from matching.solver import Limits


def plan_wholly(
    order: Order,
    stopwatch: Callable[[], float],
    tell: Tell,
    should_stop: Callable[[], bool],
) -> Result | UnderPolicy:
    """Plan with the engine: the usual way, under the run's policy where it has one.

    Under a policy no plan is handed over on the way: the best by worth may break what the policy asks for.
    """
    from matching.solver import Limits, SolveParams, solve
    from service.runs.cluster import joined
    from service.runs.incumbents import Handing

    limits = Limits(seconds=order.seconds, iterations=order.iterations, cores=order.cores)
    policy = policy_of(order.policy) if order.policy else PLAIN
    if not policy.is_plain:
        return _under_policy(order, policy, limits, stopwatch, tell, should_stop)
    with joined(order.cluster or None) as executor:
        return solve(
            order.problem,
            SolveParams(limits, trips=order.trips, seed=order.seed),
            stopwatch=stopwatch,
            on_progress=tell,
            on_plan=Handing(tell, stopwatch, order.seconds),
            should_stop=should_stop,
            executor=executor,
        )


def _under_policy(
    order: Order,
    policy: Policy,
    limits: Limits,
    stopwatch: Callable[[], float],
    tell: Tell,
    should_stop: Callable[[], bool],
) -> UnderPolicy:
    from matching.policy.solve import solve_policy

    made = solve_policy(
        order.problem,
        policy,
        limits=limits,
        seed=order.seed,
        stopwatch=stopwatch,
        trips=order.trips,
        previous=order.previous,
        deliveries=order.deliveries,
        on_progress=tell,
        should_stop=should_stop,
    )
    return UnderPolicy(made.result, made.as_json())


def plan_by_rule(
    order: Order,
    stopwatch: Callable[[], float],
    tell: Tell,
    should_stop: Callable[[], bool],
) -> Result:
    """Plan as a coordinator with a telephone does: the plan that is left when the engine had to be ended by force."""
    del tell, should_stop
    from matching.baseline import plan_by_telephone
    from matching.pairs.lanes import find_lanes

    return _finished(order, plan_by_telephone(order.problem, find_lanes(order.problem)), None, stopwatch)


def finish_best(
    order: Order,
    stopwatch: Callable[[], float],
    tell: Tell,
    should_stop: Callable[[], bool],
) -> Result:
    """Verify and explain the plan that a planner had handed over before it was ended by force."""
    del tell, should_stop
    assert order.best is not None
    return _finished(order, order.best.plan, order.best.bound_vnd, stopwatch)


def _finished(order: Order, plan: Plan, bound_vnd: int | None, stopwatch: Callable[[], float]) -> Result:
    """Return a plan as a result, verified; a bound below its worth is none."""
    from matching.explain import explain_open
    from matching.pairs.pins import require_pins_kept
    from matching.verify import verify

    problem = order.problem
    require_pins_kept(problem, plan)
    worth = verify(problem, plan).require().objective_vnd
    bound = None if bound_vnd is None or bound_vnd < worth else bound_vnd
    reasons, seconds = explain_open(problem, plan), stopwatch()
    return Result(plan, worth, bound, Status.FEASIBLE, Termination.STOPPED, seconds, order.seed, reasons, _no_prices(problem))


def _no_prices(problem: Problem) -> Prices:
    empty = problem.lots.ask_vnd_per_kg[:0]
    return Prices(problem.lots.id[:0].copy(), empty.copy(), empty.astype(float))
