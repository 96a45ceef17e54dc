"""Every route that a truck of a tiny problem could drive: a class, sites in order, and where loading ends.

A route is useful if it loads where there are lots or at a hub, and delivers where there are lines or at a hub. Stops that
move nothing are never worth their time and kilometres, but where a known road is a shortcut, or where a class may start
only so often on a date: then routes through any sites are listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, permutations

import numpy as np

from matching.model.problem import HUB, NO_LIMIT, Problem
from matching.rules._measure import hop_km, hop_min, trip_vnd

Order = tuple[tuple[int, ...], tuple[int, ...]]
"""Sites where a route loads and sites where it delivers, each in order."""


@dataclass(frozen=True)
class Route:
    """What one truck could drive.

    Attributes
    ----------
    vehicle : row of the class.
    sites : sites in order, each once.
    split : the first ``split`` stops may load, the others may deliver.
    minutes : driving time from each stop to the next, shape (len(sites) - 1,).
    km, cost_vnd : what the trip states.
    """

    vehicle: int
    sites: tuple[int, ...]
    split: int
    minutes: tuple[int, ...]
    km: float
    cost_vnd: int

    def moves(self, origin: int, target: int) -> bool:
        """Return True if a load can come on at ``origin`` and go off at ``target``."""
        return origin in self.sites[: self.split] and target in self.sites[self.split :]


def all_routes(problem: Problem) -> list[Route]:
    """List every route of every class."""
    loading, delivering = _ends(problem)
    return [
        route
        for vehicle in range(problem.n_classes)
        for route in _of_class(problem, vehicle, _orders(loading, delivering, int(problem.vehicles.max_stops[vehicle])))
    ]


def _ends(problem: Problem) -> tuple[list[int], list[int]]:
    """Sites where a route may load, and where it may deliver."""
    roads = problem.roads
    shortcuts = bool((~np.isnan(roads.km)).any() or (~np.isnan(roads.minutes)).any())
    if shortcuts or bool((problem.vehicles.count_per_day < NO_LIMIT).any()):
        return list(range(problem.n_sites)), list(range(problem.n_sites))
    hubs = set(np.flatnonzero(problem.sites.kind == HUB).tolist())
    return sorted(hubs | set(problem.lots.site.tolist())), sorted(hubs | set(problem.lines.site.tolist()))


def _orders(loading: list[int], delivering: list[int], max_stops: int) -> Iterator[Order]:
    """Every ordered choice of loading stops followed by delivering stops."""
    for n_first in range(1, len(loading) + 1):
        for first in permutations(loading, n_first):
            rest = [site for site in delivering if site not in first]
            for n_then in range(1, min(len(rest), max_stops - n_first) + 1):
                for then in permutations(rest, n_then):
                    yield first, then


def _of_class(problem: Problem, vehicle: int, orders: Iterator[Order]) -> Iterator[Route]:
    """Measure routes as the verifier will."""
    km, minutes = _hops(problem, vehicle)
    base = int(problem.vehicles.base_site[vehicle])
    for first, then in orders:
        sites = first + then
        total = sum(km[a][b] for a, b in pairwise(sites))
        if base >= 0:
            total += km[base][sites[0]] + km[sites[-1]][base]
        cost = int(trip_vnd(problem, np.array([vehicle]), np.array([total]))[0])
        yield Route(vehicle, sites, len(first), tuple(minutes[a][b] for a, b in pairwise(sites)), total, cost)


def _hops(problem: Problem, vehicle: int) -> tuple[list[list[float]], list[list[int]]]:
    """Kilometres and minutes from each site to each other, shape (n_sites, n_sites) each."""
    n = problem.n_sites
    a, b = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    minutes = hop_min(problem, a, b, np.full(n * n, problem.vehicles.kmh[vehicle]))
    return hop_km(problem, a, b).reshape(n, n).tolist(), minutes.reshape(n, n).tolist()
