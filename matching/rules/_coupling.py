"""Rows that a rule couples: a search that changes only some trips of such a row may break the rule for the others."""

from __future__ import annotations

import numpy as np

from matching.model.problem import BoolArray, IntArray, Problem
from matching.rules import indivisible, max_suppliers, min_fill, min_supplier, min_take

LOT_RULES = (min_take, indivisible)
LINE_RULES = (min_fill, min_supplier, max_suppliers)


def coupled_lots(problem: Problem) -> BoolArray:
    """Tell which lots any rule couples, shape (n_lots,)."""
    return np.asarray(np.logical_or.reduce([rule.couples(problem) for rule in LOT_RULES]))


def coupled_lines(problem: Problem) -> BoolArray:
    """Tell which lines any rule couples, shape (n_lines,)."""
    return np.asarray(np.logical_or.reduce([rule.couples(problem) for rule in LINE_RULES]))


def suppliers_left(problem: Problem, n_suppliers: IntArray) -> IntArray:
    """Return how many suppliers each line admits beside the ``n_suppliers`` that serve it, shape (n_lines,)."""
    return max_suppliers.slack(problem, n_suppliers)
