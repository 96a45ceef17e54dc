"""The files for deployment are well-formed and name only what exists: settings, commands, options, files and each other."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from service.cli.main import app
from service.settings import describe

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENT = ROOT / "docs" / "deployment"
UNITS = sorted([*DEPLOYMENT.glob("*.service"), *DEPLOYMENT.glob("*.timer")])
FILES = [ROOT / "Dockerfile", ROOT / "compose.yaml", DEPLOYMENT / "mca.env", *UNITS]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OF_COMPOSE = {"MCA_DB_PASSWORD"}
"""What only the compose file itself reads."""


def refused(arguments: list[str]) -> str:
    """Return what the command line has against a command, as far as its form goes."""
    command = get_command(app)
    while hasattr(command, "commands"):
        name = arguments.pop(0) if arguments else ""
        if name not in command.commands:
            return f"no command {name!r}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    return " ".join(part for part in arguments if part.startswith("--") and part not in known)


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_only_settings_that_exist_are_set(file: Path) -> None:
    named = set(re.findall(r"\bMCA_[A-Z_]+", file.read_text(encoding="utf-8")))
    assert named - {name for name, _, _ in describe()} - OF_COMPOSE == set()


def test_the_services_run_commands_that_exist_in_an_order_that_works() -> None:
    services = COMPOSE["services"]
    assert {name: refused(list(one["command"])) for name, one in services.items() if "command" in one} == dict.fromkeys(
        ("upgrade", "serve", "worker"), ""
    )
    for name in ("serve", "worker"):
        assert services[name]["depends_on"] == {"upgrade": {"condition": "service_completed_successfully"}}
    assert services["upgrade"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert all(services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"] for name in ("upgrade", "serve", "worker"))


def test_every_volume_that_is_mounted_is_declared() -> None:
    mounted = {volume.partition(":")[0] for one in COMPOSE["services"].values() for volume in one.get("volumes", [])}
    assert mounted == set(COMPOSE["volumes"])


def test_the_image_copies_what_is_there_and_starts_what_exists() -> None:
    instructions = re.findall(r"^(FROM|COPY|CMD|ENTRYPOINT|USER) (.*)$", DOCKERFILE, re.MULTILINE)
    copied = [name for word, rest in instructions if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert ("ENTRYPOINT", '["mca"]') in instructions
    assert refused(yaml.safe_load(dict(instructions)["CMD"])) == ""
    assert dict(instructions)["USER"] == "mca"


def test_the_builder_gets_all_that_a_wheel_is_made_of() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    rooms = re.search(r"^packages = \[(.*)\]$", project, re.MULTILINE)
    assert rooms is not None
    wanted = {
        *re.findall(r'"(\w+)"', rooms[1]),
        "hatch_build.py",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "requirements*.lock",
        "docs/mca.1",
    }
    assert let_in == wanted


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_exists(unit: Path) -> None:
    started = re.search(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    assert started is not None
    called = started[1].partition("/opt/mca/bin/mca ")[2].rstrip("'")
    assert refused(shlex.split(called.replace("%%", "%"))) == ""


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here to ask")
def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    for unit in UNITS:
        # Nothing is installed here: another program stands in for the command.
        text = re.sub(r"/opt/mca/bin/mca", sys.executable, unit.read_text(encoding="utf-8"))
        (tmp_path / unit.name.replace("@", "@1")).write_text(text.replace("Documentation=man:mca(1)\n", ""), encoding="utf-8")
    command = ["systemd-analyze", "verify", "--recursive-errors=no", *map(str, sorted(tmp_path.iterdir()))]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stderr) == (0, "")


def test_the_page_shows_every_file() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    shown = {
        name
        for name in ("mca.service", "mca-worker@.service", "mca-backup.timer", "nginx.conf", "mca.env")
        if f"docs/deployment/{name}" in page
    }
    assert shown | {"mca-backup.service"} == {path.name for path in DEPLOYMENT.iterdir()}
    assert all(f"`{name}`" in page for name in ("Dockerfile", "compose.yaml"))
