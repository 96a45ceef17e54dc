"""The association's accounts: trucks, settlements and payments as rows that add up to nothing, and the proof that they do.

A truck that is loaded costs freight, a settlement earns it. What is left on the freight account is what emptier trucks and rejected
goods have cost the association; on the handling account it is the same for hubs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from service.planning import models as m
from service.planning.fulfilment import money
from service.planning.ledger.transitions import Act
from service.planning.states import Account, DocumentKind, SettlementState, ShipmentState
from service.planning.terms.models import AccountEntry, Terms

Side = tuple[Account, int | None]
"""An account and the organisation that it is about, None for the association's own."""
MIGRATED = "migration"
"""Who made the terms of promises that are older than terms; their settlements are proven by their own parts."""
ON_THE_ROAD = (ShipmentState.LOADED, ShipmentState.DELIVERED)


def book_truck(session: Session, shipment: m.Shipment, act: Act) -> None:
    """Book what a loaded shipment costs, and what the hub that it feeds takes for its goods."""
    handling_vnd = 0 if shipment.from_hub else _handling_vnd(session, shipment)
    _book(session, shipment.association_id, DocumentKind.SHIPMENT, shipment.id, act, {
        (Account.FREIGHT, None): shipment.cost_vnd, (Account.CARRIERS, shipment.carrier_id): -shipment.cost_vnd,
        (Account.HANDLING, None): handling_vnd, (Account.HUBS, None): -handling_vnd,
    })  # fmt: skip


def unbook_truck(session: Session, shipment: m.Shipment, act: Act) -> None:
    """Take back what was booked for a shipment that didn't leave."""
    e = AccountEntry
    query = select(e.account, e.organisation_id, func.sum(e.vnd)).where(e.document == DocumentKind.SHIPMENT, e.document_id == shipment.id)
    found = session.execute(query.group_by(e.account, e.organisation_id)).all()
    rows = {(account, organisation): -int(vnd) for account, organisation, vnd in found}
    _book(session, shipment.association_id, DocumentKind.SHIPMENT, shipment.id, act, rows)


def book_settlement(session: Session, settlement: m.Settlement, act: Act) -> None:
    """Book what the buyer owes, the supplier is owed, and the association keeps of a settlement."""
    _book(session, settlement.association_id, DocumentKind.SETTLEMENT, settlement.id, act, settlement_rows(settlement))


def settlement_rows(settlement: m.Settlement) -> dict[Side, int]:
    """Return the rows of a settlement."""
    return {
        (Account.BUYERS, settlement.buyer_id): settlement.buyer_vnd, (Account.SUPPLIERS, settlement.supplier_id): -settlement.supplier_vnd,
        (Account.FREIGHT, None): -settlement.freight_vnd, (Account.HANDLING, None): -settlement.hub_vnd,
        (Account.FEES, None): -settlement.fee_vnd,
    }  # fmt: skip


def book_payment(session: Session, settlement: m.Settlement, act: Act) -> None:
    """Book that the buyer has paid a settlement and the supplier been paid."""
    _book(session, settlement.association_id, DocumentKind.PAYMENT, settlement.id, act, {
        (Account.BUYERS, settlement.buyer_id): -settlement.buyer_vnd, (Account.SUPPLIERS, settlement.supplier_id): settlement.supplier_vnd,
        (Account.CASH, None): settlement.buyer_vnd - settlement.supplier_vnd,
    })  # fmt: skip


def balances(session: Session, association_id: int) -> dict[Account, int]:
    """Return what stands on each account, VND, debit above zero."""
    e = AccountEntry
    query = select(e.account, func.sum(e.vnd)).where(e.association_id == association_id).group_by(e.account)
    found = {account: int(vnd) for account, vnd in session.execute(query)}
    return {account: found.get(account, 0) for account in Account}


def agreed_freight(session: Session, shipments: Sequence[m.Shipment]) -> dict[int, int]:
    """Return what the terms of the goods on shipments pay for their trucks, VND, by the shipments' numbers.

    An item that travels on two trucks through a hub pays for both; each gets its part by what the plan says that it costs.
    """
    item, newest, from_hub = m.ShipmentItem, _newest(), {one.id: one.from_hub for one in shipments}
    query = select(item.shipment_id, item.kg, Terms.freight_vnd, Terms.kg, Terms.item_id)
    query = query.join(newest, newest.c.promise_id == item.promise_id)
    query = query.join(Terms, (Terms.promise_id == item.promise_id) & (Terms.version == newest.c.version))
    rows = session.execute(query.where(item.shipment_id.in_(from_hub))).all()
    legs = _leg_costs(session, {row.item_id for row in rows})
    found = dict.fromkeys(from_hub, 0)
    for shipment, kg, freight_vnd, agreed_kg, number in rows:
        costs = legs.get(number or 0, {})
        if 2 in costs:
            to_hub = freight_vnd * costs.get(1, 0) // max(1, costs.get(1, 0) + costs[2])
            freight_vnd = freight_vnd - to_hub if from_hub[shipment] else to_hub
        found[shipment] += freight_vnd * kg // agreed_kg
    return found


def _leg_costs(session: Session, items: set[int | None]) -> dict[int, dict[int, int]]:
    """Return the planned cost of the truck of each leg of items, VND, by the items' numbers and the legs'."""
    leg, trip, i = m.PlanLeg, m.PlanTrip, m.ProposalItem
    query = select(i.id, leg.leg, trip.cost_vnd).join(leg, leg.allocation_id == i.allocation_id).join(trip, trip.id == leg.trip_id)
    found: dict[int, dict[int, int]] = {}
    for number, one, cost in session.execute(query.where(i.id.in_(items), i.own_km.is_(None))):
        found.setdefault(number, {})[one] = cost
    return found


def _handling_vnd(session: Session, shipment: m.Shipment) -> int:
    item, newest = m.ShipmentItem, _newest()
    query = select(item.kg, Terms.handling_vnd_per_kg).join(newest, newest.c.promise_id == item.promise_id)
    query = query.join(Terms, (Terms.promise_id == item.promise_id) & (Terms.version == newest.c.version))
    return sum(money.handling(kg, rate) for kg, rate in session.execute(query.where(item.shipment_id == shipment.id)))


def _newest() -> Any:
    """Select the version in force of each promise's terms."""
    return select(Terms.promise_id, func.max(Terms.version).label("version")).group_by(Terms.promise_id).subquery()


def _book(session: Session, association_id: int, kind: DocumentKind, number: int, act: Act, rows: Mapping[Side, int]) -> None:
    about = {"association_id": association_id, "document": kind, "document_id": number, "at": act.at, "booked_by": act.actor}
    session.add_all(AccountEntry(account=key[0], organisation_id=key[1], vnd=vnd, **about) for key, vnd in rows.items() if vnd)
    session.flush()


def imbalances(session: Session) -> Iterator[str]:
    """Yield one sentence for each document whose rows don't add up, or differ from what it says; none at all is proof."""
    e = AccountEntry
    sums = select(e.document, e.document_id).group_by(e.document, e.document_id).having(func.sum(e.vnd) != 0)
    for kind, number in session.execute(sums):
        yield f"accounts: the rows of {kind} {number} don't add up to nothing"
    yield from _settlements(session)
    yield from _payments(session)
    yield from _trucks(session)
    yield from _terms(session)


def _booked(kind: DocumentKind, account: Account) -> Any:
    """Sum what stands on an account for each document of a kind."""
    e = AccountEntry
    sums = func.coalesce(func.sum(case((e.account == account, e.vnd), else_=0)), 0)
    return select(e.document_id, sums.label("vnd")).where(e.document == kind).group_by(e.document_id).subquery()


def _settlements(session: Session) -> Iterator[str]:
    s = m.Settlement
    expected = {
        Account.BUYERS: s.buyer_vnd, Account.SUPPLIERS: -s.supplier_vnd, Account.FREIGHT: -s.freight_vnd, Account.HANDLING: -s.hub_vnd,
        Account.FEES: -s.fee_vnd,
    }  # fmt: skip
    for account, vnd in expected.items():
        booked = _booked(DocumentKind.SETTLEMENT, account)
        query = select(s.uid).outerjoin(booked, booked.c.document_id == s.id).where(func.coalesce(booked.c.vnd, 0) != vnd)
        yield from (f"settlement {uid}: the account {account} says otherwise" for uid in session.scalars(query))


def _payments(session: Session) -> Iterator[str]:
    s, booked = m.Settlement, _booked(DocumentKind.PAYMENT, Account.BUYERS)
    paid = case((s.state == SettlementState.PAID, -s.buyer_vnd), else_=0)
    query = select(s.uid).outerjoin(booked, booked.c.document_id == s.id).where(func.coalesce(booked.c.vnd, 0) != paid)
    yield from (f"settlement {uid}: the accounts know another payment" for uid in session.scalars(query))


def _trucks(session: Session) -> Iterator[str]:
    t, booked = m.Shipment, _booked(DocumentKind.SHIPMENT, Account.FREIGHT)
    cost = case((t.state.in_(ON_THE_ROAD), t.cost_vnd), else_=0)
    query = select(t.code).outerjoin(booked, booked.c.document_id == t.id).where(func.coalesce(booked.c.vnd, 0) != cost)
    yield from (f"shipment {code}: the freight account knows another cost" for code in session.scalars(query))


def _terms(session: Session) -> Iterator[str]:
    """Settlements pay what the terms of their promise say, in proportion to what was accepted."""
    newest, s, item = _newest(), m.Settlement, m.ShipmentItem
    query = select(s, Terms).join(m.ReceiptItem, m.ReceiptItem.id == s.receipt_item_id)
    query = query.join(item, item.id == m.ReceiptItem.shipment_item_id).outerjoin(newest, newest.c.promise_id == item.promise_id)
    query = query.outerjoin(Terms, (Terms.promise_id == item.promise_id) & (Terms.version == newest.c.version))
    rows: Sequence[Any] = session.execute(query).all()
    for settlement, terms in rows:
        if terms is None:
            yield f"settlement {settlement.uid}: no terms stand behind it"
        elif terms.made_by != MIGRATED and vars(settled_parts(terms, settlement.kg)) != _parts(settlement):
            yield f"settlement {settlement.uid}: it pays other than its terms say"


def settled_parts(terms: Terms, accepted_kg: int) -> money.Breakdown:
    """Return where the money of accepted kilograms goes by their terms."""
    agreed = money.Breakdown(terms.buyer_vnd, terms.freight_vnd, terms.hub_vnd, terms.fee_vnd, terms.supplier_vnd)
    return money.in_proportion(agreed, terms.kg, accepted_kg, terms.price_vnd_per_kg, terms.surcharge_vnd)


def _parts(settlement: m.Settlement) -> dict[str, int]:
    return {name: getattr(settlement, name) for name in ("buyer_vnd", "freight_vnd", "hub_vnd", "fee_vnd", "supplier_vnd")}
