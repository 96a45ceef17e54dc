"""Orders and their demand lines; contracts and what is called off from them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from sqlalchemy import select

import buyers.intake
from buyers import contracts, repository
from buyers.contracts import CallOffIn, ContractIn, ContractTerms
from buyers.intake import LineChange, OrderIn
from buyers.models import AgreementStatus, CallOff, Contract, ContractChange, DemandLine, LineStatus, Order
from catalog.given import Day, Given
from catalog.models import Organisation, Product, Side, Site, Unit
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.db import now
from service.http.context import Reading, RequestContext, Uid, Writing, before
from service.http.glossary import UID
from service.http.lists import CodeFilter, Listing, Page, Part, SearchText, of_row, only
from service.http.routing import Api
from service.http.shapes import Out, References, shown
from service.planning import market_changes
from service.planning.models import LineBalance

api = Api("demand", "Orders with their demand lines, contracts and what is called off from them.")
ORDERS = Listing("orders", {"created_at": (Order.created_at, Order.id)}, "-created_at")
SORTS = (DemandLine.created_at, DemandLine.deliver_from, DemandLine.quantity_kg, DemandLine.bid_vnd_per_kg, DemandLine.code)
LINES = Listing("lines", {column.key: (column, DemandLine.id) for column in SORTS}, "-created_at")
BuyerFilter = Annotated[str | None, only("those of the buyer")]
CONTRACTS = Listing("contracts", {"created_at": (Contract.created_at, Contract.id)}, "-created_at")
CALL_OFFS = Listing("call-offs", {"created_at": (CallOff.created_at, CallOff.id)}, "-created_at")


class RequirementOut(Out):
    """A certificate scheme that every kilogram must be covered by."""

    scheme: str
    min_level: int


class LineOut(Out):
    """A demand line: what is wanted, where, when and at what price."""

    uid: str
    code: str
    buyer: str
    buyer_name: str
    order: str | None
    call_off: str | None
    site: str
    site_name: str
    products: list[str]
    requires: list[RequirementOut]
    max_grade: int
    quantity_kg: int
    promised_kg: int = Field(description="How much of it is promised, kg.", examples=[400])
    deliver_from: date
    deliver_until: date
    min_life_days: int
    bid_vnd_per_kg: int
    min_fill_kg: int
    max_suppliers: int | None
    min_supplier_kg: int
    short_vnd_per_kg: int
    status: LineStatus = Field(description="Where it stands.", examples=["open"])
    stated_amount: str | None
    stated_unit: Unit | None
    note: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class OrderOut(Out):
    """What a buyer asks for at one time."""

    uid: str
    code: str
    buyer: str
    buyer_name: str
    placed_at: datetime
    status: AgreementStatus = Field(description="Where it stands.", examples=["active"])
    note: str
    lines: list[str] = Field(description="Uids of the lines.", examples=[["01k4h4m1r3v8w2x5y7z9abcdef"]])
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class OrderDetail(Out):
    """An order with its lines."""

    uid: str
    code: str
    buyer: str
    buyer_name: str
    placed_at: datetime
    status: AgreementStatus = Field(description="Where it stands.", examples=["active"])
    note: str
    lines: list[LineOut]
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class PendingOut(Out):
    """Other terms of a contract that one side asks for."""

    side: Side = Field(description="Who asks.", examples=["demand"])
    terms: dict[str, int | str | bool] = Field(description="The terms that would change.", examples=[{"price_vnd_per_kg": 26_000}])
    reason: str
    asked_at: datetime = Field(description="When it was asked for.", examples=["2027-06-01T03:00:00Z"])
    asked_by: str = Field(description="Who asked for it.", examples=[UID])


class ContractOut(Out):
    """What a buyer has agreed to take over a period."""

    uid: str
    code: str
    buyer: str
    buyer_name: str
    supplier: str | None
    product: str
    max_grade: int
    quantity_kg: int
    called_kg: int
    price_vnd_per_kg: int
    short_vnd_per_kg: int
    payment_days: int | None
    valid_from: date
    valid_until: date
    status: AgreementStatus = Field(description="`draft` until both sides have signed, then `active`.", examples=["active"])
    buyer_signed_at: datetime | None = Field(description="When the buyer signed.", examples=["2027-05-20T03:00:00Z"])
    buyer_signed_by: str | None = Field(description="Who signed for the buyer.", examples=[UID])
    supplier_signed_at: datetime | None = Field(description="When the supply side signed.", examples=["2027-05-21T03:00:00Z"])
    supplier_signed_by: str | None = Field(description="Who signed for the supply side.", examples=[UID])
    pending: PendingOut | None = Field(description="Other terms that one side asks for, until the other answers.", examples=[None])
    note: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class ContractChangeIn(ContractTerms):
    """What changes of a contract; what isn't named stays. A new price holds for what is called off from then on."""

    side: Side | None = Field(default=None, description="For whom somebody of the association speaks.", examples=["supply"])
    reason: str = Field(default="", max_length=1000, description="Why, for the other side.", examples=["mưa đá, sản lượng giảm"])


class SignatureIn(Given):
    """For whom a contract is signed or declined, and how that was agreed."""

    side: Side | None = Field(default=None, description="For whom somebody of the association signs.", examples=["supply"])
    note: str = Field(default="", max_length=1000, description="How it was agreed, or why it is declined.", examples=["gọi điện sáng nay"])


class CallOffOut(Out):
    """A part of a contract that was called for delivery, and the demand line that it became."""

    uid: str
    code: str
    contract: str = Field(description="Uid of the contract.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    line: str | None = Field(description="Uid of the demand line that it became.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    site: str
    quantity_kg: int
    deliver_from: date
    deliver_until: date
    status: AgreementStatus = Field(description="Where it stands.", examples=["active"])
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class Cancellation(Given):
    """Why a line or an order is taken back."""

    reason: str = Field(min_length=1, max_length=1000)


def _lines(asked: RequestContext, rows: list[DemandLine]) -> list[LineOut]:
    """Return lines that `buyers.repository.lines` loaded."""
    known = References(asked.session)
    orders = known.uids(Order, [row.order_id for row in rows])
    calls = known.uids(CallOff, [row.call_off_id for row in rows])
    codes = known.codes(Product, [entry.product_id for row in rows for entry in row.products])
    wanted = select(LineBalance.line_id, LineBalance.promised_kg).where(LineBalance.line_id.in_([row.id for row in rows]))
    promised = dict(asked.session.execute(wanted).all())
    return [
        shown(
            LineOut, row, buyer=row.organisation.uid, buyer_name=row.organisation.name, order=orders[row.order_id],
            call_off=calls[row.call_off_id], site=row.site.uid, site_name=row.site.name,
            products=[codes[entry.product_id] for entry in row.products],
            requires=[shown(RequirementOut, need) for need in row.requirements], promised_kg=promised.get(row.id, 0),
        )
        for row in rows
    ]  # fmt: skip


def _loaded(asked: RequestContext, *numbers: int) -> list[LineOut]:
    query = repository.lines(asked.scope).where(DemandLine.id.in_(numbers)).order_by(DemandLine.id)
    return _lines(asked, list(asked.session.scalars(query.execution_options(populate_existing=True))))


def _orders(rows: list[Order]) -> list[OrderOut]:
    return [shown(OrderOut, row, **_buyer(row), lines=[line.uid for line in row.lines]) for row in rows]


def _buyer(row: Any) -> dict[str, str]:
    return {"buyer": row.organisation.uid, "buyer_name": row.organisation.name}


def _order_detail(asked: RequestContext, uid: str) -> OrderDetail:
    row = find(asked.session, asked.scope, Order, uid)
    buyer = asked.session.get_one(Organisation, row.organisation_id)
    numbers = asked.session.scalars(select(DemandLine.id).where(DemandLine.order_id == row.id)).all()
    return shown(OrderDetail, row, buyer=buyer.uid, buyer_name=buyer.name, lines=_loaded(asked, *numbers))


def _contracts(asked: RequestContext, rows: list[Contract]) -> list[ContractOut]:
    known = References(asked.session)
    parties = [number for row in rows for number in (row.organisation_id, row.supplier_id)]
    uids, names = known.uids(Organisation, parties), known.names(Organisation, parties)
    codes = known.codes(Product, [row.product_id for row in rows])
    open_ = select(ContractChange).where(ContractChange.contract_id.in_([row.id for row in rows]), ContractChange.answered_at.is_(None))
    pending = {one.contract_id: shown(PendingOut, one) for one in asked.session.scalars(open_)}
    return [
        shown(
            ContractOut, row, buyer=uids[row.organisation_id], buyer_name=names[row.organisation_id], supplier=uids[row.supplier_id],
            product=codes[row.product_id], pending=pending.get(row.id),
        )
        for row in rows
    ]  # fmt: skip


def _call_offs(asked: RequestContext, contract: Contract, rows: list[CallOff]) -> list[CallOffOut]:
    sites = References(asked.session).uids(Site, [row.site_id for row in rows])
    wanted = select(DemandLine.call_off_id, DemandLine.uid).where(DemandLine.call_off_id.in_([row.id for row in rows]))
    lines: dict[Any, str] = dict(asked.session.execute(wanted).all())
    return [shown(CallOffOut, row, contract=contract.uid, line=lines.get(row.id), site=sites[row.site_id]) for row in rows]


@api.get("/orders", may=Permission.DEMAND_READ)
def list_orders(
    asked: Reading,
    part: Annotated[Part, ORDERS.part()],
    status: Annotated[AgreementStatus | None, Query(description="Only orders that stand here.", examples=["active"])] = None,
    buyer: BuyerFilter = None,
    code: CodeFilter = "",
) -> Page[OrderOut]:
    """List orders; a buyer sees its own."""
    query = of_row(asked, repository.orders(asked.scope), Order.organisation_id, Organisation, buyer)
    query = query.where(Order.code == code) if code else query
    if status is not None:
        query = query.where(Order.status == status)
    return ORDERS.page_of(asked, query, part, _orders)


@api.post("/orders", may=Permission.DEMAND_WRITE)
def place_order(asked: Writing, given: OrderIn) -> OrderDetail:
    """Place an order with all of its lines, or none of it.

    Every fault of every line is named, with its `row`: the first line is row 2, as in a spreadsheet below its header.
    """
    row = buyers.intake.place_order(asked.session, asked.scope, given, asked.by)
    asked.did("order.place", row)
    return _order_detail(asked, row.uid)


@api.get("/orders/{uid}", may=Permission.DEMAND_READ)
def get_order(asked: Reading, uid: Uid) -> OrderDetail:
    """Show an order with its lines."""
    return _order_detail(asked, uid)


@api.post("/orders/{uid}/cancel", may=Permission.DEMAND_WRITE, if_match=True, status=200)
def cancel_order(asked: Writing, uid: Uid, given: Cancellation) -> OrderDetail:
    """Take an order back with all of its lines that are still open; what both sides have confirmed stays promised."""
    order = find(asked.session, asked.scope, Order, uid)
    lines = asked.session.scalars(select(DemandLine).where(DemandLine.order_id == order.id)).all()
    was, were = before(order), {line.id: before(line) for line in lines}
    order, ended = market_changes.cancel_order(asked.session, asked.scope, uid, asked.act(given.reason), asked.version)
    asked.did("order.cancel", order, was, given.reason)
    for line in ended:
        asked.did("line.cancel", line, were[line.id], given.reason)
    return _order_detail(asked, uid)


@api.get("/lines", may=Permission.DEMAND_READ)
def list_lines(
    asked: Reading,
    part: Annotated[Part, LINES.part()],
    status: Annotated[list[LineStatus], Query(max_length=5, description="Only lines that stand here.", examples=[["open"]])] = [],  # noqa: B006
    product: Annotated[
        SearchText, Query(max_length=100, description="Only lines that accept the product of this code.", examples=["lychee"])
    ] = "",
    deliver_from: Annotated[
        Day | None, Query(description="Only lines that can be served on this day or later.", examples=["2027-06-07"])
    ] = None,
    deliver_until: Annotated[
        Day | None, Query(description="Only lines that can be served on this day or earlier.", examples=["2027-06-14"])
    ] = None,
    buyer: BuyerFilter = None,
    site: Annotated[str | None, only("lines to the door")] = None,
    order: Annotated[str | None, only("lines of the order")] = None,
    code: CodeFilter = "",
) -> Page[LineOut]:
    """List demand lines; a buyer sees its own, the association all of them."""
    query = repository.lines(asked.scope, status=status, product_code=product, first=deliver_from, last=deliver_until)
    query = of_row(asked, query, DemandLine.organisation_id, Organisation, buyer)
    query = of_row(asked, query, DemandLine.site_id, Site, site)
    query = of_row(asked, query, DemandLine.order_id, Order, order)
    query = query.where(DemandLine.code == code) if code else query
    return LINES.page_of(asked, query, part, lambda rows: _lines(asked, rows))


@api.get("/lines/{uid}", may=Permission.DEMAND_READ)
def get_line(asked: Reading, uid: Uid) -> LineOut:
    """Show a demand line."""
    return _loaded(asked, find(asked.session, asked.scope, DemandLine, uid).id)[0]


@api.patch("/lines/{uid}", may=Permission.DEMAND_WRITE)
def revise_line(asked: Writing, uid: Uid, given: LineChange) -> LineOut:
    """Change a demand line; less than what is promised to it already is refused, and so is what its contract rules.

    Offers that wait for an answer get new terms where the bid changes, and the side that they harm is asked again; what both sides have
    confirmed keeps its price. A bid below what the supplier asks is refused with `offer_stands`.
    """
    was = before(market_changes.find_line(asked.session, asked.scope, uid))
    row = market_changes.revise_line(asked.session, asked.scope, uid, given, asked.act("the line was changed"), asked.version)
    asked.did("line.revise", row, was)
    return _loaded(asked, row.id)[0]


@api.post("/lines/{uid}/cancel", may=Permission.DEMAND_WRITE, if_match=True, status=200)
def cancel_line(asked: Writing, uid: Uid, given: Cancellation) -> LineOut:
    """Take a demand line back; what both sides have confirmed stays promised."""
    was = before(market_changes.find_line(asked.session, asked.scope, uid))
    row = market_changes.cancel_line(asked.session, asked.scope, uid, asked.act(given.reason), asked.version)
    asked.did("line.cancel", row, was, given.reason)
    return _loaded(asked, row.id)[0]


@api.get("/contracts", may=Permission.CONTRACTS_READ)
def list_contracts(
    asked: Reading,
    part: Annotated[Part, CONTRACTS.part()],
    status: Annotated[AgreementStatus | None, Query(description="Only contracts that stand here.", examples=["active"])] = None,
    product: Annotated[SearchText, Query(max_length=100, description="Only contracts for the product of this code.")] = "",
    buyer: BuyerFilter = None,
    code: CodeFilter = "",
) -> Page[ContractOut]:
    """List contracts; a buyer and a supplier see their own."""
    query = of_row(asked, visible(Contract, asked.scope), Contract.organisation_id, Organisation, buyer)
    query = query if status is None else query.where(Contract.status == status)
    query = query.where(Contract.product_id.in_(select(Product.id).where(Product.code == product))) if product else query
    query = query.where(Contract.code == code) if code else query
    return CONTRACTS.page_of(asked, query, part, lambda rows: _contracts(asked, rows))


@api.post("/contracts", may=Permission.CONTRACTS_WRITE)
def draft_contract(asked: Writing, given: ContractIn) -> ContractOut:
    """Enter a contract; it is in force once both sides have signed, and the one who enters it signs for his own side."""
    row = contracts.draft_contract(asked.session, asked.scope, given, asked.by, now(asked.session))
    asked.did("contract.draft", row)
    return _contracts(asked, [row])[0]


@api.get("/contracts/{uid}", may=Permission.CONTRACTS_READ)
def get_contract(asked: Reading, uid: Uid) -> ContractOut:
    """Show a contract and how much of it has been called off."""
    return _contracts(asked, [find(asked.session, asked.scope, Contract, uid)])[0]


@api.patch("/contracts/{uid}", may=Permission.CONTRACTS_SIGN)
def change_contract(asked: Writing, uid: Uid, given: ContractChangeIn) -> ContractOut:
    """Change a contract, close it, or open it again; what isn't named stays.

    A contract that both sides have signed keeps its terms until the other side agrees: what is asked for stands as `pending`.
    """
    was, terms = before(find(asked.session, asked.scope, Contract, uid, lock=True)), given.model_dump(exclude={"side", "reason"})
    change, by, at = ContractTerms.model_validate(terms), asked.by, now(asked.session)
    row = contracts.change_contract(asked.session, asked.scope, uid, change, by, at, asked.version, given.side, given.reason)
    asked.did("contract.change", row, was, given.reason)
    return _contracts(asked, [row])[0]


@api.post("/contracts/{uid}/sign", may=Permission.CONTRACTS_SIGN, if_match=True, status=200)
def sign_contract(asked: Writing, uid: Uid, given: SignatureIn) -> ContractOut:
    """Sign a contract for one's side, or agree to the terms that the other side asks for."""
    was = before(find(asked.session, asked.scope, Contract, uid, lock=True))
    row = contracts.sign(asked.session, asked.scope, uid, asked.by, now(asked.session), asked.version, given.side)
    asked.did("contract.sign", row, was, given.note)
    return _contracts(asked, [row])[0]


@api.post("/contracts/{uid}/decline", may=Permission.CONTRACTS_SIGN, if_match=True, status=200)
def decline_contract(asked: Writing, uid: Uid, given: SignatureIn) -> ContractOut:
    """Decline the terms that the other side asks for; a contract that isn't signed by both is cancelled."""
    was = before(find(asked.session, asked.scope, Contract, uid, lock=True))
    row = contracts.decline(asked.session, asked.scope, uid, asked.by, now(asked.session), asked.version, given.side, given.note)
    asked.did("contract.decline", row, was, given.note)
    return _contracts(asked, [row])[0]


@api.get("/contracts/{uid}/call-offs", may=Permission.CONTRACTS_READ)
def list_call_offs(asked: Reading, uid: Uid, part: Annotated[Part, CALL_OFFS.part()]) -> Page[CallOffOut]:
    """List what was called off from a contract."""
    contract = find(asked.session, asked.scope, Contract, uid)
    query = visible(CallOff, asked.scope).where(CallOff.contract_id == contract.id)
    return CALL_OFFS.page_of(asked, query, part, lambda rows: _call_offs(asked, contract, rows))


@api.post("/contracts/{uid}/call-offs", may=Permission.CONTRACTS_WRITE)
def call_off(asked: Writing, uid: Uid, given: CallOffIn) -> LineOut:
    """Call a part of a contract for delivery, and return the demand line that it becomes."""
    was = before(find(asked.session, asked.scope, Contract, uid, lock=True))
    row = contracts.call_off(asked.session, asked.scope, uid, given, asked.by)
    asked.did("contract.call_off", find(asked.session, asked.scope, Contract, uid), was)
    asked.headers["location"] = f"/api/v1/lines/{row.uid}"
    return _loaded(asked, row.id)[0]
