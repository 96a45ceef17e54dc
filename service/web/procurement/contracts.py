"""A buyer's contracts: what is left of each, and calls for delivery."""

from __future__ import annotations

from sqlalchemy import select
from starlette.responses import Response

import buyers.intake
from buyers.intake import CallOffIn
from buyers.models import AgreementStatus, CallOff, Contract, DemandLine
from catalog import repository as catalogue
from catalog.models import Organisation, Product, Site, SiteKind
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.http.context import before
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
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
    left = row.quantity_kg - row.called_kg
    return visit.show(
        "procurement/contract.html",
        row=row,
        names=_names(visit, [row]),
        calls=calls,
        left=left,
        kind=kind,
        doors=[(one.uid, one.name) for one in visit.session.scalars(doors)],
        may=visit.principal.may(Permission.CONTRACTS_WRITE) and left > 0 and row.status is AgreementStatus.ACTIVE,
    )


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
    line = buyers.intake.call_off(visit.session, visit.scope, uid, given, visit.by)
    visit.did("contract.call_off", find(visit.session, visit.scope, Contract, uid), was)
    return visit.go(f"/lines/{line.uid}", visit.say("It is called for delivery."))
