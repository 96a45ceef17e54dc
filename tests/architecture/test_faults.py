"""The catalogue of faults speaks of tests that exist, of all ninety faults, and gives its reason where there is none."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PAGE = (TESTS.parent / "docs/faults.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)
NEEDED = {*range(1, 6), *range(7, 20), *range(22, 41), 44, *range(46, 57), *range(58, 74), *range(77, 83), 90}
"""Faults that the service has a test for, come what may."""


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def named(shown: str) -> list[tuple[str, str]]:
    return re.findall(r"`([\w/]+\.py)::(test_\w+)`", shown)


def test_every_fault_has_its_row() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 91))


@pytest.mark.parametrize(("number", "shown"), [(number, shown) for number, _, _, shown in ROWS])
def test_every_test_that_is_named_exists(number: str, shown: str) -> None:
    assert named(shown) or shown.startswith("none: ")
    assert [f"{file}::{name}" for file, name in named(shown) if name not in names_in(file)] == []


def test_every_test_that_the_page_about_security_names_exists() -> None:
    page = (TESTS.parent / "docs/security.md").read_text(encoding="utf-8")
    assert named(page)
    assert [f"{file}::{name}" for file, name in named(page) if name not in names_in(file)] == []


def test_the_faults_that_need_a_test_have_one() -> None:
    assert {int(number) for number, _, _, shown in ROWS if not named(shown)} & NEEDED == set()
