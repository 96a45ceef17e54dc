from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.matching.builders import tiny_folder
from tests.service.cli_support import idle, printed_json, run

__all__ = ["idle"]


@pytest.fixture
def planned(tmp_path: Path, idle: None) -> Path:
    """A folder with ``in`` and a plan ``out`` that moves nothing."""
    run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "out")
    return tmp_path


def restate(planned: Path, **claims: Any) -> None:
    head = planned / "out/plan.json"
    head.write_text(json.dumps(json.loads(head.read_text()) | claims))


def test_an_empty_plan_is_a_plan(planned: Path) -> None:
    outcome = run("check", planned / "in", planned / "out")
    assert outcome.exit_code == 0
    assert "No rule is broken" in outcome.stdout


@pytest.mark.parametrize(
    ("claims", "rule"),
    [({"objective_vnd": 999}, "objective_claim"), ({"bound_vnd": -999}, "bound_claim")],
)
def test_a_false_claim_is_broken(planned: Path, claims: dict[str, Any], rule: str) -> None:
    restate(planned, **claims)
    outcome = run("check", planned / "in", planned / "out", "--json")
    assert outcome.exit_code == 1
    assert [violation["rule"] for violation in printed_json(outcome)["violations"]] == [rule]


def test_an_open_lot_without_a_reason_is_broken(planned: Path) -> None:
    reasons = planned / "out/reasons.csv"
    kept = [line for line in reasons.read_text().splitlines() if not line.startswith("lot,")]
    reasons.write_text("\n".join(kept) + "\n")
    found = printed_json(run("check", planned / "in", planned / "out", "--json"))
    assert [(v["rule"], v["where"]) for v in found["violations"]] == [("reason_given", "lot lot1")]


def test_a_relaxation_is_not_checked_as_if_it_had_trips(planned: Path) -> None:
    restate(planned, status="relaxed")
    outcome = run("check", planned / "in", planned / "out")
    assert outcome.exit_code == 2
    assert "no trips to check" in outcome.stderr


def test_a_plan_of_another_input_is_pointed_out(planned: Path) -> None:
    restate(planned, input_sha256="0" * 64)
    outcome = run("check", planned / "in", planned / "out")
    assert outcome.exit_code == 0
    assert "does not say that it was made from this input" in outcome.stdout


def test_faults_of_the_input_and_of_the_plan_are_told_apart(planned: Path) -> None:
    (planned / "out/stops.csv").unlink()
    assert f"error in {planned / 'out'}; nothing was checked" in run("check", planned / "in", planned / "out").stderr
    (planned / "in/lots.csv").unlink()
    assert f"error in {planned / 'in'}; nothing was checked" in run("check", planned / "in", planned / "out").stderr


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"objective_vnd": "many"}'])
def test_a_plan_head_that_cannot_be_checked_is_bad_input(planned: Path, text: str) -> None:
    (planned / "out/plan.json").write_text(text)
    outcome = run("check", planned / "in", planned / "out")
    assert outcome.exit_code == 2
    assert "plan.json" in outcome.stderr


@pytest.mark.parametrize("name", ["plan.json", "allocations.csv", "legs.csv", "trips.csv", "stops.csv"])
def test_a_missing_table_of_the_plan_is_bad_input(planned: Path, name: str) -> None:
    (planned / "out" / name).unlink()
    outcome = run("check", planned / "in", planned / "out", "--json")
    assert outcome.exit_code == 2
    assert printed_json(outcome)["error"] == "bad_input"
