"""`with_hubs`: improve a plan of direct trips by letting goods change trucks at hubs.

One attempt after the other takes a few trips apart, sends what pays through one hub on one day, plans the rest anew, and is kept if the
verifier finds nothing wrong and the plan is worth more.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import HUB, FloatArray, Problem
from matching.pairs.lanes import find_lanes
from matching.search.hubs.attempt import carry_out, draw
from matching.search.hubs.job import Effort
from matching.search.hubs.prospects import Prospects
from matching.search.plan_ops import in_start_order, worth_vnd
from matching.search.subproblem import residual
from matching.verify import verify

ATTEMPTS = 400
PATIENCE = 80
"""Attempts in a row without a gain after which the search ends."""
FIRST_ITERATIONS, MOST_ITERATIONS = 200, 1600
"""Iterations of each search: few while gains are easy, more with each attempt that has brought nothing."""


def with_hubs(
    problem: Problem,
    plan: Plan,
    *,
    seed: int,
    iterations: int = ATTEMPTS,
    expired: Callable[[], bool] = lambda: False,
) -> Plan:
    """Return the plan, or a worthier one in which goods change trucks at hubs.

    Parameters
    ----------
    plan : a plan that keeps every rule; one that does not is returned as it is.
    iterations : attempts to make; fewer are made once `PATIENCE` in a row have brought nothing.
    expired : asked several times a second; once it is true the best plan so far is returned.
    """
    if expired() or not (problem.sites.kind == HUB).any() or problem.n_classes == 0:
        return plan
    verdict = verify(problem, plan)
    if not verdict.ok:
        return plan
    search = _Search(problem, plan, verdict.objective_vnd, seed, expired)
    search.run(iterations)
    return search.plan if search.plan is plan else in_start_order(search.plan)


class _Search:
    """A search under way; `plan` is the best so far."""

    def __init__(self, problem: Problem, plan: Plan, worth: int, seed: int, expired: Callable[[], bool]) -> None:
        self.problem, self.plan, self.worth, self.seed, self.expired = problem, plan, worth, seed, expired
        longest = float(problem.vehicles.max_hours.max(initial=0.0))
        shift = min(max(1, int(np.ceil(longest / 24))), problem.horizon_until_day - problem.horizon_from_day)
        self.shift_days = max(0, shift)
        self.failures = 0
        self.lanes = find_lanes(problem, max_transit_days=2 * self.shift_days + 1)
        self.prospects = Prospects(problem, self.lanes)

    def run(self, iterations: int) -> None:
        """Make attempts until the limit, or until they have brought nothing for long."""
        self._look()
        for n in range(iterations):
            if self.expired() or self.failures >= PATIENCE or len(self.lanes.lot) == 0:
                return
            self.failures = 0 if self._attempt(np.random.default_rng((self.seed, n))) else self.failures + 1

    @property
    def effort(self) -> Effort:
        iterations = min(FIRST_ITERATIONS * (1 + self.failures // 8), MOST_ITERATIONS)
        return Effort(iterations, 1 if self.failures < 8 else 2, self.shift_days)

    def _look(self) -> None:
        """See what each lane costs now, and what it might gain through a hub."""
        self._now = self.prospects.now_vnd_per_kg(self.plan)
        self._gain = self._gains()

    def _gains(self) -> FloatArray:
        a, lanes, left = self.plan.allocations, self.lanes, residual(self.problem, self.plan)
        n = max(1, self.problem.n_lines)
        used = np.isin(lanes.lot * n + lanes.line, a.lot * n + a.line)
        kg = np.where(used, np.minimum(self.problem.lots.kg[lanes.lot], self.problem.lines.kg[lanes.line]), 0)
        kg = np.maximum(kg, np.minimum(left.lot_kg[lanes.lot], left.line_kg[lanes.line]))
        now = np.minimum(self._now, self.prospects.worth)
        each = now - self.prospects.through.min(axis=0)
        # Where no lane pays at all, an infinite gain times no kilogram would be no number.
        return np.where(kg > 0, np.where(kg > 0, each, 0.0) * kg, -np.inf)

    def _attempt(self, rng: np.random.Generator) -> bool:
        idea = self.prospects.idea(self._gain, rng)
        drawn = draw(self.prospects, self.plan, self._now, idea, self.shift_days, rng) if idea else None
        if drawn is None:
            return False
        seed = int(rng.integers(1, 2**31))
        plans = carry_out(self.problem, self.lanes, self.plan, drawn, self.effort, seed, self.expired)
        return any([self._accept(plan) for plan in plans])

    def _accept(self, plan: Plan) -> bool:
        """Keep a plan that is worth more and breaks no rule."""
        if worth_vnd(self.problem, plan) <= self.worth:
            return False
        verdict = verify(self.problem, plan)
        if not verdict.ok or verdict.objective_vnd <= self.worth:
            return False
        self.plan, self.worth = plan, verdict.objective_vnd
        self._look()
        return True
