"""A contract is signed and changed by both sides, and numbers are read as the form's language writes them, in a real browser."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from buyers import contracts
from buyers.contracts import ContractIn
from buyers.models import AgreementStatus, Contract
from catalog.models import Lot, Organisation, Product
from catalog.tenancy import Scope
from service.db import now
from service.demo import BUYER, COOPERATIVE
from service.models import Role
from tests.service.web.conftest import DESK, PHONE, Opened, check_usable, follow, keep
from tests.service.web.staging import Stage

WORDS = {
    "vi": {
        "sign": "Ký",
        "agree": "Đồng ý và ký",
        "signed": "Đã ký.",
        "ask": "Đề nghị sửa hợp đồng",
        "send": "Gửi đề nghị",
        "active": "Đang hiệu lực",
    },
    "en": {
        "sign": "Sign",
        "agree": "Agree and sign",
        "signed": "Signed.",
        "ask": "Ask for other terms",
        "send": "Ask the other side",
        "active": "In force",
    },
}


def drafted(stage: Stage, code: str) -> str:
    """Let the buyer write a contract with the cooperative, and return its uid."""
    with stage.database.write() as session:
        product = session.scalars(select(Product).where(Product.association_id == stage.association).order_by(Product.id)).first()
        assert product is not None
        parties = {name: session.get_one(Organisation, stage.parties[name]).uid for name in (BUYER, COOPERATIVE)}
        terms: dict[str, Any] = {"max_grade": 2, "quantity_kg": 9_000, "price_vnd_per_kg": 22_000}
        given = ContractIn(buyer=parties[BUYER], supplier=parties[COOPERATIVE], code=code, product=product.code, **terms,
                           valid_from=date(2027, 6, 1), valid_until=date(2027, 6, 30))  # fmt: skip
        return contracts.draft_contract(session, Scope(stage.association, stage.parties[BUYER]), given, "test", now(session)).uid


def contract(stage: Stage, uid: str) -> Contract:
    with stage.database.read() as session:
        return session.scalars(select(Contract).where(Contract.uid == uid)).one()


@pytest.mark.parametrize(("language", "width"), [("vi", PHONE), ("en", DESK)])
def test_a_cooperative_signs_a_contract_and_agrees_to_another_price(opened: Opened, stage: Stage, language: str, width: int) -> None:
    uid, words = drafted(stage, f"HD-{language}"), WORDS[language]
    page = opened(Role.CLERK, f"/contracts/{uid}", language=language, width=width)
    keep(page, f"contract-unsigned-{language}")
    follow(page, page.get_by_role("button", name=words["sign"], exact=True))
    expect(page.locator("main h1")).to_contain_text(words["active"])
    buyer = opened(Role.PROCUREMENT, f"/contracts/{uid}", language=language, width=width)
    buyer.get_by_text(words["ask"]).click()
    buyer.fill("#new_price", "23.500" if language == "vi" else "23,500")
    follow(buyer, buyer.get_by_role("button", name=words["send"]))
    assert contract(stage, uid).price_vnd_per_kg == 22_000
    page.reload()
    keep(page, f"contract-pending-{language}")
    follow(page, page.get_by_role("button", name=words["agree"], exact=True))
    now_agreed = contract(stage, uid)
    assert (now_agreed.status, now_agreed.price_vnd_per_kg) == (AgreementStatus.ACTIVE, 23_500)


def test_a_contract_can_be_used_by_everybody(opened: Opened, stage: Stage, axe: str) -> None:
    page = opened(Role.CLERK, f"/contracts/{drafted(stage, 'HD-axe')}")
    check_usable(page, axe, "contract-draft")


@pytest.mark.parametrize(("language", "written", "kg"), [("vi", "1.200", 1_200), ("en", "1,300", 1_300)])
def test_a_mass_is_echoed_and_taken_as_its_language_writes_it(opened: Opened, stage: Stage, language: str, written: str, kg: int) -> None:
    page = opened(Role.CLERK, "/lots/new", language=language)
    page.select_option("#unit", "kg")
    page.fill("#amount", written)
    expect(page.locator("output[data-echo]")).to_have_text(f"= {written} kg")
    page.fill("#ask_vnd_per_kg", "15")
    expect(page.locator("output[data-number='ask_vnd_per_kg']")).to_have_text("= 15")
    for field, value in (("available_from", "2027-06-08"), ("available_until", "2027-06-10")):
        page.fill(f"#{field}", value)
    keep(page, f"lot-echo-{language}")
    follow(page, "main form button.main-act")
    expect(page.locator("#confirmed-1")).to_be_visible()
    page.fill("#ask_vnd_per_kg", "15.000" if language == "vi" else "15,000")
    page.check("#confirmed-1")
    follow(page, "main form button.main-act")
    with stage.database.read() as session:
        lot = session.scalars(select(Lot).order_by(Lot.id.desc()).limit(1)).one()
    assert (lot.quantity_kg, lot.ask_vnd_per_kg) == (kg, 15_000)
