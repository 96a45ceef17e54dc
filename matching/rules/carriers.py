"""Carriers: a carrier trip serves one lane that a carrier runs, on one pick-up date, transit_days before its delivery date.

Reads: lanes.vnd_per_kg, lanes.transit_days; legs; both dates of allocations.
Formula: all loads of the trip share (from, to) and both dates; vnd_per_kg(lane) is given; delivery_date − pickup_date =
transit_days(lane).
"""

from __future__ import annotations

import numpy as np

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "carriers"


def check(facts: PlanFacts) -> list[Violation]:
    """Report carrier trips that no carrier makes."""
    c = facts.carrier
    found = flag(CODE, ~facts.is_truck & ~c.one_lane, facts.trip_name, lambda _: "lanes")
    found += flag(CODE, c.one_lane & ~c.exists, facts.trip_name, lambda _: "none runs")
    days = c.delivery_day - c.pickup_day
    transit = np.append(facts.problem.roads.transit_days, 0)[c.road]
    return found + flag(CODE, c.exists & (days != transit), facts.trip_name, lambda t: f"{days[t]} days")
