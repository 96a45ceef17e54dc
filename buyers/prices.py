"""Last prices that buyers have offered, with which a new one is compared."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers.models import DemandLine, LineProduct
from catalog.prices import RECENT


def recent_bids(session: Session, product_id: int, before: int | None = None) -> list[int]:
    """Return the last bids for a product, đồng per kg; of lines older than one, if its number is given."""
    query = select(DemandLine.bid_vnd_per_kg).join(LineProduct, LineProduct.line_id == DemandLine.id)
    query = query.where(LineProduct.product_id == product_id)
    query = query if before is None else query.where(DemandLine.id < before)
    return list(session.scalars(query.order_by(DemandLine.id.desc()).limit(RECENT)))


def first_product(session: Session, line_id: int) -> int | None:
    """Return the product that a line would have first."""
    query = select(LineProduct.product_id).where(LineProduct.line_id == line_id).order_by(LineProduct.position).limit(1)
    return session.scalars(query).one_or_none()
