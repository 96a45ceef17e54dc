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
from matching.model.problem import DEPOT, HUB, IntArray, Problem
from matching.model.subset import subset
from matching.pairs.screening import hours_missing, market
from matching.solver import Limits, Mode, SolveParams, solve
from matching.volumes.relaxation import relaxation_bound

ITERATIONS = 5_000
"""Enough to keep the pins of a season, which are bad input where no plan keeps them."""

MOST_ROWS, PATIENCE = 60, 2000
"""Lots and lines that a proof is tried on, few enough for all its steps, and how often it may ask whether to go on."""


FEW_SITES, MOST_STOPS = 6, 10
"""Sites of suppliers, and of buyers, for trips of many stops."""


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
    # Trips with more stops than their orders are tried for are listed without the clock.
    for _ in whole_trip_bounds(_many_stops(problem), lambda: 1.0, lambda: 0, most_nodes=3):
        pass
    rows = np.arange(min(few.n_lots, few.n_lines))
    hours_missing(market(few, 1, on_the_clock=True), rows, rows)
    lagrangian_bound(few, find_pairs(few), np.zeros(few.n_lots), expired=lambda: False, steps=2)
    _exchange_trees()
    modes: tuple[Mode, ...] = ("none", "full")
    for trips in modes:
        solve(problem, SolveParams(Limits(seconds=None, iterations=ITERATIONS), trips=trips), stopwatch=lambda: 0.0)


def _many_stops(problem: Problem) -> Problem:
    """Return a few lots and lines of one product at different sites, on one day and of any grade, on trucks that stop often."""
    product = int(np.bincount(problem.lots.product).argmax())
    lines = np.repeat(np.arange(problem.n_lines), np.diff(problem.lines.product_start))[problem.lines.product == product]
    lots = np.flatnonzero(problem.lots.product == product)
    least = subset(problem, _one_for_each(problem.lots.site, lots), _one_for_each(problem.lines.site, lines)).problem
    first = least.horizon_from_day
    return least.replace(
        sites=least.sites.replace(kind=np.where(least.sites.kind == HUB, DEPOT, least.sites.kind)),
        vehicles=least.vehicles.replace(max_stops=np.full_like(least.vehicles.max_stops, MOST_STOPS)),
        lots=least.lots.replace(from_day=np.full(least.n_lots, first), until_day=np.full(least.n_lots, first)),
        lines=least.lines.replace(
            from_day=np.full(least.n_lines, first),
            until_day=np.full(least.n_lines, first),
            max_grade=np.full(least.n_lines, int(least.lots.grade.max(initial=1))),
            require_start=np.zeros(least.n_lines + 1, dtype=np.int64),
            require_scheme=np.zeros(0, dtype=np.int64),
            require_level=np.zeros(0, dtype=np.int64),
        ),
    )


def _one_for_each(site: IntArray, rows: IntArray) -> IntArray:
    """Return the first of some rows at each of a few sites."""
    return np.sort(rows[np.unique(site[rows], return_index=True)[1][:FEW_SITES]])


def _exchange_trees() -> None:
    """One lot and one line, both hanging on the root; few seasons have nothing but carriers."""
    ends, money, tree = np.array([[0, 1]]), np.array([[2.0, 1.0]]), np.array([[2, SLACK, 1, 5], [2, SLACK, 1, 5], [0, SLACK, 0, 0]])
    looked, state, worth = np.array([0]), np.ones(1, dtype=np.uint64), descend(ends, money, 1, tree, np.array([0]), np.int64(0))
    wander(ends, money, 1, tree, looked, state, 1, 0.0, tree.copy(), worth, worth)


if __name__ == "__main__":
    warm_up(read_problem(Path(sys.argv[1])))
