"""Questions about supply, each asked for a scope (`catalog.tenancy`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from catalog import names
from catalog.models import Certificate, Grade, Lot, LotStatus, Organisation, Product, ProductUnit, Side, Site, Unit, Variety
from catalog.tenancy import Scope, visible

RECENT_LOTS = 50


def organisations(scope: Scope, side: Side | None = None, search: str = "") -> Select[Any]:
    """Select organisations, those whose name or code holds a text where one is given; sort by ``sort_key, id``."""
    query = visible(Organisation, scope)
    if side is not None:
        query = query.where(Organisation.side == side)
    return searched(query, Organisation, search)


def sites(scope: Scope, search: str = "") -> Select[Any]:
    """Select open sites; sort by ``sort_key, id``."""
    return searched(visible(Site, scope).where(in_use(Site.closed_on)), Site, search)


def in_use(closed_on: Any) -> ColumnElement[bool]:
    """Return the condition that something isn't closed, left or retired yet; a day to come doesn't close it today."""
    return or_(closed_on.is_(None), closed_on > func.current_date())


def products(scope: Scope, search: str = "") -> Select[Any]:
    """Select products; sort by ``sort_key, id``."""
    return searched(visible(Product, scope), Product, search)


def lots(
    scope: Scope, *, status: Sequence[LotStatus] = (), product_code: str = "", first: date | None = None, last: date | None = None
) -> Select[Any]:
    """Select lots with their product, site and cooperative; sort by ``created_at, id`` or ``available_from, id``.

    Parameters
    ----------
    status : the statuses wanted, none for all.
    product_code : one product, empty for all.
    first, last : only lots that can be picked up on some day between these.
    """
    query = visible(Lot, scope).options(
        joinedload(Lot.product, innerjoin=True).load_only(Product.code, Product.name),
        joinedload(Lot.site, innerjoin=True).load_only(Site.uid, Site.name),
        joinedload(Lot.organisation, innerjoin=True).load_only(Organisation.uid, Organisation.name),
        joinedload(Lot.variety).load_only(Variety.code),
    )
    if status:
        query = query.where(Lot.status.in_(status))
    if product_code:
        query = query.where(Lot.product_id.in_(select(Product.id).where(Product.code == product_code)))
    if first is not None:
        query = query.where(Lot.available_until >= first)
    return query if last is None else query.where(Lot.available_from <= last)


def expiring_certificates(scope: Scope, before: date) -> Select[Any]:
    """Select certificates that lapse before a day; sort by ``valid_until, id``."""
    return visible(Certificate, scope).where(Certificate.valid_until < before, Certificate.withdrawn_on.is_(None))


def grams_per(session: Session, product_id: int, unit: Unit, on: date) -> int | None:
    """Return what one piece or crate of a product weighs on a day, g; None if nobody has said."""
    known = select(ProductUnit.grams).where(ProductUnit.product_id == product_id, ProductUnit.unit == unit, ProductUnit.valid_from <= on)
    return session.scalars(known.order_by(ProductUnit.valid_from.desc()).limit(1)).one_or_none()


def has_grade(session: Session, product_id: int, rank: int) -> bool:
    """Tell whether a rung stands on a product's grade ladder."""
    return session.get(Grade, (product_id, rank)) is not None


def usual_kg(session: Session, organisation_id: int, product_id: int) -> float | None:
    """Return the median mass of an organisation's recent lots of a product, kg; None with fewer than three."""
    recent = select(Lot.quantity_kg).where(Lot.organisation_id == organisation_id, Lot.product_id == product_id, Lot.quantity_kg > 0)
    found = list(session.scalars(recent.order_by(Lot.created_at.desc(), Lot.id.desc()).limit(RECENT_LOTS)))
    return median(found) if len(found) >= 3 else None


def searched(query: Select[Any], model: Any, search: str) -> Select[Any]:
    """Narrow a query of named rows to those whose name or code holds a text; all of them where there is none."""
    if not search.strip():
        return query
    pattern = names.like_pattern(search)
    return query.where(or_(model.search_key.like(pattern, escape="\\"), model.code == search))
