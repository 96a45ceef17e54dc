"""`DecompositionPlanner`: as `matching.search.trips.planner.TripPlanner`, for problems too large to lay out whole.

Each pass divides the trips, lots and lines anew, hands every part to a worker with the trips that it has, and puts the plan together from
what comes back. Lots and lines without a rule of their own may lie in several parts, each with a share of the kilograms; what a lot or line
with a rule has in several parts stays as it is. A pass thus ends with a feasible plan, whatever part of it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from matching.decomposition.division import Cut
from matching.decomposition.job import PartJob
from matching.executors import Executor
from matching.model.plan import Plan
from matching.model.problem import FloatArray, IntArray, Problem
from matching.model.subset import Subset
from matching.search.plan_ops import combine_plans, empty_plan, out_of_subset, worth_vnd
from matching.search.subproblem import Subproblem
from matching.search.subproblem_search import Schedule
from matching.volumes.relaxation import Flows, solve_volumes

MOST_SITES, MOST_ROWS = 2_500, 12_000
"""Problems with more sites, or more lots and lines, are planned in parts."""
ROWS_PER_PART = 2_500
ITERATIONS_PER_ROW, VISIT_PER_ROW = 400, 8
GUIDING_RATE = 2.0
"""Real trips cost about so much more than full trucks; the flows that guide the first division pay for it."""
OPENING = 0.08
"""Share of a search after which all pairs are open, where it began with those of an outline."""
FIRST_HOT_SHARE, HOT_SHARE, COLD_SHARE = 0.4, 0.2, 0.004
"""Temperatures as shares of what a trip costs on the average."""


class Volumes(NamedTuple):
    """The volumes relaxation's flows, and what a kilogram of each lot and line is worth elsewhere, đồng per kg."""

    flows: Flows
    lot_price: FloatArray
    line_price: FloatArray


def guiding_volumes(problem: Problem, *, workers: int) -> Volumes:
    """Solve the volumes relaxation on the clock, with haulage at about what it costs in real trips."""
    v = problem.vehicles
    dearer = v.replace(fixed_vnd=np.rint(v.fixed_vnd * GUIDING_RATE).astype(np.int64), band_vnd_per_km=v.band_vnd_per_km * GUIDING_RATE)
    made = solve_volumes(problem.replace(vehicles=dearer), on_the_clock=True, workers=workers)
    return Volumes(made.flows, made.lot_price, made.line_price + problem.lines.short_vnd_per_kg)


def is_large(problem: Problem) -> bool:
    """Whether a problem is to be planned in parts."""
    return problem.n_sites > MOST_SITES or problem.n_lots + problem.n_lines > MOST_ROWS


class DecompositionPlanner:
    """A search under way.

    Attributes
    ----------
    iterations : made so far.
    rounds : parts visited so far.
    own_limit : iterations after which the search ends by itself.
    worth_vnd : worth of the best plan so far.
    """

    def __init__(
        self,
        problem: Problem,
        volumes: Volumes,
        executor: Executor,
        *,
        seed: int,
        direct: bool = False,
        warm_start: Plan | None = None,
        rows_per_part: int = ROWS_PER_PART,
        pairs: IntArray | None = None,
    ) -> None:
        """Begin a search.

        Parameters
        ----------
        pairs : lot × n_lines + line of the pairs of an outline, ascending, with which alone it begins; all by default.
        """
        self.problem, self._volumes, self._executor = problem, volumes, executor
        self._seed, self._direct, self._pairs = seed, direct, pairs
        rows = problem.n_lots + problem.n_lines
        self._n_parts = max(1, round(rows / rows_per_part))
        self.iterations = self.rounds = self._turn = 0
        self.own_limit = ITERATIONS_PER_ROW * rows
        self._plan = empty_plan() if warm_start is None else warm_start
        self.worth_vnd = worth_vnd(problem, self._plan)

    def plan(self) -> Plan:
        """Return the best plan so far."""
        return self._plan

    def improve(self, progress: float, expired: Callable[[], bool]) -> None:
        """Plan every part once; ``progress`` in [0, 1] says how far the search is."""
        if progress >= OPENING and self._turn > 0:
            self._pairs = None
        rng = np.random.default_rng((self._seed, self._turn))
        cut = Cut(self.problem, self._plan, self._volumes.flows, self._n_parts, self._turn, rng)
        rows: dict[int, Subset] = {}
        plans = [cut.own_plan(number) for number in range(cut.n_parts)]
        for number, outcome in self._executor.run(self._jobs(cut, progress, rows, rng), expired):
            plans[number] = out_of_subset(outcome.plan, rows.pop(number))
            self.iterations += max(1, outcome.iterations)
            self.rounds += 1
        joined = combine_plans(self.problem, *plans)
        worth = worth_vnd(self.problem, joined)
        if worth > self.worth_vnd or self._turn == 0:
            self._plan, self.worth_vnd = joined, worth
        self._turn += 1

    def _jobs(self, cut: Cut, progress: float, rows: dict[int, Subset], rng: np.random.Generator) -> Iterator[PartJob]:
        """Make the jobs one by one, as workers come free; ``rows`` receives where their rows stand in the whole."""
        seeds = rng.integers(1, 2**62, size=cut.n_parts)
        hot = HOT_SHARE * (COLD_SHARE / HOT_SHARE) ** min(1.0, progress) if self._pairs is None else FIRST_HOT_SHARE
        for number in range(cut.n_parts):
            part = cut.part(number)
            rows[number] = part.rows
            yield self._job(part, int(seeds[number]), max(hot, COLD_SHARE))

    def _job(self, part: Subproblem, seed: int, hot: float) -> PartJob:
        made, only = part.problem, self._only(part)
        iterations = 0 if part.plan is None and only is None else VISIT_PER_ROW * (made.n_lots + made.n_lines)
        return PartJob(
            sub=part,
            lot_price=self._volumes.lot_price[part.rows.lots],
            line_price=self._volumes.line_price[part.rows.lines],
            direct=self._direct,
            seed=seed,
            schedule=Schedule(iterations, hot, COLD_SHARE),
            only=only,
        )

    def _only(self, part: Subproblem) -> IntArray | None:
        """Pairs of the outline in the numbers of a part."""
        if self._pairs is None:
            return None
        lot, line = np.divmod(self._pairs, max(1, self.problem.n_lines))
        lots, lines = part.rows.lots, part.rows.lines
        kept = np.isin(lot, lots) & np.isin(line, lines)
        return np.searchsorted(lots, lot[kept]) * max(1, len(lines)) + np.searchsorted(lines, line[kept])
