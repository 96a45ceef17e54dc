"""Settings come from the environment and a file, and a wrong one stops the start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.settings import BadSettings, Settings, describe, read_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("MCA_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_there_is_a_database_in_a_file() -> None:
    assert read_settings().database_url == "sqlite:///mca.db"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mca.toml").write_text('database_url = "sqlite:///file.db"\nhold_minutes = 30\n')
    assert (read_settings().database_url, read_settings().hold_minutes) == ("sqlite:///file.db", 30)
    monkeypatch.setenv("MCA_DATABASE_URL", "sqlite:///env.db")
    assert (read_settings().database_url, read_settings().hold_minutes) == ("sqlite:///env.db", 30)


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCA_HOLD_MINUTES", "soon")
    monkeypatch.setenv("MCA_RUN_SECONDS", "nan")
    monkeypatch.setenv("MCA_DATABSE_URL", "sqlite:///x.db")
    with pytest.raises(BadSettings, match=r"MCA_DATABSE_URL: no such setting, did you mean MCA_DATABASE_URL.*hold_minutes.*run_seconds"):
        read_settings()


def test_what_is_told_to_the_tests_alone_is_no_setting_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MCA_TEST_PG_URL", "MCA_TEST_PICTURES", "MCA_TEST_SLOWER", "MCA_TEST_WHOLE"):
        monkeypatch.setenv(name, "0")
    assert read_settings().hold_minutes == 120


def test_an_unknown_key_of_the_file_is_refused() -> None:
    Path("mca.toml").write_text("hold_minuets = 3\n")
    with pytest.raises(BadSettings, match="hold_minuets: Extra inputs are not permitted"):
        read_settings()


def test_a_file_that_is_named_must_be_there_and_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCA_SETTINGS", "absent.toml")
    with pytest.raises(BadSettings, match=r"absent\.toml: .*No such file"):
        read_settings()
    Path("absent.toml").write_text("= nonsense")
    with pytest.raises(BadSettings, match=r"absent\.toml: Invalid"):
        read_settings()


def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCA_DATABASE_URL", "postgresql://mca:planted-secret@host/mca")
    assert "planted-secret" not in repr(read_settings())
    monkeypatch.setenv("MCA_DATABASE_URL", "mysql://mca:planted-secret@host/mca")
    with pytest.raises(BadSettings, match="expected a sqlite") as refused:
        read_settings()
    assert "planted-secret" not in str(refused.value)


def test_every_setting_is_documented() -> None:
    assert [name for name, _, meaning in describe() if not meaning.endswith(".")] == []
    assert len(describe()) == len(Settings.model_fields)
