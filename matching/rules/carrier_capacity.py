"""Carrier capacity: on each pick-up date a carrier lane takes at most its capacity.

Reads: lanes.capacity_kg.
Formula: Σ kg over the carrier trips of the lane and date ≤ capacity_kg(lane).
"""

from __future__ import annotations

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import group_pairs, iso_day, sum_by

CODE = "carrier_capacity"


def check(facts: PlanFacts) -> list[Violation]:
    """Report lanes and dates with more than a carrier takes."""
    roads, sound = facts.problem.roads, facts.sound_carrier
    road, day = facts.carrier.road[sound], facts.carrier.pickup_day[sound]
    group, first = group_pairs(road, day)
    kg, limit = sum_by(group, facts.trip_load_kg[sound], len(first)), roads.capacity_kg[road[first]]

    def where(i: int) -> str:
        return f"{facts.trip_name(sound[first[i]])} {iso_day(day[first[i]])}"

    return flag(CODE, kg > limit, where, lambda i: f"{kg[i]} > {limit[i]} kg")
