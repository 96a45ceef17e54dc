"""What one more trip, or one more kilogram of throughput or of a carrier's capacity, would add on each date.

The prices are the duals of the volumes' linear program, in which direct ways are told apart by the limited classes that could carry them:

    x[w, c]  kilograms of the direct way w on limited class c, at its full-truck rate;  x[w]  on the cheapest class without a limit
    Σ x[w, c] with trips that start within i to j  ≤  n_c W_c × (j − i + 1)        for each limited class c and all days i ≤ j

Every plan keeps these rows, so the program's value is a bound, too. A date's price is the sum of the duals of the rows whose days hold
it: by so much each further kilogram there would raise the bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from matching.bounds.capacities import CLASS, HUBS, CapacityAdder, CapacityRow, day_windows
from matching.bounds.volumes import VolumesProgram, volumes_program
from matching.bounds.ways import DIRECT, ROUNDING_VND, Ways, shift_days
from matching.model.problem import NO_LIMIT, FloatArray, IntArray, Problem
from matching.network.distance import distances
from matching.network.reach import class_rates, reach

MOST_WAYS = 120_000
"""Ways beyond which classes are not told apart."""

ScarcePrices = Mapping[tuple[str, int, int], float]
"""Đồng per kilogram, or per trip of a class, by resource, its row and the day."""


class ClassWays(NamedTuple):
    """Ways with the limited class that carries each, or -1 for any class without a limit."""

    ways: Ways
    vehicle: IntArray


def ways_by_class(problem: Problem, ways: Ways) -> ClassWays:
    """Tell direct ways apart by the limited classes that are cheaper than all others on them."""
    limited = np.flatnonzero(problem.vehicles.count_per_day < NO_LIMIT)
    direct = np.flatnonzero(ways.kind == DIRECT)
    rates = _class_rates(problem, ways, direct)
    others = np.delete(rates, limited, axis=1).min(axis=1, initial=np.inf)
    rest = np.flatnonzero(ways.kind != DIRECT)
    free = np.flatnonzero(np.isfinite(others))
    parts = [(ways.take(rest), np.full(len(rest), -1))]
    parts.append((ways.take(direct[free]).replace(rate_vnd_per_kg=others[free]), np.full(len(free), -1)))
    for vehicle in limited.tolist():
        rows = np.flatnonzero(rates[:, vehicle] < others)
        made = ways.take(direct[rows]).replace(rate_vnd_per_kg=rates[rows, vehicle])
        parts.append((made, np.full(len(rows), vehicle)))
    names = ("lot", "line", "kind", "rate_vnd_per_kg")
    joined = Ways(*(np.concatenate([getattr(part, name) for part, _ in parts]) for name in names))
    return ClassWays(joined, np.concatenate([vehicle for _, vehicle in parts]))


def _class_rates(problem: Problem, ways: Ways, rows: IntArray) -> FloatArray:
    """Full-truck rate of each class on direct ways, infinite where it may not drive, shape (n_rows, n_classes)."""
    lots = problem.lots
    a, b, cold = lots.site[ways.lot[rows]], problem.lines.site[ways.line[rows]], lots.cold[ways.lot[rows]]
    return class_rates(reach(problem, fixed_shift_vnd=-ROUNDING_VND), distances(problem), a, b, cold)


def class_program(problem: Problem, ways: Ways) -> VolumesProgram | None:
    """Build the volumes with limited classes told apart; None where nothing is limited or ways are too many."""
    if not (problem.vehicles.count_per_day < NO_LIMIT).any():
        return None
    by_class = ways_by_class(problem, ways)
    if len(by_class.vehicle) > MOST_WAYS:
        return None
    program = volumes_program(problem, by_class.ways)
    adder, windows = CapacityAdder(problem, program.model, by_class.ways), day_windows(problem, by_class.ways)
    for vehicle in np.unique(by_class.vehicle[by_class.vehicle >= 0]).tolist():
        rows = np.flatnonzero(by_class.vehicle == vehicle)
        first = np.maximum(windows.pickup_from[rows] - shift_days(problem), problem.horizon_from_day)
        adder.add(CLASS, (vehicle,), rows, first, windows.pickup_until[rows])
    return VolumesProgram(program.model, [*program.capacity_rows, *adder.made])


def scarce_prices(problem: Problem, rows: list[CapacityRow], row_price: FloatArray) -> ScarcePrices:
    """Add up the duals of each resource and date.

    Parameters
    ----------
    row_price : dual of each row of the model, đồng per kg, shape (n_rows,).
    """
    made: dict[tuple[str, int, int], float] = defaultdict(float)
    for one in rows:
        price = float(row_price[one.row])
        if price <= 0.0 or one.resource == HUBS:
            continue
        for index in one.index:
            unit_kg = float(problem.vehicles.payload_kg[index]) if one.resource == CLASS else 1.0
            for day in range(one.first_day, one.last_day + 1):
                made[one.resource, index, day] += price * unit_kg
    return dict(made)
