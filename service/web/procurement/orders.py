"""A buyer's orders, placed in one form; `copied_orders` places earlier ones again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from starlette.responses import Response

import buyers.intake
from buyers import standing
from buyers.intake import LineIn, OrderIn, Requirement
from buyers.models import DemandLine, Order, StandingOrder
from catalog import repository as catalogue
from catalog.errors import Fault, Invalid
from catalog.models import Certificate, Organisation, Product, Side, Site, SiteKind
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.http.context import Uid, before
from service.planning.models import LineBalance
from service.web.context import PageContext, PageRequest
from service.web.forms import Form, Reader, fields
from service.web.labels import kind
from service.web.ladders import rungs
from service.web.lists import part
from service.web.pages import Pages
from service.web.price_check import ask_about_bid, ask_about_days, product_number
from service.web.registers.calendar import ask_about_closed_days

pages = Pages("orders")
ROWS, MORE_ROWS, MOST_ROWS = 5, 5, 1000
USUAL_STANDING = timedelta(weeks=8)
OR = "|"
"""Between the codes of products of which a line takes any."""


@pages.get("/orders", may=Permission.DEMAND_READ)
def show_orders(visit: PageRequest) -> Response:
    """Show orders, the latest first."""
    return show_list(visit)


def show_list(visit: PageContext) -> Response:
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
    again = visit.session.scalars(standing.active().where(StandingOrder.order_id.in_([row.id for row in rows])))
    return visit.show(
        "procurement/orders.html",
        rows=rows,
        sums=sums,
        following=following,
        kind=kind,
        repeated={row.order_id: row for row in again},
        writes=visit.principal.may(Permission.DEMAND_WRITE),
        until=(today(now(visit.session)) + USUAL_STANDING).isoformat(),
    )


def _orders_again(visit: PageContext) -> Response:
    return show_list(visit)


@pages.post("/orders/{uid}/repeat", may=Permission.DEMAND_WRITE, form=_orders_again)
def repeat(visit: PageRequest, uid: Uid) -> Response:
    """Let an order's lines be asked for again every week until a day."""
    find(visit.session, visit.scope, Order, uid)
    read = Reader(visit.form)
    until = read.day("until", needed=True)
    read.done()
    assert until is not None
    day = today(now(visit.session))
    row = standing.start(visit.session, visit.scope, uid, until, visit.by, day)
    visit.did("order.repeat", row)
    for order in standing.place_weeks(visit.session, row, day):
        visit.did("order.place", order)
    return visit.go("/orders", visit.say("This order is placed again every week until %(day)s.", day=visit.formats.day(until)))


@pages.post("/standing-orders/{uid}/stop", may=Permission.DEMAND_WRITE, form=_orders_again)
def stop_repeating(visit: PageRequest, uid: Uid) -> Response:
    """End a standing order; lines that stand already stay."""
    was = before(find(visit.session, visit.scope, StandingOrder, uid, lock=True))
    row = standing.stop(visit.session, visit.scope, uid, visit.by, Reader(visit.form).whole("version"))
    visit.did("order.stop_repeating", row, was)
    return visit.go("/orders", visit.say("This order isn't repeated any more. Lines that are ordered already stay."), "info")


@pages.get("/orders/new", may=Permission.DEMAND_WRITE)
def show_new(visit: PageRequest) -> Response:
    """Show the form of a new order."""
    return _form(visit)


def _form(visit: PageContext) -> Response:
    day = today(now(visit.session))
    sent = len(visit.form.every("product")) if visit.form.pairs else 0
    n_rows = sent + (MORE_ROWS if visit.form.get("_again") == "more" else 0) or ROWS
    products = visit.session.scalars(catalogue.products(visit.scope).order_by(Product.sort_key, Product.id)).all()
    doors = visit.session.scalars(catalogue.sites(visit.scope).where(Site.kind == SiteKind.BUYER).order_by(Site.sort_key, Site.id)).all()
    schemes = visit.session.scalars(
        select(Certificate.scheme).where(Certificate.association_id == visit.scope.association_id).distinct().order_by(Certificate.scheme)
    )
    needs = dict.fromkeys([*(f"0:{scheme}" for scheme in schemes), *visit.form.all("requires")])
    return visit.show(
        "procurement/order_new.html",
        first=(day + timedelta(days=1)).isoformat(),
        last=(day + timedelta(days=2)).isoformat(),
        n_rows=min(n_rows, MOST_ROWS),
        row=lambda n: _row(visit, n),
        needs=[(need, _need(visit, need)) for need in needs],
        products=[(one.code, one.name) for one in products],
        grades=rungs(visit, [one.id for one in products]),
        doors=[(one.uid, _door(visit, one)) for one in doors],
    )


def _need(visit: PageContext, need: str) -> str:
    """Return a certificate that is insisted on, in words; it is written ``level:scheme``."""
    level, _, scheme = need.partition(":")
    return visit.scheme(scheme) if level == "0" else f"{visit.scheme(scheme)} · {visit.say('level %(level)s', level=level)}"


def _door(visit: PageContext, door: Site) -> str:
    """Return a door's name and the hours in which it receives."""
    opens, closes = visit.formats.clock(door.open_from_min), visit.formats.clock(door.open_until_min % 1440)
    whole = door.open_from_min == 0 and door.open_until_min == 1440
    return door.name if whole else f"{door.name} ({opens}–{'24:00' if door.open_until_min == 1440 else closes})"


def _row(visit: PageContext, number: int) -> dict[str, str]:
    """Return what was sent in a row of the form."""
    return {name: (visit.form.every(name) + [""] * (number + 1))[number] for name in ("product", "grade", "kg", "bid", "from", "until")}


@pages.post("/orders/new", may=Permission.DEMAND_WRITE, body_limit=4 << 20, form=_form)
def place(visit: PageRequest) -> Response:
    """Place an order, all of its lines or none of it."""
    read = Reader(visit.form)
    site, requires = read.text("site", needed=True) or "", read.many("requires")
    shared = fields(**{name: read.whole(name) for name in ("min_life_days", "max_suppliers", "min_supplier_kg", "min_fill_kg")})
    first, last = read.day("deliver_from"), read.day("deliver_until")
    lines, places = [], []
    for number in range(len(visit.form.every("product"))):
        given = _row(visit, number)
        if given["product"] or given["kg"] or given["bid"]:
            lines.append(_line(read, number, given, first, last))
            places.append(number)
    if not lines:
        read.wrong("product-0", "", "a value")
    read.done()
    for number, line in zip(places, lines, strict=True):
        ask_about_days(visit, "deliver_until", line["deliver_until"])
        ask_about_bid(visit, f"bid-{number}", line["bid_vnd_per_kg"], product_number(visit, line["products"][0]))
        ask_about_closed_days(visit, f"from-{number}", site, line["deliver_from"], line["deliver_until"])
    needs = tuple(_requirement(need) for need in requires)
    asked = tuple(LineIn(site=site, requires=needs, **shared, **line) for line in lines)
    given_order = OrderIn(buyer=_buyer(visit, site), note=read.text("note") or "", lines=asked, confirmed=True)
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
