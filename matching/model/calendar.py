"""What the calendar says of a site on a date: throughput, closed dates, and the stretches of time in which a stop may happen."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from matching.model.problem import AS_USUAL, MINUTES_PER_DAY, NO_LIMIT, BoolArray, FloatArray, IntArray, Problem

Stretch = tuple[int, int]
"""First and last minute since 1970-01-01T00:00 of a time in which a site is open without a break."""


def calendar_rows(problem: Problem, site: IntArray, day: IntArray) -> IntArray:
    """Return the calendar row of each site on its day, -1 where the date is as usual; the arguments broadcast."""
    site, day = np.broadcast_arrays(site, day)
    calendar = problem.calendar
    if not len(calendar.site):
        return np.full(site.shape, -1, dtype=np.int64)
    first = int(calendar.day.min())
    width = int(calendar.day.max()) - first + 1
    keys = calendar.site * width + calendar.day - first
    order = np.argsort(keys)
    inside = (day >= first) & (day < first + width)
    wanted = np.where(inside, site * width + day - first, -1)
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    return np.where(keys[order][place] == wanted, order[place], -1).astype(np.int64)


def throughput_kg(problem: Problem, site: IntArray, day: IntArray) -> IntArray:
    """Return the most that each site may handle on its day, kg; the arguments broadcast."""
    usual = problem.sites.throughput_kg_per_day[site]
    row = calendar_rows(problem, site, day)
    dated = np.append(problem.calendar.throughput_kg, AS_USUAL)[row]
    return np.where(dated == AS_USUAL, usual, dated)


def is_closed(problem: Problem, site: IntArray, day: IntArray) -> BoolArray:
    """Tell which sites are closed on their days; the arguments broadcast."""
    return np.asarray(np.append(problem.calendar.closed, False)[calendar_rows(problem, site, day)])


def least_throughput_kg(problem: Problem) -> IntArray:
    """Return the least throughput of each site on any date, shape (n_sites,), kg."""
    return _extreme_throughput(problem, np.minimum)


def most_throughput_kg(problem: Problem) -> IntArray:
    """Return the greatest throughput of each site on any date, shape (n_sites,), kg."""
    return _extreme_throughput(problem, np.maximum)


def _extreme_throughput(problem: Problem, better: np.ufunc) -> IntArray:
    kg = problem.sites.throughput_kg_per_day.copy()
    own = np.flatnonzero(problem.calendar.throughput_kg != AS_USUAL)
    better.at(kg, problem.calendar.site[own], problem.calendar.throughput_kg[own])
    return kg


def sites_with_dates(problem: Problem) -> IntArray:
    """Return the sites that the calendar names, ascending: their windows are joined from date to date."""
    return np.unique(problem.calendar.site)


def stretches(problem: Problem, site: int, first_day: int, last_day: int) -> list[Stretch]:
    """Return when a site is open from ``first_day`` to ``last_day``: the windows of its dates, touching ones joined, ascending.

    The window of the day before the first is included, as it may run over midnight.
    """
    days = np.arange(first_day - 1, last_day + 1)
    row = calendar_rows(problem, np.full(len(days), site), days)
    calendar, sites = problem.calendar, problem.sites
    opens = _dated(calendar.open_from_min, row, int(sites.open_from_min[site]))
    closes = _dated(calendar.open_until_min, row, int(sites.open_until_min[site]))
    length = (closes - opens) % MINUTES_PER_DAY
    length = np.where(length == 0, MINUTES_PER_DAY, length)
    begin = days * MINUTES_PER_DAY + opens
    open_days = np.flatnonzero(~np.append(calendar.closed, False)[row])
    return joined(zip(begin[open_days].tolist(), (begin + length)[open_days].tolist(), strict=True))


def _dated(column: IntArray, row: IntArray, usual: int) -> IntArray:
    """Return the values of calendar rows, the usual one where there is no row or the row keeps it."""
    value = np.append(column, AS_USUAL)[row]
    return np.where(value == AS_USUAL, usual, value)


def joined(windows: Iterable[Stretch]) -> list[Stretch]:
    """Join windows that touch or overlap; they come in ascending order of their beginning."""
    made: list[Stretch] = []
    for begin, end in windows:
        if made and begin <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((begin, end))
    return made


def has_throughput(problem: Problem) -> BoolArray:
    """Tell which sites have a throughput on any date, shape (n_sites,)."""
    return np.asarray(least_throughput_kg(problem) < NO_LIMIT)


def site_daily_kg(problem: Problem, site: int, first_day: int, last_day: int) -> FloatArray:
    """Return the most that a site can handle on each day from ``first_day`` to ``last_day``, infinite where nothing limits it, kg.

    It is 0 on a date that no window of the site reaches.
    """
    days = np.arange(first_day, last_day + 1)
    kg = throughput_kg(problem, np.array(site), days).astype(np.float64)
    return np.where(_is_served(problem, site, days), np.where(kg >= NO_LIMIT, np.inf, kg), 0.0)


def _is_served(problem: Problem, site: int, days: IntArray) -> BoolArray:
    """Tell on which days something may be loaded or unloaded at a site, by carrier or by a truck whose stop begins then."""
    served = ~is_closed(problem, np.array(site), days)
    begin = days * MINUTES_PER_DAY
    for first, last in stretches(problem, site, int(days[0]), int(days[-1])) if not served.all() else ():
        served |= (first < begin + MINUTES_PER_DAY) & (last >= begin)
    return np.asarray(served)
