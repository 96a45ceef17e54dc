"""Why lots and lines stay open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.explain import explain_open
from matching.model.plan import LINE, LOT, Allocations, Plan
from matching.model.problem import Problem
from matching.model.reasons import AFTER_PLAN, FUNNEL, MEANING, Reason
from matching.pairs.funnel import find_funnel
from matching.pairs.lanes import find_lanes
from matching.volumes.relaxation import relaxed_plan, solve_volumes
from tests.matching.builders import build_problem
from tests.matching.random_problems import random_problem
from tests.matching.test_lanes import EASY_HAULAGE, naive_dates

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"


def plan_of(problem: Problem, *rows: tuple[int, int, int]) -> Plan:
    """A plan of undated allocations (lot, line, kg)."""
    empty = relaxed_plan(problem, solve_volumes(problem.replace(lots=problem.lots.replace(kg=np.zeros(problem.n_lots, dtype=np.int64)))))
    lot, line, kg = (np.array(column, dtype=np.int64) for column in (zip(*rows) if rows else ([], [], [])))
    return Plan(Allocations(lot, line, kg, np.full(len(rows), -1), np.full(len(rows), -1)), empty.legs, empty.trips, empty.stops)


def reasons_of(problem: Problem, *rows: tuple[int, int, int]) -> dict[tuple[str, int], tuple[int, str, str]]:
    made = explain_open(problem, plan_of(problem, *rows))
    return {(made.subject[k], int(made.index[k])): (int(made.open_kg[k]), made.reason[k], made.detail[k]) for k in range(len(made.index))}


def test_the_page_lists_every_code_with_its_sentence_and_in_order() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("\n## What is said of one lot or line")[0]
    rows = re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", page, flags=re.MULTILINE)
    assert rows == [(str(reason), MEANING[reason]) for reason in Reason]
    order = [FUNNEL[0], Reason.NO_SUPPLY_OF_PRODUCT, *FUNNEL[1:], *AFTER_PLAN]
    assert order == list(Reason)


CASES: list[tuple[Reason, dict[str, Any]]] = [
    (Reason.NO_DEMAND_FOR_PRODUCT, {"demands": [{"product": "pomelo"}]}),
    (Reason.GRADE, {"lots": [{"grade": 3}]}),
    (Reason.CERTIFICATE, {"demands": [{"requires": "VietGAP"}]}),
    (Reason.CERTIFICATE, {"demands": [{"requires": "VietGAP"}], "certificates": [{"valid_until": "2027-06-01"}]}),
    (Reason.MARKET_CODE, {"demands": [{"requires": "VietGAP;PUC:CN"}], "certificates": [{}]}),
    (Reason.DATES, {"demands": [{"deliver_from": "2027-06-13", "deliver_until": "2027-06-14"}]}),
    (Reason.REMAINING_LIFE, {"demands": [{"min_life_days": 7}]}),
    (Reason.COLD, {"lots": [{"cold": "yes"}]}),
    (Reason.DOOR, {"sites": [{"site_id": "c1", "max_vehicle_kg": 100}, {"site_id": "b1", "kind": "buyer"}]}),
    (Reason.FORBIDDEN, {"decisions": [{}]}),
    (Reason.PRICE, {"demands": [{"bid_vnd_per_kg": 10100}]}),
]


@pytest.mark.parametrize(("reason", "tables"), CASES)
def test_each_step_of_the_funnel_is_named_for_the_lot_and_the_line(reason: Reason, tables: dict[str, Any]) -> None:
    found = reasons_of(build_problem(**tables))
    assert found[LOT, 0][:2] == (1000, reason)
    of_line = Reason.NO_SUPPLY_OF_PRODUCT if reason is Reason.NO_DEMAND_FOR_PRODUCT else reason
    assert found[LINE, 0][:2] == (800, of_line)


def test_the_nearest_miss_stands_in_the_detail() -> None:
    apart = [{"deliver_from": "2027-06-13", "deliver_until": "2027-06-14"}, {"deliver_from": "2027-06-20", "deliver_until": "2027-06-21"}]
    assert "3 days apart" in reasons_of(build_problem(demands=apart))[LOT, 0][2]
    assert "2 days of shelf life short" in reasons_of(build_problem(demands=[{"min_life_days": 7}]))[LINE, 0][2]
    problem = build_problem(demands=[{"bid_vnd_per_kg": 10100}])
    rate = float(solve_volumes(build_problem()).flows.rate_vnd_per_kg[0])
    assert f"{rate - 100:,.0f} VND/kg below floor plus haulage" in reasons_of(problem)[LOT, 0][2]


def test_what_is_wholly_used_has_no_reason() -> None:
    found = reasons_of(build_problem(), (0, 0, 800))
    assert set(found) == {(LOT, 0)}
    assert found[LOT, 0][:2] == (200, Reason.BETTER_OFFER)


def test_room_on_both_sides_means_that_no_truck_was_found() -> None:
    found = reasons_of(build_problem(), (0, 0, 300))
    assert found[LOT, 0][:2] == (700, Reason.TRUCK)
    assert found[LINE, 0][:2] == (500, Reason.TRUCK)


def test_a_line_with_enough_suppliers_takes_no_other() -> None:
    problem = build_problem(lots=[{}, {"supplier_id": "s2"}], demands=[{"max_suppliers": 1, "quantity_kg": 1500}])
    found = reasons_of(problem, (0, 0, 1000))
    assert found[LOT, 1][1] == Reason.SUPPLIERS_LIMIT
    assert found[LINE, 0][1] == Reason.SUPPLIERS_LIMIT


@pytest.mark.parametrize(
    "tables",
    [
        {"demands": [{"min_fill_kg": 800}], "lots": [{"quantity_kg": 500}]},
        {"demands": [{"quantity_kg": 100}], "lots": [{"min_take_kg": 300}]},
        {"demands": [{"min_supplier_kg": 700}], "lots": [{"quantity_kg": 500}]},
        {"demands": [{"quantity_kg": 900}], "lots": [{"indivisible": "yes"}]},
    ],
)
def test_a_minimum_that_cannot_be_met_is_the_reason(tables: dict[str, Any]) -> None:
    found = reasons_of(build_problem(**tables))
    assert found[LOT, 0][1] == Reason.MINIMUM
    assert found[LINE, 0][1] == Reason.MINIMUM


def test_a_lane_of_a_carrier_counts_though_no_truck_may_go() -> None:
    tables = {"lots": [{"cold": "yes"}], "lanes": [{"vnd_per_kg": 500, "cold": "yes"}]}
    assert reasons_of(build_problem(**tables))[LOT, 0][1] == Reason.TRUCK


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_everything_open_has_a_reason_of_the_list_and_a_detail(seed: int) -> None:
    problem = random_problem(seed, size=12)
    plan = relaxed_plan(problem, solve_volumes(problem))
    made = explain_open(problem, plan)
    taken = np.bincount(plan.allocations.lot, plan.allocations.kg, problem.n_lots)
    filled = np.bincount(plan.allocations.line, plan.allocations.kg, problem.n_lines)
    rows = {(subject, int(index)): int(kg) for subject, index, kg in zip(made.subject, made.index, made.open_kg)}
    wanted = {(LOT, k): int(kg) for k, kg in enumerate(problem.lots.kg - taken) if kg > 0}
    wanted |= {(LINE, k): int(kg) for k, kg in enumerate(problem.lines.kg - filled) if kg > 0}
    assert rows == wanted
    assert set(made.reason) <= {str(reason) for reason in Reason}
    assert all(made.detail)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_survivors_of_the_funnel_are_the_pairs_that_fit(seed: int) -> None:
    problem = random_problem(seed, size=10, features=EASY_HAULAGE)
    problem = problem.replace(lots=problem.lots.replace(cold=np.zeros(problem.n_lots, dtype=np.bool_)))
    funnel, step = find_funnel(problem), FUNNEL.index(Reason.REMAINING_LIFE)
    pairs = {date[:2] for date in naive_dates(problem, 1)}
    assert funnel.lot_survivors[:, step].tolist() == [sum(i == k for i, _ in pairs) for k in range(problem.n_lots)]
    assert funnel.line_survivors[:, step].tolist() == [sum(j == k for _, j in pairs) for k in range(problem.n_lines)]
    assert (np.diff(funnel.lot_survivors, axis=1) <= 0).all()
    assert (np.diff(funnel.line_survivors, axis=1) <= 0).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_lanes_of_the_funnel_are_the_lanes_that_pay(seed: int) -> None:
    problem = random_problem(seed, size=12)
    problem = problem.replace(
        roads=problem.roads.replace(vnd_per_kg=np.full(len(problem.roads.km), np.nan)),
        decisions=problem.decisions.replace(kg=np.zeros(len(problem.decisions.kg), dtype=np.int64)),
    )
    funnel, lanes = find_funnel(problem), find_lanes(problem)
    assert set(zip(funnel.lane_lot.tolist(), funnel.lane_line.tolist())) == set(zip(lanes.lot.tolist(), lanes.line.tolist()))
    assert funnel.lot_survivors[:, -1].tolist() == np.bincount(funnel.lane_lot, minlength=problem.n_lots).tolist()
