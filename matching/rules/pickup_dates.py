"""Pick-up dates: a lot is picked up within its dates, both included.

Reads: lots.available_from, lots.available_until, allocations.pickup_date.
Formula: available_from(lot) ≤ pickup_date ≤ available_until(lot).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import iso_day

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "pickup_dates"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations picked up too early or too late."""
    lots, a = facts.problem.lots, facts.allocations
    broken = (a.pickup_day < lots.from_day[a.lot]) | (a.pickup_day > lots.until_day[a.lot])
    return flag(CODE, broken, facts.allocation_name, lambda i: iso_day(a.pickup_day[i]))


def add(model: ExactModel) -> None:
    """Let no flow be picked up outside its lot's dates."""
    lots = model.problem.lots
    for flow in model.flows:
        for day, picked in model.picked(flow).items():
            if not lots.from_day[flow.lot] <= day <= lots.until_day[flow.lot]:
                model.not_all(flow.used, picked)
