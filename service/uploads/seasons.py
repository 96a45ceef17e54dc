"""A season from a folder or workbook as people and programs write them, with what was concluded on the way.

The strict exchange format is tried first and is taken as it stands. Only what it refuses is read again the way uploads are: by the
separator and encoding that fit, with the numbers and dates of the file's own writing. What could mean two things stays an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matching.io import Season
from matching.io import read_season as read_strictly
from matching.io.issues import Issues
from matching.io.raw import RawTable
from matching.io.reader import season_from_tables
from matching.io.schema import INPUT_TABLES
from matching.io.workbook import hidden_rows
from matching.model.errors import BadInput, InputIssue
from service.uploads.cells import Decimal
from service.uploads.csv_text import read_text
from service.uploads.raw import MOST_BYTES, Faulty, Sheet, TooLarge, Unreadable
from service.uploads.tables import normalise
from service.uploads.workbooks import read_every_sheet, sheet_of

SHOWN_ROWS = 20
PLAIN_TEXT = "read as utf-8, separated by comma"


@dataclass(frozen=True)
class Reading:
    """A season, and what a person should know of how it was read; no notes where the exchange format was kept to the letter."""

    season: Season
    notes: tuple[str, ...]


def read_season(path: Path) -> Reading:
    """Read a folder of CSV files or a workbook.

    Raises
    ------
    BadInput
        With every fault at once, those that explain others first.
    """
    try:
        return Reading(read_strictly(path), tuple(_hidden(path)))
    except BadInput as strict:
        try:
            return _read_as_written(path, strict.issues)
        except BadInput as lenient:
            # Where the file is understood, what is left to mend is shorter than what the exact format would want changed.
            better = lenient if len(lenient.issues) <= len(strict.issues) else strict
            raise BadInput(most_useful_first(better.issues)) from strict
        except (Unreadable, TooLarge):
            raise BadInput(most_useful_first(strict.issues)) from strict


def most_useful_first(issues: tuple[InputIssue, ...]) -> tuple[InputIssue, ...]:
    """Return faults of whole tables first, then of their headers, then of cells, and last what may only follow from another fault."""

    def weight(issue: InputIssue) -> int:
        if issue.row <= 1:
            return issue.row
        return 3 if issue.expected.startswith("an id in the table") else 2

    return tuple(sorted(issues, key=weight))


def _hidden(path: Path) -> list[str]:
    """Say which hidden rows of a workbook are taken in like the others."""
    if path.suffix.lower() != ".xlsx":
        return []
    return [_hidden_note(name, rows) for name, rows in hidden_rows(path).items() if name in INPUT_TABLES]


def _hidden_note(table: str, rows: list[int]) -> str:
    shown = ", ".join(map(str, rows[:SHOWN_ROWS])) + (", ..." if len(rows) > SHOWN_ROWS else "")
    return f"{table}: {len(rows)} hidden rows are taken in too: {shown}"


def _read_as_written(path: Path, strict: tuple[InputIssue, ...]) -> Reading:
    issues, notes = Issues(tuple(INPUT_TABLES)), _hidden(path)
    for one in strict:
        # A file or sheet that is no table may be one under a wrong name: it isn't passed over.
        if one.table.strip().casefold() not in INPUT_TABLES:
            issues.add(one.table, one.row, one.column, one.value, one.expected)
    raw: dict[str, RawTable] = {}
    for name, sheet in _sheets(path).items():
        found = normalise(INPUT_TABLES[name], sheet, issues)
        raw[name] = found.table
        notes += [f"{name}: {note}" for note in found.notes if note != PLAIN_TEXT]
        if found.decimal is Decimal.COMMA:
            notes.append(f"{name}: numbers are read as 1.234,5 with a comma before decimals")
        notes += _slashed_dates(name, sheet)
    for name, schema in INPUT_TABLES.items():
        if schema.required and name not in raw:
            raise Unreadable(f"the table {name}")
    return Reading(season_from_tables(raw, path, issues), tuple(notes))


def _sheets(path: Path) -> dict[str, Sheet]:
    """Return the tables that are there, in the order of the format."""
    if path.is_dir():
        files = {name: path / f"{name}.csv" for name in INPUT_TABLES if (path / f"{name}.csv").is_file()}
        return {name: read_text(_content(file), frozenset(INPUT_TABLES[name].names)) for name, file in files.items()}
    if not path.is_file() or path.suffix.lower() != ".xlsx":
        raise Unreadable("a folder of CSV tables or an .xlsx workbook")
    book = read_every_sheet(_content(path))
    sheets = {one["name"].strip().casefold(): one for one in book["sheets"]}
    return {name: sheet_of(sheets[name], base_1904=book["base_1904"]) for name in INPUT_TABLES if name in sheets}


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise TooLarge(f"at most {MOST_BYTES:,} bytes")
        return file.read_bytes()
    except OSError as error:
        raise Unreadable(f"a file that can be read ({error.strerror})") from error


def _slashed_dates(name: str, sheet: Sheet) -> list[str]:
    """Say how dates such as 08/06/2027 were read, where a table has some."""
    for _, cells in sheet.rows:
        for cell in cells:
            if isinstance(cell, str) and not isinstance(cell, Faulty) and len(cell) <= 10 and cell.count("/") == 2 and cell[-4:].isdigit():
                return [f"{name}: dates such as {cell} are read as day/month/year"]
    return []
