"""`mca worker`: a process that works off the queue of planning runs."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.context import refusal, settings_or_exit


def worker(
    lifeline: Annotated[
        bool, typer.Option("--lifeline", help="End when standard input closes, as `mca serve` does with the worker beside it.")
    ] = False,
) -> None:
    """Work off the queue of planning runs until SIGTERM or Ctrl-C; start as many as shall plan at a time."""
    settings = settings_or_exit()
    from service import logs
    from service.db import Database, SchemaMismatch
    from service.runs.worker import serve

    logs.configure(settings.log_level)
    try:
        serve(Database(settings.database_url, settings.database_pool), settings, lifeline=lifeline)
    except SchemaMismatch as error:
        raise refusal(error) from error
