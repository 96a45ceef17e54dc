"""The cells of a file, sheet by sheet, before anybody says what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from service.uploads.csv_text import read_text
from service.uploads.workbook_guard import draws_on_others
from service.uploads.workbooks import read_every_sheet

Cell = str | int | float | bool | date | None
LINKS = "links"
"""Notice that a workbook refers to other files, whose last known values were taken."""


@dataclass(frozen=True)
class Grid:
    """One sheet.

    Attributes
    ----------
    name : of the sheet.
    rows : its cells; a merged block holds its value in each cell of its first column, and in each cell of its first row.
    spans : places (row, column) of cells that are merged over several columns.
    """

    name: str
    rows: list[list[Cell]]
    spans: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Book:
    """A file: its sheets, how bare day numbers count, and what should be known of how it was read."""

    grids: list[Grid]
    base_1904: bool = False
    notices: tuple[str, ...] = ()


def read(content: bytes, file_name: str) -> Book:
    """Return the sheets of a workbook or of a CSV file.

    Raises
    ------
    Unreadable
        If it is neither.
    TooLarge
        If it holds more than 200,000 rows.
    """
    if not content.startswith(b"PK") and file_name.lower().endswith((".csv", ".txt", ".tsv")):
        sheet = read_text(content, frozenset())
        return Book([Grid(file_name, [[cell or None for cell in cells] for _, cells in sheet.rows])])
    answer = read_every_sheet(content)
    grids = [_grid(one) for one in answer["sheets"]]
    return Book(grids, answer["base_1904"], (LINKS,) if draws_on_others(content) else ())


def _grid(sheet: dict[str, Any]) -> Grid:
    rows: list[list[Cell]] = [[_cell(cell) for cell in row] for row in sheet["rows"]]
    spans = set()
    for top, left, bottom, right in sheet["merged"]:
        if top >= len(rows):
            continue
        value = rows[top][left] if left < len(rows[top]) else None
        if right > left:
            spans.add((top, left))
        if bottom > top:
            for row in range(top, min(bottom, len(rows) - 1) + 1):
                rows[row][left] = value
    return Grid(sheet["name"], rows, frozenset(spans))


def _cell(cell: Any) -> Cell:
    if isinstance(cell, dict):
        return date.fromisoformat(cell["d"]) if "d" in cell else str(cell["t"])
    return cell.strip() or None if isinstance(cell, str) else cell


def packed(book: Book) -> bytes:
    """Return a file's cells as bytes, for the time until it is taken in."""
    sheets = [
        {"name": one.name, "rows": [[_plain(cell) for cell in row] for row in one.rows], "spans": sorted(one.spans)} for one in book.grids
    ]
    return orjson.dumps({"sheets": sheets, "base_1904": book.base_1904, "notices": book.notices})


def _plain(cell: Cell) -> Any:
    return {"d": cell.isoformat()} if isinstance(cell, date) else cell


def unpacked(content: bytes) -> Book:
    """Return the file that `packed` made bytes of."""
    held = orjson.loads(content)
    grids = [
        Grid(one["name"], [[_cell(cell) for cell in row] for row in one["rows"]], frozenset((row, column) for row, column in one["spans"]))
        for one in held["sheets"]
    ]
    return Book(grids, held["base_1904"], tuple(held["notices"]))


def text_of(cell: Cell) -> str:
    """Return a cell as a person reads it."""
    if cell is None:
        return ""
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else f"{cell:.10g}".replace(".", ",")
    return str(cell)


def filled(row: Sequence[Cell]) -> list[int]:
    """Return the places of cells that hold something."""
    return [place for place, cell in enumerate(row) if cell is not None]
