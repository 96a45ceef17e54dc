"""Who sees which rows of planning: the association's people all of it, an organisation its own proposals, promises and money."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, false, or_, select

from buyers.models import DemandLine
from catalog.models import Lot
from catalog.tenancy import Scope, owned, rule
from service.planning.models import (
    Decision,
    Plan,
    Promise,
    Proposal,
    ProposalItem,
    Receipt,
    ReceiptItem,
    Run,
    Settlement,
    Shipment,
    ShipmentItem,
)


def _brokers_only(model: type[Run | Plan | Decision]) -> None:
    """State that an organisation sees none of the rows: they speak of everybody at once."""

    def conditions(scope: Scope) -> list[ColumnElement[bool]]:
        return [model.association_id == scope.association_id, *([] if scope.organisation_id is None else [false()])]

    rule(model, conditions)


def _party(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a promise is of the organisation's own lot or line."""
    lots = select(Lot.id).where(or_(scope.owns(Lot.organisation_id), scope.owns(Lot.supplier_id)))
    return or_(Promise.lot_id.in_(lots), Promise.line_id.in_(select(DemandLine.id).where(scope.owns(DemandLine.organisation_id))))


def _promises(scope: Scope) -> Sequence[ColumnElement[bool]]:
    return [Promise.association_id == scope.association_id, *([] if scope.organisation_id is None else [_party(scope)])]


def _items(scope: Scope) -> Sequence[ColumnElement[bool]]:
    mine = [Proposal.association_id == scope.association_id]
    if scope.organisation_id is not None:
        mine.append(scope.owns(Proposal.organisation_id))
    seen = select(Proposal.id).where(*mine)
    return [or_(ProposalItem.supply_proposal_id.in_(seen), ProposalItem.demand_proposal_id.in_(seen))]


def _shipments(scope: Scope) -> Sequence[ColumnElement[bool]]:
    mine = [Shipment.association_id == scope.association_id]
    if scope.organisation_id is None:
        return mine
    carried = select(ShipmentItem.shipment_id).where(ShipmentItem.promise_id.in_(select(Promise.id).where(*_promises(scope))))
    return [*mine, or_(Shipment.carrier_id == scope.organisation_id, Shipment.id.in_(carried))]


def _receipts(scope: Scope) -> Sequence[ColumnElement[bool]]:
    """Let whoever has goods on a receipt see it; what another door says of the same truck is its own."""
    mine = [Receipt.association_id == scope.association_id]
    if scope.organisation_id is None:
        return mine
    goods = select(ReceiptItem.receipt_id).join(ShipmentItem, ShipmentItem.id == ReceiptItem.shipment_item_id)
    carried = select(Shipment.id).where(Shipment.carrier_id == scope.organisation_id)
    seen = goods.where(ShipmentItem.promise_id.in_(select(Promise.id).where(*_promises(scope))))
    return [*mine, or_(Receipt.shipment_id.in_(carried), Receipt.id.in_(seen))]


_brokers_only(Run)
_brokers_only(Plan)
_brokers_only(Decision)
owned(Proposal, Proposal.organisation_id)
owned(Settlement, Settlement.supplier_id, Settlement.buyer_id)
rule(ProposalItem, _items)
rule(Promise, _promises)
rule(Shipment, _shipments)
rule(Receipt, _receipts)
