"""Read a plan out of a solved exact model."""

from __future__ import annotations

from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from matching.exact.model import ExactModel, Flow, Slot
from matching.model.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.rules._measure import hop_km


def plan_of(model: ExactModel, solver: cp_model.CpSolver) -> Plan:
    """Return the plan that the solver has found."""
    flows = [flow for flow in model.flows if solver.value(flow.kg)]
    trips = _Trips(model, solver, flows)
    allocations = [(f.lot, f.line, solver.value(f.kg), *_days(model, solver, f)) for f in flows]
    legs = [leg for a, flow in enumerate(flows) for leg in trips.legs(a, flow)]
    return Plan(
        Allocations(*_columns(allocations, 5)),
        Legs(*_columns(legs, 5)),
        Trips(*_columns(trips.rows, 3, real=1)),
        Stops(*_columns(trips.stops, 5)),
    )


def _columns(rows: list[tuple[Any, ...]], n: int, real: int = -1) -> list[Any]:
    """Turn rows into columns of whole numbers, but for one of real numbers."""
    return [np.array([row[i] for row in rows], dtype=np.float64 if i == real else np.int64) for i in range(n)]


def _days(model: ExactModel, solver: cp_model.CpSolver, flow: Flow) -> tuple[int, int]:
    """Pick-up and delivery date of a flow."""
    picked = next(day for day, literal in model.picked(flow).items() if solver.value(literal))
    delivered = next(day for day, literal in model.delivered(flow).items() if solver.value(literal))
    return picked, delivered


class _Trips:
    """Number the trips: the slots that drive, then one for each carrier's road and date."""

    def __init__(self, model: ExactModel, solver: cp_model.CpSolver, flows: list[Flow]) -> None:
        self.rows: list[tuple[int, float, int]] = []
        self.stops: list[tuple[int, int, int, int, int]] = []
        self._of_slot: dict[int, int] = {}
        self._of_carrier: dict[tuple[int, int], int] = {}
        self._model, self._solver = model, solver
        for slot in model.slots:
            if solver.value(slot.used):
                self._truck(slot)
        for key in sorted({(flow.road, flow.day) for flow in flows if not flow.legs}):
            self._carrier(key, sum(solver.value(f.kg) for f in flows if (f.road, f.day) == key))

    def _truck(self, slot: Slot) -> None:
        chosen = [r for x, r in zip(slot.route, self._model.routes, strict=True) if self._solver.value(x)]
        trip, first_min = len(self.rows), self._model.first_min
        self._of_slot[slot.index] = trip
        self.rows.append((chosen[0].vehicle, chosen[0].km, chosen[0].cost_vnd))
        for seq, site in enumerate(chosen[0].sites, 1):
            arrive, depart = self._solver.value(slot.arrive[site]), self._solver.value(slot.depart[site])
            self.stops.append((trip, seq, site, first_min + arrive, first_min + depart))

    def _carrier(self, key: tuple[int, int], kg: int) -> None:
        roads, road = self._model.problem.roads, key[0]
        self._of_carrier[key] = len(self.rows)
        km = hop_km(self._model.problem, roads.from_site[road : road + 1], roads.to_site[road : road + 1])
        self.rows.append((CARRIER, float(km[0]), int(kg * roads.vnd_per_kg[road] + roads.fixed_vnd[road])))

    def legs(self, allocation: int, flow: Flow) -> list[tuple[int, int, int, int, int]]:
        """Legs of one allocation."""
        roads = self._model.problem.roads
        if not flow.legs:
            trip = self._of_carrier[flow.road, flow.day]
            return [(allocation, 1, trip, int(roads.from_site[flow.road]), int(roads.to_site[flow.road]))]
        return [(allocation, n, self._of_slot[leg.slot], leg.origin, leg.target) for n, leg in enumerate(flow.legs, 1)]
