"""Joint offers, from the broker who puts a pool to its suppliers to their agreement, which pins its lots to its line together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine, LineProduct, LineStatus
from catalog.errors import Conflict, Fault, Invalid, NotFound, fault
from catalog.models import Lot, LotStatus, Organisation
from catalog.tenancy import Scope, check_version, find, find_code, visible
from service.planning.joint.models import JointOffer, JointOfferLot
from service.planning.joint.together import close, items_of, parts_of
from service.planning.journal import Journal, before
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.models import LineBalance, LotBalance
from service.planning.pins import single
from service.planning.states import Channel, DecisionKind, JointState, RejectSharing
from service.planning.terms.answers import Consent

OPEN_LOTS = (LotStatus.DECLARED, LotStatus.RESERVED)


@dataclass(frozen=True)
class Pooled:
    """Kilograms of a lot (code) for a joint offer."""

    lot: str
    kg: int


def joint_offers(scope: Scope, *, states: Sequence[JointState] = ()) -> Select[Any]:
    """Select joint offers; sort by ``created_at, id``."""
    query = visible(JointOffer, scope)
    return query.where(JointOffer.state.in_(states)) if states else query


def propose(session: Session, scope: Scope, line_code: str, pooled: Sequence[Pooled], sharing: RejectSharing, act: Act) -> JointOffer:
    """Put a pool to the suppliers of its lots, with how rejects are shared; a group's sponsor signs for it.

    Raises
    ------
    NotFound
        If the line or a lot isn't there.
    Invalid
        If fewer than two lots are named, one of them twice, or one doesn't go to this line.
    Conflict
        If a lot is part of another joint offer for this line.
    """
    line = find_code(session, scope, DemandLine, line_code)
    lots = [find_code(session, scope, Lot, one.lot) for one in pooled]
    transitions.lock(session, [lot.id for lot in lots], [line.id])
    _require_fitting(session, line, lots, pooled)
    _refuse_twice(session, line, lots)
    joint = JointOffer(
        association_id=scope.association_id, line_id=line.id, reject_sharing=sharing, reason=act.why, updated_by=act.actor,
        created_at=act.at, updated_at=act.at,
    )  # fmt: skip
    with Journal(session, scope.association_id, act) as journal:
        session.add(joint)
        session.flush()
        session.add_all(
            JointOfferLot(joint_offer_id=joint.id, lot_id=lot.id, supplier_id=lot.supplier_id, kg=one.kg)
            for lot, one in zip(lots, pooled, strict=True)
        )
        session.flush()
        journal.note("joint_offer.propose", joint, None)
        _tell(session, journal, joint)
    return joint


def _require_fitting(session: Session, line: DemandLine, lots: Sequence[Lot], pooled: Sequence[Pooled]) -> None:
    products = set(session.scalars(select(LineProduct.product_id).where(LineProduct.line_id == line.id)))
    balance = session.get_one(LineBalance, line.id, populate_existing=True)
    left_kg = balance.quantity_kg - balance.promised_kg
    faults: list[Fault] = []
    if len({lot.id for lot in lots}) < max(2, len(lots)):
        faults.append(fault("lots", len(lots), "two lots or more, each once"))
    if line.status is LineStatus.CANCELLED or sum(one.kg for one in pooled) > left_kg:
        faults.append(fault("lots", sum(one.kg for one in pooled), f"at most the {left_kg} kg that the line {line.code} lacks"))
    for lot, one in zip(lots, pooled, strict=True):
        session.refresh(lot)
        offered = session.scalars(select(LotBalance.offered_kg).where(LotBalance.lot_id == lot.id)).one()
        if lot.status not in OPEN_LOTS or not 1 <= one.kg <= offered:
            faults.append(fault("kg", one.kg, f"1 to {offered} kg of the lot {lot.code}"))
        if lot.product_id not in products or lot.grade > line.max_grade:
            faults.append(fault("lot", lot.code, f"a product and grade that the line {line.code} accepts"))
    if faults:
        raise Invalid(faults)


def _refuse_twice(session: Session, line: DemandLine, lots: Sequence[Lot]) -> None:
    query = select(JointOffer).join(JointOfferLot, JointOfferLot.joint_offer_id == JointOffer.id)
    query = query.where(JointOffer.line_id == line.id, JointOffer.state != JointState.ENDED)
    found = session.scalars(query.where(JointOfferLot.lot_id.in_([lot.id for lot in lots])).limit(1)).one_or_none()
    if found is not None:
        raise Conflict("one of these lots is in another joint offer for this line", found.updated_by, found.updated_at)


def answer(
    session: Session, scope: Scope, uid: str, act: Act, *, agrees: bool, consent: Consent, version: int | None = None,
    supplier: str | None = None,
) -> JointOffer:  # fmt: skip
    """Agree for one supplier to a joint offer, or decline it, which ends it; the last one who agrees puts it in force.

    Parameters
    ----------
    supplier : uid of the supplier for whom somebody of the association speaks; an organisation speaks for itself.

    Raises
    ------
    Conflict
        If the joint offer waits for no answer of this supplier.
    PinsConflict
        If no plan can bring all of its lots to its line.
    """
    joint = find(session, scope, JointOffer, uid)
    signer = _signer(session, scope, joint, supplier, consent)
    _lock(session, joint)
    check_version(joint, version)
    mine = [part for part in parts_of(session, joint) if part.supplier_id == signer.id]
    if joint.state is not JointState.OPEN or not mine or any(part.agreed_at is not None for part in mine):
        raise Conflict("this joint offer waits for no answer of this supplier", joint.updated_by, joint.updated_at)
    with Journal(session, scope.association_id, act) as journal:
        was = before(joint)
        if agrees:
            for part in mine:
                part.agreed_at, part.agreed_by, part.channel = act.at, act.actor, consent.channel
            session.flush()
            _put_in_force(session, joint, act)
        else:
            joint.state = JointState.ENDED
        joint.updated_by, joint.updated_at = act.actor, act.at
        session.flush()
        journal.note("joint_offer.agree" if agrees else "joint_offer.decline", joint, was)
        _tell(session, journal, joint)
    return joint


def _signer(session: Session, scope: Scope, joint: JointOffer, supplier: str | None, consent: Consent) -> Organisation:
    if scope.organisation_id is not None:
        found = session.get_one(Organisation, scope.organisation_id)
        if supplier not in (None, found.uid) or all(part.supplier_id != found.id for part in parts_of(session, joint)):
            raise NotFound("joint offer", joint.uid)
        return found
    if supplier is None:
        raise Invalid([fault("supplier", "", "for whom you speak")])
    if consent.channel is Channel.SYSTEM:
        raise Invalid([fault("channel", "", "telephone, zalo or in_person: how the side that you speak for agreed")])
    return find(session, scope, Organisation, supplier)


def _put_in_force(session: Session, joint: JointOffer, act: Act) -> None:
    """Let every later plan bring all lots of a joint offer to its line, once all suppliers have agreed."""
    parts = parts_of(session, joint)
    if any(part.agreed_at is None for part in parts):
        return
    joint.state, joint.agreed_at = JointState.AGREED, act.at
    session.flush()
    for part in parts:
        single.replace_pair(session, joint.association_id, part.lot_id, joint.line_id, DecisionKind.PIN, part.kg, act)


def end(session: Session, scope: Scope, uid: str, act: Act, version: int | None = None) -> JointOffer:
    """End a joint offer of which nothing is approved, as a broker; its lots are planned by themselves again.

    Raises
    ------
    Conflict
        If it has ended, or an item of it is approved.
    """
    joint = find(session, scope, JointOffer, uid)
    _lock(session, joint)
    check_version(joint, version)
    approved = [item for item in items_of(session, joint) if item.state.value == "approved"]
    if joint.state is JointState.ENDED or (joint.state is JointState.AGREED and approved):
        raise Conflict("this joint offer has ended, or an item of it is approved: turn that down first", joint.updated_by, joint.updated_at)
    with Journal(session, scope.association_id, act) as journal:
        was = before(joint)
        close(session, joint, act)
        journal.note("joint_offer.end", joint, was)
        _tell(session, journal, joint)
    return joint


def _lock(session: Session, joint: JointOffer) -> None:
    transitions.lock(session, [part.lot_id for part in parts_of(session, joint)], [joint.line_id])
    session.refresh(joint)


def _tell(session: Session, journal: Journal, joint: JointOffer) -> None:
    """Tell the association and every supplier of a joint offer; the others' kilograms are theirs to know, for they sign together."""
    parts = parts_of(session, joint)
    told = {
        "joint_offer": joint.uid, "state": joint.state.value, "reject_sharing": joint.reject_sharing.value,
        "kg": sum(part.kg for part in parts),
    }  # fmt: skip
    own = dict.fromkeys(sorted({part.supplier_id for part in parts}), told)
    journal.tell("joint_offer.changed", told, own)
