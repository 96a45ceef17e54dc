"""One harvest: all that goes of the lots of one harvest is picked up on one date.

Reads: lots.harvest_id, allocations.pickup_date.
Formula: |{pickup_date : allocation of a lot of the harvest}| ≤ 1, by trucks and carriers alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.model.problem import NO_HARVEST, BoolArray, Problem
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag
from matching.rules._measure import group_pairs, iso_day

if TYPE_CHECKING:
    from matching.exact.model import ExactModel, Var

CODE = "one_harvest"


def check(facts: PlanFacts) -> list[Violation]:
    """Report harvests that are picked up on several dates."""
    p, a = facts.problem, facts.allocations
    harvest = p.lots.harvest[a.lot]
    cut = np.flatnonzero(harvest != NO_HARVEST)
    _, first = group_pairs(harvest[cut], a.pickup_day[cut])
    days = np.bincount(harvest[cut][first], minlength=len(p.harvest_ids))

    def on(i: int) -> str:
        return " ".join(iso_day(day) for day in np.unique(a.pickup_day[harvest == i]))

    return flag(CODE, days > 1, lambda i: p.harvest_ids[i], on)


def couples_with(problem: Problem, moved: BoolArray) -> BoolArray:
    """Tell which lots have a pick-up date that lots which are moved settle, shape (n_lots,).

    Parameters
    ----------
    moved : lots of which something is picked up, shape (n_lots,).
    """
    harvest = problem.lots.harvest
    is_cut = np.zeros(len(problem.harvest_ids) + 1, dtype=np.bool_)
    is_cut[harvest[moved]] = True
    is_cut[NO_HARVEST] = False
    return np.asarray(is_cut[harvest])


def add(model: ExactModel) -> None:
    """Choose one date for each harvest, and pick up none of its flows on another."""
    lots = model.problem.lots
    for harvest in np.unique(lots.harvest[lots.harvest != NO_HARVEST]).tolist():
        chosen: dict[int, Var] = {}
        for flow in model.flows:
            if lots.harvest[flow.lot] == harvest:
                for day, picked in model.picked(flow).items():
                    if day not in chosen:
                        chosen[day] = model.boolean(f"cut[{harvest},{day}]")
                    model.not_all(flow.used, picked, chosen[day].negated())
        model.cp.add_at_most_one(chosen.values())
