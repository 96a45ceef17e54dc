"""What must be done before anything else: another password, a second factor where the association asks for one."""

from __future__ import annotations

import time
from pathlib import Path

import pyotp
import pytest
from fastapi import FastAPI

from service.auth import demands, passwords, second_factor
from service.db import Database
from service.models import Passkey, Role, User
from tests.security.test_accounts import CHOSEN, HTML
from tests.service.api.conftest import PAGES, Caller, ClientAs, World, add_user


@pytest.fixture
def strict(app: FastAPI, tmp_path: Path) -> FastAPI:
    """The application where the association's people need a second factor."""
    changed = {"second_factor_for_staff": True, "key_file": str(tmp_path / "key")}
    app.state.service.settings = app.state.service.settings.model_copy(update=changed)
    return app


def test_staff_without_a_second_factor_can_only_set_one_up(client_as: ClientAs, strict: FastAPI, database: Database) -> None:
    broker, clerk = client_as(Role.BROKER), client_as(Role.CLERK)
    with database.write() as session:
        for caller in (broker, clerk):
            session.query(User).where(User.uid == caller.uid).one().password_hash = passwords.hashed(CHOSEN)
    assert (clerk.get("/lots").status_code, broker.get("/lots").json()["code"]) == (200, "second_factor_missing")
    for place in ("/", "/today", "/plans", "/sheets/lots"):
        sent = broker.get(f"{PAGES}{place}", headers=HTML, follow_redirects=False)
        assert (sent.status_code, sent.headers["location"]) == (303, "/account"), place
    assert broker.get(f"{PAGES}/account", headers=HTML).status_code == 200
    with database.write() as session:
        user = session.query(User).where(User.uid == broker.uid).one()
        secret = second_factor.begin(session, user, strict.state.service.key)
        assert second_factor.confirm(session, user, pyotp.TOTP(secret).at(int(time.time())), strict.state.service.key)
    assert broker.get("/lots").status_code == 200


def test_a_password_alone_logs_nobody_in_whose_second_factor_is_a_passkey(
    strict: FastAPI, guest: Caller, world: World, database: Database
) -> None:
    with database.write() as session:
        lan = add_user(session, Role.BROKER, world.ours, login="lan@example.vn", password_hash=passwords.hashed(CHOSEN))
        session.add(Passkey(user_id=lan.id, credential_id=b"c", public_key=b"k", name="máy"))
    assert strict.state.service.settings.second_factor_for_staff
    refused = guest.post("/login", json={"login": "lan@example.vn", "password": CHOSEN})
    assert (refused.status_code, refused.json()["code"]) == (401, "passkey_required")


def test_who_logs_in_by_a_common_password_must_choose_another(guest: Caller, world: World, database: Database) -> None:
    with database.write() as session:
        add_user(session, Role.BROKER, world.ours, login="lan@example.vn", password_hash=passwords.hashed("password1234"))
    opened = guest.post("/login", json={"login": "lan@example.vn", "password": "password1234"})
    assert opened.status_code == 200
    cookie = {"cookie": f"mca_session={opened.cookies['mca_session']}"}
    assert guest.get("/lots", headers=cookie).json()["code"] == "new_password_required"
    token = {**cookie, "x-csrf-token": opened.json()["csrf_token"]}
    change = {"password": "password1234", "new_password": CHOSEN}
    assert guest.put("/account/password", json=change, headers=token).status_code == 204
    again = guest.post("/login", json={"login": "lan@example.vn", "password": CHOSEN})
    assert guest.get("/lots", headers={"cookie": f"mca_session={again.cookies['mca_session']}"}).status_code == 200


def test_a_demand_binds_no_key(client_as: ClientAs, strict: FastAPI) -> None:
    assert strict.state.service.settings.second_factor_for_staff
    assert client_as(Role.BROKER, key=True).get("/lots").status_code == 200


def test_a_link_ends_passkeys_and_demands(client_as: ClientAs, guest: Caller, world: World, database: Database) -> None:
    with database.write() as session:
        lan = add_user(session, Role.CLERK, world.ours, login="lan@example.vn")
        session.add(Passkey(user_id=lan.id, credential_id=b"c", public_key=b"k", name="máy"))
        demands.demand_password(session, lan.id)
    link = client_as(Role.MANAGER).post(f"/users/{lan.uid}/link").json()["link"].partition("link=")[2]
    chosen = guest.post(f"{PAGES}/welcome", data={"link": link, "new_password": CHOSEN}, headers=HTML, follow_redirects=False)
    assert chosen.status_code == 303
    with database.read() as session:
        assert session.query(Passkey).all() == []
        assert demands.demand_of(session, lan.id, [Role.CLERK], staff_needs_second=True) is None


@pytest.mark.parametrize("answer", ["", "no JSON", "{}", '{"id": "x", "rawId": "x", "type": "public-key", "response": {}}', "[" * 5000])
def test_what_no_device_answered_logs_nobody_in(guest: Caller, answer: str) -> None:
    ticket = guest.get(f"{PAGES}/passkeys/challenge").json()["ticket"]
    for given in (ticket, "made up"):
        sent = guest.post(f"{PAGES}/sign-in/passkey", data={"ticket": given, "credential": answer}, headers=HTML, follow_redirects=False)
        assert sent.status_code == 401
