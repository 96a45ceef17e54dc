"""Cells as people write them are read, refused or asked about, and never guessed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from catalog.models import Unit
from service.web.registers.fields import Choices, Field, Kind, clock, named, phone, whole
from service.web.spreadsheets import cells, layout
from service.web.spreadsheets.cells import Doubt, Said
from service.web.spreadsheets.grid import Grid
from service.web.spreadsheets.targets import ORDER_FIELDS

IN_2027 = Said(year=2027, unit="kg", rounding="nearest")


@pytest.mark.parametrize(
    ("written", "read"),
    [("8/6", date(2027, 6, 8)), ("08.06.2027", date(2027, 6, 8)), ("8-6-27", date(2027, 6, 8)), (46546, date(2027, 6, 8)),
     ("Thứ ba, 08/06/2027", date(2027, 6, 8)), ("ngày 8 tháng 6 năm 2027", date(2027, 6, 8)), ("2027-06-08", date(2027, 6, 8))],
)  # fmt: skip
def test_a_day_is_read_however_it_is_written(written: Any, read: date) -> None:
    assert cells.day(written, IN_2027) == read


def test_a_day_without_a_year_is_a_question_until_the_year_is_said() -> None:
    with pytest.raises(Doubt, match="year") as doubt:
        cells.day("8/6", Said())
    assert doubt.value.about == "year"


@pytest.mark.parametrize("written", ["31/2/2027", "6/31", "hôm nay", 12, 57.5, True])
def test_what_is_no_day_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="day"):
        cells.day(written, IN_2027)


@pytest.mark.parametrize(
    ("written", "unit", "kg"),
    [
        ("12 tạ", "", 1200),
        ("1,5 tấn", "", 1500),
        (57.5, "kg", 58),
        ("3.000", "kg", 3000),
        (5, "ta", 500),
        ("45 yến", "kg", 450),
        ("0,2 tạ", "", 20),
    ],
)
def test_an_amount_is_read_with_its_unit(written: Any, unit: str, kg: int) -> None:
    assert cells.amount(written, IN_2027, unit).kg == kg


def test_an_amount_without_a_unit_and_a_fraction_of_a_kilogram_are_questions() -> None:
    for written, unit, about in ((5, "", "unit"), (57.5, "kg", "rounding")):
        with pytest.raises(Doubt, match=r"amount|kilogram") as doubt:
            cells.amount(written, Said(), unit)
        assert doubt.value.about == about


def test_pieces_keep_their_unit_for_the_weight_of_their_product() -> None:
    found = cells.amount("300 quả", Said())
    assert (found.unit, found.text, found.kg) == (Unit.QUA, "300", None)


@pytest.mark.parametrize(
    ("words", "read"), [("7h-7h30", (420, 450)), ("trước 8h30", (None, 510)), ("sau 14h", (840, None)), ("từ 5h đến 6h30", (300, 390))]
)
def test_hours_are_read_from_words(words: str, read: tuple[int | None, int | None]) -> None:
    assert cells.hours(words) == read


@pytest.mark.parametrize(("written", "read"), [("5h30", 330), ("17 giờ", 1020), ("24:00", 1440), ("7.15", 435)])
def test_a_clock_time_is_read_however_it_is_written(written: str, read: int) -> None:
    assert clock(written) == read


@pytest.mark.parametrize("written", ["0912345678", "+84 912 345 678", "912345678", "0912.345.678", "(0912) 345-678"])
def test_a_telephone_number_has_one_form(written: str) -> None:
    assert phone(written) == "0912 345 678"


def test_what_is_no_telephone_number_is_refused() -> None:
    with pytest.raises(ValueError, match="telephone"):
        phone("12")


def test_thousands_marks_and_units_leave_a_whole_number() -> None:
    assert [whole(text) for text in ("15.000", "15,000đ", "27000 đ/kg", "3.000 kg")] == [15000, 15000, 27000, 3000]


def test_a_name_is_taken_by_its_accents_first_and_without_them_only_where_that_is_certain() -> None:
    options = Choices((("a", "HTX Trại Đông"), ("b", "HTX Trại Đồng"), ("c", "HTX Cống")))
    assert [named(text, options) for text in ("htx trại đồng", "HTX Trại Đông", "htx cong")] == ["b", "a", "c"]
    with pytest.raises(ValueError, match="by its name"):
        named("htx trai dong", options)


def test_a_header_below_titles_is_found_with_its_columns_totals_and_group_headings() -> None:
    rows: list[list[Any]] = [
        ["CÔNG TY RAU"], [], ["STT", "Mặt hàng", "SL (tạ)", "Đơn giá (đ/kg)", "Ngày giao"], ["Bếp ăn A", None, None, None, None],
        [1, "Vải", 5, 25000, "8/6"], [2, "Nhãn", 3, 20000, None], ["Tổng cộng", None, 8, None, None],
    ]  # fmt: skip
    table = layout.find(Grid("T6", rows), ORDER_FIELDS, {})
    assert table.header == 2
    assert table.columns == {1: "product", 2: "amount", 3: "bid_vnd_per_kg", 4: "deliver_from"}
    assert table.rows == [(4, "Bếp ăn A"), (5, "Bếp ăn A")]
    assert table.left_out == [6]
    assert layout.unit_in(table.headings[2]) == "ta"


def test_a_remembered_heading_counts_before_a_known_one() -> None:
    field = Field("phone", "Telephone", Kind.PHONE, headings=("sdt",))
    assert layout.recognise("Liên lạc", (field,), {"Liên lạc": "phone"}) == "phone"
    assert layout.recognise("SĐT", (field,), {"SĐT": ""}) is None
    assert layout.recognise("SĐT:", (field,), {}) == "phone"
