"""Links to passwords, the second factor, kept forms, and secrets that must not lie in the database."""

from __future__ import annotations

from pathlib import Path

import pyotp
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from catalog.base import Base
from service.auth import failures, passwords, second_factor
from service.auth.keyring import KeyFileError, load_key
from service.db import Database
from service.models import AuditEvent, Role, SecondFactor, User
from tests.service.api.conftest import PAGES, Caller, ClientAs, World, add_user

CHOSEN = "gió mát trên đồi chè xanh"
HTML = {"accept": "text/html", "origin": "http://mca.test"}


def invited(manager: Caller, world: World) -> tuple[str, str]:
    """Invite a clerk; return the uid and the address of the link."""
    person = {
        "login": "moi@example.vn",
        "name": "Mới",
        "roles": ["clerk"],
        "organisation": world.ours.cooperative.uid,
        "phone": "0912 345 678",
    }
    made = manager.post("/users", json=person)
    return made.json()["uid"], manager.post(f"/users/{made.json()['uid']}/link", headers={"idempotency-key": "planted-key"}).json()["link"]


def chooses(guest: Caller, link: str, password: str = CHOSEN) -> int:
    token = link.partition("link=")[2]
    return guest.post(f"{PAGES}/welcome", data={"link": token, "new_password": password}, headers=HTML, follow_redirects=False).status_code


def test_an_invited_person_chooses_a_password_once_and_logs_in_by_telephone_number(
    client_as: ClientAs, guest: Caller, world: World
) -> None:
    _, link = invited(client_as(Role.MANAGER), world)
    assert [chooses(guest, link, weak) for weak in ("password1234", "moi@example.vn.1", "short")] == [422, 422, 422]
    assert [chooses(guest, link), chooses(guest, link)] == [303, 404]
    for login in ("moi@example.vn", "0912345678", "+84 912 345 678", "0912.345.678"):
        assert guest.post("/login", json={"login": login, "password": CHOSEN}).status_code == 200


def test_nothing_that_is_secret_lies_in_the_database(
    client_as: ClientAs, guest: Caller, world: World, database: Database, app: FastAPI, tmp_path: Path
) -> None:
    app.state.service.settings = app.state.service.settings.model_copy(update={"key_file": str(tmp_path / "key")})
    uid, link = invited(client_as(Role.MANAGER), world)
    assert chooses(guest, link) == 303
    with database.write() as session:
        secret = second_factor.begin(session, session.scalars(select(User).where(User.uid == uid)).one(), app.state.service.key)
    login = guest.post("/login", json={"login": "moi@example.vn", "password": CHOSEN})
    planted = [
        link.partition("link=")[2],
        CHOSEN,
        secret,
        login.cookies["mca_session"],
        login.json()["csrf_token"],
        login.cookies["mca_device"],
    ]
    with database.read() as session:
        dump = "".join(repr(tuple(row)) for table in Base.metadata.sorted_tables for row in session.execute(select(table)))
    assert "moi@example.vn" in dump
    assert [one for one in planted if one in dump or repr(one.encode())[2:-1] in dump] == []


def test_a_second_factor_is_asked_for_and_each_code_is_taken_once(
    client_as: ClientAs, guest: Caller, world: World, database: Database, app: FastAPI, tmp_path: Path
) -> None:
    app.state.service.settings = app.state.service.settings.model_copy(update={"key_file": str(tmp_path / "key")})
    with database.write() as session:
        lan = add_user(session, Role.BROKER, world.ours, login="lan@example.vn", password_hash=passwords.hashed(CHOSEN))
        secret = second_factor.begin(session, lan, app.state.service.key)
        now = 1_800_000_000.0
        code = pyotp.TOTP(secret).at(int(now))
        assert not second_factor.accepts(session, lan, "000000" if code != "000000" else "111111", app.state.service.key, now)
        assert second_factor.confirm(session, lan, pyotp.TOTP(secret).now(), app.state.service.key)
        session.get_one(SecondFactor, lan.id).last_step = 0
        assert [second_factor.accepts(session, lan, code, app.state.service.key, now) for _ in range(2)] == [True, False]
        session.get_one(SecondFactor, lan.id).last_step = 0
    given = {"login": "lan@example.vn", "password": CHOSEN}
    assert guest.post("/login", json=given).json()["code"] == "second_factor_required"
    assert guest.post("/login", json=given | {"code": "12345x"}).json()["code"] == "wrong_login"
    shown = guest.post(f"{PAGES}/sign-in", data=given, headers=HTML)
    ticket = shown.text.partition('name="ticket" value="')[2].partition('"')[0]
    right = {"ticket": ticket, "code": pyotp.TOTP(secret).now(), "login": "lan@example.vn"}
    assert (
        guest.post(f"{PAGES}/sign-in", data=right | {"ticket": ticket[:-2] + "xx"}, headers=HTML, follow_redirects=False).status_code == 401
    )
    assert guest.post(f"{PAGES}/sign-in", data=right, headers=HTML, follow_redirects=False).status_code == 303


def test_a_manager_ends_no_brokers_password_and_an_administrator_does(
    client_as: ClientAs, guest: Caller, world: World, database: Database
) -> None:
    with database.write() as session:
        broker = add_user(session, Role.BROKER, world.ours, login="broker@example.vn", password_hash=passwords.hashed(CHOSEN)).uid
    assert client_as(Role.MANAGER).post(f"/users/{broker}/link").status_code == 409
    assert guest.post("/login", json={"login": "broker@example.vn", "password": CHOSEN}).status_code == 200
    assert client_as(Role.ADMINISTRATOR).post(f"/users/{broker}/link").status_code == 201
    assert guest.post("/login", json={"login": "broker@example.vn", "password": CHOSEN}).status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_form_that_another_site_sends_is_not_kept(guest: Caller, origin: str) -> None:
    headers = {"accept": "text/html"} | ({"origin": origin} if origin else {})
    shown = guest.post(f"{PAGES}/lots/new", data={"quantity_kg": "planted-form"}, headers=headers)
    assert shown.status_code == 401
    assert "planted-form" not in shown.text
    ours = guest.post(f"{PAGES}/lots/new", data={"quantity_kg": "planted-form"}, headers=HTML)
    assert "planted-form" in ours.text


def test_a_login_that_another_site_sends_is_refused(guest: Caller) -> None:
    given = {"login": "lan@example.vn", "password": CHOSEN}
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert guest.post("/login", json=given, headers=headers).json()["code"] == "csrf"
        assert guest.post(f"{PAGES}/sign-in", data=given, headers=HTML | headers).status_code == 403


def test_an_administrator_of_all_associations_chooses_one_and_works(client_as: ClientAs, world: World) -> None:
    admin = client_as(Role.ADMINISTRATOR, market=None)
    sent = admin.get(f"{PAGES}/people", headers=HTML, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, "/associations?back=/people")
    assert world.ours.association.name in admin.get(f"{PAGES}/associations", headers=HTML).text
    chosen = {"cookie": f"{admin.headers['cookie']}; mca_association={world.ours.association.uid}"}
    assert admin.get(f"{PAGES}/people", headers=HTML | chosen).status_code == 200
    assert admin.get("/lots", headers=chosen).status_code == 200
    broker = client_as(Role.BROKER)
    foreign = {"cookie": f"{broker.headers['cookie']}; mca_association={world.theirs.association.uid}"}
    lots = {row["uid"] for row in broker.get("/lots", headers=foreign).json()["items"]}
    assert world.lots[world.theirs].uid not in lots


def test_the_same_key_in_another_association_is_another_one(client_as: ClientAs, world: World) -> None:
    admin = client_as(Role.ADMINISTRATOR, market=None)
    uids = []
    for market in (world.ours, world.theirs):
        headers = {"mca-association": market.association.uid, "idempotency-key": "one"}
        made = admin.post(
            "/users", json={"login": f"{market.association.code}@example.vn", "name": "Nam", "roles": ["broker"]}, headers=headers
        )
        uids.append(made.json()["uid"])
    assert len(set(uids)) == 2


def test_many_forbidden_writes_leave_one_mark(client_as: ClientAs, database: Database) -> None:
    clerk = client_as(Role.CLERK)
    assert {clerk.post("/runs", json={}).status_code for _ in range(5)} == {403}
    with database.read() as session:
        assert len(session.scalars(select(AuditEvent).where(AuditEvent.action == "denied")).all()) == 1


@pytest.mark.parametrize("code", ["a\tb", "a\nb"])
def test_a_code_stands_in_one_line(client_as: ClientAs, code: str) -> None:
    refused = client_as(Role.BROKER).post("/products", json={"code": code, "name": "Vải"})
    assert refused.status_code == 422


def test_a_key_file_is_its_owners_alone_and_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "mca.key"
    assert load_key(path) == load_key(path)
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("no key")
    with pytest.raises(KeyFileError, match="holds no key"):
        load_key(path)


def test_an_address_that_guesses_is_stopped_and_others_are_not(database: Database, world: World) -> None:
    with database.write() as session:
        lan = add_user(session, Role.CLERK, world.ours)
        for _ in range(failures.MOST_IN_A_ROW):
            failures.note_failure(session, lan.id, failures.place_of("2001:db8::1", None))
        places = [
            failures.place_of(address, device) for address, device in (("2001:db8::2", None), ("2001:db8:1::1", None), ("2001:db8::1", 7))
        ]
        assert [failures.is_blocked(session, lan.id, place) for place in places] == [True, False, False]
