"""Rates that no trip can beat: from any rates of items to valid ones, scene by scene (`matching.bounds.pricing`).

Rates φ are valid when Σ φ x ≤ cost for every trip and whatever it carries. Given any rates, each trip that is paid more than it
costs has the rates of what it may carry brought down until it is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from matching.bounds.haulage_items import Items
from matching.bounds.pricing import MAX_DROPS, Scene, price_scene
from matching.bounds.ways import ROUNDING_VND
from matching.model.problem import HUB, FloatArray, IntArray, Problem
from matching.network.distance import distances, kilometres
from matching.optimizer import SecondsLeft

MAX_FOUND = 4000
SAFETY = 1.0 - 1e-7
"""Valid rates are lowered by so much, more than rounding in the loops can lift them."""


MAX_DROP_SETS = 600
"""More sets take minutes to price, and raise the rates by less than a hundredth: the time is worth more to the search."""


def can_list_drops(problem: Problem) -> bool:
    """Tell whether the sets of sites at which one trip can deliver are few enough to be listed."""
    n_targets = len(np.unique(problem.lines.site)) + int((problem.sites.kind == HUB).sum())
    most = min(n_targets, int(problem.vehicles.max_stops.max(initial=2)) - 1)
    return most <= MAX_DROPS and sum(math.comb(n_targets, k) for k in range(1, most + 1)) <= MAX_DROP_SETS


class TripColumns(NamedTuple):
    """Trips with loads; loads of trip ``t`` are rows ``start[t]:start[t + 1]``."""

    start: IntArray
    item: IntArray
    kg: FloatArray
    cost_vnd: FloatArray


class TripPricer:
    """Prices trips of one problem, of which `can_list_drops` is true."""

    def __init__(self, problem: Problem, items: Items) -> None:
        self.problem, self.items = problem, items
        n = problem.n_sites
        every = np.arange(n)
        self.km = kilometres(distances(problem), np.repeat(every, n), np.tile(every, n)).reshape(n, n)
        self._tariffs = [_lines_of(problem, c) for c in range(problem.n_classes)]

    def repair(self, valid: FloatArray, wanted: FloatArray, max_nodes: int, seconds_left: SecondsLeft) -> tuple[FloatArray, TripColumns]:
        """Return valid rates between the lesser of both and the wanted ones, and some trips that the wanted ones paid too much.

        Whatever is lower than valid rates is valid, so only what is wanted above them has to be brought down. When the time is
        over before all trips have been priced, the lesser of both is returned.
        """
        floor, rate = np.minimum(valid, wanted), wanted.copy()
        found: list[TripColumns] = []
        for vehicle in range(self.problem.n_classes):
            for rows in self._scenes(vehicle, rate):
                if seconds_left() <= 0:
                    return floor, _joined(found)
                if (rate[rows] > floor[rows]).any():
                    found.append(self._price(vehicle, rows, rate, floor, max_nodes))
        return floor + (rate - floor) * SAFETY, _joined(found)

    def _scenes(self, vehicle: int, rate: FloatArray) -> Iterator[IntArray]:
        """Yield the items that one class can carry from each start day, by origin, then lot; a day that adds nothing is left out."""
        items, v, door = self.items, self.problem.vehicles, self.problem.sites.max_vehicle_kg
        payload = v.payload_kg[vehicle]
        can = (door[items.origin] >= payload) & (door[items.target] >= payload) & (rate > 0)
        can &= bool(v.refrigerated[vehicle]) | ~items.cold
        sets = [can & items.on_day[:, day] for day in range(items.on_day.shape[1])]
        for day, ours in enumerate(sets):
            covered = any(not (ours & ~other).any() and (k < day or (other & ~ours).any()) for k, other in enumerate(sets) if k != day)
            rows = np.flatnonzero(ours)
            if len(rows) and not covered:
                yield rows[np.lexsort((items.lot[rows], items.origin[rows]))]

    def _price(self, vehicle: int, rows: IntArray, rate: FloatArray, floor: FloatArray, max_nodes: int) -> TripColumns:
        """Price one scene, lower ``rate`` where needed, and return the trips found."""
        scene = self._scene(vehicle, rows, rate, floor)
        most = min(MAX_FOUND, 20 * len(rows) + 100)
        row, kg = np.zeros(most * 12, dtype=np.int64), np.zeros(most * 12)
        start, cost = np.zeros(most + 2, dtype=np.int64), np.zeros(most + 2)
        n, _ = price_scene(scene, max_nodes, most, row, kg, start, cost)
        rate[rows] = np.minimum(rate[rows], scene.rate)
        return TripColumns(start[: n + 1], rows[row[: start[n]]], kg[: start[n]].copy(), cost[:n].copy())

    def _scene(self, vehicle: int, rows: IntArray, rate: FloatArray, floor: FloatArray) -> Scene:
        items, v = self.items, self.problem.vehicles
        origins, origin = np.unique(items.origin[rows], return_inverse=True)
        targets, target = np.unique(items.target[rows], return_inverse=True)
        lot, lot_kg = _numbered(items.lot[rows], self.problem.lots.kg)
        line, line_kg = _numbered(items.line[rows], self.problem.lines.kg)
        base, zero = int(v.base_site[vehicle]), np.zeros
        icpt, slope = self._tariffs[vehicle]
        return Scene(
            origin.astype(np.int64), target.astype(np.int64), lot, line, rate[rows], floor[rows], items.kg[rows], lot_kg, line_kg,
            np.ascontiguousarray(self.km[np.ix_(origins, origins)]), np.ascontiguousarray(self.km[np.ix_(origins, targets)]),
            np.ascontiguousarray(self.km[np.ix_(targets, targets)]),
            self.km[base, origins].copy() if base >= 0 else zero(len(origins)),
            self.km[targets, base].copy() if base >= 0 else zero(len(targets)),
            float(v.payload_kg[vehicle]), float(v.fixed_vnd[vehicle]) - ROUNDING_VND, int(v.max_stops[vehicle]), icpt, slope,
        )  # fmt: skip


def _numbered(rows: IntArray, kg: IntArray) -> tuple[IntArray, FloatArray]:
    """Number lots or lines from 0, each NONE by itself with no limit; return numbers and quantities."""
    width = len(kg)
    label = np.where(rows >= 0, rows, width + np.arange(len(rows)))
    known, number = np.unique(label, return_inverse=True)
    return number.astype(np.int64), np.append(kg.astype(np.float64), 1e18)[np.minimum(known, width)]


def _lines_of(problem: Problem, vehicle: int) -> tuple[FloatArray, FloatArray]:
    """Intercepts and slopes of lines whose least is never above the tariff, and is the tariff where marginal rates fall."""
    v = problem.vehicles
    bands = slice(int(v.band_start[vehicle]), int(v.band_start[vehicle + 1]))
    starts, rates = v.band_km[bands], v.band_vnd_per_km[bands]
    if len(starts) == 0 or starts[0] > 0:
        starts, rates = np.concatenate([[0.0], starts]), np.concatenate([[0.0], rates])
    before = np.concatenate([[0.0], np.cumsum(np.diff(starts) * rates[:-1])])
    if (np.diff(rates) <= 0).all():
        return before - rates * starts, rates.copy()
    return np.zeros(1), np.array([min(rates[-1], (before[1:] / starts[1:]).min())])


def _joined(parts: list[TripColumns]) -> TripColumns:
    """Put trips together."""
    lengths = np.concatenate([np.diff(part.start) for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    if not parts:
        return TripColumns(start, start[:0].copy(), np.zeros(0), np.zeros(0))
    return TripColumns(start, *(np.concatenate([getattr(part, name) for part in parts]) for name in ("item", "kg", "cost_vnd")))
