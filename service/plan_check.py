"""`mca check`: is a written plan right, and are the figures that it claims its own?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matching.io import Summary, read_plan, read_reasons, read_summary
from matching.model.errors import BadInput, InputIssue, Violation
from matching.model.plan import Status
from matching.model.problem import Problem
from matching.verify import Verdict, check_claims, check_reasons, verify

PARTS = ("objective_vnd", "goods_vnd", "freight_vnd", "handling_vnd", "opening_vnd", "short_vnd")


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    claimed : the content of ``plan.json``.
    violations : broken rules of the plan, then false claims and missing reasons.
    same_input : whether the plan says that it was made from this very input.
    """

    verdict: Verdict
    claimed: Summary
    violations: tuple[Violation, ...]
    trips: int
    same_input: bool

    @property
    def matched_kg(self) -> int:
        return int(self.verdict.filled_kg.sum())

    def as_json(self) -> dict[str, Any]:
        """Return the finding as plain values for a JSON object."""
        return {
            "valid": not self.violations,
            **{name: int(getattr(self.verdict, name)) for name in PARTS},
            "bound_vnd": self.claimed.bound_vnd,
            "status": str(self.claimed.status),
            "matched_kg": self.matched_kg,
            "trips": self.trips,
            "km": round(float(self.verdict.km), 1),
            "same_input": self.same_input,
            "violations": [{"rule": v.rule, "where": v.where, "detail": v.detail} for v in self.violations],
        }


def check_plan(problem: Problem, folder: Path) -> Finding:
    """Verify the plan in ``folder`` and the claims that come with it.

    Raises
    ------
    BadInput
        If a table of the plan cannot be read, or the plan is a volumes relaxation, which has no trips to check.
    """
    claimed = read_summary(folder)
    if claimed.status == Status.RELAXED:
        raise BadInput([InputIssue("plan.json", 0, "status", "relaxed", "optimal or feasible: a volumes relaxation has no trips to check")])
    plan, reasons = read_plan(folder, problem), read_reasons(folder, problem)
    verdict, n_trips = verify(problem, plan), len(plan.trips.vehicle)
    claims = check_claims(verdict, n_trips, claimed.objective_vnd, claimed.bound_vnd)
    found = (*verdict.violations, *claims, *check_reasons(problem, verdict, reasons))
    return Finding(verdict, claimed, found, n_trips, claimed.input_sha256 == problem.digest())
