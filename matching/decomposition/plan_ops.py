"""Taking plans apart by trip and putting them together, and what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from matching.model.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.model.problem import MINUTES_PER_DAY, IntArray, Problem
from matching.model.subset import Subset, rows_of


def empty_plan() -> Plan:
    """Return the plan in which nothing moves."""
    none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Plan(
        Allocations(none, none.copy(), none.copy(), none.copy(), none.copy()),
        Legs(none.copy(), none.copy(), none.copy(), none.copy(), none.copy()),
        Trips(none.copy(), nothing, none.copy()),
        Stops(none.copy(), none.copy(), none.copy(), none.copy(), none.copy()),
    )


def take(plan: Plan, trips: IntArray) -> Plan:
    """Return some trips of a plan, ascending rows, with all that rides on them; no allocation may ride on another trip too."""
    place = np.full(len(plan.trips.vehicle), -1, dtype=np.int64)
    place[trips] = np.arange(len(trips))
    legs = np.flatnonzero(place[plan.legs.trip] >= 0)
    made = np.unique(plan.legs.allocation[legs])
    allocation = np.searchsorted(made, plan.legs.allocation[legs])
    stops = np.flatnonzero(place[plan.stops.trip] >= 0)
    return Plan(
        rows_of(plan.allocations, made),
        rows_of(plan.legs, legs, allocation=allocation, trip=place[plan.legs.trip[legs]]),
        rows_of(plan.trips, trips),
        rows_of(plan.stops, stops, trip=place[plan.stops.trip[stops]]),
    )


def into_part(plan: Plan, part: Subset) -> Plan:
    """Number a plan as a part is numbered; all that it speaks of must belong to the part."""

    def site(rows: IntArray) -> IntArray:
        return np.searchsorted(part.sites, rows).astype(np.int64)

    a, legs = plan.allocations, plan.legs
    lot, line = np.searchsorted(part.lots, a.lot), np.searchsorted(part.lines, a.line)
    return Plan(
        a.replace(lot=lot.astype(np.int64), line=line.astype(np.int64)),
        legs.replace(from_site=site(legs.from_site), to_site=site(legs.to_site)),
        plan.trips,
        plan.stops.replace(site=site(plan.stops.site)),
    )


def out_of_part(plan: Plan, part: Subset) -> Plan:
    """Number a part's plan as the whole is numbered."""
    a, legs = plan.allocations, plan.legs
    return Plan(
        a.replace(lot=part.lots[a.lot], line=part.lines[a.line]),
        legs.replace(from_site=part.sites[legs.from_site], to_site=part.sites[legs.to_site]),
        plan.trips,
        plan.stops.replace(site=part.sites[plan.stops.site]),
    )


def join(problem: Problem, plans: Sequence[Plan]) -> Plan:
    """Put plans that share no trip together; a carrier's daily charge is put on its first trip of the lane and date."""
    trips = np.cumsum([0, *(len(plan.trips.vehicle) for plan in plans)])
    made = np.cumsum([0, *(len(plan.allocations.lot) for plan in plans)])
    shifted = [plan.legs.replace(allocation=plan.legs.allocation + made[k], trip=plan.legs.trip + trips[k]) for k, plan in enumerate(plans)]
    stops = [plan.stops.replace(trip=plan.stops.trip + trips[k]) for k, plan in enumerate(plans)]
    allocations = _stacked(Allocations, [plan.allocations for plan in plans])
    joined = Plan(allocations, _stacked(Legs, shifted), _stacked(Trips, [plan.trips for plan in plans]), _stacked(Stops, stops))
    return _with_charges(problem, joined)


def _stacked(kind: Any, tables: Sequence[Any]) -> Any:
    return kind(**{f.name: np.concatenate([getattr(table, f.name) for table in tables]) for f in fields(kind)})


def _with_charges(problem: Problem, plan: Plan) -> Plan:
    """Cost all carrier trips anew."""
    roads, legs, a = problem.roads, plan.legs, plan.allocations
    mine = np.flatnonzero(plan.trips.vehicle[legs.trip] == CARRIER)
    if len(mine) == 0:
        return plan
    keys = roads.from_site * problem.n_sites + roads.to_site
    order = np.flatnonzero(~np.isnan(roads.vnd_per_kg))[np.argsort(keys[~np.isnan(roads.vnd_per_kg)])]
    wanted = legs.from_site[mine] * problem.n_sites + legs.to_site[mine]
    road = order[np.searchsorted(keys[order], wanted)]
    trip, first = np.unique(legs.trip[mine], return_index=True)
    kg = np.bincount(legs.trip[mine], weights=a.kg[legs.allocation[mine]], minlength=len(plan.trips.vehicle))[trip]
    day = a.pickup_day[legs.allocation[mine[first]]]
    cost = np.rint(kg * roads.vnd_per_kg[road[first]]).astype(np.int64)
    opens = np.unique(np.stack([road[first], day]), axis=1, return_index=True)[1]
    cost[opens] += roads.fixed_vnd[road[first[opens]]]
    vnd = plan.trips.cost_vnd.copy()
    vnd[trip] = cost
    return Plan(a, legs, plan.trips.replace(cost_vnd=vnd), plan.stops)


def worth_vnd(problem: Problem, plan: Plan) -> int:
    """Worth of a plan without hubs, from the costs that its trips state."""
    a, lines, sites = plan.allocations, problem.lines, problem.sites
    goods = int(a.kg @ (lines.bid_vnd_per_kg[a.line] - problem.lots.ask_vnd_per_kg[a.lot] + lines.short_vnd_per_kg[a.line]))
    return goods - int(plan.trips.cost_vnd.sum()) - _opening_vnd(plan, sites.opening_vnd) - int(lines.kg @ lines.short_vnd_per_kg)


def _opening_vnd(plan: Plan, vnd: IntArray) -> int:
    if not vnd.any():
        return 0
    legs, a = plan.legs, plan.allocations
    carried = plan.trips.vehicle[legs.trip] == CARRIER
    made = legs.allocation[carried]
    site = np.concatenate([plan.stops.site, legs.from_site[carried], legs.to_site[carried]])
    day = np.concatenate([plan.stops.arrive_min // MINUTES_PER_DAY, a.pickup_day[made], a.delivery_day[made]])
    return int(vnd[np.unique(np.stack([site, day]), axis=1)[0]].sum())
