"""`mca serve` starts with one command, answers, drains, and the README's examples work on it as they are printed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from service.auth.roles import PersonRole
from service.db import Database
from service.models import Role
from tests.service.cli_support import run
from tests.service.live import Live, free_port, serving

pytestmark = pytest.mark.xdist_group("serve")
ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CURL = """#!/bin/sh
echo called >> "$CALLS"
exec {curl} --fail-with-body --show-error "$@"
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The demo, as `make serve` starts it."""
    with serving(tmp_path_factory.mktemp("demo"), "--demo") as live:
        yield live


def get(live: Live, path: str, key: str = "", **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(live.address + path, headers={**({"authorization": f"Bearer {key}"} if key else {}), **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def examples() -> list[str]:
    """The shell examples of the README's section about the service."""
    section = README.partition("## Run the service")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def test_one_command_serves_the_sample_season(demo: Live) -> None:
    keys = demo.logins()
    status, lots = get(demo, "/api/v1/lots?limit=200", keys["BROKER_KEY"])
    assert (status, len(lots["items"]), lots["next_cursor"] is not None) == (200, 200, True)
    assert get(demo, "/readyz") == (200, {"status": "ok"})
    assert get(demo, "/metrics")[0] == 401


def test_the_make_target_is_that_command() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^serve: setup ## .*\n\t@\$\(BIN\)/mca serve --demo$", makefile, re.MULTILINE)
    assert "make serve" in README


def test_one_login_per_role_is_printed_and_works(demo: Live) -> None:
    rows = [line.split() for line in demo.said if line.startswith("  ")]
    assert [row[0] for row in rows] == ["clerk", "procurement", "broker", "manager", "auditor", "administrator"]
    for role, login, password in rows:
        body = json.dumps({"login": login, "password": password}).encode()
        request = urllib.request.Request(
            demo.address + "/api/v1/login", data=body, headers={"content-type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert json.load(answer)["roles"] == [role]


def test_what_the_demo_writes_is_its_owners_alone_to_read(demo: Live) -> None:
    files = [demo.folder / "mca-demo", *(demo.folder / "mca-demo").iterdir()]
    assert {file.name: stat.S_IMODE(file.stat().st_mode) & 0o077 for file in files} == {file.name: 0 for file in files}
    assert {"mca.db", "logins.env"} <= {file.name for file in files}


def test_the_examples_of_the_readme_work_as_printed(demo: Live, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    assert curl is not None, "install curl"
    (tmp_path / "curl").write_text(CURL.format(curl=curl))
    (tmp_path / "curl").chmod(0o755)
    calls = tmp_path / "calls"
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(calls)}
    (script,) = examples()
    command = ["bash", "-e", "-u", "-o", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=demo.folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert len(calls.read_text().splitlines()) == script.count("curl -s")
    assert '"preview":[{"lot_id":"L-17"' in done.stdout
    assert "event: " in done.stdout
    assert '"state":"current"' in done.stdout
    assert (demo.folder / "plan.zip").read_bytes().startswith(b"PK")
    assert json.loads((demo.folder / "openapi.json").read_text())["openapi"].startswith("3.1")


def test_the_log_holds_no_password_and_no_key(demo: Live) -> None:
    log = (demo.folder / "log").read_text()
    assert '"event": "answered"' in log
    assert [name for name, value in demo.logins().items() if name.endswith(("_KEY", "_PASSWORD")) and value in log] == []


def test_a_second_start_gives_new_passwords_and_keeps_the_season(demo: Live, tmp_path: Path) -> None:
    shutil.copytree(demo.folder / "mca-demo", tmp_path / "mca-demo")
    before = demo.logins()
    with serving(tmp_path, "--demo", "--no-worker") as again:
        after = again.logins()
        assert {name for name in before if before[name] == after[name]} >= {"COOP", "BUYER", "CLERK_LOGIN"}
        assert before["BROKER_KEY"] != after["BROKER_KEY"]
        assert get(again, "/api/v1/lots", before["BROKER_KEY"])[0] == 401
        assert get(again, "/api/v1/lots", after["BROKER_KEY"])[0] == 200


def test_sigterm_ends_streams_and_the_worker_and_the_process_with_status_0(tmp_path: Path) -> None:
    with serving(tmp_path, "--demo", webhook_seconds=1) as live:
        key = live.logins()["BROKER_KEY"]
        body = json.dumps({"time_limit_s": 300}).encode()
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        request = urllib.request.Request(live.address + "/api/v1/runs", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            uid = json.load(answer)["uid"]
        stream = urllib.request.Request(
            f"{live.address}/api/v1/runs/{uid}/events", headers={"authorization": f"Bearer {key}", "accept": "text/event-stream"}
        )
        with urllib.request.urlopen(stream, timeout=120) as events:
            assert any(b'"running"' in line for line in events)
            assert live.end() == 0
        log = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if line.startswith("{")]
    assert [entry["drained"] for entry in log if entry["event"] == "ended"] == [True]
    assert {"run_given_back", "worker_ends"} <= {entry["event"] for entry in log}


def test_a_client_that_never_ends_its_headers_keeps_nobody_from_the_service(demo: Live) -> None:
    half = []
    try:
        for _ in range(50):
            half.append(socket.create_connection(("127.0.0.1", demo.port), timeout=60))
            half[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX")
        assert get(demo, "/healthz") == (200, {"status": "ok"})
    finally:
        for connection in half:
            connection.close()


def test_an_address_in_use_and_a_newer_database_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCA_DATABASE_URL", f"sqlite:///{tmp_path / 'mca.db'}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run("serve", "--port", port)
    assert (refused.exit_code, refused.stderr) == (2, f"can't listen at 127.0.0.1 port {port}: Address already in use\n")
    assert run("db", "upgrade").exit_code == 0
    database = Database(f"sqlite:///{tmp_path / 'mca.db'}")
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    newer = run("serve", "--port", free_port())
    assert (newer.exit_code, "revision 9999" in newer.stderr) == (2, True)


def test_the_roles_of_the_command_line_are_those_of_people() -> None:
    assert {role.value for role in PersonRole} == {role.value for role in Role} - {Role.PARTNER.value}


def test_ctrl_c_ends_it_as_well(tmp_path: Path) -> None:
    with serving(tmp_path, "--no-worker", database_url=f"sqlite:///{tmp_path / 'own.db'}") as live:
        assert get(live, "/readyz")[0] == 200
        assert live.end(signal.SIGINT) == 0
