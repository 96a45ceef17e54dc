"""Doors: a site admits vehicle classes of at most its largest payload.

Reads: sites.max_vehicle_kg, vehicles.payload_kg.
Formula: payload_kg(class) ≤ max_vehicle_kg(site) at every stop.
"""

from __future__ import annotations

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "doors"


def check(facts: PlanFacts) -> list[Violation]:
    """Report stops of trucks too big for the door."""
    payload_kg = facts.of_stop_class(facts.problem.vehicles.payload_kg)
    door_kg = facts.problem.sites.max_vehicle_kg[facts.stops.site]
    broken = facts.sound_stop & (payload_kg > door_kg)
    return flag(CODE, broken, facts.stop_name, lambda s: f"{payload_kg[s]} > {door_kg[s]} kg")
