"""Lots through the API: the pattern that the tests of every other part follow."""

from __future__ import annotations

from typing import Any

import pytest

from service.models import Role
from tests.service.api.conftest import ClientAs, World


def lot(world: World, **more: Any) -> dict[str, Any]:
    usual = {
        "organisation": world.ours.cooperative.uid, "site": world.ours.farm.uid, "product": "lychee", "grade": 1, "quantity_kg": 800,
        "available_from": "2027-06-07", "available_until": "2027-06-09", "shelf_life_days": 7, "ask_vnd_per_kg": 15_000,
    }  # fmt: skip
    return usual | more


def test_a_clerk_declares_a_lot_and_finds_it_again(client_as: ClientAs, world: World) -> None:
    clerk = client_as(Role.CLERK)
    made = clerk.post("/lots", json=lot(world, code="L1"))
    assert made.status_code == 201, made.text
    assert made.headers["etag"] == 'W/"1"'
    assert made.headers["location"] == f"/api/v1/lots/{made.json()['uid']}"
    found = clerk.get(made.headers["location"])
    assert found.json()["balance"]["offered_kg"] == 800
    listed = clerk.get("/lots", params={"status": "declared", "product": "lychee"})
    assert [row["code"] for row in listed.json()["items"]][:1] == ["L1"]


def test_a_change_needs_the_version_it_was_made_on(client_as: ClientAs, world: World) -> None:
    clerk, place = client_as(Role.CLERK), f"/lots/{world.lots[world.ours].uid}"
    change = {"quantity_kg": 700, "reason": "hail"}
    assert clerk.patch(place, json=change).status_code == 428
    changed = clerk.patch(place, json=change, headers={"if-match": 'W/"1"'})
    assert (changed.status_code, changed.json()["quantity_kg"], changed.headers["etag"]) == (200, 700, 'W/"2"')
    stale = clerk.patch(place, json=change, headers={"if-match": 'W/"1"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["facts"]["version"]) == (412, "stale", 2)
    assert [row["expected_kg"] for row in clerk.get(f"{place}/forecasts").json()["items"]] == [700]


def test_a_withdrawn_lot_is_off_the_market(client_as: ClientAs, world: World) -> None:
    clerk, place = client_as(Role.CLERK), f"/lots/{world.lots[world.ours].uid}"
    gone = clerk.post(f"{place}/withdraw", json={"reason": "hail"}, headers={"if-match": 'W/"1"'})
    assert gone.status_code == 200, gone.text
    assert (gone.json()["status"], gone.json()["balance"]["withdrawn_kg"], gone.headers["etag"]) == ("withdrawn", 1000, 'W/"2"')


def test_many_lots_are_taken_in_whole_or_not_at_all(client_as: ClientAs, world: World) -> None:
    clerk = client_as(Role.CLERK)
    refused = clerk.post("/lots/bulk", json={"lots": [lot(world, code="a"), lot(world, code="b", grade=9)]})
    assert refused.status_code == 422
    assert [(item["row"], item["column"]) for item in refused.json()["errors"]] == [(3, "grade")]
    assert clerk.get("/lots").json()["items"][0]["code"] != "a"
    taken = clerk.post("/lots/bulk", json={"lots": [lot(world, code="a"), lot(world, code="b")]})
    assert [row["code"] for row in taken.json()["items"]] == ["a", "b"]


@pytest.mark.parametrize("role", [Role.CLERK, Role.BROKER, Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_a_lot_of_another_association_is_not_there(client_as: ClientAs, world: World, role: Role) -> None:
    place = f"/lots/{world.lots[world.theirs].uid}"
    assert client_as(role).get(place).status_code == 404
    assert client_as(role, market=world.theirs).get(place).status_code == 200


def test_a_buyer_has_no_business_with_lots(client_as: ClientAs) -> None:
    refused = client_as(Role.PROCUREMENT).get("/lots")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
