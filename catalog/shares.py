"""What members have put into lots; money follows these kilograms."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from catalog.errors import Fault, Invalid, fault
from catalog.models import Lot, LotShare, Member
from catalog.tenancy import Scope, check_version, find


def share_lot(session: Session, scope: Scope, uid: str, shares: Mapping[str, int], by: str, version: int | None = None) -> Lot:
    """State what each member (uid) has put into a lot, kg, in place of what was stated before; nothing states that nobody says.

    Raises
    ------
    Stale
        If the lot has changed since `version`.
    Invalid
        If somebody is no member of its cooperative, or the kilograms don't add up to the lot's.
    """
    lot = find(session, scope, Lot, uid, lock=True)
    check_version(lot, version)
    if faults := faults_of_shares(session, lot.organisation_id, shares, lot.quantity_kg):
        raise Invalid(sorted(faults))
    members = dict(session.execute(select(Member.uid, Member.id).where(Member.uid.in_(shares))).all())
    session.execute(delete(LotShare).where(LotShare.lot_id == lot.id))
    session.add_all(LotShare(lot_id=lot.id, member_id=members[member], kg=kg) for member, kg in shares.items())
    lot.updated_by = by
    session.flush()
    return lot


def faults_of_shares(session: Session, organisation_id: int, shares: Mapping[str, int], kg: int) -> list[Fault]:
    """Return what is wrong with the kilograms that members (uid) are said to have put into a lot; nothing is wrong with none."""
    if not shares:
        return []
    known = set(session.scalars(select(Member.uid).where(Member.organisation_id == organisation_id, Member.erased_at.is_(None))))
    faults = [fault("shares", uid, "a member of this cooperative") for uid in shares if uid not in known]
    if min(shares.values()) < 1 or sum(shares.values()) != kg:
        faults.append(fault("shares", sum(shares.values()), f"kilograms that add up to {kg}"))
    return faults
