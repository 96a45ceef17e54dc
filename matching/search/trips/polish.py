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

import numpy as np
from scipy.sparse import coo_array, csr_array

from matching.model.problem import FloatArray, IntArray
from matching.optimizer import LinearProgram, LinearSolver
from matching.search.trips import columns as col
from matching.search.trips._core import Arena, Scratch, copy_all, reload
from matching.search.trips.instance import Layout
from matching.search.trips.loads import Loads, current_loads, ends_of, possible_loads, supplier_key
from matching.search.trips.partition import Desk
from matching.search.trips.state import Books

TURNS = 3
"""How often a program is solved, each time holding more trips to what they have time for."""


def reload_best(layout: Layout, arena: Arena, desk: Desk, before: Desk, scratch: Scratch, seconds: float) -> bool:
    """Give the trips of a desk the best loads for their stops; True if that makes them worth more than ``before``, which is a copy of it.

    More goods take longer to load, which the program does not know. A trip that can't keep its hours with what it was given is held to
    no more at each stop than it moves now, and the program is solved again.
    """
    program = _program(layout, before.books, seconds)
    if program is None:
        return False
    for _ in range(TURNS):
        loads = program.solve()
        if loads is None:
            return False
        copy_all(desk.state, before.state)
        late = _reload(arena, desk, scratch, loads)
        if len(late) == 0:
            break
        program.hold(late)
    return bool(desk.books.worth[0] > before.books.worth[0])


def _reload(arena: Arena, desk: Desk, scratch: Scratch, loads: Loads) -> IntArray:
    """Give trips their loads; return those that can't be timed with them and are given up."""
    trips, first = np.unique(loads.trip, return_index=True)
    start, late = np.append(first, len(loads.trip)).astype(np.int64), np.zeros(len(trips), dtype=np.int64)
    return late[: reload(arena, desk.state, scratch, trips, start, loads.lane, loads.kg, late)]


class Program:
    """The linear program of the module, which rows are added to."""

    def __init__(self, layout: Layout, books: Books, loads: Loads, now: Loads, seconds: float) -> None:
        self._layout, self._books, self._loads, self._seconds = layout, books, loads, max(0.05, seconds)
        self._solver = LinearSolver(_linear_program(layout, books, loads, now))

    def solve(self) -> Loads | None:
        """Return the best loads in whole kilograms, or None if time ran out."""
        outcome = self._solver.solve(lambda: self._seconds)
        if not outcome.is_optimal or outcome.values is None:
            return None
        return self._loads._replace(kg=np.floor(outcome.values + 1e-6))

    def hold(self, trips: IntArray) -> None:
        """Let trips move no more at each of their stops than they do now."""
        books, loads = self._books, self._loads
        start, end = ends_of(self._layout, loads.lane)
        columns: list[IntArray] = []
        most: list[float] = []
        for trip in trips.tolist():
            own = np.arange(*np.searchsorted(loads.trip, [trip, trip + 1]))
            for place in range(int(books.trip[trip, col.TRIP_NP] + books.trip[trip, col.TRIP_ND])):
                site = books.stop[trip, place, col.STOP_SITE]
                columns.append(own[(start[own] == site) | (end[own] == site)])
                most.append(float(books.stop_kg[trip, place]))
        row_start = np.concatenate([[0], np.cumsum([len(row) for row in columns])])
        matrix = csr_array((np.ones(row_start[-1]), np.concatenate(columns), row_start), shape=(len(most), len(loads.trip)))
        self._solver.add_rows(matrix, np.full(len(most), -np.inf), np.array(most))


def _program(layout: Layout, books: Books, seconds: float) -> Program | None:
    """Return the program of the trips in the books; None if it would be empty or too large."""
    now = current_loads(books)
    loads = possible_loads(layout, books, now)
    return None if loads is None or len(loads.trip) == 0 else Program(layout, books, loads, now, seconds)


def _linear_program(layout: Layout, books: Books, loads: Loads, now: Loads) -> LinearProgram:
    """Return the program as arrays."""
    n = len(loads.trip)
    lot, line = layout.lane[loads.lane, col.LANE_LOT], layout.lane[loads.lane, col.LANE_LINE]
    trip_row = np.unique(loads.trip, return_inverse=True)[1]
    vehicle = books.trip[np.unique(loads.trip), col.TRIP_CLASS]
    # What is not taken back here (carriers' consignments) is not to be had.
    lot_kg = books.lot_left + np.bincount(layout.lane[now.lane, col.LANE_LOT], weights=now.kg, minlength=len(layout.lot))
    line_kg = books.line_left + np.bincount(layout.lane[now.lane, col.LANE_LINE], weights=now.kg, minlength=len(layout.line))
    supplier, supplier_row = np.unique(supplier_key(layout, loads.lane), return_inverse=True)
    least_supplier = np.zeros(len(supplier))
    np.maximum.at(least_supplier, supplier_row, layout.line_real[line, col.SUPPLIER_KG])
    # Rounding down may cost a kilogram on every load, so minimums are kept with that to spare.
    spare = np.bincount(lot, minlength=len(layout.lot)).astype(np.float64), np.bincount(line, minlength=len(layout.line)).astype(np.float64)
    least_lot = _kept_minimum(layout.lot_real[:, col.LOT_MIN], layout.lot_real[:, col.LOT_KG] - books.lot_left, spare[0])
    least_line = _kept_minimum(layout.line_real[:, col.LINE_MIN], layout.line_real[:, col.LINE_KG] - books.line_left, spare[1])
    has = np.bincount(np.searchsorted(supplier, supplier_key(layout, now.lane)), weights=now.kg, minlength=len(supplier)).astype(np.float64)
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
    return LinearProgram(matrix, np.concatenate(low), np.concatenate(high), layout.lane_real[loads.lane, col.MARGIN], lower, upper)


def _kept_minimum(least: FloatArray, has: FloatArray, spare: FloatArray) -> FloatArray:
    """A minimum that applies to what is in use, with something to spare where that can be had."""
    return np.where((has > 0) & (least > 0), np.minimum(least + spare, has), 0.0)
