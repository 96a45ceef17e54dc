"""What waits for somebody today, the soonest truck first: the page that everybody begins at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from starlette.responses import Response

from catalog.models import Certificate, PlantingArea, Side, Sponsorship
from catalog.sheet_models import SheetDraft
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.models import Role
from service.planning import models as m
from service.planning.plans.expiring import agreed_beyond
from service.planning.states import ProposalState, ShipmentState
from service.web import offers
from service.web.context import PageContext, PageRequest
from service.web.pages import Pages
from service.web.registers import guide

pages = Pages("today")
SOON_DAYS = 60
LATER = 10**9
"""Minute of what has no truck."""


@dataclass(frozen=True)
class Waiting:
    """Something that waits for the visitor.

    Attributes
    ----------
    words, more : what, and what should be known of it.
    place : where it is done.
    icon : its icon's name.
    at_min : minute of the soonest truck that depends on it.
    """

    words: str
    place: str
    icon: str
    more: str = ""
    at_min: int = LATER


def _number(visit: PageContext, query: Select[Any]) -> int:
    return visit.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _answers(visit: PageContext) -> Iterator[Waiting]:
    """Yield the proposals that wait for an answer of the visitor's side."""
    if not visit.principal.may(Permission.PROPOSALS_CONFIRM) or visit.scope.organisation_id is None:
        return
    side = offers.side_of(visit)
    answered = m.ProposalItem.supplier_confirmed_at if side is Side.SUPPLY else m.ProposalItem.buyer_confirmed_at
    query = offers.items_asked(visit, side).where(m.ProposalItem.state == ProposalState.APPROVED, answered.is_(None))
    rows = visit.session.scalars(query.order_by(m.ProposalItem.id).limit(500)).all()
    if rows:
        soonest = min((one.at_min for one in offers.trucks(visit, rows, side).values()), default=LATER)
        more = visit.say("the first truck comes at %(clock)s", clock=visit.formats.clock(soonest)) if soonest < LATER else ""
        words = visit.say_many("%(num)s proposal waits for your answer", "%(num)s proposals wait for your answer", len(rows))
        yield Waiting(words, "/offers", "bell", more, soonest)


def _decisions(visit: PageContext) -> Iterator[Waiting]:
    """Yield what waits for a broker: proposals to approve, loads to schedule or on their way, papers to accept."""
    if not visit.has_role(Role.BROKER, Role.MANAGER, Role.ADMINISTRATOR) or visit.scope.organisation_id is not None:
        return
    seen = visible(m.Proposal, visit.scope).with_only_columns(m.Proposal.id)
    items = select(m.ProposalItem.id).where(m.ProposalItem.supply_proposal_id.in_(seen))
    if count := _number(visit, items.where(m.ProposalItem.state == ProposalState.PROPOSED)):
        yield Waiting(
            visit.say_many("%(num)s proposal waits for approval", "%(num)s proposals wait for approval", count), "/plans", "table"
        )
    unanswered = or_(m.ProposalItem.supplier_confirmed_at.is_(None), m.ProposalItem.buyer_confirmed_at.is_(None))
    if count := _number(visit, items.where(m.ProposalItem.state == ProposalState.APPROVED, unanswered)):
        words = visit.say_many("%(num)s proposal waits for the parties", "%(num)s proposals wait for the parties", count)
        yield Waiting(words, "/offers", "clock")
    loads = visible(m.Shipment, visit.scope).with_only_columns(m.Shipment.id)
    if count := _number(visit, loads.where(m.Shipment.state == ShipmentState.PLANNED)):
        words = visit.say_many("%(num)s shipment is scheduled", "%(num)s shipments are scheduled", count)
        yield Waiting(words, "/shipments", "truck", at_min=LATER - 1)
    if count := _number(visit, loads.where(m.Shipment.state == ShipmentState.LOADED)):
        words = visit.say_many("%(num)s shipment is on its way", "%(num)s shipments are on their way", count)
        yield Waiting(words, "/shipments", "truck", at_min=LATER - 1)
    yield from _accepting(visit)


def _accepting(visit: PageContext) -> Iterator[Waiting]:
    """Yield papers that cooperatives have entered and nobody has accepted."""
    models: tuple[tuple[Any, str], ...] = ((Certificate, "/certificates/entries?state=waiting"), (PlantingArea, "/areas?state=waiting"))
    for model, place in models:
        if count := _number(visit, visible(model, visit.scope).where(model.waiting.is_(True)).with_only_columns(model.id)):
            words = visit.say_many("%(num)s certificate waits to be accepted", "%(num)s certificates wait to be accepted", count)
            yield Waiting(words, place, "certificate")


def _papers(visit: PageContext) -> Iterator[Waiting]:
    """Yield certificates that expire soon, sponsorships to agree to, and spreadsheets that were begun."""
    if visit.principal.may(Permission.CERTIFICATES_READ):
        day = today(now(visit.session))
        soon = (
            Certificate.valid_until >= day,
            Certificate.valid_until <= day + timedelta(days=SOON_DAYS),
            Certificate.withdrawn_on.is_(None),
        )
        expiring = visit.session.scalars(visible(Certificate, visit.scope).where(*soon).with_only_columns(Certificate.id)).all()
        if expiring:
            count, kg = len(expiring), sum(agreed_beyond(visit.session, expiring).values())
            words = visit.say_many("%(num)s certificate expires within 60 days", "%(num)s certificates expire within 60 days", count)
            more = visit.say("%(kg)s are agreed for days after that", kg=visit.formats.mass(kg)) if kg else ""
            yield Waiting(words, "/certificates", "certificate", more)
    own = visit.scope.organisation_id
    if own is not None:
        mine = or_(
            (Sponsorship.group_id == own) & Sponsorship.agreed_by_group.is_(None),
            (Sponsorship.sponsor_id == own) & Sponsorship.agreed_by_sponsor.is_(None),
        )
        if count := _number(visit, visible(Sponsorship, visit.scope).where(mine).with_only_columns(Sponsorship.id)):
            words = visit.say_many("%(num)s agreement to sign for a group waits", "%(num)s agreements to sign for a group wait", count)
            yield Waiting(words, "/organisations", "handshake")
    drafts = visible(SheetDraft, visit.scope).where(SheetDraft.updated_by == visit.by).order_by(SheetDraft.id.desc()).limit(5)
    for draft in visit.session.scalars(drafts):
        yield Waiting(visit.say("%(file)s isn't taken in yet", file=draft.file_name), f"/sheets/drafts/{draft.uid}", "upload")


@pages.get("/today", may=Permission.OWN_ACCOUNT)
def show_today(visit: PageRequest) -> Response:
    """Show what waits for the visitor, the soonest truck first."""
    if visit.principal.scope is None:
        return visit.go("/account")
    waiting = sorted([*_answers(visit), *_decisions(visit), *_papers(visit)], key=lambda one: one.at_min)
    return visit.show("today.html", waiting=waiting, day=today(now(visit.session)), guides=guide.is_wanted(visit))
