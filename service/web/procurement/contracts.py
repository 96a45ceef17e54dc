"""Contracts of both sides: signed, changed by agreement, called for delivery."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from starlette.responses import Response

from buyers import contracts
from buyers.contracts import CallOffIn, ContractTerms
from buyers.models import AgreementStatus, CallOff, Contract, DemandLine
from catalog import repository as catalogue
from catalog.models import Organisation, Product, Side, Site, SiteKind
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.db import now
from service.http.context import before
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader, fields
from service.web.labels import kind
from service.web.lists import part
from service.web.pages import Pages

pages = Pages("contracts")


@pages.get("/contracts", may=Permission.CONTRACTS_READ)
def show_contracts(visit: PageRequest) -> Response:
    """Show contracts with what is left of each."""
    rows, following = part(visit, visible(Contract, visit.scope), (Contract.created_at, Contract.id), descending=True)
    return visit.show("procurement/contracts.html", rows=rows, following=following, names=_names(visit, rows), kind=kind)


def _names(visit: PageContext, rows: list[Contract]) -> dict[str, dict[int, str]]:
    products = select(Product.id, Product.name).where(Product.id.in_({row.product_id for row in rows}))
    parties = select(Organisation.id, Organisation.name).where(Organisation.id.in_({row.supplier_id for row in rows if row.supplier_id}))
    return {"products": dict(visit.session.execute(products).all()), "suppliers": dict(visit.session.execute(parties).all())}


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
    return visit.show(
        "procurement/contract.html",
        row=row,
        names=_names(visit, [row]),
        calls=calls,
        left=left,
        kind=kind,
        doors=[(one.uid, one.name) for one in visit.session.scalars(doors)],
        pending=pending,
        pending_until=None if pending is None else _day(pending.terms.get("valid_until")),
        signs=visit.principal.may(Permission.CONTRACTS_SIGN),
        buyer=visit.session.get_one(Organisation, row.organisation_id).name,
        speaks_for=_speaks_for(visit, row),
        may=visit.principal.may(Permission.CONTRACTS_WRITE) and left > 0 and row.status is AgreementStatus.ACTIVE,
    )


def _day(text: object) -> date | None:
    return date.fromisoformat(str(text)) if text else None


def _speaks_for(visit: PageContext, row: Contract) -> list[tuple[str, str]]:
    """Return the sides that the visitor may speak for, with their names."""
    names = {Side.SUPPLY: visit.say("For the supplier"), Side.DEMAND: visit.say("For the buyer")}
    sides = names if visit.scope.organisation_id is None else [contracts.side_of(row, visit.scope, None)]
    return [(side.value, names[side]) for side in sides]


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
    row = contracts.decline(visit.session, visit.scope, uid, visit.by, now(visit.session), version, side)
    visit.did("contract.decline", row, was, note)
    return visit.go(f"/contracts/{uid}", visit.say("Declined."), "info")


@pages.post("/contracts/{uid}/change", may=Permission.CONTRACTS_SIGN, form=_contract)
def change(visit: PageRequest, uid: str) -> Response:
    """Ask the other side to agree to other terms."""
    row, side, version, note = _answered(visit, uid)
    read = Reader(visit.form)
    given = fields(quantity_kg=read.whole("new_kg"), price_vnd_per_kg=read.whole("new_price"), valid_until=read.day("new_until"))
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
    side, version, note = read.text("side"), read.whole("version", needed=True), read.text("note", most=1000)
    read.done()
    return row, None if side not in set(Side) else Side(side), version, note or ""


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
