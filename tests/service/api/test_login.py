"""Logins, keys and what protects them: sessions that end, throttles, forged requests, passwords that are never stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from catalog.base import now_utc
from service.auth import failures, passwords
from service.auth.csrf import forged
from service.auth.tokens import token_hash
from service.db import Database
from service.http.admission import Service
from service.http.limits import Limits
from service.models import ApiKey, LoginFailure, Role, Session, User
from service.settings import Settings
from tests.service.api.conftest import Caller, ClientAs, World, add_user

PASSWORD = "gió-mát-trên-đồi-chè"
DIGEST = passwords.hashed(PASSWORD)


@pytest.fixture
def lan(database: Database, world: World) -> User:
    with database.write() as session:
        return add_user(session, Role.CLERK, world.ours, login="lan@example.vn", password_hash=DIGEST)


def log_in(guest: Caller, password: str = PASSWORD, login: str = "Lan@example.vn", **headers: str) -> Any:
    return guest.post("/login", json={"login": login, "password": password}, headers=headers)


def logged_in(guest: Caller) -> Caller:
    answer = log_in(guest)
    assert answer.status_code == 200, answer.text
    return Caller(guest.client, {"cookie": f"mca_session={answer.cookies['mca_session']}", "x-csrf-token": answer.json()["csrf_token"]})


def test_a_login_says_what_one_may_do_and_hides_its_cookie_from_scripts(guest: Caller, lan: User) -> None:
    answer = log_in(guest)
    assert (answer.status_code, answer.json()["roles"]) == (200, ["clerk"])
    cookies = answer.headers.get_list("set-cookie")
    hidden = next(cookie for cookie in cookies if cookie.startswith("mca_session"))
    assert {"HttpOnly", "SameSite=lax"} <= {part.strip() for part in hidden.split(";")}
    assert logged_in(guest).get("/account").json()["uid"] == lan.uid


def test_each_login_has_a_token_of_its_own_of_which_only_the_hash_is_stored(guest: Caller, lan: User, database: Database) -> None:
    tokens = [log_in(guest).cookies["mca_session"] for _ in range(2)]
    with database.read() as session:
        stored = set(session.scalars(select(Session.token_hash)))
    assert len(set(tokens)) == 2
    assert stored == {token_hash(token) for token in tokens}


@pytest.mark.parametrize(("login", "password"), [("lan@example.vn", "wrong-wrong-wrong"), ("nobody@example.vn", PASSWORD)])
def test_a_wrong_password_and_an_unknown_account_are_answered_alike(guest: Caller, lan: User, login: str, password: str) -> None:
    answer = log_in(guest, password, login)
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (
        401,
        "wrong_login",
        "the login or the password is wrong, or too many were tried",
    )
    assert "set-cookie" not in answer.headers


def test_an_account_without_a_password_takes_as_long_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(passwords, "_hasher", type("Hasher", (), {"verify": lambda self, digest, word: asked.append(digest)})())
    assert not passwords.matches(None, "x")
    assert asked == [passwords._DECOY]


def test_the_sixth_attempt_of_a_minute_is_refused(app: FastAPI, guest: Caller, lan: User, settings: Settings) -> None:
    app.state.service.limits = Limits(settings.model_copy(update={"login_rate_per_minute": 5}))
    statuses = [log_in(guest, "wrong-wrong-wrong").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    refused = log_in(guest)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) >= 1
    assert log_in(guest, login="other@example.vn").status_code == 401


def test_guesses_from_one_address_keep_the_owner_out_neither_elsewhere_nor_in_a_known_browser(
    guest: Caller, lan: User, database: Database
) -> None:
    device = log_in(guest).cookies["mca_device"]
    for _ in range(failures.MOST_IN_A_ROW):
        assert log_in(guest, "wrong-wrong-wrong").status_code == 401
    assert log_in(guest).status_code == 401
    known = guest.post("/login", json={"login": lan.login, "password": PASSWORD}, headers={"cookie": f"mca_device={device}"})
    assert known.status_code == 200
    with database.write() as session:
        row = session.scalars(select(LoginFailure)).one()
        assert row.failures == failures.MOST_IN_A_ROW + 1
        row.place = "192.0.2.1"
    assert log_in(guest).status_code == 200


def test_logging_out_ends_the_login(guest: Caller, lan: User) -> None:
    caller = logged_in(guest)
    assert caller.post("/logout").status_code == 204
    assert caller.get("/account").status_code == 401


def test_all_logins_end_at_once_and_one_by_one(guest: Caller, lan: User) -> None:
    first, second, third = (logged_in(guest) for _ in range(3))
    listed = first.get("/logins").json()["items"]
    assert [row["current"] for row in listed] == [False, False, True]
    assert first.delete(f"/logins/{listed[0]['uid']}").status_code == 204
    assert (third.get("/account").status_code, second.get("/account").status_code) == (401, 200)
    assert first.delete("/logins").status_code == 204
    assert {caller.get("/account").status_code for caller in (first, second)} == {401}


def test_a_new_password_ends_every_login(guest: Caller, lan: User) -> None:
    first, second = logged_in(guest), logged_in(guest)
    assert (
        first.put("/account/password", json={"password": "wrong-wrong-wrong", "new_password": "mưa rơi trên vườn vải"}).status_code == 403
    )
    weak = first.put("/account/password", json={"password": PASSWORD, "new_password": "lan@example.vn!"})
    assert (weak.status_code, weak.json()["code"]) == (422, "invalid")
    changed = first.put("/account/password", json={"password": PASSWORD, "new_password": "mưa rơi trên vườn vải"})
    assert changed.status_code == 204, changed.text
    assert {caller.get("/account").status_code for caller in (first, second)} == {401}
    assert log_in(guest).status_code == 401
    assert log_in(guest, "mưa rơi trên vườn vải").status_code == 200


def test_a_closed_account_is_out_at_once(guest: Caller, lan: User, client_as: ClientAs) -> None:
    caller, manager = logged_in(guest), client_as(Role.MANAGER)
    closed = manager.patch(f"/users/{lan.uid}", json={"active": False}, headers={"if-match": "*"})
    assert closed.status_code == 200, closed.text
    assert caller.get("/account").status_code == 401
    assert log_in(guest).status_code == 401


def test_a_login_that_has_run_out_is_no_login(guest: Caller, lan: User, database: Database) -> None:
    caller = logged_in(guest)
    with database.write() as session:
        session.scalars(select(Session)).one().expires_at = now_utc()
    assert caller.get("/account").status_code == 401


FORGED: dict[str, dict[str, str]] = {
    "no token": {"x-csrf-token": ""},
    "another token": {"x-csrf-token": "A" * 43},
    "another origin": {"origin": "https://evil.example"},
    "another site": {"sec-fetch-site": "cross-site"},
}


@pytest.mark.parametrize("how", FORGED)
def test_a_write_that_another_site_makes_the_browser_send_is_refused(client_as: ClientAs, how: str) -> None:
    clerk = client_as(Role.CLERK)
    refused = clerk.post("/lots", json={}, headers=FORGED[how])
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    assert clerk.get("/lots", headers=FORGED[how]).status_code == 200


def test_a_login_from_another_sites_page_is_refused(guest: Caller, lan: User) -> None:
    assert log_in(guest, **{"sec-fetch-site": "cross-site"}).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_form_is_no_json(client_as: ClientAs, kind: str) -> None:
    refused = client_as(Role.CLERK, key=True).post("/lots", content='{"a": 1}', headers={"content-type": kind})
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


def test_our_own_page_may_write_and_reading_is_never_forged() -> None:
    meant = {"host": "mca.test", "origin": "http://mca.test", "sec-fetch-site": "same-origin", "x-csrf-token": "t"}
    assert not forged("POST", meant, token_hash("t"))
    assert not forged("POST", {**meant, "origin": "https://mca.vn"}, token_hash("t"), "https://mca.vn")
    assert not forged("GET", {"origin": "https://evil"}, None)
    assert forged("POST", {**meant, "origin": "null"}, token_hash("t"))


KEY = {"label": "warehouse", "scopes": ["lots:read"]}


def test_a_key_is_shown_once_and_stored_as_a_hash(client_as: ClientAs, database: Database) -> None:
    manager = client_as(Role.MANAGER)
    made = manager.post("/keys", json=KEY)
    assert made.status_code == 201, made.text
    text = made.json()["key"]
    assert text not in manager.get("/keys").text
    with database.read() as session:
        row = session.scalars(select(ApiKey)).one()
    assert (row.key_hash, row.prefix) == (token_hash(text), text[:12])
    bearer = Caller(manager.client, {"authorization": f"Bearer {text}"})
    assert bearer.get("/lots").status_code == 200
    assert (bearer.get("/sites").status_code, bearer.post("/lots", json={}).status_code) == (403, 403)
    assert manager.get(f"/keys/{row.uid}").json()["last_used_at"] is not None


def test_a_key_does_no_more_than_the_one_who_makes_it(client_as: ClientAs, world: World) -> None:
    manager = client_as(Role.MANAGER)
    for wrong in (
        {"scopes": ["keys:write"]},
        {"scopes": ["metrics:read"]},
        {"scopes": ["runs:write"], "organisation": world.ours.buyer.uid},
    ):
        refused = manager.post("/keys", json=KEY | wrong)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/scopes")
    late = (now_utc() + timedelta(days=401)).isoformat()
    assert manager.post("/keys", json=KEY | {"expires_at": late}).status_code == 422
    assert manager.post("/keys", json=KEY | {"expires_at": "2027-01-01T00:00:00"}).json()["code"] == "invalid_request"


def test_while_a_key_is_replaced_both_work_and_never_a_third(client_as: ClientAs) -> None:
    manager = client_as(Role.MANAGER)
    first = manager.post("/keys", json=KEY).json()
    second = manager.post(f"/keys/{first['uid']}/rotate")
    assert second.status_code == 201, second.text

    def works(text: str) -> int:
        return Caller(manager.client, {"authorization": f"Bearer {text}"}).get("/lots").status_code

    assert (works(first["key"]), works(second.json()["key"])) == (200, 200)
    assert manager.post(f"/keys/{first['uid']}/rotate").status_code == 409
    third = manager.post(f"/keys/{second.json()['uid']}/rotate").json()
    assert [works(one["key"]) for one in (first, second.json(), third)] == [401, 200, 200]
    assert manager.delete(f"/keys/{third['uid']}").status_code == 204
    assert works(third["key"]) == 401


@pytest.mark.parametrize("field", ["revoked_at", "expires_at"])
def test_a_key_that_was_revoked_or_has_run_out_is_none(client_as: ClientAs, database: Database, field: str) -> None:
    caller = client_as(Role.BROKER, key=True)
    assert caller.get("/lots").status_code == 200
    with database.write() as session:
        setattr(session.scalars(select(ApiKey).where(ApiKey.uid == caller.uid)).one(), field, now_utc())
    assert caller.get("/lots").status_code == 401


def test_nobody_is_given_a_role_by_somebody_who_may_not_give_it(client_as: ClientAs, world: World) -> None:
    manager = client_as(Role.MANAGER)
    person = {"login": "moi@example.vn", "name": "Mới", "roles": ["administrator"]}
    assert manager.post("/users", json=person).json()["errors"][0]["pointer"] == "/roles"
    assert manager.post("/users", json=person | {"roles": ["clerk"]}).json()["errors"][0]["pointer"] == "/organisation"
    assert manager.post("/users", json=person | {"roles": ["broker"], "password": PASSWORD}).status_code == 422
    clerk = person | {"roles": ["clerk"], "organisation": world.ours.cooperative.uid}
    made = manager.post("/users", json=clerk)
    assert (made.status_code, made.json()["organisation"]) == (201, world.ours.cooperative.uid)
    assert "password" not in made.text.replace("has_password", "")
    assert manager.post("/users", json=clerk).json()["code"] == "already_there"


def test_a_manager_cannot_touch_an_administrator(client_as: ClientAs) -> None:
    admin, manager = client_as(Role.ADMINISTRATOR), client_as(Role.MANAGER)
    assert manager.patch(f"/users/{admin.uid}", json={"active": False}, headers={"if-match": "*"}).status_code == 422
    assert manager.post(f"/users/{admin.uid}/end-logins").status_code == 422
    assert manager.post(f"/users/{admin.uid}/link").status_code == 422
    assert admin.get("/account").status_code == 200
    assert manager.delete(f"/users/{admin.uid}", headers={"if-match": "*"}).status_code == 422


def test_an_erased_account_leaves_its_uid_in_the_trail_alone(client_as: ClientAs, guest: Caller, lan: User) -> None:
    logged_in(guest)
    manager = client_as(Role.MANAGER)
    assert manager.delete(f"/users/{lan.uid}", headers={"if-match": "*"}).status_code == 204
    assert "lan@example.vn" not in manager.get("/users").text + manager.get("/audit").text
    assert lan.uid in manager.get("/audit").text
    assert log_in(guest).status_code == 401


def test_too_many_logins_at_once_are_told_so(guest: Caller, lan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(passwords, "_places", threading.BoundedSemaphore(1))
    passwords._places.acquire()
    refused = log_in(guest)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "2")
    passwords._places.release()


def test_who_is_remembered_is_forgotten_when_his_access_changes(
    app: FastAPI, client_as: ClientAs, settings: Settings, database: Database
) -> None:
    app.state.service = Service(settings.model_copy(update={"remember_seconds": 4.0}), database)
    manager, broker = client_as(Role.MANAGER), client_as(Role.BROKER, key=True)
    assert broker.get("/lots").status_code == 200
    assert manager.delete(f"/keys/{broker.uid}").status_code == 204
    assert broker.get("/lots").status_code == 401
    clerk = client_as(Role.CLERK)
    assert clerk.get("/lots").status_code == 200
    assert clerk.post("/logout").status_code == 204
    assert clerk.get("/lots").status_code == 401


def test_what_another_process_ends_ends_when_the_memory_does() -> None:
    from service.auth.credential_cache import Memory
    from service.http.admission import GUEST

    now = [0.0]
    memory = Memory(1.0, lambda: now[0])
    memory.keep("a", GUEST, now_utc() + timedelta(hours=1))
    memory.keep("b", GUEST, now_utc() - timedelta(seconds=1))
    assert (memory.find("a"), memory.find("b"), memory.find("c")) == (GUEST, None, None)
    now[0] = 1.0
    assert memory.find("a") is None
