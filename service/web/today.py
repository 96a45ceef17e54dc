"""What waits for somebody today, the soonest truck first: the page that everybody begins at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from starlette.responses import Response

from buyers import contracts
from buyers.models import AgreementStatus, Contract
from catalog.models import Certificate, PlantingArea, Side, Sponsorship
from catalog.sheet_models import SheetDraft
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.models import Role
from service.planning import models as m
from service.planning.fulfilment import shipments
from service.planning.plans.expiring import agreed_beyond
from service.planning.states import AmendmentState, Answer, ProposalState, ShipmentState
from service.planning.terms import amendments
from service.planning.terms.models import Amendment, Terms, TermsAnswer
from service.web import offers
from service.web.context import PageContext, PageRequest
from service.web.pages import Pages
from service.web.registers import guide

pages = Pages("today")
SOON_DAYS = 60
OBJECTION_DAYS = 7
"""For so long an objection is shown as news."""
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
    yield from _agreements(visit)
    loads = visible(m.Shipment, visit.scope).with_only_columns(m.Shipment.id)
    if count := _number(visit, loads.where(m.Shipment.state == ShipmentState.PLANNED)):
        words = visit.say_many("%(num)s shipment is scheduled", "%(num)s shipments are scheduled", count)
        yield Waiting(words, "/shipments", "truck", at_min=LATER - 1)
    if count := _number(visit, loads.where(m.Shipment.state == ShipmentState.LOADED)):
        words = visit.say_many("%(num)s shipment is on its way", "%(num)s shipments are on their way", count)
        yield Waiting(words, "/shipments", "truck", at_min=LATER - 1)
    yield from _accepting(visit)


def _agreements(visit: PageContext) -> Iterator[Waiting]:
    """Yield changes that a side hasn't answered, objections of the last days, and trucks that the goods aboard don't pay for."""
    changes = amendments.amendments(visit.scope, states=[AmendmentState.OPEN]).with_only_columns(Amendment.id)
    if count := _number(visit, changes):
        words = visit.say_many("%(num)s change waits for an answer", "%(num)s changes wait for an answer", count)
        yield Waiting(words, "/promises?show=changes", "handshake")
    since = now(visit.session) - timedelta(days=OBJECTION_DAYS)
    objected = select(TermsAnswer.id).join(Terms, Terms.id == TermsAnswer.terms_id)
    objected = objected.where(Terms.association_id == visit.scope.association_id, TermsAnswer.at >= since)
    if count := _number(visit, objected.where(TermsAnswer.answer == Answer.OBJECTED)):
        words = visit.say_many("%(num)s objection to an answer given for a side", "%(num)s objections to answers given for sides", count)
        yield Waiting(words, "/promises?show=objected", "warning")
    planned = visit.session.scalars(shipments.shipments(visit.scope, states=[ShipmentState.PLANNED]).limit(500)).all()
    missing = [vnd for vnd in shipments.differences_vnd(visit.session, planned).values() if vnd] if planned else []
    if missing:
        words = visit.say_many("%(num)s truck goes emptier than agreed", "%(num)s trucks go emptier than agreed", len(missing))
        more = visit.say("%(vnd)s aren't paid for: decide before loading", vnd=visit.formats.vnd(sum(missing)))
        yield Waiting(words, "/shipments?state=planned", "truck", more, LATER - 2)


def _own_agreements(visit: PageContext) -> Iterator[Waiting]:
    """Yield the changes and contracts that wait for the visitor's own side."""
    if not visit.principal.may(Permission.PROPOSALS_CONFIRM) or visit.scope.organisation_id is None:
        return
    agreed = Amendment.supply_agreed_at if offers.side_of(visit) is Side.SUPPLY else Amendment.demand_agreed_at
    changes = amendments.amendments(visit.scope, states=[AmendmentState.OPEN]).where(agreed.is_(None))
    mine = select(m.ProposalItem.uid).where(m.ProposalItem.id.in_(changes.with_only_columns(Amendment.item_id)))
    for uid in visit.session.scalars(mine.limit(5)):
        yield Waiting(visit.say("A change waits for your answer"), f"/offers/{uid}", "handshake")
    unsigned = visible(Contract, visit.scope).where(Contract.status.in_([AgreementStatus.DRAFT, AgreementStatus.ACTIVE]))
    for row in visit.session.scalars(unsigned.order_by(Contract.id.desc()).limit(50)):
        if contracts.side_of(row, visit.scope, None) in contracts.waits_for(visit.session, row):
            yield Waiting(visit.say("A contract waits for your signature"), f"/contracts/{row.uid}", "document")


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
    waiting = sorted([*_answers(visit), *_own_agreements(visit), *_decisions(visit), *_papers(visit)], key=lambda one: one.at_min)
    return visit.show("today.html", waiting=waiting, day=today(now(visit.session)), guides=guide.is_wanted(visit))
