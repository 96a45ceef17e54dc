"""Small valid problems for tests: each table a list of dicts, with defaults for whatever a test does not care about."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from matching.io import read_problem
from matching.model.problem import Problem

Row = Mapping[str, Any]
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,6})?")

COOPERATIVE = {"site_id": "c1", "kind": "cooperative", "lat": 21.30, "lon": 106.20}
BUYER = {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85}
DEFAULTS: dict[str, dict[str, Any]] = {
    "sites": {"kind": "cooperative", "lat": 21.30, "lon": 106.20},
    "lots": {
        "site_id": "c1", "supplier_id": "s1", "product": "lychee", "grade": 1, "quantity_kg": 1000, "available_from": "2027-06-07",
        "available_until": "2027-06-09", "shelf_life_days": 5, "ask_vnd_per_kg": 10000,
    },
    "demands": {
        "buyer_id": "buyer1", "site_id": "b1", "product": "lychee", "max_grade": 2, "quantity_kg": 800, "deliver_from": "2027-06-07",
        "deliver_until": "2027-06-10", "bid_vnd_per_kg": 20000,
    },
    "vehicles": {"payload_kg": 2000, "fixed_vnd": 300000, "vnd_per_km": "0:20000;30:14000;100:9000", "kmh": 40},
    "certificates": {"supplier_id": "s1", "product": "*", "scheme": "VietGAP", "valid_from": "2026-01-01", "valid_until": "2028-12-31"},
    "calendar": {"site_id": "b1", "date": "2027-06-07"},
    "access": {"zone": "inner", "min_payload_kg": 0, "closed_from": "06:00", "closed_until": "09:00"},
    "lanes": {"from_site": "c1", "to_site": "b1"},
    "decisions": {"lot_id": "lot1", "line_id": "line1", "decision": "forbid"},
}  # fmt: skip
KEYS = {"sites": ("site_id", "site"), "lots": ("lot_id", "lot"), "demands": ("line_id", "line"), "vehicles": ("class_id", "class")}


def filled_tables(
    sites: Sequence[Row] = (COOPERATIVE, BUYER),
    lots: Sequence[Row] = ({},),
    demands: Sequence[Row] = ({},),
    vehicles: Sequence[Row] = ({},),
    certificates: Sequence[Row] = (),
    access: Sequence[Row] = (),
    calendar: Sequence[Row] = (),
    lanes: Sequence[Row] = (),
    decisions: Sequence[Row] = (),
    settings: Mapping[str, Any] | None = None,
) -> dict[str, list[dict[str, str]]]:
    """Return every table as rows of text; what a row does not say is filled from `DEFAULTS`.

    A row of ``sites``, ``lots``, ``demands`` or ``vehicles`` without an id is called ``site1``, ``lot1``, ``line1``, ``class1`` after its
    place. Without arguments: one lot of 1,000 kg at cooperative ``c1``, one line of 800 kg at buyer ``b1``, one class of truck.
    """
    given = {
        "sites": sites, "lots": lots, "demands": demands, "vehicles": vehicles, "certificates": certificates, "access": access,
        "calendar": calendar, "lanes": lanes, "decisions": decisions,
    }  # fmt: skip
    tables = {name: [_filled(name, n, row) for n, row in enumerate(rows, 1)] for name, rows in given.items()}
    tables["settings"] = [{"key": str(key), "value": str(value)} for key, value in (settings or {}).items()]
    return tables


def _filled(name: str, place: int, row: Row) -> dict[str, str]:
    key = {KEYS[name][0]: f"{KEYS[name][1]}{place}"} if name in KEYS else {}
    return {column: str(value) for column, value in {**key, **DEFAULTS[name], **row}.items()}


def write_folder(folder: Path, tables: Mapping[str, Sequence[Row]]) -> Path:
    """Write tables as the CSV files of an input folder; optional tables without rows are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        header = list(dict.fromkeys(column for row in rows for column in row)) or _bare_header(name)
        if rows or name in KEYS:
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                out = csv.DictWriter(file, header, restval="")
                out.writeheader()
                out.writerows(rows)
    return folder


def _bare_header(name: str) -> list[str]:
    return [KEYS[name][0], *DEFAULTS[name]] if name in KEYS else []


def tiny_folder(folder: Path, **tables: Any) -> Path:
    """Write a small valid input folder; the arguments are those of `filled_tables`."""
    return write_folder(folder, filled_tables(**tables))


def build_problem(**tables: Any) -> Problem:
    """Return a small problem, read from CSV text; the arguments are those of `filled_tables`."""
    with tempfile.TemporaryDirectory() as folder:
        return read_problem(tiny_folder(Path(folder), **tables))


def write_workbook(path: Path, tables: Mapping[str, Sequence[Row]]) -> Path:
    """Write tables as the sheets of a workbook, numbers as numbers, as a spreadsheet program would."""
    book = xlsxwriter.Workbook(str(path))
    for name, rows in tables.items():
        header = list(dict.fromkeys(column for row in rows for column in row)) or _bare_header(name)
        if rows or name in KEYS:
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, header)
            for n, row in enumerate(rows, 1):
                for place, column in enumerate(header):
                    _write_cell(sheet, n, place, str(row.get(column, "")))
    book.close()
    return path


def _write_cell(sheet: Any, row: int, place: int, text: str) -> None:
    if NUMBER.fullmatch(text):
        sheet.write_number(row, place, float(text))
    elif text:
        sheet.write_string(row, place, text)
