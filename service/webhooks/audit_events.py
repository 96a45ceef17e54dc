"""Deeds of the audit trail that partners are told of as they are done: what happens to lots, orders and lines over HTTP."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Endpoint
from service.webhooks.events import emit

TOLD = {
    "lot.declare": ("lot.declared", "lot"),
    "lot.revise": ("lot.revised", "lot"),
    "lot.withdraw": ("lot.withdrawn", "lot"),
    "order.place": ("order.placed", "order"),
    "line.revise": ("line.revised", "line"),
    "line.cancel": ("line.cancelled", "line"),
}
"""Action of the trail → kind of event, and the word by which its data name the row."""


def tell(session: Session, association_id: int | None, action: str, row: Any) -> None:
    """Tell of a deed, if it is one that partners are told of and somebody in the association listens.

    Parameters
    ----------
    row : what it was done to; its owner is told as well.
    """
    if association_id is None or action not in TOLD or not _heard(session, association_id):
        return
    kind, word = TOLD[action]
    emit(session, association_id, kind, {word: row.uid, "code": row.code, "version": row.version}, {row.organisation_id: None})


def _heard(session: Session, association_id: int) -> bool:
    """Tell whether the association has any endpoint, switched off ones included: those ask for what they have missed."""
    return session.scalar(select(Endpoint.id).where(Endpoint.association_id == association_id).limit(1)) is not None
