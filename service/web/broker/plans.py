"""Plans: drafts compared and published, the plan in force looked at as a grid, a map and a timeline and decided about, printed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any
from urllib.parse import parse_qs

import orjson
from sqlalchemy import select
from starlette.responses import Response

from catalog.models import Side, VehicleClass
from catalog.tenancy import find, visible
from matching.model.plan import Status
from service.auth.permissions import Permission
from service.http.context import Uid
from service.planning import models as m
from service.planning.plans.freshness import stale_pairs
from service.planning.plans.party_totals import compare_parties
from service.planning.states import PlanState, ProposalState, RejectReason
from service.runs import comparison, publishing
from service.runs.preview import Preview, Told, preview
from service.views.plans import PlanDetail, plan_detail, plan_out, runs_of
from service.web import error_texts, rendering
from service.web.broker import board, board_texts, printing
from service.web.broker.rejected import rejected_pairs
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
from service.web.labels import options
from service.web.lists import part
from service.web.pages import Pages
from service.web.texts import mark

pages = Pages("plans")
ROWS, MOST_DIFFERENCES, MOST_COMPARED, MOST_ROWS = 20, 300, 10, 40
NOT_SAID = frozenset({"forbidden", "cancelled"})
"""Reasons that deeds of their own have."""
FIGURES: dict[str, str] = {
    "objective_vnd": mark("Worth"), "bound_vnd": mark("Proven bound"), "goods_vnd": mark("Goods: price less floor"),
    "freight_vnd": mark("Freight"), "short_vnd": mark("Lost on shortage"), "other_vnd": mark("Hubs and opening"),
    "matched_kg": mark("Matched"), "wanted_kg": mark("Wanted"), "offered_kg": mark("Offered"), "trips": mark("Trips"),
}  # fmt: skip


@pages.get("/plans", may=Permission.PLANS_READ)
def list_plans(visit: PageRequest) -> Response:
    """Show plans, the newest first."""
    rows, more = part(visit, visible(m.Plan, visit.scope), (m.Plan.created_at, m.Plan.id), rows=ROWS, descending=True)
    runs = runs_of(visit.session, rows)
    shown = [plan_out(row, runs[row.run_id]) for row in rows]
    return visit.show("broker/plans.html", rows=shown, more=more, days=_days(visit, rows))


@pages.get("/plans/current", may=Permission.PLANS_READ)
def show_current(visit: PageRequest) -> Response:
    """Go to the current plan, or to the runs where there is none."""
    query = visible(m.Plan, visit.scope).where(m.Plan.state == PlanState.CURRENT).order_by(m.Plan.id.desc()).limit(1)
    plan = visit.session.scalars(query).one_or_none()
    if plan is not None:
        return visit.go(f"/plans/{plan.uid}")
    return visit.go("/runs", visit.say("There is no current plan. Start a run to make one."), "info")


@pages.get("/plans/compare", may=Permission.PLANS_READ)
def compare_many_plans(visit: PageRequest) -> Response:
    """Show any plans side by side: their figures, and what each means for every cooperative and every buyer."""
    uids = list(dict.fromkeys(parse_qs(visit.query).get("plan", [])))[:MOST_COMPARED]
    if len(uids) < 2:
        return visit.go("/plans", visit.say("Choose two plans or more to compare them."), "info")
    plans = sorted((find(visit.session, visit.scope, m.Plan, uid) for uid in uids), key=lambda plan: plan.id)
    runs, rows = runs_of(visit.session, plans), compare_parties(visit.session, plans)
    sides = [
        (words, [row for row in rows if row.party.side is side])
        for side, words in ((Side.SUPPLY, visit.say("Cooperatives")), (Side.DEMAND, visit.say("Buyers")))
    ]
    figures = [(visit.say(FIGURES[name]), name, [comparison.figure(plan, name) for plan in plans]) for name in FIGURES]
    return visit.show(
        "broker/side_by_side.html", plans=[plan_out(one, runs[one.run_id]) for one in plans], sides=sides, figures=figures,
        days=_days(visit, plans), publishes=visit.principal.may(Permission.PROPOSALS_DECIDE),
    )  # fmt: skip


@pages.get("/plans/{uid}", may=Permission.PLANS_READ)
def show_plan(visit: PageRequest, uid: Uid) -> Response:
    """Show a draft as tables with the button that publishes it, and any other plan as its board, whose rows come by themselves."""
    plan = find(visit.session, visit.scope, m.Plan, uid)
    return _draft(visit) if plan.state is PlanState.DRAFT else _board(visit, plan)


def _draft(visit: PageContext) -> Response:
    """Show a draft, and what publishing it would replace."""
    plan = find(visit.session, visit.scope, m.Plan, visit.params["uid"])
    rows = list(printing.draft_rows(visit.session, plan))
    days = [(day, list(found)) for day, found in groupby(rows[:MOST_ROWS], key=lambda row: row.pickup_on)]
    would = preview(visit.session, plan)
    return visit.show(
        "broker/draft.html", plan=_detail(visit, plan), days=days, count=len(rows), shown=MOST_ROWS, would=would, told=_told(visit, would),
        publishes=visit.principal.may(Permission.PROPOSALS_DECIDE) and plan.status != Status.RELAXED.value,
        doubt=error_texts.words(would.doubt, visit) if would.doubt else "", rejected=rejected_pairs(visit, plan),
    )  # fmt: skip


def _told(visit: PageContext, would: Preview) -> list[tuple[str, list[Told]]]:
    """Return who would be asked, by side."""
    sides = ((Side.SUPPLY, visit.say("Cooperatives and groups")), (Side.DEMAND, visit.say("Buyers")))
    return [(words, [one for one in would.told if one.side is side]) for side, words in sides]


@pages.post("/plans/{uid}/publish", may=Permission.PROPOSALS_DECIDE, audited=False, form=_draft)
def publish_plan(visit: PageRequest, uid: Uid) -> Response:
    """Put a draft in force."""
    find(visit.session, visit.scope, m.Plan, uid)
    read = Reader(visit.form)
    version, note = read.whole("version", needed=True), read.text("note", most=1000)
    read.done()
    act = visit.act(note or "published")
    done = publishing.publish(visit.session, visit.scope, uid, act, version, confirmed=read.flag("confirmed"))
    said = visit.say_many("Published: %(num)s proposal went out.", "Published: %(num)s proposals went out.", done.items)
    left_out = done.changed + done.taken + done.rejected
    if left_out:
        said += " " + visit.say("%(n)s were left out: something has changed, was promised elsewhere or was rejected before.", n=left_out)
    if done.proposed_again:
        said += " " + visit.say("%(n)s were rejected before and are proposed again, for something has changed.", n=done.proposed_again)
    return visit.go(f"/plans/{uid}", said)


def _is_decidable(visit: PageContext, plan: m.Plan) -> bool:
    """Return whether the visitor may decide about items of a plan: of an earlier one only approved items are left to decide about."""
    i, a = m.ProposalItem, m.PlanAllocation
    approved = select(i.id).join(a, a.id == i.allocation_id).where(a.plan_id == plan.id, i.state == ProposalState.APPROVED)
    left = plan.state is PlanState.CURRENT or visit.session.scalar(approved.limit(1)) is not None
    return left and visit.principal.may(Permission.PROPOSALS_DECIDE)


def _days(visit: PageContext, plans: Sequence[m.Plan]) -> dict[str, tuple[date, date] | None]:
    """Return the first and the last day of each plan, by its uid."""
    return {plan.uid: publishing.days_of(visit.session, plan.id) for plan in plans}


def _board(visit: PageContext, plan: m.Plan) -> Response:
    """Show the board of a plan that is or was in force."""
    classes = visible(VehicleClass, visit.scope).where(VehicleClass.retired_on.is_(None)).order_by(VehicleClass.payload_kg)
    others = visible(m.Plan, visit.scope).where(m.Plan.id != plan.id).order_by(m.Plan.id.desc()).limit(ROWS)
    return visit.show(
        "broker/plan.html", plan=_detail(visit, plan), reasons=options(RejectReason, visit, NOT_SAID),
        classes=[one.code for one in visit.session.scalars(classes)], others=visit.session.scalars(others).all(),
        decides=_is_decidable(visit, plan), words=board_texts.words(visit),
        tiles=visit.settings.map_tiles, tiles_by=visit.settings.map_tiles_by,
    )  # fmt: skip


@pages.get("/plans/{uid}/board", may=Permission.PLANS_READ)
def get_board(visit: PageRequest, uid: Uid, since: datetime | None = None) -> Response:
    """Return the rows of a plan's board, or those items that have changed since a moment."""
    plan = find(visit.session, visit.scope, m.Plan, uid)
    if since is None:
        return _json(visit, board.board(visit.session, plan))
    return _json(visit, board.items(visit.session, plan, board.first_day(visit.session, plan), since))


@pages.get("/plans/{uid}/print", may=Permission.PLANS_READ)
def print_plan(visit: PageRequest, uid: Uid) -> Response:
    """Show a plan as plain tables, one for each day, for paper and for browsers without scripts."""
    plan = find(visit.session, visit.scope, m.Plan, uid)
    find_rows = printing.draft_rows if plan.state is PlanState.DRAFT else printing.rows
    days = [(day, list(rows)) for day, rows in groupby(find_rows(visit.session, plan), key=lambda row: row.pickup_on)]
    return visit.show("broker/print.html", plan=_detail(visit, plan), days=days)


@pages.get("/plans/{uid}/compare", may=Permission.PLANS_READ)
def choose_other(visit: PageRequest, uid: Uid, other: str = "") -> Response:
    """Show a plan beside the one that was chosen from the list on its board."""
    return _side_by_side(visit, uid, other or uid)


@pages.get("/plans/{uid}/compare/{other}", may=Permission.PLANS_READ)
def compare_plans(visit: PageRequest, uid: Uid, other: Uid) -> Response:
    """Show two plans side by side."""
    return _side_by_side(visit, uid, other)


def _side_by_side(visit: PageContext, uid: str, other: str) -> Response:
    """Show two plans, the older one first: their figures, and what goes elsewhere."""
    two = [find(visit.session, visit.scope, m.Plan, name) for name in (uid, other)]
    before, after = sorted(two, key=lambda plan: plan.id)
    found = comparison.differences(visit.session, before, after)
    figures = [(visit.say(FIGURES[one.name]), one) for one in comparison.figures(before, after) if one.name in FIGURES]
    names = printing.parties(visit.session, {one.lot for one in found[:MOST_DIFFERENCES]}, {one.line for one in found[:MOST_DIFFERENCES]})
    return visit.show(
        "broker/compare.html", before=before, after=after, figures=figures, differences=found[:MOST_DIFFERENCES], count=len(found),
        same=before.input_digest == after.input_digest, names=names,
    )  # fmt: skip


def _detail(visit: PageContext, plan: m.Plan) -> PlanDetail:
    stale = len(stale_pairs(visit.session, plan)) if plan.state is not PlanState.SUPERSEDED else 0
    return plan_detail(plan, runs_of(visit.session, [plan])[plan.run_id], stale)


def _json(visit: PageContext, content: Any) -> Response:
    answer = rendering.answer(orjson.dumps(content).decode(), visit.accepted, headers={"cache-control": "private, no-store"})
    answer.headers["content-type"] = "application/json"
    return answer
