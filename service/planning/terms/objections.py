"""Objections: a side takes back what somebody of the association has confirmed for it, until the goods are loaded."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.errors import Conflict, Invalid, fault
from catalog.models import Side
from catalog.tenancy import Scope, check_version, find
from service.planning import models as m
from service.planning.errors import AlreadyConfirmed, NotApproved
from service.planning.journal import Journal, before
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.proposals import items
from service.planning.proposals.decisions import Chosen, Refusal, end_joint_offer, give_back, one, side_of, turn_down
from service.planning.proposals.items import tell
from service.planning.states import Answer, Channel, ProposalState, RejectReason, ShipmentState
from service.planning.terms.amendments import take_off
from service.planning.terms.answers import Consent, answer
from service.planning.terms.models import Terms, TermsAnswer
from service.planning.terms.records import latest_terms


def object_to_confirmation(session: Session, scope: Scope, chosen: Chosen, note: str, act: Act) -> m.ProposalItem:
    """Take back what somebody of the association has confirmed for one's own side; the kilograms go back on offer.

    Raises
    ------
    Conflict
        If nobody has confirmed for this side, or it did so itself.
    AlreadyConfirmed
        If goods have been loaded.
    """
    if scope.organisation_id is None:
        find(session, scope, m.ProposalItem, chosen.uid)
        raise Invalid([fault("side", "", "the side itself: nobody objects for another")])

    def step(s: Session, journal: Journal, item: m.ProposalItem, version: int | None) -> None:
        mine = side_of(s, scope, item, None)
        check_version(item, version)
        if item.state is not ProposalState.APPROVED:
            raise NotApproved("this item is not agreed")
        terms = latest_terms(s, [item.id])[item.id]
        _require_spoken_for(s, terms, mine)
        promise = items.promise_of(s, item)
        if promise is not None and items.bound_kg(promise) != promise.confirmed_kg:
            raise AlreadyConfirmed("goods of this item have been loaded", "receipt")
        was = before(item)
        answer(s, terms, mine, Answer.OBJECTED, Consent(note=note), journal.act)
        if promise is not None and promise.confirmed_kg:
            _clear_trucks(s, promise, journal.act)
            transitions.cancel(s, promise.id, journal.act)
        give_back(s, item, journal.act)
        turn_down(s, item, Refusal(RejectReason.CANCELLED, note), journal.act)
        end_joint_offer(s, journal, item, Refusal(RejectReason.CANCELLED, note))
        journal.note(f"proposal_item.object_{mine.value}", item, was)
        tell(s, journal, "proposal.objected", item, reason=RejectReason.CANCELLED.value)

    return one(session, scope, chosen, act, step)


def _require_spoken_for(session: Session, terms: Terms, side: Side) -> None:
    last = select(TermsAnswer).where(TermsAnswer.terms_id == terms.id, TermsAnswer.side == side).order_by(TermsAnswer.id.desc()).limit(1)
    found = session.scalars(last).one_or_none()
    if found is None or found.answer is not Answer.CONFIRMED or found.channel is Channel.SYSTEM:
        raise Conflict("nobody has confirmed this for you: refuse it, or propose a change")


def _clear_trucks(session: Session, promise: m.Promise, act: Act) -> None:
    aboard = select(m.ShipmentItem).join(m.Shipment, m.Shipment.id == m.ShipmentItem.shipment_id)
    aboard = aboard.where(m.ShipmentItem.promise_id == promise.id, m.Shipment.state == ShipmentState.PLANNED)
    for item in session.scalars(aboard).all():
        take_off(session, item, act)
