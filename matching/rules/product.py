"""Product: a line takes only the products on its list.

Reads: lots.product, demands.product.
Formula: product(lot) ∈ products(line).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "product"


def check(facts: PlanFacts) -> list[Violation]:
    """Report allocations of a product that the line does not take."""
    problem, a = facts.problem, facts.allocations
    lines, n = problem.lines, max(1, len(problem.product_ids))
    taken = np.repeat(np.arange(problem.n_lines), np.diff(lines.product_start)) * n + lines.product
    product = problem.lots.product[a.lot]
    broken = ~np.isin(a.line * n + product, taken)
    return flag(CODE, broken, facts.allocation_name, lambda i: problem.product_ids[product[i]])


def add(model: ExactModel) -> None:
    """Forbid flows of a product that the line does not take."""
    lots, lines = model.problem.lots, model.problem.lines
    for flow in model.flows:
        taken = lines.product[lines.product_start[flow.line] : lines.product_start[flow.line + 1]]
        if lots.product[flow.lot] not in taken:
            model.forbid(flow)
