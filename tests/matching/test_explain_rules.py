"""What rules cost, and who fills a line together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from matching.explain.context import PlanContext
from matching.explain.pools import Pool, PoolOutcome, _pinned, find_pool, pool_json
from matching.explain.rendering import pool_text, price_question, price_text
from matching.explain.rules import OF_POLICY, NoSuchRule, Rule, RuleKind, RulePrice, both_sides, compare, price_of, without_rule
from matching.model.problem import NO_LIMIT, Problem
from matching.search.plan_ops import empty_plan
from matching.solver import Limits
from tests.matching.builders import build_problem
from tests.matching.plans import Load, Truck, build_plan
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
    rule, problem = Rule(RuleKind.MAX_SUPPLIERS, ("line1",)), build_problem(**tables)
    assert price_text(rule, price, "en", problem) == "Max 2 suppliers of line line1 costs 4,000,000 đ."
    assert price_text(rule, price, "vi", problem) == "Tối đa 2 bên bán của dòng hàng line1 làm giảm lợi ích ròng 4.000.000 đ."
    assert price_text(rule, price, "en") == "Max suppliers of line line1 costs 4,000,000 đ."
    assert price_question(rule, "en", problem) == "Max 2 suppliers of line line1: what does it cost?"
    assert price_text(Rule(RuleKind.MAX_SUPPLIERS), price, "vi") == "Số bên bán tối đa ở đây làm giảm lợi ích ròng 4.000.000 đ."


LIMITED: list[tuple[RuleKind, str, str, str]] = [
    (RuleKind.MIN_SUPPLIER, "line1", "At least 50 kg of each supplier of line line1", "Ít nhất 50 kg mỗi bên bán của dòng hàng line1"),
    (RuleKind.MIN_FILL, "line1", "Delivering at least 100 kg of line line1", "Giao ít nhất 100 kg của dòng hàng line1"),
    (RuleKind.MIN_LIFE, "line1", "At least 1 day of remaining life of line line1", "Hạn dùng còn ít nhất 1 ngày của dòng hàng line1"),
    (RuleKind.MIN_TAKE, "lot1", "Taking at least 100 kg of lot lot1", "Lấy ít nhất 100 kg của lô lot1"),
    (RuleKind.INDIVISIBLE, "lot1", "Indivisibility of lot lot1", "Việc không chia của lô lot1"),
    (RuleKind.THROUGHPUT, "b1", "At most 900 kg a day at b1", "Tối đa 900 kg mỗi ngày tại b1"),
    (RuleKind.VEHICLE_COUNT, "class1", "At most 2 trucks a day of class class1", "Tối đa 2 xe mỗi ngày loại class1"),
]


@pytest.mark.parametrize(("kind", "name", "english", "vietnamese"), LIMITED)
def test_a_rule_of_one_row_is_named_by_its_limit(kind: RuleKind, name: str, english: str, vietnamese: str) -> None:
    problem, price = build_problem(**FULL), RulePrice(0, 0, 0)
    assert price_text(Rule(kind, (name,)), price, "en", problem) == f"{english} costs nothing."
    assert price_text(Rule(kind, (name,)), price, "vi", problem) == f"{vietnamese} không làm giảm lợi ích ròng."


def test_pins_and_rules_of_several_rows_are_named_by_what_they_are_about() -> None:
    price = RulePrice(0, 0, 0)
    assert price_text(Rule(RuleKind.PIN, ("lot1", "line2")), price, "en") == "Pin of lot lot1 for line line2 costs nothing."
    assert (
        price_text(Rule(RuleKind.MIN_TAKE, ("lot1", "lot2")), price, "en", build_problem())
        == "Least take of lots lot1, lot2 costs nothing."
    )


def test_a_rule_that_binds_nobody_costs_nothing() -> None:
    price = priced(Rule(RuleKind.MAX_SUPPLIERS), lots=THREE, demands=[{"quantity_kg": 1200, "max_suppliers": 3}])
    assert price.cost_vnd == 0
    assert price_text(Rule(RuleKind.MAX_SUPPLIERS), price, "en") == "Max suppliers here costs nothing."


def test_a_pin_to_a_poor_line_and_a_ban_of_a_good_one_have_their_price() -> None:
    lines = [{"quantity_kg": 1000, "bid_vnd_per_kg": 20000}, {"quantity_kg": 1000, "bid_vnd_per_kg": 19000}]
    pin = [{"line_id": "line2", "decision": "pin", "kg": 1000}]
    assert priced(Rule(RuleKind.PIN, ("lot1", "line2")), demands=lines, decisions=pin).cost_vnd == 1_000_000
    assert priced(Rule(RuleKind.FORBID), demands=lines, decisions=[{}]).cost_vnd == 1_000_000


def fake_sides(worth: dict[tuple[bool, str], int], found: dict[tuple[bool, int], str]) -> RulePrice:
    """Price a rule among plans that are mere names: what each is worth on each side, and which ones the searches find."""

    def best(free: bool, plans: Sequence[Any]) -> int:
        return max(worth[free, plan] for plan in plans if (free, plan) in worth)

    given: Any = "given"
    return both_sides(given, lambda free, seed, _: found[free, seed], best, limits=LIMITS, stopwatch=counting(), seed=0)  # type: ignore[arg-type,return-value]


def test_every_plan_counts_for_each_side_on_which_it_keeps_the_rules() -> None:
    found = {(False, 0): "a", (False, 1): "b", (True, 0): "free"}
    both = {(side, name): vnd for name, vnd in (("given", 5), ("a", 10), ("b", 7)) for side in (False, True)}
    assert fake_sides({**both, (True, "free"): 16}, found) == RulePrice(10, 16, 3)
    assert fake_sides({**both, (True, "free"): 2}, found) == RulePrice(10, 10, 3), "a plan with the rule is one without it"
    assert fake_sides({**both, (True, "free"): 16, (False, "free"): 16}, found) == RulePrice(16, 16, 3), "it keeps the rule all the same"
    dearer = {(True, name): 4 for name in ("given", "a", "b", "free")}
    assert fake_sides({**both, **dearer}, found) == RulePrice(10, 10, 3), "a goal before worth may gain what worth loses"
    assert fake_sides({**both, (True, "free"): 2, (False, "given"): 30, (True, "given"): 30}, found) == RulePrice(30, 30, 3)


def test_pins_bans_and_closing_hours_are_let_go_for_what_is_named_alone() -> None:
    decisions = [{}, {"line_id": "line2"}, {"line_id": "line2", "lot_id": "lot2"}]
    problem = build_problem(lots=[{}, {}], demands=[{}, {}], decisions=decisions)
    free = without_rule(problem, Rule(RuleKind.FORBID, ("lot1", "line2"))).decisions
    assert list(zip(free.lot.tolist(), free.line.tolist())) == [(0, 0), (1, 1)]
    sites = [{"site_id": "c1", "zone": "outer"}, {"site_id": "b1", "kind": "buyer", "zone": "inner", "lat": 21.03}]
    problem = build_problem(sites=sites, access=[{}, {"zone": "outer"}])
    kept = without_rule(problem, Rule(RuleKind.ACCESS, ("inner",))).access
    assert [problem.sites.zone_names[zone] for zone in kept.zone] == ["outer"]


def test_a_cost_within_the_noise_says_so() -> None:
    price = RulePrice(100, 150, 60)
    assert price.is_noise
    assert "within the search's noise (60 đ)" in price_text(Rule(RuleKind.ACCESS), price, "en")
    assert not RulePrice(100, 200, 60).is_noise
    assert not RulePrice(100, 100, 60).is_noise


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
    for pair in (("lot1",), ("lot1", "line1", "line2")):
        with pytest.raises(NoSuchRule, match="a pin is named by a lot and a line"):
            without_rule(problem, Rule(RuleKind.PIN, pair))
    with pytest.raises(NoSuchRule, match="no part of a problem"):
        without_rule(problem, Rule(RuleKind.POLICY))


@pytest.mark.parametrize(
    ("rule", "vietnamese"),
    [
        (Rule(RuleKind.MAX_SUPPLIERS, ("line9",)), "Không có dòng nào mang mã line9."),
        (Rule(RuleKind.MAX_SUPPLIERS), "Ở đây không có quy tắc số bên bán tối đa (max_suppliers)."),
        (Rule(RuleKind.MIN_FILL, ("line1",)), "line1 không có quy tắc mức giao tối thiểu (min_fill)."),
        (Rule(RuleKind.PIN, ("lot1",)), "Nêu cả lô và dòng hàng, lô trước: giữ cố định (pin)."),
        (Rule(RuleKind.CAP), "Đây là phần của nguyên tắc phân bổ, không phải của dữ liệu: tỷ trọng tối đa của một bên bán (cap)."),
    ],
)
def test_that_there_is_no_such_rule_is_said_in_the_language_of_who_asks(rule: Rule, vietnamese: str) -> None:
    with pytest.raises(NoSuchRule, match=r"there is no rule|no row is called|is named by|is no part of") as refused:
        without_rule(build_problem(), rule)
    assert refused.value.text("vi") == vietnamese


# pools -----------------------------------------------------------------------------------------------------------------
def pooled(**tables: Any) -> tuple[PlanContext, Pool]:
    context = PlanContext(build_problem(vehicles=[CHEAP], **tables), empty_plan())
    return context, find_pool(context, 0, iterations=300)


def lots(problem: Problem, pool: Pool) -> dict[str, int]:
    return {str(problem.lots.id[lot]): kg for member in pool.members for lot, kg in member.lots}


def test_suppliers_fill_a_line_together_that_none_could_fill_alone() -> None:
    context, pool = pooled(lots=THREE, demands=[{"quantity_kg": 1100, "min_fill_kg": 1000}])
    assert (pool.outcome, pool.kg, pool.open_kg) == (PoolOutcome.FOUND, 1100, 1100)
    assert sorted(lots(context.problem, pool).values()) == [300, 400, 400]
    assert pool.gain_vnd > 0
    made = pool_json(context, pool)
    assert {member["signer"] for member in made["members"]} == {"s1", "s2", "s3"}
    assert "Lợi ích ròng tăng" in pool_text(context, pool, "vi")


def test_a_pool_keeps_the_number_of_suppliers_and_their_minimum() -> None:
    supply = [*THREE, {"supplier_id": "s4", "quantity_kg": 700}]
    context, pool = pooled(lots=supply, demands=[{"quantity_kg": 1200, "max_suppliers": 2, "min_supplier_kg": 300}])
    assert pool.kg == 1100
    assert len({member.signer for member in pool.members}) == 2
    assert "lot4" in lots(context.problem, pool)


def test_a_pool_leaves_each_supplier_its_minimum() -> None:
    """By gain alone the first supplier would bring 800 of 1,000 kg, and the other fewer than 300."""
    supply = [{"supplier_id": "s1", "quantity_kg": 800, "ask_vnd_per_kg": 9000}, {"supplier_id": "s2", "quantity_kg": 400}]
    context, pool = pooled(lots=supply, demands=[{"quantity_kg": 1000, "min_supplier_kg": 300}])
    assert lots(context.problem, pool) == {"lot1": 700, "lot2": 300}


def test_a_pool_is_pinned_on_top_of_what_the_plan_brings() -> None:
    problem = build_problem(lots=THREE, demands=[{"quantity_kg": 800}, {}], decisions=[{"line_id": "line2"}])
    trip = Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T09:00 7T09:00"])
    context = PlanContext(problem, build_plan(problem, [trip], [Load("lot1", "line1", 300, (0,))]))
    made = _pinned(context, 0, {0: 100, 1: 400}).decisions
    assert list(zip(made.lot.tolist(), made.line.tolist(), made.kg.tolist())) == [(0, 1, 0), (0, 0, 400), (1, 0, 400)]


def test_groups_of_one_sponsor_count_as_one_supplier_and_are_named_by_their_places() -> None:
    sites = [{"site_id": "c1"}, {"site_id": "g1", "name": "THT Vườn Dưới"}, {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85}]
    supply = [{"quantity_kg": 500}, {"quantity_kg": 500, "site_id": "g1"}]
    context, pool = pooled(sites=sites, lots=supply, demands=[{"quantity_kg": 1000, "max_suppliers": 1}])
    assert [(member.signer, member.kg) for member in pool.members] == [(0, 500), (0, 500)]
    assert "- THT Vườn Dưới: 500 kg (lot lot2), signed by s1" in pool_text(context, pool, "en")


def test_what_the_line_has_already_stays_and_counts() -> None:
    """The first supplier brings 300 of its 400 kg: the pool takes the rest of that lot, too, and the line's supplier counts once."""
    problem = build_problem(vehicles=[CHEAP], lots=THREE, demands=[{"quantity_kg": 800, "max_suppliers": 2, "min_supplier_kg": 350}])
    trip = Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T09:00 7T09:00"])
    pool = find_pool(PlanContext(problem, build_plan(problem, [trip], [Load("lot1", "line1", 300, (0,))])), 0, iterations=300)
    assert (pool.open_kg, pool.kg) == (500, 500)
    assert lots(problem, pool)["lot1"] == 100
    assert len(pool.members) == 2


def test_a_lot_that_may_not_be_divided_joins_whole_or_not_at_all() -> None:
    supply = [{"supplier_id": "s1", "quantity_kg": 700, "indivisible": "yes"}, *THREE[1:]]
    context, pool = pooled(lots=supply, demands=[{"quantity_kg": 1000}])
    assert lots(context.problem, pool) in ({"lot1": 700, "lot2": 300}, {"lot1": 700, "lot3": 300})
    context, pool = pooled(lots=supply, demands=[{"quantity_kg": 600}])
    assert "lot1" not in lots(context.problem, pool)


def test_where_nobody_can_bring_more_it_is_said() -> None:
    context, pool = pooled(lots=THREE, demands=[{"quantity_kg": 2000, "min_fill_kg": 1500}])
    assert (pool.outcome, pool.members) == (PoolOutcome.NONE, ())
    assert pool_text(context, pool, "en") == "Of what is still open, no pool could bring line line1 more within the rules."


def test_a_filled_line_needs_no_pool() -> None:
    problem = build_problem(vehicles=[CHEAP])
    context = PlanContext(problem, run(problem, iterations=300).plan)
    assert find_pool(context, 0).outcome is PoolOutcome.FILLED
