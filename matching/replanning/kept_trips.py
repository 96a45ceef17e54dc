"""Which trips of a plan stay as they are when it is made anew."""

from __future__ import annotations

import numpy as np

from matching.model.errors import Violation
from matching.model.plan import Plan
from matching.model.problem import FORBID, BoolArray, Problem
from matching.replanning.minimums import minimums, short_of_minimums
from matching.search.plan_ops import allocations_on, first_days, hub_trips, keep_trips, linked_trips, trips_of, with_carrier_costs
from matching.verify import verify

MINIMUMS = frozenset({"min_take", "min_fill", "min_supplier", "decisions"})
"""Rules that a part of a plan may break though the whole keeps them."""


def find_kept_trips(problem: Problem, plan: Plan, until_day: int | None) -> BoolArray:
    """Tell which trips stay, shape (n_trips,): those that begin before a date, and those that change trucks at a hub.

    With them stays whatever shares a movement through a hub with them, and what they need to reach a minimum amount. A trip that carries
    a pair which is forbidden by now, or that breaks a rule by itself in this problem, doesn't stay, nor does what is tied to it.

    Parameters
    ----------
    until_day : trips that begin on an earlier date stay; None for none.
    """
    first = first_days(plan)
    asked = np.zeros(len(first), dtype=np.bool_) if until_day is None else first < until_day
    return _without_breaches(problem, plan, _settled(problem, plan, asked, linked_trips(plan, forbidden_trips(problem, plan))))


def held_at_hubs(problem: Problem, plan: Plan) -> BoolArray:
    """Tell which trips stay for goods that change trucks at hubs, and for what these need to reach their minimums, shape (n_trips,)."""
    return _with_what_minimums_need(problem, plan, hub_trips(plan))


def _settled(problem: Problem, plan: Plan, asked: BoolArray, released: BoolArray) -> BoolArray:
    """Add to the trips that are asked to stay those through hubs and what minimums need, but for those released, shape (n_trips,).

    A movement through a hub whose lot or line misses its minimum without what is released is let go, too, for nothing is added to it.
    """
    held, gone = linked_trips(plan, asked), released
    while True:
        stays = linked_trips(plan, (asked | hub_trips(plan)) & ~gone) & ~gone
        stays = _with_what_minimums_need(problem, plan, stays) & ~gone
        on, needed = _short_of_minimums(problem, plan, stays)
        wider = gone | linked_trips(plan, trips_of(plan, on & needed) & stays & ~held)
        if (wider == gone).all():
            return stays
        gone = wider


def forbidden_trips(problem: Problem, plan: Plan) -> BoolArray:
    """Tell which trips carry a pair that is forbidden, shape (n_trips,)."""
    d, a, width = problem.decisions, plan.allocations, max(1, problem.n_lines)
    return trips_of(plan, np.isin(a.lot * width + a.line, (d.lot * width + d.line)[d.kind == FORBID]))


def _with_what_minimums_need(problem: Problem, plan: Plan, stays: BoolArray) -> BoolArray:
    """Add the trips without which what stays of a lot, of a line, or of a supplier's part of a line falls short of its minimum."""
    while True:
        on, needed = _short_of_minimums(problem, plan, stays)
        wider = linked_trips(plan, stays | trips_of(plan, needed & ~on))
        if (wider == stays).all():
            return stays
        stays = wider


def _short_of_minimums(problem: Problem, plan: Plan, stays: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Tell which allocations stay, and which are of a lot, a line or a supplier's part that stays and misses its minimum."""
    a, on = plan.allocations, allocations_on(plan, stays)
    return on, short_of_minimums(minimums(problem, a), np.where(on, a.kg, 0))


def _without_breaches(problem: Problem, plan: Plan, stays: BoolArray) -> BoolArray:
    """Release trips that by now break a rule by themselves or together: those of the lots and lines concerned, or else the later ones."""
    breaches = broken(problem, keep_trips(plan, stays))
    if not breaches:
        return stays
    named = {word for breach in breaches for word in breach.where.split()}
    a = plan.allocations
    hit = np.isin(problem.lots.id[a.lot].astype(str), list(named)) | np.isin(problem.lines.id[a.line].astype(str), list(named))
    fewer = stays & ~linked_trips(plan, trips_of(plan, hit))
    return fewer if not broken(problem, keep_trips(plan, fewer)) else _one_by_one(problem, plan, stays)


def _one_by_one(problem: Problem, plan: Plan, stays: BoolArray) -> BoolArray:
    """Let trips stay in the order in which they begin, each with what is tied to it, unless that breaks a rule."""
    good, order = np.zeros_like(stays), np.argsort(first_days(plan), kind="stable")
    for trip in order[stays[order]].tolist():
        one = np.zeros_like(stays)
        one[trip] = True
        wider = good | (linked_trips(plan, one) & stays)
        if not good[trip] and not broken(problem, keep_trips(plan, wider)):
            good = wider
    return good


def broken(problem: Problem, part: Plan) -> list[Violation]:
    """Return the rules that a part of a plan breaks, but for minimum amounts and pins, which the rest may see to."""
    return [breach for breach in verify(problem, with_carrier_costs(problem, part)).violations if breach.rule not in MINIMUMS]
