"""Maximum hours: a trip lasts at most so long, from arriving at the first stop to leaving the last.

Reads: vehicles.max_hours; stops.arrive, stops.depart.
Formula: (depart(last) − arrive(first)) ÷ 60 ≤ max_hours(class) + 10⁻⁹. The way from and to a base does not count.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "max_hours"


def check(facts: PlanFacts) -> list[Violation]:
    """Report trips that last too long."""
    first = facts.first_stop[facts.truck]
    last = first + facts.n_stops[facts.truck] - 1
    hours = (facts.stops.depart_min[last] - facts.stops.arrive_min[first]) / 60
    limit = facts.problem.vehicles.max_hours[facts.trips.vehicle[facts.truck]]
    return flag(CODE, hours > limit + 1e-9, lambda i: facts.trip_name(facts.truck[i]), lambda i: f"{hours[i]:.2f} > {limit[i]:g} h")


def add(model: ExactModel) -> None:
    """Limit the time from the first stop of a route to its last."""
    hours = model.problem.vehicles.max_hours
    for slot in model.slots:
        for x, route in zip(slot.route, model.routes, strict=True):
            took = slot.depart[route.sites[-1]] - slot.arrive[route.sites[0]]
            model.cp.add(took <= math.floor(hours[route.vehicle] * 60 + 6e-8)).only_enforce_if(x)
