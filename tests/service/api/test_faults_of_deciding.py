"""Double submits, kept answers and many decisions at once, through the API."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from catalog.models import Lot
from service.db import Database
from service.planning.proposals import decisions
from tests.service.api.conftest import ClientAs, World
from tests.service.api.test_proposals import Floor, problem, seen


@pytest.fixture
def floor(database: Database, world: World, client_as: ClientAs) -> Floor:
    return Floor(database, world, client_as)


def approve(floor: Floor, key: str, reason: str = "") -> httpx.Response:
    item = floor.desk.items()[0]
    headers = seen(1) | {"idempotency-key": key}
    return floor.broker.post(f"/proposal-items/{item.uid}/approve", json={"reason": reason}, headers=headers)


def test_a_double_click_has_one_effect_and_one_answer(floor: Floor) -> None:
    first, second = approve(floor, "k1"), approve(floor, "k1")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert (first.headers.get("idempotency-replayed"), second.headers["idempotency-replayed"]) == (None, "true")
    assert (second.headers["etag"], floor.desk.trail(first.json()["uid"])) == (first.headers["etag"], ["proposal_item.approve"])


def test_a_key_that_is_used_for_something_else_is_refused(floor: Floor) -> None:
    assert approve(floor, "k1").status_code == 200
    assert problem(approve(floor, "k1", "another reason")) == (422, "idempotency_key_reuse")


def test_the_same_key_while_the_first_is_at_work_is_told_to_wait(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, leave, answers = threading.Event(), threading.Event(), list[httpx.Response]()
    usual = decisions.approve

    def slow(*given: Any, **more: Any) -> Any:
        inside.set()
        assert leave.wait(60)
        return usual(*given, **more)

    monkeypatch.setattr(decisions, "approve", slow)
    first = threading.Thread(target=lambda: answers.append(approve(floor, "k1")))
    item = floor.desk.items()[0]
    first.start()
    assert inside.wait(60)
    headers = seen(1) | {"idempotency-key": "k1"}
    waiting = floor.broker.post(f"/proposal-items/{item.uid}/approve", json={"reason": ""}, headers=headers)
    leave.set()
    first.join()
    assert (problem(waiting), waiting.headers["retry-after"]) == ((409, "still_running"), "1")
    assert answers[0].status_code == 200
    assert approve(floor, "k1").headers["idempotency-replayed"] == "true"


def test_a_refusal_is_not_kept_for_it_had_no_effect(floor: Floor) -> None:
    item = floor.desk.items()[0]
    with floor.database.write() as session:
        session.get_one(Lot, item.lot_id).quantity_kg = 100
    assert problem(approve(floor, "k1")) == (409, "plan_stale")
    with floor.database.write() as session:
        session.get_one(Lot, item.lot_id).quantity_kg = 2000
    again = approve(floor, "k1")
    assert (problem(again), "idempotency-replayed" in again.headers) == ((409, "plan_stale"), False)
