"""A sheet in work → records: each cell read, each question gathered, nothing taken in yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from catalog import names
from service.days import today
from service.db import now
from service.web.context import PageContext
from service.web.registers.fields import Choices, Field, Kind
from service.web.registers.register import Values
from service.web.spreadsheets import layout
from service.web.spreadsheets.cells import Doubt, Said, coming, value
from service.web.spreadsheets.grid import Book, Cell, Grid, text_of
from service.web.spreadsheets.layout import Table
from service.web.spreadsheets.targets import TARGETS, Target, sites_by_owner

Options = Mapping[str, Sequence[tuple[str, str]]]
Memory = Mapping[str, Mapping[str, str]]
"""Field by heading, by the kind of a sheet."""
MOST_HINTS = 100
"""Problems for which values that may be meant are looked for; no more are shown at one time."""
OWNERS = ("organisation", "sponsor", "buyer")
"""Fields that name an organisation, which may come with the same workbook."""
LATE = "new:"
"""Begins what stands for an organisation that comes with the same workbook."""


@dataclass(frozen=True)
class Problem:
    """A cell to mend or a question to answer.

    Attributes
    ----------
    sheet, row, column : its place, each from 0; column -1 where no column holds the field.
    field : that it is of.
    text : what stands there.
    expected : what should.
    hints : values that may be meant, with their words.
    """

    sheet: int
    row: int
    column: int
    field: str
    text: str
    expected: str
    hints: tuple[tuple[str, str], ...] = ()


@dataclass
class Part:
    """One sheet of a workbook as it is understood so far.

    Attributes
    ----------
    place, name : of the sheet.
    target : what it is taken in as; None where it is left out.
    table : its table.
    records : the values of each row, with the row's place.
    problems : of single cells.
    missing : needed fields that no column holds and for which nothing was said for all rows.
    asked : what must be said once for the file: year, unit, rounding.
    """

    place: int
    name: str
    target: Target | None
    table: Table
    records: list[tuple[int, Values]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[Field] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    empty: int = 0


def kind_of(grid: Grid, wanted: str, memory: Memory, allowed: Sequence[str]) -> str:
    """Return what a sheet is best taken in as: what was wanted, unless it fits another much better; empty where nothing fits."""
    scores = {key: layout.n_known(grid, TARGETS[key].fields, memory.get(key, {})) for key in allowed}
    best = max(scores, key=lambda key: (scores[key], key == wanted)) if scores else ""
    if scores.get(wanted, 0) >= 2 and scores[wanted] + 1 >= scores[best]:
        return wanted
    return best if best and scores[best] >= 3 else ""


def interpret(visit: PageContext, book: Book, said: Mapping[str, Any], wanted: str, memory: Memory) -> list[Part]:
    """Return every sheet of a workbook as it is understood with what was said so far."""
    allowed = [key for key, one in TARGETS.items() if visit.principal.may(one.may)]
    kinds = said.get("kinds", {})
    parts = []
    for place, grid in enumerate(book.grids):
        key = kinds.get(str(place)) if str(place) in kinds else kind_of(grid, wanted, memory, allowed)
        target = TARGETS.get(key or "") if key in allowed else None
        corrected = {int(column): name for column, name in said.get("columns", {}).get(str(place), {}).items()}
        table = layout.find(grid, target.fields, memory.get(target.key, {}), corrected) if target else Table(-1, [], {}, [], [], [])
        parts.append(Part(place, grid.name, target if table.header >= 0 else None, table))
    coming = _coming(book, parts)
    for part in parts:
        if part.target is not None:
            _read(visit, book.grids[part.place], part, said, coming)
    return parts


def _coming(book: Book, parts: Sequence[Part]) -> list[tuple[str, str]]:
    """Return the organisations that come with the workbook, as options of references."""
    found = []
    for part in parts:
        if part.target is None or part.target.key != "organisations":
            continue
        column = next((place for place, name in part.table.columns.items() if name == "name"), -1)
        if column >= 0:
            rows = (book.grids[part.place].rows[place] for place, _ in part.table.rows)
            found += [text_of(row[column]) for row in rows if column < len(row) and row[column] is not None]
    return [(LATE + name, name) for name in dict.fromkeys(found)]


def _read(visit: PageContext, grid: Grid, part: Part, said: Mapping[str, Any], coming: Sequence[tuple[str, str]]) -> None:
    """Read every row of a sheet."""
    target = part.target
    assert target is not None
    options = {name: _with(held, coming) if name in OWNERS else held for name, held in target.options(visit).items()}
    defaults = said.get("defaults", {}).get(str(part.place), {})
    file = Said(said.get("year"), said.get("unit", ""), said.get("rounding", ""), said.get("base_1904", False), said.get("meant"),
                said.get("past", ""))  # fmt: skip
    columns = {name: place for place, name in part.table.columns.items()}
    mended, skipped = said.get("cells", {}), set(said.get("skip", []))
    confirmed = set(said.get("confirmed", []))
    reader = _Reader(
        target, columns, options, file, {name: layout.unit_in(part.table.headings[place]) for name, place in columns.items()}, part
    )
    reader.defaults = reader.read_defaults(defaults)
    reader.today = today(now(visit.session))
    reader.sites = sites_by_owner(visit) if any(one.name == "site" for one in target.fields) else {}
    above: dict[str, Cell] = {}
    for place, group in part.table.rows:
        if f"{part.place}:{place}" in skipped:
            continue
        cells: dict[str, Cell] = {}
        for name, column in columns.items():
            fixed = mended.get(f"{part.place}:{place}:{name}")
            cells[name] = fixed if fixed is not None else grid.rows[place][column] if column < len(grid.rows[place]) else None
        for name in {key.rpartition(":")[2] for key in mended if key.startswith(f"{part.place}:{place}:")} - columns.keys():
            cells[name] = mended[f"{part.place}:{place}:{name}"]
        reader.row(place, cells, group, above, confirmed=f"{part.place}:{place}" in confirmed)
    _note_missing(visit, part, columns, reader)


def _with(held: Sequence[tuple[str, str]], coming: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    known = {names.search_key(words) for _, words in held}
    return [*held, *(pair for pair in coming if names.search_key(pair[1]) not in known)]


class _Reader:
    """Reads rows of one sheet into records, and gathers what isn't certain."""

    def __init__(
        self, target: Target, columns: Mapping[str, int], options: Options, said: Said, units: Mapping[str, str], part: Part
    ) -> None:
        self.target, self.columns, self.said, self.units, self.part = target, columns, said, units, part
        self.options = {name: Choices(held) for name, held in options.items()}
        self.defaults: Values = {}
        self.lacking: set[str] = set()
        self.sites: Mapping[str, str] = {}
        self.today = date.min
        self.is_ours = {layout.key_of(one.labels[0]) for one in target.fields} <= set(map(layout.key_of, part.table.headings)) or (
            {layout.key_of(one.labels[-1]) for one in target.fields} <= set(map(layout.key_of, part.table.headings))
        )

    def read_defaults(self, given: Mapping[str, str]) -> Values:
        """Return what was said for all rows; a single option of a needed reference goes without saying."""
        found: Values = {}
        for one in self.target.fields:
            text, options = given.get(one.name, ""), self.options.get(one.name, ())
            if text:
                try:
                    found[one.name] = value(text, one, options, self.said)
                except ValueError:
                    self.lacking.add(one.name)
            elif one.needed and one.kind is Kind.REFERENCE and len(options) == 1:
                found[one.name] = options[0][0]
        return found

    def row(self, place: int, cells: dict[str, Cell], group: str, above: dict[str, Cell], *, confirmed: bool) -> None:
        """Read one row."""
        amount = self.target.amount
        if amount and amount in self.columns and (cells.get(amount) in (None, 0, 0.0, "0", "-")):
            self.part.empty += 1
            self._carry(cells, above)
            return
        self._carry(cells, above)
        values: Values = {"confirmed": confirmed}
        faulty = False
        unit = text_of(cells.get("unit")) if "unit" in self.columns else ""
        for one in self.target.fields:
            try:
                values[one.name] = self._value(one, cells.get(one.name), unit, group)
            except Doubt as doubt:
                faulty = True
                if doubt.about:
                    self.part.asked[doubt.about] = self.part.asked.get(doubt.about, 0) + 1
                else:
                    self._note(place, one, cells, str(doubt), doubt.hints() if len(self.part.problems) < MOST_HINTS else ())
            except ValueError as error:
                faulty = True
                self._note(place, one, cells, str(error))
        if not faulty and not self._lacks(place, values, cells) and self._is_coming(place, values, cells):
            self.part.records.append((place, values))

    def _is_coming(self, place: int, values: Values, cells: Mapping[str, Cell]) -> bool:
        """Return whether the days of a row are still to come, moved to the year that was said for days that have passed."""
        if self.target.days is None:
            return True
        first, last = self.target.days
        try:
            start, end = coming(values[first], values.get(last) or values[first], self.today, self.said)
        except Doubt as doubt:
            self.part.asked[doubt.about] = self.part.asked.get(doubt.about, 0) + 1
            return False
        except ValueError as error:
            self._note(place, next(one for one in self.target.fields if one.name == first), cells, str(error))
            return False
        values[first] = start
        if values.get(last) is not None:
            values[last] = end
        return True

    def _carry(self, cells: dict[str, Cell], above: dict[str, Cell]) -> None:
        """Let a blank mean the same as above in the columns where people leave it so."""
        if self.is_ours:
            # What we wrote ourselves has every cell filled that holds something.
            return
        for one in self.target.fields:
            if one.repeats and one.name in self.columns:
                if cells.get(one.name) is None:
                    cells[one.name] = above.get(one.name)
                else:
                    above[one.name] = cells[one.name]

    def _value(self, one: Field, cell: Cell, unit: str, group: str) -> Any:
        options = self.options.get(one.name, ())
        if cell is None and one.name in self.defaults:
            return self.defaults[one.name]
        if cell is None and group and one.name not in self.columns and one.kind in (Kind.DAY, Kind.REFERENCE):
            try:
                return value(group, one, options, self.said)
            except Doubt as doubt:
                if doubt.about:
                    raise
                return None
            except ValueError:
                return None
        return value(cell, one, options, self.said, unit if one.kind is Kind.AMOUNT and unit else self.units.get(one.name, ""))

    def _lacks(self, place: int, values: Values, cells: Mapping[str, Cell]) -> bool:
        """Note what a row needs and doesn't have."""
        lacks = False
        owner = str(values.get("organisation") or values.get("buyer") or "")
        if values.get("site") is None and owner in self.sites:
            values["site"] = self.sites[owner]
        for one in self.target.fields:
            if not one.needed or values.get(one.name) not in (None, ()):
                continue
            if one.name in self.columns or one.usual is None:
                lacks = True
                if one.name in self.columns:
                    self._note(place, one, cells, "a value")
                else:
                    self.lacking.add(one.name)
        return lacks

    def _note(self, place: int, one: Field, cells: Mapping[str, Cell], expected: str, hints: Sequence[tuple[str, str]] = ()) -> None:
        column = self.columns.get(one.name, -1)
        self.part.problems.append(Problem(self.part.place, place, column, one.name, text_of(cells.get(one.name)), expected, tuple(hints)))


def _note_missing(_visit: PageContext, part: Part, columns: Mapping[str, int], reader: _Reader) -> None:
    assert part.target is not None
    part.missing = [one for one in part.target.fields if one.name in reader.lacking and one.name not in columns]


def resolve(values: Values, made: Mapping[str, str]) -> Values:
    """Put the uids of organisations that came with the workbook where their names stand."""
    found = dict(values)
    for name in OWNERS:
        held = found.get(name)
        if isinstance(held, str) and held.startswith(LATE):
            found[name] = made.get(names.search_key(held.removeprefix(LATE)))
    return found
