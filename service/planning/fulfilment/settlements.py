"""Settlements: drafted from receipts, issued to both sides, paid; and the proof that no đồng was lost on the way.

Drafting shares the money out and closes the kilograms (`service.planning.fulfilment.deliveries.settle`). An issued settlement is never
changed again but for being paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from catalog.errors import Conflict, Invalid, fault
from catalog.tenancy import Scope, check_version, find, visible
from service.days import VIETNAM
from service.planning import models as m
from service.planning.fulfilment import deliveries
from service.planning.joint import together
from service.planning.joint.models import JointOffer, JointPromise
from service.planning.journal import Journal, before
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.states import RejectSharing, SettlementState
from service.planning.terms import accounts

USUAL_DAYS = 30
"""Days until payment where no contract says otherwise."""


def settlements(scope: Scope, *, states: Sequence[SettlementState] = ()) -> Select[Any]:
    """Select settlements; sort by ``created_at, id``."""
    query = visible(m.Settlement, scope)
    return query.where(m.Settlement.state.in_(states)) if states else query


def draft(session: Session, scope: Scope, receipt_uid: str, act: Act) -> list[m.Settlement]:
    """Share out the money of everything on a receipt that hasn't been settled yet.

    Raises
    ------
    Conflict
        If all of it has been settled, or a truck before the hub hasn't been received yet.
    """
    receipt = find(session, scope, m.Receipt, receipt_uid)
    rows = select(m.ReceiptItem.id, m.ShipmentItem.promise_id).join(m.ShipmentItem, m.ShipmentItem.id == m.ReceiptItem.shipment_item_id)
    found = session.execute(rows.where(m.ReceiptItem.receipt_id == receipt.id).order_by(m.ReceiptItem.id)).all()
    transitions.lock_promises(session, [row.promise_id for row in found])
    done = set(session.scalars(select(m.Settlement.receipt_item_id).where(m.Settlement.receipt_item_id.in_([row.id for row in found]))))
    waiting = [row.id for row in found if row.id not in done]
    if not waiting:
        last = session.scalars(select(m.Settlement).where(m.Settlement.receipt_item_id.in_(done)).limit(1)).one_or_none()
        who = (last.updated_by, last.created_at) if last else (None, None)
        raise Conflict("everything on this receipt has been settled", *who)
    with Journal(session, scope.association_id, act) as journal:
        made = [deliveries.settle(session, number, act) for number in waiting]
        for settlement in made:
            journal.note("settlement.draft", settlement, None)
            _tell(journal, "settlement.created", settlement)
    return made


def issue(session: Session, scope: Scope, uid: str, act: Act, version: int | None = None, due_on: date | None = None) -> m.Settlement:
    """Send a draft to both sides, due on a day: the contract's, the one given, or thirty days from now."""
    settlement = _locked(session, scope, uid, SettlementState.DRAFT, version)
    today = act.at.astimezone(VIETNAM).date()
    if due_on is not None and due_on < today:
        raise Invalid([fault("due_on", due_on, "today or later")])
    with Journal(session, scope.association_id, act) as journal:
        was = before(settlement)
        settlement.due_on = due_on or settlement.due_on or today + timedelta(days=USUAL_DAYS)
        settlement.state, settlement.updated_by = SettlementState.ISSUED, act.actor
        session.flush()
        journal.note("settlement.issue", settlement, was)
        _tell(journal, "settlement.issued", settlement)
    return settlement


def pay(session: Session, scope: Scope, uid: str, act: Act, version: int | None = None) -> m.Settlement:
    """Note that an issued settlement has been paid."""
    settlement = _locked(session, scope, uid, SettlementState.ISSUED, version)
    with Journal(session, scope.association_id, act) as journal:
        was = before(settlement)
        settlement.state, settlement.paid_at, settlement.updated_by = SettlementState.PAID, act.at, act.actor
        session.flush()
        accounts.book_payment(session, settlement, act)
        journal.note("settlement.pay", settlement, was)
        _tell(journal, "settlement.paid", settlement)
    return settlement


def _locked(session: Session, scope: Scope, uid: str, state: SettlementState, version: int | None) -> m.Settlement:
    settlement = find(session, scope, m.Settlement, uid, lock=True)
    if settlement.state is not state:
        raise Conflict(f"this settlement is {settlement.state}, not {state}", settlement.updated_by, settlement.updated_at)
    check_version(settlement, version)
    return settlement


def _tell(journal: Journal, kind: str, settlement: m.Settlement) -> None:
    """Tell the association all of it, the supplier what he gets and the buyer what he pays."""
    told = {"settlement": settlement.uid, "state": settlement.state.value, "kg": settlement.kg}
    supplier, buyer = {**told, "supplier_vnd": settlement.supplier_vnd}, {**told, "buyer_vnd": settlement.buyer_vnd}
    parts = {name: getattr(settlement, name) for name in ("freight_vnd", "hub_vnd", "fee_vnd")}
    journal.tell(kind, {**supplier, **buyer, **parts}, {settlement.supplier_id: supplier, settlement.buyer_id: buyer})


def lost_money(session: Session) -> list[str]:
    """Return one sentence for each settlement, truck or account whose đồng don't add up; an empty list is proof that all do."""
    return [*_broken_parts(session), *_broken_shares(session), *_broken_masses(session), *accounts.imbalances(session)]


def _broken_parts(session: Session) -> list[str]:
    s = m.Settlement
    wrong = (s.buyer_vnd < s.kg * s.price_vnd_per_kg) | (s.buyer_vnd != s.freight_vnd + s.hub_vnd + s.fee_vnd + s.supplier_vnd)
    return [f"settlement {uid}: its parts don't add up to what the buyer pays" for uid in session.scalars(select(s.uid).where(wrong))]


def _broken_shares(session: Session) -> list[str]:
    s, share = m.Settlement, m.SettlementShare
    sums = (
        select(share.settlement_id, func.sum(share.vnd).label("vnd"), func.sum(share.kg).label("kg"))
        .group_by(share.settlement_id)
        .subquery()
    )
    wrong = select(s.uid).join(sums, sums.c.settlement_id == s.id).where((sums.c.vnd != s.supplier_vnd) | (sums.c.kg != s.kg))
    return [f"settlement {uid}: its members' shares don't add up" for uid in session.scalars(wrong)]


def _broken_masses(session: Session) -> list[str]:
    """A settlement pays for what the door accepted, no more and no less; what a joint offer shares, for its part of that."""
    query = select(m.Settlement, m.ReceiptItem, m.ShipmentItem).join(m.ReceiptItem, m.ReceiptItem.id == m.Settlement.receipt_item_id)
    query = query.join(m.ShipmentItem, m.ShipmentItem.id == m.ReceiptItem.shipment_item_id)
    shared = select(JointPromise.promise_id).join(JointOffer, JointOffer.id == JointPromise.joint_offer_id)
    shared = shared.where(JointOffer.reject_sharing == RejectSharing.SHARED)
    doubtful = query.where((m.Settlement.kg != m.ReceiptItem.accepted_kg) | m.ShipmentItem.promise_id.in_(shared))
    rows = session.execute(doubtful).all()
    wrong = [one.uid for one, received, item in rows if one.kg != together.paid_kg(session, received, item)]
    return [f"settlement {uid}: it pays for other kilograms than were accepted" for uid in wrong]
