"""Legs: one leg leads from the lot's site to the line's, or two that meet at a hub.

Reads: legs; lots.site_id, demands.site_id, sites.kind.
Formula: from(first leg) = site(lot), to(last leg) = site(line); of two, to(leg 1) = from(leg 2) is a hub.
"""

from __future__ import annotations

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

CODE = "legs"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations whose legs do not lead from lot to line."""
    return flag(CODE, ~facts.led | (facts.two_legs & ~facts.meets), facts.allocation_name, lambda a: f"{facts.n_legs[a]} legs")
