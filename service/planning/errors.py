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


class TermsBelowZero(Conflict):
    """Freight, handling and fee of an item come to more than its goods: the supplier would pay for delivering them.

    Attributes
    ----------
    missing_vnd : what the supplier would have to pay, VND.
    """

    code = "terms_below_zero"

    def __init__(self, item: str, missing_vnd: int) -> None:
        self.missing_vnd = missing_vnd
        super().__init__(f"the costs of the item {item} are {missing_vnd} đồng more than its goods: plan it again, or reject it")


class TermsChanged(Conflict):
    """The terms aren't the ones that were seen, or no longer fit the lot and the line.

    Attributes
    ----------
    version : of the terms as they are now.
    """

    code = "terms_changed"

    def __init__(self, message: str, version: int, who: str | None = None, when: datetime | None = None) -> None:
        self.version = version
        super().__init__(message, who, when)


class BelowFloor(Conflict):
    """A supplier would get less than its floor price, and hasn't said that it agrees to that.

    Attributes
    ----------
    floor_vnd, supplier_vnd : what the floor price comes to, and what the terms pay, VND.
    """

    code = "below_floor"

    def __init__(self, floor_vnd: int, supplier_vnd: int) -> None:
        self.floor_vnd, self.supplier_vnd = floor_vnd, supplier_vnd
        super().__init__(f"the terms pay {supplier_vnd} đồng, the floor price comes to {floor_vnd}: confirm that this is meant")


class OfferStands(Conflict):
    """A lot or line can't be changed so that an offer or promise of it no longer fits."""

    code = "offer_stands"


class FreightAtRisk(Conflict):
    """A truck costs more than the terms of what is aboard pay, and nobody has decided to let it go.

    Attributes
    ----------
    difference_vnd : what is missing, VND.
    """

    code = "freight_at_risk"

    def __init__(self, difference_vnd: int, cost_vnd: int) -> None:
        self.difference_vnd = difference_vnd
        super().__init__(f"the truck costs {cost_vnd} đồng, {difference_vnd} more than what is aboard pays: accept that, or plan again")
