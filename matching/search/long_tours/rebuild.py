"""From routes back to trips: stops, clock, kilometres and cost, all exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.model.plan import Allocations, Legs, Plan, Stops, Trips
from matching.model.problem import NO_BASE, IntArray, Problem
from matching.network.geography import road_km, tariff_vnd
from matching.search.long_tours.clock import TourClock
from matching.search.long_tours.loads import Pieces
from matching.search.long_tours.tours import Tours


@dataclass(frozen=True)
class Route:
    """A class and the pieces that it picks up, in their order."""

    vehicle: int
    piece: Sequence[int]


def plan_of(problem: Problem, tours: Tours, pieces: Pieces, routes: Sequence[Route]) -> Plan | None:
    """Return the routes as a plan of their own, or None where the clock allows one of them not at all."""
    clock = TourClock(problem, tours.pickup_day, tours.delivery_day)
    stops = []
    for number, route in enumerate(routes):
        made = _stops(clock, tours, pieces, number, route)
        if made is None:
            return None
        stops.append(made)
    km = np.array([_km(problem, route.vehicle, stop.site) for route, stop in zip(routes, stops)])
    cost = [_cost(problem, route.vehicle, length) for route, length in zip(routes, km)]
    vehicle = np.array([route.vehicle for route in routes], dtype=np.int64)
    columns = ("trip", "seq", "site", "arrive_min", "depart_min")
    all_stops = Stops(*(np.concatenate([getattr(stop, name) for stop in stops]) for name in columns))
    return Plan(*_loads(tours, pieces, routes), Trips(vehicle, km, np.array(cost, dtype=np.int64)), all_stops)


def _stops(clock: TourClock, tours: Tours, pieces: Pieces, number: int, route: Route) -> Stops | None:
    """Stops of one route; pieces of one site are loaded at its first stop there."""
    rows = np.array(route.piece, dtype=np.int64)
    sites, first, place = np.unique(pieces.site[rows], return_index=True, return_inverse=True)
    kg = np.bincount(place, weights=pieces.kg[rows]).astype(np.int64)
    order = np.argsort(first)
    site, moved = np.append(sites[order], tours.receiver), np.append(kg[order], kg.sum())
    times = clock.times(route.vehicle, site, moved)
    if times is None:
        return None
    return Stops(np.full(len(site), number), np.arange(1, len(site) + 1), site, *times)


def _km(problem: Problem, vehicle: int, site: IntArray) -> float:
    base = int(problem.vehicles.base_site[vehicle])
    path = site if base == NO_BASE else np.concatenate([[base], site, [base]])
    return float(road_km(problem, path[:-1], path[1:]).sum())


def _cost(problem: Problem, vehicle: int, km: float) -> int:
    return round(float(problem.vehicles.fixed_vnd[vehicle]) + float(tariff_vnd(problem, vehicle, np.array(km))))


def _loads(tours: Tours, pieces: Pieces, routes: Sequence[Route]) -> tuple[Allocations, Legs]:
    """Allocations and legs; pieces of one lot for one line on one trip are one allocation."""
    piece = np.concatenate([np.array(route.piece, dtype=np.int64) for route in routes])
    trip = np.repeat(np.arange(len(routes)), [len(route.piece) for route in routes])
    rows, first, place = np.unique(
        np.stack([trip, pieces.lot[piece], pieces.line[piece]], axis=1), axis=0, return_index=True, return_inverse=True
    )
    n = len(rows)
    kg = np.bincount(place.ravel(), weights=pieces.kg[piece]).astype(np.int64)
    days = np.full(n, tours.pickup_day, dtype=np.int64), np.full(n, tours.delivery_day, dtype=np.int64)
    start, end = pieces.site[piece[first]], np.full(n, tours.receiver, dtype=np.int64)
    allocations = Allocations(rows[:, 1], rows[:, 2], kg, *days)
    return allocations, Legs(np.arange(n), np.ones(n, dtype=np.int64), rows[:, 0], start, end)
