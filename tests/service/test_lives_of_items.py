"""Random lives of items, with prices, fees, trucks and parties changing between the steps: what was confirmed is what is paid."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from buyers.intake import LineChange
from buyers.models import DemandLine
from catalog.errors import DomainError
from catalog.intake import LotChange
from catalog.models import Lot, Side, Site
from service.db import Database
from service.planning import market_changes
from service.planning import models as m
from service.planning.fulfilment import receipts, settlements, shipments
from service.planning.fulfilment.receipts import Said
from service.planning.fulfilment.shipments import Cargo, Hired
from service.planning.proposals import decisions, undo
from service.planning.proposals.decisions import Chosen, Refusal
from service.planning.states import FreightRisk, RejectReason, ReturnReason
from service.planning.terms import amendments, objections, rules
from service.planning.terms.amendments import WantedChange
from service.planning.terms.models import Amendment, Terms
from tests.service.proposal_setup import BY_TELEPHONE, SharedTruck

ITEM, SIDE = st.integers(0, 2), st.sampled_from([Side.SUPPLY, Side.DEMAND])
STEPS = 14


class Lives(RuleBasedStateMachine):
    """Three lots on one truck; each rule is one thing that somebody does, refused or not."""

    new: ClassVar[Callable[[], SharedTruck]]

    def __init__(self) -> None:
        super().__init__()
        self.desk = type(self).new()
        self.items = self.desk.items()
        self.agreed: dict[int, tuple[int, int]] = {}
        """Number of a promise → kilograms and the supplier's net of the terms that both sides confirmed last."""

    def attempt(self, deed: Callable[..., Any], *given: Any, **more: Any) -> Any:
        try:
            return self.desk.do(deed, *given, **more)
        except DomainError:
            return None

    def uid(self, model: Any, number: int) -> str:
        with self.desk.database.read() as session:
            return str(session.get_one(model, number).uid)

    @rule(item=ITEM)
    def approve(self, item: int) -> None:
        self.attempt(decisions.approve, Chosen(self.items[item].uid))

    @rule(item=ITEM, side=SIDE, by_itself=st.booleans())
    def confirm(self, item: int, side: Side, by_itself: bool) -> None:
        scope = self.desk.party(self.items[item], side) if by_itself else self.desk.broker
        self.attempt(decisions.confirm, Chosen(self.items[item].uid), scope=scope, side=side, consent=BY_TELEPHONE)

    @rule(item=ITEM)
    def reject(self, item: int) -> None:
        self.attempt(decisions.reject, Chosen(self.items[item].uid), Refusal(RejectReason.PRICE))

    @rule(item=ITEM)
    def revert(self, item: int) -> None:
        self.attempt(undo.undo, Chosen(self.items[item].uid))

    @rule(item=ITEM, side=SIDE)
    def object(self, item: int, side: Side) -> None:
        scope = self.desk.party(self.items[item], side)
        self.attempt(lambda s, w, by: objections.object_to_confirmation(s, w, Chosen(self.items[item].uid), "no", by), scope=scope)

    @rule(bid=st.integers(1, 60_000))
    def change_bid(self, bid: int) -> None:
        self.attempt(market_changes.revise_line, self.uid(DemandLine, self.items[0].line_id), LineChange(bid_vnd_per_kg=bid))

    @rule(item=ITEM, ask=st.integers(1, 30_000))
    def change_ask(self, item: int, ask: int) -> None:
        self.attempt(market_changes.revise_lot, self.uid(Lot, self.items[item].lot_id), LotChange(ask_vnd_per_kg=ask))

    @rule(fee=st.integers(0, 1000), risk=st.sampled_from(FreightRisk))
    def change_rule(self, fee: int, risk: FreightRisk) -> None:
        association = self.desk.association
        self.attempt(lambda s, _, by: rules.state_rule(s, association, by, fee_per_mille=fee, freight_risk=risk))

    @rule(item=ITEM, side=SIDE, kg=st.integers(1, 700), price=st.integers(0, 60_000))
    def propose_change(self, item: int, side: Side, kg: int, price: int) -> None:
        scope, uid = self.desk.party(self.items[item], side), self.items[item].uid
        wanted = WantedChange(kg=kg, price_vnd_per_kg=price)
        self.attempt(lambda s, w, by: amendments.propose_change(s, w, Chosen(uid), wanted, "hail", by, None, BY_TELEPHONE), scope=scope)

    @rule(item=ITEM, side=SIDE, agrees=st.booleans())
    def answer_change(self, item: int, side: Side, agrees: bool) -> None:
        with self.desk.database.read() as session:
            query = select(Amendment.uid).where(Amendment.item_id == self.items[item].id).order_by(Amendment.id.desc()).limit(1)
            uid = session.scalars(query).one_or_none()
        if uid is not None:
            scope = self.desk.party(self.items[item], side)
            self.attempt(amendments.answer_change, uid, scope=scope, agrees=agrees, consent=BY_TELEPHONE)

    @rule(cost=st.integers(0, 20_000_000))
    def plan_truck(self, cost: int) -> None:
        with self.desk.database.read() as session:
            ready = session.scalars(select(m.Promise.uid).where(m.Promise.confirmed_kg > 0)).all()
        self.attempt(shipments.plan, [Cargo(uid) for uid in ready], Hired(cost_vnd=cost))

    @rule()
    def ask_for_difference(self) -> None:
        for uid in self._shipments():
            self.attempt(amendments.ask_for_difference, uid)

    @rule(goes=st.booleans())
    def load(self, goes: bool) -> None:
        for uid in self._shipments():
            self.attempt(shipments.load, uid, accepted_difference_vnd=10**12 if goes else 0)

    @rule()
    def cancel_truck(self) -> None:
        for uid in self._shipments():
            self.attempt(shipments.cancel, uid)

    def _shipments(self) -> list[str]:
        with self.desk.database.read() as session:
            return list(session.scalars(select(m.Shipment.uid).order_by(m.Shipment.id.desc()).limit(2)))

    @rule(bad=st.integers(0, 700))
    def receive_and_settle(self, bad: int) -> None:
        for uid in self._shipments():
            with self.desk.database.read() as session:
                query = select(m.Promise.uid, m.ShipmentItem.kg).join(m.ShipmentItem, m.ShipmentItem.promise_id == m.Promise.id)
                query = query.join(m.Shipment, m.Shipment.id == m.ShipmentItem.shipment_id)
                rows = session.execute(
                    query.join(m.Shipment, m.Shipment.id == m.ShipmentItem.shipment_id).where(m.Shipment.uid == uid)
                ).all()
                door = session.scalars(select(Site.uid).where(Site.code == "b1")).one()
            said = [Said(promise, kg - min(bad, kg), min(bad, kg), ReturnReason.BRUISED if bad else None) for promise, kg in rows]
            receipt = self.attempt(receipts.receive, uid, door, said)
            for settlement in [] if receipt is None else self.attempt(settlements.draft, receipt.uid) or []:
                if self.attempt(settlements.issue, settlement.uid) and bad % 2:
                    self.attempt(settlements.pay, settlement.uid)

    @invariant()
    def all_that_is_agreed_is_kept_and_all_adds_up(self) -> None:
        self.desk.balances()
        assert sum(self.desk.balances_vnd().values()) == 0
        with self.desk.database.read() as session:
            self._remember(session)
            paid = select(m.Settlement, m.ShipmentItem.promise_id).join(m.ReceiptItem, m.ReceiptItem.id == m.Settlement.receipt_item_id)
            paid = paid.join(m.ShipmentItem, m.ShipmentItem.id == m.ReceiptItem.shipment_item_id)
            for one, promise in session.execute(paid).all():
                kg, net_vnd = self.agreed[promise]
                assert abs(one.supplier_vnd * kg - net_vnd * one.kg) <= kg
                assert min(one.supplier_vnd, one.buyer_vnd, one.freight_vnd, one.hub_vnd, one.fee_vnd) >= 0

    def _remember(self, session: Any) -> None:
        """Note what both sides have confirmed of promises that are still on the farm; nothing may change that once they are loaded."""
        bound = session.scalars(select(m.Promise).where(m.Promise.confirmed_kg > 0)).all()
        for promise in bound:
            terms = session.scalars(select(Terms).where(Terms.promise_id == promise.id).order_by(Terms.version.desc()).limit(1)).one()
            if not promise.loaded_kg:
                self.agreed[promise.id] = (terms.kg, terms.supplier_vnd)


def test_whatever_happens_between_the_steps_what_was_confirmed_is_paid(database: Database) -> None:
    codes = count()

    class Machine(Lives):
        new = staticmethod(lambda: SharedTruck(database, f"a{next(codes)}"))

    bounded = settings(max_examples=4, stateful_step_count=STEPS, deadline=None, derandomize=True, database=None)
    run_state_machine_as_test(Machine, settings=bounded)
