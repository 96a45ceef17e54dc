"""`solve_carrier_flow`: the program of carriers solved to proof by branch and bound, while a search nearby betters what that has found.

Where charges are many, branch and bound alone is left with plans a tenth above the least cost; see `matching.carrier_flow.neighbourhood`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

import numpy as np

from matching.carrier_flow.incumbent import Incumbent
from matching.carrier_flow.neighbourhood import search_nearby
from matching.carrier_flow.program import GAP_VND, CarrierFlows, CarrierProgram, find_carrier_flows
from matching.model.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.model.problem import FloatArray, IntArray, Problem
from matching.optimizer import solve_integer, solve_linear
from matching.pairs.lanes import Lanes, lane_rates

ALONE_SHARE = 0.1
"""Share of the time in which branch and bound has the processor to itself: it solves small problems at once."""


def only_carriers_pay(problem: Problem, lanes: Lanes) -> bool:
    """Whether no kilogram of any lane pays a truck's cheapest haulage, and no minimum could ask for one that does not."""
    # Roads lead to the cheapest rate of a lane; without those that carriers serve, it is a truck's.
    hired = problem.replace(roads=problem.roads.replace(vnd_per_kg=np.full(len(problem.roads.km), np.nan)))
    gain = lanes.margin_vnd_per_kg + problem.lines.short_vnd_per_kg[lanes.line]
    rate = lane_rates(hired, lanes)
    if not np.isfinite(rate).any():
        return True
    if bool((gain > rate).any()):
        return False
    lots, lines = problem.lots, problem.lines
    return not (
        lots.min_take_kg.any()
        or lots.indivisible.any()
        or lines.min_fill_kg.any()
        or lines.min_supplier_kg.any()
        or problem.decisions.kg.any()
    )


@dataclass(frozen=True)
class CarrierSolution:
    """A plan with carriers alone, if one was found, and a bound on every such plan, đồng."""

    plan: Plan | None
    bound_vnd: float


def solve_carrier_flow(
    problem: Problem,
    *,
    seconds: float | None,
    stopwatch: Callable[[], float],
    should_stop: Callable[[], bool],
    cores: int = 1,
    seed: int = 0,
) -> CarrierSolution | None:
    """Plan with carriers alone; None where there are too many lane-days for a program of this kind.

    Parameters
    ----------
    seconds : how long it may take; None for as long as the proof takes, and then nothing is searched nearby.
    cores : threads that search nearby, beside the one that proves.
    """
    flows = find_carrier_flows(problem)
    if flows is None:
        return None
    program = CarrierProgram(problem, flows)
    values, bound = _searched(program, _Countdown(stopwatch, seconds, should_stop), cores, seed)
    plan = None if values is None else _plan(problem, flows, program.rounded(values))
    rates = problem.roads.vnd_per_kg[flows.road]
    # A consignment's freight is rounded to whole đồng, which may be half a đồng in its favour; whole rates are exact.
    slack = 0.5 * len(flows.lot) if (rates % 1 != 0).any() else 1e-3
    short = float(problem.lines.kg @ problem.lines.short_vnd_per_kg)
    return CarrierSolution(plan, float(np.floor(bound - short + slack)))


class _Countdown:
    """Seconds that are left, none once the run is to stop."""

    def __init__(self, stopwatch: Callable[[], float], seconds: float | None, should_stop: Callable[[], bool]) -> None:
        self._stopwatch, self._begin, self._should_stop = stopwatch, stopwatch(), should_stop
        self.seconds, self.over = np.inf if seconds is None else seconds, False

    def left(self) -> float:
        return 0.0 if self.stopped() else self.seconds - (self._stopwatch() - self._begin)

    def stopped(self) -> bool:
        return self.over or self._should_stop()


def _searched(program: CarrierProgram, countdown: _Countdown, cores: int, seed: int) -> tuple[FloatArray | None, float]:
    """Return the best values of all columns (None without a solution), and the proven bound."""
    incumbent = Incumbent(program)
    crew = cores if np.isfinite(countdown.seconds) and program.members else 0
    with ThreadPoolExecutor(max(1, crew)) as threads:
        tasks = [threads.submit(_search, program, incumbent, countdown, (seed, number)) for number in range(crew)]
        bound, is_proven = _proven(program, incumbent, countdown)
        countdown.over = is_proven
        for task in tasks:
            task.result()
    return incumbent.values, bound


def _search(program: CarrierProgram, incumbent: Incumbent, countdown: _Countdown, seed: tuple[int, int]) -> None:
    """Search nearby from when the proof has had its time alone."""
    pause = Event()
    while countdown.left() > (1.0 - ALONE_SHARE) * countdown.seconds:
        pause.wait(0.02)
    search_nearby(program, incumbent, countdown.left, seed)


def _proven(program: CarrierProgram, incumbent: Incumbent, countdown: _Countdown) -> tuple[float, bool]:
    """Solve by branch and bound; return the bound, and whether the best solution is proven to be so."""
    if any(program.whole):
        outcome = solve_integer(program.linear, countdown.left, gap_vnd=GAP_VND, on_values=incumbent.offer_any)
    else:
        outcome = solve_linear(program.linear, countdown.left)
    incumbent.offer_any(outcome.values)
    return outcome.bound, outcome.is_optimal


def _plan(problem: Problem, flows: CarrierFlows, kg: IntArray) -> Plan:
    """One carrier trip for each flow in use; the daily charge goes on the first of a carrier's day."""
    used = np.flatnonzero(kg > 0)
    road, day = flows.road[used], flows.day[used]
    n = np.arange(len(used))
    _, first = np.unique(road * (1 << 32) + day, return_index=True)
    cost = np.rint(kg[used] * problem.roads.vnd_per_kg[road]).astype(np.int64)
    cost[first] += problem.roads.fixed_vnd[road[first]]
    none = np.zeros(0, dtype=np.int64)
    return Plan(
        Allocations(flows.lot[used], flows.line[used], kg[used], day, day + problem.roads.transit_days[road]),
        Legs(n, np.ones(len(n), dtype=np.int64), n.copy(), problem.lots.site[flows.lot[used]], problem.lines.site[flows.line[used]]),
        Trips(np.full(len(n), CARRIER), np.zeros(len(n)), cost),
        Stops(none, none.copy(), none.copy(), none.copy(), none.copy()),
    )
