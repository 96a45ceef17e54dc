"""`TripPlanner`: lanes in, improving trips out, a plan at any time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np

from matching.carrier_flow import only_carriers_pay
from matching.model.plan import Plan
from matching.model.problem import FloatArray, IntArray, Problem
from matching.network.carriers import find_carrier_lanes
from matching.pairs.lanes import Lanes, find_lanes
from matching.search.trips.columns import LANE_CARRIER, LINE_KG, LOT_KG
from matching.search.trips.conversion import plan_of
from matching.search.trips.improver import Cooling, Improver
from matching.search.trips.instance import Layout, make_arena
from matching.search.trips.state import PIN_WORTH

ITERATIONS = 300_000
ITERATIONS_PER_ROW, ITERATIONS_PER_FURTHER_ROW, FEW_ROWS = 400, 6_000, 300
HOT_SHARE, COLD_SHARE = 0.4, 0.004
"""Temperatures as shares of what a trip costs on the average."""
POLISHINGS, POLISHING_S = 12, 30.0
"""How often in a search the volumes are made best for the trips as they are, at least, and how long that may take: far more than it needs,
so that a busy machine gives the same plan as an idle one."""
POLISHING_PER_ROW, LEAST_BETWEEN = 20, 20_000
CYCLES = ((150, 8), (400, 4), (1000, 2))
"""Rows of lots and lines up to which a search cools down several times."""


def own_limit(rows: int) -> int:
    """Return the iterations after which a search for so many lots and lines ends by itself.

    Small problems soon have nothing more to gain; large ones make use of whatever time they are given.
    """
    return ITERATIONS + ITERATIONS_PER_ROW * rows + ITERATIONS_PER_FURTHER_ROW * max(0, rows - FEW_ROWS)


def polishing_distance(rows: int) -> int:
    """Return the iterations after which the volumes are made best again at the latest: the program takes longer, the more there are."""
    return max(LEAST_BETWEEN, POLISHING_PER_ROW * rows)


class TripPlanner:
    """A search under way.

    Attributes
    ----------
    iterations, rounds : made so far.
    trucks_pay : False where carriers are all that can pay.
    own_limit : iterations after which the search ends by itself.
    """

    def __init__(
        self,
        problem: Problem,
        lane_price: Callable[[IntArray, IntArray], FloatArray],
        *,
        seed: int,
        cores: int,
        direct: bool,
        warm_start: Plan | None,
        only: IntArray | None = None,
        warmth: float = 1.0,
        progress: float = 0.0,
    ) -> None:
        """Begin a search.

        Parameters
        ----------
        only : pairs (lot × n_lines + line) that it may use, all by default.
        warmth : first temperature, against that of a search that begins with nothing.
        progress : how far a search is that goes on with this one.
        """
        self.problem = problem
        self.iterations = self.rounds = 0
        rows = problem.n_lots + problem.n_lines
        self.own_limit = own_limit(rows)
        self._short = int(problem.lines.kg @ problem.lines.short_vnd_per_kg)
        self.layout = lay_out(problem, lane_price, direct=direct, only=only)
        self.trucks_pay = bool((self.layout.lane[:, LANE_CARRIER] < 0).any())
        self._improver = Improver(self.layout, seed=seed, cores=cores)
        if warm_start is None:
            self._improver.first()
        else:
            self._improver.resume(problem, warm_start)
        self._cooling = self._temperatures(warmth)
        self._cycles = next((cycles for most, cycles in CYCLES if rows <= most), 1)
        self._turn = divmod(min(progress, 0.999999) * self._cycles, 1.0)[0]
        self._mark = int(progress * POLISHINGS)
        self._between = polishing_distance(rows)
        self._polished = 0

    @property
    def worth_vnd(self) -> int:
        """Worth of the best plan so far."""
        met_kg = self.layout.pin_kg - np.maximum(0.0, self._improver.best.pin_left)
        return int(np.rint(self._improver.worth - PIN_WORTH * met_kg.sum())) - self._short

    def loads(self, lines: IntArray, lots: IntArray) -> tuple[IntArray, IntArray]:
        """Kilograms that the best plan so far delivers to some lines, and takes of some lots."""
        best, layout = self._improver.best, self.layout
        return (
            np.rint(layout.line_real[lines, LINE_KG] - best.line_left[lines]).astype(np.int64),
            np.rint(layout.lot_real[lots, LOT_KG] - best.lot_left[lots]).astype(np.int64),
        )

    def improve(self, progress: float, expired: Callable[[], bool], cores: int) -> None:
        """Make one round on ``cores`` threads; ``progress`` in [0, 1] says how far the search is."""
        turn, cooled = divmod(min(progress, 0.999999) * self._cycles, 1.0)
        if turn > self._turn:
            self._turn = turn
            self._improver.restart()
        self.iterations += max(1, self._improver.round(cooled, 0.02, self._cooling, expired, cores))
        self.rounds += 1
        mark = int(progress * POLISHINGS)
        if mark > self._mark or self.iterations - self._polished >= self._between:
            self._mark, self._polished = mark, self.iterations
            self._improver.polish(POLISHING_S)

    def plan(self) -> Plan:
        """Return the best plan so far."""
        self._improver.finish()
        return self.snapshot()

    def snapshot(self) -> Plan:
        """Return the best plan so far, and leave the search as it is."""
        return plan_of(self.problem, self.layout, self._improver.best)

    def _temperatures(self, warmth: float) -> Cooling:
        return Cooling.of_trips(self._improver.best, warmth * HOT_SHARE, COLD_SHARE)


def lay_out(
    problem: Problem, lane_price: Callable[[IntArray, IntArray], FloatArray], *, direct: bool, only: IntArray | None = None
) -> Layout:
    """Find all lanes, those of carriers included, or those of some pairs (lot × n_lines + line) alone, and lay the problem out."""
    if direct:
        problem = problem.replace(vehicles=problem.vehicles.replace(max_stops=np.minimum(problem.vehicles.max_stops, 2)))
    shift_days = int(np.ceil(float(problem.vehicles.max_hours.max(initial=0.0)) / 24))
    span = max(0, problem.horizon_until_day - problem.horizon_from_day)
    lanes = find_lanes(problem, max_transit_days=min(max(1, shift_days), span))
    if only_carriers_pay(problem, lanes):
        lanes = Lanes(*(getattr(lanes, column.name)[:0] for column in fields(lanes)))
    lanes, road = _with_carriers(problem, lanes)
    if only is not None:
        kept = np.flatnonzero(np.isin(lanes.lot * max(1, problem.n_lines) + lanes.line, only))
        lanes, road = Lanes(*(getattr(lanes, column.name)[kept] for column in fields(lanes))), road[kept]
    return make_arena(problem, lanes, lane_price(lanes.lot, lanes.line), road)


def _with_carriers(problem: Problem, lanes: Lanes) -> tuple[Lanes, IntArray]:
    """Add a lane for each carrier; the second value is each lane's road, or -1 for trucks."""
    trucks = np.full(len(lanes.lot), -1, dtype=np.int64)
    if np.isnan(problem.roads.vnd_per_kg).all():
        return lanes, trucks
    carried = find_carrier_lanes(problem)
    days = problem.roads.transit_days[carried.road]
    extra = Lanes(
        lot=carried.lot,
        line=carried.line,
        pickup_from_day=carried.pickup_from_day,
        pickup_until_day=carried.pickup_until_day,
        deliver_from_day=carried.pickup_from_day + days,
        deliver_until_day=carried.pickup_until_day + days,
        max_days=days,
        margin_vnd_per_kg=carried.margin_vnd_per_kg,
    )
    both = {f.name: np.concatenate([getattr(lanes, f.name), getattr(extra, f.name)]) for f in fields(Lanes)}
    return Lanes(**both), np.concatenate([trucks, carried.road])
