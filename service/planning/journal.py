"""What a use-case has done, for the audit trail and for partners: gathered while it works, written at its end.

The audit chain stays locked from its first entry to the commit (`service.audit`), so the deeds come first and their record last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Self

from sqlalchemy.orm import Session

from catalog.base import Base
from service import audit
from service.planning.ledger.transitions import Act
from service.webhooks import events

Told = Mapping[int, Mapping[str, Any] | None]


@dataclass
class Journal:
    """The deeds and events of one transaction; use as a context, which writes them at its end unless it is left by an error."""

    session: Session
    association_id: int
    act: Act
    _deeds: list[audit.Deed] = field(default_factory=list)
    _events: list[tuple[str, Mapping[str, Any], Told | None]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is None:
            self._write()

    def note(self, action: str, row: Any, before: dict[str, Any] | None, after: dict[str, Any] | None = None, why: str = "") -> None:
        """Note a deed; without `after`, what the row has become is compared with `before`."""
        if after is None and before is not None:
            before, after = audit.changes(before, audit.snapshot(row))
        act = self.act
        self._deeds.append(
            audit.Deed(
                association_id=self.association_id,
                actor=act.actor,
                action=action,
                object_kind=row.__tablename__,
                object_uid=row.uid,
                before=before,
                after=audit.snapshot(row) if after is None else after,
                why=why or act.why,
                on_behalf_of=act.on_behalf_of,
                address=act.address,
                request_id=act.request_id,
            )
        )

    def tell(self, kind: str, data: Mapping[str, Any], organisations: Told | None = None) -> None:
        """Note an event for partners, see `service.webhooks.events.emit`."""
        self._events.append((kind, data, organisations))

    def mark(self) -> tuple[int, int]:
        """Return how much has been noted, for `forget`."""
        return len(self._deeds), len(self._events)

    def forget(self, mark: tuple[int, int]) -> None:
        """Drop what was noted since a mark, because it has been rolled back."""
        del self._deeds[mark[0] :], self._events[mark[1] :]

    def _write(self) -> None:
        self.session.flush()
        for kind, told in groupby(self._events, key=lambda event: event[0]):
            events.emit_many(self.session, self.association_id, kind, [(data, whose or {}) for _, data, whose in told])
        audit.record_many(self.session, self._deeds, self.act.at)


def before(row: Base) -> dict[str, Any]:
    """Return what a row is now, to compare with what it becomes."""
    return audit.snapshot(row)
