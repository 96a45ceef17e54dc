"""Weekday slots, holidays and stated dates of sites reach the engine as its calendar, and its plans keep them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers.intake import SlotIn, set_slots
from catalog.holiday_models import Holiday
from catalog.models import ANYTIME, Site, SiteDate
from catalog.tenancy import Scope
from matching import SolveParams, solve
from matching.solver import Limits
from service.db import Database
from service.planning.columns import day_of
from service.planning.plans.problem_builder import Horizon, load
from service.planning.plans.site_calendar import CLOSED, DatedHours, SiteCalendar
from tests.service.run_market import open_market

MONDAY = date(2027, 6, 7)
FORTNIGHT = {"available_until": "2027-06-20", "shelf_life_days": 20}
WANTED = {"deliver_until": "2027-06-20"}


def door(session: Session, scope: Scope) -> Site:
    return session.scalars(select(Site).where(Site.association_id == scope.association_id, Site.code == "b1")).one()


def receive_on(session: Session, scope: Scope, *slots: SlotIn, first: date = ANYTIME) -> Site:
    site = door(session, scope)
    set_slots(session, scope, site.uid, slots, first)
    return site


def slot(weekday: int, start: int = 300, end: int = 600, kg: int | None = None) -> SlotIn:
    return SlotIn(weekday=weekday, open_from_min=start, open_until_min=end, capacity_kg=kg)


def hours(session: Session, scope: Scope, day: date) -> DatedHours | None:
    return SiteCalendar(session, scope.association_id).on(door(session, scope).id, day)


def test_a_site_that_receives_on_mondays_gets_deliveries_on_mondays_alone(database: Database) -> None:
    lots, lines = [{**FORTNIGHT, "quantity_kg": 900}] * 3, [{**WANTED, "quantity_kg": 900}] * 3
    scope = open_market(database, lots=lots, demands=lines)
    with database.write() as session:
        receive_on(session, scope, slot(0, kg=1000))
    with database.read() as session:
        problem = load(session, scope.association_id).problem
    plan = solve(problem, SolveParams(Limits(None, 200, 1)), stopwatch=lambda: 0.0).plan
    days = [day_of(day) for day in plan.allocations.delivery_day]
    assert days
    assert {day.weekday() for day in days} == {0}
    by_day = {day: sum(kg for kg, other in zip(plan.allocations.kg.tolist(), days) if other == day) for day in days}
    assert max(by_day.values()) <= 1000
    assert len(by_day) == 2


def test_holidays_close_the_sites_that_keep_them(database: Database) -> None:
    scope = open_market(database)
    with database.write() as session:
        session.add(Holiday(association_id=scope.association_id, day=MONDAY, name="Nghỉ bù"))
        assert hours(session, scope, MONDAY) is None
        door(session, scope).closed_on_holidays = True
        session.flush()
        assert hours(session, scope, MONDAY) == CLOSED
        assert hours(session, scope, MONDAY + timedelta(days=1)) is None
        rows = SiteCalendar(session, scope.association_id).rows(MONDAY, MONDAY + timedelta(days=6))
        assert (rows["day"], rows["closed"]) == ((MONDAY,), (True,))


def test_a_stated_date_says_more_than_a_holiday_and_a_weekday(database: Database) -> None:
    scope = open_market(database)
    with database.write() as session:
        site = receive_on(session, scope, slot(0, kg=1000))
        site.closed_on_holidays = True
        session.add(Holiday(association_id=scope.association_id, day=MONDAY, name="Lễ"))
        for day, given in ((MONDAY, {"throughput_kg": 300}), (MONDAY + timedelta(days=1), {"open_from_min": 480})):
            session.add(SiteDate(association_id=scope.association_id, site_id=site.id, day=day, **given))
        session.flush()
        assert hours(session, scope, MONDAY) == DatedHours(False, 300, 600, 300)
        assert hours(session, scope, MONDAY + timedelta(days=1)) == DatedHours(False, 480, None, None)


def test_slots_that_touch_are_one_window_and_the_longest_counts(database: Database) -> None:
    scope = open_market(database)
    with database.write() as session:
        receive_on(session, scope, slot(0, 300, 420, 500), slot(0, 420, 600, 700), slot(0, 900, 960, 100), slot(1, 1320, 180))
        assert hours(session, scope, MONDAY) == DatedHours(False, 300, 600, 1200)
        assert hours(session, scope, MONDAY + timedelta(days=1)) == DatedHours(False, 1320, 180, None)
        assert hours(session, scope, MONDAY + timedelta(days=2)) == CLOSED


def test_slots_hold_from_their_first_day_on(database: Database) -> None:
    scope = open_market(database)
    later = MONDAY + timedelta(days=7)
    with database.write() as session:
        receive_on(session, scope, slot(0, 300, 600))
        receive_on(session, scope, slot(0, 480, 660), first=later)
        assert hours(session, scope, MONDAY) == DatedHours(False, 300, 600, None)
        assert hours(session, scope, later) == DatedHours(False, 480, 660, None)


@pytest.mark.parametrize(("last", "closed"), [(MONDAY, True), (MONDAY + timedelta(days=1), False)])
def test_a_window_of_closed_days_alone_is_recognised(database: Database, last: date, closed: bool) -> None:
    scope = open_market(database)
    with database.write() as session:
        site = receive_on(session, scope, slot(1))
        assert SiteCalendar(session, scope.association_id, [site.id]).is_closed_throughout(site.id, MONDAY, last) is closed


def test_a_site_that_closes_for_good_is_used_until_then(database: Database) -> None:
    scope = open_market(database, lots=[FORTNIGHT], demands=[WANTED])
    last = MONDAY + timedelta(days=2)
    with database.write() as session:
        door(session, scope).closed_on = last
    with database.read() as session:
        problem = load(session, scope.association_id).problem
        assert problem.n_lines == 1
        closed = {day_of(day) for day in problem.calendar.day[problem.calendar.closed]}
        assert (min(closed), max(closed)) == (last, MONDAY + timedelta(days=13))
        assert load(session, scope.association_id, Horizon(first=last)).problem.n_lines == 0
