"""Stop list: a truck trip has stops, numbered 1, 2, 3, ….

Reads: stops.seq.
Formula: {seq of the trip's stops} = {1, …, n}, n ≥ 1.
"""

from __future__ import annotations

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "stop_list"


def check(facts: PlanFacts) -> list[Violation]:
    """Report truck trips whose stops are missing or misnumbered."""
    broken = facts.is_truck & ~facts.sound_truck
    return flag(CODE, broken, facts.trip_name, lambda t: f"{facts.n_stops[t]} stops")
