"""`mca`: plan a folder or workbook, check a plan, plan the sample season; and everything about the service and its database.

`service.cli.status` lists the exit statuses.
Modules that cost time to import are imported where they are used, so that ``mca --help`` answers at once.
"""

from __future__ import annotations

import errno
import math
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from service.cli import database, explain, price, season, serve, users, worker
from service.cli import policy as cli_policy
from service.cli.language import OwnLanguage
from service.cli.status import USAGE, WRITE_FAILED
from service.stopwatch import process_age_s, start_stopwatch

DEFAULT_LIMIT_S = 60.0
LONGEST_LIMIT_S = 1e7
LARGEST_SEED = 2**31 - 1
LONGEST_SUMMARY = 400

_UsageError: Any = typer.BadParameter.__base__
_UsageError.exit_code = USAGE


class CommandList(TyperGroup):
    """Lists commands with their whole first sentence, which click would cut to the width of the terminal."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each command with its summary, wrapped."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, one.get_short_help_str(limit=LONGEST_SUMMARY)) for name, one in found if one is not None and not one.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


app = typer.Typer(
    name="mca",
    cls=CommandList,
    help="Match cooperatives' harvest with buyers' demand, trucks included.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class TripPolicy(StrEnum):
    """Which trips a plan may use."""

    NONE = "none"
    DIRECT = "direct"
    FULL = "full"


Source = Annotated[Path, typer.Argument(metavar="INPUT", help="Folder of CSV tables, or an .xlsx workbook.")]


def _finite(seconds: float) -> float:
    if not math.isfinite(seconds):
        raise typer.BadParameter("a number of seconds is expected")
    return seconds


Limit = Annotated[
    float,
    typer.Option(
        "--time-limit",
        metavar="SECONDS",
        min=0,
        max=LONGEST_LIMIT_S,
        callback=_finite,
        help="Wall-clock time from start to written plan.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="The same seed gives the same plan.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from service.version import engine_name

        typer.echo(engine_name())
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")] = False,
) -> None:
    """Match cooperatives' harvest with buyers' demand, trucks included."""
    del version
    # What a command writes is nobody else's to read.
    os.umask(0o077)


@app.command()
def match(
    ctx: typer.Context,
    source: Source,
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="Where the plan is written; a name that ends in .xlsx makes one workbook.")
    ],
    lang: OwnLanguage,
    time_limit: Limit = DEFAULT_LIMIT_S,
    seed: Seed = 0,
    trips: Annotated[
        TripPolicy, typer.Option(help="none: the volumes relaxation; direct: one pick-up and one drop a trip.")
    ] = TripPolicy.FULL,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Plan trips part by part on the workers of this Dask scheduler.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="FILE", help="Plan under this policy, not the one that lies beside the input.")
    ] = None,
    previous: Annotated[
        Path | None, typer.Option("--previous", metavar="FOLDER", help="An earlier plan to go on from: it changes where that pays.")
    ] = None,
    iterations: Annotated[
        int | None, typer.Option("--iterations", min=1, max=10**9, help="End after so many steps of the search, on any machine the same.")
    ] = None,
    for_excel: season.ForExcel = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Plan a folder or workbook."""
    from service.cli.planning import Order, run_match

    order = Order(source, out, time_limit, seed, trips.value, as_json, quiet, cluster, policy, previous, iterations, lang.value, for_excel)
    raise typer.Exit(run_match(order, _stopwatch(ctx)))


@app.command()
def check(
    source: Source,
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Folder that holds the plan.")],
    as_json: AsJson = False,
) -> None:
    """Verify a plan and say what is broken."""
    from service.cli.planning import run_check

    raise typer.Exit(run_check(source, plan, as_json=as_json))


@app.command()
def demo(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the plan and its drawings are written.")] = Path("plan-demo"),
    time_limit: Limit = 20.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Plan the sample season and draw the plan."""
    from service.cli.planning import Order, run_demo

    raise typer.Exit(run_demo(Order(None, out, time_limit, 0, TripPolicy.FULL.value, as_json, quiet), _stopwatch(ctx)))


app.add_typer(database.db)
app.add_typer(database.audit)
app.add_typer(users.user)
app.command()(explain.explain)
for command in (cli_policy.replay, cli_policy.compare, cli_policy.chances, cli_policy.difference):
    app.command()(command)
app.command()(price.price)
app.command()(serve.serve)
app.command()(database.backup)
app.command()(database.restore)
app.command("import")(season.import_)
app.command()(season.export)
app.command()(worker.worker)


def _stopwatch(ctx: typer.Context) -> Callable[[], float]:
    """Return the stopwatch that `main` started with the process; a caller inside a longer process gets one that starts now."""
    return ctx.obj if callable(ctx.obj) else start_stopwatch()


def main() -> None:
    """Run the command line; the time limit counts from the start of the process."""
    stopwatch = start_stopwatch(already_s=process_age_s())
    for stream in (sys.stdout, sys.stderr):
        # A terminal without Vietnamese letters shows escapes instead of stopping the run.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    _leave(app, stopwatch)


def _leave(run: Callable[..., object], stopwatch: Callable[[], float]) -> None:
    """Run the command, then end the process at once: a solver's thread that is still counting must not hold it."""
    try:
        run(obj=stopwatch)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO):
            raise
        status = _report_lost_output(error)
    try:
        with suppress(BrokenPipeError):
            sys.stdout.flush()
    except OSError as error:
        status = _report_lost_output(error)
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(status)


def _report_lost_output(error: OSError) -> int:
    with suppress(OSError):
        sys.stderr.write(f"mca: standard output could not be written: {error.strerror or error}\n")
    return WRITE_FAILED


if __name__ == "__main__":
    main()
