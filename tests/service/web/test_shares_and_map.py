"""Harvests, members' shares, positions on the map and the way to the registers, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from catalog.models import Lot, LotShare, LotStatus, Member
from service.demo import COOPERATIVE
from service.models import Role
from tests.service.web.conftest import PHONE, Opened, check_usable, follow, keep
from tests.service.web.staging import Stage

SAVE = "form.card button.main-act"


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
