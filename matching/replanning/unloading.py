"""Taking loads off a plan whose trips go on as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from matching.model.plan import Plan, Stops
from matching.model.problem import FORBID, IntArray, Problem
from matching.model.subset import rows_of
from matching.network.geography import road_minutes
from matching.replanning.kept_trips import held_at_hubs
from matching.replanning.minimums import minimums, short_of_minimums
from matching.search.long_tours.rebuild import _cost, _km
from matching.search.plan_ops import allocations_on, keep_trips, with_carrier_costs, without_allocations


def without_banned(problem: Problem, plan: Plan) -> Plan:
    """Return a plan without the loads of pairs that are forbidden; what rides with them stays where it is."""
    d, a, width = problem.decisions, plan.allocations, max(1, problem.n_lines)
    banned = np.isin(a.lot * width + a.line, (d.lot * width + d.line)[d.kind == FORBID])
    return cleared(problem, plan, np.where(banned, 0, a.kg)) if banned.any() else plan


def cleared(problem: Problem, plan: Plan, kg: IntArray) -> Plan:
    """Return a plan with what is left of its loads, as `unloaded`, and without what on trips that stay for hubs leans on the others.

    Loads there go where their lot, their line or their supplier's part of it misses its minimum, for nothing is added to such trips; to
    others a search may add.

    Parameters
    ----------
    kg : of each load, at most what it has in the plan, shape (n_allocations,).
    """
    while True:
        plan = unloaded(problem, plan, kg)
        kg = plan.allocations.kg
        missing = allocations_on(plan, held_at_hubs(problem, plan)) & short_of_minimums(minimums(problem, plan.allocations), kg)
        if not missing.any():
            return plan
        kg = np.where(missing, 0, kg)


def unloaded(problem: Problem, plan: Plan, kg: IntArray) -> Plan:
    """Return a plan with what is left of its loads, without trips that carry nothing and stops where nothing is done.

    Parameters
    ----------
    kg : of each load, at most what it has in the plan, shape (n_allocations,).
    """
    less = without_allocations(replace(plan, allocations=plan.allocations.replace(kg=kg)), kg == 0)
    rides = np.zeros(len(plan.trips.vehicle), dtype=np.bool_)
    rides[less.legs.trip] = True
    return with_carrier_costs(problem, _without_idle_stops(problem, keep_trips(less, rides)))


def _without_idle_stops(problem: Problem, plan: Plan) -> Plan:
    """Return the plan without stops where nothing is loaded or unloaded; the others stay at their minutes, and trucks wait.

    Where the road past a stop takes longer than the way by it, as listed roads may, its trip keeps its stops.
    """
    legs, width = plan.legs, problem.n_sites
    called = np.concatenate([legs.trip * width + legs.from_site, legs.trip * width + legs.to_site])
    stops = rows_of(plan.stops, np.lexsort((plan.stops.seq, plan.stops.trip)))
    busy = np.isin(stops.trip * width + stops.site, called)
    late = _too_late(problem, plan, rows_of(stops, np.flatnonzero(busy)))
    busy |= np.isin(stops.trip, late)
    if busy.all():
        return plan
    left = rows_of(stops, np.flatnonzero(busy))
    left = left.replace(seq=np.arange(len(left.trip)) - np.searchsorted(left.trip, left.trip) + 1)
    km, vnd = plan.trips.km.copy(), plan.trips.cost_vnd.copy()
    for trip in np.unique(stops.trip[~busy]).tolist():
        vehicle = int(plan.trips.vehicle[trip])
        km[trip] = _km(problem, vehicle, left.site[left.trip == trip])
        vnd[trip] = _cost(problem, vehicle, km[trip])
    return Plan(plan.allocations, legs, plan.trips.replace(km=km, cost_vnd=vnd), left)


def _too_late(problem: Problem, plan: Plan, stops: Stops) -> IntArray:
    """Trips that don't come to one of their stops in time from the one before it; ``stops`` are in order."""
    hop = np.flatnonzero(stops.trip[1:] == stops.trip[:-1])
    trip, late = stops.trip[hop], np.zeros(len(hop), dtype=np.bool_)
    took = stops.arrive_min[hop + 1] - stops.depart_min[hop]
    for vehicle in np.unique(plan.trips.vehicle[trip]).tolist():
        ours = plan.trips.vehicle[trip] == vehicle
        least = road_minutes(problem, stops.site[hop[ours]], stops.site[hop[ours] + 1], float(problem.vehicles.kmh[vehicle]))
        late[ours] = took[ours] < least
    return trip[late]
