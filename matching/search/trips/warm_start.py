"""Loading a plan into the books of the search, so that it goes on from there."""

from __future__ import annotations

import numpy as np

from matching.model.plan import CARRIER, Plan
from matching.model.problem import MINUTES_PER_DAY, BoolArray, IntArray, Problem
from matching.search.trips import columns as col
from matching.search.trips._core import Arena, Scratch, State, load_trips
from matching.search.trips.instance import Layout


def load_plan(problem: Problem, layout: Layout, arena: Arena, state: State, scratch: Scratch, plan: Plan) -> None:
    """Add the trips of a plan to a state, each with its class and times where they are still good.

    Left out is what no longer fits: pairs that are no lanes any more, quantities that are gone, trips whose class can't make them at any
    time, goods that change trucks at a hub, and at the end what would break a minimum.
    """
    first = int(layout.horizon[2])
    legs, a = plan.legs, plan.allocations
    alone = np.bincount(legs.allocation, minlength=len(a.lot))[legs.allocation] == 1
    order = np.flatnonzero(alone)[np.lexsort((legs.allocation[alone], legs.trip[alone]))]
    ship, trip = legs.allocation[order], legs.trip[order]
    carried = plan.trips.vehicle[trip] == CARRIER
    picked, delivered = a.pickup_day[ship] - first, a.delivery_day[ship] - first
    lane = lanes_of(problem, layout, a.lot[ship], a.line[ship], picked, delivered, carried)
    n = np.arange(len(plan.trips.vehicle))
    stop_order = np.lexsort((plan.stops.seq, plan.stops.trip))
    stop_trip = plan.stops.trip[stop_order]
    arrive = plan.stops.arrive_min[stop_order] - first * MINUTES_PER_DAY
    bounds = [np.searchsorted(x, n, side) for x in (trip, stop_trip) for side in ("left", "right")]
    load_trips(
        arena,
        state,
        scratch,
        _table(plan.trips.vehicle, *bounds),
        _table(lane, a.kg[ship], picked),
        _table(plan.stops.site[stop_order], arrive),
    )


def _table(*columns: IntArray) -> IntArray:
    return np.ascontiguousarray(np.stack([np.asarray(c, dtype=np.int64) for c in columns], axis=1))


def lanes_of(
    problem: Problem,
    layout: Layout,
    lot: IntArray,
    line: IntArray,
    picked: IntArray,
    delivered: IntArray,
    carried: BoolArray,
) -> IntArray:
    """Lane that admits each shipment on its days, or -1; shape of ``lot``."""
    lane = layout.lane
    key = (lane[:, col.LANE_LOT] * problem.n_lines + lane[:, col.LANE_LINE]) * 2 + (lane[:, col.LANE_CARRIER] >= 0)
    order = np.argsort(key, kind="stable")
    wanted = (lot * problem.n_lines + line) * 2 + carried
    first, end = np.searchsorted(key[order], wanted, "left"), np.searchsorted(key[order], wanted, "right")
    found = np.full(len(lot), -1, dtype=np.int64)
    for k in range(int((end - first).max(initial=0))):
        open_ = np.flatnonzero((found < 0) & (first + k < end))
        box = order[first[open_] + k]
        found[open_] = np.where(_admits(lane[box], picked[open_], delivered[open_]), box, -1)
    return found


def _admits(box: IntArray, picked: IntArray, delivered: IntArray) -> BoolArray:
    """Whether days lie in lane boxes; a carrier takes exactly its days."""
    inside = (box[:, col.LANE_FROM] <= picked) & (picked <= box[:, col.LANE_UNTIL])
    inside &= (box[:, col.LANE_DELIVER_FROM] <= delivered) & (delivered <= box[:, col.LANE_DELIVER_UNTIL])
    days, carried = delivered - picked, box[:, col.LANE_CARRIER] >= 0
    exact = days == box[:, col.LANE_DAYS]
    return np.asarray(inside & (days >= 0) & np.where(carried, exact, days <= box[:, col.LANE_DAYS]))
