"""Endpoints: made, changed, given a new secret, taken away; and what was sent to them sent again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import Field
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from catalog.base import new_uid, now_utc
from catalog.errors import Conflict, Fault, Invalid, fault
from catalog.given import Given
from catalog.models import Organisation, Side
from catalog.tenancy import Scope, check_version, find
from service.models import Delivery, DeliveryState, Endpoint, EndpointState, Outbox
from service.webhooks.addresses import BadAddress, resolve
from service.webhooks.events import EVERYTHING, KINDS, heard_by, wants
from service.webhooks.signing import new_secret

MOST_ENDPOINTS = 20
"""Endpoints that one organisation, or the association itself, may have."""
MOST_REPLAYED = 10_000


class EndpointIn(Given):
    """A new endpoint; `organisation` is the uid of the one whose events it gets, the association's own where it is left out."""

    url: str = Field(min_length=1, max_length=2000, description="Where events are sent: an https address on the public internet.")
    events: tuple[str, ...] = Field(default=(EVERYTHING,), min_length=1, max_length=100, description="Kinds of events, or * for all.")
    organisation: str | None = Field(default=None, max_length=26, description="Uid of the organisation; left out: the association.")


class EndpointChange(Given):
    """What changes of an endpoint; what isn't named stays."""

    url: str | None = Field(default=None, min_length=1, max_length=2000, description="Where events are sent from now on.")
    events: tuple[str, ...] | None = Field(default=None, min_length=1, max_length=100, description="Kinds of events, or * for all.")
    state: EndpointState | None = Field(default=None, description="`active` sends what waits; `disabled` lets it wait.")


def add_endpoint(session: Session, scope: Scope, given: EndpointIn, by: str, *, local: bool = False) -> Endpoint:
    """Make an endpoint with a new secret.

    Parameters
    ----------
    local : let it be on this machine; see `service.webhooks.addresses.resolve`.

    Raises
    ------
    Invalid
        If its address isn't public, or an event isn't one that it may hear.
    """
    owner = _owner(session, scope, given.organisation)
    _raise([*_bad_url(given.url, local=local), *_bad_events(given.events, owner)])
    _refuse_many(session, scope, owner)
    endpoint = Endpoint(
        association_id=scope.association_id,
        organisation_id=owner and owner.id,
        url=given.url,
        secret=new_secret(),
        events=list(dict.fromkeys(given.events)),
        updated_by=by,
    )
    session.add(endpoint)
    session.flush()
    return endpoint


def _owner(session: Session, scope: Scope, uid: str | None) -> Organisation | None:
    if uid is not None:
        return find(session, scope, Organisation, uid)
    return None if scope.organisation_id is None else session.get_one(Organisation, scope.organisation_id)


def _refuse_many(session: Session, scope: Scope, owner: Organisation | None) -> None:
    mine = select(Endpoint.id).where(Endpoint.association_id == scope.association_id, Endpoint.organisation_id == (owner and owner.id))
    if len(session.scalars(mine).all()) >= MOST_ENDPOINTS:
        raise Conflict(f"there are {MOST_ENDPOINTS} endpoints already, and no more are allowed")


def change_endpoint(
    session: Session, scope: Scope, uid: str, change: EndpointChange, by: str, version: int | None = None, *, local: bool = False
) -> Endpoint:
    """Change an endpoint; see `add_endpoint`."""
    endpoint = find(session, scope, Endpoint, uid, lock=True)
    check_version(endpoint, version)
    owner = None if endpoint.organisation_id is None else session.get_one(Organisation, endpoint.organisation_id)
    faults = _bad_url(change.url, local=local) if change.url is not None else []
    _raise([*faults, *_bad_events(change.events or (), owner)])
    if change.url is not None:
        endpoint.url = change.url
    if change.events is not None:
        endpoint.events = list(dict.fromkeys(change.events))
    if change.state is not None and change.state is not endpoint.state:
        _switch(session, endpoint, change.state)
    endpoint.updated_by = by
    session.flush()
    return endpoint


def _switch(session: Session, endpoint: Endpoint, state: EndpointState) -> None:
    endpoint.state = state
    endpoint.disabled_why = "switched off" if state is EndpointState.DISABLED else ""
    if state is EndpointState.ACTIVE:
        # What has waited goes out at once, and is given all of its attempts again.
        waiting = update(Delivery).where(Delivery.endpoint_id == endpoint.id, Delivery.state == DeliveryState.PENDING)
        session.execute(waiting.values(attempts=0, due_at=now_utc()).execution_options(synchronize_session=False))


def rotate(session: Session, scope: Scope, uid: str, by: str, at: datetime, overlap_hours: float, version: int | None = None) -> Endpoint:
    """Give an endpoint a new secret; the one before signs as well until `overlap_hours` have passed."""
    endpoint = find(session, scope, Endpoint, uid, lock=True)
    check_version(endpoint, version)
    lives = overlap_hours > 0
    endpoint.previous_secret, endpoint.secret = endpoint.secret if lives else None, new_secret()
    endpoint.previous_until, endpoint.updated_by = at + timedelta(hours=overlap_hours) if lives else None, by
    session.flush()
    return endpoint


def remove(session: Session, scope: Scope, uid: str, version: int | None = None) -> Endpoint:
    """Take an endpoint away with its deliveries, and return what it was."""
    endpoint = find(session, scope, Endpoint, uid, lock=True)
    check_version(endpoint, version)
    session.execute(delete(Delivery).where(Delivery.endpoint_id == endpoint.id).execution_options(synchronize_session=False))
    session.delete(endpoint)
    session.flush()
    return endpoint


def send_test(session: Session, scope: Scope, uid: str, at: datetime) -> Delivery:
    """Put a test event into an endpoint's queue, and into no other's."""
    endpoint = find(session, scope, Endpoint, uid)
    event = Outbox(
        uid=new_uid(),
        association_id=endpoint.association_id,
        organisation_id=endpoint.organisation_id,
        kind="webhook.test",
        payload={"endpoint": endpoint.uid},
        at=at,
    )
    session.add(event)
    session.flush()
    return _queue(session, endpoint, event, at)


def replay_one(session: Session, scope: Scope, uid: str, at: datetime) -> Delivery:
    """Send one event again under its own id, before what waits behind it."""
    row = find(session, scope, Delivery, uid, lock=True)
    if row.state is DeliveryState.PENDING and row.attempts == 0:
        return row
    _again(row, at)
    session.flush()
    return row


def replay_since(session: Session, scope: Scope, uid: str, since: datetime, at: datetime) -> int:
    """Send what an endpoint hasn't got since a moment, what happened while it was off included; returns how many events."""
    endpoint = find(session, scope, Endpoint, uid, lock=True)
    happened = select(Outbox).where(Outbox.association_id == endpoint.association_id, Outbox.at >= since).order_by(Outbox.id)
    events = [event for event in session.scalars(happened.limit(MOST_REPLAYED)) if wants(endpoint, event)]
    known = {row.event_id: row for row in session.scalars(select(Delivery).where(Delivery.endpoint_id == endpoint.id))}
    missing = [event for event in events if event.id not in known]
    failed = [known[event.id] for event in events if event.id in known and known[event.id].state is DeliveryState.FAILED]
    for row in failed:
        _again(row, at)
    for event in missing:
        _queue(session, endpoint, event, at)
    session.flush()
    return len(missing) + len(failed)


def _again(row: Delivery, at: datetime) -> None:
    row.state, row.attempts, row.due_at, row.delivered_at = DeliveryState.PENDING, 0, at, None


def _queue(session: Session, endpoint: Endpoint, event: Outbox, at: datetime) -> Delivery:
    row = Delivery(endpoint_id=endpoint.id, event_id=event.id, due_at=at)
    session.add(row)
    session.flush()
    return row


def _bad_url(url: str, *, local: bool) -> list[Fault]:
    try:
        resolve(url, local=local)
    except BadAddress as error:
        return [fault("url", url, str(error))]
    return []


def _bad_events(kinds: Iterable[str], owner: Organisation | None) -> list[Fault]:
    """Return a fault for each kind that isn't one, or that this owner never hears."""
    side: Side | None = None if owner is None else owner.side
    heard = {kind for kind in KINDS if heard_by(kind, side)} | {EVERYTHING}
    return [fault("events", kind, f"* or one of {', '.join(sorted(heard - {EVERYTHING}))}") for kind in kinds if kind not in heard]


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise Invalid(sorted(faults))
