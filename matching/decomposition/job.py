"""One part's search: everything that a worker needs, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import BoolArray, FloatArray, IntArray, Problem
from matching.search.trips.columns import TRIP_COST
from matching.search.trips.conversion import plan_of
from matching.search.trips.improver import Cooling, Improver
from matching.search.trips.instance import Layout, Surroundings
from matching.search.trips.planner import lay_out

POLISHING_S = 30.0
"""How long the volumes of a part may take to be made best for its trips: far more than they need."""


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
    only : pairs (lot × n_lines + line) that new trips may serve; all where it is None.
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
    only: IntArray | None = None

    def work(self, stopped: Callable[[], bool] | None = None) -> Outcome:
        """Plan the part; the same job gives the same outcome unless it is stopped."""
        return work(self, stopped)


@dataclass(frozen=True, eq=False)
class Outcome:
    """Trips of a part, and the iterations that were made."""

    plan: Plan
    iterations: int


def work(job: Job, stopped: Callable[[], bool] | None = None) -> Outcome:
    """Plan a part; the same job gives the same outcome unless it is stopped."""
    layout = lay_out(job.problem, lambda lot, line: job.lot_price[lot] + job.line_price[line], direct=job.direct, only=job.only)
    layout = layout._replace(surroundings=_surroundings(job, layout))
    improver = Improver(layout, seed=job.seed, cores=1)
    if job.plan is None:
        improver.first()
    else:
        improver.resume(job.problem, job.plan)
    is_over = stopped or (lambda: False)
    done = _improved(improver, job, is_over)
    if done and not is_over():
        improver.polish(POLISHING_S)
    improver.finish()
    return Outcome(plan_of(job.problem, layout, improver.best), done)


def _surroundings(job: Job, layout: Layout) -> Surroundings:
    first, days = int(layout.horizon[2]), int(layout.horizon[0])
    tables = (job.others.trips, job.others.calls, job.others.flow_kg)
    trips, calls, flow = (_window(table, job.others.first_day, first, days) for table in tables)
    return Surroundings(trips.astype(np.int64), calls.astype(np.int64), flow, job.lot_locked, job.line_locked)


def _improved(improver: Improver, job: Job, stopped: Callable[[], bool]) -> int:
    """Improve the trips while the temperature falls; return the number of iterations."""
    cost, done = improver.best.trip_real[:, TRIP_COST], 0
    mean = float(cost[cost > 0].mean()) if (cost > 0).any() else 1e5
    cooling = Cooling(job.hot * mean, job.cold * mean)
    while done < job.iterations and not stopped():
        done += max(1, improver.round(done / job.iterations, 0.1, cooling, stopped, 1))
    return done


def _window(table: IntArray | FloatArray, table_first: int, first: int, days: int) -> FloatArray:
    """Cut ``days`` columns from date ``first`` on out of a table; dates that it does not know are zero."""
    made = np.zeros((len(table), days))
    start, end = max(first, table_first), min(first + days, table_first + table.shape[1])
    if end > start:
        made[:, start - first : end - first] = table[:, start - table_first : end - table_first]
    return made
