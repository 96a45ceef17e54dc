"""Orders, lines and lots change together with what stands on them, whoever changes them and by which way in."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from buyers import contracts
from buyers.contracts import CallOffIn, ContractIn, ContractTerms, wrong_sums
from buyers.errors import ContractExceeded
from buyers.intake import LineChange
from buyers.models import AgreementStatus, Contract, DemandLine, LineStatus, Order
from catalog.errors import DomainError
from catalog.intake import LotChange
from catalog.models import Lot, Side
from catalog.tenancy import Scope
from service.db import Database
from service.planning import market_changes
from service.planning.errors import PlanStale
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Wish
from service.planning.market_changes import ConfirmedForOtherDays
from service.planning.proposals import decisions
from service.planning.states import ProposalState
from tests.sample_market import NOON, TODAY, Market, act
from tests.service.proposal_setup import Desk, chosen
from tests.signing import signed_contract


def approved(desk: Desk) -> str:
    """Approve the first item of a desk's plan, and return its uid."""
    item = desk.items()[0]
    desk.do(decisions.approve, chosen(item))
    return item.uid


def confirm_both(desk: Desk, uid: str) -> None:
    for side in (Side.SUPPLY, Side.DEMAND):
        desk.do(decisions.confirm, chosen(desk.item(uid)), scope=desk.party(desk.item(uid), side))


def later(desk: Desk, uid: str, days: int = 60) -> LotChange:
    """Return a change that moves an item's lot so many days on."""
    with desk.database.read() as session:
        lot = session.get_one(Lot, desk.item(uid).lot_id)
        first, last = (day + timedelta(days=days) for day in (lot.available_from, lot.available_until))
        return LotChange(available_from=first, available_until=last, reason="mưa")


def lot_uid(desk: Desk, uid: str) -> str:
    with desk.database.read() as session:
        return session.get_one(Lot, desk.item(uid).lot_id).uid


def test_an_approved_item_of_a_lot_that_is_moved_is_turned_down_and_its_kilograms_are_on_offer_again(database: Database) -> None:
    desk = Desk(database)
    uid = approved(desk)
    desk.do(market_changes.revise_lot, lot_uid(desk, uid), later(desk, uid))
    assert desk.item(uid).state is ProposalState.REJECTED
    assert "held" not in desk.balances()


def test_nobody_confirms_days_that_the_lot_no_longer_has(database: Database) -> None:
    desk = Desk(database)
    uid = approved(desk)
    with database.write() as session:
        # Past the use-case, as an import would.
        lot = session.get_one(Lot, desk.item(uid).lot_id)
        lot.available_from, lot.available_until = (day + timedelta(days=60) for day in (lot.available_from, lot.available_until))
    for side in (Side.SUPPLY, Side.DEMAND):
        with pytest.raises(PlanStale, match=r"can be had from .*, not on"):
            desk.do(decisions.confirm, chosen(desk.item(uid)), scope=desk.party(desk.item(uid), side))


def test_what_both_sides_have_confirmed_forbids_other_days(database: Database) -> None:
    desk = Desk(database)
    uid = approved(desk)
    confirm_both(desk, uid)
    with pytest.raises(ConfirmedForOtherDays, match="both sides have confirmed"):
        desk.do(market_changes.revise_lot, lot_uid(desk, uid), later(desk, uid))


def test_the_proposals_of_a_cancelled_line_end_and_what_is_confirmed_stays(database: Database) -> None:
    desk = Desk(database)
    uid = approved(desk)
    waiting = desk.item(uid)
    with database.read() as session:
        line = session.get_one(DemandLine, waiting.line_id).uid
    desk.do(market_changes.cancel_line, line)
    assert desk.item(uid).state is ProposalState.REJECTED
    with pytest.raises(DomainError, match="rejected"):
        desk.do(decisions.confirm, chosen(desk.item(uid)), scope=desk.party(waiting, Side.SUPPLY))
    other = next(item for item in desk.items() if item.line_id != waiting.line_id)
    desk.do(decisions.approve, chosen(other))
    confirm_both(desk, other.uid)
    with database.read() as session:
        line = session.get_one(DemandLine, other.line_id).uid
    desk.do(market_changes.cancel_line, line)
    assert desk.item(other.uid).state is ProposalState.APPROVED
    assert desk.balances()["confirmed"] == other.kg


def test_an_order_closes_with_its_last_line_and_opens_again_when_goods_come_back(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        order = Order(association_id=market.association.id, organisation_id=market.buyer.id, updated_by="Minh")
        session.add(order)
        session.flush()
        line, lot = market.line(500, order_id=order.id), market.lot(500)
        (promise,) = transitions.hold(session, [Wish(lot.id, line.id, 500)], NOON + timedelta(hours=1), act())
        for step in (transitions.confirm, transitions.load):
            step(session, promise.id, act())
        transitions.accept(session, promise.id, act(), 400)
        session.refresh(order)
        assert order.status is AgreementStatus.ACTIVE
        transitions.accept(session, promise.id, act(), 100)
        session.refresh(order)
        session.refresh(line)
        assert (line.status, order.status) == (LineStatus.FILLED, AgreementStatus.CLOSED)
        with pytest.raises(DomainError, match="this order is closed"):
            market_changes.cancel_order(session, Scope(market.association.id), order.uid, act())


def test_a_line_cut_to_what_was_delivered_is_filled(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        line, lot = market.line(500), market.lot(500)
        (promise,) = transitions.hold(session, [Wish(lot.id, line.id, 300)], NOON + timedelta(hours=1), act())
        for step in (transitions.confirm, transitions.load, transitions.accept):
            step(session, promise.id, act())
        cut = market_changes.revise_line(session, Scope(market.association.id), line.uid, LineChange(quantity_kg=300), act())
        assert cut.status is LineStatus.FILLED


def test_a_contract_is_changed_while_sixteen_clients_call_off(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        scope, buyer = Scope(market.association.id), Scope(market.association.id, market.buyer.id)
        terms = ContractIn(buyer=market.buyer.uid, product="lychee", max_grade=1, quantity_kg=1_000, price_vnd_per_kg=25_000,
                           valid_from=TODAY, valid_until=TODAY + timedelta(days=30))  # fmt: skip
        uid, door = signed_contract(session, buyer, terms, "Minh").uid, market.door.uid
    called: list[int] = []
    refused: list[DomainError] = []

    def call(n: int) -> None:
        given = CallOffIn(site=door, quantity_kg=100, deliver_from=TODAY, deliver_until=TODAY + timedelta(days=1))
        try:
            with database.write() as session:
                called.append(contracts.call_off(session, buyer, uid, given, f"client {n}").quantity_kg)
        except DomainError as error:
            refused.append(error)

    def change() -> None:
        try:
            with database.write() as session:
                contracts.change_contract(session, buyer, uid, ContractTerms(quantity_kg=600), "Minh", NOON)
            with database.write() as session:
                contracts.sign(session, scope, uid, "Lan", NOON)
        except DomainError as error:
            refused.append(error)

    clients = [threading.Thread(target=call, args=(n,)) for n in range(16)]
    clients.insert(4, threading.Thread(target=change))
    for client in clients:
        client.start()
    for client in clients:
        client.join(60)
    with database.read() as session:
        contract = session.scalars(select(Contract)).one()
        assert contract.called_kg == sum(called) <= contract.quantity_kg
        assert wrong_sums(session) == []
    assert len(called) + len([one for one in refused if isinstance(one, ContractExceeded)]) == 16
