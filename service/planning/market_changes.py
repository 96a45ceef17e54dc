"""Changes of lots and lines, together with what stands on them.

Whoever changes a lot's or a line's days, or takes a line back, does it here: pages, the API and uploads. What both sides have confirmed
for other days forbids the change; what waits for an answer and no longer fits is turned down, and its kilograms are on offer again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

import buyers.intake
from buyers.closing import refresh_agreements
from buyers.intake import LineChange
from buyers.models import DemandLine, Order
from catalog import intake
from catalog.errors import Conflict
from catalog.intake import LotChange
from catalog.models import Lot
from catalog.tenancy import Scope, check_version, find
from service.planning.joint import together
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.models import LineBalance, Promise, ProposalItem
from service.planning.proposals import decisions, items
from service.planning.proposals.decisions import Chosen, Refusal
from service.planning.states import ProposalState, RejectReason
from service.planning.terms.renewal import renew_terms

WAITING = (ProposalState.PROPOSED, ProposalState.APPROVED)


class ConfirmedForOtherDays(Conflict):
    """Both sides have confirmed goods for days that the change would rule out."""

    code = "confirmed_for_other_days"


def find_lot(session: Session, scope: Scope, uid: str) -> Lot:
    """Return a visible lot to be changed, locked with the lots and lines of what stands on it."""
    lot = find(session, scope, Lot, uid)
    lock_standing(session, lot_ids=[lot.id])
    return find(session, scope, Lot, uid, lock=True)


def find_line(session: Session, scope: Scope, uid: str) -> DemandLine:
    """Return a visible line to be changed, locked with the lots and lines of what stands on it."""
    line = find(session, scope, DemandLine, uid)
    lock_standing(session, line_ids=[line.id])
    return find(session, scope, DemandLine, uid, lock=True)


def lock_standing(session: Session, *, lot_ids: Collection[int] = (), line_ids: Collection[int] = ()) -> None:
    """Lock lots and lines, and those of what waits for an answer on them, in the ledger's one order: all lots, then all lines.

    Whoever changes a line goes on to turn down or to reprice offers of its lots. Had he locked the line first, he and somebody who
    decides about one of these offers would wait for each other.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    i = ProposalItem
    query = select(i.lot_id, i.line_id).where(i.state.in_(WAITING), or_(i.lot_id.in_(lot_ids), i.line_id.in_(line_ids)))
    pairs = [(row.lot_id, row.line_id) for row in session.execute(query)]
    beside = together.lots_beside(session, set(pairs))
    transitions.lock(session, {*lot_ids, *beside, *(lot for lot, _ in pairs)}, {*line_ids, *(line for _, line in pairs)})


def revise_lot(session: Session, scope: Scope, uid: str, change: LotChange, act: Act, version: int | None = None) -> Lot:
    """Change a lot; see `catalog.intake.revise_lot`.

    Raises
    ------
    ConfirmedForOtherDays
        If goods are confirmed for days that the lot would no longer have.
    """
    find_lot(session, scope, uid)
    lot = intake.revise_lot(session, scope, uid, change, act.actor, version)
    turn_down_unfit(session, scope.association_id, act, lot_ids=[lot.id])
    return lot


def revise_line(session: Session, scope: Scope, uid: str, change: LineChange, act: Act, version: int | None = None) -> DemandLine:
    """Change a line; see `buyers.intake.revise_line`. A line cut to what has been delivered is filled.

    Raises
    ------
    ConfirmedForOtherDays
        If goods are confirmed for days that the line would no longer have.
    """
    find_line(session, scope, uid)
    line = buyers.intake.revise_line(session, scope, uid, change, act.actor, version)
    after_lines_changed(session, scope.association_id, act, [line.id])
    session.refresh(line)
    return line


def after_lines_changed(session: Session, association_id: int, act: Act, line_ids: Collection[int]) -> None:
    """Bring what stands on changed lines in step with them."""
    turn_down_unfit(session, association_id, act, line_ids=line_ids)
    transitions.refresh_status(session, [], line_ids)


def cancel_line(session: Session, scope: Scope, uid: str, act: Act, version: int | None = None) -> DemandLine:
    """Take a line back; what both sides have confirmed stays, and what isn't can be called off its contract again.

    Raises
    ------
    Stale
        If it has changed since `version`.
    """
    line = find_line(session, scope, uid)
    check_version(line, version)
    _turn_down_waiting(session, scope.association_id, [line.id], act)
    promised = session.get_one(LineBalance, line.id, populate_existing=True).promised_kg
    line = buyers.intake.cancel_line(session, scope, uid, act.actor, None, promised)
    refresh_agreements(session, [line.id])
    return line


def cancel_order(session: Session, scope: Scope, uid: str, act: Act, version: int | None = None) -> tuple[Order, list[DemandLine]]:
    """Take an order back with all of its lines that are still open; see `buyers.intake.cancel_order`."""
    order = find(session, scope, Order, uid)
    numbers = list(session.scalars(select(DemandLine.id).where(DemandLine.order_id == order.id).order_by(DemandLine.id)))
    lock_standing(session, line_ids=numbers)
    order = find(session, scope, Order, uid, lock=True)
    check_version(order, version)
    order, ended = buyers.intake.cancel_order(session, scope, uid, act.actor, None)
    _turn_down_waiting(session, scope.association_id, [line.id for line in ended], act)
    return order, ended


def turn_down_unfit(
    session: Session, association_id: int, act: Act, *, lot_ids: Collection[int] = (), line_ids: Collection[int] = ()
) -> None:
    """Turn down what waits for an answer and no longer fits the days of its lot or its line; give the rest the prices of now.

    Raises
    ------
    ConfirmedForOtherDays
        If both sides have confirmed something of it.
    """
    session.flush()
    found = _items(session, or_(ProposalItem.lot_id.in_(lot_ids), ProposalItem.line_id.in_(line_ids)), _days_differ())
    for item in found:
        promise = items.promise_of(session, item)
        if promise is not None and promise.confirmed_kg + promise.loaded_kg:
            when = f"pick-up on {item.pickup_on} and delivery on {item.delivery_on}"
            raise ConfirmedForOtherDays(f"both sides have confirmed {item.kg} kg for {when}: agree on other days first")
    waiting = [item for item in found if item.state is ProposalState.APPROVED]
    waiting = [item for item in waiting if not items.bound_kg(items.promise_of(session, item))]
    _reject(session, association_id, waiting, Refusal(RejectReason.DATES, act.why[:2000]), act)
    renew_terms(session, association_id, act, lot_ids=lot_ids, line_ids=line_ids)


def confirmed_days(session: Session, *, lot_ids: Collection[int] = (), line_ids: Collection[int] = ()) -> dict[int, tuple[date, date]]:
    """Return the first and the last day for which something of each lot, or of each line, is confirmed and still to be fetched or brought.

    Parameters
    ----------
    lot_ids, line_ids : either lots, whose days are those of pick-ups, or lines, whose days are those of deliveries.
    """
    i, p = ProposalItem, Promise
    key, day, numbers = (i.lot_id, i.pickup_on, lot_ids) if lot_ids else (i.line_id, i.delivery_on, line_ids)
    query = select(key, func.min(day), func.max(day)).join(p, p.proposal_item_id == i.id)
    query = query.where(key.in_(numbers), p.confirmed_kg + p.loaded_kg > 0, day.is_not(None)).group_by(key)
    return {number: (first, last) for number, first, last in session.execute(query) if first is not None and last is not None}


def _turn_down_waiting(session: Session, association_id: int, line_ids: Collection[int], act: Act) -> None:
    """Turn down everything of some lines that both sides haven't confirmed yet."""
    found = _items(session, ProposalItem.line_id.in_(line_ids))
    loose = [item for item in found if not items.bound_kg(items.promise_of(session, item))]
    _reject(session, association_id, loose, Refusal(RejectReason.NO_NEED, act.why[:2000]), act)


def _items(session: Session, *conditions: ColumnElement[bool]) -> list[ProposalItem]:
    """Return items that are proposed or approved, with their lots and lines as they are now."""
    query: Any = select(ProposalItem).join(Lot, Lot.id == ProposalItem.lot_id).join(DemandLine, DemandLine.id == ProposalItem.line_id)
    query = query.where(ProposalItem.state.in_(WAITING), *conditions).order_by(ProposalItem.id)
    return list(session.scalars(query))


def _days_differ() -> ColumnElement[bool]:
    """Return the condition that an item's days lie outside those of its lot or its line."""
    i = ProposalItem
    pickup = or_(i.pickup_on < Lot.available_from, i.pickup_on > Lot.available_until)
    return or_(pickup, i.delivery_on < DemandLine.deliver_from, i.delivery_on > DemandLine.deliver_until)


def _reject(session: Session, association_id: int, found: Sequence[ProposalItem], refusal: Refusal, act: Act) -> None:
    if found:
        decisions.reject_many(session, Scope(association_id), [Chosen(item.uid) for item in found], refusal, act)
