"""Access hours: no part of a stop in a zone falls inside the hours in which its class is kept out.

Reads: access, sites.zone, vehicles.payload_kg; stops.arrive, stops.depart.
Formula: for each access row of the site's zone with payload_kg(class) ≥ min_payload_kg, with L = (closed_until −
closed_from) mod 24 h, or 24 h if that is 0, and o = (clock of arrive − closed_from) mod 24 h: o ≥ L and
o + (depart − arrive) ≤ 24 h.
"""

from __future__ import annotations

import numpy as np

from matching.errors import Violation
from matching.problem import MINUTES_PER_DAY, BoolArray
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "access_hours"


def check(facts: PlanFacts) -> list[Violation]:
    """Report stops in closed hours, once for each access row broken."""
    found: list[Violation] = []
    for row in range(len(facts.problem.access.zone)):
        found += flag(CODE, _broken(facts, row), facts.stop_name)
    return found


def _broken(facts: PlanFacts, row: int) -> BoolArray:
    """Stops that break one access row, shape (n_stops,)."""
    access, sites = facts.problem.access, facts.problem.sites
    kept_out = facts.sound_stop & (sites.zone[facts.stops.site] == access.zone[row])
    kept_out &= facts.of_stop_class(facts.problem.vehicles.payload_kg) >= access.min_payload_kg[row]
    length = int(access.closed_until_min[row] - access.closed_from_min[row]) % MINUTES_PER_DAY or MINUTES_PER_DAY
    offset = (facts.begin_min - access.closed_from_min[row]) % MINUTES_PER_DAY
    return np.asarray(kept_out & ((offset < length) | (offset + facts.stay_min > MINUTES_PER_DAY)))
