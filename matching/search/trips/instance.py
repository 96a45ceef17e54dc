"""A problem laid out for the compiled loops: dense matrices of roads, hours and tariffs, and lanes by lot and by line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.model.calendar import throughput_kg
from matching.model.problem import BUYER, HUB, NO_HARVEST, NO_LIMIT, PIN, BoolArray, FloatArray, IntArray, Problem
from matching.network.geography import all_road_km
from matching.network.opening_hours import ALWAYS, dated_rows, dated_stretches, openings
from matching.pairs.lanes import Lanes

NEIGHBOURS = 400
"""Most sites that are listed as near to one."""
ROWS_AT_ONCE = 512
"""Rows of a square of distances that are sorted at a time, so that it is never copied whole."""


class Surroundings(NamedTuple):
    """What is decided outside of a part of a larger plan; days and rows as in `matching.search.trips.state.Books`."""

    used: IntArray  # (c, days) trips of each class that others start, or that are kept for them
    calls: IntArray  # (s + roads, days) stops of others
    flow: FloatArray  # (s + roads, days) kg of others
    lot_locked: BoolArray  # (l,) what is taken of these stays as it is
    line_locked: BoolArray  # (d,)


class Layout(NamedTuple):
    """Read-only arrays; columns are named in `matching.search.trips.columns`. Days count from the horizon's first.

    ``s`` sites, ``c`` classes, ``l`` lots, ``d`` lines, ``n`` lanes.
    """

    km: FloatArray  # (s, s) road km
    minutes: IntArray  # (speeds, s, s) driving minutes
    hours: IntArray  # (s, c, w, 2) openings of a day: clock minute at which one begins, its length in minutes, ALWAYS, or -1 for none
    dated: IntArray  # (s,) row of each site in the next array, or -1 where every day has the hours above
    stretches: IntArray  # (dated, c, k, 2) first and last minute of each stretch in which a site is open, ascending; NEVER where unused
    site: FloatArray  # (s, 5)
    room: FloatArray  # (s + roads, days) kg that a site, or a carrier, may handle on a day
    vehicle: IntArray  # (c, 5)
    vehicle_real: FloatArray  # (c, 4)
    band: FloatArray  # (c, b, 2) start km (inf where unused) and VND per km
    lot: IntArray  # (l, 7)
    lot_real: FloatArray  # (l, 3)
    line: IntArray  # (d, 4)
    line_real: FloatArray  # (d, 3)
    lane: IntArray  # (n, 9)
    lane_real: FloatArray  # (n, 2) margin with the shortage penalty saved; what lot and line are worth elsewhere
    grouped: IntArray  # (2, n) lanes by lot, and by line, best margin first
    pin_kg: FloatArray
    carrier: FloatArray  # (roads, 4)
    near: IntArray  # (s, k) sites by distance
    horizon: IntArray  # [0]: number of days, [1]: last day on which a truck may stop, [2]: the first day since 1970
    place: FloatArray  # (s, 2) degrees north and east, evened out to equal lengths
    surroundings: Surroundings | None = None


def make_arena(problem: Problem, lanes: Lanes, lane_price: FloatArray, lane_road: IntArray) -> Layout:
    """Lay a problem out.

    Parameters
    ----------
    lane_price : sum of the duals of each lane's lot and line, shape (n_lanes,), VND per kg.
    lane_road : the carrier that serves each lane, or -1 for trucks, shape (n_lanes,).
    """
    km = all_road_km(problem)
    minutes, speed_of = _minutes(problem, km)
    by_lot, by_lot_start = _grouped(lanes.lot, problem.n_lots, -lanes.margin_vnd_per_kg)
    by_line, by_line_start = _grouped(lanes.line, problem.n_lines, -lanes.margin_vnd_per_kg)
    lane_pin, pin_kg = _pins(problem, lanes)
    sites, v, lots, lines, roads = problem.sites, problem.vehicles, problem.lots, problem.lines, problem.roads
    receives = (sites.kind == HUB) | (sites.kind == BUYER)
    first, last = _span(problem, lanes)
    dated, room = dated_rows(problem), _room(problem, first, last)
    days = (lanes.pickup_from_day, lanes.pickup_until_day, lanes.deliver_from_day, lanes.deliver_until_day)
    margin = lanes.margin_vnd_per_kg + lines.short_vnd_per_kg[lanes.line]
    return Layout(
        km=km,
        minutes=minutes,
        hours=openings(problem),
        dated=dated,
        stretches=dated_stretches(problem, dated, first, last),
        site=_reals(sites.stop_min, sites.min_per_tonne / 1000.0, sites.opening_vnd, room[: problem.n_sites].min(axis=1), receives),
        room=room,
        vehicle=_wholes(speed_of, v.refrigerated, v.base_site, v.count_per_day, np.minimum(v.max_stops, max(2, problem.n_sites))),
        vehicle_real=_reals(v.payload_kg, v.volume_l, v.fixed_vnd, v.max_hours * 60.0),
        band=_bands(problem),
        lot=_wholes(lots.site, lots.supplier, lots.indivisible, lots.cold, by_lot_start[:-1], by_lot_start[1:], _numbered(lots.harvest)),
        lot_real=_reals(lots.kg, lots.min_take_kg, lots.litres_per_kg),
        line=_wholes(lines.site, lines.max_suppliers, by_line_start[:-1], by_line_start[1:]),
        line_real=_reals(lines.kg, lines.min_fill_kg, lines.min_supplier_kg),
        lane=_wholes(lanes.lot, lanes.line, *(day - first for day in days), lanes.max_days, lane_pin, lane_road),
        lane_real=_reals(margin, lane_price),
        grouped=np.stack([by_lot, by_line]),
        pin_kg=pin_kg,
        carrier=_reals(roads.vnd_per_kg, roads.fixed_vnd, roads.capacity_kg, roads.transit_days),
        near=_nearest(km, min(problem.n_sites, NEIGHBOURS)),
        place=np.stack([sites.lat, sites.lon * np.cos(np.radians(sites.lat))], axis=1),
        horizon=np.array([last - first + 1, problem.horizon_until_day - first, first], dtype=np.int64),
    )


def _span(problem: Problem, lanes: Lanes) -> tuple[int, int]:
    """First and last day on which anything may happen; the horizon does not bind carriers."""
    first = min([problem.horizon_from_day, *lanes.pickup_from_day.tolist()])
    return first, max([problem.horizon_until_day, *lanes.deliver_until_day.tolist()])


def _room(problem: Problem, first: int, last: int) -> FloatArray:
    """Kilograms that each site, and each carrier, may handle on each day, shape (n_sites + n_roads, n_days)."""
    days = np.arange(first, last + 1)
    of_sites = throughput_kg(problem, np.arange(problem.n_sites)[:, None], days[None, :])
    of_roads = np.broadcast_to(problem.roads.capacity_kg[:, None], (len(problem.roads.capacity_kg), len(days)))
    return np.ascontiguousarray(np.concatenate([of_sites, of_roads]).astype(np.float64))


def _numbered(harvest: IntArray) -> IntArray:
    """Number the harvests that are there, NO_HARVEST staying what it is, shape (n_lots,)."""
    present = np.unique(harvest[harvest != NO_HARVEST])
    return np.where(harvest == NO_HARVEST, NO_HARVEST, np.searchsorted(present, harvest)).astype(np.int64)


def _reals(*columns: IntArray | FloatArray | BoolArray) -> FloatArray:
    return np.ascontiguousarray(np.stack([np.asarray(c, dtype=np.float64) for c in columns], axis=1))


def _wholes(*columns: IntArray | BoolArray) -> IntArray:
    return np.ascontiguousarray(np.stack([np.asarray(c, dtype=np.int64) for c in columns], axis=1))


def _minutes(problem: Problem, km: FloatArray) -> tuple[IntArray, IntArray]:
    """Driving minutes for each distinct speed, and the row of each class."""
    speeds, speed_of = np.unique(problem.vehicles.kmh, return_inverse=True)
    roads = problem.roads
    known = ~np.isnan(roads.minutes) & (roads.from_site != roads.to_site)
    table = np.empty((len(speeds), *km.shape), dtype=np.int64)
    for row, kmh in enumerate(speeds):
        _fill_minutes(km, float(kmh), table[row])
        table[row][roads.from_site[known], roads.to_site[known]] = np.ceil(roads.minutes[known])
    return table, speed_of.astype(np.int64)


@compiled
def _fill_minutes(km: FloatArray, kmh: float, minutes: IntArray) -> None:
    """Whole minutes for all distances, rounded up."""
    for a in range(km.shape[0]):
        for b in range(km.shape[1]):
            minutes[a, b] = int(np.ceil(km[a, b] / kmh * 60 - 1e-9))


def _nearest(km: FloatArray, n: int) -> IntArray:
    """The ``n`` nearest sites of each, nearest first, shape (n_sites, n)."""
    made = np.empty((len(km), n), dtype=np.int64)
    for start in range(0, len(km), ROWS_AT_ONCE):
        rows = km[start : start + ROWS_AT_ONCE]
        # Where sites are equally far, the first ones come first.
        some = np.sort(np.argpartition(rows, n - 1, axis=1)[:, :n], axis=1)
        order = np.argsort(np.take_along_axis(rows, some, axis=1), axis=1, kind="stable")
        made[start : start + ROWS_AT_ONCE] = np.take_along_axis(some, order, axis=1)
    return made


def _bands(problem: Problem) -> FloatArray:
    """Tariff bands as rectangles padded with bands that no distance reaches."""
    v = problem.vehicles
    widest = int(np.diff(v.band_start).max(initial=1))
    starts, rates = np.full((problem.n_classes, widest), np.inf), np.zeros((problem.n_classes, widest))
    for c in range(problem.n_classes):
        part = slice(int(v.band_start[c]), int(v.band_start[c + 1]))
        n = part.stop - part.start
        starts[c, :n], rates[c, :n] = v.band_km[part], v.band_vnd_per_km[part]
    return np.stack([starts, rates], axis=2)


def _pins(problem: Problem, lanes: Lanes) -> tuple[IntArray, FloatArray]:
    """Index of each lane's pin, or -1, and what each pin wants in kg."""
    decisions = problem.decisions
    pins = np.flatnonzero((decisions.kind == PIN) & (decisions.kg > 0))
    wanted = {(int(decisions.lot[i]), int(decisions.line[i])): n for n, i in enumerate(pins)}
    if not wanted:
        return np.full(len(lanes.lot), -1, dtype=np.int64), np.zeros(0)
    index = [wanted.get((int(a), int(b)), -1) for a, b in zip(lanes.lot, lanes.line, strict=True)]
    return np.array(index, dtype=np.int64), decisions.kg[pins].astype(np.float64)


def _grouped(owner: IntArray, n_owners: int, key: IntArray) -> tuple[IntArray, IntArray]:
    """Lanes grouped by owner, by ``key`` ascending inside; and where each owner's begin, shape (n_owners + 1,)."""
    order = np.lexsort((key, owner))
    start = np.zeros(n_owners + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=n_owners), out=start[1:])
    return order.astype(np.int64), start


__all__ = ["ALWAYS", "NO_LIMIT", "Layout", "make_arena", "openings"]
