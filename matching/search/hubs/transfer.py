"""One transfer: goods come to a hub on one day until an hour, and leave it from that hour on.

Two searches for direct trips make it: the first brings lots to the hub, each kilogram worth what its line pays less what carrying on is
thought to cost; the second carries on what has come, and
what is left besides. What carrying on did cost is what the next first search reckons with (dynamic slope
scaling).
"""

from __future__ import annotations

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import MINUTES_PER_DAY, FloatArray, IntArray
from matching.model.subset import rows_of
from matching.pairs.lanes import Lanes
from matching.search.hubs.direct_search import search_direct
from matching.search.hubs.job import Job
from matching.search.hubs.part import Closure, TransferPart, cut, left_lines, left_lots
from matching.search.hubs.second_leg import Onward
from matching.search.plan_ops import renumber


def transfer(job: Job, onward_vnd_per_kg: FloatArray, seed: int) -> Plan | None:
    """Return the best plan found of goods that pass the hub, and of direct trips beside; None if nothing passes it.

    Parameters
    ----------
    onward_vnd_per_kg : what carrying on from the hub may cost, shape (n_lanes,), đồng per kg.
    """
    best, best_worth = None, 0
    room = job.left.line_kg[job.line]
    for n in range(job.effort.rounds):
        fed = _feed(job, onward_vnd_per_kg, room, seed + 2 * n)
        if fed is None or job.expired():
            break
        onward = Onward(job, fed, seed + 2 * n + 1)
        plan = onward.plan()
        if plan is None:
            break
        if best is None or _worth(job, plan) > best_worth:
            best, best_worth = plan, _worth(job, plan)
        onward_vnd_per_kg, room = onward.cost_per_kg()[job.line_place], onward.room(room)
    return best


def _worth(job: Job, plan: Plan) -> int:
    """Worth of a plan without openings, VND."""
    a, lots, lines = plan.allocations, job.problem.lots, job.problem.lines
    gain = lines.bid_vnd_per_kg[a.line] + lines.short_vnd_per_kg[a.line] - lots.ask_vnd_per_kg[a.lot]
    passed_kg = int(a.kg[plan.legs.allocation[plan.legs.leg == 2]].sum())
    return int((a.kg * gain).sum() - job.handling_vnd_per_kg * passed_kg) - int(plan.trips.cost_vnd.sum())


def _feed(job: Job, onward_vnd_per_kg: FloatArray, room: IntArray, seed: int) -> Plan | None:
    """Bring lots to the hub; the plan's lots, lines and sites are numbered as in the problem, its lines end at the hub."""
    margin = job.worth_vnd_per_kg - job.handling_vnd_per_kg - onward_vnd_per_kg
    rows = np.flatnonzero((margin > 1) & (room[job.line_place] > 0))
    if len(rows) == 0:
        return None
    lot, lot_place = np.unique(job.lanes.lot[rows], return_inverse=True)
    line, line_place = np.unique(job.line_place[rows], return_inverse=True)
    day = np.full(len(rows), job.meeting.day)
    lanes = rows_of(job.lanes, rows).replace(
        lot=lot_place,
        line=line_place,
        deliver_from_day=day,
        deliver_until_day=day,
        max_days=np.full(len(rows), job.effort.shift_days),
        margin_vnd_per_kg=np.floor(margin[rows]).astype(np.int64),
    )
    part = _cut(job, lot, job.line[line], room[line], lanes)
    found = search_direct(part, iterations=job.effort.iterations, seed=seed, expired=job.expired)
    return renumber(found, lot=lot, line=job.line[line], site=part.site)


def _cut(job: Job, lot: IntArray, line: IntArray, room: IntArray, lanes: Lanes) -> TransferPart:
    """Cut out the problem in which the hub stands for the receivers."""
    p, left, meeting = job.problem, job.left, job.meeting
    lines = left_lines(p, left, line)
    lines = lines.replace(site=np.full(len(line), meeting.hub), kg=room, min_fill_kg=np.minimum(lines.min_fill_kg, room))
    turns = meeting.clock_min < MINUTES_PER_DAY
    closure = Closure(meeting.hub, meeting.clock_min, MINUTES_PER_DAY) if turns else None
    return cut(p, left_lots(p, left, lot), lines, lanes, left, closure)
