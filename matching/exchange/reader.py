"""`read_problem`: the whole way from a folder or workbook to a `Problem`, or to all of its faults."""

from __future__ import annotations

from pathlib import Path

from matching.errors import BadInput, InputIssue
from matching.exchange.build import build_problem
from matching.exchange.issues import Issues
from matching.exchange.parse import parse_tables
from matching.exchange.raw import RawTable, read_folder
from matching.exchange.schema import INPUT_TABLES
from matching.exchange.settings import check_together, read_settings
from matching.exchange.workbook import read_workbook
from matching.problem import Problem


def read_problem(path: Path) -> Problem:
    """Read a problem from a folder of CSV tables or from an ``.xlsx`` workbook with the same tables as sheets.

    Parameters
    ----------
    path : the folder or workbook.

    Returns
    -------
    The problem; a folder and a workbook of the same content give problems of the same digest.

    Raises
    ------
    BadInput : with every fault of the input at once.
    """
    issues = Issues(tuple(INPUT_TABLES))
    tables = parse_tables(_read_raw(Path(path), issues), issues)
    settings = read_settings(tables["settings"], issues)
    check_together(tables, issues)
    issues.raise_any()
    return build_problem(tables, settings)


def input_sha256(path: Path) -> str:
    """Return the digest of the input at ``path``: that of its `Problem`, so that a folder and its workbook agree.

    Raises
    ------
    BadInput : as `read_problem` does.
    """
    return read_problem(path).digest()


def _read_raw(path: Path, issues: Issues) -> dict[str, RawTable]:
    if path.is_dir():
        return read_folder(path, issues)
    if path.is_file() and path.suffix.lower() == ".xlsx":
        return read_workbook(path, issues)
    raise BadInput([InputIssue("input", 0, "", str(path), "a folder of CSV tables or an .xlsx workbook")])
