"""Which trips of a plan can be taken apart and put together anew without touching what is sold to whom, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.model.plan import CARRIER, Plan
from matching.model.problem import MINUTES_PER_DAY, BoolArray, IntArray, Problem

LONG_STOPS = 8
"""Classes with more stops than this may make tours that are long enough to hand over."""
LEAST_PICKUPS = 2.0
"""Mean pick-ups per trip; below, trips are pairs, which the search of trips packs well by itself."""
LEAST_TRIP_STOPS = 8
"""Pick-ups that a group of trips has in all, so that there is something to choose."""


@dataclass(frozen=True, eq=False)
class Tours:
    """Truck trips to one receiver, all loaded on one day and delivered on one day.

    Attributes
    ----------
    trip : rows of the plan's trips, shape (n_tours,).
    allocation : rows of the plan's allocations that ride on them, shape (n,).
    tour : place in ``trip`` of each allocation's trip, shape (n,).
    spare : trips that each class may still start on the pick-up day, those of ``trip`` not counted, shape (n_classes,).
    """

    trip: IntArray
    allocation: IntArray
    tour: IntArray
    receiver: int
    pickup_day: int
    delivery_day: int
    spare: IntArray


def tours_allowed(problem: Problem) -> bool:
    """Whether any class may make long tours at all; a look at the classes alone."""
    return bool((problem.vehicles.max_stops > LONG_STOPS).any())


def tours_share(problem: Problem, plan: Plan) -> float:
    """How much of a plan there is to gain from its tours: 1 where one receiver's are all of it, near 0 where there are many receivers."""
    if not tours_allowed(problem):
        return 0.0
    n = np.array([len(tours.allocation) for tours in find_tours(problem, plan)], dtype=np.float64)
    return float(((n / max(1, len(plan.allocations.lot))) ** 2).sum())


def find_tours(problem: Problem, plan: Plan) -> list[Tours]:
    """Return the groups of trips worth handing over, largest first."""
    simple = _simple_trips(problem, plan)
    leg = np.flatnonzero(simple[plan.legs.trip])
    trip, row = plan.legs.trip[leg], plan.legs.allocation[leg]
    key = np.stack([plan.legs.to_site[leg], plan.allocations.pickup_day[row], plan.allocations.delivery_day[row]], axis=1)
    groups = []
    for receiver, picked, delivered in np.unique(key, axis=0).tolist():
        inside = (key == (receiver, picked, delivered)).all(axis=1)
        trips, tour = np.unique(trip[inside], return_inverse=True)
        if _is_long(plan, trips):
            spare = _spare(problem, plan, trips, picked)
            groups.append(Tours(trips, row[inside], tour.astype(np.int64), receiver, picked, delivered, spare))
    return sorted(groups, key=lambda tours: -len(tours.allocation))


def _simple_trips(problem: Problem, plan: Plan) -> BoolArray:
    """Trucks whose whole load goes straight to one receiver, loaded on one day and delivered on one day, shape (n_trips,)."""
    legs, a = plan.legs, plan.allocations
    n_legs = np.bincount(legs.allocation, minlength=len(a.lot))
    simple: BoolArray = plan.trips.vehicle != CARRIER
    simple[legs.trip[n_legs[legs.allocation] != 1]] = False
    for of_leg in (legs.to_site, a.pickup_day[legs.allocation], a.delivery_day[legs.allocation]):
        least, most = np.full(len(simple), np.iinfo(np.int64).max), np.full(len(simple), -1, dtype=np.int64)
        np.minimum.at(least, legs.trip, of_leg)
        np.maximum.at(most, legs.trip, of_leg)
        simple &= least == most
    return simple & (problem.vehicles.max_stops[plan.trips.vehicle] > LONG_STOPS)


def _is_long(plan: Plan, trips: IntArray) -> bool:
    """Whether trips have enough pick-ups, in all and on the average; each trip has one stop that is none."""
    n_pickups = int(np.isin(plan.stops.trip, trips).sum()) - len(trips)
    return n_pickups >= max(LEAST_TRIP_STOPS, LEAST_PICKUPS * len(trips))


def _spare(problem: Problem, plan: Plan, trips: IntArray, day: int) -> IntArray:
    """Trips that each class may still start on a day, those of ``trips`` not counted."""
    starts = (plan.stops.seq == 1) & (plan.stops.arrive_min // MINUTES_PER_DAY == day) & ~np.isin(plan.stops.trip, trips)
    used = np.bincount(plan.trips.vehicle[plan.stops.trip[starts]], minlength=problem.n_classes)
    return np.asarray(np.maximum(0, problem.vehicles.count_per_day - used))
