"""What hubs take for handling is stated from a day on, and holds for promises made from then on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from catalog.errors import Invalid
from catalog.models import Site, SiteKind
from service.db import Database
from service.planning.terms import handling
from tests.sample_market import NOON, act
from tests.service.proposal_setup import SITES, Desk, season

TODAY = NOON.date()
HUB = {"site_id": "h1", "kind": "hub", "lat": 21.3, "lon": 106.4, "handling_vnd_per_kg": 100.0}


def hub_of(desk: Desk) -> Site:
    with desk.database.read() as session:
        mine = Site.association_id == desk.association
        return session.scalars(select(Site).where(mine, Site.kind == SiteKind.HUB)).one()


def test_a_rate_holds_from_its_day_on(database: Database) -> None:
    desk = Desk(database, season(sites=[*SITES, HUB]))
    uid = hub_of(desk).uid
    tomorrow = TODAY + timedelta(days=1)
    desk.do(handling.state_handling, uid, 250.0, tomorrow, by=act())
    desk.do(handling.state_handling, uid, 150.0, TODAY, by=act())
    assert hub_of(desk).handling_vnd_per_kg == 150.0
    with database.write() as session:
        assert handling.apply_due(session, act(minutes=24 * 60)) == 1
    assert hub_of(desk).handling_vnd_per_kg == 250.0
    with database.read() as session:
        rates = [(rate.valid_from, rate.vnd_per_kg, rate.is_applied) for rate, _ in handling.rates_of(session, desk.association)]
    assert rates == [(tomorrow, 250.0, True), (TODAY, 150.0, True)]


def test_a_day_that_has_passed_and_a_place_that_is_no_hub_are_refused(database: Database) -> None:
    desk = Desk(database, season(sites=[*SITES, HUB]))
    with pytest.raises(Invalid, match="today or later"):
        desk.do(handling.state_handling, hub_of(desk).uid, 1.0, TODAY - timedelta(days=1), by=act())
    with database.read() as session:
        farm = session.scalars(select(Site.uid).where(Site.kind == SiteKind.COOPERATIVE).limit(1)).one()
    with pytest.raises(Invalid, match="a hub"):
        desk.do(handling.state_handling, farm, 1.0, TODAY, by=act())
