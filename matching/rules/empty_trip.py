"""Empty trip: every trip moves something.

Reads: trips, legs.
Formula: |{legs on the trip}| ≥ 1.
"""

from __future__ import annotations

import numpy as np

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "empty_trip"


def check(facts: PlanFacts) -> list[Violation]:
    """Report trips without a load."""
    n = np.bincount(facts.legs.trip, minlength=facts.n_trips)
    return flag(CODE, n == 0, facts.trip_name)
