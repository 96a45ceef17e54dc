"""What a plan leaves open: how much, why, what would help; for one lot or line the whole story, what would change it, what rules cost.

The stories of single lots and lines are told in the engine's own words (`matching.explain.rendering`), as the API tells them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import select
from starlette.responses import Response

from buyers.models import DemandLine
from catalog.errors import NotFound
from catalog.models import Lot, Organisation
from catalog.tenancy import find
from matching.explain.context import PlanContext, UnknownId
from matching.explain.diagnosis import Diagnosis, diagnose
from matching.explain.rendering import answer_text, diagnosis_text, pool_text, price_question, price_text
from matching.explain.rules import OF_LINES, OF_LOTS, Rule, RuleKind, limit_of
from matching.explain.texts import Language
from matching.explain.texts import say as worded
from matching.model.plan import LINE, LOT, Status
from service.auth.permissions import Permission
from service.http.context import Uid
from service.planning import models as m
from service.runs import archives, rule_prices
from service.searching import find_change, propose_pool
from service.web.context import PageContext, PageRequest
from service.web.lists import part
from service.web.pages import Pages
from service.web.reasons import OF_LINE, OF_LOT

pages = Pages("left")
SEARCH_S, PRICING_S = 2.0, 6.0
"""Seconds in which a change or a pool is looked for, and a rule is priced, while the visitor waits."""


@dataclass(frozen=True)
class Left:
    """Kilograms of a lot or a line that a plan leaves open."""

    code: str
    whose: str
    open_kg: int
    words: str
    helps: str


@pages.get("/plans/{uid}/open", may=Permission.PLANS_READ)
def show_left(visit: PageRequest, uid: Uid, side: str = "lines") -> Response:
    """Show what a plan leaves open, the most kilograms first."""
    plan = find(visit.session, visit.scope, m.Plan, uid)
    column = m.PlanReason.lot_id if side == "lots" else m.PlanReason.line_id
    query = select(m.PlanReason).where(m.PlanReason.plan_id == plan.id, column.is_not(None))
    rows, more = part(visit, query, (m.PlanReason.open_kg, m.PlanReason.id), descending=True)
    here = f"/plans/{uid}/open?side="
    tabs = [(f"{here}lines", visit.say("Demand lines"), side != "lots"), (f"{here}lots", visit.say("Lots of suppliers"), side == "lots")]
    return visit.show("broker/open.html", plan=plan, rows=_left(visit, rows, side), more=more, side=side, tabs=tabs)


@pages.get("/plans/{uid}/why", may=Permission.PLANS_READ)
def show_why(visit: PageRequest, uid: Uid, lot: str = "", line: str = "", ask: str = "") -> Response:
    """Tell why a lot or line is open; if asked to, look for what would change it, who could fill it together, or what a rule costs.

    Parameters
    ----------
    ask : ``change``, ``pool``, or a kind of rule.
    """
    plan = find(visit.session, visit.scope, m.Plan, uid)
    kept = archives.archived(visit.session, plan)
    context, code, subject = kept.context(), lot or line, LOT if lot else LINE
    try:
        story = diagnose(context, subject, context.row(subject, code))
    except UnknownId as unknown:
        raise NotFound(subject, code[:40]) from unknown
    asks = [] if plan.status == Status.RELAXED.value else _asks(visit, context, subject, code)
    told, pool = _answer(visit, plan, context, story, ask) if ask in {what for what, _ in asks} else ("", [])
    here = f"/plans/{uid}/why?{subject}={quote(code)}&ask="
    return visit.show(
        "broker/why.html", plan=plan, code=code, side=f"{subject}s", story=diagnosis_text(context, story, _tongue(visit)).split("\n"),
        told=told.split("\n") if told else [], pool=pool, asks=[(here + what, words) for what, words in asks],
    )  # fmt: skip


def _tongue(visit: PageContext) -> Language:
    return "vi" if visit.language == "vi" else "en"


def _asks(visit: PageContext, context: PlanContext, subject: str, code: str) -> list[tuple[str, str]]:
    """What may be asked of a lot or line, each with its words: of rules, those that set it a limit."""
    tongue, rules = _tongue(visit), sorted(OF_LOTS if subject == LOT else OF_LINES)
    made = [("change", worded("ask.change", tongue)), *([("pool", worded("ask.pool", tongue))] if subject == LINE else [])]
    limited = [rule for kind in rules if limit_of(context.problem, rule := Rule(kind, (code,))) is not None]
    return made + [(rule.kind.value, price_question(rule, tongue, context.problem)) for rule in limited]


def _answer(visit: PageContext, plan: m.Plan, context: PlanContext, story: Diagnosis, ask: str) -> tuple[str, list[tuple[str, int]]]:
    """Plan anew to answer a question, one sentence a line; where a pool was found, with its lots and kilograms."""
    tongue, searches = _tongue(visit), visit.service.searches
    if ask == "change":
        return answer_text(searches.run(visit.by, find_change, context, story.subject, story.row, SEARCH_S), tongue), []
    if ask == "pool":
        pool = searches.run(visit.by, propose_pool, context, story.row, SEARCH_S)
        lots = [(context.name(LOT, lot), kg) for member in pool.members for lot, kg in member.lots]
        return pool_text(context, pool, tongue), lots if len(lots) > 1 else []
    rule = Rule(RuleKind(ask), (context.name(story.subject, story.row),))
    found = rule_prices.price(visit.session, plan, context.problem, context.plan, rule, PRICING_S, searches, visit.by)
    return price_text(rule, found, tongue, context.problem), []


def _left(visit: PageContext, rows: list[m.PlanReason], side: str) -> list[Left]:
    lots, known = side == "lots", OF_LOT if side == "lots" else OF_LINE
    of: Any = Lot if lots else DemandLine
    query = select(of.id, of.code, Organisation.name).join(
        Organisation, Organisation.id == (Lot.supplier_id if lots else of.organisation_id)
    )
    about = {number: (code, name) for number, code, name in visit.session.execute(
        query.where(of.id.in_([row.lot_id if lots else row.line_id for row in rows])))}  # fmt: skip
    found = []
    for row in rows:
        words, helps = known.get(row.reason, (row.detail or row.reason, ""))
        number = row.lot_id if lots else row.line_id
        assert number is not None
        found.append(Left(*about[number], row.open_kg, visit.say(words), visit.say(helps) if helps else ""))
    return found
