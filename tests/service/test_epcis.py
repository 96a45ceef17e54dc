"""A shipment's events say what happened, in the structure of EPCIS 2.0, to each organisation of its own goods alone."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from catalog.errors import NotFound
from catalog.models import Organisation, OrganisationKind, Side, Site, SiteKind
from catalog.tenancy import Scope
from service.db import Database
from service.planning.fulfilment import deliveries, epcis
from service.planning.fulfilment.deliveries import Load, Received
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Wish
from service.planning.models import Shipment
from tests.sample_market import NOON, Market, act

STEPS = {"commissioning", "loading", "shipping", "receiving", "inspecting"}
DISPOSITIONS = {"active", "in_progress", "in_transit", "non_conformant"}
URI = re.compile(r"[a-z][a-z0-9+.-]*:\S+")
OF_EVENTS = {
    "type", "eventID", "eventTime", "eventTimeZoneOffset", "action", "bizStep", "disposition", "readPoint", "bizLocation",
    "quantityList", "bizTransactionList", "sourceList", "destinationList", "ilmd", "parentID", "childQuantityList",
}  # fmt: skip


class Trip:
    """A truck with goods of two cooperatives for one door, all of it loaded."""

    def __init__(self, session: Session) -> None:
        self.market = market = Market(session)
        mine = {"association_id": market.association.id}
        self.other = Organisation(**mine, side=Side.SUPPLY, kind=OrganisationKind.COOPERATIVE, code="s1", name="Hợp tác xã Hồng Giang")
        session.add(self.other)
        session.flush()
        farm = Site(**mine, code="c1", kind=SiteKind.COOPERATIVE, lat=21.4, lon=106.6, organisation_id=self.other.id)
        session.add(farm)
        session.flush()
        theirs = {"organisation_id": self.other.id, "supplier_id": self.other.id, "site_id": farm.id}
        self.lots = [market.lot(1000), market.lot(500, **theirs)]
        self.line = market.line(1500)
        wishes = [Wish(lot.id, self.line.id, lot.quantity_kg) for lot in self.lots]
        self.promises = transitions.hold(session, wishes, NOON.replace(hour=23), act())
        for promise in self.promises:
            transitions.confirm(session, promise.id, act(minutes=1))
        loads = [Load(promise.id, kg) for promise, kg in zip(self.promises, (900, 500), strict=True)]
        self.shipment = deliveries.ship(session, market.association.id, loads, act(minutes=60))

    def receive(self, session: Session) -> None:
        items = deliveries._items_for(session, self.shipment.id, self.market.door.id)
        said = [
            Received(item.id, item.kg - rejected, rejected, "overripe" if rejected else None)
            for item, rejected in zip(items.values(), (100, 0), strict=True)
        ]
        deliveries.receive(session, self.shipment.id, self.market.door.id, said, act(minutes=180))

    def document(self, session: Session, organisation: Organisation | None = None) -> dict[str, Any]:
        scope = Scope(self.market.association.id, None if organisation is None else organisation.id)
        return epcis.document(session, scope, self.shipment.uid, NOON)


def events(document: dict[str, Any], step: str = "") -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = document["epcisBody"]["eventList"]
    return [event for event in listed if step in ("", event["bizStep"])]


def kilograms(event: dict[str, Any]) -> dict[str, int]:
    listed = event.get("quantityList") or event["childQuantityList"]
    return {one["epcClass"].rpartition(":")[2]: one["quantity"] for one in listed}


def check_structure(document: dict[str, Any]) -> None:
    """What the standard's schema asks of a document of these kinds of events, put in our own words."""
    assert set(document) == {"@context", "type", "schemaVersion", "creationDate", "epcisBody"}
    assert document["@context"][0] == "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
    assert all(URI.fullmatch(meaning) for meaning in document["@context"][1].values())
    assert (document["type"], document["schemaVersion"], set(document["epcisBody"])) == ("EPCISDocument", "2.0", {"eventList"})
    for event in events(document):
        check_event(event, set(document["@context"][1]))


def check_event(event: dict[str, Any], prefixes: set[str]) -> None:
    own = {name for name in event if name.partition(":")[0] in prefixes}
    assert set(event) - own <= OF_EVENTS
    assert {"type", "eventTime", "eventTimeZoneOffset", "action"} <= set(event)
    assert event["type"] in {"ObjectEvent", "AggregationEvent"}
    assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
    assert re.fullmatch(r"[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00", event["eventTimeZoneOffset"])
    assert event["action"] in {"ADD", "OBSERVE", "DELETE"}
    assert (event["bizStep"], event["disposition"]) in [(step, disposition) for step in STEPS for disposition in DISPOSITIONS]
    assert URI.fullmatch(event["eventID"])
    for place in ("readPoint", "bizLocation"):
        assert place not in event or (set(event[place]) == {"id"} and URI.fullmatch(event[place]["id"]))
    quantities = event["childQuantityList" if event["type"] == "AggregationEvent" else "quantityList"]
    assert quantities
    for one in quantities:
        assert (set(one), one["uom"], URI.fullmatch(one["epcClass"]) is not None) == ({"epcClass", "quantity", "uom"}, "KGM", True)
        assert one["quantity"] > 0
    assert event["type"] == "ObjectEvent" or URI.fullmatch(event["parentID"])
    assert "ilmd" not in event or (event["action"] == "ADD" and all(URI.fullmatch(name) for name in event["ilmd"]))
    for one in event.get("bizTransactionList", []):
        assert one["type"] in {"po", "desadv", "recadv"}
        assert URI.fullmatch(one["bizTransaction"])
    for name, word in (("sourceList", "source"), ("destinationList", "destination")):
        for one in event.get(name, []):
            assert set(one) == {"type", word}
            assert one["type"] in {"owning_party", "possessing_party", "location"}
            assert URI.fullmatch(one[word])


@pytest.fixture
def trip(database: Database) -> Trip:
    with database.write() as session:
        return Trip(session)


def test_a_document_has_the_structure_of_the_standard(database: Database, trip: Trip) -> None:
    with database.write() as session:
        check_structure(trip.document(session))
        trip.receive(session)
        check_structure(trip.document(session))


def test_goods_are_commissioned_loaded_shipped_received_and_turned_away(database: Database, trip: Trip) -> None:
    with database.write() as session:
        trip.receive(session)
        made = trip.document(session)
    first, second = (lot.uid for lot in trip.lots)
    assert sorted(event["bizStep"] for event in events(made)) == [
        "commissioning", "commissioning", "inspecting", "loading", "loading", "receiving", "shipping",
    ]  # fmt: skip
    assert [kilograms(event) for event in events(made, "commissioning")] == [{first: 1000}, {second: 500}]
    assert {lot: kg for event in events(made, "loading") for lot, kg in kilograms(event).items()} == {first: 900, second: 500}
    assert kilograms(events(made, "shipping")[0]) == {first: 900, second: 500}
    assert kilograms(events(made, "receiving")[0]) == {first: 900, second: 500}
    inspected = events(made, "inspecting")[0]
    assert (kilograms(inspected), inspected["mca:reason"]) == ({first: 100}, "overripe")


def test_the_times_are_those_of_the_deeds_with_vietnams_offset(database: Database, trip: Trip) -> None:
    with database.read() as session:
        event = events(trip.document(session), "shipping")[0]
    assert (event["eventTime"], event["eventTimeZoneOffset"]) == ("2027-06-07T06:00:00.000Z", "+07:00")
    assert event["destinationList"][-1] == {"type": "location", "destination": f"urn:mca:site:{trip.market.door.uid}"}


def test_the_same_event_always_has_the_same_id(database: Database, trip: Trip) -> None:
    with database.read() as session:
        before = [event["eventID"] for event in events(trip.document(session))]
    with database.write() as session:
        trip.receive(session)
    with database.read() as session:
        after = [event["eventID"] for event in events(trip.document(session))]
    assert set(before) < set(after)
    assert len(set(after)) == len(after)


def test_an_organisation_sees_its_own_goods_alone(database: Database, trip: Trip) -> None:
    with database.write() as session:
        trip.receive(session)
        own, theirs = trip.document(session, trip.market.cooperative), trip.document(session, trip.other)
        everything = trip.document(session, trip.market.buyer)
    first, second = (lot.uid for lot in trip.lots)
    for document, seen in ((own, {first}), (theirs, {second}), (everything, {first, second})):
        check_structure(document)
        assert {lot for event in events(document) for lot in kilograms(event)} == seen
    assert events(theirs, "inspecting") == []
    assert trip.other.uid not in str(own)


def test_a_shipment_of_others_is_not_found(database: Database, trip: Trip) -> None:
    with database.write() as session:
        stranger = Market(session, "thai-binh")
    for scope in (Scope(stranger.association.id), Scope(trip.market.association.id, stranger.cooperative.id)):
        with database.read() as session, pytest.raises(NotFound, match="shipment"):
            epcis.document(session, scope, trip.shipment.uid, NOON)


def test_what_was_never_loaded_was_never_shipped(database: Database, trip: Trip) -> None:
    with database.write() as session:
        session.get_one(Shipment, trip.shipment.id).loaded_at = None
    with database.read() as session:
        assert {event["bizStep"] for event in events(trip.document(session))} == {"commissioning"}
