"""How evenly a plan spreads chances to sell among suppliers; each measure is defined in ``docs/fairness.md`` with its source.

Problem data
    e_s   eligible kilograms of supplier s: of each of its lots, at most its quantity, and at most what the lines want together that some
          truck or carrier could serve from it at a gain (product, grade, certificates, dates, remaining life, doors, price)
    a_s   accepted kilograms of supplier s: what the plan takes of its lots

Measures
    opportunity share of s       a_s / e_s, for suppliers with e_s > 0
    Gini coefficient             Σ_s Σ_t |x_s − x_t| / (2 n² mean(x)) of the opportunity shares x; 0 where all are equal
    worst-off decile             mean of the ⌈n / 10⌉ smallest opportunity shares
    largest part                 max_s a_s / Σ a_s
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import FloatArray, IntArray, Problem
from matching.network.carriers import find_carrier_lanes
from matching.pairs.lanes import find_lanes

LOTS_AT_ONCE = 2_000


@dataclass(frozen=True, eq=False)
class Shares:
    """What suppliers could have sold, and what they sell; by supplier, in ascending order of their ids.

    Attributes
    ----------
    supplier_ids : ids, shape (n,).
    offered_kg, eligible_kg, accepted_kg : kilograms of each, shape (n,).
    """

    supplier_ids: tuple[str, ...]
    offered_kg: IntArray
    eligible_kg: IntArray
    accepted_kg: IntArray

    @property
    def share(self) -> FloatArray:
        """Opportunity share of each supplier, shape (n,); nan where it has nothing eligible."""
        return np.where(self.eligible_kg > 0, self.accepted_kg / np.maximum(1, self.eligible_kg), np.nan)

    @property
    def counted(self) -> FloatArray:
        """Opportunity shares of the suppliers that have any, ascending."""
        share = self.share
        return np.sort(share[~np.isnan(share)])


@dataclass(frozen=True)
class Fairness:
    """Figures of one plan or of a season.

    Attributes
    ----------
    suppliers : suppliers with something eligible.
    overall_share : Σ accepted ÷ Σ eligible.
    gini : Gini coefficient of the opportunity shares.
    worst_decile_share : mean of the lowest tenth of the opportunity shares.
    largest_part : largest supplier's part of all accepted kilograms.
    largest_supplier : who that is; empty where nothing is accepted.
    """

    suppliers: int
    overall_share: float
    gini: float
    worst_decile_share: float
    largest_part: float
    largest_supplier: str


def eligible_kg(problem: Problem) -> IntArray:
    """Kilograms of each lot that some line could take at a gain, shape (n_lots,)."""
    pairs = [_truck_pairs(problem, first) for first in range(0, problem.n_lots, LOTS_AT_ONCE)]
    if len(problem.roads.from_site):
        pairs.append(_carried_pairs(problem))
    keys = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *pairs]))
    width = max(1, problem.n_lines)
    wanted = np.zeros(problem.n_lots, dtype=np.int64)
    np.add.at(wanted, keys // width, np.minimum(problem.lines.kg[keys % width], problem.lots.kg[keys // width]))
    return np.minimum(problem.lots.kg, wanted)


def _truck_pairs(problem: Problem, first: int) -> IntArray:
    """Pairs (lot × n_lines + line) that a truck could serve at a gain, of some lots."""
    rows = np.arange(first, min(first + LOTS_AT_ONCE, problem.n_lots))
    span = max(1, problem.horizon_until_day - problem.horizon_from_day)
    lanes = find_lanes(problem, max_transit_days=span, only_lots=rows)
    return np.unique(lanes.lot * max(1, problem.n_lines) + lanes.line)


def _carried_pairs(problem: Problem) -> IntArray:
    lanes, lines = find_carrier_lanes(problem), problem.lines
    worth = lanes.margin_vnd_per_kg + lines.short_vnd_per_kg[lanes.line] - problem.roads.vnd_per_kg[lanes.road]
    return np.unique((lanes.lot * max(1, problem.n_lines) + lanes.line)[worth > 0])


def shares(problem: Problem, plan: Plan, eligible: IntArray | None = None) -> Shares:
    """Count what each supplier with a lot offers, could sell, and sells.

    Parameters
    ----------
    eligible : of `eligible_kg`, where it is known already.
    """
    lots, n = problem.lots, len(problem.supplier_ids)
    possible = eligible_kg(problem) if eligible is None else eligible
    taken = np.zeros(problem.n_lots, dtype=np.int64)
    np.add.at(taken, plan.allocations.lot, plan.allocations.kg)
    # A minimum amount may ask for a kilogram that gains nothing itself: what is sold was an opportunity.
    totals = [_sum(lots.supplier, kg, n) for kg in (lots.kg, np.maximum(possible, taken), taken)]
    rows = np.unique(lots.supplier)
    rows = rows[np.argsort(np.array([problem.supplier_ids[row] for row in rows], dtype=object), kind="stable")]
    return Shares(tuple(problem.supplier_ids[row] for row in rows), *(total[rows] for total in totals))


def _sum(owner: IntArray, kg: IntArray, n: int) -> IntArray:
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, owner, kg)
    return total


def season(parts: Sequence[Shares]) -> Shares:
    """Add up the kilograms of several plans, supplier by supplier."""
    ids = sorted({name for part in parts for name in part.supplier_ids})
    place = {name: row for row, name in enumerate(ids)}
    totals = np.zeros((3, len(ids)), dtype=np.int64)
    for part in parts:
        rows = [place[name] for name in part.supplier_ids]
        for total, kg in zip(totals, (part.offered_kg, part.eligible_kg, part.accepted_kg)):
            total[rows] += kg
    return Shares(tuple(ids), *totals)


def fairness(counted: Shares) -> Fairness:
    """Return the figures of shares."""
    x, sold = counted.counted, int(counted.accepted_kg.sum())
    largest = int(counted.accepted_kg.argmax()) if sold else -1
    return Fairness(
        suppliers=len(x),
        overall_share=sold / max(1, int(counted.eligible_kg.sum())),
        gini=gini(x),
        worst_decile_share=worst_decile(x),
        largest_part=int(counted.accepted_kg[largest]) / sold if sold else 0.0,
        largest_supplier=counted.supplier_ids[largest] if sold else "",
    )


def gini(x: FloatArray) -> float:
    """Gini coefficient of shares, shape (n,); 0 where there are none, or all are zero."""
    n, total = len(x), float(x.sum())
    if total == 0:
        return 0.0
    # Of ascending shares, each counts as often as it is the larger of a pair, less as often as it is the smaller.
    rank = 2 * np.arange(1, n + 1) - n - 1
    return float(rank @ np.sort(x)) / (n * total)


def worst_decile(x: FloatArray) -> float:
    """Mean of the ⌈n / 10⌉ smallest shares, shape (n,); 0 where there are none."""
    return float(np.sort(x)[: -(-len(x) // 10)].mean()) if len(x) else 0.0
