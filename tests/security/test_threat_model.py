"""The page about security names a test for each promise, and each attack here stands on it; that the tests exist, `test_faults` sees to."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs/security.md"
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def promises() -> list[list[str]]:
    """Return the cells of each row of the table of promises."""
    table = PAGE.read_text(encoding="utf-8").partition("## What is promised")[2].partition("\n## ")[0]
    rows = [line.strip().strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_every_promise_names_a_test() -> None:
    assert len(promises()) >= 15
    assert [row[0] for row in promises() if not NAMED.search(row[2])] == []


def test_every_attack_is_named() -> None:
    """An attack that no promise names is forgotten at the next change of the page."""
    named = {file for file, _ in NAMED.findall(PAGE.read_text(encoding="utf-8"))}
    suites = {f"security/{path.name}" for path in Path(__file__).parent.glob("test_*.py")}
    assert suites - named == {"security/test_threat_model.py"}
