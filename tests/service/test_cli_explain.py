from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.matching.builders import tiny_folder
from tests.service.cli_support import idle, printed_json, run

__all__ = ["idle"]


@pytest.fixture
def planned(tmp_path: Path, idle: None) -> Path:
    """A folder with ``in`` and a plan ``out`` that moves nothing."""
    run("match", tiny_folder(tmp_path / "in", lots=[{"grade": 3}]), "--out", tmp_path / "out")
    return tmp_path


def test_all_that_is_open_is_explained_in_vietnamese_unless_asked_otherwise(planned: Path) -> None:
    outcome = run("explain", planned / "in", planned / "out", "--all")
    assert outcome.exit_code == 0
    assert "Lô lot1: 1.000 kg, đã khớp 0 kg, còn 1.000 kg." in outcome.stdout
    assert "Dòng hàng line1: cần 800 kg" in outcome.stdout
    assert "line line1 wants 1 grade better" in run("explain", planned / "in", planned / "out", "--lot", "lot1", "--lang", "en").stdout


def test_programs_get_the_story_the_change_and_the_pool_as_json(planned: Path) -> None:
    outcome = run("explain", planned / "in", planned / "out", "--line", "line1", "--changes", "--pools", "--seconds", "5", "--json")
    (item,) = printed_json(outcome)["items"]
    assert (item["subject"], item["id"], item["reason"], item["pool"]["outcome"]) == ("line", "line1", "grade", "none")
    best = item["answer"]["changes"][0]
    assert (best["table"], best["key"], best["column"], best["old"], best["new"]) == (
        "demands",
        {"line_id": "line1"},
        "max_grade",
        "2",
        "3",
    )
    assert item["answer"]["outcome"] == "found"


def test_an_id_that_is_not_there_is_an_error_with_its_name(planned: Path) -> None:
    outcome = run("explain", planned / "in", planned / "out", "--lot", "lot9", "--json")
    assert outcome.exit_code == 2
    said = printed_json(outcome)
    assert (said["error"], said["subject"], said["id"]) == ("unknown_id", "lot", "lot9")
    assert said["message"] == "Không có lô nào mang mã lot9."


def test_of_a_run_that_was_stopped_early_it_is_said(planned: Path) -> None:
    told = planned / "out" / "plan.json"
    told.write_text(json.dumps(json.loads(told.read_text(encoding="utf-8")) | {"termination": "stopped"}), encoding="utf-8")
    assert "Lần lập kế hoạch đã dừng sớm" in run("explain", planned / "in", planned / "out", "--lot", "lot1").stdout
    assert printed_json(run("explain", planned / "in", planned / "out", "--lot", "lot1", "--json"))["stopped_early"] is True


def test_of_a_plan_of_another_input_it_is_said_first(planned: Path) -> None:
    asked = planned / "out", "--lot", "lot1", "--lang", "en"
    assert printed_json(run("explain", planned / "in", *asked, "--json"))["other_input"] is False
    changed = tiny_folder(planned / "changed", lots=[{"grade": 2}])
    assert run("explain", changed, *asked).stdout.startswith(
        "This plan was made from another input: what follows may not hold.\n\nLot lot1:"
    )
    assert printed_json(run("explain", changed, *asked, "--json"))["other_input"] is True


def test_of_a_plan_of_another_input_it_is_said_before_a_price(planned: Path) -> None:
    rows = {"demands": [{"min_fill_kg": 100}]}
    changed = tiny_folder(planned / "changed", **rows)
    priced = run("price", changed, planned / "out", "--rule", "min_fill", "--seconds", 1, "--lang", "en")
    assert priced.stdout.startswith("This plan was made from another input")
    assert priced.exit_code == 0


def test_bad_input_and_no_question_are_refused(planned: Path) -> None:
    (planned / "in" / "lots.csv").write_text("lot_id\nx\n")
    outcome = run("explain", planned / "in", planned / "out", "--all", "--json")
    assert (outcome.exit_code, printed_json(outcome)["error"]) == (2, "bad_input")
    assert run("explain", planned / "in", planned / "out").exit_code == 64


def test_an_english_terminal_is_answered_in_english(planned: Path) -> None:
    outcome = run("explain", planned / "in", planned / "out", "--lot", "lot1", locale="C.UTF-8")
    assert outcome.stdout.startswith("Lot lot1")


def test_what_was_explained_before_an_interruption_is_kept(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter([False, True])
    monkeypatch.setattr("service.cli.explain.StopRequest.__call__", lambda _: next(asked))
    outcome = run("explain", planned / "in", planned / "out", "--all")
    assert outcome.exit_code == 130
    assert "interrupted: 1 of 2 explained" in outcome.stderr
    assert outcome.stdout.startswith("Lô lot1")
