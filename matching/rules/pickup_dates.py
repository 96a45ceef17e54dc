"""Pick-up dates: a lot is picked up within its dates, both included.

Reads: lots.available_from, lots.available_until, allocations.pickup_date.
Formula: available_from(lot) ≤ pickup_date ≤ available_until(lot).
"""

from __future__ import annotations

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import iso_day

CODE = "pickup_dates"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations picked up too early or too late."""
    lots, a = facts.problem.lots, facts.allocations
    broken = (a.pickup_day < lots.from_day[a.lot]) | (a.pickup_day > lots.until_day[a.lot])
    return flag(CODE, broken, facts.allocation_name, lambda i: iso_day(a.pickup_day[i]))
