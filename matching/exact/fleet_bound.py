"""How many trucks are enough: a proof that no plan of more trips than that is worth more.

Problem data
    The routes, thinned to the cheapest of each class that loads at the same sites and delivers at the same sites.

Decision variables
    n[r] ∈ {0, 1, …}: trips on route r, without clock or date.
    direct[l, d], hub[l, d, h], carried[l, d] ≥ 0: mass of lot l for line d, by the way that it goes.
    on[o, t, r] ≥ 0: mass that the trips on route r bring from site o to site t.

Formulation
    Lots and lines keep their quantities, a lot reaches only lines that take its product and grade, on[·, ·, r] fits the
    payload of n[r] trips, and Σ n[r] ≥ the number asked for. All other rules are let go, so the worth that is left is at
    least that of any plan with so many trips.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from ortools.sat.python import cp_model

from matching.exact.model import Var
from matching.exact.routes import Route
from matching.model.problem import HUB, Problem


def thin(routes: Sequence[Route]) -> list[Route]:
    """Keep the cheapest route of each class, set of loading sites and set of delivering sites."""
    best: dict[tuple[int, frozenset[int], frozenset[int]], Route] = {}
    for route in sorted(routes, key=lambda route: route.cost_vnd):
        best.setdefault((route.vehicle, frozenset(route.sites[: route.split]), frozenset(route.sites[route.split :])), route)
    return list(best.values())


class Enough:
    """The relaxed model; `limit` is a bound on every plan of at least so many trips."""

    def __init__(self, problem: Problem, routes: Sequence[Route], n_trips: int) -> None:
        self.problem, self.cp = problem, cp_model.CpModel()
        self.worth: list[Var] = [-int((problem.lines.short_vnd_per_kg * problem.lines.kg).sum())]
        self._of_lot: dict[int, list[Var]] = defaultdict(list)
        self._of_line: dict[int, list[Var]] = defaultdict(list)
        self._on: dict[tuple[int, int], list[Var]] = defaultdict(list)
        for lot, line in _fitting(problem):
            self._ways(lot, line)
        self._limit_quantities()
        self._trips(thin(routes), n_trips)
        self.cp.maximize(sum(self.worth))

    def _ways(self, lot: int, line: int) -> None:
        p = self.problem
        a, b = int(p.lots.site[lot]), int(p.lines.site[line])
        self._way(lot, line, 0, (a, b))
        for hub in np.flatnonzero(p.sites.kind == HUB).tolist():
            self._way(lot, line, int(p.sites.handling_vnd_per_kg[hub]), (a, hub), (hub, b))
        rates = p.roads.vnd_per_kg[(p.roads.from_site == a) & (p.roads.to_site == b) & ~np.isnan(p.roads.vnd_per_kg)]
        for rate in rates.tolist():
            self._way(lot, line, int(rate))

    def _way(self, lot: int, line: int, vnd_per_kg: int, *legs: tuple[int, int]) -> None:
        """Let a lot reach a line over these legs at this rate."""
        lots, lines = self.problem.lots, self.problem.lines
        kg = self.cp.new_int_var(0, int(min(lots.kg[lot], lines.kg[line])), "")
        worth = lines.bid_vnd_per_kg[line] - lots.ask_vnd_per_kg[lot] + lines.short_vnd_per_kg[line] - vnd_per_kg
        self.worth.append(int(worth) * kg)
        self._of_lot[lot].append(kg)
        self._of_line[line].append(kg)
        for leg in legs:
            self._on[leg].append(kg)

    def _limit_quantities(self) -> None:
        for flows, limits in ((self._of_lot, self.problem.lots.kg), (self._of_line, self.problem.lines.kg)):
            for row, masses in flows.items():
                self.cp.add(sum(masses) <= int(limits[row]))

    def _trips(self, routes: Sequence[Route], n_trips: int) -> None:
        total = int(self.problem.lots.kg.sum())
        shares: dict[tuple[int, int], list[Var]] = defaultdict(list)
        numbers = []
        for route in routes:
            payload = int(self.problem.vehicles.payload_kg[route.vehicle])
            numbers.append(self.cp.new_int_var(0, n_trips + -(-2 * total // max(1, payload)), ""))
            ridden = {leg: self.cp.new_int_var(0, 2 * total, "") for leg in self._on if route.moves(*leg)}
            self.cp.add(sum(ridden.values()) <= payload * numbers[-1])
            self.worth.append(-route.cost_vnd * numbers[-1])
            for leg, kg in ridden.items():
                shares[leg].append(kg)
        for leg, masses in self._on.items():
            self.cp.add(sum(masses) == sum(shares[leg]))
        self.cp.add(sum(numbers) >= n_trips)


def _fitting(problem: Problem) -> list[tuple[int, int]]:
    """Pairs of lot and line that agree in product and grade."""
    lots, lines = problem.lots, problem.lines
    return [
        (lot, line)
        for lot in range(problem.n_lots)
        for line in range(problem.n_lines)
        if lots.product[lot] in lines.product[lines.product_start[line] : lines.product_start[line + 1]]
        and lots.grade[lot] <= lines.max_grade[line]
    ]
