"""A pool that its suppliers agree to is one joint offer: planned, confirmed, turned down and, if so agreed, paid together."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from catalog.errors import Conflict, Invalid, NotFound
from catalog.models import Side
from service.db import Database
from service.planning import models as m
from service.planning.errors import AlreadyConfirmed
from service.planning.fulfilment import receipts, settlements, shipments
from service.planning.fulfilment.receipts import Said
from service.planning.fulfilment.settlements import lost_money
from service.planning.fulfilment.shipments import Cargo, Hired
from service.planning.joint import offers
from service.planning.joint.models import JointOffer
from service.planning.joint.offers import Pooled
from service.planning.proposals import decisions, items
from service.planning.proposals.decisions import Refusal
from service.planning.states import JointState, ProposalState, RejectReason, RejectSharing, ReturnReason
from service.planning.terms import amendments
from service.planning.terms.amendments import WantedChange
from service.planning.terms.answers import OWN_ANSWER
from tests.sample_market import act
from tests.service.proposal_setup import BY_TELEPHONE, SharedTruck, chosen
from tests.service.test_shipments import door

POOL = [Pooled("lot1", 600), Pooled("l2", 600), Pooled("l3", 600)]


def pooled(desk: SharedTruck, sharing: RejectSharing = RejectSharing.SHARED) -> str:
    """Put a pool of all three lots to their suppliers, let them agree, plan again, and return the joint offer's uid."""
    joint = desk.do(offers.propose, "line1", POOL, sharing, by=act(why="too much for one"))
    for supplier in ("s1", "s2", "s3"):
        done = desk.do(offers.answer, joint.uid, scope=desk.scope(supplier), agrees=True, consent=OWN_ANSWER)
    assert done.state is JointState.AGREED
    desk.plan_again()
    return joint.uid


def state_of(desk: SharedTruck, uid: str) -> JointState:
    with desk.database.read() as session:
        return session.scalars(select(JointOffer.state).where(JointOffer.uid == uid)).one()


def confirm(desk: SharedTruck, item: m.ProposalItem) -> None:
    for side in (Side.SUPPLY, Side.DEMAND):
        item = desk.do(decisions.confirm, chosen(item), scope=desk.party(item, side), consent=BY_TELEPHONE)


def test_a_pool_binds_once_every_supplier_and_the_buyer_have_confirmed(database: Database) -> None:
    desk = SharedTruck(database)
    uid = pooled(desk)
    with database.read() as session:
        pins = session.scalars(select(m.Decision.kg).where(m.Decision.revoked_at.is_(None))).all()
    assert sorted(pins) == [600, 600, 600]
    first, second, third = desk.items()
    desk.do(decisions.approve_many, [chosen(one) for one in (first, second, third)])
    confirm(desk, desk.item(first.uid))
    confirm(desk, desk.item(second.uid))
    assert desk.balances() == {"held": 1800}
    confirm(desk, desk.item(third.uid))
    assert desk.balances() == {"confirmed": 1800}
    assert state_of(desk, uid) is JointState.AGREED


def test_what_one_refuses_ends_the_joint_offer_for_all(database: Database) -> None:
    desk = SharedTruck(database)
    uid = pooled(desk)
    found = desk.items()
    desk.do(decisions.approve_many, [chosen(one) for one in found])
    confirm(desk, desk.item(found[0].uid))
    desk.do(decisions.refuse, chosen(desk.item(found[1].uid)), Refusal(RejectReason.WEATHER), scope=desk.party(found[1], Side.SUPPLY))
    assert {desk.item(one.uid).state for one in found} == {ProposalState.REJECTED}
    assert (desk.balances(), state_of(desk, uid)) == ({"offered": 1800}, JointState.ENDED)
    with database.read() as session:
        assert session.scalars(select(m.Decision).where(m.Decision.revoked_at.is_(None))).all() == []


def test_a_broker_rejects_all_of_it_in_one_act_and_a_loaded_part_forbids_taking_back_the_rest(database: Database) -> None:
    desk = SharedTruck(database)
    pooled(desk)
    found = desk.items()
    desk.do(decisions.approve_many, [chosen(one) for one in found])
    for one in found:
        confirm(desk, desk.item(one.uid))
    with database.read() as session:
        promise = session.scalars(select(m.Promise.uid).where(m.Promise.proposal_item_id == found[0].id)).one()
    shipment = desk.do(shipments.plan, [Cargo(promise)], Hired(cost_vnd=0))
    desk.do(shipments.load, shipment.uid)
    with pytest.raises(AlreadyConfirmed, match="both sides have confirmed"):
        desk.do(decisions.cancel, chosen(desk.item(found[1].uid)), Refusal(RejectReason.WEATHER))
    desk.do(shipments.cancel, shipment.uid)
    desk.do(decisions.cancel, chosen(desk.item(found[1].uid)), Refusal(RejectReason.WEATHER))
    assert desk.balances() == {"offered": 1800}


def test_many_items_of_a_joint_offer_are_rejected_in_one_act(database: Database) -> None:
    desk = SharedTruck(database)
    pooled(desk)
    found = desk.items()
    outcomes = desk.do(decisions.reject_many, [chosen(one) for one in found[:2]], Refusal(RejectReason.PRICE))
    assert [one.refusal for one in outcomes] == [None, None]
    assert {desk.item(one.uid).state for one in found} == {ProposalState.REJECTED}


def test_a_hold_that_runs_out_before_all_have_confirmed_gives_everything_back(database: Database) -> None:
    desk = SharedTruck(database)
    pooled(desk)
    found = desk.items()
    desk.do(decisions.approve_many, [chosen(one) for one in found])
    confirm(desk, desk.item(found[0].uid))
    with database.write() as session:
        items.expire(session, act(minutes=600).at)
    assert desk.balances() == {"offered": 1800}
    assert {desk.item(one.uid).state for one in found} == {ProposalState.PROPOSED}


@pytest.mark.parametrize("sharing", list(RejectSharing))
def test_what_the_door_rejects_is_borne_as_was_agreed(database: Database, sharing: RejectSharing) -> None:
    desk = SharedTruck(database)
    pooled(desk, sharing)
    found = desk.items()
    desk.do(decisions.approve_many, [chosen(one) for one in found])
    for one in found:
        confirm(desk, desk.item(one.uid))
    with database.read() as session:
        query = select(m.Promise.uid, m.ProposalItem.uid).join(m.ProposalItem, m.ProposalItem.id == m.Promise.proposal_item_id)
        promises = {item: promise for promise, item in session.execute(query.where(m.Promise.confirmed_kg > 0))}
    shipment = desk.do(shipments.plan, [Cargo(uid) for uid in promises.values()], Hired(cost_vnd=0))
    desk.do(shipments.load, shipment.uid)
    bad = found[0].uid
    said = [
        Said(uid, 600 - 300 * (item == bad), 300 * (item == bad), ReturnReason.BRUISED if item == bad else None)
        for item, uid in promises.items()
    ]
    receipt = desk.do(receipts.receive, shipment.uid, door(desk, "b1"), said)
    made = desk.do(settlements.draft, receipt.uid)
    assert sorted(one.kg for one in made) == ([500, 500, 500] if sharing is RejectSharing.SHARED else [300, 600, 600])
    assert sum(one.buyer_vnd for one in made) == 1500 * made[0].price_vnd_per_kg
    assert sum(desk.balances_vnd().values()) == 0
    assert desk.balances() == {"settled": 1800}
    with database.write() as session:
        session.get_one(m.Settlement, made[0].id).kg -= 1
    with database.read() as session:
        assert any("pays for other kilograms" in one for one in lost_money(session))


def test_a_shared_price_is_changed_for_no_lot_alone(database: Database) -> None:
    desk = SharedTruck(database)
    pooled(desk)
    found = desk.items()
    desk.do(decisions.approve_many, [chosen(one) for one in found])
    for one in found:
        confirm(desk, desk.item(one.uid))

    def ask(session: Any, scope: Any, by: Any) -> Any:
        item = session.get_one(m.ProposalItem, found[0].id)
        return amendments.propose_change(session, scope, chosen(item), WantedChange(price_vnd_per_kg=21_000), "dear", by)

    with pytest.raises(Conflict, match="share rejects and have one price"):
        desk.do(ask, scope=desk.party(found[0], Side.DEMAND))


def test_a_pool_that_does_not_fit_or_that_somebody_declines_is_no_joint_offer(database: Database) -> None:
    desk = SharedTruck(database)
    with pytest.raises(Invalid, match="two lots or more"):
        desk.do(offers.propose, "line1", POOL[:1], RejectSharing.OWN)
    with pytest.raises(Invalid, match="at most the 1800 kg"):
        desk.do(offers.propose, "line1", [*POOL[:2], Pooled("l3", 601)], RejectSharing.OWN)
    joint = desk.do(offers.propose, "line1", POOL, RejectSharing.OWN)
    with pytest.raises(Conflict, match="in another joint offer"):
        desk.do(offers.propose, "line1", POOL[:2], RejectSharing.OWN)
    with pytest.raises(Invalid, match="for whom you speak"):
        desk.do(offers.answer, joint.uid, agrees=True, consent=BY_TELEPHONE)
    with pytest.raises(NotFound, match="joint offer"):
        desk.do(offers.answer, joint.uid, scope=desk.scope("buyer1"), agrees=True, consent=OWN_ANSWER)
    desk.do(offers.answer, joint.uid, scope=desk.scope("s1"), agrees=True, consent=OWN_ANSWER)
    with pytest.raises(Conflict, match="waits for no answer"):
        desk.do(offers.answer, joint.uid, scope=desk.scope("s1"), agrees=True, consent=OWN_ANSWER)
    desk.do(offers.answer, joint.uid, scope=desk.scope("s2"), agrees=False, consent=OWN_ANSWER)
    assert state_of(desk, joint.uid) is JointState.ENDED
    first = desk.do(decisions.approve, chosen(desk.items()[0]))
    confirm(desk, first)
    assert desk.balances()["confirmed"] == 600
