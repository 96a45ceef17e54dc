from __future__ import annotations

import json
from pathlib import Path

from service.season import sample_folder
from tests.service.cli_support import idle, printed_json, run

__all__ = ["idle"]


def test_the_demo_writes_a_plan_of_the_sample_season_and_draws_it(tmp_path: Path, idle: None) -> None:
    outcome = run("demo", "--out", tmp_path / "plan", "--json", "--quiet")
    assert outcome.exit_code == 0, outcome.output
    drawings = [Path(name) for name in printed_json(outcome)["drawings"]]
    assert {path.suffix for path in drawings} >= {".svg"}
    assert all(path.parent == tmp_path / "plan" and path.stat().st_size > 1000 for path in drawings)
    assert json.loads((tmp_path / "plan/plan.json").read_text())["status"] == "feasible"


def test_the_demo_plan_can_be_checked_against_the_sample_season(tmp_path: Path, idle: None) -> None:
    run("demo", "--out", tmp_path / "plan")
    outcome = run("check", sample_folder(), tmp_path / "plan", "--json")
    assert printed_json(outcome)["same_input"] is True


def test_the_demo_refuses_an_output_that_is_a_file(tmp_path: Path, idle: None) -> None:
    (tmp_path / "plan").write_text("mine")
    outcome = run("demo", "--out", tmp_path / "plan")
    assert outcome.exit_code == 73
    assert (tmp_path / "plan").read_text() == "mine"
