"""Closed dates: no carrier picks up or delivers at a site on a date on which it is closed.

Reads: calendar.site_id, calendar.date, calendar.closed; both dates of allocations; lanes.
Formula: for each carrier trip: closed(from_site, pickup_date) = closed(to_site, delivery_date) = no. A truck's stops are held to the
site's hours, which a closed date doesn't have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.model.errors import Violation
from matching.model.problem import IntArray
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import iso_day

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "closed_dates"


def check(facts: PlanFacts) -> list[Violation]:
    """Report carrier trips to or from a closed site."""
    c, trip = facts.carrier, facts.sound_carrier
    loading = _check_end(facts, trip, c.from_site[trip], c.pickup_day[trip])
    return loading + _check_end(facts, trip, c.to_site[trip], c.delivery_day[trip])


def _check_end(facts: PlanFacts, trip: IntArray, site: IntArray, day: IntArray) -> list[Violation]:
    closed = {pair for pair, row in facts.dates.items() if facts.problem.calendar.closed[row]}
    broken = facts.mask((s, d) in closed for s, d in zip(site.tolist(), day.tolist(), strict=True))
    return flag(CODE, broken, lambda i: f"{facts.trip_name(trip[i])} {facts.problem.sites.id[site[i]]}", lambda i: iso_day(day[i]))


def add(model: ExactModel) -> None:
    """Let no carrier's flow begin or end at a closed site."""
    p = model.problem
    calendar = zip(p.calendar.site.tolist(), p.calendar.day.tolist(), p.calendar.closed.tolist(), strict=True)
    closed = {(site, day) for site, day, is_closed in calendar if is_closed}
    for flow in model.flows:
        if not flow.legs:
            ends = (p.lots.site[flow.lot], flow.day), (p.lines.site[flow.line], flow.day + p.roads.transit_days[flow.road])
            if any((int(site), int(day)) in closed for site, day in ends):
                model.forbid(flow)
