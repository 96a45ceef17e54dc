"""A backup taken while people write is one moment of the database, and comes back as it was."""

from __future__ import annotations

import shutil
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from catalog.models import Lot
from service import audit
from service.all_tables import metadata
from service.audit import Deed
from service.db import Database, SchemaMismatch, now
from service.maintenance import backup
from service.maintenance.backup import back_up
from service.maintenance.checks import faults
from service.maintenance.errors import UpkeepError
from service.maintenance.restore import restore
from service.models import AuditEvent
from tests.databases import NewDatabase, empty_postgresql
from tests.sample_market import Market


@pytest.fixture
def elsewhere(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database on another machine."""
    if dialect == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    else:
        made = Database(empty_postgresql(request.getfixturevalue("postgresql_server")))
    yield made
    made.close()


def market(database: Database) -> int:
    with database.write() as session:
        return Market(session).association.id


def declare(database: Database, association_id: int, kg: int) -> None:
    """One lot and its event, in one transaction."""
    with database.write() as session:
        lot = session.scalars(select(Lot).where(Lot.association_id == association_id)).first()
        first = lot or Market(session, "other").lot()
        session.add(Lot(**{c: getattr(first, c) for c in COPIED}, association_id=association_id, quantity_kg=kg))
        session.flush()
        audit.record(session, Deed(association_id, "u1", "lot.declare", "lot", f"lot {kg}", after={"kg": kg}), now(session))


COPIED = (
    "organisation_id", "supplier_id", "site_id", "product_id", "grade", "available_from", "available_until",
    "shelf_life_days", "ask_vnd_per_kg", "updated_by",
)  # fmt: skip


def contents(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in metadata.sorted_tables}


def head(database: Database) -> list[str]:
    """Return the hashes of the associations' chains."""
    with database.read() as session:
        mine = select(AuditEvent.hash).where(AuditEvent.chain != audit.NO_CHAIN)
        return list(session.scalars(mine.order_by(AuditEvent.chain, AuditEvent.seq)))


def deeds_of_all(database: Database) -> list[str]:
    """Return what was done that concerns no association."""
    with database.read() as session:
        return list(session.scalars(select(AuditEvent.action).where(AuditEvent.chain == audit.NO_CHAIN).order_by(AuditEvent.seq)))


@pytest.fixture
def busy(database: Database) -> Iterator[Database]:
    """A database into which somebody writes all the time, one lot and one event at once."""
    mine = market(database)
    for kg in (1, 2, 3):
        declare(database, mine, kg)
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        kg = 10
        while not stop.is_set() and kg < 10_000:
            declare(database, mine, kg)
            written.set()
            kg += 1

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(30)
    yield database
    stop.set()
    writer.join()


@pytest.mark.parametrize("tools", [True, False])
def test_a_backup_taken_during_writes_restores_elsewhere_with_equal_counts_and_chain(
    busy: Database, elsewhere: Database, tmp_path: Path, tools: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not tools:
        monkeypatch.setattr(shutil, "which", lambda _name: None)
    how = back_up(busy, tmp_path / "mca.backup")
    assert how == "sqlite" if busy.dialect == "sqlite" else how in ("pg_dump", "snapshot")
    assert tools or how != "pg_dump"
    assert restore(elsewhere, tmp_path / "mca.backup") is None
    found = contents(elsewhere)
    declared = head(elsewhere)
    assert found["lot"] == found["lot_balance"] == found["ledger_entry"] == len(declared) + 1 >= 4
    assert deeds_of_all(elsewhere) == ["restore"]
    assert found["audit_event"] == len(declared) + 1
    assert list(faults(elsewhere)) == []
    assert declared == head(busy)[: len(declared)]


def test_a_restore_brings_back_what_was_there_and_keeps_what_it_replaces(database: Database, tmp_path: Path) -> None:
    mine = market(database)
    declare(database, mine, 5)
    before = contents(database)
    back_up(database, tmp_path / "mca.backup")
    declare(database, mine, 6)
    kept = restore(database, tmp_path / "mca.backup")
    # The trail of what concerns no association begins with the restore; everything else is as it was.
    assert deeds_of_all(database) == ["restore"]
    assert contents(database) == before | {name: before[name] + 1 for name in ("audit_event", "audit_head")}
    declare(database, mine, 7)
    assert contents(database)["lot"] == before["lot"] + 1
    assert kept is not None
    restore(database, kept)
    assert contents(database)["lot"] == before["lot"] + 1
    assert list(faults(database)) == []


def test_what_is_never_rewritten_stays_so_after_a_restore(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    declare(database, market(database), 5)
    back_up(database, tmp_path / "mca.backup")
    restore(database, tmp_path / "mca.backup")
    with pytest.raises(Exception, match="never rewritten"), database.write() as session:
        session.execute(text("DELETE FROM audit_event"))


def test_a_service_that_runs_sees_the_restored_rows(database: Database, tmp_path: Path) -> None:
    mine = market(database)
    declare(database, mine, 5)
    back_up(database, tmp_path / "mca.backup")
    declare(database, mine, 6)
    other = Database(database.url.render_as_string(hide_password=False))
    with database.read() as session:
        seen = session.scalar(select(func.count()).select_from(Lot))
    restore(other, tmp_path / "mca.backup")
    other.close()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Lot)) == (seen or 0) - 1


def test_a_backup_overwrites_nothing_and_leaves_nothing_half(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mca.backup"
    back_up(database, file)
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(UpkeepError, match="overwrites nothing"):
        back_up(database, file)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_sync", full)
    with pytest.raises(UpkeepError, match="No space left"):
        back_up(database, tmp_path / "second.backup")
    assert [path.name for path in tmp_path.iterdir()] == ["mca.backup"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nothing", b"SQLite format 3\x00" + b"x" * 4000, b"<html>"])
def test_what_is_no_backup_is_refused_and_changes_nothing(database: Database, tmp_path: Path, content: bytes) -> None:
    declare(database, market(database), 5)
    before = contents(database)
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(UpkeepError, match=r"no backup|another kind|damaged"):
        restore(database, tmp_path / "bad")
    with pytest.raises(UpkeepError, match="can't be read"):
        restore(database, tmp_path / "absent")
    assert contents(database) == before


def test_a_snapshot_that_lacks_rows_changes_nothing(new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with new_database("postgresql") as address:
        database = Database(address)
        declare(database, market(database), 5)
        back_up(database, tmp_path / "whole")
        with zipfile.ZipFile(tmp_path / "whole") as whole, zipfile.ZipFile(tmp_path / "cut", "w") as cut:
            for name in whole.namelist():
                cut.writestr(name, b"" if name == "lot.copy" else whole.read(name))
        before = contents(database)
        with pytest.raises(Exception, match=r"lot has 0 rows in the backup|violates foreign key"):
            restore(database, tmp_path / "cut")
        assert contents(database) == before
        database.close()


def test_the_check_names_what_is_broken(database: Database) -> None:
    declare(database, market(database), 5)
    assert list(faults(database)) == []
    disable = {
        "sqlite": "DROP TRIGGER audit_event_not_changed",
        "postgresql": "ALTER TABLE audit_event DISABLE TRIGGER USER",
    }
    off = {
        "sqlite": ["trigger audit_event_not_changed: missing"],
        "postgresql": [f"trigger audit_event_not_{what}: missing or switched off" for what in ("changed", "truncated")],
    }
    try:
        with database.write() as session:
            session.execute(text(disable[database.dialect]))
            session.execute(text("UPDATE audit_event SET why = 'because'"))
        assert list(faults(database)) == [*off[database.dialect], "audit trail, chain 1, event 1: changed since it was written"]
    finally:
        if database.dialect == "postgresql":
            with database.write() as session:
                session.execute(text("ALTER TABLE audit_event ENABLE TRIGGER USER"))


def test_the_check_refuses_a_database_of_another_version(elsewhere: Database) -> None:
    with pytest.raises(SchemaMismatch, match="revision none"):
        list(faults(elsewhere))


def test_an_upgrade_of_a_sqlite_file_that_fails_leaves_a_copy_and_can_be_run_again(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("power cut")

    with new_database("sqlite") as address:
        database = Database(address)
        declare(database, market(database), 5)
        before = contents(database)
        with database.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        monkeypatch.setattr("alembic.command.upgrade", fails)
        with pytest.raises(RuntimeError, match="power cut"):
            database.upgrade()
        copies = list(Path(str(database.url.database)).parent.glob("*.before-0000-*"))
        database.close()
        assert len(copies) == 1
        kept = Database(f"sqlite:///{copies[0]}")
        assert (contents(kept), kept.revision()) == (before, "0000")
        kept.close()
