"""New terms for open offers whose lot or line has changed its price."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot
from service.planning.errors import OfferStands
from service.planning.journal import Journal, before
from service.planning.ledger.transitions import Act
from service.planning.models import Promise, ProposalItem
from service.planning.proposals import items
from service.planning.proposals.items import tell
from service.planning.states import ProposalState
from service.planning.terms.answers import misfit_of
from service.planning.terms.models import Terms
from service.planning.terms.records import is_below_floor, latest_terms, next_version, repriced


def renew_terms(session: Session, association_id: int, act: Act, *, lot_ids: Collection[int] = (), line_ids: Collection[int] = ()) -> None:
    """Give offers that wait for an answer the prices that their lots and lines have now; the harmed side is asked again.

    What both sides have confirmed keeps its terms: it is changed by agreement alone.

    Raises
    ------
    OfferStands
        If an offer would no longer fit its lot or line, or its price would be below what the supplier asks.
    """
    session.flush()
    query = select(ProposalItem).join(Promise, Promise.proposal_item_id == ProposalItem.id)
    query = query.where(or_(ProposalItem.lot_id.in_(lot_ids), ProposalItem.line_id.in_(line_ids)))
    query = query.where(ProposalItem.state == ProposalState.APPROVED, Promise.held_kg > 0)
    offers = session.scalars(query.order_by(ProposalItem.id)).all()
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
