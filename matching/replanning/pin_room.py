"""Making room for pins that an earlier plan doesn't keep: its least gainful loads of the same lot and line are taken off its trips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import NO_LIMIT, PIN, BoolArray, IntArray, Problem
from matching.replanning.kept_trips import held_at_hubs
from matching.replanning.unloading import cleared
from matching.rules._coupling import coupled_lines, coupled_lots, suppliers_left
from matching.search.plan_ops import (
    allocations_on,
    combine_plans,
    first_days,
    keep_trips,
    kg_on_pairs,
    linked_trips,
    with_carrier_costs,
    without_allocations,
)


def make_room(problem: Problem, plan: Plan, kept: Plan) -> Plan:
    """Return a plan without the loads that keep pins from being met.

    Parameters
    ----------
    kept : other trips, which stay as they are; what they carry counts as used.
    """
    kg = _kg_with_room(problem, plan, kept)
    reduced = plan if (kg == plan.allocations.kg).all() else replace(plan, allocations=plan.allocations.replace(kg=kg))
    return without_allocations(reduced, kg == 0) if (kg == 0).any() else reduced


def within_quantities(problem: Problem, plan: Plan) -> Plan:
    """Return a plan that takes no more of a lot, and brings no more to a line, than there is.

    The least gainful loads are taken off, pinned ones last.
    """
    a, lots, lines = plan.allocations, problem.lots, problem.lines
    off, kg, least = np.zeros(len(a.lot), dtype=np.bool_), a.kg.copy(), _least_kg(problem, plan)
    gain = lines.bid_vnd_per_kg[a.line] - lots.ask_vnd_per_kg[a.lot]
    d, width = problem.decisions, max(1, problem.n_lines)
    is_pinned = np.isin(a.lot * width + a.line, (d.lot * width + d.line)[d.kind == PIN])
    for owner, most in ((a.lot, lots.kg), (a.line, lines.kg)):
        excess = np.bincount(owner, weights=np.where(off, 0, kg), minlength=len(most)).astype(np.int64) - most
        for own in np.flatnonzero(excess > 0).tolist():
            rows = np.flatnonzero((owner == own) & ~off)
            _until(off, kg, rows[np.lexsort((gain[rows], is_pinned[rows]))], int(excess[own]), least)
    kg = np.where(off, 0, kg)
    return plan if (kg == a.kg).all() else cleared(problem, plan, kg)


def with_room_at_hubs(problem: Problem, plan: Plan, until_day: int | None) -> Plan:
    """Return a plan with room for its pins on trips through hubs, too, which otherwise go on as they are.

    Parameters
    ----------
    until_day : trips that begin on an earlier date keep their loads; None for none.
    """
    return _off_later_trips(problem, plan, until_day, lambda rest, kept: _kg_with_room(problem, rest, kept))


def without_in_the_way(problem: Problem, plan: Plan, until_day: int | None, pin: int) -> Plan:
    """Return a plan without all that trips that stay for hubs carry of a pin's lot, and to its line, where they leave too little for it.

    Parameters
    ----------
    until_day : as in `with_room_at_hubs`.
    pin : row of a decision that was not met with less.
    """
    return _off_later_trips(
        problem, plan, until_day, lambda rest, kept: np.where(_in_the_way(problem, rest, kept, pin), 0, rest.allocations.kg)
    )


def _off_later_trips(problem: Problem, plan: Plan, until_day: int | None, left_kg: Callable[[Plan, Plan], IntArray]) -> Plan:
    """Take loads off trips that don't begin before a date; ``left_kg`` says what is left of those, with the others beside them."""
    frozen = np.zeros(len(plan.trips.vehicle), dtype=np.bool_) if until_day is None else linked_trips(plan, first_days(plan) < until_day)
    kept, rest = with_carrier_costs(problem, keep_trips(plan, frozen)), keep_trips(plan, ~frozen)
    return combine_plans(problem, kept, cleared(problem, rest, left_kg(rest, kept)))


def _in_the_way(problem: Problem, plan: Plan, kept: Plan, pin: int) -> BoolArray:
    """Tell which loads on trips that stay for hubs, of a pin's lot or to its line, leave too little for it, shape (n_allocations,)."""
    d, a, lots, lines = problem.decisions, plan.allocations, problem.lots, problem.lines
    lot, line = int(d.lot[pin]), int(d.line[pin])
    pair = np.array([lot * max(1, problem.n_lines) + line])
    missing = int(d.kg[pin] - kg_on_pairs(problem, plan, pair)[0] - kg_on_pairs(problem, kept, pair)[0])
    on = allocations_on(plan, held_at_hubs(problem, plan))
    # What stays of a lot or line with a rule of its own is not added to.
    ruled_lot, ruled_line = bool(coupled_lots(problem)[lot]), bool(coupled_lines(problem)[line])
    held = np.zeros(len(a.lot), dtype=np.bool_)
    for mine, kg, ruled in ((on & (a.lot == lot), int(lots.kg[lot]), ruled_lot), (on & (a.line == line), int(lines.kg[line]), ruled_line)):
        if mine.any() and (ruled or kg - int(a.kg[mine].sum()) < missing):
            held |= mine
    return held


def _kg_with_room(problem: Problem, plan: Plan, kept: Plan) -> IntArray:
    """Kilograms that are left of each load once there is room for pins, shape (n_allocations,)."""
    d, width = problem.decisions, max(1, problem.n_lines)
    pins = np.flatnonzero((d.kind == PIN) & (d.kg > 0))
    off, kg = np.zeros(len(plan.allocations.lot), dtype=np.bool_), plan.allocations.kg.copy()
    pinned = (d.lot * width + d.line)[pins]
    is_pinned = np.isin(plan.allocations.lot * width + plan.allocations.line, pinned)
    for row, pair in zip(pins.tolist(), pinned.tolist()):
        has = int((kg_on_pairs(problem, plan, np.array([pair])) + kg_on_pairs(problem, kept, np.array([pair])))[0])
        if has < d.kg[row]:
            _clear(problem, plan, kept, (off, kg), is_pinned, int(d.lot[row]), int(d.line[row]), int(d.kg[row]) - has)
    return np.where(off, 0, kg)


def _clear(
    problem: Problem, plan: Plan, kept: Plan, room: tuple[BoolArray, IntArray], is_pinned: BoolArray, lot: int, line: int, missing_kg: int
) -> None:
    """Mark the loads that have to go for so many kilograms on one pair, and take off the last one no more than is needed."""
    (off, kg), lots, lines, a = room, problem.lots, problem.lines, plan.allocations
    wanted = max(missing_kg, int(lines.min_supplier_kg[line]), int(lots.min_take_kg[lot]))
    if lots.indivisible[lot]:
        wanted = int(lots.kg[lot])
    gain = lines.bid_vnd_per_kg[a.line] - lots.ask_vnd_per_kg[a.lot]
    for owner, own, total in ((a.lot, lot, int(lots.kg[lot])), (a.line, line, int(lines.kg[line]))):
        other = kept.allocations.lot if owner is a.lot else kept.allocations.line
        used = int(kg[(owner == own) & ~off].sum()) + int(kept.allocations.kg[other == own].sum())
        rows = np.flatnonzero((owner == own) & ~off & ~is_pinned)
        _until(off, kg, rows[np.argsort(gain[rows], kind="stable")], used + wanted - total, _least_kg(problem, plan))
    _clear_a_supplier(problem, plan, off, is_pinned, lot, line)


def _least_kg(problem: Problem, plan: Plan) -> IntArray:
    """Kilograms below which no load may fall, shape (n_allocations,): minimums of its lot and line; all of a lot not to be divided."""
    a, lots, lines = plan.allocations, problem.lots, problem.lines
    least = np.maximum.reduce([np.ones_like(a.kg), lots.min_take_kg[a.lot], lines.min_supplier_kg[a.line], lines.min_fill_kg[a.line]])
    return np.where(lots.indivisible[a.lot], NO_LIMIT, least)


def _until(off: BoolArray, kg: IntArray, rows: IntArray, excess_kg: int, least_kg: IntArray) -> None:
    """Mark loads, the first ones first, until an excess is gone; the last one becomes smaller, if what is left may stand by itself."""
    for row in rows.tolist():
        if excess_kg <= 0:
            return
        if kg[row] - excess_kg >= least_kg[row]:
            kg[row] -= excess_kg
            return
        off[row] = True
        excess_kg -= int(kg[row])


def _clear_a_supplier(problem: Problem, plan: Plan, off: BoolArray, is_pinned: BoolArray, lot: int, line: int) -> None:
    """Mark all loads of the line's smallest supplier where a further one would be one too many."""
    a, supplier = plan.allocations, problem.lots.supplier
    mine = np.flatnonzero((a.line == line) & ~off)
    owners = supplier[a.lot[mine]]
    n_suppliers = np.full(problem.n_lines, len(np.unique(owners)))
    if supplier[lot] in owners or suppliers_left(problem, n_suppliers)[line] > 0:
        return
    free = [one for one in np.unique(owners).tolist() if not is_pinned[mine[owners == one]].any()]
    if free:
        smallest = min(free, key=lambda one: int(a.kg[mine[owners == one]].sum()))
        off[mine[owners == smallest]] = True
