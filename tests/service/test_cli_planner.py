"""The command line with the planner that people get, on a few rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.matching.builders import tiny_folder
from tests.matching.random_problems import FEATURES, random_tables
from tests.service.cli_support import printed_json, run

ALL_BUT_HUBS = FEATURES - {"decisions", "hubs"}
TABLES = ("allocations", "legs", "trips", "stops", "reasons", "prices")
DAYS = {"available_from": "2027-06-07", "available_until": "2027-06-07"}


def match(source: Path, out: Path, *more: object) -> None:
    outcome = run("match", source, "--out", out, "--seed", 4, "--time-limit", 600, "--quiet", *more)
    assert outcome.exit_code == 0, outcome.stderr


@pytest.mark.parametrize("trips", ["none", "direct", "full"])
def test_two_runs_with_one_seed_write_the_same_bytes(tmp_path: Path, trips: str) -> None:
    source = tiny_folder(tmp_path / "in", **random_tables(2, size=2, features=ALL_BUT_HUBS))
    for out in ("a", "b"):
        match(source, tmp_path / out, "--trips", trips)
    written = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert written == sorted(path.name for path in (tmp_path / "b").iterdir())
    for name in written:
        if name != "plan.json":
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_a_plan_says_what_it_is_worth_and_is_accepted_by_check(tmp_path: Path) -> None:
    source = tiny_folder(tmp_path / "in", vehicles=[{"payload_kg": 800}])
    match(source, tmp_path / "out")
    head = json.loads((tmp_path / "out/plan.json").read_text())
    assert head["objective_vnd"] > 0
    assert head["bound_vnd"] >= head["objective_vnd"]
    assert {f"{name}.csv" for name in TABLES} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert run("check", source, tmp_path / "out").exit_code == 0


def test_json_prints_one_object_and_nothing_else(tmp_path: Path) -> None:
    source = tiny_folder(tmp_path / "in")
    found = printed_json(run("match", source, "--out", tmp_path / "out", "--time-limit", 2, "--json"))
    head = json.loads((tmp_path / "out/plan.json").read_text())
    assert found["objective_vnd"] == head["objective_vnd"]
    assert found["matched_kg"] == 800


def test_pins_that_contradict_each_other_are_bad_input_and_nothing_is_written(tmp_path: Path) -> None:
    pins = [{"lot_id": "lot1", "line_id": line, "decision": "pin", "kg": 50} for line in ("line1", "line2")]
    source = tiny_folder(tmp_path / "in", lots=[{"indivisible": "yes"}], demands=[{}, {}], decisions=pins)
    outcome = run("match", source, "--out", tmp_path / "out", "--json")
    assert outcome.exit_code == 2
    assert [(issue["table"], issue["row"]) for issue in printed_json(outcome)["issues"]] == [("decisions", 2), ("decisions", 3)]
    assert not (tmp_path / "out").exists()


def test_a_pin_that_no_plan_keeps_leaves_an_earlier_plan_alone(tmp_path: Path) -> None:
    match(tiny_folder(tmp_path / "good", vehicles=[{"payload_kg": 800}]), tmp_path / "out", "--trips", "none")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    dock = {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85, "throughput_kg_per_day": 100}
    pin = {"decision": "pin", "kg": 700}
    bad = tiny_folder(tmp_path / "bad", sites=[{"site_id": "c1"}, dock], lots=[DAYS | {"shelf_life_days": 1}], decisions=[pin])
    outcome = run("match", bad, "--out", tmp_path / "out", "--time-limit", 1)
    assert outcome.exit_code == 2
    assert "decisions row 2" in outcome.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_folder_without_rows_gets_an_empty_plan(tmp_path: Path) -> None:
    source = tiny_folder(tmp_path / "in", lots=[], demands=[])
    match(source, tmp_path / "out")
    assert json.loads((tmp_path / "out/plan.json").read_text())["objective_vnd"] == 0
    assert len((tmp_path / "out/trips.csv").read_text().splitlines()) == 1
