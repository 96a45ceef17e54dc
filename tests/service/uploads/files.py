"""Files as people upload them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import xlsxwriter

LOT_HEADER = [
    "lot_id", "site_id", "supplier_id", "product", "grade", "quantity_kg", "available_from", "available_until", "shelf_life_days",
    "ask_vnd_per_kg", "litres_per_kg",
]  # fmt: skip
LOT = ["l1", "c0", "s0", "lychee", 1, 1200, "2027-06-07", "2027-06-09", 7, 15000, 2.2]
LINE_HEADER = [
    "line_id", "buyer_id", "site_id", "product", "max_grade", "requires", "quantity_kg", "deliver_from", "deliver_until", "bid_vnd_per_kg",
]  # fmt: skip
LINE = ["d1", "b0", "d0", "lychee", 2, "VietGAP;OCOP>=3", 800, "2027-06-08", "2027-06-10", 27000]


def changed(row: Sequence[Any], header: Sequence[str] = LOT_HEADER, **cells: Any) -> list[Any]:
    """A row with some cells of another value."""
    return [cells.get(name, value) for name, value in zip(header, row, strict=True)]


def csv_of(*rows: Sequence[Any], header: Sequence[str] = LOT_HEADER, separator: str = ",") -> bytes:
    return "\n".join(separator.join(map(str, row)) for row in [header, *rows]).encode()


def xlsx_of(*rows: Sequence[Any], sheet: str = "lots", options: dict[str, Any] | None = None) -> bytes:
    """A workbook of one sheet; a pair of a text and a format is written as a number in that format."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, options or {}) as book:
        page = book.add_worksheet(sheet)
        for y, row in enumerate(rows):
            for x, cell in enumerate(row):
                if isinstance(cell, tuple):
                    page.write_number(y, x, cell[0], book.add_format({"num_format": cell[1]}))
                else:
                    page.write(y, x, cell)
    return file.getvalue()


def with_parts(content: bytes, **parts: bytes) -> bytes:
    """A workbook with some parts of its archive added or replaced; ``__`` in a name stands for a slash, ``_dot_`` for a dot."""
    wanted = {name.replace("__", "/").replace("_dot_", "."): data for name, data in parts.items()}
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, wanted.pop(name) if name in wanted else old.read(name))
        for name, data in wanted.items():
            new.writestr(name, data)
    return file.getvalue()


def part_of(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)
