"""From the truck to the money: what is shipped is received, what is received is paid, and all of it adds up."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers.contracts import CallOffIn, ContractIn, call_off
from catalog.errors import Conflict, Invalid, NotFound
from catalog.models import LotShare, Member
from catalog.tenancy import Scope
from service.db import Database
from service.planning import models as m
from service.planning.errors import AlreadyMoved
from service.planning.fulfilment import deliveries
from service.planning.fulfilment.deliveries import Load, Received, Truck
from service.planning.fulfilment.settlements import lost_money
from service.planning.ledger import transitions
from service.planning.ledger.conservation import discrepancies
from service.planning.ledger.transitions import Wish
from service.planning.states import Account, DocumentKind, ShipmentState
from service.planning.terms import accounts
from service.planning.terms.models import AccountEntry
from tests.sample_market import NOON, TODAY, Market, act, agreed
from tests.signing import signed_contract

PRICE = 27_000


def confirmed(session: Session, market: Market, *kgs: int, terms: dict[str, int] | None = None, **line: Any) -> list[int]:
    """Return confirmed promises of one lot each, with their terms."""
    promises = []
    for kg in kgs:
        (promise,) = transitions.hold(session, [Wish(market.lot(kg).id, market.line(kg, **line).id, kg)], NOON + timedelta(hours=1), act())
        transitions.confirm(session, promise.id, act())
        agreed(session, promise.id, **(terms or {}))
        promises.append(promise.id)
    return promises


def items(session: Session, shipment: m.Shipment) -> list[m.ShipmentItem]:
    return list(session.scalars(select(m.ShipmentItem).where(m.ShipmentItem.shipment_id == shipment.id).order_by(m.ShipmentItem.id)))


def received_item(session: Session, item: m.ShipmentItem) -> int:
    return session.scalars(select(m.ReceiptItem.id).where(m.ReceiptItem.shipment_item_id == item.id)).one()


def test_a_truck_load_is_received_settled_by_its_terms_and_shared_to_the_last_dong(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        (first,) = confirmed(session, market, 300, terms={"freight_vnd": 300_000, "fee_per_mille": 15})
        (second,) = confirmed(session, market, 700, terms={"freight_vnd": 700_001, "fee_per_mille": 15})
        members = [Member(organisation_id=market.cooperative.id, code=c, name=c) for c in "abc"]
        session.add_all(members)
        session.flush()
        lot = session.get_one(m.Promise, first).lot_id
        session.add_all(LotShare(lot_id=lot, member_id=member.id, kg=100) for member in members)
        shipment = deliveries.ship(
            session, market.association.id, [Load(first, 300), Load(second, 700)], act("driver"), Truck(cost_vnd=1_000_001, plate="99C")
        )
        one, two = items(session, shipment)
        said = [Received(one.id, 290, 10, "bruised"), Received(two.id, 700)]
        deliveries.receive(session, shipment.id, market.door.id, said, act("door"))
        assert shipment.state is ShipmentState.DELIVERED
        settled = [deliveries.settle(session, received_item(session, item), act("clerk")) for item in (one, two)]
        assert [s.freight_vnd for s in settled] == [290_000, 700_001]
        assert settled[0].buyer_vnd == 290 * PRICE == 7_830_000
        assert settled[0].fee_vnd == 117_450
        assert settled[0].supplier_vnd == 7_830_000 - 290_000 - 117_450
        shares = session.scalars(select(m.SettlementShare).order_by(m.SettlementShare.member_id)).all()
        assert [s.vnd for s in shares] == [2_474_184, 2_474_183, 2_474_183]
        assert [s.kg for s in shares] == [97, 97, 96]
        assert discrepancies(session) == lost_money(session) == []
        assert accounts.balances(session, market.association.id)[Account.FREIGHT] == 10_000
        assert (session.get_one(m.Promise, first).settled_kg, session.get_one(m.Promise, first).returned_kg) == (300, 10)


def test_goods_through_a_hub_are_paid_by_their_terms_whatever_the_trucks_cost(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        (promise,) = confirmed(session, market, 1000, terms={"freight_vnd": 150})
        with pytest.raises(Conflict, match=r"0 kg of the promise .* have left its farm, not 1000"):
            deliveries.ship(session, market.association.id, [Load(promise, 1000)], act(), from_hub=True)
        deliveries.ship(session, market.association.id, [Load(promise, 1000)], act(), Truck(cost_vnd=101))
        halves = [
            deliveries.ship(session, market.association.id, [Load(promise, 500)], act(), Truck(cost_vnd=cost), from_hub=True)
            for cost in (40, 60)
        ]
        for shipment in halves:
            (item,) = items(session, shipment)
            deliveries.receive(session, shipment.id, market.door.id, [Received(item.id, 500)], act())
        paid = [deliveries.settle(session, received_item(session, items(session, shipment)[0]), act()).freight_vnd for shipment in halves]
        assert paid == [75, 75]
        assert discrepancies(session) == lost_money(session) == []
        assert accounts.balances(session, market.association.id)[Account.FREIGHT] == 201 - 150


@pytest.mark.parametrize(
    ("accepted", "rejected", "reason", "says"),
    [
        (299, 0, None, "masses that add up to 300"),
        (301, 0, None, "add up to 300"),
        (310, -10, None, "add up to 300"),
        (200, 100, None, "why the goods"),
    ],
)
def test_a_receipt_that_does_not_add_up_is_refused(database: Database, accepted: int, rejected: int, reason: str | None, says: str) -> None:
    with database.write() as session:
        market = Market(session)
        (promise,) = confirmed(session, market, 300)
        shipment = deliveries.ship(session, market.association.id, [Load(promise, 300)], act())
        (item,) = items(session, shipment)
        with pytest.raises(Invalid, match=says):
            deliveries.receive(session, shipment.id, market.door.id, [Received(item.id, accepted, rejected, reason)], act())


def test_every_item_is_spoken_of_once(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        promises = confirmed(session, market, 300, 400)
        shipment = deliveries.ship(session, market.association.id, [Load(p, kg) for p, kg in zip(promises, (300, 400))], act())
        one, _ = items(session, shipment)
        for said in ([Received(one.id, 300)], [Received(one.id, 300)] * 2, [Received(999, 1)]):
            with pytest.raises(Invalid, match="item_id"):
                deliveries.receive(session, shipment.id, market.door.id, said, act())
        with pytest.raises(NotFound, match="shipment to this site"):
            deliveries.receive(session, shipment.id, market.farm.id, [], act())


def test_nothing_is_loaded_received_or_paid_twice(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        (promise,) = confirmed(session, market, 300)
        shipment = deliveries.ship(session, market.association.id, [Load(promise, 300)], act("driver"))
        (item,) = items(session, shipment)
        said = [Received(item.id, 300)]
        deliveries.receive(session, shipment.id, market.door.id, said, act("door"))
        deliveries.settle(session, received_item(session, item), act("clerk"))
        number = received_item(session, item)
    with pytest.raises(AlreadyMoved, match="driver"), database.write() as session:
        deliveries.ship(session, market.association.id, [Load(promise, 300)], act())
    with pytest.raises(Conflict, match=r"received here already \(door"), database.write() as session:
        deliveries.receive(session, shipment.id, market.door.id, said, act())
    with pytest.raises(Conflict, match=r"shared out already \(clerk"), database.write() as session:
        deliveries.settle(session, number, act())
    with pytest.raises(NotFound, match="receipt item"), database.write() as session:
        deliveries.settle(session, 999, act())


def test_the_price_is_that_of_the_hold_and_the_day_of_payment_that_of_the_contract(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        scope = Scope(market.association.id, market.buyer.id)
        signed = ContractIn(
            buyer=market.buyer.uid, product="lychee", max_grade=1, quantity_kg=500, price_vnd_per_kg=25_000, payment_days=30,
            valid_from=TODAY, valid_until=TODAY,
        )  # fmt: skip
        contract = signed_contract(session, scope, signed, "Minh")
        called = CallOffIn(site=market.door.uid, quantity_kg=500, deliver_from=TODAY, deliver_until=TODAY)
        line = call_off(session, scope, contract.uid, called, "Minh")
        (promise,) = transitions.hold(session, [Wish(market.lot(500).id, line.id, 500)], NOON + timedelta(hours=1), act())
        transitions.confirm(session, promise.id, act())
        agreed(session, promise.id)
        line.bid_vnd_per_kg = 1
        shipment = deliveries.ship(session, market.association.id, [Load(promise.id, 500)], act())
        (item,) = items(session, shipment)
        deliveries.receive(session, shipment.id, market.door.id, [Received(item.id, 500)], act())
        settlement = deliveries.settle(session, received_item(session, item), act())
        assert (settlement.price_vnd_per_kg, settlement.due_on) == (25_000, date(2027, 7, 7))


def test_a_wholly_rejected_load_costs_the_supplier_nothing_and_leaves_its_freight_to_the_association(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        (promise,) = confirmed(session, market, 300, terms={"freight_vnd": 90_000})
        shipment = deliveries.ship(session, market.association.id, [Load(promise, 300)], act(), Truck(cost_vnd=90_000))
        (item,) = items(session, shipment)
        deliveries.receive(session, shipment.id, market.door.id, [Received(item.id, 0, 300, "residues")], act())
        settlement = deliveries.settle(session, received_item(session, item), act())
        assert (settlement.buyer_vnd, settlement.supplier_vnd, settlement.freight_vnd) == (0, 0, 0)
        assert discrepancies(session) == lost_money(session) == []
        assert accounts.balances(session, market.association.id)[Account.FREIGHT] == 90_000


def test_accounts_that_were_changed_by_hand_would_be_found(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        (promise,) = confirmed(session, market, 300)
        shipment = deliveries.ship(session, market.association.id, [Load(promise, 300)], act(), Truck(cost_vnd=90_000))
        entry = {"association_id": market.association.id, "document": DocumentKind.SHIPMENT, "document_id": shipment.id}
        session.add(AccountEntry(**entry, account=Account.FREIGHT, vnd=1, at=NOON, booked_by="thief"))
        session.flush()
        assert lost_money(session) == [
            f"accounts: the rows of shipment {shipment.id} don't add up to nothing",
            f"shipment {shipment.code}: the freight account knows another cost",
        ]
