"""The best load of one trip: a small dense linear program, maximise gain · x with A x ≤ b, 0 ≤ x ≤ most, where b is never below 0.

The bound is worked out from the row prices at the end alone, so that it holds however the steps were rounded.
"""

from __future__ import annotations

import numpy as np

from matching.compiled import compiled
from matching.model.problem import FloatArray

MOST_STEPS = 400
TINY = 1e-9


@compiled
def _entering(t: FloatArray, m: int, width: int, cautious: bool) -> int:
    """Column that gains most by entering, or the first one that gains, or -1."""
    best, column = TINY, -1
    for j in range(width):
        if t[m, j] > best:
            best, column = t[m, j], j
            if cautious:
                return column
    return column


@compiled
def _leaving(t: FloatArray, m: int, width: int, column: int) -> int:
    """Row whose variable falls to nothing first, or -1."""
    best, row = np.inf, -1
    for i in range(m):
        if t[i, column] > TINY and t[i, width] / t[i, column] < best:
            best, row = t[i, width] / t[i, column], i
    return row


@compiled
def best_load(matrix: FloatArray, limit: FloatArray, most: FloatArray, gain: FloatArray, load: FloatArray) -> float:  # noqa: C901
    """Fill ``load`` with a best load and return a bound on the value of every load.

    Parameters
    ----------
    matrix, limit : rows and what they stay within, shape (m, n) and (m,); each variable's own limit is a row too.
    most, gain, load : shape (n,).
    """
    m, n = matrix.shape
    width = n + m
    t = np.zeros((m + 1, width + 1))
    basis = np.zeros(m, dtype=np.int64)
    for i in range(m):
        t[i, :n] = matrix[i]
        t[i, n + i], t[i, width] = 1.0, limit[i]
        basis[i] = n + i
    t[m, :n] = gain
    for step in range(MOST_STEPS):
        column = _entering(t, m, width, step > MOST_STEPS // 2)
        row = _leaving(t, m, width, column) if column >= 0 else -1
        if row < 0:
            break
        t[row] /= t[row, column]
        for i in range(m + 1):
            if i != row and t[i, column] != 0.0:
                t[i] -= t[i, column] * t[row]
        basis[row] = column
    load[:] = 0.0
    for i in range(m):
        if basis[i] < n:
            load[basis[i]] = max(0.0, t[i, width])
    bound = 0.0
    for i in range(m):
        bound += max(0.0, -t[m, n + i]) * limit[i]
    for j in range(n):
        left = gain[j]
        for i in range(m):
            left -= max(0.0, -t[m, n + i]) * matrix[i, j]
        bound += max(0.0, left) * most[j]
    return bound
