"""A search nearby: most yes/no choices stay as they are in the best solution, a few are decided anew by branch and bound, again and again.

Method
    A first solution comes from slope scaling (Kim and Pardalos, doi:10.1016/S0167-6377(99)00004-8): every charge is spread over the
    kilograms that paid it in the solution before. Where plans are spanning trees, some are exchanged for a while
    (`matching.carrier_flow.spanning_tree`). Where there are rules other than charges, the first solution comes from branch and bound.
    Of the flows, those are ever looked at that are among the cheapest of their lot or line when charges are spread over as much as can
    pay them, and those that a solution has used. Each step takes some places that exchange goods with one another, sets free the choices
    of their flows, and solves what is left; goods of all others may flow differently, too, as long as that needs no other choice. The
    number of places grows while steps are quick and shrinks when they are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Event

import numpy as np

from matching.carrier_flow.incumbent import Incumbent
from matching.carrier_flow.program import GAP_VND, CarrierProgram
from matching.carrier_flow.spanning_tree import TreeSearch, is_for_trees
from matching.model.problem import BoolArray, FloatArray, IntArray
from matching.optimizer import LinearSolver, Outcome, solve_restricted

CHEAPEST = (4, 8, 16)
"""CarrierFlows of each lot and each line that are looked at, in turn: few of many places, or many of few."""
CHEAPEST_OF_TREES = 24
SCALINGS = 40
STEP_S, QUICK_S = 1.5, 0.5
FIRST_PLACES, FEWEST_PLACES = 10, 3
TREES_SHARE, LEADING_SHARE = 0.2, 0.6
"""Share of the time in which trees are exchanged first, where plans are trees, and as long as they lead."""
ROUNDS_PER_LOOK = 20
WAIT_S = 0.05


def search_nearby(program: CarrierProgram, incumbent: Incumbent, seconds_left: Callable[[], float], seed: tuple[int, int]) -> None:
    """Better the best solution until no time is left.

    Parameters
    ----------
    incumbent : is begun from and bettered; where it has no solution and none is found by scaling slopes, one is waited for.
    """
    search = _NeighbourhoodSearch(program, incumbent, seconds_left, seed)
    search.begin()
    while seconds_left() > 0:
        search.step()


class _NeighbourhoodSearch:
    """One thread's search: its own solver, and how many places it sets free."""

    def __init__(self, program: CarrierProgram, incumbent: Incumbent, seconds_left: Callable[[], float], seed: tuple[int, int]) -> None:
        self._program, self._incumbent, self._left = program, incumbent, seconds_left
        self._seed, self._random = seed, np.random.default_rng(seed)
        self._n = len(program.flows.lot)
        self._switches = np.array(sorted(program.members), dtype=np.int64)
        self._pairs = np.array([(column, flow) for column in self._switches for flow in program.members[int(column)]], dtype=np.int64)
        self._known = np.zeros(self._n, dtype=np.bool_)
        self._rank = np.zeros(self._n, dtype=np.int64)
        self._places = dict.fromkeys(CHEAPEST, FIRST_PLACES)
        self._pause = Event()

    # beginning -------------------------------------------------------------------------------------------------------
    def begin(self) -> None:
        """Choose the flows to look at, and scale slopes where any flow can be paid for."""
        slopes = _SlopeScaling(self._program)
        self._rank = slopes.rank()
        if self._program.has_charges_only():
            self._scale(slopes)
        # Trees are quick where charges are all that counts, and far behind where they aren't; one search has to find out.
        if self._seed[1] == 1 and is_for_trees(self._program):
            self._climb()

    def _scale(self, slopes: _SlopeScaling) -> None:
        kg = slopes.solved()
        for _ in range(SCALINGS):
            if self._left() <= 0:
                return
            self._known |= kg > 0.5
            self._incumbent.offer(self._paid(kg))
            kg = slopes.scaled(kg)

    def _climb(self) -> None:
        """Exchange the arcs of trees for a part of the time, and for longer if they lead."""
        time = self._left()
        search = TreeSearch(self._program, self._known | (self._rank < CHEAPEST_OF_TREES), self._seed)
        while self._left() > (1.0 - TREES_SHARE) * time:
            search.go_on()
        while self._left() > (1.0 - LEADING_SHARE) * time and self._incumbent.offer(self._paid(search.kg())) >= self._incumbent.worth_vnd:
            for _ in range(ROUNDS_PER_LOOK):
                search.go_on()
        self._incumbent.offer(self._paid(search.kg()))

    def _paid(self, kg: FloatArray) -> FloatArray:
        """Values of all columns where all that flows is paid for."""
        values = np.zeros(len(self._program.cost))
        values[: self._n] = kg
        column, flow = self._pairs.T
        values[column[kg[flow] > 1e-6]] = 1.0
        return values

    # stepping --------------------------------------------------------------------------------------------------------
    def step(self) -> None:
        """Set the choices of some places free and solve what is left."""
        worth, values = self._incumbent.now()
        if values is None:
            self._pause.wait(WAIT_S)
            return
        # A solution may come from elsewhere meanwhile, with flows that were not looked at.
        self._known |= values[: self._n] > 0.5
        few, began = int(self._random.choice(CHEAPEST)), self._left()
        near = self._near(values[: self._n], self._places[few]) & (self._known | (self._rank < few))
        outcome, found = self._solved(values, self._switches_of(near))
        if not outcome.is_optimal:
            self._places[few] = max(FEWEST_PLACES, self._places[few] - 1)
        elif began - self._left() < QUICK_S:
            self._places[few] += 1
        if outcome.values is not None and worth < found < self._incumbent.worth_vnd:
            self._join(outcome.values)

    def _join(self, mine: FloatArray) -> None:
        """Decide anew the choices in which this search's solution and a better one, found by others meanwhile, differ."""
        _, values = self._incumbent.now()
        if values is not None:
            apart = np.abs(values - mine) > 0.5
            self._solved(values, self._switches[apart[self._switches]])

    def _solved(self, values: FloatArray, free: IntArray) -> tuple[Outcome, float]:
        """Hold all choices as they are in a solution, but for some, and solve the rest; return the outcome and its worth, đồng."""
        is_held = np.zeros(len(values), dtype=np.bool_)
        is_held[self._switches] = True
        is_held[free] = False
        outcome = solve_restricted(self._program.linear, values, is_held, min(STEP_S, self._left()), gap_vnd=GAP_VND)
        return outcome, -np.inf if outcome.values is None else self._incumbent.offer(outcome.values)

    def _near(self, kg: FloatArray, n_places: int) -> BoolArray:
        """CarrierFlows of some places that exchange goods with one another, on the side of lots or of lines, shape (n_flows,)."""
        p, f = self._program.problem, self._program.flows
        ends = [p.lots.site[f.lot], p.lines.site[f.line]]
        mine, other = ends if self._random.random() < 0.5 else ends[::-1]
        used = kg > 0.5
        chosen: list[int] = [int(self._random.choice(mine))]
        waiting = list(chosen)
        while len(chosen) < n_places and waiting:
            place = waiting.pop(int(self._random.integers(len(waiting))))
            across = np.unique(other[used & (mine == place)])
            beyond = np.setdiff1d(mine[used & np.isin(other, across)], chosen)
            taken = self._random.permutation(beyond)[: n_places - len(chosen)].tolist()
            chosen += taken
            waiting += taken
        rest = np.setdiff1d(mine, chosen)
        chosen += self._random.permutation(rest)[: max(0, n_places - len(chosen))].tolist()
        return np.asarray(np.isin(mine, chosen))

    def _switches_of(self, flows: BoolArray) -> IntArray:
        """Columns of the choices that let some flows through."""
        column, flow = self._pairs.T
        return np.unique(column[flows[flow]])


class _SlopeScaling:
    """The program with every charge paid and spread over kilograms, and the choices of rules let go."""

    def __init__(self, program: CarrierProgram) -> None:
        self._program, self._n = program, len(program.flows.lot)
        charges = program.charges()
        self._charge = np.array([-program.cost[column] for column in charges])
        self._pays = np.repeat(np.arange(len(charges)), [len(program.members[column]) for column in charges])
        self._flow = np.concatenate([np.zeros(0, dtype=np.int64), *(program.members[column] for column in charges)])
        paid = np.array(charges, dtype=np.int64)
        self._solver = LinearSolver(replace(program.linear, is_whole=None))
        self._solver.set_limits(paid, np.ones(len(paid)), np.ones(len(paid)))
        self._slope = self._spread(np.array([program.most_kg[column] for column in charges]))

    def _spread(self, kg: FloatArray) -> FloatArray:
        """Charges on each flow, đồng per kg, when each charge is paid by so many kilograms; shape (n_flows,)."""
        each = self._charge / np.maximum(1.0, kg)
        return np.asarray(np.bincount(self._flow, each[self._pays], self._n))

    def solved(self) -> FloatArray:
        """Return the kilograms of the best flows at the slopes as they are; none flow where the solver is lost."""
        self._solver.set_gain(np.arange(self._n), np.array(self._program.cost[: self._n]) - self._slope)
        self._outcome = self._solver.solve()
        values = self._outcome.values
        return np.zeros(self._n) if values is None else np.maximum(0.0, values[: self._n])

    def scaled(self, kg: FloatArray) -> FloatArray:
        """Kilograms of the best flows once those that flow have their slopes set to what they pay."""
        paying = np.bincount(self._pays, kg[self._flow], len(self._charge)).astype(np.float64)
        known = self._spread(paying)
        self._slope = np.where(kg > 0.5, known, self._slope)
        return self.solved()

    def rank(self) -> IntArray:
        """Place of each flow among those of its lot or of its line, whichever is better, by reduced cost; from 0, shape (n_flows,)."""
        self.solved()
        if not self._outcome.is_optimal or self._outcome.reduced_costs is None:
            return np.zeros(self._n, dtype=np.int64)
        reduced, best = self._outcome.reduced_costs[: self._n], np.full(self._n, self._n)
        for owner in (self._program.flows.lot, self._program.flows.line):
            order = np.lexsort((-reduced, owner))
            place = np.arange(self._n) - np.searchsorted(owner[order], owner[order])
            best[order] = np.minimum(best[order], place)
        return best
