"""Earlier orders placed again: a week's lines, or those of one order, on one sheet of all receiving sites with days that can be changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import func, select
from starlette.responses import Response

import buyers.intake
from buyers import repository
from buyers.intake import LineIn, OrderIn, Requirement
from buyers.models import DemandLine, LineStatus, Order
from buyers.standing import monday_of
from catalog import repository as catalogue
from catalog.errors import Fault, Invalid
from catalog.models import Grade, Organisation, Product, Site, SiteKind
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.http.context import Uid
from service.web.context import PageContext, PageRequest
from service.web.forms import Form, Reader
from service.web.pages import Pages
from service.web.price_check import ask_about_bid, ask_about_days
from service.web.registers.calendar import ask_about_closed_days

pages = Pages("copied orders")
WEEK = timedelta(days=7)
MOST_WEEKS, MOST_TARGETS, MOST_ROWS = 8, 5, 1000
KEPT = ("min_life_days", "min_fill_kg", "max_suppliers", "min_supplier_kg", "short_vnd_per_kg", "note")
"""What a copied line keeps unseen."""


@dataclass(frozen=True)
class CopiedRow:
    """A line on the sheet, as its inputs show it.

    Attributes
    ----------
    line : the line that it is copied from.
    goods, grade, terms : what it is for, and what is insisted on, in words.
    site, kg, bid, first, last : what stands in its inputs.
    """

    line: DemandLine
    goods: str
    grade: str
    terms: str
    site: str
    kg: str
    bid: str
    first: str
    last: str


def source_week(mondays: Sequence[date], day: date) -> date:
    """Return the week that is copied unless another is chosen: the latest one with lines that has begun, else the earliest."""
    return max((one for one in mondays if one <= day), default=min(mondays))


def target_week(source: date, first: date, day: date) -> date:
    """Return the week into which a week is copied unless another is chosen: the first one none of whose lines has passed."""
    weeks = max(1, -((first - day).days // 7)) if first < day else 1
    return source + weeks * WEEK


def _lines(visit: PageContext) -> Any:
    """Return the query of lines that buyers ordered by themselves; call-offs belong to their contracts."""
    query = repository.lines(visit.scope).where(DemandLine.status != LineStatus.CANCELLED, DemandLine.call_off_id.is_(None))
    return query.order_by(DemandLine.deliver_from, DemandLine.site_id, DemandLine.id)


def _weeks(visit: PageContext) -> list[date]:
    """Return the Mondays of weeks in which something was asked for, the latest first."""
    mine = visible(DemandLine, visit.scope).where(DemandLine.status != LineStatus.CANCELLED, DemandLine.call_off_id.is_(None))
    days = visit.session.scalars(mine.with_only_columns(DemandLine.deliver_from).distinct())
    return sorted({monday_of(day) for day in days}, reverse=True)


@pages.get("/orders/last-week", may=Permission.DEMAND_WRITE)
def copy_last_week(visit: PageRequest) -> Response:
    """Show a week's lines as they may be ordered for another week."""
    mondays, day, asked = _weeks(visit), today(now(visit.session)), dict(parse_qsl(visit.query))
    if not mondays:
        return visit.go("/orders/new", visit.say("There is no earlier order to copy."), "info")
    source = next((one for one in mondays if one.isoformat() == asked.get("week")), source_week(mondays, day))
    in_week = _lines(visit).where(DemandLine.deliver_from.between(source, source + WEEK - timedelta(days=1)))
    lines = list(visit.session.scalars(in_week.limit(MOST_ROWS)))
    target = target_week(source, lines[0].deliver_from, day)
    targets = [target + n * WEEK for n in range(MOST_TARGETS)]
    target = next((one for one in targets if one.isoformat() == asked.get("to")), target)
    there = visible(DemandLine, visit.scope).where(
        DemandLine.deliver_from.between(target, target + WEEK - timedelta(days=1)), DemandLine.status != LineStatus.CANCELLED
    )
    return _sheet(
        visit,
        lines,
        target - source,
        f"{source}-{target}",
        weeks=[(one.isoformat(), visit.formats.days(one, one + timedelta(days=6))) for one in mondays[:MOST_WEEKS]],
        targets=[(one.isoformat(), visit.formats.days(one, one + timedelta(days=6))) for one in targets],
        source=source.isoformat(),
        target=target.isoformat(),
        there=visit.session.scalar(select(func.count()).select_from(there.subquery())) or 0,
    )


@pages.get("/orders/{uid}/copy", may=Permission.DEMAND_WRITE)
def copy(visit: PageRequest, uid: Uid) -> Response:
    """Show an order's lines as they may be ordered again."""
    order, day = find(visit.session, visit.scope, Order, uid), today(now(visit.session))
    lines = list(visit.session.scalars(_lines(visit).where(DemandLine.order_id == order.id).limit(MOST_ROWS)))
    if not lines:
        return visit.go("/orders/new", visit.say("There is no earlier order to copy."), "info")
    first = lines[0].deliver_from
    return _sheet(visit, lines, target_week(monday_of(first), first, day) - monday_of(first), f"{uid}-{day}")


def _sheet(visit: PageContext, lines: Sequence[DemandLine], later: timedelta, key: str, **more: Any) -> Response:
    """Show lines on one sheet, so many days later."""
    products = {entry.product_id for line in lines for entry in line.products}
    names = {row.id: row.name for row in visit.session.scalars(select(Product).where(Product.id.in_(products)))}
    ladder = select(Grade.product_id, Grade.rank, Grade.name).where(Grade.product_id.in_(products))
    grades = {(number, rank): name for number, rank, name in visit.session.execute(ladder)}
    sites = visit.session.scalars(catalogue.sites(visit.scope).where(Site.kind == SiteKind.BUYER).order_by(Site.sort_key, Site.id)).all()
    rows = [_row(visit, line, n, later, names, grades) for n, line in enumerate(lines)]
    told = {"weeks": [], "targets": [], "source": "", "target": "", "there": 0, **more}
    return visit.show(
        "procurement/order_copy.html", rows=rows, key=visit.form.get("key") or key, sites=[(one.uid, one.name) for one in sites], **told
    )


def _row(
    visit: PageContext, line: DemandLine, n: int, later: timedelta, names: dict[int, str], grades: dict[tuple[int, int], str]
) -> CopiedRow:
    formats = visit.formats
    shown = {
        "site": line.site.uid, "kg": formats.number(line.quantity_kg), "bid": formats.number(line.bid_vnd_per_kg),
        "from": (line.deliver_from + later).isoformat(), "until": (line.deliver_until + later).isoformat(),
    }  # fmt: skip
    if visit.form.pairs:
        shown = {name: visit.form.every(name)[n] for name in shown}
    goods = [names[entry.product_id] for entry in line.products]
    grade = grades.get((line.products[0].product_id, line.max_grade), str(line.max_grade)) if line.products else ""
    told = (", ".join(goods), grade, "; ".join(_terms(visit, line)))
    return CopiedRow(line, *told, *(shown[name] for name in ("site", "kg", "bid", "from", "until")))


def _terms(visit: PageContext, line: DemandLine) -> list[str]:
    """Return what a line insists on, in words."""
    said = [f"{visit.scheme(need.scheme)}{f' {need.min_level}' if need.min_level else ''}" for need in line.requirements]
    if line.max_suppliers:
        said.append(visit.say_many("at most %(num)s supplier", "at most %(num)s suppliers", line.max_suppliers))
    if line.min_supplier_kg:
        said.append(visit.say("from each supplier at least %(kg)s", kg=visit.formats.kg(line.min_supplier_kg)))
    if line.min_fill_kg:
        said.append(visit.say("all or nothing below %(kg)s", kg=visit.formats.kg(line.min_fill_kg)))
    return said


def _copied(visit: PageContext) -> list[DemandLine]:
    """Return the lines that the sent sheet was copied from, in its order.

    Raises
    ------
    Invalid
        If the sheet isn't whole, or one of them is gone.
    """
    uids = visit.form.every("like")
    whole = all(len(visit.form.every(name)) == len(uids) for name in ("site", "kg", "bid", "from", "until"))
    found = {line.uid: line for line in visit.session.scalars(_lines(visit).where(DemandLine.uid.in_(uids)))}
    if not uids or not whole or any(uid not in found for uid in uids):
        raise Invalid([Fault(0, "kg-0", "", "a line of this sheet that can still be copied")])
    return [found[uid] for uid in uids]


def _again(visit: PageContext) -> Response:
    return _sheet(visit, _copied(visit), WEEK, "")


@pages.post("/orders/copies", may=Permission.DEMAND_WRITE, body_limit=4 << 20, form=_again)
def place(visit: PageRequest) -> Response:
    """Place the lines of a sheet, all of them or none; rows without a mass are left out."""
    read = Reader(visit.form)
    wanted: dict[int, list[tuple[int, LineIn]]] = {}
    for n, line in enumerate(_copied(visit)):
        if visit.form.every("kg")[n].strip():
            wanted.setdefault(line.organisation_id, []).append((n, _line(visit, read, n, line)))
    if not wanted:
        read.wrong("kg-0", "", "a value")
    read.done()
    count = 0
    for buyer, lines in wanted.items():
        for n, one in lines:
            _ask(visit, n, one)
        _place(visit, visit.session.get_one(Organisation, buyer).uid, lines)
        count += len(lines)
    return visit.go("/demand", visit.say_many("The order is placed: %(num)s line.", "The order is placed: %(num)s lines.", count))


def _line(visit: PageContext, read: Reader, n: int, line: DemandLine) -> LineIn:
    """Return a row's line; its faults carry the number of the row."""
    given = {name: visit.form.every(name)[n] for name in ("site", "kg", "bid", "from", "until")}
    row = Reader(Form(tuple(given.items()), language=read.language))
    kg, bid = row.whole("kg", needed=True), row.whole("bid", needed=True)
    first, last = row.day("from", needed=True), row.day("until", needed=True)
    for one in row.faults:
        read.wrong(f"{one.field}-{n}", one.value, one.expected)
    wanted = [entry.product_id for entry in line.products]
    codes = {one.id: one.code for one in visit.session.scalars(select(Product).where(Product.id.in_(wanted)))}
    needs = tuple(Requirement(scheme=need.scheme, min_level=need.min_level) for need in line.requirements)
    return LineIn(
        site=given["site"], products=tuple(codes[number] for number in wanted), max_grade=line.max_grade, requires=needs,
        quantity_kg=kg or 1, bid_vnd_per_kg=bid or 0, deliver_from=first or date.max, deliver_until=last or date.max,
        **{name: getattr(line, name) for name in KEPT if getattr(line, name) is not None},
    )  # fmt: skip


def _ask(visit: PageContext, n: int, line: LineIn) -> None:
    """Ask about a price or days that look mistyped."""
    ask_about_days(visit, f"from-{n}", line.deliver_until)
    ask_about_closed_days(visit, f"from-{n}", line.site, line.deliver_from, line.deliver_until)
    number = select(Product.id).where(Product.association_id == visit.scope.association_id, Product.code == line.products[0])
    ask_about_bid(visit, f"bid-{n}", line.bid_vnd_per_kg, visit.session.scalar(number))


def _place(visit: PageContext, buyer: str, lines: Sequence[tuple[int, LineIn]]) -> None:
    """Place an order of one buyer; the faults of its lines are told by the rows of the sheet."""
    known = {"quantity_kg": "kg", "bid_vnd_per_kg": "bid", "deliver_from": "from", "deliver_until": "until", "site": "site"}
    try:
        order = buyers.intake.place_order(
            visit.session,
            visit.scope,
            OrderIn(buyer=buyer, lines=tuple(line for _, line in lines), confirmed="confirmed" in visit.form),
            visit.by,
        )
    except Invalid as invalid:
        told = []
        for one in invalid.faults:
            name = known.get(one.field.partition(",")[0], "kg")
            told.append(Fault(0, f"{name}-{lines[max(0, one.row - 2)][0]}", one.value, one.expected))
        raise Invalid(told) from None
    visit.did("order.place", order)
