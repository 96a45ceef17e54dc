"""The ledger moves kilograms along its steps, says who was first, and never sells one twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, select, text

from buyers.models import DemandLine, LineStatus
from catalog.base import Instant
from catalog.models import Lot, LotStatus
from service.db import Database, now
from service.planning.errors import AlreadyMoved, HoldExpired, LineOvercommitted, LotOvercommitted, NotAvailable
from service.planning.ledger import transitions
from service.planning.ledger.conservation import discrepancies
from service.planning.ledger.transitions import Act, Wish
from service.planning.models import LedgerEntry, LotBalance, Promise
from tests.sample_market import NOON, Market, act

LATER = NOON + timedelta(hours=2)


def held(database: Database, kg: int = 300, lot_kg: int = 1000, line_kg: int = 1000) -> tuple[int, int, int]:
    """Return a promise, its lot and its line."""
    with database.write() as session:
        market = Market(session)
        lot, line = market.lot(lot_kg), market.line(line_kg)
        (promise,) = transitions.hold(session, [Wish(lot.id, line.id, kg)], LATER, act("broker Lan"))
        return promise.id, lot.id, line.id


def balance(database: Database, lot_id: int) -> dict[str, int]:
    with database.read() as session:
        row = session.get_one(LotBalance, lot_id)
        return {c.name[:-3]: getattr(row, c.name) for c in LotBalance.__table__.columns if c.name.endswith("_kg") and getattr(row, c.name)}


def test_a_declared_lot_is_wholly_offered(database: Database) -> None:
    with database.write() as session:
        lot = Market(session).lot(1000)
    assert balance(database, lot.id) == {"quantity": 1000, "offered": 1000}
    with database.read() as session:
        entry = session.scalars(select(LedgerEntry)).one()
        assert (entry.from_state, entry.to_state, entry.kg, entry.actor, entry.why) == ("outside", "offered", 1000, "clerk Hoa", "declared")
        assert abs(entry.at - now(session)) < timedelta(minutes=1)


def test_kilograms_go_from_hold_to_settlement(database: Database) -> None:
    promise, lot, line = held(database, 300)
    with database.write() as session:
        transitions.confirm(session, promise, act())
        transitions.load(session, promise, act(), 280)
        transitions.cancel(session, promise, act(), 20)
        transitions.accept(session, promise, act(), 250)
        transitions.reject(session, promise, act(), 30)
    assert balance(database, lot) == {"quantity": 1000, "offered": 720, "accepted": 250, "rejected": 30}
    with database.write() as session:
        transitions.settle(session, promise, act())
    assert balance(database, lot) == {"quantity": 1000, "offered": 720, "settled": 280}
    with database.read() as session:
        assert discrepancies(session) == []
        assert session.scalars(select(LedgerEntry.kg).order_by(LedgerEntry.seq)).all() == [1000, 300, 300, 280, 20, 250, 30, 250, 30]
        assert session.get_one(Promise, promise).settled_kg == 280
        assert session.get_one(Lot, lot).status == LotStatus.RESERVED
        assert session.get_one(DemandLine, line).status == LineStatus.CONFIRMED


def test_holding_more_than_is_left_names_who_took_it(database: Database) -> None:
    _, lot, line = held(database, 800)
    with pytest.raises(LotOvercommitted, match=r"has 200 kg left, not 300 \(broker Lan, 2027-06-07T05:00:00") as refused:  # noqa: SIM117
        with database.write() as session:
            transitions.hold(session, [Wish(lot, line, 300)], LATER, act("broker Minh", minutes=5))
    assert (refused.value.left_kg, refused.value.who, refused.value.when) == (200, "broker Lan", NOON)
    assert balance(database, lot) == {"quantity": 1000, "offered": 200, "held": 800}


def test_holding_more_than_the_line_asks_for_is_refused(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        lot, line = market.lot(1000), market.line(100)
        with pytest.raises(LineOvercommitted, match="room for 100 kg, not 101"):
            transitions.hold(session, [Wish(lot.id, line.id, 101)], LATER, act())


def test_a_second_confirmation_says_who_was_first(database: Database) -> None:
    promise, _, _ = held(database)
    with database.write() as session:
        transitions.confirm(session, promise, act("broker Lan", minutes=1))
    with pytest.raises(AlreadyMoved, match="broker Lan, 2027-06-07T05:01:00"), database.write() as session:
        transitions.confirm(session, promise, act("broker Minh", minutes=2))


def test_a_hold_that_has_run_out_cannot_be_confirmed_and_frees_its_kilograms(database: Database) -> None:
    promise, lot, line = held(database, 900)
    with pytest.raises(HoldExpired, match="ended"), database.write() as session:
        transitions.confirm(session, promise, act(minutes=120))
    with database.write() as session:
        transitions.hold(session, [Wish(lot, line, 950)], LATER + timedelta(hours=1), act("broker Minh", minutes=121))
    assert balance(database, lot) == {"quantity": 1000, "offered": 50, "held": 950}
    with database.write() as session:
        assert transitions.expire_holds(session, LATER + timedelta(hours=2)) == 1
        assert discrepancies(session) == []
    assert balance(database, lot) == {"quantity": 1000, "offered": 1000}


def test_rejected_kilograms_free_their_place_in_the_line(database: Database) -> None:
    promise, lot, line = held(database, 100, line_kg=100)
    with database.write() as session:
        transitions.confirm(session, promise, act())
        transitions.load(session, promise, act())
        transitions.reject(session, promise, act())
        transitions.settle(session, promise, act())
        assert session.get_one(DemandLine, line, populate_existing=True).status == LineStatus.OPEN
        transitions.hold(session, [Wish(lot, line, 100)], LATER, act())
        assert discrepancies(session) == []


def test_a_line_is_filled_once_all_of_it_is_accepted(database: Database) -> None:
    promise, _, line = held(database, 100, line_kg=100)
    with database.write() as session:
        for move in (transitions.confirm, transitions.load, transitions.accept, transitions.settle):
            move(session, promise, act())
        assert session.get_one(DemandLine, line, populate_existing=True).status == LineStatus.FILLED


def test_a_withdrawn_lot_is_offered_no_more_and_its_promises_stay(database: Database) -> None:
    promise, lot, line = held(database, 300)
    with database.write() as session:
        assert transitions.withdraw(session, lot, act("clerk Hoa", "hail")) == 700
    assert balance(database, lot) == {"quantity": 1000, "held": 300, "withdrawn": 700}
    with pytest.raises(NotAvailable, match="is withdrawn"), database.write() as session:
        transitions.hold(session, [Wish(lot, line, 1)], LATER, act())
    with database.write() as session:
        transitions.confirm(session, promise, act())


def test_a_lot_past_its_window_can_never_be_held(database: Database) -> None:
    _, lot, line = held(database, 300)
    five_days = 5 * 24 * 60
    with pytest.raises(NotAvailable, match="to be picked up until 2027-06-10"), database.write() as session:
        transitions.hold(session, [Wish(lot, line, 1)], LATER + timedelta(days=9), act(minutes=five_days))
    with database.write() as session:
        assert transitions.expire_lots(session, act(minutes=five_days)) == 1
        assert transitions.expire_lots(session, act(minutes=five_days)) == 0
    with database.read() as session:
        assert session.get_one(Lot, lot).status == LotStatus.EXPIRED


def test_a_window_ends_at_vietnamese_midnight(database: Database) -> None:
    _, lot, line = held(database, 300)
    with database.write() as session:  # 16:59 UTC on the last day is 23:59 in Vietnam.
        transitions.hold(session, [Wish(lot, line, 1)], LATER + timedelta(days=9), Act("b", "w", NOON.replace(day=10, hour=16, minute=59)))
    with pytest.raises(NotAvailable, match="until 2027-06-10"), database.write() as session:
        transitions.hold(session, [Wish(lot, line, 1)], LATER + timedelta(days=9), Act("b", "w", NOON.replace(day=10, hour=17)))


def test_a_bulk_hold_is_all_or_nothing(database: Database) -> None:
    _, lot, line = held(database, 800)
    wishes = [Wish(lot, line, 100), Wish(lot, line, 101)]
    with pytest.raises(LotOvercommitted, match="has 100 kg left, not 101"), database.write() as session:
        transitions.hold(session, wishes, LATER, act())
    assert balance(database, lot) == {"quantity": 1000, "offered": 200, "held": 800}


def test_a_forecast_may_fall_to_what_is_promised_and_no_further(database: Database) -> None:
    _, lot, _ = held(database, 300)
    with database.write() as session:
        session.get_one(Lot, lot).quantity_kg = 300
    assert balance(database, lot) == {"quantity": 300, "held": 300}
    with pytest.raises(Exception, match="offered_kg"), database.write() as session:
        session.get_one(Lot, lot).quantity_kg = 299
    with database.write() as session:
        session.get_one(Lot, lot).quantity_kg = 500
        session.flush()
        assert discrepancies(session) == []
    assert balance(database, lot) == {"quantity": 500, "offered": 200, "held": 300}


def test_a_demand_may_not_fall_below_what_is_promised(database: Database) -> None:
    _, _, line = held(database, 300)
    with pytest.raises(Exception, match="within_demand"), database.write() as session:
        session.get_one(DemandLine, line).quantity_kg = 299


def test_confirming_nothing_or_more_than_is_held_is_refused(database: Database) -> None:
    promise, _, _ = held(database, 300)
    for kg in (0, -5, 301):
        with pytest.raises(AlreadyMoved, match="300 kg are held"), database.write() as session:
            transitions.confirm(session, promise, act(), kg)


ENTRY = "INSERT INTO ledger_entry (lot_id, promise_id, from_state, to_state, kg, at, actor, why) VALUES (1, {}, :at, 'x', 'x')"
FULL = (
    "INSERT INTO promise (uid, association_id, lot_id, line_id, price_vnd_per_kg, expires_at, made_at, made_by, held_kg,"
    " confirmed_kg, loaded_kg, accepted_kg, rejected_kg, settled_kg, returned_kg)"
    " VALUES ('abcdefghijklmnopqrstuvwxyz', 1, 1, 1, 1, :at, :at, 'x', 10, 0, 0, 0, 0, 0, 0)"
)
RAW = {
    "an entry without a promise oversells": ENTRY.format("NULL, 'offered', 'held', 5000"),
    "an entry takes more than is offered": ENTRY.format("1, 'offered', 'held', 701"),
    "an entry takes from an empty state": ENTRY.format("1, 'loaded', 'accepted', 1"),
    "an entry skips steps": ENTRY.format("1, 'held', 'settled', 1"),
    "an entry moves a negative mass": ENTRY.format("1, 'offered', 'held', -1"),
    "an entry is rewritten": "UPDATE ledger_entry SET kg = 1",
    "an entry is deleted": "DELETE FROM ledger_entry",
    "a balance is raised": "UPDATE lot_balance SET offered_kg = offered_kg + 100, held_kg = held_kg - 100",
    "a balance invents kilograms": "UPDATE lot_balance SET offered_kg = offered_kg + 100, quantity_kg = quantity_kg + 100",
    "a balance is deleted": "DELETE FROM lot_balance",
    "a promise is emptied": "UPDATE promise SET held_kg = 0",
    "a promise invents a return": "UPDATE promise SET returned_kg = 1",
    "a promise is born full": FULL,
    "a lot shrinks below its promises": "UPDATE lot SET quantity_kg = 299",
    "a line shrinks below its promises": "UPDATE demand_line SET quantity_kg = 299",
    "a lot disappears": "DELETE FROM lot",
}


@pytest.mark.parametrize("deed", RAW)
def test_the_database_refuses_when(database: Database, deed: str) -> None:
    held(database, 300)
    statement = text(RAW[deed])
    if ":at" in RAW[deed]:
        statement = statement.bindparams(bindparam("at", NOON, Instant()))
    with pytest.raises(Exception, match=r"(?i)constraint|check|never rewritten|ledger alone|foreign key"), database.write() as session:
        session.execute(statement)
    with database.read() as session:
        assert discrepancies(session) == []


def in_threads(jobs: list[Callable[[], None]]) -> list[BaseException]:
    """Run jobs at once; return what they raised."""
    raised: list[BaseException] = []
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], None]) -> None:
        gate.wait()
        try:
            job()
        except Exception as error:  # noqa: BLE001
            raised.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_of_two_who_hold_the_same_kilograms_one_wins_and_the_other_learns_who(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        lot, lines = market.lot(1000).id, [market.line().id, market.line().id]

    def take(who: int) -> Callable[[], None]:
        def job() -> None:
            with database.write() as session:
                (promise,) = transitions.hold(session, [Wish(lot, lines[who], 600)], LATER, act(f"broker {who}"))
                transitions.confirm(session, promise.id, act(f"broker {who}"))

        return job

    raised = in_threads([take(0), take(1)])
    assert [type(error) for error in raised] == [LotOvercommitted]
    assert balance(database, lot) == {"quantity": 1000, "offered": 400, "confirmed": 600}
    with database.read() as session:
        winner = session.scalars(select(LedgerEntry.actor).where(LedgerEntry.to_state == "confirmed")).one()
    assert raised[0].who == winner  # type: ignore[attr-defined]


def test_of_two_who_confirm_the_same_promise_one_wins(database: Database) -> None:
    promise, lot, _ = held(database, 300)

    def confirm(who: str) -> Callable[[], None]:
        def job() -> None:
            with database.write() as session:
                transitions.confirm(session, promise, act(who))

        return job

    raised = in_threads([confirm("broker Lan"), confirm("broker Minh")])
    assert [type(error) for error in raised] == [AlreadyMoved]
    assert balance(database, lot) == {"quantity": 1000, "offered": 700, "confirmed": 300}


def test_crossing_bulk_holds_do_not_lock_each_other_out(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        lots, lines = [market.lot(400).id, market.lot(400).id], [market.line(400).id, market.line(400).id]

    def cross(order: int) -> Callable[[], None]:
        def job() -> None:
            for _ in range(5):
                wishes = [Wish(lots[0], lines[1], 10), Wish(lots[1], lines[0], 10)]
                with database.write() as session:
                    transitions.hold(session, wishes[::order], LATER, act())

        return job

    assert in_threads([cross(1), cross(-1), cross(1), cross(-1)]) == []
    assert [balance(database, lot)["held"] for lot in lots] == [200, 200]
    with database.read() as session:
        assert discrepancies(session) == []
