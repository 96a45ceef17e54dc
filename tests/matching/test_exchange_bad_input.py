"""Every fault of an input is refused, at its table, row and column, and all faults at once."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pytest

from matching.io import read_problem
from matching.io.issues import LISTED_PER_COLUMN
from matching.model.errors import BadInput, InputIssue
from tests.matching.builders import filled_tables, tiny_folder, write_folder

BAD_WHOLE = [
    "1.5",
    "1.00",
    "-1",
    "abc",
    "1e3",
    "1,000",
    "1.000",
    "1 000",
    "1.234,5",
    "NaN",
    "inf",
    "-inf",
    "1_000",
    "１２",
    "9000000000000001",
    "9" * 5000,
    "0x10",
]
BAD_DECIMAL = ["-0.1", "abc", "1,5", "1.234,5", "1 000", "nan", "Infinity", "1e400", "9.1e15", "1..2", ".", "１", "--1", "1_0.5"]
BAD_DATE = [
    "2027-02-29",
    "2027-13-01",
    "2027-6-7",
    "07/06/2027",
    "20270607",
    "2027-06-07T06:00",
    "1899-12-31",
    "2201-01-01",
    "x",
    "２０２７-06-07",
]
BAD_CLOCK = ["24:01", "25:00", "4:00", "04:60", "0400", "04:00:30", "noon", "-1:00"]

CELLS: list[tuple[str, str, list[str]]] = [
    ("sites", "site_id", ["", "a\x01b"]),
    ("sites", "kind", ["", "farm", "Hub"]),
    ("sites", "lat", ["", "90.01", "-91", "nan", "21,3"]),
    ("sites", "lon", ["", "180.5", "-181", "inf"]),
    ("sites", "open_from", BAD_CLOCK),
    ("sites", "stop_minutes", BAD_DECIMAL),
    ("sites", "max_vehicle_kg", BAD_WHOLE),
    ("sites", "opening_vnd", ["-1", "0.5"]),
    ("sites", "handling_vnd_per_kg", ["-1", "x"]),
    ("lots", "site_id", ["", "nowhere", "C1"]),
    ("lots", "supplier_id", [""]),
    ("lots", "product", ["", "lychee;longan"]),
    ("lots", "grade", ["", "0", "-1", "1.5", "A"]),
    ("lots", "quantity_kg", ["", *BAD_WHOLE]),
    ("lots", "available_from", ["", *BAD_DATE]),
    ("lots", "available_until", ["2027-06-06"]),
    ("lots", "cut_on_pickup", ["Yes", "true", "1", "có"]),
    ("lots", "ask_vnd_per_kg", ["", "-5", "10000.5", "9000000000000000"]),
    ("lots", "litres_per_kg", BAD_DECIMAL),
    ("demands", "product", ["", ";", "a; b"]),
    ("demands", "requires", ["OCOP>3", "OCOP>=", "OCOP>=x", ">=3", "OCOP >= 3", "OCOP=3", "a; b", "OCOP>=3.5", "OCOP≥3"]),
    ("demands", "max_grade", ["", "0"]),
    ("demands", "deliver_until", ["", "2027-06-01"]),
    ("demands", "min_life_days", ["-1"]),
    ("demands", "site_id", ["b9"]),
    ("demands", "short_vnd_per_kg", ["9000000000000000"]),
    ("vehicles", "payload_kg", ["", "0", "-1", "2.5"]),
    ("vehicles", "vnd_per_km", ["", "x", "0:1;0:2", "0:1;", "1:2:3", ":5", "5:", "0:-1", "0:1,5", "0:nan", "-5"]),
    ("vehicles", "kmh", ["", "0", "-40", "inf"]),
    ("vehicles", "refrigerated", ["maybe"]),
    ("vehicles", "max_hours", ["-1"]),
    ("vehicles", "base_site", ["p9"]),
    ("vehicles", "class_id", ["carrier"]),
    ("certificates", "valid_until", ["", "2025-12-31", "2027-02-30"]),
    ("certificates", "level", ["-1", "three"]),
    ("certificates", "scheme", ["", "VietGAP;OCOP"]),
    ("access", "closed_from", ["", *BAD_CLOCK]),
    ("access", "min_payload_kg", ["", "-1"]),
    ("access", "zone", [""]),
    ("lanes", "from_site", ["", "c9"]),
    ("lanes", "km", ["-1", "62,5"]),
    ("lanes", "transit_days", ["-1", "0.5"]),
    ("decisions", "lot_id", ["", "lot9"]),
    ("decisions", "line_id", ["line9"]),
    ("decisions", "decision", ["", "hold"]),
]  # fmt: skip


def faults(folder: Path) -> tuple[InputIssue, ...]:
    with pytest.raises(BadInput, match="errors in the input") as caught:
        read_problem(folder)
    return caught.value.issues


def places(folder: Path) -> list[tuple[str, int, str]]:
    return [(issue.table, issue.row, issue.column) for issue in faults(folder)]


def full_tables() -> dict[str, list[dict[str, str]]]:
    return filled_tables(certificates=[{}], access=[{}], lanes=[{}], decisions=[{}])


@pytest.mark.parametrize(("table", "column", "value"), [(t, c, v) for t, c, values in CELLS for v in values])
def test_a_bad_cell_is_refused_at_its_place(tmp_path: Path, table: str, column: str, value: str) -> None:
    tables = full_tables()
    tables[table][0][column] = value
    found = faults(write_folder(tmp_path, tables))
    here = [issue for issue in found if (issue.table, issue.row, issue.column) == (table, 2, column)]
    assert len(here) == 1
    assert here[0].expected
    assert here[0].value in (value, value[:79] + "…")


@pytest.mark.parametrize("value", ["1.234,5", "1,234", "1 000", "1.234.567"])
def test_a_number_with_thousands_marks_is_refused_with_the_remedy(tmp_path: Path, value: str) -> None:
    (issue,) = faults(tiny_folder(tmp_path, lots=[{"quantity_kg": value}]))
    assert "without thousands marks" in issue.expected


def test_the_largest_exact_number_is_taken(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path, sites=[{"site_id": "c1", "max_vehicle_kg": 9 * 10**15}, {"site_id": "b1"}])
    assert read_problem(folder).sites.max_vehicle_kg[0] == 9 * 10**15


@pytest.mark.parametrize(("table", "rate"), [("lots", "ask_vnd_per_kg"), ("demands", "bid_vnd_per_kg"), ("demands", "short_vnd_per_kg")])
def test_a_worth_that_could_not_stay_exact_is_refused(tmp_path: Path, table: str, rate: str) -> None:
    largest = {"quantity_kg": 10**6, rate: 9 * 10**9}
    assert read_problem(tiny_folder(tmp_path / "good", **{table: [largest]})).n_lots == 1
    assert places(tiny_folder(tmp_path / "bad", **{table: [{**largest, rate: 9 * 10**9 + 1}]})) == [(table, 2, rate)]


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        ({"lots": [{"lot_id": "x"}, {"lot_id": "y"}, {"lot_id": "x"}]}, ("lots", 4, "lot_id")),
        ({"sites": [{"site_id": "c1"}, {"site_id": "b1"}, {"site_id": "c1"}]}, ("sites", 4, "site_id")),
        ({"demands": [{"line_id": "x"}, {"line_id": " x"}]}, ("demands", 3, "line_id")),
        ({"vehicles": [{"class_id": "x"}, {"class_id": "x"}]}, ("vehicles", 3, "class_id")),
        ({"lanes": [{}, {"km": 4}]}, ("lanes", 3, "to_site")),
        ({"decisions": [{}, {"decision": "pin", "kg": 5}]}, ("decisions", 3, "line_id")),
        ({"decisions": [{"decision": "pin"}]}, ("decisions", 2, "kg")),
        ({"decisions": [{"decision": "pin", "kg": 801}]}, ("decisions", 2, "kg")),
        ({"settings": {"speed": 3}}, ("settings", 2, "key")),
        ({"settings": {"detour_factor": 0}}, ("settings", 2, "value")),
        ({"settings": {"detour_factor": ""}}, ("settings", 2, "value")),
        ({"settings": {"horizon_from": "2027-02-30"}}, ("settings", 2, "value")),
        ({"settings": {"horizon_from": "2027-06-08", "horizon_until": "2027-06-07"}}, ("settings", 3, "value")),
    ],
)
def test_a_fault_between_rows_is_refused_at_the_later_one(tmp_path: Path, tables: dict[str, Any], place: tuple[str, int, str]) -> None:
    assert places(tiny_folder(tmp_path, **tables)) == [place]


def test_a_setting_given_twice_is_refused(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path)
    (folder / "settings.csv").write_text("key,value\ndetour_factor,1.3\ndetour_factor,1.4\n")
    assert places(folder) == [("settings", 3, "key")]


def test_all_faults_of_all_tables_come_at_once_in_the_order_of_the_tables(tmp_path: Path) -> None:
    tables = full_tables()
    tables["vehicles"][0]["kmh"] = "0"
    tables["sites"][1]["lat"] = "91"
    tables["lots"].append({**tables["lots"][0], "grade": "0", "quantity_kg": "-1", "site_id": "x"})
    tables["demands"][0]["colour"] = "red"
    expected = [
        ("sites", 3, "lat"), ("lots", 3, "grade"), ("lots", 3, "lot_id"), ("lots", 3, "quantity_kg"), ("lots", 3, "site_id"),
        ("demands", 1, "colour"), ("vehicles", 2, "kmh"),
    ]  # fmt: skip
    assert places(write_folder(tmp_path, tables)) == expected


@pytest.mark.parametrize("name", ["sites", "lots", "demands", "vehicles"])
def test_a_missing_required_table_is_refused(tmp_path: Path, name: str) -> None:
    folder = tiny_folder(tmp_path)
    (folder / f"{name}.csv").unlink()
    assert (name, 0, "") in places(folder)


def test_an_empty_folder_misses_every_required_table(tmp_path: Path) -> None:
    assert [table for table, _, _ in places(tmp_path)] == ["sites", "lots", "demands", "vehicles"]


@pytest.mark.parametrize("wrong", ["lot.csv", "Lots.csv", "lots .csv", "LOTS.CSV"])
def test_a_misnamed_table_is_named_together_with_the_missing_one(tmp_path: Path, wrong: str) -> None:
    folder = tiny_folder(tmp_path)
    (folder / "lots.csv").rename(folder / wrong)
    found = {issue.table: issue.expected for issue in faults(folder)}
    assert "rename it to lots.csv" in found[wrong]
    assert "must be there" in found["lots"]


def test_a_missing_column_is_refused_once_and_hides_nothing_else(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path, lots=[{"grade": "x"}])
    tables = filled_tables(lots=[{"grade": "x"}])
    del tables["lots"][0]["quantity_kg"]
    assert places(write_folder(folder, tables)) == [("lots", 1, "quantity_kg"), ("lots", 2, "grade")]


def test_a_missing_id_column_is_not_repeated_as_dangling_references(tmp_path: Path) -> None:
    tables = filled_tables()
    for row in tables["sites"]:
        row["id"] = row.pop("site_id")
    found = faults(write_folder(tmp_path, tables))
    assert [(issue.table, issue.row, issue.column) for issue in found] == [("sites", 1, "id"), ("sites", 1, "site_id")]


def test_an_unknown_column_is_refused_with_a_guess(tmp_path: Path) -> None:
    tables = filled_tables()
    tables["lots"][0]["colld"] = "yes"
    (issue,) = faults(write_folder(tmp_path, tables))
    assert (issue.row, issue.column) == (1, "colld")
    assert "perhaps cold" in issue.expected


HEADER = b"class_id,payload_kg,fixed_vnd,vnd_per_km,kmh"
GOOD = b"v1,2000,300000,9000,40"


@pytest.mark.parametrize(
    ("content", "row", "column", "expected"),
    [
        (b"", 0, "", "a header row"),
        (b"\n\n", 0, "", "a header row"),
        (b"\xef\xbb\xbf", 0, "", "a header row"),
        (HEADER + b"\n" + GOOD + b",7\n", 2, "", "5 cells as in the header, not 6"),
        (HEADER + b"\n" + GOOD + b"\n\nv2,1\n", 4, "", "5 cells as in the header, not 2"),
        (HEADER + b",kmh\n" + GOOD + b",40\n", 1, "kmh", "each column once"),
        (HEADER + b",\n" + GOOD + b",40\n", 1, "", "a name above every column"),
        (HEADER.replace(b",", b";") + b"\n" + GOOD.replace(b",", b";"), 1, HEADER.replace(b",", b";").decode(), "separated by commas"),
        (HEADER + b"\n" + GOOD + b"\nv\xe9,1,1,1,1\n", 3, "class_id", "text in UTF-8"),
        (HEADER + b"\n" + GOOD + b"\nv\x00,1,1,1,1\n", 3, "class_id", "without NUL"),
        (HEADER + b'\n"v1,2000,300000\n' + GOOD, 2, "", "quotes are closed"),
        (HEADER + b'\n"v"1,2000,300000,9000,40\n', 2, "", "quotes are closed"),
        (codecs.BOM_UTF16_LE + (HEADER + b"\n" + GOOD).decode().encode("utf-16-le"), 0, "", "UTF-16"),
    ],
)
def test_a_damaged_file_is_refused_where_it_is_damaged(tmp_path: Path, content: bytes, row: int, column: str, expected: str) -> None:
    folder = tiny_folder(tmp_path)
    (folder / "vehicles.csv").write_bytes(content)
    found = [issue for issue in faults(folder) if (issue.table, issue.row, issue.column) == ("vehicles", row, column)]
    assert len(found) == 1
    assert expected in found[0].expected


def test_a_table_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path)
    (folder / "lots.csv").unlink()
    (folder / "lots.csv").mkdir()
    (issue,) = faults(folder)
    assert (issue.table, issue.value) == ("lots", "lots.csv")


def test_faults_of_one_column_are_listed_up_to_a_cap_and_then_counted(tmp_path: Path) -> None:
    found = faults(tiny_folder(tmp_path, lots=[{"grade": "x", "quantity_kg": "y" if n == 5 else 1} for n in range(LISTED_PER_COLUMN + 50)]))
    grades = [issue for issue in found if issue.column == "grade"]
    assert len(grades) == LISTED_PER_COLUMN + 1
    assert grades[-1].expected == "50 more cells of this column are wrong"
    assert [issue.row for issue in found if issue.column == "quantity_kg"] == [7]


def test_a_long_value_is_shortened(tmp_path: Path) -> None:
    (issue,) = faults(tiny_folder(tmp_path, lots=[{"grade": "x" * 500}]))
    assert len(issue.value) == 80


def test_a_fault_reads_as_a_sentence_that_names_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"lots row 2 column grade: 'x': a whole number from 1"):
        read_problem(tiny_folder(tmp_path, lots=[{"grade": "x"}]))
