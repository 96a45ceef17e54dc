"""A backup back into the database, while the service runs: every reader sees either the old database or the new one.

What the database held before is backed up first, beside the backup, so that a restore can be undone.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pysqlite3.dbapi2

from service.db import BUSY_S, Database, head_revision
from service.maintenance.access import take_away_again, taken_away
from service.maintenance.backup import DUMP_MAGIC, SQLITE_MAGIC, ZIP_MAGIC, back_up, run_tool
from service.maintenance.errors import UpkeepError
from service.maintenance.snapshot import read_snapshot

PAGES_AT_ONCE = -1
"""All of them in one transaction of the database that is written over."""


def restore(database: Database, file: Path) -> Path | None:
    """Replace everything in the database by a backup; return where what was there before has been kept, None if nothing was.

    A backup of an older schema is brought up to this code's. Every login ends. Keys that were revoked, accounts that were closed and
    passwords that were changed since the backup stay so.

    Raises
    ------
    UpkeepError
        If the file isn't a whole backup of this kind of database; nothing is changed then.
    """
    kind = _kind(file)
    if (kind == "sqlite") != (database.dialect == "sqlite"):
        raise UpkeepError(f"{file} is a backup of another kind of database than {database.dialect}")
    if kind == "sqlite":
        _check_sqlite(file)
    gone = taken_away(database)
    kept = _keep(database, file) if database.revision() is not None else None
    if kind == "sqlite":
        _restore_sqlite(database, file)
    elif kind == "snapshot":
        database.upgrade()
        read_snapshot(database, file)
    else:
        _restore_dump(database, file)
    database.close()
    database.upgrade()
    take_away_again(database, gone)
    return kept


def _kind(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            start = opened.read(16)
    except OSError as error:
        raise UpkeepError(f"{file} can't be read: {error.strerror}") from error
    for magic, kind in ((SQLITE_MAGIC, "sqlite"), (DUMP_MAGIC, "pg_dump"), (ZIP_MAGIC, "snapshot")):
        if start.startswith(magic):
            return kind
    raise UpkeepError(f"{file} is no backup")


def _keep(database: Database, file: Path) -> Path:
    kept = file.with_name(f"{file.name}.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    back_up(database, kept)
    return kept


def _check_sqlite(file: Path) -> None:
    """Refuse a damaged file, one that isn't of this service, and one that is newer than this code."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as backup:
        try:
            whole = [row[0] for row in backup.execute("PRAGMA quick_check")]
            revision = backup.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise UpkeepError(f"{file} is no backup of this service: {error}") from error
    if whole != ["ok"]:
        raise UpkeepError(f"{file} is damaged: {whole[0]}")
    if revision is None or revision[0] > head_revision():
        raise UpkeepError(f"{file} is at schema revision {revision and revision[0]}, this version of mca knows {head_revision()}")


def _restore_sqlite(database: Database, file: Path) -> None:
    target = str(database.url.database)
    with closing(pysqlite3.dbapi2.connect(str(file))) as source, closing(pysqlite3.dbapi2.connect(target, timeout=BUSY_S)) as live:
        live.execute("PRAGMA journal_mode=WAL")
        try:
            source.backup(live, pages=PAGES_AT_ONCE)
        except pysqlite3.dbapi2.OperationalError as error:
            raise UpkeepError(f"{target} is in use: {error}; try again") from error


def _restore_dump(database: Database, file: Path) -> None:
    if shutil.which("pg_restore") is None:
        raise UpkeepError("this backup was made by pg_dump, and there is no pg_restore here: install PostgreSQL's client programs")
    options = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(file))
    run_tool("pg_restore", database.url, *options)
