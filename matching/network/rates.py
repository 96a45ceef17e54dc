"""Cheapest haulage per kilogram between sites: what the volumes relaxation pays, and no truck can beat.

Problem data
    For a lot at site a, a line at site b, and road kilometres km(a, b), the shortest over the known roads:
    truck   r(a, b) = min over classes admitted by cold and by the doors of a and b of (fixed + tariff(km)) / payload
    hub     min over hubs h of r(a, h) + handling(h) + r(h, b)
    carrier its own rate per kilogram, on its own lane (see `matching.pairs.lanes.find_carrier_lanes`)

Doors admit classes up to a payload, so only the *level* of a door matters: how many of the distinct payloads it admits. For
each level, warm and cold, the minimum over classes is one piecewise linear function of km, a `Curves` row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.model.problem import HUB, BoolArray, FloatArray, IntArray, Problem
from matching.network.distance import Distances, distances, kilometres, straight_km


class Curves(NamedTuple):
    """Rates in đồng per kg as piecewise linear functions of km.

    Attributes
    ----------
    start : pieces of curve ``k`` are ``start[k]:start[k + 1]``, shape (n_curves + 1,).
    from_km : km at which each piece begins, ascending within a curve, the first 0.
    base_vnd_per_kg, slope : on a piece the rate is ``base_vnd_per_kg + slope × km``; infinite where no class may drive.
    """

    start: IntArray
    from_km: FloatArray
    base_vnd_per_kg: FloatArray
    slope: FloatArray


class Haulage(NamedTuple):
    """Everything that it takes to price a kilogram between two sites.

    Attributes
    ----------
    level : how many distinct payloads the door of each site admits, shape (n_sites,).
    n_levels : number of levels; curve ``cold × n_levels + level`` belongs to a level.
    into_hub : đồng per kg from each site to each hub with the hub's handling, shape (2, n_sites, n_hubs), warm then cold.
    out_of_hub : đồng per kg from each hub to each site, shape (2, n_sites, n_hubs).
    """

    curves: Curves
    level: IntArray
    n_levels: int
    distances: Distances
    into_hub: FloatArray
    out_of_hub: FloatArray


def haulage(problem: Problem, *, fixed_shift_vnd: float = 0.0) -> Haulage:
    """Prepare the pricing of a problem.

    Parameters
    ----------
    fixed_shift_vnd : added to the fixed cost of every class; a proof shifts it by -0.5, since a trip's cost is rounded.
    """
    payloads = np.unique(problem.vehicles.payload_kg)
    level = np.searchsorted(payloads, problem.sites.max_vehicle_kg, side="right").astype(np.int64)
    curves = _all_curves(problem, payloads, fixed_shift_vnd)
    spans = distances(problem)
    into, out = _hub_rates(problem, curves, level, len(payloads) + 1, spans)
    return Haulage(curves, level, len(payloads) + 1, spans, into, out)


# one curve per level -------------------------------------------------------------------------------------------------
Pieces = tuple[FloatArray, FloatArray, FloatArray]
NOTHING: Pieces = (np.zeros(1), np.full(1, np.inf), np.zeros(1))


def class_pieces(problem: Problem, vehicle: int, fixed_shift_vnd: float = 0.0) -> Pieces:
    """Rate of one class when full: where each linear piece begins (km), its base and its slope (đồng per kg)."""
    v = problem.vehicles
    bands = slice(int(v.band_start[vehicle]), int(v.band_start[vehicle + 1]))
    starts, rates = v.band_km[bands], v.band_vnd_per_km[bands]
    if len(starts) == 0 or starts[0] > 0:
        starts, rates = np.concatenate([[0.0], starts]), np.concatenate([[0.0], rates])
    before = np.concatenate([[0.0], np.cumsum(np.diff(starts) * rates[:-1])])
    payload = float(v.payload_kg[vehicle])
    fixed = float(v.fixed_vnd[vehicle]) + fixed_shift_vnd
    return starts, (fixed + before - rates * starts) / payload, rates / payload


def _lower(f: Pieces, g: Pieces) -> Pieces:
    """Return the pointwise minimum of two piecewise linear functions."""
    knots = np.union1d(f[0], g[0])
    (base_f, slope_f), (base_g, slope_g) = _at(f, knots), _at(g, knots)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (base_g - base_f) / (slope_f - slope_g)
    inside = (crossing > knots) & (crossing < np.append(knots[1:], np.inf))
    knots = np.union1d(knots, crossing[inside])
    middle = np.append((knots[1:] + knots[:-1]) / 2, knots[-1] + 1.0)
    (base_f, slope_f), (base_g, slope_g) = _at(f, middle), _at(g, middle)
    first = base_f + slope_f * middle <= base_g + slope_g * middle
    return knots, np.where(first, base_f, base_g), np.where(first, slope_f, slope_g)


def _at(f: Pieces, km: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Base and slope of the piece on which each km lies."""
    piece = np.searchsorted(f[0], km, side="right") - 1
    return f[1][piece], f[2][piece]


def _all_curves(problem: Problem, payloads: IntArray, fixed_shift_vnd: float) -> Curves:
    """Build the curves of all levels, warm then cold."""
    rows: list[Pieces] = []
    for cold in (False, True):
        lowest = NOTHING
        rows.append(lowest)
        for payload in payloads:
            for vehicle in np.flatnonzero(problem.vehicles.payload_kg == payload):
                if problem.vehicles.refrigerated[vehicle] or not cold:
                    lowest = _lower(lowest, class_pieces(problem, int(vehicle), fixed_shift_vnd))
            rows.append(lowest)
    start = np.concatenate([[0], np.cumsum([len(row[0]) for row in rows])]).astype(np.int64)
    from_km, base, slope = (np.concatenate([row[part] for row in rows]) for part in range(3))
    return Curves(start, from_km, base, slope)


def curve_rates(curves: Curves, curve: IntArray, km: FloatArray) -> FloatArray:
    """Rate of each curve at its km, đồng per kg."""
    made: FloatArray = _curve_rates(*curves, curve, km)
    return made


@compiled
def _rate_at(start: IntArray, from_km: FloatArray, base: FloatArray, slope: FloatArray, curve: int, km: float) -> float:
    """Rate of a curve at ``km``; long roads are the usual ones, so the search begins at the far end."""
    piece = start[curve + 1] - 1
    while from_km[piece] > km:
        piece -= 1
    return base[piece] + slope[piece] * km  # type: ignore[no-any-return]


@compiled
def _curve_rates(start: IntArray, from_km: FloatArray, base: FloatArray, slope: FloatArray, curve: IntArray, km: FloatArray) -> FloatArray:
    """Apply `_rate_at` to arrays."""
    rate = np.empty(len(km), dtype=np.float64)
    for k in range(len(km)):
        rate[k] = _rate_at(start, from_km, base, slope, curve[k], km[k])
    return rate


# hubs ----------------------------------------------------------------------------------------------------------------
def _hub_rates(problem: Problem, curves: Curves, level: IntArray, n_levels: int, spans: Distances) -> tuple[FloatArray, FloatArray]:
    """Rates from every site into every hub, handling included, and out of every hub to every site, warm then cold."""
    hubs = np.flatnonzero(problem.sites.kind == HUB)
    sites = np.arange(problem.n_sites)
    shape = (2, len(sites), len(hubs))
    into, out = np.full(shape, np.inf), np.full(shape, np.inf)
    for place, hub in enumerate(hubs):
        there = np.full(len(sites), hub)
        doors = np.minimum(level, level[hub])
        for cold in range(2):
            into[cold, :, place] = curve_rates(curves, cold * n_levels + doors, kilometres(spans, sites, there))
            into[cold, :, place] += problem.sites.handling_vnd_per_kg[hub]
            out[cold, :, place] = curve_rates(curves, cold * n_levels + doors, kilometres(spans, there, sites))
    return into, out


# pairs ---------------------------------------------------------------------------------------------------------------
def direct_rates(by: Haulage, a: IntArray, b: IntArray, cold: BoolArray) -> FloatArray:
    """Cheapest rate of one truck from each site of ``a`` to its partner in ``b``, đồng per kg, infinite where none may go."""
    known = len(by.distances.between) > 0
    km = kilometres(by.distances, a, b) if known else np.zeros(0)
    where = (by.distances.unit, by.distances.diameter_km, by.level, by.n_levels)
    made: FloatArray = _direct_rates(*by.curves, *where, np.ascontiguousarray(a), np.ascontiguousarray(b), cold, km)
    return made


@compiled
def _direct_rates(
    start: IntArray,
    from_km: FloatArray,
    base: FloatArray,
    slope: FloatArray,
    unit: FloatArray,
    diameter_km: float,
    level: IntArray,
    n_levels: int,
    a: IntArray,
    b: IntArray,
    cold: BoolArray,
    km: FloatArray,
) -> FloatArray:
    """Rates of pairs; ``km`` is empty where all kilometres are the computed ones."""
    rate = np.empty(len(a), dtype=np.float64)
    for k in range(len(a)):
        span = km[k] if len(km) else straight_km(unit, diameter_km, a[k], b[k])
        curve = min(level[a[k]], level[b[k]]) + (n_levels if cold[k] else 0)
        rate[k] = _rate_at(start, from_km, base, slope, curve, span)
    return rate


def hub_rates(by: Haulage, a: IntArray, b: IntArray, cold: BoolArray) -> FloatArray:
    """Cheapest rate of two trucks through a hub, its handling included, đồng per kg, infinite where there is none."""
    made: FloatArray = _through_hubs(by.into_hub, by.out_of_hub, np.ascontiguousarray(a), np.ascontiguousarray(b), cold)
    return made


@compiled
def _through_hubs(into_hub: FloatArray, out_of_hub: FloatArray, a: IntArray, b: IntArray, cold: BoolArray) -> FloatArray:
    """Cheapest sum of both legs over all hubs, of each pair."""
    rate = np.full(len(a), np.inf)
    for k in range(len(a)):
        temperature = 1 if cold[k] else 0
        for hub in range(into_hub.shape[2]):
            rate[k] = min(rate[k], into_hub[temperature, a[k], hub] + out_of_hub[temperature, b[k], hub])
    return rate


def pair_rates(by: Haulage, a: IntArray, b: IntArray, cold: BoolArray) -> FloatArray:
    """Cheapest truck rate from each site of ``a`` to its partner in ``b``, direct or through a hub, đồng per kg."""
    return np.minimum(direct_rates(by, a, b, cold), hub_rates(by, a, b, cold))
