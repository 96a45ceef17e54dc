"""The audit trail: who did what, what was before and after, and why, in a chain that nobody can rewrite unseen.

Each event carries the hash of the one before it, and the head of its chain is kept apart, so that a change, a gap and a cut-off end are
all found. Every association has a chain of its own; chain 0 holds what concerns none. The database's triggers refuse to change or
delete an event; the chain is for the one who can turn triggers off. An event names people by their uid alone, so that a person
can be erased without touching the trail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from catalog.base import Base
from service.models import AuditEvent, AuditHead

NO_HASH = "0" * 64
NO_CHAIN = 0
PART = 1000
HIDDEN = frozenset({"password_hash", "key_hash", "token_hash", "csrf_hash", "secret", "previous_secret", "content"})
"""Columns whose value never enters the trail."""
DERIVED = frozenset({"id", "sort_key", "search_key", "updated_at", "updated_by"})
_HASHED = (
    "chain", "seq", "association_id", "at", "actor", "on_behalf_of", "address", "action",
    "object_kind", "object_uid", "before", "after", "why", "request_id", "prev_hash",
)  # fmt: skip


@dataclass(frozen=True)
class Deed:
    """What happened, and by whom.

    Attributes
    ----------
    association_id : the tenant concerned; None for what concerns all.
    actor : uid of the user or key, or ``system``.
    action : such as ``lot.revise``.
    object_kind, object_uid : what it was done to.
    before, after : the fields concerned, None where there was nothing before or is nothing after.
    why : reason given.
    on_behalf_of, address, request_id : for whom, from where, in which request.
    """

    association_id: int | None
    actor: str
    action: str
    object_kind: str
    object_uid: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    why: str = ""
    on_behalf_of: str = ""
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Break:
    """The first place where a chain doesn't hold."""

    chain: int
    seq: int
    what: str

    def __str__(self) -> str:
        return f"chain {self.chain}, event {self.seq}: {self.what}"


def record(session: Session, deed: Deed, at: datetime) -> AuditEvent:
    """Add an event to its chain, in the transaction that does the deed.

    The chain stays locked until that transaction ends; so do the deed first and record it last, or two deeds may wait for each other.
    """
    return record_many(session, [deed], at)[0]


def record_rarely(session: Session, deed: Deed, at: datetime, pause: timedelta) -> AuditEvent | None:
    """Add an event unless its actor has left the same mark on the same object within a pause; see `record`.

    The chain is locked before it is asked, so that of two who come at once only one leaves the mark.
    """
    _lock_head(session, _chain_of(deed))
    return None if is_marked(session, deed, at - pause) else record(session, deed, at)


def is_marked(session: Session, deed: Deed, since: datetime) -> bool:
    """Tell whether the actor of a deed has left the same mark on the same object since a moment."""
    about = (AuditEvent.chain == _chain_of(deed), AuditEvent.object_uid == deed.object_uid, AuditEvent.object_kind == deed.object_kind)
    done = (AuditEvent.actor == deed.actor, AuditEvent.action == deed.action, AuditEvent.at > since)
    return session.scalar(select(AuditEvent.seq).where(*about, *done).limit(1)) is not None


def record_many(session: Session, deeds: Sequence[Deed], at: datetime) -> list[AuditEvent]:
    """Add events to their chains in the order of the deeds; see `record`."""
    events = [event for chain, mine in groupby(deeds, _chain_of) for event in _link(_lock_head(session, chain), mine, at)]
    session.add_all(events)
    session.flush()
    return events


def _chain_of(deed: Deed) -> int:
    return deed.association_id or NO_CHAIN


def _link(head: AuditHead, deeds: Iterable[Deed], at: datetime) -> Iterator[AuditEvent]:
    """Yield events that each carry the hash of the one before; the head moves along."""
    for deed in deeds:
        event = AuditEvent(chain=head.chain, seq=head.seq + 1, prev_hash=head.hash, at=at.astimezone(UTC), **_plain(vars(deed)))
        event.hash = digest(event)
        head.seq, head.hash = event.seq, event.hash
        yield event


def _lock_head(session: Session, chain: int) -> AuditHead:
    """Return the end of a chain, locked; a chain starts with its first event."""
    wanted = select(AuditHead).where(AuditHead.chain == chain).with_for_update().execution_options(populate_existing=True)
    head = session.scalars(wanted).one_or_none()
    if head is None:
        _start_chain(session, chain)
        head = session.scalars(wanted).one()
    return head


def _start_chain(session: Session, chain: int) -> None:
    """Insert the head unless somebody else is just doing so."""
    table = AuditHead.__table__
    if session.get_bind().dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    session.execute(insert(table).values(chain=chain, seq=0, hash=NO_HASH).on_conflict_do_nothing())  # type: ignore[arg-type]


def digest(event: AuditEvent) -> str:
    """Return the SHA-256 of an event's fields and of the hash before it, as 64 hexadecimal digits."""
    fields = {name: getattr(event, name) for name in _HASHED}
    fields["at"] = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(fields, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def verify(session: Session) -> Iterator[Break]:
    """Recompute every chain and yield the first broken place of each; nothing at all if all hold."""
    for head in session.scalars(select(AuditHead).order_by(AuditHead.chain)).all():
        found = _verify_chain(session, head)
        if found is not None:
            yield found
    headless = select(AuditEvent.chain).where(AuditEvent.chain.not_in(select(AuditHead.chain))).distinct()
    yield from (Break(chain, 1, "the chain has lost its head") for chain in session.scalars(headless))


def _verify_chain(session: Session, head: AuditHead) -> Break | None:
    seq, last = 0, NO_HASH
    for event in _events(session, head.chain):
        seq += 1
        if event.seq != seq:
            return Break(head.chain, seq, "missing")
        if event.prev_hash != last or digest(event) != event.hash:
            return Break(head.chain, seq, "changed since it was written")
        last = event.hash
    if (head.seq, head.hash) != (seq, last):
        return Break(head.chain, seq + 1, f"missing: {head.seq} events were written")
    return None


def _events(session: Session, chain: int) -> Iterator[AuditEvent]:
    """Yield the events of a chain in order, a thousand in memory at a time."""
    last = -1
    while True:
        part = select(AuditEvent).where(AuditEvent.chain == chain, AuditEvent.seq > last).order_by(AuditEvent.seq).limit(PART)
        events = session.scalars(part).all()
        yield from events
        if len(events) < PART:
            return
        last = events[-1].seq
        session.expunge_all()


def snapshot(row: Base) -> dict[str, Any]:
    """Return a row's own columns as plain values, without secrets and without what follows from the rest."""
    columns = [attribute.key for attribute in inspect(type(row)).column_attrs]
    return {key: _plain(getattr(row, key)) for key in columns if key not in HIDDEN | DERIVED}


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two snapshots, each cut down to what differs."""
    keys = [key for key in after if before.get(key) != after[key]]
    return {key: before.get(key) for key in keys}, {key: after[key] for key in keys}


def _plain(value: Any) -> Any:
    """Return a value as JSON keeps it, so that its hash is the same when it is read back."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)
