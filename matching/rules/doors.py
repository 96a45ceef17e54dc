"""Doors: a site admits vehicle classes of at most its largest payload.

Reads: sites.max_vehicle_kg, vehicles.payload_kg.
Formula: payload_kg(class) ≤ max_vehicle_kg(site) at every stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "doors"


def check(facts: PlanFacts) -> list[Violation]:
    """Report stops of trucks too big for the door."""
    payload_kg = facts.of_stop_class(facts.problem.vehicles.payload_kg)
    door_kg = facts.problem.sites.max_vehicle_kg[facts.stops.site]
    broken = facts.sound_stop & (payload_kg > door_kg)
    return flag(CODE, broken, facts.stop_name, lambda s: f"{payload_kg[s]} > {door_kg[s]} kg")


def add(model: ExactModel) -> None:
    """Forbid routes through a door that is too small."""
    p = model.problem
    for slot in model.slots:
        for x, route in zip(slot.route, model.routes, strict=True):
            if any(p.vehicles.payload_kg[route.vehicle] > p.sites.max_vehicle_kg[site] for site in route.sites):
                model.cp.add(x == 0)
