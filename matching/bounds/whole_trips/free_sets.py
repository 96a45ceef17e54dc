"""List every set of calls that one class could make where trips have too many stops to try their orders: the clock is let go.

Over the subsets A of load calls and B of drop calls, with a ∈ A the last to load and b ∈ B the first to unload, the shortest ways

    L[A, a] = min over a' of L[A − a, a'] + km(a', a)          D[B, b] = min over b' of D[B − b, b'] + km(b, b')

are found once for a scene (Held and Karp, doi:10.1137/0110015), and the least kilometres of a set are min over a, b of
L[A, a] + km(a, b) + D[B, b]. No order of the set is shorter, whatever the clock says, so a bound stays a bound.
"""

from __future__ import annotations

import numpy as np

from matching.bounds.whole_trips.listing import Sheet
from matching.bounds.whole_trips.stage import Scene
from matching.compiled import compiled
from matching.model.problem import FloatArray, IntArray

MOST_CALLS = 13
"""Load calls, and drop calls, of a scene beyond which its subsets are too many."""


@compiled
def _shortest_ways(km: FloatArray, sites: IntArray, ends_km: FloatArray, is_out: bool) -> FloatArray:
    """Shortest km over every subset of calls by its last call, from the base, or by its first call, to the base; shape (2^n, n)."""
    n = len(sites)
    best = np.full((1 << n, n), np.inf)
    for a in range(n):
        best[1 << a, a] = ends_km[sites[a]]
    for mask in range(1, 1 << n):
        for a in range(n):
            here = best[mask, a]
            if here == np.inf:
                continue
            for b in range(n):
                if mask & (1 << b) == 0:
                    hop = km[sites[a], sites[b]] if is_out else km[sites[b], sites[a]]
                    best[mask | (1 << b), b] = min(best[mask | (1 << b), b], here + hop)
    return best


@compiled
def _members(mask: int, n: int, members: IntArray) -> int:
    """Fill ``members`` with the calls of a subset; return how many they are."""
    count = 0
    for k in range(n):
        if mask & (1 << k):
            members[count] = k
            count += 1
    return count


@compiled
def _repeats(sites: IntArray, members: IntArray, n: int) -> bool:
    """Whether two calls of a subset are at one site."""
    for i in range(n):
        for j in range(i):
            if sites[members[i]] == sites[members[j]]:
                return True
    return False


@compiled
def _goes_together(s: Scene, loads: IntArray, n_loads: int, drops: IntArray, n_drops: int) -> bool:
    """Whether the trip starts on the scene's day, each call moves something, and all loading can come before all unloading."""
    early, served = False, np.zeros(n_drops, dtype=np.bool_)
    for i in range(n_loads):
        a, useful = loads[i], False
        early = early or s.loads.day[a] == s.start_day
        for j in range(n_drops):
            b = drops[j]
            if s.drops.site[b] == s.loads.site[a] or s.drops.day[b] < s.loads.day[a]:
                return False
            pair = a * len(s.drops.site) + b
            if s.way_start[pair] < s.way_start[pair + 1]:
                useful, served[j] = True, True
        if not useful:
            return False
    return early and bool(served.all())


@compiled
def list_free_sets(s: Scene, sheet: Sheet) -> int:
    """Write every set of calls of a scene to the sheet; return how many there are, or more than it has rows where that is too many."""
    n_a, n_b, n_made = len(s.loads.site), len(s.drops.site), 0
    out = _shortest_ways(s.km, s.loads.site, s.out_km, True)
    home = _shortest_ways(s.km, s.drops.site, s.home_km, False)
    loads, drops = np.zeros(n_a, dtype=np.int64), np.zeros(n_b, dtype=np.int64)
    for b_mask in range(1, 1 << n_b):
        n_drops = _members(b_mask, n_b, drops)
        if n_drops >= s.max_stops or _repeats(s.drops.site, drops, n_drops):
            continue
        for a_mask in range(1, 1 << n_a):
            n_loads = _members(a_mask, n_a, loads)
            if n_loads + n_drops > s.max_stops or _repeats(s.loads.site, loads, n_loads):
                continue
            if not _goes_together(s, loads, n_loads, drops, n_drops):
                continue
            if n_made >= len(sheet.km):
                return len(sheet.km) + 1
            km = np.inf
            for i in range(n_loads):
                for j in range(n_drops):
                    between = s.km[s.loads.site[loads[i]], s.drops.site[drops[j]]]
                    km = min(km, out[a_mask, loads[i]] + between + home[b_mask, drops[j]])
            sheet.call[n_made, :n_loads] = loads[:n_loads]
            sheet.call[n_made, n_loads : n_loads + n_drops] = drops[:n_drops]
            sheet.size[n_made, 0], sheet.size[n_made, 1], sheet.km[n_made], sheet.most_kg[n_made] = n_loads, n_drops, km, s.payload_kg
            n_made += 1
    return n_made
