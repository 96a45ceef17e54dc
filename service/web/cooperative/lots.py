"""A cooperative's lots: as cards, listed in one short form, amended and withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from starlette.responses import Response

from catalog import intake, repository
from catalog.base import new_uid
from catalog.intake import LotChange, LotIn
from catalog.models import Certificate, Grade, Lot, LotStatus, Organisation, Product, Site, SiteKind, Unit
from catalog.tenancy import check_version, find, visible
from matching.model.plan import LOT
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.http.context import before
from service.planning import market_changes, retyping
from service.planning.ledger import transitions
from service.planning.models import LotBalance, ProposalItem
from service.web import near_misses, reasons
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader, fields
from service.web.labels import kind
from service.web.ladders import rungs
from service.web.lists import part
from service.web.pages import Pages
from service.web.price_check import ask_about_days
from service.web.registers.calendar import ask_about_closed_days

pages = Pages("lots")
OPEN, CLOSED = (LotStatus.DECLARED, LotStatus.RESERVED), (LotStatus.SHIPPED, LotStatus.WITHDRAWN, LotStatus.EXPIRED)
USUAL_UNIT, USUAL_DAYS = Unit.TA, 3
MORE_GRADES = 3
"""Further grades of one harvest that the form takes."""
RECENT = 200
"""Lots among which the latest of each product and grade is looked for."""


@pages.get("/lots", may=Permission.LOTS_READ)
def show_lots(visit: PageRequest, show: str = "open") -> Response:
    """Show one's lots as cards: what is on offer, or what is closed."""
    closed = show == "closed"
    query = repository.lots(visit.scope, status=CLOSED if closed else OPEN)
    lots, following = part(visit, query, (Lot.created_at, Lot.id), rows=24, descending=True)
    numbers = [lot.id for lot in lots]
    return visit.show(
        "cooperative/lots.html",
        lots=lots,
        following=following,
        closed=closed,
        balances=balances(visit, numbers),
        grades=grades(visit, lots),
        whys={} if closed else reasons.of_lots(visit, numbers),
        kind=kind,
    )


def balances(visit: PageContext, numbers: Sequence[int]) -> dict[int, LotBalance]:
    """Return what stands where of each lot."""
    return {row.lot_id: row for row in visit.session.scalars(select(LotBalance).where(LotBalance.lot_id.in_(numbers)))}


def grades(visit: PageContext, lots: Sequence[Any]) -> dict[tuple[int, int], str]:
    """Return the names of the grades that lots are of, by product and rung."""
    query = select(Grade).where(Grade.product_id.in_({lot.product_id for lot in lots}))
    return {(row.product_id, row.rank): row.name for row in visit.session.scalars(query)}


@pages.get("/lots/new", may=Permission.LOTS_WRITE)
def show_new(visit: PageRequest) -> Response:
    """Show the form of a new lot, filled in as the last one was."""
    return _new(visit)


def _new(visit: PageContext) -> Response:
    session, scope = visit.session, visit.scope
    last = session.scalars(visible(Lot, scope).order_by(Lot.created_at.desc(), Lot.id.desc()).limit(1)).first()
    products = list(session.scalars(repository.products(scope).order_by(Product.sort_key, Product.id)))
    doors = _doors(visit)
    first = today(now(session))
    return visit.show(
        "cooperative/lot_new.html",
        products=[(one.code, _named(one, visit)) for one in products],
        doors=[(one.uid, one.name) for one in doors],
        grades=rungs(visit, [one.id for one in products]),
        units=_units(visit),
        last=last,
        usual=_usual(visit),
        papers=_papers(visit, first),
        last_product=next((one.code for one in products if last and one.id == last.product_id), ""),
        first=first.isoformat(),
        until=(first + (last.available_until - last.available_from if last else timedelta(days=USUAL_DAYS))).isoformat(),
        unit=(last.stated_unit if last and last.stated_unit else USUAL_UNIT).value,
        usual_unit=USUAL_UNIT.value,
        more_grades=range(2, 2 + MORE_GRADES),
    )


def _usual(visit: PageContext) -> list[Lot]:
    """Return the latest lot of each product and grade, whose price and shelf life a new one of the same takes over."""
    recent = visible(Lot, visit.scope).order_by(Lot.id.desc()).limit(RECENT).options(joinedload(Lot.product))
    latest: dict[tuple[int, int], Lot] = {}
    for lot in visit.session.scalars(recent):
        latest.setdefault((lot.product_id, lot.grade), lot)
    return list(latest.values())


def _usual_life(visit: PageContext, product: str, grade: int) -> int | None:
    """Return how long the latest lot of a product and grade keeps, in days."""
    return next((lot.shelf_life_days for lot in _usual(visit) if (lot.product.code, lot.grade) == (product, grade)), None)


def _doors(visit: PageContext) -> list[Site]:
    """Return the sites of one's own from which lots are picked up."""
    mine = repository.sites(visit.scope).where(Site.organisation_id.is_not(None), Site.kind == SiteKind.COOPERATIVE)
    return list(visit.session.scalars(mine.order_by(Site.sort_key, Site.id).limit(200)))


def _named(product: Product, visit: PageContext) -> str:
    return product.name_en if visit.language == "en" and product.name_en else product.name


def _units(visit: PageContext) -> list[tuple[str, str]]:
    return [(unit.value, visit.word(unit)) for unit in Unit]


def _papers(visit: PageContext, day: date) -> list[tuple[Certificate, str]]:
    """Return the certificates on file that are valid on a day, each with the name of its product."""
    held = visible(Certificate, visit.scope).where(Certificate.valid_until >= day, Certificate.withdrawn_on.is_(None))
    rows = visit.session.scalars(held.order_by(Certificate.scheme, Certificate.id).limit(50)).all()
    names = {row.id: row.name for row in visit.session.scalars(repository.products(visit.scope))}
    return [(row, names.get(row.product_id or 0, "")) for row in rows]


@pages.post("/lots/new", may=Permission.LOTS_WRITE, form=_new)
def declare(visit: PageRequest) -> Response:
    """Put a lot on offer."""
    read = Reader(visit.form)
    given = fields(
        site=read.text("site", needed=True),
        product=read.text("product", needed=True),
        grade=read.whole("grade", needed=True),
        amount=read.amount("amount", needed=True),
        unit=read.text("unit", needed=True),
        available_from=read.day("available_from", needed=True),
        available_until=read.day("available_until", needed=True),
        ask_vnd_per_kg=read.whole("ask_vnd_per_kg", needed=True),
        min_take_kg=read.whole("min_take_kg"),
        shelf_life_days=read.whole("shelf_life_days"),
        note=read.text("note"),
        confirmed=read.flag("confirmed"),
    )
    others = _other_grades(read)
    read.done()
    owner = select(Organisation.uid).join(Site, Site.organisation_id == Organisation.id).where(Site.uid == given["site"])
    given |= {"organisation": visit.session.scalar(owner) or "", "indivisible": read.flag("indivisible")}
    ask_about_days(visit, "available_until", given["available_until"])
    if "shelf_life_days" not in given and (days := _usual_life(visit, given["product"], given["grade"])):
        given["shelf_life_days"] = days
    ask_about_closed_days(visit, "available_until", given["site"], given["available_from"], given["available_until"])
    if others:
        given["harvest"] = new_uid()
    lots = intake.declare_lots(visit.session, visit.scope, [LotIn(**given), *(LotIn(**given | other) for other in others)], visit.by)
    for lot in lots:
        visit.did("lot.declare", lot)
    if others:
        return visit.go("/lots", visit.say("%(num)s lots of one harvest are on offer.", num=len(lots)))
    return visit.go(f"/lots/{lots[0].uid}", visit.say("The lot is on offer."))


def _other_grades(read: Reader) -> list[dict[str, Any]]:
    """Return what differs of further lots of the same harvest: their grades, amounts and floor prices."""
    found = []
    for n in range(2, 2 + MORE_GRADES):
        names = (f"grade_{n}", f"amount_{n}", f"ask_vnd_per_kg_{n}")
        if not any(read.text(name) for name in names[1:]):
            continue
        grade, amount, ask = read.whole(names[0], needed=True), read.amount(names[1], needed=True), read.whole(names[2], needed=True)
        found.append({"grade": grade, "amount": amount, "ask_vnd_per_kg": ask})
    return found


@pages.get("/lots/{uid}", may=Permission.LOTS_READ)
def show_lot(visit: PageRequest, look: bool = False) -> Response:
    """Show a lot: what stands where of it, why it is open, and what can be changed; if asked to, look for what would match it."""
    return _lot(visit, look=look)


def _lot(visit: PageContext, *, look: bool = False) -> Response:
    number = find(visit.session, visit.scope, Lot, visit.params["uid"]).id
    lot = visit.session.scalars(repository.lots(visit.scope).where(Lot.id == number)).one()
    return visit.show(
        "cooperative/lot.html",
        lot=lot,
        balance=balances(visit, [lot.id])[lot.id],
        grade=grades(visit, [lot]).get((lot.product_id, lot.grade), ""),
        why=reasons.of_lots(visit, [lot.id]).get(lot.id),
        figures=near_misses.of_lot(visit, lot.code) if lot.status in OPEN else None,
        remedy=near_misses.remedy(visit, LOT, lot.code, visit.session.get_one(Organisation, lot.supplier_id).code)
        if look and lot.status in OPEN
        else None,
        kind=kind,
        together=_together(visit, lot),
        open=lot.status in OPEN,
        **_other_kinds(visit, lot),
        may_write=visit.principal.may(Permission.LOTS_WRITE),
    )


def _other_kinds(visit: PageContext, lot: Lot) -> dict[str, Any]:
    """Return the products and grades that a lot may be of instead, none once something of it is proposed."""
    fixed = lot.status is not LotStatus.DECLARED or retyping.is_proposed(visit.session, ProposalItem.lot_id, lot.id)
    products = [] if fixed else list(visit.session.scalars(repository.products(visit.scope).order_by(Product.sort_key, Product.id)))
    held = next((one.code for one in products if one.id == lot.product_id), "")
    return {
        "products": [(one.code, _named(one, visit)) for one in products],
        "rungs": rungs(visit, [one.id for one in products]),
        "product": held,
    }


def _together(visit: PageContext, lot: Lot) -> list[Lot]:
    """Return the other lots of a lot's harvest."""
    if lot.harvest is None:
        return []
    query = repository.lots(visit.scope).where(Lot.harvest == lot.harvest, Lot.id != lot.id)
    return list(visit.session.scalars(query.order_by(Lot.grade, Lot.id).limit(20)))


@pages.post("/lots/{uid}/amend", may=Permission.LOTS_WRITE, form=_lot)
def amend(visit: PageRequest, uid: str) -> Response:
    """Change a lot's quantity, days or price."""
    lot = market_changes.find_lot(visit.session, visit.scope, uid)
    read = Reader(visit.form)
    given = fields(
        quantity_kg=read.whole("quantity_kg"),
        available_from=read.day("available_from"),
        available_until=read.day("available_until"),
        ask_vnd_per_kg=read.whole("ask_vnd_per_kg"),
        reason=read.text("reason", most=1000),
    )
    version = read.whole("version", needed=True)
    read.done()
    changed = {name: value for name, value in given.items() if name == "reason" or value != getattr(lot, name)}
    was = before(lot)
    kind_of = (visit.form.get("product"), visit.form.get("grade"))
    if kind_of[0] and kind_of[1].isdecimal() and kind_of != (visit.session.get_one(Product, lot.product_id).code, str(lot.grade)):
        retyped = retyping.retype_lot(visit.session, visit.scope, uid, kind_of[0], int(kind_of[1]), visit.act("other goods"), version)
        version = retyped.version
    lot = market_changes.revise_lot(
        visit.session, visit.scope, uid, LotChange(**changed, confirmed=read.flag("confirmed")), visit.act("the lot was changed"), version
    )
    visit.did("lot.revise", lot, was, given.get("reason", ""))
    return visit.go(f"/lots/{uid}", visit.say("The change is saved."))


@pages.post("/lots/{uid}/withdraw", may=Permission.LOTS_WRITE, form=_lot)
def withdraw(visit: PageRequest, uid: str) -> Response:
    """Take a lot off the market; what is promised of it stays promised."""
    lot = market_changes.find_lot(visit.session, visit.scope, uid)
    read = Reader(visit.form)
    reason, version = read.text("why", needed=True, most=1000), read.whole("version", needed=True)
    read.done()
    check_version(lot, version)
    was = before(lot)
    transitions.withdraw(visit.session, lot.id, visit.act(reason or ""))
    visit.session.refresh(lot)
    visit.did("lot.withdraw", lot, was, reason or "")
    return visit.go("/lots", visit.say("The lot is withdrawn. What was promised of it stays promised."), "info")
