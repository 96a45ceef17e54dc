"""A plan of one problem, numbered as another problem is: what is no longer there is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from matching.model.plan import CARRIER, Plan
from matching.model.problem import IntArray, Problem, TextArray
from matching.replanning.unloading import unloaded
from matching.search.plan_ops import keep_trips, linked_trips, renumber


def carry_over(old: Problem, plan: Plan, new: Problem) -> Plan:
    """Return a plan numbered as another problem is, with the lots, lines, sites and classes that are there, too.

    Goods of a lot or line that isn't there, such as one that is wholly approved by now, are taken off their trips, and what rides with them
    stays; trips of a class or to a site that isn't there are left out, with what is tied to them by a hub. Whether what is left keeps
    every rule is not looked at.
    """
    lot, line = _places(old.lots.id, new.lots.id), _places(old.lines.id, new.lines.id)
    site, vehicle = _places(old.sites.id, new.sites.id), _places(old.vehicles.id, new.vehicles.id)
    gone = (lot[plan.allocations.lot] < 0) | (line[plan.allocations.line] < 0)
    if gone.any():
        plan = unloaded(old, plan, np.where(gone, 0, plan.allocations.kg))
    legs, lost = plan.legs, np.zeros(len(plan.trips.vehicle), dtype=np.bool_)
    lost[legs.trip[(site[legs.from_site] < 0) | (site[legs.to_site] < 0)]] = True
    lost[plan.stops.trip[site[plan.stops.site] < 0]] = True
    lost |= (plan.trips.vehicle != CARRIER) & (vehicle[plan.trips.vehicle] < 0)
    kept = renumber(keep_trips(plan, ~linked_trips(plan, lost)), lot=lot, line=line, site=site)
    trips = kept.trips.replace(vehicle=np.where(kept.trips.vehicle == CARRIER, CARRIER, vehicle[kept.trips.vehicle]))
    return replace(kept, trips=trips)


def _places(old: TextArray, new: TextArray) -> IntArray:
    """Row of each old id among the new ones, or -1; one more -1 stands at the end, where a carrier's class looks."""
    row = {name: place for place, name in enumerate(new)}
    return np.array([*(row.get(name, -1) for name in old), -1], dtype=np.int64)
