"""A plan as its board needs it: every item and every trip, column by column, so that thousands travel in few bytes.

Names stand in lists of their own and rows hold their places in them; days count from the first day of the plan, minutes from its midnight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine
from catalog.models import Lot, Organisation, Product, Site, SiteKind, VehicleClass
from service.planning import models as m
from service.planning.columns import day_number
from service.planning.fulfilment.balances import ItemBalance, balances_of_items
from service.planning.parties import called
from service.planning.states import DecisionKind
from service.planning.terms.figures import figures_of_items
from service.views.proposals import Stage, stage_of

STAGES = tuple(stage.value for stage in Stage)
KINDS = tuple(kind.value for kind in SiteKind)
Json = dict[str, Any]


class _Names:
    """Names in the order in which they were first met, and their places."""

    def __init__(self) -> None:
        self._places: dict[Any, int] = {}

    def place(self, name: Any) -> int:
        return self._places.setdefault(name, len(self._places))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._places)


def board(session: Session, plan: m.Plan) -> Json:
    """Return everything that the board of a plan shows."""
    trips, sites = _trips(session, plan)
    first = first_day(session, plan)
    return {
        "plan": plan.uid, "first": first.isoformat(), "stages": STAGES, "kinds": KINDS,
        "items": items(session, plan, first), "trips": _columns(trips, first), "sites": sites,
    }  # fmt: skip


def items(session: Session, plan: m.Plan, first: date, since: datetime | None = None) -> Json:
    """Return the items of a plan, or those that have changed since a moment, column by column."""
    rows = _item_rows(session, plan, since)
    found = [row[0] for row in rows]
    money, promises = figures_of_items(session, found), _promises(session, plan)
    balances, again = balances_of_items(session, found), _proposed_again(session, found)
    riding = _riding(session, plan)
    parties, products, trucks = _Names(), _Names(), _Names()
    columns: dict[str, list[Any]] = {name: [] for name in ITEM_COLUMNS}
    for i, lot, line, grade, product, supplier, buyer, truck, kind in rows:
        worth_of = money[i.id]
        values = (
            i.uid, i.version, STAGES.index(stage_of(i, promises.get(i.id)).value), lot, line, products.place(product), grade,
            parties.place(supplier), parties.place(buyer), i.kg, _day(i.pickup_on, first), _day(i.delivery_on, first),
            -1 if truck is None else trucks.place(truck), [] if i.own_km is not None else riding.get(i.allocation_id, []),
            worth_of.parts.supplier_vnd, worth_of.parts.buyer_vnd, worth_of.parts.freight_vnd + worth_of.parts.hub_vnd,
            worth_of.bid_vnd_per_kg - worth_of.ask_vnd_per_kg, _pinned(kind), i.reason_code.value if i.reason_code else "",
            _far(balances.get(i.id)), int(i.id in again),
        )  # fmt: skip
        for column, value in zip(columns.values(), values):
            column.append(value)
    latest = max((i.updated_at for i in found), default=since)
    return {"names": list(parties), "products": list(products), "trucks": list(trucks), "latest": latest and latest.isoformat(), **columns}


ITEM_COLUMNS = (
    "uid", "version", "stage", "lot", "line", "product", "grade", "supplier", "buyer", "kg", "pickup", "delivery", "truck", "trips",
    "gets", "pays", "freight", "over", "pin", "reason", "far", "again",
)  # fmt: skip


def _far(balance: ItemBalance | None) -> list[int]:
    """Return how far an item has come: kg loaded, accepted, rejected, settled, paid, then the supplier's and the buyer's settled đồng."""
    if balance is None or not balance.loaded_kg:
        return []
    masses = [balance.loaded_kg, balance.accepted_kg, balance.rejected_kg, balance.settled_kg, balance.paid_kg]
    return [*masses, balance.supplier_vnd, balance.buyer_vnd]


def _proposed_again(session: Session, found: Sequence[m.ProposalItem]) -> set[int]:
    """Return the numbers of items whose pair was rejected before and has changed since."""
    basis = m.ProposalBasis
    query = select(basis.item_id, basis.changed).where(basis.item_id.in_([i.id for i in found]))
    return {number for number, changed in session.execute(query) if changed}


def _item_rows(session: Session, plan: m.Plan, since: datetime | None) -> Sequence[Any]:
    i, supplier, buyer = m.ProposalItem, aliased(Organisation), aliased(Organisation)
    query: Any = select(
        i, Lot.code, DemandLine.code, Lot.grade, Product.name, called(supplier, Site), buyer.name, VehicleClass.code, m.Decision.kind
    )
    query = query.join(m.PlanAllocation, m.PlanAllocation.id == i.allocation_id).join(Lot, Lot.id == i.lot_id)
    query = (
        query.join(DemandLine, DemandLine.id == i.line_id).join(Product, Product.id == Lot.product_id).join(Site, Site.id == Lot.site_id)
    )
    query = query.join(supplier, supplier.id == Lot.supplier_id).join(buyer, buyer.id == DemandLine.organisation_id)
    query = query.outerjoin(VehicleClass, VehicleClass.id == i.vehicle_class_id)
    standing = (m.Decision.lot_id == i.lot_id) & (m.Decision.line_id == i.line_id) & m.Decision.revoked_at.is_(None)
    query = query.outerjoin(m.Decision, standing).where(m.PlanAllocation.plan_id == plan.id)
    if since is not None:
        query = query.where((i.updated_at > since) | i.allocation_id.in_(_beside(since)))
    found: Sequence[Any] = session.execute(query.order_by(i.id)).all()
    return found


def _beside(since: datetime) -> Any:
    """Select the allocations that share a truck with one that has changed since a moment: their share of it has changed, too."""
    mine, other, i = aliased(m.PlanLeg), aliased(m.PlanLeg), m.ProposalItem
    query = select(other.allocation_id).join(mine, mine.trip_id == other.trip_id).join(i, i.allocation_id == mine.allocation_id)
    return query.where(i.updated_at > since)


def _promises(session: Session, plan: m.Plan) -> dict[int | None, m.Promise]:
    """Return the latest promise of each item of a plan."""
    p, i = m.Promise, m.ProposalItem
    of_plan = select(i.id).join(m.PlanAllocation, m.PlanAllocation.id == i.allocation_id).where(m.PlanAllocation.plan_id == plan.id)
    latest = select(func.max(p.id)).where(p.proposal_item_id.in_(of_plan)).group_by(p.proposal_item_id)
    return {promise.proposal_item_id: promise for promise in session.scalars(select(p).where(p.id.in_(latest)))}


def _riding(session: Session, plan: m.Plan) -> dict[int, list[int]]:
    """Return the numbers of the trips of each allocation."""
    leg, trip = m.PlanLeg, m.PlanTrip
    query = select(leg.allocation_id, trip.number).join(trip, trip.id == leg.trip_id).where(trip.plan_id == plan.id)
    found: dict[int, list[int]] = {}
    for allocation, number in session.execute(query.order_by(leg.allocation_id, leg.leg)):
        found.setdefault(allocation, []).append(number)
    return found


def first_day(session: Session, plan: m.Plan) -> date:
    """Return the day that a board counts from: the first pick-up, or where there is none the day on which the plan was made."""
    a = m.PlanAllocation
    first = session.scalars(select(func.min(a.pickup_on)).where(a.plan_id == plan.id)).one()
    return first or plan.created_at.date()


def _trips(session: Session, plan: m.Plan) -> tuple[list[Json], list[list[Any]]]:
    """Return trips with their stops, those of carriers with their two ends alone, and the sites that they stop at."""
    t, stop, leg = m.PlanTrip, m.PlanStop, m.PlanLeg
    rows = session.execute(
        select(t.id, t.number, VehicleClass.code, t.km, t.cost_vnd).outerjoin(VehicleClass, VehicleClass.id == t.vehicle_class_id)
        .where(t.plan_id == plan.id).order_by(t.number)
    ).all()  # fmt: skip
    stops: dict[int, list[tuple[int, int | None, int | None]]] = {}
    of_plan = select(stop.trip_id, stop.site_id, stop.arrive_min, stop.depart_min).join(t, t.id == stop.trip_id).where(t.plan_id == plan.id)
    for trip, *told in session.execute(of_plan.order_by(stop.trip_id, stop.seq)):
        stops.setdefault(trip, []).append((told[0], told[1], told[2]))
    ends = select(leg.trip_id, leg.from_site_id, leg.to_site_id).join(t, t.id == leg.trip_id).where(t.plan_id == plan.id)
    for trip, start, end in session.execute(ends.order_by(leg.trip_id)):
        stops.setdefault(trip, [(start, None, None), (end, None, None)])
    names = _Names()
    trips = [
        {"number": row.number, "truck": row[2] or "", "km": row.km, "cost": row.cost_vnd,
         "stops": [(names.place(site), arrive, depart) for site, arrive, depart in stops.get(row.id, [])]}
        for row in rows
    ]  # fmt: skip
    return trips, _sites(session, list(names))


def _sites(session: Session, numbers: Sequence[int]) -> list[list[Any]]:
    query = select(Site.id, Site.name, Site.code, Organisation.name, Site.kind, Site.lat, Site.lon)
    query = query.outerjoin(Organisation, Organisation.id == Site.organisation_id).where(Site.id.in_(numbers))
    found = {
        row[0]: [row[1] or row[3] or row[2], KINDS.index(row[4].value), round(row[5], 4), round(row[6], 4)]
        for row in session.execute(query)
    }
    return [found[number] for number in numbers]


def _columns(trips: Sequence[Json], first: date) -> Json:
    """Return trips column by column; each stop is three numbers on end: site, minute of arrival, minutes of stay."""
    midnight, trucks = day_number(first) * 1440, _Names()
    flat: list[list[int]] = []
    for trip in trips:
        told: list[int] = []
        for site, arrive, depart in trip["stops"]:
            told += [site, -1, 0] if arrive is None else [site, arrive - midnight, depart - arrive]
        flat.append(told)
    return {
        "number": [trip["number"] for trip in trips], "truck": [trucks.place(trip["truck"]) for trip in trips],
        "km": [round(trip["km"], 1) for trip in trips], "cost": [trip["cost"] for trip in trips], "stops": flat, "trucks": list(trucks),
    }  # fmt: skip


def _day(day: date | None, first: date) -> int:
    return -1 if day is None else (day - first).days


def _pinned(kind: DecisionKind | None) -> int:
    return 0 if kind is None else 1 if kind is DecisionKind.PIN else -1
