"""Registers in a browser: a list, its search, a new row, a change, its history, and two people at one row."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from catalog.models import Certificate, Driver, Lot, LotStatus, Member, Organisation, Product, Sponsorship, Truck
from service.models import Role
from service.web.registers.all import REGISTERS
from tests.service.web.conftest import PHONE, Opened, check_usable, follow
from tests.service.web.staging import Stage


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.key)
def test_everybody_can_use_the_list_and_the_form_of_a_register(register: object, opened: Opened, axe: str) -> None:
    page = opened(Role.MANAGER, register.path)  # type: ignore[attr-defined]
    assert page.locator("form[role=search]").count() == 1
    check_usable(page, axe, f"register-{register.key}")  # type: ignore[attr-defined]
    page.goto(page.url.rstrip("/") + "/new")
    check_usable(page, axe, f"register-{register.key}-new")  # type: ignore[attr-defined]


def test_a_cooperative_is_entered_found_without_accents_changed_and_its_history_read(opened: Opened, stage: Stage) -> None:
    page = opened(Role.MANAGER, "/organisations/new")
    page.fill("#name", "HTX Nông nghiệp Giáp Sơn")
    page.select_option("#kind", "cooperative")
    page.fill("#phone", "+84 912 345 678")
    page.fill("#commune_code", "Giáp Sơn, Lục Ngạn, Bắc Giang")
    page.fill("#representative", "Vi Văn Thắng")
    follow(page, "form.card button.main-act")
    assert page.inner_text("h1") == "HTX Nông nghiệp Giáp Sơn"
    assert page.input_value("#commune_code") == "Xã Lục Ngạn, Bắc Ninh"
    assert page.input_value("#phone") == "0912 345 678"
    page.fill("#representative", "Vi Thị Hằng")
    follow(page, "form.card button.main-act")
    follow(page, "a:has-text('Lịch sử')")
    assert "Vi Văn Thắng → Vi Thị Hằng" in page.inner_text("main")
    page.goto(stage.address + "/organisations?q=giap+son")
    assert page.locator("tbody tr").count() == 1
    assert page.get_attribute("tbody a[href^='tel:']", "href") == "tel:0912345678"


def test_the_same_cooperative_in_another_spelling_is_asked_about(opened: Opened, stage: Stage) -> None:
    page = opened(Role.MANAGER)
    for name, counted in (("Hợp tác xã Đồng Tâm", 1), ("HTX ĐỒNG TÂM", 1)):
        page.goto(stage.address + "/organisations/new")
        page.fill("#name", name)
        page.select_option("#kind", "cooperative")
        follow(page, "form.card button.main-act")
        with stage.database.read() as session:
            assert len(session.scalars(select(Organisation).where(Organisation.search_key.like("%dong tam%"))).all()) == counted
    page.check("#confirmed-1")
    follow(page, "form.card button.main-act")
    assert page.inner_text("h1") == "HTX ĐỒNG TÂM"


def test_a_group_gets_a_sponsor_that_leaves_again(opened: Opened, stage: Stage) -> None:
    page = opened(Role.MANAGER, "/organisations/new", width=PHONE)
    page.fill("#name", "Tổ hợp tác Thôn Cống")
    page.select_option("#kind", "group")
    follow(page, "form.card button.main-act")
    assert "Chưa có HTX đại diện" in page.inner_text("main")
    page.click("summary:has-text('Chọn HTX đại diện')")
    page.select_option("#sponsor", index=1)
    follow(page, "details[open] form button")
    assert "Hai bên đã đồng ý" in page.inner_text("#sponsors + ul")
    with stage.database.read() as session:
        row = session.scalars(select(Sponsorship)).one()
        assert session.get_one(Organisation, row.group_id).sponsor_id == row.sponsor_id
        sponsor = session.get_one(Organisation, row.sponsor_id).uid
    page.goto(f"{stage.address}/organisations/{sponsor}")
    page.fill("#closed_on", "2026-01-01")
    follow(page, "form.card button.main-act")
    page.check("#confirmed-1")
    follow(page, "form.card button.main-act")
    with stage.database.read() as session:
        assert session.get_one(Organisation, session.scalars(select(Sponsorship.group_id)).one()).sponsor_id is None


def test_two_people_who_change_one_row_are_told(opened: Opened, stage: Stage) -> None:
    first, second = opened(Role.MANAGER, "/products"), opened(Role.BROKER, "/products")
    for page in (first, second):
        follow(page, "tbody th a")
    for page in (first, second):
        page.fill("#shelf_life_days", "5")
    first.fill("#usual_vnd_per_kg", "18.000")
    follow(first, "form.card button.main-act")
    second.fill("#usual_vnd_per_kg", "19.000")
    follow(second, "form.card button.main-act")
    assert "Phạm Văn Quân" in second.inner_text("form .said.bad")
    assert second.input_value("#usual_vnd_per_kg") == "19.000"


def test_a_cooperative_enters_a_certificate_and_the_association_accepts_it(opened: Opened, stage: Stage) -> None:
    clerk, manager = opened(Role.CLERK, "/certificates/entries/new", width=PHONE), opened(Role.MANAGER)
    clerk.fill("#scheme", "GlobalGAP")
    clerk.fill("#valid_from", "2027-01-01")
    clerk.fill("#valid_until", "2028-12-31")
    clerk.fill("#number", "GG-77")
    follow(clerk, "form.card button.main-act")
    clerk.set_input_files("#scan-file", {"name": "giay.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 scan"})
    follow(clerk, "form[enctype] button")
    assert "Chờ liên minh chấp nhận" in clerk.inner_text("main")
    assert clerk.locator("button:has-text('Chấp nhận')").count() == 0
    manager.goto(stage.address + "/certificates/entries?state=waiting")
    follow(manager, "tbody th a")
    assert manager.request.get(stage.address + str(manager.get_attribute("a[href^='/scans/']", "href"))).body() == b"%PDF-1.4 scan"
    follow(manager, "button:has-text('Chấp nhận')")
    with stage.database.read() as session:
        row = session.scalars(select(Certificate).where(Certificate.number == "GG-77")).one()
        assert not row.waiting
        assert row.evidence_id is not None
    manager.click("details:has(form[action$='/suspend']) > summary")
    manager.fill("#reason", "Kiểm tra đột xuất")
    follow(manager, "form[action$='/suspend'] button")
    assert "Kiểm tra đột xuất" in manager.inner_text("main")
    follow(manager, "form[action$='/lift'] button")
    assert manager.locator("form[action$='/lift']").count() == 0
    follow(clerk, "a[href*='/certificates/entries/new?']")
    assert (clerk.input_value("#scheme"), clerk.input_value("#valid_from")) == ("GlobalGAP", "2029-01-01")


def test_a_truck_and_its_driver_are_entered(opened: Opened, stage: Stage) -> None:
    page = opened(Role.MANAGER, "/drivers/new")
    page.fill("#name", "Hoàng Văn Thụ")
    page.fill("#phone", "0988777666")
    page.select_option("#organisation", index=1)
    follow(page, "form.card button.main-act")
    page.goto(stage.address + "/trucks/new")
    page.fill("#plate", "98c12345")
    page.select_option("#vehicle_class", index=1)
    page.select_option("#organisation", index=1)
    page.select_option("#driver", index=1)
    follow(page, "form.card button.main-act")
    with stage.database.read() as session:
        truck, driver = session.scalars(select(Truck)).one(), session.scalars(select(Driver)).one()
        assert (truck.plate, truck.driver_id, driver.phone) == ("98C-123.45", driver.id, "0988 777 666")
    for searched, found in (("98c123", 1), ("hoang van thu", 1), ("99A", 0)):
        page.goto(f"{stage.address}/trucks?q={searched}")
        assert page.locator("tbody tr").count() == found
    page.goto(f"{stage.address}/drivers?q=0988777666")
    assert page.locator("tbody tr").count() == 1


def test_a_member_of_two_cooperatives_is_asked_about_and_then_is_one_of_both(opened: Opened, stage: Stage) -> None:
    page = opened(Role.MANAGER)
    for place, counted in ((1, 1), (2, 1)):
        page.goto(stage.address + "/members/new")
        page.fill("#name", "Vi Thị Sáu")
        page.select_option("#organisation", index=place)
        page.fill("#phone", "0911 222 333")
        follow(page, "form.card button.main-act")
        with stage.database.read() as session:
            assert len(session.scalars(select(Member).where(Member.phone == "0911 222 333")).all()) == counted
    assert "Vi Thị Sáu" in page.inner_text("form.card")
    page.check("#confirmed-1")
    follow(page, "form.card button.main-act")
    with stage.database.read() as session:
        homes = session.scalars(select(Member.organisation_id).where(Member.phone == "0911 222 333")).all()
    assert len(set(homes)) == 2


def test_a_product_that_is_renamed_keeps_its_lots_and_they_show_its_new_name(opened: Opened, stage: Stage) -> None:
    with stage.database.read() as session:
        lot = session.scalars(select(Lot).where(Lot.status == LotStatus.DECLARED)).first()
        assert lot is not None
        product = session.get_one(Product, lot.product_id)
    page = opened(Role.MANAGER, f"/products/{product.uid}")
    page.fill("#name", "Vải thiều Lục Ngạn")
    page.fill("#shelf_life_days", "5")
    follow(page, "form.card button.main-act")
    page.goto(f"{stage.address}/lots/{lot.uid}")
    assert "Vải thiều Lục Ngạn" in page.inner_text("main")
    with stage.database.read() as session:
        again = session.get_one(Lot, lot.id)
        assert (again.product_id, again.version) == (lot.product_id, lot.version)
        assert session.get_one(Product, product.id).code == product.code
