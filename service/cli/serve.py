"""`mca serve`: the whole service on one machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.context import refusal, settings_or_exit

if TYPE_CHECKING:
    from service.demo import Demo
    from service.settings import Settings

FOLDER = Path("mca-demo")
"""Where the demo keeps its database and logins, unless the settings name another database."""


def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Take in the sample season and print one login per role.")] = False,
    host: Annotated[str | None, typer.Option("--host", metavar="ADDRESS", help="Listen here instead of where the settings say.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65_535, metavar="PORT", help="Listen at this port.")] = None,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Plan runs in a worker process beside this one.")] = True,
) -> None:
    """Serve the API until SIGTERM or Ctrl-C, with webhooks, chores and a planning worker; a new SQLite file gets its schema by itself."""
    # What the service writes is nobody else's to read.
    os.umask(0o077)
    if demo and "MCA_DATABASE_URL" not in os.environ:
        FOLDER.mkdir(mode=0o700, exist_ok=True)
        # The worker beside this process reads the same settings.
        os.environ["MCA_DATABASE_URL"] = f"sqlite:///{(FOLDER / 'mca.db').resolve()}"
    settings = settings_or_exit()
    settings = settings.model_copy(update={name: value for name, value in (("host", host), ("port", port)) if value is not None})
    from sqlalchemy.exc import OperationalError

    from service.db import SchemaMismatch
    from service.server import CantListen, check_address
    from service.server import serve as serve_until_told

    try:
        check_address(settings)
        made = _prepare(settings, demo=demo)
        serve_until_told(settings, worker=worker, on_ready=lambda: _say(settings, made))
    except (SchemaMismatch, CantListen) as error:
        raise refusal(error) from error
    except OperationalError as error:
        raise refusal(f"the database can't be reached: {' '.join(str(error.orig).split())}") from error


def _prepare(settings: Settings, *, demo: bool) -> Demo | str:
    """Make the schema of a new SQLite file, or of the demo's database; return what was seeded, or the key of the first visit."""
    from service.db import Database
    from service.demo import seed, write_logins
    from service.web.registers.start import key_of

    database = Database(settings.database_url, settings.database_pool)
    try:
        if database.revision() is None and (demo or database.dialect == "sqlite"):
            database.upgrade()
        database.require_schema()
        if not demo:
            return key_of(database)
        made = seed(database)
    finally:
        database.close()
    write_logins(FOLDER / "logins.env", made, _address(settings))
    return made


def _address(settings: Settings) -> str:
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{'127.0.0.1' if shown == '0.0.0.0' else shown}:{settings.port}"  # noqa: S104  It is only recognised.


def _say(settings: Settings, demo: Demo | str) -> None:
    lines = [f"MCA serves at {_address(settings)}: open it in a browser. The API is at /api/v1. Ctrl-C ends it."]
    if isinstance(demo, str):
        lines += ["", f"Nobody has an account yet. Begin at {_address(settings)}/start?key={demo}"] if demo else []
    else:
        lines += ["", "Log in as", *(f"  {one.role.value:<14} {one.login:<34} {one.password}" for one in demo.logins)]
        lines += ["", f"For the shell: . ./{FOLDER / 'logins.env'}"]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
