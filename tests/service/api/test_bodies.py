"""Bodies and parameters that nobody sends in good faith: each a clear refusal, nothing half-saved, and never our fault."""

from __future__ import annotations

import io
import json
import unicodedata
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from catalog.models import Lot, Organisation
from service import logs
from service.db import Database
from service.http.limits import Limits
from service.models import Role
from service.settings import Settings
from tests.service.api.conftest import Caller, ClientAs, World
from tests.service.api.test_lots import lot

JSON = {"content-type": "application/json"}


@pytest.fixture
def clerk(client_as: ClientAs) -> Caller:
    return client_as(Role.CLERK, key=True)


def posted(clerk: Caller, body: bytes | str, **headers: str) -> Any:
    return clerk.post("/lots", content=body, headers=JSON | headers)


def with_kg(world: World, text: str) -> str:
    return json.dumps(lot(world)).replace('"quantity_kg": 800', f'"quantity_kg": {text}')


BAD_NUMBERS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-5",
    "0",
    "1" + "0" * 30,
    "9" * 400,
    "1.5",
    '"800"',
    "true",
    "null",
    "[]",
    "10000001",
]


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_a_quantity_that_is_none_is_refused_by_name(clerk: Caller, world: World, number: str) -> None:
    refused = posted(clerk, with_kg(world, number))
    assert refused.status_code == 422, refused.text
    assert refused.json()["code"] in {"bad_json", "invalid_request", "invalid"}
    if refused.json()["code"] != "bad_json":
        assert refused.json()["errors"][0]["pointer"] in {"/quantity_kg", "/amount"}


def test_a_whole_number_may_be_written_with_a_point(clerk: Caller, world: World) -> None:
    assert posted(clerk, with_kg(world, "800.0")).json()["quantity_kg"] == 800


UNREADABLE: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"organisation": ',
    "bad utf-8": b'{"note": "\xff\xfe"}',
    "lone surrogate": b'{"note": "\\ud800"}',
    "name twice": b'{"note": "a", "note": "b"}',
    "name twice, deep": b'{"shares": {"a": 1, "a": 2}}',
    "depth 100k": b"[" * 100_000 + b"]" * 100_000,
    "depth 1k": b'{"a":' * 1000 + b"1" + b"}" * 1000,
    "not an object": b"[1, 2]",
    "a word": b"true",
    "two values": b"{} {}",
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_body_that_cannot_be_read_is_refused(clerk: Caller, what: str) -> None:
    refused = posted(clerk, UNREADABLE[what])
    assert refused.status_code == 422, refused.text
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [1024 * 1024 + 1, 20_000_000])
def test_a_body_beyond_the_limit_is_refused_however_it_comes(clerk: Caller, size: int, chunked: bool) -> None:
    body = b'{"note": "' + b"x" * size + b'"}'
    parts = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
    refused = clerk.post("/lots", content=parts if chunked else body, headers=JSON)
    assert (refused.status_code, refused.json()["code"], refused.headers["connection"]) == (413, "body_too_large", "close")


def test_fifty_thousand_fields_that_nobody_knows_are_named_up_to_fifty(clerk: Caller) -> None:
    refused = posted(clerk, json.dumps({f"f{n}": n for n in range(50_000)}))
    assert (refused.status_code, len(refused.json()["errors"])) == (422, 50)


@pytest.mark.parametrize("field", ["supplier_id", "association_id", "organisation_id", "role", "approved_by", "status", "uid", "version"])
def test_a_field_that_is_not_given_by_clients_is_refused(clerk: Caller, world: World, field: str) -> None:
    refused = posted(clerk, json.dumps(lot(world, **{field: 1})))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/{field}")


@pytest.mark.parametrize("text", ["\u0000", "a\u0007b", "\u009f"])
def test_control_characters_are_refused(clerk: Caller, world: World, text: str) -> None:
    assert posted(clerk, json.dumps(lot(world, note=text))).status_code == 422


@pytest.mark.parametrize("text", ["a\u200bb", "\u202eabc", "\u2066x"])
def test_what_can_hide_in_a_name_is_refused(client_as: ClientAs, text: str) -> None:
    broker = client_as(Role.BROKER)
    refused = broker.post("/organisations", json={"kind": "cooperative", "code": "x1", "name": text})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/name")


def test_a_name_is_one_name_in_whatever_form_it_is_typed(client_as: ClientAs, database: Database) -> None:
    broker, name = client_as(Role.BROKER), "Hợp tác xã Hòa Bình"
    made = broker.post("/organisations", json={"kind": "cooperative", "code": "Hòa", "name": unicodedata.normalize("NFD", name)})
    assert (made.status_code, made.json()["name"]) == (201, name)
    twice = broker.post("/organisations", json={"kind": "cooperative", "code": unicodedata.normalize("NFD", "Hòa"), "name": name})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_there")
    for wanted in ("hoa binh", "HÒA", unicodedata.normalize("NFD", "hòa bình")):
        assert [row["name"] for row in broker.get("/organisations", params={"q": wanted}).json()["items"]] == [name]


def test_kilograms_taken_for_tonnes_are_asked_about(clerk: Caller, world: World, database: Database) -> None:
    with database.write() as session:
        world.ours.session = session
        for kg in (10_000, 12_000):
            session.add(
                Lot(
                    **{
                        c.name: getattr(world.lots[world.ours], c.name)
                        for c in Lot.__table__.columns
                        if c.name not in {"id", "uid", "code"}
                    }
                    | {"quantity_kg": kg}
                )
            )
    asked = clerk.post("/lots", json=lot(world, quantity_kg=12))
    assert (asked.status_code, asked.json()["code"]) == (422, "needs_confirmation")
    assert clerk.post("/lots", json=lot(world, quantity_kg=12, confirmed=True)).status_code == 201


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"available_from": "2027-06-09", "available_until": "2027-06-07"}, {"/available_from", "/available_until"}),
        ({"available_from": "0999-01-01"}, {"/available_from", "/available_until"}),
        ({"available_from": "2027-02-29"}, {"/available_from"}),
        ({"available_from": 20270607}, {"/available_from"}),
        ({"available_from": "07/06/2027"}, {"/available_from"}),
        ({"available_from": "1812326400"}, {"/available_from"}),
        ({"available_from": "2027-06-07T00:00:00"}, {"/available_from"}),
        ({"available_from": "2027-06-07T00:00:00+09:00"}, {"/available_from"}),
    ],
)
def test_days_that_make_no_sense_are_refused_by_name(clerk: Caller, world: World, change: dict[str, Any], fields: set[str]) -> None:
    refused = clerk.post("/lots", json=lot(world, **change))
    assert refused.status_code == 422
    assert {item["pointer"] for item in refused.json()["errors"]} == fields


@pytest.mark.parametrize("text", ["0", "1812326400", "2027-06-07T00:00:00Z", "07/06/2027", "2027-02-29"])
def test_a_day_in_a_query_is_not_guessed(clerk: Caller, text: str) -> None:
    refused = clerk.get("/lots", params={"available_from": text})
    assert (refused.status_code, [item["pointer"] for item in refused.json()["errors"]]) == (422, ["query/available_from"])
    assert clerk.get("/lots", params={"available_from": "2028-02-29"}).status_code == 200


def test_a_body_that_is_no_object_is_pointed_at_as_a_whole(clerk: Caller) -> None:
    assert [item["pointer"] for item in posted(clerk, "[]").json()["errors"]] == [""]


def test_an_organisation_that_is_not_there_is_told_in_words(clerk: Caller, world: World) -> None:
    refused = clerk.post("/lots", json=lot(world, organisation="01k4h4m1r3v8w2x5y7z9abcdef")).json()
    assert [(item["pointer"], item["message"]) for item in refused["errors"]] == [("/organisation", "an organisation of yours")]


def test_a_leap_day_is_a_day(clerk: Caller, world: World) -> None:
    made = clerk.post("/lots", json=lot(world, available_from="2028-02-29", available_until="2028-02-29"))
    assert made.json()["available_from"] == "2028-02-29"


SQL = ["'; DROP TABLE lot; --", "1 OR 1=1", '" OR ""="', "lychee' UNION SELECT * FROM user_account --", "%", "_", "\\"]


@pytest.mark.parametrize("text", SQL)
def test_sql_in_a_field_is_only_text(client_as: ClientAs, world: World, text: str, database: Database) -> None:
    broker = client_as(Role.BROKER)
    assert broker.get("/lots", params={"product": text}).json()["items"] == []
    assert broker.get("/organisations", params={"q": text}).json()["items"] == []
    assert broker.get("/lots", params={"sort": text}).status_code == 422
    assert broker.get("/lots", params={"cursor": text}).status_code in {400, 422}
    assert broker.get("/lots", params={"status": text}).status_code == 422
    assert broker.get(f"/lots/{text.replace('/', '')}").status_code in {404, 422}
    assert broker.post("/lots", json=lot(world, note=text)).json()["note"] == text.strip()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Organisation)) == 4


def test_a_filter_that_is_misspelt_is_not_ignored(clerk: Caller) -> None:
    refused = clerk.get("/lots", params={"statuss": "declared"})
    assert (refused.status_code, refused.json()["code"], refused.json()["errors"][0]["pointer"]) == (
        422,
        "unknown_parameter",
        "query/statuss",
    )


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1e3", "NaN"])
def test_a_page_has_from_one_to_two_hundred_rows(clerk: Caller, limit: str) -> None:
    assert clerk.get("/lots", params={"limit": limit}).status_code == 422


def test_a_list_is_read_to_its_end_while_rows_come_and_go(clerk: Caller, world: World, database: Database) -> None:
    made = [clerk.post("/lots", json=lot(world, code=f"L{n}")).json()["uid"] for n in range(7)]
    seen, cursor = [], None
    while True:
        answer = clerk.get("/lots", params={"limit": 3, "sort": "created_at"} | ({"cursor": cursor} if cursor else {})).json()
        seen += [row["uid"] for row in answer["items"]]
        if len(seen) == 3:
            made.append(clerk.post("/lots", json=lot(world, code="later")).json()["uid"])
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen[1:] == made
    assert len(set(seen)) == len(seen)


def test_a_cursor_of_another_list_or_another_person_or_made_up_is_refused(client_as: ClientAs, world: World) -> None:
    broker = client_as(Role.BROKER)
    for n in range(3):
        broker.post("/lots", json=lot(world, code=f"L{n}"))
    cursor = broker.get("/lots", params={"limit": 1}).json()["next_cursor"]
    assert broker.get("/lots", params={"limit": 2, "cursor": cursor}).status_code == 200
    wrong: list[tuple[Caller, str, dict[str, str]]] = [
        (broker, "/lines", {"cursor": cursor}),
        (broker, "/lots", {"cursor": cursor, "status": "declared"}),
        (broker, "/lots", {"cursor": cursor, "sort": "available_from"}),
        (client_as(Role.BROKER), "/lots", {"cursor": cursor}),
        (broker, "/lots", {"cursor": cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")}),
        (broker, "/lots", {"cursor": "AAAA"}),
    ]
    for caller, path, asked in wrong:
        refused = caller.get(path, params=asked)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_cursor"), path


def test_an_old_cursor_says_that_it_is_old(clerk: Caller, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk.post("/lots", json=lot(world))
    cursor = clerk.get("/lots", params={"limit": 1}).json()["next_cursor"]
    monkeypatch.setattr("service.http.cursors.GOOD_FOR_S", -1)
    old = clerk.get("/lots", params={"limit": 1, "cursor": cursor})
    assert (old.status_code, old.json()["code"]) == (410, "cursor_expired")


def test_data_are_never_kept_by_a_cache_and_a_known_version_is_not_sent_again(clerk: Caller, world: World) -> None:
    place = f"/lots/{world.lots[world.ours].uid}"
    first = clerk.get(place)
    assert (first.headers["cache-control"], first.headers["etag"]) == ("private, no-store", 'W/"1"')
    assert {"Authorization", "Cookie", "Accept-Encoding"} == {name.strip() for name in first.headers["vary"].split(",")}
    again = clerk.get(place, headers={"if-none-match": 'W/"1"'})
    assert (again.status_code, again.content) == (304, b"")
    assert clerk.get(place, headers={"if-none-match": 'W/"7"'}).status_code == 200


def test_every_answer_has_the_headers_of_safety(guest: Caller, clerk: Caller) -> None:
    for answer in (clerk.get("/lots"), guest.get("/lots"), guest.get("/nowhere"), guest.get("/healthz")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-request-id"]


def test_a_request_keeps_the_id_that_it_came_with_unless_it_is_odd(clerk: Caller) -> None:
    assert clerk.get("/lots", headers={"x-request-id": "abcdefgh-1"}).headers["x-request-id"] == "abcdefgh-1"
    assert clerk.get("/lots", headers={"x-request-id": 'a"\t b'}).headers["x-request-id"] != 'a"\t b'
    refused = clerk.get("/lots/x", headers={"x-request-id": "abcdefgh-2"})
    assert refused.json()["request_id"] == "abcdefgh-2"


def test_who_asks_too_often_waits(app: FastAPI, clerk: Caller, client_as: ClientAs, guest: Caller, settings: Settings) -> None:
    other = client_as(Role.CLERK, key=True)
    app.state.service.limits = Limits(settings.model_copy(update={"rate_per_minute": 10, "guest_rate_per_minute": 10}))
    answers = [clerk.get("/lots") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"default";q=10;w=60'
    assert answers[0].headers["ratelimit"].startswith('"default";r=9;t=')
    assert (answers[-1].json()["code"], int(answers[-1].headers["retry-after"]) >= 1) == ("rate_limited", True)
    assert other.get("/lots").status_code == 200
    assert [guest.get("/lots").status_code for _ in range(11)] == [401] * 10 + [429]


def test_whatever_the_answer_it_says_how_often_one_may_still_ask(clerk: Caller, world: World) -> None:
    key = {"Idempotency-Key": "same"}
    answers = [clerk.post("/lots", json=lot(world), headers=key) for _ in range(2)]
    answers += [clerk.get("/lots/nonsense"), clerk.get("/lots?x=1"), clerk.get("/users"), posted(clerk, "{"), clerk.get("/exports/lots")]
    assert [answer.status_code for answer in answers] == [201, 201, 422, 422, 403, 422, 200]
    assert answers[1].headers["idempotency-replayed"] == "true"
    left = [int(answer.headers["ratelimit"].split("r=")[1].split(";")[0]) for answer in answers]
    assert left == sorted(left, reverse=True)
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {answers[0].headers["ratelimit-policy"]}


def test_more_than_a_process_takes_on_is_turned_away_at_once(app: FastAPI, clerk: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.state.service, "settings", app.state.service.settings.model_copy(update={"most_requests": 0}))
    refused = clerk.get("/lots")
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "2")


FAILURES: dict[str, tuple[Exception, int, str]] = {
    "pool": (PoolTimeout("QueuePool limit reached"), 503, "database_away"),
    "away": (OperationalError("x", {}, Exception("server closed the connection unexpectedly")), 503, "database_away"),
    "full": (OperationalError("x", {}, Exception("database or disk is full")), 507, "disk_full"),
    "locked": (OperationalError("x", {}, Exception("database is locked")), 409, "conflict"),
    "bug": (RuntimeError("planted-secret password=hunter2hunter2"), 500, "internal"),
}


@pytest.mark.parametrize("what", FAILURES)
def test_a_failure_of_the_database_or_of_ours_is_told_without_its_inside(
    clerk: Caller, world: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    error, status, code = FAILURES[what]

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("catalog.intake.declare_lot", fail)
    answer = clerk.post("/lots", json=lot(world))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "planted-secret" not in answer.text
    monkeypatch.undo()
    assert clerk.post("/lots", json=lot(world)).status_code == 201


def test_a_write_that_leaves_no_mark_in_the_trail_is_not_done(
    clerk: Caller, world: World, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr("service.http.context.RequestContext.did", lambda *_, **__: None)
    assert clerk.post("/lots", json=lot(world, code="unmarked")).status_code == 500
    with database.read() as session:
        assert session.scalars(select(Lot).where(Lot.code == "unmarked")).all() == []


def test_no_secret_of_a_request_reaches_the_log(guest: Caller, clerk: Caller, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any) -> None:
        raise RuntimeError(f"broken by {clerk.headers['authorization']} and password=planted-password")

    stream = io.StringIO()
    logs.configure("debug", stream)
    guest.post("/login", json={"login": "lan@example.vn", "password": "planted-password"})
    clerk.get("/lots", headers={"cookie": "mca_session=planted-session"})
    guest.get("/lots", headers={"authorization": "Bearer mca_planted0_planted-key"})
    monkeypatch.setattr("catalog.intake.declare_lot", fail)
    assert clerk.post("/lots", json=lot(world, note="gọi 0912 345 678")).status_code == 500
    logs.configure("error")
    said = stream.getvalue()
    assert said.count("answered") == 4
    assert "RuntimeError" in said
    planted = ("planted-", "0912 345 678", clerk.headers["authorization"].removeprefix("Bearer "))
    assert [secret for secret in planted if secret in said] == []
