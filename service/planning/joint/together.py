"""What makes a joint offer one: the items of its lots are locked, confirmed and turned down together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Select, insert, select, tuple_
from sqlalchemy.orm import Session

from service.planning.fulfilment import money
from service.planning.joint.models import JointOffer, JointOfferLot, JointPromise
from service.planning.ledger.transitions import Act
from service.planning.models import Decision, Promise, ProposalItem, ReceiptItem, ShipmentItem
from service.planning.states import DecisionKind, JointState, ProposalState, RejectSharing

ALIVE = (ProposalState.PROPOSED, ProposalState.APPROVED)
Pair = tuple[int, int]
"""Numbers of a lot and a line."""


def joint_offers_of(session: Session, pairs: Collection[Pair]) -> dict[Pair, JointOffer]:
    """Return the joint offer that all suppliers have agreed to of each pair of lot and line that is part of one."""
    j, part = JointOffer, JointOfferLot
    query = select(part.lot_id, j).join(j, j.id == part.joint_offer_id).where(j.state == JointState.AGREED)
    query = query.where(tuple_(part.lot_id, j.line_id).in_(list(pairs)))
    return {(lot, joint.line_id): joint for lot, joint in session.execute(query)} if pairs else {}


def lots_beside(session: Session, pairs: Collection[Pair]) -> set[int]:
    """Return the lots of the joint offers that pairs are part of; whoever decides about one of them locks all."""
    found = {joint.id for joint in joint_offers_of(session, pairs).values()}
    return set(session.scalars(select(JointOfferLot.lot_id).where(JointOfferLot.joint_offer_id.in_(found)))) if found else set()


def items_of(session: Session, joint: JointOffer) -> list[ProposalItem]:
    """Return the items of a joint offer that are proposed or approved, by their number; their lots are locked."""
    i, part = ProposalItem, JointOfferLot
    lots = select(part.lot_id).where(part.joint_offer_id == joint.id)
    query = select(i).where(i.lot_id.in_(lots), i.line_id == joint.line_id, i.state.in_(ALIVE)).order_by(i.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def is_confirmed_by_all(session: Session, joint: JointOffer) -> bool:
    """Return whether every lot of a joint offer has an item that both sides have confirmed."""
    both = {one.lot_id for one in items_of(session, joint) if one.supplier_confirmed_at is not None and one.buyer_confirmed_at is not None}
    return both >= set(session.scalars(select(JointOfferLot.lot_id).where(JointOfferLot.joint_offer_id == joint.id)))


def attach(session: Session, items: Iterable[ProposalItem], promises: Mapping[int, Promise]) -> None:
    """Note which new promises are part of a joint offer."""
    pairs = {(item.lot_id, item.line_id): item for item in items}
    found = joint_offers_of(session, pairs)
    rows = [{"promise_id": promises[pairs[pair].id].id, "joint_offer_id": joint.id} for pair, joint in found.items()]
    if rows:
        session.execute(insert(JointPromise), rows)


def parts_of(session: Session, joint: JointOffer) -> list[JointOfferLot]:
    """Return the lots of a joint offer, as they are now."""
    query = select(JointOfferLot).where(JointOfferLot.joint_offer_id == joint.id).order_by(JointOfferLot.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def close(session: Session, joint: JointOffer, act: Act) -> None:
    """Take the pins of a joint offer back and call it ended; its lots and its line are locked."""
    lots = select(JointOfferLot.lot_id).where(JointOfferLot.joint_offer_id == joint.id)
    pins = select(Decision).where(Decision.line_id == joint.line_id, Decision.lot_id.in_(lots), Decision.revoked_at.is_(None))
    for pin in session.scalars(pins.where(Decision.kind == DecisionKind.PIN)) if joint.state is JointState.AGREED else ():
        pin.revoked_at, pin.revoked_by, pin.updated_by = act.at, act.actor, act.actor
    joint.state, joint.updated_by, joint.updated_at = JointState.ENDED, act.actor, act.at
    session.flush()


def joint_items() -> Select[int | None]:
    """Select the numbers of the items that were promised as parts of joint offers."""
    return select(Promise.proposal_item_id).join(JointPromise, JointPromise.promise_id == Promise.id)


def paid_kg(session: Session, received: ReceiptItem, item: ShipmentItem) -> int:
    """Return the kilograms of a received item that are paid for: what the door accepted of it, or its part of what a joint offer shares.

    Where rejects are shared, what the door accepted of all goods of the joint offer on one receipt is shared by the loaded kilograms.
    """
    joint = joint_offer_of_promise(session, item.promise_id)
    if joint is None or joint.reject_sharing is not RejectSharing.SHARED:
        return received.accepted_kg
    query = select(ReceiptItem.id, ReceiptItem.accepted_kg, ShipmentItem.kg)
    query = query.join(ShipmentItem, ShipmentItem.id == ReceiptItem.shipment_item_id)
    query = query.join(JointPromise, JointPromise.promise_id == ShipmentItem.promise_id)
    rows = session.execute(query.where(ReceiptItem.receipt_id == received.receipt_id, JointPromise.joint_offer_id == joint.id)).all()
    return money.share(sum(row.accepted_kg for row in rows), {row.id: row.kg for row in rows})[received.id]


def joint_offer_of_promise(session: Session, promise_id: int) -> JointOffer | None:
    """Return the joint offer that a promise is part of."""
    query = select(JointOffer).join(JointPromise, JointPromise.joint_offer_id == JointOffer.id)
    return session.scalars(query.where(JointPromise.promise_id == promise_id)).one_or_none()
