"""Opportunity shares and their figures, by hand and by their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.fairness import Shares, eligible_kg, fairness, gini, season, shares, worst_decile
from matching.model.problem import FORBID, Decisions
from matching.search.plan_ops import first_days
from tests.matching.builders import build_problem
from tests.matching.plans import Load, Truck, build_plan

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


def counted(*rows: tuple[str, int, int, int]) -> Shares:
    ids, *columns = zip(*rows)
    return Shares(tuple(ids), *(np.array(column, dtype=np.int64) for column in columns))


def test_what_is_eligible_is_what_some_line_takes_at_a_gain_and_no_more_than_is_wanted() -> None:
    """800 kg are wanted: of 1,000 kg that pay 800 count, of 300 kg all, of a lot asked too dear none, of a grade too low none."""
    lots = [{}, {"quantity_kg": 300}, {"ask_vnd_per_kg": 25_000}, {"grade": 3}]
    assert eligible_kg(build_problem(lots=lots)).tolist() == [800, 300, 0, 0]


def test_two_lines_are_more_to_sell_to_than_one_and_two_ways_to_one_line_are_not() -> None:
    assert eligible_kg(build_problem(lots=[{"quantity_kg": 3000}], demands=[{}, {}])).tolist() == [1600]
    assert eligible_kg(build_problem(lots=[{"quantity_kg": 1000}], demands=[{}, {}])).tolist() == [1000]
    assert eligible_kg(build_problem(lanes=[{"vnd_per_kg": 500}])).tolist() == [800]


def test_what_a_plan_takes_for_a_minimum_was_an_opportunity() -> None:
    """A line for 800 kg pays too little: what is sold to it all the same counts as eligible, so nobody's share exceeds 1."""
    problem = build_problem(demands=[{"bid_vnd_per_kg": 10_000}])
    trip = Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T09:00 7T09:00"])
    found = shares(problem, build_plan(problem, [trip], [Load("lot1", "line1", 300, (0,))]))
    assert (found.eligible_kg.tolist(), found.share.tolist()) == ([300], [1.0])


def test_a_forbidden_pair_is_no_opportunity() -> None:
    problem = build_problem()
    one = Decisions(np.array([0]), np.array([0]), np.array([FORBID]), np.array([0]))
    assert eligible_kg(problem.replace(decisions=one)).tolist() == [0]


def test_a_carrier_alone_makes_an_opportunity() -> None:
    lanes = [{"vnd_per_kg": 500}]
    assert eligible_kg(build_problem(vehicles=[], lanes=lanes)).tolist() == [800]
    assert eligible_kg(build_problem(vehicles=[], lanes=[{"vnd_per_kg": 10_000}])).tolist() == [0]


def test_shares_count_kilograms_by_supplier() -> None:
    problem = build_problem(lots=[{}, {"supplier_id": "s0", "quantity_kg": 400}])
    trip = Truck("class1", ["c1 1T05:00 1T05:00", "b1 1T09:00 1T09:00"])
    plan = build_plan(problem, [trip], [Load("lot1", "line1", 200, (0,))])
    assert len(first_days(plan)) == 1
    found = shares(problem, plan)
    assert found.supplier_ids == ("s0", "s1")
    assert (found.offered_kg.tolist(), found.eligible_kg.tolist(), found.accepted_kg.tolist()) == ([400, 1000], [400, 800], [0, 200])
    assert found.share.tolist() == [0.0, 0.25]
    assert fairness(found).largest_supplier == "s1"


def test_figures_of_three_suppliers_by_hand() -> None:
    """Shares 0.2, 0.4 and 0.9 are 0.2, 0.5 and 0.7 apart: 2 × 1.4 / (2 × 9 × 0.5)."""
    found = fairness(counted(("a", 10, 10, 2), ("b", 20, 10, 4), ("c", 10, 10, 9), ("d", 10, 0, 0)))
    assert found.suppliers == 3
    assert found.gini == pytest.approx(2.8 / 9)
    assert found.worst_decile_share == pytest.approx(0.2)
    assert found.overall_share == pytest.approx(15 / 30)
    assert found.largest_part == pytest.approx(9 / 15)
    assert found.largest_supplier == "c"


@given(SHARES)
def test_the_gini_coefficient_is_half_the_relative_mean_difference(x: np.ndarray) -> None:
    mean = x.mean()
    wanted = np.abs(x[:, None] - x[None, :]).mean() / (2 * mean) if mean > 0 else 0.0
    assert gini(x) == pytest.approx(wanted, abs=1e-9)


@given(SHARES, st.floats(0.1, 10))
def test_the_gini_coefficient_knows_no_scale_and_equal_shares_have_none(x: np.ndarray, scale: float) -> None:
    assert gini(x * scale) == pytest.approx(gini(x), abs=1e-9)
    assert gini(np.full(len(x), 0.3)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("n", "tenth"), [(1, 1), (10, 1), (11, 2), (20, 2), (21, 3)])
def test_the_worst_off_decile_is_a_tenth_rounded_up(n: int, tenth: int) -> None:
    x = np.linspace(0.1, 0.9, n)[::-1]
    assert worst_decile(x) == pytest.approx(np.sort(x)[:tenth].mean())


def test_nothing_has_no_figures() -> None:
    assert (gini(np.zeros(0)), worst_decile(np.zeros(0)), gini(np.zeros(3))) == (0.0, 0.0, 0.0)


def test_a_season_adds_up_kilograms_not_shares() -> None:
    whole = season([counted(("a", 10, 10, 10), ("b", 10, 10, 0)), counted(("b", 90, 90, 90))])
    assert whole.supplier_ids == ("a", "b")
    assert whole.share.tolist() == [1.0, 0.9]
