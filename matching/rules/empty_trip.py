"""Empty trip: every trip moves something.

Reads: trips, legs.
Formula: |{legs on the trip}| ≥ 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "empty_trip"


def check(facts: PlanFacts) -> list[Violation]:
    """Report trips without a load."""
    n = np.bincount(facts.legs.trip, minlength=facts.n_trips)
    return flag(CODE, n == 0, facts.trip_name)


def add(model: ExactModel) -> None:
    """Hire a truck only for a load."""
    for slot in model.slots:
        model.cp.add_bool_or([slot.used.negated(), *(flow.used for flow, _ in model.on_slot[slot.index])])
