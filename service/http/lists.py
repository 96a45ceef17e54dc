"""Lists: a page at a time, in one of the orders that a list allows.

A route states a `Listing` beside itself, takes its place in the list by ``Annotated[Part, LOTS.part()]``, and answers ``LOTS.page(...)``.
Filters are parameters of the route; sorting and filtering by anything that isn't declared is refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import Select

from catalog import tenancy
from catalog.base import Base
from service.http.context import RequestContext
from service.http.problems import Refused

Item = TypeVar("Item", bound=BaseModel)
CURSOR = "WnGJ1-xF_AtLVnkO_e-te1sxODEyMzQ1NjAwLFsxN11d"
"""What a cursor looks like; it is signed, so this one opens no list."""


class Page(BaseModel, Generic[Item]):
    """A part of a list."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"description": "A part of a list."})

    items: list[Item] = Field(description="The rows of this part, in the order asked for.")
    next_cursor: str | None = Field(
        default=None, description="Hand this back as `cursor` for the next part; absent from the last.", examples=[CURSOR]
    )


@dataclass(frozen=True)
class Part:
    """Which part of a list is asked for: how many rows, after which cursor, in which order, and the filters that a cursor belongs to."""

    limit: int
    cursor: str | None
    sort: str
    filters: str


def _findable(text: str) -> str:
    """Return a text as it would be stored, with a sign that nothing bears in place of what can't be stored."""
    return unicodedata.normalize("NFC", "".join("\ufffd" if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text))


SearchText = Annotated[str, AfterValidator(_findable)]
"""A text of a query that a database can look for."""


CodeFilter = Annotated[SearchText, Query(max_length=100, description="Only the one of this code.", examples=["VAI-2027-0017"])]
"""A filter by the name that partners know a row by."""


def only(what: str) -> Any:
    """Return the parameter that narrows a list to rows of another row, named by its uid."""
    uid = "^[0-9a-hjkmnp-tv-z]{26}$"
    return Query(pattern=uid, description=f"Only {what} of this uid.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])


def of_row(asked: RequestContext, query: Select[Any], column: Any, model: type[Base], uid: str | None) -> Select[Any]:
    """Narrow a query to rows that refer to another row; nothing is narrowed where no uid is given.

    Raises
    ------
    NotFound
        If there is no such row, or none that the asker may see.
    """
    return query if uid is None else query.where(column == tenancy.find(asked.session, asked.scope, model, uid).id)  # type: ignore[attr-defined]


class Listing:
    """A list that people page through.

    Parameters
    ----------
    name : of the list, which its cursors bear.
    sorts : words to sort by → columns without missing values, the last of them unique.
    usual : the order where none is asked for; a minus in front means descending.
    """

    def __init__(self, name: str, sorts: Mapping[str, Sequence[Any]], usual: str) -> None:
        self.name, self.sorts, self.usual = name, dict(sorts), usual

    def part(self) -> Any:
        """Return the dependency that reads which part is asked for."""
        words = tuple(f"{sign}{word}" for word in self.sorts for sign in ("", "-"))

        async def asked_part(request: Request, limit: int, sort: str, cursor: str | None = None) -> Part:
            kept = sorted(f"{name}={value}" for name, value in request.query_params.multi_items() if name not in {"cursor", "limit"})
            return Part(limit, cursor, sort, "&".join(kept))

        asked_part.__annotations__.update(
            request=Request,
            limit=Annotated[int, Query(ge=1, le=tenancy.MAX_PAGE, description="Most rows in the answer.", examples=[50])],
            sort=Annotated[Literal[words], Query(description="The order; a minus means descending.", examples=[self.usual])],
            cursor=Annotated[
                str | None,
                Query(
                    max_length=2000,
                    pattern=r"^[A-Za-z0-9_-]+$",
                    examples=[CURSOR],
                    description="The `next_cursor` of the part before; absent for the first.",
                ),
            ],
        )
        asked_part.__defaults__ = (50, self.usual, None)
        return Depends(asked_part)

    def page(self, asked: RequestContext, query: Select[Any], part: Part, show: Callable[[Any], Item]) -> Page[Item]:
        """Return the part of a query that is asked for, each row as `show` shows it."""
        return self.page_of(asked, query, part, lambda rows: [show(row) for row in rows])

    def page_of(self, asked: RequestContext, query: Select[Any], part: Part, show: Callable[[list[Any]], list[Item]]) -> Page[Item]:
        """Return the part of a query that is asked for, its rows shown together, so that what they refer to is looked up once."""
        word = part.sort.removeprefix("-")
        place = f"{self.name}|{part.sort}|{part.filters}|{asked.principal.uid}|{asked.scope.association_id}"
        after = None if part.cursor is None else asked.cursors.read(place, part.cursor)
        order = self.sorts[word]
        if after is not None and len(after) != len(order):
            raise Refused(400, "bad_cursor", "this cursor isn't one of this list's")
        found = tenancy.page(asked.session, query, order, after, part.limit, descending=part.sort.startswith("-"))
        following = None if found.next is None else asked.cursors.write(place, found.next)
        return Page[Any].model_construct(items=show(found.items), next_cursor=following)
