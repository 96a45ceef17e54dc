"""One division of a whole plan into jobs: which lots, lines, trips and limits each part gets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.decomposition.bundles import bundles_of_flows, bundles_of_trips
from matching.decomposition.clustering import Division, divide
from matching.decomposition.open_pairs import find_leftovers
from matching.decomposition.shared_limits import others_of, share_out
from matching.model.plan import Plan
from matching.model.problem import NO_HARVEST, PIN, BoolArray, FloatArray, IntArray, Problem
from matching.model.subset import subset
from matching.rules._coupling import coupled_lines, coupled_lots
from matching.search.plan_ops import into_subset, keep_trips, kg_on_pairs
from matching.search.resource_use import dates_of, resource_use
from matching.search.subproblem import Subproblem, pins_left, with_quantities
from matching.volumes.relaxation import Flows

LEFTOVER_RATE = 2.0
"""Trips with goods that were left so far cost about so much more than full trucks."""


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
    trip_part : part that each trip belongs to, shape (n_trips,).
    """

    def __init__(self, problem: Problem, plan: Plan, flows: Flows, n_parts: int, turn: int, rng: np.random.Generator) -> None:
        self.problem, self.plan, self.n_parts = problem, plan, n_parts
        self._is_first = len(plan.trips.vehicle) == 0
        if self._is_first:
            bundles, trip_bundle = bundles_of_flows(problem, flows), np.zeros(0, dtype=np.int64)
        else:
            bundles, trip_bundle = bundles_of_trips(problem, plan)
        division = divide(problem, bundles, n_parts, turn, rng)
        self.trip_part = division.bundle[trip_bundle]
        part = division.bundle[bundles.bundle]
        lots, lines = problem.lots, problem.lines
        lot_rule, line_rule = coupled_lots(problem), coupled_lines(problem)
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
        first, n_days = dates_of(problem)
        needs = _needs(bundles.at[bundles.bundle, 4], part, bundles.kg, n_parts, first, n_days)
        shared = Division(n_parts, division.bundle, self._lots.owner, self._lines.owner)
        self._shares = share_out(problem, resource_use(problem, plan), needs, shared, rng)

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

    def part(self, number: int) -> Subproblem:
        """Cut out one part; its plan is None where there are no trips yet."""
        lots, lot_kg = _mine(self._lots, number, self.n_parts)
        lines, line_kg = _mine(self._lines, number, self.n_parts)
        rows, own = subset(self.problem, lots, lines), self.own_plan(number)
        rows = with_quantities(rows, lot_kg, line_kg, self._pin_kg(number)[rows.decisions])
        others = others_of(self.problem, self._shares, rows, number, own)
        plan = None if self._is_first else into_subset(own, rows)
        return Subproblem(rows, plan, self._lots.locked[lots], self._lines.locked[lines], others)

    def own_plan(self, number: int) -> Plan:
        """Return the trips of a part."""
        return keep_trips(self.plan, self.trip_part == number)

    def _pin_kg(self, number: int) -> IntArray:
        """Pins less what other parts deliver on them; a part that doesn't own the line keeps what it has, shape (n_decisions,)."""
        d = self.problem.decisions
        if not (d.kg > 0).any():
            return d.kg
        others, own = (keep_trips(self.plan, mine) for mine in (self.trip_part != number, self.trip_part == number))
        left, has = pins_left(self.problem, others), kg_on_pairs(self.problem, own, d.lot * max(1, self.problem.n_lines) + d.line)
        return np.where(self._lines.owner[d.line] == number, left, np.where(d.kind == PIN, np.minimum(has, d.kg), 0))


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


def _needs(day: FloatArray, part: IntArray, kg: IntArray, n_parts: int, first: int, n_days: int) -> FloatArray:
    """Kilograms of each part by date, shape (n_parts, n_days)."""
    column = np.clip(np.floor(day).astype(np.int64) - first, 0, n_days - 1)
    total = np.bincount(part * n_days + column, weights=kg, minlength=n_parts * n_days)
    return np.asarray(total, dtype=np.float64).reshape(n_parts, n_days)
