from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from matching.model.plan import Result
from matching.model.problem import Problem
from matching.solver import SolveParams
from tests.matching.builders import tiny_folder
from tests.service.cli_support import SOLVE, idle, idle_result, printed_json, run

__all__ = ["idle"]


def test_a_plan_is_written_and_shown(tmp_path: Path, idle: None) -> None:
    outcome = run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "out")
    assert outcome.exit_code == 0
    assert json.loads((tmp_path / "out/plan.json").read_text())["status"] == "feasible"
    assert "Worth of the plan" in outcome.stdout
    assert "lychee" in outcome.stdout
    assert "left by test" in outcome.stdout


def test_the_plan_says_what_it_was_made_from(tmp_path: Path, idle: None) -> None:
    from matching.io import read_problem

    source = tiny_folder(tmp_path / "in")
    run("match", source, "--out", tmp_path / "out", "--seed", 7)
    head = json.loads((tmp_path / "out/plan.json").read_text())
    assert head["input_sha256"] == read_problem(source).digest()
    assert head["seed"] == 7
    assert head["engine"].startswith("mca ")


def test_progress_goes_to_standard_error_in_plain_lines(tmp_path: Path, idle: None) -> None:
    outcome = run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "out")
    assert "improving the plan · best 4.0 M · bound 5.0 M · gap 20.00 %" in outcome.stderr
    assert "improving" not in outcome.stdout


def test_quiet_says_nothing_on_standard_error(tmp_path: Path, idle: None) -> None:
    assert run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "out", "--quiet").stderr == ""


def test_json_is_the_only_thing_on_standard_output(tmp_path: Path, idle: None) -> None:
    found = printed_json(run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "out", "--json"))
    assert found["wanted_kg"] == 800
    assert found["matched_kg"] == 0
    assert found["out"] == str(tmp_path / "out")


@pytest.mark.parametrize("policy", ["none", "direct", "full"])
def test_seed_trips_and_limit_reach_the_planner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    seen: list[SolveParams] = []

    def listen(problem: Problem, params: SolveParams, **given: Any) -> Result:
        seen.append(params)
        return idle_result(problem)

    monkeypatch.setattr(SOLVE, listen)
    run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "out", "--trips", policy, "--seed", 5, "--time-limit", 40)
    assert (seen[0].trips, seen[0].seed) == (policy, 5)
    assert seen[0].limits.seconds is not None
    assert 30 < seen[0].limits.seconds < 40, "part of the limit is kept for writing"


def test_every_error_is_shown_and_nothing_is_written(tmp_path: Path, idle: None) -> None:
    source = tiny_folder(tmp_path / "in", lots=[{"quantity_kg": -3, "grade": "best"}])
    outcome = run("match", source, "--out", tmp_path / "out")
    assert outcome.exit_code == 2
    assert "lots row 2 column quantity_kg" in outcome.stderr
    assert "lots row 2 column grade" in outcome.stderr
    assert outcome.stdout == ""
    assert not (tmp_path / "out").exists()


def test_errors_are_readable_for_machines(tmp_path: Path, idle: None) -> None:
    source = tiny_folder(tmp_path / "in", lots=[{"quantity_kg": -3}])
    outcome = run("match", source, "--out", tmp_path / "out", "--json")
    found = printed_json(outcome)
    assert outcome.exit_code == 2
    assert found["error"] == "bad_input"
    assert [(i["table"], i["row"], i["column"], i["value"]) for i in found["issues"]] == [("lots", 2, "quantity_kg", "-3")]
    assert found["issues"][0]["expected"]


def test_an_earlier_plan_survives_bad_input(tmp_path: Path, idle: None) -> None:
    run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    run("match", tiny_folder(tmp_path / "bad", lots=[{"quantity_kg": "x"}]), "--out", tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_an_input_that_is_not_there_is_bad_input(tmp_path: Path, idle: None) -> None:
    outcome = run("match", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert outcome.exit_code == 2
    assert "nowhere" in outcome.stderr


def test_a_name_cannot_steer_the_terminal(tmp_path: Path, idle: None) -> None:
    source = tiny_folder(
        tmp_path / "in", lots=[{"product": "ly\x1b[31mchee"}], demands=[{"product": "[bold]\x1b]0;x\x07", "quantity_kg": "x"}]
    )
    outcome = run("match", source, "--out", tmp_path / "out")
    assert outcome.exit_code == 2
    assert "\x1b" not in outcome.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--time-limit", "nan"),
        ("--time-limit", "inf"),
        ("--time-limit", "-1"),
        ("--time-limit", "soon"),
        ("--seed", "-1"),
        ("--seed", "1.5"),
        ("--trips", "by-boat"),
        ("--unknown", "1"),
    ],
)
def test_a_senseless_option_is_refused(tmp_path: Path, idle: None, arguments: tuple[str, str]) -> None:
    outcome = run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "out", *arguments)
    assert outcome.exit_code == 64
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_is_known_before_planning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(problem: Problem, params: SolveParams, **given: Any) -> Result:
        raise AssertionError("planned although the plan had no place")

    monkeypatch.setattr(SOLVE, never)
    (tmp_path / "file").write_text("here already")
    outcome = run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "file")
    assert outcome.exit_code == 73
    assert "is a file" in outcome.stderr
    found = printed_json(run("match", tmp_path / "in", "--out", tmp_path / "file/below", "--json"))
    assert found["error"] == "bad_output"
    assert (tmp_path / "file").read_text() == "here already"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_planner_and_the_best_plan_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def interrupted(problem: Problem, params: SolveParams, *, should_stop: Any, **given: Any) -> Result:
        assert not should_stop()
        os.kill(os.getpid(), number)
        assert should_stop()
        return idle_result(problem)

    monkeypatch.setattr(SOLVE, interrupted)
    before = signal.getsignal(number)
    outcome = run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "out")
    assert outcome.exit_code == 0
    assert (tmp_path / "out/plan.json").is_file()
    assert signal.getsignal(number) is before


def test_a_second_signal_ends_the_run_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(problem: Problem, params: SolveParams, **given: Any) -> Result:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        return idle_result(problem)

    monkeypatch.setattr(SOLVE, interrupted)
    outcome = run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "out")
    assert outcome.exit_code not in (0, 2)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, idle: None) -> None:
    def full(*given: Any, **more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matching.io.write_result", full)
    outcome = run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / "out")
    assert outcome.exit_code == 73
    assert "No space left on device" in outcome.stderr


def test_the_version_is_shown() -> None:
    outcome = run("--version")
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("mca ")
