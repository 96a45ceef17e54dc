"""`mca explain`: why lots and lines of a plan are open, and what would change it.

Ctrl-C keeps what has been explained so far.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.language import OwnLanguage
from service.cli.reading import read_input
from service.cli.signals import StopRequest
from service.cli.status import BAD_INPUT, INTERRUPTED
from service.stopwatch import Patience

if TYPE_CHECKING:
    from matching.explain.context import PlanContext
    from matching.explain.texts import Language
    from matching.model.problem import Problem

PROGRESS_S = 2.0
"""Seconds between two lines of progress."""


def explain(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="Folder of CSV tables, or an .xlsx workbook.")],
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Folder that holds the plan.")],
    lang: OwnLanguage,
    lot: Annotated[list[str] | None, typer.Option("--lot", metavar="ID", help="A lot to be explained; may be given several times.")] = None,
    line: Annotated[list[str] | None, typer.Option("--line", metavar="ID", help="A line to be explained; likewise.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Explain all that is open.")] = False,
    changes: Annotated[bool, typer.Option("--changes", help="Say what would get it matched, verified by solving again.")] = False,
    pools: Annotated[bool, typer.Option("--pools", help="Say which suppliers together could fill a line.")] = False,
    seconds: Annotated[float, typer.Option("--seconds", min=0.05, max=600, help="Longest search for each change.")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="The same seed gives the same answer.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Explain why lots and lines are open, and what would change it."""
    from matching.explain.context import PlanContext, UnknownId
    from matching.explain.texts import say
    from matching.io import read_plan
    from matching.model.errors import BadInput
    from matching.policy.limits import policy_limits
    from matching.recipe import recipe_of
    from service.cli.planning import show_bad_input
    from service.stopwatch import start_stopwatch

    if not (everything or lot or line):
        raise typer.BadParameter("say --lot ID, --line ID or --all")
    reading = source
    try:
        problem = read_input(source).problem
        reading = plan
        recipe = recipe_of(_claims(plan))
        limits = None if recipe is None else policy_limits(problem, recipe.policy, recipe.deliveries)
        context = PlanContext(problem, read_plan(plan, problem), limits)
        wanted = _wanted(context, lot or [], line or [], everything=everything)
    except BadInput as bad:
        raise typer.Exit(show_bad_input(str(reading), bad.issues, "nothing was explained", as_json=as_json)) from None
    except UnknownId as unknown:
        text = say(f"error.{unknown.subject}", lang.value, id=unknown.name)
        error = {"error": "unknown_id", "subject": unknown.subject, "id": unknown.name, "message": text}
        typer.echo(json.dumps(error, ensure_ascii=False) if as_json else text, err=not as_json)
        raise typer.Exit(BAD_INPUT) from None
    order = _Order(context, lang.value, changes, pools, seconds, seed, start_stopwatch())
    with StopRequest() as stop_asked:
        made = _explained(order, wanted, stop_asked)
    cautions = plan_cautions(plan, problem)
    if as_json:
        typer.echo(json.dumps(cautions | {"items": [one for one, _ in made]}, ensure_ascii=False))
    else:
        typer.echo("\n\n".join([*caution_texts(cautions, lang.value), *(text for _, text in made)]))
    if len(made) < len(wanted):
        typer.echo(f"interrupted: {len(made):,} of {len(wanted):,} explained", err=True)
        raise typer.Exit(INTERRUPTED)


def _explained(order: _Order, wanted: list[tuple[str, int]], stop_asked: Callable[[], bool]) -> list[tuple[dict[str, Any], str]]:
    """Explain one after another until all are done or a stop is asked for, with a line of progress now and then."""
    made: list[tuple[dict[str, Any], str]] = []
    shown_at = order.stopwatch()
    for subject, row in wanted:
        if stop_asked():
            break
        made.append(order.explain(subject, row))
        if order.stopwatch() - shown_at >= PROGRESS_S:
            shown_at = order.stopwatch()
            typer.echo(f"{len(made):,} of {len(wanted):,} explained", err=True)
    return made


def plan_cautions(plan: Path, problem: Problem) -> dict[str, bool]:
    """Tell whether a plan says that its run was stopped before its end, and that it was made from another input."""
    known = _claims(plan)
    digest = known.get("input_sha256")
    return {"stopped_early": known.get("termination") == "stopped", "other_input": digest is not None and digest != problem.digest()}


def _claims(plan: Path) -> dict[str, Any]:
    """Return what ``plan.json`` says, nothing where it can't be read."""
    try:
        said = json.loads((plan / "plan.json").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def caution_texts(cautions: dict[str, bool], language: Language) -> list[str]:
    """Say in words what is to be borne in mind of a plan."""
    from matching.explain.texts import say

    keys = {"other_input": "other.input", "stopped_early": "stopped.early"}
    return [say(key, language) for name, key in keys.items() if cautions[name]]


def _wanted(context: PlanContext, lots: list[str], lines: list[str], *, everything: bool) -> list[tuple[str, int]]:
    named = [("lot", context.row("lot", name)) for name in lots] + [("line", context.row("line", name)) for name in lines]
    return list(dict.fromkeys([*named, *(_open(context) if everything else ())]))


def _open(context: PlanContext) -> Iterator[tuple[str, int]]:
    for subject in ("lot", "line"):
        yield from ((subject, row) for row, kg in enumerate(context.open_kg(subject).tolist()) if kg > 0)


class _Order:
    """What is asked of each lot and line."""

    def __init__(
        self,
        context: PlanContext,
        language: Language,
        changes: bool,
        pools: bool,
        seconds: float,
        seed: int,
        stopwatch: Callable[[], float],
    ) -> None:
        self.context, self.language, self.changes, self.pools, self.seconds = context, language, changes, pools, seconds
        self.seed, self.stopwatch = seed, stopwatch

    def explain(self, subject: str, row: int) -> tuple[dict[str, Any], str]:
        """Explain one lot or line as JSON and as text."""
        from matching.explain.diagnosis import diagnose
        from matching.explain.rendering import diagnosis_json, diagnosis_text

        story = diagnose(self.context, subject, row)
        made, text = diagnosis_json(self.context, story), diagnosis_text(self.context, story, self.language)
        if self.changes:
            answer, words = self._answer(subject, row)
            made, text = made | {"answer": answer}, f"{text}\n{words}"
        if self.pools and subject == "line":
            pool, words = self._pool(row)
            made, text = made | {"pool": pool}, f"{text}\n{words}"
        made["text"] = text
        return made, text

    def _answer(self, subject: str, row: int) -> tuple[dict[str, Any], str]:
        from matching.explain.answer import what_would_change
        from matching.explain.rendering import answer_text

        began = self.stopwatch()
        patience = Patience(self.stopwatch, self.seconds)
        answer = what_would_change(self.context, subject, row, seed=self.seed, expired=patience, late=patience.is_over)
        return answer.as_json() | {"seconds": round(self.stopwatch() - began, 3)}, answer_text(answer, self.language)

    def _pool(self, row: int) -> tuple[dict[str, Any], str]:
        from matching.explain.pools import find_pool, pool_json
        from matching.explain.rendering import pool_text

        pool = find_pool(self.context, row, seed=self.seed, expired=Patience(self.stopwatch, self.seconds))
        return pool_json(self.context, pool), pool_text(self.context, pool, self.language)
