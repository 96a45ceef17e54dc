"""Delivery dates: a line is served within its dates, both included.

Reads: demands.deliver_from, demands.deliver_until, allocations.delivery_date.
Formula: deliver_from(line) ≤ delivery_date ≤ deliver_until(line).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import iso_day

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "delivery_dates"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations delivered too early or too late."""
    lines, a = facts.problem.lines, facts.allocations
    broken = (a.delivery_day < lines.from_day[a.line]) | (a.delivery_day > lines.until_day[a.line])
    return flag(CODE, broken, facts.allocation_name, lambda i: iso_day(a.delivery_day[i]))


def add(model: ExactModel) -> None:
    """Let no flow be delivered outside its line's dates."""
    lines = model.problem.lines
    for flow in model.flows:
        for day, delivered in model.delivered(flow).items():
            if not lines.from_day[flow.line] <= day <= lines.until_day[flow.line]:
                model.not_all(flow.used, delivered)
