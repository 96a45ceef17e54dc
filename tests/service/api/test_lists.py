"""Lists are narrowed and sorted by what people know: whose, where, of which code, how much, at what price."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from buyers.models import DemandLine, Order
from catalog.models import Lot, Organisation, OrganisationKind, Side
from service.db import Database
from service.models import Role
from tests.sample_market import TODAY, Market
from tests.service.api.conftest import Caller, ClientAs, World
from tests.service.sample_database import Furnished


def read(caller: Caller, path: str, limit: int = 1, **asked: Any) -> list[dict[str, Any]]:
    """Read a list to its end, a small part at a time."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        answer = caller.get(path, params={"limit": limit, **asked, **cursor})
        assert answer.status_code == 200, answer.text
        rows += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return rows
        cursor = {"cursor": answer.json()["next_cursor"]}


@pytest.fixture
def stalls(database: Database, world: World) -> World:
    """Lots and lines that differ in all that they are sorted by, some of them equal."""
    with database.write() as session:
        market = Market.__new__(Market)
        vars(market).update(vars(world.ours) | {"session": session})
        for number in range(4):
            kg, price, day = (500, 900, 500, 100)[number], (9, 3, 7, 3)[number], TODAY + timedelta(days=(2, 1, 2, 3)[number])
            days = {"available_from": day, "available_until": day + timedelta(days=1)}
            market.lot(kg, code=f"L{3 - number}", ask_vnd_per_kg=price, grade=1 + number % 2, **days)
            days = {"deliver_from": day, "deliver_until": day + timedelta(days=1)}
            market.line(kg, code=f"D{3 - number}", bid_vnd_per_kg=price, **days)
    return world


@pytest.mark.parametrize("path", ["/lots", "/lines"])
def test_a_list_is_sorted_by_each_of_its_columns_both_ways(client_as: ClientAs, stalls: World, path: str) -> None:
    own = {"/lots": ("available_from", "ask_vnd_per_kg"), "/lines": ("deliver_from", "bid_vnd_per_kg")}[path]
    broker = client_as(Role.BROKER)
    whole = read(broker, path, 200)
    assert len(whole) == 5
    for word in ("created_at", "quantity_kg", "code", *own):
        up, down = read(broker, path, sort=word), read(broker, path, sort=f"-{word}")
        assert [row[word] for row in up] == sorted(row[word] for row in whole)
        assert down == up[::-1]
        assert {row["uid"] for row in up} == {row["uid"] for row in whole}


def test_a_list_is_narrowed_by_code_grade_and_owner(client_as: ClientAs, stalls: World, database: Database) -> None:
    broker, market = client_as(Role.BROKER), stalls.ours
    assert [row["code"] for row in read(broker, "/lots", code="L2")] == ["L2"]
    assert [row["code"] for row in read(broker, "/lines", code="D2")] == ["D2"]
    assert {row["grade"] for row in read(broker, "/lots", max_grade=1)} == {1}
    with database.write() as session:
        mine = {"association_id": market.association.id, "kind": OrganisationKind.COOPERATIVE, "side": Side.SUPPLY}
        other = Organisation(**mine, code="s9", name="Khác")
        session.add(other)
        session.flush()
    whose = {market.cooperative.uid: 5, other.uid: 0}
    assert {uid: len(read(broker, "/lots", organisation=uid)) for uid in whose} == whose
    assert len(read(broker, "/lots", site=market.farm.uid)) == 5
    assert read(broker, "/lots", site=market.door.uid) == []
    assert len(read(broker, "/lines", buyer=market.buyer.uid, site=market.door.uid)) == 5
    assert read(broker, "/lots", code="L2", max_grade=1, organisation=other.uid) == []


def test_a_cursor_belongs_to_its_filters(client_as: ClientAs, stalls: World) -> None:
    broker = client_as(Role.BROKER)
    first = broker.get("/lots", params={"limit": 1, "organisation": stalls.ours.cooperative.uid}).json()["next_cursor"]
    assert broker.get("/lots", params={"limit": 1, "cursor": first}).json()["code"] == "bad_cursor"


FILTERS: dict[str, tuple[str, ...]] = {
    "/lots": ("organisation", "farm"),
    "/lines": ("buyer", "site", "order"),
    "/orders": ("buyer",),
    "/contracts": ("buyer",),
    "/proposals": ("organisation",),
    "/proposal-items": ("lot", "line"),
    "/receipts": ("site",),
    "/settlements": ("supplier", "buyer"),
}
"""Filters by another row; a farm is a site, too."""


def rows_of(furnished: Furnished) -> dict[str, str]:
    """Return a row for each filter."""
    first, *_ = furnished.items()
    with furnished.database.read() as session:
        order = session.scalars(select(Order.uid).where(Order.association_id == furnished.association)).one()
        lot, line = session.get_one(Lot, first.lot_id).uid, session.get_one(DemandLine, first.line_id).uid
    parties = {"buyer": furnished.buyer.uid, "supplier": furnished.farmer.uid, "organisation": furnished.farmer.uid}
    return {**parties, "site": furnished.door.uid, "farm": furnished.farm.uid, "lot": lot, "line": line, "order": order}


def test_a_filter_by_another_row_shows_its_rows_alone_and_finds_no_strangers(client_as: ClientAs, world: World, database: Database) -> None:
    ours, theirs = (rows_of(Furnished(database, market.association.id)) for market in (world.ours, world.theirs))
    broker = client_as(Role.BROKER)
    for path, filters in FILTERS.items():
        whole = read(broker, path, 200)
        for row in filters:
            name = "site" if row == "farm" else row
            part = read(broker, path, 200, **{name: ours[row]})
            assert 0 < len(part) <= len(whole), (path, name)
            assert all(one[name] == ours[row] for one in part if isinstance(one.get(name), str)), (path, name)
            answer = broker.get(path, params={name: theirs[row]})
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (path, name)
    for path in ("/orders", "/contracts", "/shipments"):
        one = read(broker, path, 200)[0]
        assert [row["uid"] for row in read(broker, path, code=one["code"])] == [one["uid"]]
        assert read(broker, path, code="x") == []
    assert len(read(broker, "/contracts", status="active", product="lychee")) == 1
    assert read(broker, "/contracts", product="mango") == []
