"""Decisions: what a broker pinned is delivered, what a broker forbade is not.

Reads: decisions.
Formula: Σ kg of the lot's allocations to the line ≥ kg for a pin, = 0 for a forbid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import FORBID, PIN
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import sum_by

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "decisions"


def check(facts: PlanFacts) -> list[Violation]:
    """Report decisions that are not kept."""
    problem, a, d = facts.problem, facts.allocations, facts.problem.decisions
    n = problem.n_lines
    keys, group = np.unique(np.concatenate([d.lot * n + d.line, a.lot * n + a.line]), return_inverse=True)
    moved = sum_by(group[len(d.lot) :], a.kg, len(keys))[group[: len(d.lot)]]
    broken = ((d.kind == FORBID) & (moved != 0)) | ((d.kind == PIN) & (moved < d.kg))

    def where(i: int) -> str:
        return f"{problem.lots.id[d.lot[i]]} {problem.lines.id[d.line[i]]}"

    return flag(CODE, broken, where, lambda i: f"{moved[i]} of {d.kg[i]} kg")


def add(model: ExactModel) -> None:
    """Keep each pin and each forbid."""
    d = model.problem.decisions
    for lot, line, kind, least_kg in zip(d.lot.tolist(), d.line.tolist(), d.kind.tolist(), d.kg.tolist(), strict=True):
        kg = sum(flow.kg for flow in model.flows if (flow.lot, flow.line) == (lot, line))
        model.cp.add(kg >= least_kg if kind == PIN else kg == 0)
