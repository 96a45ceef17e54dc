"""Prices that are possible but unlikely: asked about before they are taken."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.errors import NeedsConfirmation
from catalog.models import Lot

LEAST_VND_PER_KG = 500
"""No product of these markets costs less, đồng per kg; whoever writes less has left out three zeros."""
ODD_RATIO = 10
RECENT = 20
"""Last prices of a product that a new one is compared with."""


def recent_asks(session: Session, product_id: int) -> list[int]:
    """Return the last floor prices of a product, đồng per kg."""
    query = select(Lot.ask_vnd_per_kg).where(Lot.product_id == product_id).order_by(Lot.id.desc())
    return list(session.scalars(query.limit(RECENT)))


def confirm_price(field: str, price_vnd_per_kg: int | None, recent: Sequence[int], *, confirmed: bool) -> None:
    """Ask about a price that looks mistyped, whatever the way in.

    Raises
    ------
    NeedsConfirmation
        Naming the field, unless the one who states the price says that it is meant.
    """
    doubt = "" if price_vnd_per_kg is None or confirmed else price_doubt(price_vnd_per_kg, recent)
    if doubt:
        raise NeedsConfirmation(field, doubt)


def price_doubt(price_vnd_per_kg: int, recent: Sequence[int]) -> str:
    """Return what is odd about a price; empty for nothing.

    Parameters
    ----------
    recent : the last prices of the same product, on the same side of the market.
    """
    usual: Any = median(recent) if recent else None
    if usual and not usual / ODD_RATIO < price_vnd_per_kg < usual * ODD_RATIO:
        return f"{price_vnd_per_kg} VND per kg, where {usual:.0f} are usual: is the price right?"
    if price_vnd_per_kg < LEAST_VND_PER_KG:
        return f"{price_vnd_per_kg} VND per kg is less than {LEAST_VND_PER_KG}: is the price right?"
    return ""
