"""What an item would bring each side if it were agreed now: prices, freight by the kilograms that ride, handling, and the day's fee.

A trip's cost is shared over the live items that ride on it by their kilograms. An item with a truck of its own pays for it alone. A
carrier asks by the kilogram, so its price follows a change of them. Terms (`service.planning.terms.records`) are made from an estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine
from catalog.models import Lot, Road, Site
from service.planning.fulfilment import money
from service.planning.fulfilment.money import Breakdown
from service.planning.models import PlanAllocation, PlanLeg, PlanTrip, ProposalItem
from service.planning.states import FreightRisk, ProposalState
from service.planning.terms.rules import MoneyRule, rule_on

LIVE = (ProposalState.PROPOSED, ProposalState.APPROVED)

_first, _second = aliased(PlanLeg), aliased(PlanLeg)
_HANDLING = (
    select(_first.allocation_id, Site.handling_vnd_per_kg)
    .join(Site, Site.id == _first.to_site_id)
    .join(_second, (_second.allocation_id == _first.allocation_id) & (_second.leg == 2))
    .where(_first.leg == 1, _first.allocation_id.in_(bindparam("allocations", expanding=True)))
)
_RATES = (
    select(ProposalItem.id, Lot.ask_vnd_per_kg, DemandLine.bid_vnd_per_kg, Lot.association_id)
    .join(Lot, Lot.id == ProposalItem.lot_id)
    .join(DemandLine, DemandLine.id == ProposalItem.line_id)
    .where(ProposalItem.id.in_(bindparam("items", expanding=True)))
)


@dataclass(frozen=True)
class Estimate:
    """An item's money as of a day.

    Attributes
    ----------
    floor_vnd_per_kg : the least that the supplier asks, VND per kg.
    price_vnd_per_kg : what the buyer bids, delivered, VND per kg.
    """

    floor_vnd_per_kg: int
    price_vnd_per_kg: int
    handling_vnd_per_kg: float
    fee_per_mille: int
    freight_risk: FreightRisk
    parts: Breakdown


def estimate_items(session: Session, items: Sequence[ProposalItem], day: date) -> dict[int, Estimate]:
    """Return what items of one association would bring if they were agreed on a day, by their number."""
    if not items:
        return {}
    freight, handling = freight_of_items(session, items), _handling(session, items)
    rates = {number: rest for number, *rest in session.execute(_RATES, {"items": [i.id for i in items]})}
    rule = rule_on(session, next(iter(rates.values()))[2], day)
    return {i.id: _estimate(i.kg, rates[i.id][0], rates[i.id][1], freight.get(i.id, 0), handling.get(i.id, 0.0), rule) for i in items}


def _estimate(kg: int, floor: int, price: int, freight_vnd: int, handling: float, rule: MoneyRule) -> Estimate:
    parts = money.breakdown(kg, price, freight_vnd, money.handling(kg, handling), rule.fee_per_mille)
    return Estimate(floor, price, handling, rule.fee_per_mille, rule.freight_risk, parts)


def freight_of_items(session: Session, items: Sequence[ProposalItem]) -> dict[int, int]:
    """Return each item's share of its trips, VND; an item that has been turned down would pay its share if it came back."""
    found = {i.id: i.own_vnd for i in items if i.own_vnd is not None}
    riding = {i.allocation_id: i for i in items if i.own_vnd is None}
    legs = select(PlanLeg.trip_id).where(PlanLeg.allocation_id.in_(riding))
    trips = {trip.id: trip for trip in session.scalars(select(PlanTrip).where(PlanTrip.id.in_(legs)))}
    if not trips:
        return found
    asked = {i.id for i in riding.values()}
    loads = _loads(session, trips, sorted(asked))
    rates = _carrier_rates(session, [number for number, trip in trips.items() if trip.vehicle_class_id is None])
    for number, aboard in loads.items():
        cost = trips[number].cost_vnd
        if number in rates:
            cost += round((sum(kg for _, kg, _ in aboard) - sum(planned for _, _, planned in aboard)) * rates[number])
        for item, share in money.share(max(0, cost), {item: kg for item, kg, _ in aboard}).items():
            if item in asked:
                found[item] = found.get(item, 0) + share
    return found


def _loads(session: Session, trips: Sequence[int] | dict[int, PlanTrip], asked: Sequence[int]) -> dict[int, list[tuple[int, int, int]]]:
    """Return for each trip its live items, and those asked about: number, kg, and kg as planned."""
    i, a = ProposalItem, PlanAllocation
    live: ColumnElement[bool] = i.state.in_(LIVE) | i.id.in_(asked)
    query = select(PlanLeg.trip_id, i.id, i.kg, a.kg).join(i, i.allocation_id == PlanLeg.allocation_id).join(a, a.id == i.allocation_id)
    loads: dict[int, list[tuple[int, int, int]]] = {}
    for trip, item, kg, planned in session.execute(query.where(PlanLeg.trip_id.in_(list(trips)), i.own_vnd.is_(None), live)):
        loads.setdefault(trip, []).append((item, kg, planned))
    return loads


def _carrier_rates(session: Session, trips: Sequence[int]) -> dict[int, float]:
    """Return the rate per kilogram of each carrier's trip, VND per kg."""
    if not trips:
        return {}
    same = (Road.from_site_id == PlanLeg.from_site_id) & (Road.to_site_id == PlanLeg.to_site_id)
    query = select(PlanLeg.trip_id, Road.vnd_per_kg).join(Road, same).where(PlanLeg.trip_id.in_(trips), Road.vnd_per_kg.is_not(None))
    return {trip: float(rate or 0) for trip, rate in session.execute(query)}


def _handling(session: Session, items: Sequence[ProposalItem]) -> dict[int, float]:
    """Return the rate of the hub on an item's way, VND per kg."""
    riding = {i.allocation_id: i.id for i in items if i.own_vnd is None}
    return {riding[allocation]: float(rate) for allocation, rate in session.execute(_HANDLING, {"allocations": list(riding)})}
