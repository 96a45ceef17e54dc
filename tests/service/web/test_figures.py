"""Figures open their rows, what is open says why in figures, and the timeline of trucks is used by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from buyers.models import DemandLine
from catalog.models import Lot, Organisation, Side
from service.demo import BUYER, COOPERATIVE
from service.models import Role
from service.planning import models as m
from service.planning.plans.exporting import pack
from service.planning.plans.problem_builder import load
from service.planning.states import RunState
from service.runs.inputs import ZIP, rows_of
from service.runs.policies import REPORT
from tests.service.published import publish_result
from tests.service.test_results import result_of
from tests.service.web.conftest import DESK, PHONE, Opened, follow, keep, overflow, size_of, violations
from tests.service.web.staging import Stage

POLICY = {"goals": [{"goal": "contracts"}, {"goal": "worth"}], "cap_pct": 40.0, "floors": [{"share_pct": 20.0, "small_below_kg": 5000}]}


@pytest.fixture(scope="module")
def kept(stage: Stage) -> str:
    """The current plan of a run whose input is kept; its run's uid."""
    with stage.database.write() as session:
        loaded = load(session, stage.association)
        run = m.Run(association_id=stage.association, state=RunState.DONE, parameters={"policy": POLICY}, updated_by="test")
        session.add(run)
        session.flush()
        session.add(m.RunInput(run_id=run.id, media_type=ZIP, rows=rows_of(loaded), content=pack(loaded.problem)))
        publish_result(session, loaded, result_of(loaded.problem), run_id=run.id, figures={"freight_vnd": 1_000_000, "matched_kg": 10_000})
        return run.uid


def open_row(stage: Stage, kept: str, side: Side) -> str:
    """The uid of a lot of the cooperative, or a line of the buyer, that the plan leaves open."""
    column = m.PlanReason.lot_id if side is Side.SUPPLY else m.PlanReason.line_id
    model = Lot if side is Side.SUPPLY else DemandLine
    mine = Lot.supplier_id if side is Side.SUPPLY else DemandLine.organisation_id
    number = stage.parties[COOPERATIVE if side is Side.SUPPLY else BUYER]
    query = select(model.uid).join(m.PlanReason, column == model.id).join(m.Plan, m.Plan.id == m.PlanReason.plan_id)
    with stage.database.read() as session:
        run = session.scalars(select(m.Run.id).where(m.Run.uid == kept)).one()
        return session.scalars(query.where(m.Plan.run_id == run, mine == number).limit(1)).first() or ""


@pytest.mark.parametrize(("role", "side", "page_of"), [(Role.CLERK, Side.SUPPLY, "lots"), (Role.PROCUREMENT, Side.DEMAND, "lines")])
def test_what_is_open_says_why_in_figures_without_scripts(
    opened: Opened, stage: Stage, kept: str, role: Role, side: Side, page_of: str
) -> None:
    uid = open_row(stage, kept, side)
    page = opened(role, f"/{page_of}/{uid}", width=PHONE, script=False)
    steps = page.locator("#why .funnel li").all_inner_texts()
    counts = [4 if step.startswith("<") else int(re.sub(r"\D", "", step.split()[0])) for step in steps]
    assert counts == sorted(counts, reverse=True)
    assert not {1, 2, 3} & set(counts)
    assert overflow(page) == 0
    keep(page, f"why-{page_of}-360")
    follow(page, "#why a.button")
    expect(page.locator("#why .said")).to_be_visible()
    keep(page, f"why-{page_of}-changes-360")


@pytest.mark.parametrize(("side", "asks"), [("lots", ["change"]), ("lines", ["change", "pool"])])
def test_a_broker_is_told_why_what_would_change_it_and_who_could_fill_it(
    opened: Opened, stage: Stage, kept: str, axe: str, side: str, asks: list[str]
) -> None:
    with stage.database.read() as session:
        plan = session.scalars(select(m.Plan.uid).join(m.Run, m.Run.id == m.Plan.run_id).where(m.Run.uid == kept)).one()
    page = opened(Role.BROKER, f"/plans/{plan}/open?side={side}", width=DESK)
    follow(page, "tbody th a")
    assert "Số dòng hàng còn lại" in page.inner_text("main") or "Số lô còn lại" in page.inner_text("main")
    for ask in asks:
        follow(page, f"a[href$='ask={ask}']")
        assert page.inner_text(".said p")
        assert (violations(page, axe), overflow(page)) == ([], 0)
        keep(page, f"why-broker-{side}-{ask}-1440")
    assert page.request.get(f"{stage.address}/plans/{plan}/why?lot=nobody").status == 404


def test_cooperatives_are_called_by_name(stage: Stage) -> None:
    with stage.database.read() as session:
        mine = select(Organisation).where(Organisation.association_id == stage.association, Organisation.side == Side.SUPPLY)
        assert [one.code for one in session.scalars(mine) if one.name == one.code] == []


def test_fairness_and_freight_open_their_rows(opened: Opened, kept: str, axe: str) -> None:
    for width in (PHONE, DESK):
        page = opened(Role.MANAGER, "/season", width=width)
        follow(page, ".figures a[href^='/season/suppliers']")
        shares = [float(text.replace(",", ".").rstrip("%")) for text in page.locator("td:last-child").all_inner_texts()]
        assert shares == sorted(shares)
        assert len(shares) > 5
        assert (violations(page, axe), overflow(page)) == ([], 0)
        keep(page, f"season-suppliers-{width}")
        page.go_back()
        follow(page, ".figures a[href^='/season/freight']")
        assert page.locator("tbody tr").count() > 5
        assert (violations(page, axe), overflow(page)) == ([], 0)
        keep(page, f"season-freight-{width}")


def test_a_run_shows_the_policy_that_it_ran_with(opened: Opened, kept: str, axe: str) -> None:
    page = opened(Role.BROKER, f"/runs/{kept}")
    told = page.inner_text("section[aria-labelledby=asked]")
    assert "hợp đồng, lợi ích ròng" in told
    assert re.search(r"40\s%", told)
    assert re.search(r"5\.000\skg", told)
    assert violations(page, axe) == []
    keep(page, "run-policy-1440")
    page.set_viewport_size(size_of(PHONE))
    assert overflow(page) == 0
    keep(page, "run-policy-360")


def test_what_came_of_a_policy_calls_floors_and_suppliers_by_name(opened: Opened, stage: Stage, kept: str, axe: str) -> None:
    floor = {"floor": "floor 1", "supplier": COOPERATIVE, "eligible_kg": 100, "due_kg": 20, "accepted_kg": 0, "short_kg": 20}
    report = {"price_vnd": 0, "worth_vnd": 5, "free_vnd": 5, "met": False, "policy": POLICY, "floors": [floor]}
    with stage.database.write() as session:
        plan = session.scalars(select(m.Plan).join(m.Run, m.Run.id == m.Plan.run_id).where(m.Run.uid == kept)).one()
        plan.figures = {**plan.figures, REPORT: report}
        uid = plan.uid
        name = session.get_one(Organisation, stage.parties[COOPERATIVE]).name
    page = opened(Role.BROKER, f"/plans/{uid}/policy")
    row = page.inner_text("tbody tr")
    assert name in row
    assert "Mức bán tối thiểu 1" in row
    assert "floor 1" not in page.inner_text("main")
    assert page.locator(".said.warn").count() == 1, "a report that was made before says nothing of whom floors name in vain"
    with stage.database.write() as session:
        plan = session.scalars(select(m.Plan).where(m.Plan.uid == uid)).one()
        plan.figures = {**plan.figures, REPORT: report | {"absent": [{"supplier": "ai-day", "floor": "floor 1"}]}}
    page.reload()
    expect(page.locator(".said.warn", has_text="ai-day")).to_be_visible()
    assert (violations(page, axe), overflow(page)) == ([], 0)


def test_trucks_are_looked_through_and_chosen_by_keyboard(opened: Opened, kept: str) -> None:
    page = opened(Role.BROKER, "/plans/current")
    page.wait_for_selector("#board[data-ready]")
    page.focus("#timeline")
    for key in ("Home", "j", "ArrowDown", "k"):
        page.keyboard.press(key)
    expect(page.locator("#timeline rect.at")).to_have_count(1)
    told = page.inner_text("#trucks")
    trip = re.search(r"\d+", told)
    assert trip is not None
    page.keyboard.press("Enter")
    expect(page.locator("#timeline rect.at.chosen")).to_have_count(1)
    expect(page.locator("#picked")).to_contain_text("Đã chọn")
    expect(page.locator("#detail")).to_contain_text(trip[0])
    before = page.locator("#days button[aria-pressed=true]").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#days button[aria-pressed=true]")).not_to_have_text(before)
