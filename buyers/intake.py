"""Demand comes in here: orders with their lines, contracts, and the call-offs that planning sees as lines.

As in `catalog.intake`: a session of `Database.write`, the scope and name of the one who acts, all faults at once, nothing half-written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers.errors import ContractExceeded
from buyers.models import AgreementStatus, CallOff, Contract, DemandLine, LineProduct, LineRequirement, LineStatus, Order, ReceivingSlot
from catalog.base import FIRST_DAY, LAST_DAY, MAX_KG
from catalog.errors import AlreadyThere, Conflict, Fault, Invalid, NotFound, fault
from catalog.given import ONE_LINE, Code, Dong, Given
from catalog.models import MAX_GRADE, Organisation, Product, Side, Site, SiteKind
from catalog.tenancy import Row, Scope, check_version, find, find_code, visible


class Requirement(Given):
    """A certificate scheme that every kilogram must be covered by."""

    scheme: str = Code
    min_level: int = Field(default=0, ge=0, le=1000, strict=True)


class LineIn(Given):
    """A new demand line: which products (codes), how good, how much, where (uid of the site), when, at what delivered price."""

    code: str | None = Field(default=None, min_length=1, max_length=100, pattern=ONE_LINE)
    site: str
    products: tuple[str, ...] = Field(min_length=1, max_length=100)
    max_grade: int = Field(ge=1, le=MAX_GRADE, strict=True)
    requires: tuple[Requirement, ...] = Field(default=(), max_length=100)
    quantity_kg: int = Field(ge=1, le=MAX_KG, strict=True)
    deliver_from: date
    deliver_until: date
    min_life_days: int = Field(default=0, ge=0, le=36_500, strict=True)
    bid_vnd_per_kg: int = Dong
    min_fill_kg: int = Field(default=0, ge=0, le=MAX_KG, strict=True)
    max_suppliers: int | None = Field(default=None, ge=1, le=1_000_000, strict=True)
    min_supplier_kg: int = Field(default=0, ge=0, le=MAX_KG, strict=True)
    short_vnd_per_kg: int = Field(default=0, ge=0, le=10**9, strict=True)
    note: str = Field(default="", max_length=2000)


class OrderIn(Given):
    """A new order of a buyer (uid of the organisation) with its lines."""

    buyer: str
    code: str | None = Field(default=None, min_length=1, max_length=100, pattern=ONE_LINE)
    note: str = Field(default="", max_length=2000)
    lines: tuple[LineIn, ...] = Field(min_length=1, max_length=10_000)


class LineChange(Given):
    """What changes of a line; what isn't named stays."""

    quantity_kg: int | None = Field(default=None, ge=0, le=MAX_KG, strict=True)
    deliver_from: date | None = None
    deliver_until: date | None = None
    bid_vnd_per_kg: int | None = Field(default=None, ge=0, le=10**9, strict=True)
    min_fill_kg: int | None = Field(default=None, ge=0, le=MAX_KG, strict=True)
    max_suppliers: int | None = Field(default=None, ge=1, le=1_000_000, strict=True)
    note: str | None = Field(default=None, max_length=2000)


class ContractIn(Given):
    """A new contract of a buyer (uid) for a product (code), with a supplier (uid) if it is with one alone."""

    buyer: str
    supplier: str | None = None
    code: str | None = Field(default=None, min_length=1, max_length=100, pattern=ONE_LINE)
    product: str
    max_grade: int = Field(ge=1, le=MAX_GRADE, strict=True)
    quantity_kg: int = Field(ge=1, le=1000 * MAX_KG, strict=True)
    price_vnd_per_kg: int = Dong
    short_vnd_per_kg: int = Field(default=0, ge=0, le=10**9, strict=True)
    payment_days: int | None = Field(default=None, ge=0, le=3650, strict=True)
    valid_from: date
    valid_until: date
    note: str = Field(default="", max_length=2000)


class ContractChange(Given):
    """What changes of a contract; what isn't named stays. New prices hold for what is called off from now on."""

    quantity_kg: int | None = Field(default=None, ge=1, le=1000 * MAX_KG, strict=True)
    price_vnd_per_kg: int | None = Field(default=None, ge=0, le=10**9, strict=True)
    short_vnd_per_kg: int | None = Field(default=None, ge=0, le=10**9, strict=True)
    payment_days: int | None = Field(default=None, ge=0, le=3650, strict=True)
    valid_until: date | None = None
    note: str | None = Field(default=None, max_length=2000)
    closed: bool | None = Field(default=None, strict=True)


class CallOffIn(Given):
    """A new call-off from a contract to a site (uid)."""

    site: str
    code: str | None = Field(default=None, min_length=1, max_length=100, pattern=ONE_LINE)
    quantity_kg: int = Field(ge=1, le=MAX_KG, strict=True)
    deliver_from: date
    deliver_until: date


class SlotIn(Given):
    """Hours of one weekday (0 is Monday) in which a site receives."""

    weekday: int = Field(ge=0, le=6, strict=True)
    open_from_min: int = Field(ge=0, le=1440, strict=True)
    open_until_min: int = Field(ge=0, le=1440, strict=True)
    capacity_kg: int | None = Field(default=None, ge=1, le=MAX_KG, strict=True)
    max_vehicles: int | None = Field(default=None, ge=1, le=10_000, strict=True)


def place_order(session: Session, scope: Scope, given: OrderIn, by: str) -> Order:
    """Take in an order with all of its lines, or nothing; a line's faults carry its row, the first of them being row 2.

    Raises
    ------
    Invalid
        With every fault of every line.
    """
    buyer = _buyer(session, scope, given.buyer)
    _refuse_taken(session, scope, Order, given.code)
    order = _add(
        session, Order(association_id=scope.association_id, organisation_id=buyer.id, note=given.note, updated_by=by, **_code(given))
    )
    faults: list[Fault] = []
    seen: set[str] = set()
    for row, line in enumerate(given.lines, 2):
        try:
            _add_line(session, scope, buyer, line, by, seen, order_id=order.id)
        except Invalid as invalid:
            faults += [Fault(row if len(given.lines) > 1 else 0, f.field, f.value, f.expected) for f in invalid.faults]
    _raise(faults)
    return order


def _add_line(session: Session, scope: Scope, buyer: Organisation, given: LineIn, by: str, seen: set[str], **origin: int) -> DemandLine:
    site, products, faults = _places(session, scope, buyer, given)
    faults += _bad_line(given)
    if given.code is not None and (given.code in seen or _taken(session, scope, DemandLine, given.code)):
        faults.append(fault("code", given.code, "a code that isn't taken"))
    _raise(faults)
    seen.add(given.code or "")
    kept = given.model_dump(exclude={"code", "site", "products", "requires"})
    references = {"association_id": scope.association_id, "organisation_id": buyer.id, "site_id": site and site.id, **origin}
    line = _add(session, DemandLine(**kept, **references, **_code(given), updated_by=by))
    session.add_all(LineProduct(line_id=line.id, position=n, product_id=product.id) for n, product in enumerate(products))
    needs = dict.fromkeys((need.scheme, need.min_level) for need in given.requires)
    session.add_all(LineRequirement(line_id=line.id, position=n, scheme=scheme, min_level=level) for n, (scheme, level) in enumerate(needs))
    session.flush()
    return line


def _places(session: Session, scope: Scope, buyer: Organisation, given: LineIn) -> tuple[Site | None, list[Product], list[Fault]]:
    """Return a line's site and products, or why they can't be."""
    faults, products = [], []
    for code in dict.fromkeys(given.products):
        try:
            products.append(find_code(session, scope, Product, code))
        except NotFound:
            faults.append(fault("products", code, "a product of the association"))
    try:
        site: Site | None = _door(session, scope, buyer, given.site)
    except Invalid as invalid:
        site, faults = None, [*faults, *invalid.faults]
    return site, products, faults


def _door(session: Session, scope: Scope, buyer: Organisation, uid: str) -> Site:
    """Return a site where the buyer receives."""
    site = session.scalars(visible(Site, scope).where(Site.uid == uid)).one_or_none()
    if site is None or site.kind is not SiteKind.BUYER or site.organisation_id not in (None, buyer.id):
        raise Invalid([fault("site", uid, "the uid of a site where this buyer receives")])
    return site


def _bad_line(given: LineIn) -> list[Fault]:
    faults = _bad_window(given.deliver_from, given.deliver_until)
    for field in ("min_fill_kg", "min_supplier_kg"):
        if getattr(given, field) > given.quantity_kg:
            faults.append(fault(f"{field},quantity_kg", getattr(given, field), f"at most {given.quantity_kg} kg"))
    return faults


def revise_line(session: Session, scope: Scope, uid: str, change: LineChange, by: str, version: int | None = None) -> DemandLine:
    """Change a line; a cut below what is promised is refused by the database. What was called off a contract is called more or less.

    Raises
    ------
    Stale
        If it has changed since `version`.
    ContractExceeded
        If the contract behind it hasn't that much left.
    Invalid
        If the line is closed, or its window ends before it starts.
    """
    line = find(session, scope, DemandLine, uid, lock=True)
    check_version(line, version)
    values = change.model_dump(exclude_none=True)
    faults = _bad_window(values.get("deliver_from", line.deliver_from), values.get("deliver_until", line.deliver_until))
    if line.status in (LineStatus.CANCELLED, LineStatus.FILLED):
        faults.append(fault("status", line.status, "a line that is open"))
    _raise(faults)
    if line.call_off_id is not None:
        _call_more(session, line.call_off_id, values.get("quantity_kg", line.quantity_kg) - line.quantity_kg, by)
    for name, value in {**values, "updated_by": by}.items():
        setattr(line, name, value)
    session.flush()
    return line


def cancel_line(session: Session, scope: Scope, uid: str, by: str, version: int | None = None, promised_kg: int = 0) -> DemandLine:
    """Take a line back. What is promised to it already stays promised, and is cancelled by itself through the ledger.

    Parameters
    ----------
    promised_kg : what is promised to it; the rest of what was called off a contract can be called off again.
    """
    line = find(session, scope, DemandLine, uid, lock=True)
    check_version(line, version)
    if line.call_off_id is not None and line.status is not LineStatus.CANCELLED:
        _call_more(session, line.call_off_id, promised_kg - line.quantity_kg, by)
        session.get_one(CallOff, line.call_off_id).status = AgreementStatus.CANCELLED
    line.status, line.updated_by = LineStatus.CANCELLED, by
    session.flush()
    return line


def _call_more(session: Session, call_off_id: int, more_kg: int, by: str) -> None:
    """Let more or less of a contract be called off by a call-off that is there."""
    if not more_kg:
        return
    call = session.get_one(CallOff, call_off_id)
    contract = session.get_one(Contract, call.contract_id, with_for_update=True, populate_existing=True)
    left = contract.quantity_kg - contract.called_kg
    if more_kg > left:
        raise ContractExceeded(contract.code, left)
    contract.called_kg, contract.updated_by = contract.called_kg + more_kg, by
    call.quantity_kg, call.updated_by = max(1, call.quantity_kg + more_kg), by


def cancel_order(session: Session, scope: Scope, uid: str, by: str, version: int | None = None) -> tuple[Order, list[DemandLine]]:
    """Take back an order with all of its lines that are still open; return it and them.

    Raises
    ------
    Stale
        If it has changed since `version`.
    Conflict
        If it is over already; says who ended it and when.
    """
    order = find(session, scope, Order, uid, lock=True)
    check_version(order, version)
    if order.status is not AgreementStatus.ACTIVE:
        raise Conflict(f"this order is {order.status}", order.updated_by, order.updated_at)
    open_ = select(DemandLine).where(DemandLine.order_id == order.id, DemandLine.status.not_in((LineStatus.CANCELLED, LineStatus.FILLED)))
    lines = list(session.scalars(open_.order_by(DemandLine.id).with_for_update(key_share=True)))
    for line in lines:
        line.status, line.updated_by = LineStatus.CANCELLED, by
    order.status, order.updated_by = AgreementStatus.CANCELLED, by
    session.flush()
    return order, lines


def sign_contract(session: Session, scope: Scope, given: ContractIn, by: str) -> Contract:
    """Take in a contract."""
    buyer, product = _buyer(session, scope, given.buyer), find_code(session, scope, Product, given.product)
    supplier = find(session, Scope(scope.association_id), Organisation, given.supplier) if given.supplier else None
    _raise(_bad_window(given.valid_from, given.valid_until, "valid_from,valid_until"))
    _refuse_taken(session, scope, Contract, given.code)
    kept = given.model_dump(exclude={"buyer", "supplier", "code", "product"})
    references = {"association_id": scope.association_id, "organisation_id": buyer.id, "product_id": product.id}
    return _add(session, Contract(**kept, **references, **_code(given), supplier_id=supplier and supplier.id, updated_by=by))


def change_contract(session: Session, scope: Scope, uid: str, change: ContractChange, by: str, version: int | None = None) -> Contract:
    """Change a contract, close it, or open it again.

    Raises
    ------
    Stale
        If it has changed since `version`.
    Invalid
        If it would hold less than what was called off, or end before it starts.
    """
    contract = find(session, scope, Contract, uid, lock=True)
    check_version(contract, version)
    values = change.model_dump(exclude_none=True, exclude={"closed"})
    faults = _bad_window(contract.valid_from, values.get("valid_until", contract.valid_until), "valid_from,valid_until")
    if values.get("quantity_kg", contract.quantity_kg) < contract.called_kg:
        faults.append(fault("quantity_kg", values["quantity_kg"], f"at least the {contract.called_kg} kg that were called off"))
    _raise(faults)
    if change.closed is not None:
        values["status"] = AgreementStatus.CLOSED if change.closed else AgreementStatus.ACTIVE
    for name, value in {**values, "updated_by": by}.items():
        setattr(contract, name, value)
    session.flush()
    return contract


def call_off(session: Session, scope: Scope, contract_uid: str, given: CallOffIn, by: str) -> DemandLine:
    """Call a part of a contract for delivery, and return the demand line that it becomes.

    Raises
    ------
    ContractExceeded
        If the contract hasn't that much left.
    Conflict
        If it isn't active; says who ended it and when.
    """
    contract = find(session, scope, Contract, contract_uid, lock=True)
    if contract.status is not AgreementStatus.ACTIVE:
        raise Conflict(f"this contract is {contract.status}", contract.updated_by, contract.updated_at)
    left = contract.quantity_kg - contract.called_kg
    if given.quantity_kg > left:
        raise ContractExceeded(contract.code, left)
    buyer = session.get_one(Organisation, contract.organisation_id)
    site = _door(session, scope, buyer, given.site)
    faults = _bad_window(given.deliver_from, given.deliver_until)
    if not contract.valid_from <= given.deliver_from <= given.deliver_until <= contract.valid_until:
        faults.append(fault("deliver_from,deliver_until", f"{given.deliver_from}..{given.deliver_until}", "days within the contract's"))
    _raise(faults)
    contract.called_kg += given.quantity_kg
    contract.updated_by = by
    call = _add(
        session, CallOff(**given.model_dump(exclude={"site"}, exclude_none=True), contract_id=contract.id, site_id=site.id, updated_by=by)
    )
    return _line_of(session, contract, call, by)


def _line_of(session: Session, contract: Contract, call: CallOff, by: str) -> DemandLine:
    line = DemandLine(
        association_id=contract.association_id,
        organisation_id=contract.organisation_id,
        call_off_id=call.id,
        site_id=call.site_id,
        max_grade=contract.max_grade,
        quantity_kg=call.quantity_kg,
        deliver_from=call.deliver_from,
        deliver_until=call.deliver_until,
        bid_vnd_per_kg=contract.price_vnd_per_kg,
        short_vnd_per_kg=contract.short_vnd_per_kg,
        updated_by=by,
    )
    _add(session, line)
    _add(session, LineProduct(line_id=line.id, position=0, product_id=contract.product_id))
    return line


def set_slots(session: Session, scope: Scope, site_uid: str, slots: Sequence[SlotIn], valid_from: date) -> list[ReceivingSlot]:
    """State the hours in which a site receives from a day on."""
    site = find(session, scope, Site, site_uid)
    rows = [ReceivingSlot(**slot.model_dump(), site_id=site.id, valid_from=valid_from) for slot in slots]
    session.add_all(rows)
    session.flush()
    return rows


def _buyer(session: Session, scope: Scope, uid: str) -> Organisation:
    buyer = find(session, scope, Organisation, uid)
    if buyer.side is not Side.DEMAND:
        raise Invalid([fault("buyer", uid, "the uid of a buyer")])
    return buyer


def _bad_window(first: date, last: date, fields: str = "deliver_from,deliver_until") -> list[Fault]:
    sane = FIRST_DAY <= first <= last <= LAST_DAY
    return [] if sane else [fault(fields, f"{first}..{last}", "a window that doesn't end before it starts, in this century")]


def _code(given: Any) -> dict[str, str]:
    """Return the code if one is given; else the row takes its uid."""
    return {} if given.code is None else {"code": given.code}


def _taken(session: Session, scope: Scope, model: Any, code: str) -> Any:
    return session.scalars(select(model).where(model.association_id == scope.association_id, model.code == code)).first()


def _refuse_taken(session: Session, scope: Scope, model: Any, code: str | None) -> None:
    taken = code and _taken(session, scope, model, code)
    if taken:
        raise AlreadyThere(f"the code {code!r} is taken", taken.updated_by, taken.updated_at)


def _raise(faults: Sequence[Fault]) -> None:
    if faults:
        raise Invalid(sorted(faults))


def _add(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
