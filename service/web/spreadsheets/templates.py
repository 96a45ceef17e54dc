"""Workbooks that go out to come back: headings in the reader's language, lists to choose from, and the header in sight."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import xlsxwriter

from service.web.context import PageContext
from service.web.registers.fields import Kind, as_cell
from service.web.registers.register import Values, clock_text
from service.web.spreadsheets.targets import Target

EMPTY_ROWS = 500
"""Rows below the last one that have the lists and formats, too."""
MOST_LISTED = 2000


def workbook(visit: PageContext, target: Target, rows: Sequence[Values]) -> bytes:
    """Return rows as a workbook.

    Parameters
    ----------
    rows : values by field, references by their names under ``field:shown``.
    """
    file = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet(_sheet_name(visit.say(target.title)))
        lists = book.add_worksheet(_sheet_name(visit.say("Lists")))
        lists.hide()
        head = book.add_format({"bold": True, "bg_color": "#E7F0E9", "text_wrap": True, "valign": "top"})
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        plain = book.add_format({"num_format": "@"})
        sheet.freeze_panes(1, 1)
        last = len(rows) + EMPTY_ROWS
        choices = target.options(visit)
        for column, one in enumerate(target.fields):
            label = one.words(visit)
            sheet.write_string(0, column, f"{label} *" if one.needed else label, head)
            form = day if one.kind is Kind.DAY else plain if one.kind in (Kind.PHONE, Kind.TEXT, Kind.COMMUNE) else None
            sheet.set_column(column, column, 22, form)
            listed = [words for _, words in choices.get(one.name, ())][:MOST_LISTED]
            if one.kind is Kind.FLAG:
                listed = [visit.say("yes"), visit.say("no")]
            if listed:
                for place, words in enumerate(listed):
                    lists.write_string(place, column, words)
                letters = xlsxwriter.utility.xl_col_to_name(column)
                source = f"='{lists.get_name()}'!${letters}$1:${letters}${len(listed)}"
                sheet.data_validation(1, column, last, column, {"validate": "list", "source": source, "error_type": "warning"})
            for place, values in enumerate(rows, 1):
                _write(sheet, place, column, _cell(visit, one, values, dict(choices.get(one.name, ()))), day)
    return file.getvalue()


def _sheet_name(text: str) -> str:
    return "".join(sign for sign in text if sign not in "[]:*?/\\")[:31] or "Sheet"


def _cell(visit: PageContext, one: Any, values: Values, words: dict[str, str]) -> Any:
    value = values.get(one.name)
    if value is None:
        return None
    if one.kind is Kind.FLAG:
        return visit.say("yes") if value else visit.say("no")
    if one.kind is Kind.CHOICE:
        return words.get(str(value), str(value))
    if one.kind in (Kind.REFERENCE, Kind.COMMUNE):
        return words.get(str(value)) or values.get(f"{one.name}:shown") or value
    if one.kind is Kind.CLOCK:
        return clock_text(value, visit.formats.clock)
    return value if isinstance(value, date) else as_cell(value)


def _write(sheet: Any, row: int, column: int, cell: Any, day: Any) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, date):
        sheet.write_datetime(row, column, cell, day)
    elif isinstance(cell, (int, float)) and not isinstance(cell, bool):
        sheet.write_number(row, column, cell)
    else:
        sheet.write_string(row, column, str(cell))
