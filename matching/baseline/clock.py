"""When a direct trip can load and unload: opening hours, access hours, driving time, longest working time, horizon.

Hours repeat every day, so a trip's clock depends on the number of days between pick-up and delivery, and on the date only where a
site's calendar has hours of its own.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from matching.model.calendar import sites_with_dates, stretches
from matching.model.problem import MINUTES_PER_DAY, BoolArray, IntArray, Problem

_DAY = MINUTES_PER_DAY
ANY_DAY = -(1 << 40)
_MINUTE = np.arange(_DAY, dtype=np.int64)


class Stay(NamedTuple):
    """A stop to be placed.

    Attributes
    ----------
    minutes : how long it lasts.
    ends_same_day : whether it must end on the date on which it starts.
    day : its date where the site's hours differ on some dates, else ANY_DAY.
    """

    site: int
    minutes: int
    ends_same_day: bool
    day: int = ANY_DAY


def stop_minutes(problem: Problem, site: int, kg: int) -> int:
    """Whole minutes that moving ``kg`` takes at a site."""
    sites = problem.sites
    return math.ceil(float(sites.stop_min[site]) + float(sites.min_per_tonne[site]) * kg / 1000 - 1e-9)


class _Hours(NamedTuple):
    """Minutes of the day at which a stop may start, and the latest such minute up to each minute, or −1; shape (1440,)."""

    allowed: BoolArray
    latest: IntArray


class StopClock:
    """Answers, and remembers, when a direct trip of a class can stop at its two ends."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._hours: dict[tuple[Stay, int], _Hours] = {}
        self._times: dict[tuple[Stay, Stay, int, int, int], tuple[int, int] | None] = {}
        self._dated = frozenset(sites_with_dates(problem).tolist())

    def stay(self, site: int, minutes: int, day: int, *, ends_same_day: bool) -> Stay:
        """Return a stop at a site on a date."""
        return Stay(site, minutes, ends_same_day, day if site in self._dated else ANY_DAY)

    def times(self, load: Stay, unload: Stay, vehicle: int, drive_min: int, days: int) -> tuple[int, int] | None:
        """Minutes after midnight of the pick-up date at which loading and unloading start, or None where no clock fits.

        The earliest unloading is taken, after the latest loading that reaches it; ``days`` is delivery − pick-up date.
        """
        key = (load, unload, vehicle, drive_min, days)
        if key not in self._times:
            self._times[key] = self._search(*key)
        return self._times[key]

    def _search(self, load: Stay, unload: Stay, vehicle: int, drive_min: int, days: int) -> tuple[int, int] | None:
        unload_at = _MINUTE + days * _DAY
        ready_by = unload_at - drive_min - load.minutes
        load_at = self._at(load, vehicle).latest[np.minimum(np.maximum(ready_by, 0), _DAY - 1)]
        longest_min = float(self._problem.vehicles.max_hours[vehicle]) * 60 + 1e-6
        reached = (load_at >= 0) & (ready_by >= 0)
        fits = self._at(unload, vehicle).allowed & reached & (unload_at + unload.minutes - load_at <= longest_min)
        first = int(np.argmax(fits))
        return (int(load_at[first]), int(unload_at[first])) if fits[first] else None

    def _at(self, stay: Stay, vehicle: int) -> _Hours:
        payload_kg = int(self._problem.vehicles.payload_kg[vehicle])
        key = (stay, payload_kg)
        if key not in self._hours:
            allowed = allowed_starts(self._problem, stay, payload_kg)
            self._hours[key] = _Hours(allowed, np.maximum.accumulate(np.where(allowed, _MINUTE, -1)))
        return self._hours[key]


def allowed_starts(problem: Problem, stay: Stay, payload_kg: int) -> BoolArray:
    """Minutes of the day, shape (1440,), at which a stop may start for classes of ``payload_kg``."""
    sites, access = problem.sites, problem.access
    allowed = _inside(int(sites.open_from_min[stay.site]), int(sites.open_until_min[stay.site]), stay.minutes)
    if stay.day != ANY_DAY:
        allowed = _on_date(problem, stay)
    ruled = (access.zone == sites.zone[stay.site]) & (access.min_payload_kg <= payload_kg)
    for rule in np.flatnonzero(ruled):
        allowed &= _outside(int(access.closed_from_min[rule]), int(access.closed_until_min[rule]), stay.minutes)
    # A stop that ends at midnight already ends on the next date.
    return allowed & (_MINUTE + stay.minutes < _DAY) if stay.ends_same_day else allowed


def _inside(open_from: int, open_until: int, minutes: int) -> BoolArray:
    if open_from == 0 and open_until >= _DAY:
        return np.ones(_DAY, dtype=np.bool_)
    length = (open_until - open_from) % _DAY or _DAY
    return (_MINUTE - open_from) % _DAY + minutes <= length


def _on_date(problem: Problem, stay: Stay) -> BoolArray:
    """Minutes of a date, shape (1440,), at which a stop may start in the hours that the calendar gives the site."""
    begin, allowed = stay.day * _DAY + _MINUTE, np.zeros(_DAY, dtype=np.bool_)
    # A stop may be longer than a day.
    for first, last in stretches(problem, stay.site, stay.day, stay.day + 1 + stay.minutes // _DAY):
        allowed |= (first <= begin) & (begin + stay.minutes <= last)
    return allowed


def _outside(closed_from: int, closed_until: int, minutes: int) -> BoolArray:
    length = (closed_until - closed_from) % _DAY or _DAY
    since = (_MINUTE - closed_from) % _DAY
    return (since >= length) & (since + minutes <= _DAY)
