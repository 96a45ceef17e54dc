"""What the `data` of each kind of event holds: what the association is told, and what a supplier or a buyer is told where that is less."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import Field

from catalog.models import Side
from service.http.glossary import UID
from service.http.shapes import Out
from service.planning.states import (
    Channel,
    JointState,
    PlanState,
    ProposalState,
    RejectReason,
    RejectSharing,
    SettlementState,
    ShipmentState,
)
from service.views.policies import ChangeOut

LOT, LINE = "Uid of the lot.", "Uid of the demand line."
PLAN, PROPOSAL = "Uid of the plan.", "Uid of the proposal."
SHIPMENT = "Uid of the shipment."
STATE = "Where it stands now."


class LotTold(Out):
    """A lot, as it stands now."""

    lot: str = Field(description=LOT, examples=[UID])
    code: str
    version: int


class OrderTold(Out):
    """An order, as it stands now."""

    order: str
    code: str
    version: int


class LineTold(Out):
    """A demand line, as it stands now."""

    line: str = Field(description=LINE, examples=[UID])
    code: str
    version: int


class UploadTold(Out):
    """What an upload has brought."""

    upload: str = Field(description="Uid of the upload.", examples=[UID])
    table: Literal["lots", "demands"] = Field(description="The table that was uploaded.", examples=["lots"])
    new: int = Field(description="Rows that were added.", examples=[120])
    changed: int = Field(description="Rows that were changed.", examples=[3])


class RunDoneTold(Out):
    """A run that has ended with a plan."""

    run: str = Field(description="Uid of the run.", examples=[UID])
    state: Literal["done"] = Field(description=STATE)
    plan: str = Field(description=PLAN, examples=[UID])


class RunFailedTold(Out):
    """A run that has ended without a plan."""

    run: str = Field(description="Uid of the run.", examples=[UID])
    state: Literal["failed"] = Field(description=STATE)
    plan: None = Field(description="There is none.", examples=[None])
    failure_code: str = Field(description="Why, as a code that never changes.", examples=["no_solution_in_time"])
    failure_detail: str | None = Field(description="Why, in words.", examples=["there was no plan within 60 s"])


class RunStoppedTold(Out):
    """A run that somebody has stopped."""

    run: str = Field(description="Uid of the run.", examples=[UID])
    state: Literal["stopped"] = Field(description=STATE)
    plan: str | None = Field(description="Uid of the best plan so far; null where there was none.", examples=[UID])


class PlanCreatedTold(Out):
    """A plan that has been stored as a draft."""

    plan: str = Field(description=PLAN, examples=[UID])
    state: PlanState = Field(description=STATE, examples=["draft"])
    objective_vnd: int = Field(description="What the plan is worth, đồng.", examples=[812_400_000])
    bound_vnd: int | None = Field(description="What no plan can be worth more than, đồng; null if unproven.", examples=[815_000_000])


class PlanPublishedTold(Out):
    """A draft that has been put in force."""

    plan: str = Field(description=PLAN, examples=[UID])
    items: int = Field(description="How many items were put to suppliers and buyers.", examples=[64])
    kg: int = Field(description="How much they come to, kg.", examples=[71_000])
    replaced: str | None = Field(description="Uid of the plan that was in force before; null for the first one.", examples=[UID])


class PlanSupersededTold(Out):
    """A plan that is in force no longer."""

    plan: str = Field(description=PLAN, examples=[UID])
    by: str = Field(description="Uid of the plan that has taken its place.", examples=[UID])


class PlanChangedTold(Out):
    """A plan that changes something for some: what the association is told."""

    plan: str = Field(description="Uid of the later plan.", examples=[UID])
    before: str = Field(description="Uid of the plan that was in force.", examples=[UID])
    parties: int = Field(description="How many suppliers and buyers are told.", examples=[7])


class PlanNoticeTold(Out):
    """What a plan changes for one supplier or buyer, which alone is told."""

    plan: str = Field(description="Uid of the later plan.", examples=[UID])
    before: str = Field(description="Uid of the plan that was in force.", examples=[UID])
    count: int = Field(description="How many changes there are.", examples=[1])
    changes: list[ChangeOut] = Field(description="The changes, up to 200.")


class JointOfferTold(Out):
    """A joint offer, as it stands now."""

    joint_offer: str = Field(description="Uid of the joint offer.", examples=[UID])
    state: JointState = Field(description=STATE, examples=["open"])
    reject_sharing: RejectSharing = Field(description="Who bears what the door rejects.", examples=["shared"])
    kg: int = Field(description="What all of its lots bring together, kg.", examples=[3000])


class ProposalTold(Out):
    """A proposal to a supplier or a buyer."""

    proposal: str = Field(description=PROPOSAL, examples=[UID])
    plan: str = Field(description=PLAN, examples=[UID])
    side: Side


class ProposalSupersededTold(ProposalTold):
    """A proposal whose open items a later plan has taken the place of."""

    state: ProposalState = Field(description="What is left of it: approved or rejected items, or none.", examples=["superseded"])
    by: str = Field(description="Uid of the later plan.", examples=[UID])


class ItemTold(Out):
    """An item of a proposal, kilograms of a lot for a line: what all concerned are told."""

    item: str = Field(description="Uid of the item.", examples=[UID])
    lot: str = Field(description=LOT, examples=[UID])
    line: str = Field(description=LINE, examples=[UID])
    kg: int
    state: ProposalState = Field(description=STATE, examples=["approved"])
    pickup_on: date | None = Field(description="Day of the pick-up; null where none is set.", examples=["2027-06-07"])
    delivery_on: date | None = Field(description="Day of the delivery; null where none is set.", examples=["2027-06-08"])


class ItemToldToAll(ItemTold):
    """An item, as the association is told."""

    supply_proposal: str = Field(description="Uid of the proposal to the supplier.", examples=[UID])
    demand_proposal: str = Field(description="Uid of the proposal to the buyer.", examples=[UID])


class ItemToldToOne(ItemTold):
    """An item, as its supplier or its buyer is told."""

    proposal: str = Field(description="Uid of the proposal to the one who is told.", examples=[UID])


class _Turned(Out):
    reason: RejectReason = Field(description="Why it was turned down.", examples=["weather"])


class _Agreed(Out):
    side: Side = Field(description="Side that has confirmed.", examples=["supply"])
    terms: int = Field(description="Version of the terms that it has confirmed.", examples=[1])
    channel: Channel = Field(description="How it did so: `system` by itself, else how it told the one who acts for it.", examples=["zalo"])


class _Promised(Out):
    promise: str = Field(description="Uid of the promise.", examples=[UID])
    terms: int = Field(description="Version of the terms in force.", examples=[1])


class _ChangeProposed(Out):
    amendment: str = Field(description="Uid of the proposed change.", examples=[UID])
    side: Side = Field(description="Side that proposes or answers; `logistics` is the association.", examples=["supply"])


class ItemTurnedToldToAll(_Turned, ItemToldToAll):
    """An item that has been turned down, as the association is told."""


class ItemTurnedToldToOne(_Turned, ItemToldToOne):
    """An item that has been turned down, as its supplier or its buyer is told."""


class ItemAgreedToldToAll(_Agreed, ItemToldToAll):
    """An item that one side has confirmed, as the association is told."""


class ItemAgreedToldToOne(_Agreed, ItemToldToOne):
    """An item that one side has confirmed, as its supplier or its buyer is told."""


class ItemPromisedToldToAll(_Promised, ItemToldToAll):
    """An item that both sides have confirmed, as the association is told."""


class ItemPromisedToldToOne(_Promised, ItemToldToOne):
    """An item that both sides have confirmed, as its supplier or its buyer is told."""


class ItemChangeToldToAll(_ChangeProposed, ItemToldToAll):
    """A change of a promise that is proposed or declined, as the association is told."""


class ItemChangeToldToOne(_ChangeProposed, ItemToldToOne):
    """A change of a promise that is proposed or declined, as its supplier or its buyer is told."""


class ShipmentTold(Out):
    """A shipment, as it stands now."""

    shipment: str = Field(description=SHIPMENT, examples=[UID])
    code: str
    state: ShipmentState = Field(description=STATE, examples=["loaded"])


class ReceiptToldToOne(Out):
    """A receipt, as those with goods on it are told."""

    receipt: str = Field(description="Uid of the receipt.", examples=[UID])
    shipment: str = Field(description=SHIPMENT, examples=[UID])
    site: str


class ReceiptToldToAll(ReceiptToldToOne):
    """A receipt, as the association is told."""

    accepted_kg: int = Field(description="What the door has accepted of all goods, kg.", examples=[1_900])
    rejected_kg: int = Field(description="What the door has turned away of all goods, kg.", examples=[100])


class _SettlementTold(Out):
    settlement: str = Field(description="Uid of the settlement.", examples=[UID])
    state: SettlementState = Field(description=STATE, examples=["issued"])
    kg: int


class SettlementToldToSupplier(_SettlementTold):
    """A settlement, as its supplier is told."""

    supplier_vnd: int = Field(description="What the supplier gets, đồng.", examples=[7_750_000])


class SettlementToldToBuyer(_SettlementTold):
    """A settlement, as its buyer is told."""

    buyer_vnd: int = Field(description="What the buyer pays, đồng.", examples=[12_500_000])


class SettlementToldToAll(_SettlementTold):
    """A settlement, as the association is told; the supplier's part and the three charges add up to what the buyer pays."""

    supplier_vnd: int = Field(description="What the supplier gets, đồng.", examples=[7_750_000])
    buyer_vnd: int = Field(description="What the buyer pays, đồng.", examples=[12_500_000])
    freight_vnd: int = Field(description="Carriage, đồng.", examples=[4_000_000])
    hub_vnd: int = Field(description="Handling at hubs, đồng.", examples=[562_500])
    fee_vnd: int = Field(description="The association's fee, đồng.", examples=[187_500])


class TestTold(Out):
    """A test, which concerns no row but the endpoint."""

    __test__ = False

    endpoint: str


Shapes = tuple[type[Out], ...]
_ITEM: Shapes = (ItemToldToAll, ItemToldToOne)
_TURNED: Shapes = (ItemTurnedToldToAll, ItemTurnedToldToOne)
_MONEY: Shapes = (SettlementToldToAll, SettlementToldToSupplier, SettlementToldToBuyer)

SHAPES: Mapping[str, Shapes] = {
    "lot.declared": (LotTold,),
    "lot.revised": (LotTold,),
    "lot.withdrawn": (LotTold,),
    "order.placed": (OrderTold,),
    "line.revised": (LineTold,),
    "line.cancelled": (LineTold,),
    "upload.imported": (UploadTold,),
    "run.done": (RunDoneTold,),
    "run.failed": (RunFailedTold,),
    "run.stopped": (RunStoppedTold,),
    "plan.created": (PlanCreatedTold,),
    "plan.published": (PlanPublishedTold,),
    "plan.superseded": (PlanSupersededTold,),
    "plan.changed": (PlanChangedTold, PlanNoticeTold),
    "proposal.created": (ProposalTold,),
    "proposal.approved": _ITEM,
    "proposal.rejected": _TURNED,
    "proposal.revised": _ITEM,
    "proposal.confirmed": (ItemAgreedToldToAll, ItemAgreedToldToOne),
    "proposal.superseded": (ProposalSupersededTold,),
    "promise.confirmed": (ItemPromisedToldToAll, ItemPromisedToldToOne),
    "promise.cancelled": _TURNED,
    "promise.change_proposed": (ItemChangeToldToAll, ItemChangeToldToOne),
    "promise.changed": (ItemPromisedToldToAll, ItemPromisedToldToOne),
    "promise.change_declined": (ItemChangeToldToAll, ItemChangeToldToOne),
    "proposal.objected": _TURNED,
    "promise.expired": _ITEM,
    "joint_offer.changed": (JointOfferTold,),
    "shipment.loaded": (ShipmentTold,),
    "shipment.delivered": (ShipmentTold,),
    "receipt.recorded": (ReceiptToldToAll, ReceiptToldToOne),
    "settlement.created": _MONEY,
    "settlement.issued": _MONEY,
    "settlement.paid": _MONEY,
    "webhook.test": (TestTold,),
}
"""Kind of event → what its data may be: first what the association is told, then what others are told, where that is less."""

SHOWN: Mapping[str, Mapping[str, Any]] = {
    "lot.revised": {"version": 2},
    "lot.withdrawn": {"version": 3},
    "line.revised": {"version": 2},
    "line.cancelled": {"version": 3},
    "proposal.rejected": {"state": "rejected", "reason": "price"},
    "proposal.revised": {"state": "proposed"},
    "promise.cancelled": {"state": "rejected"},
    "proposal.objected": {"state": "rejected", "reason": "cancelled"},
    "promise.expired": {"state": "proposed"},
    "shipment.delivered": {"state": "delivered"},
    "settlement.created": {"state": "draft"},
    "settlement.paid": {"state": "paid"},
}
"""Kind of event → what its example shows otherwise than the shape that it shares with other kinds."""
