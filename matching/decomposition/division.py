"""One division of a whole plan into jobs: which lots, lines, trips and limits each part gets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.decomposition.bundles import bundles_of_flows, bundles_of_trips
from matching.decomposition.clustering import Division, divide
from matching.decomposition.job import Others
from matching.decomposition.open_pairs import find_leftovers
from matching.decomposition.plan_ops import into_part, take
from matching.decomposition.shared_limits import others_of, share_out, use_of
from matching.model.plan import Plan
from matching.model.problem import NO_HARVEST, NO_LIMIT, PIN, BoolArray, Decisions, FloatArray, IntArray, Problem
from matching.model.subset import Subset, subset
from matching.volumes.relaxation import Flows

LEFTOVER_RATE = 2.0
"""Trips with goods that were left so far cost about so much more than full trucks."""


class Part(NamedTuple):
    """What a job is made of; ``plan`` is numbered as the part is, or None where there are no trips yet."""

    rows: Subset
    plan: Plan | None
    lot_locked: BoolArray
    line_locked: BoolArray
    others: Others


class _Side(NamedTuple):
    """How the kilograms of all lots, or of all lines, are shared by the parts."""

    kg: IntArray  # (n,) of the whole
    owner: IntArray  # (n,) part that may use what is left
    left: IntArray  # (n,) kg in no bundle
    locked: BoolArray  # (n,) several parts have some, and a rule binds them
    pair: IntArray  # row × n_parts + part, ascending, of those that have some
    pair_kg: IntArray  # kg of each


class Cut:
    """A division of a plan.

    Attributes
    ----------
    trips : rows of each part's trips.
    """

    def __init__(self, problem: Problem, plan: Plan, flows: Flows, n_parts: int, turn: int, rng: np.random.Generator) -> None:
        self.problem, self.plan, self.n_parts = problem, plan, n_parts
        self._is_first = len(plan.trips.vehicle) == 0
        if self._is_first:
            bundles, trip_bundle = bundles_of_flows(problem, flows), np.zeros(0, dtype=np.int64)
        else:
            bundles, trip_bundle = bundles_of_trips(problem, plan)
        division = divide(problem, bundles, n_parts, turn, rng)
        trip_part = division.bundle[trip_bundle]
        self.trips = [np.flatnonzero(trip_part == number) for number in range(n_parts)]
        part = division.bundle[bundles.bundle]
        lots, lines = problem.lots, problem.lines
        lot_rule = (lots.min_take_kg > 0) | lots.indivisible
        line_rule = (lines.min_fill_kg > 0) | (lines.min_supplier_kg > 0) | (lines.max_suppliers < NO_LIMIT)
        # Before there are trips a line lies in one part, and so does a lot with a rule; other lots are shared as the flows share them.
        line_kg = np.zeros_like(bundles.kg) if self._is_first else bundles.kg
        in_one_part = lot_rule | (lots.harvest != NO_HARVEST)
        lot_kg = np.where(in_one_part[bundles.lot], 0, bundles.kg) if self._is_first else bundles.kg
        self._lines = _side(lines.kg, division.line, line_rule, bundles.line, part, line_kg, n_parts)
        self._lots = _side(lots.kg, division.lot, lot_rule, bundles.lot, part, lot_kg, n_parts)
        if not self._is_first:
            self._bring_leftovers_together()
        self._bring_pins_together()
        self._keep_harvests_together()
        first, n_days = _span(problem)
        needs = _needs(bundles.at[bundles.bundle, 4], part, bundles.kg, n_parts, first, n_days)
        shared = Division(n_parts, division.bundle, self._lots.owner, self._lines.owner)
        self._shares = share_out(problem, use_of(problem, plan, first, n_days), needs, shared, rng)

    def _bring_leftovers_together(self) -> None:
        """Let open lots be used where a line is that they could serve."""
        found = find_leftovers(self.problem, self.plan, LEFTOVER_RATE)
        self._lots.owner[found.lot] = self._lines.owner[found.line]

    def _bring_pins_together(self) -> None:
        """Let open lots that are pinned to a line be used where the line is; a line of two such lots follows the first."""
        d = self.problem.decisions
        for row in np.flatnonzero((d.kind == PIN) & (d.kg > 0)).tolist():
            lot, line = int(d.lot[row]), int(d.line[row])
            if self._lots.left[lot] == self._lots.kg[lot]:
                self._lots.owner[lot] = self._lines.owner[line]

    def _keep_harvests_together(self) -> None:
        """Let all lots of a harvest be used in one part, that of its trips; one with trips in several parts is locked in all of them."""
        harvest, n = self.problem.lots.harvest, len(self.problem.harvest_ids)
        cut = np.flatnonzero(harvest != NO_HARVEST)
        first, last = np.full(n, self.n_parts, dtype=np.int64), np.full(n, -1, dtype=np.int64)
        lot, part = self._lots.pair // self.n_parts, self._lots.pair % self.n_parts
        used = harvest[lot] != NO_HARVEST
        np.minimum.at(first, harvest[lot[used]], part[used])
        np.maximum.at(last, harvest[lot[used]], part[used])
        unused = np.full(n, self.n_parts, dtype=np.int64)
        np.minimum.at(unused, harvest[cut], self._lots.owner[cut])
        self._lots.owner[cut] = np.where(last < 0, unused, first)[harvest[cut]]
        self._lots.locked[cut] |= (last > first)[harvest[cut]]

    def part(self, number: int) -> Part:
        """Cut out one part."""
        lots, lot_kg = _mine(self._lots, number, self.n_parts)
        lines, line_kg = _mine(self._lines, number, self.n_parts)
        rows = subset(self.problem, lots, lines)
        made = rows.problem
        rows = Subset(
            made.replace(lots=made.lots.replace(kg=lot_kg), lines=made.lines.replace(kg=line_kg), decisions=self._decisions(rows, number)),
            *(rows.lots, rows.lines, rows.sites, rows.roads, rows.decisions),
        )
        own = None if self._is_first else take(self.plan, self.trips[number])
        others = others_of(self.problem, self._shares, rows, number, own)
        plan = None if own is None else into_part(own, rows)
        return Part(rows, plan, self._lots.locked[lots], self._lines.locked[lines], others)

    def _decisions(self, rows: Subset, number: int) -> Decisions:
        """Pins less what other parts deliver on them; a part that doesn't own the line keeps what it has."""
        decisions, whole = rows.problem.decisions, self.problem.decisions
        kg = decisions.kg.copy()
        for i in np.flatnonzero((decisions.kind == PIN) & (decisions.kg > 0)).tolist():
            lot, line = int(whole.lot[rows.decisions[i]]), int(whole.line[rows.decisions[i]])
            own, total = self._pinned_kg(lot, line, number)
            kg[i] = max(0, int(kg[i]) - (total - own)) if self._lines.owner[line] == number else min(own, int(kg[i]))
        return decisions.replace(kg=kg)

    def _pinned_kg(self, lot: int, line: int, number: int) -> tuple[int, int]:
        """Kilograms of a pair on a part's trips, and on all."""
        a, legs = self.plan.allocations, self.plan.legs
        made = np.flatnonzero((a.lot == lot) & (a.line == line))
        mine = np.isin(made, legs.allocation[np.isin(legs.trip, self.trips[number])])
        return int(a.kg[made[mine]].sum()), int(a.kg[made].sum())


def _side(kg: IntArray, owner: IntArray, rule: BoolArray, row: IntArray, part: IntArray, used: IntArray, n_parts: int) -> _Side:
    pair, place = np.unique(row * n_parts + part, return_inverse=True)
    pair_kg = np.rint(np.bincount(place, weights=used, minlength=len(pair))).astype(np.int64)
    pair, pair_kg = pair[pair_kg > 0], pair_kg[pair_kg > 0]
    left = kg.copy()
    np.subtract.at(left, pair // n_parts, pair_kg)
    split = np.bincount(pair // n_parts, minlength=len(kg)) > 1
    return _Side(kg, owner.copy(), left, rule & split, pair, pair_kg)


def _mine(side: _Side, number: int, n_parts: int) -> tuple[IntArray, IntArray]:
    """Rows that a part has something of, ascending, and how much."""
    mine = side.pair % n_parts == number
    kg = np.zeros(len(side.kg), dtype=np.int64)
    kg[side.pair[mine] // n_parts] = side.pair_kg[mine]
    kg += np.where((side.owner == number) & ~side.locked, side.left, 0)
    rows = np.flatnonzero(kg > 0)
    return rows, kg[rows]


def _span(problem: Problem) -> tuple[int, int]:
    """First date of anything, and the number of dates."""
    first = min([problem.horizon_from_day, *problem.lots.from_day.tolist()]) - 1
    last = max([problem.horizon_until_day, *problem.lines.until_day.tolist(), *problem.lots.until_day.tolist()])
    return first, last - first + 2


def _needs(day: FloatArray, part: IntArray, kg: IntArray, n_parts: int, first: int, n_days: int) -> FloatArray:
    """Kilograms of each part by date, shape (n_parts, n_days)."""
    column = np.clip(np.floor(day).astype(np.int64) - first, 0, n_days - 1)
    total = np.bincount(part * n_days + column, weights=kg, minlength=n_parts * n_days)
    return np.asarray(total, dtype=np.float64).reshape(n_parts, n_days)
