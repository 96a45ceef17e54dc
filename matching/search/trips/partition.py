"""Dividing the trips among workers that can't get in each other's way, and putting the parts together again.

Each lot's and line's remaining kilograms, each day's remaining trucks and each site's remaining throughput belong to exactly one
part. What a lot or line with a rule of its own has in two parts is locked in both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.model.problem import NO_LIMIT, BoolArray, FloatArray, IntArray
from matching.search.trips import columns as col
from matching.search.trips._core import Arena, State, copy_trips, list_ships
from matching.search.trips.instance import Layout
from matching.search.trips.state import Books, clear

BY_TIME, BY_PICKUP, BY_DROP = range(3)


class Desk(NamedTuple):
    """Books with the compiled view of them."""

    books: Books
    state: State


class Division(NamedTuple):
    """Who owns what; labels are part numbers."""

    trips: IntArray  # trips in use
    trip_part: IntArray  # shape of trips
    lot_part: IntArray
    line_part: IntArray
    lot_locked: IntArray
    line_locked: IntArray
    most_trips: int  # in any part
    most_ships: int


def divide(layout: Layout, desk: Desk, n_parts: int, rng: np.random.Generator) -> Division:
    """Divide the trips into parts of equal number along time, or along a line across the map."""
    books = desk.books
    trips = np.flatnonzero(books.trip[:, col.TRIP_CLASS] > -2)
    kind = int(rng.integers(3))
    direction = rng.normal(size=2)
    key, lot_key, line_key = _keys(layout, books, trips, kind, direction)
    order = np.argsort(key, kind="stable")
    label = np.empty(len(trips), dtype=np.int64)
    label[order] = np.arange(len(trips)) * n_parts // max(1, len(trips))
    cuts = key[order][[len(trips) * p // n_parts for p in range(1, n_parts)]] if len(trips) >= n_parts else np.zeros(0)
    found = np.zeros(len(books.ship), dtype=np.int64)
    ships = found[: list_ships(desk.state, found)]
    part_of_trip = np.zeros(len(books.trip), dtype=np.int64)
    part_of_trip[trips] = label
    ship_part = part_of_trip[books.ship[ships, col.SHIP_TRIP]]
    lane = layout.lane[books.ship[ships, col.SHIP_LANE]]
    lot_part, lot_split = _owners(lane[:, col.LANE_LOT], ship_part, np.searchsorted(cuts, lot_key), n_parts)
    line_part, line_split = _owners(lane[:, col.LANE_LINE], ship_part, np.searchsorted(cuts, line_key), n_parts)
    lot_part, harvest_split = _with_harvests(layout, lane[:, col.LANE_LOT], ship_part, lot_part, n_parts)
    lot_rule = (layout.lot_real[:, col.LOT_MIN] > 0) | (layout.lot[:, col.WHOLE] > 0)
    real = layout.line_real
    line_rule = (real[:, col.LINE_MIN] > 0) | (real[:, col.SUPPLIER_KG] > 0) | (layout.line[:, col.SUPPLIERS] < NO_LIMIT)
    most = (int(np.bincount(part, minlength=1).max()) for part in (label, ship_part))
    locked = ((lot_split & lot_rule | harvest_split).astype(np.int64), (line_split & line_rule).astype(np.int64))
    return Division(trips, label, lot_part, line_part, *locked, *most)


def _keys(layout: Layout, books: Books, trips: IntArray, kind: int, direction: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What trips, lots and lines are sorted by."""
    if kind == BY_TIME:
        lot_day = _middles(layout, len(layout.lot), col.LANE_LOT, col.LANE_FROM)
        line_day = _middles(layout, len(layout.line), col.LANE_LINE, col.LANE_DELIVER_FROM)
        return books.stop[trips, 0, col.STOP_ARRIVE].astype(np.float64), lot_day * 1440.0, line_day * 1440.0
    across = layout.place @ direction
    place = 0 if kind == BY_PICKUP else np.maximum(0, books.trip[trips, col.TRIP_NP])
    key = across[books.stop[trips, place, col.STOP_SITE]]
    return key, across[layout.lot[:, col.LOT_SITE]], across[layout.line[:, col.LINE_SITE]]


def _middles(layout: Layout, n: int, owner: int, first: int) -> FloatArray:
    """Middle day of each owner's lanes; 0 without lanes."""
    total = np.bincount(layout.lane[:, owner], weights=layout.lane[:, first] + layout.lane[:, first + 1], minlength=n)
    count = np.bincount(layout.lane[:, owner], minlength=n)
    return total / np.maximum(1, 2 * count) + 0.5


def _owners(
    owner: IntArray, part: IntArray, otherwise: IntArray, n_parts: int
) -> tuple[IntArray, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Part of each lot or line, and whether several parts use it."""
    n = len(otherwise)
    low, high = np.full(n, n_parts, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    np.minimum.at(low, owner, part)
    np.maximum.at(high, owner, part)
    return np.where(high < 0, otherwise, low), high > low


def _with_harvests(layout: Layout, lot: IntArray, part: IntArray, lot_part: IntArray, n_parts: int) -> tuple[IntArray, BoolArray]:
    """Give all lots of a harvest to one part, that of its shipments; also return the lots whose harvest has shipments in several.

    Parameters
    ----------
    lot, part : lot and part of each shipment.
    lot_part : part of each lot, were there no harvests.
    """
    harvest = layout.lot[:, col.HARVEST]
    cut = np.flatnonzero(harvest >= 0)
    split = np.zeros(len(harvest), dtype=np.bool_)
    if len(cut) == 0:
        return lot_part, split
    first = np.full(int(harvest.max()) + 1, n_parts, dtype=np.int64)
    np.minimum.at(first, harvest[cut], lot_part[cut])
    shipped = harvest[lot] >= 0
    owner, is_split = _owners(harvest[lot[shipped]], part[shipped], first, n_parts)
    split[cut] = is_split[harvest[cut]]
    joined = lot_part.copy()
    joined[cut] = owner[harvest[cut]]
    return joined, split


def carve(layout: Layout, arena: Arena, whole: Desk, division: Division, part: int, n_parts: int, into: Desk) -> None:
    """Fill ``into`` with one part of the trips and with what that part may still use."""
    source, books = whole.books, into.books
    clear(layout, books)
    copy_trips(arena, whole.state, into.state, division.trips[division.trip_part == part])
    books.lot_left[:] = np.where(division.lot_part == part, source.lot_left, 0.0)
    books.line_left[:] = np.where(division.line_part == part, source.line_left, 0.0)
    books.lot[:, col.LOCKED] |= division.lot_locked
    books.line[:, col.LOCKED] |= division.line_locked
    limit = layout.vehicle[:, col.COUNT_LIMIT][:, None]
    mine = (np.arange(source.used.size).reshape(source.used.shape) % n_parts) == part
    books.used[:] = np.where(mine | (limit >= NO_LIMIT), source.used, np.maximum(limit, source.used))
    capacity = layout.room
    mine = (np.arange(source.flow.size).reshape(source.flow.shape) % n_parts) == part
    books.flow[:] = np.where(mine | (capacity >= NO_LIMIT), source.flow, np.maximum(capacity, source.flow))
    books.calls[:] = source.calls
    books.pin_left[:] = source.pin_left
    books.worth[0] = source.worth[0]


def gather(layout: Layout, arena: Arena, parts: list[Desk], into: Desk) -> None:
    """Fill ``into`` with the trips of all parts."""
    clear(layout, into.books)
    for part in parts:
        copy_trips(arena, part.state, into.state, np.flatnonzero(part.books.trip[:, col.TRIP_CLASS] > -2))
