"""The second half of a transfer: carrying on from the hub what has come, and direct what has not."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from matching.model.plan import Plan
from matching.model.problem import MINUTES_PER_DAY, NO_HARVEST, FloatArray, IntArray, Lots
from matching.model.subset import rows_of
from matching.pairs.harvests import harvest_days, narrowed
from matching.pairs.lanes import Lanes
from matching.search.hubs.direct_search import search_direct
from matching.search.hubs.job import Job
from matching.search.hubs.part import Closure, cut, left_lines, left_lots
from matching.search.hubs.two_leg import glue, pieces
from matching.search.plan_ops import renumber, stack

GroupKey = tuple[int, int, int, int, bool, float, int]
"""Line, first and last delivery day, supplier, cold, litres per kg, and the lot where it may not be divided (else -1)."""


class Onward:
    """Trips from the hub for what a feeder plan has brought there."""

    def __init__(self, job: Job, fed: Plan, seed: int) -> None:
        self.job, self.fed = job, fed
        self.groups = self._group()
        self.lot = np.zeros(0, dtype=np.int64)
        self.found = self._carry(seed) if self.groups else None

    def plan(self) -> Plan | None:
        """Return two-leg allocations whose kilograms fill both legs alike, and direct ones; None if nothing passes the hub."""
        found, n = self.found, len(self.groups)
        if found is None:
            return None
        a = found.allocations
        rows, direct = pieces(list(self.groups.values()), self.fed.allocations, a), np.flatnonzero(a.lot >= n)
        lot = np.concatenate([np.zeros(n, dtype=np.int64), self.lot])[a.lot]
        renamed = Plan(a.replace(lot=lot), found.legs, found.trips, found.stops)
        return glue(self.job.problem, self.job.meeting.hub, self.fed, renamed, rows, direct) if len(rows) else None

    def cost_per_kg(self) -> FloatArray:
        """What carrying on did cost each line of the job, infinite where nothing was carried; đồng per kg."""
        n, found = len(self.job.line), self.found
        if found is None:
            return np.full(n, np.inf)
        trip, row = found.legs.trip, found.legs.allocation
        kg = found.allocations.kg[row]
        load = np.bincount(trip, weights=kg, minlength=len(found.trips.vehicle))
        ours = found.allocations.lot[row] < len(self.groups)
        place, kg, share = self._place(found.allocations.line[row[ours]]), kg[ours], (found.trips.cost_vnd[trip] / load[trip])[ours]
        carried = np.bincount(place, weights=kg, minlength=n)
        vnd = np.bincount(place, weights=share * kg, minlength=n)
        return np.where(carried > 0, vnd / np.maximum(1.0, carried), np.inf)

    def room(self, room: IntArray) -> IntArray:
        """What each line may be brought the next time: no more than was carried on, where more than that had come; kg."""
        n, found = len(self.job.line), self.found
        if found is None:
            return room
        ours = found.allocations.lot < len(self.groups)
        fed = np.bincount(self._place(self.fed.allocations.line), weights=self.fed.allocations.kg, minlength=n)
        carried = np.bincount(self._place(found.allocations.line[ours]), weights=found.allocations.kg[ours], minlength=n)
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
            whole, supplier = lot if lots.indivisible[lot] else -1, int(lots.supplier[lot])
            key = line, int(lanes.deliver_from_day[row]), last, supplier, bool(lots.cold[lot]), float(lots.litres_per_kg[lot]), whole
            groups[key].append(i)
        return dict(sorted(groups.items()))

    def _carry(self, seed: int) -> Plan:
        """Search trips from the hub and direct ones.

        Lots of the plan are the groups, then those of `lot`; lines and sites are the problem's.
        """
        job, p, meeting = self.job, self.job.problem, self.job.meeting
        lanes, n = self._direct_lanes(), len(self.groups)
        self.lot, lot_place = np.unique(lanes.lot, return_inverse=True)
        of_group = [key[0] for key in self.groups]
        line, place = np.unique(np.concatenate([of_group, lanes.line]).astype(np.int64), return_inverse=True)
        lots = stack([self._as_lots(), self._left_lots()])
        lanes = lanes.replace(lot=n + lot_place, line=place[n:])
        closure = Closure(meeting.hub, 0, meeting.clock_min) if meeting.clock_min < MINUTES_PER_DAY else None
        left = job.left.beside(p, self.fed)
        part = cut(p, lots, left_lines(p, left, line), stack([self._as_lanes(place[:n]), lanes]), left, closure)
        found = search_direct(part, iterations=job.effort.iterations, seed=seed, expired=job.expired)
        return renumber(found, lot=np.arange(n + len(self.lot)), line=line, site=part.site)

    def _fed_kg(self) -> IntArray:
        """What the feeder has taken of each lot, shape (n_lots,), kg."""
        a = self.fed.allocations
        return np.bincount(a.lot, weights=a.kg, minlength=self.job.problem.n_lots).astype(np.int64)

    def _direct_lanes(self) -> Lanes:
        """Return the lanes of lots that the feeder has left something of, margins with the shortage penalty saved."""
        lanes, p, fed = self.job.direct, self.job.problem, self._fed_kg()
        some = (self.job.left.lot_kg > fed) & ~(p.lots.indivisible & (fed > 0))
        lanes = narrowed(rows_of(lanes, np.flatnonzero(some[lanes.lot])), harvest_days(p, self.fed.allocations))
        margin = lanes.margin_vnd_per_kg + p.lines.short_vnd_per_kg[lanes.line]
        return lanes.replace(margin_vnd_per_kg=margin, max_days=np.minimum(lanes.max_days, self.job.effort.shift_days))

    def _left_lots(self) -> Lots:
        fed, lots = self._fed_kg()[self.lot], left_lots(self.job.problem, self.job.left, self.lot)
        return lots.replace(kg=lots.kg - fed, min_take_kg=np.maximum(0, lots.min_take_kg - fed))

    def _as_lots(self) -> Lots:
        """Return one lot at the hub for each group."""
        a, n = self.fed.allocations, len(self.groups)
        kg = np.array([a.kg[rows].sum() for rows in self.groups.values()])
        first = np.array([a.lot[rows[0]] for rows in self.groups.values()])
        lots, zero = rows_of(self.job.problem.lots, first), np.zeros(n, dtype=np.int64)
        return lots.replace(site=np.full(n, self.job.meeting.hub), kg=kg, min_take_kg=zero, harvest=np.full(n, NO_HARVEST))

    def _as_lanes(self, line_place: IntArray) -> Lanes:
        """Return one lane for each group, from the hub to its line; what has been spent on the way to the hub is spent."""
        p, a, meeting, n = self.job.problem, self.fed.allocations, self.job.meeting, len(self.groups)
        line, first, last = (np.array([key[part] for key in self.groups]) for part in range(3))
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
