"""Cold: goods of a cold lot travel only in a refrigerated vehicle, or with a carrier that takes cold goods.

Reads: lots.cold, vehicles.refrigerated, lanes.cold.
Formula: cold(lot) ⇒ refrigerated(class), or cold(lane) of a carrier.
"""

from __future__ import annotations

import numpy as np

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "cold"


def check(facts: PlanFacts) -> list[Violation]:
    """Report cold goods on a warm truck or carrier."""
    trip = facts.legs.trip
    cooled = np.append(facts.problem.roads.cold, False)[facts.carrier.road]
    cooled = np.where(facts.is_truck, facts.of_class(facts.problem.vehicles.refrigerated), cooled)
    cold_leg = facts.problem.lots.cold[facts.allocations.lot[facts.legs.allocation]]
    moves = np.zeros(len(trip), dtype=np.bool_)
    moves[facts.load[facts.placed]] = True
    moves |= facts.carrier.exists[trip]
    return flag(CODE, moves & cold_leg & ~cooled[trip], facts.leg_name)
