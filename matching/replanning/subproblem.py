"""What trips that stay leave to the others: kilograms, trucks, throughput, and what is no longer free to change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.decomposition.job import Others
from matching.decomposition.shared_limits import use_of
from matching.model.plan import Plan
from matching.model.problem import NO_LIMIT, PIN, BoolArray, IntArray, Problem
from matching.pairs.harvests import coupled_lots


@dataclass(frozen=True, eq=False)
class Beside:
    """The problem of the trips that don't stay.

    Attributes
    ----------
    problem : the same rows with the kilograms that are left.
    lot_locked, line_locked : what is taken of these stays as it is, because trips that stay serve them under the same rule.
    others : what the trips that stay use.
    """

    problem: Problem
    lot_locked: BoolArray
    line_locked: BoolArray
    others: Others


def beside(problem: Problem, kept: Plan, rest: Plan) -> Beside:
    """Return what the trips ``kept`` leave to those of ``rest``."""
    lots, lines = problem.lots, problem.lines
    lot_locked = ((lots.min_take_kg > 0) | lots.indivisible) & _touched(kept.allocations.lot, problem.n_lots)
    lot_locked |= coupled_lots(problem, kept.allocations.lot)
    rule = (lines.min_fill_kg > 0) | (lines.min_supplier_kg > 0) | (lines.max_suppliers < NO_LIMIT)
    line_locked = rule & _touched(kept.allocations.line, problem.n_lines)
    made = problem.replace(
        lots=lots.replace(kg=_left(lots.kg, kept.allocations.lot, rest.allocations.lot, lot_locked, kept, rest)),
        lines=lines.replace(kg=_left(lines.kg, kept.allocations.line, rest.allocations.line, line_locked, kept, rest)),
        decisions=problem.decisions.replace(kg=_pins_left(problem, kept)),
    )
    first = min([problem.horizon_from_day, *lots.from_day.tolist()]) - 1
    last = max([problem.horizon_until_day, *lines.until_day.tolist(), *lots.until_day.tolist()])
    use = use_of(problem, kept, first, last - first + 2)
    return Beside(made, lot_locked, line_locked, Others(first, use.trips, use.calls, use.flow_kg))


def _touched(rows: IntArray, n: int) -> BoolArray:
    made = np.zeros(n, dtype=np.bool_)
    made[rows] = True
    return made


def _left(kg: IntArray, kept_rows: IntArray, rest_rows: IntArray, locked: BoolArray, kept: Plan, rest: Plan) -> IntArray:
    """What is left for the rest, shape of ``kg``; of what is locked, just what the rest has of it."""
    free, has = kg.copy(), np.zeros_like(kg)
    np.subtract.at(free, kept_rows, kept.allocations.kg)
    np.add.at(has, rest_rows, rest.allocations.kg)
    return np.where(locked, np.minimum(has, free), np.maximum(free, 0))


def _pins_left(problem: Problem, kept: Plan) -> IntArray:
    """Kilograms of each pin that trips that stay don't bring, shape (n_decisions,)."""
    d, a, width = problem.decisions, kept.allocations, max(1, problem.n_lines)
    pair = a.lot * width + a.line
    brought = np.array([int(a.kg[pair == key].sum()) for key in (d.lot * width + d.line).tolist()], dtype=np.int64)
    return np.where(d.kind == PIN, np.maximum(0, d.kg - brought), 0) if len(d.kg) else d.kg.copy()
