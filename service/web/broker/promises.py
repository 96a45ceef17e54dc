"""Promises of all plans in one list: what waits for an answer, what both sides have confirmed, changes proposed and objections."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select
from starlette.responses import Response

from catalog.tenancy import find
from service.auth.permissions import Permission
from service.http.context import Uid
from service.planning import models as m
from service.planning.proposals import decisions, items
from service.planning.proposals.decisions import Chosen, Refusal
from service.planning.states import AmendmentState, Answer, ProposalState, RejectReason
from service.planning.terms.models import Amendment, Terms, TermsAnswer
from service.views.proposals import items_out
from service.web.broker.rejected import rejected_pairs
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
from service.web.labels import options
from service.web.lists import part
from service.web.offers import product_names
from service.web.pages import Pages
from service.web.texts import mark

pages = Pages("promises")
ROWS = 50
NOT_SAID = frozenset({"forbidden"})
"""Reasons that actions of their own have."""


ALL, WAITING, AGREED, CHANGES, OBJECTED, REJECTED = "all", "waiting", "agreed", "changes", "objected", "rejected"
SHOWN: dict[str, str] = {
    ALL: mark("All"), WAITING: mark("Waits for an answer"), AGREED: mark("Agreed"), CHANGES: mark("Changes proposed"),
    OBJECTED: mark("Objections"), REJECTED: mark("Rejected pairs"),
}  # fmt: skip
"""What the page can show."""


@pages.get("/promises", may=Permission.PLANS_READ)
def list_promises(visit: PageRequest) -> Response:
    """Show approved items, whichever plan they came from, the newest first, or a part of them."""
    return _list(visit)


def _list(visit: PageContext) -> Response:
    show = next((one for one in SHOWN if f"show={one}" in visit.query.split("&")), ALL)
    tabs = [(f"/promises?show={one}", visit.say(words), one == show) for one, words in SHOWN.items()]
    if show == REJECTED:
        return visit.show("broker/rejected.html", tabs=tabs, pairs=rejected_pairs(visit))
    rows, more = part(visit, _asked(visit, show), (m.ProposalItem.id,), rows=ROWS, descending=True)
    return visit.show(
        "broker/promises.html", rows=items_out(visit.session, rows), more=more, plans=_plans(visit, rows), tabs=tabs, show=show,
        names=product_names(visit, rows), objections=_objections(visit, rows) if show == OBJECTED else {},
        decides=visit.principal.may(Permission.PROPOSALS_DECIDE), reasons=options(RejectReason, visit, NOT_SAID),
    )  # fmt: skip


def _asked(visit: PageContext, show: str) -> Select[Any]:
    """Select the items that a tab shows."""
    i, p = m.ProposalItem, m.Promise
    if show == OBJECTED:
        objected = select(Terms.item_id).join(TermsAnswer, TermsAnswer.terms_id == Terms.id).where(TermsAnswer.answer == Answer.OBJECTED)
        return items.items(visit.scope).where(i.id.in_(objected))
    query = items.items(visit.scope, states=[ProposalState.APPROVED])
    bound = select(p.proposal_item_id).where(items.bound_kg_sql(p) > 0)
    if show == WAITING:
        return query.where(i.id.not_in(bound.where(p.proposal_item_id.is_not(None))))
    if show == AGREED:
        return query.where(i.id.in_(bound))
    changed = select(Amendment.item_id).where(Amendment.state == AmendmentState.OPEN)
    return query.where(i.id.in_(changed)) if show == CHANGES else query


def _objections(visit: PageContext, rows: list[m.ProposalItem]) -> dict[str, TermsAnswer]:
    """Return the newest objection to each item, by the item's uid."""
    query = select(m.ProposalItem.uid, TermsAnswer).join(Terms, Terms.item_id == m.ProposalItem.id)
    query = query.join(TermsAnswer, TermsAnswer.terms_id == Terms.id).where(TermsAnswer.answer == Answer.OBJECTED)
    return dict(visit.session.execute(query.where(m.ProposalItem.id.in_([row.id for row in rows])).order_by(TermsAnswer.id)).all())


@pages.post("/promises/{uid}/take-back", may=Permission.PROPOSALS_DECIDE, audited=False, form=_list)
def take_back(visit: PageRequest, uid: Uid) -> Response:
    """Take a promise back: turn down what waits for an answer, cancel what both sides have confirmed and nobody has loaded."""
    item = find(visit.session, visit.scope, m.ProposalItem, uid)
    read = Reader(visit.form)
    reason, note, version = read.text("reason", needed=True), read.text("note", most=1000), read.whole("version", needed=True)
    if reason is not None and reason not in set(RejectReason):
        read.wrong("reason", reason, "a value")
    read.done()
    bound = items.bound_kg(items.promise_of(visit.session, item))
    chosen, refusal = Chosen(uid, version), Refusal(RejectReason(str(reason)), note or "")
    act = visit.act(note or "taken back")
    (decisions.cancel if bound else decisions.reject)(visit.session, visit.scope, chosen, refusal, act)
    return visit.go("/promises", visit.say("The promise is taken back; both sides are told."))


def _plans(visit: PageContext, rows: list[Any]) -> dict[str, Any]:
    """Return when the plan of each item was made, by the plan's uid."""
    a = m.PlanAllocation
    query = select(m.Plan.uid, func.max(m.Plan.created_at)).join(a, a.plan_id == m.Plan.id)
    found = query.where(a.id.in_([row.allocation_id for row in rows])).group_by(m.Plan.uid)
    return dict(visit.session.execute(found).all())
