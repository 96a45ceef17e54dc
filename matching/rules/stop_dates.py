"""Stop dates: the truck arrives at the lot's site on the pick-up date and at the line's site on the delivery date.

Reads: allocations.pickup_date, allocations.delivery_date; legs; stops.arrive.
Formula: date of arrive(trip of the first leg, site(lot)) = pickup_date; date of arrive(trip of the last leg, site(line)) =
delivery_date. A carrier has no clock and no stops.
"""

from __future__ import annotations

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import IntArray
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import iso_day

CODE = "stop_dates"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations that no stop picks up or delivers on the date they state."""
    p, a, led = facts.problem, facts.allocations, np.flatnonzero(facts.led)
    loading = _check_end(facts, led, facts.first_leg[led], p.lots.site[a.lot[led]], a.pickup_day[led])
    return loading + _check_end(facts, led, facts.last_leg[led], p.lines.site[a.line[led]], a.delivery_day[led])


def _check_end(facts: PlanFacts, allocation: IntArray, leg: IntArray, site: IntArray, day: IntArray) -> list[Violation]:
    """See that the leg's truck arrives at the site on the day."""
    trip = facts.legs.trip[leg]
    stop = facts.stop_of(trip, site)
    arrives = (stop >= 0) & (np.append(facts.arrive_day, 0)[stop] == day)

    def where(i: int) -> str:
        return f"{facts.allocation_name(allocation[i])} {facts.problem.sites.id[site[i]]}"

    return flag(CODE, facts.is_truck[trip] & ~arrives, where, lambda i: iso_day(day[i]))
