"""The second half of a transfer: carrying on from the hub what has come."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from matching.hubs.glue import glue, pieces
from matching.hubs.job import Job
from matching.hubs.part import Closure, cut, left_lines, lot_rows, renumbered, search
from matching.lanes import Lanes
from matching.plan import Plan
from matching.problem import MINUTES_PER_DAY, NO_LIMIT, FloatArray, IntArray, Lots

GroupKey = tuple[int, bool, float, int, int, int]
"""Line, cold, litres per kg, first and last delivery day, and the lot where it may not be divided (else -1)."""


class Onward:
    """Trips from the hub for what a feeder plan has brought there."""

    def __init__(self, job: Job, fed: Plan, seed: int) -> None:
        self.job, self.fed = job, fed
        self.groups = self._group()
        self.found = self._carry(seed) if self.groups else None

    def plan(self) -> Plan | None:
        """Return two-leg allocations whose kilograms fill both legs alike, or None if there are none."""
        if self.found is None:
            return None
        rows = pieces(list(self.groups.values()), self.fed.allocations, self.found.allocations)
        return glue(self.job.problem, self.job.meeting.hub, self.fed, self.found, rows) if len(rows) else None

    def cost_per_kg(self) -> FloatArray:
        """What carrying on did cost each line of the job, infinite where nothing was carried; đồng per kg."""
        n, found = len(self.job.line), self.found
        if found is None:
            return np.full(n, np.inf)
        trip, kg = found.legs.trip, found.allocations.kg[found.legs.allocation]
        load = np.bincount(trip, weights=kg, minlength=len(found.trips.vehicle))
        place = self._place(found.allocations.line[found.legs.allocation])
        carried = np.bincount(place, weights=kg, minlength=n)
        vnd = np.bincount(place, weights=found.trips.cost_vnd[trip] * kg / load[trip], minlength=n)
        return np.where(carried > 0, vnd / np.maximum(1.0, carried), np.inf)

    def room(self, room: IntArray) -> IntArray:
        """What each line may be brought the next time: no more than was carried on, where more than that had come; kg."""
        n, found = len(self.job.line), self.found
        if found is None:
            return room
        fed = np.bincount(self._place(self.fed.allocations.line), weights=self.fed.allocations.kg, minlength=n)
        carried = np.bincount(self._place(found.allocations.line), weights=found.allocations.kg, minlength=n)
        return np.where(carried < fed, carried, room).astype(np.int64)

    def _place(self, line: IntArray) -> IntArray:
        return np.searchsorted(self.job.line, line)

    def _group(self) -> dict[GroupKey, list[int]]:
        """Allocations of the feeder that may share trucks and days from the hub on, by what they share."""
        lanes, a, lots = self.job.lanes, self.fed.allocations, self.job.problem.lots
        rows_of = defaultdict(list)
        for row, pair in enumerate(zip(lanes.lot.tolist(), lanes.line.tolist())):
            rows_of[pair].append(row)
        groups: dict[GroupKey, list[int]] = defaultdict(list)
        for i, (lot, line, day) in enumerate(zip(a.lot.tolist(), a.line.tolist(), a.pickup_day.tolist())):
            row = next(r for r in rows_of[lot, line] if lanes.pickup_from_day[r] <= day <= lanes.pickup_until_day[r])
            last = min(int(lanes.deliver_until_day[row]), day + int(lanes.max_days[row]))
            whole = lot if lots.indivisible[lot] else -1
            groups[line, bool(lots.cold[lot]), float(lots.litres_per_kg[lot]), int(lanes.deliver_from_day[row]), last, whole].append(i)
        return dict(sorted(groups.items()))

    def _carry(self, seed: int) -> Plan:
        """Search trips from the hub; lots of the plan are groups, lines and sites are the problem's."""
        job, p, meeting = self.job, self.job.problem, self.job.meeting
        line, place = np.unique([key[0] for key in self.groups], return_inverse=True)
        lots, lanes, n = self._as_lots(), self._as_lanes(place), len(line)
        # The feeder has seen to the suppliers of each line, who are no longer told apart here.
        lines = left_lines(p, job.left, line).replace(max_suppliers=np.full(n, NO_LIMIT), min_supplier_kg=np.zeros(n, dtype=np.int64))
        turns = meeting.clock_min < MINUTES_PER_DAY
        closure = Closure(meeting.hub, 0, meeting.clock_min) if turns else None
        left = job.left.with_opened(meeting.hub, meeting.day)
        part = cut(p, lots, lines, lanes, left, closure)
        found = search(part, iterations=job.effort.iterations, seed=seed, expired=job.expired)
        return renumbered(found, np.arange(len(self.groups)), line, part.site)

    def _as_lots(self) -> Lots:
        """Return one lot at the hub for each group."""
        a, n = self.fed.allocations, len(self.groups)
        kg = np.array([a.kg[rows].sum() for rows in self.groups.values()])
        first = np.array([a.lot[rows[0]] for rows in self.groups.values()])
        lots = lot_rows(self.job.problem.lots, first)
        return lots.replace(site=np.full(n, self.job.meeting.hub), kg=kg, min_take_kg=np.zeros(n, dtype=np.int64))

    def _as_lanes(self, line_place: IntArray) -> Lanes:
        """Return one lane for each group, from the hub to its line; what has been spent on the way to the hub is spent."""
        p, a, meeting, n = self.job.problem, self.fed.allocations, self.job.meeting, len(self.groups)
        line, first, last = (np.array([key[part] for key in self.groups]) for part in (0, 3, 4))
        ask = np.array([np.average(p.lots.ask_vnd_per_kg[a.lot[rows]], weights=a.kg[rows]) for rows in self.groups.values()])
        margin = np.floor(p.lines.bid_vnd_per_kg[line] + p.lines.short_vnd_per_kg[line] - ask)
        return Lanes(
            lot=np.arange(n),
            line=line_place.astype(np.int64),
            pickup_from_day=np.full(n, meeting.leave_day),
            pickup_until_day=np.minimum(last, meeting.leave_day + 1),
            deliver_from_day=first,
            deliver_until_day=last,
            max_days=np.full(n, self.job.effort.shift_days),
            margin_vnd_per_kg=margin.astype(np.int64),
        )
