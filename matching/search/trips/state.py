"""Trips under construction: arrays that the compiled loops change in place, and their bookkeeping.

A *shipment* is kilograms of one lane on one trip. Trips, lots, lines and sites each keep a linked list of what touches them. All
arrays of a state are views of two flat buffers, so that a whole state is copied by two block moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.model.problem import FloatArray, IntArray
from matching.search.trips.columns import HARVEST, HEAD, LINE_KG, LOCKED, LOT_KG, MAX_STOPS, NODE_NEXT, SHIP_NEXT, TRIP_CLASS, TRIP_HEAD
from matching.search.trips.instance import Layout

FREE, CARRIER = -2, -1
N_SHIPS, N_TRIPS, TOP_TRIP, FREE_SHIP, FREE_TRIP, FREE_NODE, N_LOTS, N_LINES = range(8)
PIN_WORTH = 1e7
"""VND per kg that a pin counts for while it is unmet: more than any margin, so that pins come first."""


@dataclass(frozen=True, eq=False)
class Books:
    """State of the search; `matching.search.trips.columns` names the columns.

    Axes: ``t`` trips, ``k`` stops of a trip, ``p`` shipments, ``y``
    days.
    """

    ints: IntArray  # flat buffer of all whole numbers
    reals: FloatArray  # flat buffer of all others
    ship: IntArray  # (p, 8)
    ship_kg: FloatArray  # (p,)
    trip: IntArray  # (t, 6); TRIP_CLASS is FREE, CARRIER or a class
    trip_real: FloatArray  # (t, 5); TRIP_KM leaves base legs out; TRIP_LARGER is what the next class would cost more
    stop: IntArray  # (t, k, 5) loading stops, then unloading ones
    stop_kg: FloatArray  # (t, k) moved there
    node: IntArray  # (.., 3) entries of the sites' lists of trips
    site: IntArray  # (s, 1) head of the list
    lot: IntArray  # (l, 3) head of its shipments; locked: this state may not change what is taken of it; touched
    line: IntArray  # (d, 3) the same
    lot_left: FloatArray  # (l,) kg
    line_left: FloatArray  # (d,) kg
    pin_left: FloatArray
    used: IntArray  # (c, y) trips of a class that start on a day
    calls: IntArray  # (s + roads, y) stops at a site, consignments of a carrier, on a day
    flow: FloatArray  # (s + roads, y) kg that count for throughput or a carrier's capacity
    touched: IntArray  # (2, ..) lots and lines given back since the last forgetting
    count: IntArray  # (8,) see the constants above
    harvest: IntArray  # (h, 2) shipments of its lots, and their one date of pick-up, -1 while it is open
    worth: FloatArray  # [0]: worth in VND, shortage penalties of empty lines left out; unmet pins counted


def empty_state(w: Layout, n_trips: int, n_ships: int) -> Books:
    """Return a state with no trip that can hold ``n_trips`` trips and ``n_ships`` shipments."""
    stops = int(max(2, min(w.vehicle[:, MAX_STOPS].max(initial=2), len(w.km))))
    n_sites, n_lots, n_lines = len(w.km), len(w.lot), len(w.line)
    days, rows = int(w.horizon[0]), n_sites + len(w.carrier)
    ints = {
        "ship": (n_ships, 8), "trip": (n_trips, 6), "stop": (n_trips, stops, 5), "node": (min(n_trips * stops, 2 * n_ships) + 2, 3),
        "site": (n_sites, 1), "lot": (n_lots, 4), "line": (n_lines, 4), "used": (len(w.vehicle), days), "calls": (rows, days),
        "touched": (2, max(n_lots, n_lines)), "count": (8,), "harvest": (int(w.lot[:, HARVEST].max(initial=-1)) + 1, 2),
    }  # fmt: skip
    reals = {
        "ship_kg": (n_ships,), "trip_real": (n_trips, 5), "stop_kg": (n_trips, stops), "lot_left": (n_lots,), "line_left": (n_lines,),
        "pin_left": (len(w.pin_kg),), "flow": (rows, days), "worth": (1,),
    }  # fmt: skip
    flat_reals, flat_ints = np.zeros(_size(reals)), np.zeros(_size(ints), dtype=np.int64)
    state = Books(ints=flat_ints, reals=flat_reals, **_views(flat_reals, reals), **_views(flat_ints, ints))
    clear(w, state)
    return state


def _size(shapes: dict[str, tuple[int, ...]]) -> int:
    return sum(int(np.prod(shape)) for shape in shapes.values())


def _views(flat: Any, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    at, views = 0, {}
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        views[name] = flat[at : at + size].reshape(shape)
        at += size
    return views


def clear(w: Layout, state: Books) -> None:
    """Take every trip out of a state."""
    state.ints[:], state.reals[:] = 0, 0.0
    state.lot_left[:], state.line_left[:], state.pin_left[:] = w.lot_real[:, LOT_KG], w.line_real[:, LINE_KG], w.pin_kg
    state.lot[:, HEAD] = state.line[:, HEAD] = state.site[:, 0] = -1
    state.trip[:, TRIP_CLASS] = FREE
    if w.surroundings is not None:
        around = w.surroundings
        state.used[:], state.calls[:], state.flow[:] = around.used, around.calls, around.flow
        state.lot[:, LOCKED], state.line[:, LOCKED] = around.lot_locked, around.line_locked
    for items, link, head in ((state.ship, SHIP_NEXT, FREE_SHIP), (state.trip, TRIP_HEAD, FREE_TRIP), (state.node, NODE_NEXT, FREE_NODE)):
        items[:, link] = np.arange(1, len(items) + 1)
        items[-1:, link] = -1
        state.count[head] = 0 if len(items) else -1
