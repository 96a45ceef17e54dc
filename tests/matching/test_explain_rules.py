"""What rules cost, and who fills a line together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matching.explain.pools import Pool, PoolOutcome, find_pool, pool_json
from matching.explain.rules import OF_POLICY, NoSuchRule, Rule, RuleKind, RulePrice, compare, price_of, without_rule
from matching.explain.scene import Scene
from matching.explain.telling import pool_text, price_text
from matching.nation.splice import empty_plan
from matching.problem import NO_LIMIT, Problem
from matching.solve import Limits
from tests.matching.builders import build_problem
from tests.matching.solving import counting, run

CHEAP = {"fixed_vnd": 100000, "vnd_per_km": "0:2000"}
LIMITS = Limits(None, 300, 1)
THREE = [{"supplier_id": f"s{n}", "quantity_kg": 400} for n in (1, 2, 3)]


def priced(rule: Rule, **tables: Any) -> RulePrice:
    problem = build_problem(vehicles=[CHEAP], **tables)
    plan = run(problem, iterations=300).plan
    return price_of(problem, plan, rule, limits=LIMITS, stopwatch=counting())


# what rules cost -----------------------------------------------------------------------------------------------------
def test_a_limit_on_suppliers_costs_what_the_others_would_have_gained() -> None:
    tables = {"lots": THREE, "demands": [{"quantity_kg": 1200, "max_suppliers": 2}]}
    price = priced(Rule(RuleKind.MAX_SUPPLIERS, ("line1",)), **tables)
    # 400 kg at 10,000 đ; the truck comes anyway.
    assert price.cost_vnd == 4_000_000
    assert (price.noise_vnd, price.is_noise) == (0, False)
    text = price_text(Rule(RuleKind.MAX_SUPPLIERS, ("line1",)), price, "en")
    assert text == "Max suppliers line1 costs 4,000,000 đ."
    assert price_text(Rule(RuleKind.MAX_SUPPLIERS), price, "vi") == "Số nhà cung cấp tối đa ở đây tốn 4.000.000 đ."


def test_a_rule_that_binds_nobody_costs_nothing() -> None:
    price = priced(Rule(RuleKind.MAX_SUPPLIERS), lots=THREE, demands=[{"quantity_kg": 1200, "max_suppliers": 3}])
    assert price.cost_vnd == 0
    assert price_text(Rule(RuleKind.MAX_SUPPLIERS), price, "en") == "Max suppliers here costs nothing."


def test_a_pin_to_a_poor_line_and_a_ban_of_a_good_one_have_their_price() -> None:
    lines = [{"quantity_kg": 1000, "bid_vnd_per_kg": 20000}, {"quantity_kg": 1000, "bid_vnd_per_kg": 19000}]
    pin = [{"line_id": "line2", "decision": "pin", "kg": 1000}]
    assert priced(Rule(RuleKind.PIN, ("lot1", "line2")), demands=lines, decisions=pin).cost_vnd == 1_000_000
    assert priced(Rule(RuleKind.FORBID), demands=lines, decisions=[{}]).cost_vnd == 1_000_000


def test_a_cost_within_the_noise_says_so() -> None:
    price = RulePrice(100, 150, 60)
    assert price.is_noise
    assert "within the search's noise (60 đ)" in price_text(Rule(RuleKind.ACCESS), price, "en")
    assert not RulePrice(100, 200, 60).is_noise


def test_a_plan_that_breaks_the_rules_is_no_plan_to_compare_with() -> None:
    """A plan of more suppliers than the rule allows counts only for the side without the rule."""
    free = build_problem(vehicles=[CHEAP], lots=THREE, demands=[{"quantity_kg": 1200}])
    bound = free.replace(lines=free.lines.replace(max_suppliers=np.array([1])))
    plan = run(free, iterations=300).plan
    assert compare(bound, free, plan, limits=LIMITS, stopwatch=counting()).cost_vnd == 8_000_000


FULL: dict[str, Any] = {
    "lots": [{"min_take_kg": 100, "indivisible": "yes"}], "certificates": [{}],
    "sites": [{"site_id": "c1"}, {"site_id": "b1", "kind": "buyer", "zone": "inner", "throughput_kg_per_day": 900, "lat": 21.03}],
    "demands": [{"requires": "VietGAP", "max_suppliers": 2, "min_fill_kg": 100, "min_supplier_kg": 50, "min_life_days": 1}],
    "access": [{}], "vehicles": [{"count_per_day": 2}], "decisions": [{"kg": 0}],
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(set(RuleKind) - OF_POLICY - {RuleKind.PIN}))
def test_every_kind_of_rule_can_be_let_go(kind: RuleKind) -> None:
    problem = build_problem(**FULL)
    free = without_rule(problem, Rule(kind))
    assert free.digest() != problem.digest()
    with pytest.raises(NoSuchRule, match=f"there is no rule {kind}"):
        without_rule(free, Rule(kind))


def test_rules_are_let_go_for_the_rows_that_are_named() -> None:
    problem = build_problem(demands=[{"max_suppliers": 2, "requires": "VietGAP"}, {"max_suppliers": 3, "requires": "OCOP>=3"}])
    free = without_rule(problem, Rule(RuleKind.MAX_SUPPLIERS, ("line2",)))
    assert free.lines.max_suppliers.tolist() == [2, NO_LIMIT]
    free = without_rule(problem, Rule(RuleKind.CERTIFICATES, ("line1",)))
    assert [problem.scheme_ids[scheme] for scheme in free.lines.require_scheme] == ["OCOP"]
    assert free.lines.require_start.tolist() == [0, 0, 1]
    with pytest.raises(NoSuchRule, match="no row is called line9"):
        without_rule(problem, Rule(RuleKind.MAX_SUPPLIERS, ("line9",)))
    with pytest.raises(NoSuchRule, match="no part of a problem"):
        without_rule(problem, Rule(RuleKind.POLICY))


# pools -----------------------------------------------------------------------------------------------------------------
def pooled(**tables: Any) -> tuple[Scene, Pool]:
    scene = Scene(build_problem(vehicles=[CHEAP], **tables), empty_plan())
    return scene, find_pool(scene, 0, iterations=300)


def lots(problem: Problem, pool: Pool) -> dict[str, int]:
    return {str(problem.lots.id[lot]): kg for member in pool.members for lot, kg in member.lots}


def test_suppliers_fill_a_line_together_that_none_could_fill_alone() -> None:
    scene, pool = pooled(lots=THREE, demands=[{"quantity_kg": 1100, "min_fill_kg": 1000}])
    assert (pool.outcome, pool.kg, pool.open_kg) == (PoolOutcome.FOUND, 1100, 1100)
    assert sorted(lots(scene.problem, pool).values()) == [300, 400, 400]
    assert pool.gain_vnd > 0
    made = pool_json(scene, pool)
    assert {member["signer"] for member in made["members"]} == {"s1", "s2", "s3"}
    assert "Kế hoạch tốt lên" in pool_text(scene, pool, "vi")


def test_a_pool_keeps_the_number_of_suppliers_and_their_minimum() -> None:
    supply = [*THREE, {"supplier_id": "s4", "quantity_kg": 700}]
    scene, pool = pooled(lots=supply, demands=[{"quantity_kg": 1200, "max_suppliers": 2, "min_supplier_kg": 300}])
    assert pool.kg == 1100
    assert len({member.signer for member in pool.members}) == 2
    assert "lot4" in lots(scene.problem, pool)


def test_groups_of_one_sponsor_count_as_one_supplier_and_are_named_by_their_places() -> None:
    sites = [{"site_id": "c1"}, {"site_id": "g1", "name": "THT Vườn Dưới"}, {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85}]
    supply = [{"quantity_kg": 500}, {"quantity_kg": 500, "site_id": "g1"}]
    scene, pool = pooled(sites=sites, lots=supply, demands=[{"quantity_kg": 1000, "max_suppliers": 1}])
    assert [(member.signer, member.kg) for member in pool.members] == [(0, 500), (0, 500)]
    assert "- THT Vườn Dưới: 500 kg (lot lot2), signed by s1" in pool_text(scene, pool, "en")


def test_where_nobody_can_bring_more_it_is_said() -> None:
    scene, pool = pooled(lots=THREE, demands=[{"quantity_kg": 2000, "min_fill_kg": 1500}])
    assert (pool.outcome, pool.members) == (PoolOutcome.NONE, ())
    assert pool_text(scene, pool, "en") == "No pool could bring line line1 more within the rules."


def test_a_filled_line_needs_no_pool() -> None:
    problem = build_problem(vehicles=[CHEAP])
    scene = Scene(problem, run(problem, iterations=300).plan)
    assert find_pool(scene, 0).outcome is PoolOutcome.FILLED
