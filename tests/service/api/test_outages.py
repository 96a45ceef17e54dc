"""A full disk, a database that restarts, is down or has no connection left: a clear answer, nothing half-saved, and then on as before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, create_engine, event, func, select, text
from starlette.testclient import TestClient

from catalog import intake
from catalog.models import Lot
from service import db
from service.app import create_app
from service.db import Database
from service.maintenance.backup import back_up
from service.maintenance.checks import faults
from service.maintenance.errors import UpkeepError
from service.models import AuditEvent, Role
from service.settings import Settings
from tests.service.api.conftest import Caller, ClientAs, World


def lot(world: World) -> dict[str, Any]:
    market = world.ours
    return {
        "organisation": market.cooperative.uid, "site": market.farm.uid, "product": "lychee", "grade": 1, "quantity_kg": 900,
        "available_from": "2027-06-08", "available_until": "2027-06-10", "shelf_life_days": 7, "ask_vnd_per_kg": 15_000,
        "note": "x" * 2000,
    }  # fmt: skip


def lots(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Lot)) or 0


def events(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


def limit_pages(engine: Engine, pages: int) -> None:
    """Let a SQLite file grow to so many pages and no further, whichever connection writes."""
    engine.dispose()

    @event.listens_for(engine, "connect")
    def limit(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_full_disk_is_told_saves_nothing_by_half_and_is_over_when_there_is_room_again(
    client_as: ClientAs, world: World, database: Database
) -> None:
    clerk = client_as(Role.CLERK)
    with database.read() as session:
        pages = int(session.execute(text("PRAGMA page_count")).scalar_one())
    limit_pages(database.engine, pages + 12)
    answers = [clerk.post("/lots", json=lot(world)) for _ in range(40)]
    stored = [answer.status_code for answer in answers].count(201)
    assert {answer.status_code for answer in answers} == {201, 507}
    assert answers[-1].json()["code"] == "disk_full"
    assert clerk.get("/lots").status_code == 200
    assert lots(database) == stored + 2
    assert events(database) == stored
    assert list(faults(database)) == []
    limit_pages(database.engine, 1_000_000)
    assert clerk.post("/lots", json=lot(world)).status_code == 201


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_full_disk_of_a_server_is_told_by_its_code_in_whatever_language_it_speaks(
    client_as: ClientAs, world: World, database: Database
) -> None:
    """The server raises what it raises where a table can't grow, in words that nobody looks for."""
    clerk = client_as(Role.CLERK)
    body = "BEGIN RAISE EXCEPTION 'đĩa đã đầy' USING ERRCODE = '53100'; END"
    with database.write() as session:
        session.execute(text(f"CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"))
        session.execute(text("CREATE TRIGGER full_disk AFTER INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION full_disk()"))
    refused = clerk.post("/lots", json=lot(world))
    assert (refused.status_code, refused.json()["code"]) == (507, "disk_full")
    assert (lots(database), events(database)) == (2, 0)
    with database.write() as session:
        session.execute(text("DROP TRIGGER full_disk ON audit_event"))
        session.execute(text("DROP FUNCTION full_disk"))
    assert clerk.post("/lots", json=lot(world)).status_code == 201


def test_a_backup_onto_a_full_disk_leaves_no_file(database: Database, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("service.maintenance.backup._write", full)
    with pytest.raises(UpkeepError, match="No space left on device"):
        back_up(database, tmp_path / "mca.backup")
    assert list(tmp_path.iterdir()) == []


@contextmanager
def administering(address: str) -> Iterator[Any]:
    engine = create_engine(db.database_url(address), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def break_connections(address: str) -> None:
    """End every connection to a PostgreSQL database, as a restart does."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with administering(address) as connection:
        connection.exec_driver_sql(others)


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_after_a_restart_of_the_database_no_request_fails(client_as: ClientAs, world: World, database_address: str) -> None:
    clerk = client_as(Role.CLERK)
    for _ in range(3):
        assert clerk.get("/lots").status_code == 200
        break_connections(database_address)
        assert clerk.get("/lots").status_code == 200
        break_connections(database_address)
        assert clerk.post("/lots", json=lot(world)).status_code == 201


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_write_whose_database_restarts_under_it_is_told_to_come_again_and_saved_nothing(
    client_as: ClientAs, world: World, database: Database, database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk, declare = client_as(Role.CLERK), intake.declare_lot

    def cut(*given: Any) -> Lot:
        made = declare(*given)
        break_connections(database_address)
        return made

    before = lots(database)
    monkeypatch.setattr(intake, "declare_lot", cut)
    answer = clerk.post("/lots", json=lot(world), headers={"Idempotency-Key": "once"})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert answer.headers["retry-after"] == "2"
    monkeypatch.undo()
    assert lots(database) == before
    assert clerk.post("/lots", json=lot(world), headers={"Idempotency-Key": "once"}).status_code == 201
    assert lots(database) == before + 1


def test_without_its_database_the_service_is_alive_and_says_that_it_is_not_ready() -> None:
    app = create_app(Settings(database_url="postgresql://mca@127.0.0.1:1/mca", log_level="error"))
    with TestClient(app, raise_server_exceptions=False) as client:
        guest = Caller(client, {"authorization": "Bearer mca_12345678_x"})
        assert guest.get("/healthz").status_code == 200
        ready = guest.get("/readyz")
        assert (ready.status_code, ready.json()["code"], ready.headers["retry-after"]) == (503, "database_away", "2")
        assert guest.get("/lots").status_code == 503


def test_a_database_of_another_version_is_not_ready_and_names_both(client_as: ClientAs, app: FastAPI, database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    answer = client_as(Role.CLERK).get("/readyz")
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": db.head_revision()})
    assert (answer.status_code, answer.json()["code"]) == (503, "schema_mismatch")
    assert f"revision 9999, this version of mca needs {db.head_revision()}" in answer.json()["detail"]


def test_when_every_connection_is_taken_a_request_is_refused_and_does_not_hang(
    database_address: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "POOL_TIMEOUT_S", 0.05)
    small = Database(database_address, pool_size=1)
    with TestClient(create_app(settings, small), raise_server_exceptions=False) as client:
        guest = Caller(client, {"authorization": "Bearer mca_12345678_x"})
        with small.engine.connect():
            answer = guest.get("/lots")
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "database_away", "2")
        assert guest.get("/lots").status_code == 401
    small.close()
