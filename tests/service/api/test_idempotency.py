"""The same write twice has one effect and one answer."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from catalog.base import now_utc
from catalog.models import Lot
from service.db import Database
from service.http import idempotency
from service.models import ApiKey, AuditEvent, IdempotencyKey, Role
from tests.service.api.conftest import Caller, ClientAs, World
from tests.service.api.test_lots import lot

KEY = {"idempotency-key": "6f0e6b1c-8a52-4f0b-9a2e-2b6f6f2c9d11"}


@pytest.fixture
def clerk(client_as: ClientAs) -> Caller:
    return client_as(Role.CLERK, key=True)


def count(database: Database, model: Any) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_same_write_again_gets_the_same_answer_and_has_no_second_effect(clerk: Caller, world: World, database: Database) -> None:
    first, second = (clerk.post("/lots", json=lot(world), headers=KEY) for _ in range(2))
    assert (first.status_code, second.status_code, first.content) == (201, 201, second.content)
    assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (False, "true")
    assert (second.headers["etag"], second.headers["location"]) == (first.headers["etag"], first.headers["location"])
    assert count(database, Lot) == 3
    assert count(database, AuditEvent) == 1


def test_a_key_that_was_used_for_something_else_is_refused(clerk: Caller, world: World) -> None:
    clerk.post("/lots", json=lot(world), headers=KEY)
    other = clerk.post("/lots", json=lot(world, grade=2), headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reuse")


def test_a_key_is_ones_own_and_for_one_address(clerk: Caller, client_as: ClientAs, world: World) -> None:
    made = [caller.post("/lots", json=lot(world), headers=KEY).json()["uid"] for caller in (clerk, client_as(Role.BROKER))]
    assert len(set(made)) == 2
    bulk = clerk.post("/lots/bulk", json={"lots": [lot(world)]}, headers=KEY)
    assert (bulk.status_code, "idempotency-replayed" in bulk.headers) == (201, False)


def test_a_refusal_is_not_kept(clerk: Caller, world: World) -> None:
    assert clerk.post("/lots", json=lot(world, grade=9), headers=KEY).status_code == 422
    assert clerk.post("/lots", json=lot(world), headers=KEY).status_code == 201


def test_a_change_is_answered_again_though_its_version_has_passed(clerk: Caller, world: World) -> None:
    place, change = f"/lots/{world.lots[world.ours].uid}", {"note": "early"}
    first, second = (clerk.patch(place, json=change, headers=KEY | {"if-match": 'W/"1"'}) for _ in range(2))
    assert (first.status_code, second.status_code, second.headers["etag"]) == (200, 200, 'W/"2"')


def test_what_is_stored_holds_neither_the_key_nor_a_secret(client_as: ClientAs, database: Database) -> None:
    manager, given = client_as(Role.MANAGER), {"label": "x", "scopes": ["lots:read"]}
    first, second = (manager.post("/keys", json=given, headers=KEY) for _ in range(2))
    assert first.content == second.content
    assert count(database, ApiKey) == 1
    with database.read() as session:
        row = session.scalars(select(IdempotencyKey)).one()
    assert KEY["idempotency-key"] not in row.key
    assert first.json()["key"].encode() not in (row.body or b"")


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_is_no_key_is_refused(clerk: Caller, world: World, key: str) -> None:
    refused = clerk.post("/lots", json=lot(world), headers={"idempotency-key": key})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_idempotency_key")


def test_the_same_write_while_the_first_is_running_is_told_so(clerk: Caller, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from catalog import intake

    inside, go_on = threading.Event(), threading.Event()
    plain = intake.declare_lot

    def slow(*given: Any) -> Any:
        inside.set()
        assert go_on.wait(30)
        return plain(*given)

    monkeypatch.setattr("catalog.intake.declare_lot", slow)
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(clerk.post("/lots", json=lot(world), headers=KEY)))
    first.start()
    assert inside.wait(30)
    second = clerk.post("/lots", json=lot(world), headers=KEY)
    go_on.set()
    first.join()
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (409, "still_running", "1")
    assert answers[0].status_code == 201


def test_an_answer_is_forgotten_after_its_time(clerk: Caller, world: World, database: Database) -> None:
    clerk.post("/lots", json=lot(world), headers=KEY)
    with database.write() as session:
        session.scalars(select(IdempotencyKey)).one().created_at = now_utc() - timedelta(hours=49)
    again = clerk.post("/lots", json=lot(world), headers=KEY)
    assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)
    with database.write() as session:
        session.scalars(select(IdempotencyKey)).one().created_at = now_utc() - timedelta(hours=49)
    assert idempotency.forget_old(database, timedelta(hours=48)) == 1
    assert count(database, IdempotencyKey) == 0


def test_a_kept_answer_survives_a_restart(clerk: Caller, world: World, database: Database) -> None:
    first = clerk.post("/lots", json=lot(world), headers=KEY)
    idempotency._running.clear()
    database.engine.dispose()
    assert clerk.post("/lots", json=lot(world), headers=KEY).content == first.content
