"""Problems that carriers by the kilogram can serve alone, as a mixed-integer program solved to proof.

Decision variables
    x[n, t]   kg of carrier lane n picked up on day t (whole, since a solution with fixed yes/no choices is a flow)
    y[r, t]   carrier r is used on day t
    o[s, t]   site s is opened on day t
    a[l], f[d], u[d, p]   lot l is taken, line d is filled, supplier p serves line d

Formulation
    maximise  Σ x (bid + short − ask − rate) − Σ y charge − Σ o opening
    Σ x over a lot ≤ its kg, ≥ min_take × a;  over a line ≤ its kg, ≥ min_fill × f;  over a carrier's day ≤ capacity × y
    over a site's day ≤ throughput;  over a line's supplier ≥ min_supplier_kg × u, Σ u ≤ max_suppliers;  pins
    x[n, t] ≤ least of lot and line × each of its y, o, a, f, u      (the strong form)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np

from matching.carriers import find_carrier_lanes
from matching.highs import silent_highs
from matching.lanes import Lanes
from matching.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.problem import BUYER, HUB, NO_LIMIT, PIN, IntArray, Problem
from matching.rates import lane_rates

MOST_FLOWS = 60_000


def only_carriers_pay(problem: Problem, lanes: Lanes) -> bool:
    """Whether no kilogram of any lane pays a truck's cheapest haulage, and no minimum could ask for one that does not."""
    hired = problem.replace(roads=problem.roads.replace(vnd_per_kg=np.full(len(problem.roads.km), np.nan)))
    gain = lanes.margin_vnd_per_kg + problem.lines.short_vnd_per_kg[lanes.line]
    if len(lanes.lot) and bool((gain > lane_rates(hired, lanes)).any()):
        return False
    lots, lines = problem.lots, problem.lines
    return not (
        lots.min_take_kg.any()
        or lots.indivisible.any()
        or lines.min_fill_kg.any()
        or lines.min_supplier_kg.any()
        or problem.decisions.kg.any()
    )


@dataclass(frozen=True)
class Carried:
    """What the program found: a plan, if any, and a bound on every plan that uses carriers alone, in đồng."""

    plan: Plan | None
    bound_vnd: float


@dataclass(frozen=True)
class _Flows:
    """One row for each lane and pick-up day; shape of each column (n_flows,)."""

    lot: IntArray
    line: IntArray
    road: IntArray
    day: IntArray
    most_kg: IntArray


def solve_carried(problem: Problem, *, seconds: float | None, should_stop: Callable[[], bool]) -> Carried | None:
    """Plan with carriers alone; None where there are too many lane-days for a program of this kind."""
    flows = _flows(problem)
    if flows is None:
        return None
    program = _Program(problem, flows)
    kg, bound = program.solve(seconds, should_stop)
    plan = None if kg is None else _plan(problem, flows, kg)
    rates = problem.roads.vnd_per_kg[flows.road]
    # A consignment's freight is rounded to whole đồng, which may be half a đồng in its favour; whole rates are exact.
    slack = 0.5 * len(flows.lot) if (rates % 1 != 0).any() else 1e-3
    return Carried(plan, float(np.floor(bound + slack)))


def _flows(problem: Problem) -> _Flows | None:
    lanes = find_carrier_lanes(problem)
    days = lanes.pickup_until_day - lanes.pickup_from_day + 1
    if int(days.sum()) > MOST_FLOWS:
        return None
    n = np.repeat(np.arange(len(days)), days)
    day = lanes.pickup_from_day[n] + np.arange(len(n)) - np.repeat(np.cumsum(days) - days, days)
    lot, line, road = lanes.lot[n], lanes.line[n], lanes.road[n]
    most = np.minimum(problem.lots.kg[lot], np.minimum(problem.lines.kg[line], problem.roads.capacity_kg[road]))
    fits = most > 0
    return _Flows(lot[fits], line[fits], road[fits], day[fits], most[fits])


class _Program:
    """The program as rows of coefficients, handed to HiGHS once."""

    def __init__(self, problem: Problem, flows: _Flows) -> None:
        self.problem, self.flows = problem, flows
        self.cost: list[float] = []
        self.upper: list[float] = []
        self.whole: list[bool] = []
        self.rows: list[tuple[list[int], list[float], float, float]] = []
        self._switches: dict[tuple[object, ...], int] = {}
        self._goods()
        self._lots_and_lines()
        self._days()
        self._decisions()

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
                most = float(p.sites.throughput_kg_per_day[where]) if counts else float(NO_LIMIT)
                opening = float(p.sites.opening_vnd[where])
                self._group(members, most, self._switch(("site", where, when), -opening) if opening > 0 else None)

    def _decisions(self) -> None:
        d, f = self.problem.decisions, self.flows
        for i in np.flatnonzero((d.kind == PIN) & (d.kg > 0)):
            members = np.flatnonzero((f.lot == d.lot[i]) & (f.line == d.line[i]))
            self.rows.append((members.tolist(), [1.0] * len(members), float(d.kg[i]), np.inf))

    def solve(self, seconds: float | None, should_stop: Callable[[], bool]) -> tuple[IntArray | None, float]:
        """Return whole kilograms of each flow (None without a solution) and the proven bound, shortage penalties counted."""
        short = float(self.problem.lines.kg @ self.problem.lines.short_vnd_per_kg)
        highs = self._model(seconds)
        highs.cbMipInterrupt.subscribe(lambda event: event.interrupt() if should_stop() else None)
        highs.run()
        info = highs.getInfo()
        bound = (info.mip_dual_bound if any(self.whole) else info.objective_function_value) - short
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None, bound
        values = np.array(highs.getSolution().col_value)
        return self._rounded(values), bound

    def _model(self, seconds: float | None) -> highspy.Highs:
        highs = silent_highs()
        for name, value in (("mip_rel_gap", 0.0), ("mip_abs_gap", 0.4)):
            highs.setOptionValue(name, value)
        if seconds is not None:
            highs.setOptionValue("time_limit", max(0.1, seconds))
        n = len(self.cost)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_, lp.sense_ = n, len(self.rows), highspy.ObjSense.kMaximize
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.array(self.cost), np.zeros(n), np.array(self.upper)
        lp.row_lower_, lp.row_upper_ = np.array([r[2] for r in self.rows]), np.array([r[3] for r in self.rows])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum([len(r[0]) for r in self.rows])]).astype(np.int32)
        lp.a_matrix_.index_ = np.array([c for r in self.rows for c in r[0]], dtype=np.int32)
        lp.a_matrix_.value_ = np.array([v for r in self.rows for v in r[1]])
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[whole] for whole in self.whole] if any(self.whole) else []
        highs.passModel(lp)
        return highs

    def _rounded(self, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> IntArray:
        """Whole kilograms: the yes/no choices fixed, the rest solved anew with whole numbers if a fraction is left."""
        n = len(self.flows.lot)
        kg = np.rint(values[:n]).astype(np.int64)
        if np.abs(values[:n] - kg).max(initial=0.0) < 1e-6:
            return kg
        highs = self._model(None)
        for column in range(len(self.cost)):
            if self.whole[column]:
                choice = float(np.rint(values[column]))
                highs.changeColBounds(column, choice, choice)
            else:
                highs.changeColIntegrality(column, highspy.HighsVarType.kInteger)
        highs.run()
        whole: IntArray = np.rint(np.array(highs.getSolution().col_value)[:n]).astype(np.int64)
        return whole


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


def _plan(problem: Problem, flows: _Flows, kg: IntArray) -> Plan:
    """One carrier trip for each flow in use; the daily charge goes on the first of a carrier's day."""
    used = np.flatnonzero(kg > 0)
    road, day = flows.road[used], flows.day[used]
    n = np.arange(len(used))
    _, first = np.unique(road * (1 << 32) + day, return_index=True)
    cost = np.rint(kg[used] * problem.roads.vnd_per_kg[road]).astype(np.int64)
    cost[first] += problem.roads.fixed_vnd[road[first]]
    none = np.zeros(0, dtype=np.int64)
    return Plan(
        Allocations(flows.lot[used], flows.line[used], kg[used], day, day + problem.roads.transit_days[road]),
        Legs(n, np.ones(len(n), dtype=np.int64), n.copy(), problem.lots.site[flows.lot[used]], problem.lines.site[flows.line[used]]),
        Trips(np.full(len(n), CARRIER), np.zeros(len(n)), cost),
        Stops(none, none.copy(), none.copy(), none.copy(), none.copy()),
    )
