"""Every route, every role, and the rows of another organisation: refused wherever it isn't stated that it is allowed."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, TypeVar

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.base import Base
from catalog.models import Organisation, OrganisationKind, Side
from catalog.tenancy import conditions
from service.all_tables import ROOMS
from service.auth.permissions import MATRIX, ORGANISATION_LEVEL, Permission, granted
from service.db import Database
from service.http.routing import Route, rule_of
from service.models import Role
from service.settings import Settings
from tests.service.api.conftest import PAGES, Caller, ClientAs, World
from tests.service.pictures import PNG
from tests.service.sample_database import Furnished, seen_of

NOBODY = "0" * 26
RequestContext = TypeVar("RequestContext")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of the tests, but that who somebody is is remembered, as it is in earnest: thousands of requests ask for it here."""
    return settings.model_copy(update={"remember_seconds": 60.0})


def routes(app: FastAPI) -> list[tuple[str, str, Any]]:
    """Every route of the service as its method, path and rule; kinds of sheets name no row."""
    return [
        (method, route.path.replace("{kind}", "lots"), rule_of(route))
        for route in app.routes
        if isinstance(route, Route)
        for method in sorted(route.methods or ())
    ]


def filled(path: str, uid: str = NOBODY) -> str:
    place = re.sub(r"{[a-z_]+}", uid, path.replace("{number}", "0"))
    return PAGES + place if is_page(path) else place


def share(asked: Sequence[RequestContext], turn: int, dialect: str) -> Sequence[RequestContext]:
    """Return the half of what is asked that falls to a database at somebody's turn; the other half falls to the other database.

    With ``MCA_TEST_WHOLE=1`` everything is asked of each database, which takes about twice as long.
    """
    return asked if os.environ.get("MCA_TEST_WHOLE") else asked[(turn + (dialect == "postgresql")) % 2 :: 2]


def is_page(path: str) -> bool:
    """Whether people look at it, and not programs."""
    return not path.startswith(("/api/", "/healthz", "/readyz", "/metrics", PAGES + "/api/"))


def sent(caller: Caller, method: str, path: str) -> Any:
    body: dict[str, Any] = {} if method in {"GET", "DELETE"} else {"data" if path.startswith(PAGES) else "json": {}}
    return caller.request(method, path, headers={"if-match": "*"}, **body)


def test_every_route_of_the_application_is_one_of_ours(app: FastAPI) -> None:
    assert [route for route in app.routes if not isinstance(route, Route)] == []


def test_nobody_gets_in_without_showing_who_he_is(app: FastAPI, guest: Caller) -> None:
    closed = [(method, path) for method, path, rule in routes(app) if rule.may is not None]
    found = {(method, path): sent(guest, method, filled(path)).status_code for method, path in closed}
    assert {place: status for place, status in found.items() if status != 401} == {}


@pytest.mark.parametrize("how", [{"x-csrf-token": ""}, {"x-csrf-token": "A" * 43}, {"origin": "https://evil.example"}])
def test_no_write_by_cookie_is_taken_without_the_token_of_its_login_or_from_elsewhere(
    app: FastAPI, database: Database, client_as: ClientAs, how: dict[str, str]
) -> None:
    caller, before = client_as(Role.ADMINISTRATOR), count_rows(database)
    writes = [(method, path) for method, path, rule in routes(app) if rule.may is not None and method != "GET"]
    assert sum(is_page(path) for _, path in writes) > 20
    found = {}
    for method, path in writes:
        body: dict[str, Any] = {} if method == "DELETE" else {"data" if is_page(path) else "json": {}}
        answer = caller.request(method, filled(path), headers={"if-match": "*", **how}, **body)
        found[method, path] = answer.status_code, answer.json()["code"]
    assert {place: said for place, said in found.items() if said != (403, "csrf")} == {}
    assert count_rows(database) == before


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
    wrong, own = {}, Permission.OWN_ACCOUNT
    asked = [
        one for one in routes(app) if one[2].may is not None and not one[1].endswith(("/logout", "/sign-out")) and "logins" not in one[1]
    ]
    # Half of the routes by a login and half by a key, but all that only a login may use by a login.
    half = share([one for one in asked if one[2].may is not own], list(Role).index(role), dialect)
    for method, path, rule in [*half, *(one for one in asked if one[2].may is own and not key)]:
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


TABLES = {
    "lots": "lot", "lines": "demand_line", "orders": "buyer_order", "contracts": "contract", "associations": "association",
    "organisations": "organisation", "members": "member", "sites": "site", "products": "product", "certificates": "certificate",
    "suspensions": "suspension", "evidence": "evidence", "planting-areas": "planting_area", "vehicles": "vehicle_class",
    "access-rules": "access_rule", "roads": "road", "users": "user_account", "keys": "api_key", "logins": "login_session",
    "proposals": "proposal", "proposal-items": "proposal_item", "shipments": "shipment", "receipts": "receipt", "settlements": "settlement",
    "runs": "run", "plans": "plan", "webhook-endpoints": "webhook_endpoint", "webhook-deliveries": "webhook_delivery",
    "decisions": "decision", "offers": "proposal_item", "deliveries": "shipment", "photos": "evidence", "amendments": "amendment",
    "joint-offers": "joint_offer", "policies": "allocation_policy", "standing-orders": "standing_order",
    "promises": "proposal_item", "changes": "amendment", "people": "user_account", "money": "settlement", "areas": "planting_area",
    "trucks": "truck", "drivers": "driver", "sponsorships": "sponsorship", "scans": "evidence",
}  # fmt: skip
"""The table that the first word of an address names, or the word before the uid if it names one."""
SHARED = {"association", "product", "vehicle_class", "access_rule", "road"}
"""Tables that all organisations of an association may read."""
OF_NO_OWNER = re.compile("/drafts/|^/account/|{year}")
Address = tuple[str, str, str]


def addresses(app: FastAPI) -> list[Address]:
    """Return every route that names a row, as its method, path and the row's table; those of a person's own, or of a year, name none."""
    named = [(method, path) for method, path, rule in routes(app) if rule.may is not None and "{" in path and not OF_NO_OWNER.search(path)]
    words = {path: path.removeprefix("/api/v1")[1:].partition("/{")[0].split("/") for _, path in named}
    assert [path for path, (first, *_) in words.items() if first not in TABLES] == []
    return [(method, path, TABLES.get(words[path][-1], TABLES[words[path][0]])) for method, path in named]


def body_of(app: FastAPI, method: str, path: str) -> dict[str, Any]:
    """Return the body that the description gives as an example, so that a request gets as far as to the row; an empty note for a page."""
    if is_page(path):
        return {} if method == "GET" else {"data": {"note": ""}}
    content = app.openapi()["paths"].get(path, {}).get(method.lower(), {}).get("requestBody", {}).get("content", {})
    if "image/png" in content:
        return {"files": {"file": ("photo.png", PNG)}}
    example = content.get("application/json", {}).get("example", {})
    return {} if method in {"GET", "DELETE"} else {"json": example}


def let_in(app: FastAPI, caller: Caller, theirs: dict[str, list[str]], places: Sequence[Address]) -> dict[Address, tuple[int, str]]:
    """Ask for each row of somebody else; return the answers other than that it isn't there or that this needs another role."""
    everything, found = {uid for uids in theirs.values() for uid in uids}, {}
    for method, path, table in places:
        uid = theirs[table][0]
        answer = caller.request(method, filled(path, uid), headers={"if-match": "*"}, **body_of(app, method, path))
        if answer.status_code not in {403, 404} or any(other in answer.text for other in everything - {uid}):
            found[method, path, table] = answer.status_code, answer.text[:300]
    return found


def count_rows(database: Database) -> dict[str, int]:
    """Count the rows of every table, but for what is written about those who ask."""
    noted = {"audit_event", "audit_head", "idempotency_key", "user_account", "role_grant", "login_session", "api_key", "service_secret"}
    with database.read() as session:
        tables = [table for table in Base.metadata.sorted_tables if table.name not in noted]
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_what_another_association_has_is_not_there(
    app: FastAPI, database: Database, client_as: ClientAs, world: World, dialect: str
) -> None:
    Furnished(database, world.theirs.association.id)
    with database.read() as session:
        theirs = seen_of(session, world.theirs.association.id)
    places, before = addresses(app), count_rows(database)
    assert {table for _, _, table in places} <= theirs.keys()
    for turn, role in enumerate(Role):
        assert let_in(app, client_as(role, key=role is Role.PARTNER), theirs, share(places, turn, dialect)) == {}, role
    assert count_rows(database) == before
    with database.read() as session:
        assert seen_of(session, world.theirs.association.id) == theirs
    # Their own people get to the very same rows.
    manager = client_as(Role.MANAGER, market=world.theirs)
    reads = [filled(path, theirs[table][0]) for method, path, table in places if method == "GET" and "login" not in path]
    assert {path: status for path in reads if (status := manager.get(path).status_code) not in {200, 409}} == {}


def test_what_another_organisation_has_is_not_there(
    app: FastAPI, database: Database, client_as: ClientAs, world: World, dialect: str
) -> None:
    furnished = Furnished(database, world.ours.association.id)
    with database.read() as session:
        both = [owned_by(session, furnished, code) for code in ("s1", "buyer1")]
        shared = [table for table in SHARED if table != "association"]
        common = {table: uids for table, uids in seen_of(session, furnished.association).items() if table in shared}
    before = count_rows(database)
    for theirs in both:
        assert {"proposal", "shipment", "receipt", "settlement", "webhook_endpoint", "webhook_delivery", "site"} <= theirs.keys()
        for role in (Role.CLERK, Role.PROCUREMENT):
            for key in (False, True):
                known = theirs | common
                places = [one for one in addresses(app) if one[2] in known and not (one[0] == "GET" and one[2] in SHARED)]
                assert let_in(app, client_as(role, key=key), known, share(places, int(key), dialect)) == {}, (role, key)
    assert count_rows(database) == before


def owned_by(session: Session, furnished: Furnished, code: str) -> dict[str, list[str]]:
    """Return the uids of what one organisation can see and others of its association can't."""
    mine, found = furnished.scope(code), dict[str, list[str]]()
    for mapper in Base.registry.mappers:
        model: Any = mapper.class_
        if hasattr(model, "uid") and model.__tablename__ not in SHARED | {"outbox_event", "login_session", "variety"}:
            found[model.__tablename__] = list(session.scalars(select(model.uid).where(*conditions(model, mine)).order_by(model.id)))
    return {table: uids for table, uids in found.items() if uids}


def test_no_list_shows_a_row_of_another_association(
    app: FastAPI, database: Database, client_as: ClientAs, world: World, dialect: str
) -> None:
    Furnished(database, world.theirs.association.id)
    with database.read() as session:
        theirs = [uid for uids in seen_of(session, world.theirs.association.id).values() for uid in uids]
    described = app.openapi()["paths"]
    lists = [path for method, path, rule in routes(app) if method == "GET" and "{" not in path and rule.may is not None]
    shown = []
    for turn, role in enumerate(Role):
        caller = client_as(role, key=role is Role.PARTNER)
        for path in share(lists, turn, dialect):
            long = "'limit'" in str(described.get(path, {}).get("get", {}).get("parameters"))
            text = caller.get(path, params={"limit": 200} if long else {}).text
            shown += [(role, path, uid) for uid in theirs if uid in text]
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
                "available_from": "2027-06-07", "available_until": "2027-06-08", "shelf_life_days": 5, "ask_vnd_per_kg": 9_000}  # fmt: skip
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
