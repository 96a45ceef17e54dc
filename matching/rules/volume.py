"""Volume: what a truck carries on a trip in all stays within its volume.

Reads: vehicles.volume_l, lots.litres_per_kg.
Formula: Σ kg × litres_per_kg(lot) over the trip's loads ≤ volume_l(class) + 10⁻⁶.
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

CODE = "volume"
_SLACK_L = 1e-6


def check(facts: PlanFacts) -> list[Violation]:
    """Report overfull trucks."""
    row = facts.load[facts.placed]
    litres_per_kg = facts.problem.lots.litres_per_kg[facts.allocations.lot[facts.legs.allocation[row]]]
    litres = np.zeros(facts.n_trips)
    np.add.at(litres, facts.legs.trip[row], facts.leg_kg[row] * litres_per_kg)
    limit = np.where(facts.sound_truck, facts.of_class(facts.problem.vehicles.volume_l), np.inf)
    return flag(CODE, litres > limit + _SLACK_L, facts.trip_name, lambda t: f"{litres[t]:.1f} > {limit[t]:.1f} l")


def add(model: ExactModel) -> None:
    """Limit the litres that each truck carries in all, in whole multiples."""
    lots, volumes = model.problem.lots, model.problem.vehicles.volume_l
    for c in np.flatnonzero(np.isfinite(volumes)).tolist():
        *litres, limit, _ = whole(*lots.litres_per_kg.tolist(), volumes[c])
        for slot in model.slots:
            filled = sum(litres[flow.lot] * flow.kg for flow, _ in model.on_slot[slot.index])
            model.cp.add(filled <= limit).only_enforce_if(slot.of_class[c])
