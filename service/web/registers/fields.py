"""A field of a register: its names in both languages, how a person writes it, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any
from unicodedata import normalize

from catalog import names, quantities
from service.web.texts import LANGUAGES, translations

Options = Callable[[Any], Sequence[tuple[str, str]]]
"""From a page's context to the values of a choice and their words."""


class Kind(StrEnum):
    """How a field is written and shown."""

    TEXT = "text"
    LONG = "long"
    PHONE = "phone"
    WHOLE = "whole"
    DECIMAL = "decimal"
    DAY = "day"
    CLOCK = "clock"
    FLAG = "flag"
    CHOICE = "choice"
    REFERENCE = "reference"
    COMMUNE = "commune"
    LIST = "list"
    MASS = "mass"
    AMOUNT = "amount"


@dataclass(frozen=True)
class Field:
    """One field of a register.

    Attributes
    ----------
    name : of the column, and of the use-case's input.
    label : its name in English, a text of the catalogue.
    kind : how it is written.
    needed : whether a new row must have it.
    listed : whether it stands in the list.
    fixed : whether it stays as it was when the row was made.
    hint : what stands below it in a form, a text of the catalogue.
    options : the values of a choice, or the rows that a reference may name.
    headings : what people call the column in their own spreadsheets, in lower case without accents.
    repeats : whether a blank cell below a filled one means the same again.
    most : characters of a text at most.
    usual : what a new row takes where nothing is written.
    section : the heading of the part of the form that it belongs to, a text of the catalogue; empty for none.
    number : which of several alike it is, from 1; 0 for one that is alone.
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    needed: bool = False
    listed: bool = False
    fixed: bool = False
    hint: str = ""
    options: Options | None = None
    headings: tuple[str, ...] = ()
    repeats: bool = False
    most: int = 200
    usual: Any = None
    section: str = ""
    number: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """The field's name in every language."""
        return tuple(self._numbered(translations(language).ugettext(self.label)) for language in LANGUAGES)

    def words(self, visit: Any) -> str:
        """Return the field's name in a visitor's language."""
        return self._numbered(visit.say(self.label))

    def _numbered(self, words: str) -> str:
        return f"{self.number}. {words}" if self.number else words

    def parse(self, text: str, options: Sequence[tuple[str, str]] = ()) -> Any:
        """Return the value that a person wrote, None where nothing stands.

        Raises
        ------
        ValueError
            If it can't be read, in words that `service.web.error_texts` knows.
        """
        plain = text.strip()
        return None if not plain else _PARSERS[self.kind](plain, self, options)


def phone(text: str) -> str:
    """Return a telephone number in the form that people dial: ``0912 345 678``.

    Raises
    ------
    ValueError
        If it has too few or too many digits.
    """
    digits = re.sub(r"[\s.()\-]", "", text)
    if digits.startswith("+84"):
        digits = "0" + digits[3:]
    elif digits.startswith("84") and len(digits) in (11, 12):
        digits = "0" + digits[2:]
    elif len(digits) == 9 and digits[0] in "3579":
        # A spreadsheet that took the number for an amount has dropped its first zero.
        digits = "0" + digits
    if not (digits.isdecimal() and digits.startswith("0") and 9 <= len(digits) <= 11) and not re.fullmatch(r"1[89]00\d{4,6}", digits):
        raise ValueError("expected a telephone number such as 0912 345 678")
    return f"{digits[:4]} {digits[4:7]} {digits[7:]}".strip()


def clock(text: str) -> int:
    """Return a time of the day as minutes since midnight, from ``5:30``, ``5h30``, ``7h`` or ``5 giờ 30``.

    Raises
    ------
    ValueError
        If it is none.
    """
    found = re.fullmatch(r"(\d{1,2})\s*(?:[:h.]|gio|giờ)?\s*(\d{2})?(?::00)?", text.strip().lower())
    hours, minutes = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    if hours * 60 + minutes > 1440 or minutes > 59:
        raise ValueError("a clock time such as 06:00")
    return hours * 60 + minutes


def day(text: str) -> date:
    """Return a day written as ``08/06/2027``, ``8.6.2027`` or ``2027-06-08``; a year must stand there.

    Raises
    ------
    ValueError
        If it is none.
    """
    parts = re.split(r"[/.\-]", text.strip().removesuffix(" 00:00:00"))
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise ValueError("expected a day such as 07/06/2027")
    first, month, last = (int(part) for part in parts)
    year, number = (first, last) if len(parts[0]) == 4 else (last, first)
    try:
        return date(year + 2000 if year < 100 else year, month, number)
    except ValueError:
        raise ValueError("expected a day such as 07/06/2027") from None


def whole(text: str) -> int:
    """Return a whole number; ``15.000`` and ``15,000`` are fifteen thousand, ``12 kg`` and ``800đ`` drop their unit.

    Raises
    ------
    ValueError
        If it is none.
    """
    plain = re.sub(r"(?i)\s*(kg|đồng|đ|₫|vnd|m2|m²)(/kg)?\.?$", "", text.strip())
    plain = re.sub(r"\s", "", plain)
    if re.fullmatch(r"\d{1,3}([.,]\d{3})+", plain):
        plain = re.sub(r"[.,]", "", plain)
    plain = re.sub(r"[.,]0+$", "", plain)
    if not plain.isdecimal() or len(plain) > 18:
        raise ValueError("expected a whole number such as 15.000")
    return int(plain)


YES = frozenset({"co", "yes", "x", "1", "true", "dung", "v"})
NO = frozenset({"khong", "no", "0", "false", "sai", "-"})


def flag(text: str) -> bool:
    """Return whether a cell says yes: ``có``, ``x``, ``yes``.

    Raises
    ------
    ValueError
        If it says neither.
    """
    said = names.search_key(text)
    if said not in YES | NO:
        raise ValueError("yes or no")
    return said in YES


class Choices(tuple[tuple[str, str], ...]):
    """Values and their words, with an index by which they are found: as they are written, without accents, and by their beginning."""

    @cached_property
    def values(self) -> frozenset[str]:
        """The values alone."""
        return frozenset(value for value, _ in self)

    @cached_property
    def by_words(self) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, list[str]]]:
        """The values by their words in lower case, by these without accents, and by the part before a bracket."""
        written: dict[str, list[str]] = {}
        plain: dict[str, list[str]] = {}
        short: dict[str, list[str]] = {}
        for value, words in self:
            key = names.search_key(words)
            written.setdefault(_written(words), []).append(value)
            plain.setdefault(key, []).append(value)
            short.setdefault(key.partition(" (")[0], []).append(value)
        return written, plain, short


def _written(text: str) -> str:
    return " ".join(normalize("NFC", text).casefold().split())


def named(text: str, options: Sequence[tuple[str, str]]) -> str:
    """Return the value of the one option that a text names, with its accents or, where that is certain, without.

    Raises
    ------
    ValueError
        If it names none, or more than one.
    """
    choices = options if isinstance(options, Choices) else Choices(options)
    if text in choices.values:
        return text
    written, plain, short = choices.by_words
    key = names.search_key(text)
    hits = written.get(_written(text)) or plain.get(key) or short.get(key) or []
    if len(hits) != 1:
        raise ValueError("one of the list, by its name" if hits else "a name of the list")
    return hits[0]


def _text(text: str, field: Field, _options: Any) -> str:
    value = names.storable(text)
    if len(value) > field.most:
        raise ValueError(f"at most {field.most} characters")
    return value


_PARSERS: dict[Kind, Callable[[str, Field, Any], Any]] = {
    Kind.TEXT: _text,
    Kind.LONG: _text,
    Kind.COMMUNE: _text,
    Kind.PHONE: lambda text, *_: phone(text),
    Kind.WHOLE: lambda text, *_: whole(text),
    Kind.MASS: lambda text, *_: whole(text),
    Kind.DECIMAL: lambda text, *_: float(quantities.number(text)),
    Kind.DAY: lambda text, *_: day(text),
    Kind.CLOCK: lambda text, *_: clock(text),
    Kind.FLAG: lambda text, *_: flag(text),
    Kind.CHOICE: lambda text, _, options: named(text, options),
    Kind.REFERENCE: lambda text, _, options: named(text, options),
    Kind.LIST: lambda text, *_: tuple(part.strip() for part in re.split(r"[;\n]", text) if part.strip()),
}


def as_cell(value: Any) -> str | int | float:
    """Return a value as a spreadsheet holds it."""
    if isinstance(value, (tuple, list)):
        return "; ".join(map(str, value))
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, (int, float, str)) else str(value)
