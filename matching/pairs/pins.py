"""Brokers' pins: refusing those that can't be kept, by name."""

from __future__ import annotations

import numpy as np

from matching.model.errors import BadInput, InputIssue
from matching.model.plan import Plan
from matching.model.problem import PIN, IntArray, Problem
from matching.network.carriers import find_carrier_lanes
from matching.pairs.lanes import find_lanes

HEADER_ROWS = 2


def require_pins_possible(problem: Problem) -> None:
    """Refuse pins of pairs that no day, product, grade or certificate admits, and pins that break a rule together.

    Raises
    ------
    BadInput
        One issue for each pin concerned.
    """
    pins = pinned_rows(problem)
    if len(pins) == 0:
        return
    issues = [*_ineligible(problem, pins), *_too_many_suppliers(problem, pins), *_divided(problem, pins)]
    if issues:
        raise BadInput(sorted(issues))


def require_pins_kept(problem: Problem, plan: Plan) -> None:
    """Refuse pins that the best plan found can't keep.

    Raises
    ------
    BadInput
        One issue for each such pin.
    """
    pins = pinned_rows(problem)
    if len(pins) == 0:
        return
    pair = plan.allocations.lot * problem.n_lines + plan.allocations.line
    decisions = problem.decisions
    wanted = decisions.lot[pins] * problem.n_lines + decisions.line[pins]
    kept = np.array([plan.allocations.kg[pair == w].sum() for w in wanted])
    short = np.flatnonzero(kept < decisions.kg[pins])
    if len(short):
        text = "no plan was found that keeps this pin together with the rules and the other pins: lower it or take it back"
        raise BadInput([pin_issue(problem, int(pins[i]), f"only {kept[i]} kg could be placed; {text}") for i in short])


def pinned_rows(problem: Problem) -> IntArray:
    """Return the rows of decisions that pin anything."""
    return np.flatnonzero((problem.decisions.kind == PIN) & (problem.decisions.kg > 0))


def pin_issue(problem: Problem, row: int, expected: str) -> InputIssue:
    """Return an issue about the pin in a row of the decisions."""
    d = problem.decisions
    value = f"{problem.lots.id[d.lot[row]]} {problem.lines.id[d.line[row]]} {d.kg[row]}"
    return InputIssue("decisions", row + HEADER_ROWS, "kg", value, expected)


def _ineligible(problem: Problem, pins: IntArray) -> list[InputIssue]:
    lots = np.unique(problem.decisions.lot[pins])
    span = max(1, problem.horizon_until_day - problem.horizon_from_day)
    lanes = find_lanes(problem, max_transit_days=span, prune_unprofitable=False, only_lots=lots)
    admissible = set(zip(lanes.lot.tolist(), lanes.line.tolist(), strict=True))
    text = "a pin on a pair that is eligible: product, grade, certificates, dates, remaining life or doors do not admit this one"
    d = problem.decisions
    if len(problem.roads.from_site):
        carried = find_carrier_lanes(problem)
        admissible |= set(zip(carried.lot.tolist(), carried.line.tolist(), strict=True))
    return [pin_issue(problem, int(i), text) for i in pins if (int(d.lot[i]), int(d.line[i])) not in admissible]


def _too_many_suppliers(problem: Problem, pins: IntArray) -> list[InputIssue]:
    d, issues = problem.decisions, []
    for line in np.unique(d.line[pins]):
        mine = pins[d.line[pins] == line]
        limit = int(problem.lines.max_suppliers[line])
        if len(np.unique(problem.lots.supplier[d.lot[mine]])) > limit:
            issues += [
                pin_issue(problem, int(i), f"pins of at most {limit} suppliers on this line, which is its max_suppliers") for i in mine
            ]
    return issues


def _divided(problem: Problem, pins: IntArray) -> list[InputIssue]:
    d, issues = problem.decisions, []
    for lot in np.unique(d.lot[pins]):
        mine = pins[d.lot[pins] == lot]
        if not problem.lots.indivisible[lot]:
            continue
        if len(mine) > 1:
            issues += [pin_issue(problem, int(i), "one pin of this lot, which is indivisible") for i in mine]
        elif problem.lines.kg[d.line[mine[0]]] < problem.lots.kg[lot]:
            issues.append(pin_issue(problem, int(mine[0]), "a line that takes the whole of this lot, which is indivisible"))
    return issues
