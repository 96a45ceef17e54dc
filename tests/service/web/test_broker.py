"""A broker plans, looks at a plan from all sides and decides, by mouse, by finger and by keyboard alone; nobody decides unawares."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from catalog.base import now_utc
from catalog.models import VehicleClass
from service.models import Role
from service.planning import models as m
from service.planning.plans.importing import import_problem
from service.planning.plans.problem_builder import load
from service.planning.states import ProposalState, RunState
from tests.matching.builders import build_problem
from tests.service.published import publish_result
from tests.service.test_results import result_of
from tests.service.web.conftest import DESK, OF_COLOUR, PHONE, Opened, arrive, check_usable, follow, keep, overflow, violations
from tests.service.web.staging import Stage

MORE = 290
"""Lots and lines beside those of the sample season, so that a plan proposes more than five hundred things."""


@pytest.fixture(scope="module")
def crowd(stage: Stage) -> str:
    """A plan with more than five hundred proposals."""
    sites: list[dict[str, Any]] = [{"site_id": f"x-c{n}", "lat": 21.2 + n * 0.02, "lon": 106.2} for n in range(10)]
    sites += [{"site_id": "x-b", "kind": "buyer", "lat": 21.0, "lon": 105.9}]
    lots = [{"lot_id": f"x-l{n}", "site_id": f"x-c{n % 10}", "supplier_id": f"x-s{n % 10}", "quantity_kg": 500} for n in range(MORE)]
    lines = [{"line_id": f"x-d{n}", "site_id": "x-b", "buyer_id": "x-buyer", "quantity_kg": 500} for n in range(MORE)]
    with stage.database.write() as session:
        import_problem(session, stage.association, build_problem(sites=sites, lots=lots, demands=lines), "test", file_name="x")
    return planned(stage)


def planned(stage: Stage) -> str:
    with stage.database.write() as session:
        loaded = load(session, stage.association)
        return publish_result(session, loaded, result_of(loaded.problem), "mca 1").uid


def board(opened: Opened, plan: str, **more: Any) -> Page:
    page = opened(Role.BROKER, f"/plans/{plan}", **more)
    page.wait_for_selector("#board[data-ready]")
    return page


def filtered(page: Page, text: str, rows: int, of: str = "trên") -> None:
    """Leave on the board what bears a text, and wait until no other row is there."""
    page.fill("#q", text)
    expect(page.locator("#count")).to_have_text(re.compile(rf"^{rows}\s{of}\s"))


def states(stage: Stage, plan: str) -> dict[str, int]:
    """How many items of a plan stand in each state."""
    i, a = m.ProposalItem, m.PlanAllocation
    query = select(i.state, func.count()).join(a, a.id == i.allocation_id).join(m.Plan, m.Plan.id == a.plan_id)
    with stage.database.read() as session:
        return {state.value: count for state, count in session.execute(query.where(m.Plan.uid == plan).group_by(i.state))}


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def toast(page: Page, said: str) -> None:
    expect(page.locator("#toast")).to_contain_text(said)


def test_five_hundred_proposals_are_decided_by_keyboard_alone(opened: Opened, stage: Stage, crowd: str, axe: str) -> None:
    page = board(opened, crowd)
    told = re.match(r"(\d+) trên (\d+) đề xuất", page.inner_text("#count"))
    assert told is not None
    whole = int(told[2])
    assert whole >= 500
    assert page.locator("#rows tr").count() < 60
    press(page, "/")
    page.keyboard.type("x-s3")
    press(page, "Enter")
    expect(page.locator("#count")).to_contain_text(f"29 trên {whole}")
    press(page, "x", "Shift+j", "Shift+j")
    expect(page.locator("#picked")).to_contain_text("Đã chọn 3")
    press(page, "a")
    toast(page, "Đã duyệt 3 đề xuất.")
    assert states(stage, crowd)["approved"] == 3
    press(page, "u")
    toast(page, "Đã hoàn tác 3 đề xuất.")
    assert "approved" not in states(stage, crowd)
    press(page, "j", "r")
    expect(page.locator("#effects")).to_contain_text("giảm")
    press(page, "Enter")
    toast(page, "Không duyệt 1 đề xuất.")
    press(page, "p")
    expect(page.locator("#decide-go")).to_be_enabled()
    press(page, "Enter")
    toast(page, "Đã giữ cố định 1 đề xuất.")
    press(page, "?")
    expect(page.locator("#keys")).to_be_visible()
    assert violations(page, axe) == []
    press(page, "Escape", "Escape")
    expect(page.locator("#count")).to_contain_text(f"{whole} trên {whole}")
    press(page, "End", "Home", "t")
    expect(page.locator("#count")).to_contain_text(f" trên {whole}")
    expect(page.locator("#count")).not_to_contain_text(f"{whole} trên")
    press(page, "t")
    expect(page.locator("#count")).to_contain_text(f"{whole} trên {whole}")
    press(page, "/")
    page.keyboard.type("x-s4")
    press(page, "Enter")
    expect(page.locator("#count")).to_contain_text(f"29 trên {whole}")
    press(page, "Control+a", "a")
    toast(page, "Đã duyệt 29 đề xuất.")
    assert states(stage, crowd)["approved"] == 29
    press(page, "u")
    toast(page, "Đã hoàn tác 29 đề xuất.")
    keep(page, "board-vi-1440")


VIETNAMESE = ("trên", "Đã duyệt 1 đề xuất.", "Đã hoàn tác 1 đề xuất.", "Không duyệt 1")
ENGLISH = ("of", "1 approved.", "1 undone.", "Reject 1")


@pytest.mark.parametrize(("language", "words"), [("vi", VIETNAMESE), ("en", ENGLISH)])
def test_a_broker_decides_on_a_phone_and_on_a_desk(opened: Opened, crowd: str, language: str, words: tuple[str, str, str, str]) -> None:
    of, approved, undone, reject = words
    for width in (PHONE, DESK):
        page = board(opened, crowd, width=width, language=language)
        assert overflow(page) == 0
        filtered(page, "x-s5" if width == PHONE else "x-s6", 29, of)
        page.locator("#rows tr").nth(1 if language == "vi" else 3).click()
        page.click("[data-act=approve]")
        toast(page, approved)
        page.click("#toast-undo")
        toast(page, undone)
        page.click("[data-act=reject]")
        expect(page.locator("#decide-head")).to_have_text(reject)
        expect(page.locator("#effects th").first).to_be_visible()
        keep(page, f"override-{language}-{width}")
        page.click("#decide [data-close-dialog]")
        expect(page.locator("#decide")).to_be_hidden()
        keep(page, f"board-{language}-{width}")
        if width == PHONE:
            page.click("[data-view=map]")
            expect(page.locator("#map canvas")).to_be_visible()
            page.click("[data-view=days]")
            expect(page.locator("#timeline rect").first).to_be_visible()
            assert overflow(page) == 0


def test_what_is_chosen_in_one_view_is_seen_in_all(opened: Opened, crowd: str) -> None:
    page = board(opened, crowd)
    page.locator("#timeline rect").first.click()
    expect(page.locator("#timeline rect.chosen").first).to_be_visible()
    expect(page.locator("#picked")).to_contain_text("Đã chọn")
    expect(page.locator("#rows tr[aria-selected=true]").first).to_be_visible()
    title = page.locator("#timeline rect.chosen title").first.text_content() or ""
    trip = re.search(r"\d+", title)
    assert trip is not None
    expect(page.locator("#detail")).to_contain_text(trip[0])
    degrees = page.locator(".degrees").all_inner_texts()
    assert any("," in one for one in degrees)
    assert not any("." in one for one in degrees)


UNAWARE = "setInterval = () => 0;"
"""A board that never asks by itself what others have done: otherwise it may learn of it a moment before the test goes on."""


def test_the_later_of_two_brokers_is_told_who_was_first(opened: Opened, stage: Stage, crowd: str) -> None:
    first, second = board(opened, crowd), opened(Role.BROKER)
    second.add_init_script(UNAWARE)
    second.goto(f"{stage.address}/plans/{crowd}")
    second.wait_for_selector("#board[data-ready]")
    for page in (first, second):
        filtered(page, "x-l217", 1)
        page.locator("#rows tr").first.click()
    before = states(stage, crowd).get("approved", 0)
    first.click("[data-act=approve]")
    toast(first, "Đã duyệt 1 đề xuất.")
    second.click("[data-act=approve]")
    toast(second, "Lê Thị Lan đã làm trước.")
    expect(second.locator("#rows .badge")).to_have_text("Chờ xác nhận")
    assert states(stage, crowd)["approved"] == before + 1


def test_a_second_click_does_nothing_more(opened: Opened, stage: Stage, crowd: str) -> None:
    page = board(opened, crowd)
    filtered(page, "x-l226", 1)
    before = states(stage, crowd).get("approved", 0)
    page.dblclick("[data-act=approve]")
    toast(page, "Đã duyệt 1 đề xuất.")
    assert states(stage, crowd)["approved"] == before + 1
    page.dblclick("#toast-undo")
    toast(page, "Đã hoàn tác 1 đề xuất.")
    assert states(stage, crowd).get("approved", 0) == before


def test_the_way_back_leads_to_what_was_looked_at(opened: Opened, crowd: str) -> None:
    page = board(opened, crowd)
    filtered(page, "x-s7", 29)
    follow(page, "a[href$='/print']")
    arrive(page, re.compile("/print$"))
    page.go_back()
    page.wait_for_selector("#board[data-ready]")
    expect(page.locator("#q")).to_have_value("x-s7")
    expect(page.locator("#count")).to_contain_text("29 trên")


def test_a_change_shows_what_it_costs_and_what_forbids_it(opened: Opened, stage: Stage, crowd: str) -> None:
    page = board(opened, crowd, language="en")
    filtered(page, "x-l238", 1, "of")
    page.click("[data-act=edit]")
    page.fill("#new-kg", "9000")
    expect(page.locator("#effects .said.bad")).to_be_visible()
    expect(page.locator("#decide-go")).to_be_disabled()
    page.fill("#new-kg", "400")
    expect(page.locator("#effects")).to_contain_text("−100")
    page.click("#decide-go")
    toast(page, "Changed.")
    expect(page.locator("#rows td.kg")).to_have_text("400\u00a0kg")


def test_many_are_changed_alike_and_taken_back_at_once(opened: Opened, stage: Stage, crowd: str) -> None:
    def on_five_tonnes() -> int:
        query = select(func.count()).select_from(m.ProposalItem).join(VehicleClass, VehicleClass.id == m.ProposalItem.vehicle_class_id)
        with stage.database.read() as session:
            return session.scalar(query.where(VehicleClass.code == "truck-5t")) or 0

    before = on_five_tonnes()
    page = board(opened, crowd, language="en")
    filtered(page, "x-s8", 29, "of")
    press(page, "Enter", "x", "Shift+j", "e")
    expect(page.locator("#decide-head")).to_have_text("Change 2 proposals alike")
    expect(page.locator("#new-kg")).to_be_hidden()
    page.select_option("#new-truck", "truck-5t")
    expect(page.locator("#effects")).to_contain_text("Freight")
    keep(page, "board-change-many")
    press(page, "Enter")
    toast(page, "2 changed.")
    assert on_five_tonnes() == before + 2
    press(page, "u")
    toast(page, "2 undone.")
    assert on_five_tonnes() == before


def test_a_run_is_started_watched_and_stopped(opened: Opened, stage: Stage, axe: str) -> None:
    page = opened(Role.BROKER, "/runs")
    page.fill("#time_limit_s", "0")
    page.select_option("#first", "contracts")
    page.click("form details summary")
    page.fill("#floor_pct", "20")
    page.fill("#cap_pct", "120")
    follow(page, "main form button.main-act")
    expect(page.locator("[role=alert]").first).to_be_visible()
    expect(page.locator("#cap_pct-fault")).to_be_visible()
    page.fill("#cap_pct", "40")
    page.fill("#time_limit_s", "30")
    page.fill("#note", "<script>alert(1)</script>")
    page.dblclick("main form button.main-act")
    arrive(page, re.compile(r"/runs/[0-9a-z]{26}$"))
    uid = page.url.rsplit("/", 1)[1]
    with stage.database.write() as session:
        run = session.scalars(select(m.Run).where(m.Run.uid == uid)).one()
        assert session.scalars(select(func.count()).select_from(m.Run)).one() == 1
        policy = run.parameters["policy"]
        assert [one["goal"] for one in policy["goals"]] == ["contracts", "worth"]
        assert (policy["cap_pct"], policy["floors"][0]["share_pct"], policy["floors"][0]["small_below_kg"]) == (40, 20, 5_000)
        session.add(
            m.RunProgress(run_id=run.id, seq=1, attempt=1, seconds=1.5, phase="improve", objective_vnd=800_000_000, bound_vnd=900_000_000)
        )
    expect(page.locator("#run-worth")).to_contain_text("800")
    expect(page.locator("#run-gap")).to_contain_text("11,11")
    assert violations(page, axe) == []
    keep(page, "run-vi-1440")
    page.click("text=Dừng và giữ")
    expect(page.locator("main")).to_contain_text("Đã dừng")
    expect(page.locator("main")).to_contain_text("<script>alert(1)</script>")


def test_a_run_that_failed_says_why_and_what_helps(opened: Opened, stage: Stage, axe: str) -> None:
    issue = {"table": "decisions", "row": 2, "column": "kg", "value": "lot1 line1 500", "expected": "one pin of this lot"}
    with stage.database.write() as session:
        failed = m.Run(association_id=stage.association, state=RunState.FAILED, failure_code="pins_contradict", failure_detail="two pins",
                       failure_issues=[issue], finished_at=now_utc(), updated_by="test")  # fmt: skip
        session.add(failed)
        session.flush()
        uid = failed.uid
    for language, said in (("vi", "Các mục giữ cố định mâu thuẫn"), ("en", "Pins contradict")):
        page = opened(Role.BROKER, f"/runs/{uid}", language=language, width=PHONE)
        assert said in page.inner_text("[role=alert]")
        assert "one pin of this lot" in page.inner_text("main")
        assert violations(page, axe) == []
        keep(page, f"run-failed-{language}-360")


def test_a_plan_that_proposes_nothing_says_so(opened: Opened, stage: Stage, axe: str) -> None:
    with stage.database.write() as session:
        plan = m.Plan(association_id=stage.association, state="superseded", input_digest="0" * 64, objective_vnd=0, status="feasible",
                      termination="time", seconds=1.0, seed=0, engine="mca 1")  # fmt: skip
        session.add(plan)
        session.flush()
        uid = plan.uid
    page = opened(Role.BROKER, f"/plans/{uid}")
    expect(page.locator("#empty h2")).to_have_text("Kế hoạch này không đề xuất gì")
    expect(page.locator("#board .acts")).to_be_hidden()
    expect(page.locator("#board .board-side")).to_be_hidden()
    assert violations(page, axe) == []
    page = opened(Role.BROKER, f"/plans/{uid}/print", language="en")
    assert "This plan proposes nothing" in page.inner_text("main")


@pytest.mark.parametrize(("width", "language"), [(PHONE, "vi"), (DESK, "en")])
def test_a_plan_says_what_it_uses_to_its_limit(opened: Opened, stage: Stage, axe: str, width: int, language: str) -> None:
    scarce = [
        ["site", "b2", 20980, 120_000, 120_000, 1850.0],
        ["class", "truck-15t", 20981, 60, 60, 900_000.0],
        ["carrier", "c1>b1", 20981, 99, 100, None],
    ]
    with stage.database.write() as session:
        plan = m.Plan(association_id=stage.association, state="superseded", input_digest="0" * 64, objective_vnd=0, status="feasible",
                      termination="time", seconds=1.0, seed=0, engine="mca 1", figures={"scarce": scarce})  # fmt: skip
        session.add(plan)
        session.flush()
        uid = plan.uid
    page = opened(Role.BROKER, f"/plans/{uid}", width=width, language=language)
    page.locator("details.scarce summary").click()
    said = page.inner_text("details.scarce").replace("\xa0", " ")
    assert ("120 tấn trên 120 tấn" if language == "vi" else "60 of 60 trips") in said
    assert ("1.850.000" if language == "vi" else "900,000") in said
    keep(page, f"plan-scarce-{language}-{width}")
    assert violations(page, axe) == []


def test_every_page_of_a_broker_can_be_used_by_everybody(opened: Opened, stage: Stage, crowd: str, axe: str) -> None:
    places = {
        "open": f"/plans/{stage.plan}/open",
        "policy": f"/plans/{crowd}/policy",
        "plans": "/plans",
        "runs": "/runs",
        "print": f"/plans/{crowd}/print",
        "compare": f"/plans/{crowd}/compare/{stage.plan}",
    }
    page = opened(Role.BROKER)
    for name, place in places.items():
        page.goto(stage.address + place)
        check_usable(page, axe, name)


@pytest.mark.parametrize(("width", "theme", "rules"), [(PHONE, "light", ()), (PHONE, "dark", OF_COLOUR), (DESK, "dark", ())])
def test_the_board_can_be_used_by_everybody(opened: Opened, crowd: str, axe: str, width: int, theme: str, rules: tuple[str, ...]) -> None:
    page = board(opened, crowd, theme=theme, width=width)
    page.locator("#rows tr").nth(1).click()
    assert violations(page, axe, rules) == []
    if width == DESK:
        page.evaluate("() => { document.documentElement.dataset.theme = 'light' }")
        assert violations(page, axe, OF_COLOUR) == []


def test_who_may_not_decide_sees_the_plan_and_no_buttons(opened: Opened, crowd: str) -> None:
    page = opened(Role.AUDITOR, f"/plans/{crowd}")
    page.wait_for_selector("#board[data-ready]")
    expect(page.locator("#rows tr").nth(5)).to_be_attached()
    expect(page.locator("[data-act=approve]")).to_be_hidden()
    press(page, "a", "r")
    expect(page.locator("#decide")).to_be_hidden()


def test_a_board_without_scripts_leads_to_plain_tables(opened: Opened, crowd: str) -> None:
    page = opened(Role.BROKER, f"/plans/{crowd}", script=False)
    follow(page, "noscript a")
    expect(page.locator("tbody tr").nth(499)).to_be_attached()


def test_what_the_board_is_told_holds_every_item_once(stage: Stage, crowd: str, opened: Opened) -> None:
    page = opened(Role.BROKER, "/plans")
    told = json.loads(page.request.get(f"{stage.address}/plans/{crowd}/board").text())
    assert sum(states(stage, crowd).values()) == len(set(told["items"]["uid"])) == len(told["items"]["kg"])
    assert set(states(stage, crowd)) <= {state.value for state in ProposalState}
    known = set(told["trips"]["number"])
    assert all(set(trips) <= known for trips in told["items"]["trips"])
    assert max((max(stops[::3]) for stops in told["trips"]["stops"]), default=0) < len(told["sites"])
