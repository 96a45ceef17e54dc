"""Approving, rejecting and pinning hundreds of items at once: the same rules as one by one, asked and done by a few statements.

Only items about which nothing at all is in the way are decided here. Whatever is left, `service.planning.proposals.decisions.many` tries
one by one, and says what forbids it in the words that it has for that. Both write the same ledger, the same trail and the same events.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from service.days import VIETNAM
from service.planning.errors import PinsConflict
from service.planning.joint import together
from service.planning.journal import Journal, before
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act, Wish
from service.planning.models import ProposalItem
from service.planning.pins import bulk, single
from service.planning.proposals import decisions
from service.planning.proposals import items as desk
from service.planning.proposals import selection as of
from service.planning.proposals.decisions import Chosen, Refusal
from service.planning.proposals.selection import Items
from service.planning.states import ProposalState
from service.planning.terms.estimates import estimate_items
from service.planning.terms.records import make_terms

APPROVE, REJECT, PIN = "proposal_item.approve", "proposal_item.reject", "proposal_item.pin"


def approve(session: Session, journal: Journal, chosen: Sequence[Chosen], found: Items, hold_minutes: int) -> Items:
    """Approve those of the chosen items that can be, and return them by uid.

    Where a hold that has run out is approved anew, nothing is: its kilograms come back first, and then the order counts.
    """
    if any(item.state is ProposalState.APPROVED and decisions.run_out(session, item, journal.act) for item in found.values()):
        return {}
    plain = _payable(session, of.fresh(session, of.seen(chosen, found, ProposalState.PROPOSED)), journal.act)
    was = {item.id: before(item) for item in plain}
    wishes = [Wish(item.lot_id, item.line_id, item.kg, item.id) for item in plain]
    held = transitions.hold_each(session, wishes, journal.act.at + timedelta(minutes=hold_minutes), journal.act)
    kept = {promise.proposal_item_id: promise for promise in held if promise.proposal_item_id is not None}
    done = [item for item in plain if item.id in kept]
    make_terms(session, kept, done, journal.act)
    of.change(session, done, journal.act, state=ProposalState.APPROVED)
    for item in done:
        journal.note(APPROVE, item, was[item.id])
    desk.tell_many(session, journal, "proposal.approved", done)
    return {item.uid: item for item in done}


def _payable(session: Session, items: Sequence[ProposalItem], act: Act) -> list[ProposalItem]:
    """Return the items whose goods pay for their freight, handling and fee."""
    found = estimate_items(session, items, act.at.astimezone(VIETNAM).date())
    return [item for item in items if found[item.id].parts.supplier_vnd >= 0]


def reject(session: Session, journal: Journal, chosen: Sequence[Chosen], found: Items, refusal: Refusal) -> Items:
    """Turn down those of the chosen items that can be, give their kilograms back, take back the pins of their pairs; return them by uid."""
    waiting = of.seen(chosen, found, ProposalState.PROPOSED, ProposalState.APPROVED)
    promises = of.promises(session, waiting)
    joint = together.joint_offers_of(session, {(item.lot_id, item.line_id) for item in waiting})
    free = [item for item in waiting if (item.lot_id, item.line_id) not in joint]
    done = [item for item in free if not desk.bound_kg(promises.get(item.id))]
    was = {item.id: before(item) for item in done}
    transitions.release_each(session, [promises[item.id] for item in done if item.id in promises], journal.act)
    said = {"state": ProposalState.REJECTED, "reason_code": refusal.reason, "note": refusal.note}
    of.change(session, done, journal.act, **said, **dict.fromkeys(desk.CONFIRMATION))
    ended = bulk.end_each(session, done, journal.act, pins_alone=True)
    for item in done:
        journal.note(REJECT, item, *decisions.with_decision(was[item.id], item, ended.get(item.id), None))
    desk.tell_many(session, journal, "proposal.rejected", done, reason=refusal.reason.value)
    return {item.uid: item for item in done}


def pin(session: Session, journal: Journal, chosen: Sequence[Chosen], found: Items) -> Items:
    """Pin those of the chosen items that can be pinned together, and return them by uid; of those of one pair, the first."""
    waiting = of.seen(chosen, found, ProposalState.PROPOSED, ProposalState.APPROVED, ProposalState.REJECTED)
    rejected = [item for item in waiting if item.state is ProposalState.REJECTED]
    stale = {item.id for item in rejected} - {item.id for item in of.fresh(session, rejected)}
    first = {(item.lot_id, item.line_id): item for item in reversed(waiting)}
    plain = [item for item in waiting if item.id not in stale and first[item.lot_id, item.line_id] is item]
    return {item.uid: item for item in _pin(session, journal, bulk.apart(plain))}


def _pin(session: Session, journal: Journal, groups: Sequence[Sequence[ProposalItem]]) -> list[ProposalItem]:
    """Pin all items of some groups that have no lot and no line in common; halve them where they can't all be, down to one group."""
    wanted = [item for group in groups for item in group]
    mark = journal.mark()
    try:
        with session.begin_nested():
            _pin_all(session, journal, wanted)
    except PinsConflict:
        journal.forget(mark)
        of.read_again(session, wanted)
        half = len(groups) // 2
        return [item for part in (groups[:half], groups[half:]) for item in _pin(session, journal, part)] if half else []
    return wanted


def _pin_all(session: Session, journal: Journal, wanted: Sequence[ProposalItem]) -> None:
    was, act = {item.id: before(item) for item in wanted}, journal.act
    ended = bulk.end_each(session, wanted, act)
    made = bulk.pin_each(session, journal.association_id, wanted, act)
    single.require_all_possible(session, journal.association_id, made, wanted)
    again = [item for item in wanted if item.state is ProposalState.REJECTED]
    of.change(session, again, act, state=ProposalState.PROPOSED, reason_code=None)
    of.change(session, [item for item in wanted if item.id not in {one.id for one in again}], act)
    for item, one in zip(wanted, made, strict=True):
        journal.note(PIN, item, *decisions.with_decision(was[item.id], item, ended.get(item.id), single.brief(one)))
