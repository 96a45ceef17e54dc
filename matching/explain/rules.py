"""What a rule costs: the worth of the best plan found with it and without it, from searches of equal effort.

Both searches begin with the same plan. A plan found without the rule that keeps it all the same counts for both sides, and a plan with
the rule always is a plan without it, so the difference is never negative; what two searches for the same thing differ by is its noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from matching.explain.texts import Language, say
from matching.model.plan import Plan
from matching.model.problem import FORBID, NO_LIMIT, PIN, IntArray, Problem, TextArray
from matching.model.reasons import RuleKind
from matching.model.subset import rows_of
from matching.solver import Limits, SolveParams, solve
from matching.verify import verify

OF_POLICY = {RuleKind.POLICY, RuleKind.FLOOR, RuleKind.CAP}
"""Kinds that no problem has, but a policy; `matching.policy.price` prices them."""
OF_LINES = {RuleKind.MAX_SUPPLIERS, RuleKind.MIN_SUPPLIER, RuleKind.MIN_FILL, RuleKind.MIN_LIFE, RuleKind.CERTIFICATES}
OF_LOTS = {RuleKind.MIN_TAKE, RuleKind.INDIVISIBLE}
OF_PAIRS = {RuleKind.PIN, RuleKind.FORBID}
LIMITS: dict[RuleKind, tuple[str, str, int]] = {
    RuleKind.MAX_SUPPLIERS: ("lines", "max_suppliers", NO_LIMIT),
    RuleKind.MIN_SUPPLIER: ("lines", "min_supplier_kg", 0),
    RuleKind.MIN_FILL: ("lines", "min_fill_kg", 0),
    RuleKind.MIN_LIFE: ("lines", "min_life_days", 0),
    RuleKind.MIN_TAKE: ("lots", "min_take_kg", 0),
    RuleKind.INDIVISIBLE: ("lots", "indivisible", False),
    RuleKind.THROUGHPUT: ("sites", "throughput_kg_per_day", NO_LIMIT),
    RuleKind.VEHICLE_COUNT: ("vehicles", "count_per_day", NO_LIMIT),
}
"""Table and column of the problem that hold a rule's limit, and the limit that forbids nothing."""


class NoSuchRule(LookupError):
    """The problem has no such rule to let go; its words are in the catalogue.

    Parameters
    ----------
    code : of the text, without its prefix ``error.rule.``.
    kind : of rule that was asked about.
    figures : what else fills the text's places.
    """

    def __init__(self, code: str, kind: RuleKind, **figures: str) -> None:
        self.code, self.kind, self.figures = code, kind, figures
        super().__init__(self.text("en"))

    def text(self, language: Language) -> str:
        """Say in words what isn't there."""
        return say(f"error.rule.{self.code}", language, rule=say(f"rule.{self.kind.value}", language), kind=self.kind.value, **self.figures)


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
        raise NoSuchRule("of_policy", rule.kind)
    made = _LET_GO[rule.kind](problem, rule)
    if made.digest() == problem.digest():
        raise NoSuchRule("named", rule.kind, of=", ".join(rule.of)) if rule.of else NoSuchRule("none", rule.kind)
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

    def search(free: bool, number: int, seconds: float | None) -> Plan:
        limit = Limits(None if seconds is None else stopwatch() + seconds, limits.iterations, limits.cores)
        which = freer if free else problem
        return solve(
            which, SolveParams(limit, seed=number, change_vnd_per_kg=None), stopwatch=stopwatch, warm_start=plan, should_stop=should_stop
        ).plan

    def best(free: bool, plans: Sequence[Plan]) -> int:
        verdicts = [verify(freer if free else problem, one) for one in plans]
        return max(verdict.objective_vnd for verdict in verdicts if verdict.ok)

    return both_sides(plan, search, best, limits=limits, stopwatch=stopwatch, seed=seed)


def both_sides(
    plan: Plan,
    search: Callable[[bool, int, float | None], Plan],
    best: Callable[[bool, Sequence[Plan]], int],
    *,
    limits: Limits,
    stopwatch: Callable[[], float],
    seed: int,
) -> RulePrice:
    """Search twice with a rule and once without it, and let every plan count for each side on which it keeps the rules.

    Parameters
    ----------
    search : plans without the rule (true) or with it, with a seed, within so many seconds (None for no limit).
    best : worth of the best of some plans without the rule (true) or with it, đồng; those that aren't plans there don't count.
    """
    share = None if limits.seconds is None else max(0.0, limits.seconds - stopwatch()) / 3
    kept = [search(False, seed, share), search(False, seed + 1, share)]
    free = search(True, seed, share)
    noise = abs(best(False, kept[:1]) - best(False, kept[1:]))
    with_rule, without = best(False, [plan, *kept, free]), best(True, [plan, *kept, free])
    return RulePrice(with_rule, max(with_rule, without), noise)


def limit_of(problem: Problem, rule: Rule) -> int | None:
    """Return the limit that a rule of one row sets there, in the column's unit; None for rules of several rows and those without."""
    if rule.kind not in LIMITS or len(rule.of) != 1:
        return None
    table, column, free = LIMITS[rule.kind]
    rows = getattr(problem, table)
    found = np.flatnonzero(rows.id.astype(str) == rule.of[0])
    limit = int(getattr(rows, column)[found[0]]) if len(found) else free
    return None if limit == free else limit


# letting go ----------------------------------------------------------------------------------------------------------
def _rows(ids: TextArray, rule: Rule) -> IntArray:
    """Rows that a rule is about, all where it names none."""
    if not rule.of:
        return np.arange(len(ids))
    rows = np.flatnonzero(np.isin(ids.astype(str), rule.of))
    if len(rows) < len(set(rule.of)):
        raise NoSuchRule("unknown", rule.kind, of=", ".join(sorted(set(rule.of) - set(ids[rows].astype(str)))))
    return rows


def _set(table: str, column: str, value: int | bool) -> Callable[[Problem, Rule], Problem]:
    """Make what sets a column of some rows to a value that forbids nothing."""

    def let_go(problem: Problem, rule: Rule) -> Problem:
        rows = getattr(problem, table)
        changed = getattr(rows, column).copy()
        changed[_rows(rows.id, rule)] = value
        return problem.replace(**{table: rows.replace(**{column: changed})})

    return let_go


def _certificates(problem: Problem, rule: Rule) -> Problem:
    lines, free = problem.lines, np.zeros(problem.n_lines, dtype=np.bool_)
    free[_rows(lines.id, rule)] = True
    count = np.diff(lines.require_start)
    kept = np.repeat(~free, count)
    start = np.concatenate([[0], np.cumsum(np.where(free, 0, count))]).astype(np.int64)
    return problem.replace(
        lines=lines.replace(require_start=start, require_scheme=lines.require_scheme[kept], require_level=lines.require_level[kept])
    )


def _access(problem: Problem, rule: Rule) -> Problem:
    zones = np.array(problem.sites.zone_names, dtype=object)
    named = _rows(zones, rule)
    access = problem.access
    return problem.replace(access=rows_of(access, np.flatnonzero(~np.isin(access.zone, named))))


def _decisions(kind: int) -> Callable[[Problem, Rule], Problem]:
    def let_go(problem: Problem, rule: Rule) -> Problem:
        made = problem.decisions
        gone = made.kind == kind
        if rule.of:
            if len(rule.of) != 2:
                raise NoSuchRule("pair", rule.kind)
            lot, line = rule.of
            gone &= (problem.lots.id[made.lot] == lot) & (problem.lines.id[made.line] == line)
        return problem.replace(decisions=rows_of(made, np.flatnonzero(~gone)))

    return let_go


_LET_GO: dict[RuleKind, Callable[[Problem, Rule], Problem]] = {
    **{kind: _set(*limit) for kind, limit in LIMITS.items()},
    RuleKind.CERTIFICATES: _certificates,
    RuleKind.ACCESS: _access,
    RuleKind.PIN: _decisions(PIN),
    RuleKind.FORBID: _decisions(FORBID),
}

__all__ = ["NoSuchRule", "Rule", "RuleKind", "RulePrice", "both_sides", "compare", "limit_of", "price_of", "without_rule"]
