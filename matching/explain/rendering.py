"""Stories and answers as JSON and as text in a language; the words are those of `matching.explain.texts`."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

from matching.explain.answer import TOLERANCE_SHARE, Answer, Outcome
from matching.explain.changes import Change
from matching.explain.context import PlanContext
from matching.explain.diagnosis import Diagnosis, Loss, Match, Step
from matching.explain.near_misses import Miss
from matching.explain.policy_limits import PolicyHold
from matching.explain.pools import Pool, PoolOutcome
from matching.explain.rules import LIMITS, OF_LINES, OF_PAIRS, Rule, RulePrice, limit_of
from matching.explain.texts import TEXTS, Language, say, scheme_name
from matching.model.plan import LINE, LOT
from matching.model.problem import Problem
from matching.model.reasons import Reason
from matching.texts import day_of_year, whole

MOST_NAMES = 3


def diagnosis_json(context: PlanContext, story: Diagnosis) -> dict[str, Any]:
    """Return a story as JSON values: ids, codes, figures; no words."""
    other = LINE if story.subject == LOT else LOT
    return {
        "subject": story.subject,
        "id": context.name(story.subject, story.row),
        "kg": story.kg,
        "used_kg": story.used_kg,
        "open_kg": story.open_kg,
        "match": story.match.value,
        "reason": None if story.reason is None else story.reason.value,
        "funnel": [{"step": step.reason.value, "left": step.left} for step in story.funnel],
        "partners": [{"id": context.name(other, row), "kg": kg} for row, kg in story.partners],
        "misses": [_miss_json(context, other, miss) for miss in story.misses],
        "losses": [_loss_json(context, story.subject, loss) for loss in story.losses],
        "policy": [_hold_json(context, hold) for hold in story.holds],
    }


def _miss_json(context: PlanContext, other: str, miss: Miss) -> dict[str, Any]:
    return {
        "with": context.name(other, miss.other),
        "reason": miss.reason.value,
        "short": miss.short,
        "unit": miss.unit or None,
        "day": None if miss.day is None else (date(1970, 1, 1) + timedelta(days=miss.day)).isoformat(),
        "scheme": miss.scheme,
        "takes_min": miss.takes_min,
        "shift_min": miss.shift_min,
        "limited": miss.limited or None,
        "paper": None if miss.paper is None else miss.paper.value,
    }


def _hold_json(context: PlanContext, hold: PolicyHold) -> dict[str, Any]:
    supplier = context.problem.supplier_ids[hold.supplier]
    return {"rule": hold.rule.value, "supplier": supplier, "name": hold.name or None, "pct": hold.pct, "kg": hold.kg}


def _loss_json(context: PlanContext, subject: str, loss: Loss) -> dict[str, Any]:
    ids = [context.name(subject, row) for row in loss.others]
    return {"offer": loss.offer.value, "kg": loss.kg, "others": ids, "ahead_vnd_per_kg": round(loss.ahead_vnd_per_kg)}


def diagnosis_text(context: PlanContext, story: Diagnosis, language: Language) -> str:
    """Return a story in words, one sentence a line."""
    name = context.name(story.subject, story.row)
    figures = {"kg": story.kg, "used_kg": story.used_kg, "open_kg": story.open_kg}
    said = [say(f"story.{story.subject}", language, id=name, **figures)]
    if story.match is Match.WHOLLY:
        said.append(say("story.wholly", language))
    if story.partners:
        said.append(say("story.partners", language, partners=_partners(context, story, language)))
    if story.reason is not None:
        said.append(say("story.cause", language, reason=say(f"why.{story.subject}.{story.reason.value}", language)))
        steps = [f"{say(f'step.{step.reason.value}', language)} {whole(step.left, language)}" for step in _told(story)]
        said.append(say(f"story.{story.subject}.funnel", language, steps=" → ".join(steps)))
    said += [_hold_text(context, hold, language) for hold in story.holds]
    other = LINE if story.subject == LOT else LOT
    if story.misses:
        misses = "; ".join(miss_text(context, other, miss, language) for miss in story.misses)
        said.append(say("story.nearest", language, misses=misses))
    if story.losses:
        losses = "; ".join(_loss_text(context, story.subject, loss, language) for loss in story.losses)
        said.append(say("story.lost", language, losses=losses))
    return "\n".join(said)


def _hold_text(context: PlanContext, hold: PolicyHold, language: Language) -> str:
    fields: dict[str, object] = {"id": context.problem.supplier_ids[hold.supplier], "name": hold.name, "kg": hold.kg}
    pct = f"{hold.pct or 0:g}"
    return say(f"story.policy.{hold.rule.value}", language, pct=pct.replace(".", ",") if language == "vi" else pct, **fields)


def _told(story: Diagnosis) -> tuple[Step, ...]:
    """Steps of the funnel at which somebody is lost, down to the one that nothing survives; trucks are no step of what is used already."""
    steps = story.funnel[:-1] if story.funnel[-1].left else story.funnel
    empty = next((n for n, step in enumerate(steps) if step.left == 0), len(steps) - 1)
    kept = [step for before, step in itertools.pairwise(steps[: empty + 1]) if step.left < before.left]
    return (steps[0], *kept)


def _partners(context: PlanContext, story: Diagnosis, language: Language) -> str:
    other = LINE if story.subject == LOT else LOT
    return ", ".join(f"{_named(context, other, row, language)} ({whole(kg, language)} kg)" for row, kg in story.partners)


def _named(context: PlanContext, side: str, row: int, language: Language) -> str:
    return say(f"side.{side}", language, id=context.name(side, row))


def _several(side: str, names: list[str], language: Language) -> str:
    """Name some lots or lines."""
    return say(f"side.{side}", language, id=names[0]) if len(names) == 1 else say(f"sides.{side}", language, ids=", ".join(names))


def miss_text(context: PlanContext, other: str, miss: Miss, language: Language) -> str:
    """Return one nearest miss in words."""
    fields: dict[str, object] = {"other": _named(context, other, miss.other, language), "scheme": scheme_name(miss.scheme or "", language)}
    if miss.short is not None:
        fields["short"] = _amount(miss, language)
    if miss.day is not None:
        fields["day"] = day_of_year(miss.day, language)
    if miss.takes_min is not None and miss.shift_min is not None:
        fields |= {"takes": hours(miss.takes_min, language), "shift": hours(miss.shift_min, language)}
    if miss.limited:
        fields["limited"] = miss.limited
    key = _miss_key(miss)
    return say(f"{key}.{other}" if f"{key}.{other}" in TEXTS else key, language, **fields)


def _amount(miss: Miss, language: Language) -> object:
    """By how much a pair misses: days and grades with their word, everything else as its text has it."""
    if f"unit.{miss.unit}" not in TEXTS:
        return miss.short
    return say(f"unit.{miss.unit}.one", language) if miss.short == 1 else say(f"unit.{miss.unit}", language, n=miss.short)


def _miss_key(miss: Miss) -> str:
    key = f"miss.{miss.reason.value}"
    if miss.paper is not None:
        paper = miss.paper.value if miss.day is not None or miss.paper.value in ("missing", "level") else "missing"
        return f"{key}.{paper}"
    if key == "miss.dates" and not miss.short:
        return "miss.dates.horizon"
    if miss.is_early:
        return "miss.dates.early"
    if miss.reason is Reason.HOURS:
        return _hours_key(miss)
    if key == "miss.truck" and miss.limited:
        return "miss.truck.cap"
    return "miss.truck.clock" if key == "miss.truck" and miss.short is None else key


def _hours_key(miss: Miss) -> str:
    if miss.takes_min is None or miss.shift_min is None:
        return "miss.hours.none"
    return "miss.hours" if miss.takes_min > miss.shift_min else "miss.hours.openings"


def hours(minutes: int, language: Language) -> str:
    """Write minutes as hours, with a decimal where they are few."""
    text = f"{minutes / 60:.0f}" if minutes >= 600 or minutes % 60 == 0 else f"{minutes / 60:.1f}"
    return text.replace(".", ",") if language == "vi" else text


def _loss_text(context: PlanContext, subject: str, loss: Loss, language: Language) -> str:
    names = [context.name(subject, row) for row in loss.others]
    others = _several(subject, names[:MOST_NAMES], language) + (" …" if len(names) > MOST_NAMES else "")
    ahead = round(loss.ahead_vnd_per_kg)
    fields: dict[str, object] = {"offer": say(f"offer.{loss.offer.value}", language), "kg": loss.kg, "others": others}
    return say("loss", language, ahead=ahead, **fields) if ahead > 0 else say("loss.even", language, **fields)


# changes -------------------------------------------------------------------------------------------------------------
def answer_text(answer: Answer, language: Language) -> str:
    """Return what would get a lot or line matched, in words."""
    if answer.outcome is not Outcome.FOUND:
        return say(f"answer.{answer.outcome.value}{_how_sure(answer)}", language)
    said = []
    for promise in answer.promises:
        figures = {"promised_kg": promise.promised_kg, "cost": promise.cost_vnd, "short": round(100 * TOLERANCE_SHARE)}
        kept = say("answer.promise", language, **figures)
        said.append(f"{change_text(promise.change, language)} {kept}")
    return "\n".join(said)


def _how_sure(answer: Answer) -> str:
    """Tell whether no change helps, or whether those that were tried, or that would bring too little, are only not sure to help."""
    if answer.outcome is not Outcome.NONE:
        return ""
    return ".tried" if answer.tried else ".little" if answer.passed_over else ""


def change_text(change: Change, language: Language) -> str:
    """Return a change in words."""
    key = dict(change.key)
    fields: dict[str, object] = {
        "id": change.subject,
        "scheme": scheme_name(str(key.get("scheme", "")), language),
        "line": key.get("line_id", ""),
    }
    return say(f"change.{change.kind.value}", language, old=_cell(change.old, language), new=_cell(change.new, language), **fields)


def _cell(cell: str, language: Language) -> str:
    """Return a cell of the exchange format for people: numbers with thousands marks, days as day and month."""
    if cell.isdecimal():
        return whole(int(cell), language)
    try:
        return day_of_year((date.fromisoformat(cell) - date(1970, 1, 1)).days, language)
    except ValueError:
        return cell


# rules and pools -----------------------------------------------------------------------------------------------------
def price_question(rule: Rule, language: Language, problem: Problem) -> str:
    """Ask what a rule of one row costs, in words."""
    name = f"{_rule_name(rule, language, problem)} {_where(rule, language)}"
    return say("ask.price", language, rule=name[0].upper() + name[1:])


def price_text(rule: Rule, price: RulePrice, language: Language, problem: Problem | None = None) -> str:
    """Return what a rule costs, in words.

    Parameters
    ----------
    problem : whose rule it is, so that the limit it sets can be said.
    """
    name = _rule_name(rule, language, problem)
    fields: dict[str, object] = {"rule": name[0].upper() + name[1:], "where": _where(rule, language)}
    if price.cost_vnd == 0:
        return say("price.nothing", language, **fields)
    key = "price.noise" if price.is_noise else "price.costs"
    return say(key, language, cost=price.cost_vnd, noise=price.noise_vnd, **fields)


def _rule_name(rule: Rule, language: Language, problem: Problem | None) -> str:
    """Name a rule, of one row by the limit that it sets there: ``max 2 suppliers``."""
    limit = None if problem is None else limit_of(problem, rule)
    if limit is None:
        return say(f"rule.{rule.kind.value}", language)
    one = f"limit.{rule.kind.value}.one"
    return say(one, language) if limit == 1 and one in TEXTS else say(f"limit.{rule.kind.value}", language, n=limit)


def _where(rule: Rule, language: Language) -> str:
    """Name the rows that a rule is about."""
    if not rule.of:
        return say("price.here", language)
    if rule.kind in OF_PAIRS:
        lot, line = rule.of
        return say("at.pair", language, lot=say("side.lot", language, id=lot), line=say("side.line", language, id=line))
    table = "lines" if rule.kind in OF_LINES else LIMITS[rule.kind][0] if rule.kind in LIMITS else ""
    sides = {"lots": LOT, "lines": LINE}
    where = _several(sides[table], list(rule.of), language) if table in sides else ", ".join(rule.of)
    return say(f"at.{table}", language, where=where) if table else where


def pool_text(context: PlanContext, pool: Pool, language: Language) -> str:
    """Return a pool in words, one member a line."""
    name = context.name(LINE, pool.line)
    if pool.outcome is not PoolOutcome.FOUND:
        return say(f"pool.{pool.outcome.value}", language, id=name)
    sites, signers = context.problem.sites, context.problem.supplier_ids
    said = [say("pool.line", language, id=name, open_kg=pool.open_kg, kg=pool.kg)]
    for member in pool.members:
        where = str(sites.name[member.site] or sites.id[member.site])
        lots = _several(LOT, [context.name(LOT, lot) for lot, _ in member.lots], language)
        said.append("- " + say("pool.member", language, site=where, kg=member.kg, lots=lots, signer=signers[member.signer]))
    key = "pool.gain" if pool.gain_vnd >= 0 else "pool.loss"
    return "\n".join([*said, say(key, language, vnd=abs(pool.gain_vnd))])
