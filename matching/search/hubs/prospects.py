"""Where a hub might pay: what each lane costs now, or would cost direct, against full trucks through each hub."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import HUB, MINUTES_PER_DAY, BoolArray, FloatArray, IntArray, Problem
from matching.network.geography import great_circle_km
from matching.network.rates import Haulage, direct_rates, haulage
from matching.pairs.lanes import Lanes
from matching.search.hubs.job import Meeting

TURNS_MIN = (10 * 60, 13 * 60, 16 * 60, 19 * 60, MINUTES_PER_DAY, MINUTES_PER_DAY, MINUTES_PER_DAY)
"""Minutes of the day at which a hub may turn from receiving to sending, to be drawn from."""
ANYWHERE = 0.25
"""Share of attempts that begin at any lane that a hub could serve with profit."""


@dataclass(frozen=True)
class Idea:
    """Where an attempt begins: a lane, and a meeting through which it might pass."""

    lane: int
    place: int  # of the hub in `Prospects.hubs`
    meeting: Meeting


class Prospects:
    """Rates of all lanes, direct and through each hub.

    Attributes
    ----------
    hubs : sites that are hubs, shape (n_hubs,).
    through : đồng per kg of full trucks through each hub with its handling, shape (n_hubs, n_lanes).
    onward : the part of it from the hub on, the same shape.
    direct : đồng per kg of a full truck without a hub, infinite where none can do it, shape (n_lanes,).
    worth : bid with the saved shortage penalty less ask, shape (n_lanes,), đồng per kg.
    """

    def __init__(self, problem: Problem, lanes: Lanes) -> None:
        self.problem, self.lanes = problem, lanes
        lots, lines = problem.lots, problem.lines
        by, cold = haulage(problem), lots.cold[lanes.lot]
        start, end = lots.site[lanes.lot], lines.site[lanes.line]
        self.hubs = np.flatnonzero(problem.sites.kind == HUB)
        self.onward = by.out_of_hub[cold.astype(np.int64), end].T
        self.through = by.into_hub[cold.astype(np.int64), start].T + self.onward
        for place, hub in enumerate(self.hubs):
            self.through[place, (start == hub) | (end == hub)] = np.inf
        self.direct = np.where(self._too_long(by, start, end), np.inf, direct_rates(by, start, end, cold))
        self.worth = lines.bid_vnd_per_kg[lanes.line] + lines.short_vnd_per_kg[lanes.line] - lots.ask_vnd_per_kg[lanes.lot]

    def _too_long(self, by: Haulage, start: IntArray, end: IntArray) -> BoolArray:
        """Tell which lanes are longer than any class may drive in one trip, as the crow flies; known roads may make more so."""
        v, sites = self.problem.vehicles, self.problem.sites
        if len(self.problem.roads.from_site) or not len(v.kmh):
            return np.zeros(len(start), dtype=np.bool_)
        km = great_circle_km(sites.lat[start], sites.lon[start], sites.lat[end], sites.lon[end]) * self.problem.detour_factor
        return np.asarray(km > float((v.max_hours * v.kmh).max()))

    def now_vnd_per_kg(self, plan: Plan) -> FloatArray:
        """What each lane costs in a plan, or would cost direct where the plan does not use it, shape (n_lanes,), đồng per kg."""
        cost = self.direct.copy()
        pair = self.lanes.lot * max(1, self.problem.n_lines) + self.lanes.line
        keys, vnd = self._paid(plan)
        at = np.minimum(np.searchsorted(keys, pair), max(0, len(keys) - 1))
        used = keys[at] == pair if len(keys) else np.zeros(len(pair), dtype=np.bool_)
        cost[used] = vnd[at[used]] if len(keys) else 0.0
        return cost

    def _paid(self, plan: Plan) -> tuple[IntArray, FloatArray]:
        """Pairs that a plan serves, sorted, and the freight that each kilogram of them pays."""
        a, legs = plan.allocations, plan.legs
        kg = a.kg[legs.allocation].astype(np.float64)
        load = np.bincount(legs.trip, weights=kg, minlength=len(plan.trips.vehicle))
        share = plan.trips.cost_vnd[legs.trip] * kg / np.maximum(1.0, load[legs.trip])
        vnd = np.bincount(legs.allocation, weights=share, minlength=len(a.lot))
        keys, group = np.unique(a.lot * max(1, self.problem.n_lines) + a.line, return_inverse=True)
        return keys, np.bincount(group, weights=vnd) / np.maximum(1.0, np.bincount(group, weights=a.kg))

    def idea(self, gain: FloatArray, rng: np.random.Generator) -> Idea | None:
        """Draw a lane, with a leaning to those that gain most through a hub, and a meeting; None if no hub can pay.

        Parameters
        ----------
        gain : đồng that each lane might gain through its best hub, negative where it cannot, shape (n_lanes,).
        """
        best = self.through.min(axis=0)
        weight = np.maximum(0.0, gain)
        if rng.random() < ANYWHERE or weight.sum() <= 0:
            weight = ((best < self.worth) & np.isfinite(gain)).astype(np.float64)
        if weight.sum() <= 0:
            return None
        lane = int(rng.choice(len(weight), p=weight / weight.sum()))
        rates = self.through[:, lane]
        near = np.flatnonzero(rates <= min(1.15 * rates.min(), float(self.worth[lane])))
        if len(near) == 0:
            return None
        place = int(rng.choice(near))
        return self._meeting(lane, place, rng)

    def _meeting(self, lane: int, place: int, rng: np.random.Generator) -> Idea | None:
        lanes, problem = self.lanes, self.problem
        first = int(lanes.pickup_from_day[lane])
        last = min(int(lanes.pickup_until_day[lane]) + 1, int(lanes.deliver_until_day[lane]), problem.horizon_until_day)
        if first > last:
            return None
        day = int(rng.integers(first, last + 1))
        clock = int(rng.choice(TURNS_MIN))
        return Idea(lane, place, Meeting(int(self.hubs[place]), day, clock))
