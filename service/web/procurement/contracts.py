"""Contracts of both sides: signed, changed by agreement, called for delivery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from starlette.responses import Response

from buyers import contracts
from buyers.contracts import CallOffIn, ContractIn, ContractTerms
from buyers.models import AgreementStatus, CallOff, Contract, ContractChange, DemandLine
from catalog import names
from catalog import repository as catalogue
from catalog.models import Grade, Organisation, Product, Side, Site, SiteKind
from catalog.tenancy import Scope, find, visible
from service.auth.permissions import Permission
from service.db import now
from service.http.context import before
from service.models import Role
from service.planning.states import Channel
from service.planning.terms.models import Terms
from service.web.actors import actor_names
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader, fields
from service.web.labels import kind, options
from service.web.lists import part
from service.web.pages import Pages
from service.web.texts import mark

pages = Pages("contracts")


TABS: dict[str, str] = {
    "": mark("All"), "draft": mark("Waits for signatures"), "active": mark("In force"), "closed": mark("Ended"),
    "cancelled": mark("Cancelled"),
}  # fmt: skip
SIDES = {Side.SUPPLY: mark("For the supplier"), Side.DEMAND: mark("For the buyer")}
MOST_PARTIES = 1000


@pages.get("/contracts", may=Permission.CONTRACTS_READ)
def show_contracts(visit: PageRequest, status: str = "") -> Response:
    """Show contracts with what is left of each, or those of one status."""
    status = status if status in TABS else ""
    query = visible(Contract, visit.scope)
    query = query.where(Contract.status == AgreementStatus(status)) if status else query
    rows, following = part(visit, query, (Contract.created_at, Contract.id), descending=True)
    tabs = [(f"/contracts?status={one}" if one else "/contracts", visit.say(words), one == status) for one, words in TABS.items()]
    return visit.show(
        "procurement/contracts.html", rows=rows, following=following, names=_names(visit, rows), kind=kind, tabs=tabs,
        buys=visit.scope.organisation_id is not None and visit.has_role(Role.PROCUREMENT),
        mine={row.uid for row in rows if set(contracts.waits_for(visit.session, row)) & set(_sides(visit, row))},
        writes=visit.principal.may(Permission.CONTRACTS_WRITE),
    )  # fmt: skip


def _names(visit: PageContext, rows: list[Contract]) -> dict[str, dict[int, str]]:
    products = select(Product.id, Product.name).where(Product.id.in_({row.product_id for row in rows}))
    parties = select(Organisation.id, Organisation.name).where(
        Organisation.id.in_({row.supplier_id for row in rows if row.supplier_id} | {row.organisation_id for row in rows})
    )
    return {"products": dict(visit.session.execute(products).all()), "parties": dict(visit.session.execute(parties).all())}


@pages.get("/contracts/new", may=Permission.CONTRACTS_WRITE)
def show_new(visit: PageRequest) -> Response:
    """Show the form of a new contract."""
    return _form(visit)


def _form(visit: PageContext) -> Response:
    products = visit.session.scalars(visible(Product, visit.scope).order_by(Product.sort_key, Product.id).limit(MOST_PARTIES)).all()
    return visit.show(
        "procurement/contract_new.html", products=[(one.code, one.name) for one in products], grades=_grades(visit, products),
        buyers=_buyers(visit), suppliers=_known_suppliers(visit), whole=visit.scope.organisation_id is None,
    )  # fmt: skip


def _grades(visit: PageContext, products: Sequence[Product]) -> list[tuple[int, str]]:
    query = select(Grade.rank).where(Grade.product_id.in_([one.id for one in products])).order_by(Grade.rank).distinct()
    ranks = visit.session.scalars(query).all() or [1, 2, 3]
    return [(rank, str(rank)) for rank in ranks]


def _buyers(visit: PageContext) -> list[tuple[str, str]]:
    """Return the buyers that the visitor may write a contract for."""
    query = catalogue.organisations(visit.scope, side=Side.DEMAND).order_by(Organisation.sort_key, Organisation.id).limit(MOST_PARTIES)
    return [(one.uid, one.name) for one in visit.session.scalars(query)]


def _known_suppliers(visit: PageContext) -> list[str]:
    """Return the names of suppliers: all of them to the association's people, to a buyer those that it has traded with."""
    query = catalogue.organisations(Scope(visit.scope.association_id), side=Side.SUPPLY)
    if visit.scope.organisation_id is not None:
        traded = select(Terms.supplier_id).where(Terms.buyer_id == visit.scope.organisation_id)
        agreed = select(Contract.supplier_id).where(Contract.organisation_id == visit.scope.organisation_id)
        query = query.where(or_(Organisation.id.in_(traded), Organisation.id.in_(agreed.where(Contract.supplier_id.is_not(None)))))
    query = query.order_by(Organisation.sort_key, Organisation.id).limit(MOST_PARTIES)
    return [one.name for one in visit.session.scalars(query)]


def _supplier(visit: PageContext, read: Reader) -> str | None:
    """Return the uid of the supplier that the form names whole, by name or code; nobody finds one here by a part of its name."""
    written = read.text("supplier", most=200)
    if written is None:
        return None
    query = catalogue.organisations(Scope(visit.scope.association_id), side=Side.SUPPLY)
    named = or_(Organisation.search_key == names.search_key(written), Organisation.code == written)
    found = visit.session.scalars(query.where(named).limit(2)).all()
    if len(found) != 1:
        read.wrong(
            "supplier", written, "the name of one cooperative or group, whole" if not found else "one of several of this name: its code"
        )
        return None
    return str(found[0].uid)


@pages.post("/contracts/new", may=Permission.CONTRACTS_WRITE, form=_form)
def write_contract(visit: PageRequest) -> Response:
    """Write a contract; it is in force once both sides have signed, and a buyer that writes it signs by that."""
    read = Reader(visit.form)
    buyer = read.text("buyer", needed=True)
    product, price = read.text("product", needed=True), read.whole("price_vnd_per_kg", needed=True)
    given = fields(
        buyer=buyer, supplier=_supplier(visit, read), code=read.text("code", most=100), product=product,
        max_grade=read.whole("max_grade", needed=True), quantity_kg=read.whole("quantity_kg", needed=True), price_vnd_per_kg=price,
        short_vnd_per_kg=read.whole("short_vnd_per_kg"), payment_days=read.whole("payment_days"),
        valid_from=read.day("valid_from", needed=True), valid_until=read.day("valid_until", needed=True), note=read.text("note"),
    )  # fmt: skip
    confirmed = read.flag("confirmed")
    read.done()
    row = contracts.draft_contract(visit.session, visit.scope, ContractIn(**given, confirmed=confirmed), visit.by, now(visit.session))
    visit.did("contract.draft", row)
    said = visit.say("Written and signed by you. It is in force once the other side has signed.")
    if visit.scope.organisation_id is None:
        said = visit.say("Written. It is in force once both sides have signed.")
    return visit.go(f"/contracts/{row.uid}", said)


@pages.get("/contracts/{uid}", may=Permission.CONTRACTS_READ)
def show_contract(visit: PageRequest) -> Response:
    """Show a contract, what was called from it, and the form to call more."""
    return _contract(visit)


def _contract(visit: PageContext) -> Response:
    row = find(visit.session, visit.scope, Contract, visit.params["uid"])
    query = select(CallOff, Site.name, DemandLine.uid).join(Site, Site.id == CallOff.site_id)
    query = query.outerjoin(DemandLine, DemandLine.call_off_id == CallOff.id).where(CallOff.contract_id == row.id)
    calls = visit.session.execute(query.order_by(CallOff.id.desc()).limit(100)).all()
    doors = catalogue.sites(visit.scope).where(Site.kind == SiteKind.BUYER).order_by(Site.sort_key, Site.id)
    left, pending = row.quantity_kg - row.called_kg, contracts.open_change(visit.session, row)
    waiting, own = contracts.waits_for(visit.session, row), _sides(visit, row)
    past = contracts.past_changes(visit.session, row)
    actors = {row.buyer_signed_by or "", row.supplier_signed_by or "", *(one.asked_by for one in past)}
    association = visit.scope.organisation_id is None
    return visit.show(
        "procurement/contract.html", row=row, names=_names(visit, [row]), calls=calls, left=left, kind=kind,
        doors=[(one.uid, one.name) for one in visit.session.scalars(doors)], pending=pending, past=past, terms_of=_asked_terms,
        actors=actor_names(visit, actors) if association else {}, whole=association,
        signs=visit.principal.may(Permission.CONTRACTS_SIGN), waits=[(side.value, visit.say(SIDES[side])) for side in waiting],
        mine=[(side.value, visit.say(SIDES[side])) for side in waiting if side in own],
        own=[(side.value, visit.say(SIDES[side])) for side in own], channels=_channels(visit) if association else [],
        may=visit.principal.may(Permission.CONTRACTS_WRITE) and left > 0 and row.status is AgreementStatus.ACTIVE,
    )  # fmt: skip


def _channels(visit: PageContext) -> list[tuple[str, str]]:
    return options(Channel, visit, frozenset({Channel.SYSTEM.value}))


def _asked_terms(change: ContractChange) -> dict[str, Any]:
    """Return the terms that a change asks for, days as days."""
    return {name: date.fromisoformat(str(value)) if name == "valid_until" else value for name, value in change.terms.items()}


def _sides(visit: PageContext, row: Contract) -> list[Side]:
    """Return the sides that the visitor may speak for."""
    if not visit.principal.may(Permission.CONTRACTS_SIGN):
        return []
    return list(SIDES) if visit.scope.organisation_id is None else [contracts.side_of(row, visit.scope, None)]


@pages.post("/contracts/{uid}/sign", may=Permission.CONTRACTS_SIGN, form=_contract)
def sign(visit: PageRequest, uid: str) -> Response:
    """Sign a contract, or agree to the terms that the other side asks for."""
    row, side, version, note = _answered(visit, uid)
    was = before(row)
    row = contracts.sign(visit.session, visit.scope, uid, visit.by, now(visit.session), version, side)
    visit.did("contract.sign", row, was, note)
    return visit.go(f"/contracts/{uid}", visit.say("Signed."))


@pages.post("/contracts/{uid}/decline", may=Permission.CONTRACTS_SIGN, form=_contract)
def decline(visit: PageRequest, uid: str) -> Response:
    """Decline the terms that the other side asks for, or a contract that isn't signed by both."""
    row, side, version, note = _answered(visit, uid)
    was = before(row)
    row = contracts.decline(visit.session, visit.scope, uid, visit.by, now(visit.session), version, side, note)
    visit.did("contract.decline", row, was, note)
    return visit.go(f"/contracts/{uid}", visit.say("Declined."), "info")


@pages.post("/contracts/{uid}/change", may=Permission.CONTRACTS_SIGN, form=_contract)
def change(visit: PageRequest, uid: str) -> Response:
    """Ask the other side to agree to other terms."""
    row, side, version, note = _answered(visit, uid)
    read = Reader(visit.form)
    given = fields(
        quantity_kg=read.whole("new_kg"), price_vnd_per_kg=read.whole("new_price"), valid_until=read.day("new_until"),
        short_vnd_per_kg=read.whole("new_short"), payment_days=read.whole("new_payment_days"),
        closed=(row.status is AgreementStatus.ACTIVE) if read.flag("turn") else None,
    )  # fmt: skip
    if not given:
        read.wrong("new_kg", "", "a value")
    read.done()
    was, terms = before(row), ContractTerms(**given, confirmed=read.flag("confirmed"))
    row = contracts.change_contract(visit.session, visit.scope, uid, terms, visit.by, now(visit.session), version, side, note)
    visit.did("contract.change", row, was, note)
    return visit.go(f"/contracts/{uid}", visit.say("The other side is asked to agree."))


def _answered(visit: PageContext, uid: str) -> tuple[Contract, Side | None, int | None, str]:
    """Return the contract, for whom the visitor speaks, the version that he saw, and his note."""
    row = find(visit.session, visit.scope, Contract, uid, lock=True)
    read = Reader(visit.form)
    side, version, note = read.text("side"), read.whole("version", needed=True), read.text("note", most=900) or ""
    channel = read.text("channel", needed=visit.scope.organisation_id is None)
    if channel is not None and channel not in set(Channel) - {Channel.SYSTEM}:
        read.wrong("channel", channel, "a value")
    read.done()
    if channel is not None:
        # The trail and the other side read how the side that is spoken for was asked.
        note = f"{visit.word(Channel(channel))}: {note}" if note else visit.word(Channel(channel))
    return row, None if side not in set(Side) else Side(side), version, note


@pages.post("/contracts/{uid}/call", may=Permission.CONTRACTS_WRITE, form=_contract)
def call(visit: PageRequest, uid: str) -> Response:
    """Call a part of a contract for delivery."""
    contract = find(visit.session, visit.scope, Contract, uid, lock=True)
    read = Reader(visit.form)
    site, kg = read.text("site", needed=True), read.whole("quantity_kg", needed=True)
    first, last = read.day("deliver_from", needed=True), read.day("deliver_until", needed=True)
    read.done()
    was = before(contract)
    given = CallOffIn.model_validate({"site": site, "quantity_kg": kg, "deliver_from": first, "deliver_until": last})
    line = contracts.call_off(visit.session, visit.scope, uid, given, visit.by)
    visit.did("contract.call_off", find(visit.session, visit.scope, Contract, uid), was)
    return visit.go(f"/lines/{line.uid}", visit.say("It is called for delivery."))
