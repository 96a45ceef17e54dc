"""Opening hours: a stop lies within the site's daily hours, waiting at the dock included.

Reads: sites.open_from, sites.open_until; stops.arrive, stops.depart.
Formula: with L = (open_until − open_from) mod 24 h, or 24 h if that is 0: (clock of arrive − open_from) mod 24 h +
(depart − arrive) ≤ L. Hours from 00:00 to 24:00 never close.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import MINUTES_PER_DAY
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "opening_hours"


def check(facts: PlanFacts) -> list[Violation]:
    """Report stops at closed sites."""
    opens, closes = facts.problem.sites.open_from_min[facts.stops.site], facts.problem.sites.open_until_min[facts.stops.site]
    length = (closes - opens) % MINUTES_PER_DAY
    length = np.where(length == 0, MINUTES_PER_DAY, length)
    within = (facts.begin_min - opens) % MINUTES_PER_DAY + facts.stay_min <= length
    always = (opens == 0) & (closes >= MINUTES_PER_DAY)
    return flag(CODE, facts.sound_stop & ~always & ~within, facts.stop_name)


def add(model: ExactModel) -> None:
    """Let each stop fall into one of the site's daily windows."""
    sites = model.problem.sites
    for site in range(model.problem.n_sites):
        opens, closes = int(sites.open_from_min[site]), int(sites.open_until_min[site])
        if opens == 0 and closes >= MINUTES_PER_DAY:
            continue
        length = (closes - opens) % MINUTES_PER_DAY or MINUTES_PER_DAY
        for slot in model.slots:
            if site in slot.visit:
                model.within(slot, site, opens, length, (slot.visit[site],))
