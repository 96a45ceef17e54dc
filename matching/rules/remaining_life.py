"""Remaining life: goods arrive with at least the days of life that the line asks for.

Reads: lots.cut_on_pickup, lots.available_from, lots.shelf_life_days, demands.min_life_days, both dates of allocations.
Formula: shelf_life_days − (delivery_date − harvest day) ≥ min_life_days, where the harvest day is the pick-up date if
cut_on_pickup, else available_from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "remaining_life"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations that arrive too old."""
    lots, lines, a = facts.problem.lots, facts.problem.lines, facts.allocations
    harvest_day = np.where(lots.cut_on_pickup[a.lot], a.pickup_day, lots.from_day[a.lot])
    left = lots.life_days[a.lot] - (a.delivery_day - harvest_day)
    least = lines.min_life_days[a.line]
    return flag(CODE, left < least, facts.allocation_name, lambda i: f"{left[i]} < {least[i]} days")


def add(model: ExactModel) -> None:
    """Let no flow arrive too old: forbid its pairs of dates one by one."""
    lots, lines = model.problem.lots, model.problem.lines
    for flow in model.flows:
        oldest = int(lots.life_days[flow.lot] - lines.min_life_days[flow.line])
        for picked_day, picked in model.picked(flow).items():
            harvest_day = picked_day if lots.cut_on_pickup[flow.lot] else int(lots.from_day[flow.lot])
            for day, delivered in model.delivered(flow).items():
                if day - harvest_day > oldest:
                    model.not_all(flow.used, picked, delivered)
