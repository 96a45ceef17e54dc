"""What the documents name is there: files and folders, commands of `mca` with their options, targets of make, and modules that are run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from service.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(page for room in ("docs", "service", "benchmarks") for page in (ROOT / room).rglob("*.md"))])
HISTORY = {"CHANGELOG.md"}
"""Tells of what has been, too."""
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in {"build", "dist"}}
MADE = re.compile(r"^(service/web/built|test-artefacts|mca-demo|plan-demo|build|benchmarks/results)(/|$)")
"""Comes into being when something is run."""
ROOM_FOR_A_NAME = re.compile(r"[*<>{}…$]|\bNAME\b|[A-Z]{3,}")
"""A pattern, or a place for something of the reader's."""


def quoted(page: Path) -> list[str]:
    """Return what stands in back-ticks, and each line of a block of code."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|text|bash)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return lines + re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def missing_paths(page: Path) -> list[str]:
    found = []
    for words in map(str.split, quoted(page)):
        for word in words:
            path = word.strip(".,;:()\"'").removeprefix("./").partition("::")[0]
            first = path.partition("/")[0]
            if "/" not in path or first not in FOLDERS or first == ".venv" or MADE.match(path) or ROOM_FOR_A_NAME.search(path):
                continue
            if not any((place / path).exists() or (place / f"{path}.py").exists() for place in (ROOT, ROOT / "tests", page.parent)):
                found.append(path)
    return found


def wrong_commands(page: Path) -> list[str]:
    """Return what is called as a command of `mca` and isn't one, or is given an option that it doesn't have."""
    wrong = []
    for line in quoted(page):
        called = re.match(r"(?:\.venv/bin/|[\w/.-]*\| *)?mca ((?:[a-z]+ ?)+)?(.*)", line)
        if called is None:
            continue
        command = get_command(app)
        for name in (called[1] or "").split():
            if not hasattr(command, "commands"):
                break
            if name not in command.commands:
                wrong.append(line)
                break
            command = command.commands[name]
        known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]} | {"--help"}
        wrong += [line for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", called[2].split("|")[0]) if option not in known]
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    if page.name in HISTORY:
        return
    lines = quoted(page)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = {name for line in lines for called in re.findall(r"^make ([a-z -]+)", line) for name in called.split()}
    modules = {name for line in lines for name in re.findall(r"python -m ([a-z][\w.]*)", line) if name.split(".")[0] in FOLDERS}
    absent = {name for name in modules if not list(ROOT.glob(name.replace(".", "/") + "*"))}
    assert (missing_paths(page), wrong_commands(page), asked - targets, absent) == ([], [], set(), set())


def test_a_command_an_option_and_a_file_that_are_not_there_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`mca fly`, `mca match X --wings`, `matching/wings.py`, `matching/verify.py`\n", encoding="utf-8")
    assert wrong_commands(page) == ["mca fly", "mca match X --wings"]
    assert missing_paths(page) == ["matching/wings.py"]
