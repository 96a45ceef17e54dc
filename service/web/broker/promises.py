"""Promises of all plans in one list: what waits for an answer and what both sides have confirmed, each to be taken back from here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from starlette.responses import Response

from catalog.tenancy import find
from service.auth.permissions import Permission
from service.http.context import Uid
from service.planning import models as m
from service.planning.proposals import decisions, items
from service.planning.proposals.decisions import Chosen, Refusal
from service.planning.states import ProposalState, RejectReason
from service.views.proposals import items_out
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
from service.web.labels import options
from service.web.lists import part
from service.web.pages import Pages

pages = Pages("promises")
ROWS = 50
NOT_SAID = frozenset({"forbidden"})
"""Reasons that actions of their own have."""


@pages.get("/promises", may=Permission.PLANS_READ)
def list_promises(visit: PageRequest) -> Response:
    """Show approved items, whichever plan they came from, the newest first."""
    return _list(visit)


def _list(visit: PageContext) -> Response:
    query = items.items(visit.scope, states=[ProposalState.APPROVED])
    rows, more = part(visit, query, (m.ProposalItem.id,), rows=ROWS, descending=True)
    return visit.show(
        "broker/promises.html", rows=items_out(visit.session, rows), more=more, plans=_plans(visit, rows),
        decides=visit.principal.may(Permission.PROPOSALS_DECIDE), reasons=options(RejectReason, visit, NOT_SAID),
    )  # fmt: skip


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
