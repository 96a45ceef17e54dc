"""How far an item's kilograms and đồng have come: promised, loaded, accepted, rejected, settled and paid, each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from service.planning.models import Promise, ProposalItem, ReceiptItem, Settlement, ShipmentItem
from service.planning.states import SettlementState


@dataclass(frozen=True)
class ItemBalance:
    """What has become of an item; each figure counts all that ever came that far.

    Attributes
    ----------
    promised_kg : confirmed by both sides, whether it has moved on or not.
    loaded_kg : put on a truck.
    settled_kg, paid_kg : accepted kilograms whose money has been reckoned, and of which it has been paid.
    buyer_vnd, supplier_vnd : what settlements say that the buyer pays and the supplier gets.
    buyer_paid_vnd, supplier_paid_vnd : the part of it that has been paid.
    """

    promised_kg: int = 0
    loaded_kg: int = 0
    accepted_kg: int = 0
    rejected_kg: int = 0
    settled_kg: int = 0
    paid_kg: int = 0
    buyer_vnd: int = 0
    supplier_vnd: int = 0
    buyer_paid_vnd: int = 0
    supplier_paid_vnd: int = 0


NOTHING_YET = ItemBalance()


def balances_of_items(session: Session, items: Sequence[ProposalItem]) -> dict[int, ItemBalance]:
    """Return the balance of each item that has a promise, by the item's number."""
    p, s = Promise, Settlement
    paid = s.state == SettlementState.PAID
    sums = [
        func.coalesce(func.sum(column), 0)
        for column in (s.kg, case((paid, s.kg), else_=0), s.buyer_vnd, s.supplier_vnd, case((paid, s.buyer_vnd), else_=0),
                       case((paid, s.supplier_vnd), else_=0))
    ]  # fmt: skip
    numbers = [item.id for item in items]
    query = select(p.proposal_item_id, *sums).join(ShipmentItem, ShipmentItem.promise_id == p.id)
    query = query.join(ReceiptItem, ReceiptItem.shipment_item_id == ShipmentItem.id).join(s, s.receipt_item_id == ReceiptItem.id)
    query = query.where(p.proposal_item_id.in_(numbers)).group_by(p.proposal_item_id)
    money = {item: tuple(map(int, rest)) for item, *rest in session.execute(query)}
    on_the_way = p.loaded_kg + p.accepted_kg + p.rejected_kg + p.settled_kg
    received = p.accepted_kg + p.rejected_kg + p.settled_kg
    kilograms = select(p.proposal_item_id, *(func.sum(kg) for kg in (p.confirmed_kg + on_the_way, on_the_way, received, p.returned_kg)))
    found = {}
    for item, promised, loaded, received_kg, returned in session.execute(
        kilograms.where(p.proposal_item_id.in_(numbers)).group_by(p.proposal_item_id)
    ):
        masses = (int(promised), int(loaded), int(received_kg - returned), int(returned))
        found[item] = ItemBalance(*masses, *money.get(item, (0, 0, 0, 0, 0, 0)))
    return found
