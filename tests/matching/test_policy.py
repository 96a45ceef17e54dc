"""Plans under a policy: floors, caps, ranks and their limits, each checked exactly on the finished plan."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from matching.model.errors import BadInput
from matching.model.plan import Plan, Termination
from matching.model.problem import PIN, Decisions, Problem
from matching.policy import PLAIN, Goal, Policy, Rank, policy_of
from matching.policy.goals import yardsticks
from matching.policy.guide import capped_kg, guide, just_due, premiums, some_short, trial_pins
from matching.policy.report import PolicyResult
from matching.policy.solve import _round_s, solve_policy
from matching.recipe import Recipe, recipe_of
from matching.search.plan_ops import first_days
from matching.solver import Limits
from matching.verify import verify
from tests.matching.builders import build_problem
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.solving import counting

CHEAP = {"fixed_vnd": 1000, "vnd_per_km": "100"}


def solved(problem: Problem, policy: Policy, iterations: int = 600, **more: Any) -> PolicyResult:
    limits = Limits(None, iterations=iterations, cores=1)
    made = solve_policy(problem, policy, limits=limits, seed=more.pop("seed", 1), stopwatch=counting(), **more)
    verdict = verify(problem, made.result.plan).require()
    assert verdict.objective_vnd == made.worth_vnd == made.result.objective_vnd
    assert made.result.bound_vnd is None or made.result.bound_vnd >= made.worth_vnd
    assert made.price_vnd >= 0
    return made


def taken_kg(problem: Problem, plan: Plan) -> dict[str, int]:
    kg: dict[str, int] = dict.fromkeys(problem.supplier_ids, 0)
    for lot, amount in zip(plan.allocations.lot.tolist(), plan.allocations.kg.tolist()):
        kg[problem.supplier_ids[problem.lots.supplier[lot]]] += amount
    return kg


def rivals(**more: Any) -> Problem:
    """Two suppliers of 1,000 kg for a line that takes 1,000 kg; the second asks 1,000 đ/kg more."""
    lots = [{"quantity_kg": 1000}, {"supplier_id": "s2", "quantity_kg": 1000, "ask_vnd_per_kg": 11_000}]
    return build_problem(lots=lots, demands=[{"quantity_kg": 1000}], vehicles=[CHEAP], **more)


def test_a_floor_is_met_to_the_kilogram_and_costs_what_the_dearer_supplier_costs() -> None:
    problem = rivals()
    made = solved(problem, policy_of({"floors": [{"share_pct": 30, "suppliers": ["s2"]}]}))
    assert made.is_met
    assert taken_kg(problem, made.result.plan) == {"s1": 700, "s2": 300}
    assert [(one.due_kg, one.short_kg) for one in made.floors] == [(300, 0)]
    assert made.free_vnd - made.worth_vnd == made.price_vnd
    assert 300_000 <= made.price_vnd <= 310_000


def test_without_a_policy_the_dearer_supplier_sells_nothing() -> None:
    problem = rivals()
    made = solved(problem, PLAIN)
    assert taken_kg(problem, made.result.plan) == {"s1": 1000, "s2": 0}
    assert (made.price_vnd, made.floors, made.cap) == (0, (), ())


def test_floors_that_cannot_be_met_together_are_met_as_far_as_possible_and_it_is_said_how_far() -> None:
    problem = rivals()
    made = solved(problem, policy_of({"floors": [{"share_pct": 80, "suppliers": ["s1", "s2"]}]}))
    assert not made.is_met
    assert sum(one.short_kg for one in made.floors) == 600
    assert made.stages[0].as_json() == {"goal": "rules", "reached": -600, "limit": -600, "most": None, "kept": -600}


def test_a_cap_is_kept_to_the_kilogram() -> None:
    problem = rivals()
    made = solved(problem, policy_of({"cap_pct": 60}), iterations=1500)
    kg = taken_kg(problem, made.result.plan)
    assert made.is_met
    assert max(kg.values()) <= 0.6 * sum(kg.values())
    assert sum(kg.values()) >= 900
    assert made.price_vnd > 0


def test_a_cap_shares_out_lots_whole_or_above_their_minimum() -> None:
    lots = [
        {"quantity_kg": 600, "indivisible": "yes"}, {"quantity_kg": 500, "min_take_kg": 400}, {"quantity_kg": 500},
        {"supplier_id": "s2", "quantity_kg": 1000},
    ]  # fmt: skip
    problem = build_problem(lots=lots, demands=[{"quantity_kg": 2000}])
    yard = yardsticks(problem, policy_of({"cap_pct": 50}))
    nothing = solved(problem, PLAIN, 50).result.plan
    for total, most in ((2000, 1000), (1400, 700), (400, 200)):
        kg = capped_kg(yard, nothing, total)
        assert kg[:3].sum() <= most
        assert kg[0] in (0, 600)
        assert kg[1] == 0 or kg[1] >= 400
    pinned = problem.replace(decisions=Decisions(np.array([0]), np.array([0]), np.array([PIN]), np.array([1])))
    assert capped_kg(yardsticks(pinned, policy_of({"cap_pct": 50})), nothing, 400)[0] == 600


def test_what_a_plan_that_keeps_the_cap_takes_of_each_lot_stays_to_be_had() -> None:
    """Also where the better lot alone could use up all that the cap allows."""
    lots = [{"quantity_kg": 600}, {"quantity_kg": 600, "ask_vnd_per_kg": 11_000}, {"supplier_id": "s2", "quantity_kg": 500}]
    problem = build_problem(lots=lots, demands=[{"quantity_kg": 1700}], vehicles=[CHEAP])
    yard = yardsticks(problem, policy_of({"cap_pct": 50}))
    whole = solved(problem, PLAIN, 50).result.plan
    order = np.argsort(whole.allocations.lot)
    half = dataclasses.replace(whole, allocations=whole.allocations.replace(kg=np.array([200, 300, 500])[np.argsort(order)]))
    assert capped_kg(yard, whole, 1000).tolist() == [500, 0, 500]
    assert capped_kg(yard, half, 1000).tolist() == [200, 300, 500]
    assert capped_kg(yard, half, 1200).tolist() == [200, 400, 500]


def test_searches_that_end_badly_do_not_make_the_cap_smaller_than_the_best_plan_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    totals: list[int] = []

    def noting(*given: Any) -> Problem:
        totals.append(given[3])
        return guide(*given)

    monkeypatch.setattr("matching.policy.solve.guide", noting)
    problem = rivals()
    floors = [{"share_pct": 55, "suppliers": ["s1", "s2"]}]
    made = solved(problem, policy_of({"cap_pct": 60, "goals": ["worth", "fairness"], "floors": floors}))
    assert min(totals[-5:]) >= 0.97 * made.result.plan.allocations.kg.sum()


def test_floors_ranked_after_worth_are_met_where_the_tolerance_of_worth_pays_for_them() -> None:
    problem = rivals()
    goals = [{"goal": "worth", "tolerance_pct": 4}, "fairness"]
    made = solved(problem, policy_of({"goals": goals, "cap_pct": 75, "floors": [{"share_pct": 28, "suppliers": ["s2"]}]}))
    worth, fairness = made.stages[1:]
    assert (fairness.reached, fairness.kept) == (0, 0)
    assert worth.limit <= worth.kept
    assert made.is_met


def test_a_tolerance_that_pays_for_some_floors_but_not_for_all_is_spent_on_some() -> None:
    """Of floors of 300 kg each one costs 300,000 đ and one 2,700,000 đ; worth may give up 400,000 đ or so."""
    lots = [
        {"quantity_kg": 1000},
        *({"supplier_id": f"s{k}", "quantity_kg": 1000, "ask_vnd_per_kg": ask} for k, ask in ((2, 11_000), (3, 19_000))),
    ]
    problem = build_problem(lots=lots, demands=[{"quantity_kg": 1000}], vehicles=[CHEAP])
    floors = [{"share_pct": 30, "suppliers": ["s2", "s3"]}]
    made = solved(problem, policy_of({"goals": [{"goal": "worth", "tolerance_pct": 4}, "fairness"], "floors": floors}))
    assert sum(one.short_kg for one in made.floors) <= 300
    assert made.stages[0].limit <= made.stages[0].kept


def test_trials_for_some_suppliers_leave_the_others_as_they_are() -> None:
    problem = rivals()
    yard = yardsticks(problem, policy_of({"floors": [{"share_pct": 40, "suppliers": ["s1", "s2"]}]}))
    plan, rng = solved(problem, PLAIN, 50).result.plan, np.random.default_rng(1)
    chosen = some_short(yard, plan, rng)
    assert chosen.tolist() == [False, True]
    kg, premium = just_due(yard, plan, rng, chosen)
    assert kg.tolist() == [1000, 400]
    assert premium[0] == 0 < premium[1]
    pinned = trial_pins(yard, plan, rng, chosen)
    assert pinned is not None
    assert pinned.lot.tolist() == [1]
    assert trial_pins(yard, plan, rng, ~chosen) is None


def test_no_round_is_so_short_that_its_search_would_come_to_nothing() -> None:
    course = cast(Any, SimpleNamespace(preparing_s=3.0))
    assert _round_s(course, 100.0, 10) == 10.0
    assert _round_s(course, 40.0, 10) == 6.0
    assert _round_s(course, 4.0, 1) == 4.0


def contract_or_gain() -> Problem:
    """One lot of 1,000 kg; a contract bids 11,000 with a penalty of 1 đ, an order bids 20,000."""
    demands = [{"bid_vnd_per_kg": 11_000, "short_vnd_per_kg": 1, "quantity_kg": 1000}, {"quantity_kg": 1000}]
    return build_problem(lots=[{"quantity_kg": 1000}], demands=demands, vehicles=[CHEAP])


@pytest.mark.parametrize(("goals", "contract_kg"), [(["contracts", "worth"], 1000), (["worth", "contracts"], 0)])
def test_the_first_rank_wins_whatever_it_costs(goals: list[str], contract_kg: int) -> None:
    problem = contract_or_gain()
    made = solved(problem, policy_of({"goals": goals}))
    assert verify(problem, made.result.plan).filled_kg[0] == contract_kg


def test_a_later_rank_gives_up_at_most_the_tolerance_of_an_earlier_one() -> None:
    problem = contract_or_gain()
    made = solved(problem, policy_of({"goals": [{"goal": "contracts", "tolerance_pct": 20}, "worth"]}), iterations=4000)
    contracts, worth = made.stages
    assert (contracts.reached, contracts.limit) == (1000, 800)
    assert 800 <= contracts.kept <= 1000
    assert worth.kept >= worth.reached


def test_perishables_come_before_worth_where_they_are_ranked_so() -> None:
    lots = [{"quantity_kg": 1000, "shelf_life_days": 30}, {"quantity_kg": 1000, "shelf_life_days": 3, "ask_vnd_per_kg": 15_000}]
    problem = build_problem(lots=lots, demands=[{"quantity_kg": 1000}], vehicles=[CHEAP])
    saved = solved(problem, policy_of({"goals": ["spoilage"], "spoils_within_days": 3}))
    assert verify(problem, saved.result.plan).taken_kg.tolist() == [0, 1000]
    plain = solved(problem, PLAIN)
    assert verify(problem, plain.result.plan).taken_kg.tolist() == [1000, 0]


@pytest.mark.parametrize("seed", range(4))
def test_every_limit_holds_in_the_finished_plan(seed: int) -> None:
    """Random problems under a policy with everything: values are counted anew from the plan, and none lies beyond its limit."""
    problem = random_problem(seed, 14, FEATURES - {"decisions"})
    goals = ["contracts", {"goal": "spoilage", "tolerance_pct": 5}, {"goal": "worth", "tolerance_pct": 3}, "fairness"]
    policy = policy_of({"goals": goals, "floors": [{"share_pct": 40, "suppliers": ["s0", "s1", "s2"]}]})
    made = solved(problem, policy, iterations=400, seed=seed)
    yard, verdict = yardsticks(problem, policy), verify(problem, made.result.plan)
    for stage in made.stages:
        assert stage.goal is not None
        assert stage.kept == yard.value(stage.goal, made.result.plan, verdict)
        assert stage.limit <= stage.kept
        assert stage.most is None or stage.kept <= stage.most
    short = {problem.supplier_ids[row]: int(kg) for row, kg in enumerate(yard.short_kg(made.result.plan)) if yard.floor_of[row] >= 0}
    assert {one.supplier: one.short_kg for one in made.floors} == short


def test_premiums_never_enter_what_is_measured() -> None:
    problem = rivals()
    yard = yardsticks(problem, policy_of({"floors": [{"share_pct": 30, "suppliers": ["s2"]}]}))
    plan = solved(problem, PLAIN, 50).result.plan
    given = premiums(yard, {Goal.CONTRACTS}, np.array([0, 7000]))
    led = guide(yard, given, plan, 1000)
    assert (led.lots.ask_vnd_per_kg - problem.lots.ask_vnd_per_kg).tolist() == [0, -7000]
    assert yard.value(Goal.WORTH, plan, verify(problem, plan)) == verify(problem, plan).objective_vnd


def test_frozen_days_and_few_changes_hold_on_to_the_plan_before() -> None:
    problem = random_problem(8, 20, FEATURES - {"decisions", "hubs"})
    before = solved(problem, PLAIN, 50, seed=3).result.plan
    policy = policy_of({"goals": [{"goal": "worth", "tolerance_pct": 100}, "changes"], "frozen_days": 3})
    made = solved(problem, policy, previous=before)
    until = problem.horizon_from_day + 3

    def early(plan: Plan) -> list[tuple[int, ...]]:
        first = (first_days(plan) < until)[plan.stops.trip]
        return sorted(zip(plan.stops.site[first].tolist(), plan.stops.arrive_min[first].tolist()))

    assert early(made.result.plan) == early(before)
    assert made.changed_kg == 0


def test_a_price_of_changes_counts_against_worth() -> None:
    problem = random_problem(8, 20, FEATURES - {"decisions", "hubs"})
    before = solved(problem, PLAIN, 50, seed=3).result.plan
    worth = verify(problem, before).objective_vnd
    made = solved(problem, policy_of({"change_vnd_per_kg": 2000}), previous=before)
    assert made.worth_vnd - 2000 * made.changed_kg >= worth


def test_new_suppliers_are_known_by_the_history() -> None:
    problem = rivals()
    policy = policy_of({"floors": [{"share_pct": 30, "new_below_deliveries": 1}]})
    made = solved(problem, policy, deliveries={"s1": 4})
    assert [(one.supplier, one.short_kg) for one in made.floors] == [("s2", 0)]


def test_who_is_named_by_a_floor_but_offers_nothing_is_listed_and_owes_nothing() -> None:
    floors = [{"name": "a", "share_pct": 30, "suppliers": ["s2", "s9"]}, {"name": "b", "share_pct": 10, "suppliers": ["s9"]}]
    made = solved(rivals(), policy_of({"floors": floors}))
    assert [(one.supplier, one.floor) for one in made.absent] == [("s9", "a"), ("s9", "b")]
    assert [one.supplier for one in made.floors] == ["s2"]
    assert made.as_json()["absent"][0] == {"supplier": "s9", "floor": "a"}
    assert solved(rivals(), policy_of({"floors": [{"share_pct": 30, "suppliers": ["s2"]}]}), 50).absent == ()


def test_a_run_that_is_stopped_early_still_gives_a_plan_that_keeps_every_rule() -> None:
    made = solved(rivals(), policy_of({"floors": [{"share_pct": 30, "suppliers": ["s2"]}]}), should_stop=lambda: True)
    assert made.result.termination is Termination.STOPPED


def test_pins_that_cannot_be_kept_are_refused_under_a_policy_too() -> None:
    problem = rivals()
    late = problem.lines.replace(min_life_days=np.array([90]))
    pinned = problem.replace(lines=late, decisions=Decisions(np.array([0]), np.array([0]), np.array([PIN]), np.array([5])))
    with pytest.raises(BadInput, match="a pin on a pair that is eligible"):
        solved(pinned, policy_of({"cap_pct": 60}))


def test_what_is_planned_in_parts_is_refused_under_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.decomposition.planner.MOST_ROWS", 2)
    with pytest.raises(BadInput, match="at most 12,000 lots and lines and 2,500 sites under a policy"):
        solved(rivals(), policy_of({"cap_pct": 60}))


# making a plan again -------------------------------------------------------------------------------------------------
def test_the_same_policy_input_and_seed_give_the_same_plan() -> None:
    problem = random_problem(5, 14, FEATURES - {"decisions"})
    policy = policy_of({"cap_pct": 70, "floors": [{"share_pct": 20, "suppliers": ["s0"]}], "goals": ["contracts"]})
    one, other = (solved(problem, policy, 400, seed=7).result.plan for _ in range(2))
    for table in ("allocations", "legs", "trips", "stops"):
        for spec in dataclasses.fields(getattr(one, table)):
            np.testing.assert_array_equal(getattr(getattr(one, table), spec.name), getattr(getattr(other, table), spec.name))


def test_a_recipe_is_read_as_it_was_written() -> None:
    policy = policy_of({"cap_pct": 70, "goals": ["contracts"]})
    recipe = Recipe("full", 500, 60.0, 2, "iterations", policy, "0" * 64)
    assert recipe_of(recipe.as_json()) == recipe
    assert recipe_of({"seed": 1}) is None


@pytest.mark.parametrize(
    ("iterations", "ended", "policy", "exact"),
    [
        (500, "iterations", PLAIN, True), (None, "proof", PLAIN, True), (500, "time", PLAIN, False), (500, "stopped", PLAIN, False),
        (None, "iterations", Policy(cap_pct=50.0), False), (500, "iterations", Policy(ranks=(Rank(Goal.CHANGES),)), True),
    ],
)  # fmt: skip
def test_only_what_no_clock_ended_must_come_out_the_same(iterations: int | None, ended: str, policy: Policy, exact: bool) -> None:
    assert Recipe("full", iterations, 60.0, 2, ended, policy).is_exact is exact
