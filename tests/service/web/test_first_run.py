"""From an empty database to a plan, in a browser, in Vietnamese, without the command line and without a call of the API."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from catalog.base import now_utc
from service.days import today
from tests.service.live import Live, serving
from tests.service.web.conftest import PATIENCE_MS, check_usable, follow

SAVE = "form.card button.main-act"


def _first_page(browser: Browser, live: Live) -> Page:
    """The page that the printed link opens."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="vi-VN", service_workers="block")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    said = next(line for line in live.said if "/start?key=" in line)
    page.goto(live.address + said[said.index("/start?key=") :].strip())
    return page


def _organisation(page: Page, kind: str, name: str) -> None:
    page.goto(re.sub(r"(://[^/]+)/.*", rf"\1/organisations/new?kind={kind}&then=/guide", page.url))
    page.fill("#name", name)
    page.fill("#phone", "0204 385 6" + f"{len(name):03}")
    follow(page, SAVE)


def _site(page: Page, kind: str, name: str, owner: str, commune: str) -> None:
    page.goto(re.sub(r"(://[^/]+)/.*", rf"\1/sites/new?kind={kind}&then=/guide", page.url))
    page.fill("#name", name)
    page.select_option("#organisation", label=owner)
    page.fill("#commune_code", commune)
    follow(page, SAVE)


@pytest.fixture
def live(tmp_path: Path):  # type: ignore[no-untyped-def]
    with serving(
        tmp_path, database_url=f"sqlite:///{tmp_path / 'mca.db'}", run_seconds=5, rate_per_minute=100_000, guest_rate_per_minute=100_000
    ) as made:
        yield made


def test_an_association_starts_from_nothing_in_a_browser(browser: Browser, live: Live, axe: str) -> None:
    page = _first_page(browser, live)
    check_usable(page, axe, "start")
    page.fill("#association", "Liên minh HTX tỉnh Bắc Ninh")
    page.fill("#phone", "0204 3854 100")
    page.fill("#name", "Nguyễn Thị Hà")
    page.fill("#login", "ha@lienminh.example.vn")
    page.fill("#password", "mùa vải năm nay được giá")
    follow(page, "button.main-act")
    assert page.url.endswith("/guide")
    check_usable(page, axe, "guide")
    assert "0204 385 4100" in page.inner_text("footer")
    follow(page, "form[action='/guide/products'] button")
    day = today(now_utc()) + timedelta(days=2)
    for name in ("HTX Phì Điền", "HTX Tân Quang"):
        _organisation(page, "cooperative", name)
        _site(page, "cooperative", f"Kho {name}", name, "Lục Ngạn, Bắc Ninh")
    _organisation(page, "group", "THT Thôn Cống")
    follow(page, "a[href^='/organisations/new?kind=cooperative']")
    page.goto(live.address + "/organisations?q=thon+cong")
    follow(page, "tbody th a")
    page.click("summary:has-text('Chọn HTX đại diện')")
    page.select_option("#sponsor", label="HTX Phì Điền")
    follow(page, "details[open] form button")
    _organisation(page, "buyer", "GO! Bắc Giang")
    _site(page, "buyer", "Kho GO!", "GO! Bắc Giang", "Phường Bắc Giang, Bắc Ninh")
    page.goto(live.address + "/certificates/entries/new?then=/guide")
    page.fill("#scheme", "VietGAP")
    page.select_option("#organisation", label="HTX Phì Điền")
    page.fill("#valid_from", (day - timedelta(days=100)).isoformat())
    page.fill("#valid_until", (day + timedelta(days=500)).isoformat())
    follow(page, SAVE)
    page.goto(live.address + "/vehicles/new?then=/guide")
    page.fill("#payload_kg", "3.500")
    page.fill("#fixed_vnd", "300.000")
    page.fill("#vnd_per_km", "9.000")
    page.fill("#source", "Bảng giá nhà xe Hà Thành 2026")
    follow(page, SAVE)
    for site, kg in (("Kho HTX Phì Điền", "12"), ("Kho HTX Tân Quang", "8")):
        page.goto(live.address + "/lots/new")
        page.select_option("#site", label=site)
        page.select_option("#product", label="Vải thiều")
        page.fill("#amount", kg)
        page.select_option("#unit", "tạ")
        page.fill("#available_from", day.isoformat())
        page.fill("#available_until", (day + timedelta(days=2)).isoformat())
        page.fill("#ask_vnd_per_kg", "15.000")
        follow(page, SAVE)
    page.goto(live.address + "/orders/new")
    page.select_option("#site", index=1) if page.locator("#site option").count() > 1 else page.select_option("#site", index=0)
    page.fill("#deliver_from", day.isoformat())
    page.fill("#deliver_until", (day + timedelta(days=2)).isoformat())
    page.select_option("#product-0", label="Vải thiều")
    page.fill("input[name=kg] >> nth=0", "2.000")
    page.fill("input[name=bid] >> nth=0", "28.000")
    follow(page, "button.main-act")
    page.goto(live.address + "/guide")
    assert page.locator("li.card.done").count() >= 10
    page.goto(live.address + "/runs")
    expect(page.locator(SAVE)).to_be_visible()
    follow(page, SAVE)
    expect(page.locator("a[href^='/plans/']").first).to_be_visible()
    follow(page, "a[href^='/plans/']")
    assert "2\xa0tấn" in page.inner_text("main")
    page.context.close()
