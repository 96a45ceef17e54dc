"""Commands about plans under a policy: make one again, compare policies, look ahead, say what has changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matching.model.errors import BadInput
from service.cli.language import Lang, OwnLanguage
from service.cli.reading import read_input
from service.cli.status import BAD_INPUT, BROKEN, OK

if TYPE_CHECKING:
    from matching.io import Season
    from matching.model.problem import Problem
    from matching.replanning.difference import Party
    from service.policy_files import Replay

LARGEST_SEED = 2**31 - 1


Source = Annotated[Path, typer.Argument(metavar="INPUT", help="Folder of CSV tables, or an .xlsx workbook.")]
PlanFolder = Annotated[Path, typer.Argument(metavar="PLAN", help="Folder that holds the plan.")]
Previous = Annotated[Path | None, typer.Option("--previous", metavar="FOLDER", help="The earlier plan that it was made from.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, and nothing else there.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="The same seed gives the same plans.")]


def refused(what: Path | str, error: BadInput, *, as_json: bool) -> typer.Exit:
    """Show bad input, and return how to end."""
    from service.cli.planning import show_bad_input

    return typer.Exit(show_bad_input(str(what), error.issues, "nothing was done", as_json=as_json))


def _say(facts: dict[str, Any], text: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(facts, ensure_ascii=False) if as_json else text)


def replay(
    source: Source,
    plan: PlanFolder,
    previous: Previous = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="Write the plan that was made again.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a plan again from what it says of itself, and see whether it is the same.

    Exit status: 0 it is the same, or it differs and may, since the clock ended its run or the engine is another; 1 it differs and mustn't.
    """
    from matching.io import write_result
    from service.policy_files import replay as make_again
    from service.stopwatch import start_stopwatch
    from service.version import engine_name

    try:
        season = read_input(source)
        found, done = make_again(season, plan, previous, start_stopwatch())
    except BadInput as error:
        raise refused(source, error, as_json=as_json) from error
    if out is not None:
        facts = done.recipe.as_json()
        write_result(out, season.problem, done.result, engine=engine_name(), input_sha256=season.problem.digest(), recipe=facts)
    _say(vars(found), _told(found), as_json=as_json)
    raise typer.Exit(BROKEN if found.exact and not found.same else OK)


def _told(found: Replay) -> str:
    """Say in a few lines what came of a replay."""
    if found.same:
        return f"The same plan, worth {found.objective_now_vnd:,} đ ({found.plan_sha256_now})."
    why = "" if found.exact else f" It may: the run was ended by the clock, or {found.engine_then} made it and this is {found.engine_now}."
    return f"Another plan: worth {found.objective_now_vnd:,} đ, was {found.objective_then_vnd:,} đ.{why}"


def compare(
    seasons: Annotated[list[Path], typer.Argument(metavar="SEASON...", help="Past seasons: folders or workbooks.")],
    policies: Annotated[
        list[Path] | None,
        typer.Option("--policy", metavar="FILE", help="A policy, or several; the first is the measure."),
    ] = None,
    time_limit: Annotated[float | None, typer.Option("--time-limit", metavar="SECONDS", min=1, max=1e6, help="For each plan.")] = None,
    iterations: Annotated[int, typer.Option("--iterations", min=1, max=10**9, help="Of each plan, without a limit of time.")] = 20_000,
    seed: Seed = 0,
    most_loss: Annotated[
        float | None, typer.Option("--most-loss", metavar="PERCENT", help="Refuse a policy that is worth so much less than the first.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put policies side by side on past seasons; with one policy, beside planning for worth alone.

    Exit status: 0; 1 where a policy loses more than ``--most-loss`` on all seasons together.
    """
    from matching.policy import PLAIN, read_policy
    from service.cli.policy_trials import loss_pct, show, together, trial
    from service.cli.terminal import console
    from service.policy_files import Task
    from service.stopwatch import start_stopwatch

    given = [(path.stem, path) for path in policies or []]
    source: Path | str = "policies"
    try:
        chosen = [(name, read_policy(source := path)) for name, path in given]
        if len(chosen) < 2:
            chosen.insert(0, ("worth alone", PLAIN))
        trials, watch = [], start_stopwatch()
        for source in seasons:
            season = _season(source)
            order = Task(season, PLAIN, "full", time_limit, None if time_limit is not None else iterations, seed)
            trials += [trial(name, policy, chosen[-1][1], season, source, order, watch) for name, policy in chosen]
    except BadInput as error:
        raise refused(source, error, as_json=as_json) from error
    totals = [together([one for one in trials if one.policy == name]) for name, _ in chosen]
    losses = {one.policy: round(loss_pct(totals[0], one), 4) for one in totals[1:]}
    shown = trials + (totals if len(seasons) > 1 else [])
    if as_json:
        typer.echo(json.dumps({"trials": [one.as_json() for one in shown], "loss_pct": losses}, ensure_ascii=False))
    else:
        show(console(), shown)
        typer.echo("\n".join(f"{name} is worth {loss:.2f} % less than {totals[0].policy}." for name, loss in losses.items()))
    raise typer.Exit(BROKEN if most_loss is not None and any(loss > most_loss for loss in losses.values()) else OK)


def _season(source: Path) -> Season:
    return read_input(source)


def chances(
    source: Source,
    plan: PlanFolder,
    scenarios: Annotated[int, typer.Option("--scenarios", min=1, max=100_000, help="How many scenarios are drawn.")] = 1000,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say how likely each promise of a plan is kept, what is all but certain, and which lots stand by."""
    from matching.io import read_plan
    from service.policy_files import chances_csv, look_ahead, standby_csv

    reading = source
    try:
        season = _season(source)
        reading = plan
        found, ready = look_ahead(season, read_plan(plan, season.problem), scenarios, seed)
    except BadInput as error:
        raise refused(reading, error, as_json=as_json) from error
    planned, committed, expected = int(found.planned_kg.sum()), int(found.committed_kg.sum()), round(float(found.expected_kg.sum()))
    totals = {"planned_kg": planned, "committed_kg": committed, "expected_kg": expected, "standby_kg": int(ready.kg.sum())}
    text = f"Planned {planned:,} kg, committed {committed:,} kg, expected {expected:,} kg, standing by {totals['standby_kg']:,} kg.\n\n"
    tables = {"chances": chances_csv(season.problem, found), "standby": standby_csv(season.problem, ready)}
    _say(totals | tables, text + "\n".join(tables.values()), as_json=as_json)


def difference(
    source: Source,
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="Folder that holds the earlier plan.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="Folder that holds the later plan.")],
    language: OwnLanguage,
    party: Annotated[
        str | None, typer.Option("--party", metavar="SIDE:ID", help="Only what one party is told, as in supplier:S1 or buyer:B1.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what has changed between two plans of one input."""
    from matching import texts
    from matching.io import read_plan
    from matching.replanning.difference import as_json as shown
    from matching.replanning.difference import differences, notices, sentence

    reading = source
    try:
        problem = read_input(source).problem
        reading = before
        old = read_plan(before, problem)
        reading = after
        changes = differences(problem, old, read_plan(after, problem))
    except BadInput as error:
        raise refused(reading, error, as_json=as_json) from error
    if party is not None:
        changes = notices(problem, changes).get(_party(problem, party, language, as_json=as_json), [])
    lines = [sentence(problem, change, language.value) for change in changes] or [texts.say("change.none", language.value)]
    _say({"changes": [shown(problem, change) for change in changes]}, "\n".join(lines), as_json=as_json)


def _party(problem: Problem, named: str, language: Lang, *, as_json: bool) -> Party:
    """Return the party that is named; one that the input doesn't have ends the command, for silence would say that nothing has changed."""
    from matching import texts
    from matching.replanning.difference import BUYER, SUPPLIER

    side, _, name = named.partition(":")
    if name in {SUPPLIER: problem.supplier_ids, BUYER: problem.buyer_ids}.get(side, ()):
        return side, name
    said = {"error": "unknown_id", "id": named, "message": texts.say("change.no_party", language.value, party=named)}
    typer.echo(json.dumps(said, ensure_ascii=False) if as_json else said["message"], err=not as_json)
    raise typer.Exit(BAD_INPUT)
