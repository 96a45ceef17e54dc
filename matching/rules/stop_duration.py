"""Stop duration: a stop lasts at least its fixed minutes plus the minutes for each tonne moved there.

Reads: sites.stop_minutes, sites.minutes_per_tonne; stops.arrive, stops.depart.
Formula: depart − arrive ≥ ⌈stop_minutes + minutes_per_tonne × kg moved ÷ 1000 − 10⁻⁹⌉. Waiting longer is allowed.
"""

from __future__ import annotations

import numpy as np

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "stop_duration"


def check(facts: PlanFacts) -> list[Violation]:
    """Report stops that end too soon."""
    sites, site = facts.problem.sites, facts.stops.site
    moving_min = sites.min_per_tonne[site] * facts.moved_kg.astype(np.float64) / 1000
    least = np.ceil(sites.stop_min[site] + moving_min - 1e-9).astype(np.int64)
    broken = facts.sound_stop & (facts.stay_min < least)
    return flag(CODE, broken, facts.stop_name, lambda s: f"{facts.stay_min[s]} < {least[s]} min")
