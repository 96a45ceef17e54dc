"""The trail is rewritten by nobody unseen, a restore revives no access, and associations take turns in the queue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from catalog.base import now_utc
from service import audit, seals
from service.audit import Deed, digest, record
from service.db import Database
from service.maintenance.access import take_away_again, taken_away
from service.maintenance.checks import faults
from service.models import ApiKey, AuditEvent, AuditHead, Role, Session, User
from service.planning.models import Run
from service.planning.states import RunState
from service.runs import queue
from tests.sample_market import Market
from tests.service.api.conftest import add_user, log_in

KEY = bytes(range(32))
TRIGGER = (
    "CREATE TRIGGER audit_event_not_changed BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION mca_never_rewritten()"
)
AT = datetime.fromisoformat("2027-06-07T05:00:00+00:00")


@pytest.fixture(autouse=True)
def protected_again(database: Database) -> Iterator[None]:
    """Give a database of PostgreSQL, which the next test gets emptied, its trigger back."""
    yield
    if database.dialect == "postgresql":
        with database.engine.begin() as connection:
            if not connection.execute(text("SELECT 1 FROM pg_trigger WHERE tgname = 'audit_event_not_changed'")).all():
                connection.exec_driver_sql(TRIGGER)


def written(database: Database, count: int = 3) -> None:
    with database.write() as session:
        for number in range(count):
            record(session, Deed(None, "system", "test", "thing", f"t{number}"), AT)


def unprotect(database: Database) -> str:
    """Switch the trail's triggers off as somebody who may write the file could; return nothing that the service knows."""
    names = "DROP TRIGGER audit_event_not_changed", "DROP TRIGGER audit_event_not_deleted"
    on = "" if database.dialect == "sqlite" else " ON audit_event"
    with database.engine.begin() as connection:
        for name in names[: 2 if database.dialect == "sqlite" else 1]:
            connection.exec_driver_sql(name + on)
    return on


def rewrite(database: Database) -> None:
    """Change the first event and compute every hash anew."""
    unprotect(database)
    with database.write() as session:
        last = audit.NO_HASH
        for event in session.scalars(select(AuditEvent).where(AuditEvent.chain == 0).order_by(AuditEvent.seq)):
            event.actor, event.prev_hash = "nobody", last
            event.hash = last = digest(event)
        session.get_one(AuditHead, 0).hash = last


def test_recomputed_hashes_are_found_by_the_seal_and_a_cut_chain_by_the_anchor(database: Database, tmp_path: Path) -> None:
    written(database)
    file = tmp_path / "anchors"
    with database.write() as session:
        assert ["no seal" in str(one) for one in seals.breaks(session, KEY)] == [True]
        seals.write_anchors(seals.seal(session, KEY, AT), file)
        assert list(seals.breaks(session, KEY, seals.read_anchors(file))) == []
        assert len(list(seals.breaks(session, b"x" * 32))) == 1
    assert file.stat().st_mode & 0o077 == 0
    rewrite(database)
    with database.read() as session:
        assert list(audit.verify(session)) == []
        assert [str(one) for one in seals.breaks(session, KEY)] == [
            "chain 0, event 3: rewritten since the seal of 2027-06-07T05:00:00.000000+00:00"
        ]
        assert len(list(seals.breaks(session, KEY, seals.read_anchors(file)))) == 2


def test_replacing_a_row_passes_no_trigger_and_a_missing_trigger_is_told(database: Database) -> None:
    written(database)
    if database.dialect == "sqlite":
        statement = "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 1"
        with pytest.raises(DBAPIError, match="never rewritten"), database.write() as session:
            session.execute(text(statement))
    assert [one for one in faults(database) if "trigger" in one or "function" in one] == []
    unprotect(database)
    assert any("audit_event_not_changed" in one for one in faults(database))


def test_a_restore_ends_logins_and_keeps_what_was_taken_away_since(database: Database) -> None:
    with database.write() as session:
        market = Market(session, "ours")
        lan = add_user(session, Role.BROKER, market, login="lan@example.vn", password_hash="changed since")
        log_in(session, lan)
        gone = add_user(session, Role.BROKER, market, login="gone@example.vn")
        from service.auth import keys

        key, _ = keys.issue(session, market.association.id, None, "partner", by="test")
        gone.active, key.revoked_at = False, now_utc()
    before = taken_away(database)
    with database.write() as session:
        # What a backup from before brings back.
        session.get_one(User, gone.id).active = True
        session.get_one(User, lan.id).password_hash = "old"
        session.get_one(ApiKey, key.id).revoked_at = None
    take_away_again(database, before)
    with database.read() as session:
        assert session.scalars(select(Session.id).where(Session.revoked_at.is_(None))).all() == []
        assert session.get_one(User, gone.id).active is False
        assert session.get_one(User, lan.id).password_hash == "changed since"
        assert session.get_one(ApiKey, key.id).revoked_at is not None
        assert session.scalars(select(AuditEvent.action).where(AuditEvent.chain == 0)).all()[-1] == "restore"


def test_associations_take_turns_run_by_run(database: Database) -> None:
    with database.write() as session:
        first, second = Market(session, "first").association.id, Market(session, "second").association.id
        begun = now_utc() - timedelta(hours=1)
        for number, owner in enumerate([first] * 5 + [second] * 2):
            run = Run(association_id=owner, state=RunState.QUEUED, parameters={}, updated_by="test")
            run.created_at = begun + timedelta(seconds=number)
            session.add(run)
    order = []
    for _ in range(7):
        with database.write() as session:
            lease = queue.lease(session, "worker", 60, 3, lambda *_: None)
            assert lease is not None
            order.append(lease.association_id)
            queue.end(queue.owned(session, lease), RunState.DONE)
    assert order == [first, second, first, second, first, first, first]
