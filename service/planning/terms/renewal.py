"""Lots and lines that are edited while they are on offer: open offers get new terms, and no edit pulls the ground from under a promise."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

import buyers.intake
import catalog.intake
from buyers.intake import LineChange
from buyers.models import DemandLine
from catalog.intake import LotChange
from catalog.models import Lot
from catalog.tenancy import Scope, find
from service.planning.errors import OfferStands
from service.planning.journal import Journal, before
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.models import Promise, ProposalItem
from service.planning.proposals import items
from service.planning.proposals.items import tell
from service.planning.states import ProposalState
from service.planning.terms.answers import misfit_of
from service.planning.terms.models import Terms
from service.planning.terms.records import is_below_floor, latest_terms, next_version, repriced


def revise_lot(session: Session, scope: Scope, uid: str, change: LotChange, act: Act, version: int | None = None) -> Lot:
    """Change a lot; its open offers get new terms. See `catalog.intake.revise_lot`.

    Raises
    ------
    OfferStands
        If an offer or a promise would no longer fit the lot.
    """
    offers = _offers(session, ProposalItem.lot_id == locked_lot(session, scope, uid).id)
    row = catalog.intake.revise_lot(session, scope, uid, change, act.actor, version)
    renew_terms(session, row.association_id, offers, act)
    return row


def revise_line(session: Session, scope: Scope, uid: str, change: LineChange, act: Act, version: int | None = None) -> DemandLine:
    """Change a demand line; its open offers get new terms. See `buyers.intake.revise_line`.

    Raises
    ------
    OfferStands
        If an offer or a promise would no longer fit the line.
    """
    offers = _offers(session, ProposalItem.line_id == locked_line(session, scope, uid).id)
    row = buyers.intake.revise_line(session, scope, uid, change, act.actor, version)
    renew_terms(session, row.association_id, offers, act)
    return row


def locked_lot(session: Session, scope: Scope, uid: str) -> Lot:
    """Return a lot, locked with the lines that its offers go to."""
    found = find(session, scope, Lot, uid)
    transitions.lock(session, [found.id], [item.line_id for item in _offers(session, ProposalItem.lot_id == found.id)])
    return find(session, scope, Lot, uid, lock=True)


def locked_line(session: Session, scope: Scope, uid: str) -> DemandLine:
    """Return a demand line, locked with the lots that are offered to it."""
    found = find(session, scope, DemandLine, uid)
    transitions.lock(session, [item.lot_id for item in _offers(session, ProposalItem.line_id == found.id)], [found.id])
    return find(session, scope, DemandLine, uid, lock=True)


def _offers(session: Session, of: object) -> Sequence[ProposalItem]:
    """Return the approved items of a lot or a line, of which kilograms are held or confirmed."""
    query = select(ProposalItem).join(Promise, Promise.proposal_item_id == ProposalItem.id).where(of)  # type: ignore[arg-type]
    query = query.where(ProposalItem.state == ProposalState.APPROVED, Promise.held_kg + Promise.confirmed_kg > 0)
    return session.scalars(query.distinct().order_by(ProposalItem.id)).all()


def renew_terms(session: Session, association_id: int, offers: Sequence[ProposalItem], act: Act) -> None:
    """Give offers that wait for an answer the prices that their lots and lines have now; the harmed side is asked again.

    What both sides have confirmed keeps its terms: it is changed by agreement alone.
    """
    session.flush()
    terms = latest_terms(session, [item.id for item in offers])
    with Journal(session, association_id, act) as journal:
        changed = [item for item in offers if _renew(session, journal, item, terms[item.id])]
    if changed:
        items.refresh_proposals(session, changed, act)


def _renew(session: Session, journal: Journal, item: ProposalItem, terms: Terms) -> bool:
    lot = session.get_one(Lot, item.lot_id, populate_existing=True)
    line = session.get_one(DemandLine, item.line_id, populate_existing=True)
    misfit = misfit_of(terms, lot, line)
    promise = items.promise_of(session, item)
    if misfit:
        row = lot if misfit == "lot" else line
        raise OfferStands(f"{row.code} is offered or promised on the terms of its item {item.uid}", terms.made_by, terms.made_at)
    if promise is None or not promise.held_kg:
        return False
    if (terms.price_vnd_per_kg, terms.floor_vnd_per_kg) == (line.bid_vnd_per_kg, lot.ask_vnd_per_kg):
        return False
    if line.bid_vnd_per_kg < lot.ask_vnd_per_kg:
        raise OfferStands(f"{line.code} is offered to a supplier who asks {lot.ask_vnd_per_kg} đồng per kg", terms.made_by, terms.made_at)
    columns = repriced(terms, price=line.bid_vnd_per_kg, floor=lot.ask_vnd_per_kg)
    if columns["supplier_vnd"] < 0:
        raise OfferStands(f"the freight of the item {item.uid} would come to more than its goods", terms.made_by, terms.made_at)
    was = before(item)
    made = next_version(session, terms, journal.act, journal.act.why, **columns)
    promise.price_vnd_per_kg = made.price_vnd_per_kg
    ask_again(item, terms, made)
    items.touch(item, journal.act)
    session.flush()
    journal.note("proposal_item.reprice", item, was, None)
    tell(session, journal, "proposal.revised", item)
    return True


def ask_again(item: ProposalItem, old: Terms, new: Terms) -> None:
    """Forget the confirmation of each side that new terms harm: a buyer who pays more, a supplier who gets less or less than its floor."""
    if new.buyer_vnd > old.buyer_vnd:
        item.buyer_confirmed_at, item.buyer_confirmed_by = None, None
    if new.supplier_vnd < old.supplier_vnd or (is_below_floor(new) and not is_below_floor(old)):
        item.supplier_confirmed_at, item.supplier_confirmed_by = None, None
