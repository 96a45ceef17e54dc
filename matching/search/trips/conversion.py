"""From the books of the search to a `Plan`, and from a `Plan` back to the books."""

from __future__ import annotations

import numpy as np

from matching.model.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.model.problem import MINUTES_PER_DAY, FloatArray, IntArray, Problem
from matching.search.trips import columns as col
from matching.search.trips._core import State, list_ships
from matching.search.trips.instance import Layout
from matching.search.trips.state import Books


def plan_of(problem: Problem, layout: Layout, books: Books) -> Plan:
    """Write the trips of the books out as a plan, in the order of their start, class and first site."""
    trips = _in_order(books)
    number = np.full(len(books.trip), -1, dtype=np.int64)
    number[trips] = np.arange(len(trips))
    found = np.zeros(len(books.ship), dtype=np.int64)
    ships = found[: list_ships(State(books), found)]
    ships = ships[np.lexsort((books.ship[ships, col.SHIP_LANE], number[books.ship[ships, col.SHIP_TRIP]]))]
    trip_of = books.ship[ships, col.SHIP_TRIP]
    lot, line = layout.lane[books.ship[ships, col.SHIP_LANE], col.LANE_LOT], layout.lane[books.ship[ships, col.SHIP_LANE], col.LANE_LINE]
    start, end = problem.lots.site[lot], problem.lines.site[line]
    first = int(layout.horizon[2])
    allocations = Allocations(
        lot=lot,
        line=line,
        kg=np.rint(books.ship_kg[ships]).astype(np.int64),
        pickup_day=_day_at(books, trip_of, start, loading=True) + first,
        delivery_day=_day_at(books, trip_of, end, loading=False) + first,
    )
    n = len(ships)
    legs = Legs(allocation=np.arange(n), leg=np.ones(n, dtype=np.int64), trip=number[trip_of], from_site=start, to_site=end)
    return Plan(allocations=allocations, legs=legs, trips=_trips(layout, books, trips), stops=_stops(layout, books, trips))


def _in_order(books: Books) -> IntArray:
    trips = np.flatnonzero(books.trip[:, col.TRIP_CLASS] >= CARRIER)
    arrive, site = books.stop[trips, 0, col.STOP_ARRIVE], books.stop[trips, 0, col.STOP_SITE]
    return trips[np.lexsort((books.stop[trips, 1, col.STOP_SITE], site, books.trip[trips, col.TRIP_CLASS], arrive))]


def _day_at(books: Books, trip: IntArray, site: IntArray, *, loading: bool) -> IntArray:
    """Day on which each trip calls at a site to load, or to unload; shape of ``trip``."""
    place = np.arange(books.stop.shape[1])[None, :]
    n_load = books.trip[trip, col.TRIP_NP][:, None]
    n = n_load + books.trip[trip, col.TRIP_ND][:, None]
    right = (place < n_load) if loading else (place >= n_load) & (place < n)
    here = right & (books.stop[trip][:, :, col.STOP_SITE] == site[:, None])
    arrive: IntArray = books.stop[trip, here.argmax(axis=1), col.STOP_ARRIVE]
    return arrive // MINUTES_PER_DAY


def _trips(layout: Layout, books: Books, trips: IntArray) -> Trips:
    vehicle = books.trip[trips, col.TRIP_CLASS]
    km = books.trip_real[trips, col.TRIP_KM].copy()
    trucks = np.flatnonzero(vehicle >= 0)
    based = trucks[layout.vehicle[vehicle[trucks], col.BASE] >= 0]
    base = layout.vehicle[vehicle[based], col.BASE]
    n = books.trip[trips, col.TRIP_NP] + books.trip[trips, col.TRIP_ND]
    first, last = books.stop[trips, 0, col.STOP_SITE], books.stop[trips, np.maximum(n - 1, 0), col.STOP_SITE]
    km[based] += layout.km[base, first[based]] + layout.km[last[based], base]
    return Trips(vehicle=vehicle, km=km, cost_vnd=_costs(layout, books, trips, vehicle))


def _costs(layout: Layout, books: Books, trips: IntArray, vehicle: IntArray) -> IntArray:
    """Cost of each trip; a carrier's daily charge goes on its first trip of the lane and day."""
    cost: IntArray = np.rint(books.trip_real[trips, col.TRIP_COST]).astype(np.int64)
    seen: set[tuple[int, int]] = set()
    for i in np.flatnonzero(vehicle == CARRIER):
        road, day = int(books.trip[trips[i], col.TRIP_ROAD]), int(books.stop[trips[i], 0, col.STOP_ARRIVE])
        if (road, day) not in seen:
            seen.add((road, day))
            cost[i] += int(layout.carrier[road, col.CHARGE])
    return cost


def _stops(layout: Layout, books: Books, trips: IntArray) -> Stops:
    """Stops of the trucks; a carrier has none."""
    trucks = np.flatnonzero(books.trip[trips, col.TRIP_CLASS] >= 0)
    n = (books.trip[trips, col.TRIP_NP] + books.trip[trips, col.TRIP_ND])[trucks]
    trip = np.repeat(trucks, n)
    place = np.arange(len(trip)) - np.repeat(np.cumsum(n) - n, n)
    stop = books.stop[trips[trip], place] if len(trip) else np.zeros((0, 5), dtype=np.int64)
    site, kg = stop[:, col.STOP_SITE], books.stop_kg[trips[trip], place] if len(trip) else np.zeros(0)
    lasts = np.ceil(layout.site[site, col.STOP_MIN] + layout.site[site, col.MIN_PER_KG] * kg - 1e-9).astype(np.int64)
    arrive = stop[:, col.STOP_ARRIVE] + int(layout.horizon[2]) * MINUTES_PER_DAY
    return Stops(trip=trip, seq=place + 1, site=site, arrive_min=arrive, depart_min=arrive + lasts)


__all__ = ["FloatArray", "plan_of"]
