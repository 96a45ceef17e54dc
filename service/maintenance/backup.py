"""A backup while the service runs: one moment of the database in one file, whole or not there at all.

SQLite copies itself with ``VACUUM INTO``. PostgreSQL has `pg_dump`; where there is none that is new enough, `service.maintenance.snapshot`
reads every table within one transaction. The file is written under another name and only moved into place once it is whole and on disk.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from service.db import Database
from service.maintenance.errors import UpkeepError
from service.maintenance.snapshot import write_snapshot

DUMP_MAGIC, SQLITE_MAGIC, ZIP_MAGIC = b"PGDMP", b"SQLite format 3\x00", b"PK\x03\x04"


def back_up(database: Database, file: Path) -> str:
    """Write a backup and return how it was made: ``sqlite``, ``pg_dump`` or ``snapshot``.

    Raises
    ------
    UpkeepError
        If there is such a file already, or it can't be written.
    """
    if file.exists():
        raise UpkeepError(f"{file} is there already: a backup overwrites nothing")
    partial = file.with_name(f"{file.name}.partial-{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        how = _write(database, partial)
        _sync(partial)
        partial.replace(file)
    except OSError as error:
        raise UpkeepError(f"{file} can't be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return how


def _write(database: Database, file: Path) -> str:
    # A backup holds what the database holds, so nobody else may read it.
    file.touch(mode=0o600)
    if database.dialect == "sqlite":
        with database.engine.execution_options(mca_maintenance=True).connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(file),))
        return "sqlite"
    if _dump_fits(database):
        run_tool("pg_dump", database.url, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")
        return "pg_dump"
    write_snapshot(database, file)
    return "snapshot"


def _dump_fits(database: Database) -> bool:
    """Tell whether there is a `pg_dump` here, at least as new as the server."""
    program = shutil.which("pg_dump")
    if program is None:
        return False
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)(?:\.\d+)*", said)
    with database.engine.connect() as connection:
        server = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    return found is not None and int(found[1]) >= server // 10_000


def run_tool(name: str, url: URL, *options: str) -> None:
    """Run one of PostgreSQL's programs on a database; the password goes through its environment, where no list of processes shows it.

    Raises
    ------
    UpkeepError
        With the last words of the program, if it fails.
    """
    shown, environment = url.set(drivername="postgresql", password=None), dict(os.environ)
    if url.password:
        environment["PGPASSWORD"] = url.password
    command = [name, *options, f"--dbname={shown.render_as_string(hide_password=False)}"]
    done: Any = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise UpkeepError(f"{name} failed: {last[0]}")


def _sync(file: Path) -> None:
    with file.open("rb") as written:
        os.fsync(written.fileno())
