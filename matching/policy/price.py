"""What a rule costs under a policy: a floor, the cap, or any rule of the problem, with and without it, from a plan at hand.

As in `matching.explain.rules`, two searches with the rule and one without it begin with the same plan, with equal effort. Plans compare
as the policy has it: by what breaks its rules, by its goals with their tolerances, then by worth. Whatever keeps a rule is allowed
without it, so the cost is never negative; where a goal that is ranked before worth gains by letting go of a rule, worth may lose, and
the rule is said to cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from matching.explain.rules import OF_POLICY, NoSuchRule, Rule, RuleKind, RulePrice, both_sides, compare, without_rule
from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.policy.goals import Yardsticks, yardsticks
from matching.policy.model import PLAIN, Goal, Policy
from matching.policy.solve import solve_policy
from matching.solver import Limits
from matching.verify import Verdict, verify


def without_policy_rule(policy: Policy, rule: Rule) -> Policy:
    """Return the policy with one of its own rules let go; as it is for a rule of the problem.

    Raises
    ------
    NoSuchRule
        If the policy has no such rule.
    """
    if rule.kind not in OF_POLICY:
        return policy
    if rule.kind is RuleKind.FLOOR:
        return _without_floors(policy, rule.of)
    if (rule.kind is RuleKind.CAP and policy.cap_pct is None) or policy.is_plain:
        raise NoSuchRule("without", rule.kind)
    return replace(policy, cap_pct=None) if rule.kind is RuleKind.CAP else PLAIN


def _without_floors(policy: Policy, names: Sequence[str]) -> Policy:
    known = {floor.name for floor in policy.floors}
    if not known:
        raise NoSuchRule("without", RuleKind.FLOOR)
    strange = sorted(set(names) - known)
    if strange:
        raise NoSuchRule("floor", RuleKind.FLOOR, of=", ".join(strange))
    kept = tuple(floor for floor in policy.floors if names and floor.name not in names)
    # Nobody can fall short of floors that aren't there, so fairness is no goal any more.
    ranks = policy.ranks if kept else tuple(rank for rank in policy.ranks if rank.goal is not Goal.FAIRNESS)
    return replace(policy, floors=kept, ranks=ranks)


def price_under(
    problem: Problem,
    policy: Policy,
    plan: Plan,
    rule: Rule,
    *,
    limits: Limits,
    stopwatch: Callable[[], float],
    seed: int = 0,
    previous: Plan | None = None,
    deliveries: Mapping[str, int] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> RulePrice:
    """Say what a rule costs under a policy, beginning with a plan that was made under it.

    Parameters
    ----------
    limits : of the three searches together.
    previous, deliveries : what the plan was made with, as `matching.policy.solve.solve_policy` takes them.

    Raises
    ------
    NoSuchRule
        If neither the problem nor the policy has such a rule.
    """
    freer = without_policy_rule(policy, rule)
    open_problem = problem if rule.kind in OF_POLICY else without_rule(problem, rule)
    if policy.is_plain:
        return compare(problem, open_problem, plan, limits=limits, stopwatch=stopwatch, seed=seed, should_stop=should_stop)
    yards = {True: yardsticks(open_problem, freer, previous, deliveries), False: yardsticks(problem, policy, previous, deliveries)}

    def search(free: bool, number: int, seconds: float | None) -> Plan:
        under, started = yards[free].policy, stopwatch()
        return solve_policy(
            yards[free].problem, under, limits=Limits(seconds, limits.iterations, limits.cores), seed=number,
            stopwatch=lambda: stopwatch() - started, previous=previous if under.needs_previous else None, deliveries=deliveries,
            warm_start=plan, should_stop=should_stop,
        ).result.plan  # fmt: skip

    return both_sides(plan, search, lambda free, plans: _best(yards[free], plans), limits=limits, stopwatch=stopwatch, seed=seed)


def _best(yard: Yardsticks, plans: Sequence[Plan]) -> int:
    """Return the worth of the best of some plans, as a policy has it, đồng; those that break a rule of the problem don't count."""
    judged = [(plan, verdict) for plan in plans if (verdict := verify(yard.problem, plan)).ok]
    judged = _of_most(judged, [-yard.breach_kg(plan) for plan, _ in judged], 0)
    for rank in yard.policy.ranks:
        values = [yard.value(rank.goal, plan, verdict) for plan, verdict in judged]
        spare = yard.may_give_up(rank.goal, max(values), rank.tolerance_pct)
        judged = _of_most(judged, values, spare)
    return max(verdict.objective_vnd for _, verdict in judged)


def _of_most(judged: list[tuple[Plan, Verdict]], values: list[int], spare: int) -> list[tuple[Plan, Verdict]]:
    """Return the plans of the largest value, or of at most so much less."""
    return [one for one, value in zip(judged, values) if value >= max(values) - spare]
