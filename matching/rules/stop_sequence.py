"""Stop sequence: a truck visits a site at most once, and every stop where it loads stands before every stop where it unloads.

Reads: stops.seq, stops.site_id; legs.
Formula: the sites of a trip differ; for each load seq(from) < seq(to); max seq(from) < min seq(to) over the trip's loads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "stop_sequence"
_NEVER = 2**62


def check(facts: PlanFacts) -> list[Violation]:
    """Report sites visited twice, loads in the wrong order, and loading after the first delivery."""
    low, high = facts.stop_range(facts.stops.trip, facts.stops.site)
    twice = facts.sound_stop & (high - low > 1)
    found = flag(CODE, twice, facts.stop_name, lambda _: "twice")
    found += flag(CODE, ~facts.placed, lambda i: facts.leg_name(facts.load[i]), lambda _: "order")
    return found + _check_phases(facts)


def _check_phases(facts: PlanFacts) -> list[Violation]:
    """Compare the last loading stop of each trip with its first unloading stop."""
    trip = facts.legs.trip[facts.load[facts.placed]]
    on, off = facts.load_places
    last_on, first_off = np.full(facts.n_trips, -1), np.full(facts.n_trips, _NEVER)
    np.maximum.at(last_on, trip, on[facts.placed])
    np.minimum.at(first_off, trip, off[facts.placed])
    return flag(CODE, facts.sound_truck & (last_on >= first_off), facts.trip_name, lambda t: f"loads at {last_on[t] + 1}")


def add(model: ExactModel) -> None:
    """Let a flow ride only on routes that load where it comes on and, later, deliver where it goes off."""
    for slot in model.slots:
        for flow, leg in model.on_slot[slot.index]:
            fitting = (x for x, route in zip(slot.route, model.routes, strict=True) if route.moves(leg.origin, leg.target))
            model.cp.add_bool_or([flow.used.negated(), *fitting])
