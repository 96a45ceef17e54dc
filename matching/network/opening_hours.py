"""Hours of the day in which a class of truck may stand at a site."""

from __future__ import annotations

import numpy as np

from matching.model.problem import MINUTES_PER_DAY, IntArray, Problem

ALWAYS = 1 << 40
"""Length of an opening that never closes."""


def openings(problem: Problem) -> IntArray:
    """Hours of each day in which a class may stand at a site: its opening hours less its zone's closures.

    Returns
    -------
    IntArray
        Clock minute at which each opening begins, and its length in minutes, ALWAYS, or -1 for none; shape (n_sites, n_classes, w, 2).
    """
    sites = problem.sites
    key = np.stack([sites.open_from_min, sites.open_until_min, sites.zone, sites.max_vehicle_kg])
    _, first, like = np.unique(key, axis=1, return_index=True, return_inverse=True)
    hours = [[_hours(problem, int(s), c) for c in range(problem.n_classes)] for s in first]
    widest = max((len(h) for row in hours for h in row), default=0) or 1
    table = np.zeros((len(first), problem.n_classes, widest, 2), dtype=np.int64)
    table[..., 1] = -1
    for s, row in enumerate(hours):
        for c, stretches in enumerate(row):
            table[s, c, : len(stretches)] = np.array(stretches, dtype=np.int64).reshape(-1, 2)
    return np.ascontiguousarray(table[like.reshape(-1)])


def _hours(problem: Problem, site: int, vehicle: int) -> list[tuple[int, int]]:
    """Openings of one site for one class as (start minute, length); none where the door is too small."""
    sites, payload = problem.sites, int(problem.vehicles.payload_kg[vehicle])
    if payload > sites.max_vehicle_kg[site]:
        return []
    start, until = int(sites.open_from_min[site]), int(sites.open_until_min[site])
    always = start == 0 and until >= MINUTES_PER_DAY
    hours = [(start, (until - start) % MINUTES_PER_DAY or MINUTES_PER_DAY)]
    access = problem.access
    closures = [
        (int(access.closed_from_min[i]), int(access.closed_until_min[i]))
        for i in range(len(access.zone))
        if access.zone[i] == sites.zone[site] and payload >= access.min_payload_kg[i]
    ]
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
