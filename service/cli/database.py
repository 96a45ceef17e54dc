"""Commands about the database: its schema, whether it holds, its backups, its audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.context import opened, say
from service.cli.status import BROKEN

db = typer.Typer(name="db", help="The database: bring its schema up to date, and check that it holds.", no_args_is_help=True)
audit = typer.Typer(name="audit", help="The audit trail.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@db.command()
def upgrade(as_json: AsJson = False) -> None:
    """Create the schema, or bring it up to this version; a SQLite file is copied first."""
    from service.db import head_revision

    with opened(any_schema=True) as database:
        before, copy = database.revision(), database.upgrade()
    after = head_revision()
    kept = f"; what was there before is in {copy}" if copy else ""
    text = f"The schema is at revision {after} already." if before == after else f"The schema is now at revision {after}{kept}."
    say(text, {"before": before, "after": after, "copy": copy}, as_json=as_json)


@db.command()
def check(as_json: AsJson = False) -> None:
    """Check the schema, the file, the audit trail and every kilogram of the ledger; exit status 1 if something doesn't hold."""
    from service.maintenance.checks import faults

    with opened() as database:
        found = list(faults(database))
    say("\n".join(found) or "Everything holds.", {"faults": found}, as_json=as_json)
    raise typer.Exit(BROKEN if found else 0)


@audit.command()
def verify(as_json: AsJson = False) -> None:
    """Recompute the chain of hashes; exit status 1, and the first broken event of each chain, if it was tampered with."""
    from service import audit as trail

    with opened() as database, database.read() as session:
        found = [str(broken) for broken in trail.verify(session)]
    say("\n".join(found) or "The audit trail holds.", {"broken": found}, as_json=as_json)
    raise typer.Exit(BROKEN if found else 0)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the backup is written; must not exist.")],
    as_json: AsJson = False,
) -> None:
    """Back up the whole database while the service runs."""
    from service.maintenance.backup import back_up

    with opened() as database:
        how = back_up(database, file)
    say(f"Backed up to {file} ({how}).", {"file": str(file), "how": how, "bytes": file.stat().st_size}, as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup that `mca backup` made.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask whether everything shall be replaced.")] = False,
    as_json: AsJson = False,
) -> None:
    """Replace the whole database by a backup while the service runs; what was there before is kept beside the backup."""
    from service.maintenance.restore import restore as bring_back

    if not yes:
        typer.confirm("Everything in the database is replaced by the backup. Go on?", abort=True, err=True)
    with opened(any_schema=True) as database:
        kept = bring_back(database, file)
    before = f" What was there before is in {kept}." if kept else ""
    say(f"Restored from {file}.{before}", {"file": str(file), "kept": kept and str(kept)}, as_json=as_json)
