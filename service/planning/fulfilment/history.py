"""What buyers' doors have received, and of whom: the one way from a receipt back to the supplier that a problem names."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from catalog.models import Lot
from service.planning.models import Promise, ReceiptItem, ShipmentItem

SIGNER: ColumnElement[int] = func.coalesce(Lot.supplier_id, Lot.organisation_id)


def received(association_id: int, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Select of each item of an association's receipts who grew it and who signs for that, and some columns.

    Both are numbers of organisations; `service.planning.plans.certificates.Signers.name` makes them the supplier's name.
    """
    query: Select[*tuple[Any, ...]] = select(Lot.organisation_id, SIGNER, *columns).select_from(ReceiptItem)
    query = query.join(ShipmentItem, ShipmentItem.id == ReceiptItem.shipment_item_id)
    query = query.join(Promise, Promise.id == ShipmentItem.promise_id).join(Lot, Lot.id == Promise.lot_id)
    return query.where(Lot.association_id == association_id)
