"""Gathers every fault of an input, so that all are reported at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from matching.model.errors import BadInput, InputIssue

LISTED_PER_COLUMN = 1000
"""Faults of one column that are listed one by one; the rest are counted in one more issue."""
LONGEST_VALUE = 80


def shorten(value: str) -> str:
    """Return at most 80 printable characters of ``value``; bytes that are not UTF-8 show as ``�``."""
    clean = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value[: LONGEST_VALUE + 1])
    return clean if len(clean) <= LONGEST_VALUE else clean[: LONGEST_VALUE - 1] + "…"


class Issues:
    """A growing list of `matching.model.errors.InputIssue`, capped per column.

    Parameters
    ----------
    order : names of the tables in the order in which their faults are reported.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self._rank = {name: rank for rank, name in enumerate(order)}
        self._listed: list[InputIssue] = []
        self._count: Counter[tuple[str, str]] = Counter()
        self._cells: set[tuple[str, int, str]] = set()

    def __len__(self) -> int:
        return len(self._listed)

    @property
    def total(self) -> int:
        """How many faults there are, listed or not."""
        return self._count.total()

    def add(self, table: str, row: int, column: str, value: str, expected: str) -> None:
        """Note one fault, unless its cell already has one; the arguments are the fields of `matching.model.errors.InputIssue`."""
        if row and column:
            if (table, row, column) in self._cells:
                return
            self._cells.add((table, row, column))
        self._count[table, column] += 1
        if self._count[table, column] <= LISTED_PER_COLUMN:
            self._listed.append(InputIssue(table, row, column, shorten(value), expected))

    def listed(self) -> tuple[InputIssue, ...]:
        """Return the faults by table, row and column, each capped column followed by how many more it has."""
        issues = self._listed + [
            InputIssue(table, 0, column, "", f"{count - LISTED_PER_COLUMN} more cells of this column are wrong")
            for (table, column), count in self._count.items()
            if count > LISTED_PER_COLUMN
        ]
        return tuple(sorted(issues, key=self._place))

    def raise_any(self) -> None:
        """Refuse the input if there is any fault.

        Raises
        ------
        BadInput : with all faults.
        """
        if self._listed:
            raise BadInput(self.listed())

    def _place(self, issue: InputIssue) -> tuple[int, str, float, InputIssue]:
        last = issue.row == 0 and self._count[issue.table, issue.column] > LISTED_PER_COLUMN
        return self._rank.get(issue.table, -1), issue.table, float("inf") if last else issue.row, issue
