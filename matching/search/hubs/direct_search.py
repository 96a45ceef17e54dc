"""The trip search on one part of a transfer, which is small: without threads, and begun in several ways."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import BoolArray
from matching.search.hubs.part import TransferPart
from matching.search.subproblem_search import with_use
from matching.search.trips._core import Arena, Scratch, State, build, copy_all, copy_trips, improve, sweep
from matching.search.trips.columns import COUNT_LIMIT, PAYLOAD, TRIP_CLASS, TRIP_COST
from matching.search.trips.conversion import plan_of
from matching.search.trips.improver import make_scratch
from matching.search.trips.instance import Layout, make_arena
from matching.search.trips.state import Books, empty_state

HOT, COLD = 0.2, 0.004
"""Temperatures as shares of what a trip costs on the average."""
STRETCH = 100
"""Iterations between two looks at the clock."""
RUIN_SIZE = 8.0
GENEROUS = (1.0, 3.0)
"""How many times more goods are said to bring when first trips are begun."""


def search_direct(part: TransferPart, *, iterations: int, seed: int, expired: Callable[[], bool]) -> Plan:
    """Return good direct trips for a part; lots, lines, classes and sites are numbered as in the part."""
    n_lanes = len(part.lanes.lot)
    layout = with_use(make_arena(part.problem, part.lanes, np.zeros(n_lanes), np.full(n_lanes, -1, dtype=np.int64)), part.use)
    arena, scratch = Arena(layout), make_scratch(layout, seed)
    now, best = _first_trips(layout, arena, scratch)
    spare, stretch_best = _empty_books(layout), _empty_books(layout)
    states = State(now), State(spare), State(stretch_best)
    cost = now.trip_real[:, TRIP_COST]
    mean, done = float(cost[cost > 0].mean()) if (cost > 0).any() else 1e5, 0
    while done < iterations and not expired():
        hot, cold = (HOT * (COLD / HOT) ** (min(iterations, at) / iterations) * mean for at in (done, done + STRETCH))
        improve(arena, *states, scratch, STRETCH, hot, cold, RUIN_SIZE)
        if stretch_best.worth[0] > best.worth[0]:
            copy_all(State(best), states[2])
        done += STRETCH
    sweep(arena, State(best), scratch)
    return plan_of(part.problem, layout, best)


def _first_trips(layout: Layout, arena: Arena, scratch: Scratch) -> tuple[Books, Books]:
    """Return the best of several first sets of trips twice: to be changed, and to be kept.

    Goods that share a large truck pay for it where none of them would alone, and where each finds a small truck cheaper. So some of the
    sets are begun with large trucks alone, for goods that are said to bring more than they do, and are then set right and filled up.
    """
    best, now = _empty_books(layout), _empty_books(layout)
    build(arena, State(best), scratch, 0.0)
    payload = layout.vehicle_real[:, PAYLOAD]
    for least in np.unique(np.quantile(payload, (0.0, 0.4, 0.7, 1.0), method="higher")) if len(payload) else ():
        for generous in GENEROUS:
            found = _begun_with(layout, payload >= least, generous, scratch)
            build(arena, State(found), scratch, 0.0)
            if found.worth[0] > best.worth[0]:
                copy_all(State(best), State(found))
    copy_all(State(now), State(best))
    return now, best


def _begun_with(layout: Layout, classes: BoolArray, generous: float, scratch: Scratch) -> Books:
    """Return trips of some classes that would pay if goods brought so many times more."""
    vehicle, lane_real = layout.vehicle.copy(), layout.lane_real * np.array([generous, 1.0])
    vehicle[~classes, COUNT_LIMIT] = 0
    hoped, found = _empty_books(layout), _empty_books(layout)
    build(Arena(layout._replace(vehicle=vehicle, lane_real=lane_real)), State(hoped), scratch, 0.0)
    copy_trips(Arena(layout), State(hoped), State(found), np.flatnonzero(hoped.trip[:, TRIP_CLASS] >= 0))
    return found


def _empty_books(layout: Layout) -> Books:
    n_lots, n_lines = len(layout.lot), len(layout.line)
    return empty_state(layout, 2 * n_lots + n_lines + 32, 4 * n_lots + 2 * n_lines + 64)
