"""The rows that columns of trips are added to: volumes under the discrete rules, and how often classes may start.

Formulation
    the volumes' rules on X, with no haulage to pay on direct ways       (`matching.bounds.volumes`)
    X[w] ≤ Σ over trips of their load of way w                           for each direct way
    Σ trips of a class that must start on days i to j ≤ count per day × (j − i + 1)

A truck may make a stop without goods before its first load, and so start a day earlier than its pattern says, as long as that is no stop
too many; such trips need not start on the pattern's day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.bounds.model import Model
from matching.bounds.volumes import volumes_model
from matching.bounds.ways import DIRECT, Ways
from matching.bounds.whole_trips.patterns import Pattern
from matching.bounds.whole_trips.stage import Stage
from matching.model.problem import NO_LIMIT, IntArray


@dataclass(frozen=True, eq=False)
class Program:
    """The model, and where to find things in it.

    Attributes
    ----------
    coupling : row of each direct way, shape (n_direct,).
    starts : row of each limited class with its first and last day of counted starts.
    """

    model: Model
    coupling: IntArray
    starts: dict[tuple[int, int, int], int]


def build_program(stage: Stage, ways: Ways) -> Program:
    """Build the model without trips; ``ways`` are all ways, of which the stage has the direct ones."""
    direct, n_days = np.flatnonzero(ways.kind == DIRECT), stage.allowed.shape[1]
    free = ways.replace(rate_vnd_per_kg=np.where(ways.kind == DIRECT, 0.0, ways.rate_vnd_per_kg))
    model = volumes_model(stage.problem, free)
    coupling = [model.row([way], [1.0], -np.inf, 0.0) for way in direct.tolist()]
    count = stage.problem.vehicles.count_per_day
    ranges = [(c, i, j) for c in np.flatnonzero(count < NO_LIMIT).tolist() for i in range(n_days) for j in range(i, n_days)]
    starts = {(c, i, j): model.row([], [], -np.inf, float(count[c]) * (j - i + 1)) for c, i, j in ranges}
    return Program(model, np.array(coupling, dtype=np.int64), starts)


def start_rows(stage: Stage, program: Program, pattern: Pattern) -> list[int]:
    """Rows that count the starts of a pattern."""
    c, day = pattern.vehicle, pattern.days[0]
    spare = len(pattern.sites) < int(stage.problem.vehicles.max_stops[c])
    first = max(0, day - stage.allowed.shape[2] + 1) if spare else day
    # Ranges of days that every start of the pattern falls into.
    return [program.starts[c, i, j] for i in range(first + 1) for j in range(day, stage.allowed.shape[1]) if (c, i, j) in program.starts]
