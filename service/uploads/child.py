"""Reads one workbook in a process of its own: `python -m service.uploads.child FILE SHEET`.

What stands in an uploaded file decides how much memory and time reading it takes, so this process may have little of either. It prints
one JSON object: the rows of the table, or why there are none.
"""

from __future__ import annotations

import datetime as dt
import re
import resource
import sys
from pathlib import Path
from typing import Any

import orjson

MEMORY_BYTES = 1 << 30
CPU_S = 30
EVERY_SHEET = "*"
MOST_SHEETS = 60
BASE_1904 = re.compile(rb"<(?:\w+:)?workbookPr\b[^<>]*\bdate1904\s*=\s*[\"'](?:1|true)[\"']")


def confine() -> None:
    """Take no more memory and time than a workbook deserves."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read(content: bytes, wanted: str) -> dict[str, Any]:
    """Return the rows of the sheet of a name, or of the only sheet."""
    from python_calamine import CalamineWorkbook

    from matching.io.archive import clean_parts, packed
    from matching.io.workbook import _faulty_cells, _named_parts, hidden_in, padded_cells, put_in
    from service.uploads import workbook_guard
    from service.uploads.raw import MOST_COLUMNS, MOST_ROWS, TooLarge, Unreadable

    parts = clean_parts(content)
    workbook_guard.refuse_size(sum(map(len, parts.values())), len(content))
    workbook_guard.check_xml(parts)
    book = CalamineWorkbook.from_filelike(packed(parts))
    sheets = {name: book.get_sheet_by_name(name) for name in ([wanted] if wanted in book.sheet_names else book.sheet_names[:20])}
    filled = {name: sheet for name, sheet in sheets.items() if sheet.end is not None}
    if len(filled) != 1:
        raise Unreadable(f"a sheet {wanted}, or a single sheet; there are {', '.join(map(repr, book.sheet_names[:20]))}")
    name, sheet = filled.popitem()
    height, width = (sheet.end[0] + 1, sheet.end[1] + 1) if sheet.end else (0, 0)
    if height > MOST_ROWS + 100:
        raise TooLarge(f"at most {MOST_ROWS:,} rows at one time")
    if width > MOST_COLUMNS:
        raise Unreadable(f"at most {MOST_COLUMNS} columns, not {width}: clear stray cells far from the table")
    data = dict(_named_parts(parts)).get(name, b"")
    rows = [[cell if type(cell) is float else _plain(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    put_in(rows, padded_cells(parts).get(name, {}))
    return {
        "sheet": name,
        "rows": rows,
        "hidden": hidden_in(data),
        "merged": [[first[0] + 1, last[0] + 1] for first, last in sheet.merged_cell_ranges or ()],
        "faulty": [[row, column, why] for (row, column), why in _faulty_cells(parts).get(name, {}).items()],
        "base_1904": any(BASE_1904.search(part) for key, part in parts.items() if key.lower() == "xl/workbook.xml"),
    }


def read_all(content: bytes) -> dict[str, Any]:
    """Return the cells of every sheet that isn't hidden or empty, with its merged blocks."""
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    from matching.io.archive import clean_parts, packed
    from matching.io.workbook import _faulty_cells, _named_parts, hidden_in, padded_cells, put_in
    from service.uploads import workbook_guard
    from service.uploads.raw import MOST_COLUMNS, MOST_ROWS, TooLarge

    parts = clean_parts(content)
    workbook_guard.refuse_size(sum(map(len, parts.values())), len(content))
    workbook_guard.check_xml(parts)
    book = CalamineWorkbook.from_filelike(packed(parts))
    shown = [one.name for one in book.sheets_metadata if one.visible is SheetVisibleEnum.Visible][:MOST_SHEETS]
    padded, faulty, data = padded_cells(parts), _faulty_cells(parts), dict(_named_parts(parts))
    sheets = []
    for name in shown:
        sheet = book.get_sheet_by_name(name)
        if sheet.end is None:
            continue
        if sheet.end[0] > MOST_ROWS:
            raise TooLarge(f"at most {MOST_ROWS:,} rows at one time")
        rows = [[_plain(cell) for cell in row[:MOST_COLUMNS]] for row in sheet.to_python(skip_empty_area=False)]
        put_in(rows, padded.get(name, {}))
        merged = [[*first, *last] for first, last in sheet.merged_cell_ranges or ()]
        wrong = [[row, column, why] for (row, column), why in faulty.get(name, {}).items()]
        sheets.append({"name": name, "rows": rows, "merged": merged, "faulty": wrong, "hidden": hidden_in(data.get(name, b""))})
    return {"sheets": sheets, "base_1904": any(BASE_1904.search(part) for key, part in parts.items() if key.lower() == "xl/workbook.xml")}


def _plain(cell: Any) -> Any:
    """Return a cell as JSON holds it; a date is marked as one, so that no text passes for it."""
    if type(cell) is str:
        return cell or None
    if isinstance(cell, dt.datetime):
        return {"d": cell.date().isoformat()} if cell.time() == dt.time() else {"t": cell.isoformat()}
    if isinstance(cell, dt.date):
        return {"d": cell.isoformat()}
    if isinstance(cell, (dt.time, dt.timedelta)):
        return {"t": str(cell)}
    return cell


def main(file: str, wanted: str) -> int:
    """Read a file and print what it holds; exit status 0 even where it is refused."""
    confine()
    from python_calamine import CalamineError

    from matching.io.archive import NotAWorkbook
    from service.uploads.raw import TooLarge, Unreadable

    try:
        content = Path(file).read_bytes()
        answer = read_all(content) if wanted == EVERY_SHEET else read(content, wanted)
    except TooLarge as error:
        answer = {"too_large": str(error)}
    except (Unreadable, NotAWorkbook) as error:
        answer = {"refused": str(error)}
    except (CalamineError, ValueError, OSError) as error:
        answer = {"refused": f"an .xlsx workbook that is whole ({error})"}
    sys.stdout.buffer.write(orjson.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
