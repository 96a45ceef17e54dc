"""The trip search on a subproblem: from its trips, or from first ones, to better ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import FloatArray, IntArray
from matching.search.resource_use import ResourceUse
from matching.search.subproblem import Subproblem
from matching.search.trips.conversion import plan_of
from matching.search.trips.improver import Cooling, Improver
from matching.search.trips.instance import Layout, Surroundings
from matching.search.trips.planner import lay_out

STEP = 0.1
"""Share of a search by which one visit cools a search in a single part."""


@dataclass(frozen=True)
class Schedule:
    """How long and how hot a subproblem is searched.

    Attributes
    ----------
    iterations : ruin-and-recreate iterations.
    hot_share, cold_share : first and last temperature as shares of what a trip costs on the average.
    polish_at : share of the iterations after which the volumes are made best for the trips once.
    polish_s : how long that may take, far more than it needs.
    """

    iterations: int
    hot_share: float
    cold_share: float
    polish_at: float = 1.0
    polish_s: float = 30.0


class SubproblemSearch:
    """The search of one subproblem."""

    def __init__(
        self,
        sub: Subproblem,
        *,
        seed: int,
        cores: int = 1,
        direct: bool = False,
        lane_price: Callable[[IntArray, IntArray], FloatArray] | None = None,
        only: IntArray | None = None,
        adapt: Callable[[Layout], Layout] = lambda layout: layout,
    ) -> None:
        """Begin with the trips of the subproblem, or build first ones.

        Parameters
        ----------
        lane_price : what a kilogram of a lane's lot and line is worth elsewhere, đồng; nothing by default.
        only : pairs (lot × n_lines + line) that new trips may serve; all by default.
        adapt : changes the lanes of the search before it begins.
        """
        self._problem, self._cores = sub.problem, cores
        layout = adapt(lay_out(sub.problem, lane_price or (lambda lot, line: np.zeros(len(lot))), direct=direct, only=only))
        self._layout = surrounded(layout, sub)
        self._improver = Improver(self._layout, seed=seed, cores=cores)
        if sub.plan is None:
            self._improver.first()
        else:
            self._improver.resume(sub.problem, sub.plan)

    def run(self, schedule: Schedule, expired: Callable[[], bool]) -> int:
        """Improve the trips while the temperature falls; return the number of iterations made."""
        done, polished = 0, False
        cooling = Cooling.of_trips(self._improver.best, schedule.hot_share, schedule.cold_share)
        while done < schedule.iterations and not expired():
            done += max(1, self._improver.round(done / schedule.iterations, STEP, cooling, expired, self._cores))
            if not polished and done >= int(schedule.polish_at * schedule.iterations) and not expired():
                self._improver.polish(schedule.polish_s)
                polished = True
        return done

    def plan(self) -> Plan:
        """Return the best plan so far, in the numbers of the subproblem."""
        self._improver.finish()
        return plan_of(self._problem, self._layout, self._improver.best)


def surrounded(layout: Layout, sub: Subproblem) -> Layout:
    """Return the layout with the resources that other trips use, and the rows that are locked."""
    return layout._replace(surroundings=_surroundings(layout, sub.use)._replace(lot_locked=sub.lot_locked, line_locked=sub.line_locked))


def with_use(layout: Layout, use: ResourceUse) -> Layout:
    """Return the layout with the resources that other trips use, no row locked."""
    return layout._replace(surroundings=_surroundings(layout, use))


def _surroundings(layout: Layout, use: ResourceUse) -> Surroundings:
    seen = use.window(int(layout.horizon[2]), int(layout.horizon[0]))
    nothing = np.zeros(len(layout.lot), dtype=np.bool_), np.zeros(len(layout.line), dtype=np.bool_)
    return Surroundings(seen.trips, seen.calls, seen.flow_kg, *nothing)
