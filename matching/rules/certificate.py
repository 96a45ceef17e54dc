"""Certificate: each scheme that a line requires is covered from the pick-up date to the delivery date, both included.

Reads: demands.requires; certificates; lots.supplier_id, lots.product; both dates of allocations.
Formula: ∀ requirement (scheme, level) ∃ certificate of the lot's supplier: its product is the lot's or `*`, its scheme is
the same, its level is at least the required one, valid_from ≤ pickup_date and delivery_date ≤ valid_until.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import ANY_PRODUCT, IntArray
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "certificate"


def check(facts: PlanFacts) -> list[Violation]:
    """Report each requirement of each allocation that no certificate covers."""
    problem, a = facts.problem, facts.allocations
    allocation, need = _ragged(problem.lines.require_start[:-1][a.line], np.diff(problem.lines.require_start)[a.line])
    scheme = problem.lines.require_scheme[need]
    pair, row = _candidates(facts, problem.lots.supplier[a.lot[allocation]], scheme)
    c, at = problem.certificates, allocation[pair]
    fits = (c.product[row] == ANY_PRODUCT) | (c.product[row] == problem.lots.product[a.lot[at]])
    fits &= c.level[row] >= problem.lines.require_level[need[pair]]
    fits &= (c.from_day[row] <= a.pickup_day[at]) & (a.delivery_day[at] <= c.until_day[row])
    covered = np.bincount(pair[fits], minlength=len(need)) > 0
    return flag(CODE, ~covered, lambda i: facts.allocation_name(allocation[i]), lambda i: problem.scheme_ids[scheme[i]])


def _ragged(start: IntArray, n: IntArray) -> tuple[IntArray, IntArray]:
    """List the ragged ranges start[i] … start[i] + n[i] − 1: the i and the value of each element."""
    owner = np.repeat(np.arange(len(n)), n)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(n) - n, n) + start[owner]


def _candidates(facts: PlanFacts, supplier: IntArray, scheme: IntArray) -> tuple[IntArray, IntArray]:
    """Pairs (requirement, certificate) of the same supplier and scheme."""
    c, n = facts.problem.certificates, max(1, len(facts.problem.scheme_ids))
    key = c.supplier * n + c.scheme
    order = np.argsort(key, kind="stable")
    low = np.searchsorted(key[order], supplier * n + scheme, side="left")
    high = np.searchsorted(key[order], supplier * n + scheme, side="right")
    pair, place = _ragged(low, high - low)
    return pair, order[place]


def add(model: ExactModel) -> None:
    """Let no flow travel on dates that a certificate it needs does not cover."""
    lines = model.problem.lines
    for flow in model.flows:
        needs = slice(int(lines.require_start[flow.line]), int(lines.require_start[flow.line + 1]))
        for scheme, level in zip(lines.require_scheme[needs].tolist(), lines.require_level[needs].tolist(), strict=True):
            spans = _spans(model, flow.lot, scheme, level)
            for first, picked in model.picked(flow).items():
                for last, delivered in model.delivered(flow).items():
                    if not any(valid_from <= first and last <= valid_until for valid_from, valid_until in spans):
                        model.not_all(flow.used, picked, delivered)


def _spans(model: ExactModel, lot: int, scheme: int, level: int) -> list[tuple[int, int]]:
    """Dates between which some certificate covers the lot."""
    lots, c = model.problem.lots, model.problem.certificates
    return [
        (int(c.from_day[row]), int(c.until_day[row]))
        for row in range(len(c.scheme))
        if c.supplier[row] == lots.supplier[lot]
        and c.product[row] in (ANY_PRODUCT, lots.product[lot])
        and c.scheme[row] == scheme
        and c.level[row] >= level
    ]
