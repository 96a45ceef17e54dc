"""Every route, every role, and the rows of another organisation: refused wherever it isn't stated that it is allowed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from catalog.base import Base
from catalog.models import Member, Organisation, OrganisationKind, Side
from catalog.tenancy import conditions
from service.api.routing import Route, rule_of
from service.auth.permissions import MATRIX, ORGANISATION_LEVEL, Permission, granted
from service.db import Database
from service.models import ROOMS, Role
from tests.service.api.conftest import Caller, ClientAs, World

NOBODY = "0" * 26


def routes(app: FastAPI) -> list[tuple[str, str, Any]]:
    """Every route of the service as its method, path and rule."""
    return [
        (method, route.path, rule_of(route)) for route in app.routes if isinstance(route, Route) for method in sorted(route.methods or ())
    ]


def filled(path: str, uid: str = NOBODY) -> str:
    return re.sub(r"{[a-z_]+}", uid, path)


def sent(caller: Caller, method: str, path: str) -> Any:
    body: dict[str, Any] = {} if method in {"GET", "DELETE"} else {"json": {}}
    return caller.request(method, path, headers={"if-match": "*"}, **body)


def test_every_route_of_the_application_is_one_of_ours(app: FastAPI) -> None:
    assert [route for route in app.routes if not isinstance(route, Route)] == []


def test_nobody_gets_in_without_showing_who_he_is(app: FastAPI, guest: Caller) -> None:
    closed = [(method, path) for method, path, rule in routes(app) if rule.may is not None]
    found = {(method, path): sent(guest, method, filled(path)).status_code for method, path in closed}
    assert {place: status for place, status in found.items() if status != 401} == {}


@pytest.mark.parametrize(
    "shown", ["Bearer nonsense", "Bearer mca_12345678_nonsense", "Bearer", "Basic bWNhOm1jYQ==", "Bearer eyJhbGciOiJub25lIn0.e30."]
)
def test_a_key_that_is_none_is_refused_alike_everywhere(app: FastAPI, guest: Caller, shown: str) -> None:
    closed = [(method, path) for method, path, rule in routes(app) if rule.may is not None]
    answers = [guest.request(method, filled(path), headers={"authorization": shown}) for method, path in closed[::9]]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1


@pytest.mark.parametrize("role", list(Role))
def test_each_role_passes_where_the_matrix_says_so_and_nowhere_else(app: FastAPI, client_as: ClientAs, role: Role, dialect: str) -> None:
    key = dialect == "postgresql"
    caller = client_as(role, key=key)
    bound = role in {Role.CLERK, Role.PROCUREMENT}
    may = granted([role], 1 if bound else None)
    wrong = {}
    for method, path, rule in routes(app):
        if rule.may is None or (key and rule.may is Permission.OWN_ACCOUNT) or path.endswith("/logout") or "logins" in path:
            continue
        answer = sent(caller, method, filled(path))
        refused = answer.status_code == 403 and answer.json()["code"] == "forbidden" and "permission" in answer.json().get("facts", {})
        if refused == (rule.may in may) or answer.status_code >= 500:
            wrong[method, path] = (answer.status_code, answer.text[:200])
    assert wrong == {}


def test_an_auditor_changes_nothing() -> None:
    assert {p for p in MATRIX[Role.AUDITOR] if not p.value.endswith(":read")} == {Permission.OWN_ACCOUNT}


def test_an_account_of_an_organisation_never_gets_beyond_it() -> None:
    for role in Role:
        assert granted([role], 7) <= ORGANISATION_LEVEL


def fill(client_as: ClientAs, world: World) -> None:
    """Let the other association have a row of every table that its people can make one of by themselves."""
    theirs = world.theirs
    boss, clerk = client_as(Role.MANAGER, market=theirs), client_as(Role.CLERK, market=theirs)
    days = {"valid_from": "2027-01-01", "valid_until": "2028-12-31"}
    mine = {"organisation": theirs.cooperative.uid, "product": "lychee"}
    line = {"site": theirs.door.uid, "products": ["lychee"], "max_grade": 1, "quantity_kg": 10, "deliver_from": "2027-06-07",
            "deliver_until": "2027-06-08", "bid_vnd_per_kg": 1}  # fmt: skip
    tariff = {"valid_from": "2027-01-01", "fixed_vnd": 1, "bands": [{"from_km": 0, "vnd_per_km": 1}], "source": "x"}
    rule = {"zone": "z", "min_payload_kg": 1, "closed_from_min": 1, "closed_until_min": 2, "valid_from": "2027-01-01", "source": "x"}
    made = {
        "certificates": mine | days | {"scheme": "VietGAP"},
        "planting-areas": mine | days | {"code": "PA", "market": "CN", "source": "x"},
        "evidence": {
            "organisation": theirs.cooperative.uid,
            "title": "x",
            "media_type": "application/pdf",
            "content_base64": "JVBERi0xLjcK",
        },
        "orders": {"buyer": theirs.buyer.uid, "lines": [line]},
        "contracts": days | {"buyer": theirs.buyer.uid, "product": "lychee", "max_grade": 1, "quantity_kg": 10, "price_vnd_per_kg": 1},
        "vehicles": {"code": "5t", "payload_kg": 5000, "kmh": 40.0, "tariff": tariff},
        "access-rules": rule,
        "roads": {"from_site": theirs.farm.uid, "to_site": theirs.door.uid, "km": 5.0},
        f"organisations/{theirs.cooperative.uid}/members": {"code": "m1", "name": "Nông dân"},
        "runs": {},
    }
    for place, body in made.items():
        answer = boss.post(f"/{place}", json=body)
        assert answer.status_code in {201, 202}, (place, answer.text)
    assert clerk.get("/lots").status_code == 200


TABLES = {
    "lots": "lot", "lines": "demand_line", "orders": "buyer_order", "contracts": "contract", "associations": "association",
    "organisations": "organisation", "members": "member", "sites": "site", "products": "product", "certificates": "certificate",
    "suspensions": "suspension", "evidence": "evidence", "planting-areas": "planting_area", "vehicles": "vehicle_class",
    "access-rules": "access_rule", "roads": "road", "users": "user_account", "keys": "api_key", "logins": "login_session",
    "proposals": "proposal", "proposal-items": "proposal_item", "shipments": "shipment", "receipts": "receipt", "settlements": "settlement",
    "runs": "run", "plans": "plan", "webhook-endpoints": "webhook_endpoint", "webhook-deliveries": "webhook_delivery",
    "decisions": "decision", "uploads": "import_batch", "events": "outbox_event", "epcis": "shipment",
    "exports": "plan", "promises": "promise",
}  # fmt: skip
"""The table that the first word of an address names."""


def rows_of_theirs(database: Database, world: World) -> dict[str, list[str]]:
    """Uids of all rows of the other association, by table."""
    found: dict[str, list[str]] = {}
    with database.read() as session:
        for mapper in Base.registry.mappers:
            model: Any = mapper.class_
            if hasattr(model, "uid") and hasattr(model, "association_id"):
                found[model.__tablename__] = list(
                    session.scalars(select(model.uid).where(model.association_id == world.theirs.association.id))
                )
            home = select(Organisation.id).where(Organisation.association_id == world.theirs.association.id)
        found["member"] = list(session.scalars(select(Member.uid).where(Member.organisation_id.in_(home))))
    found["association"] = [world.theirs.association.uid]
    return {table: uids for table, uids in found.items() if uids}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PARTNER])
def test_what_another_association_has_is_not_there(app: FastAPI, database: Database, client_as: ClientAs, world: World, role: Role) -> None:
    caller = client_as(role)
    fill(client_as, world)
    client_as(Role.BROKER, market=world.theirs, key=True)
    theirs = rows_of_theirs(database, world)
    everything = [uid for uids in theirs.values() for uid in uids]
    assert {
        "lot", "demand_line", "buyer_order", "contract", "organisation", "site", "product", "user_account", "api_key", "certificate",
        "planting_area", "evidence", "vehicle_class", "access_rule", "road", "run", "member",
    } <= theirs.keys()  # fmt: skip
    seen = {}
    for method, path, rule in routes(app):
        if rule.may is None or "{" not in path:
            continue
        table = TABLES[path.removeprefix("/api/v1/").partition("/")[0]]
        uid = theirs.get(table, [NOBODY])[0]
        answer = sent(caller, method, filled(path, uid))
        if answer.status_code not in {403, 404, 422, 501} or any(other in answer.text for other in everything if other != uid):
            seen[method, path, table] = answer.status_code
    assert seen == {}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PARTNER])
def test_no_list_shows_a_row_of_another_association(
    app: FastAPI, database: Database, client_as: ClientAs, world: World, role: Role
) -> None:
    caller = client_as(role)
    fill(client_as, world)
    theirs = [uid for uids in rows_of_theirs(database, world).values() for uid in uids]
    shown = []
    for method, path, rule in routes(app):
        if method == "GET" and "{" not in path and rule.may is not None:
            text = caller.get(path, params={"limit": 200} if "limit" in str(app.openapi()["paths"][path]["get"]["parameters"]) else {}).text
            shown += [(path, uid) for uid in theirs if uid in text]
    assert shown == []


def test_an_organisation_sees_no_row_of_another_in_its_own_association(client_as: ClientAs, world: World, database: Database) -> None:
    with database.write() as session:
        other = Organisation(
            association_id=world.ours.association.id, side=Side.SUPPLY, kind=OrganisationKind.COOPERATIVE, code="s9", name="Khác"
        )
        session.add(other)
        session.flush()
    stranger = client_as(Role.CLERK, other)
    lot = world.lots[world.ours]
    assert stranger.get("/lots").json()["items"] == []
    assert stranger.get(f"/lots/{lot.uid}").status_code == 404
    change = stranger.patch(f"/lots/{lot.uid}", json={"note": "x"}, headers={"if-match": "*"})
    assert (change.status_code, change.json()["code"]) == (404, "not_found")
    assert stranger.get(f"/sites/{world.ours.farm.uid}").status_code == 404
    assert stranger.get(f"/organisations/{world.ours.cooperative.uid}").status_code == 404
    declared = {"organisation": world.ours.cooperative.uid, "site": world.ours.farm.uid, "product": "lychee", "grade": 1, "quantity_kg": 5,
                "available_from": "2027-06-07", "available_until": "2027-06-08", "shelf_life_days": 5, "ask_vnd_per_kg": 1}  # fmt: skip
    assert stranger.post("/lots", json=declared).status_code == 422


def test_an_administrator_of_all_associations_says_which_one_he_means(client_as: ClientAs, world: World) -> None:
    admin = client_as(Role.ADMINISTRATOR, market=None)
    assert admin.get("/lots").json()["code"] == "association_required"
    for market in (world.ours, world.theirs):
        listed = admin.get("/lots", headers={"mca-association": market.association.uid}).json()["items"]
        assert [row["uid"] for row in listed] == [world.lots[market].uid]
    assert admin.get("/lots", headers={"mca-association": NOBODY}).status_code == 404
    named = client_as(Role.BROKER).get("/lots", headers={"mca-association": world.theirs.association.uid})
    assert named.status_code == 404


def test_a_refused_write_stands_in_the_trail(client_as: ClientAs) -> None:
    auditor, manager = client_as(Role.AUDITOR), client_as(Role.MANAGER)
    assert auditor.post("/lots", json={}).status_code == 403
    denied = [row for row in manager.get("/audit").json()["items"] if row["action"] == "denied"]
    assert [(row["actor"], row["object_uid"]) for row in denied] == [(auditor.uid, "lots:write")]


def test_somebody_has_decided_who_sees_each_table() -> None:
    assert ROOMS
    from catalog.tenancy import Scope
    from service.models import ApiKey, AuditEvent, Session, User

    for model in (ApiKey, AuditEvent, Session, User):
        assert conditions(model, Scope(1))
