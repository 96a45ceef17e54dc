"""A sheet → the checked columns of one table of the exchange format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from matching.io.cells import Unfit, whole
from matching.io.cells import clock as clock_cell
from matching.io.issues import Issues
from matching.io.parse import Parsed, check_keys, check_windows, parse_table
from matching.io.raw import RawTable, nearest
from matching.io.schema import CHOICE_COLUMNS, DATE_COLUMNS, DEMANDS, LOTS, Column, Schema
from service.uploads.cells import Decimal, clock, day, flag, number, plain, style_of
from service.uploads.raw import MOST_ROWS, Faulty, Sheet, TooLarge, Unreadable

HEADER_WITHIN = 20
"""Rows among which the header is looked for."""
NOT_SAID = -1
"""Stands in a column of a forecast's spread where the upload says nothing."""
SPREAD = tuple(Column(name, whole(unit="kg"), np.int64, NOT_SAID) for name in ("low_kg", "high_kg"))
"""Of lots besides the format's columns: the tenth and the ninetieth percentile of what may be harvested."""
SCHEMAS = {"lots": replace(LOTS, columns=LOTS.columns + SPREAD), "demands": DEMANDS}
Reader = Callable[[Any], str]


@dataclass(frozen=True)
class Read:
    """A table that was read, whether or not it holds faults.

    Attributes
    ----------
    decimal : how its numbers are written, where that could be seen.
    notes, guessed : as in `Sheet`.
    """

    parsed: Parsed
    decimal: Decimal | None
    notes: list[str]
    guessed: dict[str, str]


def understand(table: str, sheet: Sheet, issues: Issues, decimal: Decimal | None = None) -> Read:
    """Return the columns of a table; what is wrong with its cells goes to ``issues``.

    Parameters
    ----------
    decimal : the sign before decimals as the uploader says; seen from the file where he doesn't.

    Raises
    ------
    Unreadable
        If no row looks like the header, or there is none below it.
    TooLarge
        If there are too many rows.
    """
    schema = SCHEMAS[table]
    found = normalise(schema, sheet, issues, decimal)
    if not found.table.rows:
        raise Unreadable("at least one row below the header")
    parsed = parse_table(schema, found.table, issues)
    check_keys({table: parsed}, issues)
    check_windows({table: parsed}, issues)
    return Read(parsed, found.decimal, found.notes, sheet.guessed)


@dataclass(frozen=True)
class Normalised:
    """A table with its cells as the exchange format writes them.

    Attributes
    ----------
    decimal, notes : as in `Read`.
    """

    table: RawTable
    decimal: Decimal | None
    notes: list[str]


def normalise(schema: Schema, sheet: Sheet, issues: Issues, decimal: Decimal | None = None) -> Normalised:
    """Return a table with its cells as the exchange format writes them; what could mean two things goes to ``issues``.

    Raises
    ------
    Unreadable
        If no row looks like the header.
    TooLarge
        If there are too many rows.
    """
    place = _header(schema, sheet)
    titles = [_title(cell) for cell in sheet.rows[place][1]]
    header_row = sheet.rows[place][0]
    _check_titles(schema, titles, header_row, issues)
    rows = [(n, cells) for n, cells in sheet.rows[place + 1 :] if any(cell not in (None, "") for cell in cells)]
    if len(rows) > MOST_ROWS:
        raise TooLarge(f"at most {MOST_ROWS:,} rows at one time")
    _check_shape(schema.name, sheet, rows, titles, header_row, issues)
    columns = {
        title: [cells[n] if n < len(cells) else None for _, cells in rows] for n, title in enumerate(titles) if title in schema.names
    }
    style = decimal or style_of(_written_numbers(schema, columns))
    styles = {name: decimal or _style_of_column(schema, name, cells, style) for name, cells in columns.items()}
    texts = {name: _texts(schema, name, cells, rows, styles[name], sheet, issues) for name, cells in columns.items()}
    notes = [*sheet.notes, *([f"the header is row {header_row}"] if header_row != 1 else [])]
    return Normalised(RawTable(schema.name, [n for n, _ in rows], texts), style, notes)


def _title(cell: Any) -> str:
    return "" if cell is None else "_".join(str(cell).strip().casefold().split())


def _header(schema: Schema, sheet: Sheet) -> int:
    """Return the place of the row that names most columns, and at least half of those that must be there."""
    found = [len({_title(cell) for cell in cells} & set(schema.names)) for _, cells in sheet.rows[:HEADER_WITHIN]]
    needed = sum(column.required for column in schema.columns)
    if not found or max(found) * 2 < needed:
        raise Unreadable(f"a header row within the first {HEADER_WITHIN}, with the columns {', '.join(schema.names)}")
    return found.index(max(found))


def _check_titles(schema: Schema, titles: Sequence[str], row: int, issues: Issues) -> None:
    for n, title in enumerate(titles):
        if title in titles[:n] and title:
            issues.add(schema.name, row, title, title, "each column once")
        elif title and title not in schema.names:
            meant = nearest(title, schema.names)
            expected = f"no column of this name{f'; perhaps {meant}' if meant else ''}: the columns are {', '.join(schema.names)}"
            issues.add(schema.name, row, title, title, expected)
    for column in schema.columns:
        if column.required and column.name not in titles:
            issues.add(schema.name, row, column.name, "", "this column must be there")


def _check_shape(
    table: str, sheet: Sheet, rows: Sequence[tuple[int, list[Any]]], titles: Sequence[str], header_row: int, issues: Issues
) -> None:
    """Note merged cells within the table, and cells beside it."""
    for first, last in sheet.merged:
        if last >= header_row:
            issues.add(table, first, "", "", "cells that are not merged: unmerge them and fill each")
    for n, cells in rows:
        for place, cell in enumerate(cells):
            if cell not in (None, "") and (place >= len(titles) or not titles[place]):
                issues.add(table, n, "", str(cell), "a name above every column that holds anything")


def _written_numbers(schema: Schema, columns: dict[str, list[Any]]) -> list[str]:
    """Return the texts of the columns that hold numbers."""
    return [cell for name in _numeric(schema) if name in columns for cell in columns[name] if type(cell) is str]


def _style_of_column(schema: Schema, name: str, cells: Sequence[Any], style: Decimal | None) -> Decimal | None:
    """Return how a column's numbers are written: whole numbers say so themselves or not at all, whatever other columns hold."""
    column = next(column for column in schema.columns if column.name == name)
    return style_of(cell for cell in cells if type(cell) is str) if column.dtype is np.int64 else style


def _numeric(schema: Schema) -> list[str]:
    """Return the columns whose cells are numbers; dates, clock times and choices are only stored as such."""
    return [
        column.name
        for column in schema.columns
        if column.dtype in (np.int64, np.float64) and column.name not in DATE_COLUMNS | CHOICE_COLUMNS and column.parse is not clock_cell
    ]


def _texts(
    schema: Schema, name: str, cells: list[Any], rows: Sequence[tuple[int, list[Any]]], style: Decimal | None, sheet: Sheet, issues: Issues
) -> list[str]:
    read = _reader(schema, name, style, sheet)
    texts = []
    for (row, _), cell in zip(rows, cells, strict=True):
        try:
            texts.append(_text(cell, read))
        except Unfit as unfit:
            issues.add(schema.name, row, name, "" if isinstance(cell, Faulty) else str(cell), str(unfit))
            texts.append("?")
    return texts


def _text(cell: Any, read: Reader) -> str:
    if isinstance(cell, Faulty):
        raise Unfit(str(cell))
    return "" if cell is None or (isinstance(cell, str) and not cell.strip()) else read(cell)


def _reader(schema: Schema, name: str, style: Decimal | None, sheet: Sheet) -> Reader:
    column = next(column for column in schema.columns if column.name == name)
    if name in DATE_COLUMNS:
        return partial(day, base_1904=sheet.base_1904)
    if column.parse is clock_cell:
        return clock
    if name in _numeric(schema):
        return partial(number, style=style, whole=column.dtype is np.int64)
    return flag if column.dtype is np.bool_ else plain
