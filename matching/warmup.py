"""Have every compiled loop on disk before the first plan: `python -m matching.warmup FOLDER`.

A loop is compiled when it is first called, for the kinds of arrays that it is called with. So a whole problem, read from a folder
or workbook in the exchange format, goes once through all that may be asked of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from matching.bounds import prove
from matching.bounds.whole_trips import whole_trip_bounds
from matching.carrier_flow.spanning_tree import SLACK, descend, wander
from matching.decomposition.bound import find_pairs, lagrangian_bound
from matching.io import read_problem
from matching.model.problem import DEPOT, HUB, Problem
from matching.model.subset import subset
from matching.solver import Limits, Mode, SolveParams, solve
from matching.volumes.relaxation import relaxation_bound

ITERATIONS = 5_000
"""Enough to keep the pins of a season, which are bad input where no plan keeps them."""

MOST_ROWS, PATIENCE = 60, 2000
"""Lots and lines that a proof is tried on, few enough for all its steps, and how often it may ask whether to go on."""


def warm_up(problem: Problem) -> None:
    """Plan a problem, with trips and without; what is found is not kept."""
    relaxation_bound(problem)
    few = subset(problem, np.arange(min(MOST_ROWS, problem.n_lots)), np.arange(min(MOST_ROWS, problem.n_lines))).problem
    countdown = iter(range(PATIENCE, 0, -1))
    prove(few, seconds_left=lambda: float(next(countdown, 0)), incumbent=lambda: 0, on_bound=lambda bound: None)
    # A problem with hubs does not come to the bound that knows whole trips.
    kinds = np.where(few.sites.kind == HUB, DEPOT, few.sites.kind)
    for _ in whole_trip_bounds(few.replace(sites=few.sites.replace(kind=kinds)), lambda: 1.0, lambda: 0, most_nodes=3):
        pass
    lagrangian_bound(few, find_pairs(few), np.zeros(few.n_lots), expired=lambda: False, steps=2)
    _exchange_trees()
    modes: tuple[Mode, ...] = ("none", "full")
    for trips in modes:
        solve(problem, SolveParams(Limits(seconds=None, iterations=ITERATIONS), trips=trips), stopwatch=lambda: 0.0)


def _exchange_trees() -> None:
    """One lot and one line, both hanging on the root; few seasons have nothing but carriers."""
    ends, money, tree = np.array([[0, 1]]), np.array([[2.0, 1.0]]), np.array([[2, SLACK, 1, 5], [2, SLACK, 1, 5], [0, SLACK, 0, 0]])
    looked, state, worth = np.array([0]), np.ones(1, dtype=np.uint64), descend(ends, money, 1, tree, np.array([0]), np.int64(0))
    wander(ends, money, 1, tree, looked, state, 1, 0.0, tree.copy(), worth, worth)


if __name__ == "__main__":
    warm_up(read_problem(Path(sys.argv[1])))
