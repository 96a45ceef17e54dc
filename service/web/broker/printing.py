"""A plan's items, or a draft's allocations, as plain rows, in the order of days and trucks, and the names behind lots and lines."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine
from catalog.models import Lot, Organisation, Product, Site, VehicleClass
from service.planning import models as m
from service.planning.parties import called

SUPPLIER, BUYER = aliased(Organisation), aliased(Organisation)
NAMES = (
    Lot.grade, m.PlanTrip.number.label("trip"), VehicleClass.code.label("truck"), called(SUPPLIER, Site).label("supplier"),
    BUYER.name.label("buyer"), Product.name.label("product"), Lot.code.label("lot"), DemandLine.code.label("line"),
)  # fmt: skip


def rows(session: Session, plan: m.Plan) -> list[Any]:
    """Return the items of a published plan: day, trip, truck, goods and both sides."""
    i = m.ProposalItem
    query: Any = select(i.pickup_on, i.delivery_on, i.kg, i.state, i.own_km, *NAMES).select_from(i)
    query = query.join(m.PlanAllocation, m.PlanAllocation.id == i.allocation_id)
    query = _joined(query, i.lot_id, i.line_id).outerjoin(VehicleClass, VehicleClass.id == i.vehicle_class_id)
    return list(session.execute(query.where(m.PlanAllocation.plan_id == plan.id).order_by(i.pickup_on, m.PlanTrip.number, i.id)))


def draft_rows(session: Session, plan: m.Plan) -> list[Any]:
    """Return the allocations of a plan: day, trip, truck, goods and both sides."""
    a = m.PlanAllocation
    query: Any = select(a.pickup_on, a.delivery_on, a.kg, *NAMES).select_from(a)
    query = _joined(query, a.lot_id, a.line_id).outerjoin(VehicleClass, VehicleClass.id == m.PlanTrip.vehicle_class_id)
    return list(session.execute(query.where(a.plan_id == plan.id).order_by(a.pickup_on, m.PlanTrip.number, a.id)))


def _joined(query: Any, lot_id: Any, line_id: Any) -> Any:
    """Join an allocation's goods, both sides and the trip that picks it up."""
    leg = m.PlanLeg
    query = query.join(Lot, Lot.id == lot_id).join(DemandLine, DemandLine.id == line_id)
    query = query.join(Product, Product.id == Lot.product_id).join(Site, Site.id == Lot.site_id)
    query = query.join(SUPPLIER, SUPPLIER.id == Lot.supplier_id).join(BUYER, BUYER.id == DemandLine.organisation_id)
    first = (leg.allocation_id == m.PlanAllocation.id) & (leg.leg == 1)
    return query.outerjoin(leg, first).outerjoin(m.PlanTrip, m.PlanTrip.id == leg.trip_id)


def parties(session: Session, lots: Collection[str], lines: Collection[str]) -> dict[str, str]:
    """Return the supplier of each lot and the buyer of each line, by uid."""
    suppliers = select(Lot.uid, Organisation.name).join(Organisation, Organisation.id == Lot.supplier_id).where(Lot.uid.in_(lots))
    buyers = select(DemandLine.uid, Organisation.name).join(Organisation, Organisation.id == DemandLine.organisation_id)
    return {uid: name for query in (suppliers, buyers.where(DemandLine.uid.in_(lines))) for uid, name in session.execute(query)}
