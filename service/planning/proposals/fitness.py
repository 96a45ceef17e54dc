"""Whether an approved item still fits its lot and its line: asked before a side confirms it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from buyers.models import DemandLine, LineStatus
from catalog.models import Lot
from service.planning.errors import PlanStale
from service.planning.models import ProposalItem


def require_fitting(session: Session, item: ProposalItem) -> None:
    """Refuse an item whose line is cancelled, or whose days its lot or line no longer has.

    Raises
    ------
    PlanStale
        Naming the lot or line, and who changed it when.
    """
    lot = session.get_one(Lot, item.lot_id, populate_existing=True)
    line = session.get_one(DemandLine, item.line_id, populate_existing=True)
    if line.status is LineStatus.CANCELLED:
        raise PlanStale(f"the line {line.code} is cancelled", None, line.updated_by, line.updated_at)
    if item.pickup_on is not None and not lot.available_from <= item.pickup_on <= lot.available_until:
        days = f"{lot.available_from} to {lot.available_until}"
        raise PlanStale(f"the lot {lot.code} can be had from {days}, not on {item.pickup_on}", None, lot.updated_by, lot.updated_at)
    if item.delivery_on is not None and not line.deliver_from <= item.delivery_on <= line.deliver_until:
        days = f"{line.deliver_from} to {line.deliver_until}"
        raise PlanStale(f"the line {line.code} is for {days}, not for {item.delivery_on}", None, line.updated_by, line.updated_at)
