"""`PlanFacts`: everything that the rules read about one plan, derived once, from the plan and the problem alone.

Rows of allocations, legs, trips and stops are those of the cleaned plan (see `matching.rules._clean`). A truck trip is
*sound* if it has stops numbered 1, 2, 3, …; a carrier trip is sound if it serves one lane that a carrier runs, on one pair
of dates. Rules about movement look at sound trips: the unsound ones are already broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from matching.model.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.model.problem import BUYER, HUB, MINUTES_PER_DAY, BoolArray, FloatArray, IntArray, Problem
from matching.rules._clean import CleanPlan
from matching.rules._measure import group_pairs, hop_km, road_row, sum_by, trip_vnd

Column = TypeVar("Column", IntArray, FloatArray, BoolArray)


def _padded(column: Column) -> Column:
    """Add a zero at the end, which the row number -1 finds."""
    return np.append(column, column.dtype.type(0))


@dataclass(frozen=True, eq=False)
class Touches:
    """Kilograms loaded or unloaded at a site on a date; shape of each column (n_touches,)."""

    site: IntArray
    day: IntArray
    kg: IntArray
    loading: BoolArray


@dataclass(frozen=True, eq=False)
class CarrierFacts:
    """What a carrier trip does; shape of each column (n_trips,), meaningful where the trip is a sound carrier trip."""

    road: IntArray  # row of Problem.roads
    from_site: IntArray
    to_site: IntArray
    pickup_day: IntArray
    delivery_day: IntArray
    one_lane: BoolArray  # serves one lane on one pair of dates
    exists: BoolArray  # and a carrier runs there


@dataclass(frozen=True, eq=False)
class PlanFacts:
    """A plan seen from every side that a rule asks about."""

    problem: Problem
    clean: CleanPlan

    @property
    def plan(self) -> Plan:
        return self.clean.plan

    @property
    def allocations(self) -> Allocations:
        return self.clean.plan.allocations

    @property
    def legs(self) -> Legs:
        return self.clean.plan.legs

    @property
    def trips(self) -> Trips:
        return self.clean.plan.trips

    @property
    def stops(self) -> Stops:
        return self.clean.plan.stops

    @property
    def n_allocations(self) -> int:
        return len(self.allocations.lot)

    @property
    def n_trips(self) -> int:
        return len(self.trips.vehicle)

    # Names of things, as people find them in the written tables. -------------------------------------------------

    def allocation_name(self, a: int) -> str:
        p = self.problem
        return f"a{self.clean.allocation_row[a] + 1} {p.lots.id[self.allocations.lot[a]]} {p.lines.id[self.allocations.line[a]]}"

    def trip_name(self, t: int) -> str:
        return f"t{self.clean.trip_row[t] + 1}"

    def stop_name(self, s: int) -> str:
        return f"{self.trip_name(int(self.stops.trip[s]))} {self.problem.sites.id[self.stops.site[s]]}"

    def leg_name(self, row: int) -> str:
        return f"{self.trip_name(int(self.legs.trip[row]))} {self.allocation_name(int(self.legs.allocation[row]))}"

    # Dates of the calendar. -------------------------------------------------------------------------------------------

    @cached_property
    def dates(self) -> dict[tuple[int, int], int]:
        """Row of the calendar of each site and date that it names."""
        calendar = self.problem.calendar
        return {pair: row for row, pair in enumerate(zip(calendar.site.tolist(), calendar.day.tolist(), strict=True))}

    @staticmethod
    def mask(truths: Iterable[bool]) -> BoolArray:
        """Gather yes and no into an array."""
        return np.fromiter(truths, dtype=np.bool_)

    # Allocations. --------------------------------------------------------------------------------------------------

    @cached_property
    def taken_kg(self) -> IntArray:
        """Mass taken of each lot, shape (n_lots,), kg."""
        return sum_by(self.allocations.lot, self.allocations.kg, self.problem.n_lots)

    @cached_property
    def filled_kg(self) -> IntArray:
        """Mass delivered to each line, shape (n_lines,), kg."""
        return sum_by(self.allocations.line, self.allocations.kg, self.problem.n_lines)

    @cached_property
    def parts(self) -> IntArray:
        """Number of allocations of each lot, shape (n_lots,)."""
        return np.bincount(self.allocations.lot, minlength=self.problem.n_lots)

    @cached_property
    def shares(self) -> tuple[IntArray, IntArray, IntArray]:
        """Mass that each supplier brings to each line it serves: lines, suppliers, kg, shape (n_shares,) each."""
        n = max(1, len(self.problem.supplier_ids))
        key = self.allocations.line * n + self.problem.lots.supplier[self.allocations.lot]
        keys, group = np.unique(key, return_inverse=True)
        return keys // n, keys % n, sum_by(group, self.allocations.kg, len(keys))

    # Legs. ---------------------------------------------------------------------------------------------------------

    @cached_property
    def leg_kg(self) -> IntArray:
        """Mass of each leg's allocation, shape (n_legs,), kg."""
        return self.allocations.kg[self.legs.allocation]

    @cached_property
    def n_legs(self) -> IntArray:
        """Number of legs of each allocation, shape (n_allocations,)."""
        return np.bincount(self.legs.allocation, minlength=self.n_allocations)

    @cached_property
    def first_leg(self) -> IntArray:
        """Row of each allocation's first leg, shape (n_allocations,); meaningful where it has one."""
        return self._leg_row(np.cumsum(self.n_legs) - self.n_legs)

    @cached_property
    def last_leg(self) -> IntArray:
        """Row of each allocation's last leg, shape (n_allocations,); meaningful where it has one."""
        return self._leg_row(np.cumsum(self.n_legs) - 1)

    def _leg_row(self, row: IntArray) -> IntArray:
        return np.clip(row, 0, max(0, len(self.legs.leg) - 1))

    @cached_property
    def two_legs(self) -> BoolArray:
        """Allocations that lead through a second trip, shape (n_allocations,)."""
        return np.asarray(self.led & (self.n_legs == 2))

    @cached_property
    def meets(self) -> BoolArray:
        """Where the first leg ends the last one begins, and that is a hub; shape (n_allocations,)."""
        if not len(self.legs.leg):
            return np.zeros(self.n_allocations, dtype=np.bool_)
        middle = self.legs.to_site[self.first_leg]
        return np.asarray((middle == self.legs.from_site[self.last_leg]) & (self.problem.sites.kind[middle] == HUB))

    @cached_property
    def led(self) -> BoolArray:
        """Do one or two legs lead from the lot's site to the line's? Shape (n_allocations,)."""
        if not len(self.legs.leg):
            return np.zeros(self.n_allocations, dtype=np.bool_)
        p, a = self.problem, self.allocations
        start = self.legs.from_site[self.first_leg] == p.lots.site[a.lot]
        end = self.legs.to_site[self.last_leg] == p.lines.site[a.line]
        return np.asarray((self.n_legs >= 1) & (self.n_legs <= 2) & start & end)

    # Stops of trips. -----------------------------------------------------------------------------------------------

    @cached_property
    def _stop_index(self) -> tuple[IntArray, IntArray]:
        """Sorted (trip, site) keys of the stops and the stop rows in that order."""
        key = self.stops.trip * self.problem.n_sites + self.stops.site
        order = np.argsort(key, kind="stable")
        return key[order], order

    def stop_range(self, trip: IntArray, site: IntArray) -> tuple[IntArray, IntArray]:
        """Where the trip's stops at the site begin and end in `_stop_index`, shapes as given."""
        keys, _ = self._stop_index
        wanted = trip * self.problem.n_sites + site
        return np.searchsorted(keys, wanted, side="left"), np.searchsorted(keys, wanted, side="right")

    def stop_of(self, trip: IntArray, site: IntArray) -> IntArray:
        """Row of the trip's first stop at the site, -1 where there is none; shapes as given."""
        low, high = self.stop_range(trip, site)
        padded = np.append(self._stop_index[1], -1)
        return np.where(low < high, padded[low], -1)

    @cached_property
    def n_stops(self) -> IntArray:
        """Number of stops of each trip, shape (n_trips,)."""
        return np.bincount(self.stops.trip, minlength=self.n_trips)

    @cached_property
    def first_stop(self) -> IntArray:
        """Row of each trip's first stop, shape (n_trips,); meaningful where it has one."""
        return np.cumsum(self.n_stops) - self.n_stops

    @cached_property
    def place(self) -> IntArray:
        """Position of each stop in its trip, from 0, shape (n_stops,)."""
        return np.arange(len(self.stops.seq)) - self.first_stop[self.stops.trip]

    @cached_property
    def is_truck(self) -> BoolArray:
        return np.asarray(self.trips.vehicle != CARRIER)

    @cached_property
    def sound_truck(self) -> BoolArray:
        """Truck trips with stops numbered 1, 2, 3, …; shape (n_trips,)."""
        wrong = np.bincount(self.stops.trip[self.stops.seq != self.place + 1], minlength=self.n_trips)
        return np.asarray(self.is_truck & (self.n_stops > 0) & (wrong == 0))

    @cached_property
    def truck(self) -> IntArray:
        """Rows of the sound truck trips, shape (n_sound,)."""
        return np.flatnonzero(self.sound_truck)

    @cached_property
    def sound_stop(self) -> BoolArray:
        """Stops of sound truck trips, shape (n_stops,)."""
        return self.sound_truck[self.stops.trip]

    @cached_property
    def stop_class(self) -> IntArray:
        """Vehicle class at each stop, shape (n_stops,)."""
        return self.trips.vehicle[self.stops.trip]

    def of_class(self, column: Column) -> Column:
        """Value of each trip's class, shape (n_trips,); 0 where it is a carrier's."""
        return _padded(column)[self.trips.vehicle]

    def of_stop_class(self, column: Column) -> Column:
        """Value of the class at each stop, shape (n_stops,)."""
        return _padded(column)[self.stop_class]

    @cached_property
    def begin_min(self) -> IntArray:
        """Clock time at which each stop begins, shape (n_stops,), minutes."""
        return self.stops.arrive_min % MINUTES_PER_DAY

    @cached_property
    def stay_min(self) -> IntArray:
        """Time between arriving and leaving, waiting at the dock included, shape (n_stops,), minutes."""
        return self.stops.depart_min - self.stops.arrive_min

    @cached_property
    def arrive_day(self) -> IntArray:
        return self.stops.arrive_min // MINUTES_PER_DAY

    # Loads of sound truck trips. -----------------------------------------------------------------------------------

    @cached_property
    def load(self) -> IntArray:
        """Rows of the legs on sound truck trips, shape (n_loads,)."""
        return np.flatnonzero(self.sound_truck[self.legs.trip])

    @cached_property
    def load_places(self) -> tuple[IntArray, IntArray]:
        """Places in the trip at which each load comes on and goes off, -1 where the trip has no such stop; (n_loads,)."""
        trip = self.legs.trip[self.load]
        place = np.append(self.place, -1)
        _, on = self.stop_range(trip, self.legs.from_site[self.load])
        _, off = self.stop_range(trip, self.legs.to_site[self.load])
        has_on = self.stop_of(trip, self.legs.from_site[self.load]) >= 0
        has_off = self.stop_of(trip, self.legs.to_site[self.load]) >= 0
        order = np.append(self._stop_index[1], -1)
        return np.where(has_on, place[order[on - 1]], -1), np.where(has_off, place[order[off - 1]], -1)

    @cached_property
    def placed(self) -> BoolArray:
        """Loads that come on at an earlier stop than they go off, shape (n_loads,)."""
        on, off = self.load_places
        return np.asarray((on >= 0) & (off >= 0) & (on < off))

    @cached_property
    def moved_kg(self) -> IntArray:
        """Mass loaded and unloaded at each stop, shape (n_stops,), kg."""
        row = self.load[self.placed]
        trip, kg, n_sites = self.legs.trip[row], self.leg_kg[row], self.problem.n_sites
        key = np.concatenate([trip * n_sites + self.legs.from_site[row], trip * n_sites + self.legs.to_site[row]])
        keys, order = self._stop_index
        _, group = np.unique(keys, return_inverse=True)
        place = np.searchsorted(keys, key)
        moved = np.zeros(len(keys), dtype=np.int64)
        if len(keys):
            moved[order] = sum_by(group[place], np.concatenate([kg, kg]), len(keys))[group]
        return moved

    @cached_property
    def trip_load_kg(self) -> IntArray:
        """Mass that each trip carries in all, shape (n_trips,), kg."""
        return sum_by(self.legs.trip, self.leg_kg, self.n_trips)

    @cached_property
    def trip_km(self) -> FloatArray:
        """Paid kilometres of each trip, 0 where it isn't a sound truck trip; shape (n_trips,)."""
        hops, trip = self.hops, self.stops.trip[self.hops]
        km = np.zeros(self.n_trips)
        np.add.at(km, trip, hop_km(self.problem, self.stops.site[hops], self.stops.site[hops + 1]))
        based = self.truck[self.problem.vehicles.base_site[self.trips.vehicle[self.truck]] >= 0]
        base = self.problem.vehicles.base_site[self.trips.vehicle[based]]
        first = self.stops.site[self.first_stop[based]]
        last = self.stops.site[self.first_stop[based] + self.n_stops[based] - 1]
        km[based] += hop_km(self.problem, base, first) + hop_km(self.problem, last, base)
        return km

    @cached_property
    def hops(self) -> IntArray:
        """Rows of the stops of sound trips after which another stop of the same trip follows, shape (n_hops,)."""
        if not len(self.stops.trip):
            return np.zeros(0, dtype=np.int64)
        same = self.stops.trip[1:] == self.stops.trip[:-1]
        return np.flatnonzero(same & self.sound_stop[:-1])

    # Carriers. -----------------------------------------------------------------------------------------------------

    @cached_property
    def carrier(self) -> CarrierFacts:
        """What each carrier trip does, shape (n_trips,)."""
        row = np.flatnonzero(~self.is_truck[self.legs.trip])
        trip, allocation = self.legs.trip[row], self.legs.allocation[row]
        seen = (
            self.legs.from_site[row],
            self.legs.to_site[row],
            self.allocations.pickup_day[allocation],
            self.allocations.delivery_day[allocation],
        )
        columns = [np.zeros(self.n_trips, dtype=np.int64) for _ in seen]
        one = ~self.is_truck & (np.bincount(trip, minlength=self.n_trips) > 0)
        for column, value in zip(columns, seen, strict=True):
            column[trip] = value
            one[trip[column[trip] != value]] = False
        a, b, picked, delivered = columns
        road = road_row(self.problem, a, b)
        runs = np.append(~np.isnan(self.problem.roads.vnd_per_kg), False)[road]
        return CarrierFacts(road, a, b, picked, delivered, one_lane=one, exists=one & runs)

    @cached_property
    def sound_carrier(self) -> IntArray:
        """Rows of the carrier trips that serve one lane on one date where a carrier runs, shape (n_sound,)."""
        return np.flatnonzero(self.carrier.exists)

    @cached_property
    def trip_vnd(self) -> IntArray:
        """What each trip costs, 0 where it is unsound; shape (n_trips,), VND. The first of a carrier's day pays the fixed part."""
        vnd = np.zeros(self.n_trips, dtype=np.int64)
        vnd[self.truck] = trip_vnd(self.problem, self.trips.vehicle[self.truck], self.trip_km[self.truck])
        sound, c, roads = self.sound_carrier, self.carrier, self.problem.roads
        road = c.road[sound]
        _, first = group_pairs(road, c.pickup_day[sound])
        vnd[sound] = np.rint(self.trip_load_kg[sound] * roads.vnd_per_kg[road]).astype(np.int64)
        vnd[sound[first]] += roads.fixed_vnd[road[first]]
        return vnd

    # What sites feel. ----------------------------------------------------------------------------------------------

    @cached_property
    def touches(self) -> Touches:
        """Every loading and unloading by sound trips."""
        trip, site = self.legs.trip[self.load], (self.legs.from_site[self.load], self.legs.to_site[self.load])
        on_row, on_stop = self._at_stops(trip, site[0], np.ones(len(trip), dtype=np.bool_))
        off_row, off_stop = self._at_stops(trip, site[1], site[0] != site[1])
        kg, c, sound = self.leg_kg[self.load], self.carrier, self.sound_carrier
        stop, carried = np.concatenate([on_stop, off_stop]), self.trip_load_kg[sound]
        return Touches(
            site=np.concatenate([self.stops.site[stop], c.from_site[sound], c.to_site[sound]]),
            day=np.concatenate([self.arrive_day[stop], c.pickup_day[sound], c.delivery_day[sound]]),
            kg=np.concatenate([kg[on_row], kg[off_row], carried, carried]),
            loading=np.repeat([True, False, True, False], [len(on_row), len(off_row), len(sound), len(sound)]),
        )

    def _at_stops(self, trip: IntArray, site: IntArray, wanted: BoolArray) -> tuple[IntArray, IntArray]:
        """Pairs (load, stop) of each wanted load with every stop of its trip at the site."""
        low, high = self.stop_range(trip, site)
        n = np.where(wanted, high - low, 0)
        load = np.repeat(np.arange(len(trip)), n)
        offset = np.arange(len(load)) - np.repeat(np.cumsum(n) - n, n)
        return load, self._stop_index[1][low[load] + offset]

    @cached_property
    def site_days(self) -> tuple[IntArray, IntArray, IntArray]:
        """Sites and dates on which anything moves, and the mass that counts as throughput there; (n_site_days,) each."""
        t = self.touches
        kind = self.problem.sites.kind[t.site]
        counted = np.where(t.loading == ~np.isin(kind, (HUB, BUYER)), t.kg, 0)
        group, first = group_pairs(t.site, t.day)
        return t.site[first], t.day[first], sum_by(group, counted, len(first))

    @cached_property
    def hub_kg(self) -> IntArray:
        """Mass that passes each hub, shape (n_sites,), kg; 0 elsewhere."""
        t = self.touches
        through = (self.problem.sites.kind[t.site] == HUB) & ~t.loading
        return sum_by(t.site[through], t.kg[through], self.problem.n_sites)
