"""Sites: where trucks stop, and when buyers' doors receive."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field
from sqlalchemy import delete, select

import buyers.intake
from buyers.intake import SlotIn
from buyers.models import ReceivingSlot
from catalog import changes, intake, repository, site_dates
from catalog.changes import SiteChange
from catalog.errors import Invalid, fault
from catalog.given import Given
from catalog.holiday_models import Holiday
from catalog.intake import SiteIn
from catalog.models import Organisation, Site, SiteDate, SiteKind
from catalog.site_dates import HolidayIn, SiteDateIn
from catalog.tenancy import find, visible
from service.api.organisations import Search
from service.auth.permissions import Permission
from service.http.context import Reading, RequestContext, Uid, Writing, before
from service.http.lists import Listing, Page, Part
from service.http.routing import Api
from service.http.shapes import Out, References, shown

api = Api("sites", "Every place where a truck can stop, and the hours in which buyers' doors receive.")
SITES = Listing("sites", {"name": (Site.sort_key, Site.id), "code": (Site.code, Site.id)}, "name")


class SiteOut(Out):
    """A place where a truck can stop."""

    uid: str
    code: str
    kind: SiteKind
    name: str
    organisation: str | None
    commune_code: str | None
    lat: float
    lon: float
    open_from_min: int
    open_until_min: int
    stop_min: float
    min_per_tonne: float
    max_vehicle_kg: int | None
    zone: str | None
    opening_vnd: int
    throughput_kg_per_day: int | None
    handling_vnd_per_kg: float
    closed_on: date | None
    closed_on_holidays: bool
    contact: str | None
    phone: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class SlotOut(Out):
    """Hours of one weekday in which a site receives."""

    weekday: int
    open_from_min: int
    open_until_min: int
    capacity_kg: int | None
    max_vehicles: int | None
    valid_from: date


class Slots(Out):
    """The hours in which a site receives."""

    items: list[SlotOut] = Field(description="The hours, by their first day, weekday and opening.")


class SlotsIn(Given):
    """The hours in which a site receives from a day on, all weekdays together; they take the place of what was stated for that day."""

    valid_from: date
    slots: tuple[SlotIn, ...] = Field(max_length=200)


def _sites(asked: RequestContext, rows: list[Site]) -> list[SiteOut]:
    owners = References(asked.session).uids(Organisation, [row.organisation_id for row in rows])
    return [shown(SiteOut, row, organisation=owners[row.organisation_id]) for row in rows]


@api.get("/sites", may=Permission.SITES_READ)
def list_sites(
    asked: Reading,
    part: Annotated[Part, SITES.part()],
    kind: Annotated[SiteKind | None, Query(description="Only of this kind.", examples=["cooperative"])] = None,
    q: Search = "",
) -> Page[SiteOut]:
    """List the sites that are in use."""
    query = repository.sites(asked.scope, q)
    if kind is not None:
        query = query.where(Site.kind == kind)
    return SITES.page_of(asked, query, part, lambda rows: _sites(asked, rows))


@api.post("/sites", may=Permission.SITES_WRITE)
def add_site(asked: Writing, given: SiteIn) -> SiteOut:
    """Add a site; one that lies outside Vietnam needs `confirmed`."""
    row = intake.add_site(asked.session, asked.scope, given, asked.by)
    asked.did("site.add", row)
    return _sites(asked, [row])[0]


@api.get("/sites/{uid}", may=Permission.SITES_READ)
def get_site(asked: Reading, uid: Uid) -> SiteOut:
    """Show a site."""
    return _sites(asked, [find(asked.session, asked.scope, Site, uid)])[0]


@api.patch("/sites/{uid}", may=Permission.SITES_WRITE)
def change_site(asked: Writing, uid: Uid, given: SiteChange) -> SiteOut:
    """Change a site; a day of closing takes it out of use."""
    was = before(find(asked.session, asked.scope, Site, uid, lock=True))
    row = changes.change_site(asked.session, asked.scope, uid, given, asked.by, asked.version)
    asked.did("site.change", row, was)
    return _sites(asked, [row])[0]


@api.get("/sites/{uid}/slots", may=Permission.SITES_READ)
def list_slots(asked: Reading, uid: Uid) -> Slots:
    """List the hours in which a site receives."""
    return _slots(asked, find(asked.session, asked.scope, Site, uid))


def _slots(asked: RequestContext, site: Site) -> Slots:
    order = (ReceivingSlot.valid_from, ReceivingSlot.weekday, ReceivingSlot.open_from_min)
    rows = asked.session.scalars(select(ReceivingSlot).where(ReceivingSlot.site_id == site.id).order_by(*order).limit(2000))
    return Slots(items=[shown(SlotOut, row) for row in rows])


@api.put("/sites/{uid}/slots", may=Permission.SITES_WRITE)
def set_slots(asked: Writing, uid: Uid, given: SlotsIn) -> Slots:
    """State the hours in which a site receives from a day on."""
    site = find(asked.session, asked.scope, Site, uid, lock=True)
    was = {"slots": [slot.model_dump() for slot in _slots(asked, site).items]}
    asked.session.execute(delete(ReceivingSlot).where(ReceivingSlot.site_id == site.id, ReceivingSlot.valid_from == given.valid_from))
    buyers.intake.set_slots(asked.session, asked.scope, uid, given.slots, given.valid_from)
    now = _slots(asked, site)
    asked.note("site.slots", "site", uid, was, {"slots": [slot.model_dump() for slot in now.items]})
    return now


class SiteDateOut(Out):
    """What holds at a site on one date; what is absent is as usual."""

    day: date
    closed: bool
    open_from_min: int | None
    open_until_min: int | None
    throughput_kg: int | None


class SiteDates(Out):
    """The dates on which a site differs from its usual day."""

    items: list[SiteDateOut] = Field(description="The dates, in their order.")


class SiteDatesIn(Given):
    """The dates on which a site differs from its usual day, in place of all that were stated before."""

    dates: tuple[SiteDateIn, ...] = Field(max_length=2000)


class HolidayOut(Out):
    """A date on which sites that keep holidays are closed."""

    day: date
    name: str


class Holidays(Out):
    """Holidays of a year."""

    items: list[HolidayOut] = Field(description="The holidays, in their order.")


class HolidaysIn(Given):
    """The holidays of a year, in place of all that were stated for it before."""

    holidays: tuple[HolidayIn, ...] = Field(max_length=366)


@api.get("/sites/{uid}/dates", may=Permission.SITES_READ)
def list_site_dates(asked: Reading, uid: Uid) -> SiteDates:
    """List the dates on which a site differs from its usual day."""
    return _dates(asked, find(asked.session, asked.scope, Site, uid))


def _dates(asked: RequestContext, site: Site) -> SiteDates:
    rows = asked.session.scalars(select(SiteDate).where(SiteDate.site_id == site.id).order_by(SiteDate.day).limit(2000))
    return SiteDates(items=[shown(SiteDateOut, row) for row in rows])


@api.put("/sites/{uid}/dates", may=Permission.SITES_WRITE)
def set_site_dates(asked: Writing, uid: Uid, given: SiteDatesIn) -> SiteDates:
    """State the dates on which a site differs from its usual day."""
    site = find(asked.session, asked.scope, Site, uid, lock=True)
    was = _dates(asked, site).model_dump(mode="json")
    asked.session.execute(delete(SiteDate).where(SiteDate.site_id == site.id))
    for one in given.dates:
        site_dates.set_site_date(asked.session, site, one)
    now = _dates(asked, site)
    asked.note("site.date", "site", uid, was, now.model_dump(mode="json"))
    return now


Year = Annotated[int, Path(ge=2020, le=2099, description="The year.", examples=[2027])]


@api.get("/holidays/{year}", may=Permission.CATALOG_READ)
def list_holidays(asked: Reading, year: Year) -> Holidays:
    """List the holidays of a year."""
    return _holidays(asked, year)


def _holidays(asked: RequestContext, year: int) -> Holidays:
    mine = visible(Holiday, asked.scope).where(Holiday.day >= date(year, 1, 1), Holiday.day <= date(year, 12, 31))
    return Holidays(items=[shown(HolidayOut, row) for row in asked.session.scalars(mine.order_by(Holiday.day))])


@api.put("/holidays/{year}", may=Permission.CATALOG_WRITE)
def set_holidays(asked: Writing, year: Year, given: HolidaysIn) -> Holidays:
    """State the holidays of a year."""
    strangers = [fault("day", one.day, f"a day of {year}") for one in given.holidays if one.day.year != year]
    if strangers:
        raise Invalid(strangers)
    was = _holidays(asked, year)
    for held in was.items:
        site_dates.remove_holiday(asked.session, asked.scope, held.day)
    site_dates.add_holidays(asked.session, asked.scope, given.holidays)
    now = _holidays(asked, year)
    asked.note("holiday.add", "holiday", str(year), was.model_dump(mode="json"), now.model_dump(mode="json"))
    return now
