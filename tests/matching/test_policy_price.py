"""What a floor, a cap, a policy, and any rule of the problem cost under a policy."""

from __future__ import annotations

from typing import Any

import pytest

from matching.explain.rendering import price_text
from matching.explain.rules import NoSuchRule, Rule, RuleKind, RulePrice
from matching.model.problem import Problem
from matching.policy import PLAIN, Goal, policy_of
from matching.policy.price import price_under, without_policy_rule
from matching.policy.solve import solve_policy
from matching.solver import Limits
from tests.matching.builders import build_problem
from tests.matching.solving import counting

LIMITS = Limits(None, 300, 1)
FLOORS: dict[str, Any] = {
    "floors": [{"name": "dear", "share_pct": 30, "suppliers": ["s2"]}, {"name": "cheap", "share_pct": 10, "suppliers": ["s1"]}]
}


def rivals(**line: Any) -> Problem:
    """Two suppliers of 1,000 kg for a line that takes 1,000 kg; the second asks 1,000 đ/kg more."""
    lots = [{"quantity_kg": 1000}, {"supplier_id": "s2", "quantity_kg": 1000, "ask_vnd_per_kg": 11_000}]
    return build_problem(lots=lots, demands=[{"quantity_kg": 1000, **line}], vehicles=[{"fixed_vnd": 1000, "vnd_per_km": "100"}])


def priced(stated: dict[str, Any], rule: Rule, problem: Problem | None = None) -> RulePrice:
    problem, policy = problem or rivals(), policy_of(stated)
    plan = solve_policy(problem, policy, limits=LIMITS, stopwatch=counting()).result.plan
    return price_under(problem, policy, plan, rule, limits=LIMITS, stopwatch=counting())


def test_a_floor_costs_what_the_dearer_supplier_costs_and_the_other_floor_nothing() -> None:
    price = priced(FLOORS, Rule(RuleKind.FLOOR, ("dear",)))
    assert price.cost_vnd == 300_000
    assert price_text(Rule(RuleKind.FLOOR, ("dear",)), price, "vi") == "Mức bán tối thiểu công bằng dear làm giảm lợi ích ròng 300.000 đ."
    assert priced(FLOORS, Rule(RuleKind.FLOOR, ("cheap",))).cost_vnd == 0


def test_all_floors_and_the_policy_cost_the_same_where_the_policy_is_floors_alone() -> None:
    assert priced(FLOORS, Rule(RuleKind.FLOOR)).cost_vnd == priced(FLOORS, Rule(RuleKind.POLICY)).cost_vnd == 300_000


def test_a_cap_costs_what_it_keeps_from_the_cheaper_supplier() -> None:
    assert 350_000 <= priced({"cap_pct": 60}, Rule(RuleKind.CAP)).cost_vnd <= 1_400_000


def test_a_rule_of_the_problem_is_priced_with_the_policy_in_force() -> None:
    """With a floor of 30 % for the dearer supplier, a limit to one supplier leaves nothing for the other."""
    price = priced({"floors": FLOORS["floors"][:1]}, Rule(RuleKind.MAX_SUPPLIERS, ("line1",)), rivals(max_suppliers=1))
    # The dearer supplier sells all 1,000 kg where 300 kg would do.
    assert price.cost_vnd == 700_000
    alone = priced({}, Rule(RuleKind.MAX_SUPPLIERS, ("line1",)), rivals(max_suppliers=1))
    assert alone.cost_vnd == 0


def test_without_its_floors_a_policy_ranks_fairness_no_more() -> None:
    policy = policy_of({"goals": ["fairness", "worth"], **FLOORS})
    free = without_policy_rule(policy, Rule(RuleKind.FLOOR))
    assert [rank.goal for rank in free.ranks] == [Goal.WORTH]
    kept = without_policy_rule(policy, Rule(RuleKind.FLOOR, ("cheap",)))
    assert ([floor.name for floor in kept.floors], len(kept.ranks)) == (["dear"], 2)
    assert without_policy_rule(policy, Rule(RuleKind.POLICY)) == PLAIN
    assert without_policy_rule(policy, Rule(RuleKind.PIN)) == policy


@pytest.mark.parametrize("rule", [Rule(RuleKind.FLOOR, ("none",)), Rule(RuleKind.CAP), Rule(RuleKind.MIN_LIFE)])
def test_what_neither_policy_nor_problem_has_is_refused(rule: Rule) -> None:
    with pytest.raises(NoSuchRule, match="there is no"):
        priced(FLOORS, rule)


@pytest.mark.parametrize("kind", [RuleKind.FLOOR, RuleKind.CAP, RuleKind.POLICY])
def test_without_a_policy_there_is_nothing_of_one_to_let_go(kind: RuleKind) -> None:
    with pytest.raises(NoSuchRule, match="there is no"):
        without_policy_rule(PLAIN, Rule(kind))
