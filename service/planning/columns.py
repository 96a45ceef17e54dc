"""A query's result as columns, and the few array tools that turn columns into a `Problem`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain, compress
from typing import Any, Self

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from matching.model.problem import BoolArray, FloatArray, IntArray, TextArray

EPOCH = date(1970, 1, 1)


class Columns:
    """The columns of a query's result, each a sequence of values or an array, shape (n_rows,)."""

    def __init__(self, session: Session, query: Select[Any]) -> None:
        result = session.execute(query)
        names = list(result.keys())
        rows = result.all()
        self.n_rows = len(rows)
        self._columns: dict[str, Sequence[Any]] = dict(zip(names, zip(*rows))) if rows else dict.fromkeys(names, ())

    @classmethod
    def of_rows(cls, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Self:
        """Return rows that no single query gives as columns."""
        made = object.__new__(cls)
        made.n_rows = len(rows)
        made._columns = dict(zip(names, zip(*rows))) if rows else dict.fromkeys(names, ())
        return made

    def __getitem__(self, name: str) -> Sequence[Any]:
        return self._columns[name]

    def keep(self, wanted: Sequence[bool]) -> Self:
        """Return the rows that are wanted."""
        kept = object.__new__(type(self))
        kept._columns = {name: tuple(compress(values, wanted)) for name, values in self._columns.items()}
        kept.n_rows = sum(wanted)
        return kept

    def add(self, name: str, more: Mapping[int, int]) -> None:
        """Add to a column of whole numbers, by the number of the row."""
        self._columns[name] = tuple(value + more.get(number, 0) for number, value in zip(self["id"], self[name]))

    def ints(self, name: str, absent: int = 0) -> IntArray:
        """Return a column of whole numbers."""
        return np.array([absent if value is None else value for value in self[name]], dtype=np.int64)

    def floats(self, name: str, absent: float = np.nan) -> FloatArray:
        """Return a column of numbers."""
        return np.array([absent if value is None else value for value in self[name]], dtype=np.float64)

    def flags(self, name: str) -> BoolArray:
        """Return a column of truth values."""
        return np.array(self[name], dtype=np.bool_)

    def days(self, name: str) -> IntArray:
        """Return a column of dates as days since 1970-01-01."""
        return day_numbers(self[name])

    def texts(self, name: str) -> TextArray:
        """Return a column of texts, the missing ones empty."""
        column = np.empty(self.n_rows, dtype=object)
        column[:] = ["" if value is None else value for value in self[name]]
        return column


def of(model: Any, association_id: int, *columns: str) -> Select[Any]:
    """Select the number and some columns of an association's rows, in the order of their numbers."""
    chosen = [model.id, *(getattr(model, name) for name in columns)]
    return select(*chosen).where(model.association_id == association_id).order_by(model.id)


def day_number(day: date) -> int:
    """Return a date as days since 1970-01-01."""
    return (day - EPOCH).days


def day_numbers(days: Iterable[date]) -> IntArray:
    """Return dates as days since 1970-01-01."""
    return np.array(list(days), dtype="datetime64[D]").astype(np.int64)


def day_of(number: int) -> date:
    """Return the date that is so many days after 1970-01-01."""
    return EPOCH + timedelta(days=int(number))


def ascending(names: Iterable[Any]) -> tuple[Any, ...]:
    """Return every different name once, in ascending order."""
    return tuple(sorted(set(names)))


def flat(lists: Iterable[Sequence[Any]]) -> list[Any]:
    """Return the entries of lists one after another."""
    return list(chain.from_iterable(lists))


def places(values: Iterable[Any], names: Sequence[Any], absent: int = -1) -> IntArray:
    """Return the place of each value among names, ``absent`` where it isn't there."""
    place = {name: number for number, name in enumerate(names)}
    return np.array([place.get(value, absent) for value in values], dtype=np.int64)


def starts(lists: Sequence[Sequence[Any]]) -> IntArray:
    """Return where each list's entries start once flattened, shape (n_lists + 1,)."""
    return np.cumsum([0, *map(len, lists)], dtype=np.int64)
