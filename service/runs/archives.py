"""A stored plan in the exchange format: a zip of the folder, or a workbook with the same tables as sheets.

Beside the plan's tables both hold the input that it was made from, so that anybody can check the plan with `mca check`. In the zip
the input lies in a folder ``input``; in the workbook its tables are sheets of their own names. No text becomes a formula.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.errors import Conflict
from matching.explain.context import PlanContext
from matching.harvest.outlook import Outlook
from matching.io.write import plan_tables, relaxed_tables
from matching.model.errors import BadInput
from matching.model.plan import LINE, LOT, Prices, Reasons, Result, Status, Termination
from matching.model.problem import Problem
from matching.policy.limits import policy_limits
from matching.recipe import recipe_of
from service.planning.models import Plan, PlanPrice, PlanReason, RunInput
from service.planning.plans.exporting import Table, problem_tables
from service.planning.plans.forecasts import outlook_tables
from service.planning.plans.problem_builder import Loaded
from service.planning.plans.scarce import stored_scarce
from service.planning.plans.storing import read_plan
from service.runs.inputs import restore

NUMBERS = frozenset({"kg", "leg", "km", "cost_vnd", "seq", "open_kg", "vnd_per_kg", "used", "limit", "vnd_per_unit"})
"""Columns of a plan's tables that a workbook holds as numbers."""


class InputGone(Conflict):
    """What the plan was made from can't be put into the exchange format."""

    code = "input_gone"


@dataclass(frozen=True)
class Archived:
    """A stored plan in the engine's terms, with what it was made from."""

    problem: Problem
    result: Result
    engine: str
    input_digest: str
    recipe: Mapping[str, Any] = field(default_factory=dict)
    outlook: Outlook | None = None

    def context(self) -> PlanContext:
        """Return what questions about the plan are answered from, with the floors and cap of its policy."""
        recipe = recipe_of(self.recipe)
        limits = None if recipe is None else policy_limits(self.problem, recipe.policy, recipe.deliveries)
        return PlanContext(self.problem, self.result.plan, limits)

    def summary(self) -> dict[str, Any]:
        """Return the content of ``plan.json``."""
        result = self.result
        return {
            "objective_vnd": result.objective_vnd,
            "bound_vnd": result.bound_vnd,
            "status": result.status.value,
            "seconds": round(result.seconds, 3),
            "seed": result.seed,
            "engine": self.engine,
            "input_sha256": self.input_digest,
            **self.recipe,
        }

    def tables(self) -> dict[str, str]:
        """Return the plan's tables as CSV text, by name."""
        relaxed = self.result.status is Status.RELAXED
        return relaxed_tables(self.problem, self.result) if relaxed else plan_tables(self.problem, self.result)

    def input_tables(self) -> dict[str, Table]:
        """Return the tables of what it was made from, with what was known of the harvests."""
        return problem_tables(self.problem) | outlook_tables(self.problem, self.outlook)


def archived(session: Session, plan: Plan) -> Archived:
    """Read a stored plan with its input.

    Raises
    ------
    InputGone
        If its input wasn't kept or can't be read back.
    """
    loaded = _input(session, plan)
    result = Result(
        plan=read_plan(session, plan.id, loaded),
        objective_vnd=plan.objective_vnd,
        bound_vnd=plan.bound_vnd,
        status=Status(plan.status),
        termination=Termination(plan.termination),
        seconds=plan.seconds,
        seed=plan.seed,
        reasons=_reasons(session, plan, loaded),
        prices=_prices(session, plan, loaded),
        scarce=stored_scarce(plan, loaded.problem),
    )
    return Archived(loaded.problem, result, plan.engine, plan.input_digest, plan.figures.get("recipe") or {}, loaded.outlook)


def _input(session: Session, plan: Plan) -> Loaded:
    kept = None if plan.run_id is None else session.get(RunInput, plan.run_id)
    if kept is None:
        raise InputGone(f"what plan {plan.uid} was made from wasn't kept")
    try:
        return restore(kept, plan.association_id)
    except BadInput as error:
        raise InputGone(f"what plan {plan.uid} was made from doesn't fit the exchange format: {error.issues[0]}") from error


def folder_zip(plan: Archived) -> bytes:
    """Return the folder of a plan as a zip archive; the same plan gives the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "plan.json", json.dumps(plan.summary(), ensure_ascii=False, indent=2) + "\n")
        for name, text in plan.tables().items():
            _add(archive, f"{name}.csv", text)
        for name, (header, rows) in plan.input_tables().items():
            _add(archive, f"input/{name}.csv", _csv([header, *rows]))
    return file.getvalue()


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    # A fixed date, so that equal contents are equal bytes.
    archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)


def _csv(rows: list[list[str]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def workbook(plan: Archived) -> bytes:
    """Return a plan as an ``.xlsx`` workbook."""
    import xlsxwriter

    file = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(file, options) as book:
        _sheet(book, "plan", [["key", "value"], *([key, _cell(value)] for key, value in plan.summary().items())])
        for name, text in plan.tables().items():
            _sheet(book, name, _typed(list(csv.reader(io.StringIO(text, newline="")))))
        for name, (header, rows) in plan.input_tables().items():
            _sheet(book, name, [header, *rows])
    return file.getvalue()


def _cell(value: Any) -> str | int | float:
    """Return what a cell can hold of a value of ``plan.json``: what is itself made of values, as JSON."""
    if isinstance(value, str | int | float):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _sheet(book: Any, name: str, rows: list[list[Any]]) -> None:
    sheet = book.add_worksheet(name)
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            write = sheet.write_string if isinstance(value, str) else sheet.write_number
            write(number, place, value)


def _typed(rows: list[list[str]]) -> list[list[Any]]:
    """Return rows with the columns of figures as numbers."""
    numeric = [name in NUMBERS for name in rows[0]]
    return [list(rows[0]), *([float(value) if wanted else value for value, wanted in zip(row, numeric)] for row in rows[1:])]


def _subjects(loaded: Loaded, rows: list[Any]) -> tuple[Any, Any]:
    """Return what each row speaks of, and its place in the problem."""
    lot = {int(number): place for place, number in enumerate(loaded.lot_ids)}
    line = {int(number): place for place, number in enumerate(loaded.line_ids)}
    subject = np.array([LINE if row.lot_id is None else LOT for row in rows], dtype=object)
    places = [line[row.line_id] if row.lot_id is None else lot[row.lot_id] for row in rows]
    return subject, np.array(places, dtype=np.int64)


def _reasons(session: Session, plan: Plan, loaded: Loaded) -> Reasons:
    rows = list(session.scalars(select(PlanReason).where(PlanReason.plan_id == plan.id).order_by(PlanReason.id)))
    kg = np.array([row.open_kg for row in rows], dtype=np.int64)
    reason, detail = (np.array([getattr(row, name) for row in rows], dtype=object) for name in ("reason", "detail"))
    return Reasons(*_subjects(loaded, rows), kg, reason, detail)


def _prices(session: Session, plan: Plan, loaded: Loaded) -> Prices:
    rows = list(session.scalars(select(PlanPrice).where(PlanPrice.plan_id == plan.id).order_by(PlanPrice.id)))
    return Prices(*_subjects(loaded, rows), np.array([row.vnd_per_kg for row in rows], dtype=np.float64))
