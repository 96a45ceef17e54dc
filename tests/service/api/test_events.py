"""What is sent of events is what the description says, kind by kind; the validator of JSON Schema is the one that schemathesis brings."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from catalog.tenancy import Scope
from service.db import Database
from service.models import Outbox, Role
from service.settings import Settings
from service.views.events import SHAPES
from service.webhooks.endpoints import EndpointIn, add_endpoint
from service.webhooks.events import KINDS
from service.webhooks.sender import Sender
from service.webhooks.signing import body_of
from tests.service.api.conftest import ClientAs, World
from tests.service.sample_database import Furnished
from tests.service.webhooks.receiver import receiving

SEASON = {
    "run.stopped", "proposal.created", "proposal.approved", "proposal.confirmed", "promise.confirmed", "shipment.loaded",
    "shipment.delivered", "receipt.recorded", "settlement.created", "webhook.test",
}  # fmt: skip
"""Kinds of which a season tells that brings one item to its settlement."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook_local": True})


@pytest.fixture
def document(one_app: FastAPI) -> dict[str, Any]:
    return one_app.openapi()


def faults(document: dict[str, Any], message: dict[str, Any]) -> list[str]:
    """Return what a message breaks of its kind's description."""
    content = document["webhooks"][message["type"]]["post"]["requestBody"]["content"]["application/json"]
    whole = {**content["schema"], "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [error.message for error in validator.iter_errors(message)]


def test_every_kind_that_can_be_subscribed_to_is_described(client_as: ClientAs, document: dict[str, Any]) -> None:
    offered = {row["kind"]: row["meaning"] for row in client_as(Role.MANAGER).get("/webhook-events").json()["items"]}
    described = {kind: entry["post"]["description"] for kind, entry in document["webhooks"].items()}
    assert offered.keys() == KINDS.keys() == described.keys() == SHAPES.keys()
    assert [kind for kind, words in described.items() if not words.startswith(offered[kind])] == []


def test_every_kind_says_its_headers_its_answers_and_how_it_is_signed(document: dict[str, Any]) -> None:
    for kind, entry in document["webhooks"].items():
        named = {one["name"] for one in entry["post"]["parameters"] if one["description"] and one["example"]}
        assert named == {"webhook-id", "webhook-timestamp", "webhook-signature"}, kind
        assert entry["post"]["responses"].keys() == {"2XX", "410"}, kind


def test_every_kind_has_an_example_of_each_form_that_fits_its_description(document: dict[str, Any]) -> None:
    for kind, entry in document["webhooks"].items():
        shown = entry["post"]["requestBody"]["content"]["application/json"]["examples"]
        assert len(shown) == len(SHAPES[kind])
        for name, example in shown.items():
            assert example["value"]["type"] == kind
            assert faults(document, example["value"]) == [], (kind, name)


def test_an_event_of_another_kind_or_with_a_field_too_few_or_too_many_does_not_fit(document: dict[str, Any]) -> None:
    shown = document["webhooks"]["lot.declared"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    message = shown["LotTold"]["value"]
    assert faults(document, message | {"type": "order.placed"})
    assert faults(document, message | {"data": message["data"] | {"ask_vnd_per_kg": 1}})
    assert faults(document, message | {"data": {"lot": message["data"]["lot"]}})


def test_what_a_season_sends_fits_its_description(database: Database, world: World, document: dict[str, Any]) -> None:
    """The association's part is really sent; of what suppliers and buyers are told, the messages are made as they would be sent."""
    association = world.ours.association.id
    with receiving() as receiver:
        with database.write() as session:
            add_endpoint(session, Scope(association), EndpointIn(url=receiver.url), "test", local=True)
        Furnished(database, association)
        sender = Sender(database, local=True, timeout_s=5)
        while sender.round():
            pass
    sent = [json.loads(body) for _, body in receiver.got]
    with database.read() as session:
        own = session.scalars(select(Outbox).where(Outbox.organisation_id.is_not(None), Outbox.association_id == association)).all()
        made = [json.loads(body_of(event.uid, event.kind, event.at, event.payload)) for event in own]
    assert {message["type"] for message in sent} >= SEASON - {"webhook.test"}
    assert {message["type"] for message in made} >= SEASON - {"run.stopped"}
    assert [(message["type"], found) for message in sent + made if (found := faults(document, message))] == []


def test_what_is_sent_of_a_lot_fits_its_description(
    client_as: ClientAs, database: Database, world: World, document: dict[str, Any]
) -> None:
    clerk = client_as(Role.CLERK)
    with receiving() as receiver:
        made = client_as(Role.MANAGER).post("/webhook-endpoints", json={"url": receiver.url})
        assert made.status_code == 201
        lot = f"/lots/{world.lots[world.ours].uid}"
        change = {"quantity_kg": 800, "reason": "Mưa đá"}
        assert clerk.patch(lot, json=change, headers={"If-Match": "*"}).status_code == 200
        sender = Sender(database, local=True, timeout_s=5)
        while sender.round():
            pass
    sent = [json.loads(body) for _, body in receiver.got]
    assert [message["type"] for message in sent] == ["lot.revised"]
    assert [faults(document, message) for message in sent] == [[]]
