"""Conflicts of planning: somebody was first, or something has changed under a plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from catalog.errors import Conflict, DomainError


class LotOvercommitted(Conflict):
    """The lot hasn't that many kilograms left to offer; `left_kg` says how many."""

    code = "lot_overcommitted"

    def __init__(self, message: str, left_kg: int, who: str | None = None, when: datetime | None = None) -> None:
        self.left_kg = left_kg
        super().__init__(message, who, when)


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
    """The plan has been superseded, or its supply or demand has changed since it was made.

    Attributes
    ----------
    current : uid of the association's current plan, None if it has none.
    """

    code = "plan_stale"

    def __init__(self, message: str, current: str | None = None, who: str | None = None, when: datetime | None = None) -> None:
        self.current = current
        super().__init__(message, who, when)


class AlreadyDecided(Conflict):
    """Somebody has approved, rejected or confirmed this item before."""

    code = "already_decided"


class AlreadyConfirmed(Conflict):
    """Both sides have confirmed; what they agreed on is taken back by compensation alone.

    Attributes
    ----------
    compensation : what can be done instead: ``cancel`` before the goods are loaded, ``receipt`` once they are on their way, ``none``
        after they have been received.
    """

    code = "already_confirmed"

    def __init__(self, message: str, compensation: str, who: str | None = None, when: datetime | None = None) -> None:
        self.compensation = compensation
        super().__init__(message, who, when)


class NotApproved(Conflict):
    """A supplier or buyer answers for an item that no broker has approved yet."""

    code = "not_approved"


class NothingToUndo(Conflict):
    """Nothing that a broker did to this item is left to undo."""

    code = "nothing_to_undo"


class ManyRefused(Conflict):
    """Several items were to be decided together, and some of them can't be: nothing was done.

    Attributes
    ----------
    refusals : uid of each such item → what refused it.
    """

    code = "some_refused"

    def __init__(self, refusals: dict[str, DomainError]) -> None:
        self.refusals = refusals
        super().__init__(f"{len(refusals)} of the items can't be decided, so none has been")


class PinsConflict(Conflict):
    """Pins that no plan can keep together.

    Attributes
    ----------
    pins : uids of the decisions of a smallest conflicting set; empty for the one that was about to be made.
    pairs : lot and line codes with kilograms, one for each of them.
    """

    code = "pins_conflict"

    def __init__(self, message: str, pins: Sequence[str], pairs: Sequence[str]) -> None:
        self.pins, self.pairs = tuple(pins), tuple(pairs)
        super().__init__(f"{message}: {', '.join(pairs)}")
