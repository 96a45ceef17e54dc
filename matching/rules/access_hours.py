"""Access hours: no part of a stop in a zone falls inside the hours in which its class is kept out.

Reads: access, sites.zone, vehicles.payload_kg; stops.arrive, stops.depart.
Formula: for each access row of the site's zone with payload_kg(class) ≥ min_payload_kg, with L = (closed_until −
closed_from) mod 24 h, or 24 h if that is 0, and o = (clock of arrive − closed_from) mod 24 h: o ≥ L and
o + (depart − arrive) ≤ 24 h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import MINUTES_PER_DAY, BoolArray
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

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


def add(model: ExactModel) -> None:
    """Let each stop of a class that is kept out fall between one closed time and the next."""
    p = model.problem
    for row in range(len(p.access.zone)):
        closes = int(p.access.closed_from_min[row])
        shut = int(p.access.closed_until_min[row] - closes) % MINUTES_PER_DAY or MINUTES_PER_DAY
        kept_out = np.flatnonzero(p.vehicles.payload_kg >= p.access.min_payload_kg[row]).tolist()
        for site in np.flatnonzero(p.sites.zone == p.access.zone[row]).tolist():
            for slot in (slot for slot in model.slots if site in slot.visit):
                for c in kept_out:
                    when = (slot.visit[site], slot.of_class[c])
                    model.within(slot, site, closes + shut, MINUTES_PER_DAY - shut, when, arrive_before_end=True)
