"""What the database holds, as files: the open season for planning elsewhere, lots and demand lines for spreadsheets."""

from __future__ import annotations

import tempfile
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from catalog.given import Day
from service import sheets
from service.api.uploads import CSV_EXAMPLES
from service.auth.permissions import Permission
from service.http.context import Reading
from service.http.problems import ErrorItem, Refused
from service.http.routing import Api
from service.planning.plans.exporting import pack
from service.planning.plans.forecasts import outlook_of, outlook_tables
from service.planning.plans.problem_builder import Horizon, load
from service.planning.plans.season_workbook import write_workbook

api = Api("exports", "The open season, lots and demand lines as files, with the columns of the exchange format.")
ZIP, XLSX, CSV = "application/zip", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv"


class SeasonFormat(StrEnum):
    """A folder of CSV files in an archive, or a workbook."""

    ZIP = "zip"
    XLSX = "xlsx"


class TableFormat(StrEnum):
    """A CSV file, or a workbook."""

    CSV = "csv"
    XLSX = "xlsx"


def _answers(*kinds: str, example: str = "") -> dict[int | str, dict[str, Any]]:
    """Describe an answer that is a file; what is text is shown as an example."""
    content: dict[str, dict[str, Any]] = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    if example:
        content[CSV]["example"] = example
    return {200: {"description": "The file.", "content": content}}


First = Annotated[Day | None, Query(description="First day; what ends earlier is left out.", examples=["2027-06-07"])]
Last = Annotated[Day | None, Query(description="Last day; what begins later is left out.", examples=["2027-06-14"])]
AsSeason = Annotated[SeasonFormat, Query(description="`zip` for a folder of CSV files, `xlsx` for a workbook.", examples=["zip"])]
AsTable = Annotated[TableFormat, Query(description="`csv` or `xlsx`.", examples=["csv"])]


@api.get("/exports/season", may=Permission.PLANS_READ, responses=_answers(ZIP, XLSX), response_class=Response)
def export_season(asked: Reading, form: AsSeason = SeasonFormat.ZIP, first: First = None, last: Last = None) -> Response:
    """Download what is still open of the season, in the exchange format, for planning elsewhere.

    The files follow the format to the letter. Of lots and lines that are promised in part, the rest is written.
    """
    _check_days(first, last)
    loaded = load(asked.session, asked.scope.association_id, Horizon(first, last))
    problem, beside = loaded.problem, outlook_tables(loaded.problem, outlook_of(asked.session, loaded))
    if form is SeasonFormat.ZIP:
        return _file(pack(problem, beside), ZIP, "season.zip")
    with tempfile.TemporaryDirectory(prefix="mca-") as folder:
        made = Path(folder) / "season.xlsx"
        write_workbook(made, problem, beside)
        return _file(made.read_bytes(), XLSX, "season.xlsx")


@api.get(
    "/exports/lots",
    may=Permission.EXPORTS_READ,
    responses=_answers(CSV, XLSX, example=CSV_EXAMPLES["lots"]),
    response_class=Response,
)
def export_lots(asked: Reading, form: AsTable = TableFormat.CSV, first: First = None, last: Last = None) -> Response:
    """Download lots as a table that can be uploaded again.

    Texts that a spreadsheet program would run as a formula bear an apostrophe in CSV, which an upload takes away again, and are plain
    texts in a workbook.
    """
    _check_days(first, last)
    return _table(sheets.lots(asked.session, asked.scope, first, last), form, "lots")


@api.get(
    "/exports/demands",
    may=Permission.EXPORTS_READ,
    responses=_answers(CSV, XLSX, example=CSV_EXAMPLES["demands"]),
    response_class=Response,
)
def export_demands(asked: Reading, form: AsTable = TableFormat.CSV, first: First = None, last: Last = None) -> Response:
    """Download demand lines as a table that can be uploaded again; see the export of lots."""
    _check_days(first, last)
    return _table(sheets.demands(asked.session, asked.scope, first, last), form, "demands")


def _check_days(first: date | None, last: date | None) -> None:
    if first is not None and last is not None and last < first:
        wrong = [ErrorItem(pointer=f"query/{name}", message="days that don't end before they start") for name in ("first", "last")]
        raise Refused(422, "invalid", "1 fault", errors=wrong)


def _table(table: sheets.Table, form: TableFormat, name: str) -> Response:
    if len(table.rows) > sheets.MOST_ROWS:
        raise Refused(422, "too_many_rows", f"more than {sheets.MOST_ROWS:,} rows: ask for fewer days")
    if form is TableFormat.CSV:
        return _file(sheets.as_csv(table), f"{CSV}; charset=utf-8", f"{name}.csv")
    return _file(sheets.as_workbook(table, name), XLSX, f"{name}.xlsx")


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
