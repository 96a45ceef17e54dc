"""A result is written whole or not at all, and reads back as the plan that it was."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.io import read_plan, read_reasons, read_summary, write_result
from matching.model.errors import BadInput, InputIssue
from matching.model.plan import CARRIER, Allocations, Legs, Plan, Prices, Reasons, Result, Status, Stops, Termination, Trips
from matching.model.problem import FloatArray, IntArray, Problem, TextArray
from tests.matching.builders import build_problem

DAY = 20976  # 2027-06-07
NOON = DAY * 1440 + 720
TABLES = ("allocations", "legs", "trips", "stops", "reasons", "prices", "scarce")


def ints(*values: int) -> IntArray:
    return np.array(values, dtype=np.int64)


def floats(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float64)


def texts(*values: str) -> TextArray:
    return np.array(values, dtype=object)


@pytest.fixture(scope="module")
def problem() -> Problem:
    return build_problem(lots=[{}, {"lot_id": 'l,"2"'}], lanes=[{"vnd_per_kg": 900}])


@pytest.fixture
def result() -> Result:
    plan = Plan(
        Allocations(lot=ints(0, 1), line=ints(0, 0), kg=ints(500, 300), pickup_day=ints(DAY, DAY), delivery_day=ints(DAY, DAY)),
        Legs(allocation=ints(0, 1), leg=ints(1, 1), trip=ints(0, 1), from_site=ints(0, 0), to_site=ints(1, 1)),
        Trips(vehicle=ints(0, CARRIER), km=floats(61.2345678, 0.0), cost_vnd=ints(1234567, 270000)),
        Stops(trip=ints(0, 0), seq=ints(1, 2), site=ints(0, 1), arrive_min=ints(NOON, NOON + 120), depart_min=ints(NOON + 15, NOON + 140)),
    )
    reasons = Reasons(texts("lot", "lot"), ints(0, 1), ints(500, 700), texts("no_demand", "no_demand"), texts("chữ, có dấu", ""))
    prices = Prices(texts("lot", "line"), ints(0, 0), floats(-0.0, 9125.5))
    return Result(plan, 1000, 2000, Status.FEASIBLE, Termination.TIME, 1.23456, 7, reasons, prices)


def write(folder: Path, problem: Problem, result: Result) -> Path:
    write_result(folder, problem, result, engine="mca 0.1", input_sha256=problem.digest())
    return folder


def rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_table_is_written_as_the_format_says(tmp_path: Path, problem: Problem, result: Result) -> None:
    folder = write(tmp_path / "out", problem, result)
    assert sorted(path.name for path in folder.iterdir()) == sorted(["plan.json", *(f"{name}.csv" for name in TABLES)])
    assert rows(folder, "allocations")[1] == {
        "allocation_id": "a2", "lot_id": 'l,"2"', "line_id": "line1", "kg": "300", "pickup_date": "2027-06-07",
        "delivery_date": "2027-06-07",
    }  # fmt: skip
    assert rows(folder, "legs")[0] == {"allocation_id": "a1", "leg": "1", "trip_id": "t1", "from_site": "c1", "to_site": "b1"}
    assert rows(folder, "trips") == [
        {"trip_id": "t1", "class_id": "class1", "km": "61.234568", "cost_vnd": "1234567"},
        {"trip_id": "t2", "class_id": "carrier", "km": "0.000000", "cost_vnd": "270000"},
    ]
    assert rows(folder, "stops")[1] == {
        "trip_id": "t1",
        "seq": "2",
        "site_id": "b1",
        "arrive": "2027-06-07T14:00",
        "depart": "2027-06-07T14:20",
    }
    assert rows(folder, "reasons")[0] == {"subject": "lot", "id": "lot1", "open_kg": "500", "reason": "no_demand", "detail": "chữ, có dấu"}
    assert rows(folder, "prices") == [
        {"subject": "lot", "id": "lot1", "vnd_per_kg": "0.0"},
        {"subject": "line", "id": "line1", "vnd_per_kg": "9125.5"},
    ]
    assert json.loads((folder / "plan.json").read_text(encoding="utf-8")) == {
        "objective_vnd": 1000, "bound_vnd": 2000, "status": "feasible", "seconds": 1.235, "seed": 7, "engine": "mca 0.1",
        "input_sha256": problem.digest(),
    }  # fmt: skip


def test_an_empty_plan_is_written_with_its_headers(tmp_path: Path, problem: Problem, result: Result) -> None:
    none = ints()
    plan = Plan(Allocations(*[none] * 5), Legs(*[none] * 5), Trips(none, floats(), none), Stops(*[none] * 5))
    folder = write(tmp_path / "out", problem, dataclasses.replace(result, plan=plan, bound_vnd=None))
    assert (folder / "allocations.csv").read_text() == "allocation_id,lot_id,line_id,kg,pickup_date,delivery_date\n"
    assert read_summary(folder).bound_vnd is None
    assert len(read_plan(folder, problem).trips.km) == 0


def test_a_relaxed_result_has_neither_dates_nor_trucks_and_removes_those_of_an_earlier_plan(
    tmp_path: Path, problem: Problem, result: Result
) -> None:
    folder = write(tmp_path / "out", problem, result)
    (folder / "notes.txt").write_text("mine")
    write(folder, problem, dataclasses.replace(result, status=Status.RELAXED))
    assert sorted(path.name for path in folder.iterdir()) == ["allocations.csv", "notes.txt", "plan.json", "prices.csv"]
    assert list(rows(folder, "allocations")[0]) == ["allocation_id", "lot_id", "line_id", "kg"]
    assert read_summary(folder).status is Status.RELAXED


def test_equal_results_give_equal_bytes_but_for_the_seconds(tmp_path: Path, problem: Problem, result: Result) -> None:
    one = write(tmp_path / "one", problem, result)
    two = write(tmp_path / "two", problem, dataclasses.replace(result, seconds=9.0))
    assert all((one / f"{name}.csv").read_bytes() == (two / f"{name}.csv").read_bytes() for name in TABLES)


def test_what_was_written_reads_back(tmp_path: Path, problem: Problem, result: Result) -> None:
    folder = write(tmp_path / "out", problem, result)
    plan = read_plan(folder, problem)
    for part in ("allocations", "legs", "trips", "stops"):
        wrote, read = getattr(result.plan, part), getattr(plan, part)
        for spec in dataclasses.fields(wrote):
            assert np.allclose(getattr(wrote, spec.name), getattr(read, spec.name), atol=1e-6), f"{part}.{spec.name}"
    reasons = read_reasons(folder, problem)
    assert (reasons.subject.tolist(), reasons.index.tolist(), reasons.open_kg.tolist()) == (["lot", "lot"], [0, 1], [500, 700])
    summary = read_summary(folder)
    assert (summary.objective_vnd, summary.bound_vnd, summary.seed, summary.input_sha256) == (1000, 2000, 7, problem.digest())


def test_a_failure_on_the_way_leaves_the_earlier_plan(
    tmp_path: Path, problem: Problem, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "out", problem, result)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    full = 3

    def fsync(_: int) -> None:
        nonlocal full
        full -= 1
        if not full:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=r"cannot be written to .*out: No space left on device"):
        write(folder, problem, dataclasses.replace(result, status=Status.RELAXED))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    full = 3
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "new", problem, result)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path, problem: Problem, result: Result) -> None:
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(OSError, match="the plan cannot be written to"):
        write(tmp_path / "out", problem, result)
    with pytest.raises(OSError, match="the plan cannot be written to"):
        write(tmp_path / "out" / "below", problem, result)
    assert (tmp_path / "out").read_text() == "in the way"


def test_folders_on_the_way_are_made_and_open_to_others_as_usual(tmp_path: Path, problem: Problem, result: Result) -> None:
    folder = write(tmp_path / "a" / "b" / "out", problem, result)
    (tmp_path / "plain").mkdir()
    assert folder.stat().st_mode == (tmp_path / "plain").stat().st_mode


def faults(folder: Path, problem: Problem) -> tuple[InputIssue, ...]:
    with pytest.raises(BadInput, match="errors in the input") as caught:
        read_plan(folder, problem)
    return caught.value.issues


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("allocations", "lot_id", "lot9"), ("allocations", "line_id", ""), ("allocations", "kg", "1.5"),
        ("allocations", "pickup_date", "7/6/2027"),
        ("legs", "allocation_id", "a9"), ("legs", "trip_id", "t9"), ("legs", "from_site", "x"), ("legs", "leg", "0"),
        ("trips", "class_id", "x"),
        ("trips", "km", "nan"), ("trips", "cost_vnd", "-1"), ("stops", "site_id", "x"), ("stops", "arrive", "2027-06-07 12:00"),
        ("stops", "depart", "2027-06-07T24:00"), ("stops", "trip_id", "t9"), ("stops", "seq", "x"),
    ],
)  # fmt: skip
def test_a_bad_cell_of_a_plan_is_refused_at_its_place(
    tmp_path: Path, problem: Problem, result: Result, table: str, column: str, value: str
) -> None:
    folder = write(tmp_path / "out", problem, result)
    content = rows(folder, table)
    content[0][column] = value
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, list(content[0]))
        out.writeheader()
        out.writerows(content)
    assert [(issue.table, issue.row, issue.column) for issue in faults(folder, problem)] == [(table, 2, column)]


def test_missing_tables_and_ids_used_twice_of_a_plan_are_refused(tmp_path: Path, problem: Problem, result: Result) -> None:
    folder = write(tmp_path / "out", problem, result)
    with (folder / "trips.csv").open("a") as file:
        file.write("t1,class1,1,1\n")
    (folder / "stops.csv").unlink()
    assert [(issue.table, issue.row, issue.column) for issue in faults(folder, problem)] == [("trips", 4, "trip_id"), ("stops", 0, "")]


def test_stops_are_put_in_the_order_of_trip_and_seq(tmp_path: Path, problem: Problem, result: Result) -> None:
    folder = write(tmp_path / "out", problem, result)
    lines = (folder / "stops.csv").read_text().splitlines()
    (folder / "stops.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]))
    assert read_plan(folder, problem).stops.seq.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"objective_vnd": 1.5}, "objective_vnd"),
        ({"bound_vnd": "x"}, "bound_vnd"),
        ({"status": "perfect"}, "status"),
        ({"seed": True}, "seed"),
        ({"engine": None}, "engine"),
    ],
)
def test_a_summary_that_claims_nonsense_is_refused(
    tmp_path: Path, problem: Problem, result: Result, change: dict[str, Any], column: str
) -> None:
    folder = write(tmp_path / "out", problem, result)
    claims = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps({**claims, **change}))
    with pytest.raises(BadInput, match=f"column {column}"):
        read_summary(folder)


@pytest.mark.parametrize(("content", "expected"), [(None, "a file that can be read"), ("{", "JSON in UTF-8"), ("[]", "a JSON object")])
def test_a_summary_that_cannot_be_read_is_refused(tmp_path: Path, content: str | None, expected: str) -> None:
    if content is not None:
        (tmp_path / "plan.json").write_text(content)
    with pytest.raises(BadInput, match=expected):
        read_summary(tmp_path)
