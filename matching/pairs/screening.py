"""Which pairs of a lot and a line some truck may serve, at which cheapest rate, and what bars the others.

A pair whose grade, certificates, dates and life fit is barred by the first of these that holds:

    cold       every class that both doors admit, directly or through a hub, is warm, and the goods need cold
    door       no class is admitted at both doors
    hours      no class that is admitted makes the trip within its shift and both sites' hours
    forbidden  a broker has forbidden it
    price      bid and saved penalty do not exceed the floor price and the cheapest haulage

`screen_pairs` says so for the bounds, the search, the funnel and the explanations alike. The volumes relaxation of the exchange format
lets the clock go, so its market has no clock and no pair of it is barred by hours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.model.problem import HUB, BoolArray, FloatArray, IntArray, Problem
from matching.model.reasons import FUNNEL, Reason
from matching.network.hub_transfers import Halves, into_hubs, out_of_hubs, relay_rates
from matching.network.rates import Haulage, direct_rates, haulage, hub_rates, pair_rates
from matching.network.reach import Reach, Shortfalls, clock_rates, reach, shortfalls
from matching.pairs.eligibility import Decided, Ground, decided_pairs, fit_between, fit_within, ground, most_days_between

STEP = {reason: step for step, reason in enumerate(FUNNEL)}
"""Number of each step of the funnel."""
PAYS = len(FUNNEL)
"""Step of a pair that nothing bars."""


class Clock(NamedTuple):
    """What the clock says of trucks, direct and through hubs; without hubs there are no halves."""

    reach: Reach
    into: Halves | None
    out: Halves | None


class Market(NamedTuple):
    """A problem prepared for screening and pricing its pairs.

    Attributes
    ----------
    direct_days, hub_days : most days between pick-up and delivery, direct and through a hub.
    clock : what the clock says of trucks, or None where it is let go.
    """

    problem: Problem
    ground: Ground
    haulage: Haulage
    decided: Decided
    direct_days: int
    hub_days: int
    clock: Clock | None = None


def market(
    problem: Problem,
    direct_days: int,
    hub_days: int | None = None,
    fixed_shift_vnd: float = 0.0,
    *,
    on_the_clock: bool = False,
    hub_extra_vnd_per_kg: FloatArray | None = None,
) -> Market:
    """Prepare a problem; goods through a hub may take ``hub_days``, by default as many as direct ones.

    Parameters
    ----------
    fixed_shift_vnd : added to the fixed cost of every class.
    on_the_clock : let a truck serve only pairs that it can serve within its shift and both sites' hours.
    hub_extra_vnd_per_kg : what a kilogram pays at each site besides handling where it changes trucks there, shape (n_sites,); on the
        clock alone.
    """
    longest = direct_days if hub_days is None else max(direct_days, hub_days)
    by = haulage(problem, fixed_shift_vnd=fixed_shift_vnd)
    clock = _clock(problem, by, fixed_shift_vnd, hub_extra_vnd_per_kg) if on_the_clock else None
    return Market(problem, ground(problem), by, decided_pairs(problem), direct_days, longest, clock)


def _clock(problem: Problem, by: Haulage, fixed_shift_vnd: float, extra: FloatArray | None) -> Clock:
    timed, hubs = reach(problem, fixed_shift_vnd=fixed_shift_vnd), np.flatnonzero(problem.sites.kind == HUB)
    if len(hubs) == 0:
        return Clock(timed, None, None)
    here = problem.sites.handling_vnd_per_kg[hubs] + (0.0 if extra is None else extra[hubs])
    return Clock(timed, into_hubs(timed, by.distances, hubs, here), out_of_hubs(timed, by.distances, hubs))


# rates ---------------------------------------------------------------------------------------------------------------
def truck_rates(of: Market, lot: IntArray, entry: IntArray) -> FloatArray:
    """Cheapest truck rate of pairs that fit within ``hub_days``, đồng per kg; infinite where no truck may go."""
    return np.minimum(direct_truck_rates(of, lot, entry), hub_truck_rates(of, lot, entry))


def direct_truck_rates(of: Market, lot: IntArray, entry: IntArray) -> FloatArray:
    """Cheapest rate of one truck on pairs that fit within ``hub_days``, đồng per kg; infinite where none may go."""
    if of.clock is None:
        rate = direct_rates(of.haulage, *_ends(of, lot, entry))
    else:
        rate = clock_rates(of.clock.reach, of.haulage.distances, *_ends(of, lot, entry), *_days_between(of, lot, entry))
    if of.hub_days > of.direct_days:
        rate[~fit_within(of.ground, lot, entry, of.direct_days)] = np.inf
    return rate


def hub_truck_rates(of: Market, lot: IntArray, entry: IntArray) -> FloatArray:
    """Cheapest rate of two trucks through a hub on pairs that fit within ``hub_days``, đồng per kg; infinite where none may go."""
    a, b, cold = _ends(of, lot, entry)
    if of.clock is None:
        return hub_rates(of.haulage, a, b, cold)
    if of.clock.into is None or of.clock.out is None:
        return np.full(len(lot), np.inf)
    days = most_days_between(of.ground, lot, entry, of.hub_days)
    return relay_rates(of.clock.reach, of.clock.into, of.clock.out, a, b, cold.astype(np.int64), days)


def _ends(of: Market, lot: IntArray, entry: IntArray) -> tuple[IntArray, IntArray, BoolArray]:
    """Sites of both ends of each pair, and whether its goods need cold."""
    lots = of.problem.lots
    return lots.site[lot], of.problem.lines.site[of.ground.entry_line[entry]], lots.cold[lot]


def _days_between(of: Market, lot: IntArray, entry: IntArray) -> tuple[IntArray, IntArray]:
    """Fewest and most days between pick-up and delivery by one truck."""
    same_day = fit_within(of.ground, lot, entry, 0)
    if not of.direct_days:
        return np.where(same_day, 0, 1), np.zeros_like(lot)
    later = fit_between(of.ground, lot, entry, 1, of.direct_days)
    return np.where(same_day, 0, 1), np.where(later, of.direct_days, 0)


# screening -----------------------------------------------------------------------------------------------------------
class Screened(NamedTuple):
    """What bars each pair, shape of each (n_pairs,).

    Attributes
    ----------
    step : number in `FUNNEL` of the first step that bars the pair, ``PAYS`` where none does.
    rate_vnd_per_kg : cheapest haulage at a full truck, infinite where no truck may go.
    gain_vnd_per_kg : bid and saved penalty less floor price and that haulage.
    """

    step: IntArray
    rate_vnd_per_kg: FloatArray
    gain_vnd_per_kg: FloatArray

    @property
    def is_open(self) -> BoolArray:
        """Whether a truck may serve the pair and no broker forbids it, be it paid or not."""
        return np.asarray(self.step >= STEP[Reason.PRICE])


def screen_pairs(of: Market, lot: IntArray, entry: IntArray) -> Screened:
    """Say what bars pairs of a lot and an entry that grade, certificates, dates and life admit within ``hub_days``."""
    line, rate = of.ground.entry_line[entry], truck_rates(of, lot, entry)
    gain = gain_at(of.problem, lot, line, rate)
    step = np.where(gain > 0, PAYS, STEP[Reason.PRICE])
    step[of.decided.is_forbidden(lot, line)] = STEP[Reason.FORBIDDEN]
    stuck = np.flatnonzero(np.isinf(rate))
    step[stuck] = barring_steps(of, lot[stuck], line[stuck])
    return Screened(step, rate, gain)


def gain_at(problem: Problem, lot: IntArray, line: IntArray, rate: FloatArray) -> FloatArray:
    """What a kilogram adds with its haulage at ``rate``, đồng per kg."""
    lots, lines = problem.lots, problem.lines
    margin = lines.bid_vnd_per_kg[line] + lines.short_vnd_per_kg[line] - lots.ask_vnd_per_kg[lot]
    return np.asarray(margin - rate)


def barring_steps(of: Market, lot: IntArray, line: IntArray) -> IntArray:
    """Number of the step that bars pairs that no truck serves: cold, door or hours."""
    sites, cold = (of.problem.lots.site[lot], of.problem.lines.site[line]), of.problem.lots.cold[lot]
    admitted = np.isfinite(pair_rates(of.haulage, *sites, cold))
    warm = np.isfinite(pair_rates(of.haulage, *sites, np.zeros(len(lot), dtype=np.bool_)))
    return np.where(admitted, STEP[Reason.HOURS], np.where(warm, STEP[Reason.COLD], STEP[Reason.DOOR]))


def hours_missing(of: Market, lot: IntArray, entry: IntArray) -> Shortfalls:
    """Say of pairs that hours bar how long the direct trip takes, how long the shift is, and how many minutes are missing."""
    assert of.clock is not None
    return shortfalls(of.clock.reach, of.haulage.distances, *_ends(of, lot, entry), *_days_between(of, lot, entry))


def largest_payload_kg(problem: Problem, lot: IntArray, line: IntArray) -> IntArray:
    """Payload of the largest class that cold and doors admit to pairs, kg; what a carrier takes a day where one drives."""
    lots, v, doors = problem.lots, problem.vehicles, problem.sites.max_vehicle_kg
    door = np.minimum(doors[lots.site[lot]], doors[problem.lines.site[line]])
    most = np.zeros(len(lot), dtype=np.int64)
    for payload, refrigerated in zip(v.payload_kg.tolist(), v.refrigerated.tolist(), strict=True):
        most = np.maximum(most, np.where((door >= payload) & (refrigerated | ~lots.cold[lot]), payload, 0))
    roads, n = problem.roads, problem.n_sites
    road = np.flatnonzero(~np.isnan(roads.vnd_per_kg))
    key, between = (roads.from_site * n + roads.to_site)[road], lots.site[lot] * n + problem.lines.site[line]
    for k, capacity in zip(key.tolist(), roads.capacity_kg[road].tolist(), strict=True):
        most = np.where(between == k, np.maximum(most, capacity), most)
    return most
