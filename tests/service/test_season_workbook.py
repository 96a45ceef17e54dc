"""A season's workbook holds numbers and dates as such, is pleasant to look at, and reads back as the same season."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest

from matching.io import read_plan, read_problem
from matching.model.problem import Problem
from service.planning.plans.season_workbook import write_workbook
from service.season import sample_folder
from service.sheets import Table, as_workbook
from tests.matching.builders import build_problem, tiny_folder
from tests.service.cli_support import idle, run

__all__ = ["idle"]


@pytest.fixture(scope="module")
def sample() -> Problem:
    return read_problem(sample_folder())


def test_what_is_read_back_is_the_same_season(tmp_path: Path, sample: Problem) -> None:
    write_workbook(tmp_path / "season.xlsx", sample)
    assert read_problem(tmp_path / "season.xlsx").digest() == sample.digest()


def test_numbers_that_a_spreadsheet_cannot_hold_exactly_stay_exact(tmp_path: Path) -> None:
    sites = (
        {"site_id": "007", "lat": 21.123456789012345, "lon": 106.1},
        {"site_id": "b1", "kind": "buyer", "lat": 0.1 + 0.2, "lon": 105.85},
    )
    certificate = {"valid_from": "0001-01-01", "valid_until": "9999-12-31"}
    problem = build_problem(sites=sites, lots=({"site_id": "007", "lot_id": "=1+1"},), certificates=(certificate,))
    write_workbook(tmp_path / "season.xlsx", problem)
    assert read_problem(tmp_path / "season.xlsx").digest() == problem.digest()


def test_cells_have_types_formats_and_room(tmp_path: Path) -> None:
    sites = (
        {"site_id": "c1", "lat": 21.3, "lon": 106.2, "open_from": "05:00"},
        {"site_id": "b1", "kind": "buyer", "lat": 21, "lon": 105.85},
    )
    write_workbook(tmp_path / "season.xlsx", build_problem(sites=sites, lots=({"quantity_kg": 12_345},)))
    book = openpyxl.load_workbook(tmp_path / "season.xlsx")
    lots = {str(title.value): cell for title, cell in zip(book["lots"][1], book["lots"][2], strict=True)}
    assert (lots["quantity_kg"].value, lots["quantity_kg"].number_format) == (12_345, "#,##0")
    assert (lots["available_from"].value, lots["available_from"].number_format) == (datetime(2027, 6, 7), "yyyy-mm-dd")  # noqa: DTZ001
    assert lots["lot_id"].data_type == "s"
    opened = {str(title.value): cell for title, cell in zip(book["sites"][1], book["sites"][2], strict=True)}
    assert (opened["open_from"].value, opened["lat"].value) == (time(5), 21.3)
    for page in (book["lots"], book["sites"], book["demands"]):
        assert page.freeze_panes == "A2"
        assert page.auto_filter.ref == page.dimensions
        assert all(cell.font.b for cell in page[1])
        assert all(one.width >= 8 for one in page.column_dimensions.values())


def test_dates_of_a_list_are_dates(tmp_path: Path) -> None:
    (tmp_path / "lots.xlsx").write_bytes(as_workbook(Table(["lot_id", "available_from"], [["7", "2027-06-07"], ["8", ""]]), "lots"))
    page = openpyxl.load_workbook(tmp_path / "lots.xlsx")["lots"]
    assert page["B2"].value.date() == date(2027, 6, 7)
    assert (page["A2"].data_type, page["B3"].value) == ("s", None)


def test_csv_files_carry_the_mark_for_excel_where_it_is_asked_for_and_read_the_same(tmp_path: Path, idle: None) -> None:
    source = tiny_folder(tmp_path / "in")
    for name, options in (("plain", []), ("marked", ["--for-excel"])):
        assert run("match", source, "--out", tmp_path / name, *options).exit_code == 0
    plain, marked = ((tmp_path / name / "reasons.csv").read_bytes() for name in ("plain", "marked"))
    assert marked == b"\xef\xbb\xbf" + plain
    problem = read_problem(source)
    assert read_plan(tmp_path / "marked", problem).trips.km.tolist() == read_plan(tmp_path / "plain", problem).trips.km.tolist()
    assert run("check", source, tmp_path / "marked").exit_code == 0
