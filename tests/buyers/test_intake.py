"""Demand comes in checked; contracts are never called off beyond what they hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, text

from buyers import intake, repository
from buyers.contracts import CallOffIn, ContractIn, call_off
from buyers.errors import ContractExceeded
from buyers.intake import LineChange, LineIn, OrderIn, Requirement, SlotIn
from buyers.models import Contract, DemandLine, LineProduct, LineStatus, Order
from catalog.errors import AlreadyThere, Invalid, NotFound, Stale
from catalog.tenancy import Scope, page
from service.db import Database
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Wish
from tests.sample_market import NOON, TODAY, Market, act
from tests.signing import signed_contract


def line(market: Market, **more: Any) -> LineIn:
    usual: dict[str, Any] = {
        "site": market.door.uid,
        "products": ["lychee"],
        "max_grade": 2,
        "quantity_kg": 500,
        "deliver_from": TODAY,
        "deliver_until": TODAY + timedelta(days=1),
        "bid_vnd_per_kg": 27_000,
    }
    return LineIn(**(usual | more))


def order(market: Market, *lines: LineIn, **more: Any) -> OrderIn:
    return OrderIn(buyer=market.buyer.uid, lines=lines or (line(market),), **more)


def scope(market: Market) -> Scope:
    return Scope(market.association.id, market.buyer.id)


def contract(market: Market, **more: Any) -> ContractIn:
    usual: dict[str, Any] = {
        "buyer": market.buyer.uid,
        "product": "lychee",
        "max_grade": 1,
        "quantity_kg": 1000,
        "price_vnd_per_kg": 25_000,
        "short_vnd_per_kg": 1500,
        "valid_from": TODAY,
        "valid_until": TODAY + timedelta(days=30),
    }
    return ContractIn(**(usual | more))


def call(market: Market, kg: int, **more: Any) -> CallOffIn:
    usual: dict[str, Any] = {"site": market.door.uid, "quantity_kg": kg, "deliver_from": TODAY, "deliver_until": TODAY}
    return CallOffIn(**(usual | more))


def test_an_order_comes_in_with_its_lines_and_all_they_ask_for(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        wish = line(
            market, products=["lychee", "lychee"], requires=[Requirement(scheme="OCOP", min_level=3), Requirement(scheme="VietGAP")]
        )
        uid = intake.place_order(session, scope(market), order(market, wish, line(market)), "Minh").uid
        session.flush()
    with database.read() as session:
        found = session.scalars(repository.orders(scope(market))).one()
        rows = session.scalars(repository.lines(scope(market), product_code="lychee").order_by(DemandLine.id)).all()
        assert (found.uid, len(found.lines)) == (uid, 2)
        assert [(need.scheme, need.min_level) for need in rows[0].requirements] == [("OCOP", 3), ("VietGAP", 0)]
        assert [len(row.products) for row in rows] == [1, 1]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "product": ({"products": ["durian"]}, "products 'durian': a product of the association"),
    "site of a farm": ({"site": "farm"}, "site '.*': the uid of a site where this buyer receives"),
    "window": ({"deliver_until": TODAY - timedelta(days=1)}, "deliver_from,deliver_until"),
    "minimum": ({"min_fill_kg": 501}, "min_fill_kg,quantity_kg '501': at most 500 kg"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_one_wrong_line_refuses_the_whole_order_and_names_its_row(database: Database, wrong: str) -> None:
    change, says = WRONG[wrong]
    with database.write() as session:
        market = Market(session)
        session.commit()
        if change.get("site"):
            change = {"site": market.farm.uid}
        given = order(market, line(market), line(market, **change))
    with pytest.raises(Invalid, match=f"row 3 {says}"), database.write() as session:
        intake.place_order(session, scope(market), given, "Minh")
    with database.read() as session:
        assert [session.scalar(select(func.count()).select_from(model)) for model in (Order, DemandLine, LineProduct)] == [0, 0, 0]


@pytest.mark.parametrize(
    "bad", [{"quantity_kg": 0}, {"bid_vnd_per_kg": -1}, {"max_suppliers": 0}, {"products": []}, {"buyer_id": 1}, {"quantity_kg": True}]
)
def test_a_line_of_the_wrong_kind_is_refused(bad: dict[str, Any]) -> None:
    usual: dict[str, Any] = {
        "site": "s",
        "products": ["p"],
        "max_grade": 1,
        "quantity_kg": 1,
        "deliver_from": TODAY,
        "deliver_until": TODAY,
        "bid_vnd_per_kg": 1,
    }
    with pytest.raises(ValidationError, match=next(iter(bad))):
        LineIn(**(usual | bad))


def test_a_code_is_taken_once(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        intake.place_order(session, scope(market), order(market, line(market, code="l"), code="o"), "Minh")
        with pytest.raises(AlreadyThere, match=r"the code 'o' is taken \(Minh"):
            intake.place_order(session, scope(market), order(market, code="o"), "Lan")
        with pytest.raises(Invalid, match="code 'l': a code that isn't taken"):
            intake.place_order(session, scope(market), order(market, line(market, code="l")), "Lan")


def test_a_contract_is_called_off_up_to_what_it_holds(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        uid = signed_contract(session, scope(market), contract(market), "Minh").uid
        made = call_off(session, scope(market), uid, call(market, 700), "Minh")
        assert (made.quantity_kg, made.bid_vnd_per_kg, made.short_vnd_per_kg, made.max_grade) == (700, 25_000, 1500, 1)
        with pytest.raises(ContractExceeded, match="has 300 kg left") as refused:
            call_off(session, scope(market), uid, call(market, 301), "Minh")
        assert refused.value.left_kg == 300
        call_off(session, scope(market), uid, call(market, 300), "Minh")
        with pytest.raises(Invalid, match="days within the contract's"):
            call_off(session, scope(market), signed_contract(session, scope(market), contract(market), "M").uid,
                            call(market, 1, deliver_until=date(2028, 1, 1)), "Minh")  # fmt: skip


def test_the_database_refuses_to_call_off_more_than_agreed(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        signed_contract(session, scope(market), contract(market), "Minh")
    with pytest.raises(Exception, match="called_within_agreed"), database.write() as session:
        session.execute(text("UPDATE contract SET called_kg = 1001"))


def test_a_line_is_revised_and_cancelled_by_those_who_saw_its_last_state(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        row = market.line()
        assert intake.revise_line(session, scope(market), row.uid, LineChange(quantity_kg=700), "Minh", version=1).version == 2
        with pytest.raises(Stale, match="is at version 2"):
            intake.cancel_line(session, scope(market), row.uid, "Lan", version=1)
        assert intake.cancel_line(session, scope(market), row.uid, "Lan", version=2).status is LineStatus.CANCELLED
        with pytest.raises(Invalid, match="status 'cancelled': a line that is open"):
            intake.revise_line(session, scope(market), row.uid, LineChange(quantity_kg=1), "Minh")


def test_a_line_is_not_cut_below_its_promises(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        row = market.line()
        transitions.hold(session, [Wish(market.lot().id, row.id, 600)], NOON + timedelta(hours=1), act())
    with pytest.raises(Exception, match="within_demand"), database.write() as session:
        intake.revise_line(session, scope(market), row.uid, LineChange(quantity_kg=599), "Minh")


def test_a_buyer_sees_and_touches_his_own_demand_alone(database: Database) -> None:
    with database.write() as session:
        us, them = Market(session, "us"), Market(session, "them")
        theirs, agreed = them.line(), signed_contract(session, scope(them), contract(them), "x")
        stranger = Scope(us.association.id, us.cooperative.id)
        assert session.scalars(repository.lines(scope(us))).all() == []
        assert session.scalars(repository.contracts(Scope(us.association.id))).all() == []
        for who in (scope(us), stranger, Scope(us.association.id)):
            with pytest.raises(NotFound, match="there is no demand line"):
                intake.revise_line(session, who, theirs.uid, LineChange(note="x"), "x")
            with pytest.raises(NotFound, match="there is no contract"):
                call_off(session, who, agreed.uid, call(us, 1), "x")
        with pytest.raises(NotFound, match="there is no organisation"):
            intake.place_order(session, stranger, order(us), "x")
        with pytest.raises(Invalid, match=r"buyer '.*': the uid of a buyer"):
            intake.place_order(session, stranger, OrderIn(buyer=us.cooperative.uid, lines=(line(us),)), "x")


def test_receiving_hours_are_stated_by_weekday(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        slots = [SlotIn(weekday=day, open_from_min=180, open_until_min=360, capacity_kg=5000) for day in range(6)]
        assert len(intake.set_slots(session, scope(market), market.door.uid, slots, TODAY)) == 6


def test_lists_filter_by_status_and_days(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        early, late = market.line(), market.line(deliver_from=date(2027, 7, 1), deliver_until=date(2027, 7, 2))
        late.status = LineStatus.CANCELLED
        session.flush()
        whole = scope(market)
        assert session.scalars(repository.lines(whole, status=[LineStatus.OPEN])).all() == [early]
        assert session.scalars(repository.lines(whole, first=date(2027, 6, 30))).all() == [late]
        assert session.scalars(repository.lines(whole, last=date(2027, 6, 30))).all() == [early]
        assert page(session, repository.lines(whole), (DemandLine.created_at, DemandLine.id), limit=1).items == [early]
        assert session.scalar(select(func.count()).select_from(Contract)) == 0
