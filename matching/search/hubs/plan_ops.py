"""Taking trips out of a plan, putting plans side by side, and what a plan is worth.

A two-leg allocation ties two trips together, so trips leave a plan with all that are tied to them.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TypeVar

import numpy as np

from matching.model.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.model.problem import HUB, BoolArray, Certificates, IntArray, Lots, Problem
from matching.pairs.lanes import Lanes

Table = TypeVar("Table", Allocations, Legs, Trips, Stops, Lots, Lanes, Certificates)


def take(table: Table, rows: IntArray) -> Table:
    """Return the table with these rows alone, in this order."""
    return table.replace(**{spec.name: getattr(table, spec.name)[rows] for spec in fields(table)})


def tied(plan: Plan, trips: BoolArray) -> BoolArray:
    """Add every trip that shares a two-leg allocation with a trip of the set, shape (n_trips,)."""
    legs, out = plan.legs, trips.copy()
    while True:
        moved = riding(plan, out)
        wider = out.copy()
        wider[legs.trip[moved[legs.allocation]]] = True
        if (wider == out).all():
            return out
        out = wider


def passing(plan: Plan) -> BoolArray:
    """Trips that carry goods to or from a hub where they change trucks, and all tied to them, shape (n_trips,)."""
    trips = np.zeros(len(plan.trips.vehicle), dtype=np.bool_)
    trips[plan.legs.trip[plan.legs.leg == 2]] = True
    return tied(plan, trips)


def riding(plan: Plan, trips: BoolArray) -> BoolArray:
    """Tell which loads ride on some trips, be it one part of their way, shape (n_allocations,)."""
    rides = np.zeros(len(plan.allocations.lot), dtype=np.bool_)
    rides[plan.legs.allocation[trips[plan.legs.trip]]] = True
    return rides


def without(plan: Plan, trips: BoolArray) -> Plan:
    """Return the plan without some trips and all that rides on them; ``trips`` must be a set that `tied` returns."""
    return keep(plan, ~trips)


def keep(plan: Plan, trips: BoolArray) -> Plan:
    """Return the plan with some of its trips alone, rows in their order, references renumbered."""
    legs = np.flatnonzero(trips[plan.legs.trip])
    stops = np.flatnonzero(trips[plan.stops.trip])
    rides = np.zeros(len(plan.allocations.lot), dtype=np.bool_)
    rides[plan.legs.allocation[legs]] = True
    new_trip, new_allocation = np.cumsum(trips) - 1, np.cumsum(rides) - 1
    kept_legs, kept_stops = take(plan.legs, legs), take(plan.stops, stops)
    return Plan(
        allocations=take(plan.allocations, np.flatnonzero(rides)),
        legs=kept_legs.replace(allocation=new_allocation[kept_legs.allocation], trip=new_trip[kept_legs.trip]),
        trips=take(plan.trips, np.flatnonzero(trips)),
        stops=kept_stops.replace(trip=new_trip[kept_stops.trip]),
    )


def join(*plans: Plan) -> Plan:
    """Put plans of one problem side by side."""
    trips = np.cumsum([0, *(len(plan.trips.vehicle) for plan in plans)])
    allocations = np.cumsum([0, *(len(plan.allocations.lot) for plan in plans)])
    legs = [p.legs.replace(allocation=p.legs.allocation + allocations[n], trip=p.legs.trip + trips[n]) for n, p in enumerate(plans)]
    stops = [p.stops.replace(trip=p.stops.trip + trips[n]) for n, p in enumerate(plans)]
    return Plan(stack([p.allocations for p in plans]), stack(legs), stack([p.trips for p in plans]), stack(stops))


def stack(tables: list[Table]) -> Table:
    """Put tables of one kind one below the other."""
    first = tables[0]
    return first.replace(**{spec.name: np.concatenate([getattr(t, spec.name) for t in tables]) for spec in fields(first)})


def in_order(plan: Plan) -> Plan:
    """Return the plan with its trips by the start of their first stop, carriers' first, and allocations by their first trip."""
    n_trips = len(plan.trips.vehicle)
    start = np.zeros(n_trips, dtype=np.int64)
    first = plan.stops.seq == 1
    start[plan.stops.trip[first]] = plan.stops.arrive_min[first]
    trips = np.argsort(start, kind="stable")
    new_trip = np.argsort(trips, kind="stable")
    begins = np.zeros(len(plan.allocations.lot), dtype=np.int64)
    begins[plan.legs.allocation[plan.legs.leg == 1]] = new_trip[plan.legs.trip[plan.legs.leg == 1]]
    rows = np.argsort(begins, kind="stable")
    new_row = np.argsort(rows, kind="stable")
    legs = plan.legs.replace(allocation=new_row[plan.legs.allocation], trip=new_trip[plan.legs.trip])
    stops = plan.stops.replace(trip=new_trip[plan.stops.trip])
    return Plan(
        allocations=take(plan.allocations, rows),
        legs=take(legs, np.lexsort((legs.leg, legs.allocation))),
        trips=take(plan.trips, trips),
        stops=take(stops, np.lexsort((stops.seq, stops.trip))),
    )


def site_days(problem: Problem, plan: Plan) -> tuple[IntArray, IntArray, IntArray, BoolArray]:
    """Where and when each leg loads and unloads: sites, days, kg and whether it loads, shape (2 n_legs,) each."""
    legs, a = plan.legs, plan.allocations
    stop_day = _stop_days(problem, plan)
    carried = plan.trips.vehicle[legs.trip] == CARRIER
    on = np.where(carried, a.pickup_day[legs.allocation], stop_day(legs.trip, legs.from_site))
    off = np.where(carried, a.delivery_day[legs.allocation], stop_day(legs.trip, legs.to_site))
    kg = a.kg[legs.allocation]
    loading = np.repeat([True, False], len(kg))
    return np.concatenate([legs.from_site, legs.to_site]), np.concatenate([on, off]), np.concatenate([kg, kg]), loading


class _stop_days:  # noqa: N801  # used as a function
    """Day on which a trip calls at a site; 0 where it does not."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self._width = problem.n_sites
        key = plan.stops.trip * self._width + plan.stops.site
        order = np.argsort(key, kind="stable")
        self._key, self._day = np.append(key[order], -1), np.append(plan.stops.arrive_min[order] // 1440, 0)

    def __call__(self, trip: IntArray, site: IntArray) -> IntArray:
        wanted = trip * self._width + site
        at = np.searchsorted(self._key[:-1], wanted)
        return np.where(self._key[at] == wanted, self._day[at], 0)


def worth_vnd(problem: Problem, plan: Plan) -> int:
    """Worth of a plan as the search counts it, VND; what decides is the verifier's figure."""
    a, sites = plan.allocations, problem.sites
    lines, lots = problem.lines, problem.lots
    goods = int((a.kg * (lines.bid_vnd_per_kg[a.line] + lines.short_vnd_per_kg[a.line] - lots.ask_vnd_per_kg[a.lot])).sum())
    site, day, kg, loading = site_days(problem, plan)
    passed = (sites.kind[site] == HUB) & ~loading
    handling = round(float((kg[passed] * sites.handling_vnd_per_kg[site[passed]]).sum()))
    opened = np.unique(np.stack([site, day], axis=1)[sites.opening_vnd[site] > 0], axis=0)
    short = int((lines.kg * lines.short_vnd_per_kg).sum())
    return goods - int(plan.trips.cost_vnd.sum()) - handling - int(sites.opening_vnd[opened[:, 0]].sum()) - short
