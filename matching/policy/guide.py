"""The prices by which the search is led towards what a policy wants, and what it may not have of whom.

The search knows worth alone. For a stage of a policy it is given the same problem in other prices: a premium on each kilogram that serves
the stage's goal, or one of an earlier rank, and less to be had of suppliers at their cap. These prices lead; they decide nothing. Plans
are measured and compared in true kilograms and đồng, rank by rank (`matching.policy.solve`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import PIN, BoolArray, Decisions, IntArray, Problem
from matching.pairs.lanes import find_lanes
from matching.policy.goals import Yardsticks
from matching.policy.model import Goal

OVERWHELMING_VND_PER_KG = 1_000_000
"""A premium above whatever trips cost: the goal comes first, whatever it costs."""
FIRST_VND_PER_KG = 2_000
"""Premium on a kilogram of a supplier below its floor, before it is known how much it takes."""
STEP = 5.0
CHOICES = 5
"""Best lanes of a supplier below its floor among which a trial's pin is drawn."""


@dataclass(frozen=True, eq=False)
class Premiums:
    """Premiums of a stage, đồng per kg.

    Attributes
    ----------
    contract, perishable, promise : on each kilogram of a contract line, of a perishable lot, on a promised pair.
    supplier : on each kilogram of a supplier below its floor, shape (n_suppliers,).
    """

    contract: int
    perishable: int
    promise: int
    supplier: IntArray

    def scaled(self, factor: float) -> Premiums:
        """Return premiums so many times as high, but for suppliers'."""
        contract, perishable, promise = (int(one * factor) for one in (self.contract, self.perishable, self.promise))
        return Premiums(contract, perishable, promise, self.supplier)

    def adjusted(self, yard: Yardsticks, plan: Plan) -> Premiums:
        """Raise the premiums of suppliers below their floor, and lower those of suppliers well above it."""
        short, due, taken = yard.short_kg(plan), yard.floor_kg, yard.supplier_kg(plan)
        raised = np.where(short > 0, np.maximum(FIRST_VND_PER_KG, self.supplier * STEP), self.supplier)
        lowered = np.where((short == 0) & (taken * 10 > due * 11), raised / 2, raised)
        return replace(self, supplier=np.minimum(lowered, OVERWHELMING_VND_PER_KG).astype(np.int64))


def premiums(yard: Yardsticks, goals: set[Goal], supplier: IntArray) -> Premiums:
    """Return overwhelming premiums for some goals."""

    def of(goal: Goal) -> int:
        return OVERWHELMING_VND_PER_KG if goal in goals else 0

    price = yard.policy.change_vnd_per_kg
    return Premiums(of(Goal.CONTRACTS), of(Goal.SPOILAGE), max(price, of(Goal.CHANGES)), supplier)


@dataclass(frozen=True, eq=False)
class Trial:
    """What one search of a stage tries besides premiums.

    Attributes
    ----------
    pins : what is to be brought in this search, besides what brokers have decided; None for nothing more.
    lot_kg : most that is to be had of each lot, shape (n_lots,); None for as much as there is.
    """

    pins: Decisions | None = None
    lot_kg: IntArray | None = None


NO_TRIAL = Trial()


def guide(yard: Yardsticks, given: Premiums, like: Plan, total_kg: int, trial: Trial = NO_TRIAL) -> Problem:
    """Return the problem in the prices of a stage.

    Parameters
    ----------
    like : a plan by which it is decided what a supplier at its cap goes on to sell.
    total_kg : what the plan is expected to come to, of which the cap is a part.
    """
    problem, lots, lines = yard.problem, yard.problem.lots, yard.problem.lines
    due = (yard.floor_kg > 0)[lots.supplier]
    lot_vnd = np.where(yard.is_perishable, given.perishable, 0) + np.where(due, given.supplier[lots.supplier], 0)
    line_vnd = np.where(yard.is_contract, given.contract, 0)
    kg = capped_kg(yard, like, total_kg)
    if trial.lot_kg is not None:
        kg = np.maximum(np.minimum(kg, trial.lot_kg), _pinned_kg(problem))
    return problem.replace(
        lots=lots.replace(ask_vnd_per_kg=lots.ask_vnd_per_kg - lot_vnd, kg=kg),
        lines=lines.replace(bid_vnd_per_kg=lines.bid_vnd_per_kg + line_vnd),
        decisions=problem.decisions if trial.pins is None else trial.pins,
    )


def some_short(yard: Yardsticks, plan: Plan, rng: np.random.Generator) -> BoolArray:
    """Return suppliers below their floor that chance chooses, at least one if there are any, shape (n_suppliers,).

    Where an earlier rank has little to give up, it may pay for some of them though not for all.
    """
    short = np.flatnonzero(yard.short_kg(plan) > 0)
    chosen = np.zeros(len(yard.floor_kg), dtype=np.bool_)
    if len(short):
        chosen[rng.choice(short, rng.integers(1, len(short) + 1), replace=False)] = True
    return chosen


def just_due(yard: Yardsticks, plan: Plan, rng: np.random.Generator, chosen: BoolArray) -> tuple[IntArray, IntArray]:
    """Return what is to be had of each lot when some suppliers with a floor sell just what is due, and premiums that make them sell it.

    With no more to be had of them, an overwhelming premium can't make one of them sell what another needs. What they sell now is kept
    first; else chance chooses among lots that can be sold at all.

    Parameters
    ----------
    chosen : the suppliers meant, of those with a floor, shape (n_suppliers,).
    """
    lots, kg = yard.problem.lots, yard.problem.lots.kg.copy()
    rank = np.where(yard.eligible_kg > 0, rng.random(len(kg)), 2.0)
    order = np.lexsort((rank, -_gains(yard.problem, plan)))
    meant = chosen & (yard.floor_kg > 0)
    for supplier in np.flatnonzero(meant).tolist():
        left = int(yard.floor_kg[supplier])
        for lot in order[lots.supplier[order] == supplier].tolist():
            part = int(lots.kg[lot]) if lots.indivisible[lot] else min(int(lots.kg[lot]), max(left, int(lots.min_take_kg[lot])))
            kg[lot] = part if left > 0 else 0
            left -= int(kg[lot])
    return kg, np.where(meant, OVERWHELMING_VND_PER_KG // 10, 0)


def trial_pins(yard: Yardsticks, plan: Plan, rng: np.random.Generator, chosen: BoolArray) -> Decisions | None:
    """Return brokers' decisions with a pin for each chosen supplier below its floor: an open lot of it, to a line where that pays well.

    The search makes room for a pin, which a premium alone may not do where it takes two changes at once. None where nobody is short.
    """
    problem, lots, lines = yard.problem, yard.problem.lots, yard.problem.lines
    short = np.where(chosen, yard.short_kg(plan), 0)
    left = lots.kg.copy()
    np.subtract.at(left, plan.allocations.lot, plan.allocations.kg)
    wanted = np.flatnonzero((short[lots.supplier] > 0) & (left > 0))
    if len(wanted) == 0:
        return None
    lanes, taken = find_lanes(problem, max_transit_days=1, only_lots=wanted), set(_pairs(problem.decisions))
    rows: list[tuple[int, int, int]] = []
    for supplier in np.flatnonzero(short > 0).tolist():
        mine = np.flatnonzero(lots.supplier[lanes.lot] == supplier)
        best = mine[np.argsort(-lanes.margin_vnd_per_kg[mine], kind="stable")][:CHOICES]
        if len(best):
            lane = int(best[rng.integers(len(best))])
            lot, line = int(lanes.lot[lane]), int(lanes.line[lane])
            least = max(int(short[supplier]), int(lines.min_supplier_kg[line]), int(lots.min_take_kg[lot]))
            kg = int(lots.kg[lot]) if lots.indivisible[lot] else min(least, int(left[lot]), int(lines.kg[line]))
            if (lot, line) not in taken and kg <= lines.kg[line]:
                rows.append((lot, line, kg))
    return _with_pins(problem.decisions, rows)


def _pairs(decisions: Decisions) -> list[tuple[int, int]]:
    return list(zip(decisions.lot.tolist(), decisions.line.tolist()))


def _with_pins(decided: Decisions, rows: list[tuple[int, int, int]]) -> Decisions:
    more = np.array(rows, dtype=np.int64).reshape(-1, 3)
    kinds = np.full(len(more), PIN, dtype=np.int64)
    columns = zip((decided.lot, decided.line, decided.kind, decided.kg), (more[:, 0], more[:, 1], kinds, more[:, 2]))
    return Decisions(*(np.concatenate(pair) for pair in columns))


def capped_kg(yard: Yardsticks, like: Plan, total_kg: int) -> IntArray:
    """Return what is to be had of each lot when no supplier sells more than its cap of a total, shape (n_lots,)."""
    problem, lots = yard.problem, yard.problem.lots
    kg = lots.kg.copy()
    if yard.policy.cap_pct is None:
        return kg
    most, gain = yard.cap_kg(total_kg), _gains(problem, like)
    sold = np.zeros(problem.n_lots, dtype=np.int64)
    if not yard.excess_kg(like).any():
        # What a plan that keeps the cap takes of each lot must stay to be had, or the search couldn't go on from it.
        np.add.at(sold, like.allocations.lot, like.allocations.kg)
    offered = np.zeros(len(yard.floor_kg), dtype=np.int64)
    np.add.at(offered, lots.supplier, lots.kg)
    for supplier in np.flatnonzero(offered > most).tolist():
        rows = np.flatnonzero(lots.supplier == supplier)
        order = rows[np.lexsort((rows, -gain[rows]))]
        kg[rows] = _cut(problem, order, most, rows, sold if sold[rows].sum() <= most else np.zeros_like(sold))
    return np.maximum(kg, _pinned_kg(problem))


def _gains(problem: Problem, plan: Plan) -> IntArray:
    """Goods value that the plan makes of each lot, đồng, shape (n_lots,); nothing for what it leaves."""
    a, lines, lots = plan.allocations, problem.lines, problem.lots
    gain = np.zeros(problem.n_lots, dtype=np.int64)
    np.add.at(gain, a.lot, a.kg * (lines.bid_vnd_per_kg[a.line] - lots.ask_vnd_per_kg[a.lot]))
    return gain


def _cut(problem: Problem, order: IntArray, most_kg: int, rows: IntArray, sold_kg: IntArray) -> IntArray:
    """Share what a supplier may sell out among its lots, in their order; shape of ``rows``.

    Parameters
    ----------
    sold_kg : what each lot is given before any is given more, shape (n_lots,); together at most ``most_kg``.
    """
    lots, given = problem.lots, {lot: int(sold_kg[lot]) for lot in rows.tolist()}
    most_kg -= sum(given.values())
    for lot in order.tolist():
        part = min(int(lots.kg[lot]), given[lot] + most_kg)
        whole = part == lots.kg[lot]
        if whole or (not lots.indivisible[lot] and part >= lots.min_take_kg[lot]):
            most_kg -= part - given[lot]
            given[lot] = part
    return np.array([given[lot] for lot in rows.tolist()], dtype=np.int64)


def _pinned_kg(problem: Problem) -> IntArray:
    """Kilograms of each lot that brokers have pinned, shape (n_lots,); the whole of a lot that can't be divided."""
    d, lots = problem.decisions, problem.lots
    kg = np.zeros(problem.n_lots, dtype=np.int64)
    pins = np.flatnonzero((d.kind == PIN) & (d.kg > 0))
    np.add.at(kg, d.lot[pins], d.kg[pins])
    whole = lots.indivisible | (lots.min_take_kg > kg)
    return np.where(kg > 0, np.where(whole, np.maximum(kg, np.where(lots.indivisible, lots.kg, lots.min_take_kg)), kg), 0)
