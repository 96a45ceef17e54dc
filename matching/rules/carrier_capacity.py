"""Carrier capacity: on each pick-up date a carrier lane takes at most its capacity.

Reads: lanes.capacity_kg.
Formula: Σ kg over the carrier trips of the lane and date ≤ capacity_kg(lane).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import group_pairs, iso_day, sum_by

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

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


def add(model: ExactModel) -> None:
    """Limit what a carrier takes on each pick-up date."""
    capacity = model.problem.roads.capacity_kg
    for road, day in sorted({(flow.road, flow.day) for flow in model.flows if not flow.legs}):
        kg = sum(flow.kg for flow in model.flows if (flow.road, flow.day) == (road, day))
        model.cp.add(kg <= int(capacity[road]))
