"""Stop duration: a stop lasts at least its fixed minutes plus the minutes for each tonne moved there.

Reads: sites.stop_minutes, sites.minutes_per_tonne; stops.arrive, stops.depart.
Formula: depart − arrive ≥ ⌈stop_minutes + minutes_per_tonne × kg moved ÷ 1000 − 10⁻⁹⌉. Waiting longer is allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.rules._decimal import whole
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "stop_duration"


def check(facts: PlanFacts) -> list[Violation]:
    """Report stops that end too soon."""
    sites, site = facts.problem.sites, facts.stops.site
    moving_min = sites.min_per_tonne[site] * facts.moved_kg.astype(np.float64) / 1000
    least = np.ceil(sites.stop_min[site] + moving_min - 1e-9).astype(np.int64)
    broken = facts.sound_stop & (facts.stay_min < least)
    return flag(CODE, broken, facts.stop_name, lambda s: f"{facts.stay_min[s]} < {least[s]} min")


def add(model: ExactModel) -> None:
    """Let each stop last as long as what is moved there takes."""
    sites = model.problem.sites
    for slot in model.slots:
        for site, visit in slot.visit.items():
            fixed, each, factor = whole(sites.stop_min[site], sites.min_per_tonne[site])
            moved = sum(flow.kg for flow, leg in model.on_slot[slot.index] if site in (leg.origin, leg.target))
            lasts = 1000 * factor * (slot.depart[site] - slot.arrive[site])
            model.cp.add(lasts >= 1000 * fixed + each * moved).only_enforce_if(visit)
