"""The command line reads what uploads read: the same season, however people's programs wrote it, and what was concluded is said."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from matching.io import read_problem
from matching.model.errors import BadInput
from service.uploads.seasons import read_season
from tests.matching.builders import filled_tables, tiny_folder, write_workbook
from tests.service.cli_support import idle, run

__all__ = ["idle"]
SITES = (
    {
        "site_id": "c1",
        "kind": "cooperative",
        "name": "Hợp tác xã Kép",
        "lat": 21.30,
        "lon": 106.20,
        "open_from": "05:00",
        "stop_minutes": 12.5,
    },
    {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85},
)
LOTS = ({"quantity_kg": 1200, "litres_per_kg": 2.25}, {"quantity_kg": 950})
MONEY = re.compile(r"^(quantity_kg|ask_vnd_per_kg|bid_vnd_per_kg|fixed_vnd)$")


def vietnamese(column: str, text: str) -> str:
    """Return a cell as a spreadsheet program set to Vietnamese writes it."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return "/".join(reversed(text.split("-")))
    if MONEY.match(column):
        return f"{int(text):,}".replace(",", ".") + ",0"
    return text.replace(".", ",") if re.fullmatch(r"\d+\.\d+", text) else text


def written_in_vietnamese(folder: Path, **tables: Any) -> Path:
    """Write a folder with semicolons, in Windows' Vietnamese, with dates and numbers in the country's form."""
    folder.mkdir()
    for name, rows in filled_tables(**tables).items():
        if rows:
            with (folder / f"{name}.csv").open("w", newline="", encoding="cp1258", errors="ignore") as file:
                out = csv.DictWriter(file, list(dict.fromkeys(column for row in rows for column in row)), delimiter=";")
                out.writeheader()
                out.writerows([{column: vietnamese(column, text) for column, text in row.items()} for row in rows])
    return folder


def test_a_folder_in_vietnamese_form_is_the_season_that_the_exact_format_holds(tmp_path: Path) -> None:
    sites = ({**SITES[0], "name": "Kep"}, SITES[1])
    exact = read_problem(tiny_folder(tmp_path / "exact", sites=sites, lots=LOTS))
    found = read_season(written_in_vietnamese(tmp_path / "vi", sites=sites, lots=LOTS))
    assert found.season.problem.digest() == exact.digest()
    said = "\n".join(found.notes)
    assert "lots: read as utf-8, separated by semicolon" in said
    assert "lots: dates such as 07/06/2027 are read as day/month/year" in said
    assert "sites: numbers are read as 1.234,5 with a comma before decimals" in said


def test_windows_vietnamese_is_recognised_and_said(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "in", sites=SITES)
    text = (folder / "sites.csv").read_text(encoding="utf-8").replace("Hợp tác xã Kép", "Làng Kép")
    (folder / "sites.csv").write_bytes(text.encode("cp1258"))
    found = read_season(folder)
    assert str(found.season.problem.sites.name[0]) == "Làng Kép"
    assert found.notes == ("sites: read as cp1258, separated by comma",)


def test_a_round_trip_through_pandas_is_the_same_season_without_a_note(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "in", sites=SITES, lots=LOTS)
    exact = read_problem(folder)
    for file in folder.glob("*.csv"):
        frame = pd.read_csv(file)
        for column in frame.columns.intersection(["quantity_kg", "min_take_kg"]):
            frame[column] = frame[column].astype(float)
        if "open_from" in frame:
            frame["open_from"] = pd.to_datetime(frame["open_from"], format="%H:%M").dt.time
        frame.to_csv(file, index=False)
    found = read_season(folder)
    assert (found.season.problem.digest(), found.notes) == (exact.digest(), ())


def test_the_exact_format_is_taken_as_it_stands(tmp_path: Path) -> None:
    found = read_season(tiny_folder(tmp_path / "in"))
    assert found.notes == ()


def workbook(path: Path, **changes: Any) -> Path:
    """Write a season whose lot id is the number 17, shown as 0000017, with one row hidden."""
    with xlsxwriter.Workbook(str(path)) as book:
        padded = book.add_format({"num_format": "0000000"})
        for name, rows in filled_tables(lots=({}, {"quantity_kg": 5})).items():
            if not rows:
                continue
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, list(rows[0]))
            for n, row in enumerate(rows, 1):
                sheet.write_row(n, 0, [changes.get(column, text) for column, text in row.items()])
            if name == "lots":
                sheet.write_number(1, 0, 17, padded)
                sheet.set_row(2, None, None, {"hidden": True})
    return path


def test_an_id_is_kept_as_the_workbook_shows_it_and_hidden_rows_are_said(tmp_path: Path) -> None:
    exact = write_workbook(tmp_path / "exact.xlsx", filled_tables(lots=({}, {"quantity_kg": 5})))
    found = read_season(workbook(tmp_path / "in.xlsx", quantity_kg="1.200,0"))
    assert list(found.season.problem.lots.id) == ["0000017", "lot2"]
    assert found.season.problem.lots.kg[0] == 1200
    assert "lots: 1 hidden rows are taken in too: 3" in found.notes
    assert read_season(exact).notes == ()


def test_what_could_mean_two_things_is_refused_and_one_cause_is_one_error(tmp_path: Path) -> None:
    folder = written_in_vietnamese(tmp_path / "vi")
    text = (folder / "lots.csv").read_text(encoding="cp1258").replace("1.000,0", "1.000")
    (folder / "lots.csv").write_text(text, encoding="cp1258")
    with pytest.raises(BadInput, match="can be read in one way only") as refused:
        read_season(folder)
    assert [(issue.table, issue.column) for issue in refused.value.issues] == [("lots", "quantity_kg")]


def test_the_fault_that_explains_others_is_told_first(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "in", lots=({"quantity_kg": "much"}, {"site_id": "nowhere"}))
    demands = (folder / "demands.csv").read_text(encoding="utf-8")
    (folder / "demands.csv").write_text(demands.replace("max_grade", "worst_grade"), encoding="utf-8")
    (folder / "vehicles.csv").unlink()
    with pytest.raises(BadInput, match="vehicles") as refused:
        read_season(folder)
    told = [(issue.table, issue.row > 1) for issue in refused.value.issues]
    assert told[0] == ("vehicles", False)
    assert told.index(("demands", False)) < told.index(("lots", True))
    assert refused.value.issues[-1].expected == "an id in the table sites"


def test_a_sheet_that_may_be_a_table_under_another_name_is_not_passed_over(tmp_path: Path) -> None:
    tables = filled_tables()
    made = write_workbook(tmp_path / "in.xlsx", {"lotz" if name == "lots" else name: rows for name, rows in tables.items()})
    with pytest.raises(BadInput, match="perhaps lots"):
        read_season(made)


def test_match_says_how_it_read_its_input(tmp_path: Path, idle: None) -> None:
    outcome = run("match", written_in_vietnamese(tmp_path / "vi"), "--out", tmp_path / "out", "--json")
    assert outcome.exit_code == 0
    assert "note: lots: read as utf-8, separated by semicolon" in outcome.stderr
    assert "separated by semicolon" in outcome.stdout
