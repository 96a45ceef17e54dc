"""A buyer's procurement at work: orders, rules, what arrives and how it is received, contracts, Excel, and a thousand lines."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select, update

from buyers.intake import LineIn, OrderIn, Requirement, place_order
from buyers.models import Contract, DemandLine, LineRequirement
from catalog.models import Evidence, Organisation, Product, Site
from service.demo import BUYER
from service.models import Role
from service.planning import models as m
from service.planning.states import PlanState
from service.web.procurement.copied_orders import source_week, target_week
from service.web.procurement.demand import ROWS
from service.web.texts import translations
from tests.service.web.conftest import DESK, PHONE, Opened, arrive, check_usable, follow, keep
from tests.service.web.staging import Stage

PLACES = ("/demand", "/demand?show=closed", "/orders", "/orders/new", "/orders/last-week", "/deliveries", "/fill", "/contracts", "/offers",
          "/uploads/demands")  # fmt: skip
WAYS = [("vi", PHONE), ("vi", DESK), ("en", PHONE), ("en", DESK)]
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes.fromhex(
    "0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)


def say(language: str, text: str) -> str:
    return translations(language).ugettext(text)


def whole(text: str) -> int:
    """The number in a text such as ``1.234 kg``."""
    return int(re.sub(r"\D", "", text))


def count(stage: Stage) -> int:
    with stage.database.read() as session:
        return session.scalar(select(func.count()).select_from(DemandLine)) or 0


def order_of_two_rules(stage: Stage) -> str:
    """An order of two lines, the one for either of two products, the other with rules of its own; its uid."""
    with stage.database.write() as session:
        buyer = session.get_one(Organisation, stage.parties[BUYER])
        door = session.scalars(select(Site.uid).where(Site.organisation_id == buyer.id).order_by(Site.id).limit(1)).one()
        codes = session.scalars(select(Product.code).where(Product.association_id == stage.association).order_by(Product.id).limit(2)).all()
        days: dict[str, Any] = {"deliver_from": date(2027, 6, 3), "deliver_until": date(2027, 6, 4)}
        shared: dict[str, Any] = {"site": door, "max_grade": 2, "bid_vnd_per_kg": 20_000, **days}
        either = LineIn(products=tuple(codes), quantity_kg=111, **shared)
        ruled = LineIn(
            products=(codes[0],), quantity_kg=222, requires=(Requirement(scheme="OCOP", min_level=2),), min_supplier_kg=50, **shared
        )
        return place_order(session, stage.broker, OrderIn(buyer=buyer.uid, lines=(either, ruled)), "test").uid


@pytest.mark.parametrize(("language", "width"), WAYS)
def test_an_order_is_placed_and_a_line_amended_and_cancelled(opened: Opened, stage: Stage, language: str, width: int) -> None:
    before = count(stage)
    page = opened(Role.PROCUREMENT, "/demand", language=language, width=width)
    follow(page, f"text={say(language, 'New order')}")
    page.fill("#deliver_from", "2027-06-21")
    page.fill("#deliver_until", "2027-06-22")
    for row, (kg, bid) in enumerate((("1.200", "27.000"), ("800", ""))):
        page.select_option(f"#product-{row}", index=row + 1)
        page.locator("input[name=kg]").nth(row).fill(kg)
        page.locator("input[name=bid]").nth(row).fill(bid)
    follow(page, "form[data-draft=order] button[type=submit]")
    expect(page.locator("#bid-1-fault")).to_be_visible()
    expect(page.locator("input[name=kg]").nth(0)).to_have_value("1.200")
    assert count(stage) == before
    page.locator("input[name=bid]").nth(1).fill("18.500")
    follow(page, "button[value=more]")
    expect(page.locator("input[name=kg]")).to_have_count(10)
    keep(page, f"order-new-{language}-{width}")
    page.click("details.card summary")
    page.check("#requires-1")
    page.fill("#min_supplier_kg", "100")
    page.fill("#min_fill_kg", "500")
    follow(page, "form[data-draft=order] button[type=submit]")
    arrive(page, re.compile("/demand$"))
    assert count(stage) == before + 2
    with stage.database.read() as session:
        line = session.scalars(select(DemandLine).order_by(DemandLine.id.desc()).limit(1)).one()
    assert (line.quantity_kg, line.bid_vnd_per_kg, line.deliver_from.isoformat()) == (800, 18_500, "2027-06-21")
    assert (line.min_supplier_kg, line.min_fill_kg) == (100, 500)
    page.goto(f"{stage.address}/lines/{line.uid}")
    assert page.locator("ul.steps li").count() >= 2
    page.fill("#quantity_kg", "900")
    page.fill("#min_fill_kg", "")
    follow(page, "form[action$=amend] button")
    expect(page.get_by_text(say(language, "The change is saved."))).to_be_visible()
    with stage.database.read() as session:
        assert session.get_one(DemandLine, line.id).min_fill_kg == 0
    keep(page, f"line-{language}-{width}")
    page.click("details.card summary")
    page.fill("#why", "đổi thực đơn")
    follow(page, "form[action$=cancel] button")
    expect(page.get_by_text(say(language, "The line is cancelled. What was promised to it stays promised."))).to_be_visible()


def test_an_order_is_placed_again_on_one_sheet_with_the_rules_of_each_line_and_other_days(opened: Opened, stage: Stage) -> None:
    page = opened(Role.PROCUREMENT, f"/orders/{order_of_two_rules(stage)}/copy")
    expect(page.locator("input[name=kg]").nth(0)).to_have_value("111")
    expect(page.locator("input[name=kg]").nth(1)).to_have_value("222")
    expect(page.locator("tbody th").nth(0)).to_contain_text(", ")
    expect(page.locator("tbody th").nth(1)).to_contain_text("OCOP 2")
    page.locator("input[name=kg]").nth(0).fill("")
    for name in ("from", "until"):
        page.locator(f"input[name={name}]").nth(1).fill("2027-07-01")
    follow(page, "form[data-draft^=order] button[type=submit]")
    with stage.database.read() as session:
        line = session.scalars(select(DemandLine).order_by(DemandLine.id.desc()).limit(1)).one()
        need = session.scalars(select(LineRequirement).where(LineRequirement.line_id == line.id)).one()
        assert (line.quantity_kg, line.min_supplier_kg, need.scheme, need.min_level) == (222, 50, "OCOP", 2)
        assert line.deliver_from == date(2027, 7, 1)


def test_a_week_of_all_receiving_sites_is_copied_and_an_old_draft_of_another_order_stays_out(opened: Opened, stage: Stage) -> None:
    page = opened(Role.PROCUREMENT, "/orders/new")
    page.locator("input[name=kg]").first.fill("77777")
    page.goto(stage.address + "/orders/last-week")
    rows = page.locator("tbody tr").count()
    filled = [page.locator("input[name=kg]").nth(n).input_value() for n in range(rows)]
    assert "77777" not in filled
    assert page.locator(".draft-back").count() == 0
    before = count(stage)
    follow(page, "form[data-draft^=order] button[type=submit]")
    arrive(page, re.compile("/demand$"))
    assert count(stage) == before + rows
    page.goto(stage.address + "/orders/new")
    expect(page.locator(".draft-back")).to_be_visible()
    expect(page.locator("input[name=kg]").first).to_have_value("77777")
    follow(page, ".draft-back button")
    expect(page.locator("input[name=kg]").first).to_have_value("")


@pytest.mark.parametrize(
    ("day", "source", "target"),
    [
        (date(2027, 6, 9), date(2027, 6, 7), date(2027, 6, 14)),
        (date(2027, 6, 14), date(2027, 6, 7), date(2027, 6, 14)),
        (date(2027, 6, 17), date(2027, 6, 7), date(2027, 6, 21)),
        (date(2027, 5, 1), date(2027, 5, 31), date(2027, 6, 7)),
    ],
    ids=["in the week itself", "on the next Monday", "when its days have passed", "before the first"],
)
def test_the_week_that_is_copied_is_the_latest_that_has_begun_into_one_that_is_still_to_come(day: date, source: date, target: date) -> None:
    found = source_week([date(2027, 6, 7), date(2027, 5, 31)] if day.month == 6 else [date(2027, 5, 31), date(2027, 6, 7)], day)
    assert (found, target_week(found, found, day)) == (source, target)


@pytest.mark.parametrize(("language", "width", "script"), [("vi", PHONE, True), ("en", DESK, False)])
def test_a_truck_is_received_with_what_was_turned_away_and_a_photograph(
    opened: Opened, stage: Stage, language: str, width: int, script: bool
) -> None:
    page = opened(Role.PROCUREMENT, "/deliveries", language=language, width=width, script=script)
    keep(page, f"deliveries-{language}-{width}")
    waiting = page.locator("a.main-act[href^='/deliveries/']")
    if waiting.count() == 0:
        pytest.fail("no truck is on its way")
    page.goto(stage.address + str(waiting.first.get_attribute("href")))
    accepted = page.locator("input[name^=accepted-]").first
    kg = int(re.sub(r"\D", "", accepted.input_value()))
    accepted.fill(str(kg - 5))
    follow(page, "form[enctype] button.main-act")
    expect(page.locator(".fault").first).to_be_visible()
    expect(page.locator("main")).to_contain_text(say(language, "Accepted and rejected together must be what was loaded."))
    page.locator("input[name^=rejected-]").first.fill("5")
    page.locator("select[name^=reason-]").first.select_option("overripe")
    page.set_input_files("#photo", {"name": "<b>hàng.png", "mimeType": "image/png", "buffer": PHOTO})
    follow(page, "form[enctype] button.main-act")
    arrive(page, re.compile("/deliveries$"))
    with stage.database.read() as session:
        receipt = session.scalars(select(m.Receipt).order_by(m.Receipt.id.desc()).limit(1)).one()
        said = session.scalars(select(m.ReceiptItem).where(m.ReceiptItem.receipt_id == receipt.id)).one()
        assert (said.accepted_kg, said.rejected_kg, said.reason_code) == (kg - 5, 5, "overripe")
        assert session.get_one(Evidence, receipt.photo_id).media_type == "image/png"
        shipment = session.get_one(m.Shipment, receipt.shipment_id)
    page.goto(f"{stage.address}/deliveries/{shipment.uid}")
    assert page.locator("img[src^='/photos/']").evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 1
    keep(page, f"delivery-{language}-{width}")


def test_a_part_of_a_contract_is_called_and_no_more_than_is_left(opened: Opened, stage: Stage) -> None:
    page = opened(Role.PROCUREMENT, "/contracts", width=PHONE)
    follow(page, "li.card h2 a")
    for kg in ("25.000", "5.000"):
        page.fill("#quantity_kg", kg)
        page.fill("#deliver_from", "2027-06-25")
        page.fill("#deliver_until", "2027-06-26")
        follow(page, "form[action$=call] button")
        if kg == "25.000":
            expect(page.get_by_role("alert")).to_contain_text("Hợp đồng không còn đủ khối lượng này.")
            keep(page, "contract")
    arrive(page, re.compile("/lines/"))
    with stage.database.read() as session:
        assert session.scalars(select(Contract.called_kg)).one() == 5_000


def test_fill_rate_and_shortage_come_with_their_reasons(opened: Opened) -> None:
    page = opened(Role.PROCUREMENT, "/fill")
    assert re.search(r"\d+(,\d)?%", page.inner_text("main"))
    assert page.locator("section[aria-labelledby=short] li").count() >= 1
    follow(page, "tbody a")
    arrive(page, re.compile(r"/demand\?product="))


def test_without_a_plan_nothing_is_said_of_what_it_leaves_short(opened: Opened, stage: Stage) -> None:
    with stage.database.write() as session:
        plans = list(session.scalars(select(m.Plan.id).where(m.Plan.state == PlanState.CURRENT)))
        session.execute(update(m.Plan).where(m.Plan.id.in_(plans)).values(state=PlanState.SUPERSEDED))
    said = opened(Role.PROCUREMENT, "/fill").inner_text("section[aria-labelledby=short]")
    with stage.database.write() as session:
        session.execute(update(m.Plan).where(m.Plan.id.in_(plans)).values(state=PlanState.CURRENT))
    assert "Chưa có kế hoạch nào" in said
    assert "Chưa có kế hoạch nào" not in opened(Role.PROCUREMENT, "/fill").inner_text("main")


@pytest.mark.parametrize("script", [True, False])
def test_a_buyer_finds_lines_by_product_door_day_and_shortage_and_sorts_them(opened: Opened, script: bool) -> None:
    page = opened(Role.PROCUREMENT, "/demand", script=script)
    for field in ("#product", "#door"):
        page.select_option(field, index=1)
        wanted = page.locator(f"{field} option:checked").inner_text()
        follow(page, "form[role=search] button")
        found = page.locator("tbody tr").all_inner_texts()
        assert found
        assert all(wanted in row for row in found)
    follow(page, "form[role=search] a.button")
    page.select_option("#sort", "kg")
    page.check("[name=short]")
    follow(page, "form[role=search] button")
    amounts = [whole(text) for text in page.locator("td[data-label='Cần mua']").all_inner_texts()]
    promised = [whole(text) for text in page.locator("td[data-label='Đã có cam kết']").all_inner_texts()]
    assert amounts == sorted(amounts, reverse=True)
    assert all(has < wants for has, wants in zip(promised, amounts, strict=True))
    page.fill("#day", "2031-01-01")
    follow(page, "form[role=search] button")
    assert "Không có dòng nào như vậy" in page.inner_text("main")


def test_the_next_part_of_a_list_is_sorted_as_the_first_and_belongs_to_no_other_order(opened: Opened) -> None:
    page = opened(Role.PROCUREMENT, "/demand?sort=kg")
    last = whole(page.locator("td[data-label='Cần mua']").last.inner_text())
    follow(page, "a:has-text('Xem thêm')")
    assert whole(page.locator("td[data-label='Cần mua']").first.inner_text()) <= last
    assert page.request.get(page.url.replace("sort=kg", "sort=day")).status == 400


def test_everybody_can_use_every_page(opened: Opened, stage: Stage, axe: str) -> None:
    page = opened(Role.PROCUREMENT)
    for place in PLACES:
        page.goto(stage.address + place)
        check_usable(page, axe, f"procurement{re.sub('[/?=]', '-', place)}")


def test_an_order_of_a_thousand_lines_is_taken_and_shown_in_parts(opened: Opened, stage: Stage) -> None:
    page = opened(Role.PROCUREMENT, "/orders/new")
    door = str(page.input_value("#site"))
    product = str(page.locator("#product-0 option").nth(1).get_attribute("value"))
    token, csrf = stage.log_in(Role.PROCUREMENT)
    rows: dict[str, Any] = {"product": [product] * 1000, "grade": ["1"] * 1000, "kg": ["500"] * 1000, "bid": ["20.000"] * 1000}
    rows |= {"from": [""] * 1000, "until": [""] * 1000, "site": door, "deliver_from": "2027-06-21", "deliver_until": "22/06/2027"}
    before = count(stage)
    headers = {"cookie": f"mca_session={token}", "accept": "text/html"}
    answer = httpx.post(stage.address + "/orders/new", data={**rows, "_csrf": csrf, "_once": "one"}, headers=headers, timeout=300)
    again = httpx.post(stage.address + "/orders/new", data={**rows, "_csrf": csrf, "_once": "one"}, headers=headers, timeout=300)
    assert (answer.status_code, again.status_code, count(stage)) == (303, 303, before + 1000)
    other = httpx.post(
        stage.address + "/orders/new", data={**rows, "note": "khác", "_csrf": csrf, "_once": "one"}, headers=headers, timeout=300
    )
    assert (other.status_code, count(stage)) == (422, before + 1000)
    assert "Biểu mẫu này đã gửi" in other.text
    page.goto(stage.address + "/demand")
    shown = page.locator("tbody tr")
    expect(shown).to_have_count(ROWS)
    first = str(shown.first.locator("a").first.get_attribute("href"))
    follow(page, "text=Xem thêm")
    expect(shown).to_have_count(ROWS)
    expect(shown.first.locator("a").first).not_to_have_attribute("href", first)
