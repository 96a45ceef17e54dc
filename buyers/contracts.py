"""Contracts: written by one side, signed by both, changed by agreement, and called off within their terms.

A contract without a named supplier is with the association, whose people sign for the supply side. Everything that a call-off may be is
ruled by its contract: product, price and grade are the contract's, days lie within its days, and the kilograms of all call-offs are what
the contract says has been called. Functions take a session of `Database.write`; they lock the contract first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buyers.errors import AlreadySigned, ContractExceeded, NothingToSign
from buyers.models import AgreementStatus, CallOff, Contract, ContractChange, DemandLine, LineProduct, LineStatus
from buyers.parts import add, bad_window, code_of, find_buyer, find_door, raise_faults, refuse_taken
from buyers.prices import recent_bids
from catalog.base import MAX_KG
from catalog.errors import Conflict, Fault, Invalid, NotFound, fault
from catalog.given import ONE_LINE, Dong, Given
from catalog.models import MAX_GRADE, Organisation, Product, Side
from catalog.prices import confirm_price
from catalog.tenancy import Scope, check_version, find, find_code

TERMS = ("quantity_kg", "price_vnd_per_kg", "short_vnd_per_kg", "payment_days", "valid_until", "closed")
"""What only both sides together change of a signed contract."""
LOCKED = ("bid_vnd_per_kg", "short_vnd_per_kg", "max_grade")
"""Fields of a demand line that its contract rules."""


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
    confirmed: bool = False


class ContractTerms(Given):
    """What changes of a contract; what isn't named stays. A new price holds for what is called off from then on."""

    quantity_kg: int | None = Field(default=None, ge=1, le=1000 * MAX_KG, strict=True)
    price_vnd_per_kg: int | None = Field(default=None, ge=0, le=10**9, strict=True)
    short_vnd_per_kg: int | None = Field(default=None, ge=0, le=10**9, strict=True)
    payment_days: int | None = Field(default=None, ge=0, le=3650, strict=True)
    valid_until: date | None = None
    note: str | None = Field(default=None, max_length=2000)
    closed: bool | None = Field(default=None, strict=True)
    confirmed: bool = False


class CallOffIn(Given):
    """A new call-off from a contract to a site (uid)."""

    site: str
    code: str | None = Field(default=None, min_length=1, max_length=100, pattern=ONE_LINE)
    quantity_kg: int = Field(ge=1, le=MAX_KG, strict=True)
    deliver_from: date
    deliver_until: date


def draft_contract(session: Session, scope: Scope, given: ContractIn, by: str, at: datetime) -> Contract:
    """Take in a contract that waits for signatures; the one who writes it signs for his own side.

    The association's people sign for the supply side where no supplier is named, and for neither where one is.
    """
    buyer, product = find_buyer(session, scope, given.buyer), find_code(session, scope, Product, given.product)
    supplier = _supplier(session, scope, given.supplier)
    raise_faults(bad_window(given.valid_from, given.valid_until, "valid_from,valid_until"))
    refuse_taken(session, scope, Contract, given.code)
    confirm_price("price_vnd_per_kg", given.price_vnd_per_kg, recent_bids(session, product.id), confirmed=given.confirmed)
    kept = given.model_dump(exclude={"buyer", "supplier", "code", "product", "confirmed"})
    references = {"association_id": scope.association_id, "organisation_id": buyer.id, "product_id": product.id}
    made = Contract(**kept, **references, **code_of(given), supplier_id=supplier and supplier.id, updated_by=by)
    made.status = AgreementStatus.DRAFT
    if scope.organisation_id is not None:
        _put_signature(made, Side.DEMAND, by, at)
    elif supplier is None:
        _put_signature(made, Side.SUPPLY, by, at)
    return add(session, made)


def _supplier(session: Session, scope: Scope, uid: str | None) -> Organisation | None:
    if not uid:
        return None
    found = find(session, Scope(scope.association_id), Organisation, uid)
    if found.side is not Side.SUPPLY:
        raise Invalid([fault("supplier", uid, "the uid of a cooperative or group")])
    return found


def sign(session: Session, scope: Scope, uid: str, by: str, at: datetime, version: int | None = None, side: Side | None = None) -> Contract:
    """Sign a contract for one side, or agree to the change that the other side has asked for.

    Parameters
    ----------
    side : for whom somebody of the association signs; an organisation signs for itself.

    Raises
    ------
    AlreadySigned
        If this side has signed; says who and when.
    NothingToSign
        If the contract waits for nobody.
    """
    contract = find(session, scope, Contract, uid, lock=True)
    check_version(contract, version)
    mine, asked = side_of(contract, scope, side), open_change(session, contract)
    if asked is not None:
        if asked.side is mine:
            raise AlreadySigned("this side has asked for the change; the other side answers", asked.asked_by, asked.asked_at)
        _answer(asked, by, at, agreed=True)
        _apply(session, contract, asked.terms, by)
    elif contract.status is not AgreementStatus.DRAFT:
        raise NothingToSign(f"this contract is {contract.status} and waits for no signature", contract.updated_by, contract.updated_at)
    elif signature(contract, mine) is not None:
        raise AlreadySigned("this side has signed the contract", *signatures(contract)[mine])
    else:
        _put_signature(contract, mine, by, at)
        if all(when is not None for _, when in signatures(contract).values()):
            contract.status = AgreementStatus.ACTIVE
    contract.updated_by = by
    session.flush()
    return contract


def decline(
    session: Session, scope: Scope, uid: str, by: str, at: datetime, version: int | None = None, side: Side | None = None, reason: str = ""
) -> Contract:
    """Decline the change that is asked for, or take back one's own; a contract that isn't signed by both is cancelled.

    The reason is shown to the other side.

    Raises
    ------
    NothingToSign
        If the contract waits for nobody.
    """
    contract = find(session, scope, Contract, uid, lock=True)
    check_version(contract, version)
    side_of(contract, scope, side)
    asked = open_change(session, contract)
    if asked is not None:
        _answer(asked, by, at, agreed=False, note=reason)
    elif contract.status is AgreementStatus.DRAFT:
        contract.status, contract.declined_because = AgreementStatus.CANCELLED, reason
    else:
        raise NothingToSign(f"this contract is {contract.status} and waits for no signature", contract.updated_by, contract.updated_at)
    contract.updated_by = by
    session.flush()
    return contract


def change_contract(
    session: Session, scope: Scope, uid: str, change: ContractTerms, by: str, at: datetime, version: int | None = None,
    side: Side | None = None, reason: str = "",
) -> Contract:  # fmt: skip
    """Change a contract that isn't signed by both, or ask the other side to agree to other terms of one that is.

    Raises
    ------
    Stale
        If it has changed since `version`.
    Invalid
        If it would hold less than what was called off, or end before it starts or before a call-off's last day.
    Conflict
        If another change waits for an answer, or the contract is cancelled.
    """
    contract = find(session, scope, Contract, uid, lock=True)
    check_version(contract, version)
    mine = side_of(contract, scope, side)
    terms = change.model_dump(exclude_none=True, mode="json", exclude={"confirmed"})
    raise_faults(_bad_terms(session, contract, change))
    if change.price_vnd_per_kg not in (None, contract.price_vnd_per_kg):
        recent = recent_bids(session, contract.product_id)
        confirm_price("price_vnd_per_kg", change.price_vnd_per_kg, recent, confirmed=change.confirmed)
    if contract.status is AgreementStatus.CANCELLED:
        raise Conflict("this contract is cancelled", contract.updated_by, contract.updated_at)
    if contract.status is AgreementStatus.DRAFT:
        _apply(session, contract, terms, by)
        for one in signatures(contract):
            _put_signature(contract, one, *((by, at) if one is mine else (None, None)))
    else:
        _ask(session, contract, mine, terms, by, at, reason)
    session.flush()
    return contract


def _ask(session: Session, contract: Contract, side: Side, terms: dict[str, Any], by: str, at: datetime, reason: str) -> None:
    """Ask the other side to agree to other terms; a note is written down at once."""
    contract.note, contract.updated_by = terms.pop("note", contract.note), by
    if not terms:
        return
    before = open_change(session, contract)
    if before is not None:
        raise Conflict("another change of this contract waits for an answer", before.asked_by, before.asked_at)
    # The version rises, so that nobody answers to terms that he hasn't seen.
    contract.changes_asked += 1
    session.add(ContractChange(contract_id=contract.id, terms=terms, side=side, reason=reason, asked_at=at, asked_by=by))


def _apply(session: Session, contract: Contract, terms: dict[str, Any], by: str) -> None:
    values = ContractTerms.model_validate(terms)
    raise_faults(_bad_terms(session, contract, values))
    if values.closed is not None and contract.status is not AgreementStatus.DRAFT:
        contract.status = AgreementStatus.CLOSED if values.closed else AgreementStatus.ACTIVE
    for name, value in values.model_dump(exclude_none=True, exclude={"closed", "confirmed"}).items():
        setattr(contract, name, value)
    contract.updated_by = by


def _bad_terms(session: Session, contract: Contract, change: ContractTerms) -> list[Fault]:
    """Return what contradicts the contract or what has been called off it."""
    until = change.valid_until or contract.valid_until
    faults = bad_window(contract.valid_from, until, "valid_from,valid_until")
    if change.quantity_kg is not None and change.quantity_kg < contract.called_kg:
        faults.append(fault("quantity_kg", change.quantity_kg, f"at least the {contract.called_kg} kg that were called off"))
    last = session.scalar(
        select(func.max(DemandLine.deliver_until)).join(CallOff, CallOff.id == DemandLine.call_off_id)
        .where(CallOff.contract_id == contract.id, DemandLine.status != LineStatus.CANCELLED)
    )  # fmt: skip
    if last is not None and until < last:
        faults.append(fault("valid_until", until, f"{last} or later, for so long something is called off"))
    return faults


def side_of(contract: Contract, scope: Scope, side: Side | None) -> Side:
    """Return the side that somebody speaks for: his own organisation's, or the one that the association's people name."""
    if scope.organisation_id is None:
        if side is None and contract.supplier_id is None:
            return Side.SUPPLY
        if side not in (Side.SUPPLY, Side.DEMAND):
            raise Invalid([fault("side", side or "", "supply or demand: for whom you speak")])
        return side
    own = {scope.organisation_id, *scope.group_ids}
    mine = Side.DEMAND if contract.organisation_id in own else Side.SUPPLY if contract.supplier_id in own else None
    if mine is None or side not in (None, mine):
        raise NotFound("contract", contract.uid)
    return mine


def signatures(contract: Contract) -> dict[Side, tuple[str | None, datetime | None]]:
    """Return who signed for each side, and when."""
    return {
        Side.DEMAND: (contract.buyer_signed_by, contract.buyer_signed_at),
        Side.SUPPLY: (contract.supplier_signed_by, contract.supplier_signed_at),
    }


def signature(contract: Contract, side: Side) -> datetime | None:
    """Return when a side signed."""
    return signatures(contract)[side][1]


def _put_signature(contract: Contract, side: Side, by: str | None, at: datetime | None) -> None:
    if side is Side.DEMAND:
        contract.buyer_signed_by, contract.buyer_signed_at = by, at
    else:
        contract.supplier_signed_by, contract.supplier_signed_at = by, at


def open_change(session: Session, contract: Contract) -> ContractChange | None:
    """Return the change that waits for the other side's answer."""
    query = select(ContractChange).where(ContractChange.contract_id == contract.id, ContractChange.answered_at.is_(None))
    return session.scalars(query).one_or_none()


def past_changes(session: Session, contract: Contract) -> Sequence[ContractChange]:
    """Return the changes of a contract that have been answered, the newest first."""
    query = select(ContractChange).where(ContractChange.contract_id == contract.id, ContractChange.answered_at.is_not(None))
    return session.scalars(query.order_by(ContractChange.id.desc()).limit(100)).all()


def waits_for(session: Session, contract: Contract) -> list[Side]:
    """Return the sides whose signature or answer is missing."""
    asked = open_change(session, contract)
    if asked is not None:
        return [Side.SUPPLY if asked.side is Side.DEMAND else Side.DEMAND]
    if contract.status is not AgreementStatus.DRAFT:
        return []
    return [side for side, (_, when) in signatures(contract).items() if when is None]


def _answer(asked: ContractChange, by: str, at: datetime, *, agreed: bool, note: str = "") -> None:
    asked.answered_by, asked.answered_at, asked.agreed, asked.answer_note = by, at, agreed, note


def call_off(session: Session, scope: Scope, contract_uid: str, given: CallOffIn, by: str) -> DemandLine:
    """Call a part of a contract for delivery, and return the demand line that it becomes.

    Raises
    ------
    ContractExceeded
        If the contract hasn't that much left.
    Conflict
        If it isn't signed by both sides, or is over; says who changed it last and when.
    """
    contract = find(session, scope, Contract, contract_uid, lock=True)
    require_open(contract)
    _take(contract, given.quantity_kg, by)
    buyer = session.get_one(Organisation, contract.organisation_id)
    site = find_door(session, scope, buyer, given.site)
    faults = bad_window(given.deliver_from, given.deliver_until)
    raise_faults(faults + _beyond(contract, given.deliver_from, given.deliver_until))
    kept = given.model_dump(exclude={"site"}, exclude_none=True)
    call = add(session, CallOff(**kept, contract_id=contract.id, site_id=site.id, updated_by=by))
    return _line_of(session, contract, call, by)


def require_open(contract: Contract) -> None:
    """Refuse to call anything, or anything more, off a contract that isn't in force.

    Raises
    ------
    Conflict
        Saying what the contract is, and who made it that.
    """
    if contract.status is AgreementStatus.DRAFT:
        raise Conflict("this contract isn't signed by both sides yet", contract.updated_by, contract.updated_at)
    if contract.status is not AgreementStatus.ACTIVE:
        raise Conflict(f"this contract is {contract.status}", contract.updated_by, contract.updated_at)


def _take(contract: Contract, more_kg: int, by: str) -> None:
    left = contract.quantity_kg - contract.called_kg
    if more_kg > left:
        raise ContractExceeded(contract.code, left)
    contract.called_kg, contract.updated_by = contract.called_kg + more_kg, by


def _beyond(contract: Contract, first: date, last: date) -> list[Fault]:
    """Return a fault where delivery days lie outside the contract's."""
    if contract.valid_from <= first <= last <= contract.valid_until:
        return []
    return [fault("deliver_from,deliver_until", f"{first}..{last}", "days within the contract's")]


def contract_of(session: Session, line: DemandLine) -> tuple[Contract, CallOff] | None:
    """Return the contract that a line was called off, locked, and the call-off; None for a line of an order."""
    if line.call_off_id is None:
        return None
    call = session.get_one(CallOff, line.call_off_id)
    return session.get_one(Contract, call.contract_id, with_for_update={"key_share": True}, populate_existing=True), call


def line_faults(contract: Contract, line: DemandLine, values: Mapping[str, Any]) -> list[Fault]:
    """Return what a change of a line contradicts in its contract.

    Raises
    ------
    Conflict
        If it asks for more, or for other days, of a contract that isn't in force.
    """
    kg, first, last = (values.get(name, getattr(line, name)) for name in ("quantity_kg", "deliver_from", "deliver_until"))
    if kg > line.quantity_kg or (first, last) != (line.deliver_from, line.deliver_until):
        require_open(contract)
    faults = [] if kg >= 1 else [fault("quantity_kg", kg, "1 kg or more; take the line back if nothing of it is wanted")]
    faults += [
        fault(name, values[name], f"{getattr(line, name)}, as the contract {contract.code} says")
        for name in LOCKED
        if values.get(name, getattr(line, name)) != getattr(line, name)
    ]
    return faults + (_beyond(contract, first, last) if first <= last else [])


def resize_call(contract: Contract, call: CallOff, kg: int, by: str) -> None:
    """Let a call-off, and with it what its contract says has been called, be of so many kilograms."""
    _take(contract, kg - call.quantity_kg, by)
    call.quantity_kg, call.updated_by = kg, by


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
    add(session, line)
    add(session, LineProduct(line_id=line.id, position=0, product_id=contract.product_id))
    return line


def wrong_sums(session: Session) -> Sequence[str]:
    """Return one sentence for each contract whose call-offs or lines don't add up to what it says has been called."""
    called = func.coalesce(func.sum(CallOff.quantity_kg), 0)
    wanted = func.coalesce(func.sum(DemandLine.quantity_kg), 0)
    query = select(Contract.code, Contract.called_kg, called, wanted).outerjoin(CallOff, CallOff.contract_id == Contract.id)
    query = query.outerjoin(DemandLine, DemandLine.call_off_id == CallOff.id).group_by(Contract.id)
    query = query.having((Contract.called_kg != called) | (Contract.called_kg != wanted)).order_by(Contract.id)
    rows = session.execute(query)
    return [f"contract {code}: {kg} kg called, its call-offs say {calls}, its lines {lines}" for code, kg, calls, lines in rows]
