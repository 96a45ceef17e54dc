"""Proposals through the API: what each role may do and see, and what two people at once are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from catalog.models import Lot, Organisation
from service.db import Database
from service.models import Role
from tests.service.api.conftest import Caller, ClientAs, World
from tests.service.proposal_setup import Desk, season

Etag = dict[str, str]


def seen(version: int) -> Etag:
    return {"if-match": f'W/"{version}"'}


class Floor:
    """A desk in the world's own association, with callers for everybody on it."""

    def __init__(self, database: Database, world: World, client_as: ClientAs) -> None:
        self.desk = Desk(database, season(), association=world.ours.association.id)
        self.world, self.client_as, self.database = world, client_as, database
        self.broker = client_as(Role.BROKER)

    def organisation(self, code: str) -> Organisation:
        with self.database.read() as session:
            return session.get_one(Organisation, self.desk.parties[code])

    def clerk(self, code: str = "s1") -> Caller:
        return self.client_as(Role.CLERK, self.organisation(code))

    def buyer(self, code: str = "buyer1") -> Caller:
        return self.client_as(Role.PROCUREMENT, self.organisation(code))

    def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.broker.get("/proposal-items", params={"plan": self.desk.plan}).json()["items"]
        return found

    def approve(self, item: dict[str, Any]) -> dict[str, Any]:
        done = self.broker.post(f"/proposal-items/{item['uid']}/approve", json={}, headers=seen(item["version"]))
        assert done.status_code == 200, done.text
        return dict(done.json())

    def confirmed(self, item: dict[str, Any]) -> dict[str, Any]:
        """Approve an item and let both sides confirm it."""
        item = self.approve(item)
        for caller in (self.clerk(_code(item["supplier"], self)), self.buyer(_code(item["buyer"], self))):
            done = caller.post(f"/proposal-items/{item['uid']}/confirm", json={}, headers=seen(item["version"]))
            assert done.status_code == 200, done.text
            item["version"] = done.json()["version"]
        return dict(self.broker.get(f"/proposal-items/{item['uid']}").json())


def _code(uid: str, floor: Floor) -> str:
    with floor.database.read() as session:
        number = session.scalars(select(Organisation.id).where(Organisation.uid == uid)).one()
    return next(code for code, known in floor.desk.parties.items() if known == number)


@pytest.fixture
def floor(database: Database, world: World, client_as: ClientAs) -> Floor:
    return Floor(database, world, client_as)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_an_item_goes_from_proposed_to_confirmed(floor: Floor) -> None:
    first = floor.items()[0]
    assert (first["state"], first["stage"], first["kg"], first["buyer_vnd"]) == ("proposed", "proposed", 1800, 1800 * 20_000)
    assert first["supplier_vnd"] == first["buyer_vnd"] - first["freight_vnd"] - first["hub_vnd"] - first["fee_vnd"]
    item = floor.approve(first)
    assert (item["state"], item["stage"], item["version"]) == ("approved", "approved", 2)
    assert item["held_until"] is not None
    item = floor.confirmed(floor.items()[1])
    assert (item["stage"], item["held_until"], item["promise"] is None) == ("confirmed", None, False)


def test_each_side_sees_its_part_alone(floor: Floor) -> None:
    first = floor.items()[0]
    part = floor.clerk().get(f"/proposals/{first['supply_proposal']}").json()
    assert (part["side"], part["n_items"], len(part["items"])) == ("supply", 2, 2)
    assert part["items"][0]["amount_vnd"] == first["supplier_vnd"]
    assert not {"bid_vnd_per_kg", "buyer_vnd"} & part["items"][0].keys()
    offer = floor.buyer().get(f"/proposals/{first['demand_proposal']}").json()
    assert offer["items"][0]["amount_vnd"] == first["buyer_vnd"]
    assert not {"ask_vnd_per_kg", "supplier_vnd", "freight_vnd"} & offer["items"][0].keys()
    assert [row["uid"] for row in floor.buyer().get("/proposals").json()["items"]] == [first["demand_proposal"]]
    assert floor.buyer().get(f"/proposals/{first['supply_proposal']}").status_code == 404
    assert problem(floor.buyer().get("/proposal-items")) == (403, "forbidden")


def test_a_decision_needs_the_version_that_was_seen(floor: Floor) -> None:
    uid = floor.items()[0]["uid"]
    assert problem(floor.broker.post(f"/proposal-items/{uid}/approve", json={})) == (428, "if_match_required")
    stale = floor.broker.patch(f"/proposal-items/{uid}", json={"kg": 100}, headers=seen(9))
    assert problem(stale) == (412, "stale")
    assert stale.json()["facts"]["version"] == 1


def test_two_brokers_who_edit_one_item_do_not_overwrite_each_other(floor: Floor) -> None:
    uid, other = floor.items()[0]["uid"], floor.client_as(Role.BROKER)
    first = floor.broker.patch(f"/proposal-items/{uid}", json={"kg": 1700}, headers=seen(1))
    second = other.patch(f"/proposal-items/{uid}", json={"kg": 1600}, headers=seen(1))
    assert (first.status_code, problem(second)) == (200, (412, "stale"))
    assert floor.items()[0]["kg"] == 1700


def test_the_second_who_approves_hears_of_the_first(floor: Floor) -> None:
    first, other = floor.items()[0], floor.client_as(Role.BROKER)
    floor.approve(first)
    late = other.post(f"/proposal-items/{first['uid']}/approve", json={}, headers=seen(1))
    assert problem(late) == (409, "already_decided")
    assert (late.json()["who"], late.json()["when"] is None) == ("Người broker", False)


def test_of_two_items_of_one_lots_kilograms_one_wins(floor: Floor) -> None:
    first, second = floor.items()[:2]
    assert first["lot"] == second["lot"]
    with floor.database.write() as session:
        from service.planning import models as m

        session.scalars(select(m.ProposalItem).where(m.ProposalItem.uid == second["uid"])).one().kg = 300
    floor.approve(first)
    lost = floor.broker.post(f"/proposal-items/{second['uid']}/approve", json={}, headers=seen(2))
    assert problem(lost) == (409, "lot_overcommitted")
    assert (lost.json()["facts"]["left_kg"], lost.json()["who"]) == (200, "Người broker")


def test_an_item_of_a_superseded_plan_points_to_the_current_one(floor: Floor) -> None:
    old = floor.items()[0]
    new = floor.desk.plan_again()
    refused = floor.broker.post(f"/proposal-items/{old['uid']}/approve", json={}, headers=seen(2))
    assert problem(refused) == (409, "plan_stale")
    assert refused.json()["facts"]["current"] == new


def test_an_approval_while_a_plan_is_made_becomes_fixed(floor: Floor) -> None:
    from service.planning.plans.problem_builder import load
    from tests.service.published import publish_result
    from tests.service.test_results import result_of

    first = floor.items()[0]
    with floor.database.read() as session:
        loaded = load(session, floor.desk.association)
        result = result_of(loaded.problem)
    floor.approve(first)
    with floor.database.write() as session:
        floor.desk.plan = publish_result(session, loaded, result, "mca 1").uid
    assert floor.broker.get(f"/proposal-items/{first['uid']}").json()["state"] == "approved"
    new = {(row["lot"], row["line"]): row["state"] for row in floor.items()}
    assert new[first["lot"], first["line"]] == "superseded"
    assert sorted(new.values()) == ["proposed", "proposed", "superseded"]


def test_an_edit_that_breaks_a_rule_is_refused_by_its_name(floor: Floor) -> None:
    uid = floor.items()[0]["uid"]
    refused = floor.broker.patch(f"/proposal-items/{uid}", json={"kg": 5000}, headers=seen(1))
    assert problem(refused) == (422, "invalid")
    rules = {error["message"].split()[2] for error in refused.json()["errors"]}
    assert {"lot_quantity", "line_quantity", "payload"} <= rules
    moved = floor.broker.patch(f"/proposal-items/{uid}", json={"pickup_on": "2027-06-08", "delivery_on": "2027-06-08"}, headers=seen(1))
    assert (moved.status_code, moved.json()["own_truck"]) == (200, True)


def test_undoing_what_both_have_confirmed_offers_the_compensation(floor: Floor) -> None:
    item = floor.confirmed(floor.items()[0])
    place = f"/proposal-items/{item['uid']}"
    refused = floor.broker.post(f"{place}/undo", json={}, headers=seen(item["version"]))
    assert problem(refused) == (409, "already_confirmed")
    assert refused.json()["facts"]["compensation"] == "cancel"
    gone = floor.broker.post(f"{place}/cancel", json={"reason": "cancelled", "note": "hail"}, headers=seen(item["version"]))
    assert (gone.status_code, gone.json()["state"], gone.json()["promise"]) == (200, "rejected", None)


def test_many_items_are_decided_together_or_not_at_all(floor: Floor) -> None:
    items = floor.items()
    with floor.database.write() as session:
        session.scalars(select(Lot).where(Lot.uid == items[2]["lot"])).one().note = "edited"
    wanted: dict[str, Any] = {"action": "approve", "items": [{"uid": i["uid"], "version": i["version"]} for i in items]}
    refused = floor.broker.post("/proposal-items/decide", json=wanted)
    assert problem(refused) == (409, "some_refused")
    assert [(error["value"], error["message"].split(":")[0]) for error in refused.json()["errors"]] == [(items[2]["uid"], "plan_stale")]
    assert {item["state"] for item in floor.items()} == {"proposed"}
    done = floor.broker.post("/proposal-items/decide", json=wanted | {"partial": True})
    assert [(row["status"], row["code"]) for row in done.json()["results"]] == [(200, None), (200, None), (409, "plan_stale")]
    assert [item["state"] for item in floor.items()] == ["approved", "approved", "proposed"]


def test_pins_that_conflict_are_named(floor: Floor) -> None:
    first, second, _ = floor.items()
    assert floor.broker.post(f"/proposal-items/{first['uid']}/pin", json={}, headers=seen(1)).status_code == 200
    refused = floor.broker.post("/decisions", json={"lot": second["lot"], "line": second["line"], "kind": "pin", "kg": 600})
    assert problem(refused) == (409, "pins_conflict")
    assert len(refused.json()["errors"]) == 2
    standing = floor.broker.get("/decisions").json()["items"]
    assert [(row["kind"], row["kg"], row["lot"]) for row in standing] == [("pin", 1800, first["lot"])]
    gone = floor.broker.delete(f"/decisions/{standing[0]['uid']}", headers=seen(standing[0]["version"]))
    assert (gone.status_code, floor.broker.get("/decisions").json()["items"]) == (204, [])
    assert len(floor.broker.get("/decisions", params={"active": False}).json()["items"]) == 1


def test_planning_again_keeps_what_was_decided(floor: Floor) -> None:
    floor.approve(floor.items()[0])
    asked = floor.broker.post(f"/plans/{floor.desk.plan}/resolve", json={"time_limit_s": 5})
    assert asked.status_code == 202, asked.text
    assert (asked.json()["items"], asked.json()["kg"], asked.json()["state"]) == (1, 1800, "queued")
    assert asked.headers["location"] == f"/api/v1/runs/{asked.json()['run']}"
    floor.desk.plan_again()
    assert floor.desk.items()[0].state == "proposed"
    assert 1800 not in {item["kg"] for item in floor.items()}


def test_the_association_speaks_for_a_side_and_says_so(floor: Floor) -> None:
    item = floor.approve(floor.items()[0])
    place = f"/proposal-items/{item['uid']}/confirm"
    vague = floor.broker.post(place, json={}, headers=seen(2))
    assert (vague.status_code, vague.json()["errors"][0]["pointer"]) == (422, "/side")
    unsaid = floor.broker.post(place, json={"side": "supply"}, headers=seen(2))
    assert (unsaid.status_code, unsaid.json()["errors"][0]["pointer"]) == (422, "/channel")
    spoken = floor.broker.post(place, json={"side": "supply", "channel": "telephone", "why": "called"}, headers=seen(2))
    assert (spoken.status_code, spoken.json()["side"]) == (200, "supply")
    entries = floor.client_as(Role.MANAGER).get("/audit").json()["items"]
    entry = next(one for one in entries if one["action"] == "proposal_item.confirm_supply")
    assert entry["on_behalf_of"] == item["supplier_name"]
    assert (entry["after"]["terms"], entry["after"]["channel"]) == (1, "telephone")


def test_a_whole_proposal_is_confirmed_at_once_or_refused_item_by_item(floor: Floor) -> None:
    first, second, _ = floor.items()
    for item in (first, second):
        floor.approve(item)
    clerk, place = floor.clerk(), f"/proposals/{first['supply_proposal']}"
    done = clerk.post(f"{place}/confirm", json={}, headers={"if-match": clerk.get(place).headers["etag"]})
    assert (done.status_code, [item["confirmed_at"] is None for item in done.json()["items"]]) == (200, [False, False])
    buyer, uid = floor.buyer("buyer2"), second["uid"]
    refused = buyer.post(f"/proposal-items/{uid}/refuse", json={"reason": "no_need"}, headers=seen(3))
    assert (refused.status_code, refused.json()["state"], refused.json()["reason"]) == (200, "rejected", "no_need")


ROUTES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "/proposal-items/{item}", None),
    ("GET", "/proposals/{proposal}", None),
    ("POST", "/proposal-items/{item}/approve", {}),
    ("POST", "/proposal-items/{item}/reject", {"reason": "price"}),
    ("PATCH", "/proposal-items/{item}", {"kg": 10}),
    ("POST", "/proposal-items/{item}/pin", {}),
    ("POST", "/proposal-items/{item}/forbid", {}),
    ("POST", "/proposal-items/{item}/undo", {}),
    ("POST", "/proposal-items/{item}/cancel", {"reason": "cancelled"}),
    ("POST", "/proposal-items/{item}/confirm", {"side": "supply"}),
    ("POST", "/proposal-items/{item}/refuse", {"reason": "price", "side": "supply"}),
    ("POST", "/proposals/{proposal}/confirm", {}),
    ("POST", "/plans/{plan}/resolve", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_items_of_another_association_are_not_there(
    floor: Floor, client_as: ClientAs, world: World, method: str, path: str, body: dict[str, Any] | None
) -> None:
    item = floor.items()[0]
    place = path.format(item=item["uid"], proposal=item["supply_proposal"], plan=floor.desk.plan)
    answers: list[Callable[[], httpx.Response]] = [
        lambda who=who: client_as(who, market=world.theirs).request(method, place, json=body, headers=seen(1))  # type: ignore[misc]
        for who in (Role.BROKER, Role.CLERK, Role.PROCUREMENT, Role.AUDITOR)
    ]
    found = [answer().status_code for answer in answers]
    assert set(found) <= {403, 404}
    assert found[0] == 404
    assert floor.items()[0]["state"] == "proposed"
