"""Whose service this is, and the telephone number to call: shown on every page, read once a minute."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from catalog.models import Association

if TYPE_CHECKING:
    from service.db import Database

FRESH_S = 60.0


@dataclass(frozen=True)
class House:
    """An association as pages name it; both are empty where a service has several and the visitor belongs to none."""

    name: str = ""
    phone: str = ""


_known: dict[tuple[str, int | None], tuple[float, House]] = {}


def house_of(database: Database, association_id: int | None) -> House:
    """Return the association of a visitor, or the only one that there is."""
    key, at = (str(database.url), association_id), time.monotonic()
    held = _known.get(key)
    if held is None or at - held[0] > FRESH_S:
        held = _known[key] = (at, _read(database, association_id))
    return held[1]


def forget() -> None:
    """Let a new name or telephone number be seen at once by this process."""
    _known.clear()


def _read(database: Database, association_id: int | None) -> House:
    query = select(Association.name, Association.phone)
    if association_id is not None:
        query = query.where(Association.id == association_id)
    with database.read() as session:
        rows = session.execute(query.limit(2)).all()
    return House(rows[0].name, rows[0].phone or "") if len(rows) == 1 else House()
