"""Volumes first, trucks second: what everyone does.

The volumes relaxation says who delivers how many kilograms to whom. Each such amount then becomes a lot and a line of its own, which fit
nobody else, and trucks are ordered for exactly these. An amount that a rule forbids is given up: a piece of an indivisible lot, more
suppliers than a line admits, and whatever leaves a lot or a line under its minimum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.baseline import plan_by_telephone
from matching.model.plan import Plan
from matching.model.problem import ANY_PRODUCT, NO_LIMIT, Certificates, Decisions, IntArray, Lines, Lots, Problem
from matching.network.carriers import find_carrier_lanes
from matching.pairs.lanes import find_lanes
from matching.verify import verify
from matching.volumes.relaxation import Flows, solve_volumes

Flags = npt.NDArray[np.bool_]
PlanTrucks = Callable[[Problem], Plan]


def trucks_by_telephone(problem: Problem) -> Plan:
    """Order direct trucks one after another, the best-paying amount first."""
    return plan_by_telephone(problem, find_lanes(problem), find_carrier_lanes(problem))


def plan_volumes_first(problem: Problem, plan_trucks: PlanTrucks = trucks_by_telephone) -> Plan:
    """Plan volumes, then trucks for them; the plan keeps every rule.

    Parameters
    ----------
    plan_trucks : plans the problem in which only the volumes' own amounts may move.
    """
    flows = solve_volumes(problem).flows
    kg = flows.kg.copy()
    while True:
        kept = np.flatnonzero(_within_rules(problem, flows, kg))
        lot, line = flows.lot[kept], flows.line[kept]
        made = plan_trucks(restricted(problem, lot, line, kg[kept]))
        plan = _mapped(made, lot, line)
        broken = _under_minimum(problem, plan)
        if not broken.any():
            return plan
        kg[kept[broken[lot]]] = 0


def restricted(problem: Problem, lot: IntArray, line: IntArray, kg: IntArray) -> Problem:
    """Return the problem in which amount ``k``, ``kg[k]`` of a lot for a line, is lot ``k`` and line ``k``, and fits nothing else."""
    n = np.arange(len(lot))
    lots = _rows(problem.lots, lot)
    # A piece of what has a minimum is taken whole, so that the minimum is kept unless the piece is left behind.
    whole = lots.indivisible | (problem.lots.min_take_kg[lot] > 0)
    whole |= (problem.lines.min_fill_kg[line] > 0) | (problem.lines.min_supplier_kg[line] > 0)
    lots = lots.replace(id=np.array([f"amount{k}" for k in n], dtype=object), product=n, kg=kg, min_take_kg=np.where(whole, kg, 0))
    few, least = np.full(len(n), NO_LIMIT), np.zeros(len(n), dtype=np.int64)
    lines = _line_rows(problem.lines, line)
    lines = lines.replace(id=lots.id, kg=kg, min_fill_kg=least, max_suppliers=few, min_supplier_kg=least.copy())
    lines = lines.replace(product_start=np.arange(len(n) + 1), product=n.copy())
    none = np.zeros(0, dtype=np.int64)
    return problem.replace(
        lots=lots,
        lines=lines,
        product_ids=tuple(f"amount{k}" for k in n),
        certificates=_certificates(problem, lot),
        decisions=Decisions(none, none.copy(), none.copy(), none.copy()),
    )


def _rows(lots: Lots, rows: IntArray) -> Lots:
    return Lots(**{name: getattr(lots, name)[rows] for name in Lots.__dataclass_fields__})


def _line_rows(lines: Lines, rows: IntArray) -> Lines:
    """Pick rows of lines with what they require; their products are filled in by the caller."""
    count = np.diff(lines.require_start)[rows]
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    member = np.arange(int(count.sum())) - np.repeat(start[:-1], count) + np.repeat(lines.require_start[:-1][rows], count)
    ragged = {"product_start", "product", "require_start", "require_scheme", "require_level"}
    columns: dict[str, Any] = {name: getattr(lines, name)[rows] for name in Lines.__dataclass_fields__ if name not in ragged}
    requires: dict[str, Any] = {
        "require_start": start,
        "require_scheme": lines.require_scheme[member],
        "require_level": lines.require_level[member],
    }
    none = np.zeros(0, dtype=np.int64)
    return Lines(**columns, **requires, product_start=none, product=none.copy())


def _certificates(problem: Problem, lot: IntArray) -> Certificates:
    """Carry certificates of one product over to the amounts of that product."""
    given = problem.certificates
    of_all = np.flatnonzero(given.product == ANY_PRODUCT)
    same = (given.supplier[:, None] == problem.lots.supplier[lot][None]) & (given.product[:, None] == problem.lots.product[lot][None])
    row, amount = np.nonzero(same)
    rows = np.concatenate([of_all, row])
    made = Certificates(**{name: getattr(given, name)[rows] for name in Certificates.__dataclass_fields__})
    return made.replace(product=np.concatenate([np.full(len(of_all), ANY_PRODUCT), amount]))


# rules ---------------------------------------------------------------------------------------------------------------
def _within_rules(problem: Problem, flows: Flows, kg: IntArray) -> Flags:
    """Tell which amounts are left when those that break a rule are given up, again and again until none does."""
    kept = kg > 0
    while True:
        good = kept & _whole(problem, flows, kept) & _few_suppliers(problem, flows, kg * kept)
        good &= ~_short(problem, flows, kg * good)
        if (good == kept).all():
            return kept
        kept = good


def _whole(problem: Problem, flows: Flows, kept: Flags) -> Flags:
    """Tell which amounts are no piece of an indivisible lot."""
    return np.asarray(~problem.lots.indivisible[flows.lot] | (kept & (flows.kg == problem.lots.kg[flows.lot])))


def _few_suppliers(problem: Problem, flows: Flows, kg: IntArray) -> Flags:
    """Tell which amounts come from the largest suppliers of their line, as many as it admits, each with enough."""
    brought = _brought(problem, flows.lot, flows.line, kg)
    key, place = np.unique(flows.line * len(problem.supplier_ids) + problem.lots.supplier[flows.lot], return_inverse=True)
    total = np.zeros(len(key))
    total[place] = brought
    owner = key // max(1, len(problem.supplier_ids))
    order = np.lexsort((-total, owner))
    rank = np.empty(len(key), dtype=np.int64)
    first = np.searchsorted(owner[order], owner[order])
    rank[order] = np.arange(len(key)) - first
    return (rank[place] < problem.lines.max_suppliers[flows.line]) & (brought >= problem.lines.min_supplier_kg[flows.line])


def _brought(problem: Problem, lot: IntArray, line: IntArray, kg: IntArray) -> IntArray:
    """Kilograms that the supplier of each amount brings to its line in all."""
    _, place = np.unique(line * len(problem.supplier_ids) + problem.lots.supplier[lot], return_inverse=True)
    return np.asarray(np.bincount(place, kg)[place] if len(kg) else kg, dtype=np.int64)


def _short(problem: Problem, flows: Flows, kg: IntArray) -> Flags:
    """Tell which amounts belong to a lot or line that stays under its minimum."""
    taken, filled = np.bincount(flows.lot, kg, problem.n_lots), np.bincount(flows.line, kg, problem.n_lines)
    return (taken < problem.lots.min_take_kg)[flows.lot] | (filled < problem.lines.min_fill_kg)[flows.line]


def _mapped(made: Plan, lot: IntArray, line: IntArray) -> Plan:
    """Return the plan in rows of the whole problem."""
    amount = made.allocations.lot
    return replace(made, allocations=made.allocations.replace(lot=lot[amount], line=line[amount]))


def _under_minimum(problem: Problem, plan: Plan) -> Flags:
    """Lots whose amounts must be given up since the trucks left them, their line or their supplier under a minimum, shape (n_lots,)."""
    a, lots, lines = plan.allocations, problem.lots, problem.lines
    verdict = verify(problem, plan)
    broken = np.zeros(problem.n_lots, dtype=np.bool_)
    broken |= (verdict.taken_kg > 0) & (verdict.taken_kg < lots.min_take_kg)
    short = (verdict.filled_kg > 0) & (verdict.filled_kg < lines.min_fill_kg)
    few = _brought(problem, a.lot, a.line, a.kg) < lines.min_supplier_kg[a.line]
    parts = np.bincount(a.lot, minlength=problem.n_lots)
    broken |= lots.indivisible & (parts > 1)
    broken[a.lot[short[a.line] | few]] = True
    return broken
