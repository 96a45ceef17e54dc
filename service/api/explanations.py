"""Explanations of a plan: why a lot or line is open, what would get it matched, who together could fill a line, what a rule costs.

What is computed here is computed while the caller waits, each question within a stated time, in a process beside this one
(`service.searching`); who finds no place there is told so at once.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from catalog.tenancy import find
from matching.explain.answer import Outcome
from matching.explain.changes import Action, ChangeKind
from matching.explain.context import PlanContext, UnknownId
from matching.explain.diagnosis import Match, Offer, diagnose
from matching.explain.near_misses import Paper
from matching.explain.policy_limits import PolicyRule
from matching.explain.pools import PoolOutcome, pool_json
from matching.explain.rendering import answer_text, change_text, diagnosis_json, diagnosis_text, pool_text, price_text
from matching.explain.rules import NoSuchRule, Rule, RuleKind
from matching.explain.texts import say
from matching.model.plan import LINE, LOT, Status
from matching.model.reasons import Reason
from service.auth.permissions import Permission
from service.http.context import Reading, Uid
from service.http.problems import ErrorItem, Refused
from service.http.routing import Api
from service.http.shapes import Out
from service.planning.models import Plan
from service.runs import archives, rule_prices
from service.searching import find_change
from service.searching import propose_pool as search_pool

api = Api("explanations", "Explanations of plans: why something is open, what would change it, what rules cost, and pools of suppliers.")


class Lang(StrEnum):
    """Language of texts."""

    VI = "vi"
    EN = "en"


LotCode = Annotated[str, Query(max_length=200, description="Code of a lot of the plan's input.", examples=["LOT-2027-0017"])]
LineCode = Annotated[str, Query(max_length=200, description="Code of a line of the plan's input.", examples=["LINE-2027-0004"])]
Tongue = Annotated[Lang, Query(description="Language of the texts: `vi` or `en`.", examples=["vi"])]


class StepOut(Out):
    """A step of the funnel."""

    step: Reason = Field(description="Code of the step.", examples=["certificate"])
    left: int = Field(description="Counterparts that survive it; at the last step, those that the plan uses.", examples=[4])


class PartnerOut(Out):
    """A counterpart that the plan uses, or part of a proposal."""

    id: str = Field(description="Code of the lot or line.", examples=["LOT-2027-0017"])
    kg: int = Field(description="How much, kg.", examples=[600])


class MissOut(Out):
    """A pair that nearly came about."""

    other: str = Field(description="Code of the counterpart.", examples=["LINE-2027-0004"])
    reason: Reason = Field(description="The step that stops it.", examples=["remaining_life"])
    short: int | None = Field(description="By how much it misses, in `unit`.", examples=[2])
    unit: str | None = Field(description="`days`, `grades`, `kg`, `suppliers`, `minutes`, `trucks` or `vnd_per_kg`.", examples=["days"])
    day: str | None = Field(description="The day concerned.", examples=["2027-06-14"])
    scheme: str | None = Field(description="The certificate or market code concerned.", examples=["VietGAP"])
    takes_min: int | None = Field(description="Of `hours`: what the road and both stops take at least, minutes.", examples=[2280])
    shift_min: int | None = Field(description="Of `hours`: how long a driver may take, minutes.", examples=[960])
    limited: str | None = Field(
        description="The full site of `throughput`, the used class of `fleet`, or at `truck` the supplier at its policy's cap.",
        examples=["b2"],
    )
    paper: Paper | None = Field(description="What is wrong with the certificate.", examples=["expires"])


class LossOut(Out):
    """Goods that others have instead."""

    offer: Offer = Field(description="What makes the others' offer better.", examples=["lower_ask"])
    kg: int = Field(description="How much of it there is, kg.", examples=[800])
    others: list[str] = Field(description="Codes of the lots or lines that have it, the most first.", examples=[["LOT-2027-0018"]])
    ahead_vnd_per_kg: int = Field(
        description="By how much they gain more, đồng per kg; negative where trucks alone decide.", examples=[310]
    )


class PolicyHoldOut(Out):
    """A floor or cap of the plan's policy that decides."""

    rule: PolicyRule = Field(description="`cap` or `floor`.", examples=["cap"])
    supplier: str = Field(description="Code of the supplier at its cap, or that the floor keeps goods for.", examples=["HTX-07"])
    name: str | None = Field(description="Name of the floor.", examples=["small groups"])
    pct: float | None = Field(description="The cap, per cent.", examples=[15])
    kg: int = Field(description="What it may still sell under the cap, or what the floor owes it, kg.", examples=[0])


class ExplanationOut(Out):
    """Why a lot or line is open, or with whom it is matched."""

    subject: str = Field(description="`lot` or `line`.", examples=["lot"])
    id: str = Field(description="Its code.", examples=["LOT-2027-0017"])
    kg: int = Field(description="Offered or wanted, kg.", examples=[1480])
    used_kg: int = Field(description="Matched by the plan, kg.", examples=[0])
    open_kg: int = Field(description="Left open, kg.", examples=[1480])
    match: Match = Field(description="`wholly`, `partly` or `none`.", examples=["none"])
    reason: Reason | None = Field(
        description="The first step that no counterpart survives; absent where nothing is open.", examples=["price"]
    )
    funnel: list[StepOut] = Field(description="Counterparts left at each step.")
    partners: list[PartnerOut] = Field(description="Counterparts that the plan uses, the most first.")
    misses: list[MissOut] = Field(description="The nearest misses, nearest first.")
    losses: list[LossOut] = Field(description="To what class of offer it lost, the most first.")
    policy: list[PolicyHoldOut] = Field(description="Floors and caps of the plan's policy that decide.")
    stopped_early: bool = Field(description="Whether the plan is of a run that was stopped early.", examples=[False])
    text: str = Field(description="All of it in words, one sentence a line.", examples=["Lô LOT-2027-0017: 1.480 kg, …"])


class RemedyOut(Out):
    """A verified change of one cell or row of the exchange format."""

    kind: ChangeKind = Field(description="What is changed.", examples=["ask"])
    action: Action = Field(description="`set` a cell, `add` a row or `remove` one.", examples=["set"])
    table: str = Field(description="Table of the exchange format.", examples=["lots"])
    key: dict[str, str] = Field(description="Cells that find the row, or make the new one.", examples=[{"lot_id": "LOT-2027-0017"}])
    column: str | None = Field(None, description="The column; absent for rows.", examples=["ask_vnd_per_kg"])
    old: str | None = Field(None, description="What the cell holds.", examples=["16800"])
    new: str | None = Field(None, description="What it must hold.", examples=["13400"])
    promised_kg: int = Field(description="So much of it is then used in all, at least, kg.", examples=[924])
    found_kg: int = Field(description="What the verified plan uses of it, kg.", examples=[1540])
    cost_vnd: int = Field(description="What the change is thought to cost its maker, đồng.", examples=[5_236_000])
    gain_vnd: int = Field(description="By how much the plan with it is better than one without, đồng.", examples=[529_053])
    text: str = Field(description="The change in words.", examples=["Hạ giá sàn của lô LOT-2027-0017 từ 16.800 xuống 13.400 đ/kg."])


class AnswerOut(Out):
    """What would get a lot or line matched."""

    outcome: Outcome = Field(
        description="`found`; `none`: no change of one thing would; `matched` already; `time`: not all were tried.", examples=["found"]
    )
    used_kg: int = Field(description="What the plan uses of it now, kg.", examples=[0])
    tolerance_share: float = Field(description="Share of the promised kilograms by which a promise may fall short.", examples=[0.1])
    tried: int = Field(description="Searches that were made.", examples=[6])
    changes: list[RemedyOut] = Field(description="Verified changes, the cheapest first.")
    stopped_early: bool = Field(description="Whether the plan is of a run that was stopped early.", examples=[False])
    text: str = Field(description="All of it in words.", examples=["Không thay đổi đơn lẻ nào khiến nó được khớp."])


class PoolMemberOut(Out):
    """A cooperative or group of a pool."""

    site: str = Field(description="Code of the place that grows.", examples=["tht-vuon-duoi"])
    signer: str = Field(description="Code of the party that signs: the cooperative, or the group's sponsor.", examples=["phi-dien"])
    kg: int = Field(description="What it brings, kg.", examples=[1200])
    lots: list[PartnerOut] = Field(description="Its lots.")


class PoolOut(Out):
    """Who together could fill a line."""

    outcome: PoolOutcome = Field(description="`found`, `none`, or `filled` already.", examples=["found"])
    line: str = Field(description="Code of the line.", examples=["LINE-2027-0004"])
    open_kg: int = Field(description="What the line lacks, kg.", examples=[3000])
    kg: int = Field(description="What all members bring, kg.", examples=[3000])
    gain_vnd: int = Field(
        description="What the verified plan with the pool is worth more, đồng; negative where it costs.", examples=[1_200_000]
    )
    members: list[PoolMemberOut] = Field(description="The members, the most first.")
    text: str = Field(description="All of it in words.", examples=["Đơn hàng LINE-2027-0004 còn thiếu 3.000 kg; …"])


class RulePriceOut(Out):
    """What a rule costs."""

    rule: RuleKind = Field(description="Kind of rule.", examples=["max_suppliers"])
    of: list[str] = Field(description="Codes that it is about; empty for all rules of the kind.", examples=[["LINE-2027-0004"]])
    with_vnd: int = Field(description="Worth of the best plan found with the rule, đồng.", examples=[812_000_000])
    without_vnd: int = Field(description="Worth of the best plan found without it, đồng.", examples=[816_100_000])
    cost_vnd: int = Field(description="The difference, never negative, đồng.", examples=[4_100_000])
    noise_vnd: int = Field(description="What two searches with the rule differ by, đồng.", examples=[200_000])
    is_noise: bool = Field(description="Whether the cost is within that noise, and so says nothing.", examples=[False])
    text: str = Field(description="In words.", examples=["Tối đa 2 bên bán của dòng hàng L-4 làm giảm lợi ích ròng 4.100.000 đ."])


@api.get("/plans/{uid}/explanation", may=Permission.PLANS_READ)
def explain_one(asked: Reading, uid: Uid, lot: LotCode = "", line: LineCode = "", language: Tongue = Lang.VI) -> ExplanationOut:
    """Say why one lot or line is open: counts at each step, the nearest misses in figures, and to whom it lost."""
    context, plan = _context(asked, uid)
    subject, row = _subject(context, lot, line, language)
    return explanation_out(context, subject, row, language, stopped_early=plan.termination == "stopped")


def explanation_out(context: PlanContext, subject: str, row: int, language: Lang, *, stopped_early: bool) -> ExplanationOut:
    """Return why a lot or line is open, as the API shows it."""
    story = diagnose(context, subject, row)
    made = diagnosis_json(context, story)
    misses = [{"other": miss.pop("with"), **miss} for miss in made.pop("misses")]
    text = diagnosis_text(context, story, language.value) + ("\n" + say("stopped.early", language.value) if stopped_early else "")
    return ExplanationOut.model_validate({**made, "misses": misses, "stopped_early": stopped_early, "text": text})


@api.get("/plans/{uid}/changes", may=Permission.PLANS_READ)
def find_changes(
    asked: Reading,
    uid: Uid,
    lot: LotCode = "",
    line: LineCode = "",
    language: Tongue = Lang.VI,
    seconds: Annotated[float, Query(ge=0.1, le=10, description="Longest search, s.", examples=[1])] = 1.0,
) -> AnswerOut:
    """Find the cheapest single change that would get a lot or line matched, verified by planning again."""
    context, plan = _context(asked, uid, trips=True)
    subject, row = _subject(context, lot, line, language)
    answer = asked.service.searches.run(asked.by, find_change, context, subject, row, seconds)
    changes = [{**promise.as_json(), "text": change_text(promise.change, language.value)} for promise in answer.promises]
    early = plan.termination == "stopped"
    text = answer_text(answer, language.value) + ("\n" + say("stopped.early", language.value) if early else "")
    return AnswerOut.model_validate({**answer.as_json(), "changes": changes, "stopped_early": early, "text": text})


@api.get("/plans/{uid}/pool", may=Permission.PLANS_READ)
def propose_pool(
    asked: Reading,
    uid: Uid,
    line: LineCode = "",
    language: Tongue = Lang.VI,
    seconds: Annotated[float, Query(ge=0.1, le=10, description="Longest search, s.", examples=[1])] = 1.0,
) -> PoolOut:
    """Propose which cooperatives and groups together fill a line, with those who sign, verified by planning again."""
    context, _ = _context(asked, uid, trips=True)
    if not line:
        raise Refused(422, "line_required", "say which line", errors=[ErrorItem(pointer="query/line", message="the code of a line")])
    _, row = _subject(context, "", line, language)
    pool = asked.service.searches.run(asked.by, search_pool, context, row, seconds)
    return PoolOut.model_validate({**pool_json(context, pool), "text": pool_text(context, pool, language.value)})


@api.get("/plans/{uid}/rule-price", may=Permission.PLANS_READ)
def price_rule(
    asked: Reading,
    uid: Uid,
    rule: Annotated[RuleKind, Query(description="Kind of rule.", examples=["max_suppliers"])] = RuleKind.MAX_SUPPLIERS,
    of: Annotated[
        list[Annotated[str, Field(max_length=200)]],
        Query(
            max_length=2,
            description="Code that it is about; a lot's and a line's for a pin or a ban; a floor's name.",
            examples=[["LINE-2027-0004"]],
        ),
    ] = [],  # noqa: B006
    language: Tongue = Lang.VI,
    seconds: Annotated[float, Query(ge=1, le=30, description="Longest search, s.", examples=[6])] = 6.0,
) -> RulePriceOut:
    """Say what a rule costs: the plan planned on with it and without it, with equal effort, under the policy that it was made under.

    `floor`, `cap` and `policy` are of that policy; a floor is named as the policy names it.
    """
    context, plan = _context(asked, uid, trips=True)
    wanted = Rule(rule, tuple(of))
    try:
        price = rule_prices.price(asked.session, plan, context.problem, context.plan, wanted, seconds, asked.service.searches, asked.by)
    except NoSuchRule as error:
        raise Refused(422, "no_such_rule", error.text(language.value)) from error
    figures = {name: getattr(price, name) for name in ("with_vnd", "without_vnd", "cost_vnd", "noise_vnd", "is_noise")}
    return RulePriceOut(rule=rule, of=list(of), text=price_text(wanted, price, language.value, context.problem), **figures)


# what all questions share --------------------------------------------------------------------------------------------
def _context(asked: Any, uid: str, *, trips: bool = False) -> tuple[PlanContext, Plan]:
    """Read a stored plan with its input; one without trips can't be planned on."""
    plan = find(asked.session, asked.scope, Plan, uid)
    kept = archives.archived(asked.session, plan)
    if trips and kept.result.status is Status.RELAXED:
        raise Refused(409, "no_trips", "this plan is of volumes alone: plan with trips first")
    return kept.context(), plan


def _subject(context: PlanContext, lot: str, line: str, language: Lang) -> tuple[str, int]:
    """Return what is asked about."""
    if bool(lot) == bool(line):
        raise Refused(422, "one_of_two", "say either lot or line", errors=[ErrorItem(pointer="query/lot", message="either this or line")])
    subject, code = (LOT, lot) if lot else (LINE, line)
    try:
        return subject, context.row(subject, code)
    except UnknownId as unknown:
        raise Refused(404, "unknown_id", say(f"error.{unknown.subject}", language.value, id=code[:200])) from unknown
