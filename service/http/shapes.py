"""What answers are made of: models that show nothing but what they declare, and the outside names of what rows refer to by number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session


class Out(BaseModel):
    """What the API answers; a field that isn't declared is never shown."""

    model_config = ConfigDict(extra="forbid")


Shape = TypeVar("Shape", bound=Out)


def shown(model: type[Shape], row: Any, **more: Any) -> Shape:
    """Return a row in a shape: each field from the column of its name, unless it is given."""
    return model.model_construct(**more, **{name: getattr(row, name) for name in model.model_fields if name not in more})


class References:
    """Outside names of rows that others refer to, each kind looked up once.

    ``References(session).uids(Site, numbers)`` is a dictionary from number to uid, which holds None for None.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def uids(self, model: Any, numbers: Iterable[int | None]) -> dict[int | None, Any]:
        """Return the uid of each number."""
        return self.column(model, model.uid, numbers)

    def codes(self, model: Any, numbers: Iterable[int | None]) -> dict[int | None, Any]:
        """Return the code of each number."""
        return self.column(model, model.code, numbers)

    def names(self, model: Any, numbers: Iterable[int | None]) -> dict[int | None, Any]:
        """Return the name of each number."""
        return self.column(model, model.name, numbers)

    def column(self, model: Any, column: Any, numbers: Iterable[int | None]) -> dict[int | None, Any]:
        """Return a column of each row by its number."""
        wanted = sorted({number for number in numbers if number is not None})
        found: dict[int | None, Any] = {None: None}
        if wanted:
            found.update(self._session.execute(select(model.id, column).where(model.id.in_(wanted))).all())
        return found
