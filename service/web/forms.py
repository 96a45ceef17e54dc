"""What a person sent with a form: read within bounds, kept when it can't be taken yet, and turned into what use-cases want."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from starlette.exceptions import HTTPException as StarletteRefusal
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from catalog import names, quantities
from catalog.errors import Fault, Invalid, fault
from service.http.problems import Refused
from service.web.formats import day_of_text

TOKEN, ONCE, AGAIN = "_csrf", "_once", "_again"
"""Fields of every form: the token against forged requests, the name of this one sending, and whether it is only to be shown again."""
OWN = frozenset({TOKEN, ONCE, AGAIN})
MOST_FIELDS = 20_000
DECIMAL_MARKS = {"vi": ",", "en": "."}
LONGEST_KEPT = 200_000
Value = TypeVar("Value")


@dataclass(frozen=True)
class Upload:
    """A file that came with a form."""

    name: str
    content: bytes
    kind: str


@dataclass(frozen=True)
class Form:
    """The fields of a form in their order, and its files."""

    pairs: tuple[tuple[str, str], ...] = ()
    files: Mapping[str, Upload] = field(default_factory=dict)
    language: str = "vi"
    """The language that it was filled in, which says what marks in numbers mean."""

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a field, without blanks around it."""
        return next((value.strip() for key, value in self.pairs if key == name), default)

    def all(self, name: str) -> list[str]:
        """Return every value of a field."""
        return [value.strip() for key, value in self.pairs if key == name and value.strip()]

    def every(self, name: str) -> list[str]:
        """Return every value of a field, the empty ones too, for forms of many rows."""
        return [value.strip() for key, value in self.pairs if key == name]

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield what the person wrote, without what forms carry for themselves."""
        return ((key, value) for key, value in self.pairs if key not in OWN)

    def digest(self) -> str:
        """Return a name of the content: the same form sent twice has the same."""
        hashed = hashlib.sha256(json.dumps(list(self), ensure_ascii=False).encode("utf-8", "surrogatepass"))
        for name, file in sorted(self.files.items()):
            hashed.update(f"{name}\n{file.name}\n".encode("utf-8", "surrogatepass") + file.content)
        return hashed.hexdigest()


async def read(request: Request, most_files: int = 4) -> Form:
    """Return the form that a request brings; the request's own bound on bytes holds.

    Raises
    ------
    Refused
        If it brings none.
    """
    try:
        async with request.form(max_files=most_files, max_fields=MOST_FIELDS, max_part_size=1 << 20) as given:
            pairs, files = [], {}
            for key, value in given.multi_items():
                if isinstance(value, str):
                    pairs.append((key[:100], value))
                elif value.filename:
                    files[key[:100]] = Upload(value.filename[:255], await value.read(), value.content_type or "")
    except (MultiPartException, StarletteRefusal) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(422, "bad_form", "not a form") from None
    return Form(tuple(pairs), files)


def kept(form: Form) -> str:
    """Return a form's fields as a text that another page carries along, empty if they are too long for that."""
    text = json.dumps(list(form), ensure_ascii=True)
    return text if len(text) <= LONGEST_KEPT else ""


def unkept(text: str) -> Form:
    """Return the form that `kept` wrote down; what doesn't look like one is none."""
    try:
        pairs = json.loads(text) if text else []
        return Form(tuple((str(key)[:100], str(value)) for key, value in pairs if key not in OWN))
    except (ValueError, TypeError):
        return Form()


class Reader:
    """Takes fields out of a form, gathering what is wrong with them; `done` raises all of it at once.

    What is empty is None; what can't be read is noted and None.
    """

    def __init__(self, form: Form, prefix: str = "") -> None:
        self._form, self._prefix = form, prefix
        self.faults: list[Fault] = []

    @property
    def language(self) -> str:
        """The language that the form was filled in."""
        return self._form.language

    def text(self, name: str, *, needed: bool = False, most: int = 2000) -> str | None:
        """Return a text."""
        return self._read(name, needed, lambda value: _bounded(names.storable(value), most))

    def amount(self, name: str, *, needed: bool = False) -> str | None:
        """Return a number as a text that every way in reads alike: ``1.200`` in a Vietnamese form is ``1200``."""
        found = self.decimal(name, needed=needed)
        return None if found is None else quantities.stated(found)

    def whole(self, name: str, *, needed: bool = False) -> int | None:
        """Return a whole number, such as ``15.000``; dots and commas between thousands are understood."""
        return self._read(name, needed, _whole)

    def decimal(self, name: str, *, needed: bool = False) -> Decimal | None:
        """Return a number with decimals, written as the form's language writes it: ``1.200`` or ``1,5`` in Vietnamese."""
        mark = DECIMAL_MARKS[self._form.language]
        return self._read(name, needed, lambda text: quantities.number(text, mark))

    def day(self, name: str, *, needed: bool = False) -> date | None:
        """Return a day."""
        return self._read(name, needed, day_of_text)

    def flag(self, name: str) -> bool:
        """Return whether a box is ticked."""
        return bool(self._form.get(self._prefix + name))

    def many(self, name: str) -> tuple[str, ...]:
        """Return the values of a field that may have several."""
        return tuple(self._form.all(self._prefix + name))

    def wrong(self, name: str, value: object, expected: str) -> None:
        """Note what is wrong with a field."""
        self.faults.append(fault(self._prefix + name, value, expected))

    def done(self) -> None:
        """Say what is wrong.

        Raises
        ------
        Invalid
            With every fault, if there is one.
        """
        raise_faults(self.faults)

    def _read(self, name: str, needed: bool, convert: Callable[[str], Value]) -> Value | None:
        value = self._form.get(self._prefix + name)
        if not value:
            if needed:
                self.wrong(name, "", "a value")
            return None
        try:
            return convert(value)
        except ValueError as error:
            self.wrong(name, value, str(error))
            return None


def raise_faults(faults: Sequence[Fault]) -> None:
    """Raise faults, if there are any, as one refusal."""
    if faults:
        raise Invalid(faults)


def _bounded(value: str, most: int) -> str:
    if len(value) > most:
        raise ValueError(f"at most {most} characters")
    return value


def _whole(text: str) -> int:
    plain = "".join(text.replace("đ", "").replace("₫", "").split())
    grouped = plain.replace(".", "").replace(",", "")
    if not grouped.isdecimal() or len(grouped) > 18:
        raise ValueError("expected a whole number such as 15.000")
    if plain != grouped and not _is_grouped(plain):
        raise ValueError("expected a whole number such as 15.000")
    return int(grouped)


def _is_grouped(text: str) -> bool:
    """Tell whether marks stand before groups of three digits alone, all of one kind."""
    marks = {sign for sign in text if sign in ".,"}
    first, *rest = text.replace(",", ".").split(".")
    return len(marks) == 1 and 1 <= len(first) <= 3 and all(len(group) == 3 for group in rest)


def fields(**values: Any) -> dict[str, Any]:
    """Return what is given without what is None, for models in which absence means the usual."""
    return {name: value for name, value in values.items() if value is not None}
