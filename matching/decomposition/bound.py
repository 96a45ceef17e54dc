"""A bound for goods with very many pairs: what lots are worth is shared out by prices, and each line is then served by itself.

Problem data
    Lots with kg s_i, lines with kg d_j, and all eligible pairs that a truck can serve on the clock, or a carrier can, with gain g_ij
    đồng per kg (bid and saved penalty less ask and the cheapest haulage).

Formulation
    For any prices λ_i ≥ 0 no plan is worth more than

        L(λ) = Σ_i λ_i s_i + Σ_j V_j(λ) − Σ_j short_j d_j,
        V_j(λ) = max Σ_i x_ij (g_ij − λ_i)  over  0 ≤ x_ij ≤ s_i,  Σ_i x_ij ≤ d_j,  at most K_j suppliers.

    V_j is bounded from above by the smaller of two things: the best filling of d_j by anyone, and the sum of the K_j suppliers that
    alone would be worth most. A line that its K_j largest suppliers can't fill to its minimum is worth nothing, and a supplier that can't
    bring the least amount per supplier is left out.

Method
    Prices follow subgradients (doi:10.1007/BF01584535), each in kilograms per kilogram of the lot, with steps that grow shorter and that
    keep some of their course, from the prices of the plain volumes. Every step's value is a bound; the least one counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.compiled import compiled
from matching.model.problem import HUB, FloatArray, IntArray, Problem
from matching.pairs.screening import Market, market
from matching.volumes.arcs import arc_blocks, carrier_arcs

ROUNDING_VND = 0.5
"""A trip's cost is rounded to the whole đồng, so that it may be so much below what it is made of."""
STEPS = 100
STEP_SHARE, SLOWING, MEMORY = 0.08, 8.0, 0.7
"""First step as a share of the mean gain, steps after which it is half as long, and how much of its course a step keeps."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """All eligible pairs by line, then by supplier.

    Attributes
    ----------
    line_start : groups of each line, shape (n_lines + 1,).
    group_start : pairs of each group, one supplier's on one line, shape (n_groups + 1,).
    lot, gain : of each pair, đồng per kg.
    """

    line_start: IntArray
    group_start: IntArray
    lot: IntArray
    gain: FloatArray


def find_pairs(problem: Problem) -> Pairs:
    """Find all eligible pairs with the best gain that any plan could make on them."""
    span = max(0, problem.horizon_until_day - problem.horizon_from_day)
    shift_days = math.ceil(float(problem.vehicles.max_hours.max(initial=0.0)) / 24)
    has_hub = bool((problem.sites.kind == HUB).any())
    of = market(problem, min(max(1, shift_days), span), span if has_hub else None, -ROUNDING_VND, on_the_clock=True)
    lot, line, gain = _all_pairs(of, problem)
    order = np.lexsort((-gain, problem.lots.supplier[lot], line))
    lot, line, gain = lot[order], line[order], gain[order]
    supplier = problem.lots.supplier[lot]
    new = np.ones(len(lot), dtype=np.bool_)
    new[1:] = (np.diff(line) != 0) | (np.diff(supplier) != 0)
    first = np.flatnonzero(new)
    line_start = np.searchsorted(line[first], np.arange(problem.n_lines + 1)).astype(np.int64)
    return Pairs(line_start, np.append(first, len(lot)).astype(np.int64), lot, gain)


def _all_pairs(of: Market, problem: Problem) -> tuple[IntArray, IntArray, FloatArray]:
    """Lot, line and gain of each pair; of several ways to serve one, all are listed."""
    worth = problem.lines.bid_vnd_per_kg + problem.lines.short_vnd_per_kg
    parts = []
    for arcs in (*arc_blocks(of, np.arange(problem.n_lots)), carrier_arcs(of)):
        saved = np.where(arcs.road >= 0, ROUNDING_VND, 0.0)
        parts.append((arcs.lot, arcs.line, worth[arcs.line] - problem.lots.ask_vnd_per_kg[arcs.lot] - arcs.rate_vnd_per_kg + saved))
    lot, line, gain = (np.concatenate(column) for column in zip(*parts))
    return lot, line, gain


def lagrangian_bound(
    problem: Problem, pairs: Pairs, price: FloatArray, *, expired: Callable[[], bool], steps: int = STEPS
) -> tuple[int, FloatArray]:
    """Return an amount in đồng that no plan is worth more than, and the prices of lots that prove it.

    Parameters
    ----------
    price : prices to begin with, đồng per kg, shape (n_lots,).
    expired : asked before each step.
    """
    lots, lines = problem.lots, problem.lines
    kg, taken = lots.kg.astype(np.float64), np.zeros(problem.n_lots)
    rules = np.stack([lines.kg, np.minimum(lines.max_suppliers, 1 << 30), lines.min_supplier_kg, lines.min_fill_kg], axis=1).astype(
        np.float64
    )
    now, best, best_price, course = np.maximum(0.0, price), math.inf, price, np.zeros(problem.n_lots)
    longest = STEP_SHARE * float(pairs.gain.mean()) if len(pairs.gain) else 0.0
    for step in range(steps):
        if expired() and best < math.inf:
            break
        taken[:] = 0.0
        served = _serve_all(pairs.line_start, pairs.group_start, pairs.lot, pairs.gain, kg, rules, now, taken)
        value = float(now @ kg) + served
        if value < best:
            best, best_price = value, now
        slope = (kg - taken) / np.maximum(1.0, kg)
        slope[(now <= 0.0) & (slope > 0.0)] = 0.0
        course = MEMORY * course + (1.0 - MEMORY) * slope
        now = np.maximum(0.0, now - longest / (1.0 + step / SLOWING) * course)
    return math.ceil(best + 1.0) - int(lines.kg @ lines.short_vnd_per_kg) + 1, best_price


@compiled
def _serve_all(
    line_start: IntArray,
    group_start: IntArray,
    lot: IntArray,
    gain: FloatArray,
    kg: FloatArray,
    rules: FloatArray,
    price: FloatArray,
    taken: FloatArray,
) -> float:
    """Serve every line by itself; add what it takes of each lot to ``taken``, and return the sum of the bounds on their values."""
    total, widest = 0.0, 1
    for j in range(len(line_start) - 1):
        widest = max(widest, group_start[line_start[j + 1]] - group_start[line_start[j]])
    margin, which = np.empty(widest), np.empty(widest, dtype=np.int64)
    for j in range(len(line_start) - 1):
        groups = group_start[line_start[j] : line_start[j + 1] + 1]
        total += _serve(groups, lot, gain, kg, rules[j], price, taken, margin, which)
    return total


@compiled
def _serve(
    groups: IntArray,
    lot: IntArray,
    gain: FloatArray,
    kg: FloatArray,
    rule: FloatArray,
    price: FloatArray,
    taken: FloatArray,
    margin: FloatArray,
    which: IntArray,
) -> float:
    """Serve one line whose suppliers' pairs begin at ``groups``; ``margin`` and ``which`` are working space."""
    n = len(groups) - 1
    value, mass = np.zeros(n), np.zeros(n)
    for k in range(n):
        value[k], mass[k] = _alone(groups[k], groups[k + 1], lot, gain, kg, price, rule[0])
        if mass[k] < rule[2]:
            value[k], mass[k] = 0.0, 0.0
    most = int(min(rule[1], n))
    if rule[3] > 0.0 and _largest(mass, most) < rule[3]:
        return 0.0
    best = np.argsort(-value)
    some = _open_all(groups, best[:most], value, lot, gain, price, margin, which)
    together = _fill_up(margin, which, some, lot, kg, rule[0], taken)
    if most == n:
        return together
    # The suppliers that are best alone need not be best together: the bound takes the smaller of two that hold.
    some = _open_all(groups, best, value, lot, gain, price, margin, which)
    return min(float(value[best[:most]].sum()), _fill_up(margin, which, some, lot, kg, rule[0], taken[:0]))


@compiled
def _alone(start: int, end: int, lot: IntArray, gain: FloatArray, kg: FloatArray, price: FloatArray, room: float) -> tuple[float, float]:
    """What one supplier could earn on a line alone, and the mass that it could bring at all."""
    value, mass, left = 0.0, 0.0, room
    best = -1
    done = np.zeros(end - start, dtype=np.bool_)
    for k in range(start, end):
        mass += kg[lot[k]]
    for _ in range(end - start):
        best, top = -1, 0.0
        for k in range(start, end):
            if not done[k - start] and gain[k] - price[lot[k]] > top:
                best, top = k, gain[k] - price[lot[k]]
        if best < 0 or left <= 0.0:
            break
        done[best - start] = True
        part = min(left, kg[lot[best]])
        value += part * top
        left -= part
    return value, min(mass, room)


@compiled
def _largest(mass: FloatArray, most: int) -> float:
    """Sum of the ``most`` largest masses."""
    return float(-np.sort(-mass)[:most].sum())


@compiled
def _open_all(
    groups: IntArray,
    chosen: IntArray,
    value: FloatArray,
    lot: IntArray,
    gain: FloatArray,
    price: FloatArray,
    margin: FloatArray,
    which: IntArray,
) -> int:
    """List the pairs of some suppliers that gain something; return how many there are."""
    some = 0
    for k in chosen:
        if value[k] <= 0.0:
            continue
        for pair in range(groups[k], groups[k + 1]):
            rest = gain[pair] - price[lot[pair]]
            if rest > 0.0:
                margin[some], which[some] = rest, pair
                some += 1
    return some


@compiled
def _fill_up(margin: FloatArray, which: IntArray, n: int, lot: IntArray, kg: FloatArray, room: float, taken: FloatArray) -> float:
    """Fill a line with the best of ``n`` pairs; ``taken`` may be empty."""
    value, left = 0.0, room
    for k in np.argsort(-margin[:n]):
        part = min(left, kg[lot[which[k]]])
        value += part * margin[k]
        left -= part
        if len(taken):
            taken[lot[which[k]]] += part
        if left <= 0.0:
            break
    return value
