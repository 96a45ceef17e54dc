"""How likely it is that what a plan promises arrives, by simulation.

Arrivals
    delivered_a = kg_a × min(1, harvest of its lot ÷ all taken of the lot) × kept share of its supplier on its pick-up date
    arrived_j   = Σ delivered over the allocations of line j

Figures
    chance_j    share of the scenarios in which at least `ENOUGH` of what is planned for line j arrives
    filled_j    share of the scenarios in which at least `ENOUGH` of what line j asks for arrives
    committed_j what arrives at least in 90 % of the scenarios: their 10 % quantile, the lower of two neighbours
    expected_j  mean of what arrives
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.harvest.outlook import Scenarios
from matching.model.plan import Plan
from matching.model.problem import FloatArray, IntArray, Problem

ENOUGH = 0.995
"""Share of what is planned from which on it counts as delivered: scales are not more exact."""
COMMITTED_AT = 0.1


@dataclass(frozen=True, eq=False)
class Chances:
    """What becomes of a plan's promises; one row for each line that the plan serves, ascending, shape (n,).

    Attributes
    ----------
    line : rows of the problem's lines.
    planned_kg, committed_kg, expected_kg : planned, all but certain, and mean kilograms.
    chance : that what is planned arrives.
    filled : that the whole of what the line asks for arrives.
    n_scenarios : simulated.
    """

    line: IntArray
    planned_kg: IntArray
    committed_kg: FloatArray
    expected_kg: FloatArray
    chance: FloatArray
    filled: FloatArray
    n_scenarios: int


def chances(problem: Problem, plan: Plan, drawn: Scenarios) -> Chances:
    """Return how likely each promise of a plan is kept in drawn scenarios."""
    line, arrived = arrivals(problem, plan, drawn)
    planned = np.zeros(problem.n_lines, dtype=np.int64)
    np.add.at(planned, plan.allocations.line, plan.allocations.kg)
    return Chances(
        line=line,
        planned_kg=planned[line],
        committed_kg=np.quantile(arrived, COMMITTED_AT, axis=0, method="lower") if len(line) else np.zeros(0),
        expected_kg=arrived.mean(axis=0) if len(line) else np.zeros(0),
        chance=share_of(arrived, planned[line]),
        filled=share_of(arrived, problem.lines.kg[line]),
        n_scenarios=len(drawn.harvest_kg),
    )


def share_of(arrived: FloatArray, wanted_kg: IntArray) -> FloatArray:
    """Return the share of scenarios in which enough arrives, shape (n,), of arrivals of shape (n_scenarios, n)."""
    return np.asarray((arrived >= ENOUGH * wanted_kg - 1e-6).mean(axis=0)) if arrived.shape[1] else np.zeros(0)


def arrivals(problem: Problem, plan: Plan, drawn: Scenarios) -> tuple[IntArray, FloatArray]:
    """Return the lines that a plan serves, ascending, and what arrives there in each scenario, shape (n_scenarios, n)."""
    a = plan.allocations
    taken = np.zeros(problem.n_lots, dtype=np.int64)
    np.add.at(taken, a.lot, a.kg)
    there = np.minimum(1.0, drawn.harvest_kg[:, a.lot] / np.maximum(1, taken[a.lot]))
    delivered = a.kg * there * drawn.kept[:, problem.lots.supplier[a.lot], a.pickup_day - drawn.first_day]
    line, place = np.unique(a.line, return_inverse=True)
    arrived = np.zeros((len(drawn.harvest_kg), len(line)))
    for row, at in enumerate(place.tolist()):
        arrived[:, at] += delivered[:, row]
    return line, arrived
