"""Who can serve a line: its eligible lots neighbourhood by neighbourhood, the admissible days, and what a truck asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from matching.model.problem import NO_BASE, FloatArray, IntArray, Problem
from matching.network.geography import road_km, road_minutes, tariff_vnd

if TYPE_CHECKING:
    from matching.network.carriers import CarrierLanes
    from matching.pairs.lanes import Lanes


NEIGHBOURHOOD_KM = 15.0
"""Lots whose distances differ by less are about equally near: a coordinator rings the cheapest of them first."""


class Book(NamedTuple):
    """The whole telephone book: which boxes of days belong to which line.

    Attributes
    ----------
    truck_rows, carrier_rows : rows of ``lanes`` and ``carriers`` of each line, n_lines arrays.
    """

    lanes: Lanes
    carriers: CarrierLanes | None
    truck_rows: list[IntArray]
    carrier_rows: list[IntArray]


def telephone_book(problem: Problem, lanes: Lanes, carriers: CarrierLanes | None) -> Book:
    """Sort the lanes by line."""
    of_carriers = np.empty(0, dtype=np.int64) if carriers is None else carriers.line
    return Book(lanes, carriers, _rows_by_line(problem, lanes.line), _rows_by_line(problem, of_carriers))


def _rows_by_line(problem: Problem, line: IntArray) -> list[IntArray]:
    order = np.argsort(line, kind="stable")
    return np.split(order, np.searchsorted(line[order], np.arange(1, problem.n_lines)))


class Calls:
    """The page of one line.

    Attributes
    ----------
    lots : rows of the eligible lots, the nearest neighbourhood first and the cheapest of it first, shape (n_calls,).
    km : driven from lot to line, shape (n_calls,).
    """

    def __init__(self, problem: Problem, book: Book, line: int) -> None:
        self._problem, self._book = problem, book
        self._site = np.asarray(problem.lines.site[line])
        self._boxes = _by_lot(book.lanes.lot, book.truck_rows[line])
        self._carriers = {} if book.carriers is None else _by_lot(book.carriers.lot, book.carrier_rows[line])
        lots = np.array(sorted({*self._boxes, *self._carriers}), dtype=np.int64)
        km = road_km(problem, problem.lots.site[lots], self._site)
        nearest = np.lexsort((lots, problem.lots.ask_vnd_per_kg[lots], km // NEIGHBOURHOOD_KM))
        self.lots, self.km = lots[nearest], km[nearest]
        self._trucks: dict[int, tuple[list[float], list[int], list[int]]] = {}

    def truck(self, vehicle: int, place: int) -> tuple[float, int, int]:
        """Kilometres paid, minutes driven loaded, and price in VND of a trip of a class from the lot at ``place``."""
        if vehicle not in self._trucks:
            km, drive_min, cost = self._quote(vehicle)
            self._trucks[vehicle] = (km.tolist(), drive_min.tolist(), cost.tolist())
        quoted = self._trucks[vehicle]
        return quoted[0][place], quoted[1][place], quoted[2][place]

    def _quote(self, vehicle: int) -> tuple[FloatArray, IntArray, IntArray]:
        problem, vehicles = self._problem, self._problem.vehicles
        starts = problem.lots.site[self.lots]
        km, base = self.km, vehicles.base_site[vehicle]
        if base != NO_BASE:
            km = km + road_km(problem, base, starts) + road_km(problem, self._site, base)
        drive_min = road_minutes(problem, starts, self._site, float(vehicles.kmh[vehicle]))
        cost = np.rint(vehicles.fixed_vnd[vehicle] + tariff_vnd(problem, vehicle, km)).astype(np.int64)
        return km, drive_min, cost

    def days(self, lot: int, longest: int) -> list[tuple[int, int]]:
        """Admissible (pick-up, delivery) dates at most ``longest`` days apart: the freshest first, then the earliest."""
        lanes = self._book.lanes
        found: set[tuple[int, int]] = set()
        for row in self._boxes.get(lot, ()):
            until = int(lanes.deliver_until_day[row])
            for pickup in range(int(lanes.pickup_from_day[row]), int(lanes.pickup_until_day[row]) + 1):
                first = max(pickup, int(lanes.deliver_from_day[row]))
                last = min(until, pickup + min(longest, int(lanes.max_days[row])))
                found.update((delivery - pickup, pickup) for delivery in range(first, last + 1))
        return [(pickup, pickup + apart) for apart, pickup in sorted(found)]

    def carrier_days(self, lot: int) -> Iterator[tuple[int, int]]:
        """Pairs of a carrier's road and a pick-up date, the earliest first on each road."""
        for row in self._carriers.get(lot, ()):
            carriers = self._book.carriers
            assert carriers is not None
            for pickup in range(int(carriers.pickup_from_day[row]), int(carriers.pickup_until_day[row]) + 1):
                yield int(carriers.road[row]), pickup


def _by_lot(lot: IntArray, rows: IntArray) -> dict[int, list[int]]:
    """Rows of each lot among ``rows``."""
    found: dict[int, list[int]] = {}
    for row, owner in zip(rows.tolist(), lot[rows].tolist()):
        found.setdefault(owner, []).append(row)
    return found
