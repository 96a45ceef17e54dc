"""What a cooperative has delivered, what was turned away, and what it is owed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select
from starlette.responses import Response

from catalog.models import Lot, Organisation, Product
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.planning import models as m
from service.planning.states import SettlementState
from service.web.context import PageContext, PageRequest
from service.web.labels import kind
from service.web.lists import part
from service.web.pages import Pages

pages = Pages("sales")


@pages.get("/sales", may=Permission.SETTLEMENTS_READ)
def show_sales(visit: PageRequest) -> Response:
    """Show deliveries with what doors said of them, and the money."""
    rows, following = part(visit, _received(visit), (m.ReceiptItem.id,), descending=True)
    return visit.show(
        "cooperative/sales.html", rows=_shown(visit, [row.id for row in rows]), following=following, kind=kind, **_totals(visit)
    )


def _received(visit: PageContext) -> Select[Any]:
    """Select what doors said of one's own goods."""
    mine = select(Lot.id).where(Lot.id.in_(visible(Lot, visit.scope).with_only_columns(Lot.id)))
    carried = select(m.ShipmentItem.id).join(m.Promise, m.Promise.id == m.ShipmentItem.promise_id).where(m.Promise.lot_id.in_(mine))
    return select(m.ReceiptItem).where(m.ReceiptItem.shipment_item_id.in_(carried))


def _shown(visit: PageContext, numbers: list[int]) -> list[Any]:
    """Return for each delivery: what was said, when, of which lot, by whom, and its settlement."""
    item, promise = m.ShipmentItem, m.Promise
    query = select(m.ReceiptItem, m.Receipt.received_at, Lot, Product.name.label("product"), Organisation.name.label("buyer"), m.Settlement)
    query = query.join(m.Receipt, m.Receipt.id == m.ReceiptItem.receipt_id).join(item, item.id == m.ReceiptItem.shipment_item_id)
    query = (
        query.join(promise, promise.id == item.promise_id).join(Lot, Lot.id == promise.lot_id).join(Product, Product.id == Lot.product_id)
    )
    query = query.outerjoin(m.Settlement, m.Settlement.receipt_item_id == m.ReceiptItem.id)
    query = query.join(m.ProposalItem, m.ProposalItem.id == promise.proposal_item_id)
    query = query.join(m.Proposal, m.Proposal.id == m.ProposalItem.demand_proposal_id)
    query = query.join(Organisation, Organisation.id == m.Proposal.organisation_id)
    return list(visit.session.execute(query.where(m.ReceiptItem.id.in_(numbers)).order_by(m.ReceiptItem.id.desc())).all())


def _totals(visit: PageContext) -> dict[str, Any]:
    """Return kilograms accepted and turned away, and money that is owed and paid."""
    said = _received(visit).with_only_columns(func.sum(m.ReceiptItem.accepted_kg), func.sum(m.ReceiptItem.rejected_kg))
    accepted, rejected = visit.session.execute(said).one()
    own = visible(m.Settlement, visit.scope)
    if visit.scope.organisation_id is not None:
        own = own.where(visit.scope.owns(m.Settlement.supplier_id))
    money = own.with_only_columns(m.Settlement.state, func.sum(m.Settlement.supplier_vnd)).group_by(m.Settlement.state)
    vnd = {state: int(total) for state, total in visit.session.execute(money)}
    return {
        "accepted_kg": int(accepted or 0),
        "rejected_kg": int(rejected or 0),
        "paid_vnd": vnd.get(SettlementState.PAID, 0),
        "owed_vnd": vnd.get(SettlementState.ISSUED, 0) + vnd.get(SettlementState.DRAFT, 0),
    }
