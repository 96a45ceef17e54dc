"""Cells as people write them → cells of the exchange format; what could mean two things is refused, never guessed.

Numbers are written 1.234,5 in Vietnam and 1,234.5 elsewhere. One cell such as ``1.234`` doesn't say which; the file does, where some other
cell of it can be read in one way only. Dates are year-month-day, or day/month/year; month/day/year is nowhere assumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from unicodedata import normalize

from matching.io.cells import Unfit


class Decimal(StrEnum):
    """Which sign stands before the decimals of a number."""

    COMMA = "comma"
    POINT = "point"


PLAIN = re.compile(r"[+-]?[0-9]+")
TWO_WAYS = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
BY_POINT = re.compile(r"[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?")
BY_COMMA = re.compile(r"[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)?")
BLANKS = re.compile(r"(?<=[0-9])[\u00a0\u202f '](?=[0-9]{3})")
YEAR_FIRST = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ]00:00(?::00)?)?")
DAY_FIRST = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{4})")
CLOCK = re.compile(r"([0-9]{1,2})(?::([0-9]{2})(?::00(?:\.0+)?)?|\s?(?:h|g|giờ)\s?([0-9]{2})?)")
FLAGS = {"true": "yes", "false": "no", "có": "yes", "không": "no"}
FIRST_1900, FIRST_1904 = date(1899, 12, 30), date(1904, 1, 1)
FIRST_YEAR, LAST_YEAR = 1900, 2200


def style_of(texts: Iterable[str]) -> Decimal | None:
    """Return how a file's numbers are written, as far as cells show that can be read in one way only; None if they don't, or disagree."""
    shown = {style for text in texts if (style := _style(text)) is not None}
    return shown.pop() if len(shown) == 1 else None


def _style(text: str) -> Decimal | None:
    text = BLANKS.sub("", text.strip())
    if PLAIN.fullmatch(text) or TWO_WAYS.fullmatch(text):
        return None
    point, comma = BY_POINT.fullmatch(text) is not None, BY_COMMA.fullmatch(text) is not None
    return None if point == comma else Decimal.POINT if point else Decimal.COMMA


def number(cell: Any, style: Decimal | None, *, whole: bool) -> str:
    """Return a number as the exchange format writes it.

    Parameters
    ----------
    style : how the file writes numbers; None if nobody knows.
    whole : whether the column holds whole numbers.

    Raises
    ------
    Unfit
        If it could mean two things.
    """
    if isinstance(cell, bool):
        raise Unfit("a number, not a yes or no")
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e16 else repr(cell)
    if not isinstance(cell, str):
        raise Unfit("a number, not a date")
    text = BLANKS.sub("", cell.strip())
    if style is None and TWO_WAYS.fullmatch(text) and (whole or "," in text):
        plain = re.sub("[.,]", "", text)
        raise Unfit(f"a number that can be read in one way only: {plain}, or {text.replace(',', '.')}? Say which sign the decimals have")
    style = style or _style(text) or Decimal.POINT
    if style is Decimal.COMMA and BY_COMMA.fullmatch(text):
        return _trimmed(text.replace(".", "").replace(",", "."), whole=whole)
    if style is Decimal.POINT and BY_POINT.fullmatch(text):
        return _trimmed(text.replace(",", ""), whole=whole)
    return text


def _trimmed(text: str, *, whole: bool) -> str:
    """Take away decimals that are all zero where a whole number is wanted."""
    return re.sub(r"\.0+$", "", text) if whole else text


def day(cell: Any, base_1904: bool | None) -> str:
    """Return a date as year-month-day.

    Parameters
    ----------
    base_1904 : whether a bare number counts days from 1904, as some workbooks say; None where a bare number isn't a date.

    Raises
    ------
    Unfit
        If it isn't a day of the calendar, or its order isn't known.
    """
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _counted(cell, base_1904)
    text = str(cell).strip()
    found = YEAR_FIRST.fullmatch(text)
    parts = tuple(map(int, found.groups())) if found else None
    if parts is None and (found := DAY_FIRST.fullmatch(text)):
        parts = (int(found[3]), int(found[2]), int(found[1]))
    if parts is None:
        raise Unfit("a date, such as 2027-06-07 or 07/06/2027 (day first)")
    try:
        return date(*parts).isoformat()
    except ValueError as error:
        raise Unfit("a date, such as 2027-06-07 or 07/06/2027 (day first); this day does not exist") from error


def _counted(number: float, base_1904: bool | None) -> str:
    if base_1904 is None or number != int(number):
        raise Unfit("a date, such as 2027-06-07, not a bare number")
    # Excel counts a 29 February 1900 that never was; from March 1900 on its count is two days ahead of the calendar's.
    first = FIRST_1904 if base_1904 else FIRST_1900
    try:
        found = first + timedelta(days=int(number))
    except OverflowError as error:
        raise Unfit("a date, such as 2027-06-07, not a bare number") from error
    if not 1900 <= found.year <= LAST_YEAR or (not base_1904 and number < 61):
        raise Unfit("a date, such as 2027-06-07, not a bare number")
    return found.isoformat()


def clock(cell: Any) -> str:
    """Return a clock time as ``HH:MM``; seconds of zero, one digit for the hour, and ``5h30`` or ``5 giờ`` are understood."""
    if isinstance(cell, float) and 0 <= cell <= 1:
        minutes = round(cell * 1440)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    text = str(cell).strip().lower()
    found = CLOCK.fullmatch(text)
    return f"{int(found[1]):02d}:{found[2] or found[3] or '00'}" if found else text


def flag(cell: Any) -> str:
    """Return a truth value as the word that the exchange format has for it."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    text = normalize("NFC", str(cell).strip().lower())
    return FLAGS.get(text, text)


def plain(cell: Any) -> str:
    """Return a text in its stored form.

    Raises
    ------
    Unfit
        If it is a truth value or a date, which no text column holds.
    """
    if isinstance(cell, bool):
        raise Unfit("a text or a number, not a yes or no")
    if isinstance(cell, date):
        raise Unfit("a text, not a date: format the column as text and write it again")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e16:
        return str(int(cell))
    return normalize("NFC", str(cell).strip())
