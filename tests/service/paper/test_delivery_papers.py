"""Papers of a season on the desk: each side's own goods and money, and sums that agree with what they add up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

import pytest
from sqlalchemy import select

from catalog.errors import NotFound
from catalog.models import Association, Organisation
from catalog.tenancy import Scope
from service.db import Database
from service.paper import journeys, picking, statements, trucks
from service.paper.season import season_pdf
from service.paper.words import Words
from service.planning import models as m
from service.planning.fulfilment import receipts, settlements, shipments
from service.planning.fulfilment.receipts import Said
from service.planning.fulfilment.shipments import Cargo
from service.planning.plans import overview
from service.planning.states import ReturnReason
from tests.service.paper.reading import pages
from tests.service.proposal_setup import Desk
from tests.service.test_shipments import TRUCK, door, promised

VI = Words("vi")
FIRST, LAST = date(2027, 6, 1), date(2027, 6, 30)
Found = TypeVar("Found")
AnyDesk = tuple[Desk, m.Shipment, list[str]]


@pytest.fixture
def rolling(database: Database) -> AnyDesk:
    """A desk with one loaded truck, and the promises on it."""
    desk = Desk(database)
    with database.write() as session:
        session.get_one(Association, desk.association).fee_per_mille = 15
    names = promised(desk, 0, 1)
    shipment = desk.do(shipments.plan, [Cargo(name) for name in names], TRUCK)
    return desk, desk.do(shipments.load, shipment.uid, version=shipment.version, accepted_difference_vnd=10**9), names


def asked(desk: Desk, question: Callable[..., Found], scope: Scope, *given: object) -> Found:
    with desk.database.read() as session:
        return question(session, scope, *given)


def uid_of(desk: Desk, code: str) -> str:
    with desk.database.read() as session:
        return session.scalars(select(Organisation.uid).where(Organisation.id == desk.parties[code])).one()


def test_each_buyer_is_shown_its_own_goods_of_a_shared_truck(rolling: AnyDesk) -> None:
    desk, shipment, _ = rolling
    whole = asked(desk, journeys.of_shipment, desk.broker, shipment.uid)
    part = asked(desk, journeys.of_shipment, desk.scope("buyer1"), shipment.uid)
    assert (whole.kg, part.kg) == (2000, 1800)
    assert len(part.doors) == 1
    assert {stop.site for stop in part.stops} == {site for one in part.goods for site in (one.origin, one.door)}


def test_a_stranger_finds_no_papers(rolling: AnyDesk) -> None:
    desk, shipment, _ = rolling
    with pytest.raises(NotFound, match="shipment"):
        asked(desk, journeys.of_shipment, desk.scope("s2"), shipment.uid)


def test_a_trip_of_the_plan_has_its_sheet_before_anything_rolls(database: Database) -> None:
    desk = Desk(database)
    found = asked(desk, journeys.of_trip, desk.broker, desk.plan, 0)
    sheet = pages(trucks.delivery_notes(found, VI, "urn:mca:trip"))[0]
    assert VI.kg(found.kg).replace("\u00a0", " ") in sheet
    assert all(stop.arrive_min is not None for stop in found.stops)
    with pytest.raises(NotFound, match="trip"):
        asked(desk, journeys.of_trip, desk.broker, desk.plan, 999)


def test_a_pick_list_names_what_is_approved_and_when_the_truck_comes(rolling: AnyDesk) -> None:
    desk, _, _ = rolling
    found = asked(desk, picking.pick_list, desk.scope("s1"), uid_of(desk, "s1"), FIRST, LAST)
    assert [(pick.kg, pick.confirmed) for pick in found.picks] == [(1800, True), (200, True)]
    (page,) = pages(picking.pick_list_pdf(found, VI))
    assert "Tổng cộng 2.000 kg" in page
    assert VI.clock(found.picks[0].at_min) in page
    empty = asked(desk, picking.pick_list, desk.broker, uid_of(desk, "s1"), FIRST, date(2027, 6, 2))
    assert "Không có hàng" in pages(picking.pick_list_pdf(empty, VI))[0]


def test_statements_add_up_to_what_is_paid_and_hide_deductions_from_buyers(rolling: AnyDesk) -> None:
    desk, shipment, names = rolling
    said = [Said(names[0], 1750, 50, ReturnReason.BRUISED)]
    one = desk.do(receipts.receive, shipment.uid, door(desk, "b1"), said, scope=desk.scope("buyer1"))
    two = desk.do(receipts.receive, shipment.uid, door(desk, "b2"), [Said(names[1], 200)], scope=desk.scope("buyer2"))
    money = [row for receipt in (one, two) for row in desk.do(settlements.draft, receipt.uid)]
    seller = asked(desk, statements.statement, desk.scope("s1"), uid_of(desk, "s1"), FIRST, LAST)
    buyer = asked(desk, statements.statement, desk.scope("buyer1"), uid_of(desk, "buyer1"), FIRST, LAST)
    assert seller.total_vnd == seller.open_vnd == sum(row.supplier_vnd for row in money)
    assert buyer.total_vnd == 1750 * 20_000
    assert (buyer.entries[0].freight_vnd, buyer.entries[0].fee_vnd, buyer.shares) == (None, None, ())
    paper = pages(statements.statement_pdf(buyer, VI))[0]
    assert "35.000.000 đ" in paper
    assert "Cước" not in paper
    assert VI.vnd(seller.total_vnd).replace("\u00a0", " ") in pages(statements.statement_pdf(seller, VI))[0]
    season = asked(desk, overview.season, desk.broker, FIRST, LAST)
    assert season.delivered_kg == 1950


def test_the_season_adds_up_alike_from_every_side(rolling: AnyDesk) -> None:
    desk, _, _ = rolling
    season = asked(desk, overview.season, desk.broker, FIRST, LAST)
    matched = sum(pair.matched_kg for pair in season.pairs)
    assert (season.wanted_kg, season.offered_kg, season.matched_kg) == (3000, 3500, matched)
    for groups in (season.by_product(), season.by_buyer(), season.by_commune(), season.by_supplier()):
        assert sum(group.matched_kg for group in groups) == matched
    assert season.over_floor_vnd_per_kg == pytest.approx(
        sum(p.matched_kg * (p.price_vnd_per_kg - p.ask_vnd_per_kg) for p in season.pairs) / matched
    )
    report = " ".join(pages(season_pdf(season, "Liên minh", VI)))
    assert "Tổng cộng 3.000 kg 3.000 kg" in report
    assert asked(desk, overview.span, desk.broker) is not None
    nothing = asked(desk, overview.season, desk.broker, date(2030, 1, 1), date(2030, 1, 2))
    assert (nothing.fill_rate, nothing.fairness().median) == (None, None)
    assert "0 kg" in pages(season_pdf(nothing, "Liên minh", VI))[0]
