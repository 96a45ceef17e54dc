"""A workbook's table, read by a process that can't do harm."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from service.uploads.child import EVERY_SHEET
from service.uploads.raw import LONGEST_CELL, Faulty, Sheet, TooLarge, Unreadable
from service.uploads.workbook_guard import check_directory

SECONDS = 90
ROOT = Path(__file__).resolve().parents[2]
TOO_MUCH = (
    "an .xlsx workbook that can be read within 1 GiB of memory and 30 s of processor: clear what isn't part of the table, or send CSV"
)


def read_workbook(content: bytes, wanted: str) -> Sheet:
    """Return the rows of a workbook's sheet.

    Parameters
    ----------
    wanted : name of the sheet; where there is no such sheet but a single other one, that one is read.

    Raises
    ------
    Unreadable
        If it is refused, with the reason.
    TooLarge
        If there are more than 200,000 rows.
    """
    check_directory(content)
    answer = _asked(content, wanted)
    if "too_large" in answer:
        raise TooLarge(answer["too_large"])
    if "refused" in answer:
        raise Unreadable(answer["refused"])
    rows = [(number, [_cell(cell) for cell in cells]) for number, cells in enumerate(answer["rows"], 1)]
    for row, column, why in answer["faulty"]:
        if 0 < row <= len(rows) and column < len(rows[row - 1][1]):
            rows[row - 1][1][column] = Faulty(why)
    merged = [(first, last) for first, last in answer["merged"]]
    return Sheet(rows, _notes(answer), merged=merged, base_1904=answer["base_1904"])


def read_every_sheet(content: bytes) -> dict[str, Any]:
    """Return the cells of every sheet of a workbook, read by a process that can't do harm; links to other files don't matter.

    Raises
    ------
    Unreadable
        If it is refused, with the reason.
    TooLarge
        If a sheet has more than 200,000 rows.
    """
    check_directory(content, links_refused=False)
    answer = _asked(content, EVERY_SHEET)
    if "too_large" in answer:
        raise TooLarge(answer["too_large"])
    if "refused" in answer:
        raise Unreadable(answer["refused"])
    return answer


def sheet_of(found: dict[str, Any], *, base_1904: bool) -> Sheet:
    """Return one of the sheets that `read_every_sheet` found."""
    rows = [(number, [_cell(cell) for cell in cells]) for number, cells in enumerate(found["rows"], 1)]
    for row, column, why in found["faulty"]:
        if 0 < row <= len(rows) and column < len(rows[row - 1][1]):
            rows[row - 1][1][column] = Faulty(why)
    return Sheet(rows, merged=[(block[0] + 1, block[2] + 1) for block in found["merged"]], base_1904=base_1904)


def _asked(content: bytes, wanted: str) -> dict[str, Any]:
    """Let the child read the file, and return what it says."""
    environment = {"PATH": os.environ.get("PATH", ""), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with tempfile.NamedTemporaryFile(prefix="mca-upload-", suffix=".xlsx") as file:
        file.write(content)
        file.flush()
        command = [sys.executable, "-m", "service.uploads.child", file.name, wanted]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False, env=environment, cwd=ROOT)
        except subprocess.TimeoutExpired as error:
            raise Unreadable(TOO_MUCH) from error
    if done.returncode != 0:
        raise Unreadable(TOO_MUCH)
    answer: dict[str, Any] = orjson.loads(done.stdout)
    return answer


def _cell(cell: Any) -> Any:
    if isinstance(cell, dict):
        return date.fromisoformat(cell["d"]) if "d" in cell else cell["t"]
    if isinstance(cell, str) and len(cell) > LONGEST_CELL:
        raise Unreadable(f"cells of at most {LONGEST_CELL:,} characters")
    return cell


def _notes(answer: dict[str, Any]) -> list[str]:
    hidden = answer["hidden"]
    notes = [f"read from the sheet {answer['sheet']!r}"]
    if hidden:
        shown = ", ".join(map(str, hidden[:20])) + (", ..." if len(hidden) > 20 else "")
        notes.append(f"{len(hidden)} hidden rows are taken in too: {shown}")
    return notes
