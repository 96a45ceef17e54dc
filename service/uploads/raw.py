"""What every reader of an upload hands over: rows of cells with their numbers, and what was noticed on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MOST_BYTES = 50_000_000
MOST_ROWS = 200_000
MOST_COLUMNS = 100
LONGEST_CELL = 10_000


class Unreadable(ValueError):
    """The file can't be read as a table; the message says what was expected."""


class TooLarge(ValueError):
    """The file holds more than is read at one time."""


class Faulty(str):
    """A cell that holds no value, such as a formula that fails; the text says what is expected there."""

    __slots__ = ()


@dataclass(frozen=True)
class Sheet:
    """The cells of one table as they stand in the file.

    Attributes
    ----------
    rows : number of each row as a spreadsheet shows it, and its cells: texts, numbers, dates, truth values or None.
    notes : what a person should know of how it was read, such as the separator that was found.
    guessed : what was concluded and not known, and should be confirmed.
    merged : first and last row of each block of merged cells.
    base_1904 : whether bare day numbers count from 1904; None where day numbers mean nothing.
    """

    rows: list[tuple[int, list[Any]]]
    notes: list[str] = field(default_factory=list)
    guessed: dict[str, str] = field(default_factory=dict)
    merged: list[tuple[int, int]] = field(default_factory=list)
    base_1904: bool | None = None
