"""The volumes relaxation: who delivers how much to whom, with haulage at the cheapest rate per kilogram.

Problem data
    Lots with kg s_i, lines with kg d_j, and eligible pairs (i, j) with rate r_ij, the cheapest of the tables (`matching.network.rates`).

Decision variables
    x_ij ≥ 0 kilograms on each pair.

Formulation
    maximise Σ x_ij (bid_j - ask_i - r_ij) - Σ short_j (d_j - Σ_i x_ij)
    Σ_j x_ij ≤ s_i,  Σ_i x_ij ≤ d_j,  x_ij ≥ pinned kg,  x_ij = 0 where forbidden

Method
    The penalty saved joins the gain of a pair, pinned kilograms are set aside first, and products that no line joins are
    solved apart from each other (`matching.volumes.sifting`). Gains are rounded to one ``scale``-th of a đồng, the scale being the largest
    power of ten that is safe, and the flow of whole numbers is solved exactly (`matching.volumes.network_simplex`). Each gain is off by at
    most half a unit, so the true optimum lies within Σ x / scale of what the flow is truly worth, x being any feasible volumes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.model.components import connected_components
from matching.model.plan import LINE, LOT, Allocations, Legs, Plan, Prices, Stops, Trips
from matching.model.problem import HUB, FloatArray, IntArray, Problem, _Table
from matching.pairs.screening import market
from matching.volumes.arcs import carrier_arcs, place_pins
from matching.volumes.sifting import Goods, sift

FINEST_SCALE = 6
LARGEST_POTENTIAL = float(1 << 60)


@dataclass(frozen=True, eq=False)
class Flows(_Table):
    """Kilograms on each used arc, by lot, line and road; shape of each column (n_flows,)."""

    lot: IntArray
    line: IntArray
    road: IntArray  # carrier that takes the kilograms, a row of Problem.roads, or BY_TRUCK
    rate_vnd_per_kg: FloatArray
    kg: IntArray


@dataclass(frozen=True, eq=False)
class Volumes:
    """An optimal solution of the volumes relaxation.

    Attributes
    ----------
    flows : who delivers how much to whom.
    lot_price : what one more kilogram of each lot would add, đồng per kg, shape (n_lots,).
    line_price : what one more kilogram of each line's demand would add, less its penalty when short, shape (n_lines,).
    objective_vnd : worth of the volumes, rounded once.
    bound_vnd : no solution of the relaxation is worth more; above the objective by at most Σ kg / scale + 1.
    limit_vnd : the same bound before it was rounded up.
    scale : gains were rounded to one ``scale``-th of a đồng per kg.
    unmet_pin_kg : pinned kilograms that no eligible pair or no quantity allows.
    """

    flows: Flows
    lot_price: FloatArray
    line_price: FloatArray
    objective_vnd: int
    bound_vnd: int
    limit_vnd: float
    scale: float
    unmet_pin_kg: int


def solve_volumes(
    problem: Problem,
    *,
    max_transit_days: int = 1,
    hub_transit_days: int | None = None,
    fixed_shift_vnd: float = 0.0,
    on_the_clock: bool = False,
    workers: int = 1,
) -> Volumes:
    """Solve the volumes relaxation to a checked optimum; the answer does not depend on ``workers``.

    Parameters
    ----------
    max_transit_days, hub_transit_days : most days between pick-up and delivery, direct and through a hub (by default the same).
    fixed_shift_vnd : added to the fixed cost of every class of truck.
    on_the_clock : let a truck serve only pairs that it can serve within its shift and both sites' hours.
    workers : threads that solve parts side by side.

    Raises
    ------
    ArithmeticError
        The certificate of optimality failed, which is a defect of ours.
    """
    of = market(problem, max_transit_days, hub_transit_days, fixed_shift_vnd, on_the_clock=on_the_clock)
    carried = carrier_arcs(of)
    pinned, pinned_kg, unmet_kg = place_pins(of, carried)
    supply = problem.lots.kg - _per_row(pinned.lot, pinned_kg, problem.n_lots)
    demand = problem.lines.kg - _per_row(pinned.line, pinned_kg, problem.n_lines)
    goods = Goods(of, supply, demand, carried, _scale(problem))
    parts = _side_by_side(lambda lots, lines: _solve_part(goods, lots, lines), separate_goods(problem), workers)
    flows = _merged([Flows(*pinned, pinned_kg), *(part.flows for part in parts)])
    return _valued(problem, flows, parts, goods.scale, unmet_kg)


def relaxation_bound(problem: Problem, *, workers: int = 1) -> int:
    """Return an amount in đồng that no plan of any kind is worth more than.

    As `solve_volumes`, but a truck keeps its shift and the sites' hours, takes as many days as its longest shift can touch, goods may
    wait at a hub for the whole horizon, and a trip costs half a đồng less, since its cost is rounded. A plan is worth
    whole đồng, so the bound is rounded down, plus one where handling, rounded once in the total, or carriers' freight is not whole.
    """
    span = max(0, problem.horizon_until_day - problem.horizon_from_day)
    shift_days = math.ceil(float(problem.vehicles.max_hours.max(initial=0.0)) / 24)
    has_hub = bool((problem.sites.kind == HUB).any())
    relaxed = solve_volumes(
        problem,
        max_transit_days=min(max(1, shift_days), span),
        hub_transit_days=span if has_hub else None,
        fixed_shift_vnd=-0.5,
        on_the_clock=True,
        workers=workers,
    )
    rates = np.concatenate([problem.sites.handling_vnd_per_kg, problem.roads.vnd_per_kg[~np.isnan(problem.roads.vnd_per_kg)]])
    return math.floor(relaxed.limit_vnd + (1 if (rates % 1 != 0).any() else 0))


# parts that share no product -----------------------------------------------------------------------------------------
Rows = tuple[IntArray, IntArray]


def separate_goods(problem: Problem) -> list[Rows]:
    """Rows of lots and of lines of each set of products that lines join, the largest first; lines without a product are left out."""
    lines, n = problem.lines, len(problem.product_ids)
    count = np.diff(lines.product_start)
    has_product = np.flatnonzero(count)
    first = lines.product[lines.product_start[has_product]]
    n_parts, part = connected_components(np.repeat(first, count[has_product]), lines.product, n)
    lots = _grouped(part[problem.lots.product], np.arange(problem.n_lots), n_parts)
    rows = _grouped(part[first], has_product, n_parts)
    return sorted(((a, b) for a, b in zip(lots, rows) if len(a) and len(b)), key=lambda one: -len(one[0]) * len(one[1]))


def _grouped(label: IntArray, rows: IntArray, n: int) -> list[IntArray]:
    """Rows of each label, ascending."""
    order = np.argsort(label, kind="stable")
    return np.split(rows[order], np.searchsorted(label[order], np.arange(1, n)))


def _side_by_side(solve: Callable[[IntArray, IntArray], _Part], parts: Sequence[Rows], workers: int) -> list[_Part]:
    """Solve all parts, some at the same time; the compiled loops leave the interpreter free."""
    if workers <= 1 or len(parts) <= 1:
        return [solve(*part) for part in parts]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda part: solve(*part), parts))


# one part ------------------------------------------------------------------------------------------------------------
class _Part(NamedTuple):
    """Flows and dual prices, in đồng per kg, of some lots and lines."""

    flows: Flows
    lots: IntArray
    lines: IntArray
    lot_price: FloatArray
    line_price: FloatArray


def _solve_part(goods: Goods, lots: IntArray, lines: IntArray) -> _Part:
    """Solve the lots and lines of one part."""
    made = sift(goods, lots, lines)
    return _Part(Flows(*made.arcs, made.units), lots, lines, made.lot_price / goods.scale, made.line_price / goods.scale)


# the whole -----------------------------------------------------------------------------------------------------------
def _scale(problem: Problem) -> float:
    """Largest power of ten, at most 10^6, at which the gains along any path of the flow cannot overflow."""
    lines, lots = problem.lines, problem.lots
    dearest = (lines.bid_vnd_per_kg.astype(np.float64) + lines.short_vnd_per_kg).max(initial=1.0)
    largest = max(1.0, float(dearest - lots.ask_vnd_per_kg.min(initial=0)))
    longest = 2.0 * min(problem.n_lots, problem.n_lines) + 2.0
    return 10.0 ** min(FINEST_SCALE, math.floor(math.log10(LARGEST_POTENTIAL / largest / longest)))


def _merged(pieces: Sequence[Flows]) -> Flows:
    """Put flows together, by lot, line and road; what was pinned joins what flows beside it."""
    columns = [np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("lot", "line", "road", "rate_vnd_per_kg", "kg")]
    order = np.lexsort((columns[2], columns[1], columns[0]))
    lot, line, road, rate, kg = (column[order] for column in columns)
    is_new = np.ones(len(lot), dtype=np.bool_)
    is_new[1:] = (np.diff(lot) != 0) | (np.diff(line) != 0) | (np.diff(road) != 0)
    total = np.add.reduceat(kg, np.flatnonzero(is_new)) if len(kg) else kg
    return Flows(lot[is_new], line[is_new], road[is_new], rate[is_new], total)


def _valued(problem: Problem, flows: Flows, parts: Sequence[_Part], scale: float, unmet_kg: int) -> Volumes:
    """Value the flows, and give every lot and line its price."""
    lot_price, line_price = np.zeros(problem.n_lots), np.zeros(problem.n_lines)
    for part in parts:
        lot_price[part.lots], line_price[part.lines] = part.lot_price, part.line_price
    worth = _worth(problem, flows)
    most_kg = min(_total(problem.lots.kg), _total(problem.lines.kg))
    return Volumes(
        flows=flows,
        lot_price=lot_price,
        line_price=line_price - problem.lines.short_vnd_per_kg,
        objective_vnd=round(worth),
        bound_vnd=math.ceil(worth + most_kg / scale),
        limit_vnd=worth + most_kg / scale,
        scale=scale,
        unmet_pin_kg=unmet_kg,
    )


def _worth(problem: Problem, flows: Flows) -> float:
    """What flows are truly worth, đồng; the goods in whole numbers, the haulage in one exactly rounded sum."""
    margin = problem.lines.bid_vnd_per_kg[flows.line] - problem.lots.ask_vnd_per_kg[flows.lot]
    goods = _dot(flows.kg, margin)
    short = problem.lines.kg - _per_row(flows.line, flows.kg, problem.n_lines)
    return goods - _dot(short, problem.lines.short_vnd_per_kg) - math.fsum(flows.kg * flows.rate_vnd_per_kg)


def _dot(kg: IntArray, vnd_per_kg: IntArray) -> int:
    """Exact sum of products, in numbers of any length where 64 bits might not do."""
    if float(np.dot(kg.astype(np.float64), np.abs(vnd_per_kg.astype(np.float64)))) < LARGEST_POTENTIAL:
        return int(np.dot(kg, vnd_per_kg))
    return sum(a * b for a, b in zip(kg.tolist(), vnd_per_kg.tolist()))


def _total(kg: IntArray) -> int:
    """Sum of whole numbers that may exceed 64 bits."""
    total: int = sum(kg.tolist())
    return total


def _per_row(rows: IntArray, kg: IntArray, n: int) -> IntArray:
    """Sum kilograms by row."""
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, rows, kg)
    return total


# as the engine's nouns -----------------------------------------------------------------------------------------------
def relaxed_plan(problem: Problem, volumes: Volumes) -> Plan:
    """Allocations of the volumes, one for each pair; days are -1, and there are no trips."""
    flows, none, nothing = volumes.flows, np.zeros(0, dtype=np.int64), np.zeros(0)
    keys, first, pair = np.unique(flows.lot * max(1, problem.n_lines) + flows.line, return_index=True, return_inverse=True)
    undated = np.full(len(keys), -1)
    return Plan(
        Allocations(flows.lot[first], flows.line[first], _per_row(pair, flows.kg, len(keys)), undated, undated.copy()),
        Legs(none, none.copy(), none.copy(), none.copy(), none.copy()),
        Trips(none.copy(), nothing, none.copy()),
        Stops(none.copy(), none.copy(), none.copy(), none.copy(), none.copy()),
    )


def shadow_prices(volumes: Volumes) -> Prices:
    """Prices of all lots, then all lines: what one more kilogram would add, đồng per kg."""
    n_lots, n_lines = len(volumes.lot_price), len(volumes.line_price)
    subject = np.array([LOT] * n_lots + [LINE] * n_lines, dtype=object)
    index = np.concatenate([np.arange(n_lots), np.arange(n_lines)])
    return Prices(subject, index, np.concatenate([volumes.lot_price, volumes.line_price]))
