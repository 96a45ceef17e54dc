"""Standing orders: an order's lines, asked for again every week until a day.

Lines of a week are placed when the week before it begins, so that planning sees them in time and the buyer can still change them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from buyers.intake import LineIn, OrderIn, Requirement, place_order
from buyers.models import DemandLine, LineStatus, Order, StandingOrder
from catalog.base import now_utc
from catalog.errors import Conflict, DomainError, Invalid, fault
from catalog.models import Organisation, Product, Site
from catalog.tenancy import Scope, check_version, find

WEEK = timedelta(days=7)
LONGEST = timedelta(days=366)


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def start(session: Session, scope: Scope, order_uid: str, until: date, by: str, today: date) -> StandingOrder:
    """Let an order be placed again every week until a day.

    Raises
    ------
    Invalid
        If the day has passed or is more than a year ahead, or the order has no line that can be repeated.
    Conflict
        If the order is repeated already.
    """
    order = find(session, scope, Order, order_uid, lock=True)
    lines = _lines(session, order.id)
    if not lines:
        raise Invalid([fault("until", until, "an order with lines of its own")])
    if not today < until <= today + LONGEST:
        raise Invalid([fault("until", until, "a day within a year from tomorrow on")])
    if session.scalars(active().where(StandingOrder.order_id == order.id)).first() is not None:
        raise Conflict("this order is repeated every week already")
    row = StandingOrder(
        association_id=order.association_id, organisation_id=order.organisation_id, order_id=order.id, until=until,
        placed_through=monday_of(lines[-1].deliver_from), updated_by=by,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def stop(session: Session, scope: Scope, uid: str, by: str, version: int | None) -> StandingOrder:
    """End a standing order; lines that stand already stay.

    Raises
    ------
    Conflict
        If it has ended.
    """
    row = find(session, scope, StandingOrder, uid, lock=True)
    check_version(row, version)
    if row.ended_at is not None:
        raise Conflict("this standing order has ended")
    row.ended_at, row.updated_by = now_utc(), by
    session.flush()
    return row


def active() -> Select[StandingOrder]:
    """Return the query of the standing orders that haven't been ended."""
    return select(StandingOrder).where(StandingOrder.ended_at.is_(None))


def place_due(session: Session, today: date) -> list[Order]:
    """Place the lines of every standing order up to the next week; return the orders that came of it."""
    placed: list[Order] = []
    for row in session.scalars(active().where(StandingOrder.until >= today).order_by(StandingOrder.id).with_for_update()):
        placed += place_weeks(session, row, today)
    return placed


def place_weeks(session: Session, row: StandingOrder, today: date) -> list[Order]:
    """Place the lines of one standing order up to the next week; a week that can't be ordered is noted and passed over."""
    lines = _lines(session, row.order_id)
    if not lines:
        return []
    base, last = monday_of(lines[0].deliver_from), monday_of(today) + WEEK
    placed: list[Order] = []
    week = max(row.placed_through, monday_of(today) - WEEK) + WEEK
    while week <= last:
        wanted = [line for line in lines if today < line.deliver_from + (week - base) <= row.until]
        if wanted:
            try:
                with session.begin_nested():
                    placed.append(_place(session, row, wanted, week - base))
                row.problem = ""
            except DomainError as error:
                row.problem = f"{week}: {error}"[:500]
        row.placed_through, week = week, week + WEEK
    session.flush()
    return placed


def _lines(session: Session, order_id: int) -> Sequence[DemandLine]:
    """Return the lines of an order that weren't cancelled, the earliest first."""
    query = select(DemandLine).where(DemandLine.order_id == order_id, DemandLine.status != LineStatus.CANCELLED)
    both = selectinload(DemandLine.products), selectinload(DemandLine.requirements)
    return session.scalars(query.options(*both).order_by(DemandLine.deliver_from, DemandLine.id)).all()


def _place(session: Session, row: StandingOrder, lines: Sequence[DemandLine], later: timedelta) -> Order:
    """Place lines so many days later, for the buyer and in the name of the one who last changed the standing order."""
    codes = {
        one.id: one.code
        for one in session.scalars(select(Product).where(Product.id.in_({e.product_id for x in lines for e in x.products})))
    }
    sites = {one.id: one.uid for one in session.scalars(select(Site).where(Site.id.in_({line.site_id for line in lines})))}
    given = tuple(
        LineIn(
            site=sites[line.site_id], products=tuple(codes[entry.product_id] for entry in line.products), max_grade=line.max_grade,
            requires=tuple(Requirement(scheme=need.scheme, min_level=need.min_level) for need in line.requirements),
            quantity_kg=line.quantity_kg, deliver_from=line.deliver_from + later, deliver_until=line.deliver_until + later,
            min_life_days=line.min_life_days or 0, bid_vnd_per_kg=line.bid_vnd_per_kg, min_fill_kg=line.min_fill_kg,
            max_suppliers=line.max_suppliers, min_supplier_kg=line.min_supplier_kg, short_vnd_per_kg=line.short_vnd_per_kg, note=line.note,
        )
        for line in lines
    )  # fmt: skip
    scope = Scope(row.association_id, row.organisation_id)
    buyer = session.get_one(Organisation, row.organisation_id).uid
    return place_order(session, scope, OrderIn(buyer=buyer, lines=given, confirmed=True), row.updated_by)
