"""Who names a row of another organisation is told that there is none, and the trail keeps that he asked."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from catalog.models import Organisation, OrganisationKind, Side
from service.audit import NO_CHAIN, Deed, record_rarely, verify
from service.auth.throttle import Throttle
from service.db import Database, now
from service.http import denials
from service.http.denials import PAUSE
from service.models import AuditEvent, Role, Session, User
from tests.service.api.conftest import PAGES, Caller, ClientAs, World
from tests.service.api.test_access import NOBODY, addresses, body_of, filled, is_page, share
from tests.service.sample_database import Furnished, seen_of


@pytest.fixture
def stranger(client_as: ClientAs, database: Database, world: World) -> Caller:
    """A clerk of another cooperative of the same association."""
    with database.write() as session:
        named = {"side": Side.SUPPLY, "kind": OrganisationKind.COOPERATIVE, "code": "s9", "name": "Khác"}
        other = Organisation(association_id=world.ours.association.id, **named)
        session.add(other)
        session.flush()
    return client_as(Role.CLERK, other)


def marks(database: Database) -> list[AuditEvent]:
    with database.read() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.action == "denied").order_by(AuditEvent.chain, AuditEvent.seq)))


def without_names(answer: Any) -> tuple[int, str, dict[str, str]]:
    """Return all of an answer but the uid that it repeats, the name of the request, and how many requests are left."""
    passing = {"x-request-id", "ratelimit"}
    headers = {name: value for name, value in answer.headers.items() if name not in passing}
    return answer.status_code, re.sub(r"[0-9a-z]{26}", "", answer.text), headers


def test_who_asks_for_a_row_of_another_organisation_leaves_one_mark_in_the_trail(
    stranger: Caller, client_as: ClientAs, world: World
) -> None:
    lot, manager = world.lots[world.ours].uid, client_as(Role.MANAGER)
    for _ in range(3):
        assert stranger.get(f"/lots/{lot}").status_code == 404
        assert stranger.patch(f"/lots/{lot}", json={"note": "x"}, headers={"if-match": "*"}).status_code == 404
    denied = [row for row in manager.get("/audit").json()["items"] if row["action"] == "denied"]
    assert [(row["actor"], row["object_kind"], row["object_uid"]) for row in denied] == [(stranger.uid, "lot", lot)]
    assert denied[0]["after"] == {"method": "GET", "path": f"/api/v1/lots/{lot}"}
    assert stranger.get("/audit").status_code == 403


def test_the_answer_is_that_of_a_row_that_is_nowhere(stranger: Caller, database: Database, world: World) -> None:
    lot = world.lots[world.ours].uid
    there, again, nowhere = (without_names(stranger.get(f"/lots/{uid}")) for uid in (lot, lot, NOBODY))
    assert there == again == nowhere
    assert [mark.object_uid for mark in marks(database)] == [lot]


def test_whether_the_row_exists_is_looked_up_when_the_answer_is_out(
    app: FastAPI, stranger: Caller, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(denials, "_denied", lambda *_: order.append("looked up"))
    path = f"/api/v1/lots/{world.lots[world.ours].uid}"
    headers = [(name.encode(), value.encode()) for name, value in stranger.headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers, "server": ("mca.test", 80)}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        order.append(str(message.get("status", "body")))

    anyio.run(app, scope, receive, send)
    assert order == ["404", "body", "looked up"]


def test_a_row_that_is_ones_own_or_nowhere_leaves_no_mark(client_as: ClientAs, database: Database, world: World) -> None:
    clerk = client_as(Role.CLERK)
    assert clerk.get(f"/lots/{world.lots[world.ours].uid}").status_code == 200
    assert {clerk.get(f"/{word}/{NOBODY}").status_code for word in ("lots", "sites", "proposals")} == {404}
    assert marks(database) == []


def test_a_login_of_a_colleague_is_no_row_of_another_organisation_and_that_of_a_stranger_is(
    stranger: Caller, client_as: ClientAs, database: Database
) -> None:
    clerk, colleague = client_as(Role.CLERK), client_as(Role.CLERK)
    with database.read() as session:
        whose: dict[str, str] = dict(session.execute(select(User.uid, Session.uid).join(User, User.id == Session.user_id)).all())
    for other in (colleague, stranger):
        assert clerk.delete(f"/logins/{whose[other.uid]}").status_code == 404
    assert [(mark.object_kind, mark.object_uid) for mark in marks(database)] == [("login_session", whose[stranger.uid])]


def test_the_mark_of_a_row_of_another_association_stands_where_neither_association_reads(
    client_as: ClientAs, database: Database, world: World
) -> None:
    lot = world.lots[world.theirs].uid
    assert client_as(Role.MANAGER).get(f"/lots/{lot}").status_code == 404
    assert [(mark.chain, mark.association_id, mark.object_uid) for mark in marks(database)] == [(NO_CHAIN, None, lot)]
    for market in (world.ours, world.theirs):
        assert lot not in client_as(Role.MANAGER, market=market).get("/audit", params={"action": "denied"}).text
    with database.read() as session:
        assert list(verify(session)) == []


def test_every_route_by_which_a_row_of_others_is_asked_for_leaves_a_mark(
    app: FastAPI, database: Database, client_as: ClientAs, world: World, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denials, "PAUSE", timedelta(0))
    app.state.service.limits.denied = Throttle(10_000)
    Furnished(database, world.theirs.association.id)
    with database.read() as session:
        theirs = seen_of(session, world.theirs.association.id)
    manager, asked = client_as(Role.MANAGER), set()
    for method, path, table in share([place for place in addresses(app) if not is_page(place[1])], 0, dialect):
        uid = theirs[table][0]
        answer = manager.request(method, filled(path, uid), headers={"if-match": "*"}, **body_of(app, method, path))
        # An example's body may name a row that is nowhere, of which the answer speaks then.
        if answer.status_code == 404 and uid in answer.text:
            asked.add((method, filled(path, uid)))
    assert len(asked) > 40
    assert asked - {(mark.after["method"], mark.after["path"]) for mark in marks(database) if mark.after} == set()


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_page_of_a_row_of_others_leaves_the_same_mark(stranger: Caller, database: Database, world: World, accept: str) -> None:
    lot = world.lots[world.ours].uid
    assert stranger.get(f"{PAGES}/lots/{lot}", headers={"accept": accept}).status_code == 404
    assert [(mark.object_uid, mark.after) for mark in marks(database)] == [(lot, {"method": "GET", "path": f"/lots/{lot}"})]


def test_whoever_has_many_uids_of_others_floods_no_trail(app: FastAPI, stranger: Caller, database: Database, world: World) -> None:
    app.state.service.limits.denied = Throttle(2, 3600.0)
    ours = [f"/lots/{world.lots[world.ours].uid}", f"/sites/{world.ours.farm.uid}", f"/organisations/{world.ours.cooperative.uid}"]
    # What is nowhere uses nothing up, or one could hide behind it.
    for path in [*[f"/lots/{NOBODY}"] * 5, *ours]:
        assert stranger.get(path).status_code == 404
    assert [mark.object_kind for mark in marks(database)] == ["lot", "site"]


def test_one_row_is_marked_again_after_an_hour_and_for_everybody_who_asks(database: Database, world: World) -> None:
    with database.write() as session:
        at, second = now(session), timedelta(seconds=1)
        tries = [("a", at), ("a", at + PAUSE - second), ("b", at + PAUSE - second), ("a", at + PAUSE + second)]
        made = [
            record_rarely(session, Deed(world.ours.association.id, who, "denied", "lot", NOBODY), moment, PAUSE) for who, moment in tries
        ]
        assert [event is not None for event in made] == [True, False, True, True]
        session.flush()
        assert list(verify(session)) == []


def test_a_mark_that_cannot_be_made_changes_no_answer(
    stranger: Caller, database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(denials, "_mark", away)
    there, nowhere = (without_names(stranger.get(f"/lots/{uid}")) for uid in (world.lots[world.ours].uid, NOBODY))
    assert there == nowhere
    assert marks(database) == []
