"""Commands about the database: its schema, whether it holds, its backups, its audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.context import opened, say, settings_or_exit
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


AnchorFile = Annotated[Path | None, typer.Option("--anchor", metavar="FILE", help="File of anchors; that of the settings by default.")]


@audit.command()
def verify(anchor: AnchorFile = None, as_json: AsJson = False) -> None:
    """Recompute the chain of hashes and check its seals and anchors; exit status 1, and what was tampered with, if it was."""
    from service import audit as trail
    from service import seals
    from service.auth.keyring import key_path, load_key

    settings = settings_or_exit()
    file = anchor or (Path(settings.anchor_file) if settings.anchor_file else None)
    with opened() as database, database.read() as session:
        anchors = seals.read_anchors(file) if file is not None else []
        found = [str(broken) for broken in trail.verify(session)]
        key = load_key(key_path(settings.key_file, settings.database_url))
        found += [str(broken) for broken in seals.breaks(session, key, anchors)]
    unproven = "" if anchors else " No anchor was compared: whether the whole was put back to an earlier state isn't known; see --anchor."
    facts = {"broken": found, "anchors": len(anchors)}
    say("\n".join(found) or f"The audit trail holds, and its seals fit.{unproven}", facts, as_json=as_json)
    raise typer.Exit(BROKEN if found else 0)


@audit.command()
def anchor(
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="Add the anchors to this file.")] = None,
    url: Annotated[str, typer.Option("--url", metavar="ADDRESS", help="Post the anchors to this address.")] = "",
    as_json: AsJson = False,
) -> None:
    """Seal the heads of the trail with the service's key, and keep the seals elsewhere as anchors."""
    from service import seals
    from service.auth.keyring import key_path, load_key
    from service.db import now

    settings = settings_or_exit()
    file, url = file or (Path(settings.anchor_file) if settings.anchor_file else None), url or settings.anchor_url
    with opened() as database:
        with database.write() as session:
            rows = seals.seal(session, load_key(key_path(settings.key_file, settings.database_url)), now(session))
        if file is not None:
            seals.write_anchors(rows, file)
        if url:
            seals.post_anchors(rows, url)
    where = " and ".join([*([str(file)] if file else []), *([url] if url else [])])
    text = f"{len(rows)} chains sealed" + (f" and anchored in {where}." if where else "; name a --file or --url to anchor them elsewhere.")
    say(text, {"anchors": [seals.as_anchor(row) for row in rows]}, as_json=as_json)


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
    logins = " Every login has ended; keys that were revoked and accounts that were closed since the backup stay so."
    say(f"Restored from {file}.{before}{logins}", {"file": str(file), "kept": kept and str(kept)}, as_json=as_json)
