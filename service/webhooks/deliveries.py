"""The queue of each endpoint: first in, first out, one attempt at a time, tried again ever more rarely.

A delivery is leased before it is sent, so that several senders never send it at once, and its result counts only while the lease
is the same attempt's. A sender that dies leaves a lease that ends: what it had sent is sent again under the same id, which the receiver
knows it by. Later events wait behind an event that fails, so that a receiver sees them in order.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from service.models import Delivery, DeliveryState, Endpoint, EndpointState, Outbox
from service.webhooks.signing import body_of
from service.webhooks.transport import Outcome

DELAYS_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds to wait after the first attempt, the second, and so on; the attempt after the last wait is the last."""
JITTER = 0.1
_chance = random.SystemRandom()


@dataclass(frozen=True)
class Job:
    """One attempt to be made, with everything that it needs.

    Attributes
    ----------
    attempt : number of this attempt; the result counts only while it is the latest.
    keys : secrets to sign with.
    """

    delivery_id: int
    endpoint_id: int
    attempt: int
    url: str
    keys: list[str]
    event_uid: str
    body: bytes


def due(session: Session, at: datetime, limit: int) -> Sequence[int]:
    """Return the deliveries whose turn it is: the first that is open at each active endpoint, where its time has come."""
    heads = select(func.min(Delivery.id)).join(Endpoint, Endpoint.id == Delivery.endpoint_id)
    heads = heads.where(Delivery.state == DeliveryState.PENDING, Endpoint.state == EndpointState.ACTIVE).group_by(Delivery.endpoint_id)
    wanted = select(Delivery.id).where(Delivery.id.in_(heads), Delivery.due_at <= at)
    return session.scalars(wanted.order_by(Delivery.due_at, Delivery.id).limit(limit)).all()


def claim(session: Session, delivery_id: int, at: datetime, lease_s: float) -> Job | None:
    """Lease a delivery for one attempt; None if another sender was quicker."""
    open_ = update(Delivery).where(Delivery.id == delivery_id, Delivery.state == DeliveryState.PENDING, Delivery.due_at <= at)
    leased = open_.values(attempts=Delivery.attempts + 1, due_at=at + timedelta(seconds=lease_s)).returning(Delivery.attempts)
    attempt = session.execute(leased.execution_options(synchronize_session=False)).scalar_one_or_none()
    if attempt is None:
        return None
    chosen = select(Delivery.id, Endpoint, Outbox).join(Endpoint, Endpoint.id == Delivery.endpoint_id)
    _, endpoint, event = session.execute(chosen.join(Outbox, Outbox.id == Delivery.event_id).where(Delivery.id == delivery_id)).one()
    body = body_of(event.uid, event.kind, event.at, event.payload)
    return Job(delivery_id, endpoint.id, attempt, endpoint.url, keys_of(endpoint, at), event.uid, body)


def keys_of(endpoint: Endpoint, at: datetime) -> list[str]:
    """Return the secrets that sign now: the one before too, as long as it is let live."""
    lives = endpoint.previous_secret is not None and (endpoint.previous_until is None or endpoint.previous_until > at)
    return [endpoint.secret, *([endpoint.previous_secret] if lives and endpoint.previous_secret else [])]


def finish(session: Session, job: Job, outcome: Outcome, at: datetime) -> bool:
    """Write down what became of an attempt; False if it is no longer the latest, and nothing was written."""
    chosen = select(Delivery).where(Delivery.id == job.delivery_id, Delivery.attempts == job.attempt)
    row = session.scalars(chosen.where(Delivery.state == DeliveryState.PENDING).with_for_update()).one_or_none()
    if row is None:
        return False
    row.status, row.response = outcome.status, outcome.response
    if outcome.delivered:
        row.state, row.delivered_at = DeliveryState.DELIVERED, at
    elif outcome.gone or job.attempt > len(DELAYS_S):
        row.state = DeliveryState.FAILED
        why = "the receiver answered 410 Gone" if outcome.gone else f"an event could not be delivered in {job.attempt} attempts"
        _disable(session, job.endpoint_id, why)
    else:
        row.due_at = at + timedelta(seconds=DELAYS_S[job.attempt - 1] * _chance.uniform(1, 1 + JITTER))
    session.flush()
    return True


def _disable(session: Session, endpoint_id: int, why: str) -> None:
    """Send nothing more to an endpoint until somebody lets it be active again; what is open waits."""
    endpoint = session.get_one(Endpoint, endpoint_id, with_for_update=True, populate_existing=True)
    endpoint.state, endpoint.disabled_why, endpoint.updated_by = EndpointState.DISABLED, why, "system"


def prune(session: Session, before: datetime) -> int:
    """Forget events and deliveries older than a moment; what is still open is kept. Returns how many events were forgotten."""
    closed = delete(Delivery).where(
        Delivery.state != DeliveryState.PENDING, Delivery.event_id.in_(select(Outbox.id).where(Outbox.at < before))
    )
    session.execute(closed.execution_options(synchronize_session=False))
    told = delete(Outbox).where(Outbox.at < before, Outbox.id.not_in(select(Delivery.event_id)))
    done = session.execute(told.execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]
