"""What the coordinator has booked so far, what is left to book, and the plan that the bookings make."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from matching.model.calendar import throughput_kg
from matching.model.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.model.problem import BUYER, HUB, NO_HARVEST, NO_LIMIT, Problem
from matching.rules._coupling import suppliers_left


@dataclass(frozen=True, slots=True)
class Booking:
    """One direct load: part of a lot to a line by one truck or carrier.

    Attributes
    ----------
    vehicle : vehicle class, or CARRIER.
    stops_min : instants at which the pick-up starts and ends and the delivery starts and ends; unused for a carrier.
    """

    lot: int
    line: int
    kg: int
    pickup_day: int
    delivery_day: int
    vehicle: int
    km: float
    cost_vnd: int
    stops_min: tuple[int, int, int, int] = (0, 0, 0, 0)


class Ledger:
    """Everything that bookings use up. A booking can be taken back as long as it is the latest."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.bookings: list[Booking] = []
        self.lot_left_kg: list[int] = problem.lots.kg.tolist()
        self.line_left_kg: list[int] = problem.lines.kg.tolist()
        self.supplier_kg: Counter[tuple[int, int]] = Counter()  # by line and supplier
        self.suppliers_left: list[int] = suppliers_left(problem, np.zeros(problem.n_lines, dtype=np.int64)).tolist()  # by line
        self.starts: Counter[tuple[int, int]] = Counter()  # by vehicle class and date
        self.carried_kg: Counter[tuple[int, int, int]] = Counter()  # by carrier's ends and date
        self._visits: Counter[tuple[int, int]] = Counter()  # by site and date
        self._through_kg: Counter[tuple[int, int]] = Counter()
        self._harvest_days: dict[int, Counter[int]] = {}  # bookings by harvest and date

    def book(self, booking: Booking) -> None:
        """Write a booking down."""
        self.bookings.append(booking)
        self._count(booking, 1)

    def take_back(self, length: int) -> None:
        """Cancel the latest bookings until ``length`` are left."""
        while len(self.bookings) > length:
            self._count(self.bookings.pop(), -1)

    def room_kg(self, start: int, end: int, pickup: int, delivery: int) -> int:
        """Kilograms that may still be loaded at one site and unloaded at the other on two dates."""
        kinds = self.problem.sites.kind
        rooms = [NO_LIMIT]
        if kinds[start] not in (HUB, BUYER):
            rooms.append(self._limit_kg(start, pickup) - self._through_kg[start, pickup])
        if kinds[end] in (HUB, BUYER):
            rooms.append(self._limit_kg(end, delivery) - self._through_kg[end, delivery])
        return min(rooms)

    def _limit_kg(self, site: int, day: int) -> int:
        return int(throughput_kg(self.problem, np.array(site), np.array(day)))

    def may_pick_up(self, lot: int, day: int) -> bool:
        """Tell whether what is booked of the lot's harvest, if anything, is picked up on the same date."""
        booked = self._harvest_days.get(int(self.problem.lots.harvest[lot]))
        return not booked or day in booked

    def opening_vnd(self, site: int, day: int) -> int:
        """What one more visit on a date costs in opening the site."""
        return 0 if self._visits[site, day] else int(self.problem.sites.opening_vnd[site])

    def ends(self, booking: Booking) -> tuple[int, int]:
        """Site of the pick-up and of the delivery."""
        return int(self.problem.lots.site[booking.lot]), int(self.problem.lines.site[booking.line])

    def _count(self, b: Booking, sign: int) -> None:
        start, end = self.ends(b)
        self.lot_left_kg[b.lot] -= sign * b.kg
        self.line_left_kg[b.line] -= sign * b.kg
        self._count_supplier(b, sign)
        self._count_harvest(b, sign)
        self._visits[start, b.pickup_day] += sign
        self._visits[end, b.delivery_day] += sign
        self._count_throughput(start, end, b, sign)
        if b.vehicle == CARRIER:
            self.carried_kg[start, end, b.pickup_day] += sign * b.kg
        else:
            self.starts[b.vehicle, b.pickup_day] += sign

    def _count_supplier(self, b: Booking, sign: int) -> None:
        key = (b.line, int(self.problem.lots.supplier[b.lot]))
        before = self.supplier_kg[key]
        self.supplier_kg[key] += sign * b.kg
        self.suppliers_left[b.line] -= (self.supplier_kg[key] > 0) - (before > 0)

    def _count_harvest(self, b: Booking, sign: int) -> None:
        harvest = int(self.problem.lots.harvest[b.lot])
        if harvest != NO_HARVEST:
            days = self._harvest_days.setdefault(harvest, Counter())
            days[b.pickup_day] += sign
            if not days[b.pickup_day]:
                del days[b.pickup_day]

    def _count_throughput(self, start: int, end: int, b: Booking, sign: int) -> None:
        """Loading counts at cooperatives and depots, unloading at buyers and hubs."""
        kinds = self.problem.sites.kind
        if kinds[start] not in (HUB, BUYER):
            self._through_kg[start, b.pickup_day] += sign * b.kg
        if kinds[end] in (HUB, BUYER):
            self._through_kg[end, b.delivery_day] += sign * b.kg

    def plan(self) -> Plan:
        """The bookings as a plan: booking i is allocation i, leg i and trip i."""
        n, booked = len(self.bookings), self.bookings
        index = np.arange(n, dtype=np.int64)
        ends = np.array([self.ends(b) for b in booked], dtype=np.int64).reshape(n, 2)
        allocations = Allocations(*(_whole([getattr(b, c) for b in booked]) for c in ("lot", "line", "kg", "pickup_day", "delivery_day")))
        legs = Legs(index, np.ones(n, dtype=np.int64), index.copy(), ends[:, 0].copy(), ends[:, 1].copy())
        km = np.array([b.km for b in booked], dtype=np.float64)
        trips = Trips(_whole([b.vehicle for b in booked]), km, _whole([b.cost_vnd for b in booked]))
        return Plan(allocations, legs, trips, self._stops(ends))

    def _stops(self, ends: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> Stops:
        trucks = [i for i, b in enumerate(self.bookings) if b.vehicle != CARRIER]
        rows = [(i, seq, ends[i, seq - 1], *self.bookings[i].stops_min[2 * seq - 2 : 2 * seq]) for i in trucks for seq in (1, 2)]
        table = np.array(rows, dtype=np.int64).reshape(len(rows), 5)
        return Stops(*(np.ascontiguousarray(column) for column in table.T))


def _whole(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)
