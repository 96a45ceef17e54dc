"""Webhooks over HTTP: made, shown without their secrets, changed, given new secrets, tested, replayed, taken away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from service.db import Database
from service.models import AuditEvent, Role
from service.settings import Settings
from service.webhooks.sender import Sender
from tests.service.api.conftest import ClientAs, World
from tests.service.webhooks.receiver import receiving

URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook_local": True})


def made(caller: Any, **body: Any) -> dict[str, Any]:
    answer = caller.post("/webhook-endpoints", json={"url": URL} | body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_endpoint_shows_its_secret_once(client_as: ClientAs, database: Database) -> None:
    manager = client_as(Role.MANAGER)
    first = made(manager)
    assert first["secret"].startswith("whsec_")
    shown = manager.get(f"/webhook-endpoints/{first['uid']}")
    assert "secret" not in shown.json()
    assert shown.json()["state"] == "active"
    assert manager.get("/webhook-endpoints").json()["items"] == [shown.json()]
    with database.read() as session:
        trail = [f"{event.before}{event.after}" for event in session.scalars(select(AuditEvent))]
    assert len(trail) == 1
    assert first["secret"] not in "".join(trail)


def test_the_same_key_gives_the_same_secret_again(client_as: ClientAs) -> None:
    manager = client_as(Role.MANAGER)
    answers = [manager.post("/webhook-endpoints", json={"url": URL}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len(manager.get("/webhook-endpoints").json()["items"]) == 1


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "https://169.254.169.254/latest", "ftp://example.vn/", "https://user:pw@127.0.0.1/"])
def test_an_address_inside_is_refused(client_as: ClientAs, url: str) -> None:
    answer = client_as(Role.MANAGER).post("/webhook-endpoints", json={"url": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == "/url"


def test_a_change_needs_the_version_that_it_was_made_on(client_as: ClientAs) -> None:
    manager = client_as(Role.MANAGER)
    uid = made(manager)["uid"]
    change = {"events": ["lot.declared"]}
    assert manager.patch(f"/webhook-endpoints/{uid}", json=change).status_code == 428
    done = manager.patch(f"/webhook-endpoints/{uid}", json=change, headers={"If-Match": 'W/"1"'})
    assert (done.status_code, done.json()["events"], done.headers["etag"]) == (200, ["lot.declared"], 'W/"2"')
    assert manager.patch(f"/webhook-endpoints/{uid}", json=change, headers={"If-Match": 'W/"1"'}).status_code == 412
    assert manager.delete(f"/webhook-endpoints/{uid}", headers={"If-Match": 'W/"2"'}).status_code == 204
    assert manager.get(f"/webhook-endpoints/{uid}").status_code == 404


def test_an_event_is_delivered_signed_with_both_secrets_and_can_be_replayed(client_as: ClientAs, database: Database) -> None:
    manager = client_as(Role.MANAGER)
    sender = Sender(database, local=True, timeout_s=5)
    with receiving() as receiver:
        first = made(manager, url=receiver.url)
        second = manager.post(f"/webhook-endpoints/{first['uid']}/rotate", json={}, headers={"If-Match": 'W/"1"'}).json()
        assert first["secret"] != second["secret"]
        sent = manager.post(f"/webhook-endpoints/{first['uid']}/test")
        assert (sent.status_code, sent.json()["state"]) == (202, "pending")
        sender.round()
        headers, body = receiver.got[0]
        for made_ in (first, second):
            assert Webhook(made_["secret"]).verify(body, headers)["data"] == {"endpoint": first["uid"]}
        delivery = manager.get(f"/webhook-deliveries/{sent.json()['uid']}").json()
        assert (delivery["state"], delivery["status"], delivery["event"]) == ("delivered", 200, headers["webhook-id"])
        assert manager.post(f"/webhook-deliveries/{delivery['uid']}/replay").status_code == 202
        sender.round()
        assert receiver.ids == [delivery["event"]] * 2
    listed = manager.get("/webhook-deliveries", params={"endpoint": first["uid"], "state": "delivered"}).json()["items"]
    assert [row["uid"] for row in listed] == [delivery["uid"]]
    replayed = manager.post(f"/webhook-endpoints/{first['uid']}/replay", json={"since": "2027-01-01T00:00:00+07:00"})
    assert (replayed.status_code, replayed.json()) == (202, {"queued": 0})
    naive = manager.post(f"/webhook-endpoints/{first['uid']}/replay", json={"since": "2027-01-01T00:00:00"})
    assert naive.status_code == 422
    for guess in (1812326400, "1812326400", True):
        guessed = manager.post(f"/webhook-endpoints/{first['uid']}/replay", json={"since": guess})
        assert (guessed.status_code, guessed.json()["errors"][0]["pointer"]) == (422, "/since")


def test_a_partner_sees_its_own_endpoints_and_kinds_alone(client_as: ClientAs, world: World) -> None:
    ours = made(client_as(Role.MANAGER))
    partner = client_as(Role.PARTNER, world.ours.cooperative, key=True)
    own = made(partner)
    assert own["organisation"] == world.ours.cooperative.uid
    assert [row["uid"] for row in partner.get("/webhook-endpoints").json()["items"]] == [own["uid"]]
    assert partner.get(f"/webhook-endpoints/{ours['uid']}").status_code == 404
    assert client_as(Role.MANAGER, market=world.theirs).get(f"/webhook-endpoints/{own['uid']}").status_code == 404
    kinds = {row["kind"] for row in partner.get("/webhook-events").json()["items"]}
    assert {"lot.declared", "proposal.created"} <= kinds
    assert not {"run.done", "order.placed"} & kinds


def test_an_auditor_reads_and_changes_nothing(client_as: ClientAs) -> None:
    uid = made(client_as(Role.MANAGER))["uid"]
    auditor = client_as(Role.AUDITOR)
    assert auditor.get(f"/webhook-endpoints/{uid}").status_code == 200
    assert auditor.post(f"/webhook-endpoints/{uid}/test").status_code == 403
    assert client_as(Role.CLERK).get("/webhook-endpoints").status_code == 403


def test_what_is_done_over_http_is_told_to_its_owner_and_to_the_association(client_as: ClientAs, world: World, database: Database) -> None:
    manager, clerk = client_as(Role.MANAGER), client_as(Role.CLERK)
    with receiving() as association, receiving() as own, receiving() as others:
        made(manager, url=association.url, events=["lot.declared"])
        made(manager, url=own.url, organisation=world.ours.cooperative.uid)
        made(manager, url=others.url, organisation=world.ours.buyer.uid)
        lot = clerk.post(
            "/lots",
            json={
                "organisation": world.ours.cooperative.uid, "site": world.ours.farm.uid, "product": "lychee", "grade": 1,
                "quantity_kg": 900, "available_from": "2027-06-08", "available_until": "2027-06-10", "shelf_life_days": 7,
                "ask_vnd_per_kg": 15_000,
            },
        ).json()  # fmt: skip
        change = {"quantity_kg": 800, "reason": "Mưa đá"}
        assert clerk.patch(f"/lots/{lot['uid']}", json=change, headers={"If-Match": 'W/"1"'}).status_code == 200
        sender = Sender(database, local=True, timeout_s=5)
        while sender.round():
            pass
        told = [[json.loads(body) for _, body in receiver.got] for receiver in (association, own, others)]
    assert [[(event["type"], event["data"]["lot"]) for event in heard] for heard in told] == [
        [("lot.declared", lot["uid"])],
        [("lot.declared", lot["uid"]), ("lot.revised", lot["uid"])],
        [],
    ]
