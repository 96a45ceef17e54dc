"""Kept movements: what an earlier plan lets wait at hubs, so that a search can go on from that plan."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from matching.model.plan import Allocations, Legs, Plan
from matching.model.problem import IntArray, Problem
from matching.model.subset import rows_of
from matching.search.hubs.movements import Movements
from matching.search.hubs.split_movements import Halves, halve
from matching.search.plan_ops import leg_days, stack


def kept_movements(problem: Problem, plan: Plan) -> tuple[Halves, Plan]:
    """Return the halves of a plan's movements, and the plan with halves; goods that leave a hub on the day they came stay out of it."""
    second = np.flatnonzero(plan.legs.leg == 2)
    first = _first_legs(plan, second)
    a, legs = plan.allocations, plan.legs
    load_day, unload_day = leg_days(problem, plan)
    came, left = unload_day[first], load_day[second]
    groups: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for k, row in enumerate(legs.allocation[second].tolist()):
        groups[int(a.lot[row]), int(a.line[row]), int(legs.from_site[second[k]])].append(k)
    groups = {key: rows for key, rows in groups.items() if came[rows].max() < left[rows].min()}
    halves = halve(problem, _movements(problem, plan, second, came, groups))
    return halves, _with_halves(plan, halves, first, second, came, left, groups)


def _first_legs(plan: Plan, second: IntArray) -> IntArray:
    """Row of the first leg of each second leg."""
    first = np.full(len(plan.allocations.lot), -1, dtype=np.int64)
    rows = np.flatnonzero(plan.legs.leg == 1)
    first[plan.legs.allocation[rows]] = rows
    return first[plan.legs.allocation[second]]


def _movements(problem: Problem, plan: Plan, second: IntArray, came: IntArray, groups: dict[tuple[int, int, int], list[int]]) -> Movements:
    """One movement for each lot, line and hub, on the days on which it moves."""
    a, of = plan.allocations, plan.legs.allocation[second]
    columns = []
    for (lot, line, hub), rows in groups.items():
        mine, turning = of[rows], int(came[rows].max())
        pick, drop = a.pickup_day[mine], a.delivery_day[mine]
        gate = int(problem.lots.ask_vnd_per_kg[lot] + problem.lines.bid_vnd_per_kg[line] + problem.lines.short_vnd_per_kg[line]) // 2
        kg = int(a.kg[mine].sum())
        columns.append((lot, line, hub, kg, int(pick.min()), int(pick.max()), turning, turning + 1, int(drop.max()), gate))
    table = np.array(columns, dtype=np.int64).reshape(-1, 10)
    return Movements(*(np.ascontiguousarray(column) for column in table.T))


def _with_halves(
    plan: Plan,
    halves: Halves,
    first: IntArray,
    second: IntArray,
    came: IntArray,
    left: IntArray,
    groups: dict[tuple[int, int, int], list[int]],
) -> Plan:
    """Plan of the halved problem: what moves on two legs becomes two allocations."""
    a, legs = plan.allocations, plan.legs
    alone = np.bincount(legs.allocation, minlength=len(a.lot)) == 1
    plain = np.flatnonzero(alone)
    rows = [(k, place) for place, members in enumerate(groups.values()) for k in members]
    k = np.array([row[0] for row in rows], dtype=np.int64)
    m = np.array([row[1] for row in rows], dtype=np.int64)
    of = legs.allocation[second[k]]
    to_hub = Allocations(halves.first_lots[m], halves.hub_lines[m], a.kg[of], a.pickup_day[of], came[k])
    from_hub = Allocations(halves.second_lots[m], halves.movements.line[m], a.kg[of], left[k], a.delivery_day[of])
    plain_leg = np.flatnonzero(alone[legs.allocation])
    plain_leg = plain_leg[np.argsort(legs.allocation[plain_leg], kind="stable")]
    ridden = np.concatenate([plain_leg, first[k], second[k]])
    n = len(plain) + 2 * len(k)
    return Plan(
        allocations=stack([rows_of(a, plain), to_hub, from_hub]),
        legs=Legs(
            allocation=np.arange(n),
            leg=np.ones(n, dtype=np.int64),
            trip=legs.trip[ridden],
            from_site=legs.from_site[ridden],
            to_site=legs.to_site[ridden],
        ),
        trips=plan.trips,
        stops=plan.stops,
    )
