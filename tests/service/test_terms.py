"""What both sides confirm is what is paid: terms, their versions, changes by agreement, objections, and the association's freight risk."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from buyers.intake import LineChange
from buyers.models import DemandLine
from catalog.errors import Conflict, Invalid
from catalog.intake import LotChange, SiteIn, add_site
from catalog.models import Association, Lot, Organisation, OrganisationKind, Side, Site, SiteKind
from service.db import Database
from service.planning import market_changes
from service.planning import models as m
from service.planning.errors import BelowFloor, FreightAtRisk, NotApproved, OfferStands, PlanStale, TermsBelowZero, TermsChanged
from service.planning.fulfilment import receipts, settlements, shipments
from service.planning.fulfilment.balances import balances_of_items
from service.planning.fulfilment.receipts import Said
from service.planning.fulfilment.settlements import lost_money
from service.planning.fulfilment.shipments import Cargo, Hired
from service.planning.market_changes import ConfirmedForOtherDays
from service.planning.proposals import decisions
from service.planning.proposals.decisions import Refusal
from service.planning.states import (
    Account,
    AmendmentState,
    Channel,
    FreightRisk,
    ProposalState,
    RejectReason,
    ReturnReason,
    ShipmentState,
)
from service.planning.terms import amendments, objections, rules
from service.planning.terms.amendments import WantedChange
from service.planning.terms.answers import Consent
from service.planning.terms.figures import figures_of_items
from service.planning.terms.models import Terms, TermsAnswer
from tests.sample_market import act
from tests.service.proposal_setup import BY_TELEPHONE, Desk, SharedTruck, chosen, season
from tests.service.test_proposals import confirmed
from tests.service.test_shipments import door, promised

NO_NEED = Refusal(RejectReason.NO_NEED)


def terms_of(desk: Desk, item: m.ProposalItem) -> list[Terms]:
    with desk.database.read() as session:
        return list(session.scalars(select(Terms).where(Terms.item_id == item.id).order_by(Terms.version)))


def uid_of(desk: Desk, model: Any, number: int) -> str:
    with desk.database.read() as session:
        return str(session.get_one(model, number).uid)


def line_edit(desk: Desk, item: m.ProposalItem, **changes: Any) -> None:
    desk.do(market_changes.revise_line, uid_of(desk, DemandLine, item.line_id), LineChange(**changes), by=act("buyer Minh"))


def shown(desk: Desk, item: m.ProposalItem) -> int:
    with desk.database.read() as session:
        row = session.get_one(m.ProposalItem, item.id)
        return figures_of_items(session, [row])[item.id].parts.supplier_vnd


def delivered(desk: Desk, item: m.ProposalItem, rejected_kg: int = 0) -> m.Settlement:
    """Load an item alone on its planned truck, receive and settle it."""
    with desk.database.read() as session:
        promise = session.scalars(select(m.Promise.uid).where(m.Promise.proposal_item_id == item.id, m.Promise.confirmed_kg > 0)).one()
        code = session.scalars(select(Site.code).join(DemandLine, DemandLine.site_id == Site.id).where(DemandLine.id == item.line_id)).one()
    shipment = desk.do(shipments.plan, [Cargo(promise)], Hired(cost_vnd=0))
    shipment = desk.do(shipments.load, shipment.uid)
    with desk.database.read() as session:
        kg = session.scalars(select(m.ShipmentItem.kg).where(m.ShipmentItem.shipment_id == shipment.id)).one()
    said = Said(promise, kg - rejected_kg, rejected_kg, ReturnReason.BRUISED if rejected_kg else None)
    receipt = desk.do(receipts.receive, shipment.uid, door(desk, code), [said])
    (settlement,) = desk.do(settlements.draft, receipt.uid)
    return settlement


def test_a_refused_neighbour_changes_neither_the_offer_nor_the_payment(database: Database) -> None:
    """A supplier was promised a sum, only part of its truck was confirmed, and the whole trip was billed to what rode."""
    desk = SharedTruck(database)
    first, second, _ = desk.items()
    desk.do(decisions.approve_many, [chosen(first), chosen(second)])
    offered = shown(desk, first)
    desk.do(decisions.reject, chosen(desk.item(second.uid)), NO_NEED)
    assert shown(desk, first) == offered
    item = desk.item(first.uid)
    for side in (Side.SUPPLY, Side.DEMAND):
        item = desk.do(decisions.confirm, chosen(item), scope=desk.party(item, side))
    shipment = desk.do(shipments.plan_trip, desk.plan, _trip(desk, first), Hired())
    with pytest.raises(FreightAtRisk, match="more than what is aboard pays") as caught:
        desk.do(shipments.load, shipment.uid)
    desk.do(shipments.load, shipment.uid, accepted_difference_vnd=caught.value.difference_vnd)
    with database.read() as session:
        promise = session.scalars(select(m.Promise.uid).where(m.Promise.proposal_item_id == item.id)).one()
    receipt = desk.do(receipts.receive, shipment.uid, door(desk, "b1"), [Said(promise, item.kg)])
    (settlement,) = desk.do(settlements.draft, receipt.uid)
    assert settlement.supplier_vnd == offered == shown(desk, first)
    assert desk.balances_vnd()[Account.FREIGHT] == caught.value.difference_vnd


def _trip(desk: Desk, item: m.ProposalItem) -> int:
    with desk.database.read() as session:
        query = select(m.PlanTrip.number).join(m.PlanLeg, m.PlanLeg.trip_id == m.PlanTrip.id)
        return session.scalars(query.where(m.PlanLeg.allocation_id == item.allocation_id)).one()


def test_a_bid_that_changes_makes_new_terms_and_asks_the_harmed_side_again(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]))
    seen = chosen(item)
    item = desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.DEMAND))
    line_edit(desk, item, bid_vnd_per_kg=60_000)
    renewed = desk.item(item.uid)
    assert [one.price_vnd_per_kg for one in terms_of(desk, item)] == [20_000, 60_000]
    assert (renewed.buyer_confirmed_at, renewed.version > seen.version) == (None, True)  # type: ignore[operator]
    with pytest.raises(TermsChanged, match="these are terms 2, not 1"):
        desk.do(decisions.confirm, chosen(renewed), scope=desk.party(item, Side.SUPPLY), consent=Consent(terms=1))
    for side in (Side.SUPPLY, Side.DEMAND):
        renewed = desk.do(decisions.confirm, chosen(renewed), scope=desk.party(item, side), consent=Consent(terms=2))
    line_edit(desk, item, bid_vnd_per_kg=20_001)
    assert [one.version for one in terms_of(desk, item)] == [1, 2]
    assert delivered(desk, item).price_vnd_per_kg == 60_000


def test_a_bid_that_falls_asks_the_supplier_again_and_never_goes_below_what_it_asks(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]))
    item = desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.SUPPLY))
    line_edit(desk, item, bid_vnd_per_kg=19_000)
    assert desk.item(item.uid).supplier_confirmed_at is None
    with pytest.raises(OfferStands, match="offered to a supplier who asks"):
        line_edit(desk, item, bid_vnd_per_kg=1, confirmed=True)


def test_terms_that_were_changed_past_them_are_not_confirmed(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]))
    with database.write() as session:
        session.get_one(DemandLine, item.line_id).bid_vnd_per_kg += 1
    with pytest.raises(TermsChanged, match="has changed since these terms were made"):
        desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.SUPPLY))
    with database.write() as session:
        session.get_one(DemandLine, item.line_id).bid_vnd_per_kg -= 1
        session.get_one(Lot, item.lot_id).available_from += timedelta(days=2)
    with pytest.raises(PlanStale, match="can be had from"):
        desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.SUPPLY))


def test_a_lot_is_not_moved_away_from_what_is_promised_of_it(database: Database) -> None:
    desk = Desk(database)
    item = confirmed(desk, desk.items()[0])
    change = LotChange(available_from=date(2027, 7, 20), available_until=date(2027, 7, 25), reason="late")
    with pytest.raises(ConfirmedForOtherDays, match="agree on other days first"):
        desk.do(market_changes.revise_lot, uid_of(desk, Lot, item.lot_id), change, by=act("clerk Hoa"))


def test_fee_and_freight_risk_hold_for_promises_made_after_them(database: Database) -> None:
    desk = Desk(database)
    first, second, _ = desk.items()
    desk.do(decisions.approve, chosen(first))

    def stated(session: Any, _: Any, by: Any, **more: Any) -> Any:
        return rules.state_rule(session, desk.association, by, **more)

    desk.do(stated, by=act("manager"), fee_per_mille=100, freight_risk=FreightRisk.BUYER)
    desk.do(stated, by=act("manager"), fee_per_mille=500, valid_from=date(2027, 7, 1))
    with pytest.raises(Invalid, match="today or later"):
        desk.do(stated, by=act("manager"), fee_per_mille=1, valid_from=date(2027, 6, 6))
    desk.do(decisions.approve, chosen(second))
    assert [terms_of(desk, one)[0].fee_per_mille for one in (first, second)] == [0, 100]
    assert [terms_of(desk, one)[0].freight_risk for one in (first, second)] == [FreightRisk.ASSOCIATION, FreightRisk.BUYER]


def test_a_supplier_gets_less_than_its_floor_price_only_if_it_says_so(database: Database) -> None:
    desk = Desk(database)
    item = desk.items()[0]
    with database.write() as session:
        session.get_one(Association, desk.association).fee_per_mille = 900
    item = desk.do(decisions.approve, chosen(item))
    with pytest.raises(BelowFloor, match="confirm that this is meant"):
        desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.SUPPLY))
    done = desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.SUPPLY), consent=Consent(below_floor=True))
    assert done.supplier_confirmed_at is not None


def test_an_item_whose_costs_exceed_its_goods_is_not_offered(database: Database) -> None:
    desk = Desk(database)
    with database.write() as session:
        session.get_one(Association, desk.association).fee_per_mille = 1000
    item = desk.items()[0]
    with pytest.raises(TermsBelowZero, match="more than its goods"):
        desk.do(decisions.approve, chosen(item))
    outcomes = desk.do(decisions.approve_many, [chosen(one) for one in desk.items()], partial=True)
    assert {type(one.refusal) for one in outcomes} == {TermsBelowZero}


def test_less_is_agreed_by_both_and_ledger_truck_and_sums_follow(database: Database) -> None:
    desk = Desk(database)
    item = confirmed(desk, desk.items()[0])
    supplier, buyer = desk.party(item, Side.SUPPLY), desk.party(item, Side.DEMAND)
    with database.read() as session:
        promise = session.scalars(select(m.Promise.uid).where(m.Promise.proposal_item_id == item.id)).one()
    shipment = desk.do(shipments.plan, [Cargo(promise)], Hired(cost_vnd=0))
    with pytest.raises(Invalid, match="something that changes"):
        desk.do(amendments.propose_change, chosen(item), WantedChange(), "hail", scope=supplier, by=act("clerk Hoa"))
    change = _propose(desk, item, WantedChange(kg=1000), supplier)
    assert (desk.balances()["confirmed"], change.state) == (1800, AmendmentState.OPEN)
    with pytest.raises(Conflict, match="waits for an answer"):
        _propose(desk, desk.item(item.uid), WantedChange(kg=900), buyer)
    done = desk.do(amendments.answer_change, change.uid, scope=buyer, by=act("buyer Minh"), agrees=True)
    first, second = terms_of(desk, item)
    assert (done.state, second.kg) == (AmendmentState.AGREED, 1000)
    assert abs(second.supplier_vnd * 1800 - first.supplier_vnd * 1000) <= 2 * 1800
    assert (desk.balances(), desk.item(item.uid).kg) == ({"offered": 2500, "confirmed": 1000}, 1000)
    with database.read() as session:
        assert session.scalars(select(m.ShipmentItem.kg).where(m.ShipmentItem.shipment_id == shipment.id)).one() == 1000
    with pytest.raises(Conflict, match="this change is agreed"):
        desk.do(amendments.answer_change, change.uid, scope=buyer, by=act("buyer Minh"), agrees=False)
    desk.do(shipments.load, shipment.uid)
    with pytest.raises(NotApproved, match="loaded"):
        _propose(desk, desk.item(item.uid), WantedChange(kg=900), supplier)


def _propose(desk: Desk, item: m.ProposalItem, wanted: WantedChange, scope: Any) -> Any:
    def propose(session: Any, whose: Any, by: Any) -> Any:
        return amendments.propose_change(session, whose, chosen(item), wanted, "hail", by)

    return desk.do(propose, scope=scope, by=act("somebody"))


def test_more_and_another_price_are_agreed_and_paid(database: Database) -> None:
    desk = Desk(database)
    item = confirmed(desk, desk.items()[0])
    change = _propose(desk, item, WantedChange(kg=1700, price_vnd_per_kg=30_000), desk.party(item, Side.DEMAND))
    desk.do(amendments.answer_change, change.uid, scope=desk.party(item, Side.SUPPLY), by=act("clerk Hoa"), agrees=True)
    change = _propose(desk, desk.item(item.uid), WantedChange(kg=1800), desk.party(item, Side.SUPPLY))
    desk.do(amendments.answer_change, change.uid, scope=desk.party(item, Side.DEMAND), by=act("buyer Minh"), agrees=True)
    assert desk.balances() == {"offered": 1700, "confirmed": 1800}
    settlement = delivered(desk, item, rejected_kg=900)
    terms = terms_of(desk, item)[-1]
    assert (settlement.kg, settlement.buyer_vnd) == (900, 900 * 30_000)
    assert settlement.supplier_vnd == pytest.approx(terms.supplier_vnd / 2, abs=1)
    assert desk.balances_vnd()[Account.SUPPLIERS] == -settlement.supplier_vnd


def test_a_declined_change_leaves_what_was_agreed(database: Database) -> None:
    desk = Desk(database)
    item = confirmed(desk, desk.items()[0])
    supplier, buyer = desk.party(item, Side.SUPPLY), desk.party(item, Side.DEMAND)
    change = _propose(desk, item, WantedChange(price_vnd_per_kg=16_000), buyer)
    done = desk.do(amendments.answer_change, change.uid, scope=supplier, by=act("clerk Hoa"), agrees=False)
    assert (done.state, len(terms_of(desk, item))) == (AmendmentState.DECLINED, 1)
    again = _propose(desk, desk.item(item.uid), WantedChange(price_vnd_per_kg=15_000), buyer)
    assert desk.do(amendments.answer_change, again.uid, scope=buyer, by=act("buyer Minh"), agrees=False).state is AmendmentState.WITHDRAWN


def test_a_side_objects_to_what_was_confirmed_for_it_until_the_goods_are_loaded(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]))
    item = desk.do(decisions.confirm, chosen(item), side=Side.SUPPLY, consent=BY_TELEPHONE)
    item = desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.DEMAND))
    with pytest.raises(Conflict, match="nobody has confirmed this for you"):
        desk.do(objections.object_to_confirmation, chosen(item), "no", scope=desk.party(item, Side.DEMAND))
    with pytest.raises(Invalid, match="nobody objects for another"):
        desk.do(objections.object_to_confirmation, chosen(item), "no")
    with database.read() as session:
        promise = session.scalars(select(m.Promise.uid).where(m.Promise.proposal_item_id == item.id)).one()
        said = session.scalars(select(TermsAnswer.channel).order_by(TermsAnswer.id)).all()
    assert said == [Channel.TELEPHONE, Channel.SYSTEM]
    shipment = desk.do(shipments.plan, [Cargo(promise)], Hired(cost_vnd=0))
    item = desk.do(objections.object_to_confirmation, chosen(item), "I never said so", scope=desk.party(item, Side.SUPPLY))
    assert (item.state, desk.balances()) == (ProposalState.REJECTED, {"offered": 3500})
    with database.read() as session:
        assert session.get_one(m.Shipment, shipment.id).state is ShipmentState.CANCELLED


@pytest.mark.parametrize("risk", [FreightRisk.BUYER, FreightRisk.SHARED])
def test_those_who_bear_the_risk_are_asked_for_an_emptier_truck(database: Database, risk: FreightRisk) -> None:
    desk = Desk(database)

    def stated(session: Any, _: Any, by: Any) -> Any:
        return rules.state_rule(session, desk.association, by, freight_risk=risk)

    desk.do(stated)
    (promise,) = promised(desk, 0)
    item = desk.items()[0]
    before = terms_of(desk, item)[0]
    shipment = desk.do(shipments.plan, [Cargo(promise)], Hired(cost_vnd=before.freight_vnd + 500_001))
    (change,) = desk.do(amendments.ask_for_difference, shipment.uid)
    desk.do(amendments.answer_change, change.uid, scope=desk.party(item, Side.DEMAND), by=act("buyer Minh"), agrees=True)
    if risk is FreightRisk.SHARED:
        assert len(terms_of(desk, item)) == 1
        desk.do(amendments.answer_change, change.uid, scope=desk.party(item, Side.SUPPLY), by=act("clerk Hoa"), agrees=True)
    after = terms_of(desk, item)[-1]
    part = 0 if risk is FreightRisk.BUYER else 250_000
    assert (after.buyer_vnd - before.buyer_vnd, before.supplier_vnd - after.supplier_vnd) == (500_001 - part, part)
    desk.do(shipments.load, shipment.uid)
    receipt = desk.do(receipts.receive, shipment.uid, door(desk, "b1"), [Said(promise, item.kg)])
    (settlement,) = desk.do(settlements.draft, receipt.uid)
    assert (settlement.supplier_vnd, desk.balances_vnd()[Account.FREIGHT]) == (after.supplier_vnd, 0)


def test_the_balance_after_the_dock_keeps_each_figure_apart(database: Database) -> None:
    desk = Desk(database)
    item = confirmed(desk, desk.items()[0])
    settlement = delivered(desk, item, rejected_kg=900)

    def balance() -> Any:
        with database.read() as session:
            return balances_of_items(session, [item])[item.id]

    found = balance()
    assert (found.promised_kg, found.loaded_kg, found.accepted_kg, found.rejected_kg) == (1800, 1800, 900, 900)
    assert (found.settled_kg, found.paid_kg, found.buyer_vnd, found.buyer_paid_vnd) == (900, 0, settlement.buyer_vnd, 0)
    issued = desk.do(settlements.issue, settlement.uid)
    desk.do(settlements.pay, issued.uid)
    assert (balance().paid_kg, balance().supplier_paid_vnd) == (900, settlement.supplier_vnd)


def test_a_sponsor_signs_and_is_paid_for_its_group_whoever_sponsors_it_later(database: Database) -> None:
    desk = Desk(database)
    item = desk.items()[0]
    with database.write() as session:
        lot = session.get_one(Lot, item.lot_id)
        group = Organisation(
            association_id=desk.association, side=Side.SUPPLY, kind=OrganisationKind.GROUP, code="g1", name="Tổ", sponsor_id=lot.supplier_id
        )
        session.add(group)
        session.flush()
        lot.organisation_id = group.id
        sponsor = lot.supplier_id
    desk.plan_again()
    item = confirmed(desk, desk.items()[0])
    with database.write() as session:
        session.get_one(Lot, item.lot_id).supplier_id = desk.parties["s2"]
    assert delivered(desk, item).supplier_id == sponsor


def test_only_the_association_makes_hubs_and_sets_what_handling_costs(database: Database) -> None:
    desk = Desk(database, season())
    own = uid_of(desk, Organisation, desk.parties["s1"])
    hub = SiteIn(code="h1", kind=SiteKind.HUB, name="Trạm", organisation=own, lat=21.2, lon=106.2)
    with pytest.raises(Invalid, match="the association alone makes it"), database.write() as session:
        add_site(session, desk.scope("s1"), hub, "clerk Hoa")
    zone = SiteIn(code="c9", kind=SiteKind.COOPERATIVE, name="Kho", organisation=own, lat=21.2, lon=106.2, zone="inner")
    with pytest.raises(Invalid, match="the association alone sets it"), database.write() as session:
        add_site(session, desk.scope("s1"), zone, "clerk Hoa")
    with database.write() as session:
        assert add_site(session, desk.broker, hub, "manager").kind is SiteKind.HUB
    with database.read() as session:
        assert lost_money(session) == []
