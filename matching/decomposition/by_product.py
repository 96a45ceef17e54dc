"""The outline and the bound of a country, one product's goods at a time.

Problem data
    The lots and lines of goods that share no product with others, and their prices in the plain volumes.

Method
    1. Volumes under the discrete rules at rates that no plan can undercut, no variable whole (`matching.bounds.volumes`): the row prices
       prove a bound on what these goods can add to any plan. Rates are paid by the kilogram, so that the bounds of all goods add up.
    2. The same model at what real trucks cost, from the vertex before: the pairs that it serves are the outline with whose trips the
       search begins (`matching.search.lp_start`).
    Goods with very many ways are bounded by prices alone (`matching.decomposition.bound`), and their outline looks at the ways that may
    pay.
    A truck may carry goods of several products, and so come from one gate to the next by known roads that pass others' gates: all goods
    are bounded on the roads of the whole country.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.bounds.model import linear_under
from matching.bounds.volumes import gains, volumes_model
from matching.bounds.ways import CARRIER, DIRECT, THROUGH_HUB, Ways, find_ways
from matching.decomposition.bound import find_pairs, lagrangian_bound
from matching.executors import Executor
from matching.model.problem import PIN, FloatArray, IntArray, Problem
from matching.model.subset import Subset, subset
from matching.network.distance import distances, kilometres
from matching.volumes.relaxation import Flows, relaxation_bound, separate_goods

DEARER = 1.6
"""What real trucks cost on a kilogram, against full ones on the shortest way."""
MOST_WAYS = 100_000
"""Ways up to which the linear program of some goods takes seconds rather than minutes."""
REDUCED_VND_PER_KG = 2_500.0
"""Of more ways, those whose reduced cost is above this are not looked at."""
STEPS = 60
"""Steps of the prices where goods are bounded by them."""


@dataclass(frozen=True, eq=False)
class GoodsJob:
    """Some goods as a problem of their own; prices in đồng per kg, the saved shortage penalty included."""

    problem: Problem
    lot_price: FloatArray
    line_price: FloatArray

    def work(self, stopped: Callable[[], bool] | None = None) -> GoodsOutcome:
        """Outline and bound these goods."""
        is_over = stopped or (lambda: False)
        ways = find_ways(self.problem)
        if len(ways.lot) <= MOST_WAYS:
            return self._by_program(ways, is_over, bounded=True)
        proven = lagrangian_bound(self.problem, find_pairs(self.problem), self.lot_price, expired=is_over, steps=STEPS)[0]
        rest = self._by_program(ways.take(self._may_pay(ways)), is_over, bounded=False)
        return rest._replace(bound_vnd=float(proven))

    def _may_pay(self, ways: Ways) -> IntArray:
        reduced = self.lot_price[ways.lot] + self.line_price[ways.line] - gains(self.problem, ways, ways.rate_vnd_per_kg)
        return np.flatnonzero((ways.kind == CARRIER) | (reduced <= REDUCED_VND_PER_KG))

    def _by_program(self, ways: Ways, stopped: Callable[[], bool], *, bounded: bool) -> GoodsOutcome:
        nothing = np.zeros(0, dtype=np.int64)
        if len(ways.lot) == 0:
            return GoodsOutcome(-float(self.problem.lines.kg @ self.problem.lines.short_vnd_per_kg), nothing, nothing, nothing)
        model = volumes_model(self.problem, ways)
        proven = np.array(model.gain)
        real = proven.copy()
        real[: len(ways.lot)] -= np.where(ways.kind == DIRECT, (DEARER - 1.0) * ways.rate_vnd_per_kg, 0.0)
        # Hubs are not for parts of a country, so that nothing is to lean on them.
        real[: len(ways.lot)][ways.kind == THROUGH_HUB] = -1e6
        wanted = ([proven] if bounded else []) + [real]
        reached = linear_under(model, wanted, lambda: 0.0 if stopped() else float("inf"))
        bound, point = reached[0].bound, reached[-1].point
        if point is None:
            return GoodsOutcome(bound, nothing, nothing, nothing)
        kg = np.floor(point[: len(ways.lot)] + 1e-6).astype(np.int64)
        served = np.flatnonzero((kg > 0) & (ways.kind != THROUGH_HUB))
        return GoodsOutcome(bound, ways.lot[served], ways.line[served], kg[served])


class GoodsOutcome(NamedTuple):
    """What these goods can add at most, đồng, the penalties of their lines taken off; and who serves whom, in the numbers of the job."""

    bound_vnd: float
    lot: IntArray
    line: IntArray
    kg: IntArray


class CountryOutline(NamedTuple):
    """Outline and bound of a whole country.

    Attributes
    ----------
    bound_vnd : no plan is worth more.
    flows : who serves whom.
    pairs : lot × n_lines + line of all pairs in it, ascending, or None where the time was too short for all goods.
    """

    bound_vnd: float
    flows: Flows
    pairs: IntArray | None


def outline_goods(
    problem: Problem, lot_price: FloatArray, line_price: FloatArray, executor: Executor, expired: Callable[[], bool]
) -> CountryOutline:
    """Outline and bound all goods of a country side by side, those with most pairs first.

    Parameters
    ----------
    lot_price, line_price : shadow prices of the plain volumes, đồng per kg, the saved shortage penalty included.
    expired : asked often; goods that were not reached are bounded by their plain volumes.
    """
    goods = sorted(separate_goods(problem), key=lambda rows: -len(rows[0]) * len(rows[1]))
    country = _Country(problem)
    parts: dict[int, Subset] = {}

    def jobs() -> Iterator[GoodsJob]:
        for number, (lots, lines) in enumerate(goods):
            parts[number] = country.part(lots, lines)
            yield GoodsJob(parts[number].problem, lot_price[lots], line_price[lines])

    made = dict(executor.run(jobs(), expired))
    total = sum(_proven(country, rows, made.get(number)) for number, rows in enumerate(goods))
    bare = np.setdiff1d(np.arange(problem.n_lines), np.concatenate([lines for _, lines in goods]) if goods else [])
    total -= float(problem.lines.kg[bare] @ problem.lines.short_vnd_per_kg[bare])
    lot, line, kg = (np.concatenate([np.zeros(0, dtype=np.int64), *column]) for column in zip(*_whole(parts, made), strict=True))
    pairs = np.unique(np.concatenate([lot * max(1, problem.n_lines) + line, _pinned(problem)]))
    return CountryOutline(
        total, Flows(lot, line, np.full(len(lot), -1), np.zeros(len(lot)), kg), pairs if len(made) == len(goods) else None
    )


class _Country:
    """Cuts goods out of a problem with all its known roads, each as long as the shortest way between its ends."""

    def __init__(self, problem: Problem) -> None:
        roads = problem.roads
        known = ~np.isnan(roads.km)
        km = roads.km.copy()
        km[known] = kilometres(distances(problem), roads.from_site[known], roads.to_site[known])
        timed = known | ~np.isnan(roads.minutes)
        self._problem = problem.replace(roads=roads.replace(km=km))
        self._sites = np.unique(np.concatenate([roads.from_site[timed], roads.to_site[timed]]))

    def part(self, lots: IntArray, lines: IntArray) -> Subset:
        """Cut out some goods."""
        return subset(self._problem, lots, lines, self._sites)


def _proven(country: _Country, rows: tuple[IntArray, IntArray], outcome: GoodsOutcome | None) -> float:
    """Bound of some goods, by the plain volumes where nothing better is known."""
    if outcome is not None and np.isfinite(outcome.bound_vnd):
        return float(outcome.bound_vnd)
    # That bound is rounded down for plans of whole đồng, but what some goods add to a plan need not be whole.
    return float(relaxation_bound(country.part(*rows).problem)) + 1.0


def _whole(parts: dict[int, Subset], made: dict[int, GoodsOutcome]) -> list[tuple[IntArray, IntArray, IntArray]]:
    """Pairs of all goods in the numbers of the whole."""
    none = np.zeros(0, dtype=np.int64)
    return [(none, none, none)] + [(parts[k].lots[one.lot], parts[k].lines[one.line], one.kg) for k, one in sorted(made.items())]


def _pinned(problem: Problem) -> IntArray:
    made = problem.decisions
    return np.asarray((made.lot * max(1, problem.n_lines) + made.line)[made.kind == PIN])
