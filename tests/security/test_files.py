"""Whatever a command writes only its owner can read, whatever the shell's mask is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.season import sample_folder
from tests.service.cli_support import idle, run

__all__ = ["idle"]

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("db", "upgrade"),
    ("import", "{season}", "--association", "mua-vai", "--name", "Mùa vải"),
    ("audit", "anchor", "--file", "anchors"),
    ("backup", "copy.db"),
    ("export", "exported", "--association", "mua-vai"),
    ("match", "{season}", "--out", "plan"),
    ("demo", "--out", "drawn"),
)


@pytest.fixture
def open_mask() -> Iterator[None]:
    before = os.umask(0o000)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_mask", "idle")
def test_every_command_makes_files_that_only_their_owner_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MCA_DATABASE_URL", f"sqlite:///{tmp_path / 'mca.db'}")
    for command in COMMANDS:
        os.umask(0o000)
        done = run(*(word.replace("{season}", str(sample_folder())) for word in command))
        assert done.exit_code == 0, (command, done.output)
    made = list(tmp_path.rglob("*"))
    assert {one.name for one in made} >= {"mca.db", "copy.db", "anchors", "exported", "plan", "drawn"}
    assert [str(one) for one in made if one.stat().st_mode & 0o077] == []
