"""What every shape of input has in common: unknown fields are refused, texts are composed, and nothing is guessed."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, get_args

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from catalog import names
from catalog.base import MAX_KG, MAX_VND_PER_KG

EMAIL = r"^[^@\s\x00-\x1f\x7f-\x9f]{1,120}@[^@\s\x00-\x1f\x7f-\x9f]{1,120}$"
Dong = Field(ge=0, le=MAX_VND_PER_KG, strict=True)
ONE_LINE = r"^[^\t\n\r]*$"
"""A code stands in one cell of a table."""
Code = Field(min_length=1, max_length=100, pattern=ONE_LINE)
Name = Field(min_length=1, max_length=200)
Share = Annotated[
    int, Field(ge=1, le=MAX_KG, strict=True), BeforeValidator(lambda kg: int(kg) if isinstance(kg, float) and kg.is_integer() else kg)
]
CodeText = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=ONE_LINE)]
NameText = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Given(BaseModel):
    """What somebody sends in; a field that isn't known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _composed(cls, value: Any, about: ValidationInfo) -> Any:
        """Take every text in the one form in which it is stored, and none that a database can't store; guess no type."""
        value = _storable(value)
        wanted = _kinds(cls, str(about.field_name))
        if isinstance(value, float) and value.is_integer() and int in wanted and float not in wanted:
            return int(value)
        for kinds, wrong, expected in _GUESSES:
            if type(value) in wrong and kinds & wanted and type(value) not in wanted:
                raise ValueError(expected)
        if isinstance(value, str) and str not in wanted:
            _refuse_guessed_time(value, wanted)
        return value


def _storable(value: Any) -> Any:
    """Return a text, or each text of a list or an object, in the one form in which texts are stored."""
    if isinstance(value, str):
        return names.storable(value)
    if isinstance(value, list | tuple):
        return [_storable(one) for one in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(one) for key, one in value.items()}
    return value


_GUESSES: tuple[tuple[frozenset[type], tuple[type, ...], str], ...] = (
    (frozenset({date, datetime}), (int, float, bool), "expected a text such as 2027-06-07"),
    (frozenset({int, float}), (str, bool), "expected a number"),
    (frozenset({bool}), (str, int, float), "expected true or false"),
)
"""Values that would be taken for something else: a number for a date, a text for a number."""
_DAY = re.compile(r"\s*\d{4}-\d{2}-\d{2}\s*", re.ASCII)
_SECONDS = re.compile(r"\s*[+-]?[\d.]+\s*", re.ASCII)


def _written_as_a_day(value: Any) -> Any:
    """Take no number for a day, as if it counted seconds, and no instant."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("expected a text such as 2027-06-07")
    return value


Day = Annotated[date, BeforeValidator(_written_as_a_day)]
"""A day that stands by itself, such as a parameter of a query."""


def _refuse_guessed_time(text: str, wanted: frozenset[type]) -> None:
    """Refuse a text that would pass for a day or an instant and isn't written as one: seconds since 1970, or midnight of no place."""
    if date in wanted:
        _written_as_a_day(text)
    if datetime in wanted and _SECONDS.fullmatch(text):
        raise ValueError("expected a text such as 2027-06-07T05:00:00+07:00")


@lru_cache(maxsize=4096)
def _kinds(model: type[BaseModel], field: str) -> frozenset[type]:
    """Return the plain types that a field may hold."""
    annotation = model.model_fields[field].annotation
    parts = get_args(annotation) or (annotation,)
    plain = (datetime if part is AwareDatetime else part for part in parts)
    return frozenset(part for part in plain if part in (date, datetime, int, float, bool, str))
