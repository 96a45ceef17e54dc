"""Asks about prices and days that look mistyped, before a form is taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from buyers.models import DemandLine, LineProduct
from catalog.errors import NeedsConfirmation
from catalog.models import Product
from catalog.prices import RECENT, price_doubt, recent_asks
from service.days import today
from service.db import now
from service.web.context import PageContext


def ask_about_floor(visit: PageContext, field: str, price_vnd_per_kg: int | None, product_id: int | None) -> None:
    """Ask about a cooperative's floor price that is far from the product's last ones.

    Raises
    ------
    NeedsConfirmation
        Unless the form says that it is meant.
    """
    if product_id is not None:
        _ask(visit, field, price_vnd_per_kg, recent_asks(visit.session, product_id))


def ask_about_bid(visit: PageContext, field: str, price_vnd_per_kg: int | None, product_id: int | None) -> None:
    """Ask about a buyer's price that is far from the product's last ones; see `ask_about_floor`."""
    if product_id is None:
        return
    query = select(DemandLine.bid_vnd_per_kg).join(LineProduct, LineProduct.line_id == DemandLine.id)
    query = query.where(LineProduct.product_id == product_id).order_by(DemandLine.id.desc()).limit(RECENT)
    _ask(visit, field, price_vnd_per_kg, visit.session.scalars(query).all())


def ask_about_days(visit: PageContext, field: str, last: date | None) -> None:
    """Ask about days of harvest or delivery that have passed.

    Raises
    ------
    NeedsConfirmation
        Unless the form says that they are meant.
    """
    if last is not None and last < today(now(visit.session)) and "confirmed" not in visit.form:
        raise NeedsConfirmation(field, f"{last} has passed: is the day right?")


def product_number(visit: PageContext, code: str) -> int | None:
    """Return the number of a product by its code."""
    mine = Product.association_id == visit.scope.association_id
    return visit.session.scalar(select(Product.id).where(mine, Product.code == code))


def _ask(visit: PageContext, field: str, price_vnd_per_kg: int | None, recent: Sequence[int]) -> None:
    doubt = "" if price_vnd_per_kg is None else price_doubt(price_vnd_per_kg, recent)
    if doubt and "confirmed" not in visit.form:
        raise NeedsConfirmation(field, doubt)
