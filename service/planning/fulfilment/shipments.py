"""Shipments: planned from what both sides have confirmed, loaded, or cancelled before the goods have been received.

A planned shipment names what is to be loaded and moves nothing yet; loading moves the kilograms in the ledger, and the scales may say
less than was planned. What stands on planned shipments can't be planned twice. See `service.planning.fulfilment.deliveries` for the
ledger's side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from catalog.base import MAX_VND
from catalog.errors import Conflict, Invalid, NotFound, fault
from catalog.models import Organisation, Side, VehicleClass
from catalog.tenancy import Scope, check_version, find, find_code, visible
from service.planning import models as m
from service.planning.errors import FreightAtRisk, NotApproved
from service.planning.fulfilment import deliveries
from service.planning.fulfilment.deliveries import Load, Truck
from service.planning.journal import Journal, before
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.states import ShipmentState
from service.planning.terms import accounts


@dataclass(frozen=True)
class Cargo:
    """Kilograms of a promise (uid) for a shipment; None for all that it has left."""

    promise: str
    kg: int | None = None


@dataclass(frozen=True)
class Hired:
    """What carries a shipment, as people name it: the code of a class, the uid of a carrier, and the driver's particulars."""

    vehicle_class: str | None = None
    carrier: str | None = None
    plate: str = ""
    driver_name: str = ""
    driver_phone: str = ""
    cost_vnd: int | None = None


def shipments(scope: Scope, *, states: Sequence[ShipmentState] = ()) -> Select[Any]:
    """Select shipments; sort by ``created_at, id``."""
    query = visible(m.Shipment, scope)
    return query.where(m.Shipment.state.in_(states)) if states else query


def plan(session: Session, scope: Scope, cargo: Sequence[Cargo], hired: Hired, act: Act, *, from_hub: bool = False) -> m.Shipment:
    """Plan a shipment of confirmed promises, or, from a hub, of what another shipment has brought there.

    Raises
    ------
    NotApproved
        If a promise hasn't that many kilograms left that are confirmed, or at the hub, and on no other planned shipment.
    """
    if not cargo:
        raise Invalid([fault("items", "", "what is to be loaded")])
    promises = _promises(session, scope, [one.promise for one in cargo])
    transitions.lock_promises(session, [promise.id for promise in promises.values()])
    loads = [_load(session, promises[one.promise], one.kg, from_hub=from_hub) for one in cargo]
    with Journal(session, scope.association_id, act) as journal:
        shipment = _add(session, scope, loads, _truck(session, scope, hired), act, from_hub=from_hub)
        journal.note("shipment.plan", shipment, None, _with_items(session, shipment))
    return shipment


def plan_trip(session: Session, scope: Scope, plan_uid: str, number: int, hired: Hired, act: Act) -> m.Shipment:
    """Plan the shipment of a plan's trip, with all of its confirmed items that aren't on a shipment yet, at the trip's own class and price.

    Raises
    ------
    NotApproved
        If nothing of the trip is confirmed.
    """
    found = find(session, scope, m.Plan, plan_uid)
    trip = session.scalars(select(m.PlanTrip).where(m.PlanTrip.plan_id == found.id, m.PlanTrip.number == number)).one_or_none()
    if trip is None:
        raise NotFound("trip", str(number))
    legs = session.execute(select(m.PlanLeg.allocation_id, m.PlanLeg.leg).where(m.PlanLeg.trip_id == trip.id)).all()
    aboard, from_hub = [leg.allocation_id for leg in legs], any(leg.leg == 2 for leg in legs)
    query = select(m.Promise).join(m.ProposalItem, m.ProposalItem.id == m.Promise.proposal_item_id)
    query = query.where(m.ProposalItem.allocation_id.in_(aboard), m.ProposalItem.own_km.is_(None)).order_by(m.Promise.id)
    promises = list(session.scalars(query))
    transitions.lock_promises(session, [promise.id for promise in promises])
    ready = [(promise, _left(session, promise, from_hub=from_hub)) for promise in promises]
    loads = [Load(promise.id, kg) for promise, kg in ready if kg]
    if not loads:
        raise NotApproved("nothing on this trip is confirmed and waits for a shipment")
    truck = _truck(session, scope, hired)
    truck = replace(
        truck,
        trip_id=trip.id,
        vehicle_class_id=truck.vehicle_class_id or trip.vehicle_class_id,
        cost_vnd=trip.cost_vnd if hired.cost_vnd is None else hired.cost_vnd,
    )
    with Journal(session, scope.association_id, act) as journal:
        shipment = _add(session, scope, loads, truck, act, from_hub=from_hub)
        journal.note("shipment.plan", shipment, None, _with_items(session, shipment))
    return shipment


def load(
    session: Session, scope: Scope, uid: str, act: Act, version: int | None = None, weighed: Mapping[str, int] | None = None,
    accepted_difference_vnd: int = 0,
) -> m.Shipment:  # fmt: skip
    """Load a planned shipment: its kilograms leave the farm, or the hub.

    Parameters
    ----------
    weighed : uid of a promise → kilograms that the scales say, at most what was planned; others are loaded as planned.
    accepted_difference_vnd : what the association takes on of a truck that costs more than the goods aboard pay for it, VND.

    Raises
    ------
    FreightAtRisk
        If the truck costs more than that above what the terms of its goods pay.
    Conflict
        If it isn't planned any more; says who and when.
    AlreadyMoved
        If kilograms have been moved elsewhere meanwhile.
    """
    shipment = _locked(session, scope, uid, (ShipmentState.PLANNED,), version)
    missing_vnd = difference_vnd(session, shipment)
    if missing_vnd > accepted_difference_vnd:
        raise FreightAtRisk(missing_vnd, shipment.cost_vnd)
    with Journal(session, scope.association_id, act) as journal:
        was = before(shipment)
        for item, promise in _aboard(session, shipment):
            kg = (weighed or {}).get(promise.uid, item.kg)
            if not 1 <= kg <= item.kg:
                raise Invalid([fault("items", kg, f"1 to {item.kg} kg of the promise {promise.uid}")])
            item.kg = kg
            if shipment.from_hub:
                deliveries.require_at_hub(session, Load(promise.id, kg))
            else:
                transitions.load(session, promise.id, act, kg)
        _refuse_strangers(session, shipment, weighed or {})
        shipment.state, shipment.loaded_at, shipment.updated_by = ShipmentState.LOADED, act.at, act.actor
        session.flush()
        accounts.book_truck(session, shipment, act)
        journal.note("shipment.load", shipment, was, _with_items(session, shipment))
        _tell(session, journal, "shipment.loaded", shipment)
    return shipment


def difference_vnd(session: Session, shipment: m.Shipment) -> int:
    """Return what a shipment costs above what the terms of the goods aboard pay for it, VND; 0 if they pay for all of it."""
    return differences_vnd(session, [shipment])[shipment.id]


def differences_vnd(session: Session, found: Sequence[m.Shipment]) -> dict[int, int]:
    """Return `difference_vnd` of each of some shipments, by their numbers."""
    agreed = accounts.agreed_freight(session, found)
    return {one.id: max(0, one.cost_vnd - agreed[one.id]) for one in found}


def cancel(session: Session, scope: Scope, uid: str, act: Act, version: int | None = None) -> m.Shipment:
    """Cancel a shipment that is planned, or loaded and not received anywhere; loaded kilograms are confirmed again.

    Raises
    ------
    Conflict
        If it has been received or cancelled, or its goods have left the hub.
    """
    shipment = _locked(session, scope, uid, (ShipmentState.PLANNED, ShipmentState.LOADED), version)
    received = session.scalars(select(m.Receipt).where(m.Receipt.shipment_id == shipment.id).limit(1)).one_or_none()
    if received is not None:
        raise Conflict("a door has received of this shipment already", received.received_by, received.received_at)
    with Journal(session, scope.association_id, act) as journal:
        was = before(shipment)
        accounts.unbook_truck(session, shipment, act)
        if shipment.state is ShipmentState.LOADED and not shipment.from_hub:
            for item, promise in _aboard(session, shipment):
                _refuse_onward(session, promise)
                transitions.unload(session, promise.id, act, item.kg)
        shipment.state, shipment.updated_by = ShipmentState.CANCELLED, act.actor
        session.flush()
        journal.note("shipment.cancel", shipment, was)
    return shipment


def _refuse_onward(session: Session, promise: m.Promise) -> None:
    """What has gone on from a hub didn't stay on the farm."""
    onward = select(m.Shipment).join(m.ShipmentItem, m.ShipmentItem.shipment_id == m.Shipment.id)
    onward = onward.where(m.ShipmentItem.promise_id == promise.id, m.Shipment.from_hub, m.Shipment.state != ShipmentState.CANCELLED)
    found = session.scalars(onward.limit(1)).one_or_none()
    if found is not None:
        raise Conflict(f"the shipment {found.code} takes these goods on from the hub", found.updated_by, found.updated_at)


def cargo_of(session: Session, shipment_ids: Sequence[int]) -> list[Any]:
    """Return the items of shipments: shipment's number, item, promise, and what has been received of it; in their order."""
    item, promise, receipt = m.ShipmentItem, m.Promise, m.ReceiptItem
    query = select(item.shipment_id, item, promise, receipt).join(promise, promise.id == item.promise_id)
    query = query.outerjoin(receipt, receipt.shipment_item_id == item.id).where(item.shipment_id.in_(shipment_ids))
    return list(session.execute(query.order_by(item.id)).all())


def _promises(session: Session, scope: Scope, uids: Sequence[str]) -> dict[str, m.Promise]:
    found = {promise.uid: promise for promise in session.scalars(visible(m.Promise, scope).where(m.Promise.uid.in_(uids)))}
    for uid in uids:
        if uid not in found:
            raise NotFound("promise", uid)
    if len(set(uids)) != len(uids):
        raise Invalid([fault("items", "", "each promise once")])
    return found


def _load(session: Session, promise: m.Promise, kg: int | None, *, from_hub: bool) -> Load:
    left = _left(session, promise, from_hub=from_hub)
    wanted = left if kg is None else kg
    if not 1 <= wanted <= left:
        raise NotApproved(f"{left} kg of the promise {promise.uid} wait for a shipment, not {max(1, wanted)}")
    return Load(promise.id, wanted)


def _left(session: Session, promise: m.Promise, *, from_hub: bool) -> int:
    """Return the kilograms of a promise that can be put on a shipment and aren't on one yet."""
    session.refresh(promise)
    states = [ShipmentState.PLANNED, *([ShipmentState.LOADED] if from_hub else [])]
    planned = select(func.coalesce(func.sum(m.ShipmentItem.kg), 0)).join(m.Shipment, m.Shipment.id == m.ShipmentItem.shipment_id)
    planned = planned.where(m.ShipmentItem.promise_id == promise.id, m.Shipment.state.in_(states), m.Shipment.from_hub.is_(from_hub))
    planned = planned.where(~select(m.ReceiptItem.id).where(m.ReceiptItem.shipment_item_id == m.ShipmentItem.id).exists())
    there = promise.loaded_kg if from_hub else promise.confirmed_kg
    return max(0, there - int(session.execute(planned).scalar_one()))


def _truck(session: Session, scope: Scope, hired: Hired) -> Truck:
    truck_class = None if hired.vehicle_class is None else find_code(session, scope, VehicleClass, hired.vehicle_class)
    carrier = None if hired.carrier is None else find(session, scope, Organisation, hired.carrier)
    faults = []
    if carrier is not None and carrier.side is not Side.LOGISTICS:
        faults.append(fault("carrier", hired.carrier, "the uid of a carrier"))
    if hired.cost_vnd is not None and not 0 <= hired.cost_vnd <= MAX_VND:
        faults.append(fault("cost_vnd", hired.cost_vnd, "đồng, 0 or more"))
    if faults:
        raise Invalid(faults)
    return Truck(
        cost_vnd=hired.cost_vnd or 0,
        vehicle_class_id=None if truck_class is None else truck_class.id,
        carrier_id=None if carrier is None else carrier.id,
        plate=hired.plate,
        driver_name=hired.driver_name,
        driver_phone=hired.driver_phone,
    )


def _add(session: Session, scope: Scope, loads: Sequence[Load], truck: Truck, act: Act, *, from_hub: bool) -> m.Shipment:
    state = {"state": ShipmentState.PLANNED, "from_hub": from_hub, "updated_by": act.actor}
    shipment = m.Shipment(association_id=scope.association_id, **state, **vars(truck))
    session.add(shipment)
    session.flush()
    session.add_all(m.ShipmentItem(shipment_id=shipment.id, promise_id=one.promise_id, kg=one.kg) for one in loads)
    session.flush()
    return shipment


def _locked(session: Session, scope: Scope, uid: str, states: Sequence[ShipmentState], version: int | None) -> m.Shipment:
    """Return a shipment in one of some states, with its promises' lots and lines locked before it."""
    shipment = find(session, scope, m.Shipment, uid)
    transitions.lock_promises(session, [promise.id for _, promise in _aboard(session, shipment)])
    shipment = find(session, scope, m.Shipment, uid, lock=True)
    if shipment.state not in states:
        raise Conflict(f"this shipment is {shipment.state}", shipment.updated_by, shipment.updated_at)
    check_version(shipment, version)
    return shipment


def _aboard(session: Session, shipment: m.Shipment) -> list[tuple[m.ShipmentItem, m.Promise]]:
    query = select(m.ShipmentItem, m.Promise).join(m.Promise, m.Promise.id == m.ShipmentItem.promise_id)
    return [(row[0], row[1]) for row in session.execute(query.where(m.ShipmentItem.shipment_id == shipment.id).order_by(m.ShipmentItem.id))]


def _refuse_strangers(session: Session, shipment: m.Shipment, weighed: Mapping[str, int]) -> None:
    strangers = set(weighed) - {promise.uid for _, promise in _aboard(session, shipment)}
    if strangers:
        raise Invalid([fault("items", uid, "a promise on this shipment") for uid in sorted(strangers)])


def _with_items(session: Session, shipment: m.Shipment) -> dict[str, Any]:
    from service import audit

    return {**audit.snapshot(shipment), "items": {promise.uid: item.kg for item, promise in _aboard(session, shipment)}}


def _tell(session: Session, journal: Journal, kind: str, shipment: m.Shipment) -> None:
    """Tell the association and everybody with goods aboard."""
    from service.planning.parties import concerned

    told = {"shipment": shipment.uid, "code": shipment.code, "state": shipment.state.value}
    aboard = [promise.id for _, promise in _aboard(session, shipment)]
    journal.tell(kind, told, dict.fromkeys(concerned(session, aboard)))
