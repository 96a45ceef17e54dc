"""What the clock leaves of the time at the docks: limits on the minutes of a trip's stops, from their openings, dates and shift.

For a fixed order of calls the conditions on the arrivals are differences, so arrivals exist if and only if no cycle of them adds up
to less than nothing. With d[k] the minutes of stop k, i and j calls of the order, the cycles are

    first[i] + Σ_{i ≤ k < j} (d[k] + drive) ≤ last[j]          first[i] + Σ_{i ≤ k < j} (d[k] + drive) + d[j] ≤ until[j]
    Σ over all (d[k] + drive) ≤ shift
    first[i] + Σ_{k ≥ i} (d[k] + drive) − shift + Σ_{k < j} (d[k] + drive) ≤ last[j], or ≤ until[j] − d[j],  for j < i

each a limit on the sum of d over a set of calls, which is written as the bits of a mask.
"""

from __future__ import annotations

from matching.bounds.whole_trips.stage import Scene
from matching.compiled import compiled
from matching.model.problem import FloatArray, IntArray

MOST_LIMITS = 12
"""Limits that are kept of one trip; to leave some out only makes the trip easier."""


@compiled
def keep_limit(mask: int, minutes: int, least: IntArray, longest: IntArray, n: int, masks: IntArray, limits: IntArray, n_kept: int) -> int:
    """Keep a limit if it can bind, and if no kept one implies it; return how many are kept, or -1 if it can't be met."""
    low, high = 0, 0
    for k in range(n):
        if mask & (1 << k):
            low += least[k]
            high += longest[k]
    if low > minutes:
        return -1
    if high <= minutes or n_kept == MOST_LIMITS:
        return n_kept
    for r in range(n_kept):
        spare = 0
        for k in range(n):
            if masks[r] & ~mask & (1 << k):
                spare += least[k]
        if mask & ~masks[r] == 0 and limits[r] - spare <= minutes:
            return n_kept
    masks[n_kept], limits[n_kept] = mask, minutes
    return n_kept + 1


@compiled
def clock_limits(  # noqa: C901
    first: IntArray, last: IntArray, until: IntArray, least: IntArray, longest: IntArray, drive: IntArray, n: int, shift: int,
    masks: IntArray, limits: IntArray,
) -> int:  # fmt: skip
    """Fill ``masks`` and ``limits`` for calls in order, ``drive[k]`` minutes before the k-th; return how many, or -1 if there is no way."""
    kept, way = 0, 0
    for k in range(1, n):
        way += drive[k]
    kept = keep_limit((1 << n) - 1, shift - way, least, longest, n, masks, limits, kept)
    for i in range(n):
        mask, spent = 0, first[i]
        for j in range(i, n):
            if j > i:
                spent += drive[j]
            if kept >= 0 and mask:
                kept = keep_limit(mask, last[j] - spent, least, longest, n, masks, limits, kept)
            mask |= 1 << j
            if kept >= 0:
                kept = keep_limit(mask, until[j] - spent, least, longest, n, masks, limits, kept)
        spent -= shift
        for j in range(i):
            if j > 0:
                spent += drive[j]
            if kept >= 0:
                kept = keep_limit(mask, last[j] - spent, least, longest, n, masks, limits, kept)
            mask |= 1 << j
            if kept >= 0:
                kept = keep_limit(mask, until[j] - spent, least, longest, n, masks, limits, kept)
        if kept < 0:
            return -1
    return kept


@compiled
def longest_stays(s: Scene, sites: IntArray, most_kg: FloatArray, n: int, longest: IntArray) -> None:
    """Most minutes that each stop can take, shape (n,)."""
    for k in range(n):
        kg = min(most_kg[k], s.payload_kg)
        longest[k] = int(s.fixed_min[sites[k]] + s.min_per_kg[sites[k]] * kg) + 1
