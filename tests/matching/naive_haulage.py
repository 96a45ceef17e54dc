"""Haulage rates read straight from the format, one pair at a time: what tests hold the engine's rates against."""

from __future__ import annotations

import math

import numpy as np

from matching.model.problem import HUB, Problem

EARTH_KM = 6371.0088


def naive_km(problem: Problem) -> np.ndarray:
    """Shortest km between all sites, shape (n_sites, n_sites)."""
    sites, n = problem.sites, problem.n_sites
    km = np.zeros((n, n))
    for a in range(n):
        for b in range(n):
            la, lb = math.radians(sites.lat[a]), math.radians(sites.lat[b])
            dlon = math.radians(sites.lon[b] - sites.lon[a])
            h = math.sin((lb - la) / 2) ** 2 + math.cos(la) * math.cos(lb) * math.sin(dlon / 2) ** 2
            km[a, b] = 0.0 if a == b else 2 * EARTH_KM * math.asin(math.sqrt(h)) * problem.detour_factor
    for a, b, known in zip(problem.roads.from_site, problem.roads.to_site, problem.roads.km):
        if not math.isnan(known) and a != b:
            km[a, b] = known
    for via in range(n):
        km = np.minimum(km, km[:, [via]] + km[[via], :])
    return km


def naive_truck(problem: Problem, a: int, b: int, cold: bool, km: float) -> float:
    """Cheapest full truck from site a to site b, đồng per kg."""
    v, sites, best = problem.vehicles, problem.sites, math.inf
    for c in range(problem.n_classes):
        if v.payload_kg[c] > min(sites.max_vehicle_kg[a], sites.max_vehicle_kg[b]) or (cold and not v.refrigerated[c]):
            continue
        starts, prices = v.band_km[v.band_start[c] : v.band_start[c + 1]], v.band_vnd_per_km[v.band_start[c] : v.band_start[c + 1]]
        ends = [*starts[1:], math.inf]
        tariff = sum(price * max(0.0, min(km, end) - start) for start, end, price in zip(starts, ends, prices))
        best = min(best, float(v.fixed_vnd[c] + tariff) / float(v.payload_kg[c]))
    return best


def naive_rate(problem: Problem, km: np.ndarray, lot: int, line: int, through_hubs_only: bool = False) -> float:
    """Cheapest full truck, or two through a hub, đồng per kg; ``km`` as `naive_km` gives them."""
    a, b, cold = int(problem.lots.site[lot]), int(problem.lines.site[line]), bool(problem.lots.cold[lot])
    best = math.inf if through_hubs_only else naive_truck(problem, a, b, cold, float(km[a, b]))
    for hub in np.flatnonzero(problem.sites.kind == HUB).tolist():
        handling = float(problem.sites.handling_vnd_per_kg[hub])
        inward, outward = (naive_truck(problem, x, y, cold, float(km[x, y])) for x, y in ((a, hub), (hub, b)))
        best = min(best, inward + handling + outward)
    return best


def naive_carriers(problem: Problem, lot: int, line: int) -> list[tuple[int, float]]:
    """Transit days and đồng per kg of each carrier from the lot's site to the line's."""
    roads = problem.roads
    return [
        (int(roads.transit_days[k]), float(roads.vnd_per_kg[k]))
        for k in range(len(roads.km))
        if roads.from_site[k] == problem.lots.site[lot]
        and roads.to_site[k] == problem.lines.site[line]
        and not math.isnan(roads.vnd_per_kg[k])
        and (roads.cold[k] or not problem.lots.cold[lot])
    ]
