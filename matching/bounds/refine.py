"""Rates that volumes under the discrete rules cannot escape: cuts on what all haulage costs, found by column generation.

Formulation
    maximise Σ over routes x (margin - rest) - H,  H the cost of all truck trips
    the volumes' rules on x                                        (`matching.bounds.volumes`)
    H ≥ Σ over routes x (φ of its items)                           for every set φ of valid rates found so far

Method
    Branch and bound gives a bound on every plan, and volumes x. The cheapest fractional trips that carry x, out of those found
    so far, have prices φ. `TripPricer.repair` makes them valid for all trips, on a step from the valid rates that cost x most,
    and finds more trips. The repaired rates are lifted where that is free, and cut x off.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csc_array

from matching.bounds.haulage_items import Items, Routes
from matching.bounds.model import Model, branch_and_bound
from matching.bounds.trips import TripColumns, TripPricer
from matching.bounds.volumes import volumes_model
from matching.bounds.ways import Ways
from matching.model.problem import FloatArray, Problem
from matching.optimizer import LinearSolver, SecondsLeft

CEILING = 50.0
NODES = 300
LEAST_SHARE = 1e-6
PRICINGS_PER_CUT = 3


class TripPool:
    """The trips found so far; `prices` carries given kilograms at least cost."""

    def __init__(self, items: Items) -> None:
        model = Model()
        for item in range(len(items.lot)):
            model.row([model.column(-CEILING * float(items.full_rate[item]), np.inf)], [1.0], 0.0, np.inf)
        self._solver = LinearSolver(model.relaxed())

    def add(self, trips: TripColumns) -> None:
        """Add trips."""
        n = len(trips.cost_vnd)
        if n:
            loads = csc_array((trips.kg, trips.item, trips.start), shape=(self._solver.n_rows, n))
            self._solver.add_columns(loads, -trips.cost_vnd, np.zeros(n), np.full(n, np.inf))

    def prices(self, kg: FloatArray) -> FloatArray:
        """Price of each item when ``kg`` of each have to be carried, shape (n_items,); 0 if they could not be found."""
        self._solver.set_row_limits(np.arange(len(kg)), kg, np.full(len(kg), np.inf))
        duals = self._solver.solve().duals
        return np.zeros(len(kg)) if duals is None else np.maximum(-duals, 0.0)


class CutModel:
    """Volumes with the cost of haulage as one variable, and valid rates as cuts."""

    def __init__(self, problem: Problem, items: Items, routes: Routes) -> None:
        self.routes, self._n_items = routes, len(items.lot)
        self.model = volumes_model(problem, Ways(routes.lot, routes.line, routes.kind, routes.rest_vnd_per_kg))
        # No valid rate ever asked for is above the dear way out, so neither is the cost of all haulage.
        self._haulage = self.model.column(-1.0, CEILING * float(np.dot(items.full_rate, items.kg)))
        self.rates: list[FloatArray] = []

    def cut(self, rate: FloatArray) -> None:
        """Let haulage cost at least what valid item rates say."""
        self.rates.append(rate)
        per_kg = self.routes.rates(rate) - self.routes.rest_vnd_per_kg
        used = np.flatnonzero(per_kg > 0)
        self.model.row([*used.tolist(), self._haulage], [*per_kg[used].tolist(), -1.0], -np.inf, 0.0)

    def carried(self, point: FloatArray) -> FloatArray:
        """Kilograms of each item at a point, shape (n_items,)."""
        kg, route_kg = np.zeros(self._n_items), np.maximum(point[: len(self.routes.lot)], 0.0)
        for item in (self.routes.first, self.routes.second):
            np.add.at(kg, item[item >= 0], route_kg[item >= 0])
        return kg


def refine(
    problem: Problem, items: Items, routes: Routes, pricer: TripPricer, seconds_left: SecondsLeft, max_rounds: int
) -> Iterator[float]:
    """Yield bounds from ever more cuts."""
    cuts, pool = CutModel(problem, items, routes), TripPool(items)
    cuts.cut(items.full_rate)
    core = np.zeros(len(items.lot))
    for _ in range(max_rounds):
        if seconds_left() <= 0:
            return
        reached = branch_and_bound(cuts.model, seconds_left)
        yield reached.bound
        if reached.point is None:
            return
        kg = cuts.carried(reached.point)
        core = kg if not core.any() else 0.7 * core + 0.3 * kg
        if not _separate(cuts, pool, pricer, items, kg, core, seconds_left):
            return


def _separate(
    cuts: CutModel, pool: TripPool, pricer: TripPricer, items: Items, kg: FloatArray, core: FloatArray, seconds_left: SecondsLeft
) -> bool:
    """Add cuts that the carried kilograms break; return False if there are none."""
    aim = 0.8 * kg + 0.2 * core + LEAST_SHARE * items.kg.clip(max=1e6)
    found = False
    for _ in range(PRICINGS_PER_CUT):
        paid = [float(np.dot(rate, kg)) for rate in cuts.rates]
        best = cuts.rates[int(np.argmax(paid))]
        wanted = np.minimum(pool.prices(aim), CEILING * items.full_rate)
        rate, trips = pricer.repair(best, wanted, NODES, seconds_left)
        pool.add(trips)
        # What the volumes at hand do not use may have been priced low for no reason.
        rate, more = pricer.repair(rate, np.maximum(rate, items.full_rate), NODES, seconds_left)
        pool.add(more)
        if float(np.dot(rate, kg)) > max(paid) * (1.0 + LEAST_SHARE) + 1.0:
            cuts.cut(rate)
            found = True
        elif len(trips.cost_vnd) == 0 or seconds_left() <= 0:
            break
    return found


__all__ = ["CutModel", "TripPool", "refine"]
