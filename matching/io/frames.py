"""Tables of the exchange format as pandas frames: a problem from frames, and a result as frames."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from matching.io.build import build_problem
from matching.io.issues import Issues
from matching.io.parse import parse_tables
from matching.io.raw import RawTable, columns_of, nearest, report_missing
from matching.io.schema import INPUT_TABLES
from matching.io.settings import check_together, read_settings
from matching.io.write import plan_tables, relaxed_tables
from matching.model.plan import Result, Status
from matching.model.problem import Problem

EXACT_FLOAT = 1e16


def problem_from_frames(frames: Mapping[str, pd.DataFrame]) -> Problem:
    """Return the problem that frames hold, one frame for each table of the exchange format.

    Parameters
    ----------
    frames : by table name (``sites``, ``lots``, ``demands``, ``vehicles`` …), with the columns of the format. Dates may be dates or text,
        missing cells may be NaN, None or empty, yes and no may be booleans.

    Raises
    ------
    BadInput
        With every fault of the input at once; rows are counted as a spreadsheet shows them, so that the first row of a frame is row 2.
    """
    issues = Issues(tuple(INPUT_TABLES))
    tables = parse_tables(_raw_tables(frames, issues), issues)
    settings = read_settings(tables["settings"], issues)
    check_together(tables, issues)
    issues.raise_any()
    return build_problem(tables, settings)


def result_frames(problem: Problem, result: Result) -> dict[str, pd.DataFrame]:
    """Return the tables of a result by name: allocations, legs, trips, stops, reasons, prices and scarce resources.

    A volumes relaxation has allocations and prices alone.
    """
    texts = relaxed_tables(problem, result) if result.status is Status.RELAXED else plan_tables(problem, result)
    frames = {name: pd.read_csv(io.StringIO(text), dtype=_ID_TYPES, keep_default_na=False, na_values={}) for name, text in texts.items()}
    return {name: _with_numbers(frame) for name, frame in frames.items()}


_ID_TYPES = dict.fromkeys(("id", "lot_id", "line_id", "site_id", "from_site", "to_site", "class_id", "trip_id", "allocation_id"), str)


def _with_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose price column holds numbers, empty cells being NaN."""
    for name in ("vnd_per_kg", "vnd_per_unit"):
        if name in frame:
            frame[name] = pd.to_numeric(frame[name], errors="coerce")
    return frame


def _raw_tables(frames: Mapping[str, pd.DataFrame], issues: Issues) -> dict[str, RawTable]:
    """Return each frame as text, in the order of the format; faults of form go to ``issues``."""
    for name in frames:
        if name not in INPUT_TABLES:
            meant = nearest(str(name), tuple(INPUT_TABLES))
            issues.add(str(name), 0, "", "", f"no table of this name{f'; perhaps {meant}' if meant else ''}")
    report_missing(frames, issues, "a frame {}: this table must be there")
    found = {name: columns_of(INPUT_TABLES[name], _records(frames[name]), issues) for name in INPUT_TABLES if name in frames}
    return {name: table for name, table in found.items() if table is not None}


def _records(frame: pd.DataFrame) -> Iterator[list[str]]:
    """Yield the header, then each row, as text."""
    yield [str(name) for name in frame.columns]
    for row in frame.itertuples(index=False, name=None):
        yield [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    """Return a cell as it would be written in a CSV file."""
    if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < EXACT_FLOAT else repr(float(cell))
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(timespec="minutes")
    if isinstance(cell, dt.time):
        return cell.isoformat(timespec="minutes")
    if str(cell) in ("True", "False") and not isinstance(cell, str):
        return "yes" if cell else "no"
    return str(cell)
