"""Count per day: at most so many trips of a class start on one date.

Reads: vehicles.count_per_day; stops.arrive.
Formula: |{trips of the class whose first stop's arrive falls on the date}| ≤ count_per_day(class).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import NO_LIMIT
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import group_pairs, iso_day

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "count_per_day"


def check(facts: PlanFacts) -> list[Violation]:
    """Report classes that start too often on a date."""
    vehicle, day = facts.trips.vehicle[facts.truck], facts.arrive_day[facts.first_stop[facts.truck]]
    group, first = group_pairs(vehicle, day)
    n, vehicle, day = np.bincount(group, minlength=len(first)), vehicle[first], day[first]
    limit = facts.problem.vehicles.count_per_day[vehicle]

    def where(i: int) -> str:
        return f"{facts.problem.vehicles.id[vehicle[i]]} {iso_day(day[i])}"

    return flag(CODE, n > limit, where, lambda i: f"{n[i]} > {limit[i]}")


def add(model: ExactModel) -> None:
    """Count the routes of a class whose first stop falls on a date."""
    counts = model.problem.vehicles.count_per_day
    for c in np.flatnonzero(counts < NO_LIMIT).tolist():
        for day in model.days:
            starts = []
            for slot in model.slots:
                starts.append(model.boolean(f"starts[{slot.index},{c},{day}]"))
                for x, route in zip(slot.route, model.routes, strict=True):
                    if route.vehicle == c:
                        model.not_all(x, slot.on_day[route.sites[0], day], starts[-1].negated())
            model.cp.add(sum(starts) <= int(counts[c]))
