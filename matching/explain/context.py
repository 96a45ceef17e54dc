"""Everything that questions about one plan share: the funnel's counts, what the plan leaves open, and lots and lines by product."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matching.explain.capacity import CapacityScreen
from matching.explain.open_reasons import AfterPlan, OpenAmounts, after_plan, possible_kg, use_of
from matching.explain.policy_limits import PolicyLimits
from matching.model.plan import LOT, Plan
from matching.model.problem import FloatArray, IntArray, Problem
from matching.network.carriers import carrier_pairs
from matching.pairs.funnel import Funnel, find_funnel
from matching.pairs.screening import Market, market, truck_rates


class UnknownId(LookupError):
    """A lot or line was asked about that the problem does not have."""

    def __init__(self, subject: str, name: str) -> None:
        super().__init__(f"no {subject} is called {name!r} in this problem")
        self.subject, self.name = subject, name


@dataclass(frozen=True, eq=False)
class PlanContext:
    """A problem and a plan for it; what takes time to prepare is prepared when it is first asked for."""

    problem: Problem
    plan: Plan
    limits: PolicyLimits | None = None
    """Floors and cap of the policy that the plan was made under, or None."""

    def row(self, subject: str, name: str) -> int:
        """Return the row of a lot or line.

        Raises
        ------
        UnknownId
            If the problem has none of that name.
        """
        found = self._rows[subject].get(name)
        if found is None:
            raise UnknownId(subject, name)
        return found

    def name(self, subject: str, row: int) -> str:
        """Return the id of a lot or line."""
        return str((self.problem.lots.id if subject == LOT else self.problem.lines.id)[row])

    def kg(self, subject: str) -> IntArray:
        """Mass offered by each lot, or wanted by each line."""
        return self.problem.lots.kg if subject == LOT else self.problem.lines.kg

    def open_kg(self, subject: str) -> IntArray:
        """Mass of each lot or line that the plan leaves open."""
        return self.use.lot_open_kg if subject == LOT else self.use.line_open_kg

    @cached_property
    def _rows(self) -> dict[str, dict[str, int]]:
        lots, lines = self.problem.lots.id.tolist(), self.problem.lines.id.tolist()
        return {"lot": {str(n): k for k, n in enumerate(lots)}, "line": {str(n): k for k, n in enumerate(lines)}}

    @cached_property
    def funnel(self) -> Funnel:
        """What became of every pair before the plan."""
        return find_funnel(self.problem)

    @cached_property
    def use(self) -> OpenAmounts:
        """What the plan leaves open."""
        return use_of(self.problem, self.plan)

    @cached_property
    def market(self) -> Market:
        """What it takes to price pairs."""
        return market(self.problem, 1, on_the_clock=True)

    @cached_property
    def after_plan(self) -> AfterPlan:
        """What becomes of the paying lanes after the plan."""
        return after_plan(self.problem, self.plan, self.funnel, self.use)

    @cached_property
    def supplier_kg(self) -> IntArray:
        """What the plan takes of each supplier, kg, shape (n_suppliers,)."""
        a, n = self.plan.allocations, len(self.problem.supplier_ids)
        return np.bincount(self.problem.lots.supplier[a.lot], a.kg, n).astype(np.int64)

    def cap_room_kg(self, lot: int) -> int | None:
        """What the supplier of a lot could sell more under the policy's cap, kg; None where there is no cap."""
        if self.limits is None or self.limits.cap_pct is None:
            return None
        return int(self.limits.cap_room_kg(self.supplier_kg)[self.problem.lots.supplier[lot]])

    @cached_property
    def capacity(self) -> CapacityScreen:
        """What full sites and used fleets bar."""
        return CapacityScreen(self.problem, self.plan)

    @cached_property
    def possible(self) -> tuple[IntArray, IntArray]:
        """What each lot and each line could come to with all that is left beside it, kg."""
        return possible_kg(self.problem, self.use, *self.after_plan.survivors[1])

    @cached_property
    def _lots_by_product(self) -> tuple[IntArray, IntArray]:
        product = self.problem.lots.product
        order = np.argsort(product, kind="stable")
        return order, np.searchsorted(product[order], np.arange(len(self.problem.product_ids) + 1))

    @cached_property
    def _entries_by_line(self) -> tuple[IntArray, IntArray]:
        g = self.market.ground
        order = np.argsort(g.entry_line, kind="stable")
        return order, np.searchsorted(g.entry_line[order], np.arange(self.problem.n_lines + 1))

    def pairs(self, subject: str, row: int) -> tuple[IntArray, IntArray]:
        """Return (lot, entry) of every pair of one product that a lot or line is in; an entry is a line with one of its products."""
        g = self.market.ground
        if subject == LOT:
            p = int(self.problem.lots.product[row])
            entry = np.arange(g.entry_start[p], g.entry_start[p + 1])
            return np.full(len(entry), row), entry
        order, start = self._entries_by_line
        lots, first = self._lots_by_product
        entries = order[start[row] : start[row + 1]].tolist()
        products = [int(np.searchsorted(g.entry_start, entry, side="right")) - 1 for entry in entries]
        found = [lots[first[p] : first[p + 1]] for p in products]
        lot = np.concatenate([np.zeros(0, dtype=np.int64), *found])
        return lot, np.repeat(np.array(entries, dtype=np.int64), [len(one) for one in found])

    def entry(self, lot: int, line: int) -> int:
        """Return the entry at which a line takes a lot's product."""
        g, product = self.market.ground, int(self.problem.lots.product[lot])
        start, end = int(g.entry_start[product]), int(g.entry_start[product + 1])
        return start + int(np.searchsorted(g.entry_line[start:end], line))

    def rates(self, lot: IntArray, entry: IntArray) -> FloatArray:
        """Cheapest haulage of pairs that fit, đồng per kg at a full truck, direct, through a hub or with a carrier."""
        rate = truck_rates(self.market, lot, entry)
        if len(self._carried) == 0:
            return rate
        line = self.market.ground.entry_line[entry]
        by_carrier = [self._carried.get(pair, np.inf) for pair in zip(lot.tolist(), line.tolist())]
        return np.minimum(rate, by_carrier)

    def carried(self, lot: int, line: int) -> bool:
        """Tell whether a carrier by the kilogram serves a pair and pays."""
        return (lot, line) in self._carried

    @cached_property
    def _carried(self) -> dict[tuple[int, int], float]:
        """Cheapest carrier's rate of each pair on which one pays; on others trucks alone count, as in the funnel."""
        if np.isnan(self.problem.roads.vnd_per_kg).all():
            return {}
        lots, lines = self.problem.lots, self.problem.lines
        lot, entry, road = carrier_pairs(self.problem, self.market.ground)
        line, rates = self.market.ground.entry_line[entry], self.problem.roads.vnd_per_kg[road]
        pays = lines.bid_vnd_per_kg[line] + lines.short_vnd_per_kg[line] - lots.ask_vnd_per_kg[lot] > rates
        made: dict[tuple[int, int], float] = {}
        for i, j, rate in zip(lot[pays].tolist(), line[pays].tolist(), rates[pays].tolist()):
            made[i, j] = min(rate, made.get((i, j), np.inf))
        return made
