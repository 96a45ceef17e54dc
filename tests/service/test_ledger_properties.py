"""The ledger against a model of a few lines of Python: whatever people do in whatever order, the two agree.

The model knows nothing of tables: it holds a dictionary of kilograms by promise and state. Every step is tried on both; where the model
says that it can't be, the ledger must refuse; after each step both must hold the same kilograms, and every one of them exactly once.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from buyers.models import DemandLine
from catalog.errors import Conflict
from catalog.models import Lot
from service.db import Database
from service.http.database_errors import refusal
from service.planning.ledger import transitions
from service.planning.ledger.conservation import discrepancies
from service.planning.ledger.transitions import Act, Wish
from service.planning.models import LedgerEntry, LineBalance, LotBalance, Promise
from service.planning.states import LOT_STATES, PROMISED_STATES
from tests.databases import NewDatabase
from tests.sample_market import NOON, Market

FAR = NOON + timedelta(days=2)
KG = st.integers(1, 120)
STEPS: dict[str, tuple[str, str, Callable[..., Promise]]] = {
    "confirm": ("held", "confirmed", transitions.confirm),
    "release": ("held", "offered", transitions.release),
    "cancel": ("confirmed", "offered", transitions.cancel),
    "load": ("confirmed", "loaded", transitions.load),
    "unload": ("loaded", "confirmed", transitions.unload),
    "accept": ("loaded", "accepted", transitions.accept),
    "reject": ("loaded", "rejected", transitions.reject),
}
ACT = Act("broker", "test", NOON)


class LedgerMachine(RuleBasedStateMachine):
    """Two lots, two lines, and everything that can happen to them."""

    open_database: ClassVar[Callable[[], Any]]

    def __init__(self) -> None:
        super().__init__()
        self._opened = type(self).open_database()
        self.database: Database = self._opened.__enter__()
        self.quantity = {1: 100, 2: 60}
        self.offered = dict(self.quantity)
        self.wanted = {1: 90, 2: 90}
        self.promises: dict[int, tuple[int, int, Counter[str]]] = {}

    def teardown(self) -> None:
        self._opened.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        with self.database.write() as session:
            market = Market(session)
            assert [market.lot(100).id, market.lot(60).id, market.line(90).id, market.line(90).id] == [1, 2, 1, 2]

    def _room(self, line: int) -> int:
        kept = (
            sum(kg[s] for s in PROMISED_STATES if s != "rejected") - kg["was_rejected"]
            for _, to, kg in self.promises.values()
            if to == line
        )
        return self.wanted[line] - sum(kept)

    def _try(self, possible: bool, deed: Callable[[Any], Any]) -> Any:
        done = None
        try:
            with self.database.write() as session:
                done = deed(session)
        except Conflict:
            assert not possible
        else:
            assert possible
        return done

    @rule(lot=st.sampled_from([1, 2]), line=st.sampled_from([1, 2]), kg=KG)
    def hold(self, lot: int, line: int, kg: int) -> None:
        possible = kg <= self.offered[lot] and kg <= self._room(line)
        made = self._try(possible, lambda session: transitions.hold(session, [Wish(lot, line, kg)], FAR, ACT)[0].id)
        if made is not None:
            self.offered[lot] -= kg
            self.promises[made] = (lot, line, Counter({"held": kg}))

    @rule(step=st.sampled_from(sorted(STEPS)), which=st.integers(0, 30), kg=KG)
    def step(self, step: str, which: int, kg: int) -> None:
        if not self.promises:
            return
        source, target, deed = STEPS[step]
        number = sorted(self.promises)[which % len(self.promises)]
        lot, _, held = self.promises[number]
        self._try(held[source] >= kg, lambda session: deed(session, number, ACT, kg))
        if held[source] >= kg:
            held[source] -= kg
            if target == "offered":
                self.offered[lot] += kg
            else:
                held[target] += kg

    @rule(which=st.integers(0, 30))
    def settle(self, which: int) -> None:
        if not self.promises:
            return
        number = sorted(self.promises)[which % len(self.promises)]
        held = self.promises[number][2]
        possible = held["accepted"] + held["rejected"] > 0
        self._try(possible, lambda session: transitions.settle(session, number, ACT))
        held["settled"] += held["accepted"] + held["rejected"]
        held["was_rejected"] += held["rejected"]
        held["accepted"] = held["rejected"] = 0

    @rule(lot=st.sampled_from([1, 2]), kg=st.integers(0, 150))
    def revise(self, lot: int, kg: int) -> None:
        rise = kg - self.quantity[lot]
        possible = self.offered[lot] + rise >= 0

        def deed(session: Any) -> None:
            try:
                session.get_one(Lot, lot).quantity_kg = kg
                session.flush()
            except IntegrityError as error:
                raise refusal(error) or error from error

        self._try(possible, deed)
        if possible:
            self.quantity[lot] = kg
            self.offered[lot] += rise

    @invariant()
    def every_kilogram_stands_where_the_model_says(self) -> None:
        with self.database.read() as session:
            balances = session.scalars(select(LotBalance).order_by(LotBalance.lot_id)).all()
            promises = session.scalars(select(Promise)).all()
            assert discrepancies(session) == []
            lines = {row.line_id: row.quantity_kg - row.promised_kg for row in session.scalars(select(LineBalance))}
        for balance in balances:
            mine = [kg for lot, _, kg in self.promises.values() if lot == balance.lot_id]
            expected = {s: sum(kg[s] for kg in mine) for s in PROMISED_STATES} | {"offered": self.offered[balance.lot_id], "withdrawn": 0}
            assert {s: getattr(balance, f"{s}_kg") for s in LOT_STATES} == expected
            assert balance.quantity_kg == self.quantity[balance.lot_id] == sum(expected.values())
        assert {p.id: {s: getattr(p, f"{s}_kg") for s in PROMISED_STATES} for p in promises} == {
            number: {s: kg[s] for s in PROMISED_STATES} for number, (_, _, kg) in self.promises.items()
        }
        assert lines == ({line: self._room(line) for line in self.wanted} if lines else {})


def test_the_ledger_agrees_with_a_model_whatever_happens(dialect: str, new_database: NewDatabase) -> None:
    @contextmanager
    def opened() -> Iterator[Database]:
        with new_database(dialect) as address:
            database = Database(address)
            try:
                yield database
            finally:
                database.close()

    machine = type("Machine", (LedgerMachine,), {"open_database": staticmethod(opened)})
    few = settings(max_examples=8, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine, settings=few)


def one_of_many(database: Database, seed: int, n: int, tally: Counter[str]) -> None:
    """Do random things to shared lots, and count what happened."""
    rng = random.Random(seed)
    for _ in range(n):
        name = rng.choice(["hold", "hold", *STEPS])
        try:
            with database.write() as session:
                if name == "hold":
                    wishes = [Wish(rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 60)) for _ in range(rng.randint(1, 2))]
                    transitions.hold(session, wishes, FAR, Act(f"broker {seed}", "test", NOON))
                else:
                    promises = session.scalars(select(Promise.id)).all()
                    if promises:
                        STEPS[name][2](session, rng.choice(promises), Act(f"broker {seed}", "test", NOON))
            tally["done"] += 1
        except Conflict:
            tally["refused"] += 1
        except BaseException as error:  # noqa: BLE001  Anything else fails the test below.
            tally[repr(error)] += 1


def test_many_hands_at_once_lose_and_double_nothing(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        for _ in range(3):
            market.lot(500)
            market.line(400)
    tally: Counter[str] = Counter()
    hands = [threading.Thread(target=one_of_many, args=(database, seed, 15, tally)) for seed in range(8)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert set(tally) <= {"done", "refused"}
    assert tally["done"] > 20
    with database.read() as session:
        assert discrepancies(session) == []
        assert session.scalars(select(LotBalance.quantity_kg)).all() == [500, 500, 500]
        assert len(session.scalars(select(DemandLine.id)).all()) == 3
        assert len(session.scalars(select(LedgerEntry.seq)).all()) > 20


def test_a_ledger_that_forgot_a_kilogram_would_be_found(sqlite_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.db"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{file}")
    with database.write() as session:
        market = Market(session)
        market.lot(100)
        transitions.hold(session, [Wish(1, market.line(50).id, 40)], FAR, ACT)
        connection = session.connection()
        for trigger in ("lot_balance_follows", "promise_follows"):
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        connection.exec_driver_sql("UPDATE lot_balance SET offered_kg = 61, held_kg = 39")
        connection.exec_driver_sql("UPDATE promise SET held_kg = 39")
        connection.exec_driver_sql("UPDATE line_balance SET promised_kg = 39")
        assert [found.split(":")[0].split(" ")[0] for found in discrepancies(session)] == ["lot", "promise", "line"]
    database.close()
