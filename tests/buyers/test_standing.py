"""Standing orders place their lines for the next week, until their last day, and never twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers import standing
from buyers.intake import LineIn, OrderIn, place_order
from buyers.models import DemandLine, Order
from catalog.errors import Conflict, Invalid
from catalog.tenancy import Scope
from service.db import Database
from tests.sample_market import TODAY, Market

WEEK = timedelta(days=7)


def weekly(session: Session, market: Market) -> Order:
    """An order of two lines on two days of this week."""
    lines = [
        LineIn(
            site=market.door.uid, products=("lychee",), max_grade=2, quantity_kg=kg, deliver_from=day, deliver_until=day,
            bid_vnd_per_kg=27_000,
        )
        for kg, day in ((500, TODAY + timedelta(days=1)), (300, TODAY + timedelta(days=2)))
    ]  # fmt: skip
    return place_order(session, mine(market), OrderIn(buyer=market.buyer.uid, lines=tuple(lines)), "buyer")


def mine(market: Market) -> Scope:
    return Scope(market.association.id, market.buyer.id)


def days(session: Session, market: Market) -> list[date]:
    query = select(DemandLine.deliver_from).where(DemandLine.organisation_id == market.buyer.id, DemandLine.quantity_kg == 500)
    return sorted(session.scalars(query))


def test_each_week_is_placed_once_and_none_after_the_last_day(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        order = weekly(session, market)
        row = standing.start(session, mine(market), order.uid, TODAY + 3 * WEEK, "buyer", TODAY)
        first = TODAY + timedelta(days=1)
        standing.place_weeks(session, row, TODAY)
        standing.place_due(session, TODAY)
        assert days(session, market) == [first, first + WEEK]
        for week in range(1, 8):
            standing.place_due(session, TODAY + week * WEEK)
        assert days(session, market) == [first, first + WEEK, first + 2 * WEEK]


def test_a_service_that_was_away_places_no_days_that_have_passed(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        row = standing.start(session, mine(market), weekly(session, market).uid, TODAY + 20 * WEEK, "buyer", TODAY)
        standing.place_weeks(session, row, TODAY + 5 * WEEK)
        assert min(day for day in days(session, market) if day > TODAY + timedelta(days=1)) > TODAY + 5 * WEEK


def test_an_order_is_repeated_once_and_stops_when_it_is_told_to(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        order = weekly(session, market)
        row = standing.start(session, mine(market), order.uid, TODAY + 9 * WEEK, "buyer", TODAY)
        with pytest.raises(Conflict, match="every week already"):
            standing.start(session, mine(market), order.uid, TODAY + 9 * WEEK, "buyer", TODAY)
        standing.stop(session, mine(market), row.uid, "buyer", None)
        assert standing.place_due(session, TODAY) == []
        with pytest.raises(Conflict, match="has ended"):
            standing.stop(session, mine(market), row.uid, "buyer", None)


@pytest.mark.parametrize("until", [TODAY, TODAY + timedelta(days=400)])
def test_a_last_day_lies_within_a_year_from_tomorrow_on(until: date, database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        order = weekly(session, market)
        with pytest.raises(Invalid, match="until"):
            standing.start(session, mine(market), order.uid, until, "buyer", TODAY)


def test_a_week_that_cannot_be_ordered_is_noted_and_passed_over(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        order = weekly(session, market)
        row = standing.start(session, mine(market), order.uid, TODAY + 9 * WEEK, "buyer", TODAY)
        market.door.organisation_id = market.farm.organisation_id
        session.flush()
        assert standing.place_weeks(session, row, TODAY) == []
        assert "where this buyer receives" in row.problem
        assert row.placed_through == TODAY + WEEK
