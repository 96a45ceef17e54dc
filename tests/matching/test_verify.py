"""The verdict: figures recomputed from the plan alone, claims held against them, and measures held against the engine's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.model.errors import PlanInvalid
from matching.model.plan import LINE, LOT, Plan, Prices, Reasons, Result, Status, Termination
from matching.model.problem import Problem
from matching.network.geography import road_km, road_minutes, tariff_vnd
from matching.rules._decimal import whole
from matching.rules._measure import hop_km, hop_min, iso_day, sum_by, sum_of_products, trip_vnd
from matching.verify import check_claims, verify, verify_result
from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.plans import Load, Truck, build_plan, codes

ROAD = {"from_site": "c1", "to_site": "b1", "km": 40, "minutes": 60}
TRIP = Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T06:00 7T06:00"])
TRIP_VND = 300000 + 30 * 20000 + 10 * 14000


def problem() -> Problem:
    sites = [{**COOPERATIVE, "opening_vnd": 1000}, {**BUYER, "opening_vnd": 10}]
    return build_problem(sites=sites, lanes=[ROAD], demands=[{"quantity_kg": 900, "short_vnd_per_kg": 7}])


def plan(kg: int = 800) -> Plan:
    return build_plan(problem(), [TRIP], [Load("lot1", "line1", kg)])


def result(objective_vnd: int, bound_vnd: int | None = None, explained: tuple[str, ...] = (LOT, LINE)) -> Result:
    n = len(explained)
    text = np.array(["why"] * n, dtype=object)
    reasons = Reasons(np.array(explained, dtype=object), np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64), text, text)
    prices = Prices(np.zeros(0, dtype=object), np.zeros(0, dtype=np.int64), np.zeros(0))
    return Result(plan(), objective_vnd, bound_vnd, Status.FEASIBLE, Termination.PROOF, 0.0, 1, reasons, prices)


WORTH = 8_000_000 - TRIP_VND - 1010 - 700


def test_every_figure_is_recomputed() -> None:
    verdict = verify(problem(), plan())
    assert (verdict.goods_vnd, verdict.freight_vnd, verdict.handling_vnd) == (8_000_000, TRIP_VND, 0)
    assert (verdict.opening_vnd, verdict.short_vnd, verdict.objective_vnd) == (1010, 700, WORTH)
    assert (verdict.km, verdict.taken_kg.tolist(), verdict.filled_kg.tolist()) == (40.0, [800], [800])


def test_an_empty_plan_is_a_plan_and_pays_for_all_that_is_short() -> None:
    verdict = verify(problem(), build_plan(problem(), [], []))
    assert verdict.ok
    assert verdict.objective_vnd == -6300


def test_the_order_of_rows_does_not_matter() -> None:
    made = plan()
    stops = made.stops.replace(**{name: getattr(made.stops, name)[::-1].copy() for name in made.stops.__dataclass_fields__})
    verdict = verify(problem(), Plan(made.allocations, made.legs, made.trips, stops))
    assert verdict.ok
    assert verdict.objective_vnd == WORTH


def test_a_broken_plan_is_refused_by_name() -> None:
    assert verify(problem(), plan()).require().ok
    with pytest.raises(PlanInvalid, match="line_quantity at line1 901 > 900 kg"):
        verify(problem(), plan(901)).require()


def test_a_violation_names_the_allocation_as_the_tables_do() -> None:
    made = build_plan(problem(), [TRIP, TRIP], [Load("lot1", "line1", 400), Load("lot1", "line1", 0, trips=(1,))])
    assert [violation.where for violation in verify(problem(), made).violations] == ["a2 lot1 line1"]


def test_a_result_that_says_what_is_true_is_accepted() -> None:
    assert verify_result(problem(), result(WORTH)).ok
    assert verify_result(problem(), result(WORTH, bound_vnd=WORTH)).ok


@pytest.mark.parametrize(("off", "expected"), [(10, []), (-10, []), (11, ["objective_claim"]), (-11, ["objective_claim"])])
def test_a_stated_objective_may_be_off_by_the_rounding_of_trips(off: int, expected: list[str]) -> None:
    verdict = verify(problem(), plan())
    assert [violation.rule for violation in check_claims(verdict, 1, WORTH + off, None)] == expected
    assert check_claims(verdict, 6, WORTH + 12, None) == []


def test_an_objective_must_be_stated() -> None:
    assert [violation.rule for violation in check_claims(verify(problem(), plan()), 1, None, None)] == ["objective_claim"]


def test_a_bound_below_the_plan_is_false() -> None:
    assert codes(verify_result(problem(), result(WORTH, bound_vnd=WORTH - 10))) == set()
    assert codes(verify_result(problem(), result(WORTH, bound_vnd=WORTH - 11))) == {"bound_claim"}


@pytest.mark.parametrize("silent", [LOT, LINE])
def test_what_is_left_open_needs_a_reason(silent: str) -> None:
    explained = tuple(subject for subject in (LOT, LINE) if subject != silent)
    verdict = verify_result(problem(), result(WORTH, explained=explained))
    assert [(violation.rule, violation.where) for violation in verdict.violations] == [("reason_given", f"{silent} {silent}1")]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_the_verifiers_measures_agree_with_the_engines(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 4, (2, 50))
    drawn = MEASURED.replace(
        sites=MEASURED.sites.replace(lat=rng.uniform(9, 23, 4), lon=rng.uniform(103, 109, 4)), detour_factor=float(rng.uniform(1, 2))
    )
    kmh = float(rng.uniform(20, 60))
    km = road_km(drawn, a, b)
    np.testing.assert_allclose(hop_km(drawn, a, b), km, rtol=1e-12)
    assert (hop_min(drawn, a, b, np.full(50, kmh)) == road_minutes(drawn, a, b, kmh)).all()
    freight = np.rint(300000 + tariff_vnd(drawn, 0, km))
    assert (np.abs(trip_vnd(drawn, np.zeros(50, dtype=np.int64), km) - freight) <= 1).all()


MEASURED = build_problem(
    sites=[COOPERATIVE, BUYER, {**COOPERATIVE, "site_id": "c2"}, {**BUYER, "site_id": "b2"}],
    lanes=[ROAD, {"from_site": "c2", "to_site": "b1", "km": 12.5}, {"from_site": "b1", "to_site": "c2", "minutes": 7.2}],
)


def test_sums_are_exact_beyond_64_bits() -> None:
    big = np.array([9 * 10**15] * 2000, dtype=np.int64)
    assert sum_by(np.zeros(2000, dtype=np.int64), big, 1)[0] == 18 * 10**18
    assert sum_of_products(big, big) == 2000 * 81 * 10**30


def test_decimals_become_whole_multiples() -> None:
    assert whole(0.5, 1.25) == (2, 5, 4)
    assert whole(2, 3) == (2, 3, 1)
    assert whole(1.3, 0.1) == (13, 1, 10)


def test_a_day_beyond_the_calendar_is_still_named() -> None:
    assert iso_day(0) == "1970-01-01"
    assert iso_day(10**12) == "day 1000000000000"
