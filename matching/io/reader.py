"""`read_problem`: the whole way from a folder or workbook to a `Problem`, or to all of its faults."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matching.harvest.outlook import Outlook
from matching.io.build import build_problem
from matching.io.issues import Issues
from matching.io.outlook import build_outlook, check_harvests
from matching.io.parse import parse_tables
from matching.io.raw import RawTable, read_folder
from matching.io.schema import INPUT_TABLES
from matching.io.settings import check_together, read_settings
from matching.io.workbook import read_workbook
from matching.model.errors import BadInput, InputIssue
from matching.model.problem import Problem
from matching.policy.model import Policy
from matching.policy.reader import POLICY_FILE, read_policy


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
    return read_season(path).problem


@dataclass(frozen=True, eq=False)
class Season:
    """Everything that an input holds.

    Attributes
    ----------
    problem : what is decided about.
    outlook : what is known of uncertain harvests; often nothing.
    policy : of the folder's ``policy.json``; None where there is none. A workbook has none.
    """

    problem: Problem
    outlook: Outlook
    policy: Policy | None


def read_season(path: Path) -> Season:
    """Read a problem as `read_problem` does, with what is known of its harvests and the policy that lies beside it.

    Raises
    ------
    BadInput : with every fault of the input at once.
    """
    with _no_collection():
        return _read_season(Path(path))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Put off the search for cycles: reading makes millions of small objects, none of which refers to itself."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read_season(path: Path) -> Season:
    issues = Issues(tuple(INPUT_TABLES))
    return season_from_tables(_read_raw(path, issues), path, issues)


def season_from_tables(raw: dict[str, RawTable], path: Path, issues: Issues) -> Season:
    """Return what tables of texts hold, with the policy that lies beside them.

    Parameters
    ----------
    raw : tables by name, their cells as the exchange format writes them.
    path : where they come from.
    issues : faults that were found on the way here; those that are found now are added.

    Raises
    ------
    BadInput : with every fault at once.
    """
    tables = parse_tables(raw, issues)
    settings = read_settings(tables["settings"], issues)
    check_together(tables, issues)
    check_harvests(tables["harvests"], issues)
    policy = _read_policy(path, issues)
    issues.raise_any()
    problem = build_problem(tables, settings)
    return Season(problem, build_outlook(tables, problem), policy)


def _read_policy(path: Path, issues: Issues) -> Policy | None:
    """Read the folder's policy, if it has one; its faults are told with the others."""
    file = path / POLICY_FILE
    if not path.is_dir() or not file.exists():
        return None
    try:
        return read_policy(file)
    except BadInput as error:
        for issue in error.issues:
            issues.add(issue.table, issue.row, issue.column, issue.value, issue.expected)
        return None


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
