"""Who sees joint offers: the association all, a supplier those with its own lots, a buyer those that all suppliers have agreed to."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select

from buyers.models import DemandLine
from catalog.tenancy import Scope, rule
from service.planning.joint.models import JointOffer, JointOfferLot
from service.planning.states import JointState


def _joint_offers(scope: Scope) -> Sequence[ColumnElement[bool]]:
    mine: list[ColumnElement[bool]] = [JointOffer.association_id == scope.association_id]
    if scope.organisation_id is not None:
        sold = JointOffer.id.in_(select(JointOfferLot.joint_offer_id).where(scope.owns(JointOfferLot.supplier_id)))
        asked = JointOffer.line_id.in_(select(DemandLine.id).where(scope.owns(DemandLine.organisation_id)))
        mine.append(or_(sold, asked & (JointOffer.state == JointState.AGREED)))
    return mine


rule(JointOffer, _joint_offers)
