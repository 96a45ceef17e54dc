"""Receipts: what a buyer's door says of a shipment, for everything that goes to that door, once.

The ledger's side is in `service.planning.fulfilment.deliveries`; here a door is named as people name it, a clerk of the buyer speaks for
its own doors alone, reasons come from the closed list, and everybody concerned is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.errors import Conflict, Invalid, NotFound, fault
from catalog.models import Evidence, Site
from catalog.tenancy import Scope, find, visible
from service.photographs import Photograph
from service.planning import models as m
from service.planning.fulfilment import deliveries
from service.planning.fulfilment.deliveries import Received
from service.planning.journal import Journal
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.parties import concerned
from service.planning.states import ReturnReason, ShipmentState


@dataclass(frozen=True)
class Said:
    """What a door says of one promise (uid) on the shipment; the masses add up to what was loaded."""

    promise: str
    accepted_kg: int
    rejected_kg: int = 0
    reason: ReturnReason | None = None
    note: str = ""


def receipts(scope: Scope, *, shipment: str = "") -> Select[Any]:
    """Select receipts, of one shipment (uid) if it is given; sort by ``received_at, id``."""
    query = visible(m.Receipt, scope)
    return query.where(m.Receipt.shipment_id.in_(select(m.Shipment.id).where(m.Shipment.uid == shipment))) if shipment else query


def receive(
    session: Session, scope: Scope, shipment_uid: str, site_uid: str, said: Sequence[Said], act: Act, note: str = "",
    picture: Photograph | None = None,
) -> m.Receipt:  # fmt: skip
    """Record what a door took in of a loaded shipment, and what it turned away.

    Parameters
    ----------
    picture : what the door has photographed of it.

    Raises
    ------
    NotFound
        If the shipment brings nothing to this door, or the door isn't one of the scope's.
    Conflict
        If the door has spoken already, or the shipment isn't loaded; says who and when.
    Invalid
        If masses don't add up, something is missing, or a rejection has no reason.
    """
    shipment, site = find(session, scope, m.Shipment, shipment_uid), find(session, scope, Site, site_uid)
    items = _items(session, scope, shipment, site)
    transitions.lock_promises(session, [promise for _, promise in items.values()])
    session.refresh(shipment, with_for_update=True)
    _require_loaded(session, shipment, site)
    _require_reasons(said, items)
    rows = [Received(items[one.promise][0], one.accepted_kg, one.rejected_kg, one.reason, one.note) for one in said]
    with Journal(session, scope.association_id, act) as journal:
        photo = None if picture is None else keep_photo(session, shipment, site, picture, journal)
        receipt = deliveries.receive(session, shipment.id, site.id, rows, act, note, None if photo is None else photo.id)
        journal.note("receipt.record", receipt, None, _figures(receipt, said))
        _tell(session, journal, shipment, receipt, site, said, [promise for _, promise in items.values()])
    return receipt


def attach_photo(session: Session, scope: Scope, receipt_uid: str, picture: Photograph, act: Act) -> m.Receipt:
    """Put a photograph to a receipt of one's own door, once; the same one again changes nothing.

    Raises
    ------
    NotFound
        If there is no such receipt of a door of the scope's.
    Conflict
        If it has another photograph; says who took it and when.
    """
    receipt = find(session, scope, m.Receipt, receipt_uid, lock=True)
    shipment, site = session.get_one(m.Shipment, receipt.shipment_id), session.get_one(Site, receipt.site_id)
    _items(session, scope, shipment, site)
    known = None if receipt.photo_id is None else session.get_one(Evidence, receipt.photo_id)
    if known is not None and known.sha256 == hashlib.sha256(picture.content).hexdigest():
        return receipt
    if known is not None:
        raise Conflict("this receipt has a photograph already", known.added_by, known.added_at)
    with Journal(session, scope.association_id, act) as journal:
        photo = keep_photo(session, shipment, site, picture, journal)
        receipt.photo_id = photo.id
        journal.note("receipt.photo", receipt, None, {"photo": photo.uid, "sha256": photo.sha256})
        session.flush()
    return receipt


def keep_photo(session: Session, shipment: m.Shipment, site: Site, picture: Photograph, journal: Journal) -> Evidence:
    """Keep a photograph of a shipment's goods as a document of the door's owner; the same one is kept once."""
    digest = hashlib.sha256(picture.content).hexdigest()
    known = select(Evidence).where(Evidence.association_id == shipment.association_id, Evidence.sha256 == digest)
    row = session.scalars(known).one_or_none()
    if row is None:
        row = Evidence(
            association_id=shipment.association_id, organisation_id=site.organisation_id, title=f"{shipment.code}: {site.name}"[:200],
            media_type=picture.media_type, sha256=digest, content=picture.content, added_by=journal.act.actor,
        )  # fmt: skip
        session.add(row)
        session.flush()
        journal.note("evidence.add", row, None, {"title": row.title, "media_type": row.media_type, "sha256": digest})
    return row


def photo_of(session: Session, scope: Scope, receipt_uid: str) -> Evidence:
    """Return the photograph of a receipt that the scope may see.

    Raises
    ------
    NotFound
        If there is no such receipt, or no photograph of it.
    """
    receipt = find(session, scope, m.Receipt, receipt_uid)
    if receipt.photo_id is None:
        raise NotFound("photograph of the receipt", receipt_uid)
    return session.get_one(Evidence, receipt.photo_id)


def _items(session: Session, scope: Scope, shipment: m.Shipment, site: Site) -> dict[str, tuple[int, int]]:
    """Return what a shipment brings to a door: uid of the promise → numbers of the item and of the promise."""
    query = select(m.Promise.uid, m.ShipmentItem.id, m.Promise.id).join(m.Promise, m.Promise.id == m.ShipmentItem.promise_id)
    query = query.join(DemandLine, DemandLine.id == m.Promise.line_id)
    query = query.where(m.ShipmentItem.shipment_id == shipment.id, DemandLine.site_id == site.id)
    query = query.where(m.Promise.id.in_(visible(m.Promise, scope).with_only_columns(m.Promise.id)))
    if scope.organisation_id is not None:
        query = query.where(scope.owns(DemandLine.organisation_id))
    found = {uid: (item, promise) for uid, item, promise in session.execute(query)}
    if not found:
        raise NotFound("shipment to this door", shipment.uid)
    return found


def _require_loaded(session: Session, shipment: m.Shipment, site: Site) -> None:
    before = select(m.Receipt).where(m.Receipt.shipment_id == shipment.id, m.Receipt.site_id == site.id)
    found = session.scalars(before).one_or_none()
    if found is not None:
        raise Conflict("the shipment has been received here already", found.received_by, found.received_at)
    if shipment.state is not ShipmentState.LOADED:
        raise Conflict(f"this shipment is {shipment.state}, not loaded", shipment.updated_by, shipment.updated_at)


def _require_reasons(said: Sequence[Said], items: dict[str, tuple[int, int]]) -> None:
    faults = [fault("promise", one.promise, "a promise that this shipment brings to this door") for one in said if one.promise not in items]
    vague = [one for one in said if one.reason is ReturnReason.OTHER and not one.note.strip()]
    faults += [fault("note", "", "what the reason is, where it is other") for _ in vague]
    if faults:
        raise Invalid(faults)


def _figures(receipt: m.Receipt, said: Sequence[Said]) -> dict[str, Any]:
    rows = {one.promise: {"accepted_kg": one.accepted_kg, "rejected_kg": one.rejected_kg, "reason": one.reason} for one in said}
    return {"shipment_id": receipt.shipment_id, "site_id": receipt.site_id, "note": receipt.note, "items": rows}


def _tell(
    session: Session, journal: Journal, shipment: m.Shipment, receipt: m.Receipt, site: Site, said: Sequence[Said], promises: Sequence[int]
) -> None:
    masses = {"accepted_kg": sum(one.accepted_kg for one in said), "rejected_kg": sum(one.rejected_kg for one in said)}
    told = {"receipt": receipt.uid, "shipment": shipment.uid, "site": site.uid, **masses}
    # A supplier is told that the door has spoken; what it said of others' goods is theirs.
    brief = {"receipt": receipt.uid, "shipment": shipment.uid, "site": site.uid}
    journal.tell("receipt.recorded", told, dict.fromkeys(concerned(session, promises), brief))
    if shipment.state is ShipmentState.DELIVERED:
        done = {"shipment": shipment.uid, "code": shipment.code, "state": shipment.state.value}
        aboard = session.scalars(select(m.ShipmentItem.promise_id).where(m.ShipmentItem.shipment_id == shipment.id)).all()
        journal.tell("shipment.delivered", done, dict.fromkeys(concerned(session, aboard)))
