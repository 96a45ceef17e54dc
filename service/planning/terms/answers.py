"""Answers to terms: which version a side agrees to, who says so, how somebody who acts for it was told, and what refuses the answer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from buyers.models import DemandLine, LineStatus
from catalog.errors import Invalid, fault
from catalog.models import Lot, Side
from catalog.tenancy import Scope
from service.planning.errors import BelowFloor, NotAvailable, TermsChanged
from service.planning.ledger.transitions import Act
from service.planning.models import ProposalItem
from service.planning.states import Answer, Channel
from service.planning.terms.models import Terms, TermsAnswer
from service.planning.terms.records import is_below_floor


@dataclass(frozen=True)
class Consent:
    """What a side says when it confirms.

    Attributes
    ----------
    terms : version of the terms that it has seen; None where the item's own version names them.
    below_floor : that it agrees to less than its floor price.
    channel : how it told the one who acts for it; ``system`` if it answers for itself.
    """

    terms: int | None = None
    below_floor: bool = False
    channel: Channel = Channel.SYSTEM
    note: str = ""


OWN_ANSWER = Consent()
"""The answer of a side that acts for itself."""


def require_channel(scope: Scope, side: Side | None, consent: Consent) -> None:
    """Refuse somebody of the association who doesn't say for whom he speaks, or how that side has agreed.

    Raises
    ------
    Invalid
        Naming the side or the channel.
    """
    if scope.organisation_id is None and side not in (Side.SUPPLY, Side.DEMAND):
        raise Invalid([fault("side", side or "", "supply or demand: for whom you speak")])
    if scope.organisation_id is None and consent.channel is Channel.SYSTEM:
        raise Invalid([fault("channel", "", "telephone, zalo or in_person: how the side that you speak for agreed")])


def require_consent(terms: Terms, side: Side, consent: Consent) -> None:
    """Refuse an answer to other terms than these, and one that takes less than the floor price without saying so.

    Raises
    ------
    TermsChanged
        Naming the version of the terms.
    BelowFloor
        With what the floor price comes to.
    """
    if consent.terms is not None and consent.terms != terms.version:
        raise TermsChanged(f"these are terms {terms.version}, not {consent.terms}", terms.version, terms.made_by, terms.made_at)
    if side is Side.SUPPLY and is_below_floor(terms) and not consent.below_floor:
        raise BelowFloor(terms.floor_vnd_per_kg * terms.kg, terms.supplier_vnd)


def require_still_true(session: Session, item: ProposalItem, terms: Terms) -> None:
    """Refuse terms that no longer fit their lot or line, however those were changed.

    Raises
    ------
    NotAvailable
        If the line is cancelled.
    TermsChanged
        If a price or a window has moved.
    """
    lot = session.get_one(Lot, item.lot_id, populate_existing=True)
    line = session.get_one(DemandLine, item.line_id, populate_existing=True)
    if line.status == LineStatus.CANCELLED:
        raise NotAvailable(f"demand line {line.code} is cancelled", line.updated_by, line.updated_at)
    misfit = misfit_of(terms, lot, line)
    if misfit or (terms.price_vnd_per_kg, terms.floor_vnd_per_kg) != (line.bid_vnd_per_kg, lot.ask_vnd_per_kg):
        row = lot if misfit == "lot" or terms.floor_vnd_per_kg != lot.ask_vnd_per_kg else line
        raise TermsChanged(f"{row.code} has changed since these terms were made", terms.version, row.updated_by, row.updated_at)


def misfit_of(terms: Terms, lot: Lot, line: DemandLine) -> str:
    """Return whether the days or the goods of terms no longer fit the ``lot`` or the ``line``; empty if they fit both."""
    if terms.product_id != lot.product_id or terms.grade != lot.grade:
        return "lot"
    if terms.pickup_on is not None and not lot.available_from <= terms.pickup_on <= lot.available_until:
        return "lot"
    if terms.delivery_on is not None and not line.deliver_from <= terms.delivery_on <= line.deliver_until:
        return "line"
    return ""


def answer(session: Session, terms: Terms, side: Side, said: Answer, consent: Consent, act: Act) -> None:
    """Keep what a side has said to terms."""
    row = TermsAnswer(terms_id=terms.id, side=side, answer=said, channel=consent.channel, note=consent.note, at=act.at, said_by=act.actor)
    session.add(row)
    session.flush()
