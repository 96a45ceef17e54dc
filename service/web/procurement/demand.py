"""A buyer's demand: its lines as a grid, each with its rules in plain words and why it is short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from starlette.responses import Response

from buyers import repository
from buyers.intake import LineChange
from buyers.models import DemandLine, LineProduct, LineRequirement, LineStatus
from catalog import repository as catalogue
from catalog.models import Product, Site, SiteKind
from catalog.tenancy import find, visible
from matching.model.plan import LINE
from service.auth.permissions import Permission
from service.http.context import before
from service.planning import market_changes, retyping
from service.planning.models import LineBalance, ProposalItem
from service.web import near_misses, reasons
from service.web.context import PageContext, PageRequest
from service.web.formats import day_of_text
from service.web.forms import Reader, fields
from service.web.labels import kind
from service.web.ladders import rungs
from service.web.lists import part
from service.web.pages import Pages
from service.web.texts import mark

pages = Pages("demand")
OPEN = (LineStatus.OPEN, LineStatus.PROPOSED, LineStatus.CONFIRMED)
CLOSED = (LineStatus.FILLED, LineStatus.CANCELLED)
ROWS = 50


ORDERS: dict[str, tuple[str, Any, bool]] = {
    "day": (mark("soonest first"), DemandLine.deliver_from, False),
    "kg": (mark("largest first"), DemandLine.quantity_kg, True),
    "price": (mark("dearest first"), DemandLine.bid_vnd_per_kg, True),
}
"""How the grid may be sorted: in words, by which column, and whether the most comes first."""


@dataclass(frozen=True)
class Narrowed:
    """What the grid is narrowed to: a product's code, a door's uid, a day of delivery, what is short; and how it is sorted."""

    product: str
    door: str
    day: str
    short: bool
    sort: str


@pages.get("/demand", may=Permission.DEMAND_READ)
def show_demand(
    visit: PageRequest, show: str = "open", product: str = "", door: str = "", day: str = "", short: bool = False, sort: str = "day"
) -> Response:
    """Show demand lines as a grid, narrowed and sorted as is asked."""
    asked = Narrowed(product[:100], door[:100], day[:20], short, sort if sort in ORDERS else "day")
    query = _narrowed(visit, asked, CLOSED if show == "closed" else OPEN)
    _, column, descending = ORDERS[asked.sort]
    rows, following = part(visit, query, (column, DemandLine.id), rows=ROWS, descending=descending)
    numbers = [row.id for row in rows]
    return visit.show(
        "procurement/demand.html",
        rows=rows,
        following=following,
        closed=show == "closed",
        asked=asked,
        narrowed=bool(product or door or day or short),
        sums=_sums(visit, query),
        products=_products(visit),
        doors=_doors(visit),
        orders=[(name, visit.say(words)) for name, (words, *_) in ORDERS.items()],
        names=names(visit, rows),
        kind=kind,
        promised=promised(visit, numbers),
        whys=reasons.of_lines(visit, numbers),
    )


def _narrowed(visit: PageContext, asked: Narrowed, status: Sequence[LineStatus]) -> Select[Any]:
    day = _day(asked.day)
    query = repository.lines(visit.scope, status=status, product_code=asked.product, first=day, last=day)
    if asked.door:
        query = query.where(DemandLine.site_id.in_(select(Site.id).where(Site.uid == asked.door)))
    if asked.short:
        full = select(LineBalance.line_id).where(LineBalance.line_id == DemandLine.id, LineBalance.promised_kg >= DemandLine.quantity_kg)
        query = query.where(~full.exists())
    return query


def _day(text: str) -> date | None:
    try:
        return day_of_text(text) if text else None
    except ValueError:
        return None


def _sums(visit: PageContext, query: Select[Any]) -> tuple[int, int]:
    """Return how many lines there are in all parts of the list, and their kilograms."""
    mine = select(DemandLine.id).where(DemandLine.id.in_(query.with_only_columns(DemandLine.id)))
    count, kg = visit.session.execute(mine.with_only_columns(func.count(), func.sum(DemandLine.quantity_kg))).one()
    return count, int(kg or 0)


def _products(visit: PageContext) -> list[tuple[str, str]]:
    """Return the products that one's lines accept, by code and name."""
    mine = select(LineProduct.product_id).where(LineProduct.line_id.in_(visible(DemandLine, visit.scope).with_only_columns(DemandLine.id)))
    query = select(Product.code, Product.name).where(Product.id.in_(mine)).order_by(Product.sort_key, Product.id)
    return [(code, name) for code, name in visit.session.execute(query)]


def _doors(visit: PageContext) -> list[tuple[str, str]]:
    mine = catalogue.sites(visit.scope).where(Site.kind == SiteKind.BUYER).order_by(Site.sort_key, Site.id)
    return [(one.uid, one.name) for one in visit.session.scalars(mine.limit(500))]


def names(visit: PageContext, rows: Sequence[DemandLine]) -> dict[int, str]:
    """Return the names of the products that lines accept, by number."""
    wanted = {entry.product_id for row in rows for entry in row.products}
    return {one.id: one.name for one in visit.session.scalars(select(Product).where(Product.id.in_(wanted)))}


def promised(visit: PageContext, numbers: Sequence[int]) -> dict[int, int]:
    """Return how many kilograms are promised to each line."""
    query = select(LineBalance.line_id, LineBalance.promised_kg).where(LineBalance.line_id.in_(numbers))
    return dict(visit.session.execute(query).all())


@pages.get("/lines/{uid}", may=Permission.DEMAND_READ)
def show_line(visit: PageRequest, look: bool = False) -> Response:
    """Show a line: what it asks for, what is promised to it, and why it is short; if asked to, look for what would fill it."""
    return _line(visit, look=look)


def _line(visit: PageContext, *, look: bool = False) -> Response:
    number = find(visit.session, visit.scope, DemandLine, visit.params["uid"]).id
    line = visit.session.scalars(repository.lines(visit.scope).where(DemandLine.id == number)).one()
    return visit.show(
        "procurement/line.html",
        line=line,
        names=names(visit, [line]),
        rules=rules(visit, line),
        promised=promised(visit, [line.id]).get(line.id, 0),
        why=reasons.of_lines(visit, [line.id]).get(line.id),
        figures=near_misses.of_line(visit, line.code) if line.status in OPEN else None,
        remedy=near_misses.remedy(visit, LINE, line.code) if look and line.status in OPEN else None,
        kind=kind,
        open=line.status in OPEN,
        may_write=visit.principal.may(Permission.DEMAND_WRITE),
        **_other_goods(visit, line),
    )


def rules(visit: PageContext, line: DemandLine) -> list[str]:
    """Return what a line insists on, one sentence each."""
    say, write = visit.say, visit.formats
    said = [say("Grade %(grade)s or better.", grade=line.max_grade), *(_need(visit, need) for need in line.requirements)]
    life, suppliers = line.min_life_days, line.max_suppliers or 0
    figures = (
        (life, visit.say_many("Keeps at least %(num)s more day on delivery.", "Keeps at least %(num)s more days on delivery.", life)),
        (suppliers, visit.say_many("From %(num)s supplier at most.", "From %(num)s suppliers at most.", suppliers)),
        (line.min_supplier_kg, say("At least %(kg)s from each supplier.", kg=write.kg(line.min_supplier_kg))),
        (line.min_fill_kg, say("Either %(kg)s at least, or nothing.", kg=write.kg(line.min_fill_kg))),
        (line.short_vnd_per_kg, say("What is missing costs %(vnd)s per kg.", vnd=write.vnd(line.short_vnd_per_kg))),
    )
    said += [sentence for figure, sentence in figures if figure]
    door = line.site
    opens, closes = write.clock(door.open_from_min), "24:00" if door.open_until_min == 1440 else write.clock(door.open_until_min)
    said.append(say("Delivered to %(door)s, open from %(opens)s to %(closes)s.", door=door.name, opens=opens, closes=closes))
    return said


def _need(visit: PageContext, need: LineRequirement) -> str:
    if not need.min_level:
        return visit.say("Every kilogram under %(scheme)s.", scheme=visit.scheme(need.scheme))
    return visit.say("Every kilogram under %(scheme)s, level %(level)s or better.", scheme=visit.scheme(need.scheme), level=need.min_level)


def _only_product(visit: PageContext, line: DemandLine) -> str:
    """Return the code of the one product that a line takes; empty where it takes several."""
    query = select(Product.code).join(LineProduct, LineProduct.product_id == Product.id).where(LineProduct.line_id == line.id)
    codes = visit.session.scalars(query.limit(2)).all()
    return codes[0] if len(codes) == 1 else ""


def _other_goods(visit: PageContext, line: DemandLine) -> dict[str, Any]:
    """Return the products and grades that a line may ask for instead, none once something is proposed to it."""
    fixed = line.status is not LineStatus.OPEN or line.call_off_id is not None
    held = "" if fixed or retyping.is_proposed(visit.session, ProposalItem.line_id, line.id) else _only_product(visit, line)
    products = list(visit.session.scalars(catalogue.products(visit.scope).order_by(Product.sort_key, Product.id))) if held else []
    return {
        "other_products": [(one.code, one.name) for one in products],
        "rungs": rungs(visit, [one.id for one in products]),
        "product": held,
    }


@pages.post("/lines/{uid}/amend", may=Permission.DEMAND_WRITE, form=_line)
def amend(visit: PageRequest, uid: str) -> Response:
    """Change a line's quantity, days, price or least amount."""
    line = market_changes.find_line(visit.session, visit.scope, uid)
    read = Reader(visit.form)
    given = fields(
        quantity_kg=read.whole("quantity_kg"),
        deliver_from=read.day("deliver_from"),
        deliver_until=read.day("deliver_until"),
        bid_vnd_per_kg=read.whole("bid_vnd_per_kg"),
        min_fill_kg=(read.whole("min_fill_kg") or 0) if "min_fill_kg" in visit.form else None,
        note=read.text("note"),
    )
    version = read.whole("version", needed=True)
    read.done()
    was = before(line)
    goods = (visit.form.get("product"), visit.form.get("grade"))
    if goods[0] and goods[1].isdecimal() and goods != (_only_product(visit, line), str(line.max_grade)):
        retyped = retyping.retype_line(visit.session, visit.scope, uid, goods[0], int(goods[1]), visit.act("other goods"), version)
        version = retyped.version
    line = market_changes.revise_line(
        visit.session, visit.scope, uid, LineChange(**given, confirmed=read.flag("confirmed")), visit.act("the line was changed"), version
    )
    visit.did("line.revise", line, was)
    return visit.go(f"/lines/{uid}", visit.say("The change is saved."))


@pages.post("/lines/{uid}/cancel", may=Permission.DEMAND_WRITE, form=_line)
def cancel(visit: PageRequest, uid: str) -> Response:
    """Take a line back; what is promised to it already stays promised."""
    line = market_changes.find_line(visit.session, visit.scope, uid)
    read = Reader(visit.form)
    reason, version = read.text("why", needed=True, most=1000), read.whole("version", needed=True)
    read.done()
    was = before(line)
    line = market_changes.cancel_line(visit.session, visit.scope, uid, visit.act(reason or ""), version)
    visit.did("line.cancel", line, was, reason or "")
    return visit.go("/demand", visit.say("The line is cancelled. What was promised to it stays promised."), "info")
