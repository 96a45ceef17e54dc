"""Turn a mask of broken rows into violations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import BoolArray


def flag(code: str, broken: BoolArray, where: Callable[[int], str], detail: Callable[[int], str] = lambda _: "") -> list[Violation]:
    """Return one violation for each True row.

    Parameters
    ----------
    broken : rows that break the rule, shape (n,).
    where, detail : name the things concerned and the figures that show the breach, given the row.
    """
    return [Violation(code, where(row), detail(row)) for row in np.flatnonzero(broken).tolist()]
