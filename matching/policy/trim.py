"""Trimming a plan until it keeps the cap: a start that is sound before any search has found a better one.

While a supplier sells more than its cap of what would be left of the plan, kilograms of one of its loads are taken off, or the whole load
where a minimum leaves no part of it: always where least is lost for each kilogram. What then falls below a minimum goes, too. The cap
shrinks with the plan, so a plan whose other suppliers sell too little comes to nothing.
"""

from __future__ import annotations

import numpy as np

from matching.model.plan import CARRIER, Plan
from matching.model.problem import PIN, FloatArray, IntArray, Problem
from matching.policy.goals import Yardsticks
from matching.replanning.minimums import minimums, short_of_minimums
from matching.replanning.unloading import unloaded
from matching.search.plan_ops import allocations_on, first_days


def trimmed(yard: Yardsticks, plan: Plan, frozen_until_day: int | None = None) -> Plan:
    """Return the plan without what suppliers sell beyond the cap; the plan itself where that is nothing.

    Parameters
    ----------
    frozen_until_day : trips that begin before this date keep their loads; None for none. With them, and with pins, a supplier may stay
        beyond the cap.
    """
    if yard.policy.cap_pct is None or not yard.excess_kg(plan).any():
        return plan
    loads = _Loads(yard, plan, frozen_until_day)
    while loads.take_off():
        loads.drop_what_misses_minimums()
    return unloaded(yard.problem, plan, loads.kg)


class _Loads:
    """The loads of a plan, some of which are taken off; ``kg`` of each is what is left of it, shape (n_allocations,)."""

    def __init__(self, yard: Yardsticks, plan: Plan, frozen_until_day: int | None) -> None:
        problem, a = yard.problem, plan.allocations
        lots, lines, width = problem.lots, problem.lines, max(1, problem.n_lines)
        self._yard, self._plan, self.kg = yard, plan, a.kg.copy()
        self._supplier = lots.supplier[a.lot]
        self._gain = lines.bid_vnd_per_kg[a.line] + lines.short_vnd_per_kg[a.line] - lots.ask_vnd_per_kg[a.lot]
        self._held = allocations_on(plan, first_days(plan) < frozen_until_day) if frozen_until_day is not None else a.kg < 0
        self._minimums = minimums(problem, a)
        self._pair = np.unique(a.lot * width + a.line, return_inverse=True)[1]
        self._pinned_kg = _pinned_kg(problem, a.lot * width + a.line)

    def take_off(self) -> bool:
        """Take kilograms off one load of the supplier furthest beyond the cap; tell whether there was any to take."""
        sold = np.zeros(len(self._yard.floor_kg), dtype=np.int64)
        np.add.at(sold, self._supplier, self.kg)
        over = sold - self._yard.cap_kg(self._yard.settled_kg(int(self.kg.sum()), sold))
        for supplier in np.argsort(-over, kind="stable")[: np.count_nonzero(over > 0)].tolist():
            parts = self._parts(int(over[supplier]))
            rows = np.flatnonzero((self._supplier == supplier) & (parts > 0))
            if len(rows):
                row = int(rows[np.argmin(self._loss_vnd(parts)[rows] / np.minimum(parts, over[supplier])[rows])])
                self.kg[row] -= parts[row]
                return True
        return False

    def _parts(self, over_kg: int) -> IntArray:
        """Kilograms to take off each load, shape (n_allocations,): what is too much, less for a minimum's sake, or else all; 0 for none."""
        spare = np.minimum(self.kg, over_kg)
        for one in self._minimums:
            spare = np.minimum(spare, one.together(self.kg) - one.least_kg)
        parts = np.where(spare > 0, spare, self.kg)
        free = self._together(self._pair) - self._pinned_kg
        pinned = np.where(spare > 0, np.minimum(parts, free), np.where(free >= self.kg, parts, 0))
        return np.where(self._held, 0, np.maximum(0, np.where(self._pinned_kg > 0, pinned, parts)))

    def _together(self, place: IntArray) -> IntArray:
        """Kilograms that are left of all loads of the same lot, line or pair as each, shape (n_allocations,)."""
        return np.bincount(place, weights=self.kg).astype(np.int64)[place]

    def _loss_vnd(self, parts: IntArray) -> FloatArray:
        """Return what the plan is worth less without a part of each load, đồng, shape (n_allocations,).

        A truck is saved with its last load; carriers are paid by the kilogram.
        """
        legs, trips, gone = self._plan.legs, self._plan.trips, parts == self.kg
        n, riding = len(trips.vehicle), self.kg[legs.allocation] > 0
        loads, carried = np.bincount(legs.trip[riding], minlength=n), trips.vehicle == CARRIER
        kg = np.bincount(legs.trip, weights=self._plan.allocations.kg[legs.allocation], minlength=n)
        alone = gone[legs.allocation] & (loads[legs.trip] == 1)
        part = np.where(carried[legs.trip], parts[legs.allocation] / np.maximum(1, kg[legs.trip]), alone)
        saved = np.bincount(legs.allocation, weights=part * trips.cost_vnd[legs.trip], minlength=len(parts))
        return parts * self._gain - saved

    def drop_what_misses_minimums(self) -> None:
        """Take off all loads of a lot, a line, or a supplier at a line, whose kilograms are fewer than its minimum."""
        while True:
            missing = short_of_minimums(self._minimums, self.kg) & (self.kg > 0) & ~self._held
            if not missing.any():
                return
            self.kg[missing] = 0


def _pinned_kg(problem: Problem, pair: IntArray) -> IntArray:
    """Kilograms that brokers have pinned of the pair of each load, shape (n_allocations,)."""
    d, width = problem.decisions, max(1, problem.n_lines)
    kg = np.zeros(len(pair), dtype=np.int64)
    for row in np.flatnonzero(d.kind == PIN).tolist():
        kg[pair == d.lot[row] * width + d.line[row]] = d.kg[row]
    return kg
