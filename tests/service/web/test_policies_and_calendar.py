"""Policies with versions, the calendar of holidays and sites, harvests, members' shares and positions on the map, in a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from catalog.base import now_utc
from catalog.models import Holiday, Lot, LotShare, LotStatus, Member, Site, SiteDate, SiteKind
from service.days import today
from service.demo import COOPERATIVE
from service.models import Role
from service.planning.models import Run
from service.planning.policies.models import AllocationPolicy, AllocationPolicyVersion
from tests.service.web.conftest import PHONE, Opened, check_usable, follow, keep
from tests.service.web.staging import Stage

SAVE = "form.card button.main-act"


def test_a_policy_of_ones_own_ranking_is_kept_changed_and_planned_under(opened: Opened, stage: Stage, axe: str) -> None:
    page = opened(Role.BROKER, "/policies/new")
    page.fill("#name", "Vụ vải 2027")
    for n, goal, tolerance in ((1, "contracts", "1,5"), (2, "worth", ""), (3, "fairness", "")):
        page.select_option(f"#goal_{n}", goal)
        page.fill(f"#tolerance_{n}", tolerance)
    page.fill("#floor_name_1", "Bên bán nhỏ")
    page.fill("#share_pct_1", "20")
    page.fill("#cap_pct", "30")
    follow(page, SAVE)
    assert "áp dụng cho bên bán nào" in page.inner_text(".fault >> nth=0")
    page.fill("#small_below_kg_1", "5.000")
    follow(page, SAVE)
    assert page.inner_text("h1") == "Vụ vải 2027"
    page.fill("#cap_pct", "25")
    follow(page, SAVE)
    assert "30 → 25" in page.inner_text("#versions + ol")
    check_usable(page, axe, "policy")
    with stage.database.read() as session:
        row = session.scalars(select(AllocationPolicy)).one()
        ranked = [(one["goal"], one["tolerance_pct"]) for one in row.stated["goals"]]
        assert ranked == [("contracts", 1.5), ("worth", 0.0), ("fairness", 0.0)]
        assert row.stated["floors"] == [{"name": "Bên bán nhỏ", "share_pct": 20.0, "small_below_kg": 5000}]
        assert [one.number for one in session.scalars(select(AllocationPolicyVersion))] == [1, 2]
    follow(page, "a[href^='/runs?policy=']")
    follow(page, SAVE)
    assert "Vụ vải 2027" in page.inner_text("#asked ~ dl >> nth=1")
    with stage.database.write() as session:
        run = session.scalars(select(Run).order_by(Run.id.desc())).first()
        assert run is not None
        assert run.parameters["policy_source"] == {"uid": row.uid, "version": 2}
        assert run.parameters["policy"]["cap_pct"] == 25.0
        session.delete(run)


def test_public_holidays_close_a_site_that_keeps_them(opened: Opened, stage: Stage, axe: str) -> None:
    page = opened(Role.MANAGER, "/holidays?year=2027")
    assert "Tết Nguyên Đán" in page.inner_text("main")
    check_usable(page, axe, "holidays")
    follow(page, "form[action='/holidays/take'] button")
    with stage.database.read() as session:
        days = set(session.scalars(select(Holiday.day)))
        door = session.scalars(select(Site).where(Site.kind == SiteKind.BUYER)).first()
        assert door is not None
    assert {day.isoformat() for day in days} >= {"2027-02-06", "2027-04-30", "2027-09-02"}
    page.goto(f"{stage.address}/sites/{door.uid}")
    page.check("#closed_on_holidays-1")
    follow(page, SAVE)
    day = today(now_utc()) + timedelta(days=9)
    page.click("#dates > summary")
    page.fill("#day", day.isoformat())
    page.check("#closed-1")
    follow(page, "form[action$='/dates'] button")
    assert f"{day:%d/%m/%Y}: nghỉ" in page.inner_text("#dates")
    check_usable(page, axe, "site-dates")
    with stage.database.read() as session:
        assert session.get_one(Site, door.id).closed_on_holidays
        assert session.scalars(select(SiteDate.closed).where(SiteDate.site_id == door.id)).one()


def test_grades_of_one_harvest_are_declared_together(opened: Opened, stage: Stage) -> None:
    page = opened(Role.CLERK, "/lots/new")
    page.select_option("#grade", "1")
    page.fill("#amount", "12")
    page.fill("#ask_vnd_per_kg", "15.000")
    page.click("summary:has-text('Loại khác')")
    page.fill("#amount_2", "8")
    page.fill("#ask_vnd_per_kg_2", "12.000")
    follow(page, SAVE)
    if page.locator("#confirmed-1").count():
        page.check("#confirmed-1")
        follow(page, SAVE)
    with stage.database.read() as session:
        second, first = session.scalars(select(Lot).order_by(Lot.id.desc()).limit(2)).all()
        assert (first.grade, second.grade) == (1, 2)
        assert first.harvest == second.harvest is not None
        assert (first.quantity_kg, second.quantity_kg) == (1200, 800)


def test_members_shares_of_a_lot_follow_their_areas(opened: Opened, stage: Stage, axe: str) -> None:
    with stage.database.write() as session:
        owner = stage.parties[COOPERATIVE]
        fields = {"organisation_id": owner, "updated_by": "test"}
        session.add_all(Member(code=f"x{n}", name=f"Vi Văn {n}", area_m2=area, **fields) for n, area in enumerate((3000, 1000)))
        lot = session.scalars(select(Lot).where(Lot.organisation_id == owner, Lot.status == LotStatus.DECLARED)).first()
        assert lot is not None
        number, uid, kg = lot.id, lot.uid, lot.quantity_kg
    page = opened(Role.CLERK, f"/lots/{uid}/shares?as=area")
    check_usable(page, axe, "shares")
    page.goto(f"{stage.address}/lots/{uid}/shares?as=area")
    follow(page, SAVE)
    with stage.database.read() as session:
        shares = session.scalars(select(LotShare.kg).where(LotShare.lot_id == number)).all()
        assert sum(shares) == kg
        assert sorted(shares) == [kg // 4, kg - kg // 4]


def test_a_position_is_chosen_on_the_map(opened: Opened, stage: Stage) -> None:
    page = opened(Role.MANAGER, "/sites/new")
    page.fill("#commune_code", "Xã Lục Ngạn, Bắc Ninh")
    page.click("[data-pin]")
    expect(page.locator("#pin-map .commune-name").first).to_be_visible()
    page.locator("#pin-map").click(position={"x": 60, "y": 60})
    lat, lon = (float(page.input_value(f"#{name}").replace(",", ".")) for name in ("lat", "lon"))
    assert 21.3 < lat < 21.7
    assert 106.2 < lon < 106.8
    keep(page, "site-map")


@pytest.mark.parametrize("role", [Role.CLERK, Role.PROCUREMENT, Role.BROKER, Role.MANAGER, Role.AUDITOR])
def test_every_role_reaches_the_registers_from_its_menu(opened: Opened, role: Role) -> None:
    page = opened(role, "/registers", width=PHONE)
    assert page.locator("nav.nav a[href='/registers']").count() == 1
    for place in page.eval_on_selector_all("ul.cards h2 a", "(links) => links.map((one) => one.getAttribute('href'))"):
        assert page.request.get(page.url.replace("/registers", place)).ok
