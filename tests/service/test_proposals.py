"""Proposals are approved, confirmed, refused and taken back, and every kilogram stays where the ledger says."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest
from sqlalchemy import select, text

from catalog.errors import Conflict, DomainError, Invalid, NotFound, Stale
from catalog.models import Lot, Side
from catalog.tenancy import Scope
from service import audit
from service.db import Database
from service.http.database_errors import refusal
from service.models import Outbox
from service.planning import models as m
from service.planning.errors import AlreadyConfirmed, AlreadyDecided, HoldExpired, LotOvercommitted, ManyRefused, NotApproved, PlanStale
from service.planning.ledger.conservation import discrepancies
from service.planning.proposals import decisions, items
from service.planning.proposals.decisions import Chosen, Refusal
from service.planning.states import ProposalState, RejectReason
from tests.sample_market import NOON, Market, act
from tests.service import chaos
from tests.service.proposal_setup import BY_TELEPHONE, Desk, chosen

PRICE = Refusal(RejectReason.PRICE, "too low")
ITEMS = 3


def confirmed(desk: Desk, item: m.ProposalItem) -> m.ProposalItem:
    """Let the broker approve an item and both sides confirm it."""
    item = desk.do(decisions.approve, chosen(item))
    for side, who, minutes in ((Side.SUPPLY, "clerk Hoa", 5), (Side.DEMAND, "buyer Minh", 6)):
        item = desk.do(decisions.confirm, chosen(item), by=act(who, minutes=minutes), scope=desk.party(item, side))
    return item


def test_an_approved_item_holds_its_kilograms_until_both_sides_confirm(database: Database) -> None:
    desk = Desk(database)
    first = desk.items()[0]
    item = desk.do(decisions.approve, chosen(first))
    assert (item.state, item.version) == (ProposalState.APPROVED, first.version + 1)
    assert desk.balances() == {"offered": 1700, "held": 1800}
    item = desk.do(decisions.confirm, chosen(item), by=act("clerk Hoa"), scope=desk.party(item, Side.SUPPLY))
    assert desk.balances() == {"offered": 1700, "held": 1800}
    item = desk.do(decisions.confirm, chosen(item), by=act("buyer Minh"), scope=desk.party(item, Side.DEMAND))
    assert desk.balances() == {"offered": 1700, "confirmed": 1800}
    assert (item.supplier_confirmed_by, item.buyer_confirmed_by) == ("clerk Hoa", "buyer Minh")
    assert desk.trail(item.uid) == [f"proposal_item.{verb}" for verb in ("approve", "confirm_supply", "confirm_demand")]


def test_a_proposal_says_what_its_items_say(database: Database) -> None:
    desk = Desk(database)
    first, second, third = desk.items()
    assert first.supply_proposal_id == second.supply_proposal_id
    confirmed(desk, first)

    def states() -> list[tuple[ProposalState, bool]]:
        with database.read() as session:
            rows = session.scalars(select(m.Proposal).order_by(m.Proposal.id)).all()
        return [(row.state, row.confirmed_at is not None) for row in rows]

    supply = states()[first.supply_proposal_id - 1]
    assert supply == (ProposalState.PROPOSED, False)
    desk.do(decisions.reject, chosen(second), PRICE)
    assert states()[first.supply_proposal_id - 1] == (ProposalState.APPROVED, True)
    desk.do(decisions.reject, chosen(third), PRICE)
    assert states()[third.demand_proposal_id - 1] == (ProposalState.REJECTED, False)


def test_a_side_that_refuses_gives_the_kilograms_back(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]))
    item = desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.SUPPLY))
    item = desk.do(decisions.refuse, chosen(item), PRICE, by=act("buyer Minh"), scope=desk.party(item, Side.DEMAND))
    assert (item.state, item.reason_code, item.supplier_confirmed_at) == (ProposalState.REJECTED, RejectReason.PRICE, None)
    assert desk.balances() == {"offered": 3500}
    assert desk.trail(item.uid)[-1] == "proposal_item.refuse_demand"


def test_the_reason_other_needs_a_note(database: Database) -> None:
    desk = Desk(database)
    with pytest.raises(Invalid, match="what the reason is"):
        desk.do(decisions.reject, chosen(desk.items()[0]), Refusal(RejectReason.OTHER))


def test_whoever_decides_second_is_told_who_was_first_and_when(database: Database) -> None:
    desk = Desk(database)
    first = desk.items()[0]
    item = desk.do(decisions.approve, chosen(first), by=act("broker Lan"))
    with pytest.raises(AlreadyDecided, match="approved already") as caught:
        desk.do(decisions.approve, chosen(first), by=act("broker Nam", minutes=1))
    assert (caught.value.who, caught.value.when) == ("broker Lan", NOON)
    supplier = desk.party(item, Side.SUPPLY)
    desk.do(decisions.confirm, chosen(item), by=act("clerk Hoa", minutes=2), scope=supplier)
    with pytest.raises(AlreadyDecided, match="confirmed this item already") as again:
        desk.do(decisions.confirm, chosen(item), by=act("clerk Tam", minutes=3), scope=supplier)
    assert again.value.who == "clerk Hoa"


def test_an_answer_to_what_has_been_changed_meanwhile_is_refused(database: Database) -> None:
    desk = Desk(database)
    first = desk.items()[0]
    with pytest.raises(Stale, match="is at version 1"):
        desk.do(decisions.approve, Chosen(first.uid, 7))
    item = desk.do(decisions.approve, chosen(first))
    with pytest.raises(Stale, match="is at version 2"):
        desk.do(decisions.confirm, Chosen(item.uid, first.version), scope=desk.party(item, Side.SUPPLY))


def test_a_side_cannot_confirm_before_the_broker_or_for_the_other(database: Database) -> None:
    desk = Desk(database)
    item = desk.items()[0]
    with pytest.raises(NotApproved, match="no broker"):
        desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.SUPPLY))
    item = desk.do(decisions.approve, chosen(item))
    with pytest.raises(NotFound):
        desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.SUPPLY), side=Side.DEMAND)
    with pytest.raises(NotFound):
        desk.do(decisions.confirm, chosen(item), scope=desk.scope("s2"))
    with pytest.raises(Invalid, match="for whom you speak"):
        desk.do(decisions.confirm, chosen(item))
    with pytest.raises(Invalid, match="how the side that you speak for agreed"):
        desk.do(decisions.confirm, chosen(item), side=Side.DEMAND)
    assert desk.do(decisions.confirm, chosen(item), side=Side.DEMAND, consent=BY_TELEPHONE).buyer_confirmed_at == NOON


def test_items_of_another_association_are_not_found(database: Database) -> None:
    desk, other = Desk(database), Desk(database, code="b")
    for deed in (decisions.approve, decisions.confirm):
        with pytest.raises(NotFound, match="proposal item"):
            desk.do(deed, chosen(other.items()[0]))


def test_an_item_of_a_superseded_plan_is_refused_with_the_current_one(database: Database) -> None:
    desk = Desk(database)
    old = desk.items()[0]
    new = desk.plan_again()
    with pytest.raises(PlanStale, match="superseded") as caught:
        desk.do(decisions.approve, chosen(desk.item(old.uid)))
    assert caught.value.current == new


def test_each_side_is_told_once_when_a_later_plan_replaces_what_was_put_to_it(database: Database) -> None:
    desk = Desk(database)
    old = desk.plan
    desk.do(decisions.approve, chosen(desk.items()[0]))
    of_old = select(m.Proposal).join(m.Plan, m.Plan.id == m.Proposal.plan_id).where(m.Plan.uid == old)
    with database.read() as session:
        replaced = {one.uid: one.organisation_id for one in session.scalars(of_old.where(m.Proposal.state == ProposalState.PROPOSED))}
    new = desk.plan_again()
    with database.read() as session:
        told = session.scalars(select(Outbox).where(Outbox.kind == "proposal.superseded")).all()
        left = {one.uid: {"state": one.state.value, "side": one.side.value} for one in session.scalars(of_old)}
    assert replaced
    assert {one.payload["proposal"]: one.organisation_id for one in told if one.organisation_id is not None} == replaced
    assert len(told) == 2 * len(replaced)
    assert all(one.payload == {"proposal": one.payload["proposal"], "plan": old, "by": new} | left[one.payload["proposal"]] for one in told)


def test_an_item_whose_lot_was_edited_is_refused(database: Database) -> None:
    desk = Desk(database)
    item = desk.items()[0]
    with database.write() as session:
        lot = session.get_one(Lot, item.lot_id)
        lot.ask_vnd_per_kg, lot.updated_by = 12_345, "clerk Hoa"
    with pytest.raises(PlanStale, match="lot lot1 has changed since the plan") as caught:
        desk.do(decisions.approve, chosen(item))
    assert (caught.value.current, caught.value.who) == (desk.plan, "clerk Hoa")
    assert desk.do(decisions.reject, chosen(item), PRICE).state is ProposalState.REJECTED


def test_a_hold_that_runs_out_puts_the_item_back_on_the_desk(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]), hold_minutes=30)
    item = desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.SUPPLY))
    with pytest.raises(HoldExpired, match="has run out") as caught:
        desk.do(decisions.confirm, chosen(item), by=act(minutes=31), scope=desk.party(item, Side.DEMAND))
    assert caught.value.who == "broker Lan"
    with database.write() as session:
        assert items.expire(session, act(minutes=31).at) == 1
        assert items.expire(session, act(minutes=31).at) == 0
    item = desk.item(item.uid)
    assert (item.state, item.supplier_confirmed_at) == (ProposalState.PROPOSED, None)
    assert desk.balances() == {"offered": 3500}
    assert desk.trail(item.uid)[-1] == "proposal_item.lapse"
    assert desk.do(decisions.approve, chosen(item), by=act(minutes=32)).state is ProposalState.APPROVED


def test_the_sweep_reads_the_few_that_wait_and_not_all_that_ever_were(database: Database) -> None:
    statement = str(items.lapsed(10).compile(database.engine, compile_kwargs={"literal_binds": True}))
    with database.read() as session:
        if database.dialect == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))
            statement = statement.partition("FOR UPDATE")[0]
        explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
        steps = " ".join(str(row) for row in session.execute(text(explain + statement)))
    assert "ix_proposal_item_waiting" in steps


def test_an_item_whose_hold_has_run_out_can_be_approved_again_at_once(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]), hold_minutes=30)
    again = desk.do(decisions.approve, chosen(item), by=act("broker Nam", minutes=40))
    assert again.state is ProposalState.APPROVED
    assert desk.balances() == {"offered": 1700, "held": 1800}
    assert desk.trail(item.uid) == [f"proposal_item.{verb}" for verb in ("approve", "lapse", "approve")]


def test_a_lapsed_item_of_an_old_plan_is_superseded(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]), hold_minutes=30)
    desk.plan_again()
    assert desk.item(item.uid).state is ProposalState.APPROVED
    with database.write() as session:
        items.expire(session, act(minutes=31).at)
    assert desk.item(item.uid).state is ProposalState.SUPERSEDED


def test_two_brokers_who_want_one_kilogram_meet_at_the_lot(database: Database) -> None:
    desk = Desk(database)
    first, second, _ = desk.items()
    with database.write() as session:
        session.get_one(m.ProposalItem, second.id).kg = 300
    desk.do(decisions.approve, chosen(first), by=act("broker Lan"))
    with pytest.raises(LotOvercommitted, match="200 kg left, not 300") as caught:
        desk.do(decisions.approve, Chosen(second.uid), by=act("broker Nam", minutes=1))
    assert (caught.value.who, caught.value.when, caught.value.left_kg) == ("broker Lan", NOON, 200)


def test_many_are_approved_together_or_not_at_all(database: Database) -> None:
    desk = Desk(database)
    first, second, third = desk.items()
    with database.write() as session:
        session.get_one(Lot, third.lot_id).note = "edited"
    wanted = [chosen(first), chosen(second), chosen(third)]
    with pytest.raises(ManyRefused, match="1 of the items") as caught:
        desk.do(decisions.approve_many, wanted)
    assert {uid: type(why) for uid, why in caught.value.refusals.items()} == {third.uid: PlanStale}
    assert desk.balances() == {"offered": 3500}
    assert desk.trail(first.uid) == []
    outcomes = desk.do(decisions.approve_many, wanted, partial=True)
    assert [type(outcome.refusal) for outcome in outcomes] == [type(None), type(None), PlanStale]
    assert desk.balances() == {"offered": 1500, "held": 2000}
    assert [desk.trail(item.uid) for item in (first, second, third)] == [["proposal_item.approve"]] * 2 + [[]]
    assert {desk.item(item.uid).state for item in (first, second)} == {ProposalState.APPROVED}


def test_many_are_rejected_together(database: Database) -> None:
    desk = Desk(database)
    outcomes = desk.do(decisions.reject_many, [chosen(item) for item in desk.items()], PRICE)
    assert [outcome.item is not None and outcome.item.state for outcome in outcomes] == [ProposalState.REJECTED] * ITEMS


def test_a_supplier_confirms_its_whole_proposal_at_once(database: Database) -> None:
    desk = Desk(database)
    first, second, _ = desk.items()
    for item in (first, second):
        desk.do(decisions.approve, chosen(item))
    with database.read() as session:
        proposal = session.get_one(m.Proposal, first.supply_proposal_id)
    scope = desk.party(first, Side.SUPPLY)
    with pytest.raises(Stale, match="has changed since"):
        desk.do(decisions.confirm_proposal, proposal.uid, scope=scope, version=1)
    done = desk.do(decisions.confirm_proposal, proposal.uid, scope=scope, version=proposal.version)
    assert [item.supplier_confirmed_at for item in done] == [NOON, NOON]
    with pytest.raises(AlreadyDecided, match="waits for an answer"):
        desk.do(decisions.confirm_proposal, proposal.uid, scope=scope)


def test_what_both_have_confirmed_is_cancelled_by_agreement_alone(database: Database) -> None:
    desk = Desk(database)
    item = confirmed(desk, desk.items()[0])
    with pytest.raises(AlreadyConfirmed, match="both sides") as caught:
        desk.do(decisions.reject, chosen(item), PRICE)
    assert (caught.value.compensation, caught.value.who) == ("cancel", "buyer Minh")
    item = desk.do(decisions.cancel, chosen(item), Refusal(RejectReason.CANCELLED, "hail"))
    assert item.state is ProposalState.REJECTED
    assert desk.balances() == {"offered": 3500}


def test_what_is_on_the_road_cannot_be_cancelled(database: Database) -> None:
    from service.planning.ledger import transitions

    desk = Desk(database)
    item = confirmed(desk, desk.items()[0])
    with database.write() as session:
        promise = items.promise_of(session, item)
        assert promise is not None
        transitions.load(session, promise.id, act())
    with pytest.raises(AlreadyConfirmed) as caught:
        desk.do(decisions.cancel, chosen(item), Refusal(RejectReason.CANCELLED))
    assert caught.value.compensation == "receipt"


def test_each_is_told_of_what_concerns_it_without_the_others_price(database: Database) -> None:
    desk = Desk(database)
    item = confirmed(desk, desk.items()[0])
    with database.read() as session:
        told = session.scalars(select(Outbox).where(Outbox.kind == "promise.confirmed")).all()
        assert list(audit.verify(session)) == []
    organisations = {desk.party(item, side).organisation_id for side in (Side.SUPPLY, Side.DEMAND)}
    assert {event.organisation_id for event in told} == {None, *organisations}
    for event in told:
        assert event.payload["item"] == item.uid
        assert not any("vnd" in key for key in event.payload)


def hand(desk: Desk, wanted: list[m.ProposalItem], name: str, start: threading.Barrier, tally: Counter[str]) -> None:
    start.wait()
    for item in wanted:
        try:
            desk.do(decisions.approve, Chosen(item.uid), by=act(name))
            tally[f"won {item.uid}"] += 1
        except DomainError as error:
            tally[f"lost {item.uid} {error.code}"] += 1
        except Exception as error:  # noqa: BLE001  Only what means something to the broker may come.
            known = refusal(error)
            tally[known.code if known else repr(error)] += 1


def test_of_many_brokers_at_once_one_approves_and_the_others_hear_of_him(database: Database) -> None:
    desk = Desk(database)
    wanted, tally, start = desk.items(), Counter[str](), threading.Barrier(4)
    hands = [threading.Thread(target=hand, args=(desk, wanted[:: (1, -1)[n % 2]], f"broker {n}", start, tally)) for n in range(4)]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    assert tally == Counter({f"won {i.uid}": 1 for i in wanted}) + Counter({f"lost {i.uid} already_decided": 3 for i in wanted})
    assert desk.balances() == {"offered": 500, "held": 3000}
    assert issubclass(AlreadyDecided, Conflict)


def test_of_many_items_decided_together_a_stale_one_stops_all_or_is_left_out(database: Database) -> None:
    most = {"sqlite": 500, "postgresql": 120}[database.dialect]
    with database.write() as session:
        market = Market(session)
        lots, lines = [[add(100_000) for _ in range(20)] for add in (market.lot, market.line)]
        chaos.propose(session, market, random.Random(5), lots, lines, most * 5 // 4)  # type: ignore[arg-type]
        everything = session.scalars(select(m.ProposalItem).order_by(m.ProposalItem.id)).all()
        lots[0].note = "edited"
        stale = next(item.uid for item in everything if item.lot_id == lots[0].id)
        fresh = [item.uid for item in everything if item.lot_id != lots[0].id][: most - 1]
        scope = Scope(market.association.id)
    assert len(fresh) == most - 1
    wanted = [Chosen(uid, 1) for uid in (*fresh[: most // 2], stale, *fresh[most // 2 :])]
    with pytest.raises(ManyRefused) as caught, database.write() as session:
        decisions.approve_many(session, scope, wanted, act())
    assert list(caught.value.refusals) == [stale]
    with database.read() as session:
        assert session.scalars(select(m.Promise.id)).first() is None
    few = wanted[most // 2 - 20 : most // 2 + 20]
    with database.write() as session:
        outcomes = decisions.approve_many(session, scope, few, act(), partial=True)
        assert [outcome.uid for outcome in outcomes if outcome.refusal is not None] == [stale]
    with database.read() as session:
        assert len(session.scalars(select(m.Promise.id)).all()) == 39
        assert discrepancies(session) == []
        assert list(audit.verify(session)) == []
