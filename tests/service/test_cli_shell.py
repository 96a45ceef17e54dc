"""What shells and readers get of the command line: completion in three shells, a manual page, and help that isn't cut."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.cli.main import app
from service.cli.manual import manual
from tests.service.cli_support import run

ROOT = Path(__file__).resolve().parents[2]
MCA = Path(sys.executable).with_name("mca")
ASKED = {
    "bash": {"COMP_WORDS": "mca ma", "COMP_CWORD": "1"},
    "zsh": {"_TYPER_COMPLETE_ARGS": "mca ma"},
    "fish": {"_TYPER_COMPLETE_ARGS": "mca ma", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
}
"""The command line so far, as each shell hands it over."""


def called(**variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MCA_")} | variables
    return subprocess.run([MCA], env=environment, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("shell", ASKED)
def test_a_shell_is_offered_the_commands_that_begin_so(shell: str) -> None:
    offered = called(_MCA_COMPLETE=f"complete_{shell}", **ASKED[shell])
    assert "match" in offered
    assert "serve" not in offered


@pytest.mark.parametrize("shell", ASKED)
def test_each_shell_gets_a_script_that_asks_for_completions(shell: str) -> None:
    script = called(_MCA_COMPLETE=f"source_{shell}")
    assert f"complete_{shell}" in script
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n"], input=script, text=True, check=True)


def test_bash_itself_completes_an_option(tmp_path: Path) -> None:
    script = called(_MCA_COMPLETE="source_bash")
    asked = f"{script}\nCOMP_WORDS=(mca match in --time-l); COMP_CWORD=3; _mca_completion mca; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    environment = os.environ | {"PATH": f"{MCA.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", asked], env=environment, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == ["--time-limit"]


def test_the_manual_page_is_that_of_the_commands() -> None:
    assert (ROOT / "docs" / "mca.1").read_text(encoding="utf-8") == manual(), "renew it: python -m service.cli.manual > docs/mca.1"


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff here to set the page")
def test_the_manual_page_can_be_set() -> None:
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-Wbreak", "-z"], input=manual(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_shows_every_description_whole() -> None:
    shown = " ".join(run("--help").stdout.split())
    for command in app.registered_commands:
        assert command.callback is not None
        first = (command.callback.__doc__ or "").split("\n\n")[0].split(". ")[0].split()
        assert " ".join(first).rstrip(".") in shown
    assert "..." not in shown.partition("Commands")[2]
