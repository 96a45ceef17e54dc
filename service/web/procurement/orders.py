"""A buyer's orders: placed in one form, copied from last week's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from starlette.responses import Response

import buyers.intake
from buyers import repository
from buyers.intake import LineIn, OrderIn, Requirement
from buyers.models import DemandLine, LineStatus, Order
from catalog import repository as catalogue
from catalog.errors import Fault, Invalid
from catalog.models import Certificate, Grade, Organisation, Product, Side, Site, SiteKind
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.planning.models import LineBalance
from service.web.context import PageContext, PageRequest
from service.web.forms import Form, Reader, fields
from service.web.labels import kind
from service.web.lists import part
from service.web.pages import Pages
from service.web.price_check import ask_about_bid, product_number
from service.web.registers.calendar import ask_about_closed_days

pages = Pages("orders")
ROWS, MORE_ROWS, MOST_ROWS = 5, 5, 1000
OR = "|"
"""Between the codes of products of which a line takes any."""
WEEK = timedelta(days=7)
MOST_GOODS = 4
"""How many products are named of an order that isn't in the form."""


@dataclass(frozen=True)
class Rest:
    """Lines that a copied order leaves out, for they go to another door or insist on other things; `like` is one, `goods` names some."""

    like: str
    door: str
    count: int
    goods: str


@dataclass(frozen=True)
class Draft:
    """What an order's form begins with: one door, days, and rows of product, grade, kilograms and price."""

    site: str = ""
    deliver_from: str = ""
    deliver_until: str = ""
    requires: tuple[str, ...] = ()
    min_life_days: str = ""
    max_suppliers: str = ""
    min_supplier_kg: str = ""
    min_fill_kg: str = ""
    rows: list[dict[str, str]] = field(default_factory=list)
    others: tuple[Rest, ...] = ()


@pages.get("/orders", may=Permission.DEMAND_READ)
def show_orders(visit: PageRequest) -> Response:
    """Show orders, the latest first."""
    rows, following = part(visit, visible(Order, visit.scope), (Order.created_at, Order.id), descending=True)
    query = select(
        DemandLine.order_id,
        func.count(),
        func.sum(DemandLine.quantity_kg),
        func.min(DemandLine.deliver_from),
        func.max(DemandLine.deliver_until),
        func.sum(LineBalance.promised_kg),
    )
    query = query.join(LineBalance, LineBalance.line_id == DemandLine.id).where(DemandLine.order_id.in_([row.id for row in rows]))
    sums = {number: rest for number, *rest in visit.session.execute(query.group_by(DemandLine.order_id))}
    return visit.show("procurement/orders.html", rows=rows, sums=sums, following=following, kind=kind)


@pages.get("/orders/new", may=Permission.DEMAND_WRITE)
def show_new(visit: PageRequest) -> Response:
    """Show the form of a new order."""
    return _form(visit)


@pages.get("/orders/last-week", may=Permission.DEMAND_WRITE)
def copy_last_week(visit: PageRequest, like: str = "") -> Response:
    """Show the form filled in with the lines of the last week in which something was asked for, a week later."""
    latest = visit.session.scalar(visible(DemandLine, visit.scope).with_only_columns(func.max(DemandLine.deliver_from)))
    if latest is None:
        return visit.go("/orders/new", visit.say("There is no earlier order to copy."), "info")
    wanted = repository.lines(visit.scope, first=latest - WEEK + timedelta(days=1)).where(DemandLine.status != LineStatus.CANCELLED)
    lines = list(visit.session.scalars(wanted.order_by(DemandLine.deliver_from, DemandLine.id).limit(MOST_ROWS)))
    return _form(visit, _draft(visit, lines, like))


@pages.get("/orders/{uid}/copy", may=Permission.DEMAND_WRITE)
def copy(visit: PageRequest, uid: str, like: str = "") -> Response:
    """Show the form filled in as an earlier order was, a week later."""
    order = find(visit.session, visit.scope, Order, uid)
    lines = visit.session.scalars(
        repository.lines(visit.scope).where(DemandLine.order_id == order.id).order_by(DemandLine.id).limit(MOST_ROWS)
    )
    return _form(visit, _draft(visit, list(lines), like))


def _draft(visit: PageContext, lines: list[DemandLine], like: str) -> Draft | None:
    """Return the form of an order like some lines, a week later or from today on; None if they name nothing.

    A form has one door and one set of rules: those lines are copied that have the door and rules of the first one, or of the one that
    is called `like`.
    """
    named = [line for line in lines if line.products]
    if not named:
        return None
    first = next((line for line in named if line.uid == like), named[0])
    groups: dict[tuple[Any, ...], list[DemandLine]] = {}
    for line in named:
        groups.setdefault(_terms(line), []).append(line)
    mine = groups.pop(_terms(first))
    later = max(WEEK, today(now(visit.session)) - min(line.deliver_from for line in mine))
    products = {one.id: one for one in visit.session.scalars(select(Product).where(Product.id.in_(_entries(named))))}
    rows = [
        {
            "product": OR.join(products[entry.product_id].code for entry in line.products),
            "grade": str(line.max_grade),
            "kg": visit.formats.number(line.quantity_kg),
            "bid": visit.formats.number(line.bid_vnd_per_kg),
            "from": (line.deliver_from + later).isoformat(),
            "until": (line.deliver_until + later).isoformat(),
        }
        for line in mine
    ]
    return Draft(
        first.site.uid,
        rows[0]["from"],
        rows[0]["until"],
        tuple(f"{need.min_level}:{need.scheme}" for need in first.requirements),
        str(first.min_life_days or ""),
        str(first.max_suppliers or ""),
        visit.formats.number(first.min_supplier_kg) if first.min_supplier_kg else "",
        visit.formats.number(first.min_fill_kg) if first.min_fill_kg else "",
        rows,
        tuple(_rest(rest, products) for rest in groups.values()),
    )


def _rest(lines: list[DemandLine], products: dict[int, Product]) -> Rest:
    """Return lines that another order is for, with the names of their first products."""
    goods = list(dict.fromkeys(products[line.products[0].product_id].name for line in lines))
    named = ", ".join(goods[:MOST_GOODS]) + (" …" if len(goods) > MOST_GOODS else "")
    return Rest(lines[0].uid, lines[0].site.name, len(lines), named)


def _terms(line: DemandLine) -> tuple[Any, ...]:
    """Return what all lines of an order's form share: the door and what is insisted on."""
    needs = tuple(sorted((need.scheme, need.min_level) for need in line.requirements))
    return (line.site_id, needs, line.min_life_days, line.max_suppliers, line.min_supplier_kg, line.min_fill_kg)


def _entries(lines: list[DemandLine]) -> set[int]:
    return {entry.product_id for line in lines for entry in line.products}


def _form(visit: PageContext, draft: Draft | None = None) -> Response:
    day = today(now(visit.session))
    draft = draft or Draft(deliver_from=(day + timedelta(days=1)).isoformat(), deliver_until=(day + timedelta(days=2)).isoformat())
    sent = len(visit.form.every("product")) if visit.form.pairs else 0
    n_rows = sent + (MORE_ROWS if visit.form.get("_again") == "more" else 0) or max(ROWS, len(draft.rows))
    products = visit.session.scalars(catalogue.products(visit.scope).order_by(Product.sort_key, Product.id)).all()
    ladder = select(Grade.rank, Grade.name).where(Grade.product_id.in_([one.id for one in products])).order_by(Grade.rank)
    rungs: dict[int, str] = dict(reversed(visit.session.execute(ladder).all()))
    doors = visit.session.scalars(catalogue.sites(visit.scope).where(Site.kind == SiteKind.BUYER).order_by(Site.sort_key, Site.id)).all()
    schemes = visit.session.scalars(
        select(Certificate.scheme).where(Certificate.association_id == visit.scope.association_id).distinct().order_by(Certificate.scheme)
    )
    needs = dict.fromkeys([*(f"0:{scheme}" for scheme in schemes), *draft.requires, *visit.form.all("requires")])
    return visit.show(
        "procurement/order_new.html",
        draft=draft,
        n_rows=min(n_rows, MOST_ROWS),
        row=lambda n: _row(visit, draft, n),
        needs=[(need, _need(visit, need)) for need in needs],
        products=[(one.code, one.name) for one in products],
        names={one.code: one.name for one in products},
        grades=sorted(rungs.items()),
        doors=[(one.uid, _door(visit, one)) for one in doors],
    )


def _need(visit: PageContext, need: str) -> str:
    """Return a certificate that is insisted on, in words; it is written ``level:scheme``."""
    level, _, scheme = need.partition(":")
    return scheme if level == "0" else f"{scheme} · {visit.say('level %(level)s', level=level)}"


def _door(visit: PageContext, door: Site) -> str:
    """Return a door's name and the hours in which it receives."""
    opens, closes = visit.formats.clock(door.open_from_min), visit.formats.clock(door.open_until_min % 1440)
    whole = door.open_from_min == 0 and door.open_until_min == 1440
    return door.name if whole else f"{door.name} ({opens}–{'24:00' if door.open_until_min == 1440 else closes})"


def _row(visit: PageContext, draft: Draft, number: int) -> dict[str, str]:
    """Return what stands in a row of the form: what was sent, else what the draft says."""
    names = ("product", "grade", "kg", "bid", "from", "until")
    if visit.form.pairs:
        return {name: (visit.form.every(name) + [""] * (number + 1))[number] for name in names}
    return draft.rows[number] if number < len(draft.rows) else dict.fromkeys(names, "")


@pages.post("/orders/new", may=Permission.DEMAND_WRITE, body_limit=4 << 20, form=_form)
def place(visit: PageRequest) -> Response:
    """Place an order, all of its lines or none of it."""
    read = Reader(visit.form)
    site, requires = read.text("site", needed=True) or "", read.many("requires")
    shared = fields(**{name: read.whole(name) for name in ("min_life_days", "max_suppliers", "min_supplier_kg", "min_fill_kg")})
    first, last = read.day("deliver_from"), read.day("deliver_until")
    lines, places = [], []
    for number in range(len(visit.form.every("product"))):
        given = _row(visit, Draft(), number)
        if given["product"] or given["kg"] or given["bid"]:
            lines.append(_line(read, number, given, first, last))
            places.append(number)
    if not lines:
        read.wrong("product-0", "", "a value")
    read.done()
    for number, line in zip(places, lines, strict=True):
        ask_about_bid(visit, f"bid-{number}", line["bid_vnd_per_kg"], product_number(visit, line["products"][0]))
        ask_about_closed_days(visit, f"from-{number}", site, line["deliver_from"], line["deliver_until"])
    needs = tuple(_requirement(need) for need in requires)
    asked = tuple(LineIn(site=site, requires=needs, **shared, **line) for line in lines)
    given_order = OrderIn(buyer=_buyer(visit, site), note=read.text("note") or "", lines=asked)
    order = _placed(visit, given_order, places)
    visit.did("order.place", order)
    return visit.go("/demand", visit.say_many("The order is placed: %(num)s line.", "The order is placed: %(num)s lines.", len(lines)))


def _requirement(need: str) -> Requirement:
    level, _, scheme = need.partition(":")
    return Requirement(scheme=scheme, min_level=int(level) if level.isdecimal() and len(level) < 5 else 0)


def _placed(visit: PageContext, given: OrderIn, places: list[int]) -> Order:
    """Place an order; the faults of its lines are told by the rows of the form."""
    try:
        return buyers.intake.place_order(visit.session, visit.scope, given, visit.by)
    except Invalid as invalid:
        rows = [Fault(0, _named(one, places), one.value, one.expected) for one in invalid.faults]
        raise Invalid(rows) from None


def _named(fault: Fault, places: list[int]) -> str:
    """Return the field of the form that a fault of a line is about."""
    known = {"quantity_kg": "kg", "bid_vnd_per_kg": "bid", "max_grade": "grade", "products": "product", "deliver_from": "from"}
    field_ = known.get(fault.field.partition(",")[0])
    return f"{field_}-{places[max(0, fault.row - 2)]}" if field_ else fault.field.partition(",")[0]


def _line(read: Reader, number: int, given: dict[str, str], first: date | None, last: date | None) -> dict[str, Any]:
    """Return a line of the form; its faults carry the number of its row."""
    row = Reader(Form(tuple(given.items()), language=read.language))
    starts, ends = row.day("from") or first, row.day("until") or last
    found = {
        "products": tuple((row.text("product", needed=True) or "").split(OR)),
        "max_grade": row.whole("grade", needed=True),
        "quantity_kg": row.whole("kg", needed=True),
        "bid_vnd_per_kg": row.whole("bid", needed=True),
        "deliver_from": starts,
        "deliver_until": ends,
    }
    for one in row.faults:
        read.wrong(f"{one.field}-{number}", one.value, one.expected)
    for name, day in (("deliver_from", starts), ("deliver_until", ends)):
        if day is None:
            read.wrong(name, "", "a value")
    return found


def _buyer(visit: PageContext, site: str) -> str:
    """Return the buyer of a door; its own organisation for a procurement account."""
    if visit.scope.organisation_id is not None:
        return visit.session.get_one(Organisation, visit.scope.organisation_id).uid
    owner = (
        select(Organisation.uid)
        .join(Site, Site.organisation_id == Organisation.id)
        .where(Site.uid == site, Organisation.side == Side.DEMAND)
    )
    return visit.session.scalar(owner) or ""
