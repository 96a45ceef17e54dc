"""The commands about the service's database: schema, seasons in and out, backups, the audit trail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from typer.testing import CliRunner

from catalog.models import Association, Lot
from matching.io import input_sha256
from service.auth.passwords import matches
from service.cli.main import app
from service.db import Database, head_revision
from service.models import AuditEvent, User
from service.season import sample_folder
from tests.service.cli_support import printed_json, run

SEASON = sample_folder()


@pytest.fixture
def served(database_address: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The database that the settings name."""
    monkeypatch.setenv("MCA_DATABASE_URL", database_address)
    return Database(database_address)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings say that a SQLite file is; there is none."""
    monkeypatch.setenv("MCA_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    return tmp_path / "new.db"


def test_a_new_database_is_refused_until_its_schema_is_made(file: Path) -> None:
    refused = run("db", "check")
    assert (refused.exit_code, "run 'mca db upgrade'" in refused.stderr) == (2, True)
    assert f"now at revision {head_revision()}" in run("db", "upgrade").stdout
    assert "already" in run("db", "upgrade").stdout
    assert run("db", "check").stdout == "Everything holds.\n"


def test_a_season_goes_in_once_and_comes_out_as_it_was(served: Database, tmp_path: Path) -> None:
    unknown = run("import", SEASON, "--association", "bac-ninh")
    assert (unknown.exit_code, unknown.stderr) == (2, "there is no association 'bac-ninh'\n")
    done = run("import", SEASON, "--association", "bac-ninh", "--name", "Liên minh", "--json")
    assert printed_json(done)["new"]["lot"] == 239
    again = run("import", SEASON, "--association", "bac-ninh")
    assert (again.exit_code, "imported already" in again.stderr) == (2, True)
    assert run("import", SEASON, "--association", "bac-ninh", "--force").stdout == "Nothing new.\n"
    exported = printed_json(run("export", tmp_path / "out", "--association", "bac-ninh", "--json"))
    assert exported["lots"] == 239
    assert input_sha256(tmp_path / "out") == exported["sha256"]
    unsealed = run("audit", "verify")
    assert (unsealed.exit_code, unsealed.stdout.count("the chain has no seal"), unsealed.stdout.count("\n")) == (1, 1, 1)
    assert run("audit", "anchor", "--file", tmp_path / "anchors").exit_code == 0
    verified = run("audit", "verify", "--anchor", tmp_path / "anchors")
    assert (verified.exit_code, verified.stdout) == (0, "The audit trail holds, and its seals fit.\n")
    with served.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 2
    served.close()


def test_a_faulty_season_is_refused_whole_and_makes_no_association(served: Database, tmp_path: Path) -> None:
    for table in SEASON.glob("*.csv"):
        (tmp_path / table.name).write_text(table.read_text(encoding="utf-8"), encoding="utf-8")
    lots = (tmp_path / "lots.csv").read_text(encoding="utf-8").splitlines()
    lots[1], lots[2] = lots[1].replace("2450", "99999999"), "n" * 101 + lots[2][lots[2].index(",") :]
    (tmp_path / "lots.csv").write_text("\n".join(lots), encoding="utf-8")
    refused = run("import", tmp_path, "--association", "bac-ninh", "--name", "Liên minh")
    assert refused.exit_code == 2
    assert "2 errors in the input; nothing was written." in refused.stderr
    assert "lots row 2 column quantity_kg: '99999999'" in refused.stderr
    assert "lots row 3 column lot_id: 'nnn" in refused.stderr
    with served.read() as session:
        assert session.scalar(select(func.count()).select_from(Association)) == 0
    served.close()


def test_an_export_overwrites_nothing_and_can_be_cut_to_some_days(served: Database, tmp_path: Path) -> None:
    run("import", SEASON, "--association", "bac-ninh", "--name", "Liên minh")
    some = run("export", tmp_path / "some.xlsx", "--association", "bac-ninh", "--from", "2027-06-08", "--until", "2027-06-09", "--json")
    assert 0 < printed_json(some)["lots"] < 239
    refused = run("export", tmp_path / "some.xlsx", "--association", "bac-ninh")
    assert (refused.exit_code, "overwrites nothing" in refused.stderr) == (2, True)
    served.close()


def test_a_backup_and_a_restore_by_command(served: Database, tmp_path: Path) -> None:
    run("import", SEASON, "--association", "bac-ninh", "--name", "Liên minh")
    assert run("backup", tmp_path / "b").exit_code == 0
    with served.write() as session:
        session.add(Association(code="later", name="Later"))
    asked = run("restore", tmp_path / "b")
    assert asked.exit_code == 1
    with served.read() as session:
        assert session.scalar(select(func.count()).select_from(Association)) == 2
    kept = printed_json(run("restore", tmp_path / "b", "--yes", "--json"))["kept"]
    with served.read() as session:
        assert session.scalar(select(func.count()).select_from(Association)) == 1
        assert session.scalar(select(func.count()).select_from(Lot)) == 239
    assert Path(kept).exists()
    served.close()


def test_a_trail_that_was_tampered_with_is_named_by_its_first_broken_event(file: Path) -> None:
    run("db", "upgrade")
    run("import", SEASON, "--association", "bac-ninh", "--name", "Liên minh")
    assert run("audit", "anchor").exit_code == 0
    database = Database(f"sqlite:///{file}")
    with database.write() as session:
        session.execute(text("DROP TRIGGER audit_event_not_changed"))
        session.execute(text("UPDATE audit_event SET actor = 'somebody else'"))
    database.close()
    found = run("audit", "verify")
    assert (found.exit_code, found.stdout) == (1, "chain 1, event 1: changed since it was written\n")
    assert run("db", "check").exit_code == 1


def test_wrong_settings_and_a_database_out_of_reach_are_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCA_DATABASE_URL", "postgresql://mca:planted-secret@127.0.0.1:1/mca")
    away = run("db", "check")
    assert (away.exit_code, "can't be reached" in away.stderr, "planted-secret" in away.output) == (2, True, False)
    monkeypatch.setenv("MCA_DATABASE_POOL", "many")
    assert "database_pool" in run("db", "check").stderr


def add_user(*options: str, password: str = "gió-mát-trên-đồi-chè\n") -> Any:
    return CliRunner().invoke(app, ["user", "add", *options], input=password)


def test_the_first_administrator_is_made_by_command_and_logs_in(served: Database) -> None:
    done = add_user("lan@example.vn", "--name", "Lê Thị Lan", "--password-stdin", "--json")
    assert (done.exit_code, json.loads(done.stdout)["role"]) == (0, "administrator"), done.output
    with served.read() as session:
        user = session.scalars(select(User)).one()
        assert (user.login, user.association_id) == ("lan@example.vn", None)
        assert user.password_hash is not None
        assert matches(user.password_hash, "gió-mát-trên-đồi-chè")
        event = session.scalars(select(AuditEvent)).one()
        assert (event.action, event.object_uid, event.after) == ("user.add", user.uid, {"roles": ["administrator"]})
    assert "taken" in add_user("lan@example.vn", "--name", "Lan", "--password-stdin").stderr
    served.close()


def test_a_clerk_is_made_for_his_cooperative(served: Database) -> None:
    run("import", SEASON, "--association", "bac-ninh", "--name", "Liên minh")
    options = ("hoa@example.vn", "--name", "Hoa", "--role", "clerk", "--association", "bac-ninh", "--password-stdin")
    assert "organisation" in add_user(*options).stderr
    assert add_user(*options, "--organisation", "phi-dien").exit_code == 0
    assert "no association 'nowhere'" in add_user(*options[:-3], "--association", "nowhere", "--password-stdin").stderr
    served.close()


@pytest.mark.parametrize("password", ["short\n", "aaaaaaaaaaaaaaaa\n", "lan@example.vn-123\n", "\n", ""])
def test_a_weak_password_is_refused_and_never_shown(served: Database, password: str) -> None:
    refused = add_user("lan@example.vn", "--name", "Lan", "--password-stdin", password=password)
    assert refused.exit_code == 2
    assert not password.strip() or password.strip() not in refused.output
    assert [line.partition(":")[0] for line in refused.stderr.splitlines()] == ["1 fault", "password ''"]
    with served.read() as session:
        assert session.scalars(select(User)).all() == []
    served.close()


def test_there_is_no_password_without_a_terminal_or_a_pipe(served: Database) -> None:
    refused = add_user("lan@example.vn", "--name", "Lan")
    assert (refused.exit_code, "--password-stdin" in refused.stderr) == (2, True)
    assert add_user("not a login", "--name", "Lan", "--password-stdin").exit_code == 2
    served.close()
