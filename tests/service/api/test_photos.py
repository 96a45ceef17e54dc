"""Photographs to receipts: taken once, shown to those whose goods they show, without what the telephone noted."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqlalchemy import func, select, text

from catalog.models import Evidence
from service.db import Database
from service.models import Role
from service.photographs import LARGEST_BYTES
from tests.service.api.conftest import Caller, ClientAs, World
from tests.service.api.test_proposals import Floor, problem
from tests.service.api.test_shipments import loaded, received
from tests.service.pictures import JPEG, NOTED, PNG, WEBP, jpeg

AS_JPEG = {"content-type": "image/jpeg"}


@pytest.fixture
def floor(database: Database, world: World, client_as: ClientAs) -> Floor:
    return Floor(database, world, client_as)


def photographed(caller: Caller, receipt: str, content: bytes = b"", headers: dict[str, str] = AS_JPEG, **form: Any) -> Any:
    body = form or {"content": content or jpeg(6)}
    return caller.put(f"/receipts/{receipt}/photo", headers=headers if "content" in body else {}, **body)


def kept(floor: Floor) -> int:
    with floor.database.read() as session:
        return session.scalar(select(func.count()).select_from(Evidence)) or 0


def test_a_door_photographs_what_it_received_once(floor: Floor) -> None:
    receipt, buyer = received(floor, loaded(floor, 0), "b1", "buyer1", bad=50), floor.buyer("buyer1")
    assert receipt.get("photo") is None
    assert problem(buyer.get(f"/receipts/{receipt['uid']}/photo")) == (404, "not_found")
    done = photographed(buyer, receipt["uid"])
    assert (done.status_code, done.json()["photo"]["media_type"]) == (200, "image/jpeg"), done.text
    shown = floor.clerk("s1").get(f"/receipts/{receipt['uid']}/photo")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert NOTED not in shown.content
    assert hashlib.sha256(shown.content).hexdigest() == done.json()["photo"]["sha256"]
    assert floor.broker.get(f"/receipts/{receipt['uid']}").json()["photo"] == done.json()["photo"]
    again = photographed(buyer, receipt["uid"])
    assert (again.status_code, again.json(), kept(floor)) == (200, done.json(), 1)
    other = photographed(buyer, receipt["uid"], PNG)
    assert (problem(other), other.json()["who"]) == ((409, "conflict"), "Người procurement")
    assert [deed for deed in floor.desk.trail(receipt["uid"]) if deed == "receipt.photo"] == ["receipt.photo"]


@pytest.mark.parametrize("content", [JPEG, PNG, WEBP])
def test_a_picture_comes_as_it_is_or_in_a_form(floor: Floor, content: bytes) -> None:
    receipt = received(floor, loaded(floor, 0), "b1", "buyer1")
    by_form = photographed(floor.buyer("buyer1"), receipt["uid"], files={"file": ("hàng.bin", content, "application/octet-stream")})
    assert by_form.status_code == 200, by_form.text
    assert floor.buyer("buyer1").get(f"/receipts/{receipt['uid']}/photo").content == content
    called = {"content-type": "image/png"}
    assert photographed(floor.buyer("buyer1"), receipt["uid"], content, called).json() == by_form.json()


def test_who_has_no_goods_on_a_receipt_sees_neither_it_nor_its_photograph(floor: Floor, client_as: ClientAs, world: World) -> None:
    receipt = received(floor, loaded(floor, 0, 1), "b1", "buyer1")
    strangers = [floor.buyer("buyer2"), client_as(Role.PROCUREMENT), client_as(Role.BROKER, market=world.theirs)]
    for put in (False, True):
        for stranger in strangers:
            assert problem(stranger.get(f"/receipts/{receipt['uid']}"))[0] == 404
            assert problem(stranger.get(f"/receipts/{receipt['uid']}/photo"))[0] == 404
            assert problem(photographed(stranger, receipt["uid"], PNG))[0] == 404
        assert put or photographed(floor.broker, receipt["uid"]).status_code == 200
    assert problem(photographed(floor.clerk("s1"), receipt["uid"], PNG)) == (403, "forbidden")
    assert problem(photographed(client_as(Role.AUDITOR), receipt["uid"], PNG)) == (403, "forbidden")
    assert client_as(Role.AUDITOR).get(f"/receipts/{receipt['uid']}/photo").status_code == 200


def test_a_partner_of_the_farm_cannot_photograph_for_the_door(floor: Floor, client_as: ClientAs) -> None:
    receipt = received(floor, loaded(floor, 0), "b1", "buyer1")
    partner = client_as(Role.PARTNER, floor.organisation("s1"), key=True)
    assert partner.get(f"/receipts/{receipt['uid']}").status_code == 200
    assert problem(photographed(partner, receipt["uid"])) == (404, "not_found")


def test_what_is_no_photograph_is_refused_and_nothing_is_kept(floor: Floor) -> None:
    receipt, buyer = received(floor, loaded(floor, 0), "b1", "buyer1"), floor.buyer("buyer1")
    for content in (b"%PDF-1.7", JPEG[:60], b"<svg/>"):
        refused = photographed(buyer, receipt["uid"], content)
        assert (problem(refused), refused.json()["errors"][0]["message"]) == (
            (422, "invalid"), "a photograph: JPEG, PNG or WebP of at most 8 MB",
        )  # fmt: skip
    assert problem(photographed(buyer, receipt["uid"], JPEG, {"content-type": "application/json"})) == (415, "unsupported_media_type")
    assert problem(photographed(buyer, receipt["uid"], files={"other": ("x", JPEG)})) == (422, "invalid")
    assert problem(photographed(buyer, receipt["uid"], JPEG + bytes(LARGEST_BYTES))) == (422, "invalid")
    assert problem(photographed(buyer, receipt["uid"], bytes(LARGEST_BYTES + 200_000))) == (413, "body_too_large")
    assert kept(floor) == 0


def test_one_picture_of_two_receipts_is_kept_once(floor: Floor) -> None:
    shipment = loaded(floor, 0, 1)
    for door, buyer in (("b1", "buyer1"), ("b2", "buyer2")):
        receipt = received(floor, shipment, door, buyer)
        assert photographed(floor.buyer(buyer), receipt["uid"]).status_code == 200
        assert floor.buyer(buyer).get(f"/receipts/{receipt['uid']}/photo").status_code == 200
    assert kept(floor) == 1


def test_the_same_sending_again_is_answered_from_memory(floor: Floor) -> None:
    receipt, buyer = received(floor, loaded(floor, 0), "b1", "buyer1"), floor.buyer("buyer1")
    key = AS_JPEG | {"idempotency-key": "photo-1"}
    first, second = (photographed(buyer, receipt["uid"], JPEG, key) for _ in range(2))
    assert (first.status_code, second.headers["idempotency-replayed"]) == (200, "true")
    assert first.json() == second.json()
    assert problem(photographed(buyer, receipt["uid"], PNG, key)) == (422, "idempotency_key_reuse")


@pytest.mark.parametrize(
    "change", ["photo_id = NULL", "photo_id = photo_id", "note = 'x'", "received_by = 'x'", "site_id = site_id + 1", "uid = 'x'"]
)
def test_a_receipt_that_has_its_photograph_is_never_rewritten_whatever_program_writes(floor: Floor, change: str) -> None:
    receipt = received(floor, loaded(floor, 0), "b1", "buyer1")
    photographed(floor.buyer("buyer1"), receipt["uid"])
    with pytest.raises(Exception, match="receipt is never rewritten"), floor.database.write() as session:
        session.execute(text(f"UPDATE receipt SET {change}"))


def test_nothing_but_the_photograph_is_ever_added_to_a_receipt(floor: Floor) -> None:
    received(floor, loaded(floor, 0), "b1", "buyer1")
    for change in ("note = 'x'", "received_at = received_at, received_by = 'x'", "photo_id = NULL, note = 'x'"):
        with pytest.raises(Exception, match="receipt is never rewritten"), floor.database.write() as session:
            session.execute(text(f"UPDATE receipt SET {change}"))
