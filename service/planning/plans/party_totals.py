"""What a plan, published or not, means for each cooperative and each buyer: the same sums that proposals and settlements make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine
from catalog.models import Lot, Organisation, Side, Site
from service.days import today
from service.db import now
from service.planning import models as m
from service.planning.fulfilment import money
from service.planning.terms.rules import rule_on


@dataclass(frozen=True)
class PartyTotal:
    """What a plan means for one organisation.

    Attributes
    ----------
    kg : what it sells or buys.
    vnd : what it gets as a supplier, or pays as a buyer.
    partners : how many organisations it trades with.
    """

    kg: int = 0
    vnd: int = 0
    partners: int = 0


@dataclass(frozen=True)
class Party:
    """An organisation as a side of some plans."""

    uid: str
    name: str
    side: Side


@dataclass(frozen=True)
class PartyRow:
    """One organisation in several plans; `totals` follows their order."""

    party: Party
    totals: tuple[PartyTotal, ...]

    @property
    def spread_kg(self) -> int:
        """The difference between the plan that gives it most and the one that gives it least."""
        amounts = [total.kg for total in self.totals]
        return max(amounts) - min(amounts)


def compare_parties(session: Session, plans: Sequence[m.Plan]) -> list[PartyRow]:
    """Return every organisation that one of some plans serves, suppliers first, those for whom most depends on the choice first."""
    totals = [party_totals(session, plan) for plan in plans]
    keys = {key for one in totals for key in one}
    named = select(Organisation).where(Organisation.id.in_({number for number, _ in keys}))
    names = {row.id: row for row in session.scalars(named)}
    rows = [
        PartyRow(Party(names[number].uid, names[number].name, side), tuple(one.get((number, side), PartyTotal()) for one in totals))
        for number, side in keys
    ]
    return sorted(rows, key=lambda row: (row.party.side is Side.DEMAND, -row.spread_kg, row.party.name, row.party.uid))


def party_totals(session: Session, plan: m.Plan) -> dict[tuple[int, Side], PartyTotal]:
    """Return what a plan means for each organisation, by its number and side."""
    allocations = _allocations(session, plan.id)
    freight, handling = _freight(session, plan.id, allocations), _handling(session, plan.id)
    rate = rule_on(session, plan.association_id, today(now(session))).fee_per_mille
    kg: dict[tuple[int, Side], int] = {}
    vnd: dict[tuple[int, Side], int] = {}
    partners: dict[tuple[int, Side], set[int]] = {}
    for row in allocations:
        hub = money.handling(row.kg, handling.get(row.id, 0.0))
        parts = money.breakdown(row.kg, row.bid_vnd_per_kg, freight.get(row.id, 0), hub, rate)
        supplier, buyer = (row.supplier_id, Side.SUPPLY), (row.organisation_id, Side.DEMAND)
        for party, partner, amount in ((supplier, buyer, parts.supplier_vnd), (buyer, supplier, parts.buyer_vnd)):
            kg[party] = kg.get(party, 0) + row.kg
            vnd[party] = vnd.get(party, 0) + amount
            partners.setdefault(party, set()).add(partner[0])
    return {party: PartyTotal(kg[party], vnd[party], len(partners[party])) for party in kg}


def _allocations(session: Session, plan_id: int) -> Sequence[Any]:
    a = m.PlanAllocation
    query = select(a.id, a.kg, Lot.supplier_id, DemandLine.organisation_id, DemandLine.bid_vnd_per_kg)
    query = query.join(Lot, Lot.id == a.lot_id).join(DemandLine, DemandLine.id == a.line_id)
    return session.execute(query.where(a.plan_id == plan_id).order_by(a.id)).all()


def _freight(session: Session, plan_id: int, allocations: Sequence[Any]) -> dict[int, int]:
    """Return each allocation's share of its trips, VND, shared by the kilograms aboard."""
    kg, aboard = {row.id: row.kg for row in allocations}, dict[int, dict[int, int]]()
    query = select(m.PlanLeg.trip_id, m.PlanLeg.allocation_id).join(m.PlanTrip, m.PlanTrip.id == m.PlanLeg.trip_id)
    for trip, allocation in session.execute(query.where(m.PlanTrip.plan_id == plan_id)):
        aboard.setdefault(trip, {})[allocation] = kg[allocation]
    costs = dict(session.execute(select(m.PlanTrip.id, m.PlanTrip.cost_vnd).where(m.PlanTrip.plan_id == plan_id)).all())
    found: dict[int, int] = {}
    for trip, loads in aboard.items():
        for allocation, share in money.share(costs[trip], loads).items():
            found[allocation] = found.get(allocation, 0) + share
    return found


def _handling(session: Session, plan_id: int) -> dict[int, float]:
    """Return what the hub on each allocation's way takes, VND per kg."""
    first, second, a = aliased(m.PlanLeg), aliased(m.PlanLeg), m.PlanAllocation
    query = select(a.id, Site.handling_vnd_per_kg).join(first, first.allocation_id == a.id).join(Site, Site.id == first.to_site_id)
    query = query.join(second, (second.allocation_id == a.id) & (second.leg == 2))
    return dict(session.execute(query.where(a.plan_id == plan_id, first.leg == 1)).all())
