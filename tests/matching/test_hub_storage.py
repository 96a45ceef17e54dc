"""Goods that wait at a hub: what is too early for a line is kept for it, and both halves of every movement weigh the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matching.exact import solve_exactly
from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.pairs.lanes import find_lanes
from matching.search.hubs.kept_movements import kept_movements
from matching.search.hubs.movements import Movements
from matching.search.hubs.split_movements import Halves, halve
from matching.search.lp_start import Outline, outline
from matching.search.staged_planner import StagedPlanner
from matching.search.trips.planner import TripPlanner
from matching.solver import Limits, SolveParams, solve
from matching.verify import verify
from matching.volumes.relaxation import solve_volumes
from tests.matching.builders import build_problem
from tests.matching.random_problems import FEATURES, random_problem

FARM = {"site_id": "farm", "kind": "cooperative", "lat": 21.30, "lon": 106.20, "stop_minutes": 10}
HUB_SITE = {"site_id": "hub", "kind": "hub", "lat": 21.25, "lon": 106.20, "handling_vnd_per_kg": 100, "opening_vnd": 50_000}
SHOP = {"site_id": "shop", "kind": "buyer", "lat": 21.05, "lon": 105.90, "open_from": "03:00", "open_until": "09:00"}
VAN = {"class_id": "van", "payload_kg": 2000, "fixed_vnd": 150_000, "vnd_per_km": "0:15000", "max_hours": 10}
EARLY = {
    "lot_id": "early", "site_id": "farm", "supplier_id": "s", "quantity_kg": 1500, "available_from": "2027-06-07",
    "available_until": "2027-06-07", "cut_on_pickup": "yes", "shelf_life_days": 6, "ask_vnd_per_kg": 8000,
}  # fmt: skip
LATE = {
    "line_id": "late",
    "site_id": "shop",
    "quantity_kg": 1500,
    "deliver_from": "2027-06-11",
    "deliver_until": "2027-06-12",
    "bid_vnd_per_kg": 15000,
}


def stored(**changes: Any) -> Problem:
    """One lot that is ripe four days before the only line wants it."""
    lot, line = EARLY | changes.get("lot", {}), LATE | changes.get("line", {})
    more = {name: rows for name, rows in changes.items() if name not in ("lot", "line")}
    return build_problem(sites=[FARM, HUB_SITE, SHOP], lots=[lot], demands=[line], vehicles=[VAN], **more)


def begun(problem: Problem) -> Outline | None:
    volumes = solve_volumes(problem)
    return outline(problem, volumes.lot_price, volumes.line_price + problem.lines.short_vnd_per_kg)


def chosen(problem: Problem) -> Movements | None:
    found = begun(problem)
    return None if found is None or len(found.movements.lot) == 0 else found.movements


def search(problem: Problem, start: Problem | None = None, seed: int = 0) -> StagedPlanner:
    volumes, found = solve_volumes(problem), begun(start or problem)
    assert found is not None
    line_price = volumes.line_price + problem.lines.short_vnd_per_kg
    return StagedPlanner(problem, found, volumes.lot_price, line_price, seed=seed, cores=1, direct=False)


def planned(problem: Problem, iterations: int = 4_000, seed: int = 0) -> Plan:
    planner = search(problem, seed=seed)
    while planner.iterations < iterations:
        planner.improve(planner.iterations / iterations, lambda: False, 1)
    worth, plan = planner.worth_vnd, planner.plan()
    assert verify(problem, plan).require().objective_vnd >= worth
    return plan


def test_goods_ripe_too_early_wait_at_a_hub() -> None:
    problem = stored()
    found = solve(problem, SolveParams(Limits(None, iterations=3_000, cores=1)), stopwatch=lambda: 0.0)
    a = found.plan.allocations
    assert (a.kg.tolist(), sorted(found.plan.legs.leg.tolist())) == ([1500], [1, 2])
    assert found.objective_vnd == solve_exactly(problem)[0]


def test_without_a_hub_the_same_goods_stay() -> None:
    problem = stored()
    barn = problem.replace(sites=problem.sites.replace(kind=np.where(problem.sites.kind == 1, 3, problem.sites.kind)))
    assert chosen(barn) is None
    assert len(solve(barn, SolveParams(Limits(None, iterations=500, cores=1)), stopwatch=lambda: 0.0).plan.allocations.kg) == 0


@pytest.mark.parametrize(("life", "last"), [(6, "2027-06-12"), (4, "2027-06-11"), (3, None)])
def test_storage_ends_with_the_goods_life(life: int, last: str | None) -> None:
    problem = stored(lot={"shelf_life_days": life})
    movements = chosen(problem)
    if last is None:
        assert movements is None
        return
    assert movements is not None
    assert str(np.datetime64(int(movements.deliver_until_day[0]), "D")) == last
    plan = planned(problem)
    assert plan.allocations.kg.tolist() == [1500]
    assert verify(problem, plan).ok


def test_a_certificate_that_lapses_in_the_hub_keeps_goods_from_it() -> None:
    rows = {"line": {"requires": "VietGAP"}}
    certificate = {"supplier_id": "s", "product": "*", "scheme": "VietGAP", "valid_from": "2026-01-01", "valid_until": "2027-06-10"}
    assert chosen(stored(**rows, certificates=[certificate])) is None
    assert chosen(stored(**rows, certificates=[certificate | {"valid_until": "2027-06-12"}])) is not None


@pytest.mark.parametrize(
    "change", [{"lot": {"indivisible": "yes"}}, {"decisions": [{"lot_id": "early", "line_id": "late", "decision": "forbid"}]}]
)
def test_what_may_not_be_halved_is_not(change: dict[str, Any]) -> None:
    assert chosen(stored(**change)) is None


def movement_of(problem: Problem) -> Halves:
    movements = chosen(problem)
    assert movements is not None
    return halve(problem, movements)


def test_the_halves_together_earn_what_the_movement_earns() -> None:
    halves = movement_of(stored())
    halved, m = halves.halved, halves.movements
    first = halved.lines.bid_vnd_per_kg[halves.hub_lines] - halved.lots.ask_vnd_per_kg[halves.first_lots]
    second = halved.lines.bid_vnd_per_kg[m.line] - halved.lots.ask_vnd_per_kg[halves.second_lots]
    assert (first + second).tolist() == [15000 - 8000 - 100]
    assert int(halved.lots.kg[: halves.problem.n_lots].sum() + m.kg.sum()) == 1500


@pytest.mark.parametrize("seed", [2, 10, 24, 26, 28, 36, 48, 57, 58, 61, 110, 127, 139])
def test_no_plan_with_halves_breaks_a_rule(seed: int) -> None:
    problem = random_problem(seed, 14, FEATURES - {"decisions"})
    assert verify(problem, planned(problem, 2_000, seed)).ok


def test_a_half_without_the_other_counts_for_nothing() -> None:
    # The shop's gate is closed for good but for one minute a day, so nothing that was brought to the hub can leave it.
    problem = stored()
    narrow = problem.replace(
        sites=problem.sites.replace(max_vehicle_kg=np.where(problem.sites.id == "shop", 1, problem.sites.max_vehicle_kg))
    )
    planner = search(narrow, problem)
    planner.improve(0.1, lambda: False, 1)
    assert planner.worth_vnd <= 0
    assert len(planner.plan().allocations.kg) == 0


def test_the_same_seed_gives_the_same_plan() -> None:
    problem = random_problem(2, 14, FEATURES - {"decisions"})
    first, second = planned(problem, 1_500), planned(problem, 1_500)
    assert first.allocations.kg.tolist() == second.allocations.kg.tolist()


def test_the_search_without_hubs_is_not_worth_more() -> None:
    problem = stored()
    direct = TripPlanner(problem, lambda lot, line: np.zeros(len(lot)), seed=0, cores=1, direct=False, warm_start=None)
    assert direct.worth_vnd < verify(problem, planned(problem)).objective_vnd


def test_what_one_half_cannot_carry_the_other_gives_up() -> None:
    # One van a day brings 700 kg on the only day on which the lot is ripe; two days of vans could take 1,400 kg on.
    problem = stored()
    vans = problem.vehicles.replace(payload_kg=np.array([700]), count_per_day=np.array([1]))
    assert planned(problem.replace(vehicles=vans), 3_000).allocations.kg.tolist() == [700]


def test_the_days_of_the_second_half_are_those_of_the_movement() -> None:
    halves = movement_of(stored(lot={"shelf_life_days": 4}))
    lanes = find_lanes(halves.halved)
    second = np.isin(lanes.lot, halves.second_lots)
    assert lanes.deliver_until_day[second].tolist() == halves.movements.deliver_until_day.tolist()
    assert (lanes.pickup_from_day[second] > halves.movements.turning_day).all()


def test_a_pin_that_only_a_hub_can_keep_is_kept() -> None:
    pin = {"lot_id": "early", "line_id": "late", "decision": "pin", "kg": 20}
    found = solve(
        stored(line={"bid_vnd_per_kg": 8100}, decisions=[pin]), SolveParams(Limits(None, iterations=1_500, cores=1)), stopwatch=lambda: 0.0
    )
    assert found.plan.allocations.kg.sum() >= 20
    assert found.objective_vnd < 0


@pytest.mark.parametrize("problem", [stored(), random_problem(58, 14, FEATURES - {"decisions"})], ids=["one lot", "many"])
def test_a_search_goes_on_from_a_plan_with_goods_at_hubs(problem: Problem) -> None:
    before = planned(problem, 2_000, 58)
    assert (before.legs.leg == 2).any()
    halves, start = kept_movements(problem, before)
    assert verify(problem, halves.joined(start)).ok
    after = solve(problem, SolveParams(Limits(None, iterations=100, cores=1)), stopwatch=lambda: 0.0, warm_start=before)
    assert after.objective_vnd >= verify(problem, before).objective_vnd


def test_the_search_begins_with_the_pairs_of_the_outline_and_then_uses_all() -> None:
    problem = build_problem()
    none = np.zeros(0, dtype=np.int64)
    nothing = Outline(none, Movements(*(none for _ in range(10))))
    prices = np.zeros(problem.n_lots), np.zeros(problem.n_lines)
    planner = StagedPlanner(problem, nothing, *prices, seed=0, cores=1, direct=False)
    planner.improve(0.1, lambda: False, 1)
    assert len(planner.plan().allocations.kg) == 0
    planner.improve(0.3, lambda: False, 1)
    assert planner.plan().allocations.kg.sum() > 0
