"""Solving again around one lot or line: a small part of the plan is taken apart, planned anew, and put back into a complete plan.

A small problem is its own part. In a large one the part is the trips that serve the counterparts of the lot or line, with all that rides
on them, and open goods that could ride along; the rest of the plan stays, with the trucks, docks and openings that it uses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.explain.context import PlanContext
from matching.explain.pairs import PRICED, find_pairs
from matching.model.plan import LOT, Plan
from matching.model.problem import BoolArray, FloatArray, IntArray, Problem
from matching.search.plan_ops import hub_trips, keep_trips
from matching.search.subproblem import Subproblem, free_trips, with_quantities
from matching.search.subproblem_search import Schedule, SubproblemSearch
from matching.verify import verify
from matching.volumes.relaxation import solve_volumes

WHOLE_ROWS = 420
"""Lots and lines up to which a problem is its own part."""
MOST_LINES, MOST_LOTS, MOST_TRIPS, MOST_OPEN = 8, 16, 16, 60
"""Counterparts, trips and open lots of a part of a larger problem."""
HOT, COLD = 0.25, 0.004
"""Temperatures as shares of what a trip costs on the average."""


@dataclass(frozen=True)
class Found:
    """A complete plan that keeps every rule.

    Attributes
    ----------
    worth_vnd : what the verifier says that it is worth.
    kg : what it uses of the lot or line asked about.
    """

    plan: Plan
    worth_vnd: int
    kg: int


class Local:
    """The part of a plan around one lot or line.

    Attributes
    ----------
    used_kg : what the plan uses of the lot or line now.
    is_whole : whether the part is the whole problem.
    """

    def __init__(self, context: PlanContext, subject: str, row: int, lines: IntArray, lots: IntArray) -> None:
        """Choose the part; ``lines`` and ``lots`` are counterparts that must belong to it, the most promising first."""
        self.context, self.subject, self.row = context, subject, row
        self.used_kg = int(context.kg(subject)[row] - context.open_kg(subject)[row])
        self.is_whole = context.problem.n_lots + context.problem.n_lines <= WHOLE_ROWS
        plan = context.plan
        freed = self._freed(lines, lots)
        self._rest, self._own = keep_trips(plan, ~freed), keep_trips(plan, freed)
        self._lots, self._lines = self._rows(lines, lots)
        self._prices: tuple[FloatArray, FloatArray] | None = None

    def _freed(self, lines: IntArray, lots: IntArray) -> BoolArray:
        """Trips that may change; what changes trucks at a hub stays."""
        plan = self.context.plan
        hubs = hub_trips(plan)
        if self.is_whole:
            return np.asarray(~hubs)
        a, legs = plan.allocations, plan.legs
        freed = np.zeros(len(plan.trips.vehicle), dtype=np.bool_)
        for rows, chosen in ((a.line, lines), (a.lot, lots)):
            for one in chosen.tolist():
                more = np.unique(legs.trip[(rows == one)[legs.allocation]])
                more = more[~hubs[more]]
                if freed.sum() + len(more) <= MOST_TRIPS:
                    freed[more] = True
        return freed

    def _rows(self, lines: IntArray, lots: IntArray) -> tuple[IntArray, IntArray]:
        """Lots and lines of the part, ascending."""
        problem, own = self.context.problem, self._own.allocations
        if self.is_whole:
            return np.arange(problem.n_lots), np.arange(problem.n_lines)
        lines = np.union1d(lines, own.line)
        funnel, left = self.context.funnel, self.context.use.lot_open_kg
        near = np.flatnonzero(np.isin(funnel.lane_line, lines) & (left[funnel.lane_lot] > 0))
        near = near[np.argsort(-funnel.lane_gain[near], kind="stable")]
        _, first = np.unique(funnel.lane_lot[near], return_index=True)
        spare = funnel.lane_lot[near[np.sort(first)[:MOST_OPEN]]]
        lots = np.union1d(np.concatenate([lots, own.lot]), spare)
        # A certificate serves all lots of a supplier and product, so they must all be seen.
        party = problem.lots.supplier * len(problem.product_ids) + problem.lots.product
        mine = np.array([self.row]) if self.subject == LOT else lots
        lots = np.union1d(lots, np.flatnonzero(np.isin(party, party[mine])))
        return (lots, lines) if self.subject == LOT else (lots, np.union1d(lines, np.array([self.row])))

    def solve(
        self,
        problem: Problem,
        *,
        most_kg: int | None,
        iterations: int,
        seed: int,
        start: Plan | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Found | None:
        """Plan the part of a changed problem anew.

        Parameters
        ----------
        problem : of the same rows as the context's.
        most_kg : the lot or line may have no more than this in all, kg; None for as much as there is.
        start : a whole plan to begin with, found by an earlier call; the context's by default.
        stopped : asked often; once it is true nothing is found any more.

        Returns
        -------
        Found or None
            None where the plan that comes of it breaks a rule of the changed problem, or the search was stopped.
        """
        sub = free_trips(problem, self._rest, self._own if start is None else self._freed_of(start), self._lots, self._lines)
        if most_kg is not None:
            sub = self._limited(sub, most_kg)
        found = self._searched(sub, iterations, seed, stopped)
        if stopped():
            return None
        whole = sub.with_kept(problem, self._rest, found)
        verdict = verify(problem, whole)
        if not verdict.ok:
            return None
        kg = verdict.taken_kg if self.subject == LOT else verdict.filled_kg
        return Found(whole, verdict.objective_vnd, int(kg[self.row]))

    def _searched(self, sub: Subproblem, iterations: int, seed: int, stopped: Callable[[], bool]) -> Plan:
        if self._prices is None:
            volumes = solve_volumes(sub.problem, workers=1)
            self._prices = volumes.lot_price, volumes.line_price + sub.problem.lines.short_vnd_per_kg
        lot_price, line_price = self._prices
        search = SubproblemSearch(sub, seed=seed, lane_price=lambda lot, line: lot_price[lot] + line_price[line])
        search.run(Schedule(iterations, HOT, COLD), stopped)
        return search.plan()

    def _freed_of(self, plan: Plan) -> Plan:
        """Return the trips of a whole plan that the part may change: those after the kept ones."""
        return keep_trips(plan, np.arange(len(plan.trips.vehicle)) >= len(self._rest.trips.vehicle))

    def _limited(self, sub: Subproblem, most_kg: int) -> Subproblem:
        """Return the subproblem in which the whole plan may use at most ``most_kg`` of the lot or line."""
        p, a = sub.problem, self._rest.allocations
        is_lot = self.subject == LOT
        rows, kg = (self._lots, p.lots.kg.copy()) if is_lot else (self._lines, p.lines.kg.copy())
        kept_kg = int(a.kg[(a.lot if is_lot else a.line) == self.row].sum())
        place = int(np.searchsorted(rows, self.row))
        kg[place] = min(int(kg[place]), max(0, most_kg - kept_kg))
        lot_kg, line_kg = (kg, p.lines.kg) if is_lot else (p.lots.kg, kg)
        return dataclasses.replace(sub, rows=with_quantities(sub.rows, lot_kg, line_kg, p.decisions.kg))


def around(context: PlanContext, subject: str, row: int) -> Local:
    """Choose the part around a lot or line: its counterparts that come furthest, the best gain first."""
    pairs = find_pairs(context, subject, row)
    order = np.lexsort((-np.where(pairs.step >= PRICED, pairs.gain_vnd_per_kg, 0.0), -pairs.step))
    nearest = list(dict.fromkeys(pairs.other(subject)[order].tolist()))
    none = np.zeros(0, dtype=np.int64)
    if subject == LOT:
        return Local(context, subject, row, np.array(nearest[:MOST_LINES], dtype=np.int64), np.array([row]))
    return Local(context, subject, row, np.array([row]), np.array(nearest[:MOST_LOTS], dtype=np.int64) if nearest else none)
