"""`mca price`: what a rule of a plan costs, with it and without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matching.model.errors import BadInput
from matching.model.reasons import RuleKind
from service.cli.explain import caution_texts, plan_cautions
from service.cli.language import OwnLanguage
from service.cli.policy import AsJson, PlanFolder, Previous, Seed, Source, refused
from service.cli.reading import read_input
from service.cli.status import BAD_INPUT

if TYPE_CHECKING:
    from matching.explain.rules import Rule, RulePrice
    from matching.io.reader import Season


def price(
    source: Source,
    plan: PlanFolder,
    lang: OwnLanguage,
    rule: Annotated[
        RuleKind, typer.Option("--rule", help="Kind of rule; floor, cap and policy are of the policy that the plan was made under.")
    ],
    of: Annotated[
        list[str] | None,
        typer.Option("--of", metavar="ID", help="Line, lot, site, class or name of a floor; a lot, then a line for a pin or a ban."),
    ] = None,
    previous: Previous = None,
    seconds: Annotated[float, typer.Option("--seconds", min=1, max=3600, help="Longest search.")] = 6.0,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say what a rule costs: the plan is planned on with the rule and without it, with equal effort."""
    from matching.explain.rendering import price_text
    from matching.explain.rules import NoSuchRule, Rule

    wanted = Rule(rule, tuple(of or ()))
    try:
        season = read_input(source)
        found = _priced(season, plan, wanted, previous, seconds, seed)
    except BadInput as error:
        raise refused(source, error, as_json=as_json) from error
    except NoSuchRule as error:
        said: dict[str, Any] = {"error": "no_such_rule", "message": error.text(lang.value)}
        typer.echo(json.dumps(said, ensure_ascii=False) if as_json else said["message"], err=not as_json)
        raise typer.Exit(BAD_INPUT) from None
    figures = {name: getattr(found, name) for name in ("with_vnd", "without_vnd", "cost_vnd", "noise_vnd", "is_noise")}
    text, cautions = price_text(wanted, found, lang.value, season.problem), plan_cautions(plan, season.problem)
    made = {"rule": rule.value, "of": list(wanted.of), **figures, "text": text, **cautions}
    said_first = caution_texts(cautions, lang.value)
    typer.echo(json.dumps(made, ensure_ascii=False) if as_json else "\n\n".join([*said_first, text]))


def _priced(season: Season, plan: Path, rule: Rule, previous: Path | None, seconds: float, seed: int) -> RulePrice:
    from matching.io import read_plan
    from matching.policy.price import price_under
    from matching.solver import Limits
    from service.policy_files import earlier, recipe_in
    from service.stopwatch import start_stopwatch

    recipe = recipe_in(plan)
    before = None if previous is None else earlier(previous, season.problem)[0]
    history = recipe.deliveries or season.outlook.deliveries or None
    return price_under(
        season.problem, recipe.policy, read_plan(plan, season.problem), rule, limits=Limits(seconds, None, 2), stopwatch=start_stopwatch(),
        seed=seed, previous=before, deliveries=history,
    )  # fmt: skip
