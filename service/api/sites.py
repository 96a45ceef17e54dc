"""Sites: where trucks stop, and when buyers' doors receive."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlalchemy import delete, select

import buyers.intake
from buyers.intake import SlotIn
from buyers.models import ReceivingSlot
from catalog import changes, intake, repository
from catalog.changes import SiteChange
from catalog.given import Given
from catalog.intake import SiteIn
from catalog.models import Organisation, Site, SiteKind
from catalog.tenancy import find
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
