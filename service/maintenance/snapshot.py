"""Every table of a PostgreSQL database in one zip archive, read and written back within one transaction.

For machines without PostgreSQL's own programs. The archive holds a manifest (schema revision, rows of each table, where each sequence
stands) and each table as PostgreSQL's COPY writes it, so that every value comes back bit by bit.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Table

from service.all_tables import metadata
from service.db import Database
from service.maintenance.errors import UpkeepError

MANIFEST, FORMAT = "manifest.json", 1
PART_BYTES = 1 << 20


def write_snapshot(database: Database, file: Path) -> None:
    """Write all tables as they are at one moment."""
    with _connected(database) as connection, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute("SET LOCAL statement_timeout = 0")
        rows = {table.name: _copy_out(connection, archive, table) for table in metadata.sorted_tables}
        manifest = {"format": FORMAT, "revision": database.revision(), "rows": rows, "sequences": _sequences(connection)}
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))


def read_manifest(file: Path) -> dict[str, Any]:
    """Return what an archive says of itself.

    Raises
    ------
    UpkeepError
        If it is none of ours.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = json.loads(archive.read(MANIFEST))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise UpkeepError(f"{file} is no backup of this service") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UpkeepError(f"{file} is a backup of another version of this service")
    return manifest


def read_snapshot(database: Database, file: Path) -> None:
    """Replace the rows of every table by those of an archive, or none of them.

    Raises
    ------
    UpkeepError
        If the archive's schema isn't the database's, or it doesn't hold what it says.
    """
    manifest = read_manifest(file)
    if manifest["revision"] != database.revision():
        raise UpkeepError(f"the backup is at schema revision {manifest['revision']}, the database at {database.revision() or 'none'}")
    tables = [table for table in metadata.sorted_tables if table.name in manifest["rows"]]
    with _connected(database) as connection, zipfile.ZipFile(file) as archive:
        connection.execute("SET LOCAL statement_timeout = 0")
        # The triggers would enter every lot in the ledger a second time, and refuse to empty what is never rewritten.
        _triggers(connection, "DISABLE")
        connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(_name(table) for table in metadata.sorted_tables)))
        for table in tables:
            _copy_in(connection, archive, table, manifest["rows"][table.name])
        for name, last in manifest["sequences"].items():
            connection.execute("SELECT setval(%s, %s, %s)", (name, last or 1, last is not None))
        _triggers(connection, "ENABLE")


@contextmanager
def _connected(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """Open a connection of one transaction, committed at the end."""
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        yield connection


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(table.name)


def _copy_out(connection: psycopg.Connection[Any], archive: zipfile.ZipFile, table: Table) -> int:
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    with connection.cursor() as cursor, archive.open(f"{table.name}.copy", "w", force_zip64=True) as part:
        with cursor.copy(sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(columns, _name(table))) as copy:
            for block in copy:
                part.write(block)
        return cursor.rowcount


def _copy_in(connection: psycopg.Connection[Any], archive: zipfile.ZipFile, table: Table, n_rows: int) -> None:
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    with connection.cursor() as cursor, archive.open(f"{table.name}.copy") as part:
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(_name(table), columns)) as copy:
            while block := part.read(PART_BYTES):
                copy.write(block)
        if cursor.rowcount != n_rows:
            raise UpkeepError(f"{table.name} has {cursor.rowcount} rows in the backup, which speaks of {n_rows}")


def _sequences(connection: psycopg.Connection[Any]) -> dict[str, int | None]:
    """Return where each sequence stands, None where it hasn't been used."""
    found = connection.execute("SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()")
    return {f"{schema}.{name}": last for schema, name, last in found}


def _triggers(connection: psycopg.Connection[Any], what: str) -> None:
    for table in metadata.sorted_tables:
        connection.execute(sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(_name(table), sql.SQL(what)))
