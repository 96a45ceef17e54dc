"""What a cooperative makes ready: every confirmed kilogram that is picked up within some days, by the truck that comes for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine
from catalog.models import Association, Lot, Organisation, Product, VehicleClass
from catalog.tenancy import Scope, find, visible
from service.paper.journeys import Place, places_of
from service.paper.sheet import Column, Sheet
from service.paper.words import Words
from service.planning import models as m
from service.planning.states import ProposalState


@dataclass(frozen=True)
class Pick:
    """Goods to be made ready.

    Attributes
    ----------
    trip : number of the plan's trip; None for a truck of its own.
    at_min : when the truck comes, minutes since 1970-01-01T00:00 Vietnamese local time.
    """

    day: date
    site: Place
    trip: int | None
    at_min: int | None
    vehicle_class: str
    product: str
    grade: int
    lot: str
    buyer: str
    kg: int
    confirmed: bool


@dataclass(frozen=True)
class PickList:
    """What one supplier makes ready within some days."""

    house: str
    supplier: str
    first: date
    last: date
    picks: tuple[Pick, ...]


def pick_list(session: Session, scope: Scope, supplier_uid: str, first: date, last: date) -> PickList:
    """Return what a supplier makes ready.

    Parameters
    ----------
    first, last : days of the pick-up, both included.

    Raises
    ------
    NotFound
        If the scope sees no such supplier.
    """
    supplier = find(session, scope, Organisation, supplier_uid)
    item, leg, stop, buyer = m.ProposalItem, m.PlanLeg, m.PlanStop, aliased(Organisation)
    query = (
        select(
            item.pickup_on,
            Lot.site_id,
            m.PlanTrip.number,
            stop.arrive_min,
            item.own_load_min,
            VehicleClass.code.label("truck"),
            Product.name.label("product"),
            Lot.grade,
            Lot.code.label("lot"),
            buyer.name.label("buyer"),
            item.kg,
            item.supplier_confirmed_at,
            item.buyer_confirmed_at,
        )
        .join(Lot, Lot.id == item.lot_id)
        .join(Product, Product.id == Lot.product_id)
        .join(DemandLine, DemandLine.id == item.line_id)
        .join(buyer, buyer.id == DemandLine.organisation_id)
        .outerjoin(leg, (leg.allocation_id == item.allocation_id) & (leg.leg == 1))
        .outerjoin(m.PlanTrip, m.PlanTrip.id == leg.trip_id)
        .outerjoin(stop, (stop.trip_id == leg.trip_id) & (stop.site_id == leg.from_site_id))
        .outerjoin(VehicleClass, VehicleClass.id == item.vehicle_class_id)
        .where(Lot.supplier_id == supplier.id, item.id.in_(visible(item, scope).with_only_columns(item.id)))
        .where(item.state == ProposalState.APPROVED, item.pickup_on.between(first, last))
        .order_by(item.pickup_on, Lot.site_id, stop.arrive_min, m.PlanTrip.number, Lot.code)
    )
    rows = session.execute(query).all()
    places = places_of(session, {row.site_id for row in rows})
    house = session.get_one(Association, scope.association_id).name
    return PickList(house, supplier.name, first, last, tuple(_pick(row, places) for row in rows))


def _pick(row: Any, places: dict[int, Place]) -> Pick:
    own = row.own_load_min is not None
    return Pick(
        row.pickup_on,
        places[row.site_id],
        None if own else row.number,
        row.own_load_min if own else row.arrive_min,
        row.truck or "",
        row.product,
        row.grade,
        row.lot,
        row.buyer,
        row.kg,
        row.supplier_confirmed_at is not None and row.buyer_confirmed_at is not None,
    )


def pick_list_pdf(found: PickList, words: Words) -> bytes:
    """Return a pick list as PDF: a part for each day and place, a box to tick for each lot."""
    sheet = Sheet(words, words.say("Pick list"), found.house)
    sheet.title(words.say("Pick list"), found.supplier, words.say("Picked up %(days)s", days=words.days(found.first, found.last)))
    if not found.picks:
        sheet.text(words.say("Nothing is to be made ready on these days."))
    for (day, site), group in groupby(found.picks, key=lambda one: (one.day, one.site.text)):
        sheet.heading(f"{words.weekday(day)} · {site}")
        _part(sheet, list(group))
    if found.picks:
        sheet.signatures([words.say("Made ready by"), words.say("Checked by")])
    return sheet.pdf()


def _part(sheet: Sheet, picks: list[Pick]) -> None:
    words = sheet.words
    columns = [
        Column("", 0.4, "center"),
        Column(words.say("Truck comes"), 1.3),
        Column(words.say("Truck"), 1.3),
        Column(words.say("Goods"), 2.4),
        Column(words.say("Lot"), 1.9),
        Column(words.say("Goes to"), 2.8),
        Column(words.say("Mass"), 1.4, "right"),
        Column("", 1.6),
    ]
    rows = [_row(one, words) for one in picks]
    sheet.table(columns, rows, ["", words.say("Together"), "", "", "", "", words.kg(sum(one.kg for one in picks)), ""])


def _row(one: Pick, words: Words) -> list[str]:
    goods = f"{one.product}, {words.say('grade %(rank)s', rank=one.grade)}"
    waits = "" if one.confirmed else words.say("not confirmed yet")
    return ["☐", words.clock(one.at_min), one.vehicle_class, goods, one.lot, one.buyer, words.kg(one.kg), waits]
