"""Whatever changes, is refused or is done twice between the steps of an item's life: what both sides confirmed is what is paid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select

from buyers.intake import LineChange
from buyers.models import DemandLine
from catalog.changes import Band, SiteChange, TariffIn, add_tariff, change_site
from catalog.errors import Conflict, DomainError
from catalog.intake import LotChange
from catalog.models import Lot, Side, Site, SiteKind, VehicleClass
from service.db import Database
from service.planning import market_changes
from service.planning import models as m
from service.planning.errors import AlreadyConfirmed
from service.planning.fulfilment import receipts, settlements, shipments
from service.planning.fulfilment.balances import balances_of_items
from service.planning.fulfilment.receipts import Said
from service.planning.fulfilment.shipments import Cargo, Hired
from service.planning.proposals import decisions
from service.planning.proposals.decisions import Refusal
from service.planning.states import AmendmentState, RejectReason, ReturnReason
from service.planning.terms import amendments, rules
from service.planning.terms.amendments import WantedChange
from service.planning.terms.figures import figures_of_items
from service.planning.terms.models import Amendment, Terms
from tests.sample_market import TODAY, act
from tests.service.proposal_setup import BY_TELEPHONE, Desk, SharedTruck, chosen
from tests.service.test_ledger import in_threads
from tests.service.test_proposals import confirmed
from tests.service.test_shipments import door, promised

NO_NEED = Refusal(RejectReason.NO_NEED)
DAYS = count(1)


def disturb(desk: Desk, item: m.ProposalItem, turn: int) -> None:
    """Change the bid, the floor price, the fee, the handling and the tariff, as far as somebody may."""
    with desk.database.read() as session:
        line, lot = session.get_one(DemandLine, item.line_id).uid, session.get_one(Lot, item.lot_id).uid
        hubs = session.scalars(select(Site.uid).where(Site.kind == SiteKind.HUB)).all()
        truck = session.scalars(select(VehicleClass)).first()
    tariff = TariffIn(
        valid_from=TODAY.replace(year=2028 + next(DAYS)), fixed_vnd=turn, bands=(Band(from_km=0, vnd_per_km=turn),), source="x"
    )
    deeds: list[Callable[[], Any]] = [
        lambda: desk.do(market_changes.revise_line, line, LineChange(bid_vnd_per_kg=21_000 + 100 * turn)),
        lambda: desk.do(market_changes.revise_lot, lot, LotChange(ask_vnd_per_kg=14_000 + 100 * turn)),
        lambda: desk.do(lambda s, _, by: rules.state_rule(s, desk.association, by, fee_per_mille=10 * turn)),
        *(
            lambda hub=hub: desk.do(lambda s, w, by: change_site(s, w, hub, SiteChange(handling_vnd_per_kg=turn), by.actor, None))
            for hub in hubs
        ),
        lambda: desk.do(lambda s, w, by: add_tariff(s, s.merge(truck), tariff)),
    ]
    for deed in deeds:
        try:
            deed()
        except DomainError:
            continue


def latest(desk: Desk, item: m.ProposalItem) -> Terms:
    with desk.database.read() as session:
        return session.scalars(select(Terms).where(Terms.item_id == item.id).order_by(Terms.version.desc())).first()  # type: ignore[return-value]


def test_prices_and_rules_change_between_every_two_steps_and_the_confirmed_terms_are_paid(database: Database) -> None:
    desk, turn = Desk(database), count(1)
    item = desk.do(decisions.approve, chosen(desk.items()[0]))
    for side in (Side.SUPPLY, Side.DEMAND, Side.SUPPLY, Side.DEMAND):
        disturb(desk, item, next(turn))
        item = desk.item(item.uid)
        if (item.supplier_confirmed_at if side is Side.SUPPLY else item.buyer_confirmed_at) is None:
            item = desk.do(decisions.confirm, chosen(item), scope=desk.party(item, side), consent=BY_TELEPHONE)
    agreed = latest(desk, item)
    with database.read() as session:
        promise = session.scalars(select(m.Promise.uid).where(m.Promise.proposal_item_id == item.id, m.Promise.confirmed_kg > 0)).one()
    disturb(desk, item, next(turn))
    shipment = desk.do(shipments.plan, [Cargo(promise)], Hired(cost_vnd=0))
    disturb(desk, item, next(turn))
    desk.do(shipments.load, shipment.uid)
    disturb(desk, item, next(turn))
    receipt = desk.do(receipts.receive, shipment.uid, door(desk, "b1"), [Said(promise, item.kg)])
    disturb(desk, item, next(turn))
    (settlement,) = desk.do(settlements.draft, receipt.uid)
    disturb(desk, item, next(turn))
    desk.do(settlements.issue, settlement.uid)
    disturb(desk, item, next(turn))
    paid = desk.do(settlements.pay, settlement.uid)
    assert latest(desk, item).version == agreed.version
    parts = ("buyer_vnd", "freight_vnd", "hub_vnd", "fee_vnd", "supplier_vnd")
    assert [getattr(paid, name) for name in parts] == [getattr(agreed, name) for name in parts]
    assert sum(desk.balances_vnd().values()) == 0


MOMENTS = ("proposed", "approved", "half confirmed", "confirmed", "planned", "loaded")


@pytest.mark.parametrize("moment", MOMENTS)
def test_one_of_three_on_a_truck_is_refused_and_the_others_keep_their_sums(database: Database, moment: str) -> None:
    desk = SharedTruck(database)
    first, second, third = desk.items()
    steps = _lives(desk, [first, second, third])
    for reached in steps:
        if reached == moment:
            break
    before = {one.uid: _supplier_vnd(desk, one) for one in (first, second)} if moment != "proposed" else {}
    _refuse(desk, desk.item(third.uid), moment)
    for _ in steps:
        pass
    after = {one.uid: _supplier_vnd(desk, one) for one in (first, second)}
    assert all(after[uid] == vnd for uid, vnd in before.items())
    with database.read() as session:
        query = select(m.ProposalItem.uid, m.Settlement.supplier_vnd).join(m.Promise, m.Promise.proposal_item_id == m.ProposalItem.id)
        query = query.join(m.ShipmentItem, m.ShipmentItem.promise_id == m.Promise.id)
        query = query.join(m.ReceiptItem, m.ReceiptItem.shipment_item_id == m.ShipmentItem.id)
        paid = query.join(m.Settlement, m.Settlement.receipt_item_id == m.ReceiptItem.id)
        settled: dict[str, int] = dict(session.execute(paid).all())
    assert {uid: settled[uid] for uid in after} == after
    assert (third.uid in settled) is (moment == "loaded")
    assert sum(desk.balances_vnd().values()) == 0


def _lives(desk: SharedTruck, found: list[m.ProposalItem]) -> Iterator[str]:
    """Bring items from the plan to the money, and say where they stand before each step; what has been refused stays behind."""

    def alive() -> list[m.ProposalItem]:
        return [one for one in (desk.item(item.uid) for item in found) if one.state.value in ("proposed", "approved")]

    yield "proposed"
    desk.do(decisions.approve_many, [chosen(one) for one in alive()])
    yield "approved"
    for one in alive():
        desk.do(decisions.confirm, chosen(one), scope=desk.party(one, Side.SUPPLY), consent=BY_TELEPHONE)
    yield "half confirmed"
    for one in alive():
        desk.do(decisions.confirm, chosen(one), scope=desk.party(one, Side.DEMAND))
    yield "confirmed"
    with desk.database.read() as session:
        promises = session.scalars(select(m.Promise.uid).where(m.Promise.confirmed_kg > 0).order_by(m.Promise.id)).all()
    shipment = desk.do(shipments.plan, [Cargo(uid) for uid in promises], Hired(cost_vnd=5_000_000))
    yield "planned"
    with desk.database.read() as session:
        cancelled = session.get_one(m.Shipment, shipment.id).state.value == "cancelled"
        promises = session.scalars(select(m.Promise.uid).where(m.Promise.confirmed_kg > 0).order_by(m.Promise.id)).all()
    if cancelled:
        shipment = desk.do(shipments.plan, [Cargo(uid) for uid in promises], Hired(cost_vnd=5_000_000))
    desk.do(shipments.load, shipment.uid, accepted_difference_vnd=10**9)
    yield "loaded"
    with desk.database.read() as session:
        rows = session.execute(
            select(m.Promise.uid, m.ShipmentItem.kg).join(m.ShipmentItem, m.ShipmentItem.promise_id == m.Promise.id)
            .where(m.ShipmentItem.shipment_id == shipment.id)
        ).all()  # fmt: skip
    receipt = desk.do(receipts.receive, shipment.uid, door(desk, "b1"), [Said(uid, kg) for uid, kg in rows])
    desk.do(settlements.draft, receipt.uid)


def _refuse(desk: SharedTruck, item: m.ProposalItem, moment: str) -> None:
    if moment in ("proposed", "approved", "half confirmed"):
        desk.do(decisions.reject, chosen(item), NO_NEED)
    elif moment == "confirmed":
        desk.do(decisions.cancel, chosen(item), NO_NEED)
    elif moment == "planned":
        with pytest.raises(Conflict, match="cancel it first"):
            desk.do(decisions.cancel, chosen(item), NO_NEED)
        with desk.database.read() as session:
            shipment = session.scalars(select(m.Shipment.uid)).one()
        desk.do(shipments.cancel, shipment)
        desk.do(decisions.cancel, chosen(item), NO_NEED)
    else:
        with pytest.raises(AlreadyConfirmed, match="both sides have confirmed"):
            desk.do(decisions.cancel, chosen(item), NO_NEED)


def _supplier_vnd(desk: Desk, item: m.ProposalItem) -> int:
    with desk.database.read() as session:
        return figures_of_items(session, [session.get_one(m.ProposalItem, item.id)])[item.id].parts.supplier_vnd


def test_of_two_sides_that_ask_for_a_change_at_once_one_asks_and_the_other_hears_of_it(database: Database) -> None:
    desk = Desk(database)
    item = confirmed(desk, desk.items()[0])

    def ask(side: Side, price: int) -> Callable[[], None]:
        scope = desk.party(item, side)

        def job() -> None:
            with database.write() as session:
                wanted = WantedChange(price_vnd_per_kg=price)
                amendments.propose_change(session, scope, decisions.Chosen(item.uid), wanted, "hail", act(side.value), None, BY_TELEPHONE)

        return job

    raised = in_threads([ask(Side.SUPPLY, 22_000), ask(Side.DEMAND, 19_000)])
    assert ["a change of this item waits for an answer" in str(error) for error in raised] == [True]
    with database.read() as session:
        assert session.scalars(select(Amendment.state)).all() == [AmendmentState.OPEN]


def test_a_plan_is_published_while_both_sides_confirm(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]))
    agreed = latest(desk, item)

    def confirm(side: Side) -> Callable[[], None]:
        scope = desk.party(item, side)

        def job() -> None:
            with database.write() as session:
                decisions.confirm(session, scope, decisions.Chosen(item.uid), act(side.value), consent=BY_TELEPHONE)

        return job

    def publish() -> None:
        desk.plan_again()

    raised = in_threads([confirm(Side.SUPPLY), confirm(Side.DEMAND), publish])
    assert raised == []
    assert desk.balances() == {"offered": 3500 - item.kg, "confirmed": item.kg}
    assert latest(desk, item).supplier_vnd == agreed.supplier_vnd == _supplier_vnd(desk, item)


def test_a_settlement_drawn_twice_at_once_is_drawn_once(database: Database) -> None:
    desk = Desk(database)
    (promise,) = promised(desk, 0)
    shipment = desk.do(shipments.plan, [Cargo(promise)], Hired(cost_vnd=0))
    desk.do(shipments.load, shipment.uid)
    kg = desk.items()[0].kg
    receipt = desk.do(receipts.receive, shipment.uid, door(desk, "b1"), [Said(promise, kg - 10, 10, ReturnReason.BRUISED)])

    def draw() -> None:
        with database.write() as session:
            settlements.draft(session, desk.broker, receipt.uid, act())

    raised = in_threads([draw, draw])
    assert ["everything on this receipt has been settled" in str(error) for error in raised] == [True]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(m.Settlement)) == 1
    assert sum(desk.balances_vnd().values()) == 0


def test_bids_change_while_brokers_decide_about_their_offers(database: Database) -> None:
    desk = SharedTruck(database)
    found = desk.items()
    with database.read() as session:
        line = session.get_one(DemandLine, found[0].line_id).uid
    done: list[str] = []

    def bid() -> None:
        for price in range(20_001, 20_007):
            with database.write() as session:
                market_changes.revise_line(session, desk.broker, line, LineChange(bid_vnd_per_kg=price), act("buyer Minh"))
            done.append("bid")

    def decide() -> None:
        for item in found * 2:
            for deed in (decisions.approve, lambda s, w, c, by: decisions.reject(s, w, c, NO_NEED, by)):
                try:
                    with database.write() as session:
                        deed(session, desk.broker, decisions.Chosen(item.uid), act("broker Lan"))
                except Conflict:
                    continue
            done.append("decided")

    assert in_threads([bid, decide]) == []
    assert (done.count("bid"), done.count("decided")) == (6, 6)
    desk.balances()


def test_every_figure_of_an_item_is_the_sum_of_what_happened_to_it(database: Database) -> None:
    """Promised, loaded, accepted, rejected, settled and paid, recomputed from shipments, receipts, settlements and the ledger's entries."""
    desk = SharedTruck(database)
    found = desk.items()
    for _ in _lives(desk, found):
        pass
    with database.read() as session:
        drafts = session.scalars(select(m.Settlement.uid).order_by(m.Settlement.id)).all()
    desk.do(settlements.issue, drafts[0])
    desk.do(settlements.pay, drafts[0])
    with database.read() as session:
        shown = balances_of_items(session, found)
        for item in found:
            promises = select(m.Promise.id).where(m.Promise.proposal_item_id == item.id)

            def moved(to: str, promises: Any = promises) -> int:
                query = select(func.coalesce(func.sum(m.LedgerEntry.kg), 0)).where(m.LedgerEntry.promise_id.in_(promises))
                return int(session.scalar(query.where(m.LedgerEntry.to_state == to)) or 0)

            paid = select(m.Settlement).join(m.ReceiptItem, m.ReceiptItem.id == m.Settlement.receipt_item_id)
            paid = paid.join(m.ShipmentItem, m.ShipmentItem.id == m.ReceiptItem.shipment_item_id)
            rows = session.scalars(paid.where(m.ShipmentItem.promise_id.in_(promises))).all()
            one = shown[item.id]
            assert (one.promised_kg, one.loaded_kg) == (moved("confirmed"), moved("loaded"))
            assert (one.accepted_kg, one.rejected_kg) == (moved("accepted"), moved("rejected"))
            assert one.settled_kg == sum(row.kg for row in rows)
            assert one.paid_kg == sum(row.kg for row in rows if row.paid_at is not None)
            assert one.supplier_vnd == sum(row.supplier_vnd for row in rows)
            assert one.supplier_paid_vnd == sum(row.supplier_vnd for row in rows if row.paid_at is not None)
    assert {one.paid_kg > 0 for one in shown.values()} == {True, False}
