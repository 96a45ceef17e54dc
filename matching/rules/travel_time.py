"""Travel time: a truck needs the road's minutes from one stop to the next; it may wait.

Reads: vehicles.kmh; lanes.km, lanes.minutes; sites.lat, sites.lon; settings.detour_factor; stops.arrive, stops.depart.
Formula: arrive(next) ≥ depart + minutes(lane), or depart + ⌈km ÷ kmh × 60 − 10⁻⁹⌉ where no minutes are given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import hop_min

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "travel_time"


def check(facts: PlanFacts) -> list[Violation]:
    """Report stops reached sooner than the road allows."""
    stops, hops = facts.stops, facts.hops
    least = hop_min(facts.problem, stops.site[hops], stops.site[hops + 1], facts.problem.vehicles.kmh[facts.stop_class[hops]])
    took = stops.arrive_min[hops + 1] - stops.depart_min[hops]
    return flag(CODE, took < least, lambda i: facts.stop_name(hops[i] + 1), lambda i: f"{took[i]} < {least[i]} min")


def add(model: ExactModel) -> None:
    """Let a truck on a route need the road's minutes from each stop to the next."""
    for slot in model.slots:
        for x, route in zip(slot.route, model.routes, strict=True):
            for one, two, minutes in zip(route.sites, route.sites[1:], route.minutes, strict=False):
                model.cp.add(slot.arrive[two] >= slot.depart[one] + minutes).only_enforce_if(x)
