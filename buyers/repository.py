"""Questions about demand, each asked for a scope (`catalog.tenancy`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from buyers.models import Contract, DemandLine, LineProduct, LineStatus, Order
from catalog.models import Product
from catalog.tenancy import Scope, visible


def contracts(scope: Scope) -> Select[Any]:
    """Select contracts with their buyers; sort by ``created_at, id``."""
    return visible(Contract, scope).options(joinedload(Contract.organisation))


def orders(scope: Scope) -> Select[Any]:
    """Select orders with their buyers and lines; sort by ``created_at, id``."""
    return visible(Order, scope).options(joinedload(Order.organisation), selectinload(Order.lines))


def lines(
    scope: Scope, *, status: Sequence[LineStatus] = (), product_code: str = "", first: date | None = None, last: date | None = None
) -> Select[Any]:
    """Select demand lines with all that they ask for; sort by ``created_at, id`` or ``deliver_from, id``.

    Parameters
    ----------
    status : the statuses wanted, none for all.
    product_code : lines that accept this product, empty for all.
    first, last : only lines that can be served on some day between these.
    """
    query = visible(DemandLine, scope).options(
        joinedload(DemandLine.site),
        joinedload(DemandLine.organisation),
        selectinload(DemandLine.products),
        selectinload(DemandLine.requirements),
    )
    if status:
        query = query.where(DemandLine.status.in_(status))
    if product_code:
        accepting = select(LineProduct.line_id).join(Product, Product.id == LineProduct.product_id).where(Product.code == product_code)
        query = query.where(DemandLine.id.in_(accepting))
    if first is not None:
        query = query.where(DemandLine.deliver_until >= first)
    return query if last is None else query.where(DemandLine.deliver_from <= last)
