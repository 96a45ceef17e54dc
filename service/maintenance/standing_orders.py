"""Places the lines of standing orders, and notes them in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from buyers import standing
from buyers.models import Order
from service.audit import Deed, record_many, snapshot
from service.days import today
from service.db import now
from service.webhooks import audit_events

ACTOR = "system"


def place_due(session: Session) -> int:
    """Place what standing orders ask for up to the next week; return how many orders came of it."""
    at = now(session)
    placed = standing.place_due(session, today(at))
    note(session, placed)
    return len(placed)


def note(session: Session, placed: Sequence[Order]) -> None:
    """Note orders that came of standing orders in the audit trail, and tell partners who listen."""
    deeds = [
        Deed(row.association_id, ACTOR, "order.place", "buyer_order", row.uid, None, snapshot(row), on_behalf_of=row.updated_by)
        for row in placed
    ]
    if deeds:
        record_many(session, deeds, now(session))
    for row in placed:
        audit_events.tell(session, row.association_id, "order.place", row)
