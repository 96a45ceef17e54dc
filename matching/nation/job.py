"""One part's search: everything that a worker needs, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.plan import Plan
from matching.problem import BoolArray, FloatArray, IntArray, Problem
from matching.trips import columns as col
from matching.trips._core import Arena, State, build, copy_all, improve, sweep
from matching.trips.arena import Layout
from matching.trips.harvest import plan_of
from matching.trips.improver import make_scratch
from matching.trips.parts import Desk
from matching.trips.planner import lay_out
from matching.trips.state import empty_state
from matching.trips.warm import load_plan

CHUNK = 500
"""Iterations between two looks at whether to stop."""
RUIN_SIZE = 12.0
ALPHAS = (0.0, 0.5, 0.9)


@dataclass(frozen=True, eq=False)
class Others:
    """What the rest of the plan uses of things that all parts share, by date from ``first_day`` on.

    Attributes
    ----------
    first_day : date of the first column.
    trips : trips of each class, or more, so that only this part's share is left; shape (n_classes, n_days).
    calls : stops at each site, then consignments on each road, shape (n_sites + n_roads, n_days).
    flow_kg : kilograms that count for throughput, then for capacity; the same shape.
    """

    first_day: int
    trips: IntArray
    calls: IntArray
    flow_kg: FloatArray


@dataclass(frozen=True, eq=False)
class Job:
    """A part to plan.

    Attributes
    ----------
    lot_price, line_price : worth elsewhere, đồng per kg, shapes (n_lots,) and (n_lines,).
    plan : trips to start from, or None to build first ones.
    lot_locked, line_locked : whose trips stay as they are, because other parts serve them too under the same rule.
    hot, cold : temperatures as shares of what a trip costs on the average.
    """

    problem: Problem
    lot_price: FloatArray
    line_price: FloatArray
    plan: Plan | None
    lot_locked: BoolArray
    line_locked: BoolArray
    others: Others
    direct: bool
    seed: int
    iterations: int
    hot: float
    cold: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """Trips of a part, and the iterations that were made."""

    plan: Plan
    iterations: int


def work(job: Job, stopped: Callable[[], bool] | None = None) -> Outcome:
    """Plan a part; the same job gives the same outcome unless it is stopped."""
    layout = lay_out(job.problem, lambda lot, line: job.lot_price[lot] + job.line_price[line], direct=job.direct)
    bench = _Bench(job, layout)
    if job.plan is None:
        bench.build()
    else:
        bench.load(job.plan)
    done = bench.anneal(stopped or (lambda: False))
    return Outcome(bench.harvest(), done)


class _Bench:
    """The states of one job."""

    def __init__(self, job: Job, layout: Layout) -> None:
        self.job, self.layout, self.arena = job, layout, Arena(layout)
        self.scratch = make_scratch(layout, job.seed)
        self._n = (job.problem.n_lots + job.problem.n_lines // 2 + 32, 2 * job.problem.n_lots + 2 * job.problem.n_lines + 64)
        self.now, self.best = self._desk(), self._desk()

    def _desk(self) -> Desk:
        """Return empty books in which the other parts' use of shared things is entered."""
        books, job = empty_state(self.layout, *self._n), self.job
        first, days = int(self.layout.horizon[2]), int(self.layout.horizon[0])
        books.used[:] = _window(job.others.trips, job.others.first_day, first, days)
        books.calls[:] = _window(job.others.calls, job.others.first_day, first, days)
        books.flow[:] = _window(job.others.flow_kg, job.others.first_day, first, days)
        return Desk(books, State(books))

    def build(self) -> None:
        """Build first trips greedily, at several weights on what lots and lines could earn elsewhere, and keep the best."""
        pinned = np.unique(self.layout.lane[self.layout.lane[:, col.LANE_PIN] >= 0, col.LANE_LINE])
        for alpha in ALPHAS:
            desk = self._desk()
            self._lock(desk)
            desk.books.line[pinned, col.FIRST] = 1
            build(self.arena, desk.state, self.scratch, alpha)
            if alpha == ALPHAS[0] or desk.books.worth[0] > self.best.books.worth[0]:
                copy_all(self.best.state, desk.state)
        copy_all(self.now.state, self.best.state)

    def load(self, plan: Plan) -> None:
        """Begin with the trips of a plan."""
        self._lock(self.now)
        load_plan(self.job.problem, self.layout, self.arena, self.now.state, self.scratch, plan)
        copy_all(self.best.state, self.now.state)

    def _lock(self, desk: Desk) -> None:
        desk.books.lot[:, col.LOCKED], desk.books.line[:, col.LOCKED] = self.job.lot_locked, self.job.line_locked

    def anneal(self, stopped: Callable[[], bool]) -> int:
        """Improve the trips while the temperature falls; return the number of iterations."""
        spare, best, done, total = self._desk(), self._desk(), 0, self.job.iterations
        cost = self.now.books.trip_real[:, col.TRIP_COST]
        mean = float(cost[cost > 0].mean()) if (cost > 0).any() else 1e5
        hot, fall = self.job.hot * mean, self.job.cold / self.job.hot
        while done < total and not stopped():
            n = min(CHUNK, total - done)
            start, end = hot * fall ** (done / total), hot * fall ** ((done + n) / total)
            improve(self.arena, self.now.state, spare.state, best.state, self.scratch, n, start, end, RUIN_SIZE)
            if best.books.worth[0] > self.best.books.worth[0] + 0.5:
                copy_all(self.best.state, best.state)
            done += n
        return done

    def harvest(self) -> Plan:
        """Return the best trips as a plan, those that cost more than they bring given up where that pays."""
        copy_all(self.now.state, self.best.state)
        sweep(self.arena, self.now.state, self.scratch)
        kept = self.now if self.now.books.worth[0] > self.best.books.worth[0] else self.best
        return plan_of(self.job.problem, self.layout, kept.books)


def _window(table: IntArray | FloatArray, table_first: int, first: int, days: int) -> FloatArray:
    """Cut ``days`` columns from date ``first`` on out of a table; dates that it does not know are zero."""
    made = np.zeros((len(table), days))
    start, end = max(first, table_first), min(first + days, table_first + table.shape[1])
    if end > start:
        made[:, start - first : end - first] = table[:, start - table_first : end - table_first]
    return made
