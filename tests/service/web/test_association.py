"""The association reads its season in figures that open the rows behind them, and keeps accounts, settings and the trail."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from buyers.models import DemandLine
from catalog import facts
from catalog.models import Association, LegalFact, Site
from catalog.tenancy import Scope
from service.models import AuditEvent, Role, User
from service.planning import models as m
from service.planning.fulfilment import receipts
from service.planning.fulfilment.receipts import Said
from service.planning.plans import overview
from service.planning.states import SettlementState, ShipmentState
from service.web.association.season import ROWS
from tests.service.paper.reading import pages
from tests.service.web.conftest import DESK, PHONE, Opened, check_usable, follow, keep, overflow
from tests.service.web.staging import PASSWORD, Stage

PLACES = ("/season", "/season/rows?what=matched&of=pairs", "/people", "/people/new", "/trail", "/rules", "/rules/tariffs/new",
          "/rules/hours/new", "/shipments", "/money?show=issued")  # fmt: skip


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
    wanted = {"cần mua": season.wanted_kg, "chào bán": season.offered_kg, "đã khớp": season.matched_kg, "đã giao": season.delivered_kg}
    for words, kg in wanted.items():
        page.goto(stage.address + "/season")
        follow(page, f"a.figure:has(span:text-is('{words}'))")
        sums = page.inner_text("main > p.muted")
        assert f"{kg:,} kg".replace(",", ".") in sums.replace("\u00a0", " "), words
    page.goto(stage.address + "/season")
    assert {"Lục Ngạn", "Chũ", "Kép"} <= {group.name for group in season.by_commune()}
    group = season.by_product()[0]
    follow(page, f"section:has(#by-product) tr:has(th:text-is('{group.name}')) td >> nth=1 >> a")
    assert group.name in page.inner_text("h1")
    assert f"{group.matched_kg:,} kg".replace(",", ".") in page.inner_text("main > p.muted").replace("\u00a0", " ")


def test_a_long_list_of_rows_comes_in_pages(opened: Opened) -> None:
    page = opened(Role.MANAGER, "/season/rows?what=offered&of=lots", language="en")
    count = whole(page.inner_text("main > p.muted").split("·")[1])
    seen = page.locator("tbody tr").count()
    assert seen == ROWS
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
    assert "/welcome?link=" in page.inner_text("#link")
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
    page.goto(stage.address + "/trail?action=association.change")
    assert page.locator("ol.trail > li").count() == 1
    page.click("summary:has-text('trường')")
    expect(page.locator("ol.trail").get_by_text("fee_per_mille").first).to_be_visible()


def test_tariffs_and_hours_are_stated_anew_with_their_days_and_sources(opened: Opened, stage: Stage) -> None:
    page = opened(Role.MANAGER, "/rules", width=PHONE)
    fact = page.locator("section[aria-labelledby=facts] tr", has_text="Số tháng chứng nhận VietGAP có hiệu lực")
    expect(fact).to_contain_text("TCVN 11892-1:2017")
    follow(page, "a[href='/rules/tariffs/new']")
    for name, value in (("valid_from", "2027-07-01"), ("fixed_vnd", "200.000"), ("vnd_per_km-0", "9.000"), ("vnd_per_km-1", "7.500")):
        page.fill(f"#{name}", value)
    page.fill("#source", "Bảng giá 01/07/2027")
    follow(page, "main form button[type=submit]")
    expect(page.locator("#from_km-1-fault")).to_be_visible()
    keep(page, "tariff-new-360")
    page.fill("#from_km-1", "50,5")
    follow(page, "main form button[type=submit]")
    expect(page.locator("section[aria-labelledby=tariffs] tr", has_text="Bảng giá 01/07/2027")).to_contain_text("50,5")
    follow(page, "a[href='/rules/hours/new']")
    for name, value in (("zone", "noi-thanh"), ("min_payload_kg", "1.250"), ("closed_from_min", "22:00"), ("closed_until_min", "05:30")):
        page.fill(f"#{name}", value)
    page.fill("#valid_from", "2027-06-01")
    page.fill("#source", "Quyết định 06")
    follow(page, "main form button[type=submit]")
    expect(page.locator("section[aria-labelledby=access] tr", has_text="Quyết định 06")).to_contain_text("22:00 – 05:30")
    with stage.database.read() as session:
        noted = session.scalars(select(AuditEvent.action).order_by(AuditEvent.seq.desc()).limit(2)).all()
    assert noted == ["access_rule.add", "tariff.add"]


@pytest.mark.parametrize("script", [True, False])
def test_the_money_of_a_receipt_is_reckoned_sent_and_noted_as_paid(opened: Opened, stage: Stage, script: bool) -> None:
    received(stage)
    page = opened(Role.BROKER, "/money", width=PHONE if script else DESK, script=script)
    keep(page, f"money-{script}")
    for button, state in (
        ("Tính tiền", SettlementState.DRAFT),
        ("Gửi cho hai bên", SettlementState.ISSUED),
        ("Đã thanh toán", SettlementState.PAID),
    ):
        with stage.database.read() as session:
            newest = session.scalars(select(m.Settlement).order_by(m.Settlement.id.desc()).limit(1)).one()
        if state is SettlementState.ISSUED:
            page.goto(f"{stage.address}/money?show=draft")
        if state is SettlementState.PAID:
            page.goto(f"{stage.address}/money?show=issued")
        where = page.locator(f"form[action='/money/{newest.uid}/{'issue' if state is SettlementState.ISSUED else 'pay'}'] button")
        follow(page, page.get_by_role("button", name=button).first if state is SettlementState.DRAFT else where)
        with stage.database.read() as session:
            assert session.scalars(select(m.Settlement.state).order_by(m.Settlement.id.desc()).limit(1)).one() is state
    page.goto(f"{stage.address}/money?show=paid")
    expect(page.locator("tbody tr").first).to_be_visible()


def test_facts_that_are_on_file_are_stated_once(stage: Stage) -> None:
    with stage.database.write() as session:
        assert facts.state(session) == 0
        assert session.scalar(select(func.count()).select_from(LegalFact)) == len(facts.FACTS)


def received(stage: Stage) -> None:
    """Let a door receive a truck whose goods aren't settled yet."""
    with stage.database.read() as session:
        item, promise = m.ShipmentItem, m.Promise
        query = select(m.Shipment.uid, promise.uid, promise.loaded_kg, Site.uid).join(item, item.shipment_id == m.Shipment.id)
        query = query.join(promise, promise.id == item.promise_id).join(DemandLine, DemandLine.id == promise.line_id)
        query = query.join(Site, Site.id == DemandLine.site_id).where(m.Shipment.state == ShipmentState.LOADED)
        shipment, promised, kg, door = session.execute(query.limit(1)).one()
    stage.do(receipts.receive, shipment, door, [Said(promised, kg)])


def test_a_trip_becomes_a_shipment_with_its_papers(opened: Opened, stage: Stage) -> None:
    with stage.database.read() as session:
        i, leg = m.ProposalItem, m.PlanLeg
        riding = select(m.PlanTrip.number).join(leg, leg.trip_id == m.PlanTrip.id).join(i, i.allocation_id == leg.allocation_id)
        confirmed = i.supplier_confirmed_at.is_not(None) & i.buyer_confirmed_at.is_not(None)
        shipped = select(m.ShipmentItem.promise_id)
        free = riding.join(m.Promise, m.Promise.proposal_item_id == i.id).where(confirmed, m.Promise.id.not_in(shipped))
        number = session.scalars(free.limit(1)).first() or 0
    page = opened(Role.BROKER, f"/plans/{stage.plan}/trips/{number}")
    sheet = page.get_attribute("a:has-text('Phiếu lộ trình')", "href")
    assert sheet is not None
    assert "Phiếu lộ trình" in " ".join(pages(page.request.get(stage.address + sheet).body()))
    keep(page, "trip-vi-1440")
    page = opened(Role.BROKER, "/shipments", language="en")
    follow(page, "tbody th a")
    assert "Load" in page.inner_text("main")
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


def test_who_logged_in_stands_in_the_trail_in_words(opened: Opened, stage: Stage) -> None:
    page = opened(None, "/sign-in")
    page.fill("#login", stage.login_name(Role.CLERK))
    page.fill("#password", PASSWORD)
    follow(page, "main button")
    latest = opened(Role.MANAGER, "/trail?action=login").locator("main li").first
    assert re.search(r"Nguyễn Thị Hoa đăng nhập\b.*lần đăng nhập", latest.inner_text(), re.DOTALL)


def test_an_auditor_reads_everything_and_changes_nothing(opened: Opened) -> None:
    page = opened(Role.AUDITOR, "/people", language="en")
    expect(page.get_by_role("link", name="New account")).to_have_count(0)
    assert page.locator("main form[method=post]").count() == 0
    follow(page, "nav.nav a[href='/rules']")
    expect(page.locator("main button.main-act")).to_have_count(0)
    assert page.request.post(page.url.replace("/rules", "/people/new"), form={"name": "x"}).status in {401, 403}


def test_days_without_anything_are_said_to_be_empty(opened: Opened) -> None:
    page = opened(Role.MANAGER, "/season?first=2031-01-01&last=2031-01-02")
    assert "Không có gì trong những ngày này" in page.inner_text("main")
    page = opened(Role.MANAGER, "/season?first=2031-01-02&last=2031-01-01")
    assert page.locator("h1").count() == 1
