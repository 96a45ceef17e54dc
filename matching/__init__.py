"""The engine: arrays in, a verified plan out.

This package knows nothing of databases, HTTP, environments or files other than the exchange format, and of the clock only in
`matching.stopwatch`. Its Python API is exported here and documented in ``docs/python-api.md``; names that are not exported may change.
The API is loaded when it is first used, so that a part of the engine can be imported without the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matching.api import (
        BadInput,
        Change,
        Diagnosis,
        InputIssue,
        Limits,
        Plan,
        PlanInvalid,
        Problem,
        Progress,
        Reason,
        Result,
        Rule,
        RuleKind,
        RulePrice,
        Solution,
        SolveParams,
        Verdict,
        compare_plans,
        explain_line,
        explain_lot,
        price_rule,
        problem_from_frames,
        read_problem,
        solve,
        verify_plan,
    )

__all__ = [
    "BadInput",
    "Change",
    "Diagnosis",
    "InputIssue",
    "Limits",
    "Plan",
    "PlanInvalid",
    "Problem",
    "Progress",
    "Reason",
    "Result",
    "Rule",
    "RuleKind",
    "RulePrice",
    "Solution",
    "SolveParams",
    "Verdict",
    "compare_plans",
    "explain_line",
    "explain_lot",
    "price_rule",
    "problem_from_frames",
    "read_problem",
    "solve",
    "verify_plan",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("matching.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
