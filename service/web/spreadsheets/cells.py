"""Cells as people write them → values of fields; what could mean two things is a question, never a guess."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from catalog import communes, names, quantities
from catalog.models import Unit
from service.web.registers.fields import Choices, Field, Kind, clock, flag, named, phone
from service.web.spreadsheets.grid import Cell, text_of

ROUNDINGS = {"nearest": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}
SHORT_DAY = re.compile(r"(?:ngay\s*)?(\d{1,2})\s*[/.\-]\s*(\d{1,2})$")
LONG_DAY = re.compile(
    r"(?:[a-z0-9 ]+,\s*)?(?:ngay\s*)?(\d{1,2})\s*(?:[/.\-]|\s*thang\s*)\s*(\d{1,2})\s*(?:[/.\-]|\s*nam\s*)\s*(\d{4}|\d{2})$"
)
ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[t ]00:00(?::00)?)?$")
AMOUNT = re.compile(r"([\d.,\s]+)\s*([^\d.,\s].*)?$")
SPAN = re.compile(r"(?:tu\s*)?(\d{1,2}(?:[:h]\d{0,2})?)\s*(?:h|gio)?\s*(?:-|–|den|toi)\s*(\d{1,2}(?:[:h]\d{0,2})?)\s*(?:h|gio)?$")
BEFORE = re.compile(r"(?:truoc|<)\s*(\d{1,2}(?:[:h]\d{0,2})?)\s*(?:h|gio)?$")
AFTER = re.compile(r"(?:sau|tu|>)\s*(\d{1,2}(?:[:h]\d{0,2})?)\s*(?:h|gio)?$")
FIRST_SERIAL, LAST_SERIAL = 36_526, 73_415
"""Day numbers of the years 2000 to 2100; no other number is taken for a day."""
CLOSE = 0.6


class Doubt(ValueError):
    """A cell that isn't certain.

    Attributes
    ----------
    about : ``year``, ``unit``, ``rounding``, ``past`` for what is said once for the whole file; empty for the cell alone.
    hints : finds values that may be meant, with their words; it takes a moment, so only what is shown asks for it.
    """

    def __init__(self, expected: str, about: str = "", hints: Callable[[], Sequence[tuple[str, str]]] = tuple) -> None:
        self.about, self.hints = about, hints
        super().__init__(expected)


@dataclass(frozen=True)
class Said:
    """What was said for the whole file.

    Attributes
    ----------
    year : of days that are written without one.
    unit : of amounts that are written without one, and whose heading states none.
    rounding : of amounts that aren't whole kilograms: nearest, up or down.
    base_1904 : whether day numbers count from 1904.
    meant : what a text of a field stands for, by field and text.
    past : which year is meant by days that have passed; ``keep`` where they stay as they are.
    """

    year: int | None = None
    unit: str = ""
    rounding: str = ""
    base_1904: bool = False
    meant: dict[str, dict[str, str]] | None = None
    past: str = ""


@dataclass(frozen=True)
class Amount:
    """An amount in a unit, and the whole kilograms that it is where the unit has a fixed weight."""

    text: str
    unit: Unit
    kg: int | None


def value(cell: Cell, field: Field, options: Sequence[tuple[str, str]], said: Said, unit: str = "") -> Any:
    """Return what a cell says.

    Parameters
    ----------
    options : of a choice or a reference.
    unit : that the column's heading states.

    Raises
    ------
    Doubt
        If it isn't certain.
    ValueError
        If it is wrong.
    """
    if cell is None:
        return None
    text = text_of(cell)
    text = (said.meant or {}).get(field.name, {}).get(text, text)
    read = _READERS.get(field.kind)
    return field.parse(text, options) if read is None else read(cell, text, _Column(field, options, said, unit))


@dataclass(frozen=True)
class _Column:
    """What is known of a column when one of its cells is read."""

    field: Field
    options: Sequence[tuple[str, str]]
    said: Said
    unit: str


def _named(text: str, options: Sequence[tuple[str, str]]) -> str:
    try:
        return named(text, options)
    except ValueError as error:
        raise Doubt(str(error), hints=lambda: near(text, options)) from None


def commune(text: str) -> str:
    """Return the code of the one commune that a text names.

    Raises
    ------
    Doubt
        If it names none, or several.
    """
    found = communes.match(text)
    if len(found) == 1:
        return found[0].code
    expected = "one commune: write its province too" if found else "a commune of today, or one that went into it"
    raise Doubt(expected, hints=lambda: [(one.full, one.full) for one in found[:12]])


def near(text: str, options: Sequence[tuple[str, str]], most: int = 6) -> list[tuple[str, str]]:
    """Return the options whose names are nearest to a text."""
    choices = options if isinstance(options, Choices) else Choices(options)
    return list(_near(names.search_key(text), choices, most))


@lru_cache(maxsize=2048)
def _near(wanted: str, options: Choices, most: int) -> tuple[tuple[str, str], ...]:
    keys = {names.search_key(words): (value, words) for value, words in options}
    inside = [key for key in keys if wanted and (wanted in key or key in wanted)]
    found = dict.fromkeys([*inside, *difflib.get_close_matches(wanted, list(keys), most, CLOSE)])
    return tuple(keys[key] for key in list(found)[:most])


def day(cell: Cell, said: Said) -> date:
    """Return the day that a cell says; one without a year is a question.

    Raises
    ------
    Doubt
        If no year stands there and none was said.
    ValueError
        If it is no day.
    """
    if isinstance(cell, date):
        return cell
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if cell == int(cell) and FIRST_SERIAL <= cell <= LAST_SERIAL:
            return (date(1904, 1, 1) if said.base_1904 else date(1899, 12, 30)) + timedelta(days=int(cell))
        raise ValueError("expected a day such as 07/06/2027")
    text = names.search_key(text_of(cell)).strip()
    if found := ISO_DAY.match(text):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if found := LONG_DAY.match(text):
        year = int(found[3])
        return _date(year + 2000 if year < 100 else year, int(found[2]), int(found[1]))
    if found := SHORT_DAY.match(text):
        if said.year is None:
            _date(2028, int(found[2]), int(found[1]))
            raise Doubt("the year of this day", "year")
        return _date(said.year, int(found[2]), int(found[1]))
    raise ValueError("expected a day such as 07/06/2027")


def coming(first: date, last: date, today: date, said: Said) -> tuple[date, date]:
    """Return days of delivery or harvest; those that have passed are a question: the book of another year, or meant so.

    Raises
    ------
    Doubt
        If the last of them has passed and nobody has said which year is meant.
    ValueError
        If there is no such day in the year that was said.
    """
    if last >= today or said.past == "keep":
        return first, last
    if not said.past.isdecimal():
        raise Doubt("days that are still to come", "past")
    year = int(said.past)
    moved = _date(year, first.month, first.day)
    return moved, _date(year + last.year - first.year, last.month, last.day)


def _date(year: int, month: int, number: int) -> date:
    try:
        return date(year, month, number)
    except ValueError:
        raise ValueError("expected a day such as 07/06/2027") from None


def number(cell: Cell) -> Decimal:
    """Return the number in a cell; ``3.000`` is three thousand, as everybody here writes it.

    Raises
    ------
    ValueError
        If there is none.
    """
    if isinstance(cell, bool):
        raise ValueError("expected a number")
    if isinstance(cell, (int, float)):
        return Decimal(str(cell)).normalize()
    plain = text_of(cell).replace("\u00a0", " ").strip()
    if re.fullmatch(r"[1-9]\d{0,2}(\.\d{3})+", plain.replace(" ", "")):
        return Decimal(plain.replace(" ", "").replace(".", ""))
    return quantities.number(plain)


def amount(cell: Cell, said: Said, unit: str = "") -> Amount:
    """Return an amount: ``12 tạ``, ``1,5 tấn``, ``57.5`` under ``SL (kg)``.

    Raises
    ------
    Doubt
        If its unit isn't known, or it isn't a whole number of kilograms and nobody has said how to round.
    ValueError
        If it is none.
    """
    words = ""
    if isinstance(cell, str):
        found = AMOUNT.match(cell.strip())
        if found is None:
            raise ValueError("expected an amount such as 12 tạ")
        cell, words = found[1].strip(), (found[2] or "").strip()
    value_ = number(cell)
    name = words or unit or said.unit
    if not name:
        raise Doubt("the unit of this amount", "unit")
    try:
        found_unit = quantities.unit_of(name)
    except ValueError:
        raise Doubt("a unit such as kg, tạ, tấn, quả", "") from None
    if value_ <= 0:
        raise ValueError("an amount above zero")
    if found_unit in quantities.COUNTED:
        return Amount(_plain(value_), found_unit, None)
    kg = value_ * quantities.KG_PER[found_unit]
    if kg != kg.to_integral_value():
        if not said.rounding:
            raise Doubt("how fractions of a kilogram are rounded", "rounding")
        kg = kg.quantize(Decimal(1), ROUNDINGS[said.rounding])
        return Amount(_plain(kg), Unit.KG, int(kg))
    return Amount(_plain(value_), found_unit, int(kg))


def _plain(value_: Decimal) -> str:
    return f"{value_:f}".rstrip("0").rstrip(".").replace(".", ",") if "." in f"{value_:f}" else f"{value_:f}"


def _whole(cell: Cell, field: Field, said: Said, unit: str) -> int:
    """Return a whole number: money with its marks, thousands where the heading says so, areas in hectares or sào."""
    if isinstance(cell, float) and not cell.is_integer() and abs(cell - round(cell)) < 1e-6:
        cell = round(cell)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        found = Decimal(str(cell))
    else:
        plain = re.sub(r"(?i)\s*(đồng|đ|₫|vnd|dong)(\s*/\s*kg)?\.?$", "", text_of(cell).strip())
        thousands = re.fullmatch(r"(?i)([\d.,]+)\s*(k|nghìn|nghin|ngàn)", plain)
        area = re.fullmatch(r"(?i)([\d.,]+)\s*(ha|m2|m²|sào|sao|mẫu|mau)", plain) if "m2" in field.name else None
        if thousands:
            found = number(thousands[1]) * 1000
        elif area:
            found = number(area[1]) * {"ha": 10_000, "m2": 1, "m²": 1, "sao": 360, "sào": 360, "mau": 3600, "mẫu": 3600}[area[2].lower()]
        else:
            found = number(re.sub(r"(?i)\s*(kg|ngày|ngay|sao)$", "", plain))
    if unit in ("1000d", "trieu"):
        found *= 1000 if unit == "1000d" else 1_000_000
    if found != found.to_integral_value() or found < 0:
        if field.kind is Kind.MASS and said.rounding:
            return int(found.quantize(Decimal(1), ROUNDINGS[said.rounding]))
        raise ValueError("expected a whole number such as 15.000")
    return int(found)


def hours(text: str) -> tuple[int | None, int | None]:
    """Return the hours that words say, minutes since midnight: ``7h-7h30``, ``trước 8h30``, ``sau 14h``.

    Raises
    ------
    ValueError
        If they say none.
    """
    plain = names.search_key(text).strip()
    if found := SPAN.match(plain):
        return clock(found[1]), clock(found[2])
    if found := BEFORE.match(plain):
        return None, clock(found[1])
    if found := AFTER.match(plain):
        return clock(found[1]), None
    raise ValueError("hours such as 7h-7h30 or trước 8h30")


def _decimal(cell: Cell, text: str, column: _Column) -> Any:
    return float(cell) if isinstance(cell, (int, float)) else column.field.parse(text, ())


def _flag(cell: Cell, text: str, _column: _Column) -> bool:
    return bool(cell) if isinstance(cell, (bool, int, float)) else flag(text)


def _phone(cell: Cell, text: str, _column: _Column) -> str:
    return phone(str(int(cell)) if isinstance(cell, (int, float)) else re.split(r"[/;]", text)[0])


def _clock(cell: Cell, text: str, _column: _Column) -> int:
    return round(cell * 1440) if isinstance(cell, float) and 0 <= cell < 1 else clock(text)


_READERS: dict[Kind, Callable[[Cell, str, _Column], Any]] = {
    Kind.CHOICE: lambda _cell, text, column: _named(text, column.options),
    Kind.REFERENCE: lambda _cell, text, column: _named(text, column.options),
    Kind.COMMUNE: lambda _cell, text, _column: commune(text),
    Kind.DAY: lambda cell, _text, column: day(cell, column.said),
    Kind.AMOUNT: lambda cell, _text, column: amount(cell, column.said, column.unit),
    Kind.WHOLE: lambda cell, _text, column: _whole(cell, column.field, column.said, column.unit),
    Kind.MASS: lambda cell, _text, column: _whole(cell, column.field, column.said, column.unit),
    Kind.DECIMAL: _decimal,
    Kind.FLAG: _flag,
    Kind.PHONE: _phone,
    Kind.CLOCK: _clock,
}
