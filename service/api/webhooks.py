"""Webhooks: where partners are told of events, what was sent to them, and sending it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import AwareDatetime, Field
from sqlalchemy import select

from catalog.given import Given
from catalog.models import Organisation
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.db import now
from service.http.context import Reading, Uid, Writing, before
from service.http.glossary import UID
from service.http.lists import Listing, Page, Part
from service.http.routing import Api
from service.http.shapes import Out, References, shown
from service.models import Delivery, DeliveryState, Endpoint, EndpointState, Outbox
from service.webhooks import endpoints as use
from service.webhooks.endpoints import EndpointChange, EndpointIn
from service.webhooks.events import KINDS, heard_by

api = Api("webhooks", "Events, sent to partners' own addresses: signed, in order, tried again, and sent again on demand.")
ENDPOINTS = Listing("webhook-endpoints", {"created_at": (Endpoint.created_at, Endpoint.id)}, "created_at")
DELIVERIES = Listing("webhook-deliveries", {"id": (Delivery.id,)}, "-id")
LONGEST_OVERLAP_HOURS = 24 * 30


class EndpointOut(Out):
    """Where a partner is told of events."""

    uid: str
    organisation: str | None = Field(description="Uid of the organisation whose events it gets; absent: the association's.")
    url: str = Field(description="Where events are sent.", examples=["https://example.vn/mca"])
    events: list[str] = Field(description="Kinds of events, or * for all.", examples=[["*"]])
    state: EndpointState = Field(description="Whether events are sent: `active` or `disabled`.", examples=["active"])
    disabled_why: str = Field(description="Why nothing is sent, where it is disabled.", examples=[""])
    previous_until: datetime | None = Field(description="Until when the secret before signs as well.", examples=[None])
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class EndpointMade(EndpointOut):
    """An endpoint with its secret, which is shown this once."""

    secret: str = Field(description="What signs events. It is shown once, here.", examples=["whsec_c2VjcmV0LWluLWJhc2U2NA=="])


class DeliveryOut(Out):
    """One event on its way to one endpoint."""

    uid: str
    endpoint: str = Field(description="Uid of the endpoint.")
    event: str = Field(description="Uid of the event: the `webhook-id` of every attempt.")
    kind: str = Field(description="Kind of the event.", examples=["lot.declared"])
    state: DeliveryState = Field(description="`pending`, `delivered` or `failed`.", examples=["delivered"])
    attempts: int = Field(description="Attempts so far.", examples=[1])
    due_at: datetime = Field(description="When the next attempt is due, while it is pending.", examples=["2027-06-07T05:00:05Z"])
    delivered_at: datetime | None = Field(description="When the receiver had it.", examples=["2027-06-07T05:00:01Z"])
    status: int | None = Field(description="HTTP status of the last answer; absent if there was none.", examples=[200])
    response: str = Field(description="Start of the last answer, or why there was none.", examples=["ok"])


class DeliveryDetail(DeliveryOut):
    """One event on its way to one endpoint, with what it says."""

    payload: dict[str, Any] = Field(description="The `data` of the event.", examples=[{"lot": "01k4h4m1r3v8w2x5y7z9abcdef"}])


class Rotation(Given):
    """How long the secret before goes on signing beside the new one."""

    overlap_hours: float = Field(
        default=24.0, ge=0, le=LONGEST_OVERLAP_HOURS, description="Hours in which both secrets sign.", examples=[24.0]
    )


class Replay(Given):
    """From when on events are sent again."""

    since: AwareDatetime = Field(
        ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC),
        description="The moment from which on undelivered events are sent again.", examples=["2027-06-01T00:00:00+07:00"],
    )  # fmt: skip


class Replayed(Out):
    """What a replay put into the queue."""

    queued: int = Field(description="Events that are sent again.", examples=[3])


class KindOut(Out):
    """A kind of event."""

    kind: str = Field(description="Its name, as `type` in the message.", examples=["lot.declared"])
    meaning: str = Field(description="What has happened when it is sent.", examples=["A cooperative has put a lot on offer."])


class KindsOut(Out):
    """Every kind of event that can be asked for."""

    items: list[KindOut] = Field(description="The kinds, by name.")


def _endpoints(asked: Reading, rows: list[Endpoint]) -> list[EndpointOut]:
    owners = References(asked.session).uids(Organisation, (row.organisation_id for row in rows))
    return [shown(EndpointOut, row, organisation=owners[row.organisation_id]) for row in rows]


def _made(asked: Writing, row: Endpoint) -> EndpointMade:
    return EndpointMade.model_construct(**dict(_endpoints(asked, [row])[0]), secret=row.secret)


def _deliveries(asked: Reading, rows: list[Delivery]) -> list[DeliveryOut]:
    names = References(asked.session)
    endpoints = names.uids(Endpoint, (row.endpoint_id for row in rows))
    events, kinds = (names.column(Outbox, column, (row.event_id for row in rows)) for column in (Outbox.uid, Outbox.kind))
    return [
        shown(DeliveryOut, row, endpoint=endpoints[row.endpoint_id], event=events[row.event_id], kind=kinds[row.event_id]) for row in rows
    ]


@api.get("/webhook-events", may=Permission.WEBHOOKS_READ)
def list_event_kinds(asked: Reading) -> KindsOut:
    """List the kinds of events that the one who asks can hear of."""
    own = asked.scope.organisation_id
    side = None if own is None else asked.session.get_one(Organisation, own).side
    return KindsOut(items=[KindOut(kind=kind, meaning=meaning) for kind, meaning in sorted(KINDS.items()) if heard_by(kind, side)])


@api.get("/webhook-endpoints", may=Permission.WEBHOOKS_READ)
def list_endpoints(asked: Reading, part: Annotated[Part, ENDPOINTS.part()]) -> Page[EndpointOut]:
    """List endpoints."""
    return ENDPOINTS.page_of(asked, visible(Endpoint, asked.scope), part, lambda rows: _endpoints(asked, rows))


@api.post("/webhook-endpoints", may=Permission.WEBHOOKS_WRITE, secret=True)
def add_endpoint(asked: Writing, given: EndpointIn) -> EndpointMade:
    """Make an endpoint.

    Its address must be https and on the public internet. The answer holds the secret that signs events, by Standard Webhooks; it is
    shown this once.
    """
    row = use.add_endpoint(asked.session, asked.scope, given, asked.by, local=asked.settings.webhook_local)
    asked.did("webhook.add", row)
    return _made(asked, row)


@api.get("/webhook-endpoints/{uid}", may=Permission.WEBHOOKS_READ)
def get_endpoint(asked: Reading, uid: Uid) -> EndpointOut:
    """Show an endpoint, without its secret."""
    return _endpoints(asked, [find(asked.session, asked.scope, Endpoint, uid)])[0]


@api.patch("/webhook-endpoints/{uid}", may=Permission.WEBHOOKS_WRITE)
def change_endpoint(asked: Writing, uid: Uid, given: EndpointChange) -> EndpointOut:
    """Change an endpoint; what isn't named stays.

    Making a disabled one active again sends what has waited; what happened while it was disabled is sent by a replay.
    """
    was = before(find(asked.session, asked.scope, Endpoint, uid, lock=True))
    local = asked.settings.webhook_local
    row = use.change_endpoint(asked.session, asked.scope, uid, given, asked.by, asked.version, local=local)
    asked.did("webhook.change", row, was)
    return _endpoints(asked, [row])[0]


@api.delete("/webhook-endpoints/{uid}", may=Permission.WEBHOOKS_WRITE)
def remove_endpoint(asked: Writing, uid: Uid) -> None:
    """Take an endpoint away, with what was still to be sent to it."""
    was = before(find(asked.session, asked.scope, Endpoint, uid, lock=True))
    row = use.remove(asked.session, asked.scope, uid, asked.version)
    asked.did("webhook.remove", row, was, gone=True)


@api.post("/webhook-endpoints/{uid}/rotate", may=Permission.WEBHOOKS_WRITE, if_match=True, secret=True, status=200)
def rotate_secret(asked: Writing, uid: Uid, given: Rotation) -> EndpointMade:
    """Give an endpoint a new secret, and let the one before sign beside it for a while."""
    was = before(find(asked.session, asked.scope, Endpoint, uid, lock=True))
    row = use.rotate(asked.session, asked.scope, uid, asked.by, now(asked.session), given.overlap_hours, asked.version)
    asked.did("webhook.rotate", row, was)
    return _made(asked, row)


@api.post("/webhook-endpoints/{uid}/test", may=Permission.WEBHOOKS_WRITE, status=202)
def send_test_event(asked: Writing, uid: Uid) -> DeliveryOut:
    """Send a test event to an endpoint, and to no other."""
    row = use.send_test(asked.session, asked.scope, uid, now(asked.session))
    asked.note("webhook.test", "webhook_endpoint", uid)
    return _deliveries(asked, [row])[0]


@api.post("/webhook-endpoints/{uid}/replay", may=Permission.WEBHOOKS_WRITE, status=202)
def replay_events(asked: Writing, uid: Uid, given: Replay) -> Replayed:
    """Send again what an endpoint hasn't got since a moment, under the events' own ids."""
    queued = use.replay_since(asked.session, asked.scope, uid, given.since, now(asked.session))
    asked.note("webhook.replay", "webhook_endpoint", uid, after={"since": given.since.isoformat(), "queued": queued})
    return Replayed(queued=queued)


@api.get("/webhook-deliveries", may=Permission.WEBHOOKS_READ)
def list_deliveries(
    asked: Reading,
    part: Annotated[Part, DELIVERIES.part()],
    endpoint: Annotated[
        str | None, Query(pattern="^[0-9a-hjkmnp-tv-z]{26}$", description="Only to the endpoint of this uid.", examples=[UID])
    ] = None,
    state: Annotated[DeliveryState | None, Query(description="Only those that stand here.", examples=["failed"])] = None,
) -> Page[DeliveryOut]:
    """List deliveries: what was sent, what waits and what failed."""
    query = visible(Delivery, asked.scope)
    if endpoint is not None:
        query = query.where(Delivery.endpoint_id.in_(select(Endpoint.id).where(Endpoint.uid == endpoint)))
    if state is not None:
        query = query.where(Delivery.state == state)
    return DELIVERIES.page_of(asked, query, part, lambda rows: _deliveries(asked, rows))


@api.get("/webhook-deliveries/{uid}", may=Permission.WEBHOOKS_READ)
def get_delivery(asked: Reading, uid: Uid) -> DeliveryDetail:
    """Show a delivery and what it says."""
    row = find(asked.session, asked.scope, Delivery, uid)
    payload = asked.session.get_one(Outbox, row.event_id).payload
    return DeliveryDetail.model_construct(**dict(_deliveries(asked, [row])[0]), payload=payload)


@api.post("/webhook-deliveries/{uid}/replay", may=Permission.WEBHOOKS_WRITE, status=202)
def replay_delivery(asked: Writing, uid: Uid) -> DeliveryOut:
    """Send one event again, under its own id."""
    row = use.replay_one(asked.session, asked.scope, uid, now(asked.session))
    asked.note("webhook.replay", "webhook_delivery", uid)
    return _deliveries(asked, [row])[0]
