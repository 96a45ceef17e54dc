"""What trips carry, and what else they could carry at their stops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.model.problem import MINUTES_PER_DAY, NO_LIMIT, BoolArray, FloatArray, IntArray
from matching.search.trips import columns as col
from matching.search.trips._core import State, list_ships
from matching.search.trips.instance import Layout
from matching.search.trips.state import Books

MOST_COLUMNS = 60_000
"""Loads beyond which a program would take too long."""


class Loads(NamedTuple):
    """Kilograms of lanes on trips, rows by trip; shape of each (n_loads,)."""

    trip: IntArray
    lane: IntArray
    kg: FloatArray


def current_loads(books: Books) -> Loads:
    """What the truck trips carry now."""
    found = np.zeros(len(books.ship), dtype=np.int64)
    ships = found[: list_ships(State(books), found)]
    ships = ships[books.trip[books.ship[ships, col.SHIP_TRIP], col.TRIP_CLASS] >= 0]
    trip, lane = books.ship[ships, col.SHIP_TRIP], books.ship[ships, col.SHIP_LANE]
    order = np.lexsort((lane, trip))
    return Loads(trip[order], lane[order], books.ship_kg[ships][order])


def possible_loads(layout: Layout, books: Books, now: Loads) -> Loads | None:
    """Every lane that each trip could carry, with what it carries now; None if those are too many."""
    trips = np.unique(now.trip)
    pick, drop = _pairs_of_stops(books, trips)
    trip, lane = _lanes_between(layout, books, pick, drop)
    if len(trip) > MOST_COLUMNS:
        return None
    key, now_key = trip * len(layout.lane) + lane, now.trip * len(layout.lane) + now.lane
    fits = _admissible(layout, books, trip, lane, now) | np.isin(key, now_key)
    trip, lane, key = trip[fits], lane[fits], key[fits]
    order = np.lexsort((lane, trip))
    trip, lane, key = trip[order], lane[order], key[order]
    kg = np.zeros(len(trip))
    kg[np.searchsorted(key, now_key)] = now.kg
    return Loads(trip, lane, kg)


def _pairs_of_stops(books: Books, trips: IntArray) -> tuple[IntArray, IntArray]:
    """Every loading and unloading stop of the same trip, as (trip, place) rows; shape (n_pairs, 2) each."""
    n_load, n_unload = books.trip[trips, col.TRIP_NP], books.trip[trips, col.TRIP_ND]
    n = n_load * n_unload
    trip, pair = np.repeat(trips, n), np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    pick, drop = np.divmod(pair, books.trip[trip, col.TRIP_ND])
    return np.stack([trip, pick], axis=1), np.stack([trip, drop + books.trip[trip, col.TRIP_NP]], axis=1)


def _lanes_between(layout: Layout, books: Books, pick: IntArray, drop: IntArray) -> tuple[IntArray, IntArray]:
    """Trip and lane of each admissible combination of sites and days."""
    n_sites = len(layout.km)
    trucks = np.flatnonzero(layout.lane[:, col.LANE_CARRIER] < 0)
    from_site, to_site = ends_of(layout, trucks)
    site_key = from_site * n_sites + to_site
    order = np.argsort(site_key, kind="stable")
    site_key, trucks = site_key[order], trucks[order]
    start, end = books.stop[pick[:, 0], pick[:, 1]], books.stop[drop[:, 0], drop[:, 1]]
    wanted = start[:, col.STOP_SITE] * n_sites + end[:, col.STOP_SITE]
    low, high = np.searchsorted(site_key, wanted, side="left"), np.searchsorted(site_key, wanted, side="right")
    n = high - low
    pair = np.repeat(np.arange(len(n)), n)
    chosen = trucks[np.arange(len(pair)) - np.repeat(np.cumsum(n) - n, n) + low[pair]]
    picked, dropped = start[pair, col.STOP_ARRIVE] // 1440, end[pair, col.STOP_ARRIVE] // 1440
    lane = layout.lane[chosen]
    fits = (picked >= lane[:, col.LANE_FROM]) & (picked <= lane[:, col.LANE_UNTIL]) & (dropped >= lane[:, col.LANE_DELIVER_FROM])
    fits &= (dropped <= lane[:, col.LANE_DELIVER_UNTIL]) & (dropped - picked <= lane[:, col.LANE_DAYS])
    return pick[pair[fits], 0], chosen[fits]


def _admissible(layout: Layout, books: Books, trip: IntArray, lane: IntArray, now: Loads) -> BoolArray:
    """Loads that break no rule that the program leaves out: cold, whole lots, minimum takes, numbers of suppliers, minimum fills."""
    lot, line = layout.lane[lane, col.LANE_LOT], layout.lane[lane, col.LANE_LINE]
    fits = (layout.lot[lot, col.COLD] == 0) | (layout.vehicle[books.trip[trip, col.TRIP_CLASS], col.REFRIGERATED] > 0)
    taken = books.lot_left < layout.lot_real[:, col.LOT_KG]
    fits &= (layout.lot[lot, col.WHOLE] == 0) & (taken[lot] | (layout.lot_real[lot, col.LOT_MIN] <= 0))
    fits &= _cut_that_day(layout, books, trip, lot)
    filled = books.line_left < layout.line_real[:, col.LINE_KG]
    fits &= filled[line] | (layout.line_real[line, col.LINE_MIN] <= 0)
    ruled = (layout.line[line, col.SUPPLIERS] < NO_LIMIT) | (layout.line_real[line, col.SUPPLIER_KG] > 0)
    served = np.unique(supplier_key(layout, now.lane))
    return np.asarray(fits & (~ruled | np.isin(supplier_key(layout, lane), served)))


def _cut_that_day(layout: Layout, books: Books, trip: IntArray, lot: IntArray) -> BoolArray:
    """Loads whose lot is of no harvest, or of one that is picked up on the day on which the trip calls there."""
    harvest = layout.lot[lot, col.HARVEST]
    fits: BoolArray = harvest < 0
    for row in np.flatnonzero(~fits).tolist():
        stops = books.stop[trip[row], : books.trip[trip[row], col.TRIP_NP]]
        here = stops[stops[:, col.STOP_SITE] == layout.lot[lot[row], col.LOT_SITE], col.STOP_ARRIVE]
        ships, day = books.harvest[harvest[row]]
        fits[row] = ships > 0 and (here // MINUTES_PER_DAY == day).all()
    return fits


def ends_of(layout: Layout, lane: IntArray) -> tuple[IntArray, IntArray]:
    """Site where each lane begins, and where it ends; shape of ``lane``."""
    return layout.lot[layout.lane[lane, col.LANE_LOT], col.LOT_SITE], layout.line[layout.lane[lane, col.LANE_LINE], col.LINE_SITE]


def supplier_key(layout: Layout, lane: IntArray) -> IntArray:
    """Return one number for each pair of a line and a supplier; shape of ``lane``."""
    n = int(layout.lot[:, col.SUPPLIER].max(initial=0)) + 1
    return np.asarray(layout.lane[lane, col.LANE_LINE] * n + layout.lot[layout.lane[lane, col.LANE_LOT], col.SUPPLIER])
