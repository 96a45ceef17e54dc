"""Plans by hand: trucks with their stops and clock times, carriers, and the loads that ride on them.

Kilometres and costs come from `matching.network.geography`, which the verifier does not use, so each hand-made plan that the verifier
accepts also holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from matching.model.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.model.problem import Problem
from matching.network.geography import road_km, tariff_vnd
from matching.verify import Verdict, verify

JUNE_1 = (date(2027, 6, 1) - date(1970, 1, 1)).days


def june(day: int) -> int:
    """Return the day number of a date in June 2027."""
    return JUNE_1 + day - 1


def instant(text: str) -> int:
    """Return the minute number of ``7T05:00``, day and clock time in June 2027."""
    day, clock = text.split("T")
    hours, minutes = clock.split(":")
    return june(int(day)) * 1440 + int(hours) * 60 + int(minutes)


@dataclass(frozen=True)
class Truck:
    """A truck trip: class and stops ``site arrive depart``, e.g. ``c1 7T05:00 7T05:30``."""

    vehicle: str
    stops: Sequence[str]


@dataclass(frozen=True)
class Carrier:
    """A carrier trip and what it costs."""

    cost_vnd: int


@dataclass(frozen=True)
class Load:
    """Mass that goes from a lot to a line on one trip, or on two through a hub; ``days`` are read off the stops unless given."""

    lot: str
    line: str
    kg: int
    trips: tuple[int, ...] = (0,)
    hub: str = ""
    days: tuple[int, int] | None = field(default=None)


def build_plan(problem: Problem, trips: Sequence[Truck | Carrier], loads: Sequence[Load]) -> Plan:
    """Return the plan; dates, kilometres and costs are filled in."""
    sites = {site: n for n, site in enumerate(problem.sites.id)}
    stops = [
        _stop(sites, t, seq, text) for t, trip in enumerate(trips) if isinstance(trip, Truck) for seq, text in enumerate(trip.stops, 1)
    ]
    allocations, legs = [], []
    for a, load in enumerate(loads):
        lot, line = list(problem.lots.id).index(load.lot), list(problem.lines.id).index(load.line)
        start, end = int(problem.lots.site[lot]), int(problem.lines.site[line])
        places = [start, sites[load.hub], end] if load.hub else [start, end]
        legs += [(a, n + 1, trip, places[n], places[n + 1]) for n, trip in enumerate(load.trips)]
        days = load.days or (_day(stops, load.trips[0], start), _day(stops, load.trips[-1], end))
        allocations.append((lot, line, load.kg, *days))
    return Plan(
        Allocations(*_columns(allocations, 5)),
        Legs(*_columns(legs, 5)),
        _trips(problem, trips, stops),
        Stops(*_columns(stops, 5)),
    )


def broken(problem: Problem, trips: Sequence[Truck | Carrier], loads: Sequence[Load]) -> set[str]:
    """Return the codes of the rules that a hand-made plan breaks."""
    return codes(verify(problem, build_plan(problem, trips, loads)))


def codes(verdict: Verdict) -> set[str]:
    return {violation.rule for violation in verdict.violations}


def _stop(sites: dict[str, int], trip: int, seq: int, text: str) -> tuple[int, int, int, int, int]:
    site, arrive, depart = text.split()
    return trip, seq, sites[site], instant(arrive), instant(depart)


def _day(stops: list[tuple[int, int, int, int, int]], trip: int, site: int) -> int:
    return next((arrive // 1440 for t, _, at, arrive, _ in stops if (t, at) == (trip, site)), june(7))


def _trips(problem: Problem, trips: Sequence[Truck | Carrier], stops: list[tuple[int, int, int, int, int]]) -> Trips:
    rows = []
    for t, trip in enumerate(trips):
        if isinstance(trip, Carrier):
            rows.append((CARRIER, 0.0, trip.cost_vnd))
            continue
        vehicle = list(problem.vehicles.id).index(trip.vehicle)
        path = [site for owner, _, site, _, _ in stops if owner == t]
        base = int(problem.vehicles.base_site[vehicle])
        path = [base, *path, base] if base >= 0 else path
        km = float(road_km(problem, np.array(path[:-1], dtype=np.int64), np.array(path[1:], dtype=np.int64)).sum())
        cost = round(int(problem.vehicles.fixed_vnd[vehicle]) + float(tariff_vnd(problem, vehicle, np.array(km))))
        rows.append((vehicle, km, cost))
    vehicle_row, km_row, cost_row = zip(*rows, strict=True) if rows else ((), (), ())
    return Trips(np.array(vehicle_row, dtype=np.int64), np.array(km_row, dtype=np.float64), np.array(cost_row, dtype=np.int64))


def _columns(rows: Sequence[tuple[int, ...]], n: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    return [np.array([row[i] for row in rows], dtype=np.int64) for i in range(n)]
