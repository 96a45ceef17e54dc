"""The clerk of a cooperative at work: on a phone, on a slow line, without a script, with a login that ends too early."""

from __future__ import annotations

import io
import re
from typing import Any

import httpx
import pytest
import xlsxwriter
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from catalog.models import Lot, Side
from service.demo import BUYER, COOPERATIVE
from service.models import Role
from service.planning.states import ProposalState
from service.web.error_texts import CODES
from service.web.texts import translations
from tests.service.web.conftest import DESK, PHONE, Opened, arrive, check_usable, follow, keep, overflow, violations
from tests.service.web.staging import PASSWORD, Stage

PLACES = (
    "/lots",
    "/lots/new",
    "/lots?show=closed",
    "/offers",
    "/offers?show=agreed",
    "/sales",
    "/certificates",
    "/uploads/lots",
    "/account",
)
WAYS = [("vi", PHONE), ("vi", DESK), ("en", PHONE), ("en", DESK)]


def say(language: str, text: str) -> str:
    return translations(language).ugettext(text)


def count(stage: Stage) -> int:
    with stage.database.read() as session:
        return session.scalar(select(func.count()).select_from(Lot)) or 0


def newest(stage: Stage) -> Lot:
    with stage.database.read() as session:
        return session.scalars(select(Lot).order_by(Lot.id.desc()).limit(1)).one()


def fill(page: Page, amount: str = "7,5", price: str = "16.500") -> None:
    page.fill("#amount", amount)
    page.select_option("#unit", "tạ")
    page.fill("#available_from", "2027-06-20")
    page.fill("#available_until", "2027-06-22")
    page.fill("#ask_vnd_per_kg", price)


SEND = "form[data-draft=lot] button[type=submit]"
A_LOT = re.compile(r"/lots/[0-9a-z]{26}$")


def send(page: Page) -> None:
    follow(page, SEND)


@pytest.mark.parametrize(("language", "width"), WAYS)
def test_a_lot_is_listed_amended_and_withdrawn(opened: Opened, stage: Stage, language: str, width: int) -> None:
    page = opened(Role.CLERK, "/lots", language=language, width=width)
    follow(page, f"text={say(language, 'List a lot')}")
    fill(page)
    expect(page.locator("[data-echo]")).to_contain_text("750")
    keep(page, f"lot-new-{language}-{width}")
    send(page)
    expect(page.get_by_role("status").first).to_contain_text(say(language, "The lot is on offer."))
    made = newest(stage)
    assert (made.quantity_kg, made.ask_vnd_per_kg, made.stated_amount, made.available_until.isoformat()) == (
        750,
        16_500,
        "7,5",
        "2027-06-22",
    )
    page.fill("#quantity_kg", "800")
    follow(page, "form[action$=amend] button[type=submit]")
    expect(page.locator("main")).to_contain_text(say(language, "Say briefly why the quantity or the days change."))
    expect(page.locator("#quantity_kg")).to_have_value("800")
    page.fill("#reason", "trời nắng")
    follow(page, "form[action$=amend] button[type=submit]")
    arrive(page, A_LOT)
    assert newest(stage).quantity_kg == 800
    keep(page, f"lot-{language}-{width}")
    page.click("details.card summary")
    page.fill("#why", "đã bán ở chợ")
    follow(page, "form[action$=withdraw] button")
    expect(page.locator("main")).to_contain_text(say(language, "The lot is withdrawn. What was promised of it stays promised."))
    page.goto(f"{stage.address}/lots/new")
    assert (page.input_value("#unit"), page.input_value("#ask_vnd_per_kg").replace(",", ".")) == ("tạ", "16.500")


def test_a_lot_is_listed_without_a_script(opened: Opened, stage: Stage) -> None:
    before = count(stage)
    page = opened(Role.CLERK, "/lots/new", width=PHONE, script=False)
    fill(page, amount="7,5055")
    send(page)
    expect(page.locator("#amount")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#amount-fault")).to_contain_text("7,5055 tạ = 750,55 kg")
    expect(page.locator("#amount")).to_have_value("7,5055")
    page.fill("#amount", "7,5")
    page.dblclick(SEND)
    arrive(page, A_LOT)
    assert count(stage) == before + 1


def test_what_was_written_survives_a_line_that_is_cut(opened: Opened, stage: Stage) -> None:
    before = count(stage)
    page = opened(Role.CLERK, "/lots/new", width=PHONE, line=False)
    fill(page, amount="6")
    page.context.set_offline(True)
    page.click(SEND)
    expect(page.locator(".draft-said")).to_contain_text("Không có mạng")
    expect(page.locator(".offline-bar")).to_be_visible()
    keep(page, "lot-new-cut")
    expect(page.locator("#amount")).to_have_value("6")
    assert count(stage) == before
    page.context.set_offline(False)
    arrive(page, A_LOT)
    assert count(stage) == before + 1
    page.goto(stage.address + "/lots/new")
    expect(page.locator("#amount")).to_have_value("")


def test_a_draft_is_back_after_the_page_was_left(opened: Opened, stage: Stage) -> None:
    page = opened(Role.CLERK, "/lots/new", width=PHONE)
    fill(page, amount="4,2")
    page.goto(stage.address + "/lots")
    page.goto(stage.address + "/lots/new")
    expect(page.locator("#amount")).to_have_value("4,2")
    expect(page.locator(".draft-back")).to_contain_text("Đã lấy lại")


def test_a_double_click_lists_one_lot(opened: Opened, stage: Stage) -> None:
    before = count(stage)
    page = opened(Role.CLERK, "/lots/new")
    fill(page)
    page.dblclick(SEND)
    arrive(page, A_LOT)
    assert count(stage) == before + 1


@pytest.mark.parametrize("script", [True, False])
def test_a_login_that_ends_while_somebody_writes_loses_nothing(opened: Opened, stage: Stage, script: bool) -> None:
    before = count(stage)
    page = opened(Role.CLERK, "/lots/new", width=PHONE, script=script)
    fill(page, amount="5,5")
    stage.end_logins(Role.CLERK)
    send(page)
    expect(page.locator("#password")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Nội dung đang ghi vẫn còn")
    keep(page, "login-ended")
    page.fill("#login", stage.login_name(Role.CLERK))
    page.fill("#password", PASSWORD)
    follow(page, "main button")
    follow(page, "button[name=_again]")
    expect(page.locator("#amount")).to_have_value("5,5")
    expect(page.locator("#available_until")).to_have_value("2027-06-22")
    assert count(stage) == before
    send(page)
    arrive(page, A_LOT)
    assert (count(stage), newest(stage).quantity_kg) == (before + 1, 550)


def test_an_unusual_quantity_is_asked_about(opened: Opened, stage: Stage) -> None:
    before = count(stage)
    page = opened(Role.CLERK, "/lots/new", width=PHONE)
    fill(page, amount="900")
    page.select_option("#unit", "tấn")
    send(page)
    expect(page.locator("#confirmed-1")).to_be_visible()
    expect(page.locator("main")).to_contain_text(say("vi", CODES["needs_confirmation"]))
    page.check("#confirmed-1")
    send(page)
    arrive(page, A_LOT)
    assert count(stage) == before + 1


@pytest.mark.parametrize(("language", "width"), [("vi", PHONE), ("en", DESK)])
def test_a_proposal_is_confirmed_once_and_another_refused(opened: Opened, stage: Stage, language: str, width: int) -> None:
    page = opened(Role.CLERK, "/offers", language=language, width=width)
    keep(page, f"offers-{language}-{width}")
    waiting = page.locator("li.card").count()
    first = page.locator("li.card form[action$=confirm]").first
    where = str(first.get_attribute("action"))
    first.locator("button").dblclick()
    expect(page.get_by_role("status").first).to_contain_text(
        say(language, "Confirmed. When the other side has confirmed as well, it is agreed.")
    )
    expect(page.locator("li.card")).to_have_count(waiting - 1)
    page.wait_for_load_state()
    page.go_back()
    expect(page.locator(f"form[action='{where}']")).to_have_count(0)
    item = next(one for one in stage.items_of(COOPERATIVE, Side.SUPPLY) if one.uid in where)
    assert item.supplier_confirmed_at is not None
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "mca_csrf")
    stale = page.evaluate(
        "async ([where, token]) => { const body = new URLSearchParams({_csrf: token}), headers = {accept: 'text/html'};"
        " const answer = await fetch(where, {method: 'POST', body, headers}); return [answer.status, await answer.text()] }",
        [where, token],
    )
    assert stale[0] == 409
    assert say(language, CODES["already_decided"]) in stale[1]


def test_what_is_ticked_is_confirmed_together_or_not_at_all(opened: Opened, stage: Stage) -> None:
    page = opened(Role.PROCUREMENT, "/offers", width=PHONE, script=False)
    waiting = page.locator("li.card").count()
    follow(page, "#many button")
    assert page.locator("#chosen-fault").inner_text()
    follow(page, "#many a")
    ticks = page.locator("[name=chosen]")
    assert page.locator("[name=chosen]:checked").count() == ticks.count() == waiting
    for number in range(1, waiting):
        ticks.nth(number).uncheck()
    chosen = str(ticks.first.get_attribute("value")).partition(":")[0]
    assert overflow(page) == 0
    follow(page, "#many button")
    assert "Đã xác nhận 1 đề xuất." in page.inner_text("main")
    items = {one.uid: one for one in stage.items_of(BUYER, Side.DEMAND)}
    assert items[chosen].buyer_confirmed_at is not None
    other = next(one.uid for one in items.values() if one.state is ProposalState.APPROVED and one.buyer_confirmed_at is None)
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    fields = {"chosen": [chosen, other], "_csrf": cookies["mca_csrf"]}
    headers = {"cookie": f"mca_session={cookies['mca_session']}", "accept": "text/html"}
    assert httpx.post(f"{stage.address}/offers/confirm", data=fields, headers=headers).status_code == 409
    after = {one.uid: one for one in stage.items_of(BUYER, Side.DEMAND)}
    assert after[other].buyer_confirmed_at is None


def test_a_proposal_is_refused_with_a_reason(opened: Opened, stage: Stage) -> None:
    page = opened(Role.CLERK, "/offers", width=PHONE)
    follow(page, "li.card h2 a")
    uid = page.url.rpartition("/")[2]
    page.click("#refuse summary")
    page.select_option("#reason", "other")
    follow(page, "#refuse button")
    expect(page.locator("#refuse")).to_contain_text("Ghi ngắn gọn lý do.")
    page.select_option("#reason", "weather")
    follow(page, "#refuse button")
    arrive(page, re.compile("/offers$"))
    expect(page.locator("main")).to_contain_text("Đã từ chối")
    item = next(one for one in stage.items_of(COOPERATIVE, Side.SUPPLY) if one.uid == uid)
    assert (item.state, item.reason_code) == (ProposalState.REJECTED, "weather")


def test_what_was_delivered_and_what_is_owed_is_seen(opened: Opened) -> None:
    page = opened(Role.CLERK, "/sales", width=PHONE)
    text = page.inner_text("main")
    assert "10\u00a0kg (Dập)" in text
    assert "Chờ thanh toán" in text
    assert re.search(r"[\d.]+\sđ", text)


def test_everybody_can_use_every_page(opened: Opened, stage: Stage, axe: str) -> None:
    page = opened(Role.CLERK)
    for place in PLACES:
        page.goto(stage.address + place)
        check_usable(page, axe, f"clerk{re.sub('[/?=]', '-', place)}")


def test_the_first_load_is_small_and_nothing_jumps(opened: Opened, stage: Stage) -> None:
    for place in ("/lots", "/lots/new", "/offers"):
        page = opened(Role.CLERK, width=PHONE)
        sizes: list[float] = []
        tap = page.context.new_cdp_session(page)
        tap.send("Network.enable")
        tap.on("Network.loadingFinished", lambda one, sizes=sizes: sizes.append(one["encodedDataLength"]))
        page.goto(stage.address + place, wait_until="networkidle")
        assert sum(sizes) <= 60_000, place
        moved = page.evaluate(
            "() => new Promise((done) => { let sum = 0; const add = (list) => { for (const one of list.getEntries()) sum += one.value; };"
            " new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true });"
            " requestAnimationFrame(() => requestAnimationFrame(() => done(sum))); })"
        )
        assert moved < 0.01, place


HEADER = ["lot_id", "site_id", "supplier_id", "product", "grade", "quantity_kg", "available_from", "available_until", "shelf_life_days",
          "ask_vnd_per_kg"]  # fmt: skip
WRONG: dict[int, tuple[str, Any]] = {
    10: ("quantity_kg", "nhiều"), 50: ("grade", 9), 99: ("product", "sầu riêng"), 120: ("available_from", "31/02/2027"),
    180: ("site_id", "nơi khác"), 240: ("ask_vnd_per_kg", ""), 299: ("quantity_kg", -5),
}  # fmt: skip
"""What stands wrong in which row of the workbook."""


def workbook(wrong: dict[int, tuple[str, Any]], rows: int = 300, product: str = "vải thiều") -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("lots")
        sheet.write_row(0, 0, HEADER)
        for row in range(2, rows + 2):
            cells = [f"X-{row:03}", COOPERATIVE, COOPERATIVE, product, 1, 700, "2027-06-20", "2027-06-22", 7, 15_000]
            if row in wrong:
                cells[HEADER.index(wrong[row][0])] = wrong[row][1]
            sheet.write_row(row - 1, 0, cells)
    return file.getvalue()


def hand_in(page: Page, content: bytes, name: str) -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": content})
    follow(page, "main form[enctype] button")


def test_a_workbook_of_300_rows_says_which_7_are_wrong_and_is_then_taken_in(opened: Opened, stage: Stage, axe: str) -> None:
    page = opened(Role.CLERK, "/uploads/lots", width=PHONE)
    before = count(stage)
    hand_in(page, workbook(WRONG), "lô tuần này.xlsx")
    expect(page.locator("tr.wrong")).to_have_count(7)
    text = page.inner_text("main")
    for row, (_, value) in WRONG.items():
        line = page.locator("tr.wrong", has_text=f"Dòng {row}")
        assert line.count() >= 1, row
        assert str(value) in line.first.inner_text() or not value
    assert "7 ô cần sửa" in text
    assert not re.search(r"\b(expected|whole number|calendar|the code of|must be)\b", text)
    assert violations(page, axe) == []
    assert overflow(page) == 0
    keep(page, "upload-wrong")
    assert count(stage) == before
    hand_in(page, workbook({}), "lô tuần này.xlsx")
    arrive(page, re.compile("/lots$"))
    expect(page.locator("main")).to_contain_text("300 dòng mới")
    assert count(stage) == before + 300


def test_the_template_holds_what_is_there_and_says_what_columns_mean(opened: Opened) -> None:
    import python_calamine

    page = opened(Role.CLERK, "/uploads/lots")
    with page.expect_download() as got:
        page.click("a[href$=template]")
    book = python_calamine.CalamineWorkbook.from_path(str(got.value.path()))
    assert book.sheet_names == ["lots", "Các cột"]
    rows = book.get_sheet_by_name("lots").to_python()
    assert rows[0][:3] == ["lot_id", "site_id", "supplier_id"]
    assert len(rows) > 1
    assert ["quantity_kg", "Khối lượng (kg)"] in book.get_sheet_by_name("Các cột").to_python()
