"""Confirmed kilograms are planned onto trucks, loaded, received and paid; nothing is loaded twice and no đồng is lost."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from catalog.errors import Conflict, Invalid, NotFound, Stale
from catalog.models import Association, Organisation, OrganisationKind, Side, Site
from service.db import Database
from service.models import Outbox
from service.planning import models as m
from service.planning.errors import NotApproved
from service.planning.fulfilment import receipts, settlements, shipments
from service.planning.fulfilment.receipts import Said
from service.planning.fulfilment.settlements import lost_money
from service.planning.fulfilment.shipments import Cargo, Hired
from service.planning.proposals import decisions, items
from service.planning.proposals.decisions import Refusal
from service.planning.states import Account, RejectReason, ReturnReason, SettlementState, ShipmentState
from tests.sample_market import act
from tests.service.proposal_setup import Desk, chosen
from tests.service.test_proposals import confirmed

ANY_SUM = 10**9
TRUCK = Hired(vehicle_class="class1", plate="99C-123.45", driver_name="Anh Tùng", cost_vnd=1_000_001)


def promised(desk: Desk, *numbers: int) -> list[str]:
    """Confirm some items, and return the uids of their promises."""
    found = []
    for number in numbers:
        item = confirmed(desk, desk.items()[number])
        with desk.database.read() as session:
            promise = items.promise_of(session, item)
            assert promise is not None
            found.append(promise.uid)
    return found


def door(desk: Desk, code: str) -> str:
    with desk.database.read() as session:
        return session.scalars(select(Site.uid).where(Site.code == code, Site.association_id == desk.association)).one()


def test_a_shipment_is_planned_loaded_received_and_paid(database: Database) -> None:
    desk = Desk(database)
    with database.write() as session:
        session.get_one(Association, desk.association).fee_per_mille = 15
    first, second = promised(desk, 0, 1)
    shipment = desk.do(shipments.plan, [Cargo(first), Cargo(second)], TRUCK)
    assert (shipment.state, desk.balances()) == (ShipmentState.PLANNED, {"offered": 1500, "confirmed": 2000})
    shipment = desk.do(shipments.load, shipment.uid, version=shipment.version, accepted_difference_vnd=ANY_SUM)
    assert (shipment.state, desk.balances()) == (ShipmentState.LOADED, {"offered": 1500, "loaded": 2000})
    said = [Said(first, 1750, 50, ReturnReason.BRUISED)]
    one = desk.do(receipts.receive, shipment.uid, door(desk, "b1"), said, scope=desk.scope("buyer1"), by=act("door"))
    two = desk.do(receipts.receive, shipment.uid, door(desk, "b2"), [Said(second, 200)], scope=desk.scope("buyer2"))
    with database.read() as session:
        assert session.get_one(m.Shipment, shipment.id).state is ShipmentState.DELIVERED
    drafts = [settlement for receipt in (one, two) for settlement in desk.do(settlements.draft, receipt.uid)]
    assert desk.balances_vnd()[Account.FREIGHT] == 1_000_001 - sum(s.freight_vnd for s in drafts)
    assert [s.buyer_vnd for s in drafts] == [1750 * 20_000, 200 * 20_000]
    issued = [desk.do(settlements.issue, s.uid, version=s.version, due_on=date(2027, 7, 1)) for s in drafts]
    paid = [desk.do(settlements.pay, s.uid, version=s.version) for s in issued]
    assert {(s.state, s.due_on) for s in paid} == {(SettlementState.PAID, date(2027, 7, 1))}
    assert desk.balances() == {"offered": 1500, "settled": 2000}
    with database.read() as session:
        assert lost_money(session) == []
        kinds = session.scalars(select(Outbox.kind).where(Outbox.organisation_id.is_(None)).order_by(Outbox.id)).all()
    assert [kind for kind in kinds if kind.startswith(("shipment", "receipt", "settlement"))] == [
        "shipment.loaded", "receipt.recorded", "receipt.recorded", "shipment.delivered",
        *["settlement.created"] * 2, *["settlement.issued"] * 2, *["settlement.paid"] * 2,
    ]  # fmt: skip
    assert desk.trail(paid[0].uid) == ["settlement.draft", "settlement.issue", "settlement.pay"]
    assert desk.trail(shipment.uid) == ["shipment.plan", "shipment.load"]


def test_nobody_reads_what_the_other_side_pays_or_gets_in_an_event(database: Database) -> None:
    desk = Desk(database)
    (first,) = promised(desk, 0)
    shipment = desk.do(shipments.load, desk.do(shipments.plan, [Cargo(first)], TRUCK).uid, accepted_difference_vnd=ANY_SUM)
    receipt = desk.do(receipts.receive, shipment.uid, door(desk, "b1"), [Said(first, 1800)])
    desk.do(settlements.draft, receipt.uid)
    with database.read() as session:
        told = session.scalars(select(Outbox).where(Outbox.kind == "settlement.created", Outbox.organisation_id.is_not(None))).all()
    payloads = {event.organisation_id: event.payload for event in told}
    assert "buyer_vnd" not in payloads[desk.parties["s1"]]
    assert "supplier_vnd" not in payloads[desk.parties["buyer1"]]


def test_a_planned_trip_ships_what_is_confirmed_of_it_at_its_price(database: Database) -> None:
    desk = Desk(database)
    with pytest.raises(NotApproved, match="nothing on this trip"):
        desk.do(shipments.plan_trip, desk.plan, 0, Hired())
    promised(desk, 0)
    shipment = desk.do(shipments.plan_trip, desk.plan, 0, Hired(plate="99C"))
    with database.read() as session:
        trip = session.get_one(m.PlanTrip, shipment.trip_id)
    assert (shipment.cost_vnd, shipment.vehicle_class_id, shipment.plate) == (trip.cost_vnd, trip.vehicle_class_id, "99C")
    with pytest.raises(NotApproved, match="nothing on this trip"):
        desk.do(shipments.plan_trip, desk.plan, 0, Hired())
    with pytest.raises(NotFound, match="trip"):
        desk.do(shipments.plan_trip, desk.plan, 77, Hired())


def test_nothing_is_planned_twice_or_more_than_is_confirmed(database: Database) -> None:
    desk = Desk(database)
    (first,) = promised(desk, 0)
    desk.do(shipments.plan, [Cargo(first, 1000)], TRUCK)
    with pytest.raises(NotApproved, match=r"800 kg of the promise .* wait for a shipment, not 801"):
        desk.do(shipments.plan, [Cargo(first, 801)], TRUCK)
    rest = desk.do(shipments.plan, [Cargo(first)], TRUCK)
    with pytest.raises(NotApproved, match="0 kg of the promise"):
        desk.do(shipments.plan, [Cargo(first)], TRUCK)
    desk.do(shipments.cancel, rest.uid)
    assert desk.do(shipments.plan, [Cargo(first)], TRUCK).state is ShipmentState.PLANNED
    for cargo in ([], [Cargo(first), Cargo(first)]):
        with pytest.raises(Invalid, match=r"what is to be loaded|each promise once"):
            desk.do(shipments.plan, cargo, TRUCK)


def test_the_scales_may_say_less_than_was_planned_and_never_more(database: Database) -> None:
    desk = Desk(database)
    (first,) = promised(desk, 0)
    shipment = desk.do(shipments.plan, [Cargo(first)], TRUCK)
    for weighed, says in (({first: 1801}, "1 to 1800 kg"), ({first: 1790, "x": 1}, "a promise on this shipment")):
        with pytest.raises(Invalid, match=says):
            desk.do(shipments.load, shipment.uid, weighed=weighed, accepted_difference_vnd=ANY_SUM)
    with pytest.raises(Stale, match="version"):
        desk.do(shipments.load, shipment.uid, version=9)
    desk.do(shipments.load, shipment.uid, weighed={first: 1790}, accepted_difference_vnd=ANY_SUM)
    assert desk.balances() == {"offered": 1700, "confirmed": 10, "loaded": 1790}
    with pytest.raises(Conflict, match="this shipment is loaded"):
        desk.do(shipments.load, shipment.uid)


def test_what_a_truck_is_to_fetch_is_not_cancelled_under_it(database: Database) -> None:
    desk = Desk(database)
    (first,) = promised(desk, 0)
    shipment = desk.do(shipments.plan, [Cargo(first)], TRUCK)
    item = desk.items()[0]
    with pytest.raises(Conflict, match="is to fetch these goods"):
        desk.do(decisions.cancel, chosen(item), Refusal(RejectReason.CANCELLED))
    desk.do(shipments.cancel, shipment.uid)
    desk.do(decisions.cancel, chosen(item), Refusal(RejectReason.CANCELLED))
    assert desk.balances() == {"offered": 3500}


def test_a_loaded_shipment_is_cancelled_until_a_door_has_received(database: Database) -> None:
    desk = Desk(database)
    (first,) = promised(desk, 0)
    shipment = desk.do(shipments.load, desk.do(shipments.plan, [Cargo(first)], TRUCK).uid, accepted_difference_vnd=ANY_SUM)
    shipment = desk.do(shipments.cancel, shipment.uid)
    assert (shipment.state, desk.balances()) == (ShipmentState.CANCELLED, {"offered": 1700, "confirmed": 1800})
    again = desk.do(shipments.load, desk.do(shipments.plan, [Cargo(first)], TRUCK).uid, accepted_difference_vnd=ANY_SUM)
    desk.do(receipts.receive, again.uid, door(desk, "b1"), [Said(first, 1800)], by=act("door"))
    with pytest.raises(Conflict, match="is delivered") as caught:
        desk.do(shipments.cancel, again.uid)
    assert caught.value.who == "door"


def test_a_door_speaks_once_for_itself_and_for_all_that_it_gets(database: Database) -> None:
    desk = Desk(database)
    first, second = promised(desk, 0, 1)
    shipment = desk.do(shipments.plan, [Cargo(first), Cargo(second)], TRUCK)
    here, there = door(desk, "b1"), door(desk, "b2")
    with pytest.raises(Conflict, match="is planned, not loaded"):
        desk.do(receipts.receive, shipment.uid, here, [Said(first, 1800)])
    desk.do(shipments.load, shipment.uid, accepted_difference_vnd=ANY_SUM)
    with pytest.raises(NotFound):
        desk.do(receipts.receive, shipment.uid, there, [Said(second, 200)], scope=desk.scope("buyer1"))
    with pytest.raises(NotFound):
        desk.do(receipts.receive, shipment.uid, here, [Said(first, 1800)], scope=desk.scope("s1"))
    with pytest.raises(Invalid, match="brings to this door"):
        desk.do(receipts.receive, shipment.uid, here, [Said(second, 200)])
    with pytest.raises(Invalid, match="what the reason is"):
        desk.do(receipts.receive, shipment.uid, here, [Said(first, 1700, 100, ReturnReason.OTHER)])
    with pytest.raises(Invalid, match="why the goods"):
        desk.do(receipts.receive, shipment.uid, here, [Said(first, 1700, 100)])
    desk.do(receipts.receive, shipment.uid, here, [Said(first, 1800)], by=act("door"))
    with pytest.raises(Conflict, match="received here already") as caught:
        desk.do(receipts.receive, shipment.uid, here, [Said(first, 1800)])
    assert caught.value.who == "door"


def test_goods_go_on_from_a_hub_and_the_feeder_is_delivered_with_them(database: Database) -> None:
    desk = Desk(database)
    (first,) = promised(desk, 0)
    with pytest.raises(NotApproved, match="0 kg of the promise"):
        desk.do(shipments.plan, [Cargo(first)], TRUCK, from_hub=True)
    feeder = desk.do(shipments.load, desk.do(shipments.plan, [Cargo(first)], Hired(cost_vnd=101)).uid)
    halves = [desk.do(shipments.plan, [Cargo(first, 900)], Hired(cost_vnd=cost), from_hub=True) for cost in (40, 60)]
    with pytest.raises(NotApproved, match="0 kg of the promise"):
        desk.do(shipments.plan, [Cargo(first)], TRUCK, from_hub=True)
    for half in halves:
        desk.do(shipments.load, half.uid)
    with pytest.raises(Conflict, match="on from the hub"):
        desk.do(shipments.cancel, feeder.uid)
    for half in halves:
        receipt = desk.do(receipts.receive, half.uid, door(desk, "b1"), [Said(first, 900)])
        desk.do(settlements.draft, receipt.uid)
    with database.read() as session:
        assert session.get_one(m.Shipment, feeder.id).state is ShipmentState.DELIVERED
        freight = session.scalars(select(m.Settlement.freight_vnd).order_by(m.Settlement.id)).all()
        assert lost_money(session) == []
    assert freight[0] == freight[1]
    assert desk.balances_vnd()[Account.FREIGHT] == 201 - sum(freight)


def test_a_receipt_is_settled_once_and_a_settlement_goes_one_way(database: Database) -> None:
    desk = Desk(database)
    (first,) = promised(desk, 0)
    shipment = desk.do(shipments.load, desk.do(shipments.plan, [Cargo(first)], TRUCK).uid, accepted_difference_vnd=ANY_SUM)
    receipt = desk.do(receipts.receive, shipment.uid, door(desk, "b1"), [Said(first, 1800)])
    (settlement,) = desk.do(settlements.draft, receipt.uid, by=act("clerk Tam"))
    with pytest.raises(Conflict, match="has been settled") as caught:
        desk.do(settlements.draft, receipt.uid)
    assert caught.value.who == "clerk Tam"
    with pytest.raises(Conflict, match="is draft, not issued"):
        desk.do(settlements.pay, settlement.uid)
    with pytest.raises(Invalid, match="today or later"):
        desk.do(settlements.issue, settlement.uid, due_on=date(2027, 6, 6))
    issued = desk.do(settlements.issue, settlement.uid, version=settlement.version)
    assert issued.due_on == date(2027, 7, 7)
    with pytest.raises(Stale, match="version"):
        desk.do(settlements.pay, settlement.uid, version=settlement.version)


def test_a_carrier_that_is_none_and_strange_promises_are_refused(database: Database) -> None:
    desk, other = Desk(database), Desk(database, code="b")
    (first,) = promised(desk, 0)
    with database.write() as session:
        carrier = Organisation(
            association_id=desk.association, side=Side.LOGISTICS, kind=OrganisationKind.CARRIER, code="vtp", name="Viettel Post"
        )
        session.add(carrier)
        session.flush()
        farm = session.get_one(Organisation, desk.parties["s1"])
    with pytest.raises(Invalid, match="uid of a carrier"):
        desk.do(shipments.plan, [Cargo(first)], Hired(carrier=farm.uid))
    assert desk.do(shipments.plan, [Cargo(first)], Hired(carrier=carrier.uid)).carrier_id == carrier.id
    with pytest.raises(NotFound, match="promise"):
        other.do(shipments.plan, [Cargo(first)], Hired())


def test_money_that_went_astray_would_be_found(database: Database) -> None:
    desk = Desk(database)
    (first,) = promised(desk, 0)
    shipment = desk.do(shipments.load, desk.do(shipments.plan, [Cargo(first)], TRUCK).uid, accepted_difference_vnd=ANY_SUM)
    receipt = desk.do(receipts.receive, shipment.uid, door(desk, "b1"), [Said(first, 1800)])
    (settlement,) = desk.do(settlements.draft, receipt.uid)
    with database.write() as session:
        row = session.get_one(m.Settlement, settlement.id)
        row.freight_vnd, row.supplier_vnd, row.kg = row.freight_vnd - 1, row.supplier_vnd + 1, row.kg - 1
    with database.read() as session:
        found = lost_money(session)
    assert [one.partition(": ")[2] for one in found] == [
        "it pays for other kilograms than were accepted",
        "the account suppliers says otherwise", "the account freight says otherwise", "it pays other than its terms say",
    ]  # fmt: skip
