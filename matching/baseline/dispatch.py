"""Send one order on its way: the smallest truck that pays, on the freshest dates that everything admits, or a cheaper carrier."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.baseline.calls import Calls
from matching.baseline.clock import StopClock, stop_minutes
from matching.baseline.ledger import Booking, Ledger
from matching.model.plan import CARRIER
from matching.model.problem import MINUTES_PER_DAY, Problem


@dataclass(frozen=True, slots=True)
class Order:
    """What one call asks for.

    Attributes
    ----------
    place : position of the lot in the line's `Calls`.
    kg : still wanted of this lot.
    least_kg : smallest load worth sending: the whole of an indivisible lot, else 1.
    worth_vnd_per_kg : what each kilogram earns before haulage.
    must : goes whatever it costs, because a broker has pinned it.
    """

    line: int
    lot: int
    place: int
    kg: int
    least_kg: int
    worth_vnd_per_kg: int
    must: bool

    def pays(self, kg: int, cost_vnd: int) -> bool:
        """Is a load big enough, and worth more than it costs?"""
        return kg >= max(1, self.least_kg) and (self.must or kg * self.worth_vnd_per_kg > cost_vnd)


class Dispatch:
    """Finds trucks and carriers for orders, and books them."""

    def __init__(self, problem: Problem, ledger: Ledger) -> None:
        self._problem, self._ledger = problem, ledger
        self._clock = StopClock(problem)
        vehicles = problem.vehicles
        usable = np.flatnonzero(vehicles.max_stops >= 2)
        self._by_size = usable[np.lexsort((usable, vehicles.payload_kg[usable]))].tolist()
        self._admitted: dict[tuple[int, int, bool], list[int]] = {}

    def send(self, calls: Calls, order: Order) -> int:
        """Book one load of an order; return its kilograms, 0 where nothing pays."""
        start, end = self._ends(order)
        # A truck visits a site once, so it cannot load and unload at the same one.
        classes = () if start == end else self._classes(start, end, bool(self._problem.lots.cold[order.lot]))
        trucks = self._by_fit(order, classes)
        cheapest = calls.truck(trucks[0][0], order.place)[2] / max(1, trucks[0][1]) if trucks else math.inf
        if sent := self._carry(calls, order, cheapest):
            return sent
        for vehicle, kg in trucks:
            if order.pays(kg, calls.truck(vehicle, order.place)[2]) and (sent := self._drive(calls, order, vehicle, kg)):
                return sent
        return self._carry(calls, order, math.inf)

    def _classes(self, start: int, end: int, cold: bool) -> list[int]:
        """Classes that both doors and the goods admit, the smallest first."""
        key = (start, end, cold)
        if key not in self._admitted:
            vehicles, door_kg = self._problem.vehicles, self._problem.sites.max_vehicle_kg
            door = min(int(door_kg[start]), int(door_kg[end]))
            self._admitted[key] = [v for v in self._by_size if vehicles.payload_kg[v] <= door and (vehicles.refrigerated[v] or not cold)]
        return self._admitted[key]

    def _by_fit(self, order: Order, classes: Sequence[int]) -> list[tuple[int, int]]:
        """Classes and their loads: the smallest that holds the whole order first; then those too small, the largest first."""
        loads = [(vehicle, self._truckload(order, vehicle)) for vehicle in classes]
        holding = [load for load in loads if load[1] == order.kg]
        return holding + [load for load in reversed(loads) if load[1] < order.kg]

    def _truckload(self, order: Order, vehicle: int) -> int:
        """Kilograms of an order that fit a class by weight and by volume."""
        vehicles, litres_per_kg = self._problem.vehicles, float(self._problem.lots.litres_per_kg[order.lot])
        kg = min(order.kg, int(vehicles.payload_kg[vehicle]))
        volume_l = float(vehicles.volume_l[vehicle])
        return min(kg, int(volume_l / litres_per_kg + 1e-9)) if kg * litres_per_kg > volume_l else kg

    def _drive(self, calls: Calls, order: Order, vehicle: int, fitting_kg: int) -> int:
        """Book the first pair of dates on which a class can take the load."""
        ledger, vehicles = self._ledger, self._problem.vehicles
        km, drive_min, cost_vnd = calls.truck(vehicle, order.place)
        for pickup, delivery in calls.days(order.lot, int(float(vehicles.max_hours[vehicle]) // 24) + 1):
            kg = min(fitting_kg, ledger.room_kg(*self._ends(order), pickup, delivery))
            free = ledger.starts[vehicle, pickup] < vehicles.count_per_day[vehicle]
            if not free or not ledger.may_pick_up(order.lot, pickup) or not self._pays(order, kg, pickup, delivery, cost_vnd):
                continue
            if stops := self._stops(order, vehicle, kg, pickup, delivery, drive_min):
                ledger.book(Booking(order.lot, order.line, kg, pickup, delivery, vehicle, km, cost_vnd, stops))
                return kg
        return 0

    def _ends(self, order: Order) -> tuple[int, int]:
        return int(self._problem.lots.site[order.lot]), int(self._problem.lines.site[order.line])

    def _pays(self, order: Order, kg: int, pickup: int, delivery: int, cost_vnd: int) -> bool:
        """Is the load worth haulage and the opening of both sites on these dates?"""
        start, end = self._ends(order)
        openings_vnd = self._ledger.opening_vnd(start, pickup) + self._ledger.opening_vnd(end, delivery)
        return order.pays(kg, cost_vnd + openings_vnd)

    def _stops(self, order: Order, vehicle: int, kg: int, pickup: int, delivery: int, drive_min: int) -> tuple[int, int, int, int] | None:
        """Instants at which loading and unloading start and end."""
        last = self._problem.horizon_until_day
        start, end = self._ends(order)
        load = self._clock.stay(start, stop_minutes(self._problem, start, kg), pickup, ends_same_day=pickup == last)
        unload = self._clock.stay(end, stop_minutes(self._problem, end, kg), delivery, ends_same_day=delivery == last)
        times = self._clock.times(load, unload, vehicle, drive_min, delivery - pickup)
        if times is None:
            return None
        load_at, unload_at = (pickup * MINUTES_PER_DAY + t for t in times)
        return load_at, load_at + load.minutes, unload_at, unload_at + unload.minutes

    def _carry(self, calls: Calls, order: Order, below_vnd_per_kg: float) -> int:
        """Book a carrier on the first date that pays and is cheap enough, where one serves the lane."""
        roads, (start, end) = self._problem.roads, self._ends(order)
        for road, pickup in calls.carrier_days(order.lot):
            used_kg = self._ledger.carried_kg[start, end, pickup]
            delivery = pickup + int(roads.transit_days[road])
            kg = min(order.kg, int(roads.capacity_kg[road]) - used_kg, self._ledger.room_kg(start, end, pickup, delivery))
            cost_vnd = self._freight(road, kg, used_kg > 0)
            may = self._ledger.may_pick_up(order.lot, pickup)
            if may and cost_vnd < below_vnd_per_kg * kg and self._pays(order, kg, pickup, delivery, cost_vnd):
                self._ledger.book(Booking(order.lot, order.line, kg, pickup, delivery, CARRIER, float(calls.km[order.place]), cost_vnd))
                return kg
        return 0

    def _freight(self, road: int, kg: int, used: bool) -> int:
        """What a carrier asks for ``kg``; its fixed part is paid once a day."""
        roads = self._problem.roads
        return round(kg * float(roads.vnd_per_kg[road])) + (0 if used else int(roads.fixed_vnd[road]))
