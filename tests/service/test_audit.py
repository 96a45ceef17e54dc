"""The audit trail can be added to and read, and any other change of it is found."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from catalog.models import Association
from service import audit
from service.audit import Deed
from service.db import Database
from service.models import AuditEvent, User
from tests.sample_market import NOON, Market


def deed(n: int = 1, association: int | None = None, **given: Any) -> Deed:
    return Deed(association, "01user", "lot.revise", "lot", f"lot{n}", {"kg": n}, {"kg": n + 1, "day": date(2027, 6, 7)}, **given)


def recorded(database: Database, n: int = 5) -> None:
    with database.write() as session:
        for number in range(n):
            audit.record(session, deed(number, why="hail"), NOON)


def broken(database: Database) -> list[str]:
    with database.read() as session:
        return [str(found) for found in audit.verify(session)]


@contextmanager
def past_the_triggers(database: Database) -> Iterator[Session]:
    """Write as somebody who owns the database could."""
    with database.write() as session:
        if database.dialect == "sqlite":
            names = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_event'")).all()
            for name in names:
                session.execute(text(f"DROP TRIGGER {name}"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        yield session


def test_a_chain_of_events_holds(database: Database) -> None:
    recorded(database)
    assert broken(database) == []
    with database.read() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert [event.prev_hash for event in events] == [audit.NO_HASH, *(event.hash for event in events[:-1])]
    assert events[0].after == {"kg": 1, "day": "2027-06-07"}


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET why = 'x'", "DELETE FROM audit_event"])
def test_an_event_cannot_be_changed_or_deleted(database: Database, statement: str) -> None:
    recorded(database)
    with pytest.raises(Exception, match="audit_event is never rewritten"), database.write() as session:
        session.execute(text(statement))


def test_postgresql_refuses_to_truncate_the_trail(new_database: Any) -> None:
    with new_database("postgresql") as address:
        database = Database(address)
        with pytest.raises(Exception, match="audit_event is never rewritten"), database.write() as session:
            session.execute(text("TRUNCATE audit_event"))
        database.close()


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit_event SET why = 'drought' WHERE seq = 3", "chain 0, event 3: changed since it was written"),
        ("UPDATE audit_event SET after = '{}' WHERE seq = 2", "chain 0, event 2: changed since it was written"),
        ("UPDATE audit_event SET actor = 'nobody' WHERE seq = 5", "chain 0, event 5: changed since it was written"),
        ("DELETE FROM audit_event WHERE seq = 2", "chain 0, event 2: missing"),
        ("DELETE FROM audit_event WHERE seq = 5", "chain 0, event 5: missing: 5 events were written"),
        ("DELETE FROM audit_event", "chain 0, event 1: missing: 5 events were written"),
        ("DELETE FROM audit_head", "chain 0, event 1: the chain has lost its head"),
    ],
)
def test_what_an_owner_of_the_database_rewrites_is_found(database: Database, statement: str, found: str) -> None:
    recorded(database)
    with past_the_triggers(database) as session:
        session.execute(text(statement))
    assert broken(database) == [found]


def test_each_association_has_a_chain_of_its_own(database: Database) -> None:
    with database.write() as session:
        ours, theirs = (Association(code=code, name=code) for code in ("a", "b"))
        session.add_all([ours, theirs])
        session.flush()
        for association in (ours, theirs, ours):
            audit.record(session, deed(1, association.id), NOON)
        found = session.execute(select(AuditEvent.chain, AuditEvent.seq).order_by(AuditEvent.chain, AuditEvent.seq)).all()
        assert [tuple(row) for row in found] == [(ours.id, 1), (ours.id, 2), (theirs.id, 1)]
    assert broken(database) == []


def test_a_deed_that_is_rolled_back_leaves_no_event_and_no_gap(database: Database) -> None:
    recorded(database, 1)

    def interrupted() -> None:
        with database.write() as session:
            audit.record(session, deed(), NOON)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        interrupted()
    recorded(database, 1)
    assert broken(database) == []


def test_events_written_at_once_stand_in_one_chain(database: Database) -> None:
    def write() -> None:
        for _ in range(5):
            recorded(database, 1)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken(database) == []
    with database.read() as session:
        assert session.scalars(select(AuditEvent.seq).order_by(AuditEvent.seq)).all() == list(range(1, 21))


def test_a_snapshot_holds_what_counts_and_no_secret(database: Database) -> None:
    with database.write() as session:
        lot = Market(session).lot(700)
        user = User(login="lan", name="Lan", password_hash="argon2id")
        assert audit.snapshot(lot)["quantity_kg"] == 700
        assert audit.snapshot(lot)["available_from"] == "2027-06-07"
        assert not {"password_hash", "sort_key"} & audit.snapshot(user).keys()


def test_changes_are_cut_down_to_what_differs() -> None:
    assert audit.changes({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == ({"b": 2, "c": None}, {"b": 3, "c": 4})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('aà"\\đ\n', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abđ", max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(contents=st.lists(st.dictionaries(st.text("abcđ", max_size=3), JSON, max_size=4), min_size=20, max_size=20))
@settings(
    max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
)
def test_whatever_is_recorded_hashes_the_same_when_read_back(database: Database, contents: list[dict[str, Any]]) -> None:
    with database.write() as session:
        for content in contents:
            audit.record(session, Deed(None, "u", "a", "k", "o", None, content), NOON)
    assert broken(database) == []


def test_a_number_that_a_database_would_rewrite_hashes_the_same(database: Database) -> None:
    with database.write() as session:
        audit.record(session, Deed(None, "u", "a", "k", "o", None, {"x": [1e22, 1e-7, 1.0, -0.0, 0.1, 10**18]}), NOON)
    assert broken(database) == []


def test_a_long_chain_is_verified_part_by_part(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PART", 4)
    recorded(database, 9)
    assert broken(database) == []
