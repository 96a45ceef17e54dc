"""What a broker pinned is kept or refused by name, and what is forbidden stays undone."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from matching.model.errors import BadInput
from matching.model.plan import Plan
from matching.model.problem import FORBID, PIN, Decisions, Problem
from matching.verify import verify
from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.solving import run, squeezed_problem, unproven

__all__ = ["unproven"]


def pin(lot: int = 1, line: int = 1, kg: int = 50) -> dict[str, Any]:
    return {"lot_id": f"lot{lot}", "line_id": f"line{line}", "decision": "pin", "kg": kg}


ONE_DAY = {"horizon_from": "2027-06-08", "horizon_until": "2027-06-08"}
DOCK = {**BUYER, "throughput_kg_per_day": 300}
ONE_TRUCK = {
    "sites": [COOPERATIVE, BUYER, {**BUYER, "site_id": "b2", "lat": 21.1}],
    "demands": [{}, {"site_id": "b2"}],
    "vehicles": [{"count_per_day": 1, "max_stops": 2}],
    "settings": ONE_DAY,
}
TWO = [{"supplier_id": "s1"}, {"supplier_id": "s2"}]
REFUSED: list[tuple[str, dict[str, Any], set[int]]] = [
    ("eligible", {"lots": [{"product": "pomelo"}], "decisions": [pin()]}, {2}),
    ("eligible", {"lots": [{"grade": 3}, {}], "decisions": [pin(2), pin(1)]}, {3}),
    ("eligible", {"demands": [{"requires": "VietGAP"}], "decisions": [pin()]}, {2}),
    ("eligible", {"sites": [COOPERATIVE, {**BUYER, "max_vehicle_kg": 10}], "decisions": [pin()]}, {2}),
    ("eligible", {"lots": [{"available_from": "2027-06-20", "available_until": "2027-06-21"}], "decisions": [pin()]}, {2}),
    ("max_suppliers", {"lots": TWO, "demands": [{"max_suppliers": 1}], "decisions": [pin(1), pin(2)]}, {2, 3}),
    ("indivisible", {"lots": [{"indivisible": "yes"}], "demands": [{}, {}], "decisions": [pin(1, 1), pin(1, 2)]}, {2, 3}),
    ("whole of this lot", {"lots": [{"indivisible": "yes"}], "decisions": [pin()]}, {2}),
    ("leave room for", {"sites": [COOPERATIVE, DOCK], "settings": ONE_DAY, "decisions": [pin(kg=400)]}, {2}),
    (
        "all of them but one",
        {"sites": [COOPERATIVE, DOCK], "settings": ONE_DAY, "demands": [{}, {}], "decisions": [pin(1, 1, 200), pin(1, 2, 200)]},
        {2, 3},
    ),
    ("could be placed", {**ONE_TRUCK, "decisions": [pin(1, 1), pin(1, 2)]}, {2, 3}),
]


@pytest.mark.parametrize(("why", "tables", "rows"), REFUSED)
def test_a_pin_that_cannot_be_kept_is_refused_by_row_lot_and_line(why: str, tables: dict[str, Any], rows: set[int], unproven: None) -> None:
    with pytest.raises(BadInput, match=re.escape(why)) as refusal:
        run(build_problem(**tables), iterations=100)
    named = {issue.row for issue in refusal.value.issues}
    assert named
    assert named <= rows
    assert {issue.table for issue in refusal.value.issues} == {"decisions"}
    assert all(re.fullmatch(r"lot\d line\d \d+", issue.value) for issue in refusal.value.issues)


def test_all_refused_pins_are_named_at_once() -> None:
    lots = [{"product": "pomelo"}, {"indivisible": "yes"}, {}]
    with pytest.raises(BadInput, match="2 errors") as refusal:
        run(build_problem(lots=lots, decisions=[pin(1), pin(2), pin(3)]))
    assert [issue.row for issue in refusal.value.issues] == [2, 3]


@pytest.mark.parametrize("trips", ["none", "direct", "full"])
def test_a_pin_is_kept_though_it_costs_money(trips: str, unproven: None) -> None:
    problem = build_problem(lots=[{"ask_vnd_per_kg": 25000}], decisions=[pin(kg=70)])
    result = run(problem, trips=trips)
    assert result.objective_vnd < 0
    assert result.plan.allocations.kg.sum() >= 70


def test_a_pin_on_an_indivisible_lot_takes_it_whole(unproven: None) -> None:
    problem = build_problem(lots=[{"quantity_kg": 500, "indivisible": "yes", "ask_vnd_per_kg": 30000}], decisions=[pin(kg=5)])
    assert run(problem).plan.allocations.kg.tolist() == [500]


def test_a_pin_below_a_dock_s_day_is_kept_by_a_part_of_the_lot(unproven: None) -> None:
    problem = build_problem(sites=[COOPERATIVE, DOCK], lots=[{"quantity_kg": 400}], decisions=[pin()], demands=[{"short_vnd_per_kg": 500}])
    assert run(problem).plan.allocations.kg.sum() >= 50


@pytest.mark.parametrize("trips", ["none", "direct", "full"])
def test_a_forbidden_pair_stays_undone(trips: str, unproven: None) -> None:
    problem = build_problem(lots=[{}, {"ask_vnd_per_kg": 11000}], decisions=[{"lot_id": "lot1", "line_id": "line1", "decision": "forbid"}])
    assert set(run(problem, trips=trips).plan.allocations.lot.tolist()) == {1}


def kept(problem: Problem) -> Problem:
    """Return the problem without the pins that are refused, asking again until none is."""
    while True:
        try:
            run(problem, iterations=300)
        except BadInput as refusal:
            rows = {issue.row - 2 for issue in refusal.issues}
            d, stays = problem.decisions, np.array([n not in rows for n in range(len(problem.decisions.lot))])
            problem = problem.replace(decisions=d.replace(lot=d.lot[stays], line=d.line[stays], kind=d.kind[stays], kg=d.kg[stays]))
        else:
            return problem


@pytest.mark.parametrize("seed", range(6))
def test_what_is_not_refused_is_kept(seed: int, unproven: None) -> None:
    problem = kept(random_problem(seed, features=FEATURES - {"hubs"}))
    d, plan = problem.decisions, run(problem, iterations=300).plan
    assert verify(problem, plan).ok
    for lot, line, kind, kg in zip(d.lot, d.line, d.kind, d.kg, strict=True):
        moved = plan.allocations.kg[(plan.allocations.lot == lot) & (plan.allocations.line == line)].sum()
        assert moved == 0 if kind == FORBID else moved >= kg


def pinned(problem: Problem, plan: Plan, n: int) -> Problem:
    """Return the problem with ``n`` of a plan's pairs pinned at what they carry there."""
    pair, place = np.unique(plan.allocations.lot * problem.n_lines + plan.allocations.line, return_inverse=True)
    kg = np.bincount(place, plan.allocations.kg).astype(np.int64)
    lot, line = np.divmod(pair, problem.n_lines)
    return problem.replace(decisions=Decisions(lot[:n], line[:n], np.full(len(lot[:n]), PIN), kg[:n]))


@pytest.mark.parametrize("seed", [0, 1, 3, 4, 5, 7])
def test_pins_taken_from_a_plan_can_be_kept(seed: int, unproven: None) -> None:
    problem = squeezed_problem(seed)
    before = run(problem)
    again = pinned(problem, before.plan, n=2)
    result = run(again, seed=1)
    assert verify(again, result.plan).ok
