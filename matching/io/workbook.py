"""Tables as text from an ``.xlsx`` workbook, so that its sheets read exactly as the CSV files would."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from matching.io.archive import LARGEST_BYTES, NotAWorkbook, clean_parts, column_number, packed
from matching.io.issues import Issues
from matching.io.raw import RawTable, columns_of, nearest, report_missing
from matching.io.schema import INPUT_TABLES

SHEET_TAG = re.compile(rb"<(?:\w+:)?sheet\s[^<>]*>")
RELATION_TAG = re.compile(rb"<(?:\w+:)?Relationship\s[^<>]*>")
ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*[\"']([^\"']*)[\"']")
ERROR_CELL = re.compile(rb"(<(?:\w+:)?c\s[^<>]*?\bt\s*=\s*[\"']e[\"'][^<>]*>)")
BARE_FORMULA = re.compile(
    rb"(<(?:\w+:)?c\s[^<>]*>)\s*<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
PADDED = re.compile(rb"0{2,30}")
FORMAT_TAG = re.compile(rb"<(?:\w+:)?numFmt\s[^<>]*>")
CELL_FORMATS = re.compile(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.DOTALL)
CELL_FORMAT = re.compile(rb"<(?:\w+:)?xf\s[^<>]*>")
PLAIN_CELL = re.compile(rb"(<(?:\w+:)?c\s[^<>]*>)\s*<(?:\w+:)?v>\s*([0-9]{1,30})\s*</(?:\w+:)?v>")
HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\s[^<>]*\bhidden\s*=\s*[\"'](?:1|true)[\"'][^<>]*>")
ROW_NUMBER = re.compile(rb"\br\s*=\s*[\"']([0-9]{1,7})[\"']")
CELL_ADDRESS = re.compile(rb"([A-Z]+)([0-9]+)")
EXACT_FLOAT = 1e16


def read_workbook(path: Path, issues: Issues) -> dict[str, RawTable]:
    """Read every input table of a workbook; faults of form go to ``issues``.

    Parameters
    ----------
    path : an ``.xlsx`` file with a sheet for each table.

    Returns
    -------
    The tables found, by name, in the order of the format.
    """
    try:
        parts = clean_parts(_bytes_of(path))
        sheets = _sheets(parts)
    except NotAWorkbook as error:
        issues.add(path.name, 0, "", path.name, str(error))
        return {}
    present = _report_sheets(sheets, issues)
    faulty, padded = _faulty_cells(parts), padded_cells(parts)
    found = {
        name: _table(name, sheets[name], faulty.get(name, {}), padded.get(name, {}), issues) for name in INPUT_TABLES if name in sheets
    }
    report_missing(present, issues, "a sheet {}: this table must be there")
    return {name: table for name, table in found.items() if table is not None}


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise NotAWorkbook(f"a workbook of at most {LARGEST_BYTES >> 20} MiB; larger tables go into a folder of CSV files")
        return path.read_bytes()
    except OSError as error:
        raise NotAWorkbook(f"a workbook that can be read ({error.strerror})") from error


def _sheets(parts: dict[str, bytes]) -> dict[str, CalamineSheet]:
    """Return the sheets by name, each with all of its cells."""
    try:
        workbook = CalamineWorkbook.from_filelike(packed(parts))
        return {name: workbook.get_sheet_by_name(name) for name in workbook.sheet_names}
    except (CalamineError, ValueError, OSError) as error:
        raise NotAWorkbook(f"an .xlsx workbook that is whole ({error})") from error


def _report_sheets(sheets: dict[str, CalamineSheet], issues: Issues) -> list[str]:
    """Note each sheet that is no table, unless it is empty; return the names of the sheets."""
    for name, sheet in sheets.items():
        if name not in INPUT_TABLES and sheet.end is not None:
            meant = nearest(name, tuple(INPUT_TABLES))
            issues.add(
                name, 0, "", "", f"no sheet of this name{f'; perhaps {meant}' if meant else ''}: the tables are {', '.join(INPUT_TABLES)}"
            )
    return list(sheets)


def _table(
    name: str, sheet: CalamineSheet, faulty: dict[tuple[int, int], str], padded: dict[tuple[int, int], str], issues: Issues
) -> RawTable | None:
    cells = sheet.to_python(skip_empty_area=False)
    put_in(cells, padded)
    header = [_text(cell).strip() for cell in cells[0]] if cells else []
    for (row, place), expected in faulty.items():
        issues.add(name, row, _title(header, place), "", expected)
    for (row, place), _ in sheet.merged_cell_ranges or ():
        issues.add(name, row + 1, _title(header, place), "", "cells that are not merged: unmerge them and fill each")
    return columns_of(INPUT_TABLES[name], _records(name, cells, header, issues), issues)


def _title(header: list[str], place: int) -> str:
    return header[place] if place < len(header) else ""


def _records(name: str, cells: list[list[Any]], header: list[str], issues: Issues) -> Iterator[list[str]]:
    """Yield each row as text."""
    for row, values in enumerate(cells, 1):
        if bool in map(type, values):
            _report_logical(name, row, values, header, issues)
        yield [value if type(value) is str else _text(value) for value in values]


def _report_logical(name: str, row: int, values: list[Any], header: list[str], issues: Issues) -> None:
    for place, value in enumerate(values):
        if isinstance(value, bool):
            issues.add(name, row, _title(header, place), _text(value), "text, a number or a date; write yes or no as a word")


def _text(value: Any) -> str:
    """Return a cell as it would be written in a CSV file."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < EXACT_FLOAT else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="auto" if value.second or value.microsecond else "minutes")
    if isinstance(value, dt.time):
        return value.isoformat(timespec="auto" if value.second or value.microsecond else "minutes")
    if isinstance(value, dt.timedelta):
        minutes = value / dt.timedelta(minutes=1)
        return f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}" if minutes.is_integer() else str(value)
    return str(value).upper() if isinstance(value, bool) else str(value)


def _faulty_cells(parts: dict[str, bytes]) -> dict[str, dict[tuple[int, int], str]]:
    """Find cells that hold an error or a formula without its value: read as empty, they would silently take a default.

    Returns
    -------
    By sheet name, then by row number (from 1) and column place (from 0): what was expected.
    """
    faulty: dict[str, dict[tuple[int, int], str]] = {}
    for name, data in _named_parts(parts):
        here = faulty.setdefault(name, {})
        if b"</f>" in data or b"<f/" in data or b"<f " in data or b":f" in data:
            plain = (tag for tag in BARE_FORMULA.findall(data) if dict(ATTRIBUTE.findall(tag)).get(b"t") != b"str")
            here.update(dict.fromkeys(map(_address, plain), "a value; this formula was never computed: open and save the workbook"))
        if b'"e"' in data or b"'e'" in data:
            here.update(dict.fromkeys(map(_address, ERROR_CELL.findall(data)), "a value, not a formula that fails"))
    return faulty


def padded_cells(parts: dict[str, bytes]) -> dict[str, dict[tuple[int, int], str]]:
    """Find numbers that the sheet shows with zeros before them, such as the id 0000017, whose value is 17.

    Returns
    -------
    By sheet name, then by row number (from 1) and column place (from 0): what people see.
    """
    widths = _padded_widths(next((data for name, data in parts.items() if name.lower() == "xl/styles.xml"), b""))
    padded: dict[str, dict[tuple[int, int], str]] = {}
    for name, data in _named_parts(parts) if widths else ():
        for tag, digits in PLAIN_CELL.findall(data):
            attributes = dict(ATTRIBUTE.findall(tag))
            width = widths.get(attributes.get(b"s", b""))
            if width is not None and attributes.get(b"t", b"n") == b"n":
                padded.setdefault(name, {})[_address(tag)] = digits.decode().zfill(width)
    return padded


def _padded_widths(styles: bytes) -> dict[bytes, int]:
    """Return how many digits are shown at least, by the number of each style that shows whole numbers so."""
    formats = (dict(ATTRIBUTE.findall(tag)) for tag in FORMAT_TAG.findall(styles))
    widths = {one.get(b"numFmtId"): len(code) for one in formats if PADDED.fullmatch(code := one.get(b"formatCode", b""))}
    block = CELL_FORMATS.search(styles)
    used = [dict(ATTRIBUTE.findall(tag)).get(b"numFmtId") for tag in CELL_FORMAT.findall(block[0])] if widths and block else []
    return {str(number).encode(): widths[code] for number, code in enumerate(used) if code in widths}


def put_in(rows: list[list[Any]], cells: dict[tuple[int, int], str]) -> None:
    """Put texts in the place of cells, by row number (from 1) and column place (from 0)."""
    for (row, place), text in cells.items():
        if 0 < row <= len(rows) and place < len(rows[row - 1]):
            rows[row - 1][place] = text


def hidden_rows(path: Path) -> dict[str, list[int]]:
    """Return the numbers of the hidden rows of each sheet that has some; nothing where the file is no workbook."""
    try:
        parts = clean_parts(_bytes_of(path))
        found = {name: hidden_in(data) for name, data in _named_parts(parts)}
    except NotAWorkbook:
        return {}
    return {name: rows for name, rows in found.items() if rows}


def hidden_in(sheet: bytes) -> list[int]:
    """Return the numbers of the hidden rows in a sheet's XML."""
    return [int(found[1]) for tag in HIDDEN_ROW.findall(sheet)[:10_000] if (found := ROW_NUMBER.search(tag))]


def _address(tag: bytes) -> tuple[int, int]:
    found = CELL_ADDRESS.fullmatch(dict(ATTRIBUTE.findall(tag)).get(b"r", b"").upper())
    return (int(found[2]), column_number(found[1]) - 1) if found else (0, 0)


def _named_parts(parts: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield each sheet's name and XML."""
    lower = {name.lower(): data for name, data in parts.items()}
    relations = [dict(ATTRIBUTE.findall(tag)) for tag in RELATION_TAG.findall(lower.get("xl/_rels/workbook.xml.rels", b""))]
    targets = {relation.get(b"Id"): relation.get(b"Target", b"").decode(errors="replace") for relation in relations}
    for tag in SHEET_TAG.findall(lower["xl/workbook.xml"]):
        attributes = dict(ATTRIBUTE.findall(tag))
        target = targets.get(next((value for key, value in attributes.items() if key.endswith(b":id")), None), "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        yield attributes.get(b"name", b"").decode(errors="replace"), lower.get(part.lower(), b"")
