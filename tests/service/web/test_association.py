"""The association reads its season in figures that open the rows behind them, and keeps accounts, settings and the trail."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from catalog.models import Association
from catalog.tenancy import Scope
from service.models import Role, User
from service.planning import models as m
from service.planning import overview
from tests.service.paper.reading import pages
from tests.service.web.conftest import PHONE, Opened, check_usable, follow, keep, overflow
from tests.service.web.stage import Stage

PLACES = ("/season", "/season/rows?what=matched&of=pairs", "/people", "/people/new", "/trail", "/rules", "/shipments")


def whole(text: str) -> int:
    """The number in a text such as ``1.234 kg``."""
    found = re.search(r"[\d.]+", text)
    assert found is not None
    return int(found[0].replace(".", ""))


def test_every_figure_opens_the_rows_that_it_adds_up(opened: Opened, stage: Stage) -> None:
    page = opened(Role.MANAGER, "/season")
    with stage.database.read() as session:
        days = overview.span(session, Scope(stage.association))
        assert days is not None
        season = overview.season(session, Scope(stage.association), *days)
    wanted = {"cần mua": season.wanted_kg, "chào bán": season.offered_kg, "đã ghép": season.matched_kg, "đã giao": season.delivered_kg}
    for words, kg in wanted.items():
        page.goto(stage.address + "/season")
        follow(page, f"a.figure:has(span:text-is('{words}'))")
        sums = page.inner_text("main > p.muted")
        assert f"{kg:,} kg".replace(",", ".") in sums.replace("\u00a0", " "), words
    page.goto(stage.address + "/season")
    group = season.by_product()[0]
    follow(page, f"section:has(#by-product) tr:has(th:text-is('{group.name}')) td >> nth=1 >> a")
    assert group.name in page.inner_text("h1")
    assert f"{group.matched_kg:,} kg".replace(",", ".") in page.inner_text("main > p.muted").replace("\u00a0", " ")


def test_a_long_list_of_rows_comes_in_pages(opened: Opened) -> None:
    page = opened(Role.MANAGER, "/season/rows?what=offered&of=lots", language="en")
    count = whole(page.inner_text("main > p.muted").split("·")[1])
    seen = page.locator("tbody tr").count()
    assert seen == 100
    while page.get_by_role("link", name="Further").count():
        follow(page, page.get_by_role("link", name="Further"))
        seen += page.locator("tbody tr").count()
    assert seen == count


def test_the_report_on_paper_says_what_the_page_says(opened: Opened, stage: Stage) -> None:
    page = opened(Role.MANAGER, "/season")
    address = page.get_attribute("a:has-text('Báo cáo')", "href")
    assert address is not None
    text = " ".join(pages(page.request.get(stage.address + address).body()))
    assert page.inner_text("a.figure:has(span:text-is('cần mua')) b").replace("\u00a0", " ") in text


@pytest.mark.parametrize(("language", "made"), [("vi", "Đã tạo tài khoản"), ("en", "The account is made")])
def test_a_manager_makes_an_account_gives_it_a_password_and_closes_it(opened: Opened, stage: Stage, language: str, made: str) -> None:
    page = opened(Role.MANAGER, "/people/new", language=language, width=PHONE)
    page.fill("#name", "<script>alert(1)</script>")
    page.select_option("#role", "clerk")
    page.fill("#login", f"moi-{language}@mua-vai.example")
    follow(page, "form.card button.main-act")
    expect(page.locator("[role=alert]").first).to_be_visible()
    page.select_option("#organisation", index=1)
    page.select_option("#role", "auditor")
    follow(page, "form.card button.main-act")
    expect(page.locator("main")).to_contain_text(made)
    assert len(page.inner_text("#password")) >= 12
    page.goto(stage.address + "/people")
    row = page.locator("tr", has_text=f"moi-{language}@")
    assert "<script>" in row.inner_text()
    follow(page, row.locator("form[action$=close] button"))
    with stage.database.read() as session:
        assert session.scalars(select(User.active).where(User.login == f"moi-{language}@mua-vai.example")).one() is False


def test_settings_are_changed_once_and_leave_their_mark(opened: Opened, stage: Stage) -> None:
    page, other = opened(Role.MANAGER, "/rules"), opened(Role.MANAGER, "/rules")
    page.fill("#fee_per_mille", "12")
    page.dblclick("text=Lưu")
    expect(page.get_by_text("Đã lưu thiết lập")).to_be_visible()
    page.wait_for_load_state()
    other.fill("#fee_per_mille", "99")
    follow(other, "text=Lưu")
    expect(other.locator("[role=alert]").first).to_be_visible()
    with stage.database.read() as session:
        assert session.get_one(Association, stage.association).fee_per_mille == 12
    page.goto(stage.address + "/trail?action=association")
    assert page.locator("ol.trail > li").count() == 1
    page.click("summary:has-text('trường')")
    expect(page.locator("ol.trail").get_by_text("fee_per_mille").first).to_be_visible()


def test_a_trip_becomes_a_shipment_with_its_papers(opened: Opened, stage: Stage) -> None:
    with stage.database.read() as session:
        i, leg = m.ProposalItem, m.PlanLeg
        riding = select(m.PlanTrip.number).join(leg, leg.trip_id == m.PlanTrip.id).join(i, i.allocation_id == leg.allocation_id)
        confirmed = i.supplier_confirmed_at.is_not(None) & i.buyer_confirmed_at.is_not(None)
        shipped = select(m.ShipmentItem.promise_id)
        free = riding.join(m.Promise, m.Promise.proposal_item_id == i.id).where(confirmed, m.Promise.id.not_in(shipped))
        number = session.scalars(free.limit(1)).first() or 0
    page = opened(Role.BROKER, f"/plans/{stage.plan}/trips/{number}")
    sheet = page.get_attribute("a:has-text('Lệnh chạy xe')", "href")
    assert sheet is not None
    assert "Lệnh chạy xe" in " ".join(pages(page.request.get(stage.address + sheet).body()))
    keep(page, "trip-vi-1440")
    page = opened(Role.BROKER, "/shipments", language="en")
    follow(page, "tbody th a")
    assert "Aboard" in page.inner_text("main")
    note = page.get_attribute("a:has-text('Delivery note')", "href")
    assert note is not None
    assert page.request.get(stage.address + note).headers["content-type"] == "application/pdf"
    keep(page, "shipment-en-1440")


def test_a_buyer_finds_the_shipment_that_its_paper_names(opened: Opened, stage: Stage) -> None:
    page = opened(Role.PROCUREMENT, "/shipments", width=PHONE)
    follow(page, "tbody th a")
    assert "Hàng trên xe" in page.inner_text("main")
    assert overflow(page) == 0


def test_every_page_of_the_association_can_be_used_by_everybody(opened: Opened, stage: Stage, axe: str) -> None:
    page = opened(Role.MANAGER)
    for place in PLACES:
        page.goto(stage.address + place)
        check_usable(page, axe, place.partition("?")[0].strip("/").replace("/", "-"))


def test_an_auditor_reads_everything_and_changes_nothing(opened: Opened) -> None:
    page = opened(Role.AUDITOR, "/people", language="en")
    expect(page.get_by_role("link", name="New account")).to_have_count(0)
    assert page.locator("main form").count() == 0
    follow(page, "nav.nav a[href='/rules']")
    expect(page.locator("main button.main-act")).to_have_count(0)
    assert page.request.post(page.url.replace("/rules", "/people/new"), form={"name": "x"}).status in {401, 403}


def test_days_without_anything_are_said_to_be_empty(opened: Opened) -> None:
    page = opened(Role.MANAGER, "/season?first=2031-01-01&last=2031-01-02")
    assert "Không có gì trong những ngày này" in page.inner_text("main")
    page = opened(Role.MANAGER, "/season?first=2031-01-02&last=2031-01-01")
    assert page.locator("h1").count() == 1
