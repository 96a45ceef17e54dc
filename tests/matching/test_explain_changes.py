"""What would get a lot or line matched: changes written down, applied, promised and kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.counterfactuals import apply_change
from matching.explain.answer import Answer, Effort, Outcome, what_would_change
from matching.explain.candidates import Costs, find_candidates
from matching.explain.changes import Action, Change, ChangeKind, apply, lifted_ban, new_certificate, renewal, set_cell
from matching.explain.context import PlanContext
from matching.explain.local import Local
from matching.explain.pairs import find_pairs
from matching.explain.rendering import answer_text, change_text
from matching.io import read_problem
from matching.model.plan import LINE, LOT, Plan
from matching.model.problem import NO_LIMIT, Problem
from matching.search.plan_ops import empty_plan
from matching.verify import verify
from tests.matching.builders import BUYER, COOPERATIVE, build_problem, tiny_folder
from tests.matching.plans import Load, Truck, build_plan
from tests.matching.solving import run
from tests.matching.test_reasons import plan_of

EFFORT = Effort(iterations=300)
CHEAP = {"fixed_vnd": 100000, "vnd_per_km": "0:2000"}


def planned(problem: Problem) -> Plan:
    return run(problem, iterations=300).plan


def answered(subject: str = LOT, row: int = 0, **tables: Any) -> tuple[Problem, Answer]:
    problem = build_problem(vehicles=[CHEAP], **tables)
    return problem, what_would_change(PlanContext(problem, planned(problem)), subject, row, effort=EFFORT)


def kept(problem: Problem, subject: str, row: int, answer: Answer) -> bool:
    """Make the best change and plan anew from nothing."""
    assert answer.best is not None
    changed = apply(problem, answer.best.change)
    verdict = verify(changed, planned(changed)).require()
    return bool((verdict.taken_kg if subject == LOT else verdict.filled_kg)[row] >= answer.best.promised_kg)


WANTED = {"quantity_kg": 1000}
CURED: list[tuple[ChangeKind, str, int, dict[str, Any]]] = [
    (ChangeKind.CERTIFICATE, "", 10_000_000, {"demands": [{**WANTED, "requires": "VietGAP"}]}),
    (
        ChangeKind.RENEWAL,
        "2027-06-10",
        1_000_000,
        {"demands": [{**WANTED, "requires": "VietGAP"}], "certificates": [{"valid_until": "2027-06-01"}]},
    ),
    (ChangeKind.GRADE, "3", 1000 * 1600, {"lots": [{"grade": 3}], "demands": [WANTED]}),
    (ChangeKind.LIFE, "5", 1000 * 2 * 400, {"demands": [{**WANTED, "min_life_days": 7}]}),
    (ChangeKind.ALLOW, "", 50_000, {"decisions": [{}], "demands": [WANTED]}),
    (ChangeKind.MIN_SUPPLIER, "500", 200 * 600, {"demands": [{**WANTED, "min_supplier_kg": 700}], "lots": [{"quantity_kg": 500}]}),
    (ChangeKind.MIN_FILL, "500", 200 * 600, {"demands": [{**WANTED, "min_fill_kg": 700}], "lots": [{"quantity_kg": 500}]}),
    (ChangeKind.MIN_TAKE, "400", 300 * 600, {"demands": [{"quantity_kg": 400}], "lots": [{"min_take_kg": 700}]}),
    (ChangeKind.DIVISIBLE, "no", 1000 * 600, {"demands": [{"quantity_kg": 900}], "lots": [{"indivisible": "yes"}]}),
]


@pytest.mark.parametrize(("kind", "new", "cost_vnd", "tables"), CURED)
@pytest.mark.parametrize("subject", [LOT, LINE])
def test_what_is_in_the_way_is_offered_to_be_changed_and_the_promise_is_kept(
    kind: ChangeKind, new: str, cost_vnd: int, tables: dict[str, Any], subject: str
) -> None:
    problem, answer = answered(subject, **tables)
    assert answer.outcome is Outcome.FOUND
    assert kind in {promise.change.kind for promise in answer.promises}
    assert [(one.change.new, one.cost_vnd) for one in answer.promises if one.change.kind is kind] == [(new, cost_vnd)]
    assert [one.cost_vnd for one in answer.promises] == sorted(one.cost_vnd for one in answer.promises)
    assert kept(problem, subject, 0, answer)


def test_dates_are_moved_by_as_few_days_as_do() -> None:
    days = {"deliver_from": "2027-06-12", "deliver_until": "2027-06-14"}
    _, answer = answered(demands=[{**WANTED, **days}])
    moved = {"available_until": {"2027-06-11", "2027-06-12"}, "deliver_from": {"2027-06-10", "2027-06-09"}}
    assert all(one.change.new in moved[one.change.column] for one in answer.promises)
    assert answer.outcome is Outcome.FOUND


def test_a_price_goes_as_far_as_it_must_with_a_margin_and_no_farther() -> None:
    problem, answer = answered(demands=[{**WANTED, "bid_vnd_per_kg": 10100}])
    best = answer.best
    assert best is not None
    assert best.change.kind is ChangeKind.ASK
    assert EFFORT.margin_vnd <= best.gain_vnd <= EFFORT.margin_vnd + EFFORT.price_step_vnd * best.found_kg
    assert best.cost_vnd == (10000 - int(best.change.new)) * best.found_kg
    assert kept(problem, LOT, 0, answer)
    problem, answer = answered(LINE, demands=[{**WANTED, "bid_vnd_per_kg": 10100}])
    assert [one.change.kind for one in answer.promises] == [ChangeKind.BID]
    assert kept(problem, LINE, 0, answer)


def test_one_more_supplier_is_offered_where_a_line_has_as_many_as_it_allows() -> None:
    tables: dict[str, Any] = {
        "lots": [{}, {"supplier_id": "s2", "quantity_kg": 900}],
        "demands": [{"max_suppliers": 1, "quantity_kg": 1900}],
    }
    problem, answer = answered(LOT, 1, **tables)
    assert answer.best is not None
    assert (answer.best.change.kind, answer.best.change.old, answer.best.change.new) == (ChangeKind.SUPPLIERS, "1", "2")
    assert kept(problem, LOT, 1, answer)


def test_more_is_asked_for_where_others_have_it_all() -> None:
    tables: dict[str, Any] = {"lots": [{"quantity_kg": 800}, {"ask_vnd_per_kg": 15000, "quantity_kg": 900}]}
    problem, answer = answered(LOT, 1, **tables)
    kinds = {one.change.kind for one in answer.promises}
    assert ChangeKind.WANTED in kinds
    assert kept(problem, LOT, 1, answer)


def test_a_change_that_can_never_help_is_not_promised() -> None:
    _, answer = answered(demands=[{"product": "pomelo"}])
    assert (answer.outcome, answer.promises) == (Outcome.NONE, ())
    assert answer_text(answer, "en") == "No change of one thing would match it."
    two: dict[str, Any] = {"lots": [{"grade": 3}], "demands": [{"requires": "VietGAP"}]}
    assert answered(**two)[1].outcome is Outcome.NONE
    _, tried = answered(demands=[{"quantity_kg": 50}])
    assert (tried.outcome, tried.promises) == (Outcome.NONE, ())
    assert answer_text(tried, "en") == "No change of one thing was found that would surely match it, though some were tried."


def test_of_changes_that_could_bring_only_little_it_is_not_said_that_none_would_match_it() -> None:
    """Two kilograms of a lower grade: a line that took that grade might well have them."""
    _, answer = answered(lots=[{"grade": 3, "quantity_kg": 2}])
    assert (answer.outcome, answer.tried, answer.passed_over) == (Outcome.NONE, 0, 1)
    assert answer_text(answer, "en") == "No change of one thing would surely match it: the most that any could bring is too little."


@pytest.mark.parametrize(("bid", "promised"), [(20_000, 500), (10_500, 200)])
def test_no_more_is_promised_than_what_a_plan_would_be_clearly_worse_without(bid: int, promised: int) -> None:
    """Half of the lot goes to a line that pays; the other half to one that pays as much, or next to nothing."""
    half = {"quantity_kg": 500, "requires": "VietGAP"}
    _, answer = answered(lots=[{"quantity_kg": 1000}], demands=[half, {**half, "bid_vnd_per_kg": bid}])
    found = {one.change.kind: one for one in answer.promises}[ChangeKind.CERTIFICATE]
    assert (found.found_kg, found.promised_kg) == (1000, promised)


@pytest.mark.parametrize(("bid", "is_promised"), [(11_300, False), (12_300, False), (13_300, True)])
def test_a_change_that_others_could_use_must_be_worth_twice_the_margin(bid: int, is_promised: bool) -> None:
    """The truck takes some 280,000 đ: of 1,000 kg at 1,300, 2,300 and 3,300 đ only the last leave more than 2 × 1.2 M đ."""
    _, answer = answered(lots=[{"grade": 3}], demands=[{**WANTED, "bid_vnd_per_kg": bid}])
    assert (ChangeKind.GRADE in {one.change.kind for one in answer.promises}) is is_promised


def test_a_change_of_which_another_would_have_the_use_is_not_promised() -> None:
    """A line for one lot accepts a lower grade: either of two like lots may have it."""
    _, answer = answered(lots=[{"grade": 3}, {"grade": 3, "supplier_id": "s2"}], demands=[WANTED])
    assert ChangeKind.GRADE not in {one.change.kind for one in answer.promises}


def test_a_change_that_matches_next_to_nothing_is_no_answer() -> None:
    """The second line takes 240 of the 1,000 kg that are open, at a price that pays for the truck many times over."""
    dear = {"quantity_kg": 240, "bid_vnd_per_kg": 90_000, "requires": "VietGAP"}
    assert answered(demands=[dear])[1].outcome is Outcome.NONE
    assert answered(demands=[{**dear, "quantity_kg": 260}])[1].outcome is Outcome.FOUND


def test_of_a_poor_plan_more_is_asked_for_before_anything_is_promised() -> None:
    """The plan leaves another lot's 10 M đ lying: promises must be clear of twice as much."""
    tables: dict[str, Any] = {
        "lots": [{}, {"product": "longan"}],
        "demands": [{**WANTED, "bid_vnd_per_kg": 10100}, {**WANTED, "product": "longan"}],
    }
    problem = build_problem(vehicles=[CHEAP], **tables)
    good, poor = (what_would_change(PlanContext(problem, plan), LOT, 0, effort=EFFORT) for plan in (planned(problem), empty_plan()))
    assert good.best is not None
    assert good.best.gain_vnd < 2_000_000
    assert poor.best is None or poor.best.gain_vnd >= 2 * 9_000_000


@pytest.mark.parametrize("kind", [ChangeKind.CERTIFICATE, ChangeKind.GRADE, ChangeKind.LIFE, ChangeKind.DIVISIBLE])
def test_promises_that_were_verified_in_a_part_of_the_plan_are_kept_in_the_whole(kind: ChangeKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.explain.local.WHOLE_ROWS", 0)
    [tables] = [tables for cured, _, _, tables in CURED if cured is kind]
    problem, answer = answered(**tables)
    assert kind in {one.change.kind for one in answer.promises}
    assert kept(problem, LOT, 0, answer)


def test_a_part_leaves_lines_alone_that_the_rest_serves_under_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dearer line has its one supplier on a trip that stays: the other supplier's lot may only go to the cheaper line."""
    monkeypatch.setattr("matching.explain.local.WHOLE_ROWS", 0)
    monkeypatch.setattr("matching.explain.local.MOST_TRIPS", 0)
    lots = [{"quantity_kg": 400}, {"quantity_kg": 400, "supplier_id": "s2"}]
    problem = build_problem(vehicles=[CHEAP], lots=lots, demands=[{"max_suppliers": 1, "bid_vnd_per_kg": 30_000}, {}])
    trip = Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T09:00 7T09:00"])
    context = PlanContext(problem, build_plan(problem, [trip], [Load("lot1", "line1", 400, (0,))]))
    found = Local(context, LOT, 1, np.array([0, 1]), np.array([1])).solve(problem, most_kg=None, iterations=200, seed=0)
    assert found is not None
    assert found.plan.allocations.line[found.plan.allocations.lot == 1].tolist() == [1]


def test_nothing_is_tried_that_would_leave_something_else_in_the_way() -> None:
    """Two certificates are missing; what may not be divided can't be made a little larger."""
    problem = build_problem(demands=[{"requires": "VietGAP;OCOP>=3"}])
    context = PlanContext(problem, empty_plan())
    assert find_candidates(context, LOT, find_pairs(context, LOT, 0), Costs()) == []
    for indivisible, kinds in (("no", {ChangeKind.OFFERED}), ("yes", {ChangeKind.DIVISIBLE})):
        problem = build_problem(lots=[{"quantity_kg": 800, "indivisible": indivisible}], demands=[{}, {"bid_vnd_per_kg": 19_000}])
        context = PlanContext(problem, plan_of(problem, (0, 0, 800)))
        assert {one.change.kind for one in find_candidates(context, LINE, find_pairs(context, LINE, 1), Costs())} == kinds


def test_what_is_wholly_matched_needs_no_change() -> None:
    problem = build_problem(demands=[WANTED])
    answer = what_would_change(PlanContext(problem, plan_of(problem, (0, 0, 1000))), LOT, 0, effort=EFFORT)
    assert (answer.outcome, answer.used_kg, answer.promises) == (Outcome.MATCHED, 1000, ())


def test_a_search_without_time_says_so() -> None:
    problem = build_problem(vehicles=[CHEAP], demands=[{**WANTED, "bid_vnd_per_kg": 10100}])
    answer = what_would_change(PlanContext(problem, planned(problem)), LOT, 0, effort=EFFORT, expired=lambda: True)
    assert (answer.outcome, answer.promises) == (Outcome.TIME, ())


def test_a_search_that_takes_too_long_is_given_up_and_promises_nothing_more() -> None:
    """Time is over at every possible moment of the search in turn: what is promised by then is firm, or promised by half."""
    problem = build_problem(vehicles=[CHEAP], demands=[{**WANTED, "bid_vnd_per_kg": 10100}])
    context, whole = PlanContext(problem, planned(problem)), Ticking(10**9)
    full = what_would_change(context, LOT, 0, effort=EFFORT, late=whole)
    outcomes = []
    for moment in range(1, whole.count + 1, max(1, whole.count // 12)):
        answer = what_would_change(context, LOT, 0, effort=EFFORT, late=Ticking(moment))
        outcomes.append(answer.outcome)
        assert all(one.promised_kg <= full.promises[0].promised_kg for one in answer.promises)
    assert (outcomes[0], full.outcome) == (Outcome.TIME, Outcome.FOUND)
    assert Outcome.FOUND in outcomes


class Ticking:
    """A clock that is over once it has been asked so many times."""

    def __init__(self, moment: int) -> None:
        self.moment, self.count = moment, 0

    def __call__(self) -> bool:
        self.count += 1
        return self.count >= self.moment


def test_the_plan_of_a_run_that_was_stopped_early_is_explained_as_it_is() -> None:
    problem = build_problem(vehicles=[CHEAP], lots=[{}, {}], demands=[{}, {}])
    plan = run(problem, should_stop=lambda: True).plan
    answer = what_would_change(PlanContext(problem, plan), LOT, 0, effort=EFFORT)
    assert answer.outcome in set(Outcome)
    assert answer.used_kg == int(plan.allocations.kg[plan.allocations.lot == 0].sum())


# changes as such -------------------------------------------------------------------------------------------------------
TABLES: dict[str, Any] = {
    "lots": [{"min_take_kg": 100, "indivisible": "yes"}, {"supplier_id": "s2"}],
    "sites": [COOPERATIVE, {**BUYER, "throughput_kg_per_day": 500}], "vehicles": [{"count_per_day": 2}],
    "certificates": [{}, {"supplier_id": "s2"}], "decisions": [{}, {"lot_id": "lot2"}],
    "demands": [{"requires": "VietGAP;OCOP>=3", "max_suppliers": 2, "min_fill_kg": 100, "min_supplier_kg": 50, "min_life_days": 1}],
}  # fmt: skip


def some_changes(problem: Problem) -> list[Change]:
    """One change of each kind."""
    row = {
        ChangeKind.ASK: 9000, ChangeKind.BID: 21000, ChangeKind.PICKUP_UNTIL: 20980, ChangeKind.PICKUP_FROM: 20970,
        ChangeKind.DELIVER_UNTIL: 20981, ChangeKind.DELIVER_FROM: 20971, ChangeKind.LIFE: 0, ChangeKind.GRADE: 3, ChangeKind.WANTED: 900,
        ChangeKind.OFFERED: 1100, ChangeKind.MIN_FILL: 10, ChangeKind.MIN_SUPPLIER: 10, ChangeKind.MIN_TAKE: 10,
        ChangeKind.DIVISIBLE: False, ChangeKind.SUPPLIERS: 3, ChangeKind.TRUCKS: 5,
    }  # fmt: skip
    made = [set_cell(problem, kind, 0, new) for kind, new in row.items()]
    made.append(set_cell(problem, ChangeKind.SITE_THROUGHPUT, 1, 900))
    unlimited = set_cell(problem, ChangeKind.SUPPLIERS, 0, NO_LIMIT)
    return [*made, unlimited, renewal(problem, 0, 30000), new_certificate(problem, 0, 0, 3), lifted_ban(problem, 0, 0)]


def test_a_change_made_in_the_folder_is_the_change_made_in_the_problem(tmp_path: Path) -> None:
    settings = {"horizon_from": "2027-06-01", "horizon_until": "2027-06-30"}
    problem = build_problem(settings=settings, **TABLES)
    changes = some_changes(problem)
    assert {change.kind for change in changes} == set(ChangeKind)
    for place, change in enumerate(changes):
        folder = tiny_folder(tmp_path / str(place), settings=settings, **TABLES)
        apply_change(folder, change.as_json())
        assert read_problem(folder).digest() == apply(problem, change).digest(), change.kind
        for language in ("vi", "en"):
            assert "{" not in change_text(change, language)


def test_a_change_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    problem = build_problem()
    change = set_cell(problem, ChangeKind.ASK, 0, 9000)
    once = apply(problem, change)
    with pytest.raises(LookupError, match="holds '10000' in ask_vnd_per_kg"):
        apply(once, change)
    with pytest.raises(LookupError, match="no decision on lot1"):
        apply(problem, lifted_ban(problem, 0, 0))
    lost = Change(ChangeKind.RENEWAL, Action.SET, "certificates", (("supplier_id", "s1"),), "valid_until", "", "2028-01-01")
    with pytest.raises(LookupError, match="no certificate is"):
        apply(problem, lost)
    with pytest.raises(ValueError, match=r"no row of lots\.csv"):
        apply_change(tiny_folder(tmp_path), {**change.as_json(), "key": {"lot_id": "lot9"}})


def test_an_untouched_problem_is_its_own(tmp_path: Path) -> None:
    problem = build_problem()
    assert apply(problem, set_cell(problem, ChangeKind.ASK, 0, int(problem.lots.ask_vnd_per_kg[0]))).digest() == problem.digest()
    assert np.array_equal(problem.lots.ask_vnd_per_kg, [10000])


TEN_TONNES = {**CHEAP, "payload_kg": 10_000}


def of_tables(subject: str, **tables: Any) -> tuple[Problem, Answer]:
    problem = build_problem(**tables)
    return problem, what_would_change(PlanContext(problem, planned(problem)), subject, 0, effort=EFFORT)


def test_an_indivisible_lot_larger_than_every_truck_is_offered_to_be_divided() -> None:
    problem, answer = of_tables(
        LOT, lots=[{"quantity_kg": 25_000, "indivisible": "yes"}], demands=[{"quantity_kg": 25_000}], vehicles=[TEN_TONNES]
    )
    assert ChangeKind.DIVISIBLE in {one.change.kind for one in answer.promises}
    assert kept(problem, LOT, 0, answer)


def test_a_minimum_that_the_trucks_cannot_carry_is_offered_to_be_lowered_to_what_they_can() -> None:
    fleet = [{**TEN_TONNES, "count_per_day": 2}]
    day = {"deliver_from": "2027-06-07", "deliver_until": "2027-06-07", "quantity_kg": 25_000, "min_fill_kg": 25_000}
    lots = [{"quantity_kg": 25_000, "available_until": "2027-06-07"}]
    problem, answer = of_tables(LINE, lots=lots, demands=[day], vehicles=fleet)
    lowered = [one.change for one in answer.promises if one.change.kind is ChangeKind.MIN_FILL]
    assert [one.new for one in lowered] == ["20000"]
    assert kept(problem, LINE, 0, answer)


def test_a_full_site_is_offered_to_handle_more_and_a_used_fleet_to_be_larger() -> None:
    day = {"deliver_from": "2027-06-07", "deliver_until": "2027-06-07", "quantity_kg": 4000}
    lots = [{"quantity_kg": 4000, "available_until": "2027-06-07"}]
    sites = [COOPERATIVE, {**BUYER, "throughput_kg_per_day": 2000}]
    _, answer = of_tables(LINE, lots=lots, demands=[day], sites=sites, vehicles=[CHEAP])
    assert ChangeKind.SITE_THROUGHPUT in {one.change.kind for one in answer.promises}
    _, answer = of_tables(LINE, lots=lots, demands=[day], vehicles=[{**CHEAP, "count_per_day": 1}])
    assert ChangeKind.TRUCKS in {one.change.kind for one in answer.promises}


def single_changes(problem: Problem, subject: str) -> list[Problem]:
    """Every single change of a kind that answers know, on a coarse grid; what is asked about wants or offers no more itself."""
    lots, lines, n_days = problem.lots, problem.lines, 3
    made = []

    def put(name: str, field: str, row: int, value: object) -> None:
        rows = getattr(problem, name)
        column = getattr(rows, field).copy()
        column[row] = value
        made.append(problem.replace(**{name: rows.replace(**{field: column})}))

    for row in range(problem.n_lots):
        put("lots", "indivisible", row, False)
        put("lots", "min_take_kg", row, 0)
        if subject == LINE:
            put("lots", "kg", row, int(lots.kg[row]) * 2)
        put("lots", "until_day", row, min(problem.horizon_until_day, int(lots.until_day[row]) + n_days))
        put("lots", "from_day", row, max(problem.horizon_from_day, int(lots.from_day[row]) - n_days))
    for row in range(problem.n_lines):
        for share in (0.0, 0.5):
            put("lines", "min_fill_kg", row, int(share * lines.min_fill_kg[row]))
        put("lines", "min_supplier_kg", row, 0)
        put("lines", "max_suppliers", row, NO_LIMIT)
        if subject == LOT:
            put("lines", "kg", row, int(lines.kg[row]) * 2)
        put("lines", "max_grade", row, 9)
        put("lines", "min_life_days", row, 0)
        put("lines", "until_day", row, min(problem.horizon_until_day, int(lines.until_day[row]) + n_days))
        put("lines", "from_day", row, max(problem.horizon_from_day, int(lines.from_day[row]) - n_days))
    return made


HARD: list[dict[str, Any]] = [
    {"lots": [{"quantity_kg": 900, "indivisible": "yes"}, {"quantity_kg": 700}], "demands": [{"quantity_kg": 800, "max_suppliers": 1}]},
    {"lots": [{"quantity_kg": 300, "min_take_kg": 300}], "demands": [{"quantity_kg": 200, "min_fill_kg": 150}]},
    {"lots": [{"quantity_kg": 90, "grade": 3}], "demands": [{"quantity_kg": 80}]},
]


@pytest.mark.parametrize("tables", HARD)
@pytest.mark.parametrize("subject", [LOT, LINE])
def test_where_the_answer_is_none_no_single_change_found_by_brute_force_would_do(tables: dict[str, Any], subject: str) -> None:
    """What brute force finds must be worth less than what a promise asks for of a change that may help others, too."""
    problem = build_problem(vehicles=[CHEAP], **tables)
    plan = planned(problem)
    context, before = PlanContext(problem, plan), verify(problem, plan).require()
    if context.open_kg(subject)[0] == 0:
        return
    answer = what_would_change(context, subject, 0, effort=EFFORT)
    if answer.outcome is not Outcome.NONE:
        assert answer.outcome is Outcome.FOUND
        return
    for changed in single_changes(problem, subject):
        after = verify(changed, planned(changed)).require()
        used, now = (after.taken_kg, before.taken_kg) if subject == LOT else (after.filled_kg, before.filled_kg)
        more, gain = int(used[0] - now[0]), after.objective_vnd - before.objective_vnd
        assert more < 0.25 * context.open_kg(subject)[0] or gain < EFFORT.doubt * EFFORT.margin_vnd
