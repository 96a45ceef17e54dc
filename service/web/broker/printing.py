"""A plan's items as plain rows, in the order of days and trucks, and the names behind lots and lines."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine
from catalog.models import Lot, Organisation, Product, Site, VehicleClass
from service.planning import models as m
from service.planning.parties import called


def rows(session: Session, plan: m.Plan) -> list[Any]:
    """Return the items of a plan: day, trip, truck, goods and both sides."""
    i, supplier, buyer, leg = m.ProposalItem, aliased(Organisation), aliased(Organisation), m.PlanLeg
    names = {"supplier": called(supplier, Site), "buyer": buyer.name, "product": Product.name, "lot": Lot.code, "line": DemandLine.code}
    named = (column.label(name) for name, column in names.items())
    query: Any = select(i.pickup_on, i.delivery_on, i.kg, i.state, i.own_km, Lot.grade, m.PlanTrip.number.label("trip"), *named)
    query = query.add_columns(VehicleClass.code.label("truck")).select_from(i)
    query = query.join(m.PlanAllocation, m.PlanAllocation.id == i.allocation_id).join(Lot, Lot.id == i.lot_id)
    query = (
        query.join(DemandLine, DemandLine.id == i.line_id).join(Product, Product.id == Lot.product_id).join(Site, Site.id == Lot.site_id)
    )
    query = query.join(supplier, supplier.id == Lot.supplier_id).join(buyer, buyer.id == DemandLine.organisation_id)
    query = query.outerjoin(leg, (leg.allocation_id == i.allocation_id) & (leg.leg == 1)).outerjoin(
        m.PlanTrip, m.PlanTrip.id == leg.trip_id
    )
    query = query.outerjoin(VehicleClass, VehicleClass.id == i.vehicle_class_id).where(m.PlanAllocation.plan_id == plan.id)
    return list(session.execute(query.order_by(i.pickup_on, m.PlanTrip.number, i.id)))


def parties(session: Session, lots: Collection[str], lines: Collection[str]) -> dict[str, str]:
    """Return the supplier of each lot and the buyer of each line, by uid."""
    suppliers = select(Lot.uid, Organisation.name).join(Organisation, Organisation.id == Lot.supplier_id).where(Lot.uid.in_(lots))
    buyers = select(DemandLine.uid, Organisation.name).join(Organisation, Organisation.id == DemandLine.organisation_id)
    return {uid: name for query in (suppliers, buyers.where(DemandLine.uid.in_(lines))) for uid, name in session.execute(query)}
