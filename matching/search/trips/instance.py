"""A problem laid out for the compiled loops: dense matrices of roads, hours and tariffs, and lanes by lot and by line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.model.calendar import sites_with_dates, stretches, throughput_kg
from matching.model.problem import BUYER, HUB, MINUTES_PER_DAY, NO_HARVEST, NO_LIMIT, PIN, BoolArray, FloatArray, IntArray, Problem
from matching.network.geography import all_road_km
from matching.pairs.lanes import Lanes

ALWAYS = 1 << 40
"""Length of an opening that never closes."""
NEVER = 1 << 50
"""A minute later than all others."""
NEIGHBOURS = 400
"""Most sites that are listed as near to one."""
MOST_OPENINGS = 12
"""Different openings of a site, over all of its dates, beyond which the clock alone tells them apart."""
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
    dated, room = _dated_rows(problem), _room(problem, first, last)
    days = (lanes.pickup_from_day, lanes.pickup_until_day, lanes.deliver_from_day, lanes.deliver_until_day)
    margin = lanes.margin_vnd_per_kg + lines.short_vnd_per_kg[lanes.line]
    return Layout(
        km=km,
        minutes=minutes,
        hours=openings(problem),
        dated=dated,
        stretches=_dated_stretches(problem, dated, first, last),
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


def _dated_rows(problem: Problem) -> IntArray:
    """Number the sites whose hours differ on some date, -1 for all others, shape (n_sites,)."""
    rows = np.full(problem.n_sites, -1, dtype=np.int64)
    dated = sites_with_dates(problem)
    rows[dated] = np.arange(len(dated))
    return rows


def _dated_stretches(problem: Problem, dated: IntArray, first: int, last: int) -> IntArray:
    """Stretches of all dated sites and classes in minutes after the first day; see `Layout.stretches`."""
    sites = np.flatnonzero(dated >= 0)
    made = [[_open_to(problem, site, c, first, last) for c in range(problem.n_classes)] for site in sites.tolist()]
    widest = max((len(stretch) for row in made for stretch in row), default=0) or 1
    table = np.full((len(sites), problem.n_classes, widest, 2), NEVER, dtype=np.int64)
    for s, row in enumerate(made):
        for c, open_to in enumerate(row):
            table[s, c, : len(open_to)] = np.array(open_to, dtype=np.int64).reshape(-1, 2) - first * MINUTES_PER_DAY
    return table


def _open_to(problem: Problem, site: int, vehicle: int, first: int, last: int) -> list[tuple[int, int]]:
    """Stretches from ``first`` to ``last`` day in which a site is open to a class: its windows less its zone's closures."""
    if problem.vehicles.payload_kg[vehicle] > problem.sites.max_vehicle_kg[site]:
        return []
    left = stretches(problem, site, first, last)
    for closed_from, closed_until in _closures(problem, site, vehicle):
        length = (closed_until - closed_from) % MINUTES_PER_DAY or MINUTES_PER_DAY
        days = range(first - 2, last + 2)
        free = [(day * MINUTES_PER_DAY + closed_from + length, (day + 1) * MINUTES_PER_DAY + closed_from) for day in days]
        left = [(max(a, c), min(b, d)) for a, b in left for c, d in free if max(a, c) < min(b, d)]
    return left


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


def openings(problem: Problem) -> IntArray:
    """Hours of each day in which a class may stand at a site: its opening hours less its zone's closures; see `Layout.hours`.

    A site whose hours differ on some dates has, every day, the hours of all of its dates: no stop is possible outside of them.
    """
    sites, dated = problem.sites, _dated_rows(problem)
    key = np.stack([sites.open_from_min, sites.open_until_min, sites.zone, sites.max_vehicle_kg, dated])
    _, first, like = np.unique(key, axis=1, return_index=True, return_inverse=True)
    of = [_hours if dated[s] < 0 else _hours_of_any_date for s in first]
    hours = [[hours_of(problem, int(s), c) for c in range(problem.n_classes)] for s, hours_of in zip(first, of, strict=True)]
    widest = max((len(h) for row in hours for h in row), default=0) or 1
    table = np.zeros((len(first), problem.n_classes, widest, 2), dtype=np.int64)
    table[..., 1] = -1
    for s, row in enumerate(hours):
        for c, some in enumerate(row):
            table[s, c, : len(some)] = np.array(some, dtype=np.int64).reshape(-1, 2)
    return np.ascontiguousarray(table[like.reshape(-1)])


def _hours(problem: Problem, site: int, vehicle: int) -> list[tuple[int, int]]:
    """Openings of one site for one class as (start minute, length); none where the door is too small."""
    sites, payload = problem.sites, int(problem.vehicles.payload_kg[vehicle])
    if payload > sites.max_vehicle_kg[site]:
        return []
    start, until = int(sites.open_from_min[site]), int(sites.open_until_min[site])
    always = start == 0 and until >= MINUTES_PER_DAY
    hours = [(start, (until - start) % MINUTES_PER_DAY or MINUTES_PER_DAY)]
    closures = _closures(problem, site, vehicle)
    if not closures:
        return [(0, ALWAYS)] if always else hours
    for closed_from, closed_until in closures:
        hours = _without(hours, closed_from, (closed_until - closed_from) % MINUTES_PER_DAY or MINUTES_PER_DAY)
    return _joined(hours) if always else hours


def _hours_of_any_date(problem: Problem, site: int, vehicle: int) -> list[tuple[int, int]]:
    """Every different opening, as in `_hours`, that a site with dates of its own has on any of them."""
    dated = _open_to(problem, site, vehicle, problem.horizon_from_day, problem.horizon_until_day)
    different = sorted({(begin % MINUTES_PER_DAY, end - begin) for begin, end in dated})
    return different if len(different) <= MOST_OPENINGS else [(0, ALWAYS)]


def _closures(problem: Problem, site: int, vehicle: int) -> list[tuple[int, int]]:
    """Daily closures of a site's zone to a class, as clock times."""
    access, payload = problem.access, int(problem.vehicles.payload_kg[vehicle])
    ruled = np.flatnonzero((access.zone == problem.sites.zone[site]) & (payload >= access.min_payload_kg)).tolist()
    return [(int(access.closed_from_min[row]), int(access.closed_until_min[row])) for row in ruled]


def _without(hours: list[tuple[int, int]], closed_from: int, closed_for: int) -> list[tuple[int, int]]:
    """Cut a daily closure out of daily openings."""
    left = []
    for start, lasts in hours:
        for shift in (-MINUTES_PER_DAY, 0, MINUTES_PER_DAY):
            # The closure's complement around this shift is one stretch of the day.
            free_from = closed_from + closed_for + shift
            free_until = closed_from + MINUTES_PER_DAY + shift
            begin, end = max(start, free_from), min(start + lasts, free_until)
            if end >= begin and (end > begin or lasts == 0):
                left.append((begin % MINUTES_PER_DAY, end - begin))
    return left


def _joined(hours: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join openings that meet at midnight, which is no border for a site that never closes."""
    for i, (start, lasts) in enumerate(hours):
        for j, (other, longer) in enumerate(hours):
            if i != j and (start + lasts) % MINUTES_PER_DAY == other and (start + lasts) == MINUTES_PER_DAY:
                rest = [h for k, h in enumerate(hours) if k not in (i, j)]
                return [*rest, (start, lasts + longer)]
    return hours


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
