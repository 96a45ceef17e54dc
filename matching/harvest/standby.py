"""Standby lots: open kilograms that could step in where a promise is unlikely to be kept, each kilogram named for one line only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.harvest.chances import ENOUGH, Chances, arrivals
from matching.harvest.outlook import Scenarios
from matching.model.plan import Plan
from matching.model.problem import FloatArray, IntArray, Problem
from matching.pairs.lanes import find_lanes

WANTED = 0.9
"""Chance below which a line is given standby lots."""


@dataclass(frozen=True, eq=False)
class Standby:
    """Lots that stand by, most urgent line first; shape of each column (n,).

    Attributes
    ----------
    line, lot : rows of the problem.
    kg : how much of the lot is kept ready for the line.
    chance : that the line gets what is planned, with all that stands by for it; the same on each of its rows.
    """

    line: IntArray
    lot: IntArray
    kg: IntArray
    chance: FloatArray


def standby(problem: Problem, plan: Plan, drawn: Scenarios, found: Chances, *, wanted: float = WANTED) -> Standby:
    """Name standby lots for the lines that are less likely than ``wanted`` to get what is planned.

    A line is given what it lacks in its 10 % worst scenarios, from the lots that serve it at the best margin. The more is likely to be
    lacking, in đồng, the earlier a line chooses.
    """
    a, lines, lots = plan.allocations, problem.lines, problem.lots
    left = lots.kg.copy()
    np.subtract.at(left, a.lot, a.kg)
    width = max(1, problem.n_lines)
    lanes = find_lanes(problem, max_transit_days=1, only_lots=np.flatnonzero(left > 0))
    pairs, first = np.unique(lanes.lot * width + lanes.line, return_index=True)
    # More of a lot that serves the line already is of no use on the day on which that lot falls short.
    other = ~np.isin(pairs, a.lot * width + a.line)
    pairs, margin = pairs[other], lanes.margin_vnd_per_kg[first[other]]
    places = np.flatnonzero(found.chance < wanted)
    lacking = found.planned_kg - found.expected_kg
    urgency = (lacking * (lines.bid_vnd_per_kg + lines.short_vnd_per_kg)[found.line])[places]
    made: list[tuple[int, int, int]] = []
    for place in places[np.lexsort((places, -urgency))].tolist():
        mine = np.flatnonzero(pairs % width == found.line[place])
        missing = int(np.ceil(found.planned_kg[place] - found.committed_kg[place]))
        made += _reserve(left, pairs[mine[np.lexsort((mine, -margin[mine]))]] // width, int(found.line[place]), missing)
    columns = np.array(made, dtype=np.int64).reshape(-1, 3)
    line, lot, kg = columns[:, 0].copy(), columns[:, 1].copy(), columns[:, 2].copy()
    return Standby(line, lot, kg, _chances_with(problem, plan, drawn, found, line, lot, kg))


def _reserve(left: IntArray, lots: IntArray, line: int, missing_kg: int) -> list[tuple[int, int, int]]:
    """Set so many kilograms aside from lots in their order, and take them off what is left."""
    made = []
    for lot in lots.tolist():
        kg = min(missing_kg, int(left[lot]))
        if kg > 0:
            made.append((line, lot, kg))
            left[lot] -= kg
            missing_kg -= kg
    return made


def _chances_with(
    problem: Problem, plan: Plan, drawn: Scenarios, found: Chances, line: IntArray, lot: IntArray, kg: IntArray
) -> FloatArray:
    """Chance of each row's line when what stands by is brought too, as far as it was harvested and its supplier keeps its word."""
    a = plan.allocations
    _, arrived = arrivals(problem, plan, drawn)
    taken = np.zeros(problem.n_lots, dtype=np.int64)
    np.add.at(taken, a.lot, a.kg)
    day = np.clip(problem.lots.from_day[lot] - drawn.first_day, 0, drawn.kept.shape[2] - 1)
    spare = np.minimum(kg, np.maximum(0.0, drawn.harvest_kg[:, lot] - taken[lot])) * drawn.kept[:, problem.lots.supplier[lot], day]
    place = np.searchsorted(found.line, line)
    for row, at in enumerate(place.tolist()):
        arrived[:, at] += spare[:, row]
    chance = (arrived >= ENOUGH * found.planned_kg - 1e-6).mean(axis=0) if len(found.line) else np.zeros(0)
    return np.asarray(chance[place])
