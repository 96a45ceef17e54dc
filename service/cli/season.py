"""Commands that take a season into the database and out again, in the exchange format."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.context import COMMAND_LINE, association_of, opened, refusal, say, writing
from service.cli.reading import read_input

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from service.planning.plans.importing import Imported

Association = Annotated[str, typer.Option("--association", metavar="CODE", help="The association whose rows these are.")]
DATE = ["%Y-%m-%d"]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
ForExcel = Annotated[bool, typer.Option("--for-excel", help="Begin CSV files with the mark by which Excel knows their letters.")]


def import_(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="Folder of CSV tables, or an .xlsx workbook.")],
    association: Association,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Make the association if there is none.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Take in what has been taken in before.")] = False,
    confirmed: Annotated[bool, typer.Option("--confirmed", help="Take in prices that look mistyped, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take in a season: all of it, or nothing. Rows of a known code are changed, others are new, none is removed."""
    with opened() as database:
        done = writing(database, lambda session: take_in(session, source, association, name, force=force, confirmed=confirmed))
    rows = [f"{table}: {n} new" for table, n in done.new.items()] + [f"{table}: {n} changed" for table, n in done.changed.items()]
    facts = {"id": done.uid, "new": done.new, "changed": done.changed, "same": done.same}
    say("\n".join(rows) or "Nothing new.", facts, as_json=as_json)


def take_in(session: Session, source: Path, code: str, name: str | None, *, force: bool = False, confirmed: bool = False) -> Imported:
    """Import a folder or workbook into an association, made first if `name` is given and there is none."""
    from catalog import facts
    from catalog.errors import NotFound
    from catalog.models import Association as AssociationRow
    from service import audit
    from service.db import now
    from service.planning.plans.importing import import_path

    try:
        owner = association_of(session, code)
    except NotFound:
        if name is None:
            raise
        owner = AssociationRow(code=code, name=name, updated_by=COMMAND_LINE)
        session.add(owner)
        session.flush()
    facts.state(session)
    done = import_path(session, owner.id, source, COMMAND_LINE, force=force, confirmed=confirmed, read=read_input)
    after = {"file": source.name, "new": done.new, "changed": done.changed}
    audit.record(session, audit.Deed(owner.id, COMMAND_LINE, "season.import", "import_batch", done.uid, after=after), now(session))
    return done


def export(
    out: Annotated[Path, typer.Argument(metavar="OUTPUT", help="Folder, or file that ends in .xlsx.")],
    association: Association,
    first: Annotated[datetime | None, typer.Option("--from", formats=DATE, help="First day; what ends earlier is left out.")] = None,
    last: Annotated[datetime | None, typer.Option("--until", formats=DATE, help="Last day.")] = None,
    for_excel: ForExcel = False,
    as_json: AsJson = False,
) -> None:
    """Write what is still open of a season, for planning elsewhere."""
    from xlsxwriter.exceptions import XlsxWriterException

    from service.planning.plans.exporting import write_problem
    from service.planning.plans.forecasts import outlook_of, outlook_tables
    from service.planning.plans.problem_builder import Horizon, load
    from service.planning.plans.season_workbook import write_workbook

    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise refusal(f"{out} is there already: an export overwrites nothing")
    horizon = Horizon(first and first.date(), last and last.date())
    with opened() as database, database.read() as session:
        loaded = load(session, association_of(session, association).id, horizon)
        problem, beside = loaded.problem, outlook_tables(loaded.problem, outlook_of(session, loaded))
    try:
        if out.suffix.lower() == ".xlsx":
            write_workbook(out, problem, beside)
        else:
            write_problem(out, problem, beside, marked=for_excel)
    except (OSError, XlsxWriterException) as error:
        raise refusal(f"{out} can't be written: {error}") from error
    facts = {"output": str(out), "lots": problem.n_lots, "lines": problem.n_lines, "sha256": problem.digest()}
    say(f"{problem.n_lots} lots and {problem.n_lines} demand lines written to {out}.", facts, as_json=as_json)
