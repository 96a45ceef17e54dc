"""Conflicts of planning: somebody was first, or something has changed under a plan."""

from __future__ import annotations

from catalog.errors import Conflict


class LotOvercommitted(Conflict):
    """The lot hasn't that many kilograms left to offer; `left_kg` says how many."""

    code = "lot_overcommitted"

    def __init__(self, message: str, left_kg: int, who: str | None = None, when: object = None) -> None:
        self.left_kg = left_kg
        super().__init__(message, who, when)  # type: ignore[arg-type]


class LineOvercommitted(LotOvercommitted):
    """The line hasn't that much demand left; `left_kg` says how much."""

    code = "line_overcommitted"


class NotAvailable(Conflict):
    """The lot is withdrawn or past its window, or the line is cancelled."""

    code = "not_available"


class HoldExpired(Conflict):
    """The hold has run out, and its kilograms may be gone."""

    code = "hold_expired"


class AlreadyMoved(Conflict):
    """The kilograms no longer stand where this step would take them from."""

    code = "already_moved"


class PlanStale(Conflict):
    """The plan has been superseded, or its supply or demand has changed since it was made."""

    code = "plan_stale"
