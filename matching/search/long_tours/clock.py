"""When the stops of a tour happen: all pick-ups on one day, the delivery on one day, in hours that are open to the class."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from matching.baseline.clock import ANY_DAY, Stay, allowed_starts, stop_minutes
from matching.model.calendar import sites_with_dates
from matching.model.problem import MINUTES_PER_DAY, BoolArray, IntArray, Problem
from matching.network.geography import road_minutes


class TourClock:
    """Answers when a class can make a tour; remembers what it looked up."""

    def __init__(self, problem: Problem, pickup_day: int, delivery_day: int) -> None:
        self._problem = problem
        self._from_min = (pickup_day * MINUTES_PER_DAY, delivery_day * MINUTES_PER_DAY)
        self._day = (pickup_day, delivery_day)
        self._dated = frozenset(sites_with_dates(problem).tolist())
        self._hours = lru_cache(maxsize=4096)(self._look_up)

    def hours(self, site: int, vehicle: int, kg: int, *, delivers: bool) -> BoolArray:
        """Minutes of the day at which a stop that moves ``kg`` may start, shape (1440,)."""
        day = self._day[delivers] if site in self._dated else ANY_DAY
        return self._hours(site, int(self._problem.vehicles.payload_kg[vehicle]), stop_minutes(self._problem, site, kg), day)

    def _look_up(self, site: int, payload_kg: int, minutes: int, day: int) -> BoolArray:
        if payload_kg > self._problem.sites.max_vehicle_kg[site]:
            return np.zeros(MINUTES_PER_DAY, dtype=np.bool_)
        return allowed_starts(self._problem, Stay(site, minutes, ends_same_day=False, day=day), payload_kg)

    def times(self, vehicle: int, site: IntArray, kg: IntArray) -> tuple[IntArray, IntArray] | None:
        """Instants at which each stop starts and ends, or None where no clock fits; the last stop is the delivery.

        The earliest delivery is taken, and before it every stop as late as it can be, so that the tour is short.
        """
        lasts = np.array([stop_minutes(self._problem, *stop) for stop in zip(site.tolist(), kg.tolist())], dtype=np.int64)
        drive = road_minutes(self._problem, site[:-1], site[1:], float(self._problem.vehicles.kmh[vehicle]))
        allowed = [self.hours(int(s), vehicle, int(m), delivers=n == len(site) - 1) for n, (s, m) in enumerate(zip(site, kg))]
        end = self._earliest(allowed, lasts, drive)
        if end is None:
            return None
        start = self._latest(allowed, lasts, drive, end)
        return start, start + lasts

    def _earliest(self, allowed: list[BoolArray], lasts: IntArray, drive: IntArray) -> int | None:
        """Earliest start of the last stop."""
        free = self._from_min[0]
        for n, open_ in enumerate(allowed):
            day = self._from_min[n == len(allowed) - 1]
            minutes = np.flatnonzero(open_[max(0, free - day) :])
            if free - day >= MINUTES_PER_DAY or len(minutes) == 0:
                return None
            start = max(day, free) + int(minutes[0])
            free = start + int(lasts[n]) + (int(drive[n]) if n < len(drive) else 0)
        return start

    def _latest(self, allowed: list[BoolArray], lasts: IntArray, drive: IntArray, end: int) -> IntArray:
        """Latest start of each stop before a last one that `_earliest` found, shape (n_stops,)."""
        start = np.full(len(allowed), end, dtype=np.int64)
        for n in range(len(allowed) - 2, -1, -1):
            by = start[n + 1] - drive[n] - lasts[n] - self._from_min[0]
            start[n] = self._from_min[0] + np.flatnonzero(allowed[n][: min(by, MINUTES_PER_DAY - 1) + 1])[-1]
        return start
