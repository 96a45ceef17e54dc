"""Hub order: the second trip's stop at the hub starts no earlier than the first trip's stop there ended.

Reads: legs; stops.arrive, stops.depart.
Formula: arrive(trip of leg 2, hub) ≥ depart(trip of leg 1, hub); both trips stop there, so neither is a carrier's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "hub_order"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations that leave a hub before they came, or pass it without a stop."""
    legs, through = facts.legs, np.flatnonzero(facts.two_legs & facts.meets)
    first, second = facts.first_leg[through], facts.last_leg[through]
    hub = legs.to_site[first]
    came, left = facts.stop_of(legs.trip[first], hub), facts.stop_of(legs.trip[second], hub)
    depart_min, arrive_min = np.append(facts.stops.depart_min, 0)[came], np.append(facts.stops.arrive_min, 0)[left]
    broken = (came < 0) | (left < 0) | (arrive_min < depart_min)
    return flag(CODE, broken, lambda i: facts.allocation_name(through[i]), lambda i: facts.problem.sites.id[hub[i]])


def add(model: ExactModel) -> None:
    """Let the second truck begin at the hub when the first has ended there."""
    for flow in model.flows:
        if len(flow.legs) == 2:
            came, left = (model.slots[leg.slot] for leg in flow.legs)
            hub = flow.legs[0].target
            model.cp.add(left.arrive[hub] >= came.depart[hub]).only_enforce_if(flow.used)
