"""Small leaks, each of which was open once."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from catalog.models import Organisation, OrganisationKind, Side
from service.auth import csrf
from service.db import Database
from service.models import Role
from service.sheets import Table, as_csv
from service.webhooks.addresses import allowed
from tests.service.api.conftest import ClientAs, World


def test_a_semicolon_in_a_code_begins_no_new_cell() -> None:
    assert as_csv(Table(["code"], [["x;=cmd|' /C calc'!A0"]])).decode("utf-8-sig").splitlines()[1].startswith('"x;=cmd')


@pytest.mark.parametrize("address", ["fec0::1", "feff:ffff::1", "fc00::1", "fe80::1"])
def test_a_webhook_goes_to_no_private_address(address: str) -> None:
    assert not allowed(address)


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"host": "mca.example.vn", "origin": "https://mca.example.vn"}, True),
        ({"host": "mca.example.vn", "sec-fetch-site": "same-origin"}, True),
        ({"host": "mca.example.vn"}, False),
        ({"host": "mca.example.vn", "origin": "null"}, False),
        ({"host": "mca.example.vn", "origin": "https://evil.example"}, False),
        ({"host": "mca.example.vn", "sec-fetch-site": "cross-site"}, False),
        ({"host": "mca.example.vn", "sec-fetch-site": "same-origin", "origin": "https://evil.example"}, False),
    ],
)
def test_a_form_is_kept_only_where_the_browser_says_that_our_page_sent_it(headers: dict[str, str], kept: bool) -> None:
    assert csrf.from_here(headers) is kept


def rival(session: Session, world: World, side: Side, kind: OrganisationKind) -> Organisation:
    """Add another organisation of one's own association."""
    row = Organisation(association_id=world.ours.association.id, side=side, kind=kind, code=f"rival-{side}", name="Đối thủ")
    session.add(row)
    session.flush()
    return row


def test_a_taken_code_names_nobody_of_another_organisation(client_as: ClientAs, world: World, database: Database) -> None:
    with database.write() as session:
        other = rival(session, world, Side.DEMAND, OrganisationKind.BUYER)
    terms = {
        "code": "HD-1", "quantity_kg": 100, "product": "lychee", "max_grade": 2, "price_vnd_per_kg": 25_000, "valid_from": "2027-06-01",
        "valid_until": "2027-06-30",
    }  # fmt: skip
    first, second = client_as(Role.PROCUREMENT), client_as(Role.PROCUREMENT, other)
    made = first.post("/contracts", json={"buyer": world.ours.buyer.uid, **terms})
    refused = second.post("/contracts", json={"buyer": other.uid, **terms})
    assert (made.status_code, refused.status_code) == (201, 409), (made.text, refused.text)
    assert [told for told in (first.uid, world.ours.buyer.uid, world.ours.buyer.name, "Người") if told in refused.text] == []


def test_roads_name_no_site_of_others(client_as: ClientAs, world: World) -> None:
    broker, clerk = client_as(Role.BROKER), client_as(Role.CLERK)
    ways = {"from_site": world.ours.farm.uid, "to_site": world.ours.door.uid, "km": 10}
    assert broker.post("/roads", json=ways).status_code == 201
    listed = clerk.get("/roads")
    assert world.ours.farm.uid in listed.text
    assert world.ours.door.uid not in listed.text


def test_a_manager_ends_no_login_and_no_password_of_an_administrator(client_as: ClientAs) -> None:
    admin, manager = client_as(Role.ADMINISTRATOR), client_as(Role.MANAGER)
    assert manager.post(f"/users/{admin.uid}/end-logins").status_code == 422
    assert manager.post(f"/users/{admin.uid}/link").status_code == 422
    assert admin.get("/account").status_code == 200
