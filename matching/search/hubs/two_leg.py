"""Gluing a trip to a hub and a trip from it: two-leg allocations whose kilograms both trips carry."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from matching.model.plan import Allocations, Legs, Plan, Stops
from matching.model.problem import IntArray, Problem
from matching.model.subset import rows_of
from matching.search.plan_ops import stack


def pieces(groups: list[list[int]], fed: Allocations, found: Allocations) -> IntArray:
    """Match what came with what went on, first come first gone.

    Parameters
    ----------
    groups : rows of ``fed`` in each group.
    found : its lots are numbers of groups.

    Returns
    -------
    IntArray
        Row of ``fed``, row of ``found`` and kg of each piece, shape (n_pieces, 3).
    """
    onward_of: dict[int, list[int]] = defaultdict(list)
    for i in np.argsort(found.delivery_day, kind="stable").tolist():
        onward_of[int(found.lot[i])].append(i)
    rows = [row for group, came in enumerate(groups) for row in _matched(came, fed.kg, onward_of[group], found.kg)]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def _matched(came: list[int], came_kg: IntArray, went: list[int], went_kg: IntArray) -> list[tuple[int, int, int]]:
    """Fill each of ``went`` from the first of ``came`` that has something left."""
    rows, at, left = [], 0, int(came_kg[came[0]])
    for i in went:
        wanted = int(went_kg[i])
        while wanted > 0 and at < len(came):
            kg = min(wanted, left)
            rows.append((came[at], i, kg))
            wanted, left = wanted - kg, left - kg
            if left == 0:
                at += 1
                left = int(came_kg[came[at]]) if at < len(came) else 0
    return rows


def glue(problem: Problem, hub: int, fed: Plan, found: Plan, rows: IntArray, direct: IntArray) -> Plan:
    """Return one plan of the pieces on both their trips and of the direct allocations; trips without goods are left out.

    Parameters
    ----------
    fed, found : plans of direct trips to the hub, and from it or past it; sites are numbered as in the problem.
    rows : what `pieces` returns.
    direct : rows of allocations of ``found`` that do not come from the hub; their lots are numbered as in the problem.
    """
    first, second = _trip_of(fed)[rows[:, 0]], _trip_of(found)[np.concatenate([rows[:, 1], direct])]
    feeders, first = np.unique(first, return_inverse=True)
    onwards, second = np.unique(second, return_inverse=True)
    allocations = stack([_pieces_table(fed.allocations, found.allocations, rows), rows_of(found.allocations, direct)])
    start, end = problem.lots.site[allocations.lot], problem.lines.site[allocations.line]
    n, m = len(rows), len(direct)
    there = np.full(n, hub)
    legs = Legs(
        allocation=np.concatenate([np.repeat(np.arange(n), 2), n + np.arange(m)]),
        leg=np.concatenate([np.tile([1, 2], n), np.ones(m, dtype=np.int64)]),
        trip=len(feeders) + np.concatenate([_paired(first - len(feeders), second[:n]), second[n:]]),
        from_site=np.concatenate([_paired(start[:n], there), start[n:]]),
        to_site=np.concatenate([_paired(there, end[:n]), end[n:]]),
    )
    trips = stack([rows_of(fed.trips, feeders), rows_of(found.trips, onwards)])
    return Plan(allocations, legs, trips, stack([_stops(fed, feeders, 0), _stops(found, onwards, len(feeders))]))


def _pieces_table(fed: Allocations, found: Allocations, rows: IntArray) -> Allocations:
    """Return the allocation of each piece."""
    came, went = rows[:, 0], rows[:, 1]
    return Allocations(fed.lot[came], fed.line[came], rows[:, 2], fed.pickup_day[came], found.delivery_day[went])


def _paired(first: IntArray, second: IntArray) -> IntArray:
    """Put two columns into one, turn by turn."""
    return np.stack([first, second], axis=1).reshape(-1)


def _trip_of(plan: Plan) -> IntArray:
    """Trip of each allocation of a plan of direct trips, shape (n_allocations,)."""
    trip = np.empty(len(plan.allocations.lot), dtype=np.int64)
    trip[plan.legs.allocation] = plan.legs.trip
    return trip


def _stops(plan: Plan, trips: IntArray, first_number: int) -> Stops:
    """Stops of some trips, which are numbered anew from ``first_number``."""
    new = np.full(len(plan.trips.vehicle), -1, dtype=np.int64)
    new[trips] = first_number + np.arange(len(trips))
    stops = rows_of(plan.stops, np.flatnonzero(new[plan.stops.trip] >= 0))
    return stops.replace(trip=new[stops.trip])
