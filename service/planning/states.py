"""The closed lists of the planning tables, and the steps that a kilogram may take."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands; its row is the queue."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class PlanState(StrEnum):
    """Where a plan stands: a run makes a draft, publishing puts it in force, and the next published plan supersedes it."""

    DRAFT = "draft"
    CURRENT = "current"
    SUPERSEDED = "superseded"


class ProposalState(StrEnum):
    """Where a proposal, or one of its items, stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class DecisionKind(StrEnum):
    """What a broker has decided about one lot and one line."""

    PIN = "pin"
    FORBID = "forbid"


class RejectReason(StrEnum):
    """Why a broker, a supplier or a buyer turns an item down."""

    PRICE = "price"
    QUANTITY = "quantity"
    QUALITY = "quality"
    DATES = "dates"
    TRANSPORT = "transport"
    CERTIFICATE = "certificate"
    WEATHER = "weather"
    SOLD_ELSEWHERE = "sold_elsewhere"
    NO_NEED = "no_need"
    FORBIDDEN = "forbidden"
    CANCELLED = "cancelled"
    """Taken back by agreement after both sides had confirmed."""
    OTHER = "other"
    """Needs a note."""


class ReturnReason(StrEnum):
    """Why a buyer's door turns goods away."""

    BRUISED = "bruised"
    OVERRIPE = "overripe"
    UNDERRIPE = "underripe"
    SPOILED = "spoiled"
    PESTS = "pests"
    RESIDUES = "residues"
    WRONG_GRADE = "wrong_grade"
    WRONG_PRODUCT = "wrong_product"
    SHORT_WEIGHT = "short_weight"
    PACKAGING = "packaging"
    PAPERS = "papers"
    COLD_CHAIN = "cold_chain"
    LATE = "late"
    OTHER = "other"
    """Needs a note."""


class ShipmentState(StrEnum):
    """Where a truck load stands."""

    PLANNED = "planned"
    LOADED = "loaded"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class SettlementState(StrEnum):
    """Where the money of a delivery stands."""

    DRAFT = "draft"
    ISSUED = "issued"
    PAID = "paid"


class FreightRisk(StrEnum):
    """Who pays the difference where a truck goes emptier than agreed."""

    ASSOCIATION = "association"
    """The difference is booked to the association's freight account."""
    BUYER = "buyer"
    SHARED = "shared"
    """Half each of buyer and supplier, never below the supplier's floor price."""


class Answer(StrEnum):
    """What a side says to terms."""

    CONFIRMED = "confirmed"
    DECLINED = "declined"
    OBJECTED = "objected"
    """Takes back what somebody else confirmed for this side."""


class Channel(StrEnum):
    """How a side gave its answer."""

    SYSTEM = "system"
    """By itself, with its own account or key."""
    TELEPHONE = "telephone"
    ZALO = "zalo"
    IN_PERSON = "in_person"


class AmendmentState(StrEnum):
    """Where a proposed change of confirmed terms stands."""

    OPEN = "open"
    AGREED = "agreed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class RejectSharing(StrEnum):
    """Who of a joint offer bears what the buyer's door turns away."""

    OWN = "own"
    """Each supplier its own goods."""
    SHARED = "shared"
    """All that are on the same receipt, by their kilograms."""


class JointState(StrEnum):
    """Where a joint offer stands."""

    OPEN = "open"
    """Waits for a supplier's answer."""
    AGREED = "agreed"
    """All suppliers have agreed: its lots go together, or not at all."""
    ENDED = "ended"
    """Declined, or one of its items was turned down."""


class DocumentKind(StrEnum):
    """What a group of account entries was booked for."""

    SHIPMENT = "shipment"
    SETTLEMENT = "settlement"
    PAYMENT = "payment"


class Account(StrEnum):
    """The association's accounts."""

    BUYERS = "buyers"
    """What buyers owe."""
    SUPPLIERS = "suppliers"
    """What suppliers are owed."""
    FREIGHT = "freight"
    """Trucks' cost less the freight that settlements carry: what emptier trucks and rejected goods cost the association."""
    HANDLING = "handling"
    """Hubs' cost less the handling that settlements carry."""
    FEES = "fees"
    CARRIERS = "carriers"
    """What trucks and carriers are owed."""
    HUBS = "hubs"
    """What hubs are owed."""
    CASH = "cash"


class KgState(StrEnum):
    """Where a kilogram of a lot stands."""

    OUTSIDE = "outside"
    """Not declared: where kilograms come from when a forecast rises, and go when it falls."""
    OFFERED = "offered"
    HELD = "held"
    CONFIRMED = "confirmed"
    LOADED = "loaded"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"


STEPS: tuple[tuple[KgState, KgState], ...] = (
    (KgState.OUTSIDE, KgState.OFFERED),
    (KgState.OFFERED, KgState.OUTSIDE),
    (KgState.OFFERED, KgState.WITHDRAWN),
    (KgState.WITHDRAWN, KgState.OFFERED),
    (KgState.OFFERED, KgState.HELD),
    (KgState.HELD, KgState.OFFERED),
    (KgState.HELD, KgState.CONFIRMED),
    (KgState.CONFIRMED, KgState.OFFERED),
    (KgState.CONFIRMED, KgState.LOADED),
    (KgState.LOADED, KgState.CONFIRMED),
    (KgState.LOADED, KgState.ACCEPTED),
    (KgState.LOADED, KgState.REJECTED),
    (KgState.ACCEPTED, KgState.SETTLED),
    (KgState.REJECTED, KgState.SETTLED),
)
"""Every step that the ledger admits; the database's check is made from this list."""

LOT_STATES = tuple(state for state in KgState if state is not KgState.OUTSIDE)
"""The states over which the kilograms of a lot add up to its quantity."""

PROMISED_STATES = (KgState.HELD, KgState.CONFIRMED, KgState.LOADED, KgState.ACCEPTED, KgState.REJECTED, KgState.SETTLED)
"""The states in which a kilogram belongs to a promise, a lot's kilograms for a line."""
