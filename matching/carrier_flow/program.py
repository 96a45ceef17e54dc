"""Problems that carriers by the kilogram can serve alone, as a mixed-integer program.

Decision variables
    x[n, t]   kg of carrier lane n picked up on day t (whole, since a solution with fixed yes/no choices is a flow)
    y[r, t]   carrier r is used on day t
    o[s, t]   site s is opened on day t
    a[l], f[d], u[d, p]   lot l is taken, line d is filled, supplier p serves line d
    c[h, t]   harvest h is picked up on day t

Formulation
    maximise  Σ x (bid + short − ask − rate) − Σ y charge − Σ o opening
    Σ x over a lot ≤ its kg, ≥ min_take × a;  over a line ≤ its kg, ≥ min_fill × f;  over a carrier's day ≤ capacity × y
    over a site's day ≤ throughput;  over a line's supplier ≥ min_supplier_kg × u, Σ u ≤ max_suppliers;  pins
    over a harvest's day ≤ its lots' kg × c, Σ c ≤ 1
    x[n, t] ≤ least of lot and line × each of its y, o, a, f, u      (the strong form)
"""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from matching.model.calendar import throughput_kg
from matching.model.problem import BUYER, HUB, NO_HARVEST, NO_LIMIT, PIN, FloatArray, IntArray, Problem
from matching.network.carriers import find_carrier_lanes
from matching.optimizer import LinearProgram, solve_integer

MOST_FLOWS = 60_000
TOLERANCE, NEARLY = 1e-7, 1e-5
"""Shares of a kilogram by which a solution may miss a row, and a number of kilograms a whole one."""
GAP_VND = 0.4
"""Every plan is worth whole đồng, so a proof ends within less than one."""
CHARGES = ("road", "site")
"""Kinds of choices that are charges; the others are rules."""


@dataclass(frozen=True)
class CarrierFlows:
    """One row for each lane and pick-up day; shape of each column (n_flows,)."""

    lot: IntArray
    line: IntArray
    road: IntArray
    day: IntArray
    most_kg: IntArray


def find_carrier_flows(problem: Problem) -> CarrierFlows | None:
    """List the flows of carriers that may move anything; None where there are too many for a program of this kind."""
    lanes = find_carrier_lanes(problem)
    days = lanes.pickup_until_day - lanes.pickup_from_day + 1
    if int(days.sum()) > MOST_FLOWS:
        return None
    n = np.repeat(np.arange(len(days)), days)
    day = lanes.pickup_from_day[n] + np.arange(len(n)) - np.repeat(np.cumsum(days) - days, days)
    lot, line, road = lanes.lot[n], lanes.line[n], lanes.road[n]
    most = np.minimum(problem.lots.kg[lot], np.minimum(problem.lines.kg[line], problem.roads.capacity_kg[road]))
    fits = most > 0
    return CarrierFlows(lot[fits], line[fits], road[fits], day[fits], most[fits])


class CarrierProgram:
    """The program as rows of coefficients; its first columns are the flows.

    Attributes
    ----------
    cost, upper, whole : of each column: what one unit gains in đồng, the most of it, and whether it is a yes/no choice.
    rows : columns, coefficients, least and most of each row.
    members : flows that a yes/no choice lets through, by the choice's column.
    most_kg : kilograms that it lets through at most, by the choice's column.
    rows_apart : rows that are neither of a lot's or line's kilograms nor of a choice.
    """

    def __init__(self, problem: Problem, flows: CarrierFlows) -> None:
        self.problem, self.flows = problem, flows
        self.cost: list[float] = []
        self.upper: list[float] = []
        self.whole: list[bool] = []
        self.rows: list[tuple[list[int], list[float], float, float]] = []
        self.members: dict[int, IntArray] = {}
        self.most_kg: dict[int, float] = {}
        self.rows_apart = 0
        self._switches: dict[tuple[object, ...], int] = {}
        self._goods()
        self._lots_and_lines()
        n_rows = len(self.rows)
        self._days()
        self._harvests()
        self._decisions()
        self.rows_apart = len(self.rows) - n_rows - len(self.charges())

    def _goods(self) -> None:
        p, f = self.problem, self.flows
        gain = p.lines.bid_vnd_per_kg[f.line] + p.lines.short_vnd_per_kg[f.line] - p.lots.ask_vnd_per_kg[f.lot] - p.roads.vnd_per_kg[f.road]
        self.cost += gain.tolist()
        self.upper += f.most_kg.tolist()
        self.whole += [False] * len(f.lot)

    def _switch(self, key: tuple[object, ...], gain: float = 0.0) -> int:
        """Column of a yes/no choice, made on first use."""
        if key not in self._switches:
            self._switches[key] = len(self.cost)
            self.cost.append(gain)
            self.upper.append(1.0)
            self.whole.append(True)
        return self._switches[key]

    def _group(self, members: IntArray, most: float, switch: int | None, least: float = 0.0) -> None:
        """Σ members ≤ most (× switch), ≥ least × switch, and each member ≤ its own most × switch."""
        columns, ones = members.tolist(), [1.0] * len(members)
        if switch is None:
            if float(self.flows.most_kg[members].sum()) > most:
                self.rows.append((columns, ones, -np.inf, most))
            return
        most = min(most, self._all_of(members))
        self.members[switch], self.most_kg[switch] = members, most
        self.rows.append(([*columns, switch], [*ones, -most], -np.inf, 0.0))
        if least > 0:
            self.rows.append(([*columns, switch], [*ones, -least], 0.0, np.inf))
        if len(columns) > 1:
            for member in columns:
                bound = min(most, float(self.flows.most_kg[member]))
                self.rows.append(([member, switch], [1.0, -bound], -np.inf, 0.0))

    def _all_of(self, members: IntArray) -> float:
        """Most kilograms that flows can carry together: no more than their lots hold, nor than their lines want."""
        lots, lines = np.unique(self.flows.lot[members]), np.unique(self.flows.line[members])
        each = self.flows.most_kg[members].sum()
        return float(min(each, self.problem.lots.kg[lots].sum(), self.problem.lines.kg[lines].sum()))

    def _lots_and_lines(self) -> None:
        p, f = self.problem, self.flows
        for lot, members in _groups(f.lot):
            least = float(p.lots.min_take_kg[lot])
            self._group(members, float(p.lots.kg[lot]), self._switch(("lot", lot)) if least > 0 else None, least)
            if p.lots.indivisible[lot]:
                self._whole_lot(lot, members)
        for line, members in _groups(f.line):
            least = float(p.lines.min_fill_kg[line])
            self._group(members, float(p.lines.kg[line]), self._switch(("line", line)) if least > 0 else None, least)
            if p.lines.max_suppliers[line] < NO_LIMIT or p.lines.min_supplier_kg[line] > 0:
                self._suppliers(line, members)

    def _whole_lot(self, lot: int, members: IntArray) -> None:
        """An indivisible lot goes whole by one flow, or stays."""
        kg = float(self.problem.lots.kg[lot])
        choices = [self._switch(("flow", int(m))) for m in members]
        for member, choice in zip(members.tolist(), choices, strict=True):
            self.members[choice], self.most_kg[choice] = np.array([member], dtype=np.int64), kg
            self.rows.append(([member, choice], [1.0, -kg], 0.0, 0.0))
        self.rows.append((choices, [1.0] * len(choices), -np.inf, 1.0))

    def _suppliers(self, line: int, members: IntArray) -> None:
        p = self.problem
        served = []
        for supplier, mine in _groups(p.lots.supplier[self.flows.lot[members]]):
            switch = self._switch(("supplier", line, supplier))
            served.append(switch)
            self._group(members[mine], float(p.lines.kg[line]), switch, float(p.lines.min_supplier_kg[line]))
        limit = int(p.lines.max_suppliers[line])
        if limit < len(served):
            self.rows.append((served, [1.0] * len(served), -np.inf, float(limit)))

    def _days(self) -> None:
        p, f = self.problem, self.flows
        for (road, day), members in _groups_of_pairs(f.road, f.day):
            charge = float(p.roads.fixed_vnd[road])
            self._group(members, float(p.roads.capacity_kg[road]), self._switch(("road", road, day), -charge) if charge > 0 else None)
        receives = (p.sites.kind == HUB) | (p.sites.kind == BUYER)
        arrival = f.day + p.roads.transit_days[f.road]
        ends = ((p.lots.site[f.lot], f.day, True), (p.lines.site[f.line], arrival, False))
        for sites, dates, loading in ends:
            for (where, when), members in _groups_of_pairs(sites, dates):
                counts = loading != bool(receives[where])
                most = float(throughput_kg(p, np.array(where), np.array(when))) if counts else float(NO_LIMIT)
                opening = float(p.sites.opening_vnd[where])
                self._group(members, most, self._switch(("site", where, when), -opening) if opening > 0 else None)

    def _harvests(self) -> None:
        """All that goes of a harvest is picked up on one day."""
        p, f = self.problem, self.flows
        cut = np.flatnonzero(p.lots.harvest[f.lot] != NO_HARVEST)
        for harvest, mine in _groups(p.lots.harvest[f.lot[cut]]):
            days = _groups(f.day[cut[mine]])
            if len(days) > 1:
                chosen = [self._switch(("harvest", harvest, day)) for day, _ in days]
                for switch, (_, members) in zip(chosen, days, strict=True):
                    self._group(cut[mine[members]], float(NO_LIMIT), switch)
                self.rows.append((chosen, [1.0] * len(chosen), -np.inf, 1.0))

    def _decisions(self) -> None:
        d, f = self.problem.decisions, self.flows
        for i in np.flatnonzero((d.kind == PIN) & (d.kg > 0)):
            members = np.flatnonzero((f.lot == d.lot[i]) & (f.line == d.line[i]))
            self.rows.append((members.tolist(), [1.0] * len(members), float(d.kg[i]), np.inf))

    def charges(self) -> list[int]:
        """Columns of the choices that are charges for what is used; any flow within limits can be had by paying them."""
        return [column for (kind, *_), column in self._switches.items() if kind in CHARGES]

    def has_charges_only(self) -> bool:
        """Return whether all choices are charges, so that any flow within limits can be paid for."""
        return len(self.charges()) == len(self.members)

    @functools.cached_property
    def linear(self) -> LinearProgram:
        """The program as arrays."""
        n = len(self.cost)
        return LinearProgram(
            self._matrix,
            self._least,
            self._most,
            np.array(self.cost, dtype=np.float64),
            np.zeros(n),
            np.array(self.upper, dtype=np.float64),
            np.array(self.whole, dtype=np.bool_),
        )

    def worth_vnd(self, values: FloatArray) -> float:
        """Gain of a solution whose choices are whole, minus infinity if it breaks a row.

        A stopped solver may return values that break a row.
        """
        activity, least, most = self._matrix @ values, self._least, self._most
        breaks = np.maximum(least - activity, activity - most) > TOLERANCE * (1.0 + np.abs(activity))
        out = (values < -TOLERANCE) | (values > np.array(self.upper, dtype=np.float64) * (1.0 + TOLERANCE) + TOLERANCE)
        return -np.inf if breaks.any() or out.any() else float(np.dot(self.cost, values))

    def settled(self, values: FloatArray) -> FloatArray:
        """Return values with their choices, and kilograms that are nearly so, made whole."""
        near = np.rint(values)
        return np.where(np.array(self.whole, dtype=np.bool_) | (np.abs(values - near) < NEARLY), near, values)

    @functools.cached_property
    def _matrix(self) -> csr_array:
        start = np.concatenate([[0], np.cumsum([len(r[0]) for r in self.rows])])
        column = np.array([c for r in self.rows for c in r[0]], dtype=np.int64)
        value = np.array([v for r in self.rows for v in r[1]], dtype=np.float64)
        return csr_array((value, column, start), shape=(len(self.rows), len(self.cost)))

    @functools.cached_property
    def _least(self) -> FloatArray:
        return np.array([r[2] for r in self.rows], dtype=np.float64)

    @functools.cached_property
    def _most(self) -> FloatArray:
        return np.array([r[3] for r in self.rows], dtype=np.float64)

    def rounded(self, values: FloatArray) -> IntArray:
        """Whole kilograms: the yes/no choices fixed, the rest solved anew with whole numbers if a fraction is left."""
        n = len(self.flows.lot)
        kg = np.rint(values[:n]).astype(np.int64)
        if np.abs(values[:n] - kg).max(initial=0.0) < 1e-6:
            return kg
        choice, is_whole = np.rint(values), np.array(self.whole, dtype=np.bool_)
        lower, upper = np.where(is_whole, choice, self.linear.lower), np.where(is_whole, choice, self.linear.upper)
        whole = replace(self.linear, lower=lower, upper=upper, is_whole=np.ones(len(self.cost), dtype=np.bool_))
        found = solve_integer(whole, gap_vnd=GAP_VND).values
        if found is None:
            raise ArithmeticError("a flow between fixed choices has no solution in whole kilograms")
        return np.rint(found[:n]).astype(np.int64)


def _groups(owner: IntArray) -> list[tuple[int, IntArray]]:
    """Rows of each owner, owners ascending."""
    if len(owner) == 0:
        return []
    order = np.argsort(owner, kind="stable")
    owners, start = np.unique(owner[order], return_index=True)
    return [(int(o), rows) for o, rows in zip(owners, np.split(order, start[1:]), strict=True)]


def _groups_of_pairs(first: IntArray, second: IntArray) -> list[tuple[tuple[int, int], IntArray]]:
    found: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for row, pair in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        found[pair].append(row)
    return [(pair, np.array(rows, dtype=np.int64)) for pair, rows in sorted(found.items())]
