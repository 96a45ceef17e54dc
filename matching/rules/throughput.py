"""Throughput: what a site loads on a date, or a hub or buyer unloads, stays within its throughput.

Reads: sites.throughput_kg_per_day, sites.kind.
Formula: Σ kg loaded there on the date (at a hub or buyer: unloaded there) ≤ throughput_kg_per_day(site). A truck's goods
count on the date on which it arrives there.
"""

from __future__ import annotations

from matching.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import iso_day

CODE = "throughput"


def check(facts: PlanFacts) -> list[Violation]:
    """Report sites and dates with more than the site can handle."""
    sites = facts.problem.sites
    site, day, kg = facts.site_days
    limit = sites.throughput_kg_per_day[site]

    def where(i: int) -> str:
        return f"{sites.id[site[i]]} {iso_day(day[i])}"

    return flag(CODE, kg > limit, where, lambda i: f"{kg[i]} > {limit[i]} kg")
