"""Volumes under the discrete rules: how many kilograms each way carries when minimums and suppliers' limits hold.

Decision variables
    x[w] ≥ 0          kilograms on way w (lot i, line j, kind of haulage, haulage rate r)
    take[i] ∈ {0, 1}  lot i is used at all; on[i, j] ∈ {0, 1}  the indivisible lot i goes to line j
    fill[j] ∈ {0, 1}  line j is served at all; share[j, s] ∈ {0, 1}  supplier s serves line j

Formulation
    maximise Σ x[w] (bid_j + short_j - ask_i - r_w) - Σ short_j × quantity_j
    Σ x of lot i ≤ quantity,   min_take_i × take[i] ≤ Σ x of lot i ≤ quantity_i × take[i]
    Σ x of lot i and line j = quantity_i × on[i, j],  Σ_j on[i, j] ≤ 1            for an indivisible lot
    Σ x of line j ≤ quantity,  min_fill_j × fill[j] ≤ Σ x of line j ≤ quantity_j × fill[j]
    min_supplier_j × share[j, s] ≤ Σ x of line j and supplier s ≤ most × share[j, s],  Σ_s share[j, s] ≤ max_suppliers_j
    Σ x of a pinned pair ≥ its kilograms
    what sites, trucks and carriers can handle by date                            (`matching.bounds.capacities`)

Every plan gives such x and whole variables, and its haulage costs at least Σ r x when the rates are valid, so the greatest value,
or any bound on it, is a bound on every plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from matching.bounds.capacities import CapacityRow, add_capacity_rows
from matching.bounds.model import Model
from matching.bounds.ways import Ways
from matching.model.problem import NO_LIMIT, PIN, FloatArray, Problem

Groups = dict[int, list[int]]
INFINITE = float("inf")


def volumes_model(problem: Problem, ways: Ways) -> Model:
    """Build the model; column ``w`` is the kilograms on way ``w``."""
    return volumes_program(problem, ways).model


class VolumesProgram(NamedTuple):
    """The model, and which of its rows limit scarce resources."""

    model: Model
    capacity_rows: list[CapacityRow]


def volumes_program(problem: Problem, ways: Ways) -> VolumesProgram:
    """Build the model and say which rows are limits of sites, trucks and carriers."""
    model, lots, lines = Model(), problem.lots, problem.lines
    gain = (lines.bid_vnd_per_kg + lines.short_vnd_per_kg)[ways.line] - lots.ask_vnd_per_kg[ways.lot] - ways.rate_vnd_per_kg
    most = np.minimum(lots.kg[ways.lot], lines.kg[ways.line]).astype(np.float64)
    model.gain, model.most, model.whole = gain.tolist(), most.tolist(), [0] * len(gain)
    model.constant = -float(sum(a * b for a, b in zip(lines.short_vnd_per_kg.tolist(), lines.kg.tolist())))
    for lot, columns in _groups(ways.lot.tolist()).items():
        _lot_rows(problem, model, ways, lot, columns)
    for line, columns in _groups(ways.line.tolist()).items():
        _line_rows(problem, model, ways, line, columns)
    _pin_rows(problem, model, ways)
    return VolumesProgram(model, add_capacity_rows(problem, model, ways))


def _groups(labels: Iterable[int]) -> Groups:
    """Places of each label."""
    made: Groups = defaultdict(list)
    for place, label in enumerate(labels):
        made[label].append(place)
    return made


def _lot_rows(problem: Problem, model: Model, ways: Ways, lot: int, columns: list[int]) -> None:
    """Quantity, least take and indivisibility of a lot."""
    kg, least = float(problem.lots.kg[lot]), float(problem.lots.min_take_kg[lot])
    if problem.lots.indivisible[lot]:
        by_line = _groups(int(ways.line[w]) for w in columns)
        on = [_all_or_nothing(model, [columns[k] for k in places], kg) for places in by_line.values()]
        model.row(on, [1.0] * len(on), -INFINITE, 1.0)
        return
    wanted = float(problem.lines.kg[list({int(ways.line[w]) for w in columns})].sum())
    _between(model, columns, least, kg, min(kg, wanted))


def _all_or_nothing(model: Model, columns: list[int], kg: float) -> int:
    """Let columns carry exactly ``kg`` together, or nothing."""
    on = model.column(0.0, 1.0, whole=True)
    model.row([*columns, on], [*[1.0] * len(columns), -kg], 0.0, 0.0)
    return on


def _between(model: Model, columns: list[int], least: float, kg: float, within_reach: float) -> None:
    """Let columns carry nothing, or from ``least`` to ``kg``, and never more than is ``within_reach``."""
    ones, most = [1.0] * len(columns), min(kg, within_reach)
    if least <= 1 or most < least:
        model.row(columns, ones, -INFINITE, kg if least <= 1 else 0.0)
        return
    on = model.column(0.0, 1.0, whole=True)
    model.row([*columns, on], [*ones, -most], -INFINITE, 0.0)
    model.row([*columns, on], [*ones, -least], 0.0, INFINITE)


def _line_rows(problem: Problem, model: Model, ways: Ways, line: int, columns: list[int]) -> None:
    """Quantity, least fill and suppliers of a line."""
    lines = problem.lines
    offered = float(problem.lots.kg[list({int(ways.lot[w]) for w in columns})].sum())
    _between(model, columns, float(lines.min_fill_kg[line]), float(lines.kg[line]), offered)
    suppliers = _groups(int(problem.lots.supplier[ways.lot[w]]) for w in columns)
    limit, least = int(lines.max_suppliers[line]), float(lines.min_supplier_kg[line])
    if limit >= min(NO_LIMIT, len(suppliers)) and least <= 1:
        return
    shares = [_share(problem, model, ways, [columns[k] for k in places], float(lines.kg[line]), least) for places in suppliers.values()]
    if limit < len(shares):
        model.row(shares, [1.0] * len(shares), -INFINITE, float(limit))


def _share(problem: Problem, model: Model, ways: Ways, columns: list[int], wanted: float, least: float) -> int:
    """Let a supplier bring nothing to a line, or at least so much; return the variable that says whether."""
    share = model.column(0.0, 1.0, whole=True)
    lots = _groups(int(ways.lot[w]) for w in columns)
    together = float(sum(problem.lots.kg[lot] for lot in lots))
    model.row([*columns, share], [*[1.0] * len(columns), -min(wanted, together)], -INFINITE, 0.0)
    if least > 1:
        model.row([*columns, share], [*[1.0] * len(columns), -least], 0.0, INFINITE)
    if len(lots) > 1:
        for lot, places in lots.items():
            most = min(wanted, float(problem.lots.kg[lot]))
            model.row([*(columns[k] for k in places), share], [*[1.0] * len(places), -most], -INFINITE, 0.0)
    return share


def _pin_rows(problem: Problem, model: Model, ways: Ways) -> None:
    """Pinned pairs bring their kilograms."""
    made, width = problem.decisions, max(1, problem.n_lines)
    keys = ways.lot * width + ways.line
    for lot, line, kg in zip(*(column[made.kind == PIN].tolist() for column in (made.lot, made.line, made.kg))):
        columns = np.flatnonzero(keys == lot * width + line).tolist()
        if columns and kg > 0:
            model.row(columns, [1.0] * len(columns), float(kg), INFINITE)


def gains(problem: Problem, ways: Ways, rate: FloatArray) -> FloatArray:
    """What a kilogram on each way adds, with its haulage at ``rate``, đồng, shape (n_ways,)."""
    lots, lines = problem.lots, problem.lines
    made: FloatArray = (lines.bid_vnd_per_kg + lines.short_vnd_per_kg)[ways.line] - lots.ask_vnd_per_kg[ways.lot] - rate
    return made
