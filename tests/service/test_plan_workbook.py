"""A plan as one workbook for people: numbers are numbers, dates are dates, and every sheet can be filtered and printed."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from matching.io import read_problem
from matching.model.plan import Result
from matching.model.problem import Problem
from service.plan_workbook import plan_workbook
from service.report import summarise
from tests.matching.builders import build_problem, tiny_folder
from tests.matching.plans import Load, Truck, build_plan
from tests.service.cli_support import idle, idle_result, run

__all__ = ["idle"]


def planned() -> tuple[Problem, Result]:
    problem = build_problem()
    truck = Truck("class1", ["c1 7T05:00 7T05:00", "b1 7T09:00 7T09:00"])
    return problem, idle_result(problem, plan=build_plan(problem, [truck], [Load("lot1", "line1", 400, (0,))]))


def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def summary(found: dict[str, list[list[Any]]]) -> dict[str, Any]:
    return {str(row[0]): row[1] for row in found["Tóm tắt"][1:]}


def test_cells_hold_numbers_and_dates_under_headings_in_the_language() -> None:
    problem, result = planned()
    found = sheets(plan_workbook(problem, result, summarise(problem, result), "vi"))
    heading, row = found["Phân bổ"][:2]
    cells = dict(zip(heading, row, strict=True))
    assert (cells["Lô"], cells["Dòng hàng"], cells["Khối lượng (kg)"], cells["Ngày giao"]) == ("lot1", "line1", 400, date(2027, 6, 7))
    assert found["Điểm dừng"][1][4] == datetime(2027, 6, 7, 5, 0)  # noqa: DTZ001
    assert [row[6:] for row in found["Điểm dừng"][1:]] == [[400, 0, "lot1"], [0, 400, "lot1"]]
    assert summary(found)["Đã khớp (kg)"] == 400
    assert list(sheets(plan_workbook(problem, result, summarise(problem, result), "en")))[:3] == ["Summary", "Suppliers", "Buyers"]


def test_every_table_has_a_frozen_heading_a_filter_and_a_print_area() -> None:
    problem, result = planned()
    with zipfile.ZipFile(io.BytesIO(plan_workbook(problem, result, summarise(problem, result), "vi"))) as packed:
        pages = [packed.read(f"xl/worksheets/sheet{number}.xml").decode() for number in range(1, 7)]
        names = packed.read("xl/workbook.xml").decode()
    assert all('state="frozen"' in page and "<autoFilter" in page for page in pages)
    assert len(re.findall("_xlnm.Print_Area", names)) >= 6


def test_another_program_finds_types_formats_widths_and_the_map() -> None:
    problem, result = planned()
    book = openpyxl.load_workbook(io.BytesIO(plan_workbook(problem, result, summarise(problem, result), "en")))
    assert book.sheetnames == ["Summary", "Suppliers", "Buyers", "Allocations", "Trips", "Stops", "Unmatched", "Map"]
    page = book["Allocations"]
    cells = {heading.value: cell for heading, cell in zip(page[1], page[2], strict=True)}
    assert all(heading.font.b for heading in page[1])
    assert (cells["Mass (kg)"].data_type, cells["Mass (kg)"].number_format) == ("n", "#,##0")
    assert (cells["Delivery date"].is_date, cells["Delivery date"].number_format) == (True, "dd/mm/yyyy")
    assert cells["Lot"].data_type == "s"
    assert (page.freeze_panes, page.auto_filter.ref, page.print_title_rows) == ("A2", page.dimensions, "$1:$1")
    assert page.print_area.endswith("$A$1:$M$2")
    assert all(page.column_dimensions[letter].width >= 8 for letter in "ABCDEFGHIJKLM")
    assert book["Stops"]["E2"].number_format == "hh:mm dd/mm/yyyy"
    assert len(book["Map"]._images) == 1


def test_the_figures_of_a_party_add_up_to_the_plan() -> None:
    problem, result = planned()
    found = sheets(plan_workbook(problem, result, summarise(problem, result), "en"))
    matched = [float(str(row[2])) for row in found["Suppliers"][1:]]
    assert sum(matched) == sum(float(str(row[2])) for row in found["Buyers"][1:]) == 400


def test_match_writes_a_workbook_where_its_name_ends_so(tmp_path: Path, idle: None) -> None:
    source = tiny_folder(tmp_path / "in")
    assert run("match", source, "--out", tmp_path / "plan.xlsx", "--lang", "vi").exit_code == 0
    book = sheets((tmp_path / "plan.xlsx").read_bytes())
    assert summary(book)["Cần mua (kg)"] == int(read_problem(source).lines.kg.sum())
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("place", ["missing/plan.xlsx", "folder.xlsx"])
def test_a_workbook_that_cannot_be_written_is_refused_before_planning(tmp_path: Path, idle: None, place: str) -> None:
    (tmp_path / "folder.xlsx").mkdir()
    refused = run("match", tiny_folder(tmp_path / "in"), "--out", tmp_path / place)
    assert refused.exit_code == 73
    assert place.rpartition("/")[2] in refused.stderr
