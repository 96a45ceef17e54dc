"""Opening hours: a stop lies within the site's hours, waiting at the dock included.

Reads: sites.open_from, sites.open_until; calendar.closed, calendar.open_from, calendar.open_until; stops.arrive, stops.depart.
Formula: with L = (open_until − open_from) mod 24 h, or 24 h if that is 0: (clock of arrive − open_from) mod 24 h +
(depart − arrive) ≤ L. Hours from 00:00 to 24:00 never close. A site with calendar rows is open in the union of its dates' windows
instead, each from its date's open_from for its date's L, none on a closed date: arrive and depart lie in one stretch of that union,
windows that touch being one stretch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import AS_USUAL, MINUTES_PER_DAY, BoolArray, IntArray, Problem
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "opening_hours"


def check(facts: PlanFacts) -> list[Violation]:
    """Report stops at closed sites."""
    inside = _on_usual_days(facts)
    for site in np.unique(facts.problem.calendar.site).tolist():
        here = np.flatnonzero(facts.sound_stop & (facts.stops.site == site))
        if len(here):
            inside[here] = _on_dates(facts.problem, site, facts.stops.arrive_min[here], facts.stops.depart_min[here])
    return flag(CODE, facts.sound_stop & ~inside, facts.stop_name)


def _on_usual_days(facts: PlanFacts) -> BoolArray:
    """Stops within the daily hours of their sites, shape (n_stops,)."""
    opens, closes = facts.problem.sites.open_from_min[facts.stops.site], facts.problem.sites.open_until_min[facts.stops.site]
    length = (closes - opens) % MINUTES_PER_DAY
    length = np.where(length == 0, MINUTES_PER_DAY, length)
    within = (facts.begin_min - opens) % MINUTES_PER_DAY + facts.stay_min <= length
    return np.asarray(((opens == 0) & (closes >= MINUTES_PER_DAY)) | within)


def _on_dates(problem: Problem, site: int, arrive: IntArray, depart: IntArray) -> BoolArray:
    """Stops within one stretch of a site's dated windows, shape of ``arrive``."""
    begin, end = _stretches(problem, site, int(arrive.min()) // MINUTES_PER_DAY, int(depart.max()) // MINUTES_PER_DAY)
    place = np.searchsorted(begin, arrive, side="right") - 1
    return np.asarray((place >= 0) & (depart <= np.append(end, -1)[place]))


def _stretches(problem: Problem, site: int, first_day: int, last_day: int) -> tuple[IntArray, IntArray]:
    """First and last minutes of the stretches in which a site is open between two dates, both included."""
    day = np.arange(first_day - 1, last_day + 1)
    opens, closes = np.full(len(day), problem.sites.open_from_min[site]), np.full(len(day), problem.sites.open_until_min[site])
    is_open = np.ones(len(day), dtype=np.bool_)
    calendar = problem.calendar
    for row in np.flatnonzero((calendar.site == site) & (calendar.day >= day[0]) & (calendar.day <= last_day)).tolist():
        place = int(calendar.day[row] - day[0])
        is_open[place] = not calendar.closed[row]
        if calendar.open_from_min[row] != AS_USUAL:
            opens[place] = calendar.open_from_min[row]
        if calendar.open_until_min[row] != AS_USUAL:
            closes[place] = calendar.open_until_min[row]
    length = (closes - opens) % MINUTES_PER_DAY
    begin = (day * MINUTES_PER_DAY + opens)[is_open]
    end = begin + np.where(length == 0, MINUTES_PER_DAY, length)[is_open]
    latest = np.maximum.accumulate(end) if len(end) else end
    starts = np.append(True, begin[1:] > latest[:-1])[: len(begin)]
    group = np.cumsum(starts) - 1
    last = np.zeros(int(starts.sum()), dtype=np.int64)
    np.maximum.at(last, group, end)
    return begin[starts], last


def add(model: ExactModel) -> None:
    """Let each stop fall into one of the site's windows."""
    p, dated = model.problem, set(model.problem.calendar.site.tolist())
    for site in range(p.n_sites):
        opens, closes = int(p.sites.open_from_min[site]), int(p.sites.open_until_min[site])
        if site not in dated and opens == 0 and closes >= MINUTES_PER_DAY:
            continue
        length = (closes - opens) % MINUTES_PER_DAY or MINUTES_PER_DAY
        for slot in model.slots:
            if site in slot.visit and site in dated:
                begin, end = _stretches(p, site, p.horizon_from_day, p.horizon_until_day)
                stretches = list(zip((begin - model.first_min).tolist(), (end - model.first_min).tolist(), strict=True))
                model.within_one(slot, site, stretches, (slot.visit[site],))
            elif site in slot.visit:
                model.within(slot, site, opens, length, (slot.visit[site],))
