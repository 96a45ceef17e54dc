"""What arrives at a buyer's doors: expected by day with truck and time, and received: accepted, turned away, why, with a photograph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from buyers.models import DemandLine
from catalog.errors import Invalid, fault
from catalog.models import Evidence, Lot, Organisation, Product, Side, Site, VehicleClass
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.photographs import LARGEST_BYTES, NotAPhotograph, Photograph, plain
from service.planning import models as m
from service.planning.fulfilment import receipts
from service.planning.fulfilment.receipts import Said
from service.planning.states import ReturnReason, ShipmentState
from service.web.context import PageContext, PageRequest
from service.web.formats import day_of_text
from service.web.forms import Reader, Upload
from service.web.labels import kind, options
from service.web.offers import Truck, trucks
from service.web.pages import Pages

pages = Pages("deliveries")
MOST = 500


@dataclass(frozen=True)
class Aboard:
    """Goods for one's own door on a truck: the promise, its kilograms, and what the door has said of it."""

    promise: str
    kg: int
    product: str
    supplier: str
    line: DemandLine
    lot_code: str
    said: m.ReceiptItem | None
    truck: Truck | None
    on: date | None


@dataclass
class Arrival:
    """A truck on its way to one door, or received there."""

    shipment: m.Shipment
    site: Site
    vehicle: str
    aboard: list[Aboard] = field(default_factory=list)

    @property
    def kg(self) -> int:
        return sum(one.kg for one in self.aboard)

    @property
    def on(self) -> date | None:
        return min((one.on for one in self.aboard if one.on is not None), default=None)

    @property
    def at_min(self) -> int | None:
        return min((one.truck.at_min for one in self.aboard if one.truck is not None), default=None)

    @property
    def received(self) -> bool:
        return all(one.said is not None for one in self.aboard)


@pages.get("/deliveries", may=Permission.SHIPMENTS_READ)
def show_deliveries(visit: PageRequest, day: str = "") -> Response:
    """Show what is expected on a day, and what else is on its way."""
    found = arrivals(
        visit,
        visit.session.scalars(
            visible(m.Shipment, visit.scope)
            .where(m.Shipment.state.in_((ShipmentState.PLANNED, ShipmentState.LOADED)))
            .order_by(m.Shipment.id.desc())
            .limit(MOST)
        ).all(),
    )
    waiting = [one for one in found if not one.received]
    days = sorted({one.on for one in waiting if one.on is not None})
    chosen = _day(day, days, today(now(visit.session)))
    done = visible(m.Shipment, visit.scope).where(m.Shipment.state == ShipmentState.DELIVERED).order_by(m.Shipment.id.desc()).limit(20)
    shown = sorted((one for one in waiting if one.on in (chosen, None)), key=lambda one: one.at_min or 0)
    return visit.show(
        "procurement/deliveries.html",
        shown=shown,
        days=days,
        chosen=chosen,
        kind=kind,
        received=arrivals(visit, visit.session.scalars(done).all()),
    )


def _day(given: str, days: Sequence[date], day: date) -> date:
    """Return the day that is asked for, else today or the first day after it on which something comes."""
    try:
        return day_of_text(given)
    except ValueError:
        return next((one for one in days if one >= day), days[-1] if days else day)


def arrivals(visit: PageContext, shipments: Sequence[m.Shipment]) -> list[Arrival]:
    """Return what shipments bring to one's own doors, one arrival for each door."""
    item, promise, said = m.ShipmentItem, m.Promise, m.ReceiptItem
    query = select(item, promise, DemandLine, Lot.code, Product.name, Organisation.name, said, m.ProposalItem)
    query = query.join(promise, promise.id == item.promise_id).join(DemandLine, DemandLine.id == promise.line_id)
    query = query.join(Lot, Lot.id == promise.lot_id).join(Product, Product.id == Lot.product_id)
    query = query.join(Organisation, Organisation.id == Lot.supplier_id).outerjoin(said, said.shipment_item_id == item.id)
    query = query.outerjoin(m.ProposalItem, m.ProposalItem.id == promise.proposal_item_id)
    query = query.where(item.shipment_id.in_([one.id for one in shipments]), DemandLine.id.in_(_own_lines(visit))).order_by(item.id)
    rows: list[Any] = list(visit.session.execute(query).all())
    clocks = trucks(visit, [row.ProposalItem for row in rows if row.ProposalItem is not None], Side.DEMAND)
    by_id, found = {one.id: one for one in shipments}, dict[tuple[int, int], Arrival]()
    sites = _by_id(visit, Site, {row.DemandLine.site_id for row in rows})
    classes = _by_id(visit, VehicleClass, {one.vehicle_class_id for one in shipments})
    for carried, made, line, code, product, supplier, receipt, proposed in rows:
        shipment = by_id[carried.shipment_id]
        vehicle = classes[shipment.vehicle_class_id].code if shipment.vehicle_class_id else ""
        arrival = found.setdefault((shipment.id, line.site_id), Arrival(shipment, sites[line.site_id], vehicle))
        clock, on = (clocks.get(proposed.uid), proposed.delivery_on) if proposed is not None else (None, None)
        arrival.aboard.append(Aboard(made.uid, carried.kg, product, supplier, line, code, receipt, clock, on))
    return list(found.values())


def _own_lines(visit: PageContext) -> Any:
    return visible(DemandLine, visit.scope).with_only_columns(DemandLine.id)


def _by_id(visit: PageContext, model: Any, numbers: set[int | None]) -> dict[int, Any]:
    return {row.id: row for row in visit.session.scalars(select(model).where(model.id.in_({one for one in numbers if one is not None})))}


@pages.get("/deliveries/{uid}", may=Permission.SHIPMENTS_READ)
def show_delivery(visit: PageRequest) -> Response:
    """Show what a truck brings, and the form by which it is received."""
    return _delivery(visit)


def _delivery(visit: PageContext) -> Response:
    shipment = find(visit.session, visit.scope, m.Shipment, visit.params["uid"])
    may = visit.principal.may(Permission.RECEIPTS_WRITE) and shipment.state is ShipmentState.LOADED
    photos = select(m.Receipt.site_id, m.Receipt.received_at, m.Receipt.note, Evidence.uid).outerjoin(
        Evidence, Evidence.id == m.Receipt.photo_id
    )
    spoken = {site: rest for site, *rest in visit.session.execute(photos.where(m.Receipt.shipment_id == shipment.id))}
    return visit.show(
        "procurement/delivery.html",
        shipment=shipment,
        arrivals=arrivals(visit, [shipment]),
        may=may,
        reasons=options(ReturnReason, visit),
        kind=kind,
        spoken=spoken,
    )


@pages.post(
    "/deliveries/{uid}/receive", may=Permission.RECEIPTS_WRITE, audited=False, body_limit=LARGEST_BYTES + (64 << 10), form=_delivery
)
def receive(visit: PageRequest, uid: str) -> Response:
    """Record what a door took in of a truck, and what it turned away."""
    shipment = find(visit.session, visit.scope, m.Shipment, uid)
    read = Reader(visit.form)
    site = read.text("site", needed=True) or ""
    door = find(visit.session, visit.scope, Site, site)
    mine = next((one for one in arrivals(visit, [shipment]) if one.site.id == door.id), None)
    said = [_said(read, one) for one in (mine.aboard if mine else ())]
    note = read.text("note") or ""
    read.done()
    photo = _photo(visit.form.files.get("photo"))
    act = visit.act(note[:1000] or "received")
    receipts.receive(visit.session, visit.scope, uid, site, said, act, note, photo)
    return visit.go("/deliveries", visit.say("Received. The supplier is told, and the money is reckoned."))


def _said(read: Reader, one: Aboard) -> Said:
    accepted = read.whole(f"accepted-{one.promise}", needed=True)
    rejected = read.whole(f"rejected-{one.promise}") or 0
    word = read.text(f"reason-{one.promise}")
    if accepted is not None and accepted + rejected != one.kg:
        read.wrong(f"accepted-{one.promise}", accepted, "masses that add up to what was loaded")
    if rejected and word not in set(ReturnReason):
        read.wrong(f"reason-{one.promise}", word, "a value")
    reason = ReturnReason(word) if rejected and word in set(ReturnReason) else None
    return Said(one.promise, accepted or 0, rejected, reason, read.text(f"why-{one.promise}") or "")


def _photo(file: Upload | None) -> Photograph | None:
    """Return the photograph that came with the form, without what the telephone noted in it."""
    if file is None:
        return None
    try:
        return plain(file.content)
    except NotAPhotograph as error:
        raise Invalid([fault("photo", file.name, str(error))]) from None


@pages.get("/photos/{uid}", may=Permission.RECEIPTS_READ)
def get_photo(visit: PageRequest, uid: str) -> Response:
    """Return the photograph of a receipt that one may see."""
    seen = visible(m.Receipt, visit.scope).with_only_columns(m.Receipt.photo_id)
    row = visit.session.scalars(select(Evidence).where(Evidence.uid == uid, Evidence.id.in_(seen))).one_or_none()
    if row is None:
        row = find(visit.session, visit.scope, Evidence, uid)
    return Response(row.content, media_type=row.media_type, headers={"cache-control": "private, max-age=3600"})
