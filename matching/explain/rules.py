"""What a rule costs: the worth of the best plan found with it and without it, from searches of equal effort.

Both searches begin with the same plan. A plan found without the rule that keeps it all the same counts for both sides, and a plan with
the rule always is a plan without it, so the difference is never negative; what two searches for the same thing differ by is its noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.plan import Plan
from matching.problem import FORBID, NO_LIMIT, PIN, IntArray, Problem, TextArray
from matching.reasons import RuleKind
from matching.solve import Limits, solve
from matching.subset import rows_of
from matching.verify import verify

OF_POLICY = {RuleKind.POLICY, RuleKind.FLOOR, RuleKind.CAP}
"""Kinds that no problem has, but a policy; `matching.policy.price` prices them."""
OF_LINES = {RuleKind.MAX_SUPPLIERS, RuleKind.MIN_SUPPLIER, RuleKind.MIN_FILL, RuleKind.MIN_LIFE, RuleKind.CERTIFICATES}
OF_LOTS = {RuleKind.MIN_TAKE, RuleKind.INDIVISIBLE}
OF_PAIRS = {RuleKind.PIN, RuleKind.FORBID}
OF_SITES = {RuleKind.THROUGHPUT}
OF_CLASSES = {RuleKind.VEHICLE_COUNT}


class NoSuchRule(LookupError):
    """The problem has no such rule to let go."""


@dataclass(frozen=True)
class Rule:
    """A rule of a problem.

    Attributes
    ----------
    of : ids that it is asked about: of a line, lot, site or class, of a lot and a line, or names of a policy's floors; empty for all
        rules of the kind.
    """

    kind: RuleKind
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class RulePrice:
    """What a rule costs.

    Attributes
    ----------
    with_vnd, without_vnd : worth of the best plan found with the rule, and without it.
    noise_vnd : what two searches with the rule differ by; a cost within it says nothing.
    """

    with_vnd: int
    without_vnd: int
    noise_vnd: int

    @property
    def cost_vnd(self) -> int:
        """What the rule costs, never negative."""
        return self.without_vnd - self.with_vnd

    @property
    def is_noise(self) -> bool:
        """Whether the cost is no more than two searches for the same thing differ by."""
        return 0 < self.cost_vnd <= self.noise_vnd


def without_rule(problem: Problem, rule: Rule) -> Problem:
    """Return the problem with a rule let go.

    Raises
    ------
    NoSuchRule
        If an id is unknown, or there is nothing to let go.
    """
    if rule.kind in OF_POLICY:
        raise NoSuchRule(f"a {rule.kind.value} is no part of a problem but of a policy")
    made = _LET_GO[rule.kind](problem, rule)
    if made.digest() == problem.digest():
        raise NoSuchRule(f"there is no rule {rule.kind.value} {' '.join(rule.of)}".rstrip())
    return made


def price_of(
    problem: Problem,
    plan: Plan,
    rule: Rule,
    *,
    limits: Limits,
    stopwatch: Callable[[], float],
    seed: int = 0,
    should_stop: Callable[[], bool] | None = None,
) -> RulePrice:
    """Say what a rule of a problem costs, beginning with a plan for it.

    Parameters
    ----------
    limits : of the three searches together: two with the rule and one without it.
    """
    return compare(problem, without_rule(problem, rule), plan, limits=limits, stopwatch=stopwatch, seed=seed, should_stop=should_stop)


def compare(
    problem: Problem,
    freer: Problem,
    plan: Plan,
    *,
    limits: Limits,
    stopwatch: Callable[[], float],
    seed: int = 0,
    should_stop: Callable[[], bool] | None = None,
) -> RulePrice:
    """Say what a problem costs against one with fewer rules and the same rows, beginning with a plan for it.

    Parameters
    ----------
    freer : every plan for the problem must be a plan for it.
    """
    share = None if limits.seconds is None else max(0.0, limits.seconds - stopwatch()) / 3

    def searched(which: Problem, number: int) -> tuple[int, Plan]:
        until = None if share is None else stopwatch() + share
        limit = Limits(until, limits.iterations, limits.cores)
        found = solve(which, limits=limit, seed=number, stopwatch=stopwatch, warm_start=plan, should_stop=should_stop)
        return found.objective_vnd, found.plan

    (first, plan_a), (second, plan_b) = searched(problem, seed), searched(problem, seed + 1)
    free, free_plan = searched(freer, seed)
    kept = verify(problem, plan)
    with_rule = [first, second, *([kept.objective_vnd] if kept.ok else [])]
    back = verify(problem, free_plan)
    if back.ok:
        with_rule.append(back.objective_vnd)
    best = max(with_rule)
    starts = [verify(freer, one).objective_vnd for one in (plan_a, plan_b, *([plan] if kept.ok else []))]
    return RulePrice(best, max(free, *starts, best), abs(first - second))


# letting go ----------------------------------------------------------------------------------------------------------
def _rows(ids: TextArray, of: tuple[str, ...]) -> IntArray:
    """Rows that a rule is about, all where it names none."""
    if not of:
        return np.arange(len(ids))
    rows = np.flatnonzero(np.isin(ids.astype(str), of))
    if len(rows) < len(set(of)):
        raise NoSuchRule(f"no row is called {', '.join(sorted(set(of) - set(ids[rows].astype(str))))}")
    return rows


def _set(table: str, column: str, value: int | bool) -> Callable[[Problem, Rule], Problem]:
    """Make what sets a column of some rows to a value that forbids nothing."""

    def let_go(problem: Problem, rule: Rule) -> Problem:
        rows = getattr(problem, table)
        changed = getattr(rows, column).copy()
        changed[_rows(rows.id, rule.of)] = value
        return problem.replace(**{table: rows.replace(**{column: changed})})

    return let_go


def _certificates(problem: Problem, rule: Rule) -> Problem:
    lines, free = problem.lines, np.zeros(problem.n_lines, dtype=np.bool_)
    free[_rows(lines.id, rule.of)] = True
    count = np.diff(lines.require_start)
    kept = np.repeat(~free, count)
    start = np.concatenate([[0], np.cumsum(np.where(free, 0, count))]).astype(np.int64)
    return problem.replace(
        lines=lines.replace(require_start=start, require_scheme=lines.require_scheme[kept], require_level=lines.require_level[kept])
    )


def _access(problem: Problem, rule: Rule) -> Problem:
    zones = np.array(problem.sites.zone_names, dtype=object)
    named = _rows(zones, rule.of)
    access = problem.access
    return problem.replace(access=rows_of(access, np.flatnonzero(~np.isin(access.zone, named))))


def _decisions(kind: int) -> Callable[[Problem, Rule], Problem]:
    def let_go(problem: Problem, rule: Rule) -> Problem:
        made = problem.decisions
        gone = made.kind == kind
        if rule.of:
            lot, line = rule.of
            gone &= (problem.lots.id[made.lot] == lot) & (problem.lines.id[made.line] == line)
        return problem.replace(decisions=rows_of(made, np.flatnonzero(~gone)))

    return let_go


_LET_GO: dict[RuleKind, Callable[[Problem, Rule], Problem]] = {
    RuleKind.MAX_SUPPLIERS: _set("lines", "max_suppliers", NO_LIMIT),
    RuleKind.MIN_SUPPLIER: _set("lines", "min_supplier_kg", 0),
    RuleKind.MIN_FILL: _set("lines", "min_fill_kg", 0),
    RuleKind.MIN_LIFE: _set("lines", "min_life_days", 0),
    RuleKind.MIN_TAKE: _set("lots", "min_take_kg", 0),
    RuleKind.INDIVISIBLE: _set("lots", "indivisible", False),
    RuleKind.THROUGHPUT: _set("sites", "throughput_kg_per_day", NO_LIMIT),
    RuleKind.VEHICLE_COUNT: _set("vehicles", "count_per_day", NO_LIMIT),
    RuleKind.CERTIFICATES: _certificates,
    RuleKind.ACCESS: _access,
    RuleKind.PIN: _decisions(PIN),
    RuleKind.FORBID: _decisions(FORBID),
}

__all__ = ["NoSuchRule", "Rule", "RuleKind", "RulePrice", "compare", "price_of", "without_rule"]
