"""Payload: what a truck carries on a trip in all stays within its payload.

Reads: vehicles.payload_kg.
Formula: Σ kg over the trip's loads ≤ payload_kg(class).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import NO_LIMIT
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "payload"


def check(facts: PlanFacts) -> list[Violation]:
    """Report overloaded trucks."""
    limit = np.where(facts.sound_truck, facts.of_class(facts.problem.vehicles.payload_kg), NO_LIMIT)
    kg = facts.trip_load_kg
    return flag(CODE, kg > limit, facts.trip_name, lambda t: f"{kg[t]} > {limit[t]} kg")


def add(model: ExactModel) -> None:
    """Limit what each truck carries in all."""
    for slot in model.slots:
        kg = sum(flow.kg for flow, _ in model.on_slot[slot.index])
        payloads = zip(model.problem.vehicles.payload_kg.tolist(), slot.of_class, strict=True)
        model.cp.add(kg <= sum(payload_kg * chosen for payload_kg, chosen in payloads))
