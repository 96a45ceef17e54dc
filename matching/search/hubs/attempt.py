"""One attempt to let goods through a hub: which goods and trips it concerns, and the plan that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.model.plan import CARRIER, Plan
from matching.model.problem import PIN, BoolArray, FloatArray, IntArray, Problem
from matching.model.subset import rows_of
from matching.pairs.harvests import can_be_cut, harvest_days, narrowed
from matching.pairs.lanes import Lanes
from matching.search.hubs.job import Effort, Job, compatible
from matching.search.hubs.prospects import Idea, Prospects
from matching.search.hubs.transfer import transfer
from matching.search.plan_ops import hub_trips, join_plans, keep_trips, linked_trips, trips_of
from matching.search.subproblem import Residual, residual

SIZES = (6, 12, 25, 50)
"""Lots of an attempt, to be drawn from."""
MOST_LANES = 4000
SPARE_PINS = 0.6
"""Share of attempts that leave trips with pinned pairs alone; the others rely on the verifier."""
SPREADS = (0.2, 1.0, 5.0)
"""Weights of the distance between receivers against that between farms, to be drawn from."""
TOLERANCES = (0.9, 1.0, 1.2, 2.0)
"""Shares of what a lane costs now that full trucks through the hub may cost."""
SLACKS = (1.0, 1.2, 1.5)
"""How much dearer than full trucks carrying on is thought to be at first."""


@dataclass(frozen=True)
class Attempt:
    """What one attempt may change.

    Attributes
    ----------
    lanes : those that may pass the hub, narrowed to the meeting's days.
    onward_vnd_per_kg : first guess at what carrying on costs, shape (n_lanes,).
    trips : trips of the plan that are taken apart, shape (n_trips,).
    """

    idea: Idea
    lanes: Lanes
    onward_vnd_per_kg: FloatArray
    trips: BoolArray


def draw(prospects: Prospects, plan: Plan, now: FloatArray, idea: Idea, shift_days: int, rng: np.random.Generator) -> Attempt | None:
    """Choose lanes near the idea's own, and the trips that serve them."""
    fits = np.flatnonzero(prospects.through[idea.place] < np.minimum(prospects.worth, now * rng.choice(TOLERANCES)))
    lanes = rows_of(prospects.lanes, fits).replace(margin_vnd_per_kg=fits)
    lanes = compatible(lanes, idea.meeting, shift_days)
    if len(lanes.lot) == 0:
        return None
    rows = _nearest(prospects, lanes, idea.lane, int(rng.choice(SIZES)), float(rng.choice(SPREADS)))
    lanes = rows_of(lanes, rows)
    fits = lanes.margin_vnd_per_kg
    onward = prospects.onward[idea.place, fits] * rng.choice(SLACKS)
    return Attempt(idea, lanes, onward, _released(prospects.problem, plan, lanes, spare_pins=bool(rng.random() < SPARE_PINS)))


def _nearest(prospects: Prospects, lanes: Lanes, seed_lane: int, n_lots: int, spread: float) -> IntArray:
    """Rows of the lanes of the ``n_lots`` lots nearest to a lane, at most `MOST_LANES`."""
    p = prospects.problem
    seed_lot, seed_line = int(prospects.lanes.lot[seed_lane]), int(prospects.lanes.line[seed_lane])
    apart = _apart(p, p.lots.site[lanes.lot], int(p.lots.site[seed_lot]))
    apart = apart + spread * _apart(p, p.lines.site[lanes.line], int(p.lines.site[seed_line]))
    order = np.argsort(apart, kind="stable")
    _, first = np.unique(lanes.lot[order], return_index=True)
    chosen = np.zeros(p.n_lots, dtype=np.bool_)
    chosen[lanes.lot[order[np.sort(first)[:n_lots]]]] = True
    return np.sort(order[chosen[lanes.lot[order]]][:MOST_LANES])


def _apart(problem: Problem, sites: IntArray, site: int) -> FloatArray:
    """Distance of sites from one, in degrees of latitude."""
    lat, lon = problem.sites.lat, problem.sites.lon
    return np.asarray(np.hypot(lat[sites] - lat[site], (lon[sites] - lon[site]) * np.cos(np.radians(lat[site]))))


def _released(problem: Problem, plan: Plan, lanes: Lanes, *, spare_pins: bool) -> BoolArray:
    """Trips that carry goods on these lanes, and what is tied to them; no carrier's, and none with a pin if those are to be spared."""
    trips = _with_pairs(problem, plan, lanes.lot, lanes.line)
    d = problem.decisions
    pins = d.kind == PIN if spare_pins else np.zeros(len(d.kind), dtype=np.bool_)
    bound = (plan.trips.vehicle == CARRIER) | _with_pairs(problem, plan, d.lot[pins], d.line[pins])
    return linked_trips(plan, trips & ~linked_trips(plan, bound))


def _with_pairs(problem: Problem, plan: Plan, lot: IntArray, line: IntArray) -> BoolArray:
    """Trips that carry goods of any of these lots for the line that stands beside it, shape (n_trips,)."""
    a, n = plan.allocations, max(1, problem.n_lines)
    return trips_of(plan, np.isin(a.lot * n + a.line, lot * n + line))


def carry_out(
    problem: Problem, all_lanes: Lanes, plan: Plan, attempt: Attempt, effort: Effort, seed: int, expired: Callable[[], bool]
) -> list[Plan]:
    """Return whole plans in which goods of the attempt pass the hub; none where no goods would."""
    rest, freed = keep_trips(plan, ~attempt.trips), keep_trips(plan, attempt.trips)
    left = residual(problem, rest)
    rows = np.flatnonzero((left.lot_kg[attempt.lanes.lot] > 0) & (left.line_kg[attempt.lanes.line] > 0))
    if len(rows) == 0:
        return []
    days = harvest_days(problem, rest.allocations)
    direct = narrowed(_beside(problem, all_lanes, attempt.lanes, freed, left), days)
    rows = rows[can_be_cut(attempt.lanes, days)[rows]]
    if len(rows) == 0:
        return []
    job = Job(problem, left, narrowed(rows_of(attempt.lanes, rows), days), direct, attempt.idea.meeting, effort, expired)
    moved = transfer(job, attempt.onward_vnd_per_kg[rows], seed)
    if moved is None:
        return []
    base = join_plans(rest, keep_trips(moved, hub_trips(moved)))
    return [join_plans(rest, moved), join_plans(base, _spared(problem, freed, residual(problem, base)))]


def _beside(problem: Problem, all_lanes: Lanes, lanes: Lanes, freed: Plan, left: Residual) -> Lanes:
    """Lanes that direct trips may use for what an attempt does not let through the hub."""
    lots, lines = np.zeros(problem.n_lots, dtype=np.bool_), np.zeros(problem.n_lines, dtype=np.bool_)
    lots[lanes.lot] = lots[freed.allocations.lot] = True
    lines[lanes.line] = lines[freed.allocations.line] = True
    lots &= left.lot_kg > 0
    lines &= left.line_kg > 0
    return rows_of(all_lanes, np.flatnonzero(lots[all_lanes.lot] & lines[all_lanes.line])[:MOST_LANES])


def _spared(problem: Problem, freed: Plan, left: Residual) -> Plan:
    """Return those of the trips taken apart that can still run as they were with goods left over that pay for them."""
    a, legs = freed.allocations, freed.legs
    lots, lines = problem.lots, problem.lines
    lot_kg, line_kg = left.lot_kg.copy(), left.line_kg.copy()
    worth = lines.bid_vnd_per_kg[a.line] + lines.short_vnd_per_kg[a.line] - lots.ask_vnd_per_kg[a.lot]
    kg, stays = a.kg.copy(), np.zeros(len(freed.trips.vehicle), dtype=np.bool_)
    for trip in np.flatnonzero(~hub_trips(freed)).tolist():
        rows = legs.allocation[legs.trip == trip]
        taken_lot, taken_line = lot_kg.copy(), line_kg.copy()
        for row in rows.tolist():
            lot, line = int(a.lot[row]), int(a.line[row])
            kg[row] = min(int(a.kg[row]), int(taken_lot[lot]), int(taken_line[line]))
            if lots.indivisible[lot] and kg[row] < a.kg[row]:
                kg[row] = 0
            taken_lot[lot] -= kg[row]
            taken_line[line] -= kg[row]
        if int((kg[rows] * worth[rows]).sum()) > int(freed.trips.cost_vnd[trip]):
            stays[trip], lot_kg, line_kg = True, taken_lot, taken_line
    return _with_kg(freed, kg, stays)


def _with_kg(plan: Plan, kg: IntArray, trips: BoolArray) -> Plan:
    """Return some trips of a plan of direct trips with other kilograms; allocations of none are left out."""
    changed = Plan(plan.allocations.replace(kg=kg), plan.legs, plan.trips, plan.stops)
    some = np.flatnonzero(kg[plan.legs.allocation] > 0)
    return keep_trips(Plan(changed.allocations, rows_of(changed.legs, some), changed.trips, changed.stops), trips)
