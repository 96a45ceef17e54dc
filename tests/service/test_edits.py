"""A broker's change of an item is judged by the rules of the format before it is written."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from catalog.errors import Invalid, Stale
from catalog.models import Side, VehicleClass
from service.db import Database
from service.planning.errors import AlreadyConfirmed, LotOvercommitted
from service.planning.pins import single
from service.planning.plans.problem_builder import load
from service.planning.proposals import decisions, edits
from service.planning.proposals.decisions import Chosen
from service.planning.proposals.edits import Edit
from service.planning.states import ProposalState
from service.planning.terms.figures import figures_of_items
from tests.service.proposal_setup import Desk, chosen, season
from tests.service.test_proposals import PRICE, confirmed

CLASSES = [{}, {"class_id": "small", "payload_kg": 500, "fixed_vnd": 100_000}, {"class_id": "big", "payload_kg": 5000}]
NEXT = date(2027, 6, 8)


def desk_of(database: Database, **tables: Any) -> Desk:
    return Desk(database, season(**({"vehicles": CLASSES} | tables)))


def class_code(database: Database, number: int | None) -> str:
    with database.read() as session:
        return session.scalars(select(VehicleClass.code).where(VehicleClass.id == number)).one()


def test_fewer_kilograms_are_written_and_the_money_follows(database: Database) -> None:
    desk = desk_of(database)
    first = desk.items()[0]
    item = desk.do(edits.edit, chosen(first), Edit(kg=1700, note="as the farm asked"))
    assert (item.kg, item.note, item.state, item.own_vnd) == (1700, "as the farm asked", ProposalState.PROPOSED, None)
    with database.read() as session:
        before, after = figures_of_items(session, [first])[first.id].parts, figures_of_items(session, [item])[item.id].parts
    assert (before.buyer_vnd, after.buyer_vnd) == (1800 * 20_000, 1700 * 20_000)
    assert before.freight_vnd == after.freight_vnd > 0
    assert after.supplier_vnd == after.buyer_vnd - after.freight_vnd


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        (Edit(kg=2100), "kg", "lot_quantity"),
        (Edit(kg=1900), "kg", "line_quantity"),
        (Edit(pickup_on=date(2027, 6, 10), delivery_on=date(2027, 6, 10)), "pickup_on", "pickup_dates"),
        (Edit(delivery_on=date(2027, 6, 11)), "delivery_on", "delivery_dates"),
        (Edit(vehicle_class="small"), "kg", "payload"),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused_by_its_name(database: Database, change: Edit, field: str, rule: str) -> None:
    desk = desk_of(database)
    first = desk.items()[0]
    with pytest.raises(Invalid, match=f"the rule {rule} to be kept") as caught:
        desk.do(edits.edit, chosen(first), change)
    assert field in {fault.field for fault in caught.value.faults}
    assert desk.item(first.uid).version == first.version


@pytest.mark.parametrize(
    ("tables", "kg", "rule"),
    [
        ({"lots": [{"quantity_kg": 2000, "min_take_kg": 1500}]}, 1000, "min_take"),
        ({"lots": [{"quantity_kg": 1800, "indivisible": "yes"}]}, 1000, "indivisible"),
        ({"demands": [{"quantity_kg": 1800, "min_fill_kg": 1200}]}, 1000, "min_fill"),
        ({"demands": [{"quantity_kg": 1800, "min_supplier_kg": 1200}]}, 1000, "min_supplier"),
        ({"decisions": [{"lot_id": "lot1", "line_id": "line1", "decision": "pin", "kg": 1500}]}, 1100, "decisions"),
    ],
)
def test_amounts_that_the_format_guards_are_guarded_here_too(database: Database, tables: dict[str, Any], kg: int, rule: str) -> None:
    desk = desk_of(database, **({"lots": [{"quantity_kg": 2000}], "demands": [{"quantity_kg": 1800}]} | tables))
    item = desk.items()[0]
    with pytest.raises(Invalid, match=f"the rule {rule} to be kept"):
        desk.do(edits.edit, chosen(item), Edit(kg=kg))


def test_a_certificate_must_cover_the_new_day(database: Database) -> None:
    requires = [{"quantity_kg": 1800, "requires": "VietGAP"}]
    lapsing = [{"valid_until": "2027-06-07"}]
    desk = desk_of(database, demands=requires, certificates=lapsing, lots=[{"quantity_kg": 2000}])
    (item,) = desk.items()
    with pytest.raises(Invalid, match="the rule certificate to be kept"):
        desk.do(edits.edit, chosen(item), Edit(pickup_on=NEXT, delivery_on=NEXT))


def test_another_day_means_a_truck_of_its_own(database: Database) -> None:
    desk = desk_of(database)
    first = desk.items()[0]
    with database.read() as session:
        planned = figures_of_items(session, [first])[first.id].parts.freight_vnd
    item = desk.do(edits.edit, chosen(first), Edit(pickup_on=NEXT, delivery_on=NEXT))
    assert (item.pickup_on, item.delivery_on) == (NEXT, NEXT)
    assert item.own_load_min is not None
    assert item.own_unload_min is not None
    assert item.own_load_min // 1440 == item.own_unload_min // 1440 == (NEXT - date(1970, 1, 1)).days
    with database.read() as session:
        assert figures_of_items(session, [item])[item.id].parts.freight_vnd == item.own_vnd
    assert planned == item.own_vnd, "the same class on the same road costs the same"


def test_another_truck_is_reckoned_by_its_tariff(database: Database) -> None:
    desk = desk_of(database)
    first = desk.items()[0]
    was = class_code(database, first.vehicle_class_id)
    item = desk.do(edits.edit, chosen(first), Edit(vehicle_class="big"))
    assert (was, class_code(database, item.vehicle_class_id)) == ("class1", "big")
    small = desk.do(edits.edit, chosen(item), Edit(kg=400, vehicle_class="small"))
    assert small.own_vnd == (item.own_vnd or 0) - 200_000


def test_a_truck_that_does_not_exist_and_days_upside_down_are_refused(database: Database) -> None:
    desk = desk_of(database)
    item = chosen(desk.items()[0])
    with pytest.raises(Exception, match="there is no vehicle class 'ox'"):
        desk.do(edits.edit, item, Edit(vehicle_class="ox"))
    with pytest.raises(Invalid, match="picked up before it is delivered"):
        desk.do(edits.edit, item, Edit(pickup_on=NEXT))
    with pytest.raises(Invalid, match="1 kg or more"):
        desk.do(edits.edit, item, Edit(kg=0))
    with pytest.raises(Stale, match="version"):
        desk.do(edits.edit, Chosen(item.uid, 9), Edit(kg=10))


def test_hours_in_which_no_truck_can_call_are_refused(database: Database) -> None:
    closed = [
        {"site_id": "c1", "open_from": "08:00", "open_until": "09:00"},
        {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85, "open_from": "08:00", "open_until": "18:00"},
    ]
    desk = desk_of(database, sites=closed, lots=[{}], demands=[{}],
                   vehicles=[{}, {"class_id": "slow", "kmh": 5}])  # fmt: skip
    (item,) = desk.items()
    with pytest.raises(Invalid, match="days with hours"):
        desk.do(edits.edit, chosen(item), Edit(vehicle_class="slow"))


def test_an_approved_item_is_held_anew_and_both_are_asked_again(database: Database) -> None:
    desk = desk_of(database)
    item = desk.do(decisions.approve, chosen(desk.items()[0]))
    item = desk.do(decisions.confirm, chosen(item), scope=desk.party(item, Side.SUPPLY))
    item = desk.do(edits.edit, chosen(item), Edit(kg=1000))
    assert (item.state, item.supplier_confirmed_at) == (ProposalState.APPROVED, None)
    assert desk.balances() == {"offered": 2500, "held": 1000}


def test_a_raise_beyond_what_others_have_taken_is_refused(database: Database) -> None:
    desk = desk_of(database)
    first, second, _ = desk.items()
    item = desk.do(edits.edit, chosen(first), Edit(kg=1000))
    desk.do(decisions.reject, chosen(second), PRICE)
    with database.write() as session:
        from service.planning.ledger import transitions
        from tests.sample_market import NOON, act

        transitions.hold(session, [transitions.Wish(first.lot_id, second.line_id, 900)], NOON.replace(hour=23), act("broker Nam"))
    item = desk.do(decisions.approve, chosen(item))
    with pytest.raises((Invalid, LotOvercommitted), match=r"lot_quantity|kg left"):
        desk.do(edits.edit, chosen(item), Edit(kg=1200))


def test_what_both_have_confirmed_is_not_edited(database: Database) -> None:
    desk = desk_of(database)
    item = confirmed(desk, desk.items()[0])
    with pytest.raises(AlreadyConfirmed, match="both sides"):
        desk.do(edits.edit, chosen(item), Edit(kg=10))


def test_a_truck_of_its_own_counts_against_the_next_plans_trucks(database: Database) -> None:
    desk = desk_of(database, vehicles=[{"count_per_day": 5}, {"class_id": "big", "payload_kg": 5000, "count_per_day": 2}])
    item = desk.do(edits.edit, chosen(desk.items()[0]), Edit(vehicle_class="big"))
    desk.do(decisions.approve, chosen(item))
    with database.read() as session:
        problem = load(session, desk.association).problem
    assert dict(zip(problem.vehicles.id, problem.vehicles.count_per_day)) == {"class1": 5, "big": 1}


def test_an_edit_leaves_the_pins_of_others_alone(database: Database) -> None:
    desk = desk_of(database)
    first, second, _ = desk.items()
    desk.do(single.pin, chosen(second))
    assert desk.do(edits.edit, chosen(first), Edit(kg=1750)).kg == 1750
