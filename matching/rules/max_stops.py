"""Maximum stops: a truck trip has at most so many stops, pick-ups and drops together.

Reads: vehicles.max_stops.
Formula: number of stops ≤ max_stops(class).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import NO_LIMIT
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "max_stops"


def check(facts: PlanFacts) -> list[Violation]:
    """Report trips with too many stops."""
    limit = np.where(facts.sound_truck, facts.of_class(facts.problem.vehicles.max_stops), NO_LIMIT)
    return flag(CODE, facts.n_stops > limit, facts.trip_name, lambda t: f"{facts.n_stops[t]} > {limit[t]}")


def add(model: ExactModel) -> None:
    """Forbid routes with too many stops."""
    for slot in model.slots:
        for x, route in zip(slot.route, model.routes, strict=True):
            if len(route.sites) > model.problem.vehicles.max_stops[route.vehicle]:
                model.cp.add(x == 0)
