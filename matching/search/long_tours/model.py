"""The routing problem of a group of tours, as the library wants it.

Problem data
    Location 0 is where every route begins, location 1 where it ends, the others are pieces to pick up. Each class has distances and
    minutes of its own, so that kilometres from and to its base, its tariff's slope and doors that keep it out are all in its table.

Formulation
    cost of class c from i to j   slope of c's tariff at the present tours' length × km, in units of which a kilometre of the
                                  cheapest slope has 10^k
    fixed cost of c               its fixed charge and what the tariff costs more than the slope
    loads                         kilograms; litres where a class limits them; stops where a class may run out of them
    windows                       of pieces, on the pick-up day; of the end, on the delivery day. Left out where no clock can bind.
The fixed-sum costs are an approximation, and so are windows with a gap; the plan made of the routes is reckoned anew and verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from matching.baseline.clock import stop_minutes
from matching.model.plan import Plan
from matching.model.problem import MINUTES_PER_DAY, NO_BASE, BoolArray, FloatArray, IntArray, Problem
from matching.network.geography import road_km, road_minutes, tariff_vnd
from matching.search.long_tours.clock import TourClock
from matching.search.long_tours.loads import Pieces
from matching.search.long_tours.tours import Tours

if TYPE_CHECKING:
    import pyvrp

START, END, FIRST = 0, 1, 2
FAR = 10_000_000
"""Cost of a way that a class may not take; far more than any tour, far less than what overflows."""
WIDEST = 100_000
"""Cost of the longest way at most, in the library's units."""
MILLILITRES = 1000


@dataclass(frozen=True, eq=False)
class Routing:
    """A routing problem and the class of each of its vehicle types."""

    data: pyvrp.ProblemData
    vehicle: IntArray


def model(problem: Problem, plan: Plan, tours: Tours, pieces: Pieces) -> Routing:
    """Build the routing problem; candidates are all classes that may still start a trip on the day."""
    import pyvrp

    vehicle = np.flatnonzero(tours.spare > 0)
    cost, fixed = _costs(problem, plan, tours, pieces, vehicle)
    timed = _Times(problem, tours, pieces, vehicle)
    loads, capacity = _dimensions(problem, pieces, vehicle)
    clients = [
        pyvrp.Client(FIRST + n, pickup=load, service_duration=timed.lasts[n], tw_early=timed.window[n][0], tw_late=timed.window[n][1])
        for n, load in enumerate(loads.tolist())
    ]
    depots = [pyvrp.Depot(START), pyvrp.Depot(END, tw_early=timed.end[0], tw_late=timed.end[1])]
    types = [
        pyvrp.VehicleType(
            int(min(tours.spare[c], len(clients))),
            capacity=capacity[k].tolist(),
            start_depot=0,
            end_depot=1,
            fixed_cost=int(fixed[k]),
            shift_duration=timed.longest[k],
            profile=k,
        )
        for k, c in enumerate(vehicle.tolist())
    ]
    places = [pyvrp.Location(0, 0) for _ in range(FIRST + len(clients))]
    return Routing(pyvrp.ProblemData(places, clients, depots, types, list(cost), list(timed.minutes)), vehicle)


def _costs(problem: Problem, plan: Plan, tours: Tours, pieces: Pieces, vehicle: IntArray) -> tuple[IntArray, IntArray]:
    """Cost tables, shape (n_vehicles, n, n), and fixed costs, shape (n_vehicles,), in the library's units."""
    km = _ways(problem, tours, pieces, vehicle)
    slope, fixed = _linear(problem, vehicle, float(plan.trips.km[tours.trip].mean()))
    unit = _unit(slope, float(km.max(initial=0.0)), float(fixed.max(initial=0.0)))
    cost = np.rint(km * slope[:, None, None] / unit).astype(np.int64)
    doors = problem.vehicles.payload_kg[vehicle][:, None] > problem.sites.max_vehicle_kg[pieces.site][None, :]
    warm = problem.lots.cold[pieces.lot][None, :] & ~problem.vehicles.refrigerated[vehicle][:, None]
    cost.swapaxes(1, 2)[:, FIRST:][doors | warm] = FAR
    cost[problem.vehicles.payload_kg[vehicle] > problem.sites.max_vehicle_kg[tours.receiver], :, END] = FAR
    diagonal = np.arange(cost.shape[1])
    cost[:, diagonal, diagonal] = 0
    return cost, np.minimum(np.rint(fixed / unit), FAR).astype(np.int64)


def _ways(problem: Problem, tours: Tours, pieces: Pieces, vehicle: IntArray) -> FloatArray:
    """Kilometres of each class between all locations, base legs included, shape (n_vehicles, n, n)."""
    site, n = pieces.site, FIRST + len(pieces.site)
    km = np.zeros((len(vehicle), n, n))
    km[:, FIRST:, FIRST:] = road_km(problem, site[:, None], site[None, :])
    km[:, FIRST:, END] = road_km(problem, site, np.array(tours.receiver))
    for k, base in enumerate(problem.vehicles.base_site[vehicle].tolist()):
        if base != NO_BASE:
            km[k, START, FIRST:] = road_km(problem, np.array(base), site)
            km[k, FIRST:, END] += road_km(problem, np.array(tours.receiver), np.array(base))
    return km


def _linear(problem: Problem, vehicle: IntArray, km: float) -> tuple[FloatArray, FloatArray]:
    """Slope of each class's tariff at a length, and what a trip of that length costs beyond it; VND per km and VND."""
    around = np.array([max(0.0, km - 0.5), max(0.0, km - 0.5) + 1.0])
    ends = np.array([tariff_vnd(problem, int(c), around) for c in vehicle]).reshape(-1, 2)
    slope = ends[:, 1] - ends[:, 0]
    return slope, np.maximum(0.0, problem.vehicles.fixed_vnd[vehicle] + ends[:, 0] - slope * around[0])


def _unit(slope: FloatArray, km: float, fixed_vnd: float) -> float:
    """VND per unit of the library: a kilometre of the cheapest slope has 10^k units, so that whole kilometres stay exact."""
    paid = slope[slope > 0]
    if len(paid) == 0 or km == 0:
        return max(1.0, fixed_vnd / WIDEST)
    digits = np.floor(np.log10(WIDEST * float(paid.min()) / (km * float(paid.max()))))
    return float(paid.min() / 10.0**digits)


def _dimensions(problem: Problem, pieces: Pieces, vehicle: IntArray) -> tuple[IntArray, IntArray]:
    """What each piece takes of each kind of capacity, shape (n_pieces, k), and what each class has, shape (n_vehicles, k)."""
    v = problem.vehicles
    loads, capacity = [pieces.kg], [v.payload_kg[vehicle]]
    litres = np.ceil(pieces.kg * problem.lots.litres_per_kg[pieces.lot] * MILLILITRES).astype(np.int64)
    if bool((v.volume_l[vehicle] * MILLILITRES < litres.sum()).any()):
        loads.append(litres)
        capacity.append(np.minimum(v.volume_l[vehicle] * MILLILITRES, litres.sum()).astype(np.int64))
    pickups = v.max_stops[vehicle] - 1
    if bool((pickups < len(np.unique(pieces.site))).any()):
        loads.append(np.ones(len(pieces.kg), dtype=np.int64))
        capacity.append(np.minimum(pickups, len(pieces.kg)))
    return np.stack(loads, axis=1), np.stack(capacity, axis=1)


class _Times:
    """Minutes of everything, counted from midnight of the pick-up day; all zero and open where no clock can bind.

    Attributes
    ----------
    minutes : driving minutes, shape (n_vehicles, n, n).
    lasts, window : of each piece, the minutes of its stop and when it may begin.
    end : when unloading may begin; longest : minutes that a route of each class may take until then.
    """

    def __init__(self, problem: Problem, tours: Tours, pieces: Pieces, vehicle: IntArray) -> None:
        n, self._problem = FIRST + len(pieces.site), problem
        self.minutes: IntArray = np.zeros((len(vehicle), n, n), dtype=np.int64)
        site = pieces.site
        for k, kmh in enumerate(problem.vehicles.kmh[vehicle].tolist()):
            self.minutes[k, FIRST:, FIRST:] = road_minutes(problem, site[:, None], site[None, :], kmh)
            self.minutes[k, FIRST:, END] = road_minutes(problem, site, np.array(tours.receiver), kmh)
        diagonal = np.arange(n)
        self.minutes[:, diagonal, diagonal] = 0
        self.lasts = [stop_minutes(problem, *stop) for stop in zip(site.tolist(), pieces.kg.tolist())]
        # A class unloads longest when it is full; what it may take until then is less by as much.
        unload = [stop_minutes(problem, tours.receiver, int(kg)) for kg in problem.vehicles.payload_kg[vehicle]]
        self.longest = [int(60 * float(problem.vehicles.max_hours[c])) - m for c, m in zip(vehicle, unload)]
        self._windows(tours, pieces, vehicle)
        if self._is_idle(unload):
            self.window, self.end = [*repeat((0, int(np.iinfo(np.int64).max)), len(site))], (0, int(np.iinfo(np.int64).max))
            self.longest = [*repeat(int(np.iinfo(np.int64).max), len(vehicle))]

    def _windows(self, tours: Tours, pieces: Pieces, vehicle: IntArray) -> None:
        """Longest stretch of minutes at which each stop may begin, for the largest class that passes the door."""
        clock, v = TourClock(self._problem, tours.pickup_day, tours.delivery_day), self._problem.vehicles
        by_size = vehicle[np.argsort(v.payload_kg[vehicle], kind="stable")][::-1]

        def stretch(site: int, kg: int, *, delivers: bool) -> tuple[int, int]:
            admitted = [c for c in by_size.tolist() if v.payload_kg[c] <= self._problem.sites.max_vehicle_kg[site]]
            return _longest(clock.hours(site, admitted[0], kg, delivers=delivers)) if admitted else (0, MINUTES_PER_DAY - 1)

        self.window = [stretch(s, kg, delivers=False) for s, kg in zip(pieces.site.tolist(), pieces.kg.tolist())]
        later = (tours.delivery_day - tours.pickup_day) * MINUTES_PER_DAY
        first, last = stretch(tours.receiver, int(v.payload_kg[by_size[0]]), delivers=True)
        self.end = later + first, later + last

    def _is_idle(self, unload: list[int]) -> bool:
        """Whether nothing takes any time and something is open at the same minute everywhere."""
        takes_time = bool(self.minutes.any()) or any(self.lasts) or any(unload)
        return not takes_time and max(w[0] for w in self.window) <= min(*(w[1] for w in self.window), self.end[1])


def _longest(open_: BoolArray) -> tuple[int, int]:
    """First and last minute of the longest open stretch of a day; the whole day where it never opens, which others will notice."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], open_, [False]]).astype(np.int64)))
    if len(edges) == 0:
        return 0, MINUTES_PER_DAY - 1
    k = 2 * int(np.argmax(edges[1::2] - edges[::2]))
    return int(edges[k]), int(edges[k + 1]) - 1
