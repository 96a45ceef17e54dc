"""From text to checked columns: every cell by its parser, then ids, references and windows."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matching.io.cells import Unfit
from matching.io.issues import Issues
from matching.io.raw import RawTable
from matching.io.schema import INPUT_TABLES, Column, Schema
from matching.model.problem import BoolArray, IntArray

Values = npt.NDArray[Any]


@dataclass(frozen=True)
class Parsed:
    """One table as arrays; every column of the format is there, each of shape (n_rows,).

    Attributes
    ----------
    rows : spreadsheet row numbers.
    values : by column; an unfit cell holds its column's default.
    fits : by column, whether the cell could be understood (an absent required column fits nowhere).
    """

    schema: Schema
    rows: IntArray
    texts: dict[str, list[str]]
    values: dict[str, Values]
    fits: dict[str, BoolArray]

    def __getitem__(self, column: str) -> Values:
        return self.values[column]

    def __len__(self) -> int:
        return len(self.rows)

    def tell(self, issues: Issues, wrong: BoolArray, column: str, expected: str) -> None:
        """Note one fault in ``column`` for each row where ``wrong``, shape (n_rows,)."""
        texts = self.texts.get(column)
        for n in np.flatnonzero(wrong):
            issues.add(self.schema.name, int(self.rows[n]), column, texts[n] if texts else "", expected)


def parse_table(schema: Schema, raw: RawTable | None, issues: Issues) -> Parsed:
    """Parse every cell of a table; without ``raw`` the table has no rows."""
    raw = raw or RawTable(schema.name, [], {})
    rows = np.array(raw.rows, dtype=np.int64)
    table = Parsed(schema, rows, raw.columns, {}, {})
    for column in schema.columns:
        table.values[column.name], table.fits[column.name] = _parse_column(table, column, issues)
    return table


def _parse_column(table: Parsed, column: Column, issues: Issues) -> tuple[Values, BoolArray]:
    """Parse each different text of a column once and spread the values over its rows."""
    texts = table.texts.get(column.name)
    if texts is None:
        return _spread([column.default], np.zeros(len(table), dtype=np.int64), column.dtype), np.full(len(table), not column.required)
    codes, different = pd.factorize(np.array(texts, dtype=object))
    values: list[Any] = []
    faults: dict[int, str] = {}
    for place, text in enumerate(different):
        try:
            values.append(_value(column, text))
        except Unfit as unfit:
            values.append(column.default)
            faults[place] = str(unfit)
    fits = ~np.isin(codes, list(faults)) if faults else np.ones(len(codes), dtype=np.bool_)
    for n in np.flatnonzero(~fits):
        issues.add(table.schema.name, int(table.rows[n]), column.name, texts[n], faults[int(codes[n])])
    return _spread(values, codes, column.dtype), fits


def _value(column: Column, text: str) -> Any:
    if text:
        # A letter with its marks is one character or several, which look alike; ids and codes are compared by characters.
        return column.parse(text if text.isascii() else unicodedata.normalize("NFC", text))
    if column.required:
        raise Unfit("a value: this cell must be filled")
    return column.default


def _spread(values: list[Any], codes: IntArray, dtype: Any) -> Values:
    lookup = np.empty(len(values), dtype=dtype)
    # Item by item, because numpy would make a list of equally long tuples a table.
    for place, value in enumerate(values):
        lookup[place] = value
    return np.asarray(lookup[codes])


def check_keys(tables: dict[str, Parsed], issues: Issues) -> None:
    """Note every id, or pair of ids, that an earlier row of its table already used."""
    for table in tables.values():
        key = table.schema.key
        if not key:
            continue
        usable = np.logical_and.reduce([table.fits[column] for column in key])
        frame = pd.DataFrame({column: table[column] for column in key})[usable]
        again = np.zeros(len(table), dtype=np.bool_)
        again[usable] = frame.duplicated().to_numpy()
        each = "an id" if len(key) == 1 else f"a pair of {' and '.join(key)}"
        composed = again & np.array([not text.isascii() for text in table.texts.get(key[-1], [""] * len(table))], dtype=np.bool_)
        table.tell(issues, composed, key[-1], f"{each} that no earlier row has; letters are compared composed (Unicode NFC)")
        table.tell(issues, again & ~composed, key[-1], f"{each} that no earlier row has")


def check_references(tables: dict[str, Parsed], issues: Issues) -> None:
    """Note every id that its table does not have; an empty optional reference is none."""
    for table in tables.values():
        for column, other in table.schema.references:
            target = tables[other]
            if column not in table.texts or target.schema.key[0] not in target.texts:
                continue  # The missing table or column is a fault already; a thousand dangling ids would hide it.
            known = pd.Index(target[target.schema.key[0]]).unique()
            dangling = table.fits[column] & (table[column] != "") & (known.get_indexer(pd.Index(table[column])) < 0)
            table.tell(issues, dangling, column, f"an id in the table {other}")


def check_windows(tables: dict[str, Parsed], issues: Issues) -> None:
    """Note every window that ends before it starts."""
    for table in tables.values():
        for start, end in table.schema.windows:
            wrong = table.fits[start] & table.fits[end] & (table[end] < table[start])
            table.tell(issues, wrong, end, f"a date not before {start}")


def parse_tables(raw: dict[str, RawTable], issues: Issues) -> dict[str, Parsed]:
    """Parse all tables and check what can be checked row by row and between tables."""
    tables = {name: parse_table(schema, raw.get(name), issues) for name, schema in INPUT_TABLES.items()}
    check_keys(tables, issues)
    check_references(tables, issues)
    check_windows(tables, issues)
    return tables
