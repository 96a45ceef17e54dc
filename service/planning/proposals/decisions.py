"""Deciding about proposals: brokers approve, reject, pin, forbid and undo; suppliers and buyers confirm or refuse their part.

An approved item's kilograms are held in the ledger until both sides have confirmed, and then confirmed; where one side refuses, or the
hold runs out, they go back on offer. Each function takes a session of `Database.write`, the scope and the `Act` of the one who
acts; `version` is the version of the item that he saw. All of it is audited, and told to those concerned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.errors import Conflict, DomainError, Invalid, NotFound, fault
from catalog.models import Side
from catalog.tenancy import Scope, check_version, find
from service import audit
from service.planning.errors import AlreadyConfirmed, AlreadyDecided, HoldExpired, ManyRefused, NotApproved
from service.planning.joint import together
from service.planning.journal import Journal, before
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act, Wish
from service.planning.models import Proposal, ProposalItem, Shipment, ShipmentItem
from service.planning.proposals import items as desk
from service.planning.proposals.fitness import require_fitting
from service.planning.proposals.items import promise_of, tell
from service.planning.states import Answer, ProposalState, RejectReason, ShipmentState
from service.planning.terms.answers import OWN_ANSWER, Consent, answer, require_channel, require_consent, require_still_true
from service.planning.terms.records import latest_terms, make_terms, terms_of_promise

HOLD_MINUTES = 120


@dataclass(frozen=True)
class Chosen:
    """An item that somebody decides about, and the version of it that he saw; None if he takes it as it is."""

    uid: str
    version: int | None = None


@dataclass(frozen=True)
class Refusal:
    """Why an item is turned down: a word of the closed list, and a note; ``other`` needs one."""

    reason: RejectReason
    note: str = ""

    def check(self) -> None:
        """Refuse ``other`` without a note.

        Raises
        ------
        Invalid
            Naming the note.
        """
        if self.reason is RejectReason.OTHER and not self.note.strip():
            raise Invalid([fault("note", "", "what the reason is, where it is other")])


@dataclass(frozen=True)
class Outcome:
    """What became of one of many items: the item, or what refused it."""

    uid: str
    item: ProposalItem | None = None
    refusal: DomainError | None = None


Step = Callable[[Session, Journal, ProposalItem, int | None], None]
AtOnce = Callable[[Session, Journal, Mapping[str, ProposalItem]], Mapping[str, ProposalItem]]
FEW = 2
"""Items from which on it pays to take a step for many at once."""


def approve(session: Session, scope: Scope, chosen: Chosen, act: Act, hold_minutes: int = HOLD_MINUTES) -> ProposalItem:
    """Approve an item as a broker: its kilograms are held until both sides confirm, or the hold runs out.

    Raises
    ------
    PlanStale
        If the plan has been superseded, or the item's lot or line edited since.
    AlreadyDecided
        If somebody has approved or rejected it; says who and when.
    LotOvercommitted, LineOvercommitted
        If somebody has taken the kilograms; says who and when.
    """
    return one(session, scope, chosen, act, _approving(hold_minutes))


def reject(session: Session, scope: Scope, chosen: Chosen, refusal: Refusal, act: Act) -> ProposalItem:
    """Turn an item down as a broker; kilograms that were held go back on offer, and a pin of the pair is taken back.

    Raises
    ------
    AlreadyConfirmed
        If both sides have confirmed it.
    """
    return one(session, scope, chosen, act, _rejecting(refusal))


def approve_many(
    session: Session, scope: Scope, chosen: Sequence[Chosen], act: Act, hold_minutes: int = HOLD_MINUTES, *, partial: bool = False
) -> list[Outcome]:
    """Approve many items: all of them or none, or, if `partial`, each that can be.

    Raises
    ------
    ManyRefused
        Naming every item that can't be, unless `partial`.
    """
    from service.planning.proposals import bulk as together

    def at_once(s: Session, journal: Journal, found: Mapping[str, ProposalItem]) -> Mapping[str, ProposalItem]:
        return together.approve(s, journal, chosen, found, hold_minutes)

    return many(session, scope, chosen, act, _approving(hold_minutes), partial=partial, at_once=at_once)


def reject_many(
    session: Session, scope: Scope, chosen: Sequence[Chosen], refusal: Refusal, act: Act, *, partial: bool = False
) -> list[Outcome]:
    """Turn many items down; see `approve_many`."""
    from service.planning.proposals import bulk as together

    def at_once(s: Session, journal: Journal, found: Mapping[str, ProposalItem]) -> Mapping[str, ProposalItem]:
        return together.reject(s, journal, chosen, found, refusal)

    return many(session, scope, chosen, act, _rejecting(refusal), partial=partial, at_once=at_once)


def confirm(
    session: Session, scope: Scope, chosen: Chosen, act: Act, side: Side | None = None, consent: Consent = OWN_ANSWER
) -> ProposalItem:
    """Confirm one side's part of an approved item on its terms; once both have, the kilograms are confirmed.

    Parameters
    ----------
    side : for whom somebody of the association speaks; an organisation speaks for itself.
    consent : the version of the terms that is agreed to, and how somebody who speaks for the side was told.

    Raises
    ------
    NotApproved
        If no broker has approved the item.
    AlreadyDecided
        If this side has confirmed it, or somebody has rejected it; says who and when.
    HoldExpired
        If the hold has run out.
    TermsChanged
        If the terms are others than those seen, or no longer fit the lot and the line.
    BelowFloor
        If the supplier would get less than its floor price and doesn't say that it agrees to that.
    """
    acting = for_side(session, scope, find(session, scope, ProposalItem, chosen.uid), side, act)
    require_channel(scope, side, consent)
    return one(session, scope, chosen, acting, lambda s, journal, item, v: _confirm(s, scope, journal, item, v, side, consent))


def for_side(session: Session, scope: Scope, item: ProposalItem, side: Side | None, act: Act) -> Act:
    """Return the act of somebody of the association with the name of the side that he speaks for; an organisation acts for itself."""
    if scope.organisation_id is not None or side is None:
        return act
    supplier, buyer = desk.parties(session, item)
    return replace(act, on_behalf_of=(supplier if side is Side.SUPPLY else buyer).name[:200])


def confirm_proposal(
    session: Session, scope: Scope, uid: str, act: Act, version: int | None = None, side: Side | None = None,
    consent: Consent = OWN_ANSWER,
) -> list[ProposalItem]:  # fmt: skip
    """Confirm this side's part of every approved item of a proposal that it hasn't answered yet; all of them or none.

    The version of the proposal names the terms of all its items.
    """
    proposal = find(session, scope, Proposal, uid)
    require_channel(scope, side, consent)
    column = ProposalItem.supply_proposal_id if proposal.side is Side.SUPPLY else ProposalItem.demand_proposal_id
    answered = ProposalItem.supplier_confirmed_at if proposal.side is Side.SUPPLY else ProposalItem.buyer_confirmed_at
    waiting = select(ProposalItem).where(column == proposal.id, ProposalItem.state == ProposalState.APPROVED, answered.is_(None))
    found = session.scalars(waiting.order_by(ProposalItem.id)).all()
    chosen = [Chosen(item.uid) for item in found]
    desk.locked(session, scope, [one.uid for one in chosen])
    session.refresh(proposal)
    check_version(proposal, version)
    if not chosen:
        raise AlreadyDecided("nothing of this proposal waits for an answer", proposal.confirmed_by, proposal.confirmed_at)
    speaks = side if scope.organisation_id is None else None
    acting = for_side(session, scope, found[0], speaks, act)
    outcomes = many(
        session, scope, chosen, acting, lambda s, journal, item, v: _confirm(s, scope, journal, item, v, speaks, consent), partial=False
    )
    return [outcome.item for outcome in outcomes if outcome.item is not None]


def refuse(
    session: Session, scope: Scope, chosen: Chosen, refusal: Refusal, act: Act, side: Side | None = None, consent: Consent = OWN_ANSWER
) -> ProposalItem:
    """Refuse one side's part of an approved item; its kilograms go back on offer.

    Parameters
    ----------
    side : for whom somebody of the association speaks; an organisation speaks for itself.
    consent : how somebody who speaks for the side was told.

    Raises
    ------
    AlreadyConfirmed
        If both sides have confirmed it.
    """
    refusal.check()
    acting = for_side(session, scope, find(session, scope, ProposalItem, chosen.uid), side, act)

    def step(s: Session, journal: Journal, item: ProposalItem, version: int | None) -> None:
        mine = side_of(s, scope, item, side)
        if item.state is ProposalState.PROPOSED:
            raise NotApproved("no broker has approved this item yet")
        terms = latest_terms(s, [item.id]).get(item.id)
        if item.state is ProposalState.APPROVED and terms is not None:
            answer(s, terms, mine, Answer.DECLINED, consent, journal.act)
        _reject(s, journal, item, version, refusal, f"proposal_item.refuse_{mine.value}")

    return one(session, scope, chosen, acting, step)


def cancel(session: Session, scope: Scope, chosen: Chosen, refusal: Refusal, act: Act) -> ProposalItem:
    """Take back, by agreement, what both sides have confirmed and nobody has loaded yet.

    Raises
    ------
    AlreadyConfirmed
        If it has been loaded or received, naming what can be done instead.
    Conflict
        If a shipment is planned for it.
    """
    refusal.check()

    def step(s: Session, journal: Journal, item: ProposalItem, version: int | None) -> None:
        promise = promise_of(s, item)
        if promise is None or not promise.confirmed_kg:
            raise _bound(s, item) if desk.bound_kg(promise) else NotApproved("nothing of this item has been confirmed")
        if promise.confirmed_kg != desk.bound_kg(promise):
            raise _bound(s, item)
        check_version(item, version)
        _refuse_planned(s, promise.id)
        was = before(item)
        transitions.cancel(s, promise.id, journal.act)
        turn_down(s, item, refusal, journal.act)
        end_joint_offer(s, journal, item, refusal)
        journal.note("proposal_item.cancel", item, was)
        tell(s, journal, "promise.cancelled", item, reason=refusal.reason.value)

    return one(session, scope, chosen, act, step)


def _refuse_planned(session: Session, promise_id: int) -> None:
    """Refuse to cancel what a truck is meant to fetch."""
    query = select(Shipment).join(ShipmentItem, ShipmentItem.shipment_id == Shipment.id)
    query = query.where(ShipmentItem.promise_id == promise_id, Shipment.state == ShipmentState.PLANNED)
    found = session.scalars(query.limit(1)).one_or_none()
    if found is not None:
        raise Conflict(f"the shipment {found.code} is to fetch these goods: cancel it first", found.updated_by, found.updated_at)


def side_of(session: Session, scope: Scope, item: ProposalItem, side: Side | None) -> Side:
    """Return the side that somebody speaks for: his own organisation's, or the one that the association's people name."""
    if scope.organisation_id is None:
        if side not in (Side.SUPPLY, Side.DEMAND):
            raise Invalid([fault("side", "" if side is None else side, "supply or demand: for whom you speak")])
        return side
    own = {scope.organisation_id, *scope.group_ids}
    supplier, buyer = desk.parties(session, item)
    sides = [which for which, party in ((Side.SUPPLY, supplier), (Side.DEMAND, buyer)) if party.id in own]
    if not sides or (side is not None and side not in sides):
        raise NotFound("proposal item", item.uid)
    return side or sides[0]


def require_unbound(session: Session, item: ProposalItem) -> None:
    """Refuse to change what both sides have confirmed.

    Raises
    ------
    AlreadyConfirmed
        Naming who made it binding and when, and what can be done instead.
    """
    if desk.bound_kg(promise_of(session, item)):
        raise _bound(session, item)


def _bound(session: Session, item: ProposalItem) -> AlreadyConfirmed:
    promise = promise_of(session, item)
    assert promise is not None
    last = max(
        ((at, by) for at, by in _confirmations(item) if at is not None),
        default=(promise.made_at, promise.made_by),
    )
    way = "cancel" if promise.confirmed_kg == desk.bound_kg(promise) else "receipt" if promise.loaded_kg else "none"
    return AlreadyConfirmed("both sides have confirmed this item", way, last[1], last[0])


def _confirmations(item: ProposalItem) -> list[tuple[Any, Any]]:
    return [(item.supplier_confirmed_at, item.supplier_confirmed_by), (item.buyer_confirmed_at, item.buyer_confirmed_by)]


def one(session: Session, scope: Scope, chosen: Chosen, act: Act, step: Step) -> ProposalItem:
    """Take one step with one item, locked, noted, and with its proposals brought in step."""
    item = desk.locked(session, scope, [chosen.uid])[chosen.uid]
    with Journal(session, scope.association_id, act) as journal:
        step(session, journal, item, chosen.version)
        desk.refresh_proposals(session, [item], act)
    return item


def many(
    session: Session, scope: Scope, chosen: Sequence[Chosen], act: Act, step: Step, *, partial: bool, at_once: AtOnce | None = None
) -> list[Outcome]:
    """Take a step for each item, locked, each in a savepoint, so that one that can't be leaves no trace; see `approve_many`.

    Parameters
    ----------
    at_once : takes the step for those items for which nothing forbids it, by a few statements for all of them, and returns them; what
        it leaves is tried one by one, which says what forbids it.
    """
    found = desk.locked(session, scope, [one.uid for one in chosen])
    with Journal(session, scope.association_id, act) as journal:
        done = dict(at_once(session, journal, found)) if at_once is not None and len(chosen) >= FEW else {}
        outcomes = [
            Outcome(one.uid, done.pop(one.uid)) if one.uid in done else _try(session, journal, found[one.uid], one.version, step)
            for one in chosen
        ]
        refused = {outcome.uid: outcome.refusal for outcome in outcomes if outcome.refusal is not None}
        if refused and not partial:
            raise ManyRefused(refused)
        desk.refresh_proposals(session, [outcome.item for outcome in outcomes if outcome.item is not None], act)
    return outcomes


def _try(session: Session, journal: Journal, item: ProposalItem, version: int | None, step: Step) -> Outcome:
    mark, uid = journal.mark(), item.uid
    try:
        with session.begin_nested():
            step(session, journal, item, version)
    except DomainError as refusal:
        journal.forget(mark)
        return Outcome(uid, refusal=refusal)
    return Outcome(uid, item)


def _approving(hold_minutes: int) -> Step:
    def step(session: Session, journal: Journal, item: ProposalItem, version: int | None) -> None:
        if run_out(session, item, journal.act):
            check_version(item, version)
            give_back(session, item, journal.act)
            desk.lapse(session, journal, item)
        else:
            require_open(session, item)
            check_version(item, version)
        desk.require_current(session, item)
        was = before(item)
        hold(session, item, journal.act, hold_minutes)
        item.state = ProposalState.APPROVED
        desk.touch(item, journal.act)
        session.flush()
        journal.note("proposal_item.approve", item, was)
        tell(session, journal, "proposal.approved", item)

    return step


def run_out(session: Session, item: ProposalItem, act: Act) -> bool:
    """Is this an approved item whose hold has run out before both sides confirmed?"""
    promise = promise_of(session, item) if item.state is ProposalState.APPROVED else None
    if promise is None or desk.bound_kg(promise):
        return False
    return not promise.held_kg or promise.expires_at <= act.at


def require_open(session: Session, item: ProposalItem) -> None:
    """Refuse an item about which somebody has decided, or whose plan is superseded."""
    if item.state is ProposalState.SUPERSEDED:
        desk.require_current(session, item)
    if item.state is ProposalState.APPROVED:
        promise = promise_of(session, item)
        who = (promise.made_by, promise.made_at) if promise else (item.updated_by, item.updated_at)
        raise AlreadyDecided("this item has been approved already", *who)
    if item.state is ProposalState.REJECTED:
        raise AlreadyDecided(f"this item has been rejected: {item.reason_code}", item.updated_by, item.updated_at)


def hold(session: Session, item: ProposalItem, act: Act, hold_minutes: int) -> None:
    """Keep an item's kilograms in the ledger, and state the terms on which both sides are asked."""
    until = act.at + timedelta(minutes=hold_minutes)
    (promise,) = transitions.hold(session, [Wish(item.lot_id, item.line_id, item.kg, item.id)], until, act)
    make_terms(session, {item.id: promise}, [item], act)


def give_back(session: Session, item: ProposalItem, act: Act) -> None:
    """Give an item's held kilograms back to the offer."""
    promise = promise_of(session, item)
    if promise is not None and promise.held_kg:
        transitions.release(session, promise.id, act)


def _rejecting(refusal: Refusal) -> Step:
    refusal.check()

    def step(session: Session, journal: Journal, item: ProposalItem, version: int | None) -> None:
        _reject(session, journal, item, version, refusal, "proposal_item.reject")

    return step


def _reject(session: Session, journal: Journal, item: ProposalItem, version: int | None, refusal: Refusal, action: str) -> None:
    from service.planning.pins import single

    if item.state is ProposalState.REJECTED and (item.updated_at, item.updated_by) == (journal.act.at, journal.act.actor):
        return  # Turned down by this very act, with another item of its joint offer.
    require_unbound(session, item)
    if item.state not in (ProposalState.PROPOSED, ProposalState.APPROVED):
        require_open(session, item)
    check_version(item, version)
    was = before(item)
    give_back(session, item, journal.act)
    turn_down(session, item, refusal, journal.act)
    undone = single.revoke_pin(session, item, journal.act)
    end_joint_offer(session, journal, item, refusal)
    journal.note(action, item, *with_decision(was, item, undone, None))
    tell(session, journal, "proposal.rejected", item, reason=refusal.reason.value)


def turn_down(session: Session, item: ProposalItem, refusal: Refusal, act: Act) -> None:
    """Reject an item whose kilograms have been given back."""
    item.state, item.reason_code, item.note = ProposalState.REJECTED, refusal.reason, refusal.note
    desk.clear_confirmations(item)
    desk.touch(item, act)
    session.flush()


def with_decision(
    was: dict[str, Any], item: ProposalItem, old: dict[str, Any] | None, new: dict[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an item's changes, with the decision about its pair before and after."""
    gone, come = audit.changes(was, audit.snapshot(item))
    return {**gone, "decision": old}, {**come, "decision": new}


def _confirm(
    session: Session, scope: Scope, journal: Journal, item: ProposalItem, version: int | None, side: Side | None, consent: Consent
) -> None:
    mine = side_of(session, scope, item, side)
    columns = desk.CONFIRMATION[:2] if mine is Side.SUPPLY else desk.CONFIRMATION[2:]
    promise = _require_confirmable(session, item, columns, journal.act)
    check_version(item, version)
    terms = latest_terms(session, [item.id])[item.id]
    require_consent(terms, mine, consent)
    require_still_true(session, item, terms)
    was = before(item)
    setattr(item, columns[0], journal.act.at)
    setattr(item, columns[1], journal.act.actor)
    desk.touch(item, journal.act)
    session.flush()
    answer(session, terms, mine, Answer.CONFIRMED, consent, journal.act)
    bound = _bind(session, item, promise.id, journal.act)
    gone, come = audit.changes(was, audit.snapshot(item))
    journal.note(f"proposal_item.confirm_{mine.value}", item, gone, {**come, "terms": terms.version, "channel": consent.channel.value})
    tell(session, journal, "proposal.confirmed", item, side=mine.value, terms=terms.version, channel=consent.channel.value)
    for one in bound:
        made = promise_of(session, one)
        assert made is not None
        tell(session, journal, "promise.confirmed", one, promise=made.uid, terms=terms_of_promise(session, made.id).version)


def _bind(session: Session, item: ProposalItem, promise_id: int, act: Act) -> list[ProposalItem]:
    """Confirm the kilograms of an item that both sides have confirmed, those of a joint offer all at once; return the items that bind."""
    if any(at is None for at, _ in _confirmations(item)):
        return []
    joint = together.joint_offer_of_promise(session, promise_id)
    if joint is None:
        transitions.confirm(session, promise_id, act)
        return [item]
    if not together.is_confirmed_by_all(session, joint):
        return []
    items = together.items_of(session, joint)
    for one in items:
        made = promise_of(session, one)
        if made is None or not made.held_kg:
            raise HoldExpired("the hold on another lot of this joint offer has run out; a broker can approve it again")
        transitions.confirm(session, made.id, act)
    return items


def end_joint_offer(session: Session, journal: Journal, item: ProposalItem, refusal: Refusal) -> None:
    """Turn down everything else of the joint offer whose item has just been turned down: its lots go together, or not at all.

    Raises
    ------
    AlreadyConfirmed
        If goods of another of its lots have been loaded.
    """
    joint = together.joint_offers_of(session, [(item.lot_id, item.line_id)]).get((item.lot_id, item.line_id))
    if joint is None:
        return
    others = [one for one in together.items_of(session, joint) if one.id != item.id]
    for one in others:
        promise = promise_of(session, one)
        was = before(one)
        if promise is not None and desk.bound_kg(promise):
            if promise.confirmed_kg != desk.bound_kg(promise):
                raise _bound(session, one)
            _refuse_planned(session, promise.id)
            transitions.cancel(session, promise.id, journal.act)
        give_back(session, one, journal.act)
        turn_down(session, one, refusal, journal.act)
        journal.note("proposal_item.end_joint_offer", one, was)
        tell(session, journal, "proposal.rejected", one, reason=refusal.reason.value)
    together.close(session, joint, journal.act)
    desk.refresh_proposals(session, others, journal.act)


def _require_confirmable(session: Session, item: ProposalItem, columns: Sequence[str], act: Act) -> Any:
    if item.state is ProposalState.PROPOSED:
        raise NotApproved("no broker has approved this item yet")
    if item.state is not ProposalState.APPROVED:
        require_open(session, item)
        raise Conflict("this item is no longer on the table", item.updated_by, item.updated_at)
    require_fitting(session, item)
    at = getattr(item, columns[0])
    if at is not None:
        raise AlreadyDecided("this side has confirmed this item already", getattr(item, columns[1]), at)
    promise = promise_of(session, item)
    if promise is None or not promise.held_kg or promise.expires_at <= act.at:
        who = (promise.made_by, promise.expires_at) if promise else (None, None)
        raise HoldExpired("the hold on this item's kilograms has run out; a broker can approve it again", *who)
    return promise
