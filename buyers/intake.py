"""Demand comes in here: orders with their lines; `buyers.contracts` has the contracts, and the call-offs that planning sees as lines.

As in `catalog.intake`: a session of `Database.write`, the scope and name of the one who acts, all faults at once, nothing half-written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers import contracts
from buyers.models import AgreementStatus, DemandLine, LineProduct, LineRequirement, LineStatus, Order, ReceivingSlot
from buyers.parts import add, bad_window, code_of, find_buyer, find_door, is_taken, raise_faults, refuse_taken
from buyers.prices import first_product, recent_bids
from catalog.base import MAX_KG
from catalog.errors import Conflict, Fault, Invalid, NotFound, fault
from catalog.given import ONE_LINE, Code, Dong, Given
from catalog.models import MAX_GRADE, Organisation, Product, Site
from catalog.prices import confirm_price
from catalog.tenancy import Scope, check_version, find, find_code


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
    confirmed: bool = False


class LineChange(Given):
    """What changes of a line; what isn't named stays."""

    quantity_kg: int | None = Field(default=None, ge=0, le=MAX_KG, strict=True)
    deliver_from: date | None = None
    deliver_until: date | None = None
    bid_vnd_per_kg: int | None = Field(default=None, ge=0, le=10**9, strict=True)
    min_fill_kg: int | None = Field(default=None, ge=0, le=MAX_KG, strict=True)
    max_suppliers: int | None = Field(default=None, ge=1, le=1_000_000, strict=True)
    note: str | None = Field(default=None, max_length=2000)
    confirmed: bool = False


LEAST = ("min_fill_kg", "min_supplier_kg")
"""Least amounts of a line, which its quantity must reach."""


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
    NeedsConfirmation
        If a line's price looks mistyped.
    """
    buyer = find_buyer(session, scope, given.buyer)
    refuse_taken(session, scope, Order, given.code)
    order = add(
        session, Order(association_id=scope.association_id, organisation_id=buyer.id, note=given.note, updated_by=by, **code_of(given))
    )
    faults: list[Fault] = []
    seen: set[str] = set()
    new: dict[int, int] = {}
    for row, line in enumerate(given.lines, 2):
        try:
            added = _add_line(session, scope, buyer, line, by, seen, order_id=order.id)
            new[added.id] = line.bid_vnd_per_kg
        except Invalid as invalid:
            faults += [Fault(row if len(given.lines) > 1 else 0, f.field, f.value, f.expected) for f in invalid.faults]
    raise_faults(faults)
    for line_id, bid in new.items() if not given.confirmed else ():
        _confirm_bid(session, line_id, bid, before=min(new))
    return order


def _confirm_bid(session: Session, line_id: int, bid_vnd_per_kg: int, before: int | None = None) -> None:
    """Ask about a bid that is far from the last ones for its product; see `buyers.prices.recent_bids`."""
    product = first_product(session, line_id)
    recent = [] if product is None else recent_bids(session, product, before)
    confirm_price("bid_vnd_per_kg", bid_vnd_per_kg, recent, confirmed=False)


def _add_line(session: Session, scope: Scope, buyer: Organisation, given: LineIn, by: str, seen: set[str], **origin: int) -> DemandLine:
    site, products, faults = _places(session, scope, buyer, given)
    faults += _bad_line(given)
    if given.code is not None and (given.code in seen or is_taken(session, scope, DemandLine, given.code)):
        faults.append(fault("code", given.code, "a code that isn't taken"))
    raise_faults(faults)
    seen.add(given.code or "")
    kept = given.model_dump(exclude={"code", "site", "products", "requires"})
    references = {"association_id": scope.association_id, "organisation_id": buyer.id, "site_id": site and site.id, **origin}
    line = add(session, DemandLine(**kept, **references, **code_of(given), updated_by=by))
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
        site: Site | None = find_door(session, scope, buyer, given.site)
    except Invalid as invalid:
        site, faults = None, [*faults, *invalid.faults]
    return site, products, faults


def _bad_line(given: LineIn) -> list[Fault]:
    faults = bad_window(given.deliver_from, given.deliver_until)
    for field in LEAST:
        if getattr(given, field) > given.quantity_kg:
            faults.append(fault(f"{field},quantity_kg", getattr(given, field), f"at most {given.quantity_kg} kg"))
    return faults


def revise_line(session: Session, scope: Scope, uid: str, change: LineChange, by: str, version: int | None = None) -> DemandLine:
    """Change a line; a cut below what is promised is refused by the database. What was called off a contract stays within its terms.

    Raises
    ------
    Stale
        If it has changed since `version`.
    ContractExceeded
        If the contract behind it hasn't that much left.
    Conflict
        If it asks for more, or for other days, of a contract that isn't in force.
    Invalid
        If the line is closed, its window ends before it starts, or its contract says otherwise.
    NeedsConfirmation
        If a new price looks mistyped.
    """
    line = find(session, scope, DemandLine, uid, lock=True)
    check_version(line, version)
    values = change.model_dump(exclude_none=True, exclude={"confirmed"})
    raise_faults(change_faults(session, line, values))
    if not change.confirmed and values.get("bid_vnd_per_kg", line.bid_vnd_per_kg) != line.bid_vnd_per_kg:
        _confirm_bid(session, line.id, values["bid_vnd_per_kg"])
    apply_change(session, line, values, by)
    session.flush()
    return line


def apply_change(session: Session, line: DemandLine, values: Mapping[str, Any], by: str) -> None:
    """Change columns of a line that is locked, whoever asks for it: a form, the API or a row of an upload."""
    raise_faults(change_faults(session, line, values))
    found = contracts.contract_of(session, line)
    if found is not None:
        contracts.resize_call(*found, values.get("quantity_kg", line.quantity_kg), by)
        found[1].deliver_from = values.get("deliver_from", line.deliver_from)
        found[1].deliver_until = values.get("deliver_until", line.deliver_until)
    for name, value in {**values, "updated_by": by}.items():
        setattr(line, name, value)


def change_faults(session: Session, line: DemandLine, values: Mapping[str, Any]) -> list[Fault]:
    """Return what a change of a line contradicts: itself, the line's status, or the line's contract.

    Raises
    ------
    Conflict
        If it asks for more, or for other days, of a contract that isn't in force.
    """
    after = {name: values.get(name, getattr(line, name)) for name in ("deliver_from", "deliver_until", "quantity_kg", *LEAST)}
    faults = bad_window(after["deliver_from"], after["deliver_until"])
    faults += [fault(f"{name},quantity_kg", after[name], f"at most {after['quantity_kg']} kg") for name in LEAST
               if after[name] > after["quantity_kg"] and (name in values or "quantity_kg" in values)]  # fmt: skip
    if line.status in (LineStatus.CANCELLED, LineStatus.FILLED):
        faults.append(fault("status", line.status, "a line that is open"))
    found = contracts.contract_of(session, line)
    return faults if found is None else faults + contracts.line_faults(found[0], line, values)


def cancel_line(session: Session, scope: Scope, uid: str, by: str, version: int | None = None, promised_kg: int = 0) -> DemandLine:
    """Take a line back. What is promised to it already stays promised, and is cancelled by itself through the ledger.

    Parameters
    ----------
    promised_kg : what is promised to it; the rest of what was called off a contract can be called off again.
    """
    line = find(session, scope, DemandLine, uid, lock=True)
    check_version(line, version)
    found = contracts.contract_of(session, line)
    if found is not None and line.status is not LineStatus.CANCELLED:
        contracts.resize_call(*found, promised_kg, by)
        line.quantity_kg = promised_kg
        found[1].status = AgreementStatus.CANCELLED
    line.status, line.updated_by = LineStatus.CANCELLED, by
    session.flush()
    return line


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


def set_slots(session: Session, scope: Scope, site_uid: str, slots: Sequence[SlotIn], valid_from: date) -> list[ReceivingSlot]:
    """State the hours in which a site receives from a day on."""
    site = find(session, scope, Site, site_uid)
    rows = [ReceivingSlot(**slot.model_dump(), site_id=site.id, valid_from=valid_from) for slot in slots]
    session.add_all(rows)
    session.flush()
    return rows
