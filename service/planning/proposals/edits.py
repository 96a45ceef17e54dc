"""Changing an item's kilograms, dates or truck: checked against every rule of the format before it is written.

The question is asked of a part of the plan: the item, what rides on its trucks, and what else its lot gives or its line takes. That part
is judged by `matching.verify` as it was and as it would be; a rule that the change would break is refused by name. An item with other dates
or another truck leaves its trip and gets a truck of its own, straight from the lot's site to the line's.

The engine is loaded when the first change is judged, not when the service starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from catalog.errors import Fault, Invalid, fault
from catalog.models import VehicleClass
from catalog.tenancy import Scope, check_version, find_code
from matching.model.errors import Violation
from matching.model.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.model.problem import Problem
from matching.network.geography import road_km, tariff_vnd
from service.planning import models as m
from service.planning.columns import day_number
from service.planning.journal import Journal, before
from service.planning.ledger.transitions import Act
from service.planning.plans.problem_builder import Loaded, Only, load
from service.planning.proposals import decisions
from service.planning.proposals import items as desk
from service.planning.proposals.decisions import HOLD_MINUTES, Chosen
from service.planning.proposals.items import tell
from service.planning.states import ProposalState

LIVE = (ProposalState.PROPOSED, ProposalState.APPROVED)
OF_THE_TRIP_LEFT = frozenset({"empty_trip", "stop_list"})
"""Rules about the shape of a trip that an item leaves; its other stops stay as they were planned."""
PRICE = "trip_cost"
"""Not judged: the price of a changed trip is reckoned anew (`service.planning.terms.estimates`)."""
FIELDS = {
    "pickup_dates": "pickup_on", "stop_dates": "pickup_on", "certificate": "pickup_on", "delivery_dates": "delivery_on",
    "remaining_life": "delivery_on", "cold": "vehicle_class", "doors": "vehicle_class", "count_per_day": "vehicle_class",
    "access_hours": "vehicle_class", "opening_hours": "vehicle_class", "max_hours": "vehicle_class", "horizon": "delivery_on",
}  # fmt: skip
"""Which field of the change breaks a rule; all other rules speak of the kilograms."""


@dataclass(frozen=True)
class Edit:
    """What changes of an item; what is None stays. `vehicle_class` is the code of a truck's class."""

    kg: int | None = None
    pickup_on: date | None = None
    delivery_on: date | None = None
    vehicle_class: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class OwnTruck:
    """A truck that carries one item alone: kilometres, cost, and when it loads and unloads, in local minutes since 1970."""

    own_km: float
    own_vnd: int
    own_load_min: int
    own_unload_min: int


NO_TRUCK = {"own_km": None, "own_vnd": None, "own_load_min": None, "own_unload_min": None}


@dataclass(frozen=True)
class _Wanted:
    """An item as it would be."""

    kg: int
    pickup_on: date
    delivery_on: date
    class_id: int | None
    truck: OwnTruck | None


def edit(session: Session, scope: Scope, chosen: Chosen, change: Edit, act: Act, hold_minutes: int = HOLD_MINUTES) -> m.ProposalItem:
    """Change an item as a broker; what both sides have said about it before no longer counts, and a hold is made anew.

    Raises
    ------
    Invalid
        Naming each rule of the format that the change would break.
    AlreadyConfirmed
        If both sides have confirmed it.
    LotOvercommitted, LineOvercommitted
        If an approved item is to have more kilograms than are left.
    """
    truck_class = None if change.vehicle_class is None else find_code(session, scope, VehicleClass, change.vehicle_class)

    def step(s: Session, journal: Journal, item: m.ProposalItem, version: int | None) -> None:
        decisions.require_unbound(s, item)
        if item.state not in LIVE:
            decisions.require_open(s, item)
        check_version(item, version)
        if item.state is ProposalState.PROPOSED:
            desk.require_current(s, item)
        wanted = _checked(s, scope, item, change, truck_class)
        was = before(item)
        _write(s, item, wanted, change.note, journal.act, hold_minutes)
        journal.note("proposal_item.edit", item, was)
        tell(s, journal, "proposal.revised", item)

    return decisions.one(session, scope, chosen, act, step)


def _write(session: Session, item: m.ProposalItem, wanted: _Wanted, note: str | None, act: Act, hold_minutes: int) -> None:
    held = item.state is ProposalState.APPROVED
    if held:
        decisions.give_back(session, item, act)
    item.kg, item.pickup_on, item.delivery_on = wanted.kg, wanted.pickup_on, wanted.delivery_on
    item.vehicle_class_id = wanted.class_id
    for column, value in (NO_TRUCK if wanted.truck is None else vars(wanted.truck)).items():
        setattr(item, column, value)
    item.note = item.note if note is None else note
    desk.clear_confirmations(item)
    desk.touch(item, act)
    session.flush()
    if held:
        decisions.hold(session, item, act, hold_minutes)


def _checked(session: Session, scope: Scope, item: m.ProposalItem, change: Edit, truck_class: VehicleClass | None) -> _Wanted:
    """Return an item as it would be, or refuse it."""
    assert item.pickup_on is not None
    assert item.delivery_on is not None
    kg = item.kg if change.kg is None else change.kg
    days = (change.pickup_on or item.pickup_on, change.delivery_on or item.delivery_on)
    if kg < 1 or days[0] > days[1]:
        raise Invalid([fault("kg,pickup_on,delivery_on", f"{kg}, {days[0]}, {days[1]}", "1 kg or more, picked up before it is delivered")])
    class_id = item.vehicle_class_id if truck_class is None else truck_class.id
    moved = days != (item.pickup_on, item.delivery_on) or class_id != item.vehicle_class_id
    near = _neighbours(session, item)
    only = Only({one.lot_id for one in near}, {one.line_id for one in near}, [one.id for one in near])
    loaded = load(session, scope.association_id, only=only)
    truck = None
    if moved or item.own_km is not None:
        truck = _own_truck(loaded, item, kg, days, class_id)
    wanted = _Wanted(kg, *days, class_id, truck)
    _judge(session, loaded, near, item, wanted, left=moved and item.own_km is None)
    return wanted


def _neighbours(session: Session, item: m.ProposalItem) -> list[m.ProposalItem]:
    """Return the live items of the plan that share a lot, a line or a trip with one, itself included."""
    i, a = m.ProposalItem, m.PlanAllocation
    plan_id = session.execute(select(a.plan_id).where(a.id == item.allocation_id)).scalar_one()
    trips = select(m.PlanLeg.trip_id).where(m.PlanLeg.allocation_id == item.allocation_id)
    aboard = select(m.PlanLeg.allocation_id).where(m.PlanLeg.trip_id.in_(trips))
    near = or_(i.lot_id == item.lot_id, i.line_id == item.line_id, i.allocation_id.in_(aboard), i.id == item.id)
    query = select(i).join(a, a.id == i.allocation_id).where(a.plan_id == plan_id, i.state.in_(LIVE), near)
    return list(session.scalars(query.order_by(i.id)))


def _own_truck(loaded: Loaded, item: m.ProposalItem, kg: int, days: tuple[date, date], class_id: int | None) -> OwnTruck:
    """Return the times and the price of a truck that carries an item alone.

    Raises
    ------
    Invalid
        If no class is named, the class can't be had, or no hours fit.
    """
    from matching.search.long_tours.clock import TourClock

    classes = loaded.class_ids.tolist()
    if class_id not in classes:
        raise Invalid([fault("vehicle_class", "", "the code of a class of trucks that can be had: the item leaves its trip")])
    problem, vehicle = loaded.problem, classes.index(class_id)
    ends = _ends(loaded, item)
    clock = TourClock(problem, day_number(days[0]), day_number(days[1]))
    times = clock.times(vehicle, np.array(ends), np.array([kg, kg]))
    if times is None:
        raise Invalid([fault("pickup_on,delivery_on", f"{days[0]}, {days[1]}", "days with hours in which this truck can load and unload")])
    km = _paid_km(problem, vehicle, ends)
    cost = round(float(problem.vehicles.fixed_vnd[vehicle]) + float(tariff_vnd(problem, vehicle, np.array(km))))
    return OwnTruck(km, cost, int(times[0][0]), int(times[0][1]))


def _ends(loaded: Loaded, item: m.ProposalItem) -> tuple[int, int]:
    """Return the places, in the problem, of the lot's and of the line's site."""
    problem = loaded.problem
    lot, line = loaded.lot_ids.tolist().index(item.lot_id), loaded.line_ids.tolist().index(item.line_id)
    return int(problem.lots.site[lot]), int(problem.lines.site[line])


def _paid_km(problem: Problem, vehicle: int, ends: tuple[int, int]) -> float:
    base = int(problem.vehicles.base_site[vehicle])
    hops = [ends] if base < 0 else [(base, ends[0]), ends, (ends[1], base)]
    return float(sum(float(road_km(problem, np.array(a), np.array(b))) for a, b in hops))


def _judge(session: Session, loaded: Loaded, near: Sequence[m.ProposalItem], item: m.ProposalItem, wanted: _Wanted, *, left: bool) -> None:
    """Refuse what breaks a rule that was kept before.

    Raises
    ------
    Invalid
        With one fault for each rule broken.
    """
    from matching.verify import verify

    drawn = _Part(session, loaded, near)
    was = {(v.rule, v.where) for v in verify(loaded.problem, drawn.plan({})).violations}
    found = verify(loaded.problem, drawn.plan({item.id: wanted})).violations
    excused = {PRICE, *(OF_THE_TRIP_LEFT if left else ())}
    broken = [v for v in found if (v.rule, v.where) not in was and v.rule not in excused]
    if broken:
        values = {"kg": wanted.kg, "pickup_on": wanted.pickup_on, "delivery_on": wanted.delivery_on, "vehicle_class": wanted.class_id}
        raise Invalid(sorted({_fault(v, values) for v in broken}))


def _fault(broken: Violation, values: dict[str, Any]) -> Fault:
    field = FIELDS.get(broken.rule, "kg")
    return fault(field, values[field], f"the rule {broken.rule} to be kept at {broken.where}: {broken.detail}")


class _Part:
    """The part of a plan that some items make up, drawn as a `Plan` of the engine."""

    def __init__(self, session: Session, loaded: Loaded, near: Sequence[m.ProposalItem]) -> None:
        self._loaded, self._near = loaded, near
        allocations = [one.allocation_id for one in near]
        query = select(m.PlanLeg).where(m.PlanLeg.allocation_id.in_(allocations)).order_by(m.PlanLeg.allocation_id, m.PlanLeg.leg)
        self._legs = session.scalars(query).all()
        numbers = {leg.trip_id for leg in self._legs}
        self._trips = session.scalars(select(m.PlanTrip).where(m.PlanTrip.id.in_(numbers)).order_by(m.PlanTrip.number)).all()
        self._stops = session.scalars(
            select(m.PlanStop).where(m.PlanStop.trip_id.in_(numbers)).order_by(m.PlanStop.trip_id, m.PlanStop.seq)
        ).all()
        self._lot, self._line, self._site, self._class = (
            {int(number): place for place, number in enumerate(ids)}
            for ids in (loaded.lot_ids, loaded.line_ids, loaded.site_ids, loaded.class_ids)
        )

    def plan(self, instead: dict[int, _Wanted]) -> Plan:
        """Return the plan with some items as they would be."""
        shown = [instead.get(one.id) or _as_it_is(one) for one in self._near]
        allocations = Allocations(
            lot=_ints(self._lot[one.lot_id] for one in self._near),
            line=_ints(self._line[one.line_id] for one in self._near),
            kg=_ints(one.kg for one in shown),
            pickup_day=_ints(day_number(one.pickup_on) for one in shown),
            delivery_day=_ints(day_number(one.delivery_on) for one in shown),
        )
        return Plan(allocations, *self._movement(shown))

    def _movement(self, shown: Sequence[_Wanted]) -> tuple[Legs, Trips, Stops]:
        place = {one.allocation_id: n for n, one in enumerate(self._near)}
        riding = [leg for leg in self._legs if shown[place[leg.allocation_id]].truck is None]
        number = {trip.id: n for n, trip in enumerate(self._trips)}
        legs: list[tuple[int, ...]] = [
            (place[leg.allocation_id], leg.leg, number[leg.trip_id], self._site[leg.from_site_id], self._site[leg.to_site_id])
            for leg in riding
        ]
        rows: list[tuple[int, float, int]] = [
            (CARRIER if trip.vehicle_class_id is None else self._class[trip.vehicle_class_id], trip.km, trip.cost_vnd)
            for trip in self._trips
        ]
        stops: list[tuple[int, ...]] = [(number[s.trip_id], s.seq, self._site[s.site_id], s.arrive_min, s.depart_min) for s in self._stops]
        for n, (item, one) in enumerate(zip(self._near, shown)):
            if one.truck is not None:
                self._add_own(n, item, one, one.truck, legs, rows, stops)
        legs.sort()
        stops.sort()
        return Legs(*_columns(legs, 5)), _trips(rows), Stops(*_columns(stops, 5))

    def _add_own(
        self, n: int, item: m.ProposalItem, one: _Wanted, truck: OwnTruck,
        legs: list[tuple[int, ...]], rows: list[tuple[int, float, int]], stops: list[tuple[int, ...]],
    ) -> None:  # fmt: skip
        from matching.baseline.clock import stop_minutes

        assert one.class_id is not None
        start, end = _ends(self._loaded, item)
        trip, problem = len(rows), self._loaded.problem
        legs.append((n, 1, trip, start, end))
        rows.append((self._class[one.class_id], truck.own_km, truck.own_vnd))
        for seq, (site, at) in enumerate(((start, truck.own_load_min), (end, truck.own_unload_min)), 1):
            stops.append((trip, seq, site, at, at + stop_minutes(problem, site, one.kg)))


def _as_it_is(item: m.ProposalItem) -> _Wanted:
    truck = None
    if item.own_km is not None and item.own_vnd is not None and item.own_load_min is not None and item.own_unload_min is not None:
        truck = OwnTruck(item.own_km, item.own_vnd, item.own_load_min, item.own_unload_min)
    assert item.pickup_on is not None
    assert item.delivery_on is not None
    return _Wanted(item.kg, item.pickup_on, item.delivery_on, item.vehicle_class_id, truck)


def _ints(values: Any) -> Any:
    return np.array(list(values), dtype=np.int64)


def _columns(rows: Sequence[tuple[int, ...]], n: int) -> list[Any]:
    return [_ints(row[column] for row in rows) for column in range(n)]


def _trips(rows: Sequence[tuple[int, float, int]]) -> Trips:
    return Trips(_ints(row[0] for row in rows), np.array([row[1] for row in rows], dtype=np.float64), _ints(row[2] for row in rows))
