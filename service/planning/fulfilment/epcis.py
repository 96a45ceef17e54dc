"""What happened to a shipment's goods, as an EPCIS 2.0 document in JSON-LD: commissioning, loading, shipping, receiving.

Goods are named by class, a lot being a class of kilograms: ``urn:mca:lot:UID`` with a quantity in KGM (kilograms). Sites, organisations and
shipments have names of the same kind, so that the events of several shipments fit together. Ids of events follow from what they are
about: the same event always has the same id. One organisation sees the goods that are its own alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine
from catalog.models import Lot, Organisation, Product, Site
from catalog.tenancy import Scope, find, visible
from service.days import VIETNAM
from service.planning import models as m
from service.planning.states import ShipmentState

MEDIA_TYPE = "application/ld+json"
CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"mca": "urn:mca:vocabulary:"}]
KILOGRAM = "KGM"
NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "urn:mca:epcis")
Event = dict[str, Any]


@dataclass(frozen=True)
class Goods:
    """Kilograms of one lot on a shipment, on their way to one door.

    Attributes
    ----------
    origin, target : where they were put on this truck, and where they leave it.
    """

    lot: Lot
    product: str
    kg: int
    farm: str
    supplier: str
    buyer: str
    line: str
    origin: str
    target: str
    item_id: int


def document(session: Session, scope: Scope, uid: str, at: datetime) -> dict[str, Any]:
    """Return a shipment's events, in the order in which they happened.

    Parameters
    ----------
    uid : of the shipment.
    at : when the document is made.

    Raises
    ------
    NotFound
        If the scope sees no such shipment.
    """
    shipment = find(session, scope, m.Shipment, uid)
    goods = _goods(session, scope, shipment)
    events = [*_commissioned(goods), *_loaded(shipment, goods), *_shipped(shipment, goods), *_received(session, shipment, goods)]
    return {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": _instant(at),
        "epcisBody": {"eventList": sorted(events, key=lambda event: str(event["eventTime"]))},
    }


def _goods(session: Session, scope: Scope, shipment: m.Shipment) -> list[Goods]:
    """Return what of a shipment the scope may see, in the order in which it was put aboard."""
    farm, door, hub = aliased(Site), aliased(Site), aliased(Site)
    supplier, buyer, second = aliased(Organisation), aliased(Organisation), aliased(m.PlanLeg)
    columns = (m.ShipmentItem, Lot, Product.code, farm.uid, door.uid, hub.uid, supplier.uid, buyer.uid, DemandLine.uid)
    query = select(*columns).join(m.Promise, m.Promise.id == m.ShipmentItem.promise_id)
    query = query.join(Lot, Lot.id == m.Promise.lot_id).join(Product, Product.id == Lot.product_id).join(farm, farm.id == Lot.site_id)
    query = query.join(DemandLine, DemandLine.id == m.Promise.line_id).join(door, door.id == DemandLine.site_id)
    query = query.join(supplier, supplier.id == Lot.supplier_id).join(buyer, buyer.id == DemandLine.organisation_id)
    query = query.outerjoin(m.ProposalItem, m.ProposalItem.id == m.Promise.proposal_item_id)
    query = query.outerjoin(second, (second.allocation_id == m.ProposalItem.allocation_id) & (second.leg == 2))
    query = query.outerjoin(hub, hub.id == second.from_site_id)
    seen = visible(m.Promise, scope).with_only_columns(m.Promise.id)
    query = query.where(m.ShipmentItem.shipment_id == shipment.id, m.Promise.id.in_(seen)).order_by(m.ShipmentItem.id)
    return [_one(tuple(row), from_hub=shipment.from_hub) for row in session.execute(query).all()]


def _one(row: Sequence[Any], *, from_hub: bool) -> Goods:
    item, lot, product, farm, door, hub, supplier, buyer, line = row
    origin, target = (hub or farm, door) if from_hub else (farm, hub or door)
    return Goods(lot, product, item.kg, farm, supplier, buyer, line, origin, target, item.id)


def _commissioned(goods: Iterable[Goods]) -> Iterator[Event]:
    """Yield the beginning of each lot: when its cooperative declared it."""
    for lot, group in groupby(sorted(goods, key=lambda one: one.lot.id), key=lambda one: one.lot):
        first = next(group)
        facts = {
            "mca:product": first.product,
            "mca:grade": lot.grade,
            "mca:supplier": _urn("organisation", first.supplier),
            "mca:availableFrom": lot.available_from.isoformat(),
            "mca:shelfLifeDays": lot.shelf_life_days,
        }
        yield {
            **_event("ObjectEvent", "ADD", "commissioning", "active", lot.created_at, first.farm, f"commissioning {lot.uid}"),
            "quantityList": [_quantity(lot, lot.quantity_kg)],
            "ilmd": facts,
        }


def _loaded(shipment: m.Shipment, goods: Iterable[Goods]) -> Iterator[Event]:
    """Yield the loading at each place, once the truck was loaded."""
    if shipment.loaded_at is None or shipment.state is ShipmentState.CANCELLED:
        return
    for origin, group in _by(goods, "origin"):
        yield {
            **_event("AggregationEvent", "ADD", "loading", "in_progress", shipment.loaded_at, origin, f"loading {shipment.uid} {origin}"),
            "parentID": _urn("shipment", shipment.uid),
            "childQuantityList": _quantities(group),
        }


def _shipped(shipment: m.Shipment, goods: Iterable[Goods]) -> Iterator[Event]:
    """Yield the departure for each door."""
    if shipment.loaded_at is None or shipment.state is ShipmentState.CANCELLED:
        return
    for target, group in _by(goods, "target"):
        name = f"shipping {shipment.uid} {target}"
        event = _event("ObjectEvent", "OBSERVE", "shipping", "in_transit", shipment.loaded_at, group[0].origin, name)
        del event["bizLocation"]
        suppliers, buyers = sorted({one.supplier for one in group}), sorted({one.buyer for one in group})
        yield {
            **event,
            "quantityList": _quantities(group),
            "bizTransactionList": _transactions(shipment, group),
            "sourceList": [{"type": "owning_party", "source": _urn("organisation", uid)} for uid in suppliers],
            "destinationList": [
                *({"type": "owning_party", "destination": _urn("organisation", uid)} for uid in buyers),
                {"type": "location", "destination": _urn("site", target)},
            ],
        }


def _received(session: Session, shipment: m.Shipment, goods: list[Goods]) -> Iterator[Event]:
    """Yield what each door took in, and what it turned away."""
    by_item = {one.item_id: one for one in goods}
    query = select(m.Receipt, m.ReceiptItem, Site.uid).join(m.ReceiptItem, m.ReceiptItem.receipt_id == m.Receipt.id)
    query = query.join(Site, Site.id == m.Receipt.site_id).where(m.ReceiptItem.shipment_item_id.in_(by_item))
    rows = session.execute(query.order_by(m.Receipt.id, m.ReceiptItem.id)).all()
    for (receipt, door), group in groupby(rows, key=lambda row: (row[0], row[2])):
        items = [(row[1], by_item[row[1].shipment_item_id]) for row in group]
        aboard = [one for _, one in items]
        yield {
            **_event("ObjectEvent", "OBSERVE", "receiving", "in_progress", receipt.received_at, door, f"receiving {receipt.uid}"),
            "quantityList": _quantities(aboard),
            "bizTransactionList": [*_transactions(shipment, aboard), {"type": "recadv", "bizTransaction": _urn("receipt", receipt.uid)}],
        }
        for item, one in items:
            if item.rejected_kg:
                name = f"inspecting {receipt.uid} {item.id}"
                yield {
                    **_event("ObjectEvent", "OBSERVE", "inspecting", "non_conformant", receipt.received_at, door, name),
                    "quantityList": [_quantity(one.lot, item.rejected_kg)],
                    "mca:reason": item.reason_code,
                }


def _event(kind: str, action: str, step: str, disposition: str, at: datetime, site: str, name: str) -> Event:
    """Return what every event has.

    Parameters
    ----------
    site : uid of the place where it happened, and where the goods were then.
    name : what it is about; its id follows from it.
    """
    return {
        "type": kind,
        "eventID": f"urn:uuid:{uuid.uuid5(NAMES, name)}",
        "eventTime": _instant(at),
        "eventTimeZoneOffset": at.astimezone(VIETNAM).strftime("%z")[:3] + ":" + at.astimezone(VIETNAM).strftime("%z")[3:],
        "action": action,
        "bizStep": step,
        "disposition": disposition,
        "readPoint": {"id": _urn("site", site)},
        "bizLocation": {"id": _urn("site", site)},
    }


def _transactions(shipment: m.Shipment, goods: Iterable[Goods]) -> list[dict[str, str]]:
    lines = sorted({one.line for one in goods})
    orders = [{"type": "po", "bizTransaction": _urn("line", uid)} for uid in lines]
    return [{"type": "desadv", "bizTransaction": _urn("shipment", shipment.uid)}, *orders]


def _by(goods: Iterable[Goods], place: str) -> Iterator[tuple[str, list[Goods]]]:
    """Yield the goods of each place, the places in the order of their uids."""
    key = lambda one: str(getattr(one, place))  # noqa: E731
    for site, group in groupby(sorted(goods, key=key), key=key):
        yield site, list(group)


def _quantities(goods: Iterable[Goods]) -> list[dict[str, Any]]:
    """Return the kilograms of each lot, one entry a lot."""
    total: dict[int, tuple[Lot, int]] = {}
    for one in goods:
        total[one.lot.id] = one.lot, total.get(one.lot.id, (one.lot, 0))[1] + one.kg
    return [_quantity(lot, kg) for lot, kg in total.values()]


def _quantity(lot: Lot, kg: int) -> dict[str, Any]:
    return {"epcClass": _urn("lot", lot.uid), "quantity": kg, "uom": KILOGRAM}


def _urn(kind: str, uid: str) -> str:
    return f"urn:mca:{kind}:{uid}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
