"""Long lists in parts: the place where the next part starts travels in the address, signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Select

from catalog import tenancy
from service.web.context import PageContext

ROWS = 50
MARK = "after"
"""The parameter of an address that says where a part starts."""


def part(
    visit: PageContext, query: Select[Any], order: Sequence[Any], *, rows: int = ROWS, descending: bool = False
) -> tuple[list[Any], str]:
    """Return a part of a list, and the address of the next, empty at the end.

    Parameters
    ----------
    order : columns without missing values, the last of them unique; see `catalog.tenancy.page`.
    """
    given = dict(parse_qsl(visit.query))
    sorted_by = ",".join(column.key for column in order)
    place = f"page|{visit.path}|{visit.principal.uid}|{sorted_by}|{descending}"
    after = visit.cursors.read(place, given[MARK]) if given.get(MARK) else None
    after = None if after is None or len(after) != len(order) else after
    found = tenancy.page(visit.session, query, order, after, rows, descending=descending)
    if found.next is None:
        return found.items, ""
    kept = [(name, value) for name, value in parse_qsl(visit.query) if name != MARK]
    return found.items, f"{visit.path}?{urlencode([*kept, (MARK, visit.cursors.write(place, found.next))])}"
