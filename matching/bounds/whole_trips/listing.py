"""List every set of calls that one class could make on one trip from one start day, and the orders of a set.

Sets of drop calls are taken in lexical order, and for each the sets of load calls; a set that no order can keep on the clock is not
added to, for leaving a call out never makes a trip later. Of the orders of a set, those count that are not longer than one which the
clock does not limit at all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.bounds.whole_trips.clock import MOST_LIMITS, clock_limits, longest_stays
from matching.bounds.whole_trips.stage import Calls, Scene
from matching.compiled import compiled
from matching.model.problem import FloatArray, IntArray

MAX_STOPS = 10
MOST_LOOKS = 400_000
"""Sets that are looked at in one scene before it counts as too large."""


class Page(NamedTuple):
    """Room for trips in a fixed order; rows of each are trips.

    Attributes
    ----------
    site, day : of each call in order, shape (n, MAX_STOPS).
    km : shape (n,).
    n_limits : shape (n,).
    mask, limit : calls and minutes of each clock limit, shape (n, MOST_LIMITS).
    """

    site: IntArray
    day: IntArray
    km: FloatArray
    n_limits: IntArray
    mask: IntArray
    limit: IntArray


def blank_page(n: int) -> Page:
    """Return room for ``n`` trips."""
    stops, limits = (n, MAX_STOPS), (n, MOST_LIMITS)
    whole = [np.zeros(shape, dtype=np.int64) for shape in (stops, stops, n, limits, limits)]
    return Page(whole[0], whole[1], np.zeros(n), *whole[2:])


class Sheet(NamedTuple):
    """Room for sets of calls; rows of each are sets.

    Attributes
    ----------
    call : numbers of the load calls, then of the drop calls, shape (n, MAX_STOPS).
    size : number of loads and of drops, shape (n, 2).
    km : of the shortest order, shape (n,).
    most_kg : that some order leaves time to load, shape (n,).
    """

    call: IntArray
    size: IntArray
    km: FloatArray
    most_kg: FloatArray


def blank_sheet(n: int) -> Sheet:
    """Return room for ``n`` sets."""
    return Sheet(np.zeros((n, MAX_STOPS), dtype=np.int64), np.zeros((n, 2), dtype=np.int64), np.zeros(n), np.zeros(n))


class Desk(NamedTuple):
    """Work space of one set of calls, in the order in which they were chosen, and in the order tried."""

    site: IntArray
    day: IntArray
    first: IntArray
    last: IntArray
    until: IntArray
    most_kg: FloatArray
    place: IntArray  # call at each place of the order tried
    soonest: IntArray  # arrival at each place
    km: FloatArray  # so far at each place
    used: IntArray
    ordered: IntArray  # (8, MAX_STOPS): site, day, first, last, until, least, longest, drive
    ordered_kg: FloatArray


def clear_desk() -> Desk:
    """Return work space."""
    n = MAX_STOPS + 1

    def row() -> IntArray:
        return np.zeros(n, dtype=np.int64)

    return Desk(
        row(), row(), row(), row(), row(), np.zeros(n), row(), row(), np.zeros(n), row(), np.zeros((8, n), dtype=np.int64), np.zeros(n)
    )


@compiled
def _least(s: Scene, site: int) -> int:
    """Whole minutes that a stop takes at least."""
    return int(np.ceil(s.fixed_min[site] + s.min_per_kg[site] - 1e-9))


@compiled
def _time(s: Scene, desk: Desk, n: int, page: Page, row: int) -> int:
    """Note the clock limits of the order at hand on a row; return how many they are, or -1 if the clock does not admit it."""
    o = desk.ordered
    for k in range(n):
        call = desk.place[k]
        o[0, k], o[1, k], o[2, k], o[3, k], o[4, k] = desk.site[call], desk.day[call], desk.first[call], desk.last[call], desk.until[call]
        o[5, k] = _least(s, o[0, k])
        o[7, k] = s.drive[o[0, k - 1], o[0, k]] if k > 0 else 0
        desk.ordered_kg[k] = desk.most_kg[call]
    longest_stays(s, o[0], desk.ordered_kg, n, o[6])
    limits = clock_limits(o[2], o[3], o[4], o[5], o[6], o[7], n, s.shift_min, page.mask[row], page.limit[row])
    page.n_limits[row] = limits
    for k in range(n):
        page.site[row, k], page.day[row, k] = o[0, k], o[1, k]
    return limits


@compiled
def _time_for_kg(s: Scene, n_loads: int, n: int, page: Page, row: int) -> float:
    """Kilograms that the clock limits of a row leave time for, at most the payload."""
    most = s.payload_kg
    for r in range(page.n_limits[row]):
        spare, slowest = float(page.limit[row, r]), np.zeros(2)
        slowest[:] = np.inf
        for k in range(n):
            side, site = int(k >= n_loads), page.site[row, k]
            if page.mask[row, r] & (1 << k):
                spare -= s.fixed_min[site]
                slowest[side] = min(slowest[side], s.min_per_kg[site])
            else:
                slowest[side] = 0.0
        pace = slowest[0] + slowest[1]
        if pace > 0.0:
            most = min(most, spare / pace + 1e-6)
    return most


@compiled
def walk_orders(s: Scene, desk: Desk, n_loads: int, n: int, page: Page) -> tuple[int, float, float]:  # noqa: C901
    """Write the orders of the calls on the desk, loads first, to the page; one longer than one without clock limits is left out.

    Returns how many there are, the km of the shortest, infinite where there is none, and the kilograms that some order leaves time for.
    """
    free_km, best_km, most_kg, depth, n_made = np.inf, np.inf, 0.0, 0, 0
    for k in range(n):
        desk.used[k] = 0
    desk.place[0] = -1
    while depth >= 0:
        if desk.place[depth] >= 0:
            desk.used[desk.place[depth]] = 0
        call, end = desk.place[depth] + 1, n_loads if depth < n_loads else n
        if depth >= n_loads:
            call = max(call, n_loads)
        while call < end and desk.used[call]:
            call += 1
        if call >= end:
            desk.place[depth] = -1
            depth -= 1
            continue
        desk.place[depth], desk.used[call] = call, 1
        site = desk.site[call]
        if depth == 0:
            at, km = desk.first[call], s.out_km[site]
        else:
            before = desk.site[desk.place[depth - 1]]
            at = max(desk.first[call], desk.soonest[depth - 1] + _least(s, before) + s.drive[before, site])
            km = desk.km[depth - 1] + s.km[before, site]
        if at > desk.last[call] or at + _least(s, site) > desk.until[call] or km >= free_km:
            continue
        desk.soonest[depth], desk.km[depth] = at, km
        if depth + 1 < n:
            depth += 1
            desk.place[depth] = -1
            continue
        km += s.home_km[site]
        row = min(n_made, len(page.km) - 1)
        if km < free_km and _time(s, desk, n, page, row) >= 0:
            page.km[row] = km
            n_made += 1
            best_km = min(best_km, km)
            most_kg = max(most_kg, _time_for_kg(s, n_loads, n, page, row))
            if page.n_limits[row] == 0:
                free_km = km
    return n_made, best_km, most_kg


@compiled
def _put(calls: Calls, call: int, desk: Desk, place: int) -> None:
    """Copy a call to the desk."""
    desk.site[place], desk.day[place], desk.first[place] = calls.site[call], calls.day[call], calls.first[call]
    desk.last[place], desk.until[place], desk.most_kg[place] = calls.last[call], calls.until[call], calls.most_kg[call]


@compiled
def _visits_twice(sites: IntArray, chosen: IntArray, n: int) -> bool:
    """Whether the last of ``n`` chosen calls is at a site of another one."""
    for k in range(n - 1):
        if sites[chosen[k]] == sites[chosen[n - 1]]:
            return True
    return False


@compiled
def _meets(s: Scene, load: int, drop: int) -> bool:
    """Whether some goods may go from a load call to a drop call."""
    k = load * len(s.drops.site) + drop
    return bool(s.way_start[k] < s.way_start[k + 1])


@compiled
def _is_whole(s: Scene, loads: IntArray, n_loads: int, drops: IntArray, n_drops: int) -> bool:
    """Whether the trip starts on the scene's day and unloads something at every drop."""
    early = False
    for i in range(n_loads):
        early = early or s.loads.day[loads[i]] == s.start_day
    for j in range(n_drops):
        served = False
        for i in range(n_loads):
            served = served or _meets(s, loads[i], drops[j])
        if not served:
            return False
    return early


@compiled
def _may_load(s: Scene, load: int, drops: IntArray, n_drops: int) -> bool:
    """Whether a load call has goods for some drop, and is at none of their sites nor after them."""
    some = False
    for j in range(n_drops):
        if s.drops.site[drops[j]] == s.loads.site[load] or s.drops.day[drops[j]] < s.loads.day[load]:
            return False
        some = some or _meets(s, load, drops[j])
    return some


@compiled
def set_desk(s: Scene, desk: Desk, loads: IntArray, n_loads: int, drops: IntArray, n_drops: int) -> None:
    """Lay calls on the desk, loads first."""
    for i in range(n_loads):
        _put(s.loads, loads[i], desk, i)
    for j in range(n_drops):
        _put(s.drops, drops[j], desk, n_loads + j)


@compiled
def _note(sheet: Sheet, n_made: int, loads: IntArray, n_loads: int, drops: IntArray, n_drops: int, km: float, kg: float) -> None:
    """Write a set down, unless the sheet is full."""
    if n_made < len(sheet.km):
        sheet.call[n_made, :n_loads] = loads[:n_loads]
        sheet.call[n_made, n_loads : n_loads + n_drops] = drops[:n_drops]
        sheet.size[n_made, 0], sheet.size[n_made, 1], sheet.km[n_made], sheet.most_kg[n_made] = n_loads, n_drops, km, kg


@compiled
def list_sets(s: Scene, desk: Desk, page: Page, sheet: Sheet) -> int:  # noqa: C901
    """Write every set of calls of a scene to the sheet; return how many there are, or more than it has rows where that is too many."""
    drops, loads = np.zeros(MAX_STOPS + 1, dtype=np.int64), np.zeros(MAX_STOPS + 1, dtype=np.int64)
    n_made, n_drops, n_looks = 0, 1, 0
    drops[0] = -1
    while n_drops > 0 and n_made <= len(sheet.km):
        drops[n_drops - 1] += 1
        if drops[n_drops - 1] >= len(s.drops.site):
            n_drops -= 1
            continue
        set_desk(s, desk, loads, 0, drops, n_drops)
        if _visits_twice(s.drops.site, drops, n_drops) or walk_orders(s, desk, 0, n_drops, page)[0] == 0:
            continue
        n_loads = 1
        loads[0] = -1
        while n_loads > 0:
            loads[n_loads - 1] += 1
            load = loads[n_loads - 1]
            n_looks += 1
            if n_looks > MOST_LOOKS:
                return len(sheet.km) + 1
            if load >= len(s.loads.site):
                n_loads -= 1
                continue
            if not _may_load(s, load, drops, n_drops) or _visits_twice(s.loads.site, loads, n_loads):
                continue
            set_desk(s, desk, loads, n_loads, drops, n_drops)
            n_orders, km, kg = walk_orders(s, desk, n_loads, n_loads + n_drops, page)
            if n_orders == 0:
                continue
            if _is_whole(s, loads, n_loads, drops, n_drops):
                _note(sheet, n_made, loads, n_loads, drops, n_drops, km, kg)
                n_made += 1
            if n_loads + n_drops < s.max_stops:
                loads[n_loads] = loads[n_loads - 1]
                n_loads += 1
        if n_drops + 1 < s.max_stops:
            drops[n_drops] = drops[n_drops - 1]
            n_drops += 1
    return n_made
