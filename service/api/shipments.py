"""Shipments, receipts and settlements: from the truck to the money.

The use-cases note their own deeds in the audit trail; hence ``audited=False``. Each side sees its own goods of a shared truck, and its own
money; what a truck costs and what the other side pays or gets is the association's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.base import MAX_KG, MAX_VND
from catalog.given import Given
from catalog.models import Evidence, Lot, Member, Organisation, Product, Site, VehicleClass
from catalog.tenancy import Scope, find, visible
from service.api.proposals import WhyIn
from service.auth.permissions import Permission
from service.http.context import Reading, RequestContext, Uid, Writing
from service.http.lists import CodeFilter, Listing, Page, Part, of_row, only
from service.http.routing import Api
from service.http.shapes import Out, References
from service.planning import models as m
from service.planning.fulfilment import receipts, settlements, shipments
from service.planning.fulfilment.receipts import Said
from service.planning.fulfilment.shipments import Cargo, Hired
from service.planning.states import ReturnReason, SettlementState, ShipmentState

UID = "01k4h4m1r3v8w2x5y7z9abcdef"
UID_PATTERN = "^[0-9a-hjkmnp-tv-z]{26}$"
api = Api("shipments", "What goes on which truck, what doors accept, and where the money goes.")
SHIPMENTS = Listing("shipments", {"created_at": (m.Shipment.created_at, m.Shipment.id)}, "-created_at")
RECEIPTS = Listing("receipts", {"received_at": (m.Receipt.received_at, m.Receipt.id)}, "-received_at")
SETTLEMENTS = Listing("settlements", {"created_at": (m.Settlement.created_at, m.Settlement.id)}, "-created_at")
MOST_ITEMS = 1000


class PhotoKind(StrEnum):
    """Kinds of pictures that are taken in."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


class CargoIn(Given):
    """Kilograms of a promise for a shipment."""

    promise: str = Field(pattern=UID_PATTERN, description="Uid of the promise.", examples=[UID])
    kg: int | None = Field(
        default=None, ge=1, le=MAX_KG, strict=True, description="Kilograms; all that is left where absent.", examples=[500]
    )


class ShipmentIn(Given):
    """A shipment to plan: a trip of a plan, or promises one by one; and what carries it."""

    plan: str | None = Field(default=None, pattern=UID_PATTERN, description="Uid of the plan, with `trip`.", examples=[UID])
    trip: int | None = Field(default=None, ge=0, le=10**9, strict=True, description="Number of the plan's trip, with `plan`.", examples=[0])
    items: tuple[CargoIn, ...] = Field(default=(), max_length=MOST_ITEMS, description="What is loaded, instead of a trip.")
    from_hub: bool = Field(
        default=False, description="Whether it leaves from a hub, with what another truck brought there.", examples=[False]
    )
    vehicle_class: str | None = Field(default=None, min_length=1, max_length=100, description="Code of the class.", examples=["8t"])
    carrier: str | None = Field(default=None, pattern=UID_PATTERN, description="Uid of the carrier.", examples=[UID])
    plate: str = Field(default="", max_length=20, description="Number plate.", examples=["99C-123.45"])
    driver_name: str = Field(default="", max_length=200, description="Name of the driver.", examples=["Trần Văn Tùng"])
    driver_phone: str = Field(default="", max_length=40, description="Telephone of the driver.", examples=["0912 345 678"])
    cost_vnd: int | None = Field(
        default=None, ge=0, le=MAX_VND, strict=True, description="What it costs, đồng; the plan's price for a trip.", examples=[1_350_000]
    )

    @model_validator(mode="after")
    def _trip_or_items(self) -> ShipmentIn:
        """Take a trip with its plan, or items."""
        if (self.plan is None) != (self.trip is None) or (self.plan is None) == (not self.items):
            raise ValueError("either plan and trip, or items")
        return self


class LoadIn(Given):
    """What the scales said, where it is less than was planned."""

    items: tuple[CargoIn, ...] = Field(default=(), max_length=MOST_ITEMS, description="Promises of which less was loaded.")
    accepted_difference_vnd: int = Field(
        default=0, ge=0, le=MAX_VND, strict=True, description="What the association takes on where the goods pay for less than the truck.",
        examples=[0],
    )  # fmt: skip
    reason: str = Field(default="", max_length=1000)


class AboardOut(Out):
    """Goods on a shipment."""

    promise: str = Field(description="Uid of the promise.", examples=[UID])
    lot: str = Field(description="Uid of the lot.", examples=[UID])
    lot_code: str = Field(description="Code of the lot.", examples=["LOT-2027-0017"])
    line: str = Field(description="Uid of the demand line.", examples=[UID])
    line_code: str = Field(description="Code of the demand line.", examples=["D-0042"])
    product: str
    from_site: str = Field(description="Uid of the farm's site.", examples=[UID])
    to_site: str = Field(description="Uid of the buyer's door.", examples=[UID])
    kg: int
    accepted_kg: int | None = Field(description="What the door took in, kg; absent before it has spoken.", examples=[490])
    rejected_kg: int | None = Field(description="What the door turned away, kg; absent before it has spoken.", examples=[10])
    reason: ReturnReason | None = Field(description="Why it was turned away.", examples=["bruised"])


class ShipmentOut(Out):
    """A load on its way."""

    uid: str
    code: str
    state: ShipmentState = Field(description="Where it stands.", examples=["loaded"])
    plan: str | None = Field(description="Uid of the plan whose trip it is.", examples=[UID])
    trip: int | None = Field(description="Number of the plan's trip.", examples=[0])
    vehicle_class: str | None = Field(description="Code of the class of truck.", examples=["8t"])
    carrier: str | None = Field(description="Uid of the carrier.", examples=[UID])
    plate: str = Field(description="Number plate.", examples=["99C-123.45"])
    driver_name: str = Field(description="Name of the driver.", examples=["Trần Văn Tùng"])
    driver_phone: str = Field(description="Telephone of the driver.", examples=["0912 345 678"])
    cost_vnd: int | None = Field(description="What it costs, đồng; shown to the association alone.", examples=[1_350_000])
    difference_vnd: int | None = Field(
        description="What it costs above what the terms of the goods aboard pay for it, đồng; shown to the association alone.", examples=[0]
    )
    from_hub: bool = Field(description="Whether it leaves from a hub.", examples=[False])
    loaded_at: datetime | None = Field(description="When it was loaded.", examples=["2027-06-07T05:00:00Z"])
    delivered_at: datetime | None = Field(description="When the last of it was received.", examples=["2027-06-07T09:00:00Z"])
    items: list[AboardOut] = Field(description="What is aboard; to an organisation, its own goods.")
    version: int
    created_at: datetime
    updated_at: datetime


class SaidIn(Given):
    """What a door says of one promise; the masses add up to what was loaded."""

    promise: str = Field(pattern=UID_PATTERN, description="Uid of the promise.", examples=[UID])
    accepted_kg: int = Field(ge=0, le=MAX_KG, strict=True, description="What it took in, kg.", examples=[490])
    rejected_kg: int = Field(default=0, ge=0, le=MAX_KG, strict=True, description="What it turned away, kg.", examples=[10])
    reason: ReturnReason | None = Field(default=None, description="Why, if anything was turned away.", examples=["bruised"])
    note: str = Field(default="", max_length=2000)


class ReceiptIn(Given):
    """What a door says of everything that a shipment brings to it."""

    site: str = Field(pattern=UID_PATTERN)
    items: tuple[SaidIn, ...] = Field(min_length=1, max_length=MOST_ITEMS, description="Each promise to this door, once.")
    note: str = Field(default="", max_length=2000)


class SaidOut(Out):
    """What a door said of one promise."""

    promise: str = Field(description="Uid of the promise.", examples=[UID])
    accepted_kg: int = Field(description="What it took in, kg.", examples=[490])
    rejected_kg: int = Field(description="What it turned away, kg.", examples=[10])
    reason: ReturnReason | None = Field(description="Why it was turned away.", examples=["bruised"])
    note: str


class PhotoOut(Out):
    """The photograph to a receipt; the picture itself is at `/receipts/{uid}/photo`."""

    media_type: PhotoKind = Field(description="Kind of picture.", examples=["image/jpeg"])
    sha256: str
    added_at: datetime = Field(description="When it was added.", examples=["2027-06-07T09:01:00Z"])
    added_by: str = Field(description="Uid of the one who added it.", examples=[UID])


class ReceiptOut(Out):
    """What a buyer's door took in of a shipment."""

    uid: str
    shipment: str = Field(description="Uid of the shipment.", examples=[UID])
    site: str
    received_at: datetime = Field(description="When it was received.", examples=["2027-06-07T09:00:00Z"])
    received_by: str = Field(description="Uid of the one who received it.", examples=[UID])
    note: str
    items: list[SaidOut] = Field(description="What it said; to an organisation, of its own goods.")
    photo: PhotoOut | None = Field(description="The photograph of the goods, if there is one.")


class ShareOut(Out):
    """A member's part of a settlement."""

    member: str
    member_name: str = Field(description="Name of the member.", examples=["Nguyễn Văn Hòa"])
    kg: int
    vnd: int = Field(description="Đồng.", examples=[2_470_850])


class SettlementOut(Out):
    """Where the money of one received item goes; to a buyer or supplier, its own side of it."""

    uid: str
    state: SettlementState = Field(description="Where it stands.", examples=["issued"])
    receipt: str = Field(description="Uid of the receipt.", examples=[UID])
    promise: str = Field(description="Uid of the promise.", examples=[UID])
    supplier: str
    buyer: str
    kg: int
    price_vnd_per_kg: int
    buyer_vnd: int = Field(description="What the buyer pays, đồng: kilograms × price.", examples=[13_230_000])
    freight_vnd: int | None = Field(description="Its share of the trucks, đồng; not shown to the buyer.", examples=[600_000])
    hub_vnd: int | None = Field(description="What the hub takes for handling it, đồng; not shown to the buyer.", examples=[0])
    fee_vnd: int | None = Field(description="The association's fee, đồng; not shown to the buyer.", examples=[198_450])
    supplier_vnd: int | None = Field(description="What is left for the supplier, đồng; not shown to the buyer.", examples=[12_431_550])
    due_on: date | None = Field(description="Day of payment.", examples=["2027-07-07"])
    paid_at: datetime | None = Field(description="When it was paid.", examples=["2027-07-05T03:00:00Z"])
    shares: list[ShareOut] = Field(description="What each member gets; not shown to the buyer.")
    version: int
    created_at: datetime


class SettlementsOut(Out):
    """The settlements of one receipt."""

    items: list[SettlementOut] = Field(description="One for each received item.")


class IssueIn(Given):
    """When a settlement is to be paid."""

    due_on: date | None = Field(
        default=None, description="Day of payment; the contract's or thirty days where absent.", examples=["2027-07-07"]
    )
    reason: str = Field(default="", max_length=1000)


@api.get("/shipments", may=Permission.SHIPMENTS_READ)
def list_shipments(
    asked: Reading,
    part: Annotated[Part, SHIPMENTS.part()],
    state: Annotated[
        list[ShipmentState], Query(max_length=4, description="Only those in one of these states.", examples=[["loaded"]])
    ] = [],  # noqa: B006
    code: CodeFilter = "",
) -> Page[ShipmentOut]:
    """List shipments; an organisation's are those with its goods aboard."""
    query = shipments.shipments(asked.scope, states=state)
    page = SHIPMENTS.page(asked, query.where(m.Shipment.code == code) if code else query, part, _as_it_is)
    return Page[ShipmentOut].model_construct(items=_shipments(asked, page.items), next_cursor=page.next_cursor)


@api.post("/shipments", may=Permission.SHIPMENTS_WRITE, audited=False)
def plan_shipment(asked: Writing, given: ShipmentIn) -> ShipmentOut:
    """Plan a shipment: the confirmed part of a plan's trip, or confirmed promises one by one. Nothing is moved yet."""
    hired = Hired(given.vehicle_class, given.carrier, given.plate, given.driver_name, given.driver_phone, given.cost_vnd)
    act = asked.act("shipment planned")
    if given.plan is not None and given.trip is not None:
        made = shipments.plan_trip(asked.session, asked.scope, given.plan, given.trip, hired, act)
    else:
        cargo = [Cargo(one.promise, one.kg) for one in given.items]
        made = shipments.plan(asked.session, asked.scope, cargo, hired, act, from_hub=given.from_hub)
    return _shipments(asked, [made])[0]


@api.get("/shipments/{uid}", may=Permission.SHIPMENTS_READ)
def get_shipment(asked: Reading, uid: Uid) -> ShipmentOut:
    """Show a shipment with what is aboard."""
    asked.if_none_match = None
    return _shipments(asked, [find(asked.session, asked.scope, m.Shipment, uid)])[0]


@api.post("/shipments/{uid}/load", may=Permission.SHIPMENTS_WRITE, if_match=True, status=200, audited=False)
def load_shipment(asked: Writing, uid: Uid, given: LoadIn) -> ShipmentOut:
    """Load a planned shipment: its kilograms leave the farm, or the hub.

    Refused with `freight_at_risk` if the truck costs more than the terms of the goods aboard pay for it: accept the difference, plan the
    shipment again, or cancel it.
    """
    weighed = {one.promise: one.kg for one in given.items if one.kg is not None}
    act, accepted = asked.act(given.reason or "loaded"), given.accepted_difference_vnd
    done = shipments.load(asked.session, asked.scope, uid, act, asked.version, weighed, accepted)
    return _shipments(asked, [done])[0]


@api.post("/shipments/{uid}/cancel", may=Permission.SHIPMENTS_WRITE, if_match=True, status=200, audited=False)
def cancel_shipment(asked: Writing, uid: Uid, given: WhyIn) -> ShipmentOut:
    """Cancel a shipment that no door has received of; loaded kilograms are confirmed again."""
    done = shipments.cancel(asked.session, asked.scope, uid, asked.act(given.reason or "cancelled"), asked.version)
    return _shipments(asked, [done])[0]


@api.post("/shipments/{uid}/receipts", may=Permission.RECEIPTS_WRITE, audited=False)
def record_receipt(asked: Writing, uid: Uid, given: ReceiptIn) -> ReceiptOut:
    """Record what a door took in of a shipment, and what it turned away; once, for everything that goes to that door."""
    said = [Said(one.promise, one.accepted_kg, one.rejected_kg, one.reason, one.note) for one in given.items]
    made = receipts.receive(asked.session, asked.scope, uid, given.site, said, asked.act(given.note[:1000] or "received"), given.note)
    asked.headers["location"] = f"/api/v1/receipts/{made.uid}"
    return receipts_out(asked, [made])[0]


@api.get("/receipts", may=Permission.RECEIPTS_READ)
def list_receipts(
    asked: Reading,
    part: Annotated[Part, RECEIPTS.part()],
    shipment: Annotated[
        str, Query(pattern="^([0-9a-hjkmnp-tv-z]{26})?$", description="Only those of the shipment of this uid.", examples=[UID])
    ] = "",
    site: Annotated[str | None, only("receipts of the door")] = None,
) -> Page[ReceiptOut]:
    """List receipts; an organisation's are those of its own goods."""
    query = of_row(asked, receipts.receipts(asked.scope, shipment=shipment), m.Receipt.site_id, Site, site)
    page = RECEIPTS.page(asked, query, part, _as_it_is)
    return Page[ReceiptOut].model_construct(items=receipts_out(asked, page.items), next_cursor=page.next_cursor)


@api.get("/receipts/{uid}", may=Permission.RECEIPTS_READ)
def get_receipt(asked: Reading, uid: Uid) -> ReceiptOut:
    """Show a receipt."""
    return receipts_out(asked, [find(asked.session, asked.scope, m.Receipt, uid)])[0]


@api.post("/receipts/{uid}/settlements", may=Permission.SETTLEMENTS_WRITE, audited=False)
def draft_settlements(asked: Writing, uid: Uid, given: WhyIn) -> SettlementsOut:
    """Share out the money of everything on a receipt that hasn't been settled yet."""
    made = settlements.draft(asked.session, asked.scope, uid, asked.act(given.reason or "settled"))
    return SettlementsOut.model_construct(items=_settlements(asked, made))


@api.get("/settlements", may=Permission.SETTLEMENTS_READ)
def list_settlements(
    asked: Reading,
    part: Annotated[Part, SETTLEMENTS.part()],
    state: Annotated[
        list[SettlementState], Query(max_length=3, description="Only those in one of these states.", examples=[["issued"]])
    ] = [],  # noqa: B006
    supplier: Annotated[str | None, only("settlements with the supplier")] = None,
    buyer: Annotated[str | None, only("settlements with the buyer")] = None,
) -> Page[SettlementOut]:
    """List settlements; an organisation's are those that it pays or is paid by."""
    query = of_row(asked, settlements.settlements(asked.scope, states=state), m.Settlement.supplier_id, Organisation, supplier)
    page = SETTLEMENTS.page(asked, of_row(asked, query, m.Settlement.buyer_id, Organisation, buyer), part, _as_it_is)
    return Page[SettlementOut].model_construct(items=_settlements(asked, page.items), next_cursor=page.next_cursor)


@api.get("/settlements/{uid}", may=Permission.SETTLEMENTS_READ)
def get_settlement(asked: Reading, uid: Uid) -> SettlementOut:
    """Show a settlement."""
    return _settlements(asked, [find(asked.session, asked.scope, m.Settlement, uid)])[0]


@api.post("/settlements/{uid}/issue", may=Permission.SETTLEMENTS_WRITE, if_match=True, status=200, audited=False)
def issue_settlement(asked: Writing, uid: Uid, given: IssueIn) -> SettlementOut:
    """Send a drafted settlement to both sides."""
    done = settlements.issue(asked.session, asked.scope, uid, asked.act(given.reason or "issued"), asked.version, given.due_on)
    return _settlements(asked, [done])[0]


@api.post("/settlements/{uid}/pay", may=Permission.SETTLEMENTS_WRITE, if_match=True, status=200, audited=False)
def pay_settlement(asked: Writing, uid: Uid, given: WhyIn) -> SettlementOut:
    """Note that an issued settlement has been paid."""
    done = settlements.pay(asked.session, asked.scope, uid, asked.act(given.reason or "paid"), asked.version)
    return _settlements(asked, [done])[0]


def _shipments(asked: RequestContext, rows: Sequence[m.Shipment]) -> list[ShipmentOut]:
    """Return shipments with what the asker may see of their goods."""
    session, scope = asked.session, asked.scope
    of = References(session)
    classes = of.codes(VehicleClass, {row.vehicle_class_id for row in rows})
    carriers = of.uids(Organisation, {row.carrier_id for row in rows})
    trips = {trip.id: trip for trip in session.scalars(select(m.PlanTrip).where(m.PlanTrip.id.in_({row.trip_id for row in rows})))}
    plans = of.uids(m.Plan, {trip.plan_id for trip in trips.values()})
    aboard = _aboard(session, scope, [row.id for row in rows])
    missing = shipments.differences_vnd(session, rows) if scope.organisation_id is None else {}
    return [
        ShipmentOut.model_construct(
            uid=row.uid, code=row.code, state=row.state, plan=plans[trips[row.trip_id].plan_id] if row.trip_id else None,
            trip=trips[row.trip_id].number if row.trip_id else None, vehicle_class=classes[row.vehicle_class_id],
            carrier=carriers[row.carrier_id], plate=row.plate, driver_name=row.driver_name, driver_phone=row.driver_phone,
            cost_vnd=row.cost_vnd if scope.organisation_id is None else None,
            difference_vnd=missing.get(row.id), from_hub=row.from_hub, loaded_at=row.loaded_at,
            delivered_at=row.delivered_at, items=aboard.get(row.id, []), version=row.version, created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]  # fmt: skip


def _aboard(session: Session, scope: Scope, shipment_ids: Sequence[int]) -> dict[int, list[AboardOut]]:
    item, promise, said = m.ShipmentItem, m.Promise, m.ReceiptItem
    query = select(item.shipment_id, item.kg, promise.uid, Lot, DemandLine, Product.code, said)
    query = query.join(promise, promise.id == item.promise_id).join(Lot, Lot.id == promise.lot_id)
    query = query.join(DemandLine, DemandLine.id == promise.line_id).join(Product, Product.id == Lot.product_id)
    query = query.outerjoin(said, said.shipment_item_id == item.id).where(item.shipment_id.in_(shipment_ids))
    query = query.where(promise.id.in_(visible(promise, scope).with_only_columns(promise.id))).order_by(item.id)
    rows = session.execute(query).all()
    sites = References(session).uids(Site, {site for row in rows for site in (row.Lot.site_id, row.DemandLine.site_id)})
    found: dict[int, list[AboardOut]] = {}
    for number, kg, uid, lot, line, product, receipt in rows:
        said_of: m.ReceiptItem | None = receipt
        shown = AboardOut.model_construct(
            promise=uid, lot=lot.uid, lot_code=lot.code, line=line.uid, line_code=line.code, product=product, kg=kg,
            from_site=sites[lot.site_id], to_site=sites[line.site_id], accepted_kg=said_of.accepted_kg if said_of is not None else None,
            rejected_kg=said_of.rejected_kg if said_of is not None else None, reason=said_of.reason_code if said_of is not None else None,
        )  # fmt: skip
        found.setdefault(number, []).append(shown)
    return found


def receipts_out(asked: RequestContext, rows: Sequence[m.Receipt]) -> list[ReceiptOut]:
    """Return receipts with what they say of the asker's own goods."""
    of = References(asked.session)
    trucks, sites = of.uids(m.Shipment, {row.shipment_id for row in rows}), of.uids(Site, {row.site_id for row in rows})
    said = _said(asked.session, asked.scope, [row.id for row in rows])
    photos = _photos(asked.session, {row.photo_id for row in rows})
    return [
        ReceiptOut.model_construct(
            uid=row.uid, shipment=trucks[row.shipment_id], site=sites[row.site_id], received_at=row.received_at,
            received_by=row.received_by, note=row.note, items=said.get(row.id, []), photo=photos.get(row.photo_id),
        )
        for row in rows
    ]  # fmt: skip


def _photos(session: Session, numbers: set[int | None]) -> dict[int | None, PhotoOut]:
    """Return what is known of photographs, without their pictures."""
    query = select(Evidence.id, Evidence.media_type, Evidence.sha256, Evidence.added_at, Evidence.added_by).where(Evidence.id.in_(numbers))
    return {
        row.id: PhotoOut.model_construct(
            media_type=PhotoKind(row.media_type), sha256=row.sha256, added_at=row.added_at, added_by=row.added_by
        )
        for row in (session.execute(query) if numbers - {None} else ())
    }


def _said(session: Session, scope: Scope, receipt_ids: Sequence[int]) -> dict[int, list[SaidOut]]:
    said, item, promise = m.ReceiptItem, m.ShipmentItem, m.Promise
    query = select(said, promise.uid).join(item, item.id == said.shipment_item_id).join(promise, promise.id == item.promise_id)
    query = query.where(said.receipt_id.in_(receipt_ids), promise.id.in_(visible(promise, scope).with_only_columns(promise.id)))
    found: dict[int, list[SaidOut]] = {}
    for row, uid in session.execute(query.order_by(said.id)):
        shown = SaidOut.model_construct(
            promise=uid, accepted_kg=row.accepted_kg, rejected_kg=row.rejected_kg, reason=row.reason_code, note=row.note
        )
        found.setdefault(row.receipt_id, []).append(shown)
    return found


def _settlements(asked: RequestContext, rows: Sequence[m.Settlement]) -> list[SettlementOut]:
    """Return settlements as the asker may see them: a buyer what it pays, everybody else all of it."""
    session, scope = asked.session, asked.scope
    parties = References(session).uids(Organisation, {number for row in rows for number in (row.supplier_id, row.buyer_id)})
    places = _places(session, [row.receipt_item_id for row in rows])
    shares = _shares(session, [row.id for row in rows])
    own = {scope.organisation_id, *scope.group_ids}
    return [_settlement(row, parties, places, shares, whole=scope.organisation_id is None or row.supplier_id in own) for row in rows]


def _settlement(
    row: m.Settlement, parties: dict[int | None, Any], places: dict[int, tuple[str, str]], shares: dict[int, list[ShareOut]], *, whole: bool
) -> SettlementOut:
    receipt, promise = places[row.receipt_item_id]
    return SettlementOut.model_construct(
        uid=row.uid, state=row.state, receipt=receipt, promise=promise, supplier=parties[row.supplier_id], buyer=parties[row.buyer_id],
        kg=row.kg, price_vnd_per_kg=row.price_vnd_per_kg, buyer_vnd=row.buyer_vnd,
        freight_vnd=row.freight_vnd if whole else None, hub_vnd=row.hub_vnd if whole else None, fee_vnd=row.fee_vnd if whole else None,
        supplier_vnd=row.supplier_vnd if whole else None, due_on=row.due_on, paid_at=row.paid_at,
        shares=shares.get(row.id, []) if whole else [], version=row.version, created_at=row.created_at,
    )  # fmt: skip


def _places(session: Session, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return the uids of the receipt and the promise of each received item."""
    query = select(m.ReceiptItem.id, m.Receipt.uid, m.Promise.uid).join(m.Receipt, m.Receipt.id == m.ReceiptItem.receipt_id)
    query = query.join(m.ShipmentItem, m.ShipmentItem.id == m.ReceiptItem.shipment_item_id)
    query = query.join(m.Promise, m.Promise.id == m.ShipmentItem.promise_id).where(m.ReceiptItem.id.in_(numbers))
    return {number: (receipt, promise) for number, receipt, promise in session.execute(query)}


def _shares(session: Session, numbers: Sequence[int]) -> dict[int, list[ShareOut]]:
    query = select(m.SettlementShare, Member.uid, Member.name).join(Member, Member.id == m.SettlementShare.member_id)
    found: dict[int, list[ShareOut]] = {}
    for share, uid, name in session.execute(query.where(m.SettlementShare.settlement_id.in_(numbers)).order_by(Member.id)):
        shown = ShareOut.model_construct(member=uid, member_name=name, kg=share.kg, vnd=share.vnd)
        found.setdefault(share.settlement_id, []).append(shown)
    return found


def _as_it_is(row: Any) -> Any:
    return row
