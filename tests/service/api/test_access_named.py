"""Rows of another association that a body or a query names are not there, wherever they are named."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from service.db import Database
from service.http.routing import PREFIX
from service.models import Role
from tests.service.api.conftest import Caller, ClientAs, World
from tests.service.api.test_access import TABLES, count_rows
from tests.service.sample_database import Furnished, seen_of

UID = re.compile(r"^[0-9a-hjkmnp-tv-z]{26}$")
NAMED = {
    "organisation": "organisation", "site": "site", "buyer": "organisation", "supplier": "organisation", "sponsor": "organisation",
    "carrier": "organisation", "from_site": "site", "to_site": "site", "base_site": "site", "lot": "lot", "line": "demand_line",
    "order": "buyer_order", "evidence": "evidence", "plan": "plan", "shipment": "shipment", "promise": "promise", "uid": "proposal_item",
    "endpoint": "webhook_endpoint",
}  # fmt: skip
"""The table that a field or a parameter names by uid."""
SMALL = {"/api/v1/contracts/{uid}/call-offs": {"quantity_kg": 1}, "/api/v1/decisions": {"kg": 1}}
"""What lets a body be refused for nothing but the row that it names."""
FIRST_OF_ALL = {("/api/v1/shipments", "carrier"): "not_approved", ("/api/v1/shipments/{uid}/receipts", "promise"): "conflict"}
"""Where what the rows of one's own stand at is looked at before the other row is looked for: what is said of that."""
Place = tuple[str | int, ...]


def places(part: Any, place: Place = ()) -> Iterator[Place]:
    """Yield where a body names rows."""
    steps = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for step, value in steps:
        yield from places(value, (*place, step))
    if isinstance(part, str) and UID.match(part):
        yield place


def put(body: Any, place: Place, uid: str) -> None:
    """Let a body name a row at a place."""
    for step in place[:-1]:
        body = body[step]
    body[place[-1]] = uid


class Names:
    """Uids of rows by table, of the desk of one association."""

    def __init__(self, database: Database, association: int) -> None:
        furnished = Furnished(database, association)
        with database.read() as session:
            self.rows = seen_of(session, association)
        self.farm, self.door, self.farmer, self.buyer = furnished.farm.uid, furnished.door.uid, furnished.farmer.uid, furnished.buyer.uid

    def of(self, field: str, path: str) -> str:
        """Return a row that a field may name."""
        demand = any(word in path for word in ("/orders", "/contracts", "/receipts", "/lines"))
        special = {"site": self.door if demand else self.farm, "from_site": self.farm, "to_site": self.door, "base_site": self.farm,
                   "organisation": self.farmer, "supplier": self.farmer, "buyer": self.buyer}  # fmt: skip
        return special.get(field) or self.rows[NAMED[field]][0]


def asked(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every described operation: method, path and description."""
    for path, item in app.openapi()["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def test_a_row_of_another_association_that_a_body_names_is_not_there(
    app: FastAPI, database: Database, client_as: ClientAs, world: World
) -> None:
    ours, theirs = (Names(database, market.association.id) for market in (world.ours, world.theirs))
    manager, before, wrong, tried = client_as(Role.MANAGER), count_rows(database), list[str](), 0
    for method, path, operation in asked(app):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        example = content.get("example", {})
        for place in places(example):
            body = copy.deepcopy(example)
            for other in places(example):
                put(body, other, ours.of(str(other[-1]), path))
            body |= SMALL.get(path, {})
            put(body, place, theirs.of(str(place[-1]), path))
            tried += 1
            told = refusal(manager, method, filled(path, ours), place, json=body)
            if told is not None and FIRST_OF_ALL.get((path, str(place[-1]))) != told[2]:
                wrong.append(f"{method} {path} {place}: {told}")
    assert "\n".join(wrong) == ""
    assert tried >= 30
    assert count_rows(database) == before


def test_a_row_of_another_association_that_a_query_names_is_not_there(
    app: FastAPI, database: Database, client_as: ClientAs, world: World
) -> None:
    ours, theirs = (Names(database, market.association.id) for market in (world.ours, world.theirs))
    manager, wrong, tried = client_as(Role.MANAGER), {}, 0
    for _, path, operation in asked(app):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query" and "0-9a-hjkmnp-tv-z" in str(parameter["schema"]):
                tried += 1
                answer = manager.get(filled(path, ours), params={parameter["name"]: theirs.of(parameter["name"], path)})
                if not (answer.status_code == 404 or (answer.status_code == 200 and answer.json()["items"] == [])):
                    wrong[path, parameter["name"]] = answer.status_code, answer.text[:300]
    assert wrong == {}
    assert tried >= 18


def filled(path: str, names: Names) -> str:
    """Return an address with a row of one's own."""
    word = path.removeprefix(PREFIX).split("/")[1]
    return path.replace("{uid}", names.rows[TABLES[word]][0]) if "{" in path else path


def refusal(caller: Caller, method: str, path: str, place: Place, **body: Any) -> tuple[int, str, str] | None:
    """Return an answer other than that the row which is named isn't there."""
    answer = caller.request(method, path, headers={"if-match": "*"}, **body)
    missing = answer.status_code == 404 and answer.json()["code"] == "not_found"
    fields = [error.get("column") or error.get("pointer") or "" for error in answer.json().get("errors") or []]
    named = answer.status_code == 422 and any(str(place[-1]) in field for field in fields)
    return None if missing or named else (answer.status_code, answer.text[:400], str(answer.json().get("code")))
