"""Brokers speak for a side, change what was agreed and decide about emptier trucks; contracts are written and signed; in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from buyers.models import AgreementStatus, Contract
from catalog.models import Organisation, Side
from service.demo import BUYER, COOPERATIVE
from service.models import Role
from service.planning import models as m
from service.planning.fulfilment import shipments
from service.planning.fulfilment.shipments import Cargo, Hired
from service.planning.proposals import decisions, items
from service.planning.proposals.decisions import Chosen, Refusal
from service.planning.states import AmendmentState, Channel, ProposalState, RejectReason, ShipmentState
from service.planning.terms.models import Amendment, Terms, TermsAnswer
from tests.service.proposal_setup import BY_TELEPHONE
from tests.service.web.conftest import DESK, PHONE, Opened, check_usable, follow, keep
from tests.service.web.staging import Stage

WORDS = {
    "vi": {"confirm": "Xác nhận thay họ", "telephone": "Qua điện thoại", "zalo": "Qua Zalo", "propose": "Đề nghị sửa thay một bên",
           "send": "Gửi đề nghị cho bên kia", "agree": "Đồng ý", "open": "Có đề nghị sửa", "terms": "Tiền theo điều khoản số 2",
           "objections": "Phản đối", "missing": "Còn thiếu", "write": "Lập và ký", "sign": "Ký", "decline": "Từ chối",
           "active": "Đang hiệu lực", "draft": "Bản nháp"},
    "en": {"confirm": "Confirm for them", "telephone": "By telephone", "zalo": "By Zalo", "propose": "Propose a change for a side",
           "send": "Propose it to the other side", "agree": "Agree", "open": "A change is proposed", "terms": "Money by terms no. 2",
           "objections": "Objections", "missing": "Missing", "write": "Write and sign", "sign": "Sign", "decline": "Decline",
           "active": "In force", "draft": "Draft"},
}  # fmt: skip
BOTH = pytest.mark.parametrize(("language", "width"), [("vi", PHONE), ("en", DESK)])


def waiting_item(stage: Stage, code: str, side: Side) -> m.ProposalItem:
    """Return an approved item that neither side has confirmed."""
    return next(
        item
        for item in stage.items_of(code, side)
        if item.state is ProposalState.APPROVED and item.supplier_confirmed_at is None and item.buyer_confirmed_at is None
    )


def agreed_item(stage: Stage) -> m.ProposalItem:
    """Return an item that both sides have just confirmed on the telephone."""
    item = next(one for one in stage.items_of(BUYER, Side.DEMAND) if one.state is ProposalState.PROPOSED)
    stage.do(decisions.approve, Chosen(item.uid), then=(14 * 24 * 60,))
    for side in (Side.SUPPLY, Side.DEMAND):
        stage.do(decisions.confirm, Chosen(item.uid), side=side, consent=BY_TELEPHONE)
    return item


def newest_terms(stage: Stage, item: m.ProposalItem) -> Terms:
    with stage.database.read() as session:
        return session.scalars(select(Terms).where(Terms.item_id == item.id).order_by(Terms.version.desc()).limit(1)).one()


@BOTH
def test_a_broker_confirms_for_both_sides_and_says_how_each_agreed(opened: Opened, stage: Stage, language: str, width: int) -> None:
    item, words = waiting_item(stage, BUYER, Side.DEMAND), WORDS[language]
    page = opened(Role.BROKER, "/promises", language=language, width=width)
    follow(page, f"tr#row-{item.uid} th a")
    for side, channel in (("supply", "telephone"), ("demand", "zalo")):
        form = page.locator(f"form[action$='/confirm']:has(input[name='side'][value='{side}'])")
        form.locator("xpath=..").locator("summary").click()
        form.locator("select[name='channel']").select_option(label=words[channel])
        if form.locator("input[name='below_floor']").count():
            form.locator("input[name='below_floor']").check()
        follow(page, form.get_by_text(words["confirm"]))
    keep(page, f"agreement-confirmed-{language}")
    with stage.database.read() as session:
        query = select(TermsAnswer.side, TermsAnswer.channel).join(Terms, Terms.id == TermsAnswer.terms_id).where(Terms.item_id == item.id)
        assert dict(session.execute(query).all()) == {Side.SUPPLY: Channel.TELEPHONE, Side.DEMAND: Channel.ZALO}


@BOTH
def test_a_change_is_proposed_for_one_side_and_agreed_to_for_the_other(opened: Opened, stage: Stage, language: str, width: int) -> None:
    item, words = agreed_item(stage), WORDS[language]
    page = opened(Role.BROKER, f"/promises/{item.uid}", language=language, width=width)
    page.get_by_text(words["propose"]).click()
    page.select_option("#change-side", "demand")
    page.select_option("#change-channel", label=words["telephone"])
    price = newest_terms(stage, item).price_vnd_per_kg
    page.fill("#price_vnd_per_kg", str(price + 1_000))
    page.fill("#change_reason", "Kho lạnh chật")
    page.check("#below_floor-1")
    follow(page, page.get_by_text(words["send"]))
    expect(page.locator("main")).to_contain_text(words["open"])
    keep(page, f"agreement-change-{language}")
    form = page.locator("form[action$='/agree']:has(input[name='side'][value='supply'])")
    form.locator("xpath=..").locator("summary").click()
    form.locator("select[name='channel']").select_option(label=words["zalo"])
    if form.locator("input[name='below_floor']").count():
        form.locator("input[name='below_floor']").check()
    follow(page, form.get_by_role("button", name=words["agree"], exact=True))
    expect(page.locator("#money")).to_have_text(words["terms"])
    terms = newest_terms(stage, item)
    assert (terms.version, terms.price_vnd_per_kg, terms.kg) == (2, price + 1_000, item.kg)
    with stage.database.read() as session:
        assert session.scalars(select(Amendment.state).where(Amendment.item_id == item.id)).all() == [AmendmentState.AGREED]


def test_who_is_spoken_for_objects_and_brokers_see_it(opened: Opened, stage: Stage) -> None:
    item = next(one for one in stage.items_of(COOPERATIVE, Side.SUPPLY) if one.state is ProposalState.PROPOSED)
    stage.do(decisions.approve, Chosen(item.uid), then=(14 * 24 * 60,))
    stage.do(decisions.confirm, Chosen(item.uid), side=Side.SUPPLY, consent=BY_TELEPHONE)
    clerk = opened(Role.CLERK, f"/offers/{item.uid}", width=PHONE)
    clerk.locator("details summary").last.click()
    clerk.fill("form[action$='/object'] #note", "Tôi chưa nghe máy")
    follow(clerk, clerk.locator("form[action$='/object'] button.danger"))
    page = opened(Role.BROKER, "/today")
    follow(page, "a[href='/promises?show=objected']")
    expect(page.locator(f"tr#row-{item.uid}")).to_contain_text("Tôi chưa nghe máy")
    keep(page, "promises-objected")


def planned_too_empty(stage: Stage) -> m.Shipment:
    """Schedule a truck that costs a million more than the goods aboard pay."""
    item = agreed_item(stage)
    with stage.database.read() as session:
        promise = items.promise_of(session, session.get_one(m.ProposalItem, item.id))
        assert promise is not None
    return stage.do(
        shipments.plan, [Cargo(promise.uid)], Hired(plate="99C-678.90", cost_vnd=newest_terms(stage, item).freight_vnd + 1_000_000)
    )


def state_of(stage: Stage, shipment: m.Shipment) -> ShipmentState:
    with stage.database.read() as session:
        return session.get_one(m.Shipment, shipment.id).state


@BOTH
def test_a_broker_sees_the_difference_of_an_emptier_truck_and_decides(opened: Opened, stage: Stage, language: str, width: int) -> None:
    goes, stays = planned_too_empty(stage), planned_too_empty(stage)
    page = opened(Role.BROKER, "/shipments?state=planned", language=language, width=width)
    follow(page, f"a[href='/shipments/{goes.uid}']")
    risk = page.locator("section[aria-labelledby='risk']")
    expect(risk).to_contain_text("1.000.000" if language == "vi" else "1,000,000")
    expect(risk).to_contain_text(WORDS[language]["missing"])
    keep(page, f"freight-at-risk-{language}")
    follow(page, page.locator("form[action$='/load'] button"))
    page.goto(f"{stage.address}/shipments/{stays.uid}")
    follow(page, page.locator("form[action$='/replan'] button"))
    assert page.url.endswith("/runs")
    assert (state_of(stage, goes), state_of(stage, stays)) == (ShipmentState.LOADED, ShipmentState.CANCELLED)


@BOTH
def test_a_buyer_writes_a_contract_that_the_cooperative_signs(opened: Opened, stage: Stage, language: str, width: int) -> None:
    words, grouped = WORDS[language], "9.000" if language == "vi" else "9,000"
    with stage.database.read() as session:
        supplier = session.get_one(Organisation, stage.parties[COOPERATIVE]).name
    page = opened(Role.PROCUREMENT, "/contracts/new", language=language, width=width)
    page.fill("#supplier", "Hợp tác xã không có")
    page.select_option("#product", index=1)
    for field, value in {
        "quantity_kg": grouped,
        "price_vnd_per_kg": "27000",
        "valid_from": "2027-06-01",
        "valid_until": "2027-06-30",
    }.items():
        page.fill(f"#{field}", value)
    follow(page, page.get_by_role("button", name=words["write"]))
    expect(page.locator("#supplier-fault")).to_be_visible()
    page.fill("#supplier", supplier)
    if page.locator("#confirmed-1").count():
        page.check("#confirmed-1")
    follow(page, page.get_by_role("button", name=words["write"]))
    expect(page.locator("main h1")).to_contain_text(words["draft"])
    keep(page, f"contract-written-{language}")
    with stage.database.read() as session:
        made = session.scalars(select(Contract).order_by(Contract.id.desc()).limit(1)).one()
    assert (made.quantity_kg, made.status, made.supplier_signed_at) == (9_000, AgreementStatus.DRAFT, None)
    clerk = opened(Role.CLERK, "/today", language=language, width=width)
    follow(clerk, f"a[href='/contracts/{made.uid}']")
    clerk.fill("#sign-note", "Giá chưa được")
    answer = words["sign"] if language == "vi" else words["decline"]
    follow(clerk, clerk.get_by_role("button", name=answer, exact=True))
    page.reload()
    expect(page.locator("main")).to_contain_text(words["active"] if language == "vi" else "Giá chưa được")
    keep(page, f"contract-answered-{language}")


def test_pages_of_agreements_can_be_used_by_everybody(opened: Opened, stage: Stage, axe: str) -> None:
    item = agreed_item(stage)
    other = next(one for one in stage.items_of(BUYER, Side.DEMAND) if one.state is ProposalState.PROPOSED)
    stage.do(decisions.reject, Chosen(other.uid), Refusal(RejectReason.PRICE))
    page = opened(Role.BROKER)
    for name, place in {
        "agreement": f"/promises/{item.uid}",
        "rejected-pairs": "/promises?show=rejected",
        "contract-new": "/contracts/new",
        "truck-at-risk": f"/shipments/{planned_too_empty(stage).uid}",
    }.items():
        page.goto(stage.address + place)
        check_usable(page, axe, name)
