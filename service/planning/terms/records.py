"""Terms: made when an item's kilograms are held, renewed when its price changes, read by everything that shows or pays money."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot
from service.days import VIETNAM
from service.planning.errors import TermsBelowZero
from service.planning.fulfilment import money
from service.planning.fulfilment.money import Breakdown
from service.planning.joint import together
from service.planning.ledger.transitions import Act
from service.planning.models import Promise, ProposalItem, ReceiptItem, Settlement, ShipmentItem
from service.planning.states import FreightRisk
from service.planning.terms.estimates import Estimate, estimate_items
from service.planning.terms.handling import apply_due
from service.planning.terms.models import Terms

CARRIED_OVER = (
    "association_id", "promise_id", "item_id", "lot_id", "line_id", "supplier_id", "buyer_id", "product_id", "grade", "kg", "pickup_on",
    "delivery_on", "price_vnd_per_kg", "floor_vnd_per_kg", "surcharge_vnd", "buyer_vnd", "freight_vnd", "hub_vnd", "fee_vnd",
    "supplier_vnd", "fee_per_mille", "handling_vnd_per_kg", "freight_risk",
)  # fmt: skip
"""What the next version of terms takes over from the one before, unless it changes it."""


@dataclass(frozen=True)
class Reckoned:
    """The part of terms that is reckoned: prices, rates and the parts of the money."""

    price_vnd_per_kg: int
    floor_vnd_per_kg: int
    handling_vnd_per_kg: float
    fee_per_mille: int
    freight_risk: FreightRisk
    parts: Breakdown
    surcharge_vnd: int = 0

    def columns(self) -> dict[str, Any]:
        """Return the columns of `Terms` that this sets."""
        own = {name: value for name, value in vars(self).items() if name != "parts"}
        return {**own, **vars(self.parts)}


def parts_of(terms: Terms) -> Breakdown:
    """Return where the money of terms goes."""
    return Breakdown(terms.buyer_vnd, terms.freight_vnd, terms.hub_vnd, terms.fee_vnd, terms.supplier_vnd)


def is_below_floor(terms: Terms) -> bool:
    """Return whether the supplier would get less than its floor price for each kilogram."""
    return terms.supplier_vnd < terms.floor_vnd_per_kg * terms.kg


def latest_terms(session: Session, items: Collection[int]) -> dict[int, Terms]:
    """Return the latest terms of items, by the items' numbers."""
    newest = select(func.max(Terms.id)).where(Terms.item_id.in_(items)).group_by(Terms.item_id)
    return {one.item_id: one for one in session.scalars(select(Terms).where(Terms.id.in_(newest))) if one.item_id is not None}


def terms_of_promise(session: Session, promise_id: int) -> Terms:
    """Return the terms in force of a promise."""
    query = select(Terms).where(Terms.promise_id == promise_id).order_by(Terms.version.desc()).limit(1)
    return session.scalars(query).one()


def versions_of_promises(session: Session, promises: Collection[int]) -> dict[int, int]:
    """Return the version in force of the terms of promises, by the promises' numbers."""
    query = select(Terms.promise_id, func.max(Terms.version)).where(Terms.promise_id.in_(promises)).group_by(Terms.promise_id)
    return {number: int(version) for number, version in session.execute(query)} if promises else {}


def versions_of_settlements(session: Session, settlements: Collection[int]) -> dict[int, int]:
    """Return the version of the terms that settlements were made from, by the settlements' numbers."""
    query = select(Settlement.id, func.max(Terms.version)).join(ReceiptItem, ReceiptItem.id == Settlement.receipt_item_id)
    query = query.join(ShipmentItem, ShipmentItem.id == ReceiptItem.shipment_item_id)
    query = query.join(Terms, Terms.promise_id == ShipmentItem.promise_id).where(Settlement.id.in_(settlements)).group_by(Settlement.id)
    return {number: int(version) for number, version in session.execute(query)} if settlements else {}


def refuse_below_zero(reckoned: Mapping[int, Estimate], items: Sequence[ProposalItem]) -> None:
    """Refuse items whose freight, handling and fee come to more than the goods.

    Raises
    ------
    TermsBelowZero
        Naming the first such item.
    """
    for item in items:
        if reckoned[item.id].parts.supplier_vnd < 0:
            raise TermsBelowZero(item.uid, -reckoned[item.id].parts.supplier_vnd)


def make_terms(session: Session, promises: Mapping[int, Promise], items: Sequence[ProposalItem], act: Act) -> None:
    """Make the first or the next version of the terms of items whose kilograms have just been held.

    Parameters
    ----------
    promises : the hold of each item, by the item's number.

    Raises
    ------
    TermsBelowZero
        If one of the suppliers would have to pay for delivering.
    """
    if not items:
        return
    apply_due(session, act)
    reckoned = estimate_items(session, items, act.at.astimezone(VIETNAM).date())
    refuse_below_zero(reckoned, items)
    before = latest_terms(session, [item.id for item in items])
    goods = _goods(session, items)
    rows = []
    for item in items:
        found, version = reckoned[item.id], before[item.id].version + 1 if item.id in before else 1
        same = Reckoned(found.price_vnd_per_kg, found.floor_vnd_per_kg, found.handling_vnd_per_kg, found.fee_per_mille,
                        found.freight_risk, found.parts)  # fmt: skip
        about = {"promise_id": promises[item.id].id, "item_id": item.id, "version": version, "lot_id": item.lot_id, "line_id": item.line_id,
                 "kg": item.kg, "pickup_on": item.pickup_on, "delivery_on": item.delivery_on}  # fmt: skip
        made = {"why": act.why, "made_at": act.at, "made_by": act.actor}
        rows.append({**about, **goods[item.id], **same.columns(), **made})
    session.execute(insert(Terms), rows)
    together.attach(session, items, promises)


def _goods(session: Session, items: Sequence[ProposalItem]) -> dict[int, dict[str, int]]:
    """Return who sells what to whom, by the number of the item; a group's sponsor signs for it."""
    i = ProposalItem
    query = select(i.id, Lot.association_id, Lot.supplier_id, DemandLine.organisation_id, Lot.product_id, Lot.grade)
    query = query.join(Lot, Lot.id == i.lot_id).join(DemandLine, DemandLine.id == i.line_id).where(i.id.in_([one.id for one in items]))
    names = ("association_id", "supplier_id", "buyer_id", "product_id", "grade")
    return {number: dict(zip(names, rest)) for number, *rest in session.execute(query)}


def next_version(session: Session, terms: Terms, act: Act, why: str, **changed: Any) -> Terms:
    """Add the next version of terms, with what has changed."""
    values = {name: getattr(terms, name) for name in CARRIED_OVER} | changed
    made = Terms(**values, version=terms.version + 1, why=why[:1000], made_at=act.at, made_by=act.actor)
    session.add(made)
    session.flush()
    return made


def repriced(terms: Terms, *, kg: int | None = None, price: int | None = None, floor: int | None = None,
             freight_vnd: int | None = None, surcharge_vnd: int | None = None) -> dict[str, Any]:  # fmt: skip
    """Return the columns that change where the mass, the price or the freight of terms changes; rates and rules stay as they are.

    The freight follows the kilograms unless it is named.
    """
    kg, price = terms.kg if kg is None else kg, terms.price_vnd_per_kg if price is None else price
    surcharge = terms.surcharge_vnd if surcharge_vnd is None else surcharge_vnd
    freight = (terms.freight_vnd * kg * 2 + terms.kg) // (2 * terms.kg) if freight_vnd is None else freight_vnd
    hub = money.handling(kg, terms.handling_vnd_per_kg)
    parts = money.breakdown(kg, price, freight, hub, terms.fee_per_mille)
    if surcharge:
        parts = replace(parts, buyer_vnd=parts.buyer_vnd + surcharge, supplier_vnd=parts.supplier_vnd + surcharge)
    return {
        "kg": kg, "price_vnd_per_kg": price, "floor_vnd_per_kg": terms.floor_vnd_per_kg if floor is None else floor,
        "surcharge_vnd": surcharge, **vars(parts),
    }  # fmt: skip
