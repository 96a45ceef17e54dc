"""From the truck to the money: shipments, receipts and settlements, each in step with the ledger.

A promise travels on one shipment, or on two through a hub: one that feeds the hub and one that leaves from it. The buyer's door receives
the last one. What it says of every item adds up to what was on the truck; nothing disappears on the road.

A delivery is paid by the terms of its promise and by what the door accepted, and by nothing else (`service.planning.terms`). What the
trucks really cost is the association's: it is booked when they are loaded (`service.planning.terms.accounts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from buyers.models import CallOff, Contract, DemandLine
from catalog.errors import Conflict, Fault, Invalid, NotFound, fault
from catalog.models import LotShare
from service.days import VIETNAM
from service.planning import models as m
from service.planning.fulfilment import money
from service.planning.joint import together
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.states import ShipmentState
from service.planning.terms import accounts
from service.planning.terms.records import terms_of_promise


@dataclass(frozen=True)
class Load:
    """Kilograms of a promise that go on a truck."""

    promise_id: int
    kg: int


@dataclass(frozen=True)
class Truck:
    """What carries a shipment: numbers of the plan's trip, the vehicle class and the carrier, and the driver's particulars."""

    cost_vnd: int = 0
    trip_id: int | None = None
    vehicle_class_id: int | None = None
    carrier_id: int | None = None
    plate: str = ""
    driver_name: str = ""
    driver_phone: str = ""


HIRED = Truck()


@dataclass(frozen=True)
class Received:
    """What a door says of one shipment item; the two masses add up to the item's."""

    item_id: int
    accepted_kg: int
    rejected_kg: int = 0
    reason_code: str | None = None
    note: str = field(default="")


def ship(
    session: Session, association_id: int, loads: Sequence[Load], act: Act, truck: Truck = HIRED, *, from_hub: bool = False
) -> m.Shipment:
    """Put confirmed kilograms on a truck, or, from a hub, kilograms that another truck has brought there.

    Raises
    ------
    AlreadyMoved
        If they aren't confirmed, or from a hub not loaded yet; says who moved them.
    """
    transitions.lock_promises(session, [load.promise_id for load in loads])
    state = {"state": ShipmentState.LOADED, "loaded_at": act.at, "from_hub": from_hub, "updated_by": act.actor}
    shipment = m.Shipment(association_id=association_id, **state, **vars(truck))
    session.add(shipment)
    session.flush()
    for load in loads:
        if from_hub:
            require_at_hub(session, load)
        else:
            transitions.load(session, load.promise_id, act, load.kg)
    session.add_all(m.ShipmentItem(shipment_id=shipment.id, promise_id=load.promise_id, kg=load.kg) for load in loads)
    session.flush()
    accounts.book_truck(session, shipment, act)
    return shipment


def require_at_hub(session: Session, load: Load) -> None:
    """Refuse to take on from a hub what no truck has brought there.

    Raises
    ------
    Conflict
        Naming the kilograms that have left the farm.
    """
    promise = session.get_one(m.Promise, load.promise_id, populate_existing=True)
    if not 1 <= load.kg <= promise.loaded_kg:
        raise Conflict(f"{promise.loaded_kg} kg of the promise {promise.uid} have left its farm, not {load.kg}")


def receive(
    session: Session, shipment_id: int, site_id: int, said: Sequence[Received], act: Act, note: str = "", photo_id: int | None = None
) -> m.Receipt:
    """Record what a buyer's door took in of a shipment, and what it turned away.

    Parameters
    ----------
    photo_id : number of the photograph that the door took of it, among the documents.

    Raises
    ------
    Invalid
        If an item isn't of this shipment and site, its masses don't add up, or a rejection has no reason.
    Conflict
        If the door has spoken already.
    """
    items = _items_for(session, shipment_id, site_id)
    if not items:
        raise NotFound("shipment to this site", str(shipment_id))
    _refuse_again(session, shipment_id, site_id)
    _raise([f for one in said for f in _bad(one, items)] + _missing(said, items))
    transitions.lock_promises(session, [item.promise_id for item in items.values()])
    receipt = m.Receipt(
        association_id=session.get_one(m.Shipment, shipment_id).association_id,
        shipment_id=shipment_id,
        site_id=site_id,
        received_at=act.at,
        received_by=act.actor,
        note=note,
        photo_id=photo_id,
    )
    session.add(receipt)
    session.flush()
    for one in said:
        _take_in(session, receipt, items[one.item_id], one, act)
    _close(session, shipment_id, act)
    return receipt


def _items_for(session: Session, shipment_id: int, site_id: int) -> dict[int, m.ShipmentItem]:
    here = select(m.ShipmentItem).join(m.Promise, m.Promise.id == m.ShipmentItem.promise_id)
    here = here.join(DemandLine, DemandLine.id == m.Promise.line_id)
    here = here.where(m.ShipmentItem.shipment_id == shipment_id, DemandLine.site_id == site_id)
    found = session.scalars(here.order_by(m.ShipmentItem.id))
    return {item.id: item for item in found}


def _refuse_again(session: Session, shipment_id: int, site_id: int) -> None:
    before = select(m.Receipt).where(m.Receipt.shipment_id == shipment_id, m.Receipt.site_id == site_id)
    found = session.scalars(before).one_or_none()
    if found is not None:
        raise Conflict("the shipment has been received here already", found.received_by, found.received_at)


def _bad(one: Received, items: dict[int, m.ShipmentItem]) -> list[Fault]:
    if one.item_id not in items:
        return [fault("item_id", one.item_id, "an item of this shipment to this site")]
    faults = []
    if min(one.accepted_kg, one.rejected_kg) < 0 or one.accepted_kg + one.rejected_kg != items[one.item_id].kg:
        faults.append(
            fault("accepted_kg,rejected_kg", f"{one.accepted_kg}, {one.rejected_kg}", f"masses that add up to {items[one.item_id].kg}")
        )
    if one.rejected_kg and not one.reason_code:
        faults.append(fault("reason_code", "", "why the goods were rejected"))
    return faults


def _missing(said: Sequence[Received], items: dict[int, m.ShipmentItem]) -> list[Fault]:
    spoken = [one.item_id for one in said]
    twice = {number for number in spoken if spoken.count(number) > 1}
    return [fault("item_id", number, "each item of the shipment once") for number in sorted((items.keys() - set(spoken)) | twice)]


def _take_in(session: Session, receipt: m.Receipt, item: m.ShipmentItem, one: Received, act: Act) -> None:
    if one.accepted_kg:
        transitions.accept(session, item.promise_id, act, one.accepted_kg)
    if one.rejected_kg:
        transitions.reject(session, item.promise_id, act, one.rejected_kg)
    row = m.ReceiptItem(
        receipt_id=receipt.id,
        shipment_item_id=item.id,
        accepted_kg=one.accepted_kg,
        rejected_kg=one.rejected_kg,
        reason_code=one.reason_code,
        note=one.note,
    )
    session.add(row)
    session.flush()


def _close(session: Session, shipment_id: int, act: Act) -> None:
    """Call a shipment delivered once every item of it has been received."""
    open_items = select(m.ShipmentItem.id).where(
        m.ShipmentItem.shipment_id == shipment_id, ~exists().where(m.ReceiptItem.shipment_item_id == m.ShipmentItem.id)
    )
    if session.scalars(open_items).first() is None:
        shipment = session.get_one(m.Shipment, shipment_id)
        _deliver(session, [shipment], act)
        if shipment.from_hub:
            _deliver(session, _emptied_feeders(session, shipment_id), act)


def _deliver(session: Session, shipments: Sequence[m.Shipment], act: Act) -> None:
    for shipment in shipments:
        shipment.state, shipment.delivered_at, shipment.updated_by = ShipmentState.DELIVERED, act.at, act.actor
    session.flush()


def _emptied_feeders(session: Session, shipment_id: int) -> list[m.Shipment]:
    """Return the shipments that brought goods of this one to the hub, and of which nothing is under way any more."""
    mine = select(m.ShipmentItem.promise_id).where(m.ShipmentItem.shipment_id == shipment_id)
    brought = select(m.ShipmentItem.shipment_id).where(m.ShipmentItem.promise_id.in_(mine))
    feeders = select(m.Shipment).where(m.Shipment.id.in_(brought), m.Shipment.from_hub.is_(False), m.Shipment.state == ShipmentState.LOADED)
    here = select(m.Promise.id).join(m.ShipmentItem, m.ShipmentItem.promise_id == m.Promise.id)
    here = here.where(m.ShipmentItem.shipment_id == m.Shipment.id, m.Promise.loaded_kg > 0).correlate(m.Shipment)
    return list(session.scalars(feeders.where(~here.exists())))


def settle(session: Session, receipt_item_id: int, act: Act) -> m.Settlement:
    """Share out the money of one received item (`service.planning.fulfilment.money`), and close its kilograms.

    Raises
    ------
    Conflict
        If that has been done already; says by whom and when.
    """
    received = session.get(m.ReceiptItem, receipt_item_id)
    if received is None:
        raise NotFound("receipt item", str(receipt_item_id))
    item = session.get_one(m.ShipmentItem, received.shipment_item_id)
    transitions.lock_promises(session, [item.promise_id])
    done = session.scalars(select(m.Settlement).where(m.Settlement.receipt_item_id == receipt_item_id)).one_or_none()
    if done is not None:
        raise Conflict("the money of this item has been shared out already", done.updated_by, done.created_at)
    settlement = _settlement(session, received, item, act)
    transitions.settle(session, item.promise_id, act, received.accepted_kg, received.rejected_kg)
    _share(session, settlement, session.get_one(m.Promise, item.promise_id).lot_id)
    return settlement


def _settlement(session: Session, received: m.ReceiptItem, item: m.ShipmentItem, act: Act) -> m.Settlement:
    terms, kg = terms_of_promise(session, item.promise_id), together.paid_kg(session, received, item)
    settlement = m.Settlement(
        association_id=terms.association_id,
        receipt_item_id=received.id,
        supplier_id=terms.supplier_id,
        buyer_id=terms.buyer_id,
        kg=kg,
        price_vnd_per_kg=terms.price_vnd_per_kg,
        due_on=_due(session, session.get_one(DemandLine, terms.line_id), act),
        updated_by=act.actor,
        **vars(accounts.settled_parts(terms, kg)),
    )
    session.add(settlement)
    session.flush()
    accounts.book_settlement(session, settlement, act)
    return settlement


def _due(session: Session, line: DemandLine, act: Act) -> date | None:
    """Return the day of payment that the line's contract sets, if it has one."""
    days = select(Contract.payment_days).join(CallOff, CallOff.contract_id == Contract.id).where(CallOff.id == line.call_off_id)
    found = session.scalars(days).one_or_none()
    return None if found is None else act.at.astimezone(VIETNAM).date() + timedelta(days=found)


def _share(session: Session, settlement: m.Settlement, lot_id: int) -> None:
    """Let the supplier's money and the accepted kilograms follow what each member put into the lot."""
    weights = dict(session.execute(select(LotShare.member_id, LotShare.kg).where(LotShare.lot_id == lot_id)).all())
    if not weights:
        return
    vnd, kg = money.share(settlement.supplier_vnd, weights), money.share(settlement.kg, weights)
    session.add_all(m.SettlementShare(settlement_id=settlement.id, member_id=member, kg=kg[member], vnd=vnd[member]) for member in weights)
    session.flush()


def _raise(faults: Sequence[Fault]) -> None:
    if faults:
        raise Invalid(sorted(faults))
