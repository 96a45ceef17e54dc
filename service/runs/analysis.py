"""A plan that somebody has made elsewhere, checked against every rule and its money recomputed, without solving anything.

Both the plan and, if it is sent along, the input are rows of the exchange format; without an input the plan is checked against what is
offered and asked for right now. The format's own reader takes them apart, so every fault has its table, row and column.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from matching.io import read_plan, read_problem
from matching.io.plan_reader import PLAN_TABLES
from matching.io.schema import INPUT_TABLES
from matching.model.errors import BadInput, InputIssue
from matching.model.problem import Problem
from matching.verify import Verdict, verify
from service.planning.plans.problem_builder import WHOLE_SEASON, Horizon, load

Cell = str | int | float | bool | None
Tables = Mapping[str, Sequence[Mapping[str, Cell]]]


def analyse(
    session: Session, association_id: int, plan: Tables, given: Tables | None, horizon: Horizon = WHOLE_SEASON
) -> tuple[Problem, Verdict]:
    """Check a plan; return what it was checked against, and what is true of it.

    Parameters
    ----------
    plan : tables ``allocations``, ``legs``, ``trips`` and ``stops``.
    given : tables of the input; None for what is in the database.

    Raises
    ------
    BadInput
        If the tables can't be read, or name what isn't there.
    """
    with tempfile.TemporaryDirectory(prefix="mca-") as place:
        problem = load(session, association_id, horizon).problem if given is None else _problem(Path(place, "input"), given)
        folder = Path(place, "plan")
        _write(folder, plan, {name: schema.names for name, schema in PLAN_TABLES.items() if schema.required})
        return problem, verify(problem, read_plan(folder, problem))


def _problem(folder: Path, given: Tables) -> Problem:
    _write(folder, given, {name: schema.names for name, schema in INPUT_TABLES.items() if schema.required}, tuple(INPUT_TABLES))
    return read_problem(folder)


def _write(folder: Path, tables: Tables, needed: Mapping[str, Sequence[str]], known: Sequence[str] = tuple(PLAN_TABLES)) -> None:
    """Write tables as CSV files; one that must be there and isn't is empty."""
    strangers = [InputIssue(name[:80], 0, "", "", f"no such table: they are {', '.join(known)}") for name in tables if name not in known]
    if strangers:
        raise BadInput(strangers)
    folder.mkdir()
    for name in {**needed, **tables}:
        rows = tables.get(name, ())
        header = list(dict.fromkeys(column for row in rows for column in row)) or list(needed.get(name, ()))
        if header:
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                out = csv.writer(file, lineterminator="\n")
                out.writerow(header)
                out.writerows([_text(row.get(column)) for column in header] for row in rows)


def _text(cell: Cell) -> str:
    """Return a cell as the format writes it."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return "" if cell is None else str(cell)
