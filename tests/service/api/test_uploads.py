"""Uploads and exports over HTTP: what goes up comes down again, and what is wrong is told cell by cell."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buyers.models import LineProduct, LineRequirement
from catalog.models import Lot
from matching.io import read_problem
from service.db import Database
from service.http.routing import PREFIX
from service.models import AuditEvent, Role
from tests.service.api.conftest import ClientAs, World
from tests.service.uploads.files import LINE, LINE_HEADER, LOT, LOT_HEADER, changed, csv_of, xlsx_of

CSV = {"content-type": "text/csv"}
XLSX = {"content-type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
YES = {"confirmed": "true"}


def count(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Lot)) or 0


def accept(session: Session, world: World) -> None:
    """Let our line accept the product, with a certificate."""
    line = world.lines[world.ours]
    session.add(LineProduct(line_id=line.id, position=0, product_id=world.ours.product.id))
    session.add(LineRequirement(line_id=line.id, position=0, scheme="OCOP", min_level=3))


def test_a_cooperative_uploads_its_lots_and_sees_them(client_as: ClientAs, database: Database) -> None:
    clerk = client_as(Role.CLERK)
    done = clerk.post("/uploads/lots", content=csv_of(LOT), headers=CSV, params={**YES, "file_name": "tuan-23.csv"})
    assert (done.status_code, done.json()["new"]) == (201, 1), done.text
    assert done.json()["preview"][0]["lot_id"] == "l1"
    assert "l1" in [row["code"] for row in clerk.get("/lots").json()["items"]]
    with database.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "upload.lots")).all()
        assert [(event.after or {})["file"] for event in events] == ["tuan-23.csv"]


@pytest.mark.parametrize("form", ["csv", "json", "xlsx", "form"])
def test_each_form_of_upload_is_taken(client_as: ClientAs, form: str) -> None:
    clerk = client_as(Role.CLERK)
    sent: dict[str, dict[str, Any]] = {
        "csv": {"content": csv_of(LOT), "headers": CSV},
        "json": {"json": [dict(zip(LOT_HEADER, LOT, strict=True))]},
        "xlsx": {"content": xlsx_of(LOT_HEADER, LOT), "headers": XLSX},
        "form": {"files": {"file": ("lots.csv", csv_of(LOT), "application/octet-stream")}},
    }
    assert clerk.post("/uploads/lots", params=YES, **sent[form]).json()["new"] == 1


def test_a_buyer_uploads_its_lines_and_nobody_elses(client_as: ClientAs, world: World) -> None:
    buyer = client_as(Role.PROCUREMENT)
    assert buyer.post("/uploads/demands", content=csv_of(LINE, header=LINE_HEADER), headers=CSV, params=YES).json()["new"] == 1
    assert buyer.post("/uploads/lots", content=csv_of(LOT), headers=CSV).status_code == 403
    stranger = client_as(Role.PROCUREMENT, market=world.theirs)
    answer = stranger.post("/uploads/demands", content=csv_of(LINE, header=LINE_HEADER), headers=CSV, params=YES)
    assert answer.json()["new"] == 1, "codes are the same in each association"


def test_every_wrong_cell_is_told_and_nothing_is_written(client_as: ClientAs, database: Database) -> None:
    before = count(database)
    rows = [LOT, changed(LOT, lot_id="l2", quantity_kg="NaN"), changed(LOT, lot_id="l3", site_id="nowhere", grade="=1+1")]
    answer = client_as(Role.CLERK).post("/uploads/lots", content=csv_of(*rows), headers=CSV, params=YES)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["facts"]) == (422, "invalid_upload", {"errors": 3})
    assert [(one["table"], one["row"], one["column"]) for one in problem["errors"]] == [
        ("lots", 3, "quantity_kg"), ("lots", 4, "grade"), ("lots", 4, "site_id"),
    ]  # fmt: skip
    assert count(database) == before


def test_more_than_a_thousand_faults_are_counted_and_a_thousand_listed(client_as: ClientAs) -> None:
    rows = [changed(LOT, lot_id=f"l{n}", quantity_kg=-1, grade=0) for n in range(700)]
    problem = client_as(Role.CLERK).post("/uploads/lots", content=csv_of(*rows), headers=CSV, params=YES).json()
    assert (len(problem["errors"]), problem["facts"]["errors"]) == (1000, 1400)


def test_the_same_file_again_is_refused_with_the_upload_that_took_it(client_as: ClientAs) -> None:
    clerk = client_as(Role.CLERK)
    first = clerk.post("/uploads/lots", content=csv_of(LOT), headers=CSV, params=YES).json()
    again = clerk.post("/uploads/lots", content=csv_of(LOT), headers=CSV, params=YES)
    assert (again.status_code, again.json()["code"], again.json()["facts"]["uid"]) == (409, "already_imported", first["uid"])
    forced = clerk.post("/uploads/lots", content=csv_of(LOT), headers=CSV, params={**YES, "force": "true"})
    assert forced.json()["same"] == 1


def test_the_same_request_again_has_one_effect(client_as: ClientAs) -> None:
    clerk = client_as(Role.CLERK)
    answers = [clerk.post("/uploads/lots", content=csv_of(LOT), headers=CSV | {"idempotency-key": "k"}, params=YES) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"


def test_a_dry_run_writes_nothing(client_as: ClientAs, database: Database) -> None:
    before = count(database)
    done = client_as(Role.CLERK).post("/uploads/lots", content=csv_of(LOT), headers=CSV, params={"dry_run": "true"}).json()
    assert (done["uid"], done["new"], done["notes"][0]) == (None, 1, "read as utf-8, separated by comma")
    assert count(database) == before


def test_what_is_odd_must_be_confirmed(client_as: ClientAs) -> None:
    clerk = client_as(Role.CLERK)
    cp1258 = csv_of(changed(LOT, lot_id="đ")).decode().encode("cp1258")
    answer = clerk.post("/uploads/lots", content=cp1258, headers=CSV)
    assert (answer.status_code, answer.json()["code"]) == (422, "needs_confirmation")
    assert clerk.post("/uploads/lots", content=cp1258, headers=CSV, params={"encoding": "cp1258"}).status_code == 201


def test_a_file_that_is_too_large_is_refused_and_the_service_lives_on(client_as: ClientAs) -> None:
    clerk = client_as(Role.CLERK)

    def endless() -> Any:
        yield csv_of(LOT)
        for _ in range(60):
            yield b"\n" * 1_000_000

    assert clerk.post("/uploads/lots", content=endless(), headers=CSV).status_code == 413
    assert clerk.post("/uploads/lots", content=b"", headers=CSV | {"content-length": "60000000"}).status_code == 413
    assert clerk.get("/lots").status_code == 200


CUT_OFF = [("POST", "/uploads/lots", "text/csv"), ("POST", "/lots", "application/json"), ("PUT", "photo", "image/png")]


@pytest.mark.parametrize(("method", "path", "kind"), CUT_OFF)
def test_a_client_that_goes_away_in_the_middle_saves_nothing_and_is_no_failure_of_ours(
    app: FastAPI, client_as: ClientAs, database: Database, capsys: pytest.CaptureFixture[str], method: str, path: str, kind: str
) -> None:
    broker, before = client_as(Role.BROKER), count(database)
    place = PREFIX + (f"/receipts/{broker.uid}/photo" if path == "photo" else path)
    sent = {**broker.headers, "content-type": kind, "content-length": "5000", "idempotency-key": "gone"}
    headers = [(name.encode(), value.encode()) for name, value in sent.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": place,
        "raw_path": place.encode(), "query_string": b"", "headers": headers, "client": ("203.0.113.7", 5), "server": ("mca", 80),
    }  # fmt: skip
    messages = [{"type": "http.request", "body": csv_of(LOT), "more_body": True}, {"type": "http.disconnect"}]
    answers: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    async def send(message: Any) -> None:
        answers.append(message)

    counted = metric(app, "499")
    asyncio.run(app(scope, receive, send))
    assert answers == []
    assert (count(database), metric(app, "499")) == (before, counted + 1)
    assert "Traceback" not in capsys.readouterr().err
    again = broker.post("/uploads/lots", content=csv_of(LOT), headers={**CSV, "idempotency-key": "gone"}, params=YES)
    assert again.status_code == 201, again.text


def metric(app: FastAPI, status: str) -> float:
    """Return how many requests have been answered so."""
    rows = next(iter(app.state.metrics.requests.collect())).samples
    return float(sum(row.value for row in rows if row.name.endswith("_total") and row.labels.get("status") == status))


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"lot_id\n", {"content-type": "application/pdf"}, 415, "unsupported_media_type"),
        (b"nothing", CSV, 422, "unreadable_upload"),
        (b"", CSV, 422, "unreadable_upload"),
        (b"PK\x03\x04", XLSX, 422, "unreadable_upload"),
        (b"[NaN]", {"content-type": "application/json"}, 422, "unreadable_upload"),
        (b"--x\r\n", {"content-type": "multipart/form-data; boundary=x"}, 422, "bad_form"),
    ],
)
def test_what_is_no_table_is_refused(client_as: ClientAs, content: bytes, headers: dict[str, str], status: int, code: str) -> None:
    answer = client_as(Role.CLERK).post("/uploads/lots", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_what_is_exported_can_be_uploaded_again_and_changes_nothing(client_as: ClientAs, database: Database, world: World) -> None:
    broker = client_as(Role.BROKER)
    with database.write() as session:
        accept(session, world)
    for table in ("lots", "demands"):
        for form, headers in (("csv", CSV), ("xlsx", XLSX)):
            file = broker.get(f"/exports/{table}", params={"form": form})
            assert file.status_code == 200, file.text
            done = broker.post(f"/uploads/{table}", content=file.content, headers=headers, params=YES)
            assert done.status_code == 201, done.text
            assert (done.json()["new"], done.json()["changed"], done.json()["same"]) == (0, 0, 1)


def test_a_formula_in_a_code_is_never_exported_as_one(client_as: ClientAs) -> None:
    clerk = client_as(Role.CLERK)
    for n, code in enumerate(["=HYPERLINK(1)", "+1", "-1", "@a"]):
        row = dict(zip(LOT_HEADER, changed(LOT, lot_id=code), strict=True))
        assert clerk.post("/uploads/lots", json=[row], params={**YES, "file_name": str(n)}).status_code == 201
    text = clerk.get("/exports/lots").content.decode("utf-8-sig")
    assert [row[0] for row in list(csv.reader(io.StringIO(text)))[2:]] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@a"]
    book = clerk.get("/exports/lots", params={"form": "xlsx"}).content
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    again = clerk.post("/uploads/lots", content=clerk.get("/exports/lots").content, headers=CSV, params=YES)
    assert (again.json()["new"], again.json()["same"]) == (0, 5)


def test_each_exports_what_it_sees(client_as: ClientAs, world: World) -> None:
    clerk, stranger = client_as(Role.CLERK), client_as(Role.CLERK, market=world.theirs)
    assert len(clerk.get("/exports/lots").content.splitlines()) == 2
    assert clerk.get("/exports/demands").content.splitlines()[1:] == []
    assert world.lots[world.ours].code not in stranger.get("/exports/lots").text
    assert clerk.get("/exports/lots", params={"first": "2030-01-01"}).content.splitlines()[1:] == []
    assert clerk.get("/exports/lots", params={"first": "2030-01-02", "last": "2030-01-01"}).status_code == 422


def test_the_open_season_is_downloaded_in_the_exchange_format_by_the_association_alone(
    client_as: ClientAs, database: Database, world: World, tmp_path: Path
) -> None:
    broker = client_as(Role.BROKER)
    with database.write() as session:
        accept(session, world)
    with zipfile.ZipFile(io.BytesIO(broker.get("/exports/season").content)) as archive:
        archive.extractall(tmp_path / "season")
    (tmp_path / "season.xlsx").write_bytes(broker.get("/exports/season", params={"form": "xlsx"}).content)
    problems = [read_problem(tmp_path / name) for name in ("season", "season.xlsx")]
    assert problems[0].digest() == problems[1].digest()
    assert (problems[0].n_lots, problems[0].n_lines) == (1, 1)
    assert client_as(Role.CLERK).get("/exports/season").status_code == 403


def test_json_rows_of_any_shape_are_told_not_crashed_on(client_as: ClientAs) -> None:
    clerk = client_as(Role.CLERK)
    odd: list[Any] = [{}, [[]], [{"lot_id": None}], [{"lot_id": {"a": [1]}}], [{"": 1}], {"rows": None}, "x", 1, None]
    twice = b'[{"lot_id": "a", "lot_id": "b"}]'
    for content in [*map(orjson.dumps, odd), b'[{"lot_id": "\\ud800"}]', twice, b"[" * 100_000]:
        answer = clerk.post("/uploads/lots", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 422, (content[:100], answer.text)


def test_html_in_a_text_is_kept_and_shown_as_text(client_as: ClientAs) -> None:
    clerk, code = client_as(Role.CLERK), '"><img src=x onerror=alert(1)><script>'
    row = dict(zip(LOT_HEADER, changed(LOT, lot_id=code), strict=True))
    assert clerk.post("/uploads/lots", json=[row], params=YES).status_code == 201
    shown = clerk.get("/lots")
    assert code in [lot["code"] for lot in shown.json()["items"]]
    assert (shown.headers["content-type"], shown.headers["x-content-type-options"]) == ("application/json", "nosniff")
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")
    book = clerk.get("/exports/lots", params={"form": "xlsx"}).content
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        assert b"&lt;script&gt;" in archive.read("xl/sharedStrings.xml")
