"""Drafts are compared, one is published, and what was promised before is taken back from one list, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from service.models import Role
from service.planning import models as m
from service.planning.plans import storing
from service.planning.plans.problem_builder import load
from service.planning.states import PlanState, ProposalState
from tests.service.test_results import result_of
from tests.service.web.conftest import DESK, PHONE, Opened, check_usable, follow, keep
from tests.service.web.staging import Stage

WORDS = {
    "vi": {"draft": "Bản nháp", "compare": "So sánh đã chọn", "publish": "Công bố bản nháp", "done": "Đã công bố",
           "back": "Hủy cam kết này", "gone": "Đã hủy cam kết", "meant": "Vẫn công bố"},
    "en": {"draft": "Draft", "compare": "Compare the chosen plans", "publish": "Publish this draft", "done": "Published",
           "back": "Take this promise back", "gone": "The promise is taken back", "meant": "Publish it all the same"},
}  # fmt: skip


def draft(stage: Stage) -> str:
    with stage.database.write() as session:
        loaded = load(session, stage.association)
        return storing.store(session, loaded, result_of(loaded.problem), "mca 1").uid


def state_of(stage: Stage, plan: str) -> PlanState:
    with stage.database.read() as session:
        return session.scalars(select(m.Plan.state).where(m.Plan.uid == plan)).one()


@pytest.mark.parametrize(("language", "width"), [("vi", PHONE), ("en", DESK)])
def test_drafts_are_compared_and_one_is_published(opened: Opened, stage: Stage, language: str, width: int) -> None:
    words, plans = WORDS[language], [draft(stage), draft(stage)]
    page = opened(Role.BROKER, "/plans", language=language, width=width)
    for uid in plans:
        expect(page.locator(f"input[value='{uid}']")).to_be_checked()
    keep(page, f"plans-drafts-{language}")
    follow(page, f"text={words['compare']}")
    expect(page.locator("main table").first).to_contain_text(words["draft"])
    expect(page.locator("main h2")).to_have_count(2)
    keep(page, f"plans-compared-{language}")
    follow(page, f"a[href='/plans/{plans[1]}#publish-head']")
    expect(page.locator("main h1")).to_contain_text(words["draft"])
    keep(page, f"plan-draft-{language}")
    follow(page, f"text={words['publish']}")
    expect(page.locator(".said").first).to_contain_text(words["done"])
    page.wait_for_selector("#board[data-ready]")
    assert [state_of(stage, uid) for uid in plans] == [PlanState.DRAFT, PlanState.CURRENT]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_empty_draft_is_asked_about_before_it_is_published(opened: Opened, stage: Stage, language: str) -> None:
    with stage.database.write() as session:
        empty = m.Plan(association_id=stage.association, input_digest="0" * 64, objective_vnd=0, status="feasible", termination="time",
                       seconds=1.0, seed=0, engine="mca 1")  # fmt: skip
        session.add(empty)
        session.flush()
        uid = empty.uid
        current = session.scalars(select(m.Plan.uid).where(m.Plan.state == PlanState.CURRENT)).one()
    page = opened(Role.BROKER, f"/plans/{uid}", language=language, width=PHONE)
    follow(page, f"text={WORDS[language]['publish']}")
    expect(page.locator("main")).to_contain_text(WORDS[language]["meant"])
    keep(page, f"plan-draft-empty-{language}")
    assert (state_of(stage, uid), state_of(stage, current)) == (PlanState.DRAFT, PlanState.CURRENT)


def test_a_promise_of_an_earlier_plan_is_taken_back_from_the_list(opened: Opened, stage: Stage) -> None:
    for language in ("vi", "en"):
        page = opened(Role.BROKER, "/promises", language=language)
        row = page.locator("tbody tr", has=page.locator("details")).first
        code = row.locator("th").inner_text().split()[0]
        row.locator("summary").click()
        keep(page, f"promises-{language}")
        with page.expect_navigation():
            row.get_by_text(WORDS[language]["back"]).click()
        expect(page.locator(".said").first).to_contain_text(WORDS[language]["gone"])
        with stage.database.read() as session:
            query = select(m.ProposalItem.state).join(m.ProposalItem.lot).where(m.ProposalItem.reason_code.is_not(None))
            assert ProposalState.REJECTED in session.scalars(query).all(), code


def test_the_pages_of_drafts_can_be_used_by_everybody(opened: Opened, stage: Stage, axe: str) -> None:
    one, other = draft(stage), draft(stage)
    page = opened(Role.BROKER)
    for name, place in {
        "draft": f"/plans/{one}",
        "side-by-side": f"/plans/compare?plan={one}&plan={other}",
        "promises": "/promises",
    }.items():
        page.goto(stage.address + place)
        check_usable(page, axe, name)


def test_who_may_only_read_sees_drafts_without_the_button(opened: Opened, stage: Stage) -> None:
    page = opened(Role.AUDITOR, f"/plans/{draft(stage)}")
    expect(page.locator("main h1")).to_contain_text(re.compile("Bản nháp"))
    expect(page.locator(f"text={WORDS['vi']['publish']}")).to_have_count(0)
