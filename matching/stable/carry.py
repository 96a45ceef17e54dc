"""A plan of one problem, numbered as another problem is: what is no longer there is left out with the trips that need it."""

from __future__ import annotations

import numpy as np

from matching.hubs.splice import keep, tied
from matching.plan import CARRIER, Plan
from matching.problem import IntArray, Problem, TextArray


def carry_over(old: Problem, plan: Plan, new: Problem) -> Plan:
    """Return the trips of a plan whose lots, lines, sites and classes are all in another problem too, numbered as that one is.

    Whether they still keep every rule there is not looked at.
    """
    lot, line = _places(old.lots.id, new.lots.id), _places(old.lines.id, new.lines.id)
    site, vehicle = _places(old.sites.id, new.sites.id), _places(old.vehicles.id, new.vehicles.id)
    a, legs = plan.allocations, plan.legs
    gone = (lot[a.lot] < 0) | (line[a.line] < 0)
    lost = np.zeros(len(plan.trips.vehicle), dtype=np.bool_)
    lost[legs.trip[gone[legs.allocation]]] = True
    lost[legs.trip[(site[legs.from_site] < 0) | (site[legs.to_site] < 0)]] = True
    lost[plan.stops.trip[site[plan.stops.site] < 0]] = True
    lost |= (plan.trips.vehicle != CARRIER) & (vehicle[plan.trips.vehicle] < 0)
    kept = keep(plan, ~tied(plan, lost))
    return Plan(
        kept.allocations.replace(lot=lot[kept.allocations.lot], line=line[kept.allocations.line]),
        kept.legs.replace(from_site=site[kept.legs.from_site], to_site=site[kept.legs.to_site]),
        kept.trips.replace(vehicle=np.where(kept.trips.vehicle == CARRIER, CARRIER, vehicle[kept.trips.vehicle])),
        kept.stops.replace(site=site[kept.stops.site]),
    )


def _places(old: TextArray, new: TextArray) -> IntArray:
    """Row of each old id among the new ones, or -1; one more -1 stands at the end, where a carrier's class looks."""
    row = {name: place for place, name in enumerate(new)}
    return np.array([*(row.get(name, -1) for name in old), -1], dtype=np.int64)
