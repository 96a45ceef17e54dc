"""The two ways in which the engine refuses: bad input, and a plan of its own that breaks a rule.

A problem without a good solution is neither: it is a `Result` with an empty plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, order=True)
class InputIssue:
    """One fault of the input, addressed as a person would look for it.

    Attributes
    ----------
    table : name of the table without its ending, e.g. ``lots``.
    row : row number as a spreadsheet shows it (the header is row 1); 0 where the fault is the table's own.
    column : column name; empty where the fault is the whole row's or table's.
    value : what stands there, shortened to 80 characters.
    expected : what should stand there, and so the remedy, in English.
    code, figures : of the text in `matching.texts` that says the same in every language, with what fills its places; empty where there is
        none.
    """

    table: str
    row: int
    column: str
    value: str
    expected: str
    code: str = field(default="", compare=False)
    figures: tuple[tuple[str, Any], ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        place = self.table + (f" row {self.row}" if self.row else "") + (f" column {self.column}" if self.column else "")
        found = f" {self.value!r}:" if self.value else ""
        return f"{place}:{found} {self.expected}"


class BadInput(ValueError):
    """The input holds errors; all of them are in `issues`, in the order of the tables."""

    def __init__(self, issues: Sequence[InputIssue]) -> None:
        self.issues = tuple(issues)
        shown = "\n".join(str(issue) for issue in self.issues[:20])
        more = f"\n... and {len(self.issues) - 20} more" if len(self.issues) > 20 else ""
        super().__init__(f"{len(self.issues)} errors in the input\n{shown}{more}")


@dataclass(frozen=True, order=True)
class Violation:
    """One rule broken at one place of a plan.

    Attributes
    ----------
    rule : code of the rule, the name of its file in ``matching/rules``.
    where : ids of the things concerned, e.g. ``a17 l3 d5``.
    detail : figures that show the breach.
    """

    rule: str
    where: str
    detail: str = ""


class PlanInvalid(RuntimeError):
    """A plan breaks a rule of the format: a defect of ours, never the user's."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        shown = "; ".join(f"{v.rule} at {v.where} {v.detail}".strip() for v in self.violations[:10])
        super().__init__(f"{len(self.violations)} rules broken: {shown}")
