"""Making room for pins that an earlier plan doesn't keep: its least gainful loads of the same lot and line are taken off its trips."""

from __future__ import annotations

import numpy as np

from matching.plan import Plan
from matching.problem import NO_LIMIT, PIN, BoolArray, IntArray, Problem
from matching.stable.promises import kg_on
from matching.subset import rows_of


def make_room(problem: Problem, plan: Plan, kept: Plan) -> Plan:
    """Return a plan without the loads that keep pins from being met.

    Parameters
    ----------
    kept : other trips, which stay as they are; what they carry counts as used.
    """
    d, width = problem.decisions, max(1, problem.n_lines)
    pins = np.flatnonzero((d.kind == PIN) & (d.kg > 0))
    off = np.zeros(len(plan.allocations.lot), dtype=np.bool_)
    pinned = (d.lot * width + d.line)[pins]
    is_pinned = np.isin(plan.allocations.lot * width + plan.allocations.line, pinned)
    for row, pair in zip(pins.tolist(), pinned.tolist()):
        has = int((kg_on(problem, plan, np.array([pair])) + kg_on(problem, kept, np.array([pair])))[0])
        if has < d.kg[row]:
            _clear(problem, plan, kept, off, is_pinned, int(d.lot[row]), int(d.line[row]), int(d.kg[row]) - has)
    return without_loads(plan, off) if off.any() else plan


def _clear(problem: Problem, plan: Plan, kept: Plan, off: BoolArray, is_pinned: BoolArray, lot: int, line: int, missing_kg: int) -> None:
    """Mark the loads that have to go for so many kilograms on one pair."""
    lots, lines, a = problem.lots, problem.lines, plan.allocations
    wanted = max(missing_kg, int(lines.min_supplier_kg[line]), int(lots.min_take_kg[lot]))
    if lots.indivisible[lot]:
        wanted = int(lots.kg[lot])
    gain = lines.bid_vnd_per_kg[a.line] - lots.ask_vnd_per_kg[a.lot]
    for owner, own, total in ((a.lot, lot, int(lots.kg[lot])), (a.line, line, int(lines.kg[line]))):
        other = kept.allocations.lot if owner is a.lot else kept.allocations.line
        used = int(a.kg[(owner == own) & ~off].sum()) + int(kept.allocations.kg[other == own].sum())
        rows = np.flatnonzero((owner == own) & ~off & ~is_pinned)
        _until(off, rows[np.argsort(gain[rows], kind="stable")], a.kg, used + wanted - total)
    _clear_a_supplier(problem, plan, off, is_pinned, lot, line)


def _until(off: BoolArray, rows: IntArray, kg: IntArray, excess_kg: int) -> None:
    """Mark loads, the first ones first, until an excess is gone."""
    for row in rows.tolist():
        if excess_kg <= 0:
            return
        off[row] = True
        excess_kg -= int(kg[row])


def _clear_a_supplier(problem: Problem, plan: Plan, off: BoolArray, is_pinned: BoolArray, lot: int, line: int) -> None:
    """Mark all loads of the line's smallest supplier where a further one would be one too many."""
    limit, a, supplier = int(problem.lines.max_suppliers[line]), plan.allocations, problem.lots.supplier
    mine = np.flatnonzero((a.line == line) & ~off)
    owners = supplier[a.lot[mine]]
    if limit >= NO_LIMIT or supplier[lot] in owners or len(np.unique(owners)) < limit:
        return
    free = [one for one in np.unique(owners).tolist() if not is_pinned[mine[owners == one]].any()]
    if free:
        smallest = min(free, key=lambda one: int(a.kg[mine[owners == one]].sum()))
        off[mine[owners == smallest]] = True


def without_loads(plan: Plan, off: BoolArray) -> Plan:
    """Return a plan without some allocations; trips and stops stay, though a stop may have nothing to do any more."""
    kept = np.flatnonzero(~off)
    place = np.cumsum(~off) - 1
    legs = np.flatnonzero(~off[plan.legs.allocation])
    return Plan(
        rows_of(plan.allocations, kept), rows_of(plan.legs, legs, allocation=place[plan.legs.allocation[legs]]), plan.trips, plan.stops
    )
