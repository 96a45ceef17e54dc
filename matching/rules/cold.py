"""Cold: goods of a cold lot travel only in a refrigerated vehicle, or with a carrier that takes cold goods.

Reads: lots.cold, vehicles.refrigerated, lanes.cold.
Formula: cold(lot) ⇒ refrigerated(class), or cold(lane) of a carrier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

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


def add(model: ExactModel) -> None:
    """Keep flows of cold lots off warm trucks and carriers."""
    p = model.problem
    for flow in model.flows:
        if not p.lots.cold[flow.lot]:
            continue
        if not flow.legs and not p.roads.cold[flow.road]:
            model.forbid(flow)
        for leg in flow.legs:
            for c in np.flatnonzero(~p.vehicles.refrigerated).tolist():
                model.not_all(flow.used, model.slots[leg.slot].of_class[c])
