"""Throughput: what a site loads on a date, or a hub or buyer unloads, stays within its throughput.

Reads: sites.throughput_kg_per_day, sites.kind; calendar.throughput_kg.
Formula: Σ kg loaded there on the date (at a hub or buyer: unloaded there) ≤ throughput_kg(site, date) where the calendar has it,
else throughput_kg_per_day(site). A truck's goods count on the date on which it arrives there.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import AS_USUAL, BUYER, HUB, NO_LIMIT, Problem
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import iso_day

if TYPE_CHECKING:
    from matching.exact.model import ExactModel, Var

CODE = "throughput"


def check(facts: PlanFacts) -> list[Violation]:
    """Report sites and dates with more than the site can handle."""
    sites = facts.problem.sites
    site, day, kg = facts.site_days
    pairs = zip(site.tolist(), day.tolist(), strict=True)
    limit = np.array([_limit_kg(facts.problem, facts.dates.get(pair, -1), pair[0]) for pair in pairs])

    def where(i: int) -> str:
        return f"{sites.id[site[i]]} {iso_day(day[i])}"

    return flag(CODE, kg > limit, where, lambda i: f"{kg[i]} > {limit[i]} kg")


def _limit_kg(problem: Problem, row: int, site: int) -> int:
    """Most that a site handles on the date of a calendar row; -1 is a usual date."""
    dated = int(problem.calendar.throughput_kg[row]) if row >= 0 else AS_USUAL
    return int(problem.sites.throughput_kg_per_day[site]) if dated == AS_USUAL else dated


def add(model: ExactModel) -> None:
    """Add up what counts at a site on a date: the whole of each flow that moves there then."""
    p, sites = model.problem, model.problem.sites
    rows = {pair: row for row, pair in enumerate(zip(p.calendar.site.tolist(), p.calendar.day.tolist(), strict=True))}
    counted: dict[tuple[int, int], list[Var]] = defaultdict(list)
    for flow, site, day, loading, on_day in model.touches():
        if _limit_kg(p, rows.get((site, day), -1), site) < NO_LIMIT and loading == (sites.kind[site] not in (HUB, BUYER)):
            kg = model.cp.new_int_var(0, int(model.problem.lots.kg[flow.lot]), f"through[{site},{day}]")
            model.cp.add(kg >= flow.kg).only_enforce_if(on_day)
            counted[site, day].append(kg)
    for (site, day), masses in counted.items():
        model.cp.add(sum(masses) <= _limit_kg(p, rows.get((site, day), -1), site))
