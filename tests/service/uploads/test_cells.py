"""What people write in cells is understood by rule, or refused; nothing is guessed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from matching.io.cells import Unfit
from service.uploads.cells import Decimal, day, flag, number, plain, style_of


@pytest.mark.parametrize(
    ("texts", "style"),
    [
        (["1.234,5"], Decimal.COMMA), (["1,234.5"], Decimal.POINT), (["1.234.567"], Decimal.COMMA), (["1,234,567"], Decimal.POINT),
        (["12,5", "1.234"], Decimal.COMMA), (["12.5", "1,234"], Decimal.POINT), (["0,250"], Decimal.COMMA), (["1234", "12"], None),
        (["1.234"], None), (["1,234"], None), (["12,5", "12.5"], None), (["abc", ""], None), (["1 234,5"], Decimal.COMMA),
    ],
)  # fmt: skip
def test_a_file_shows_how_its_numbers_are_written(texts: list[str], style: Decimal | None) -> None:
    assert style_of(texts) == style


@pytest.mark.parametrize(
    ("cell", "style", "whole", "text"),
    [
        ("1.234", Decimal.COMMA, True, "1234"), ("1.234", Decimal.POINT, True, "1.234"), ("1,234", Decimal.POINT, True, "1234"),
        ("1.234,50", Decimal.COMMA, False, "1234.50"), ("1,234.50", Decimal.POINT, False, "1234.50"),
        ("1234,00", Decimal.COMMA, True, "1234"),
        ("1200", None, True, "1200"), ("-5", None, True, "-5"), ("1 200", None, True, "1200"), ("1\u00a0200", None, True, "1200"),
        ("2.125", None, False, "2.125"), ("2,5", None, False, "2.5"), (1200, None, True, "1200"), (1200.0, None, True, "1200"),
        (12.5, None, True, "12.5"), ("NaN", None, False, "NaN"), ("1e5", None, True, "1e5"), ("=1+1", None, True, "=1+1"),
    ],
)  # fmt: skip
def test_a_number_is_read_the_way_that_its_file_writes_numbers(cell: Any, style: Decimal | None, whole: bool, text: str) -> None:
    assert number(cell, style, whole=whole) == text


@pytest.mark.parametrize(("cell", "whole"), [("1.234", True), ("1,234", True), ("1,234", False), ("-12.500", True)])
def test_a_number_that_can_be_read_in_two_ways_is_refused(cell: str, whole: bool) -> None:
    with pytest.raises(Unfit, match="in one way only"):
        number(cell, None, whole=whole)


@pytest.mark.parametrize("cell", [True, date(2027, 6, 7)])
def test_what_is_no_number_is_refused(cell: Any) -> None:
    with pytest.raises(Unfit, match="a number"):
        number(cell, None, whole=True)


@pytest.mark.parametrize(
    ("cell", "base_1904", "text"),
    [
        ("2027-06-07", None, "2027-06-07"), ("7/6/2027", None, "2027-06-07"), ("07-06-2027", None, "2027-06-07"),
        ("07.06.2027", None, "2027-06-07"),
        ("2027-06-07T00:00:00", None, "2027-06-07"), ("29/02/2028", None, "2028-02-29"), (date(2027, 6, 7), None, "2027-06-07"),
        (46545, False, "2027-06-07"), (46545.0, False, "2027-06-07"), (45083, True, "2027-06-07"), (61, False, "1900-03-01"),
        (0, True, "1904-01-01"),
    ],
)  # fmt: skip
def test_a_date_is_read_by_rule(cell: Any, base_1904: bool | None, text: str) -> None:
    assert day(cell, base_1904) == text


@pytest.mark.parametrize(
    ("cell", "base_1904"),
    [
        ("06/13/2027", None), ("29/02/2027", None), ("2027-02-29", None), ("7/6/27", None), ("7 tháng 6", None), ("2027/06/07", None),
        (46545, None), (46545.5, False), (60, False), (0, False), (-1, False), (1e12, False), (True, False), ("46545", None),
    ],
)  # fmt: skip
def test_what_is_no_certain_day_of_the_calendar_is_refused(cell: Any, base_1904: bool | None) -> None:
    with pytest.raises(Unfit, match="a date, such as 2027-06-07"):
        day(cell, base_1904)


def test_texts_are_taken_in_one_form_and_codes_that_look_like_numbers_stay_codes() -> None:
    assert plain("Ho\u0300a ") == "Hòa"
    assert (plain(12.0), plain(12), plain("012")) == ("12", "12", "012")
    for cell in (True, date(2027, 6, 7)):
        with pytest.raises(Unfit, match="a text"):
            plain(cell)


def test_truth_is_yes_or_no() -> None:
    assert [flag(cell) for cell in (True, False, "Yes", " no", "perhaps")] == ["yes", "no", "yes", "no", "perhaps"]
