"""One parser per kind of cell: text in, value out, or `Unfit` that says what should have stood there.

Every parser gets a cell that is stripped, composed (Unicode NFC) and not empty.
Numbers, dates and clock times take ASCII digits only, so that any other
reader of the same file reads the same value.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Any

from matching.model.problem import NO_LIMIT

Parser = Callable[[str], Any]

EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
WHOLE = re.compile(r"[+-]?[0-9]+(?:\.0)?")
"""A whole number, or one that a table of floating-point numbers wrote; more zeros could be thousands."""
DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[.,  '_][0-9]{3})+(?:[.,][0-9]+)?|[+-]?[0-9]+,[0-9]+")
DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
"""A date, or midnight of it as libraries write dates that they hold as instants."""
CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
CLOCK_WITH_SECONDS = re.compile(rf"({CLOCK.pattern}):00")
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
NEEDED = re.compile(r"([^<>=!~≥≤;]+?)(?:>=([0-9]+))?")


class Unfit(ValueError):
    """The cell does not hold what its column asks for; the message says what would."""


def text(cell: str) -> str:
    """Any text, e.g. a name; the NUL character alone is refused."""
    if "\x00" in cell:
        raise Unfit("text without NUL characters")
    return cell


def identifier(cell: str) -> str:
    """An id: text on one line, upper and lower case kept apart."""
    if CONTROL.search(cell):
        raise Unfit("an id on one line, without control characters")
    return cell


def code(cell: str) -> str:
    """One product or scheme code: an id that is not a list."""
    if ";" in cell:
        raise Unfit("one code, not a list: write one row for each")
    return identifier(cell)


def codes(cell: str) -> tuple[str, ...]:
    """A list of product codes separated by ``;``, each once."""
    parts = _parts(cell)
    if not parts:
        raise Unfit("at least one product code")
    return tuple(dict.fromkeys(identifier(part) for part in parts))


def requirements(cell: str) -> tuple[tuple[str, int], ...]:
    """A list of ``SCHEME`` or ``SCHEME>=LEVEL`` separated by ``;``, as pairs of scheme and least level."""
    return tuple(dict.fromkeys(_requirement(part) for part in _parts(cell)))


def _parts(cell: str) -> list[str]:
    parts = cell.split(";")
    if any(part != part.strip() for part in parts):
        raise Unfit("a list separated by ';' without blanks around it, e.g. VietGAP;OCOP>=3")
    return [part for part in parts if part]


def _requirement(part: str) -> tuple[str, int]:
    found = NEEDED.fullmatch(identifier(part))
    if not found or found[1] != found[1].strip():
        raise Unfit("a list of SCHEME or SCHEME>=LEVEL, e.g. VietGAP;OCOP>=3")
    return found[1], whole()(found[2] or "0")


def one_of(*choices: str) -> Parser:
    """Return a parser that gives the place of the cell among ``choices``."""
    places = {choice: place for place, choice in enumerate(choices)}

    def parse(cell: str) -> int:
        if cell not in places:
            raise Unfit(" or ".join(choices))
        return places[cell]

    return parse


def yes_no(cell: str) -> bool:
    """``yes`` or ``no``."""
    if cell not in ("yes", "no"):
        raise Unfit("yes or no")
    return cell == "yes"


def whole(least: int = 0, unit: str = "") -> Parser:
    """Return a parser of whole numbers from ``least`` to 9e15."""
    wanted = f"a whole number{unit and f' of {unit}'} from {least} to {NO_LIMIT}, digits only"

    def parse(cell: str) -> int:
        if not WHOLE.fullmatch(cell):
            raise Unfit(wanted + _number_remedy(cell, fraction=False))
        # Python refuses to convert thousands of digits, and no number of over 16 digits is in range.
        digits = cell.removesuffix(".0")
        value = int(digits) if len(digits.lstrip("+-0")) <= 16 else NO_LIMIT + 1
        if value > NO_LIMIT or not least <= value or (cell.startswith("-") and value):
            raise Unfit(wanted)
        return value

    return parse


def decimal(least: float = 0.0, most: float = float(NO_LIMIT), *, above: bool = False, unit: str = "") -> Parser:
    """Return a parser of decimal numbers from ``least`` (``above``: over it) to ``most``."""
    bottom = f"over {least:g}" if above else f"from {least:g}"
    wanted = f"a number{unit and f' of {unit}'} {bottom} to {most:.16g}"

    def parse(cell: str) -> float:
        if not DECIMAL.fullmatch(cell):
            raise Unfit(wanted + _number_remedy(cell, fraction=True))
        value = float(cell) + 0.0  # Adding zero turns -0.0 into 0.0, which would digest differently.
        if not math.isfinite(value) or not least <= value <= most or (above and value == least):
            raise Unfit(wanted)
        return value

    return parse


def _number_remedy(cell: str, *, fraction: bool) -> str:
    if GROUPED.fullmatch(cell):
        return "; write 1234.5 with a point and without thousands marks" if fraction else "; write 1234 without thousands marks"
    if not fraction and DECIMAL.fullmatch(cell):
        return "; no fraction and no exponent"
    return ""


def date(first_year: int = 1900, last_year: int = 2200) -> Parser:
    """Return a parser of ``YYYY-MM-DD`` that gives days since 1970-01-01."""
    wanted = f"a calendar date YYYY-MM-DD in the years {first_year} to {last_year}"

    def parse(cell: str) -> int:
        found = DATE.fullmatch(cell)
        if not found or not first_year <= int(cell[:4]) <= last_year:
            raise Unfit(wanted)
        try:
            return dt.date.fromisoformat(found[1]).toordinal() - EPOCH_ORDINAL
        except ValueError as error:
            raise Unfit(f"{wanted}; this day does not exist") from error

    return parse


def instant(cell: str) -> int:
    """``YYYY-MM-DDTHH:MM``, as minutes since 1970-01-01T00:00."""
    day, _, time = cell.partition("T")
    if not CLOCK.fullmatch(time) or time == "24:00":
        raise Unfit("an instant YYYY-MM-DDTHH:MM")
    return int(_ANY_DATE(day)) * 1440 + clock(time)


def clock(cell: str) -> int:
    """``HH:MM`` from 00:00 to 24:00, as minutes since midnight; whole minutes may have seconds of ``:00``."""
    found = CLOCK_WITH_SECONDS.fullmatch(cell)
    cell = found[1] if found else cell
    if not CLOCK.fullmatch(cell):
        raise Unfit("a clock time HH:MM from 00:00 to 24:00")
    return int(cell[:2]) * 60 + int(cell[3:])


def bands(cell: str) -> tuple[tuple[float, float], ...]:
    """A tariff: one number, or ``start:rate`` bands separated by ``;``, as pairs of start km and VND/km by start."""
    if ":" not in cell:
        return ((0.0, float(RATE(cell))),)
    steps = sorted(_band(band) for band in cell.split(";"))
    if len({start for start, _ in steps}) < len(steps):
        raise Unfit("bands that start at different kilometres")
    return tuple(steps)


def _band(band: str) -> tuple[float, float]:
    start, colon, rate = band.partition(":")
    if not (colon and start.strip() and rate.strip()):
        raise Unfit("one number, or bands from-km:VND-per-km, e.g. 0:20000;30:14000")
    return RATE(start.strip()), RATE(rate.strip())


RATE = decimal()
_ANY_DATE = date(1, 9999)
