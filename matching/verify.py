"""Recompute every rule and every đồng from the plan alone.

Nothing here is shared with the solver: the problem, the plan and `matching.rules` are all it reads. A plan of ours that
fails is a defect of ours and is never stored.

Objective (VND) = Σ kg × (bid − ask) − Σ trip cost − Σ hub handling − Σ site openings − Σ short_vnd_per_kg × kg not
delivered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.model.errors import PlanInvalid, Violation
from matching.model.plan import LINE, LOT, Plan, Reasons, Result
from matching.model.problem import IntArray, Problem
from matching.rules import RULES
from matching.rules._clean import clean
from matching.rules._facts import PlanFacts
from matching.rules._measure import sum_of_products


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is true of a plan.

    Attributes
    ----------
    violations : every breach of a rule, in the order of `matching.rules.RULES`; empty for a plan that keeps them all.
    objective_vnd : goods − freight − handling − opening − short.
    goods_vnd, freight_vnd, handling_vnd, opening_vnd, short_vnd : the objective's parts, VND.
    km : kilometres of all truck trips.
    filled_kg : mass delivered to each line, shape (n_lines,), kg.
    taken_kg : mass taken of each lot, shape (n_lots,), kg.
    """

    violations: tuple[Violation, ...]
    objective_vnd: int
    goods_vnd: int
    freight_vnd: int
    handling_vnd: int
    opening_vnd: int
    short_vnd: int
    km: float
    filled_kg: IntArray
    taken_kg: IntArray

    @property
    def ok(self) -> bool:
        """True if the plan keeps every rule."""
        return not self.violations

    def require(self) -> Verdict:
        """Return the verdict itself, or raise if a rule is broken.

        Raises
        ------
        PlanInvalid
            Naming every breach.
        """
        if self.violations:
            raise PlanInvalid(self.violations)
        return self


def verify(problem: Problem, plan: Plan) -> Verdict:
    """Check a plan against every rule of the format and recompute its worth.

    Rows that point to nothing are reported and left out of the figures; so are the freight and the site days of trips
    whose stops or lanes make no trip at all.
    """
    facts = PlanFacts(problem, clean(problem, plan))
    violations = [violation for rule in RULES for violation in rule.check(facts)]
    goods, freight, short = _goods_vnd(facts), sum(facts.trip_vnd.tolist()), _short_vnd(facts)
    handling, opening = _handling_vnd(facts), _opening_vnd(facts)
    return Verdict(
        violations=tuple(violations),
        objective_vnd=goods - freight - handling - opening - short,
        goods_vnd=goods,
        freight_vnd=freight,
        handling_vnd=handling,
        opening_vnd=opening,
        short_vnd=short,
        km=sum(facts.trip_km.tolist()),
        filled_kg=facts.filled_kg,
        taken_kg=facts.taken_kg,
    )


def verify_result(problem: Problem, result: Result) -> Verdict:
    """Check a result: its plan, the figures that it claims, and that each open lot and line has a reason."""
    verdict = verify(problem, result.plan)
    claims = check_claims(verdict, len(result.plan.trips.vehicle), result.objective_vnd, result.bound_vnd)
    return _with(verdict, claims + check_reasons(problem, verdict, result.reasons))


def check_claims(verdict: Verdict, n_trips: int, objective_vnd: float | None, bound_vnd: float | None) -> list[Violation]:
    """See that a stated objective is the plan's own, and that a stated bound is not below it.

    Each trip may be rounded, so the slack is 2 VND a trip and at least 10 VND.
    """
    slack, worth = max(2 * n_trips, 10), verdict.objective_vnd
    found = []
    if objective_vnd is None or not abs(objective_vnd - worth) <= slack:
        found.append(Violation("objective_claim", "plan", f"says {objective_vnd}, is {worth}"))
    if bound_vnd is not None and not bound_vnd >= worth - slack:
        found.append(Violation("bound_claim", "plan", f"{bound_vnd} < {worth}"))
    return found


def check_reasons(problem: Problem, verdict: Verdict, reasons: Reasons) -> list[Violation]:
    """See that each lot and line not wholly used has a reason."""
    found = []
    for subject, ids, total, used in (
        (LOT, problem.lots.id, problem.lots.kg, verdict.taken_kg),
        (LINE, problem.lines.id, problem.lines.kg, verdict.filled_kg),
    ):
        explained = reasons.index[(reasons.subject == subject) & (reasons.reason != "")].astype(np.int64)
        silent = np.setdiff1d(np.flatnonzero(used < total), explained)
        found += [Violation("reason_given", f"{subject} {ids[row]}") for row in silent.tolist()]
    return found


def _with(verdict: Verdict, more: list[Violation]) -> Verdict:
    """Add violations to a verdict."""
    parts = {name: getattr(verdict, name) for name in Verdict.__dataclass_fields__ if name != "violations"}
    return Verdict(violations=verdict.violations + tuple(more), **parts)


def _goods_vnd(facts: PlanFacts) -> int:
    a, p = facts.allocations, facts.problem
    return sum_of_products(a.kg, p.lines.bid_vnd_per_kg[a.line] - p.lots.ask_vnd_per_kg[a.lot])


def _handling_vnd(facts: PlanFacts) -> int:
    """Handling at hubs, rounded once in the total."""
    used = np.flatnonzero(facts.hub_kg)
    rates = facts.problem.sites.handling_vnd_per_kg[used].tolist()
    return round(float(sum(kg * rate for kg, rate in zip(facts.hub_kg[used].tolist(), rates, strict=True))))


def _opening_vnd(facts: PlanFacts) -> int:
    return int(sum(facts.problem.sites.opening_vnd[facts.site_days[0]].tolist()))


def _short_vnd(facts: PlanFacts) -> int:
    lines = facts.problem.lines
    return sum_of_products(lines.short_vnd_per_kg, lines.kg - facts.filled_kg)
