"""What papers say of a truck: what carries which goods from where to where, when it stops, and what the scales and the door have said.

A shipment is what really rolls; a plan's trip is what shall. Both are told in the same shape, an organisation of its own goods alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine
from catalog.errors import NotFound
from catalog.models import Association, Commune, Lot, Organisation, Product, Site, VehicleClass
from catalog.tenancy import Scope, find, visible
from service.planning import models as m
from service.planning.states import ProposalState
from service.planning.terms.records import versions_of_promises

FIRST_DAY = date(1970, 1, 1)
ALIVE = (ProposalState.PROPOSED, ProposalState.APPROVED)


@dataclass(frozen=True)
class Goods:
    """Kilograms of one lot on their way to one door.

    Attributes
    ----------
    door, origin : numbers of the sites on this truck.
    terms : version of the terms that both sides have confirmed; None where nothing is confirmed yet.
    """

    lot: str
    line: str
    product: str
    grade: int
    supplier: str
    buyer: str
    origin: int
    door: int
    kg: int
    accepted_kg: int | None = None
    rejected_kg: int | None = None
    terms: int | None = None


@dataclass(frozen=True)
class Place:
    """A site by name, with its commune."""

    name: str
    commune: str

    @property
    def text(self) -> str:
        """Return both in one line; many a name ends with its commune already."""
        said = not self.commune or self.name == self.commune or self.name.endswith(f", {self.commune}")
        return self.name if said else f"{self.name}, {self.commune}"


@dataclass(frozen=True)
class Stop:
    """A stop of a truck; minutes since 1970-01-01T00:00 Vietnamese local time, None where no plan says when."""

    site: int
    arrive_min: int | None = None
    depart_min: int | None = None

    @property
    def day(self) -> date | None:
        """Return the day of the stop."""
        return None if self.arrive_min is None else FIRST_DAY + timedelta(days=self.arrive_min // 1440)


@dataclass(frozen=True)
class Journey:
    """A truck with all that papers say of it.

    Attributes
    ----------
    house : name of the association.
    uid : of the shipment; empty for a plan's trip.
    code : its number as people call it.
    places : sites by number.
    stops : in the order in which it makes them.
    """

    house: str
    uid: str
    code: str
    vehicle_class: str
    carrier: str
    plate: str
    driver_name: str
    driver_phone: str
    places: dict[int, Place]
    stops: tuple[Stop, ...]
    goods: tuple[Goods, ...]

    @property
    def kg(self) -> int:
        """Return what it carries in all, kg."""
        return sum(one.kg for one in self.goods)

    @property
    def doors(self) -> list[int]:
        """Return the sites where it leaves goods, in the order of its stops."""
        wanted = {one.door for one in self.goods}
        return list(dict.fromkeys(stop.site for stop in self.stops if stop.site in wanted))

    def loaded_kg(self, stop: Stop) -> int:
        """Return what is loaded at a stop, kg."""
        return sum(one.kg for one in self.goods if one.origin == stop.site)

    def unloaded_kg(self, stop: Stop) -> int:
        """Return what is unloaded at a stop, kg."""
        return sum(one.kg for one in self.goods if one.door == stop.site)


_farm, _door, _hub = aliased(Site), aliased(Site), aliased(m.PlanLeg)
_supplier, _buyer = aliased(Organisation), aliased(Organisation)


def of_shipment(session: Session, scope: Scope, uid: str) -> Journey:
    """Return a shipment.

    Raises
    ------
    NotFound
        If the scope sees none, or nothing aboard.
    """
    shipment = find(session, scope, m.Shipment, uid)
    item, promise, said = m.ShipmentItem, m.Promise, m.ReceiptItem
    aboard = select(item.kg, said.accepted_kg, said.rejected_kg, promise.id.label("promise")).select_from(item)
    query = _about(aboard.join(promise, promise.id == item.promise_id), promise)
    query = query.outerjoin(said, said.shipment_item_id == item.id)
    query = query.outerjoin(m.ProposalItem, m.ProposalItem.id == promise.proposal_item_id)
    query = query.outerjoin(_hub, (_hub.allocation_id == m.ProposalItem.allocation_id) & (_hub.leg == 2)).add_columns(_hub.from_site_id)
    seen = visible(promise, scope).with_only_columns(promise.id)
    rows = session.execute(query.where(item.shipment_id == shipment.id, promise.id.in_(seen)).order_by(item.id)).all()
    if not rows:
        raise NotFound("shipment", uid)
    versions = versions_of_promises(session, {row.promise for row in rows})
    goods = [replace(_goods(row, row.from_site_id, from_hub=shipment.from_hub), terms=versions.get(row.promise)) for row in rows]
    stops = _stops(session, shipment.trip_id) or _usual_stops(goods)
    told = (shipment.plate, shipment.driver_name, shipment.driver_phone)
    return _journey(session, scope, (shipment.uid, shipment.code), shipment.vehicle_class_id, shipment.carrier_id, told, stops, goods)


def of_trip(session: Session, scope: Scope, plan_uid: str, number: int) -> Journey:
    """Return a plan's trip with what is proposed or approved of it.

    Raises
    ------
    NotFound
        If the plan has no such trip, or nothing of it is left.
    """
    plan = find(session, scope, m.Plan, plan_uid)
    trip = session.scalars(select(m.PlanTrip).where(m.PlanTrip.plan_id == plan.id, m.PlanTrip.number == number)).one_or_none()
    if trip is None:
        raise NotFound("trip", str(number))
    item, leg = m.ProposalItem, m.PlanLeg
    query = _about(select(item.kg, leg.from_site_id, leg.to_site_id).select_from(item), item).join(
        leg, leg.allocation_id == item.allocation_id
    )
    rows = session.execute(query.where(leg.trip_id == trip.id, item.state.in_(ALIVE), item.own_km.is_(None)).order_by(item.id)).all()
    if not rows:
        raise NotFound("trip", str(number))
    goods = [_one(row, row.from_site_id, row.to_site_id) for row in rows]
    stops = _stops(session, trip.id) or _usual_stops(goods)
    return _journey(session, scope, ("", str(number)), trip.vehicle_class_id, None, ("", "", ""), stops, goods)


def _about(query: Any, of: Any) -> Any:
    """Add to a query what is told of the lot and the line that a row names."""
    query = query.join(Lot, Lot.id == of.lot_id).join(DemandLine, DemandLine.id == of.line_id)
    query = query.join(Product, Product.id == Lot.product_id).join(_supplier, _supplier.id == Lot.supplier_id)
    query = query.join(_buyer, _buyer.id == DemandLine.organisation_id)
    return query.add_columns(
        Lot.code.label("lot"), DemandLine.code.label("line"), Product.name.label("product"), Lot.grade, _supplier.name.label("supplier"),
        _buyer.name.label("buyer"), Lot.site_id.label("farm"), DemandLine.site_id.label("door"),
    )  # fmt: skip


def _goods(row: Any, hub: int | None, *, from_hub: bool) -> Goods:
    origin, target = (hub or row.farm, row.door) if from_hub else (row.farm, hub or row.door)
    return _one(row, origin, target, row.accepted_kg, row.rejected_kg)


def _one(row: Any, origin: int, target: int, accepted_kg: int | None = None, rejected_kg: int | None = None) -> Goods:
    names = (row.lot, row.line, row.product, row.grade, row.supplier, row.buyer)
    return Goods(*names, origin, target, row.kg, accepted_kg, rejected_kg)


def _stops(session: Session, trip_id: int | None) -> tuple[Stop, ...]:
    s = m.PlanStop
    rows = session.execute(select(s.site_id, s.arrive_min, s.depart_min).where(s.trip_id == trip_id).order_by(s.seq)).all()
    return tuple(Stop(*row) for row in rows)


def _usual_stops(goods: Sequence[Goods]) -> tuple[Stop, ...]:
    """Where no plan says how a truck goes, it fetches everything and then brings it."""
    sites = dict.fromkeys([*(one.origin for one in goods), *(one.door for one in goods)])
    return tuple(Stop(site) for site in sites)


def _journey(
    session: Session, scope: Scope, name: tuple[str, str], class_id: int | None, carrier_id: int | None, told: tuple[str, str, str],
    stops: tuple[Stop, ...], goods: Sequence[Goods],
) -> Journey:  # fmt: skip
    own = {site for one in goods for site in (one.origin, one.door)}
    # Where else the truck stops concerns those alone who have goods there.
    stops = stops if scope.organisation_id is None else tuple(stop for stop in stops if stop.site in own)
    places = places_of(session, {stop.site for stop in stops} | own)
    truck = "" if class_id is None else session.get_one(VehicleClass, class_id).code
    carrier = "" if carrier_id is None else session.get_one(Organisation, carrier_id).name
    house = session.get_one(Association, scope.association_id).name
    return Journey(house, *name, truck, carrier, *told, places, stops, tuple(goods))


def places_of(session: Session, sites: set[int]) -> dict[int, Place]:
    """Return sites by number."""
    query = select(Site.id, Site.name, Site.code, Organisation.name.label("owner"), Commune.name.label("commune"))
    query = query.outerjoin(Organisation, Organisation.id == Site.organisation_id).outerjoin(Commune, Commune.code == Site.commune_code)
    rows = session.execute(query.where(Site.id.in_(sites))).all()
    return {row.id: Place(row.name or row.owner or row.code, row.commune or "") for row in rows}
