"""Volumes made best for the trips as they are: a linear program over all trips at once.

Decision variables
    x[t, n] ≥ 0   kg of lane n on trip t, where t calls at the lane's sites on admissible days with an admissible class

Formulation
    maximise Σ margin x
    Σ x over a lot ≤ its kg, over a line ≤ its kg, over a trip ≤ payload and ≤ litres
    what a rule asks of a lot, a line or a supplier in use stays kept: minimum take, minimum fill, minimum and number of suppliers

The search moves goods between neighbouring trips; this moves them along chains through the whole plan.
"""

from __future__ import annotations

from typing import NamedTuple

import highspy
import numpy as np
from scipy.sparse import coo_array, csc_array

from matching.highs import silent_highs
from matching.problem import NO_LIMIT, BoolArray, FloatArray, IntArray
from matching.trips import columns as col
from matching.trips._core import State, list_ships
from matching.trips.arena import Layout
from matching.trips.state import Books

MOST_COLUMNS = 60_000


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


def best_loads(layout: Layout, books: Books, seconds: float) -> Loads | None:
    """Return the best loads for the trips of the books; None if there are too many or time ran out."""
    now = current_loads(books)
    loads = _possible(layout, books, now)
    if loads is None or len(loads.trip) == 0:
        return None
    kg = _solve(layout, books, loads, now, seconds)
    return None if kg is None else Loads(loads.trip, loads.lane, kg)


def _possible(layout: Layout, books: Books, now: Loads) -> Loads | None:
    """Every lane that each trip could carry, with what it carries now."""
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
    pick, drop = [], []
    for trip in trips.tolist():
        n_load = int(books.trip[trip, col.TRIP_NP])
        for i in range(n_load):
            for j in range(n_load, n_load + int(books.trip[trip, col.TRIP_ND])):
                pick.append((trip, i))
                drop.append((trip, j))
    return np.array(pick, dtype=np.int64).reshape(-1, 2), np.array(drop, dtype=np.int64).reshape(-1, 2)


def _lanes_between(layout: Layout, books: Books, pick: IntArray, drop: IntArray) -> tuple[IntArray, IntArray]:
    """Trip and lane of each admissible combination of sites and days."""
    n_sites = len(layout.km)
    trucks = np.flatnonzero(layout.lane[:, col.LANE_CARRIER] < 0)
    lane = layout.lane[trucks]
    site_key = layout.lot[lane[:, col.LANE_LOT], col.LOT_SITE] * n_sites + layout.line[lane[:, col.LANE_LINE], col.LINE_SITE]
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
    filled = books.line_left < layout.line_real[:, col.LINE_KG]
    fits &= filled[line] | (layout.line_real[line, col.LINE_MIN] <= 0)
    ruled = (layout.line[line, col.SUPPLIERS] < NO_LIMIT) | (layout.line_real[line, col.SUPPLIER_KG] > 0)
    served = np.unique(_supplier_key(layout, now.lane))
    return np.asarray(fits & (~ruled | np.isin(_supplier_key(layout, lane), served)))


def _supplier_key(layout: Layout, lane: IntArray) -> IntArray:
    n = int(layout.lot[:, col.SUPPLIER].max(initial=0)) + 1
    return np.asarray(layout.lane[lane, col.LANE_LINE] * n + layout.lot[layout.lane[lane, col.LANE_LOT], col.SUPPLIER])


def _solve(layout: Layout, books: Books, loads: Loads, now: Loads, seconds: float) -> FloatArray | None:
    """Solve the program and round down to whole kilograms."""
    n = len(loads.trip)
    lot, line = layout.lane[loads.lane, col.LANE_LOT], layout.lane[loads.lane, col.LANE_LINE]
    trip_row = np.unique(loads.trip, return_inverse=True)[1]
    vehicle = books.trip[np.unique(loads.trip), col.TRIP_CLASS]
    # What is not taken back here (carriers' consignments) is not to be had.
    lot_kg = books.lot_left + np.bincount(layout.lane[now.lane, col.LANE_LOT], weights=now.kg, minlength=len(layout.lot))
    line_kg = books.line_left + np.bincount(layout.lane[now.lane, col.LANE_LINE], weights=now.kg, minlength=len(layout.line))
    supplier, supplier_row = np.unique(_supplier_key(layout, loads.lane), return_inverse=True)
    least_supplier = np.zeros(len(supplier))
    np.maximum.at(least_supplier, supplier_row, layout.line_real[line, col.SUPPLIER_KG])
    # Rounding down may cost a kilogram on every load, so minimums are kept with that to spare.
    spare = np.bincount(lot, minlength=len(layout.lot)).astype(np.float64), np.bincount(line, minlength=len(layout.line)).astype(np.float64)
    least_lot = _kept_minimum(layout.lot_real[:, col.LOT_MIN], layout.lot_real[:, col.LOT_KG] - books.lot_left, spare[0])
    least_line = _kept_minimum(layout.line_real[:, col.LINE_MIN], layout.line_real[:, col.LINE_KG] - books.line_left, spare[1])
    has = np.bincount(np.searchsorted(supplier, _supplier_key(layout, now.lane)), weights=now.kg, minlength=len(supplier)).astype(
        np.float64
    )
    least_supplier = _kept_minimum(least_supplier, has, np.bincount(supplier_row, minlength=len(supplier)).astype(np.float64))
    volume = np.where(np.isfinite(layout.vehicle_real[vehicle, col.VOLUME]), layout.vehicle_real[vehicle, col.VOLUME], 1e15)
    ones, every = np.ones(n), np.arange(n)
    blocks = [
        (lot, ones, least_lot, lot_kg),
        (line, ones, least_line, line_kg),
        (trip_row, ones, np.zeros(len(vehicle)), layout.vehicle_real[vehicle, col.PAYLOAD]),
        (trip_row, layout.lot_real[lot, col.LITRES], np.zeros(len(vehicle)), volume),
        (supplier_row, ones, least_supplier, np.full(len(supplier), 1e15)),
    ]
    offset, rows, values, low, high = 0, [], [], [], []
    for row, value, least, most in blocks:
        rows.append(row + offset)
        values.append(value)
        low.append(least)
        high.append(most)
        offset += len(most)
    matrix = coo_array((np.concatenate(values), (np.concatenate(rows), np.tile(every, len(blocks)))), shape=(offset, n)).tocsc()
    most = np.minimum(layout.lot_real[lot, col.LOT_KG], layout.line_real[line, col.LINE_KG])
    fixed = layout.lot[lot, col.WHOLE] > 0
    lower, upper = np.where(fixed, loads.kg, 0.0), np.where(fixed, loads.kg, most)
    pinned = layout.lane[loads.lane, col.LANE_PIN] >= 0
    lower, upper = np.where(pinned, loads.kg, lower), np.where(pinned, np.maximum(loads.kg, upper), upper)
    return _run(layout.lane_real[loads.lane, col.MARGIN], lower, upper, matrix, np.concatenate(low), np.concatenate(high), seconds)


def _kept_minimum(least: FloatArray, has: FloatArray, spare: FloatArray) -> FloatArray:
    """A minimum that applies to what is in use, with something to spare where that can be had."""
    return np.where((has > 0) & (least > 0), np.minimum(least + spare, has), 0.0)


def _run(
    gain: FloatArray, lower: FloatArray, upper: FloatArray, matrix: csc_array, low: FloatArray, high: FloatArray, seconds: float
) -> FloatArray | None:
    highs, lp = silent_highs(), highspy.HighsLp()
    highs.setOptionValue("time_limit", max(0.05, seconds))
    lp.num_col_, lp.num_row_, lp.sense_ = len(gain), len(low), highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_, lp.row_lower_, lp.row_upper_ = gain, lower, upper, low, high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.floor(np.array(highs.getSolution().col_value) + 1e-6)
