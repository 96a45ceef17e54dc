"""Operations on plans: select trips, remove loads, join plans, renumber rows, and the worth of a plan.

A movement through a hub links two trips by one allocation. Such trips leave a plan together; `linked_trips` finds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TypeVar

import numpy as np

from matching.model.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.model.problem import HUB, MINUTES_PER_DAY, BoolArray, IntArray, Problem, _Table
from matching.model.subset import Subset, rows_of

AnyTable = TypeVar("AnyTable", bound=_Table)


def empty_plan() -> Plan:
    """Return the plan in which nothing moves."""

    def none() -> IntArray:
        return np.zeros(0, dtype=np.int64)

    return Plan(
        Allocations(none(), none(), none(), none(), none()),
        Legs(none(), none(), none(), none(), none()),
        Trips(none(), np.zeros(0), none()),
        Stops(none(), none(), none(), none(), none()),
    )


def stack(tables: Sequence[AnyTable]) -> AnyTable:
    """Concatenate tables of one kind; at least one is given."""
    first = tables[0]
    return first.replace(**{f.name: np.concatenate([getattr(t, f.name) for t in tables]) for f in fields(first)})  # type: ignore[arg-type]


# selecting -----------------------------------------------------------------------------------------------------------
def allocations_on(plan: Plan, trips: BoolArray) -> BoolArray:
    """Tell which allocations ride on some trips, on any of their legs, shape (n_allocations,)."""
    rides = np.zeros(len(plan.allocations.lot), dtype=np.bool_)
    rides[plan.legs.allocation[trips[plan.legs.trip]]] = True
    return rides


def trips_of(plan: Plan, allocations: BoolArray) -> BoolArray:
    """Tell which trips carry some allocations, shape (n_trips,)."""
    trips = np.zeros(len(plan.trips.vehicle), dtype=np.bool_)
    trips[plan.legs.trip[allocations[plan.legs.allocation]]] = True
    return trips


def linked_trips(plan: Plan, trips: BoolArray) -> BoolArray:
    """Add every trip that shares an allocation through a hub with a trip of the set, shape (n_trips,)."""
    linked = trips.copy()
    while True:
        wider = linked | trips_of(plan, allocations_on(plan, linked))
        if (wider == linked).all():
            return linked
        linked = wider


def hub_trips(plan: Plan) -> BoolArray:
    """Tell which trips carry goods to or from a hub where they change trucks, with all linked to them, shape (n_trips,)."""
    trips = np.zeros(len(plan.trips.vehicle), dtype=np.bool_)
    trips[plan.legs.trip[plan.legs.leg == 2]] = True
    return linked_trips(plan, trips)


def first_days(plan: Plan) -> IntArray:
    """Date on which each trip begins, shape (n_trips,)."""
    legs, a = plan.legs, plan.allocations
    day = np.full(len(plan.trips.vehicle), np.iinfo(np.int64).max)
    np.minimum.at(day, plan.stops.trip, plan.stops.arrive_min // MINUTES_PER_DAY)
    by_carrier = np.flatnonzero(plan.trips.vehicle[legs.trip] == CARRIER)
    np.minimum.at(day, legs.trip[by_carrier], a.pickup_day[legs.allocation[by_carrier]])
    return day


def keep_trips(plan: Plan, trips: BoolArray) -> Plan:
    """Return the plan with some of its trips alone, rows in their order, references renumbered.

    Parameters
    ----------
    trips : trips to keep, with all that are linked to them (`linked_trips`), shape (n_trips,).
    """
    legs, rides = np.flatnonzero(trips[plan.legs.trip]), allocations_on(plan, trips)
    stops = np.flatnonzero(trips[plan.stops.trip])
    new_trip, new_allocation = np.cumsum(trips) - 1, np.cumsum(rides) - 1
    return Plan(
        allocations=rows_of(plan.allocations, np.flatnonzero(rides)),
        legs=rows_of(plan.legs, legs, allocation=new_allocation[plan.legs.allocation[legs]], trip=new_trip[plan.legs.trip[legs]]),
        trips=rows_of(plan.trips, np.flatnonzero(trips)),
        stops=rows_of(plan.stops, stops, trip=new_trip[plan.stops.trip[stops]]),
    )


def without_allocations(plan: Plan, allocations: BoolArray) -> Plan:
    """Return a plan without some allocations; all trips and stops stay, though a stop may have nothing left to do."""
    kept = np.flatnonzero(~allocations)
    place = np.cumsum(~allocations) - 1
    legs = np.flatnonzero(~allocations[plan.legs.allocation])
    return Plan(
        rows_of(plan.allocations, kept), rows_of(plan.legs, legs, allocation=place[plan.legs.allocation[legs]]), plan.trips, plan.stops
    )


# joining -------------------------------------------------------------------------------------------------------------
def join_plans(*plans: Plan) -> Plan:
    """Join plans of one problem that share no trip; every trip keeps the cost that it states."""
    trips = np.cumsum([0, *(len(plan.trips.vehicle) for plan in plans)])
    allocations = np.cumsum([0, *(len(plan.allocations.lot) for plan in plans)])
    legs = [p.legs.replace(allocation=p.legs.allocation + allocations[n], trip=p.legs.trip + trips[n]) for n, p in enumerate(plans)]
    stops = [p.stops.replace(trip=p.stops.trip + trips[n]) for n, p in enumerate(plans)]
    return Plan(stack([p.allocations for p in plans]), stack(legs), stack([p.trips for p in plans]), stack(stops))


def combine_plans(problem: Problem, *plans: Plan) -> Plan:
    """Join plans that share no trip, and share the daily charges of carriers among their trips again."""
    return with_carrier_costs(problem, join_plans(*plans))


def with_carrier_costs(problem: Problem, plan: Plan) -> Plan:
    """Return the plan with the cost of every carrier trip computed again.

    The daily charge of a carrier falls on its first trip on the lane and date. A trip on a lane that no carrier serves in this problem
    keeps the cost that it states; the verifier reports it.
    """
    roads, legs, a = problem.roads, plan.legs, plan.allocations
    by_carrier = np.flatnonzero(plan.trips.vehicle[legs.trip] == CARRIER)
    road = carrier_roads(problem, legs.from_site[by_carrier], legs.to_site[by_carrier])
    leg, road = by_carrier[road >= 0], road[road >= 0]
    if len(leg) == 0:
        return plan
    trip, first = np.unique(legs.trip[leg], return_index=True)
    kg = np.bincount(legs.trip[leg], weights=a.kg[legs.allocation[leg]], minlength=len(plan.trips.vehicle))[trip]
    day = a.pickup_day[legs.allocation[leg[first]]]
    cost = np.rint(kg * roads.vnd_per_kg[road[first]]).astype(np.int64)
    opens = np.unique(np.stack([road[first], day]), axis=1, return_index=True)[1]
    cost[opens] += roads.fixed_vnd[road[first[opens]]]
    vnd = plan.trips.cost_vnd.copy()
    vnd[trip] = cost
    return Plan(a, legs, plan.trips.replace(cost_vnd=vnd), plan.stops)


def in_start_order(plan: Plan) -> Plan:
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
        allocations=rows_of(plan.allocations, rows),
        legs=rows_of(legs, np.lexsort((legs.leg, legs.allocation))),
        trips=rows_of(plan.trips, trips),
        stops=rows_of(stops, np.lexsort((stops.seq, stops.trip))),
    )


# renumbering ---------------------------------------------------------------------------------------------------------
def renumber(plan: Plan, *, lot: IntArray, line: IntArray, site: IntArray) -> Plan:
    """Return the plan with other row numbers.

    Parameters
    ----------
    lot, line, site : new number of each lot, line and site, indexed by its present number.
    """
    a, legs = plan.allocations, plan.legs
    return Plan(
        a.replace(lot=lot[a.lot], line=line[a.line]),
        legs.replace(from_site=site[legs.from_site], to_site=site[legs.to_site]),
        plan.trips,
        plan.stops.replace(site=site[plan.stops.site]),
    )


def into_subset(plan: Plan, part: Subset) -> Plan:
    """Return a plan of the whole problem in the numbers of a part; every lot, line and site of the plan must belong to the part."""

    def places(rows: IntArray, used: IntArray) -> IntArray:
        place = np.full(int(max(rows.max(initial=-1), used.max(initial=-1))) + 1, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        return place

    used = np.concatenate([plan.legs.from_site, plan.legs.to_site, plan.stops.site])
    a = plan.allocations
    return renumber(plan, lot=places(part.lots, a.lot), line=places(part.lines, a.line), site=places(part.sites, used))


def out_of_subset(plan: Plan, part: Subset) -> Plan:
    """Return a part's plan in the numbers of the whole problem."""
    return renumber(plan, lot=part.lots, line=part.lines, site=part.sites)


# looking up ----------------------------------------------------------------------------------------------------------
def match_rows(keys: IntArray, wanted: IntArray) -> IntArray:
    """Return a row of ``keys`` that equals each wanted key, or -1 where there is none; shape of ``wanted``."""
    if len(keys) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    row = order[np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)]
    return np.asarray(np.where(keys[row] == wanted, row, -1))


def stop_rows(problem: Problem, plan: Plan, trip: IntArray, site: IntArray) -> IntArray:
    """Return the stop of each trip at each site, or -1 where it doesn't call; shape of ``trip``."""
    return match_rows(plan.stops.trip * problem.n_sites + plan.stops.site, trip * problem.n_sites + site)


def carrier_roads(problem: Problem, start: IntArray, end: IntArray) -> IntArray:
    """Return the road with a carrier from each start to each end, or -1 where no carrier goes; shape of ``start``."""
    roads = problem.roads
    served = np.flatnonzero(~np.isnan(roads.vnd_per_kg))
    found = match_rows((roads.from_site * problem.n_sites + roads.to_site)[served], start * problem.n_sites + end)
    return np.where(found >= 0, served[found], -1) if len(served) else found


def leg_days(problem: Problem, plan: Plan) -> tuple[IntArray, IntArray]:
    """Return the date on which each leg loads, and that on which it unloads, shape (n_legs,) each; 0 where its trip doesn't call."""
    legs, a = plan.legs, plan.allocations
    by_carrier = plan.trips.vehicle[legs.trip] == CARRIER
    days = np.append(plan.stops.arrive_min // MINUTES_PER_DAY, 0)
    loads, unloads = (days[stop_rows(problem, plan, legs.trip, site)] for site in (legs.from_site, legs.to_site))
    return (
        np.where(by_carrier, a.pickup_day[legs.allocation], loads),
        np.where(by_carrier, a.delivery_day[legs.allocation], unloads),
    )


# pairs of lot and line ----------------------------------------------------------------------------------------------
def kg_by_pair(problem: Problem, plan: Plan) -> tuple[IntArray, IntArray]:
    """Return the pairs (lot × n_lines + line) that a plan serves, ascending, and the kilograms of each, shape (n_pairs,) each."""
    a = plan.allocations
    pairs, place = np.unique(a.lot * max(1, problem.n_lines) + a.line, return_inverse=True)
    kg = np.zeros(len(pairs), dtype=np.int64)
    np.add.at(kg, place, a.kg)
    return pairs, kg


def kg_on_pairs(problem: Problem, plan: Plan, pairs: IntArray) -> IntArray:
    """Return the kilograms that a plan brings on each of some pairs (lot × n_lines + line), shape of ``pairs``."""
    served, kg = kg_by_pair(problem, plan)
    return np.append(kg, 0)[match_rows(served, pairs)]


# worth ---------------------------------------------------------------------------------------------------------------
def worth_vnd(problem: Problem, plan: Plan) -> int:
    """Return the worth of a plan by the costs that its trips state, VND; the verifier's figure decides."""
    a, lots, lines = plan.allocations, problem.lots, problem.lines
    goods = int(a.kg @ (lines.bid_vnd_per_kg[a.line] + lines.short_vnd_per_kg[a.line] - lots.ask_vnd_per_kg[a.lot]))
    short = int(lines.kg @ lines.short_vnd_per_kg)
    return goods - int(plan.trips.cost_vnd.sum()) - _handling_vnd(problem, plan) - _opening_vnd(problem, plan) - short


def _handling_vnd(problem: Problem, plan: Plan) -> int:
    """Handling of what trips unload at hubs."""
    legs, sites = plan.legs, problem.sites
    at_hub = np.flatnonzero(sites.kind[legs.to_site] == HUB)
    kg = plan.allocations.kg[legs.allocation[at_hub]]
    return round(float((kg * sites.handling_vnd_per_kg[legs.to_site[at_hub]]).sum()))


def _opening_vnd(problem: Problem, plan: Plan) -> int:
    """Openings of sites on the dates on which anything is loaded or unloaded there."""
    vnd = problem.sites.opening_vnd
    if not vnd.any():
        return 0
    site, day = np.concatenate([plan.legs.from_site, plan.legs.to_site]), np.concatenate(leg_days(problem, plan))
    opened = np.unique(np.stack([site, day], axis=1)[vnd[site] > 0], axis=0)
    return int(vnd[opened[:, 0]].sum())
