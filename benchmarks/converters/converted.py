"""`Converted`: the tables of one instance and the way back from đồng to the cost that its publishers count."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DAY = "2027-06-07"
"""The one date on which everything happens."""

Row = Sequence[Any]


@dataclass(frozen=True)
class Table:
    """One CSV table.

    Attributes
    ----------
    header : column names separated by blanks.
    rows : one value for each column; None leaves a cell empty.
    """

    header: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Converted:
    """An instance in the exchange format.

    Attributes
    ----------
    tables : by name, as the format calls them.
    income_vnd : what all demand would pay; a plan that meets all of it is worth this less its cost.
    vnd_per_cost : đồng for one unit of the published cost.
    """

    tables: dict[str, Table]
    income_vnd: int
    vnd_per_cost: int

    def known_cost_of(self, objective_vnd: int) -> float:
        """Return the published kind of cost of a plan of this worth; a plan that leaves demand open costs what it misses as well."""
        return (self.income_vnd - objective_vnd) / self.vnd_per_cost

    def write(self, folder: Path) -> None:
        """Write the input folder; tables that are there already are replaced."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables.items():
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                out = csv.writer(file, lineterminator="\n")
                out.writerow(table.header.split())
                out.writerows(["" if cell is None else cell for cell in row] for row in table.rows)
