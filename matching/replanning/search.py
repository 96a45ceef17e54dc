"""`replan`: from a plan to a better one that changes little: trips that stay are left alone, and each promise that changes has its price.

Problem data
    previous  a plan of this problem, or what is left of one (`matching.replanning.carry_over`)
    stays     the trips that stay (`matching.replanning.kept_trips`)
    price v   đồng for each kilogram that a pair of lot and line brings less than before

Method
    The search of `matching.search.trips` goes on from the trips that don't stay, with what the others use taken away from it. Each
    kilogram on
    a pair that was promised counts v more than its margin, so that a change must earn its price. The plan that is given back is the best
    of those met by `worth - v × changed kilograms`, measured by the verifier on the whole plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import BoolArray, IntArray, Problem
from matching.replanning.commitments import lost_kg, unmet_pins, unmet_pins_kg
from matching.replanning.kept_trips import find_kept_trips, forbidden_trips
from matching.replanning.pin_room import make_room, with_room_at_hubs, within_quantities, without_in_the_way
from matching.replanning.unloading import without_banned
from matching.search.plan_ops import combine_plans, empty_plan, keep_trips, kg_by_pair, with_carrier_costs
from matching.search.subproblem import free_trips
from matching.search.subproblem_search import Schedule, SubproblemSearch
from matching.search.trips import columns as col
from matching.search.trips.instance import Layout, _grouped
from matching.verify import Verdict, verify

HOT_SHARE, COLD_SHARE = 0.05, 0.004
"""Temperatures as shares of what a trip costs on the average: a search that goes on from good trips begins cool."""
POLISHING_S = 10.0
MOST_PINS = 12
"""Pins without room for which movements through hubs are let go, each in a search of its own."""
FULL_TURN = 60_000
"""Iterations over which a search without a limit of its own cools down."""


@dataclass(frozen=True)
class Stability:
    """How much a plan may change.

    Attributes
    ----------
    frozen_until_day : trips that begin before this date stay; None for none.
    change_vnd_per_kg : price of each promised kilogram that a pair of lot and line loses.
    """

    frozen_until_day: int | None = None
    change_vnd_per_kg: int = 0


@dataclass(frozen=True, eq=False)
class Replanned:
    """A plan made anew.

    Attributes
    ----------
    verdict : what the verifier says of it, in the true prices.
    changed_kg : promised kilograms that their pairs have lost.
    kept_trips : trips that stayed.
    iterations : that the search has made.
    ended : the plan that the search ended with, whether it was the best or not.
    """

    plan: Plan
    verdict: Verdict
    changed_kg: int
    kept_trips: int
    iterations: int
    ended: Plan


@dataclass
class _Best:
    """The best plan met so far, by a measure of the caller's, larger is better; one that keeps every rule before one that misses a pin."""

    problem: Problem
    measure: Callable[[Plan, Verdict], tuple[float, ...]]
    mend: Callable[[Plan], Plan] | None = None
    plan: Plan | None = None
    verdict: Verdict | None = None
    value: tuple[float, ...] = field(default=())
    last: Plan | None = None

    def offer(self, plan: Plan) -> None:
        """Take a plan, or what its caller makes of it, if it breaks no rule, a pin at most, and is better."""
        self.last = plan
        self._judge(plan)
        mended = plan if self.mend is None else self.mend(plan)
        if mended is not plan:
            self._judge(mended)

    def _judge(self, plan: Plan) -> None:
        verdict = verify(self.problem, plan)
        misses_pins = not verdict.ok
        if {breach.rule for breach in verdict.violations} - {"decisions"} or (misses_pins and forbidden_trips(self.problem, plan).any()):
            return
        value = (-float(misses_pins), *self.measure(plan, verdict))
        if self.plan is None or value > self.value:
            self.plan, self.verdict, self.value = plan, verdict, value


def replan(
    problem: Problem,
    previous: Plan,
    *,
    stability: Stability = Stability(),
    iterations: int | None = None,
    expired: Callable[[], bool] = lambda: False,
    seed: int = 0,
    cores: int = 2,
    direct: bool = False,
    guide: Problem | None = None,
    measure: Callable[[Plan, Verdict], tuple[float, ...]] | None = None,
    promises: tuple[IntArray, IntArray] | None = None,
    mend: Callable[[Plan], Plan] | None = None,
) -> Replanned:
    """Plan again from an earlier plan; a pin that can't be kept is missed, which its caller may refuse.

    Parameters
    ----------
    iterations : of the search; None to go on until ``expired``, at most `FULL_TURN`.
    guide : the same problem in other prices, with less to be had of some lots, or with more pins, by which the search looks for plans; the
        problem itself by default. Whatever is found is verified and measured in the problem itself.
    measure : what makes a plan better, larger first; by default its worth less the price of what has changed.
    promises : pairs and kilograms as `matching.search.plan_ops.kg_by_pair` returns them; by default what ``previous`` promises.
    mend : makes of a plan that was found another one that may measure better, or returns it as it is; both are judged.
    """
    pairs, kg = kg_by_pair(problem, previous) if promises is None else promises
    price = stability.change_vnd_per_kg

    def plain(plan: Plan, verdict: Verdict) -> tuple[float, ...]:
        return (unmet_pins_kg(problem, plan) * -1.0, float(verdict.objective_vnd - price * lost_kg(problem, plan, pairs, kg)))

    best = _Best(problem, measure or plain, mend)

    def attempt(plan: Plan, stays: BoolArray) -> int:
        kept, rest = with_carrier_costs(problem, keep_trips(plan, stays)), keep_trips(plan, ~stays)
        best.offer(kept)
        best.offer(plan)
        roomy = make_room(guide or problem, rest, kept)
        search = SubproblemSearch(
            free_trips(guide or problem, kept, roomy),
            seed=seed,
            cores=cores,
            direct=direct,
            adapt=lambda layout: _with_bonus(_clipped(layout, stability.frozen_until_day), pairs, price),
        )
        best.offer(combine_plans(problem, kept, search.plan()))
        done = search.run(Schedule(iterations or FULL_TURN, HOT_SHARE, COLD_SHARE, polish_at=0.5, polish_s=POLISHING_S), expired)
        if done:
            best.offer(combine_plans(problem, kept, search.plan()))
        return done

    previous = within_quantities(problem, without_banned(problem, previous))
    until = stability.frozen_until_day
    stays = find_kept_trips(problem, previous, until)
    done = attempt(previous, stays)
    if not expired() and len(unmet_pins(problem, best.plan or previous)):
        roomy = with_room_at_hubs(problem, previous, until)
        done += attempt(roomy, find_kept_trips(problem, roomy, until))
    for pin in unmet_pins(problem, best.plan or previous).tolist()[:MOST_PINS]:
        start = best.plan or previous
        freed = without_in_the_way(problem, start, until, pin)
        if not expired() and freed.allocations.kg.sum() < start.allocations.kg.sum():
            done += attempt(freed, find_kept_trips(problem, freed, until))
    if best.plan is None or best.verdict is None:
        # A kept trip depends on a removed one, so every trip is dropped.
        best.plan, best.verdict = empty_plan(), verify(problem, empty_plan())
    return Replanned(best.plan, best.verdict, lost_kg(problem, best.plan, pairs, kg), int(stays.sum()), done, best.last or best.plan)


def _clipped(layout: Layout, frozen_until_day: int | None) -> Layout:
    """Leave no lane on which goods are picked up on a frozen date, or of a lot or line of which nothing is left."""
    lane = layout.lane.copy()
    if frozen_until_day is not None:
        lane[:, col.LANE_FROM] = np.maximum(lane[:, col.LANE_FROM], frozen_until_day - int(layout.horizon[2]))
    left = (layout.lot_real[lane[:, col.LANE_LOT], col.LOT_KG] > 0) & (layout.line_real[lane[:, col.LANE_LINE], col.LINE_KG] > 0)
    kept = np.flatnonzero(left & (lane[:, col.LANE_FROM] <= lane[:, col.LANE_UNTIL]))
    return layout._replace(lane=np.ascontiguousarray(lane[kept]), lane_real=np.ascontiguousarray(layout.lane_real[kept]))


def _with_bonus(layout: Layout, pairs: IntArray, bonus_vnd_per_kg: int) -> Layout:
    """Let each kilogram on a promised pair count more than its margin, and put the lanes in order."""
    lane, lane_real = layout.lane, layout.lane_real.copy()
    pair = lane[:, col.LANE_LOT] * max(1, len(layout.line)) + lane[:, col.LANE_LINE]
    lane_real[:, col.MARGIN] += bonus_vnd_per_kg * np.isin(pair, pairs)
    lot, line, rank = layout.lot.copy(), layout.line.copy(), -lane_real[:, col.MARGIN]
    by_lot, lot_start = _grouped(lane[:, col.LANE_LOT], len(lot), rank)  # type: ignore[arg-type]
    by_line, line_start = _grouped(lane[:, col.LANE_LINE], len(line), rank)  # type: ignore[arg-type]
    lot[:, col.LOT_FROM], lot[:, col.LOT_END] = lot_start[:-1], lot_start[1:]
    line[:, col.LINE_FROM], line[:, col.LINE_END] = line_start[:-1], line_start[1:]
    return layout._replace(lane_real=lane_real, grouped=np.stack([by_lot, by_line]), lot=lot, line=line)
