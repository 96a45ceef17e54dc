"""Dividing bundles, lots and lines into parts of about equal size whose trips are close to each other in space and time.

The bundles are halved again and again across the direction in which they spread furthest (Bentley's k-d tree,
doi:10.1145/361002.361007). Each pass weighs pick-ups, deliveries and days differently and cuts at other places, so that the borders of one
pass lie inside the parts of another.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.decomposition.bundles import Bundles, places
from matching.model.problem import FloatArray, IntArray, Problem

KM_PER_DAY = 120.0
"""Kilometres that keep trips apart as well as a day does."""
WEIGHTS = ((0.15, 1.0, 1.0), (1.0, 0.15, 1.0), (0.5, 1.0, 0.3), (1.0, 0.5, 0.5), (0.6, 0.6, 1.5))
"""Of pick-ups, deliveries and days, pass by pass."""
JITTER = 0.12
NEIGHBOURS = 6


class Division(NamedTuple):
    """Who owns what; values are part numbers.

    Attributes
    ----------
    bundle : shape (n_bundles,).
    lot, line : part that may use what a lot or line has left, shape (n_lots,) and (n_lines,).
    """

    n_parts: int
    bundle: IntArray
    lot: IntArray
    line: IntArray


def divide(problem: Problem, bundles: Bundles, n_parts: int, turn: int, rng: np.random.Generator) -> Division:
    """Divide for pass number ``turn``."""
    pick, drop, day = WEIGHTS[turn % len(WEIGHTS)]
    scale = np.array([pick, pick, drop, drop, day * KM_PER_DAY])
    at = bundles.at * scale
    part = np.zeros(len(at), dtype=np.int64)
    weight = np.bincount(bundles.bundle, minlength=len(at)).astype(np.float64)
    _halve(at, weight, np.arange(len(at)), 0, n_parts, part, rng)
    lots, lines = problem.lots, problem.lines
    lot_at = np.column_stack([places(problem, lots.site), (lots.from_day + lots.until_day) / 2 * KM_PER_DAY])
    line_at = np.column_stack([places(problem, lines.site), (lines.from_day + lines.until_day) / 2 * KM_PER_DAY])
    days = bundles.at[:, 4:] * KM_PER_DAY
    share_part = part[bundles.bundle]
    return Division(
        n_parts,
        part,
        _owners(bundles.lot, share_part, bundles.kg, n_parts, _nearby(np.hstack([bundles.at[:, :2], days]), part, lot_at, rng)),
        _owners(bundles.line, share_part, bundles.kg, n_parts, _nearby(np.hstack([bundles.at[:, 2:4], days]), part, line_at, rng)),
    )


def _halve(at: FloatArray, weight: FloatArray, rows: IntArray, first: int, n_parts: int, part: IntArray, rng: np.random.Generator) -> None:
    """Number the parts of some bundles from ``first`` on."""
    if n_parts <= 1 or len(rows) <= 1:
        part[rows] = first
        return
    axis = int(np.argmax(np.ptp(at[rows], axis=0) * (0.7 + 0.6 * rng.random(at.shape[1]))))
    order = rows[np.argsort(at[rows, axis], kind="stable")]
    left = n_parts // 2
    share = left / n_parts * (1.0 + JITTER * (2.0 * rng.random() - 1.0))
    done = np.cumsum(weight[order])
    cut = int(np.searchsorted(done, share * done[-1]))
    _halve(at, weight, order[:cut], first, left, part, rng)
    _halve(at, weight, order[cut:], first + left, n_parts - left, part, rng)


def _nearby(at: FloatArray, part: IntArray, wanted: FloatArray, rng: np.random.Generator) -> IntArray:
    """Part of one of the bundles next to each wanted place and day."""
    if len(at) == 0:
        return np.zeros(len(wanted), dtype=np.int64)
    # Loading it takes as long as a tiny problem, which is never divided.
    from scipy.spatial import KDTree

    near = np.asarray(KDTree(at).query(wanted, k=np.arange(1, min(NEIGHBOURS, len(at)) + 1))[1])
    chosen = near[np.arange(len(wanted)), rng.integers(near.shape[1], size=len(wanted))]
    return part[chosen]


def _owners(owner: IntArray, part: IntArray, kg: IntArray, n_parts: int, otherwise: IntArray) -> IntArray:
    """Part that has most of each lot or line, the first of equals; ``otherwise`` where nobody has any."""
    pair, place = np.unique(owner * n_parts + part, return_inverse=True)
    total = np.bincount(place, weights=kg, minlength=len(pair))
    order = np.lexsort((pair % n_parts, -total, pair // n_parts))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = np.diff(pair[order] // n_parts) != 0
    best = pair[order][first]
    made = otherwise.copy()
    made[best // n_parts] = best % n_parts
    return made
