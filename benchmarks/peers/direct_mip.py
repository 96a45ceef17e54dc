"""The whole problem on direct trips as one mixed-integer model: what a monolithic solver is given.

Decision variables
    x[e] kg of a lot for a line on a pick-up and a delivery day, by truck or carrier
    n[g, c] trucks of class c from a gate to a door on a pick-up and a delivery day

Formulation
    maximise Σ x (bid + short − ask − carrier's rate) − Σ n cost − Σ carrier's charges − Σ openings − Σ short × quantity
    quantities, minimums, suppliers, indivisible lots, pins, throughput, trucks of a class on a day
    Σ x of a gate, door and days ≤ Σ n payload, the same in cold goods and refrigerated trucks

The clock, litres and the cutting of loads into trucks are let go, so that the model is worth no less than the best plan of direct trips
that carries every load in one truck or more. Its worth is a peer's to compare with, and its bound holds for direct trips alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from benchmarks.peers.linear import Linear
from matching.model.problem import BUYER, HUB, NO_BASE, NO_LIMIT, PIN, IntArray, Problem
from matching.network.carriers import find_carrier_lanes
from matching.network.geography import road_km, tariff_vnd
from matching.pairs.lanes import find_lanes

BY_TRUCK = -1


class _Flow(NamedTuple):
    """One x: lot, line, carrier's road or BY_TRUCK, days, and its column."""

    lot: int
    line: int
    road: int
    picked: int
    delivered: int
    column: int


def direct_model(problem: Problem) -> Linear:
    """Build the model of a problem."""
    model = Linear()
    model.constant = -float(problem.lines.kg @ problem.lines.short_vnd_per_kg)
    flows = _truck_flows(problem, model) + _carrier_flows(problem, model)
    _lots(problem, model, flows)
    _lines(problem, model, flows)
    _trucks(problem, model, flows)
    _carriers(problem, model, flows)
    _sites(problem, model, flows)
    _pins(problem, model, flows)
    return model


def _truck_flows(problem: Problem, model: Linear) -> list[_Flow]:
    lanes = find_lanes(problem, prune_unprofitable=False)
    boxes = zip(*(getattr(lanes, name).tolist() for name in lanes.__dataclass_fields__))
    seen: dict[tuple[int, int, int, int], _Flow] = {}
    for lot, line, first, last, earliest, latest, most, _ in boxes:
        for picked in range(first, last + 1):
            for delivered in range(max(picked, earliest), min(picked + most, latest) + 1):
                key = (lot, line, picked, delivered)
                if key not in seen:
                    seen[key] = _flow(problem, model, lot, line, BY_TRUCK, picked, delivered, 0.0)
    return list(seen.values())


def _carrier_flows(problem: Problem, model: Linear) -> list[_Flow]:
    lanes, made = find_carrier_lanes(problem), []
    for lot, line, road, first, last in zip(*(getattr(lanes, name).tolist() for name in list(lanes.__dataclass_fields__)[:5])):
        days, rate = int(problem.roads.transit_days[road]), float(problem.roads.vnd_per_kg[road])
        made += [_flow(problem, model, lot, line, road, day, day + days, rate) for day in range(first, last + 1)]
    return made


def _flow(problem: Problem, model: Linear, lot: int, line: int, road: int, picked: int, delivered: int, rate: float) -> _Flow:
    lots, lines = problem.lots, problem.lines
    gain = float(lines.bid_vnd_per_kg[line] + lines.short_vnd_per_kg[line] - lots.ask_vnd_per_kg[lot]) - rate
    column = model.column(gain, int(min(lots.kg[lot], lines.kg[line])))
    return _Flow(lot, line, road, picked, delivered, column)


Groups = dict[tuple[int, ...], list[int]]


def _grouped(keys: Iterable[tuple[int, ...]], flows: list[_Flow]) -> Groups:
    made: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for key, flow in zip(keys, flows):
        made[key].append(flow.column)
    return made


def _lots(problem: Problem, model: Linear, flows: list[_Flow]) -> None:
    lots = problem.lots
    for (lot,), columns in _grouped(((flow.lot,) for flow in flows), flows).items():
        kg, least = int(lots.kg[lot]), int(lots.min_take_kg[lot])
        if lots.indivisible[lot]:
            chosen = [model.switch([column], kg, kg) for column in columns]
            model.row(chosen, [1] * len(chosen), upper=1)
        elif least > 1:
            model.switch(columns, least, kg)
        else:
            model.row(columns, [1] * len(columns), upper=kg)


def _lines(problem: Problem, model: Linear, flows: list[_Flow]) -> None:
    lines = problem.lines
    for (line,), columns in _grouped(((flow.line,) for flow in flows), flows).items():
        model.switch(columns, int(lines.min_fill_kg[line]), int(lines.kg[line]))
    limited = [flow for flow in flows if lines.max_suppliers[flow.line] < NO_LIMIT or lines.min_supplier_kg[flow.line] > 0]
    shares: defaultdict[int, list[int]] = defaultdict(list)
    keys = ((flow.line, int(problem.lots.supplier[flow.lot])) for flow in limited)
    for (line, _), columns in _grouped(keys, limited).items():
        shares[line].append(model.switch(columns, int(lines.min_supplier_kg[line]), int(lines.kg[line])))
    for line, on in shares.items():
        model.row(on, [1] * len(on), upper=float(lines.max_suppliers[line]))


def _trucks(problem: Problem, model: Linear, flows: list[_Flow]) -> None:
    """Trucks for the loads of each gate, door and days, and how many of a class may start on a day."""
    lots, lines = problem.lots, problem.lines
    driven = [flow for flow in flows if flow.road == BY_TRUCK]
    legs = [(int(lots.site[flow.lot]), int(lines.site[flow.line]), flow.picked, flow.delivered) for flow in driven]
    chilled = [(leg, flow) for leg, flow in zip(legs, driven) if lots.cold[flow.lot]]
    cold = _grouped((leg for leg, _ in chilled), [flow for _, flow in chilled])
    starting: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    costs = _Costs(problem)
    for leg, columns in _grouped(legs, driven).items():
        hired = {c: model.column(-cost, most) for c, cost, most in costs.of(leg[0], leg[1])}
        payload = {c: int(problem.vehicles.payload_kg[c]) for c in hired}
        _carry(model, columns, hired, payload)
        if leg in cold:
            _carry(model, cold[leg], {c: n for c, n in hired.items() if problem.vehicles.refrigerated[c]}, payload)
        for c, n in hired.items():
            starting[c, leg[2]].append(n)
    for (c, _), trips in starting.items():
        if problem.vehicles.count_per_day[c] < NO_LIMIT:
            model.row(trips, [1] * len(trips), upper=float(problem.vehicles.count_per_day[c]))


def _carry(model: Linear, columns: list[int], hired: dict[int, int], payload: dict[int, int]) -> None:
    """Loads stay within what the trucks hold."""
    model.row([*columns, *hired.values()], [*[1] * len(columns), *(-payload[c] for c in hired)], upper=0)


class _Costs:
    """What a direct trip of each class costs from site to site."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._known: dict[tuple[int, int], list[tuple[int, float, int]]] = {}

    def of(self, a: int, b: int) -> list[tuple[int, float, int]]:
        """Class, cost in whole đồng and most trucks worth thinking of, for every class that both doors admit."""
        if (a, b) not in self._known:
            self._known[a, b] = [self._one(c, a, b) for c in range(self._problem.n_classes) if self._admits(c, a, b)]
        return self._known[a, b]

    def _admits(self, c: int, a: int, b: int) -> bool:
        sites = self._problem.sites
        return bool(a != b and self._problem.vehicles.payload_kg[c] <= min(sites.max_vehicle_kg[a], sites.max_vehicle_kg[b]))

    def _one(self, c: int, a: int, b: int) -> tuple[int, float, int]:
        base = int(self._problem.vehicles.base_site[c])
        way = [(a, b)] if base == NO_BASE else [(base, a), (a, b), (b, base)]
        km = sum(float(road_km(self._problem, np.array(p), np.array(q))) for p, q in way)
        cost = round(float(self._problem.vehicles.fixed_vnd[c]) + float(tariff_vnd(self._problem, c, np.array(km))))
        return c, float(cost), int(min(1000, self._problem.vehicles.count_per_day[c]))


def _carriers(problem: Problem, model: Linear, flows: list[_Flow]) -> None:
    carried = [flow for flow in flows if flow.road != BY_TRUCK]
    for (road, _), columns in _grouped(((flow.road, flow.picked) for flow in carried), carried).items():
        most = int(min(problem.roads.capacity_kg[road], sum(model.most[column] for column in columns)))
        model.switch(columns, 0, most, -float(problem.roads.fixed_vnd[road]))


def _sites(problem: Problem, model: Linear, flows: list[_Flow]) -> None:
    """Openings, and throughput of what is loaded, or unloaded at hubs and buyers."""
    sites = problem.sites
    ends: IntArray
    for ends, day, loads in ((problem.lots.site, "picked", True), (problem.lines.site, "delivered", False)):
        at = [int(ends[flow.lot if loads else flow.line]) for flow in flows]
        for (site, _), columns in _grouped(((s, getattr(flow, day)) for s, flow in zip(at, flows)), flows).items():
            counts = loads != (int(sites.kind[site]) in (HUB, BUYER))
            limit = int(sites.throughput_kg_per_day[site]) if counts else NO_LIMIT
            everything = sum(model.most[column] for column in columns)
            if sites.opening_vnd[site] > 0:
                model.switch(columns, 0, min(limit, everything), -float(sites.opening_vnd[site]))
            elif limit < everything:
                model.row(columns, [1] * len(columns), upper=limit)


def _pins(problem: Problem, model: Linear, flows: list[_Flow]) -> None:
    by_pair = _grouped(((flow.lot, flow.line) for flow in flows), flows)
    made = problem.decisions
    for row in np.flatnonzero(made.kind == PIN).tolist():
        columns = by_pair.get((int(made.lot[row]), int(made.line[row])), [])
        model.row(columns, [1] * len(columns), lower=float(made.kg[row]))
