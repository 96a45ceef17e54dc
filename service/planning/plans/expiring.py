"""What is agreed for days on which a certificate that it needs will have run out."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from buyers.models import LineRequirement
from catalog.models import Certificate, Lot
from service.planning.models import Promise, ProposalItem

AGREED = Promise.held_kg + Promise.confirmed_kg + Promise.loaded_kg


def agreed_beyond(session: Session, certificate_ids: Collection[int]) -> dict[int, int]:
    """Return by certificate the kilograms promised for days after its last one that need it; those a renewal covers are left out."""
    renewal = aliased(Certificate)
    covered = exists().where(
        renewal.organisation_id == Certificate.organisation_id,
        renewal.id != Certificate.id,
        renewal.scheme == Certificate.scheme,
        or_(renewal.product_id.is_(None), renewal.product_id == Lot.product_id),
        renewal.withdrawn_on.is_(None),
        renewal.waiting.is_(False),
        renewal.level >= LineRequirement.min_level,
        renewal.valid_from <= ProposalItem.pickup_on,
        renewal.valid_until >= ProposalItem.delivery_on,
    )
    query = (
        select(Certificate.id, func.sum(AGREED))
        .join(Lot, Lot.organisation_id == Certificate.organisation_id)
        .join(Promise, Promise.lot_id == Lot.id)
        .join(ProposalItem, ProposalItem.id == Promise.proposal_item_id)
        .join(LineRequirement, (LineRequirement.line_id == Promise.line_id) & (LineRequirement.scheme == Certificate.scheme))
        .where(
            Certificate.id.in_(certificate_ids),
            or_(Certificate.product_id.is_(None), Certificate.product_id == Lot.product_id),
            ProposalItem.delivery_on > Certificate.valid_until,
            AGREED > 0,
            ~covered,
        )
        .group_by(Certificate.id)
    )
    return {number: int(kg) for number, kg in session.execute(query)}
