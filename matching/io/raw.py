"""Tables as text, before any cell is understood: from a folder of CSV files, with every record's row number."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from matching.io.issues import Issues
from matching.io.schema import INPUT_TABLES, OUTPUT_TABLES, Schema

RECORDS_AT_ONCE = 2000
"""Records turned into columns together; few, so that row lists die young and never burden the garbage collector."""


@dataclass(frozen=True)
class RawTable:
    """The cells of one table as stripped text.

    Attributes
    ----------
    rows : spreadsheet row number of each record, the header being row 1.
    columns : the cells of each column, as long as ``rows``.
    """

    name: str
    rows: list[int]
    columns: dict[str, list[str]]


def read_folder(folder: Path, issues: Issues) -> dict[str, RawTable]:
    """Read every input table of a folder; faults of form go to ``issues``.

    Parameters
    ----------
    folder : holds ``sites.csv`` and so on.

    Returns
    -------
    The tables found, by name, in the order of the format; a table that is not there or has no header is left out.
    """
    files = sorted(path.name for path in folder.iterdir())
    tables = {}
    for name in INPUT_TABLES:
        if f"{name}.csv" in files:
            table = read_csv(folder / f"{name}.csv", INPUT_TABLES[name], issues)
            if table is not None:
                tables[name] = table
    _report_misnamed(files, issues)
    report_missing([file[:-4] for file in files if file.endswith(".csv")], issues, "a file {}.csv: this table must be there")
    return tables


def _report_misnamed(files: Sequence[str], issues: Issues) -> None:
    """Tell of files that were surely meant as a table which is not there."""
    for file in files:
        stem, _, ending = file.rpartition(".")
        if ending.strip().casefold() != "csv" or file in {f"{name}.csv" for name in (*INPUT_TABLES, *OUTPUT_TABLES)}:
            continue
        meant = nearest(stem, (*INPUT_TABLES, *OUTPUT_TABLES))
        if meant in INPUT_TABLES and f"{meant}.csv" not in files:
            issues.add(file, 0, "", "", f"no file of this name; rename it to {meant}.csv if it is that table")


def report_missing(present: Iterable[str], issues: Issues, expected: str) -> None:
    """Note each required table that is not among those present; ``expected`` has a place for its name."""
    found = set(present)
    for name, schema in INPUT_TABLES.items():
        if schema.required and name not in found:
            issues.add(name, 0, "", "", expected.format(name))


def nearest(name: str, names: Sequence[str]) -> str | None:
    """Return the one of ``names`` that ``name`` is a slip of the pen for, if any."""
    found = difflib.get_close_matches(name.strip().casefold().replace("-", "_").replace(" ", "_"), names, n=1, cutoff=0.75)
    return found[0] if found else None


def read_csv(path: Path, schema: Schema, issues: Issues) -> RawTable | None:
    """Read one CSV file as columns of stripped text; None if it has no usable header."""
    name = schema.name
    try:
        data = path.read_bytes()
    except OSError as error:
        issues.add(name, 0, "", path.name, f"a file that can be read ({error.strerror})")
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        issues.add(name, 0, "", path.name, "text in UTF-8; this file is in UTF-16: save it as 'CSV UTF-8'")
        return None
    # Bytes that are not UTF-8 become lone surrogates, so that they are later found in their row and column.
    content = data.decode("utf-8-sig", errors="surrogateescape")
    del data
    records = _records(name, csv.reader(io.StringIO(content, newline=""), strict=True), issues)
    table = columns_of(schema, records, issues)
    if table is not None and ("\x00" in content or not _is_utf8(content)):
        _report_foreign(table, issues)
    return table


def _is_utf8(content: str) -> bool:
    try:
        content.encode()
    except UnicodeEncodeError:
        return False
    return True


def _report_foreign(table: RawTable, issues: Issues) -> None:
    """Name each cell with bytes that are not UTF-8 text."""
    for column, texts in table.columns.items():
        for row, text in zip(table.rows, texts, strict=True):
            if "\x00" in text or not _is_utf8(text):
                issues.add(table.name, row, column, text, "text in UTF-8 without NUL characters: save the file as 'CSV UTF-8'")


def _records(name: str, reader: Iterator[list[str]], issues: Issues) -> Iterator[list[str]]:
    """Yield the records until the file ends or its quoting breaks."""
    row = 0
    try:
        for record in reader:
            row += 1
            yield record
    except csv.Error as error:
        expected = f"a record whose quotes are closed, and doubled inside ({error}); the rows from here on were not read"
        issues.add(name, row + 1, "", "", expected)


def columns_of(schema: Schema, records: Iterator[list[str]], issues: Issues) -> RawTable | None:
    """Turn records, the header first, into the columns that the format knows; None if there is no header.

    Records without any text are left out but counted, so that row numbers stay those of a spreadsheet.
    """
    name, header = schema.name, [cell.strip() for cell in next(records, [])]
    if not any(header):
        issues.add(name, 1 if header else 0, "", "", f"a header row with the columns {', '.join(schema.names)}")
        return None
    rows: list[int] = []
    columns: list[list[str]] = [[] for _ in header]
    row = 1
    while chunk := list(islice(records, RECORDS_AT_ONCE)):
        numbered = [(row + n, record) for n, record in enumerate(chunk, 1)]
        row += len(chunk)
        if any(len(record) != len(header) for record in chunk) or not all(map(any, chunk)):
            numbered = [(n, cells) for n, record in numbered if (cells := _evened(name, n, record, len(header), issues))]
        rows.extend(n for n, _ in numbered)
        for column, texts in zip(columns, zip(*(record for _, record in numbered), strict=True), strict=False):
            column.extend(map(str.strip, texts))
    return _known(schema, header, rows, columns, issues)


def _evened(name: str, row: int, record: list[str], width: int, issues: Issues) -> list[str]:
    """Return the record at the header's width, noting a fault where it had another; empty for a blank record."""
    if not any(map(str.strip, record)):
        return []
    if len(record) < width:
        issues.add(name, row, "", "", f"{width} cells as in the header, not {len(record)}")
    elif any(map(str.strip, record[width:])):
        issues.add(name, row, "", record[width], f"{width} cells as in the header, not {len(record)}; quote a text that holds a comma")
    return (record + [""] * width)[:width]


def _known(wanted: Schema, header: list[str], rows: list[int], columns: list[list[str]], issues: Issues) -> RawTable:
    """Keep the columns that the format knows; note the unknown, the doubled and the missing."""
    name = wanted.name
    kept: dict[str, list[str]] = {}
    for title, cells in zip(header, columns, strict=True):
        if title in kept:
            issues.add(name, 1, title, title, "each column once")
        elif title in wanted.names:
            kept[title] = cells
        elif title or any(cells):
            issues.add(name, 1, title, title, _unknown_column(title, wanted.names))
    for column in wanted.columns:
        if column.required and column.name not in kept:
            issues.add(name, 1, column.name, "", "this column must be there")
    return RawTable(name, rows, kept)


def _unknown_column(title: str, names: Sequence[str]) -> str:
    if not title:
        return "a name above every column that holds anything"
    for mark in (";", "\t", "|"):
        if mark in title:
            return f"columns separated by commas, not by {mark!r}"
    meant = nearest(title, names)
    return f"no column of this name{f'; perhaps {meant}' if meant else ''}: the columns are {', '.join(names)}"
