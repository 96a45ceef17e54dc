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


TERMS = {"product": "lychee", "max_grade": 2, "price_vnd_per_kg": 25_000, "valid_from": "2027-06-01", "valid_until": "2027-06-30"}


@pytest.fixture
def broker(client_as: ClientAs) -> Caller:
    return client_as(Role.BROKER)


def drafted(buyer: Caller, world: World, kg: int = 1000, **more: Any) -> dict[str, Any]:
    made = buyer.post("/contracts", json={"buyer": world.ours.buyer.uid, "quantity_kg": kg, **TERMS, **more})
    assert made.status_code == 201, made.text
    return dict(made.json())


def signed(buyer: Caller, broker: Caller, world: World, kg: int = 1000) -> dict[str, Any]:
    """Return a contract with the association, which its broker has signed."""
    made = drafted(buyer, world, kg)
    assert (made["status"], made["buyer_signed_at"] is not None, made["supplier_signed_at"]) == ("draft", True, None)
    done = broker.post(f"/contracts/{made['uid']}/sign", json={"note": "gọi điện"}, headers=ANY)
    assert (done.status_code, done.json()["status"]) == (200, "active"), done.text
    return dict(done.json())


def agreed(asking: Caller, answering: Caller, contract: str, **terms: Any) -> dict[str, Any]:
    """Return a contract after one side has asked for other terms and the other has agreed."""
    asked = asking.patch(f"/contracts/{contract}", json=terms, headers=ANY)
    assert (asked.status_code, asked.json()["pending"]["terms"]) == (200, terms), asked.text
    done = answering.post(f"/contracts/{contract}/sign", json={}, headers=ANY)
    assert (done.status_code, done.json()["pending"]) == (200, None), done.text
    return dict(done.json())


def called(buyer: Caller, world: World, contract: str, kg: int, status: int = 201) -> dict[str, Any]:
    answer = buyer.post(f"/contracts/{contract}/call-offs", json={"site": world.ours.door.uid, "quantity_kg": kg, **DAYS})
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def left(buyer: Caller, contract: str) -> int:
    now = buyer.get(f"/contracts/{contract}").json()
    return int(now["quantity_kg"]) - int(now["called_kg"])


def test_what_was_called_off_follows_its_line(buyer: Caller, broker: Caller, world: World) -> None:
    contract = signed(buyer, broker, world)["uid"]
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


def test_a_contract_is_changed_by_both_and_never_below_what_was_called_off(buyer: Caller, broker: Caller, world: World) -> None:
    contract = signed(buyer, broker, world)
    called(buyer, world, contract["uid"], 600)
    place = f"/contracts/{contract['uid']}"
    assert buyer.patch(place, json={"quantity_kg": 700}).status_code == 428
    assert buyer.patch(place, json={"quantity_kg": 700}, headers={"if-match": 'W/"1"'}).json()["code"] == "stale"
    few = buyer.patch(place, json={"quantity_kg": 599}, headers=ANY)
    assert (few.status_code, few.json()["errors"][0]["message"]) == (422, "at least the 600 kg that were called off")
    back = buyer.patch(place, json={"valid_until": "2027-05-31"}, headers=ANY)
    assert (back.status_code, back.json()["errors"][0]["pointer"]) == (422, "/valid_from")
    early = buyer.patch(place, json={"valid_until": "2027-06-08"}, headers=ANY)
    assert (early.status_code, early.json()["errors"][0]["pointer"]) == (422, "/valid_until")
    asked = buyer.patch(place, json={"price_vnd_per_kg": 24_000}, headers=ANY).json()
    assert (asked["price_vnd_per_kg"], asked["pending"]["side"]) == (25_000, "demand")
    assert buyer.post(f"{place}/sign", json={}, headers=ANY).json()["code"] == "already_signed"
    assert broker.patch(place, json={"quantity_kg": 900}, headers=ANY).status_code == 409
    assert broker.post(f"{place}/decline", json={"note": "quá thấp"}, headers=ANY).json()["pending"] is None
    changed = agreed(buyer, broker, contract["uid"], quantity_kg=700, price_vnd_per_kg=26_000, valid_until="2027-07-15")
    assert (changed["quantity_kg"], changed["price_vnd_per_kg"], changed["valid_until"]) == (700, 26_000, "2027-07-15")
    assert called(buyer, world, contract["uid"], 100)["bid_vnd_per_kg"] == 26_000


def test_nothing_is_called_off_a_contract_that_is_not_signed_or_closed(buyer: Caller, broker: Caller, world: World) -> None:
    early = drafted(buyer, world)["uid"]
    assert "isn't signed by both sides" in called(buyer, world, early, 1, status=409)["detail"]
    assert buyer.post(f"/contracts/{early}/decline", json={}, headers=ANY).json()["status"] == "cancelled"
    contract = signed(buyer, broker, world)["uid"]
    assert agreed(buyer, broker, contract, closed=True)["status"] == "closed"
    assert called(buyer, world, contract, 1, status=409)["code"] == "conflict"
    assert [row["uid"] for row in buyer.get("/contracts", params={"status": "closed"}).json()["items"]] == [contract]
    assert agreed(broker, buyer, contract, closed=False)["status"] == "active"
    called(buyer, world, contract, 1)


def test_a_contract_with_a_cooperative_is_seen_and_signed_by_it(buyer: Caller, client_as: ClientAs, broker: Caller, world: World) -> None:
    seller = client_as(Role.CLERK)
    contract = drafted(buyer, world, supplier=world.ours.cooperative.uid)["uid"]
    assert [row["uid"] for row in seller.get("/contracts").json()["items"]] == [contract]
    unsaid = broker.post(f"/contracts/{contract}/sign", json={}, headers=ANY)
    assert (unsaid.status_code, unsaid.json()["errors"][0]["pointer"]) == (422, "/side")
    assert buyer.post(f"/contracts/{contract}/sign", json={"side": "supply"}, headers=ANY).status_code == 404
    assert seller.post(f"/contracts/{contract}/sign", json={}, headers=ANY).json()["status"] == "active"
    assert seller.post(f"/contracts/{contract}/call-offs", json={}).status_code == 403


def test_a_call_off_stays_within_its_contract(buyer: Caller, broker: Caller, world: World) -> None:
    contract = signed(buyer, broker, world)["uid"]
    line = called(buyer, world, contract, 300)
    place = f"/lines/{line['uid']}"
    for change, pointer in (({"bid_vnd_per_kg": 1}, "/bid_vnd_per_kg"), ({"deliver_until": "2027-07-01"}, "/deliver_from"),
                            ({"quantity_kg": 0}, "/quantity_kg")):  # fmt: skip
        refused = buyer.patch(place, json=change, headers=ANY)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), refused.text
    agreed(buyer, broker, contract, closed=True)
    raised = buyer.patch(place, json={"quantity_kg": 400}, headers=ANY)
    assert (raised.status_code, raised.json()["code"]) == (409, "conflict")
    assert buyer.patch(place, json={"quantity_kg": 200}, headers=ANY).status_code == 200
    assert left(buyer, contract) == 800


def test_an_upload_changes_a_call_off_only_within_its_contract(buyer: Caller, broker: Caller, world: World) -> None:
    contract = signed(buyer, broker, world)["uid"]
    line = called(buyer, world, contract, 300)
    ours = {"line_id": line["code"], "buyer_id": world.ours.buyer.code, "site_id": world.ours.door.code}
    sheet = {**ours, "product": "lychee", "max_grade": 2, "quantity_kg": 300, "bid_vnd_per_kg": 25_000, **DAYS}
    wrong: dict[str, Any] = {"bid_vnd_per_kg": 1, "quantity_kg": 5_000, "max_grade": 1}
    cases: list[tuple[dict[str, Any], str]] = [({name: value}, name) for name, value in wrong.items()]
    for change, column in [*cases, ({"deliver_until": "2027-07-01"}, "deliver_from")]:
        for dry in ("true", "false"):
            refused = buyer.post(f"/uploads/demands?dry_run={dry}&confirmed=true", json=[sheet | change])
            assert (refused.status_code, refused.json()["errors"][0]["column"]) == (422, column), refused.text
            assert refused.json()["errors"][0]["row"] == 2
    assert left(buyer, contract) == 700
    assert buyer.post("/uploads/demands?confirmed=true", json=[sheet | {"quantity_kg": 450}]).json()["changed"] == 1
    assert (left(buyer, contract), buyer.get(f"/lines/{line['uid']}").json()["quantity_kg"]) == (550, 450)


def test_an_order_is_taken_back_with_its_open_lines_once(buyer: Caller, client_as: ClientAs, world: World) -> None:
    wish = {"site": world.ours.door.uid, "products": ["lychee"], "max_grade": 1, "quantity_kg": 10, "bid_vnd_per_kg": 20_000, **DAYS}
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
