"""What a register is: its fields, its rows, and the use-cases that add and change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Select, or_, select

from catalog import names
from service.auth.permissions import Permission
from service.web.context import PageContext
from service.web.registers.fields import Field, Kind, phone

Values = dict[str, Any]


class Batch(Protocol):
    """Adds many rows of a register by a few statements."""

    def add(self, values: Values) -> Any:
        """Return the row that the values of the fields make; it is written by `finish`.

        Raises
        ------
        Invalid, Conflict, NeedsConfirmation
            As the use-case that adds one row does.
        """

    def finish(self) -> Sequence[tuple[str, Any]]:
        """Write the rows; return them, and what was made besides, each with its action of the audit trail."""


@dataclass(frozen=True)
class Filter:
    """A choice above a list that narrows it.

    Attributes
    ----------
    name : of the parameter in the address.
    label : its name in English, a text of the catalogue.
    options : the values to choose from.
    narrow : applies a value to the query of the list.
    """

    name: str
    label: str
    options: Callable[[PageContext], Sequence[tuple[str, str]]]
    narrow: Callable[[PageContext, Select[Any], str], Select[Any]]


@dataclass(frozen=True)
class Register:
    """One register.

    Attributes
    ----------
    key : what it is called in programs, such as in a spreadsheet's draft.
    path : the address of its list.
    title, one, add_label, none : texts of the catalogue: of the list, of one row, of the button that adds one, of an empty list.
    icon : its icon's name.
    model : of its rows.
    read, write : who may see it, and who may change it.
    fields : in the order of the form; the first listed one names a row in the list.
    order : columns that the list is sorted by, without missing values, the last of them unique.
    search : search keys, of which a part is enough, and columns that must be equal to what is searched for.
    add : makes a row of the values of the fields.
    change : changes a row to the values of fields that differ.
    name_of : what a row is called in a sentence.
    verbs : actions of the audit trail for adding and changing.
    columns : the column of a field where it isn't called as the field is.
    refers : the model that a reference names, and the column that stands for its row in forms.
    filters : choices above the list.
    extra : more that the page of a row shows, and the template that shows it.
    key_field : the field by which a spreadsheet's row finds the row that it changes.
    batch : begins what adds many rows by a few statements, where a spreadsheet may bring thousands.
    title_of : what people call a row in their own language, where that isn't its name.
    own_values : values of rows that stand in other tables.
    """

    key: str
    path: str
    title: str
    one: str
    add_label: str
    none: str
    icon: str
    model: Any
    read: Permission
    write: Permission
    fields: tuple[Field, ...]
    order: tuple[Any, ...]
    search: tuple[tuple[Any, ...], tuple[Any, ...]]
    add: Callable[[PageContext, Values], Any]
    change: Callable[[PageContext, Any, Values, int | None], Any]
    name_of: Callable[[Any], str]
    verbs: tuple[str, str]
    query: Callable[[PageContext], Select[Any]]
    columns: Mapping[str, str] = field(default_factory=dict)
    refers: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    filters: tuple[Filter, ...] = ()
    extra: Callable[[PageContext, Any], Mapping[str, Any]] | None = None
    extra_template: str = ""
    key_field: str = "code"
    title_of: Callable[[PageContext, Any], str] | None = None
    own_values: Callable[[PageContext, Sequence[Any]], list[Values]] | None = None
    batch: Callable[[PageContext], Batch] | None = None

    @property
    def listed(self) -> tuple[Field, ...]:
        """The fields that stand in the list."""
        return tuple(one for one in self.fields if one.listed)

    @property
    def field_names(self) -> frozenset[str]:
        """The names of all fields."""
        return frozenset(one.name for one in self.fields)

    def field(self, name: str) -> Field:
        """Return a field by its name."""
        return next(one for one in self.fields if one.name == name)

    def rows(self, visit: PageContext, searched: str, chosen: Mapping[str, str]) -> Select[Any]:
        """Return the query of the list, narrowed by what is searched for and by the filters."""
        query = self.query(visit)
        for one in self.filters:
            if chosen.get(one.name):
                query = one.narrow(visit, query, chosen[one.name])
        if searched.strip():
            pattern = names.like_pattern(searched)
            keys, exact = self.search
            written = _ways_of_writing(searched.strip())
            query = query.where(or_(*(key.like(pattern, escape="\\") for key in keys), *(column.in_(written) for column in exact)))
        return query

    def values(self, visit: PageContext, rows: Sequence[Any]) -> list[Values]:
        """Return what each row holds, as its form would: references by what names them."""
        found: list[Values] = [{one.name: getattr(row, self.columns.get(one.name, one.name), None) for one in self.fields} for row in rows]
        for name, (model, key) in self.refers.items():
            known = _names(visit, model, key, [one[name] for one in found])
            for one in found:
                one[f"{name}:shown"] = known.get(one[name], ("", ""))[1]
                one[name] = known.get(one[name], (None, ""))[0]
        if self.own_values is not None:
            for one, more in zip(found, self.own_values(visit, rows), strict=True):
                one.update(more)
        return found

    def title_for(self, visit: PageContext, row: Any) -> str:
        """Return what a row is called on a page."""
        return self.name_of(row) if self.title_of is None else self.title_of(visit, row)

    def options(self, visit: PageContext, one: Field) -> Sequence[tuple[str, str]]:
        """Return the values of a choice or a reference, with their words."""
        return one.options(visit) if one.options is not None else ()


def _ways_of_writing(text: str) -> list[str]:
    """Return what is searched for as it was written and, where it may be a telephone number, as those are kept."""
    try:
        return [text, phone(text)]
    except ValueError:
        return [text]


def _names(visit: PageContext, model: Any, key: str, ids: Sequence[int | None]) -> dict[int | None, tuple[Any, str]]:
    """Return what stands for rows in forms, and their names."""
    wanted = {number for number in ids if number is not None}
    if not wanted:
        return {}
    # A commune's key is its code, and so is what stands for it in the row.
    number = model.id if hasattr(model, "id") else model.code
    shown = getattr(model, "name", None) if hasattr(model, "name") else getattr(model, "code", None)
    query = select(number, getattr(model, key), shown if shown is not None else getattr(model, key)).where(number.in_(wanted))
    return {row[0]: (row[1], row[2]) for row in visit.session.execute(query)}


def shown(visit: PageContext, one: Field, value: Any, options: Sequence[tuple[str, str]] = ()) -> str:
    """Return a value as people read it."""
    if value is None or value == "":
        return ""
    formats = visit.formats
    if one.name == "scheme":
        return visit.scheme(str(value))
    if one.kind is Kind.CHOICE:
        return dict(options).get(str(value), str(value))
    written: dict[Kind, Callable[[Any], str]] = {
        Kind.DAY: formats.day,
        Kind.CLOCK: lambda minutes: clock_text(minutes, formats.clock),
        Kind.MASS: formats.kg,
        Kind.WHOLE: formats.number,
        Kind.DECIMAL: lambda number: formats.number(number, 6),
        Kind.FLAG: lambda said: visit.say("yes") if said else visit.say("no"),
        Kind.LIST: "; ".join,
    }
    return written.get(one.kind, str)(value)


def clock_text(minutes: int, clock: Callable[[int], str]) -> str:
    """Return a time of the day; the end of the day is 24:00 and not the beginning of it."""
    return "24:00" if minutes == 1440 else clock(minutes)


def in_form(one: Field, value: Any, visit: PageContext) -> str:
    """Return a value as its input holds it."""
    if value is None:
        return ""
    if one.kind is Kind.DAY:
        return str(value.isoformat())
    if one.kind is Kind.LIST:
        return "\n".join(value)
    if one.kind is Kind.FLAG:
        return "1" if value else ""
    return (
        shown(visit, one, value)
        if one.kind in (Kind.WHOLE, Kind.DECIMAL, Kind.CLOCK)
        else str(value.value if hasattr(value, "value") else value)
    )
