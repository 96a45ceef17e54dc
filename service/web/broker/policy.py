"""What was wanted of a plan beside worth, what came of it, what each rule of it costs, and how sure the plan is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from catalog.models import Organisation
from catalog.tenancy import find
from matching.explain.rendering import price_text
from matching.explain.rules import NoSuchRule, Rule, RuleKind
from matching.model.plan import Status
from service.auth.permissions import Permission
from service.http.context import Uid
from service.planning import models as m
from service.runs import archives, rule_prices
from service.runs.policies import OUTLOOK, REPORT
from service.web.context import PageContext, PageRequest
from service.web.pages import Pages

pages = Pages("policy")
PRICING_S = 6.0
"""Seconds in which a rule is priced while the visitor waits."""
MOST_SUPPLIERS = 200


@pages.get("/plans/{uid}/policy", may=Permission.PLANS_READ)
def show_policy(visit: PageRequest, uid: Uid, rule: str = "", of: str = "") -> Response:
    """Show what came of a plan's policy; with a rule, what that rule costs."""
    plan = find(visit.session, visit.scope, m.Plan, uid)
    report: dict[str, Any] | None = plan.figures.get(REPORT)
    price = "" if rule not in (RuleKind.FLOOR, RuleKind.CAP, RuleKind.POLICY) else _price(visit, plan, RuleKind(rule), of)
    floors = [] if report is None else sorted(report["floors"], key=lambda one: -int(one["short_kg"]))
    names = list(dict.fromkeys(one["floor"] for one in floors))
    return visit.show(
        "broker/policy.html", plan=plan, report=report, floors=floors[:MOST_SUPPLIERS], price=price, outlook=plan.figures.get(OUTLOOK),
        names={name: _called(visit, name) for name in names}, suppliers=_suppliers(visit, floors[:MOST_SUPPLIERS]),
    )  # fmt: skip


def _called(visit: PageContext, floor: str) -> str:
    """Return a floor's name; one that nobody named goes by its number."""
    word, _, number = floor.partition(" ")
    return visit.say("Floor %(n)s", n=number) if word == "floor" and number.isdecimal() else floor


def _suppliers(visit: PageContext, floors: list[dict[str, Any]]) -> dict[str, str]:
    """Return the names of the suppliers of floors, by their codes."""
    codes = {one["supplier"] for one in floors}
    query = select(Organisation.code, Organisation.name).where(Organisation.association_id == visit.scope.association_id)
    return dict(visit.session.execute(query.where(Organisation.code.in_(codes))).all())


def _price(visit: PageContext, plan: m.Plan, kind: RuleKind, of: str) -> str:
    """Return in words what a rule of the policy costs; empty where the plan has no such rule."""
    if plan.status == Status.RELAXED.value:
        return ""
    rule = Rule(kind, (of,) if of else ())
    kept = archives.archived(visit.session, plan)
    try:
        found = rule_prices.price(visit.session, plan, kept.problem, kept.result.plan, rule, PRICING_S, visit.service.searches, visit.by)
    except NoSuchRule:
        return ""
    return price_text(rule, found, "vi" if visit.language == "vi" else "en", kept.problem)
