"""Where the table of a sheet stands: its header, its rows, group headings above them, and totals that are no rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from catalog import names
from service.web.registers.fields import Field
from service.web.spreadsheets.grid import Cell, Grid, filled, text_of

HEADER_WITHIN = 40
"""Rows among which a header is looked for."""
TOTALS = re.compile(r"(tong|cong|total|sum|luy ke|tong cong|thanh tien|bang chu)\b")
NOISE = re.compile(r"[:*.?!]+$")
UNIT = re.compile(
    r"\((kg|tan|ta|yen|qua|thung|bo|m2|vnd|d|dong|d/kg|vnd/kg|dong/kg|1000d|trieu)\)|/(kg|tan|ta|yen)\b|,\s*(kg|tan|ta|yen|m2)$"
)


@dataclass(frozen=True)
class Table:
    """A sheet's table.

    Attributes
    ----------
    header : place of the header row, -1 where there is none.
    headings : what stands above each column.
    columns : field of each column that is known, by the column's place.
    rows : places of rows that hold data, each with the text of the group heading above it.
    titles : texts above the header.
    left_out : places of rows that were taken for totals or remarks.
    """

    header: int
    headings: list[str]
    columns: dict[int, str]
    rows: list[tuple[int, str]]
    titles: list[str]
    left_out: list[int]


@lru_cache(maxsize=4096)
def key_of(heading: str) -> str:
    """Return what of a heading is compared: lower case, no accents, no unit, no marks at its end."""
    plain = names.search_key(heading.replace("\n", " "))
    plain = UNIT.sub("", plain)
    return " ".join(NOISE.sub("", re.sub(r"[()\[\]]", " ", plain)).replace("_", " ").split())


@lru_cache(maxsize=1024)
def _names(field: Field) -> frozenset[str]:
    """Return every heading that names a field, as `key_of` writes them."""
    return frozenset((field.name.replace("_", " "), *field.headings, *map(key_of, field.labels)))


class _Headings:
    """The headings that name the fields of one kind of sheet."""

    def __init__(self, fields: Sequence[Field], memory: Mapping[str, str]) -> None:
        self._memory = memory
        self._whole: dict[str, str] = {}
        for one in fields:
            for key in _names(one):
                self._whole.setdefault(key, one.name)
        self._parts = [(known, one.name) for one in fields for known in one.headings if len(known) > 3]

    def field(self, heading: str) -> str | None:
        """Return the field that a heading names; see `recognise`."""
        if heading in self._memory:
            return self._memory[heading] or None
        key = key_of(heading)
        if key in self._whole or not key:
            return self._whole.get(key)
        found = {name for known, name in self._parts if known in key and (key.startswith(known + " ") or key.endswith(" " + known))}
        return found.pop() if len(found) == 1 else None


def recognise(heading: str, fields: Sequence[Field], memory: Mapping[str, str]) -> str | None:
    """Return the field that a heading names: as it was confirmed before, by a known heading, or by the label itself."""
    return _Headings(fields, memory).field(heading)


def find(grid: Grid, fields: Sequence[Field], memory: Mapping[str, str], corrected: Mapping[int, str] | None = None) -> Table:
    """Return the table of a sheet.

    Parameters
    ----------
    memory : field by heading as somebody of this organisation has confirmed it; an empty field means that the column doesn't matter.
    corrected : field by the column's place, as it was just corrected.
    """
    place, columns = _header(grid, fields, memory)
    if place < 0:
        return Table(-1, [], {}, [], [], [])
    headings = [text_of(cell) for cell in grid.rows[place]]
    for column, name in (corrected or {}).items():
        columns.pop(column, None)
        if name:
            columns = {other: held for other, held in columns.items() if held != name} | {column: name}
    rows, left_out = _rows(grid, place, columns)
    titles = [text_of(cell) for row in grid.rows[:place] for cell in row if cell is not None]
    return Table(place, headings, columns, rows, titles, left_out)


def n_known(grid: Grid, fields: Sequence[Field], memory: Mapping[str, str]) -> int:
    """Return how many columns of a sheet name fields."""
    return len(_header(grid, fields, memory)[1])


def _header(grid: Grid, fields: Sequence[Field], memory: Mapping[str, str]) -> tuple[int, dict[int, str]]:
    """Return the row that names most fields, at least two or all that are needed, and the fields of its columns."""
    best: tuple[int, dict[int, str]] = (-1, {})
    known = _Headings(fields, memory)
    for place, row in enumerate(grid.rows[:HEADER_WITHIN]):
        columns: dict[int, str] = {}
        for column in filled(row):
            cell = row[column]
            name = known.field(cell) if isinstance(cell, str) and len(cell) <= 100 else None
            if name is not None and name not in columns.values():
                columns[column] = name
        if len(columns) > len(best[1]):
            best = (place, columns)
    return best if len(best[1]) >= 2 else (-1, {})


def _rows(grid: Grid, header: int, columns: Mapping[int, str]) -> tuple[list[tuple[int, str]], list[int]]:
    """Return the rows of data with the group heading above each, and the rows that are none."""
    rows: list[tuple[int, str]] = []
    left_out: list[int] = []
    group = ""
    for place in range(header + 1, len(grid.rows)):
        row = grid.rows[place]
        held = filled(row)
        if not held:
            continue
        if is_total(row):
            left_out.append(place)
        elif _is_heading(grid, place, held, columns):
            group = text_of(row[held[0]])
        elif any(column in columns for column in held):
            rows.append((place, group))
        else:
            left_out.append(place)
    return rows, left_out


def is_total(row: Sequence[Cell]) -> bool:
    """Return whether a row sums up others: its first text says so."""
    first = next((cell for cell in row if isinstance(cell, str)), "")
    return bool(TOTALS.match(names.search_key(first)))


def _is_heading(grid: Grid, place: int, held: Sequence[int], columns: Mapping[int, str]) -> bool:
    """Return whether a row is a heading of the rows below it: one text alone, where a row of data has several cells."""
    texts = {text_of(grid.rows[place][column]) for column in held}
    alone = len(texts) == 1 and len(columns) > 2
    return alone and (len(held) == 1 or (place, held[0]) in grid.spans) and not isinstance(grid.rows[place][held[0]], (int, float))


def unit_in(heading: str) -> str:
    """Return the unit that a heading states, such as ``tạ`` in ``SL (tạ)``; empty where it states none."""
    found = UNIT.search(names.search_key(heading))
    return next((part for part in found.groups() if part), "") if found else ""
