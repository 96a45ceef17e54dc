"""Orders and call-offs close and reopen by themselves, from where their lines stand."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Update, bindparam, case, select, update
from sqlalchemy.orm import Session

from buyers.models import AgreementStatus, CallOff, DemandLine, LineStatus, Order

ENDED = (LineStatus.FILLED, LineStatus.CANCELLED)


def refresh_agreements(session: Session, line_ids: Collection[int]) -> None:
    """Let the orders and call-offs of some lines say what their lines say; this is no edit, so their versions stay.

    One is closed once every line is filled or cancelled, cancelled once every line is, and open again when a line is. A cancelled one
    stays so.
    """
    if not line_ids:
        return
    session.flush()
    for statement in (_ORDERS_SAY, _CALLS_SAY):
        session.execute(statement, {"ids": list(line_ids)}, execution_options={"synchronize_session": False})


def _says(model: Any, key: Any) -> Update:
    mine = select(DemandLine.id).where(key == model.id).correlate(model)
    status = case(
        (mine.where(DemandLine.status.not_in(ENDED)).exists(), AgreementStatus.ACTIVE.value),
        (mine.where(DemandLine.status == LineStatus.FILLED).exists(), AgreementStatus.CLOSED.value),
        else_=AgreementStatus.CANCELLED.value,
    )
    touched = select(key).where(DemandLine.id.in_(bindparam("ids", expanding=True)), key.is_not(None))
    changed = update(model).where(model.id.in_(touched), model.status != AgreementStatus.CANCELLED, model.status != status)
    return changed.values(status=status, updated_at=model.updated_at)


_ORDERS_SAY, _CALLS_SAY = _says(Order, DemandLine.order_id), _says(CallOff, DemandLine.call_off_id)
"""Made once, for making a query costs more than asking it."""
