"""Horizon: no stop begins before the first date or ends after the last.

Reads: settings.horizon_from, settings.horizon_until; stops.arrive, stops.depart.
Formula: horizon_from ≤ date of arrive, date of depart ≤ horizon_until; 00:00 belongs to the date that it begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.model.problem import MINUTES_PER_DAY
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "horizon"


def check(facts: PlanFacts) -> list[Violation]:
    """Report stops outside the horizon."""
    p, leave_day = facts.problem, facts.stops.depart_min // MINUTES_PER_DAY
    broken = facts.sound_stop & ((facts.arrive_day < p.horizon_from_day) | (leave_day > p.horizon_until_day))
    return flag(CODE, broken, facts.stop_name)


def add(model: ExactModel) -> None:
    """Keep every stop within the dates of the model, which are those of the horizon."""
    for slot in model.slots:
        for site in slot.visit:
            model.cp.add_linear_constraint(slot.arrive[site], 0, model.n_min - 1)
            model.cp.add_linear_constraint(slot.depart[site], 0, model.n_min - 1)
