"""A season as an ``.xlsx`` workbook: numbers as numbers, dates as dates, clock times as times, each column as wide as what stands in it.

Read back it is the same problem with the same digest. Ids and names stay texts, so that one that starts with ``=`` or ``0`` stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
from xlsxwriter.workbook import Workbook

from matching.io.cells import clock
from matching.io.schema import CHOICE_COLUMNS, DATE_COLUMNS, INPUT_TABLES, Column
from matching.model.problem import Problem
from service.planning.plans.exporting import NOTHING, Table, problem_tables

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "constant_memory": True}
FORMATS = {"date": "yyyy-mm-dd", "clock": "hh:mm", "whole": "#,##0", "decimal": "General", "text": "@"}
FIRST_YEAR = 1901
"""Spreadsheets count a 29 February 1900 that never was."""
NARROWEST, WIDEST, MEASURED_ROWS = 8, 40, 2000


def write_workbook(file: Path, problem: Problem, beside: Mapping[str, Table] = NOTHING) -> None:
    """Write a problem as a workbook, with other tables beside it."""
    with xlsxwriter.Workbook(str(file), OPTIONS) as book:
        formats = {kind: book.add_format({"num_format": code}) for kind, code in FORMATS.items()}
        for name, (header, rows) in (problem_tables(problem) | dict(beside)).items():
            _write_table(book, formats, name, header, rows)


def _write_table(book: Workbook, formats: dict[str, Any], name: str, header: list[str], rows: list[list[str]]) -> None:
    page, heading = book.add_worksheet(name), book.add_format({"bold": True, "bottom": 1})
    kinds = [_kind(name, title) for title in header]
    for place, title in enumerate(header):
        longest = max([len(title), *(len(row[place]) for row in rows[:MEASURED_ROWS])])
        page.set_column(place, place, min(WIDEST, max(NARROWEST, longest) + 2))
    page.freeze_panes(1, 0)
    page.repeat_rows(0)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    if rows:
        page.autofilter(0, 0, len(rows), len(header) - 1)
    page.write_row(0, 0, header, heading)
    for number, row in enumerate(rows, 1):
        for place, (text, kind) in enumerate(zip(row, kinds, strict=True)):
            _write_cell(page, number, place, text, kind, formats)


def _kind(table: str, title: str) -> str:
    """Return the kind of a column, a key of `FORMATS`."""
    column: Column | None = next((one for one in INPUT_TABLES[table].columns if one.name == title), None)
    if title in DATE_COLUMNS:
        return "date"
    if column is None or title in CHOICE_COLUMNS:
        return "text"
    if column.parse is clock:
        return "clock"
    return "whole" if column.dtype is np.int64 else "decimal" if column.dtype is np.float64 else "text"


def _write_cell(page: Any, row: int, place: int, text: str, kind: str, formats: dict[str, Any]) -> None:
    """Write a cell of its kind; what its kind can't hold exactly stays a text, which reads back as well."""
    if not text:
        return
    if kind == "date" and int(text[:4]) >= FIRST_YEAR:
        page.write_datetime(row, place, date.fromisoformat(text), formats[kind])
    elif kind == "clock" and text != "24:00":
        page.write_datetime(row, place, time.fromisoformat(text), formats[kind])
    elif kind in ("whole", "decimal") and float(f"{float(text):.16G}") == float(text):
        page.write_number(row, place, float(text), formats[kind])
    else:
        page.write_string(row, place, text, formats["text"])
