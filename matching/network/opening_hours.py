"""Hours of the day in which a class of truck may stand at a site."""

from __future__ import annotations

import numpy as np

from matching.model.calendar import sites_with_dates, stretches
from matching.model.problem import MINUTES_PER_DAY, IntArray, Problem

ALWAYS = 1 << 40
"""Length of an opening that never closes."""
NEVER = 1 << 50
"""A minute later than all others."""
MOST_OPENINGS = 12
"""Different openings of a site, over all of its dates, beyond which the clock alone tells them apart."""


def openings(problem: Problem) -> IntArray:
    """Return the hours of each day in which a class may stand at a site, shape (n_sites, n_classes, w, 2).

    The last axis holds the clock minute at which an opening begins and its length in minutes, ALWAYS, or -1 for none. A site that the
    calendar names has, every day, the hours of all of its dates: no stop is possible outside of them.
    """
    sites, dated = problem.sites, dated_rows(problem)
    key = np.stack([sites.open_from_min, sites.open_until_min, sites.zone, sites.max_vehicle_kg, dated])
    _, first, like = np.unique(key, axis=1, return_index=True, return_inverse=True)
    of = [_hours if dated[s] < 0 else _hours_of_any_date for s in first]
    hours = [[hours_of(problem, int(s), c) for c in range(problem.n_classes)] for s, hours_of in zip(first, of, strict=True)]
    widest = max((len(h) for row in hours for h in row), default=0) or 1
    table = np.zeros((len(first), problem.n_classes, widest, 2), dtype=np.int64)
    table[..., 1] = -1
    for s, row in enumerate(hours):
        for c, some in enumerate(row):
            table[s, c, : len(some)] = np.array(some, dtype=np.int64).reshape(-1, 2)
    return np.ascontiguousarray(table[like.reshape(-1)])


def dated_rows(problem: Problem) -> IntArray:
    """Number the sites that the calendar names, -1 for all others, shape (n_sites,)."""
    rows = np.full(problem.n_sites, -1, dtype=np.int64)
    dated = sites_with_dates(problem)
    rows[dated] = np.arange(len(dated))
    return rows


def dated_stretches(problem: Problem, dated: IntArray, first: int, last: int) -> IntArray:
    """Return the stretches in which each dated site is open to each class, shape (n_dated, n_classes, k, 2).

    Parameters
    ----------
    dated : from `dated_rows`.
    first, last : days since 1970; the minutes returned count from the first one, and are NEVER where unused.
    """
    sites = np.flatnonzero(dated >= 0)
    made = [[_open_to(problem, site, c, first, last) for c in range(problem.n_classes)] for site in sites.tolist()]
    widest = max((len(stretch) for row in made for stretch in row), default=0) or 1
    table = np.full((len(sites), problem.n_classes, widest, 2), NEVER, dtype=np.int64)
    for s, row in enumerate(made):
        for c, open_to in enumerate(row):
            table[s, c, : len(open_to)] = np.array(open_to, dtype=np.int64).reshape(-1, 2) - first * MINUTES_PER_DAY
    return table


def _open_to(problem: Problem, site: int, vehicle: int, first: int, last: int) -> list[tuple[int, int]]:
    """Stretches from ``first`` to ``last`` day in which a site is open to a class: its windows less its zone's closures."""
    if problem.vehicles.payload_kg[vehicle] > problem.sites.max_vehicle_kg[site]:
        return []
    left = stretches(problem, site, first, last)
    for closed_from, closed_until in _closures(problem, site, vehicle):
        length = (closed_until - closed_from) % MINUTES_PER_DAY or MINUTES_PER_DAY
        days = range(first - 2, last + 2)
        free = [(day * MINUTES_PER_DAY + closed_from + length, (day + 1) * MINUTES_PER_DAY + closed_from) for day in days]
        left = [(max(a, c), min(b, d)) for a, b in left for c, d in free if max(a, c) < min(b, d)]
    return left


def _hours_of_any_date(problem: Problem, site: int, vehicle: int) -> list[tuple[int, int]]:
    """Every different opening, as in `_hours`, that a site with dates of its own has on any of them."""
    dated = _open_to(problem, site, vehicle, problem.horizon_from_day, problem.horizon_until_day)
    different = sorted({(begin % MINUTES_PER_DAY, end - begin) for begin, end in dated})
    return different if len(different) <= MOST_OPENINGS else [(0, ALWAYS)]


def _closures(problem: Problem, site: int, vehicle: int) -> list[tuple[int, int]]:
    """Daily closures of a site's zone to a class, as clock times."""
    access, payload = problem.access, int(problem.vehicles.payload_kg[vehicle])
    ruled = np.flatnonzero((access.zone == problem.sites.zone[site]) & (payload >= access.min_payload_kg)).tolist()
    return [(int(access.closed_from_min[row]), int(access.closed_until_min[row])) for row in ruled]


def _hours(problem: Problem, site: int, vehicle: int) -> list[tuple[int, int]]:
    """Openings of one site for one class as (start minute, length); none where the door is too small."""
    sites, payload = problem.sites, int(problem.vehicles.payload_kg[vehicle])
    if payload > sites.max_vehicle_kg[site]:
        return []
    start, until = int(sites.open_from_min[site]), int(sites.open_until_min[site])
    always = start == 0 and until >= MINUTES_PER_DAY
    hours = [(start, (until - start) % MINUTES_PER_DAY or MINUTES_PER_DAY)]
    closures = _closures(problem, site, vehicle)
    if not closures:
        return [(0, ALWAYS)] if always else hours
    for closed_from, closed_until in closures:
        hours = _without(hours, closed_from, (closed_until - closed_from) % MINUTES_PER_DAY or MINUTES_PER_DAY)
    return _joined(hours) if always else hours


def _without(hours: list[tuple[int, int]], closed_from: int, closed_for: int) -> list[tuple[int, int]]:
    """Cut a daily closure out of daily openings."""
    left = []
    for start, lasts in hours:
        for shift in (-MINUTES_PER_DAY, 0, MINUTES_PER_DAY):
            # The closure's complement around this shift is one stretch of the day.
            free_from = closed_from + closed_for + shift
            free_until = closed_from + MINUTES_PER_DAY + shift
            begin, end = max(start, free_from), min(start + lasts, free_until)
            if end >= begin and (end > begin or lasts == 0):
                left.append((begin % MINUTES_PER_DAY, end - begin))
    return left


def _joined(hours: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join openings that meet at midnight, which is no border for a site that never closes."""
    for i, (start, lasts) in enumerate(hours):
        for j, (other, longer) in enumerate(hours):
            if i != j and (start + lasts) % MINUTES_PER_DAY == other and (start + lasts) == MINUTES_PER_DAY:
                rest = [h for k, h in enumerate(hours) if k not in (i, j)]
                return [*rest, (start, lasts + longer)]
    return hours
