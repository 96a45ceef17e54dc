"""Every way in: who may say what is paid, which prices are asked about, and in which form texts are kept."""

from __future__ import annotations

import json
from typing import Any
from unicodedata import normalize

import pytest

from service.models import Role
from tests.service.api.conftest import Caller, ClientAs, World
from tests.service.api.test_demand import ANY, DAYS, TERMS
from tests.service.api.test_lots import lot

PLACE = {"lat": 21.2, "lon": 106.1}


@pytest.mark.parametrize("role", [Role.CLERK, Role.PROCUREMENT, Role.PARTNER])
def test_an_organisation_sets_nothing_that_others_pay_by(client_as: ClientAs, world: World, role: Role) -> None:
    own = world.ours.buyer if role is Role.PROCUREMENT else world.ours.cooperative
    caller = client_as(role, own, key=role is Role.PARTNER)
    site = world.ours.door if own is world.ours.buyer else world.ours.farm
    broker, before = client_as(Role.BROKER), None
    truck = broker.post("/vehicles", json={
        "code": "8t", "payload_kg": 8000, "kmh": 40, "tariff": {"valid_from": "2027-01-01", "fixed_vnd": 0, "source": "x",
                                                                "bands": [{"from_km": 0, "vnd_per_km": 1}]}}).json()  # fmt: skip
    before = broker.get(f"/sites/{site.uid}").json()
    kind = "buyer" if own is world.ours.buyer else "cooperative"
    new = {"organisation": own.uid, "name": "Kho", **PLACE}
    doors: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/sites", {**new, "code": "h", "kind": "hub"}), ("POST", "/sites", {**new, "code": "d", "kind": "depot"}),
        *(("POST", "/sites", {**new, "code": "x", "kind": kind, name: value}) for name, value in
          (("zone", "inner"), ("opening_vnd", 1), ("handling_vnd_per_kg", 50_000), ("throughput_kg_per_day", 1))),
        *(("PATCH", f"/sites/{site.uid}", {name: value}) for name, value in
          (("zone", "inner"), ("opening_vnd", 1), ("handling_vnd_per_kg", 50_000), ("throughput_kg_per_day", 1))),
        ("POST", "/rules", {"fee_per_mille": 0}),
        ("PATCH", f"/associations/{client_as(Role.MANAGER).get('/associations').json()['items'][0]['uid']}", {"fee_per_mille": 0}),
        ("POST", f"/vehicles/{truck.get('uid', '0' * 26)}/tariffs", {"valid_from": "2027-07-01", "fixed_vnd": 1, "source": "x",
                                                                    "bands": [{"from_km": 0, "vnd_per_km": 1}]}),
    ]  # fmt: skip
    for method, path, body in doors:
        answer = caller.request(method, path, json=body, headers=ANY if method == "PATCH" else {})
        assert answer.status_code in (403, 404, 422), (method, path, body, answer.text)
    assert broker.get(f"/sites/{site.uid}").json() == before


def test_an_organisation_frees_its_site_of_no_rule_of_the_association(client_as: ClientAs, world: World) -> None:
    broker, clerk, place = client_as(Role.BROKER), client_as(Role.CLERK), f"/sites/{world.ours.farm.uid}"
    set_ = broker.patch(place, json={"zone": "inner", "throughput_kg_per_day": 500}, headers=ANY)
    assert set_.status_code == 200, set_.text
    for free in ({"zone": None}, {"throughput_kg_per_day": None}):
        assert clerk.patch(place, json=free, headers=ANY).status_code == 422
    kept = clerk.patch(place, json={"zone": "inner", "name": "Kho mới"}, headers=ANY)
    assert (kept.status_code, kept.json()["name"]) == (200, "Kho mới")


def asked_about(answer: Any, field: str) -> bool:
    return answer.status_code == 422 and answer.json()["code"] == "needs_confirmation" and field in json.dumps(answer.json())


def test_a_price_that_looks_mistyped_is_asked_about_at_every_door(client_as: ClientAs, world: World) -> None:
    clerk, buyer = client_as(Role.CLERK), client_as(Role.PROCUREMENT)
    line = {"site": world.ours.door.uid, "products": ["lychee"], "max_grade": 1, "quantity_kg": 10, "bid_vnd_per_kg": 25, **DAYS}
    order = {"buyer": world.ours.buyer.uid, "lines": [line]}
    contract = {"buyer": world.ours.buyer.uid, "quantity_kg": 10, **TERMS, "price_vnd_per_kg": 25}
    doors: list[tuple[Caller, str, str, dict[str, Any], str]] = [
        (clerk, "POST", "/lots", lot(world, ask_vnd_per_kg=15), "ask_vnd_per_kg"),
        (clerk, "POST", "/lots", lot(world, ask_vnd_per_kg=150_000), "ask_vnd_per_kg"),
        (clerk, "PATCH", f"/lots/{world.lots[world.ours].uid}", {"ask_vnd_per_kg": 15}, "ask_vnd_per_kg"),
        (buyer, "POST", "/orders", order, "bid_vnd_per_kg"),
        (buyer, "PATCH", f"/lines/{world.lines[world.ours].uid}", {"bid_vnd_per_kg": 27}, "bid_vnd_per_kg"),
        (buyer, "POST", "/contracts", contract, "price_vnd_per_kg"),
    ]
    for caller, method, path, body, field in doors:
        headers = ANY if method == "PATCH" else {}
        assert asked_about(caller.request(method, path, json=body, headers=headers), field), (method, path)
        meant = caller.request(method, path, json={**body, "confirmed": True}, headers=headers)
        assert meant.status_code in (200, 201), meant.text


def test_an_upload_of_lines_asks_about_prices_too(client_as: ClientAs, world: World) -> None:
    buyer = client_as(Role.PROCUREMENT)
    table = (
        "line_id,buyer_id,site_id,product,max_grade,quantity_kg,deliver_from,deliver_until,bid_vnd_per_kg\n"
        "u1,b0,d0,lychee,1,500,2027-06-08,2027-06-09,28\n"
    )
    headers = {"content-type": "text/csv"}
    refused = buyer.post("/uploads/demands", content=table.encode(), headers=headers)
    assert asked_about(refused, "bid_vnd_per_kg"), refused.text
    taken = buyer.post("/uploads/demands", params={"confirmed": True}, content=table.encode(), headers=headers)
    assert taken.status_code == 201, taken.text


def test_texts_in_lists_are_composed_like_others(client_as: ClientAs, world: World) -> None:
    broker, buyer = client_as(Role.BROKER), client_as(Role.PROCUREMENT)
    name = normalize("NFD", "vải-thiều-sớm")
    made = broker.post("/products", json={"code": name, "name": name, "grades": ["loại 1"]})
    assert (made.status_code, made.json()["code"]) == (201, normalize("NFC", name)), made.text
    line = {"site": world.ours.door.uid, "products": [name], "max_grade": 1, "quantity_kg": 10, "bid_vnd_per_kg": 25_000, **DAYS}
    placed = buyer.post("/orders", json={"buyer": world.ours.buyer.uid, "lines": [line]})
    assert placed.status_code == 201, placed.text


def test_a_lot_of_nothing_is_refused_at_every_door(client_as: ClientAs, world: World) -> None:
    clerk, place = client_as(Role.CLERK), f"/lots/{world.lots[world.ours].uid}"
    assert clerk.post("/lots", json=lot(world, quantity_kg=0)).status_code == 422
    assert clerk.post("/lots/bulk", json={"lots": [lot(world, quantity_kg=0)]}).status_code == 422
    assert clerk.patch(place, json={"quantity_kg": 0, "reason": "hail"}, headers=ANY).status_code == 422
