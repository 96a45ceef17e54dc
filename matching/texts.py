"""The words for what the engine tells people, Vietnamese first, English second: one catalogue, named by codes that never change.

A text holds places such as ``{site}`` and is filled by `say`, which writes figures as the language does. Codes of another part of the
engine are added by `register`, so that each part keeps its texts beside itself and all are found here.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal

from matching.model.errors import InputIssue

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")
DAY_ZERO = date(1970, 1, 1)
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
LONG_MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
]  # fmt: skip

Words = tuple[str, str]
"""A text in Vietnamese and in English."""

_TEXTS: dict[str, Words] = {}


def register(texts: Mapping[str, Words]) -> None:
    """Add texts to the catalogue.

    Raises
    ------
    ValueError
        If a code is taken by other words, or if both languages don't have the same places.
    """
    for code, words in texts.items():
        if _TEXTS.get(code, words) != words:
            raise ValueError(f"the text {code} has other words already")
        if places(words[0]) != places(words[1]):
            raise ValueError(f"the text {code} has other places in Vietnamese than in English")
        _TEXTS[code] = words


def known() -> dict[str, Words]:
    """Return the whole catalogue, by code."""
    return dict(_TEXTS)


def places(words: str) -> set[str]:
    """Return the names of a text's places."""
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def say(code: str, language: Language, **figures: Any) -> str:
    """Return a text with its places filled.

    Parameters
    ----------
    figures : by place; what ends in ``_kg``, ``_vnd``, ``_pct``, ``_day`` or ``_min`` is written as that, other whole numbers with marks.
    """
    words = _TEXTS[code][LANGUAGES.index(language)]
    return words.format(**{name: written(name, value, language) for name, value in figures.items()})


def remedy(issue: InputIssue, language: Language) -> str:
    """Return what should stand where a fault of the input was found; in English where the catalogue has no text for it."""
    return say(issue.code, language, **dict(issue.figures)) if issue.code else issue.expected


def written(name: str, value: Any, language: Language) -> str:
    """Write a figure as the language does; ``name`` tells by its ending what it is."""
    if isinstance(value, str):
        return value
    if name.endswith("_day"):
        return day(int(value), language)
    if name.endswith("_min"):
        return moment(int(value), language)
    if name.endswith("_pct"):
        return f"{decimal(float(value), 1, language)}%"
    if isinstance(value, float):
        return decimal(value, 1, language)
    unit = {"_kg": " kg", "_vnd": " đ"}.get(name[name.rfind("_") :], "") if "_" in name else ""
    return whole(int(value), language) + unit


def whole(number: int, language: Language) -> str:
    """Write a whole number: ``1.234`` in Vietnamese, ``1,234`` in English."""
    text = f"{number:,}"
    return text.replace(",", ".") if language == "vi" else text


def decimal(number: float, digits: int, language: Language) -> str:
    """Write a decimal number: ``1.234,5`` in Vietnamese, ``1,234.5`` in English."""
    text = f"{number:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "vi" else text


def day(number: int, language: Language) -> str:
    """Write a date, given as days since 1970-01-01: ``07/06/2027`` in Vietnamese, ``7 Jun 2027`` in English."""
    when = DAY_ZERO + timedelta(days=number)
    return when.strftime("%d/%m/%Y") if language == "vi" else f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def day_of_year(number: int, language: Language) -> str:
    """Write a date without its year: ``14/06`` in Vietnamese, ``14 June`` in English."""
    when = DAY_ZERO + timedelta(days=number)
    return when.strftime("%d/%m") if language == "vi" else f"{when.day} {LONG_MONTHS[when.month - 1]}"


def moment(minute: int, language: Language) -> str:
    """Write an instant, given as minutes since 1970-01-01T00:00: ``04:30 07/06/2027`` in Vietnamese, ``04:30 on 7 Jun 2027`` in English."""
    joint = " " if language == "vi" else " on "
    return f"{clock(minute)}{joint}{day(minute // 1440, language)}"


def clock(minute: int) -> str:
    """Write the clock time of an instant, as in ``04:30``."""
    return f"{minute % 1440 // 60:02}:{minute % 60:02}"
