"""A workbook reads as its CSV files would, and one that is damaged or hostile is refused before it costs anything."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from matching.io import archive, read_problem
from matching.model.errors import BadInput, InputIssue
from tests.matching.builders import build_problem, filled_tables, write_workbook

FORMATS = {dt.date: "yyyy-mm-dd", dt.time: "hh:mm", dt.timedelta: "[h]:mm"}


def faults(path: Path) -> tuple[InputIssue, ...]:
    with pytest.raises(BadInput, match="errors in the input") as caught:
        read_problem(path)
    return caught.value.issues


def workbook_with(path: Path, changes: dict[tuple[str, str], Any]) -> Path:
    """Write the smallest workbook with some cells of the first rows put as a typed value, or by a function of book and sheet."""
    book = xlsxwriter.Workbook(str(path))
    tables = filled_tables()
    for table, column in changes:
        tables[table][0].setdefault(column, "")
    for name, rows in tables.items():
        if not rows:
            continue
        sheet, header = book.add_worksheet(name), list(rows[0])
        sheet.write_row(0, 0, header)
        for n, row in enumerate(rows, 1):
            for place, column in enumerate(header):
                value = changes.get((name, column), row.get(column, "")) if n == 1 else row.get(column, "")
                _write(book, sheet, n, place, value)
    book.close()
    return path


def _write(book: Any, sheet: Any, row: int, place: int, value: Any) -> None:
    if callable(value):
        value(sheet, row, place)
    elif type(value) in FORMATS:
        sheet.write_datetime(row, place, value, book.add_format({"num_format": FORMATS[type(value)]}))
    elif value != "":
        sheet.write(row, place, value)


def test_dates_times_and_numbers_of_a_spreadsheet_read_as_their_text(tmp_path: Path) -> None:
    cells = {
        ("lots", "available_from"): dt.date(2027, 6, 7),
        ("lots", "quantity_kg"): 1000.0,
        ("lots", "lot_id"): 12,
        ("lots", "litres_per_kg"): 2.25,
        ("sites", "open_from"): dt.time(4, 30),
        ("sites", "open_until"): dt.timedelta(days=1),
    }
    read = read_problem(workbook_with(tmp_path / "in.xlsx", cells))
    text = build_problem(
        sites=[{"site_id": "c1", "lat": 21.30, "lon": 106.20, "open_from": "04:30", "open_until": "24:00"},
               {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85}],
        lots=[{"lot_id": "12", "litres_per_kg": 2.25}],
    )  # fmt: skip
    assert read.digest() == text.digest()


def test_the_computed_value_of_a_formula_is_taken(tmp_path: Path) -> None:
    path = workbook_with(
        tmp_path / "in.xlsx", {("lots", "quantity_kg"): lambda sheet, r, c: sheet.write_formula(r, c, "=500+250", None, 750)}
    )
    assert read_problem(path).lots.kg.tolist() == [750]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "text, a number or a date"),
        (lambda sheet, r, c: sheet.write_formula(r, c, "=1/0", None, "#DIV/0!"), "not a formula that fails"),
        (lambda sheet, r, c: sheet.write_formula(r, c, "=A1", None, "#N/A"), "not a formula that fails"),
        (lambda sheet, r, c: sheet.merge_range(r, c, r + 1, c, "7"), "cells that are not merged"),
        (1.5, "a whole number"),
        (1e300, "a whole number"),
        (dt.date(2027, 6, 7), "a whole number"),
    ],
    ids=["logical", "division by zero", "not available", "merged", "fraction", "too large", "date"],
)
def test_a_cell_that_holds_no_plain_value_is_refused(tmp_path: Path, value: Any, expected: str) -> None:
    found = faults(workbook_with(tmp_path / "in.xlsx", {("sites", "max_vehicle_kg"): value}))
    assert [(issue.table, issue.row, issue.column) for issue in found] == [("sites", 2, "max_vehicle_kg")]
    assert expected in found[0].expected


def test_a_formula_that_was_never_computed_is_refused(tmp_path: Path) -> None:
    path = workbook_with(tmp_path / "in.xlsx", {("sites", "max_vehicle_kg"): lambda sheet, r, c: sheet.write_formula(r, c, "=1+1")})
    repack(path, lambda name, data: data.replace(b"<f>1+1</f><v>0</v>", b"<f>1+1</f><v></v>"))
    (issue,) = faults(path)
    assert (issue.table, issue.row, issue.column) == ("sites", 2, "max_vehicle_kg")
    assert "never computed" in issue.expected


def test_a_clock_time_with_seconds_is_refused(tmp_path: Path) -> None:
    (issue,) = faults(workbook_with(tmp_path / "in.xlsx", {("sites", "open_from"): dt.time(4, 30, 12)}))
    assert (issue.column, issue.value) == ("open_from", "04:30:12")


def test_row_numbers_are_those_of_the_spreadsheet_across_blank_rows(tmp_path: Path) -> None:
    tables = filled_tables(lots=[{}, {}, {"grade": "x"}])
    tables["lots"][1] = dict.fromkeys(tables["lots"][1], "")
    (issue,) = faults(write_workbook(tmp_path / "in.xlsx", tables))
    assert (issue.table, issue.row, issue.column) == ("lots", 4, "grade")


def test_a_sheet_that_is_no_table_is_refused_unless_it_is_empty(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "in.xlsx"))
    for name, rows in filled_tables().items():
        sheet = book.add_worksheet({"lots": "Lots "}.get(name, name))
        for n, row in enumerate([list(rows[0]), *(row.values() for row in rows)] if rows else []):
            sheet.write_row(n, 0, list(row))
    book.add_worksheet("Sheet1")
    book.close()
    found = {issue.table: issue.expected for issue in faults(tmp_path / "in.xlsx")}
    assert "perhaps lots" in found["Lots "]
    assert "a sheet lots" in found["lots"]
    assert "Sheet1" not in found


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "of another kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old .xls"),
        (b"<html><table><tr><td>site_id</td></tr></table></html>", "web page"),
        (b"site_id,kind\n", "of another kind"),
        (b"PK\x03\x04 cut off", "that is whole"),
    ],
)
def test_a_file_that_is_no_workbook_is_refused_with_the_remedy(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "in.xlsx").write_bytes(content)
    assert expected in faults(tmp_path / "in.xlsx")[0].expected


def test_an_archive_without_a_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.xlsx", "w") as file:
        file.writestr("a.xml", "<a/>")
    assert "holds none" in faults(tmp_path / "in.xlsx")[0].expected


def repack(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Rewrite the parts of a workbook."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))


FAR = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
HOSTILE: dict[str, Callable[[str, bytes], bytes]] = {
    "a cell far below the table": lambda _, data: data.replace(b"</sheetData>", FAR),
    "the same in other quotes": lambda _, data: data.replace(b"</sheetData>", FAR.replace(b'"', b"'")),
    "the same with blanks": lambda _, data: data.replace(b"</sheetData>", FAR.replace(b"=", b" = ")),
    "the same after a decoy": lambda _, data: data.replace(b"</sheetData>", FAR.replace(b"<c r=", b'<c s="0" x="r" r=')),
    "the same in a name space": lambda _, data: data.replace(b"</sheetData>", FAR.replace(b"<c", b"<x:c").replace(b"</c", b"</x:c")),
    "many cells without address": lambda _, data: data.replace(
        b"</sheetData>", b"<row>" + b"<c><v>1</v></c>" * 20000 + b"</row>" + b"<row><c><v>1</v></c></row>" * 2000 + b"</sheetData>"
    ),
    "an address of many digits": lambda _, data: data.replace(b"</sheetData>", FAR.replace(b"1048576", b"9" * 30)),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_workbook_that_would_fill_the_memory_is_refused(tmp_path: Path, attack: str) -> None:
    path = write_workbook(tmp_path / "in.xlsx", filled_tables())
    repack(path, HOSTILE[attack])
    (issue, *_) = faults(path)
    assert "stray cells" in issue.expected


def test_one_long_text_in_many_cells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_BYTES", 1 << 20)
    path = write_workbook(tmp_path / "in.xlsx", filled_tables(sites=[{"site_id": f"c{n}", "name": "x" * 30000} for n in range(100)]))
    assert "of text in its cells" in faults(path)[0].expected


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_BYTES", 1 << 20)
    path = write_workbook(tmp_path / "in.xlsx", filled_tables())
    repack(path, lambda _, data: data + b" " * 300_000)
    assert "unpacked" in faults(path)[0].expected


def test_a_workbook_that_claims_two_thousand_million_cells_and_holds_few_reads(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "in.xlsx", filled_tables())
    plain = read_problem(path).digest()
    repack(path, lambda _, data: data.replace(b'<dimension ref="A1:', b'<dimension ref="A1:XFD1048576" old="'))
    assert read_problem(path).digest() == plain


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_a_workbook_with_a_part_cut_off_is_refused(tmp_path: Path, part: str, share: float) -> None:
    path = write_workbook(tmp_path / "in.xlsx", filled_tables())
    repack(path, lambda name, data: data[: int(len(data) * share)] if name == part else data)
    assert faults(path)
