"""Shipments, receipts and settlements through the API: each side sees its own goods and its own money."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from catalog.models import Site
from service.db import Database
from service.models import Role
from service.planning.states import Account
from tests.service.api.conftest import Caller, ClientAs, World
from tests.service.api.test_proposals import Floor, problem, seen


@pytest.fixture
def floor(database: Database, world: World, client_as: ClientAs) -> Floor:
    return Floor(database, world, client_as)


def done(caller: Caller, path: str, body: dict[str, Any], version: int | None = None, status: int = 200) -> dict[str, Any]:
    answer = caller.post(path, json=body, headers=seen(version) if version else {})
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def loaded(floor: Floor, *numbers: int) -> dict[str, Any]:
    """Confirm some items and load them on one truck."""
    promises = [floor.confirmed(floor.items()[number])["promise"] for number in numbers]
    body = {"items": [{"promise": uid} for uid in promises], "vehicle_class": "class1", "plate": "99C-123.45", "cost_vnd": 9_000_009}
    planned = done(floor.broker, "/shipments", body, status=201)
    assert (planned["state"], planned["cost_vnd"], len(planned["items"])) == ("planned", 9_000_009, len(numbers))
    place, missing = f"/shipments/{planned['uid']}/load", planned["difference_vnd"]
    refused = floor.broker.post(place, json={}, headers=seen(planned["version"]))
    assert (refused.status_code, refused.json()["code"], refused.json()["facts"]) == (409, "freight_at_risk", {"difference_vnd": missing})
    return done(floor.broker, place, {"accepted_difference_vnd": missing}, planned["version"])


def door(floor: Floor, code: str) -> str:
    with floor.database.read() as session:
        return session.scalars(select(Site.uid).where(Site.code == code, Site.association_id == floor.desk.association)).one()


def received(floor: Floor, shipment: dict[str, Any], code: str, buyer: str, bad: int = 0) -> dict[str, Any]:
    site = door(floor, code)
    said = [
        {"promise": one["promise"], "accepted_kg": one["kg"] - bad, "rejected_kg": bad, **({"reason": "bruised"} if bad else {})}
        for one in shipment["items"]
        if one["to_site"] == site
    ]
    return done(floor.buyer(buyer), f"/shipments/{shipment['uid']}/receipts", {"site": site, "items": said}, status=201)


def test_a_truck_goes_from_the_plan_to_the_money(floor: Floor) -> None:
    shipment = loaded(floor, 0, 1)
    assert [floor.broker.get(f"/proposal-items/{item['uid']}").json()["stage"] for item in floor.items()[:2]] == ["loaded"] * 2
    first, second = received(floor, shipment, "b1", "buyer1", bad=50), received(floor, shipment, "b2", "buyer2")
    assert floor.broker.get(f"/shipments/{shipment['uid']}").json()["state"] == "delivered"
    assert [item["rejected_kg"] for item in first["items"]] == [50]
    drafts = [
        row for receipt in (first, second) for row in done(floor.broker, f"/receipts/{receipt['uid']}/settlements", {}, status=201)["items"]
    ]
    assert floor.desk.balances_vnd()[Account.FREIGHT] == 9_000_009 - sum(row["freight_vnd"] for row in drafts)
    for row in drafts:
        issued = done(floor.broker, f"/settlements/{row['uid']}/issue", {"due_on": "2099-01-01"}, row["version"])
        paid = done(floor.broker, f"/settlements/{row['uid']}/pay", {}, issued["version"])
        assert (paid["state"], paid["due_on"]) == ("paid", "2099-01-01")
    assert {item["stage"] for item in floor.items()[:2]} == {"settled"}


def test_each_side_sees_its_own_goods_and_money(floor: Floor) -> None:
    shipment = loaded(floor, 0, 1)
    place = f"/shipments/{shipment['uid']}"
    mine = floor.buyer("buyer1").get(place).json()
    assert (len(mine["items"]), mine["cost_vnd"]) == (1, None)
    assert len(floor.clerk("s1").get(place).json()["items"]) == 2
    assert floor.clerk("s2").get(place).status_code == 404
    receipt = received(floor, shipment, "b1", "buyer1")
    assert floor.buyer("buyer2").get(f"/receipts/{receipt['uid']}").status_code == 404
    assert [row["uid"] for row in floor.buyer("buyer1").get("/receipts", params={"shipment": shipment["uid"]}).json()["items"]] == [
        receipt["uid"]
    ]
    (settled,) = done(floor.broker, f"/receipts/{receipt['uid']}/settlements", {}, status=201)["items"]
    bought = floor.buyer("buyer1").get(f"/settlements/{settled['uid']}").json()
    assert (bought["buyer_vnd"], bought["supplier_vnd"], bought["freight_vnd"]) == (settled["buyer_vnd"], None, None)
    sold = floor.clerk("s1").get(f"/settlements/{settled['uid']}").json()
    assert sold["supplier_vnd"] == settled["supplier_vnd"]
    assert floor.buyer("buyer2").get(f"/settlements/{settled['uid']}").status_code == 404
    assert floor.clerk("s1").get("/settlements", params={"state": "draft"}).json()["items"][0]["uid"] == settled["uid"]


def test_what_has_been_done_is_not_done_again(floor: Floor) -> None:
    shipment = loaded(floor, 0)
    place = f"/shipments/{shipment['uid']}"
    again = floor.broker.post(f"{place}/load", json={}, headers=seen(shipment["version"]))
    assert problem(again) == (409, "conflict")
    receipt = received(floor, shipment, "b1", "buyer1")
    body = {"site": door(floor, "b1"), "items": [{"promise": shipment["items"][0]["promise"], "accepted_kg": 1800}]}
    twice = floor.buyer("buyer1").post(f"{place}/receipts", json=body)
    assert (problem(twice), twice.json()["who"]) == ((409, "conflict"), "Người procurement")
    late = floor.broker.post(f"{place}/cancel", json={}, headers=seen(shipment["version"]))
    assert problem(late)[0] == 409
    done(floor.broker, f"/receipts/{receipt['uid']}/settlements", {}, status=201)
    assert problem(floor.broker.post(f"/receipts/{receipt['uid']}/settlements", json={}))[0] == 409


def test_masses_that_do_not_add_up_and_half_a_question_are_refused(floor: Floor) -> None:
    shipment = loaded(floor, 0)
    body = {"site": door(floor, "b1"), "items": [{"promise": shipment["items"][0]["promise"], "accepted_kg": 1799}]}
    wrong = floor.buyer("buyer1").post(f"/shipments/{shipment['uid']}/receipts", json=body)
    assert (wrong.status_code, wrong.json()["errors"][0]["message"]) == (422, "masses that add up to 1800")
    for half in ({}, {"plan": floor.desk.plan}, {"plan": floor.desk.plan, "trip": 0, "items": body["items"]}):
        assert floor.broker.post("/shipments", json=half).status_code == 422
    assert problem(floor.broker.post("/shipments", json={"plan": floor.desk.plan, "trip": 2})) == (409, "not_approved")


def test_a_cancelled_shipment_leaves_its_goods_confirmed(floor: Floor) -> None:
    shipment = loaded(floor, 0)
    gone = done(floor.broker, f"/shipments/{shipment['uid']}/cancel", {"reason": "the truck broke down"}, shipment["version"])
    assert (gone["state"], floor.items()[0]["stage"]) == ("cancelled", "confirmed")
    listed = floor.broker.get("/shipments", params={"state": "cancelled"}).json()["items"]
    assert [row["uid"] for row in listed] == [shipment["uid"]]


ROUTES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "/shipments/{shipment}", None),
    ("POST", "/shipments/{shipment}/load", {}),
    ("POST", "/shipments/{shipment}/cancel", {}),
    ("GET", "/receipts/{receipt}", None),
    ("POST", "/receipts/{receipt}/settlements", {}),
    ("GET", "/settlements/{settlement}", None),
    ("POST", "/settlements/{settlement}/issue", {}),
    ("POST", "/settlements/{settlement}/pay", {}),
]


def test_rows_of_another_association_are_not_there(floor: Floor, client_as: ClientAs, world: World) -> None:
    shipment = loaded(floor, 0)
    receipt = received(floor, shipment, "b1", "buyer1")
    (settled,) = done(floor.broker, f"/receipts/{receipt['uid']}/settlements", {}, status=201)["items"]
    names = {"shipment": shipment["uid"], "receipt": receipt["uid"], "settlement": settled["uid"]}
    for role in (Role.BROKER, Role.CLERK, Role.PROCUREMENT, Role.AUDITOR):
        stranger = client_as(role, market=world.theirs)
        for method, path, body in ROUTES:
            answer = stranger.request(method, path.format(**names), json=body, headers=seen(1))
            assert answer.status_code == 404 or (answer.status_code == 403 and role is not Role.BROKER), (role, method, path, answer.text)
    assert floor.broker.get(f"/settlements/{settled['uid']}").json()["state"] == "draft"
