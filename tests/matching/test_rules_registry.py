"""A stranger finds where a rule lives: each file of the folder is registered, documented and of one shape."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import matching.rules
from matching.rules import MODELLED, RULES

FILES = [module.name for module in pkgutil.iter_modules(matching.rules.__path__) if not module.name.startswith("_")]
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_rules_*.py"))


def module_of(name: str) -> ModuleType:
    return import_module(f"matching.rules.{name}")


def test_every_file_is_registered_once() -> None:
    assert sorted(rule.CODE for rule in RULES) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_rules_code_is_the_name_of_its_file(name: str) -> None:
    assert name == module_of(name).CODE


@pytest.mark.parametrize("name", FILES)
def test_a_rules_file_states_the_rule_the_columns_and_the_formula(name: str) -> None:
    text = inspect.getdoc(module_of(name)) or ""
    title, *body = text.splitlines()
    assert ": " in title
    assert title.endswith(".")
    assert any(line.startswith("Reads: ") for line in body)
    assert any(line.startswith("Formula: ") for line in body)


@pytest.mark.parametrize("name", FILES)
def test_a_rule_that_the_exact_model_is_told_is_listed_as_such(name: str) -> None:
    assert hasattr(module_of(name), "add") == (module_of(name) in MODELLED)


def test_modelled_rules_stand_in_the_order_of_all_rules() -> None:
    codes = [rule.CODE for rule in RULES]
    places = [codes.index(rule.CODE) for rule in MODELLED]
    assert places == sorted(places)


@pytest.mark.parametrize("name", FILES)
def test_some_test_breaks_each_rule(name: str) -> None:
    assert f'"{name}"' in TESTS
