"""The planners that a run's process may be asked to work with."""

from __future__ import annotations

from collections.abc import Callable

from matching.plan import Prices, Progress, Result, Status, Termination
from matching.problem import Problem
from service.runs.orders import Order


def plan_wholly(
    order: Order,
    stopwatch: Callable[[], float],
    on_progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
) -> Result:
    """Plan with the engine: the usual way."""
    from matching.solve import Limits, solve
    from service.cluster import joined

    with joined(order.cluster or None) as executor:
        return solve(
            order.problem,
            trips=order.trips,
            limits=Limits(seconds=order.seconds, iterations=order.iterations, cores=order.cores),
            seed=order.seed,
            stopwatch=stopwatch,
            on_progress=on_progress,
            should_stop=should_stop,
            executor=executor,
        )


def plan_by_rule(
    order: Order,
    stopwatch: Callable[[], float],
    on_progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
) -> Result:
    """Plan as a coordinator with a telephone does: the plan that is left when the engine had to be ended by force."""
    del on_progress, should_stop
    from matching.baseline import plan_by_telephone
    from matching.decisions import require_pins_kept
    from matching.explain import explain_open
    from matching.lanes import find_lanes
    from matching.verify import verify

    problem = order.problem
    plan = plan_by_telephone(problem, find_lanes(problem))
    require_pins_kept(problem, plan)
    worth = verify(problem, plan).require().objective_vnd
    reasons = explain_open(problem, plan)
    return Result(plan, worth, None, Status.FEASIBLE, Termination.STOPPED, stopwatch(), order.seed, reasons, _no_prices(problem))


def _no_prices(problem: Problem) -> Prices:
    empty = problem.lots.ask_vnd_per_kg[:0]
    return Prices(problem.lots.id[:0].copy(), empty.copy(), empty.astype(float))
