"""Kilometres, minutes and tariffs between sites, vectorised.

Distance is great-circle (sphere of radius 6371.0088 km, haversine) × detour factor unless a known road says otherwise.
"""

from __future__ import annotations

import numpy as np

from matching.compiled import compiled
from matching.model.problem import FloatArray, IntArray, Problem

EARTH_KM = 6371.0088


def great_circle_km(lat_a: FloatArray, lon_a: FloatArray, lat_b: FloatArray, lon_b: FloatArray) -> FloatArray:
    """Great-circle distance in km between points in degrees; the arguments broadcast."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half_phi, half_lambda = (phi_b - phi_a) / 2, np.radians(np.asarray(lon_b) - np.asarray(lon_a)) / 2
    h = np.sin(half_phi) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin(half_lambda) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.minimum(1.0, np.sqrt(h))))


def road_km(problem: Problem, a: IntArray, b: IntArray) -> FloatArray:
    """Kilometres from site a to site b; shapes broadcast, known roads override."""
    sites = problem.sites
    a, b = np.broadcast_arrays(a, b)
    km = great_circle_km(sites.lat[a], sites.lon[a], sites.lat[b], sites.lon[b]) * problem.detour_factor
    km = np.where(a == b, 0.0, km)
    return _override(problem, a, b, km, problem.roads.km)


def all_road_km(problem: Problem) -> FloatArray:
    """Kilometres between all sites, as `road_km` has them, in a fraction of its time; shape (n_sites, n_sites)."""
    phi, lam, roads = np.radians(problem.sites.lat), np.radians(problem.sites.lon), problem.roads
    km = np.empty((problem.n_sites, problem.n_sites))
    _fill_km(phi, lam, 2.0 * EARTH_KM, float(problem.detour_factor), km)
    known = ~np.isnan(roads.km) & (roads.from_site != roads.to_site)
    km[roads.from_site[known], roads.to_site[known]] = roads.km[known]
    return km


@compiled
def _fill_km(phi: FloatArray, lam: FloatArray, diameter_km: float, factor: float, km: FloatArray) -> None:
    """Fill a square of distances: a great circle is as long there as back."""
    cos_phi = np.cos(phi)
    for a in range(len(phi)):
        km[a, a] = 0.0
        for b in range(a + 1, len(phi)):
            north, east = np.sin((phi[b] - phi[a]) / 2), np.sin((lam[b] - lam[a]) / 2)
            h = north * north + cos_phi[a] * cos_phi[b] * east * east
            km[a, b] = diameter_km * np.arcsin(min(1.0, np.sqrt(h))) * factor
        for b in range(a):
            km[a, b] = km[b, a]


def road_minutes(problem: Problem, a: IntArray, b: IntArray, kmh: float) -> IntArray:
    """Whole minutes from site a to site b at ``kmh``, rounded up; known minutes override."""
    a, b = np.broadcast_arrays(a, b)
    computed = np.ceil(road_km(problem, a, b) / kmh * 60 - 1e-9)
    return _override(problem, a, b, computed, np.ceil(problem.roads.minutes)).astype(np.int64)


def _override(problem: Problem, a: IntArray, b: IntArray, computed: FloatArray, known: FloatArray) -> FloatArray:
    """Put the known value of a road, where there is one, in place of the computed one."""
    roads = problem.roads
    has = ~np.isnan(known) & (roads.from_site != roads.to_site)
    if not has.any():
        return computed
    keys = roads.from_site[has] * problem.n_sites + roads.to_site[has]
    order = np.argsort(keys)
    keys, values = keys[order], known[has][order]
    wanted = a * problem.n_sites + b
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], computed)


def tariff_vnd(problem: Problem, vehicle: int, km: FloatArray) -> FloatArray:
    """Marginal-band tariff of a vehicle class for ``km``, any shape, in đồng before rounding, without the fixed part."""
    v = problem.vehicles
    bands = slice(int(v.band_start[vehicle]), int(v.band_start[vehicle + 1]))
    starts, rates = v.band_km[bands], v.band_vnd_per_km[bands]
    ends = np.append(starts[1:], np.inf)
    km = np.asarray(km, dtype=np.float64)[..., None]
    return np.asarray((rates * np.clip(np.minimum(km, ends) - starts, 0.0, None)).sum(axis=-1))
