"""Grades in forms that don't know the product yet: each rung by every name that the products give it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from catalog.models import Grade
from service.web.context import PageContext

MOST_NAMES = 4


def rungs(visit: PageContext, products: Collection[int]) -> list[tuple[int, str]]:
    """Return the rungs of some products' ladders, the best first, with the names that they have on any of them."""
    query = select(Grade.rank, Grade.name).where(Grade.product_id.in_(products)).order_by(Grade.rank, Grade.product_id)
    names: dict[int, dict[str, None]] = {}
    for rank, name in visit.session.execute(query):
        names.setdefault(rank, {})[name] = None
    return [(rank, " / ".join([*held][:MOST_NAMES])) for rank, held in sorted(names.items())]
