"""The verifier's own measures: kilometres, minutes, tariffs, group sums and rounding.

Nothing here is shared with `matching.network.geography` on purpose: the two are compared by the tests, so that a mistake in one of
them is seen.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np

from matching.model.problem import FloatArray, IntArray, Problem

_EARTH_KM = 6371.0088
_SAFE = 2**62


def _arc_km(problem: Problem, a: IntArray, b: IntArray) -> FloatArray:
    """Great-circle km × detour factor between sites a and b, shape (n,)."""
    lat, lon = problem.sites.lat, problem.sites.lon
    north_a, north_b = np.deg2rad(lat[a]), np.deg2rad(lat[b])
    d_north, d_east = north_b - north_a, np.deg2rad(lon[b] - lon[a])
    h = np.sin(d_north / 2) ** 2 + np.cos(north_a) * np.cos(north_b) * np.sin(d_east / 2) ** 2
    return np.asarray(2 * _EARTH_KM * np.arcsin(np.minimum(1.0, np.sqrt(h))) * problem.detour_factor)


def road_row(problem: Problem, a: IntArray, b: IntArray) -> IntArray:
    """Row of the known road from a to b, shape (n,); -1 where there is none."""
    roads = problem.roads
    keys = roads.from_site * problem.n_sites + roads.to_site
    if not len(keys):
        return np.full(len(a), -1, dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    wanted = a * problem.n_sites + b
    place = np.searchsorted(keys[order], wanted, side="right") - 1
    row = order[np.maximum(place, 0)]
    return np.where((place >= 0) & (keys[row] == wanted), row, -1)


def hop_km(problem: Problem, a: IntArray, b: IntArray) -> FloatArray:
    """Kilometres from site a to site b, shape (n,)."""
    km = _arc_km(problem, a, b)
    known = _known(problem.roads.km, road_row(problem, a, b))
    return np.where(a == b, 0.0, np.where(np.isnan(known), km, known))


def hop_min(problem: Problem, a: IntArray, b: IntArray, kmh: FloatArray) -> IntArray:
    """Whole minutes from site a to site b at ``kmh``, shape (n,)."""
    computed = np.ceil(hop_km(problem, a, b) / kmh * 60 - 1e-9)
    known = np.ceil(_known(problem.roads.minutes, road_row(problem, a, b)))
    return np.where(a == b, 0, np.where(np.isnan(known), computed, known)).astype(np.int64)


def _known(values: FloatArray, row: IntArray) -> FloatArray:
    """Pick a road's value, nan where there is no road."""
    padded = np.append(values, np.nan)
    return np.asarray(padded[row])


def trip_vnd(problem: Problem, vehicle: IntArray, km: FloatArray) -> IntArray:
    """Whole đồng that trips of these classes over these kilometres cost, shape (n,), halves to the even đồng."""
    v = problem.vehicles
    total = np.zeros(len(km))
    for c in np.unique(vehicle).tolist():
        rows = vehicle == c
        total[rows] = v.fixed_vnd[c] + _bands_vnd(problem, c, km[rows])
    return np.rint(total).astype(np.int64)


def _bands_vnd(problem: Problem, c: int, km: FloatArray) -> FloatArray:
    """Marginal-band tariff of class c, band after band, shape (n,)."""
    v = problem.vehicles
    first, last = int(v.band_start[c]), int(v.band_start[c + 1])
    vnd = np.zeros(len(km))
    for j in range(first, last):
        end = v.band_km[j + 1] if j + 1 < last else math.inf
        vnd = vnd + v.band_vnd_per_km[j] * np.maximum(0.0, np.minimum(km, end) - v.band_km[j])
    return vnd


def sum_by(group: IntArray, values: IntArray, n: int) -> IntArray:
    """Exact sums of whole values by group, shape (n,); Python integers where 64 bits could overflow."""
    exact = not len(values) or float(np.abs(values).max()) * len(values) < _SAFE
    total = np.zeros(n, dtype=np.int64 if exact else object)
    np.add.at(total, group, values if exact else values.astype(object))
    return total


def sum_of_products(a: IntArray, b: IntArray) -> int:
    """Exact Σ a × b of whole numbers, whatever their size."""
    if not len(a):
        return 0
    if float(np.abs(a).max()) * float(np.abs(b).max()) * len(a) < _SAFE:
        return int((a * b).sum())
    return sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))


def group_pairs(a: IntArray, b: IntArray) -> tuple[IntArray, IntArray]:
    """Number the different pairs (a, b): the group of each row, shape (n,), and the first row of each group, (n_groups,)."""
    order = np.lexsort((b, a))
    new = np.ones(len(a), dtype=np.bool_)
    new[1:] = (np.diff(a[order]) != 0) | (np.diff(b[order]) != 0)
    group = np.empty(len(a), dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    return group, order[new]


def iso_day(day: int) -> str:
    """Write a day number as a date; days outside the calendar as they are."""
    try:
        return (date(1970, 1, 1) + timedelta(days=int(day))).isoformat()
    except OverflowError:
        return f"day {day}"
