"""A small problem cut out of a large one, with lanes of its own, and the trip search on it.

The search knows direct trips alone. A transfer through a hub becomes two such problems: the hub stands for the receivers in the first and
for the farms in the second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import NO_BASE, Access, BoolArray, IntArray, Lines, Lots, Problem
from matching.model.subset import rows_of
from matching.pairs.lanes import Lanes
from matching.search.hubs.residual import Residual
from matching.search.trips._core import Arena, Scratch, State, build, copy_all, copy_trips, improve, sweep
from matching.search.trips.columns import COUNT_LIMIT, PAYLOAD, TRIP_CLASS, TRIP_COST
from matching.search.trips.conversion import plan_of
from matching.search.trips.improver import make_scratch
from matching.search.trips.instance import Layout, make_arena
from matching.search.trips.state import Books, empty_state

HOT, COLD = 0.2, 0.004
"""Temperatures as shares of what a trip costs on the average."""
STRETCH = 100
"""Iterations between two looks at the clock."""
RUIN_SIZE = 8.0
GENEROUS = (1.0, 3.0)
"""How many times more goods are said to bring when first trips are begun."""


@dataclass(frozen=True)
class Closure:
    """Hours of every day in which a site is closed to all trucks of a part."""

    site: int
    from_min: int
    until_min: int


class Part(NamedTuple):
    """A small problem with lanes between its lots and lines; its sites are renumbered, ``site`` gives their old rows."""

    problem: Problem
    lanes: Lanes
    site: IntArray
    left: Residual


def cut(problem: Problem, lots: Lots, lines: Lines, lanes: Lanes, left: Residual, closure: Closure | None = None) -> Part:
    """Cut a part out of a problem.

    Parameters
    ----------
    lots, lines : tables of the part, their sites numbered as in the problem.
    lanes : between them.
    left : trucks and throughput that are used, and openings that are paid, beside the part.
    """
    if closure is not None:
        problem = _closed(problem, closure)
    v = problem.vehicles
    site = np.unique(np.concatenate([lots.site, lines.site, v.base_site[v.base_site >= 0]]))
    new = np.full(problem.n_sites + 1, NO_BASE, dtype=np.int64)
    new[site] = np.arange(len(site))
    none, calendar = np.zeros(0, dtype=np.int64), problem.calendar
    dates = np.flatnonzero(new[calendar.site] >= 0)
    small = problem.replace(
        sites=_rows(problem.sites, site),
        lots=lots.replace(site=new[lots.site]),
        lines=lines.replace(site=new[lines.site]),
        vehicles=v.replace(base_site=new[v.base_site]),
        certificates=_rows(problem.certificates, none),
        calendar=rows_of(calendar, dates, site=new[calendar.site[dates]]),
        roads=_roads(problem, new),
        decisions=_rows(problem.decisions, none),
        horizon_from_day=max(problem.horizon_from_day, int(lanes.pickup_from_day.min())),
        horizon_until_day=min(problem.horizon_until_day, int(lanes.deliver_until_day.max())),
    )
    return Part(small, lanes, site, left)


def _rows(table: object, rows: IntArray) -> object:
    """Return some rows of a table of columns."""
    columns = {name: value[rows] for name, value in vars(table).items() if isinstance(value, np.ndarray)}
    return table.replace(**columns)  # type: ignore[attr-defined]


def lot_rows(lots: Lots, rows: IntArray) -> Lots:
    """Return some lots."""
    return _rows(lots, rows)  # type: ignore[return-value]


def line_rows(lines: Lines, rows: IntArray) -> Lines:
    """Return some demand lines without their products and requirements, which lanes have settled."""
    ragged = ("product_start", "product", "require_start", "require_scheme", "require_level")
    columns = {name: value[rows] for name, value in vars(lines).items() if isinstance(value, np.ndarray) and name not in ragged}
    none, start = np.zeros(0, dtype=np.int64), np.zeros(len(rows) + 1, dtype=np.int64)
    return Lines(**columns, product_start=start, product=none, require_start=start, require_scheme=none, require_level=none)


def lane_rows(lanes: Lanes, rows: IntArray) -> Lanes:
    """Return some lanes."""
    return _rows(lanes, rows)  # type: ignore[return-value]


def _roads(problem: Problem, new: IntArray) -> object:
    roads = problem.roads
    inside = np.flatnonzero((new[roads.from_site] >= 0) & (new[roads.to_site] >= 0))
    cut_out = _rows(roads, inside)
    return cut_out.replace(from_site=new[roads.from_site[inside]], to_site=new[roads.to_site[inside]])  # type: ignore[attr-defined]


def _closed(problem: Problem, closure: Closure) -> Problem:
    """Give a site a zone of its own with its old zone's hours and one closure more."""
    sites, access = problem.sites, problem.access
    zone, names = sites.zone.copy(), (*sites.zone_names, "closed hub")
    old, zone[closure.site] = zone[closure.site], len(sites.zone_names)
    same = np.flatnonzero(access.zone == old) if old >= 0 else np.zeros(0, dtype=np.int64)
    mine = np.full(len(same) + 1, zone[closure.site])
    rules = Access(
        zone=np.concatenate([access.zone, mine]),
        min_payload_kg=np.concatenate([access.min_payload_kg, access.min_payload_kg[same], [0]]),
        closed_from_min=np.concatenate([access.closed_from_min, access.closed_from_min[same], [closure.from_min]]),
        closed_until_min=np.concatenate([access.closed_until_min, access.closed_until_min[same], [closure.until_min]]),
    )
    return problem.replace(sites=sites.replace(zone=zone, zone_names=names), access=rules)


def search(part: Part, *, iterations: int, seed: int, expired: Callable[[], bool]) -> Plan:
    """Return good direct trips for a part; lots, lines, classes and sites are numbered as in the part."""
    n_lanes = len(part.lanes.lot)
    layout = make_arena(part.problem, part.lanes, np.zeros(n_lanes), np.full(n_lanes, -1, dtype=np.int64))
    arena, scratch = Arena(layout), make_scratch(layout, seed)
    now, best = _first(part, layout, arena, scratch)
    spare, stretch_best = empty_books(part, layout), empty_books(part, layout)
    states = State(now), State(spare), State(stretch_best)
    cost = now.trip_real[:, TRIP_COST]
    mean, done = float(cost[cost > 0].mean()) if (cost > 0).any() else 1e5, 0
    while done < iterations and not expired():
        hot, cold = (HOT * (COLD / HOT) ** (min(iterations, at) / iterations) * mean for at in (done, done + STRETCH))
        improve(arena, *states, scratch, STRETCH, hot, cold, RUIN_SIZE)
        if stretch_best.worth[0] > best.worth[0]:
            copy_all(State(best), states[2])
        done += STRETCH
    sweep(arena, State(best), scratch)
    return plan_of(part.problem, layout, best)


def _first(part: Part, layout: Layout, arena: Arena, scratch: Scratch) -> tuple[Books, Books]:
    """Return the best of several first sets of trips twice: to be changed, and to be kept.

    Goods that share a large truck pay for it where none of them would alone, and where each finds a small truck cheaper. So some of the
    sets are begun with large trucks alone, for goods that are said to bring more than they do, and are then set right and filled up.
    """
    best, now = empty_books(part, layout), empty_books(part, layout)
    build(arena, State(best), scratch, 0.0)
    payload = layout.vehicle_real[:, PAYLOAD]
    for least in np.unique(np.quantile(payload, (0.0, 0.4, 0.7, 1.0), method="higher")) if len(payload) else ():
        for generous in GENEROUS:
            found = _begun_with(part, layout, payload >= least, generous, scratch)
            build(arena, State(found), scratch, 0.0)
            if found.worth[0] > best.worth[0]:
                copy_all(State(best), State(found))
    copy_all(State(now), State(best))
    return now, best


def _begun_with(part: Part, layout: Layout, classes: BoolArray, generous: float, scratch: Scratch) -> Books:
    """Return trips of some classes that would pay if goods brought so many times more."""
    vehicle, lane_real = layout.vehicle.copy(), layout.lane_real * np.array([generous, 1.0])
    vehicle[~classes, COUNT_LIMIT] = 0
    hoped, found = empty_books(part, layout), empty_books(part, layout)
    build(Arena(layout._replace(vehicle=vehicle, lane_real=lane_real)), State(hoped), scratch, 0.0)
    copy_trips(Arena(layout), State(hoped), State(found), np.flatnonzero(hoped.trip[:, TRIP_CLASS] >= 0))
    return found


def empty_books(part: Part, layout: Layout) -> Books:
    """Return books without trips in which the trucks, throughput and openings used beside the part are noted."""
    n_lots, n_lines = len(layout.lot), len(layout.line)
    books = empty_state(layout, 2 * n_lots + n_lines + 32, 4 * n_lots + 2 * n_lines + 64)
    first, n_days = int(layout.horizon[2]), int(layout.horizon[0])
    for (vehicle, day), n in part.left.used.items():
        if 0 <= day - first < n_days:
            books.used[vehicle, day - first] = n
    place = {int(site): n for n, site in enumerate(part.site)}
    for (site, day), kg in part.left.flow_kg.items():
        if site in place and 0 <= day - first < n_days:
            books.flow[place[site], day - first] = kg
            books.calls[place[site], day - first] = 1
    return books


def left_lots(problem: Problem, left: Residual, rows: IntArray) -> Lots:
    """Return what is left of some lots."""
    return lot_rows(problem.lots, rows).replace(kg=left.lot_kg[rows], min_take_kg=left.lot_min_kg[rows])


def left_lines(problem: Problem, left: Residual, rows: IntArray) -> Lines:
    """Return what is left of some lines; the shortage penalty saved belongs into the lanes' margins."""
    return line_rows(problem.lines, rows).replace(
        kg=left.line_kg[rows],
        min_fill_kg=left.line_min_kg[rows],
        max_suppliers=left.line_suppliers[rows],
        short_vnd_per_kg=np.zeros(len(rows), dtype=np.int64),
    )


def renumbered(plan: Plan, lot: IntArray, line: IntArray, site: IntArray) -> Plan:
    """Return a part's plan with lots, lines and sites numbered as in the problem."""
    a, legs, stops = plan.allocations, plan.legs, plan.stops
    return Plan(
        allocations=a.replace(lot=lot[a.lot], line=line[a.line]),
        legs=legs.replace(from_site=site[legs.from_site], to_site=site[legs.to_site]),
        trips=plan.trips,
        stops=stops.replace(site=site[stops.site]),
    )
