"""Stories of lots and lines: counts, nearest misses, losses, words."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.explain import explain_open
from matching.explain.answer import Outcome
from matching.explain.changes import ChangeKind
from matching.explain.context import PlanContext, UnknownId
from matching.explain.diagnosis import Diagnosis, Match, Offer, diagnose, diagnose_open
from matching.explain.near_misses import Paper
from matching.explain.pairs import find_pairs
from matching.explain.pools import PoolOutcome
from matching.explain.rendering import diagnosis_json, diagnosis_text
from matching.explain.rules import RuleKind
from matching.explain.texts import TEXTS, say
from matching.model.plan import LINE, LOT
from matching.model.problem import Problem
from matching.model.reasons import FUNNEL, MEANING, Reason
from matching.texts import LANGUAGES, day_of_year, whole
from matching.volumes.relaxation import relaxed_plan, solve_volumes
from tests.matching.builders import build_problem
from tests.matching.random_problems import random_problem
from tests.matching.test_reasons import CASES, PAGE, plan_of

JUNE_14 = 20983


def story(problem: Problem, *rows: tuple[int, int, int], subject: str = LOT, row: int = 0) -> tuple[PlanContext, Diagnosis]:
    context = PlanContext(problem, plan_of(problem, *rows))
    return context, diagnose(context, subject, row)


@pytest.mark.parametrize(("reason", "tables"), CASES)
def test_the_story_names_the_step_of_the_funnel_at_which_nothing_is_left(reason: Reason, tables: dict[str, Any]) -> None:
    _, told = story(build_problem(**tables))
    assert told.reason is reason
    left = {step.reason: step.left for step in told.funnel}
    assert left[reason] == 0
    assert told.match is Match.NONE


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_stories_agree_with_the_reasons_of_the_plan_and_with_the_funnel(seed: int) -> None:
    problem = random_problem(seed, size=12)
    context = PlanContext(problem, relaxed_plan(problem, solve_volumes(problem)))
    told, made = diagnose_open(context), explain_open(problem, context.plan)
    assert [one.reason for one in told] == made.reason.tolist()
    assert [(one.subject, one.row, one.open_kg) for one in told] == list(zip(made.subject, made.index, made.open_kg))
    if np.isnan(problem.roads.vnd_per_kg).all():
        for subject, survivors in ((LOT, context.funnel.lot_survivors), (LINE, context.funnel.line_survivors)):
            for row in range(len(survivors)):
                steps = find_pairs(context, subject, row).step
                assert [int((steps > k).sum()) for k in range(len(FUNNEL))] == survivors[row].tolist()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_every_story_can_be_told_in_both_languages_and_as_json(seed: int) -> None:
    problem = random_problem(seed, size=10)
    context = PlanContext(problem, relaxed_plan(problem, solve_volumes(problem)))
    for one in diagnose_open(context):
        made = diagnosis_json(context, one)
        assert made["open_kg"] == one.open_kg
        assert all(context.row("line" if one.subject == LOT else "lot", miss["with"]) >= 0 for miss in made["misses"])
        for language in LANGUAGES:
            assert "{" not in diagnosis_text(context, one, language)


def test_a_matched_lot_is_said_to_be_matched_and_with_whom() -> None:
    context, told = story(build_problem(demands=[{"quantity_kg": 1000}]), (0, 0, 1000))
    assert (told.match, told.reason, told.partners, told.misses) == (Match.WHOLLY, None, ((0, 1000),), ())
    assert "wholly matched" in diagnosis_text(context, told, "en")
    assert "Đã khớp với dòng hàng line1 (1.000 kg)." in diagnosis_text(context, told, "vi")


def test_an_id_that_is_not_there_is_named_in_the_error() -> None:
    context = PlanContext(build_problem(), plan_of(build_problem()))
    with pytest.raises(UnknownId, match="no lot is called 'lot9'"):
        context.row(LOT, "lot9")
    assert context.row(LINE, "line1") == 0


def test_the_nearest_miss_is_said_in_figures() -> None:
    life = [{"min_life_days": 7, "deliver_from": "2027-06-08"}, {"min_life_days": 9}]
    context, told = story(build_problem(demands=life))
    assert [(miss.reason, miss.other, miss.short) for miss in told.misses] == [(Reason.REMAINING_LIFE, 0, 2), (Reason.REMAINING_LIFE, 1, 4)]
    assert "2 days short of remaining life at line line1 on 8 June" in diagnosis_text(context, told, "en")
    assert "thiếu 2 ngày hạn dùng khi giao cho dòng hàng line1 ngày 08/06" in diagnosis_text(context, told, "vi")
    context, told = story(build_problem(demands=[{"bid_vnd_per_kg": 10100}]))
    assert re.search(r"Nearest misses: \d+ đ/kg too expensive for line line1 after freight", diagnosis_text(context, told, "en"))


@pytest.mark.parametrize(
    ("tables", "of_lot", "of_line"),
    [
        ({"lots": [{"grade": 3}]}, "line line1 wants 1 grade better", "lot lot1 is 1 grade too low"),
        (
            {"demands": [{"deliver_from": "2027-06-14", "deliver_until": "2027-06-15"}]},
            "line line1: gone 4 days too early (delivery from 14 June)",
            "lot lot1: gone 4 days too early (delivery from 14 June)",
        ),
        (
            {"demands": [{"deliver_from": "2027-06-04", "deliver_until": "2027-06-06"}]},
            "line line1: ready 1 day too late (delivery until 6 June)",
            "lot lot1: ready 1 day too late (delivery until 6 June)",
        ),
        (
            {"demands": [{"min_life_days": 6}]},
            "1 day short of remaining life at line line1 on 7 June",
            "lot lot1: 1 day short of remaining life on 7 June",
        ),
        ({"demands": [{"bid_vnd_per_kg": 9000}]}, "too expensive for line line1 after freight", "lot lot1 is 1,"),
    ],
)
def test_a_miss_is_told_from_the_side_that_asks(tables: dict[str, Any], of_lot: str, of_line: str) -> None:
    problem = build_problem(**tables)
    for subject, text in ((LOT, of_lot), (LINE, of_line)):
        context, told = story(problem, subject=subject)
        assert text in diagnosis_text(context, told, "en")


def test_suppliers_that_a_line_has_already_are_told_from_the_side_that_asks() -> None:
    problem = build_problem(lots=[{"quantity_kg": 500}, {"supplier_id": "s2"}], demands=[{"quantity_kg": 1000, "max_suppliers": 1}])
    context, told = story(problem, (0, 0, 500), row=1)
    assert "line line1: it has as many suppliers as it allows (1)" in diagnosis_text(context, told, "en")
    context, told = story(problem, (0, 0, 500), subject=LINE)
    assert "lot lot2: the line has as many suppliers as it allows (1)" in diagnosis_text(context, told, "en")


def test_a_truck_of_its_own_is_paid_from_its_base_and_back() -> None:
    """The base is some 110 km away; without the way from it and back a truck of its own would pay."""
    base = {"site_id": "b9", "kind": "depot", "lat": 22.0}
    sites = [{"site_id": "c1"}, {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85}, base]
    truck = {"fixed_vnd": 100000, "vnd_per_km": "0:10000"}
    near = build_problem(sites=sites, vehicles=[truck], lots=[{"quantity_kg": 100}])
    context, told = story(near)
    assert (told.misses[0].reason, told.misses[0].short) == (Reason.TRUCK, None)
    assert "a truck of its own would pay, but the plan makes no such trip" in diagnosis_text(context, told, "en")
    far = build_problem(sites=sites, vehicles=[{**truck, "base_site": "b9"}], lots=[{"quantity_kg": 100}])
    for subject, text in ((LOT, "a truck of its own to line line1 would lose"), (LINE, "a truck of its own from lot lot1 would lose")):
        context, told = story(far, subject=subject)
        assert told.misses[0].short is not None
        assert text in diagnosis_text(context, told, "en")


PAPERS: list[tuple[Paper, str, dict[str, Any]]] = [
    (Paper.MISSING, "no certificate VietGAP", {}),
    (Paper.EXPIRES, "certificate VietGAP expires 6 June", {"certificates": [{"valid_until": "2027-06-06"}]}),
    (Paper.BEGINS, "certificate VietGAP begins only on 20 June", {"certificates": [{"valid_from": "2027-06-20"}]}),
    (
        Paper.LEVEL,
        "certificate OCOP of too low a level",
        {"certificates": [{"scheme": "OCOP", "level": 2}], "demands": [{"requires": "OCOP>=3"}]},
    ),
]


@pytest.mark.parametrize(("paper", "text", "tables"), PAPERS)
def test_what_is_wrong_with_a_certificate_is_said(paper: Paper, text: str, tables: dict[str, Any]) -> None:
    context, told = story(build_problem(**{"demands": [{"requires": "VietGAP"}], **tables}))
    assert told.misses[0].paper is paper
    assert text in diagnosis_text(context, told, "en")


def test_a_funnel_is_told_by_the_steps_at_which_somebody_is_lost() -> None:
    lines = [{}, {"line_id": "line2", "product": "lychee", "max_grade": 1}, {"line_id": "line3", "bid_vnd_per_kg": 1}]
    context, told = story(build_problem(lots=[{"grade": 2}], demands=lines))
    assert [step.left for step in told.funnel][:3] == [3, 2, 2]
    assert "Số dòng hàng còn lại qua từng bước: cùng mặt hàng 3 → đúng loại 2 → có lãi 1 → có xe 0." in diagnosis_text(context, told, "vi")


def test_a_truck_is_no_step_of_what_is_used_already() -> None:
    context, told = story(build_problem(demands=[{"quantity_kg": 1000}, {}]), (0, 0, 300))
    assert told.reason is Reason.TRUCK
    assert "Lines left at each step: same product 2." in diagnosis_text(context, told, "en")


def test_the_largest_minimum_that_is_missed_is_the_miss() -> None:
    def short(**tables: Any) -> int | None:
        return story(build_problem(**tables))[1].misses[0].short

    assert short(demands=[{"min_supplier_kg": 700}], lots=[{"quantity_kg": 500}]) == 200
    assert short(demands=[{"quantity_kg": 400}], lots=[{"min_take_kg": 700}]) == 300
    assert short(demands=[{"min_fill_kg": 750}], lots=[{"quantity_kg": 500}]) == 250
    assert short(demands=[{"quantity_kg": 900}], lots=[{"indivisible": "yes"}]) == 100


def test_of_two_certificates_the_one_that_lasts_longest_is_named() -> None:
    papers = [{"valid_until": "2027-06-03"}, {"valid_from": "2026-02-01", "valid_until": "2027-06-05"}]
    context, told = story(build_problem(demands=[{"requires": "VietGAP"}], certificates=papers))
    assert "certificate VietGAP expires 5 June" in diagnosis_text(context, told, "en")


def test_what_most_was_lost_to_is_told_first() -> None:
    lots = [{"quantity_kg": 800}, {"quantity_kg": 800, "ask_vnd_per_kg": 9000}, {"quantity_kg": 300}]
    _, told = story(build_problem(lots=lots, demands=[{}, {"quantity_kg": 300}]), (2, 1, 300), (1, 0, 800))
    assert [(loss.offer, loss.kg) for loss in told.losses] == [(Offer.LOWER_ASK, 800), (Offer.FULLER_TRUCK, 300)]
    _, told = story(
        build_problem(lots=[lots[0], {**lots[1], "quantity_kg": 300}, {"quantity_kg": 800}], demands=[{}, {"quantity_kg": 300}]),
        (2, 0, 800),
        (1, 1, 300),
    )
    assert [(loss.offer, loss.kg) for loss in told.losses] == [(Offer.FULLER_TRUCK, 800), (Offer.LOWER_ASK, 300)]


def test_what_a_lot_lost_to_is_told_by_class() -> None:
    lots = [{"ask_vnd_per_kg": 12000, "quantity_kg": 800}, {"quantity_kg": 800}]
    _, told = story(build_problem(lots=lots), (1, 0, 800))
    assert [(loss.offer, loss.kg, loss.others) for loss in told.losses] == [(Offer.LOWER_ASK, 800, (1,))]
    assert told.losses[0].ahead_vnd_per_kg == pytest.approx(2000)
    _, told = story(build_problem(lots=[{"quantity_kg": 800}, {"quantity_kg": 800}]), (1, 0, 800))
    assert told.losses[0].offer is Offer.FULLER_TRUCK
    pinned = [{"lot_id": "lot2", "decision": "pin", "kg": 800}]
    _, told = story(build_problem(lots=lots, decisions=pinned), (1, 0, 800))
    assert told.losses[0].offer is Offer.DECIDED
    far = {"site_id": "c2", "lat": 21.6, "lon": 106.9}
    near = build_problem(
        sites=[{"site_id": "c1"}, far, {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85}], lots=[{"site_id": "c2"}, {}]
    )
    _, told = story(near, (1, 0, 800))
    assert told.losses[0].offer is Offer.NEARER


def test_where_a_lot_serves_a_line_in_part_it_is_told_who_has_the_rest() -> None:
    problem = build_problem(lots=[{"ask_vnd_per_kg": 12000}, {}], demands=[{"quantity_kg": 800}])
    context, told = story(problem, (0, 0, 300), (1, 0, 500))
    assert told.reason is Reason.BETTER_OFFER
    assert [(loss.offer, loss.kg, loss.others) for loss in told.losses] == [(Offer.LOWER_ASK, 500, (1,))]
    assert "Lost to: 500 kg of lot lot2 (a lower floor price, 2,000 đ/kg ahead)." in diagnosis_text(context, told, "en")


@pytest.mark.parametrize(("subject", "text"), [(LOT, "gets all that it wants"), (LINE, "is wholly taken")])
def test_who_has_all_of_what_would_pay_is_not_said_to_have_lost_it_to_others(subject: str, text: str) -> None:
    lot_kg, line_kg = (1000, 800) if subject == LOT else (800, 1000)
    problem = build_problem(lots=[{"quantity_kg": lot_kg}], demands=[{"quantity_kg": line_kg}])
    context, told = story(problem, (0, 0, 800), subject=subject)
    assert (told.reason, told.losses) == (Reason.BETTER_OFFER, ())
    said = diagnosis_text(context, told, "en")
    assert text in said
    assert "other" not in said


def test_what_a_line_lost_to_is_told_by_class() -> None:
    def lost(**other: Any) -> Offer:
        return story(build_problem(demands=[{}, other]), (0, 1, 1000), subject=LINE)[1].losses[0].offer

    assert lost(quantity_kg=1000, bid_vnd_per_kg=21000) is Offer.HIGHER_BID
    assert lost(quantity_kg=1000, short_vnd_per_kg=3000) is Offer.CONTRACT


def codes_of(heading: str) -> list[str]:
    """Codes of the table below a heading of the page."""
    part = PAGE.read_text(encoding="utf-8").partition(f"# {heading}\n")[2].partition("\n#")[0]
    return re.findall(r"^\| `([a-z_]+)` \|", part, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "codes"),
    [
        ("Classes of better offers", Offer),
        ("What is wrong with a certificate", Paper),
        ("What would change it", Outcome),
        ("Kinds of changes", ChangeKind),
        ("What a rule costs", RuleKind),
        ("Pools", PoolOutcome),
    ],
)
def test_the_page_lists_every_code(heading: str, codes: Iterable[str]) -> None:
    assert codes_of(heading) == [str(code) for code in codes]


# words ---------------------------------------------------------------------------------------------------------------
def test_the_catalogue_has_a_text_for_every_code() -> None:
    wanted = {f"reason.{one}" for one in Reason} | {f"step.{one}" for one in Reason} | {f"offer.{one}" for one in Offer}
    wanted |= {f"change.{one}" for one in ChangeKind} | {f"rule.{one}" for one in RuleKind}
    wanted |= {f"miss.{kind}.{paper}" for kind in ("certificate", "market_code") for paper in Paper}
    wanted |= {f"miss.{one}" for one in Reason if one not in (Reason.CERTIFICATE, Reason.MARKET_CODE)}
    wanted |= {f"sides.{side}" for side in (LOT, LINE)} | {f"unit.{unit}{one}" for unit in ("days", "grades") for one in ("", ".one")}
    wanted |= {"answer.none", "answer.matched", "answer.time", "pool.none", "pool.filled"}
    own = {LOT: Reason.NO_SUPPLY_OF_PRODUCT, LINE: Reason.NO_DEMAND_FOR_PRODUCT}
    wanted |= {f"why.{side}.{one}" for side, others in own.items() for one in Reason if one is not others}
    assert {f"pool.{one}" for one in PoolOutcome if one is not PoolOutcome.FOUND} <= set(TEXTS)
    assert wanted <= set(TEXTS)


def test_english_reasons_are_the_sentences_of_the_page() -> None:
    assert {reason: TEXTS[f"reason.{reason}"][1] for reason in Reason} == MEANING


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_both_languages_name_the_same_fields(key: str) -> None:
    fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in TEXTS[key]]
    assert fields[0] == fields[1]
    assert all(text.strip() == text and text for text in TEXTS[key])


def test_figures_and_days_follow_the_language() -> None:
    assert (whole(1234567, "vi"), whole(1234567, "en")) == ("1.234.567", "1,234,567")
    assert (day_of_year(JUNE_14, "vi"), day_of_year(JUNE_14, "en")) == ("14/06", "14 June")
    with pytest.raises(KeyError, match=r"no\.such"):
        say("no.such", "vi")
