"""Pricing of trips: how much more than its cost a trip could be paid, when each kilogram on a lane is paid its rate.

Problem data
    Items (origin site, target site, lot, line, rate φ, most kg, start days). A trip of class c that starts on day D visits
    pick-up sites A, then drop sites B, |A| + |B| ≤ max_stops, and carries at most the class's payload.

Question
    ε(D, B, c) ≥ Σ φ x - cost(trip) for every trip of class c from day D to exactly the drop sites B, whatever its loads x.

Method
    The clock, opening hours and litres are let go, and a trip may touch all days that its longest shift can touch. Kilometres
    are shortest ones, so that visits left out never make a trip longer. For a multiplier μ on the payload W,

        Σ φ x ≤ μ W + Σ_{a in A} p_a(μ),  p_a(μ) = Σ over lots at a of max(0, best φ to B - μ) × kg,

    and a tariff whose marginal rates fall is the least of its bands' lines, so the best path for one line, allowed to come
    back to a site, is found stop by stop from the first drop backwards. Where that does not settle the question, the paths that
    could still pay are searched one by one, each site once, and each set of sites is bounded by the better of two
    knapsacks: one that forgets the lines' quantities, one that forgets the lots'.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.model.problem import FloatArray, IntArray

MAX_DROPS = 8


@compiled
def tariff_of(icpt: FloatArray, slope: FloatArray, km: float) -> float:
    """Least of the lines at ``km``."""
    best = np.inf
    for b in range(len(icpt)):
        best = min(best, icpt[b] + slope[b] * km)
    return best


class Scene(NamedTuple):
    """Everything about one class on one start day, with sites, lots and lines numbered from 0.

    Attributes
    ----------
    origin, target, lot, line, rate, floor, kg : one row per item, by origin, then lot, shape (n_items,). The floor is a valid rate.
    lot_kg, line_kg : quantities of the numbered lots and lines.
    km_between, km_to, km_after : km from origin to origin, origin to target, target to target.
    km_out, km_home : km from the base to each origin and from each target to the base, 0 for a hired truck.
    payload_kg, fixed_vnd, max_stops, icpt, slope : of the class; its tariff is the least of the lines.
    """

    origin: IntArray
    target: IntArray
    lot: IntArray
    line: IntArray
    rate: FloatArray
    floor: FloatArray
    kg: FloatArray
    lot_kg: FloatArray
    line_kg: FloatArray
    km_between: FloatArray
    km_to: FloatArray
    km_after: FloatArray
    km_out: FloatArray
    km_home: FloatArray
    payload_kg: float
    fixed_vnd: float
    max_stops: int
    icpt: FloatArray
    slope: FloatArray


@compiled
def after_drops(s_km_after: FloatArray, km_home: FloatArray, drops: IntArray, n: int, after: FloatArray) -> None:
    """Fill ``after[k]`` with the shortest km over all drops beginning with the k-th."""
    best = np.full((1 << n, n), np.inf)
    for last in range(n):
        best[1 << last, last] = km_home[drops[last]]
    for mask in range(1, 1 << n):
        for first in range(n):
            here = best[mask, first]
            if here == np.inf:
                continue
            for before in range(n):
                if not mask & (1 << before):
                    new = mask | (1 << before)
                    best[new, before] = min(best[new, before], here + s_km_after[drops[before], drops[first]])
    for k in range(n):
        after[k] = best[(1 << n) - 1, k]


@compiled
def two_knapsacks(s: Scene, rate: FloatArray, rows: IntArray, n: int, lot_left: FloatArray, line_left: FloatArray) -> float:
    """The lesser of two bounds on the value of ``rows[:n]``, in descending order of rate, within the payload."""
    values = np.zeros(2)
    for side in range(2):
        for k in range(n):
            lot_left[s.lot[rows[k]]] = s.lot_kg[s.lot[rows[k]]]
            line_left[s.line[rows[k]]] = s.line_kg[s.line[rows[k]]]
        room = s.payload_kg
        for k in range(n):
            i = rows[k]
            if room <= 0.0:
                break
            left = lot_left[s.lot[i]] if side == 0 else line_left[s.line[i]]
            take = min(s.kg[i], left, room)
            if side == 0:
                lot_left[s.lot[i]] -= take
            else:
                line_left[s.line[i]] -= take
            values[side] += rate[i] * take
            room -= take
    return min(float(values[0]), float(values[1]))


@compiled
def greedy_load(s: Scene, rows: IntArray, n: int, lot_left: FloatArray, line_left: FloatArray, load: FloatArray) -> None:
    """Fill ``load`` with kilograms that one trip can truly carry, the best rates first."""
    for k in range(n):
        lot_left[s.lot[rows[k]]] = s.lot_kg[s.lot[rows[k]]]
        line_left[s.line[rows[k]]] = s.line_kg[s.line[rows[k]]]
    room = s.payload_kg
    for k in range(n):
        i = rows[k]
        take = min(lot_left[s.lot[i]], line_left[s.line[i]], room, s.kg[i])
        lot_left[s.lot[i]] -= take
        line_left[s.line[i]] -= take
        room -= take
        load[k] = take


@compiled
def best_completions(  # noqa: C901
    s: Scene, prize: FloatArray, slope: float, drop: FloatArray, n_picks: int, more: FloatArray, active: IntArray
) -> float:
    """Best prize less ``slope`` × km over paths of at most ``n_picks`` picks, coming back allowed.

    ``more[k, a]`` is filled with the best that k more picks before site a can add; ``drop[a]`` is the km from a through all drops.
    """
    n, n_active = len(prize), 0
    for a in range(n):
        if prize[a] > 0.0:
            active[n_active] = a
            n_active += 1
    for a in range(n):
        more[0, a] = -slope * s.km_out[a]
    for k in range(1, n_picks):
        for a in range(n):
            most = more[k - 1, a]
            if drop[a] < np.inf:
                for m in range(n_active):
                    b = active[m]
                    if b != a:
                        most = max(most, prize[b] - slope * s.km_between[b, a] + more[k - 1, b])
            more[k, a] = most
    best = -np.inf
    for a in range(n):
        if drop[a] < np.inf:
            best = max(best, prize[a] - slope * drop[a] + more[n_picks - 1, a])
    return best


@compiled
def price_scene(  # noqa: C901
    s: Scene, max_nodes: int, max_found: int, found_row: IntArray, found_kg: FloatArray, found_start: IntArray,
    found_cost: FloatArray,
) -> tuple[int, int]:  # fmt: skip
    """Bring the rates down towards their floors until no trip is paid more than it costs; return trips found and nodes looked at.

    Trips that were paid too much are written to ``found_row`` (items), ``found_kg``, ``found_start`` and ``found_cost``.
    """
    n_items, n_origins, n_targets = len(s.origin), s.km_between.shape[0], s.km_after.shape[0]
    by_rate = np.argsort(-s.rate)
    lot_left, line_left = np.zeros(len(s.lot_kg)), np.zeros(len(s.line_kg))
    rows, some = np.empty(n_items, dtype=np.int64), np.empty(n_items, dtype=np.int64)
    load, after = np.zeros(n_items), np.zeros(MAX_DROPS)
    drops = np.zeros(MAX_DROPS, dtype=np.int64)
    most_picks = s.max_stops - 1
    trial = np.zeros((most_picks + 1, n_origins))
    prize, drop = np.zeros(n_origins), np.zeros(n_origins)
    n_bands = len(s.slope)
    kept_more, kept_prize = np.zeros((n_bands, most_picks + 1, n_origins)), np.zeros((n_bands, n_origins))
    path, place = np.zeros(most_picks + 1, dtype=np.int64), np.zeros(most_picks + 1, dtype=np.int64)
    at_km, so_far = np.zeros(most_picks + 2), np.zeros((n_bands, most_picks + 2))
    seen, mu_of = np.zeros(n_origins, dtype=np.bool_), np.zeros(n_bands)
    is_used = np.ones(n_bands, dtype=np.bool_)
    own, active = np.ones(n_items), np.zeros(n_origins, dtype=np.int64)
    n_found, n_looked, size, n_drops = 0, 0, 1, 1
    drops[0] = -1
    by_floor, below = np.argsort(-s.floor), np.empty(n_items, dtype=np.int64)
    n_tries, is_drop = 0, np.zeros(n_targets, dtype=np.bool_)
    while True:
        if n_tries == 0 and n_drops == 0:
            # Sets are taken in the order of their size, for what small ones bring down makes large ones quick.
            size += 1
            if size > min(s.max_stops - 1, MAX_DROPS, n_targets):
                break
            drops[0], n_drops = -1, 1
        # The next set of drops in lexical order, unless the last one is looked at again.
        drops[n_drops - 1] += n_tries == 0
        if drops[n_drops - 1] >= n_targets:
            n_drops -= 1
            continue
        n_here = n_drops
        if n_drops < size:
            drops[n_drops] = drops[n_drops - 1]
            n_drops += 1
            continue
        is_drop[:] = False
        for d in range(n_here):
            is_drop[drops[d]] = True
        n_rows = 0
        for k in range(n_items):
            i = by_rate[k]
            if is_drop[s.target[i]]:
                rows[n_rows] = i
                n_rows += 1
        if n_rows == 0:
            continue
        n_picks = s.max_stops - n_here
        prize[:] = 0.0
        for k in range(n_rows):
            lot_left[s.lot[rows[k]]] = s.lot_kg[s.lot[rows[k]]]
        for k in range(n_rows):
            i = rows[k]
            take = min(s.kg[i], lot_left[s.lot[i]])
            lot_left[s.lot[i]] -= take
            prize[s.origin[i]] += s.rate[i] * take
        few, most = np.sort(prize), 0.0
        for k in range(min(n_picks, n_origins)):
            most += min(few[n_origins - 1 - k], s.rate[rows[0]] * s.payload_kg)
        if most <= s.fixed_vnd:
            n_tries = 0
            continue
        most = min(most, two_knapsacks(s, s.rate, rows, n_rows, lot_left, line_left))
        after_drops(s.km_after, s.km_home, drops, n_here, after)
        for a in range(n_origins):
            drop[a] = np.inf
        least_km = np.inf
        for k in range(n_rows):
            a = s.origin[rows[k]]
            if drop[a] == np.inf:
                for d in range(n_here):
                    drop[a] = min(drop[a], s.km_to[a, drops[d]] + after[d])
                least_km = min(least_km, drop[a])
        least_cost = s.fixed_vnd + tariff_of(s.icpt, s.slope, least_km)
        n_again, n_tries = n_tries, 0
        if most <= least_cost:
            continue
        critical, room = 0.0, s.payload_kg
        for k in range(n_rows):
            room -= s.kg[rows[k]]
            if room <= 0.0:
                critical = s.rate[rows[k]]
                break
        worst = -np.inf
        for band in range(n_bands):
            is_used[band] = band + 1 == n_bands or s.icpt[band] + s.slope[band] * least_km < s.icpt[band + 1] + s.slope[band + 1] * least_km
            if not is_used[band]:
                continue
            base_cost = s.fixed_vnd + s.icpt[band]
            low, high = 0.0, s.rate[rows[0]]
            lowest = np.inf
            for step in range(8):
                if step == 0:
                    mu = critical
                elif step == 1:
                    mu = 0.0
                else:
                    mu = low + (high - low) * (0.38 if step % 2 == 0 else 0.62)
                for a in range(n_origins):
                    prize[a] = 0.0
                for k in range(n_rows):
                    lot_left[s.lot[rows[k]]] = s.lot_kg[s.lot[rows[k]]]
                for k in range(n_rows):
                    i = rows[k]
                    if s.rate[i] <= mu:
                        break
                    take = min(s.kg[i], lot_left[s.lot[i]])
                    lot_left[s.lot[i]] -= take
                    prize[s.origin[i]] += (s.rate[i] - mu) * take
                best = best_completions(s, prize, s.slope[band], drop, n_picks, trial, active) + mu * s.payload_kg - base_cost
                if best < lowest:
                    lowest = best
                    mu_of[band] = mu
                    for a in range(n_origins):
                        kept_prize[band, a] = prize[a]
                        for k in range(n_picks):
                            kept_more[band, k, a] = trial[k, a]
                    if step >= 2:
                        if step % 2 == 0:
                            high = low + (high - low) * 0.62
                        else:
                            low = low + (high - low) * 0.38
                elif step >= 2:
                    if step % 2 == 0:
                        low = low + (high - low) * 0.38
                    else:
                        high = low + (high - low) * 0.62
                if lowest <= 0.0:
                    break
            worst = max(worst, lowest)
        if worst <= 0.0:
            continue
        # Depth-first over paths from the last pick backwards.
        depth, n_nodes, out_of_nodes = 0, 0, False
        place[0] = -1
        best_ratio = 1.0
        n_best = 0
        while depth >= 0:
            if place[depth] >= 0 and path[depth] >= 0:
                seen[path[depth]] = False
                path[depth] = -1
            place[depth] += 1
            if place[depth] >= n_origins:
                depth -= 1
                continue
            a = place[depth]
            if seen[a] or drop[a] == np.inf:
                path[depth] = -1
                continue
            km_here = drop[a] if depth == 0 else at_km[depth - 1] + s.km_between[a, path[depth - 1]]
            hope = -np.inf
            for band in range(n_bands):
                if not is_used[band]:
                    continue
                got = kept_prize[band, a] + (so_far[band, depth - 1] if depth > 0 else 0.0)
                so_far[band, depth] = got
                rest = kept_more[band, n_picks - 1 - depth, a]
                hope = max(hope, got + rest - s.slope[band] * km_here + mu_of[band] * s.payload_kg - s.fixed_vnd - s.icpt[band])
            if hope <= 0.0:
                path[depth] = -1
                continue
            n_nodes += 1
            if n_nodes > max_nodes:
                out_of_nodes = True
                break
            seen[a] = True
            path[depth] = a
            at_km[depth] = km_here
            n_some = 0
            for k in range(n_rows):
                if seen[s.origin[rows[k]]]:
                    some[n_some] = rows[k]
                    n_some += 1
            value = two_knapsacks(s, s.rate, some, n_some, lot_left, line_left)
            cost = s.fixed_vnd + tariff_of(s.icpt, s.slope, km_here + s.km_out[a])
            if value > cost:
                n_below = 0
                for k in range(n_items):
                    i = by_floor[k]
                    if seen[s.origin[i]] and is_drop[s.target[i]]:
                        below[n_below] = i
                        n_below += 1
                under = two_knapsacks(s, s.floor, below, n_below, lot_left, line_left)
                part = (cost - under) / (value - under) if under < min(cost, value) else 0.0
                for k in range(n_some):
                    own[some[k]] = min(own[some[k]], part)
                if value / cost > best_ratio and n_found < max_found:
                    best_ratio = value / cost
                    greedy_load(s, some, n_some, lot_left, line_left, load)
                    n_best = 0
                    start = found_start[n_found]
                    for k in range(n_some):
                        if load[k] > 0.0 and start + n_best < len(found_row):
                            found_row[start + n_best] = some[k]
                            found_kg[start + n_best] = load[k]
                            n_best += 1
                    found_cost[n_found] = cost
            if depth + 1 < n_picks:
                depth += 1
                place[depth] = -1
                path[depth] = -1
        n_looked += n_nodes
        if n_best > 0:
            found_start[n_found + 1] = found_start[n_found] + n_best
            n_found += 1
        for k in range(depth + 1):
            if path[k] >= 0:
                seen[path[k]] = False
                path[k] = -1
        if out_of_nodes:
            for a in range(n_origins):
                seen[a] = False
            # Too many paths pay: what is above the floor is halved, and in the end let go, and the set is looked at again.
            n_tries = n_again + 1 if n_again < 2 else 0
            for k in range(n_rows):
                own[rows[k]] = min(own[rows[k]], 0.5 if n_tries > 0 else 0.0)
        for k in range(n_rows):
            i = rows[k]
            s.rate[i] = s.floor[i] + own[i] * (s.rate[i] - s.floor[i])
            own[i] = 1.0
        by_rate = np.argsort(-s.rate)
    return n_found, n_looked
