"""Shortest kilometres between sites, for loops that ask for millions of pairs.

Problem data
    Computed kilometres m(a, b) are great-circle distances times a factor, and keep the triangle inequality. Known roads
    put w(a, b) in place of m(a, b), one direction each, shorter or longer, and may break it.

Method
    Let T be the sites that a known road touches. A shortest path leaves the computed edges only inside T, so
    1. a road longer than computed is replaced by the best way around through one untouched site, where that is shorter;
    2. shortest paths between all of T follow (Floyd and Warshall, doi:10.1145/367766.368168);
    3. from or to an untouched site, the path is the computed edge, or goes by the head of some road shorter than computed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.model.problem import FloatArray, IntArray, Problem
from matching.network.geography import EARTH_KM


class Distances(NamedTuple):
    """Shortest kilometres, ready for compiled loops.

    Attributes
    ----------
    unit : each site as a point of the unit sphere, shape (n_sites, 3).
    diameter_km : the sphere's diameter times the detour factor.
    row : place of each site in T, or -1, shape (n_sites,).
    between : shortest km within T, shape (n_touched, n_touched).
    heads : sites where a shortcut ends, shape (n_heads,).
    to_head : shortest km from every site to every head, shape (n_sites, n_heads).
    """

    unit: FloatArray
    diameter_km: float
    row: IntArray
    between: FloatArray
    heads: IntArray
    to_head: FloatArray


def distances(problem: Problem) -> Distances:
    """Prepare the shortest kilometres of a problem."""
    unit, diameter_km = _points(problem), 2.0 * EARTH_KM * problem.detour_factor
    roads = problem.roads
    known = np.flatnonzero(~np.isnan(roads.km) & (roads.from_site != roads.to_site))
    start, end, km = roads.from_site[known], roads.to_site[known], roads.km[known]
    touched = np.unique(np.concatenate([start, end]))
    row = np.full(problem.n_sites, -1, dtype=np.int64)
    row[touched] = np.arange(len(touched))
    computed = computed_km(unit, diameter_km, start, end)
    around = _ways_around(unit, diameter_km, row, start, end, np.where(km > computed, km, -1.0))
    edge = np.where(km > computed, np.minimum(km, around), km)
    between = _all_pairs(unit, diameter_km, touched, row[start], row[end], edge)
    heads = np.unique(end[km < computed])
    to_head = _to_heads(unit, diameter_km, row, between, np.unique(start[km < computed]), heads)
    return Distances(unit, diameter_km, row, between, heads, to_head)


def kilometres(spans: Distances, a: IntArray, b: IntArray) -> FloatArray:
    """Shortest km from each site of ``a`` to its partner in ``b``, shape (n_pairs,)."""
    if len(spans.between) == 0:
        return computed_km(spans.unit, spans.diameter_km, a, b)
    made: FloatArray = _shortest_km(*spans, np.ascontiguousarray(a), np.ascontiguousarray(b))
    return made


def _points(problem: Problem) -> FloatArray:
    """Put each site on the unit sphere, where half a chord is the sine of half the angle."""
    lat, lon = np.radians(problem.sites.lat), np.radians(problem.sites.lon)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def computed_km(unit: FloatArray, diameter_km: float, a: IntArray, b: IntArray) -> FloatArray:
    """Computed km, known roads left aside, shape (n_pairs,)."""
    chord = np.sqrt(((unit[a] - unit[b]) ** 2).sum(axis=1))
    return np.asarray(diameter_km * np.arcsin(np.minimum(1.0, chord / 2)))


@compiled
def straight_km(unit: FloatArray, diameter_km: float, a: int, b: int) -> float:
    """Computed km between two sites."""
    x, y, z = unit[a, 0] - unit[b, 0], unit[a, 1] - unit[b, 1], unit[a, 2] - unit[b, 2]
    return float(diameter_km * np.arcsin(min(1.0, 0.5 * np.sqrt(x * x + y * y + z * z))))


@compiled
def _shortest_km(
    unit: FloatArray,
    diameter_km: float,
    row: IntArray,
    between: FloatArray,
    heads: IntArray,
    to_head: FloatArray,
    a: IntArray,
    b: IntArray,
) -> FloatArray:
    """Shortest km of each pair, by the three cases of the module's method."""
    km = np.empty(len(a), dtype=np.float64)
    for k in range(len(a)):
        start, end = row[a[k]], row[b[k]]
        if start >= 0 and end >= 0:
            km[k] = between[start, end]
            continue
        km[k] = straight_km(unit, diameter_km, a[k], b[k])
        for h in range(len(heads)):
            rest = between[row[heads[h]], end] if end >= 0 else straight_km(unit, diameter_km, heads[h], b[k])
            km[k] = min(km[k], to_head[a[k], h] + rest)
        if a[k] == b[k]:
            km[k] = 0.0
    return km


@compiled
def _ways_around(unit: FloatArray, diameter_km: float, row: IntArray, start: IntArray, end: IntArray, slow_km: FloatArray) -> FloatArray:
    """Shortest km through one untouched site, for each road with ``slow_km`` above zero; infinite elsewhere."""
    around = np.full(len(start), np.inf)
    for e in range(len(start)):
        if slow_km[e] < 0:
            continue
        for via in range(len(row)):
            if row[via] < 0:
                first = straight_km(unit, diameter_km, start[e], via)
                if first < around[e]:
                    around[e] = min(around[e], first + straight_km(unit, diameter_km, via, end[e]))
    return around


@compiled
def _all_pairs(unit: FloatArray, diameter_km: float, touched: IntArray, start: IntArray, end: IntArray, edge_km: FloatArray) -> FloatArray:
    """Shortest km between all touched sites; start and end are places in ``touched``."""
    n = len(touched)
    km = np.empty((n, n), dtype=np.float64)
    for i in range(n):
        for j in range(n):
            km[i, j] = 0.0 if i == j else straight_km(unit, diameter_km, touched[i], touched[j])
    for e in range(len(start)):
        km[start[e], end[e]] = edge_km[e]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                km[i, j] = min(km[i, j], km[i, k] + km[k, j])
    return km


@compiled
def _to_heads(
    unit: FloatArray,
    diameter_km: float,
    row: IntArray,
    between: FloatArray,
    tails: IntArray,
    heads: IntArray,
) -> FloatArray:
    """Shortest km from every site to every head of a shortcut."""
    km = np.empty((len(row), len(heads)), dtype=np.float64)
    for site in range(len(row)):
        for k in range(len(heads)):
            head = row[heads[k]]
            if row[site] >= 0:
                km[site, k] = between[row[site], head]
                continue
            best = straight_km(unit, diameter_km, site, heads[k])
            for t in range(len(tails)):
                best = min(best, straight_km(unit, diameter_km, site, tails[t]) + between[row[tails[t]], head])
            km[site, k] = best
    return km
