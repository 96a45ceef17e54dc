"""Orders and contracts through the API: taken back, changed, closed, and never called off beyond what was agreed."""

from __future__ import annotations

from typing import Any

import pytest

from service.models import Role
from tests.service.api.conftest import Caller, ClientAs, World

ANY = {"if-match": "*"}
DAYS = {"deliver_from": "2027-06-08", "deliver_until": "2027-06-09"}


@pytest.fixture
def buyer(client_as: ClientAs) -> Caller:
    return client_as(Role.PROCUREMENT)


def signed(buyer: Caller, world: World, kg: int = 1000) -> dict[str, Any]:
    body = {"buyer": world.ours.buyer.uid, "product": "lychee", "max_grade": 2, "quantity_kg": kg, "price_vnd_per_kg": 25_000,
            "valid_from": "2027-06-01", "valid_until": "2027-06-30"}  # fmt: skip
    made = buyer.post("/contracts", json=body)
    assert made.status_code == 201, made.text
    return dict(made.json())


def called(buyer: Caller, world: World, contract: str, kg: int, status: int = 201) -> dict[str, Any]:
    answer = buyer.post(f"/contracts/{contract}/call-offs", json={"site": world.ours.door.uid, "quantity_kg": kg, **DAYS})
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def left(buyer: Caller, contract: str) -> int:
    now = buyer.get(f"/contracts/{contract}").json()
    return int(now["quantity_kg"]) - int(now["called_kg"])


def test_what_was_called_off_follows_its_line(buyer: Caller, world: World) -> None:
    contract = signed(buyer, world)["uid"]
    line = called(buyer, world, contract, 600)
    place = f"/lines/{line['uid']}"
    too_much = buyer.patch(place, json={"quantity_kg": 1001}, headers=ANY)
    assert (too_much.status_code, too_much.json()["code"]) == (409, "contract_exceeded")
    assert buyer.get(place).json()["quantity_kg"] == 600
    for kg in (1000, 200):
        assert buyer.patch(place, json={"quantity_kg": kg}, headers=ANY).status_code == 200
        assert left(buyer, contract) == 1000 - kg
    assert buyer.patch(place, json={"note": "cổng sau"}, headers=ANY).status_code == 200
    assert left(buyer, contract) == 800
    for _ in range(2):
        assert buyer.post(f"{place}/cancel", json={"reason": "closed for a feast"}, headers=ANY).status_code == 200
        assert left(buyer, contract) == 1000
    assert [row["status"] for row in buyer.get(f"/contracts/{contract}/call-offs").json()["items"]] == ["cancelled"]


def test_a_contract_is_changed_on_the_version_that_was_seen_and_never_below_what_was_called_off(buyer: Caller, world: World) -> None:
    contract = signed(buyer, world)
    called(buyer, world, contract["uid"], 600)
    place = f"/contracts/{contract['uid']}"
    assert buyer.patch(place, json={"quantity_kg": 700}).status_code == 428
    assert buyer.patch(place, json={"quantity_kg": 700}, headers={"if-match": 'W/"1"'}).json()["code"] == "stale"
    few = buyer.patch(place, json={"quantity_kg": 599}, headers=ANY)
    assert (few.status_code, few.json()["errors"][0]["message"]) == (422, "at least the 600 kg that were called off")
    back = buyer.patch(place, json={"valid_until": "2027-05-31"}, headers=ANY)
    assert (back.status_code, back.json()["errors"][0]["pointer"]) == (422, "/valid_from")
    changed = buyer.patch(place, json={"quantity_kg": 700, "price_vnd_per_kg": 26_000, "valid_until": "2027-07-15"}, headers=ANY)
    assert (changed.status_code, changed.json()["quantity_kg"], changed.json()["valid_until"]) == (200, 700, "2027-07-15")
    assert called(buyer, world, contract["uid"], 100)["bid_vnd_per_kg"] == 26_000


def test_nothing_is_called_off_a_closed_contract_until_it_is_open_again(buyer: Caller, world: World) -> None:
    contract = signed(buyer, world)["uid"]
    closed = buyer.patch(f"/contracts/{contract}", json={"closed": True}, headers=ANY)
    assert closed.json()["status"] == "closed"
    refused = called(buyer, world, contract, 1, status=409)
    assert (refused["code"], refused["who"]) == ("conflict", "Người procurement")
    assert [row["uid"] for row in buyer.get("/contracts", params={"status": "closed"}).json()["items"]] == [contract]
    assert buyer.patch(f"/contracts/{contract}", json={"closed": False}, headers=ANY).json()["status"] == "active"
    called(buyer, world, contract, 1)


def test_an_order_is_taken_back_with_its_open_lines_once(buyer: Caller, client_as: ClientAs, world: World) -> None:
    wish = {"site": world.ours.door.uid, "products": ["lychee"], "max_grade": 1, "quantity_kg": 10, "bid_vnd_per_kg": 1, **DAYS}
    order = buyer.post("/orders", json={"buyer": world.ours.buyer.uid, "lines": [wish, wish, wish]}).json()
    first = order["lines"][0]["uid"]
    assert buyer.post(f"/lines/{first}/cancel", json={"reason": "x"}, headers=ANY).status_code == 200
    place = f"/orders/{order['uid']}/cancel"
    assert buyer.post(place, json={"reason": "x"}).status_code == 428
    assert buyer.post(place, json={}, headers=ANY).status_code == 422
    gone = buyer.post(place, json={"reason": "the shop is closed"}, headers=ANY)
    assert (gone.status_code, gone.json()["status"], {line["status"] for line in gone.json()["lines"]}) == (200, "cancelled", {"cancelled"})
    again = buyer.post(place, json={"reason": "x"}, headers=ANY)
    assert (again.status_code, again.json()["code"], again.json()["who"]) == (409, "conflict", "Người procurement")
    trail = client_as(Role.MANAGER).get("/audit", params={"action": "line.cancel"}).json()["items"]
    assert len(trail) == 3
    assert client_as(Role.CLERK).post(place, json={"reason": "x"}, headers=ANY).status_code == 403
    assert client_as(Role.BROKER, market=world.theirs).post(place, json={"reason": "x"}, headers=ANY).status_code == 404
