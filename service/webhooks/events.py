"""What partners are told of: every kind of event, and the one way to tell it.

An event is written in the transaction that causes it, so that it is told if and only if it happened. Each organisation concerned gets an
event of its own, with what it may see; the association's own endpoints get one as well. Its uid is the ``webhook-id``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.models import Side
from catalog.tenancy import owned, within
from service.models import Delivery, Endpoint, EndpointState, Outbox

EVERYTHING = "*"
KINDS: Mapping[str, str] = {
    "lot.declared": "A cooperative has put a lot on offer.",
    "lot.revised": "A lot's quantity, window or price has changed.",
    "lot.withdrawn": "A lot is no longer on offer.",
    "order.placed": "A buyer has placed an order with its lines.",
    "line.revised": "A demand line has changed.",
    "line.cancelled": "A demand line has been cancelled.",
    "upload.imported": "Lots or lines have been uploaded.",
    "run.done": "A planning run has ended with a plan.",
    "run.failed": "A planning run has ended without a plan.",
    "run.stopped": "A planning run has been stopped; the best plan so far is kept, if there was one.",
    "plan.created": "A verified plan has been stored as a draft.",
    "plan.published": "A draft has been put in force; what it asks of suppliers and buyers has been put to them.",
    "plan.superseded": "A plan has been replaced by a later one.",
    "plan.changed": "A plan has taken the place of another: what that changes for a supplier or a buyer, in one notice for each.",
    "proposal.created": "A plan has been put to a supplier or a buyer.",
    "proposal.approved": "A broker has approved items of a proposal; their kilograms are held.",
    "proposal.rejected": "Items of a proposal have been rejected, with a reason.",
    "proposal.revised": "A broker has changed an item's kilograms, dates or truck.",
    "proposal.confirmed": "A supplier or a buyer has confirmed its part.",
    "proposal.superseded": "A proposal has been replaced by a later plan's.",
    "promise.confirmed": "Both sides have confirmed: the kilograms are promised.",
    "promise.cancelled": "A promise has been taken back before it was loaded.",
    "promise.expired": "A hold has run out before both sides confirmed.",
    "promise.change_proposed": "One side proposes to change what both have confirmed, with a reason.",
    "promise.changed": "Both sides have agreed to a change of what they had confirmed.",
    "promise.change_declined": "A proposed change has been declined; what was confirmed stands.",
    "proposal.objected": "A side takes back what somebody of the association had confirmed for it.",
    "joint_offer.changed": "A joint offer has been put to its suppliers, answered by one of them, or ended.",
    "shipment.loaded": "A truck has been loaded.",
    "shipment.delivered": "Everything on a truck has been received.",
    "receipt.recorded": "A buyer's door has said what it accepted and rejected.",
    "settlement.created": "The money of a received item has been shared out.",
    "settlement.issued": "A settlement has been sent.",
    "settlement.paid": "A settlement has been paid.",
    "webhook.test": "Somebody has asked for a test event.",
}
"""Every kind of event, and what has happened when it is sent."""
BROKERS_ONLY = frozenset({"run.done", "run.failed", "run.stopped", "plan.created", "plan.published", "plan.superseded"})
"""Kinds that speak of everybody at once, and that no single organisation hears."""
ONE_SIDE = {"lot": Side.SUPPLY, "order": Side.DEMAND, "line": Side.DEMAND}
"""Kinds, by their first word, that organisations of one side alone hear."""


def emit(
    session: Session,
    association_id: int,
    kind: str,
    data: Mapping[str, Any],
    organisations: Mapping[int, Mapping[str, Any] | None] | None = None,
) -> list[Outbox]:
    """Tell of an event, in the transaction that causes it.

    Parameters
    ----------
    kind : one of `KINDS`.
    data : what the association's endpoints are told: uids and plain JSON values.
    organisations : number of each organisation concerned → what it is told; None where that is the same.
    """
    return emit_many(session, association_id, kind, [(data, organisations or {})])


def emit_many(
    session: Session, association_id: int, kind: str, happened: Iterable[tuple[Mapping[str, Any], Mapping[int, Mapping[str, Any] | None]]]
) -> list[Outbox]:
    """Tell of many events of one kind; see `emit`.

    Parameters
    ----------
    happened : of each event what the association is told, and the organisations concerned.
    """
    assert kind in KINDS, f"{kind} is no kind of event"
    events = [
        Outbox(association_id=association_id, organisation_id=organisation_id, kind=kind, payload=dict(told))
        for data, organisations in happened
        for organisation_id, told in _told(data, organisations)
    ]
    session.add_all(events)
    session.flush()
    endpoints = _listening(session, association_id, {event.organisation_id for event in events})
    deliveries = [Delivery(endpoint_id=one.id, event_id=event.id) for event in events for one in endpoints if wants(one, event)]
    session.add_all(deliveries)
    session.flush()
    return events


def _told(data: Mapping[str, Any], organisations: Mapping[int, Mapping[str, Any] | None]) -> Iterator[tuple[int | None, Mapping[str, Any]]]:
    """Yield who is told what of one event, the association first."""
    yield None, data
    for number, own in organisations.items():
        yield number, data if own is None else own


def _listening(session: Session, association_id: int, organisations: Set[int | None]) -> list[Endpoint]:
    """Return the active endpoints of an association that may be told, in the order in which they were made."""
    active = select(Endpoint).where(Endpoint.association_id == association_id, Endpoint.state == EndpointState.ACTIVE)
    return [endpoint for endpoint in session.scalars(active.order_by(Endpoint.id)) if endpoint.organisation_id in organisations]


def heard_by(kind: str, side: Side | None) -> bool:
    """Tell whether organisations of a side, or the association where there is none, ever hear of a kind."""
    return side is None or (kind not in BROKERS_ONLY and ONE_SIDE.get(kind.partition(".")[0], side) is side)


def wants(endpoint: Endpoint, event: Outbox) -> bool:
    """Tell whether an endpoint has asked for events of this kind, and is its organisation's."""
    if endpoint.association_id != event.association_id or endpoint.organisation_id != event.organisation_id:
        return False
    return EVERYTHING in endpoint.events or event.kind in endpoint.events


owned(Endpoint, Endpoint.organisation_id)
within(Delivery, Delivery.endpoint_id, Endpoint)
