"""What trucks cost and when they are kept out, stated anew from a day on and with a source; what held before stays on record."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from catalog import changes
from catalog.changes import AccessRuleIn, Band, TariffIn
from catalog.models import VehicleClass
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader, fields
from service.web.pages import Pages

pages = Pages("tariffs")
BANDS = 4
"""How many bands of kilometres the form has."""
MOST = 500


def _tariff_form(visit: PageContext) -> Response:
    query = visible(VehicleClass, visit.scope).order_by(VehicleClass.payload_kg, VehicleClass.id).limit(MOST)
    trucks = [(one.uid, f"{one.code} ({visit.formats.kg(one.payload_kg)})") for one in visit.session.scalars(query)]
    return visit.show("association/tariff_new.html", trucks=trucks, bands=BANDS)


@pages.get("/rules/tariffs/new", may=Permission.CATALOG_WRITE)
def new_tariff(visit: PageRequest) -> Response:
    """Show the form of a new tariff."""
    return _tariff_form(visit)


@pages.post("/rules/tariffs/new", may=Permission.CATALOG_WRITE, form=_tariff_form)
def add_tariff(visit: PageRequest) -> Response:
    """State what a class of trucks costs from a day on, and who says so."""
    read = Reader(visit.form)
    truck, source = read.text("truck", needed=True), read.text("source", needed=True, most=500)
    since, fixed = read.day("valid_from", needed=True), read.whole("fixed_vnd", needed=True)
    bands = [one for number in range(BANDS) if (one := _band(read, number)) is not None]
    read.done()
    vehicle = find(visit.session, visit.scope, VehicleClass, truck or "", lock=True)
    given: dict[str, Any] = fields(valid_from=since, fixed_vnd=fixed, bands=tuple(bands), source=source)
    tariff = TariffIn(**given)
    changes.add_tariff(visit.session, vehicle, tariff)
    visit.note("tariff.add", "vehicle_class", vehicle.uid, None, tariff.model_dump(mode="json"))
    return visit.go("/rules", visit.say("The tariff is on file. Runs that start from now on reckon with it."))


def _band(read: Reader, number: int) -> Band | None:
    """Return a band of the form; the first one starts at kilometre 0 and must be there."""
    since = read.decimal(f"from_km-{number}") if number else None
    rate = read.whole(f"vnd_per_km-{number}", needed=number == 0 or since is not None)
    if rate is not None and number and since is None:
        read.wrong(f"from_km-{number}", "", "a value")
    return None if rate is None else Band(from_km=float(since or 0), vnd_per_km=float(rate))


def _hours_form(visit: PageContext) -> Response:
    return visit.show("association/hours_new.html")


@pages.get("/rules/hours/new", may=Permission.CATALOG_WRITE)
def new_hours(visit: PageRequest) -> Response:
    """Show the form of new hours in which trucks are kept out."""
    return _hours_form(visit)


@pages.post("/rules/hours/new", may=Permission.CATALOG_WRITE, form=_hours_form)
def add_hours(visit: PageRequest) -> Response:
    """Add hours in which trucks are kept out of a zone."""
    read = Reader(visit.form)
    given: dict[str, Any] = fields(
        zone=read.text("zone", needed=True, most=100),
        min_payload_kg=read.whole("min_payload_kg", needed=True),
        closed_from_min=_minutes(read, "closed_from_min"),
        closed_until_min=_minutes(read, "closed_until_min"),
        valid_from=read.day("valid_from", needed=True),
        valid_until=read.day("valid_until"),
        source=read.text("source", needed=True, most=500),
    )
    read.done()
    row = changes.add_access_rule(visit.session, visit.scope, AccessRuleIn(**given), visit.by)
    visit.did("access_rule.add", row)
    return visit.go("/rules", visit.say("The hours are on file. Runs that start from now on keep to them."))


def _minutes(read: Reader, name: str) -> int | None:
    """Return a time of the day such as ``06:00`` as minutes since midnight."""
    text = read.text(name, needed=True, most=5)
    if text is None:
        return None
    hours, _, minutes = text.partition(":")
    if hours.isdecimal() and minutes.isdecimal() and int(hours) * 60 + int(minutes) <= 1440 and int(minutes) < 60:
        return int(hours) * 60 + int(minutes)
    read.wrong(name, text, "a clock time such as 06:00")
    return None
