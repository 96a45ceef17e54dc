"""The words of closed lists: states, reasons, roles, units, and the colour that a state is shown in."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from buyers.models import AgreementStatus, LineStatus
from catalog.models import LotStatus, OrganisationKind, Unit
from service.models import Role
from service.planning.states import PlanState, ProposalState, RejectReason, ReturnReason, RunState, SettlementState, ShipmentState
from service.web.texts import mark

if TYPE_CHECKING:
    from service.web.context import PageContext

WORDS: dict[type[StrEnum], dict[str, str]] = {
    Role: {
        "clerk": mark("Cooperative's clerk"), "procurement": mark("Procurement"), "broker": mark("Broker"), "manager": mark("Manager"),
        "administrator": mark("Administrator"), "auditor": mark("Auditor"), "partner": mark("Partner"),
    },
    LotStatus: {
        "declared": mark("On offer"), "reserved": mark("Committed"), "shipped": mark("Shipped"), "withdrawn": mark("Withdrawn"),
        "expired": mark("Past its days"),
    },
    LineStatus: {
        "open": mark("No goods yet"), "proposed": mark("Has proposals"), "confirmed": mark("Has agreed goods"), "filled": mark("Filled"),
        "cancelled": mark("Cancelled"),
    },
    AgreementStatus: {"draft": mark("Draft"), "active": mark("In force"), "closed": mark("Ended"), "cancelled": mark("Cancelled")},
    ProposalState: {
        "proposed": mark("To be approved"), "approved": mark("To be confirmed"), "rejected": mark("Not carried out"),
        "superseded": mark("Out of date"),
    },
    RejectReason: {
        "price": mark("The price"), "quantity": mark("The quantity"), "quality": mark("The quality"), "dates": mark("The days"),
        "transport": mark("The transport"), "certificate": mark("A certificate"), "weather": mark("The weather"),
        "sold_elsewhere": mark("Sold elsewhere"), "no_need": mark("Not needed any more"), "forbidden": mark("Forbidden by a broker"),
        "cancelled": mark("Cancelled by agreement"), "other": mark("Another reason"),
    },
    ReturnReason: {
        "bruised": mark("Bruised"), "overripe": mark("Overripe"), "underripe": mark("Underripe"), "spoiled": mark("Spoiled"),
        "pests": mark("Pests"), "residues": mark("Residues"), "wrong_grade": mark("Wrong grade"), "wrong_product": mark("Wrong product"),
        "short_weight": mark("Short weight"), "packaging": mark("Packaging"), "papers": mark("Papers missing"),
        "cold_chain": mark("Cold chain broken"), "late": mark("Too late"), "other": mark("Another reason"),
    },
    ShipmentState: {
        "planned": mark("Truck scheduled"), "loaded": mark("On its way"), "delivered": mark("Delivered"), "cancelled": mark("Cancelled"),
    },
    SettlementState: {"draft": mark("Not sent yet"), "issued": mark("To be paid"), "paid": mark("Paid")},
    RunState: {
        "queued": mark("Waiting"), "running": mark("Running"), "stopping": mark("Stopping"), "done": mark("Done"),
        "failed": mark("No plan made"),
        "stopped": mark("Stopped"),
    },
    PlanState: {"draft": mark("Draft"), "current": mark("Current"), "superseded": mark("Superseded")},
    OrganisationKind: {
        "cooperative": mark("Cooperative"), "group": mark("Cooperative group"), "buyer": mark("Buyer"), "hub": mark("Hub"),
        "carrier": mark("Carrier"),
    },
    Unit: {unit.value: unit.value for unit in Unit},
}  # fmt: skip
STAGES: dict[str, str] = {
    "proposed": mark("To be approved"), "approved": mark("To be confirmed"), "confirmed": mark("Agreed"), "loaded": mark("On its way"),
    "received": mark("Inspected"), "settled": mark("Settled"), "rejected": mark("Not carried out"), "superseded": mark("Out of date"),
}  # fmt: skip
"""How far an item has come, from the proposal to the money."""
KINDS: dict[str, tuple[str, str]] = {
    "declared": ("good", "check"), "reserved": ("info", "handshake"), "shipped": ("info", "truck"), "open": ("warn", "clock"),
    "proposed": ("info", "bell"), "confirmed": ("good", "check"), "filled": ("good", "check"), "active": ("good", "check"),
    "approved": ("warn", "clock"), "rejected": ("bad", "close"), "loaded": ("info", "truck"), "delivered": ("good", "check"),
    "received": ("good", "check"), "settled": ("good", "money"), "issued": ("warn", "money"), "paid": ("good", "money"),
    "planned": ("info", "truck"), "failed": ("bad", "warning"), "running": ("info", "play"), "queued": ("info", "clock"),
    "done": ("good", "check"), "current": ("good", "check"), "stopping": ("warn", "stop"), "stopped": ("warn", "stop"),
}  # fmt: skip
"""The colour and icon that a state is shown in; those that aren't listed are plain."""


def of(value: StrEnum, visit: PageContext) -> str:
    """Return a word of a closed list in the visitor's language."""
    known = WORDS.get(type(value))
    return visit.say(known[value.value] if known is not None else STAGES[value.value])


def kind(value: StrEnum) -> tuple[str, str]:
    """Return the colour and the icon of a state."""
    return KINDS.get(value.value, ("", ""))


def options(kind_of: type[StrEnum], visit: PageContext, leave_out: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """Return the values of a closed list and their words, for a choice."""
    return [(value.value, of(value, visit)) for value in kind_of if value.value not in leave_out]
