"""What an organisation is paid, or pays, for what was received within some days: deliveries, deductions, sums, members' parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from catalog.models import Association, Lot, Member, Organisation, Product, Side
from catalog.tenancy import Scope, find, visible
from service.days import VIETNAM
from service.paper.sheet import Column, Sheet
from service.paper.words import Words
from service.planning import models as m
from service.planning.states import SettlementState
from service.planning.terms.records import versions_of_settlements


@dataclass(frozen=True)
class Entry:
    """The money of one received item; what is deducted is None for a buyer, whom it doesn't concern. `terms` is the version it follows."""

    received_at: datetime
    other: str
    product: str
    grade: int
    lot: str
    kg: int
    rejected_kg: int
    price_vnd_per_kg: int
    buyer_vnd: int
    freight_vnd: int | None
    hub_vnd: int | None
    fee_vnd: int | None
    supplier_vnd: int | None
    state: SettlementState
    due_on: date | None
    terms: int | None = None


@dataclass(frozen=True)
class Share:
    """What a member gets of all these settlements."""

    member: str
    kg: int
    vnd: int


@dataclass(frozen=True)
class Statement:
    """The settlements of one organisation of what was received within some days."""

    house: str
    organisation: str
    tax_code: str
    sells: bool
    first: date
    last: date
    entries: tuple[Entry, ...]
    shares: tuple[Share, ...]

    @property
    def total_vnd(self) -> int:
        """Return what the organisation gets, or pays, đồng."""
        return sum((one.supplier_vnd or 0) if self.sells else one.buyer_vnd for one in self.entries)

    @property
    def open_vnd(self) -> int:
        """Return how much of it hasn't been paid, đồng."""
        left = [one for one in self.entries if one.state is not SettlementState.PAID]
        return sum((one.supplier_vnd or 0) if self.sells else one.buyer_vnd for one in left)


def statement(session: Session, scope: Scope, organisation_uid: str, first: date, last: date) -> Statement:
    """Return the statement of an organisation.

    Parameters
    ----------
    first, last : days on which goods were received, both included.

    Raises
    ------
    NotFound
        If the scope sees no such organisation.
    """
    organisation = find(session, scope, Organisation, organisation_uid)
    sells = organisation.side is Side.SUPPLY
    s, said, other = m.Settlement, m.ReceiptItem, aliased(Organisation)
    mine, theirs = (s.supplier_id, s.buyer_id) if sells else (s.buyer_id, s.supplier_id)
    query = (
        select(s, said.rejected_kg, m.Receipt.received_at, other.name.label("other"), Product.name.label("product"), Lot.grade, Lot.code)
        .join(said, said.id == s.receipt_item_id)
        .join(m.Receipt, m.Receipt.id == said.receipt_id)
        .join(m.ShipmentItem, m.ShipmentItem.id == said.shipment_item_id)
        .join(m.Promise, m.Promise.id == m.ShipmentItem.promise_id)
        .join(Lot, Lot.id == m.Promise.lot_id)
        .join(Product, Product.id == Lot.product_id)
        .join(other, other.id == theirs)
        .where(mine == organisation.id, s.id.in_(visible(s, scope).with_only_columns(s.id)), *within(m.Receipt.received_at, first, last))
        .order_by(m.Receipt.received_at, s.id)
    )
    rows = session.execute(query).all()
    numbers = [row.Settlement.id for row in rows]
    shares, versions = _shares(session, numbers) if sells else (), versions_of_settlements(session, numbers)
    house = session.get_one(Association, scope.association_id).name
    about = (organisation.name, organisation.tax_code or "", sells)
    return Statement(house, *about, first, last, tuple(_entry(row, versions.get(row.Settlement.id), sells=sells) for row in rows), shares)


def within(column: Any, first: date, last: date) -> tuple[Any, Any]:
    """Return the conditions that a moment lies within days of Vietnam, both included."""
    start, end = (datetime.combine(day, time(), VIETNAM) for day in (first, last + timedelta(days=1)))
    return column >= start, column < end


def _entry(row: Any, terms: int | None, *, sells: bool) -> Entry:
    s = row.Settlement
    parts: Any = (s.freight_vnd, s.hub_vnd, s.fee_vnd, s.supplier_vnd) if sells else (None,) * 4
    about: Any = (row.received_at, row.other, row.product, row.grade, row.code, s.kg, row.rejected_kg, s.price_vnd_per_kg, s.buyer_vnd)
    return Entry(*(*about, *parts, s.state, s.due_on, terms))


def _shares(session: Session, numbers: list[int]) -> tuple[Share, ...]:
    share = m.SettlementShare
    query = select(Member.name, func.sum(share.kg), func.sum(share.vnd)).join(Member, Member.id == share.member_id)
    query = (
        query.where(share.settlement_id.in_(numbers)).group_by(Member.id, Member.name, Member.sort_key).order_by(Member.sort_key, Member.id)
    )
    return tuple(Share(name, int(kg), int(vnd)) for name, kg, vnd in session.execute(query))


def statement_pdf(found: Statement, words: Words) -> bytes:
    """Return a statement as PDF."""
    title = words.say("Statement of what we pay you") if found.sells else words.say("Statement of what you pay")
    sheet = Sheet(words, title, found.house)
    sheet.title(title, found.organisation, words.say("Received %(days)s", days=words.days(found.first, found.last)))
    sheet.facts(
        [
            (words.say("Tax code"), found.tax_code),
            (words.say("Number of deliveries"), words.number(len(found.entries))),
            (words.say("Sum"), words.vnd(found.total_vnd)),
            (words.say("Of which not paid yet"), words.vnd(found.open_vnd)),
        ],
        4,
    )
    if not found.entries:
        sheet.text(words.say("Nothing was settled on these days."))
        return sheet.pdf()
    _sold(sheet, found) if found.sells else _bought(sheet, found)
    if found.shares:
        sheet.heading(words.say("What each member gets"))
        columns = [
            Column(words.say("Member"), 4),
            Column(words.say("Mass"), 2, "right"),
            Column(words.say("Amount"), 2.5, "right"),
            Column(words.say("Signature"), 3),
        ]
        rows = [[one.member, words.kg(one.kg), words.vnd(one.vnd), ""] for one in found.shares]
        sums = [words.kg(sum(one.kg for one in found.shares)), words.vnd(sum(one.vnd for one in found.shares))]
        sheet.table(columns, rows, [words.say("Together"), *sums, ""])
    sheet.gap(2)
    sheet.text(words.say("Each amount is whole đồng; freight and hub costs are shared by kilograms carried."), "note")
    sheet.signatures([words.say("Made out by"), words.say("For %(name)s", name=found.organisation)])
    return sheet.pdf()


def _bought(sheet: Sheet, found: Statement) -> None:
    words = sheet.words
    columns = [*_common(words), Column(words.say("Amount"), 2, "right"), Column(words.say("Due"), 1.5, "right")]
    rows = [[*_about(one, words), words.vnd(one.buyer_vnd), _due(one, words)] for one in found.entries]
    sheet.table(columns, rows, [*_sums(found, words), words.vnd(found.total_vnd), ""])


def _sold(sheet: Sheet, found: Statement) -> None:
    words = sheet.words
    columns = [
        *_common(words),
        Column(words.say("Freight, hub, fee"), 1.9, "right"),
        Column(words.say("You get"), 2, "right"),
        Column(words.say("Due"), 1.5, "right"),
    ]
    rows = [[*_about(one, words), words.number(_deducted(one)), words.vnd(one.supplier_vnd), _due(one, words)] for one in found.entries]
    sums = [words.number(sum(_deducted(one) for one in found.entries)), words.vnd(found.total_vnd)]
    sheet.table(columns, rows, [*_sums(found, words), *sums, ""])


def _common(words: Words) -> list[Column]:
    return [
        Column(words.say("Received on"), 1.5),
        Column(words.say("From or to"), 2.5),
        Column(words.say("Goods"), 2.1),
        Column(words.say("Lot"), 1.7),
        Column(words.say("Terms no."), 0.9, "right"),
        Column(words.say("Accepted"), 1.4, "right"),
        Column(words.say("Turned away"), 1.2, "right"),
        Column(words.say("đ per kg"), 1.2, "right"),
    ]


def _about(one: Entry, words: Words) -> list[str]:
    goods = f"{one.product}, {words.say('grade %(rank)s', rank=one.grade)}"
    masses = [words.kg(one.kg), words.kg(one.rejected_kg) if one.rejected_kg else ""]
    terms = "" if one.terms is None else words.number(one.terms)
    return [words.day(one.received_at), one.other, goods, one.lot, terms, *masses, words.number(one.price_vnd_per_kg)]


def _sums(found: Statement, words: Words) -> list[str]:
    accepted, rejected = sum(one.kg for one in found.entries), sum(one.rejected_kg for one in found.entries)
    return [words.say("Together"), "", "", "", "", words.kg(accepted), words.kg(rejected) if rejected else "", ""]


def _deducted(one: Entry) -> int:
    return (one.freight_vnd or 0) + (one.hub_vnd or 0) + (one.fee_vnd or 0)


def _due(one: Entry, words: Words) -> str:
    return words.say("paid") if one.state is SettlementState.PAID else words.day(one.due_on)
