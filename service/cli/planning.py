"""What each command does, from reading its input to its exit status.

The engine is imported where it is used: progress is on the screen, and bad input is told, before the solver's libraries are loaded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from matching.model.errors import BadInput, InputIssue
from matching.model.plan import Progress, Result
from matching.model.problem import Problem
from service.cautions import floor_cautions
from service.cli.output_folder import BadOutput, check_output, is_workbook
from service.cli.progress import Watcher, watching
from service.cli.reading import read_input, show_notes
from service.cli.signals import StopRequest
from service.cli.status import BAD_INPUT, BAD_OUTPUT, BROKEN, OK
from service.cli.terminal import console, show_failure, show_finding, show_issues, show_report
from service.report import Report, summarise
from service.version import engine_name

if TYPE_CHECKING:
    from matching.io import Season
    from matching.texts import Language
    from service.policy_files import Done, Task

Stopwatch = Callable[[], float]

WRITING_S = 0.2
WRITING_S_PER_ROW = 1e-5
LARGEST_WRITING_SHARE = 0.2


@dataclass(frozen=True)
class Order:
    """What the user asked for; ``source`` is None for the sample season."""

    source: Path | None
    out: Path
    limit_s: float
    seed: int
    trips: Literal["none", "direct", "full"]
    as_json: bool
    quiet: bool
    cluster: str | None = None
    policy: Path | None = None
    previous: Path | None = None
    iterations: int | None = None
    language: Language = "vi"
    for_excel: bool = False


def run_match(order: Order, stopwatch: Stopwatch) -> int:
    """Plan ``order.source`` and write the plan; return the exit status."""
    try:
        _, _, report = _plan_and_write(order, stopwatch)
    except (BadInput, BadOutput) as error:
        return refuse(order, error)
    _announce(order, report, [])
    return OK


def run_demo(order: Order, stopwatch: Stopwatch) -> int:
    """Plan the sample season, write the plan and draw it; return the exit status."""
    from service.drawing import draw_plan
    from service.season import sample_folder

    order = replace(order, source=sample_folder())
    try:
        problem, result, report = _plan_and_write(order, stopwatch)
    except (BadInput, BadOutput) as error:
        return refuse(order, error)
    _announce(order, report, draw_plan(problem, result.plan, order.out))
    return OK


def run_check(source: Path, folder: Path, *, as_json: bool) -> int:
    """Verify a written plan; return the exit status."""
    from service.plan_check import check_plan

    reading = source
    try:
        problem = read_input(source).problem
        reading = folder
        finding = check_plan(problem, folder)
    except BadInput as error:
        return show_bad_input(str(reading), error.issues, "nothing was checked", as_json=as_json)
    if as_json:
        typer.echo(json.dumps(finding.as_json(), ensure_ascii=False))
    else:
        show_finding(console(), finding)
    return BROKEN if finding.violations else OK


def reserve_s(problem: Problem, limit_s: float) -> float:
    """Return the seconds of the limit that are kept for writing the plan and ending the process."""
    rows = problem.n_lots + problem.n_lines
    return min(WRITING_S + WRITING_S_PER_ROW * rows, LARGEST_WRITING_SHARE * limit_s)


def _plan_and_write(order: Order, stopwatch: Stopwatch) -> tuple[Problem, Result, Report]:
    assert order.source is not None
    with watching(console(stderr=True), stopwatch, order.limit_s, quiet=order.quiet) as watch:
        watch(Progress(stopwatch(), "read", None, None))
        from service.uploads.seasons import read_season

        reading = show_notes(read_season(order.source))
        season = reading.season
        task = _task(season, order)
        check_output(order.out, order.source)
        # A signal ends reading at once; from here on, the first one asks for the best plan so far, written whole.
        with StopRequest() as stop_asked, _not_counting_compilation(stopwatch, watch, order) as stopwatch:
            done = _plan(task, order, stopwatch, watch, stop_asked)
            watch(Progress(stopwatch(), "write", done.result.objective_vnd, done.result.bound_vnd))
            report = _summary(season.problem, done)
            if is_workbook(order.out):
                _write_workbook(season.problem, done.result, report, order)
            else:
                _write(season, done, order)
    return season.problem, done.result, replace(report, notes=reading.notes)


@contextmanager
def _not_counting_compilation(stopwatch: Stopwatch, watch: Watcher, order: Order) -> Iterator[Stopwatch]:
    """Give a stopwatch that stands still while loops are compiled, and say when that happens and what came of it."""
    from matching.compiling import without_compiling

    with without_compiling(stopwatch, lambda: watch(Progress(stopwatch(), "compile", None, None))) as own:
        yield own
    if own.compiled.seconds and not order.quiet:
        kept = "kept for the next run" if own.compiled.is_kept else "not kept: set NUMBA_CACHE_DIR to a folder that can be written"
        console(stderr=True).print(f"Compiled the engine's loops in {own.compiled.seconds:.0f} s; {kept}.", soft_wrap=True)


def _summary(problem: Problem, done: Done) -> Report:
    """Return the figures of a finished plan, with what to look at, its policy included."""
    made, absent = summarise(problem, done.result), () if done.report is None else done.report.absent
    return replace(made, warnings=made.warnings + floor_cautions([one.supplier for one in absent]))


def _task(season: Season, order: Order) -> Task:
    """Return what is to be planned: under the policy that was named, or the one that lies beside the input."""
    from matching.policy import PLAIN, read_policy
    from service.policy_files import Task, earlier

    policy = season.policy or PLAIN if order.policy is None else read_policy(order.policy)
    before, digest = (None, "") if order.previous is None else earlier(order.previous, season.problem)
    seconds = max(0.0, order.limit_s - reserve_s(season.problem, order.limit_s))
    return Task(season, policy, order.trips, seconds, order.iterations, order.seed, previous=before, previous_sha256=digest)


def _plan(task: Task, order: Order, stopwatch: Stopwatch, watch: Watcher, stop_asked: Callable[[], bool]) -> Done:
    from service.policy_files import plan
    from service.runs.cluster import joined

    with joined(order.cluster) as executor:
        return plan(task, stopwatch, watch, stop_asked, executor)


def _write(season: Season, done: Done, order: Order) -> None:
    from matching.io import write_result
    from matching.io.staging import place_files
    from service.policy_files import CHANCES_FILE, REPORT_FILE, STANDBY_FILE, extra_files

    extra = extra_files(season, done)
    stale = [name for name in (REPORT_FILE, CHANCES_FILE, STANDBY_FILE) if name not in extra]
    problem, recipe, out = season.problem, done.recipe.as_json(), order.out
    digest, marked = problem.digest(), order.for_excel
    try:
        write_result(out, problem, done.result, engine=engine_name(), input_sha256=digest, recipe=recipe, marked=marked)
        for name in stale:
            (out / name).unlink(missing_ok=True)
        if extra:
            place_files(out, extra, stale)
    except OSError as error:
        raise BadOutput(str(error)) from error


def _write_workbook(problem: Problem, result: Result, report: Report, order: Order) -> None:
    from service.plan_workbook import write_plan_workbook

    try:
        write_plan_workbook(order.out, problem, result, report, order.language)
    except OSError as error:
        raise BadOutput(str(error)) from error


def _announce(order: Order, report: Report, drawings: Sequence[Path]) -> None:
    if order.as_json:
        extra = {"out": str(order.out), "engine": engine_name(), "drawings": [str(path) for path in drawings]}
        typer.echo(json.dumps(report.as_json() | extra, ensure_ascii=False))
        return
    screen = console()
    show_report(screen, report, str(order.out))
    for path in drawings:
        screen.print(f"Drawn in {path}", soft_wrap=True)


def refuse(order: Order, error: BadInput | BadOutput) -> int:
    """Say why nothing was planned or written; return the exit status."""
    if isinstance(error, BadInput):
        return show_bad_input(str(order.source), error.issues, "nothing was planned", as_json=order.as_json)
    if order.as_json:
        typer.echo(json.dumps({"error": "bad_output", "message": str(error)}, ensure_ascii=False))
    else:
        show_failure(console(stderr=True), str(error))
    return BAD_OUTPUT


def show_bad_input(source: str, issues: Sequence[InputIssue], consequence: str, *, as_json: bool) -> int:
    """Show every fault of an input; return the exit status."""
    if as_json:
        typer.echo(json.dumps({"error": "bad_input", "issues": [_issue_json(issue) for issue in issues]}, ensure_ascii=False))
    else:
        show_issues(console(stderr=True), source, issues, consequence)
    return BAD_INPUT


def _issue_json(issue: InputIssue) -> dict[str, Any]:
    names = ("table", "row", "column", "value", "expected")
    return {name: getattr(issue, name) for name in names}
