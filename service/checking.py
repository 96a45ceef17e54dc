"""`mca check`: is a written plan right, and are the figures that it claims its own?"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from matching.errors import BadInput, InputIssue, Violation
from matching.exchange import read_plan
from matching.plan import LINE, LOT, Reasons
from matching.problem import Problem
from matching.verify import Verdict, check_claims, check_reasons, verify


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    claimed : the content of ``plan.json``.
    violations : broken rules of the plan, then false claims and missing reasons.
    """

    verdict: Verdict
    claimed: dict[str, Any]
    violations: tuple[Violation, ...]
    matched_kg: int
    trips: int

    def as_json(self) -> dict[str, Any]:
        """Return the finding as plain values for a JSON object."""
        verdict = self.verdict
        parts = ("objective_vnd", "goods_vnd", "freight_vnd", "handling_vnd", "opening_vnd", "short_vnd")
        return {
            "valid": not self.violations,
            **{name: int(getattr(verdict, name)) for name in parts},
            "bound_vnd": self.claimed.get("bound_vnd"),
            "status": self.claimed.get("status"),
            "matched_kg": self.matched_kg,
            "trips": self.trips,
            "km": round(float(verdict.km), 1),
            "violations": [{"rule": v.rule, "where": v.where, "detail": v.detail} for v in self.violations],
        }


def check_plan(problem: Problem, folder: Path) -> Finding:
    """Verify the plan in ``folder`` and the claims that come with it.

    Raises
    ------
    BadInput
        If a table of the plan cannot be read, or the plan is a volumes relaxation, which has no trips to check.
    """
    claimed = _read_claims(folder)
    plan = read_plan(folder, problem)
    verdict, n_trips = verify(problem, plan), len(plan.trips.vehicle)
    found = (
        *verdict.violations,
        *check_claims(verdict, n_trips, claimed.get("objective_vnd"), claimed.get("bound_vnd")),
        *check_reasons(problem, verdict, _read_reasons(problem, folder)),
    )
    return Finding(verdict, claimed, found, int(verdict.filled_kg.sum()), n_trips)


def _read_claims(folder: Path) -> dict[str, Any]:
    """Read ``plan.json``; raise `BadInput` where it is missing, broken, mistyped or a relaxation."""
    try:
        claimed = json.loads((folder / "plan.json").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise _bad_claim("", str(error), "a JSON object with objective_vnd, bound_vnd and status") from error
    if not isinstance(claimed, dict):
        raise _bad_claim("", str(claimed), "a JSON object with objective_vnd, bound_vnd and status")
    for name in ("objective_vnd", "bound_vnd"):
        value = claimed.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise _bad_claim(name, str(value), "a number, or null")
    if claimed.get("status") == "relaxed":
        raise _bad_claim("status", "relaxed", "optimal or feasible: a volumes relaxation has no trips to check")
    return claimed


def _bad_claim(column: str, value: str, expected: str) -> BadInput:
    return BadInput([InputIssue("plan.json", 0, column, value[:80], expected)])


def _read_reasons(problem: Problem, folder: Path) -> Reasons:
    """Read which lots and lines have a reason; rows about unknown ids explain nothing and are passed over."""
    path = folder / "reasons.csv"
    if not path.is_file():
        raise BadInput([InputIssue("reasons", 0, "", "", "the table reasons.csv")])
    known = {LOT: _rows_by_id(problem.lots.id), LINE: _rows_by_id(problem.lines.id)}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("id") in known.get(str(row.get("subject")), {})]
    return Reasons(
        subject=np.array([row["subject"] for row in rows], dtype=object),
        index=np.array([known[row["subject"]][row["id"]] for row in rows], dtype=np.int64),
        open_kg=np.zeros(len(rows), dtype=np.int64),
        reason=np.array([row.get("reason") or "" for row in rows], dtype=object),
        detail=np.array([row.get("detail") or "" for row in rows], dtype=object),
    )


def _rows_by_id(ids: Any) -> dict[str, int]:
    return {str(name): row for row, name in enumerate(ids)}
