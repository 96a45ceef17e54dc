"""Asks about prices and days that look mistyped, before a form is taken."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from buyers.prices import recent_bids
from catalog.errors import NeedsConfirmation
from catalog.models import Product
from catalog.prices import confirm_price
from service.days import today
from service.db import now
from service.web.context import PageContext


def ask_about_bid(visit: PageContext, field: str, price_vnd_per_kg: int, product_id: int | None) -> None:
    """Ask about a buyer's price that is far from the product's last ones.

    Raises
    ------
    NeedsConfirmation
        Unless the form says that it is meant.
    """
    if product_id is not None:
        confirm_price(field, price_vnd_per_kg, recent_bids(visit.session, product_id), confirmed="confirmed" in visit.form)


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
