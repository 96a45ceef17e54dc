"""A change of one cell, or of one row, of the exchange format: written down for machines, and applied to a `Problem`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import numpy as np

from matching.model.problem import ANY_PRODUCT, NO_LIMIT, Certificates, IntArray, Problem
from matching.model.subset import rows_of


class ChangeKind(StrEnum):
    """What is changed. The codes are stable."""

    ASK = "ask"
    BID = "bid"
    PICKUP_UNTIL = "pickup_until"
    PICKUP_FROM = "pickup_from"
    DELIVER_UNTIL = "deliver_until"
    DELIVER_FROM = "deliver_from"
    LIFE = "life"
    GRADE = "grade"
    WANTED = "wanted"
    OFFERED = "offered"
    RENEWAL = "renewal"
    CERTIFICATE = "certificate"
    MIN_FILL = "min_fill"
    MIN_SUPPLIER = "min_supplier"
    MIN_TAKE = "min_take"
    DIVISIBLE = "divisible"
    SUPPLIERS = "suppliers"
    ALLOW = "allow"
    SITE_THROUGHPUT = "throughput"
    TRUCKS = "trucks"


class Action(StrEnum):
    """What is done to a table."""

    SET = "set"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True)
class Change:
    """One change of one cell or row.

    Attributes
    ----------
    action : ``set`` a cell, ``add`` a row, ``remove`` a row.
    table : of the exchange format, without ``.csv``.
    key : columns and texts that find the row, or that make the new one.
    column, old, new : the cell and its texts before and after; empty for rows.
    """

    kind: ChangeKind
    action: Action
    table: str
    key: tuple[tuple[str, str], ...]
    column: str = ""
    old: str = ""
    new: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the change as JSON values."""
        made: dict[str, Any] = {"kind": self.kind.value, "action": self.action.value, "table": self.table, "key": dict(self.key)}
        return made | ({"column": self.column, "old": self.old, "new": self.new} if self.action is Action.SET else {})

    @property
    def subject(self) -> str:
        """The id that the change speaks of: of a lot, a line, a supplier, a site or a class."""
        return self.key[0][1]


Column = tuple[ChangeKind, str, str, str]
"""Kind, table, column of the exchange format, and column of `Problem.lots` or `Problem.lines`."""
COLUMNS: tuple[Column, ...] = (
    (ChangeKind.ASK, "lots", "ask_vnd_per_kg", "ask_vnd_per_kg"),
    (ChangeKind.PICKUP_UNTIL, "lots", "available_until", "until_day"),
    (ChangeKind.PICKUP_FROM, "lots", "available_from", "from_day"),
    (ChangeKind.OFFERED, "lots", "quantity_kg", "kg"),
    (ChangeKind.MIN_TAKE, "lots", "min_take_kg", "min_take_kg"),
    (ChangeKind.DIVISIBLE, "lots", "indivisible", "indivisible"),
    (ChangeKind.BID, "demands", "bid_vnd_per_kg", "bid_vnd_per_kg"),
    (ChangeKind.DELIVER_UNTIL, "demands", "deliver_until", "until_day"),
    (ChangeKind.DELIVER_FROM, "demands", "deliver_from", "from_day"),
    (ChangeKind.LIFE, "demands", "min_life_days", "min_life_days"),
    (ChangeKind.GRADE, "demands", "max_grade", "max_grade"),
    (ChangeKind.WANTED, "demands", "quantity_kg", "kg"),
    (ChangeKind.MIN_FILL, "demands", "min_fill_kg", "min_fill_kg"),
    (ChangeKind.MIN_SUPPLIER, "demands", "min_supplier_kg", "min_supplier_kg"),
    (ChangeKind.SUPPLIERS, "demands", "max_suppliers", "max_suppliers"),
)
PLACES: tuple[Column, ...] = (
    (ChangeKind.SITE_THROUGHPUT, "sites", "throughput_kg_per_day", "throughput_kg_per_day"),
    (ChangeKind.TRUCKS, "vehicles", "count_per_day", "count_per_day"),
)
"""The same for columns of `Problem.sites` or `Problem.vehicles`."""
ROWS = {"lots": ("lots", "lot_id"), "demands": ("lines", "line_id"), "sites": ("sites", "site_id"), "vehicles": ("vehicles", "class_id")}
"""Table of the problem and id column of each table of the format whose cells are set."""
BY_KIND = {kind: (table, column, field) for kind, table, column, field in (*COLUMNS, *PLACES)}
DAYS = {"until_day", "from_day"}
CERTIFICATE_KEY = ("supplier_id", "product", "scheme", "level", "valid_from", "valid_until")


def day_cell(day: int) -> str:
    """Return a day as the exchange format writes it."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _day(cell: str) -> int:
    return (date.fromisoformat(cell) - date(1970, 1, 1)).days


def set_cell(problem: Problem, kind: ChangeKind, row: int, new: int | bool) -> Change:
    """Write down that a cell of a lot, line, site or class is set to a number of the problem's kind."""
    table, column, field = BY_KIND[kind]
    name, id_column = ROWS[table]
    rows = getattr(problem, name)
    key = ((id_column, str(rows.id[row])),)
    return Change(kind, Action.SET, table, key, column, _cell(field, getattr(rows, field)[row]), _cell(field, new))


def _cell(field: str, value: Any) -> str:
    if field == "indivisible":
        return "yes" if value else "no"
    if field in DAYS:
        return day_cell(int(value))
    return "" if value == NO_LIMIT else str(int(value))


def renewal(problem: Problem, row: int, until_day: int) -> Change:
    """Write down that a certificate is extended."""
    until = day_cell(int(problem.certificates.until_day[row]))
    return Change(
        ChangeKind.RENEWAL, Action.SET, "certificates", certificate_key(problem, row), "valid_until", until, day_cell(until_day)
    )  # fmt: skip


def certificate_key(problem: Problem, row: int) -> tuple[tuple[str, str], ...]:
    """Return all cells of a certificate, which together name it."""
    c = problem.certificates
    product = "*" if c.product[row] == ANY_PRODUCT else problem.product_ids[c.product[row]]
    days = day_cell(int(c.from_day[row])), day_cell(int(c.until_day[row]))
    cells = (problem.supplier_ids[c.supplier[row]], product, problem.scheme_ids[c.scheme[row]], str(int(c.level[row])), *days)
    return tuple(zip(CERTIFICATE_KEY, cells))


def new_certificate(problem: Problem, lot: int, scheme: int, level: int) -> Change:
    """Write down that a lot's supplier obtains a certificate for its product over the whole horizon."""
    lots, days = problem.lots, (problem.horizon_from_day, problem.horizon_until_day)
    names = (problem.supplier_ids[lots.supplier[lot]], problem.product_ids[lots.product[lot]], problem.scheme_ids[scheme], str(level))
    return Change(ChangeKind.CERTIFICATE, Action.ADD, "certificates", tuple(zip(CERTIFICATE_KEY, (*names, *map(day_cell, days)))))


def lifted_ban(problem: Problem, lot: int, line: int) -> Change:
    """Write down that a broker's ban is taken back."""
    key = (("lot_id", str(problem.lots.id[lot])), ("line_id", str(problem.lines.id[line])))
    return Change(ChangeKind.ALLOW, Action.REMOVE, "decisions", key)


# applying ------------------------------------------------------------------------------------------------------------
def apply(problem: Problem, change: Change) -> Problem:
    """Return the problem with a change made; the horizon stays.

    Raises
    ------
    LookupError
        If the row that it changes isn't there, or its cell holds something else than the change says.
    """
    return APPLIED[change.table](problem, change)


def _to_rows(problem: Problem, change: Change) -> Problem:
    field = BY_KIND[change.kind][2]
    name = ROWS[change.table][0]
    rows = getattr(problem, name)
    found = np.flatnonzero(rows.id == change.subject)
    if len(found) != 1 or _cell(field, getattr(rows, field)[found[0]]) != change.old:
        raise LookupError(f"no row of {change.table} holds {change.old!r} in {change.column} for {change.subject}")
    column = getattr(rows, field).copy()
    column[found[0]] = _value(field, change.new)
    return problem.replace(**{name: rows.replace(**{field: column})})


def _value(field: str, cell: str) -> int | bool:
    if field == "indivisible":
        return cell == "yes"
    if field in DAYS:
        return _day(cell)
    return int(cell) if cell else NO_LIMIT


def _to_certificates(problem: Problem, change: Change) -> Problem:
    held = problem.certificates
    if change.action is Action.ADD:
        return problem.replace(certificates=_with_row(problem, dict(change.key)))
    rows = [row for row in range(len(held.supplier)) if certificate_key(problem, row) == change.key]
    if not rows:
        raise LookupError(f"no certificate is {dict(change.key)}")
    until = held.until_day.copy()
    until[rows[0]] = _day(change.new)
    return problem.replace(certificates=held.replace(until_day=until))


def _with_row(problem: Problem, cells: dict[str, str]) -> Certificates:
    held = problem.certificates
    row = {
        "supplier": problem.supplier_ids.index(cells["supplier_id"]),
        "product": problem.product_ids.index(cells["product"]),
        "scheme": problem.scheme_ids.index(cells["scheme"]),
        "level": int(cells["level"]),
        "from_day": _day(cells["valid_from"]),
        "until_day": _day(cells["valid_until"]),
    }
    return Certificates(**{name: np.append(getattr(held, name), value) for name, value in row.items()})


def _to_decisions(problem: Problem, change: Change) -> Problem:
    names, made = dict(change.key), problem.decisions
    here = (problem.lots.id[made.lot] == names["lot_id"]) & (problem.lines.id[made.line] == names["line_id"])
    if not here.any():
        raise LookupError(f"no decision on {names['lot_id']} and {names['line_id']}")
    kept: IntArray = np.flatnonzero(~here)
    return problem.replace(decisions=rows_of(made, kept))


APPLIED: dict[str, Callable[[Problem, Change], Problem]] = {
    "lots": _to_rows,
    "demands": _to_rows,
    "sites": _to_rows,
    "vehicles": _to_rows,
    "certificates": _to_certificates,
    "decisions": _to_decisions,
}
