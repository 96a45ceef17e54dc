"""Trucks and what they cost, hours in which they are kept out, and known roads."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from sqlalchemy import Select, select

from catalog import changes
from catalog.changes import AccessRuleChange, AccessRuleIn, RoadChange, RoadIn, TariffIn, VehicleClassChange, VehicleClassIn
from catalog.errors import NotFound
from catalog.given import Day
from catalog.models import AccessRule, Organisation, Road, Site, Tariff, TariffBand, VehicleClass
from catalog.tenancy import check_version, find, visible
from service.auth.permissions import Permission
from service.http.context import Reading, RequestContext, Uid, Writing, before
from service.http.lists import Listing, Page, Part, SearchText
from service.http.routing import Api
from service.http.shapes import Out, References, shown

api = Api("transport", "Classes of trucks with their tariffs, access rules, and known roads and carriers.")
VEHICLES = Listing("vehicles", {"code": (VehicleClass.code, VehicleClass.id)}, "code")
RULES = Listing("access-rules", {"zone": (AccessRule.zone, AccessRule.id)}, "zone")
ROADS = Listing("roads", {"created_at": (Road.created_at, Road.id)}, "created_at")


class BandOut(Out):
    """The rate of each kilometre from one on."""

    from_km: float
    vnd_per_km: float


class TariffOut(Out):
    """What a class of trucks costs from a day on."""

    valid_from: date
    fixed_vnd: int
    bands: list[BandOut]
    source: str


class VehicleClassOut(Out):
    """A class of trucks with all of its tariffs."""

    uid: str
    code: str
    organisation: str | None
    payload_kg: int
    volume_l: float | None
    refrigerated: bool
    kmh: float
    count_per_day: int | None
    max_stops: int
    max_hours: float
    base_site: str | None
    retired_on: date | None
    tariffs: list[TariffOut]
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class AccessRuleOut(Out):
    """Hours in which trucks of some payload or more are kept out of a zone."""

    uid: str
    zone: str
    min_payload_kg: int
    closed_from_min: int
    closed_until_min: int
    valid_from: date
    valid_until: date | None
    source: str
    version: int
    updated_at: datetime
    updated_by: str


class RoadOut(Out):
    """What is known of the way from one site to another."""

    uid: str
    from_site: str | None
    to_site: str | None
    km: float | None
    minutes: float | None
    vnd_per_kg: float | None
    fixed_vnd: int
    capacity_kg: int | None
    transit_days: int
    cold: bool
    source: str
    version: int
    updated_at: datetime
    updated_by: str


def _vehicles(asked: RequestContext, rows: list[VehicleClass]) -> list[VehicleClassOut]:
    known = References(asked.session)
    owners = known.uids(Organisation, [row.organisation_id for row in rows])
    bases = known.uids(Site, [row.base_site_id for row in rows])
    tariffs = _tariffs(asked, [row.id for row in rows])
    return [
        shown(VehicleClassOut, row, organisation=owners[row.organisation_id], base_site=bases[row.base_site_id], tariffs=tariffs[row.id])
        for row in rows
    ]


def _tariffs(asked: RequestContext, vehicles: list[int]) -> dict[int, list[TariffOut]]:
    query = select(Tariff).where(Tariff.vehicle_class_id.in_(vehicles)).order_by(Tariff.vehicle_class_id, Tariff.valid_from)
    rows = asked.session.scalars(query).all()
    bands = defaultdict(list)
    steps = select(TariffBand).where(TariffBand.tariff_id.in_([row.id for row in rows])).order_by(TariffBand.tariff_id, TariffBand.from_km)
    for band in asked.session.scalars(steps):
        bands[band.tariff_id].append(shown(BandOut, band))
    found = defaultdict(list)
    for row in rows:
        found[row.vehicle_class_id].append(shown(TariffOut, row, bands=bands[row.id]))
    return found


def _roads(asked: RequestContext, rows: list[Road]) -> list[RoadOut]:
    wanted = {number for row in rows for number in (row.from_site_id, row.to_site_id)}
    sites = dict(asked.session.execute(visible(Site, asked.scope).with_only_columns(Site.id, Site.uid).where(Site.id.in_(wanted))).all())
    return [shown(RoadOut, row, from_site=sites.get(row.from_site_id), to_site=sites.get(row.to_site_id)) for row in rows]


def _visible_roads(asked: RequestContext) -> Select[Road]:
    """Return the roads that begin or end at a site that the caller sees; the association's people see all."""
    query = visible(Road, asked.scope)
    if asked.scope.organisation_id is None:
        return query
    sites = visible(Site, asked.scope).with_only_columns(Site.id)
    return query.where(Road.from_site_id.in_(sites) | Road.to_site_id.in_(sites))


@api.get("/vehicles", may=Permission.CATALOG_READ)
def list_vehicles(asked: Reading, part: Annotated[Part, VEHICLES.part()]) -> Page[VehicleClassOut]:
    """List classes of trucks with their tariffs."""
    return VEHICLES.page_of(asked, visible(VehicleClass, asked.scope), part, lambda rows: _vehicles(asked, rows))


@api.post("/vehicles", may=Permission.CATALOG_WRITE)
def add_vehicle(asked: Writing, given: VehicleClassIn) -> VehicleClassOut:
    """Add a class of trucks with its first tariff."""
    row = changes.add_vehicle_class(asked.session, asked.scope, given, asked.by)
    asked.did("vehicle.add", row)
    return _vehicles(asked, [row])[0]


@api.get("/vehicles/{uid}", may=Permission.CATALOG_READ)
def get_vehicle(asked: Reading, uid: Uid) -> VehicleClassOut:
    """Show a class of trucks with its tariffs."""
    return _vehicles(asked, [find(asked.session, asked.scope, VehicleClass, uid)])[0]


@api.patch("/vehicles/{uid}", may=Permission.CATALOG_WRITE)
def change_vehicle(asked: Writing, uid: Uid, given: VehicleClassChange) -> VehicleClassOut:
    """Change a class of trucks; a day of retiring takes it out of use."""
    was = before(find(asked.session, asked.scope, VehicleClass, uid, lock=True))
    row = changes.change_vehicle_class(asked.session, asked.scope, uid, given, asked.by, asked.version)
    asked.did("vehicle.change", row, was)
    return _vehicles(asked, [row])[0]


@api.post("/vehicles/{uid}/tariffs", may=Permission.CATALOG_WRITE)
def add_tariff(asked: Writing, uid: Uid, given: TariffIn) -> TariffOut:
    """State what a class of trucks costs from a day on, and who says so; what held before stays on record."""
    vehicle = find(asked.session, asked.scope, VehicleClass, uid, lock=True)
    row = changes.add_tariff(asked.session, vehicle, given)
    asked.note("tariff.add", "vehicle_class", uid, None, given.model_dump(mode="json"))
    return shown(TariffOut, row, bands=[BandOut(**band.model_dump()) for band in given.bands])


@api.get("/access-rules", may=Permission.CATALOG_READ)
def list_access_rules(
    asked: Reading,
    part: Annotated[Part, RULES.part()],
    zone: Annotated[SearchText, Query(max_length=100, description="Only of this zone.", examples=["hanoi-inner"])] = "",
    on: Annotated[Day | None, Query(description="Only those in force on this day.", examples=["2027-06-07"])] = None,
) -> Page[AccessRuleOut]:
    """List hours in which trucks are kept out of zones."""
    query = visible(AccessRule, asked.scope)
    if zone:
        query = query.where(AccessRule.zone == zone)
    if on is not None:
        query = query.where(AccessRule.valid_from <= on, AccessRule.valid_until.is_(None) | (AccessRule.valid_until >= on))
    return RULES.page(asked, query, part, lambda row: shown(AccessRuleOut, row))


@api.post("/access-rules", may=Permission.CATALOG_WRITE)
def add_access_rule(asked: Writing, given: AccessRuleIn) -> AccessRuleOut:
    """Add hours in which trucks are kept out of a zone."""
    row = changes.add_access_rule(asked.session, asked.scope, given, asked.by)
    asked.did("access_rule.add", row)
    return shown(AccessRuleOut, row)


@api.get("/access-rules/{uid}", may=Permission.CATALOG_READ)
def get_access_rule(asked: Reading, uid: Uid) -> AccessRuleOut:
    """Show an access rule."""
    return shown(AccessRuleOut, find(asked.session, asked.scope, AccessRule, uid))


@api.patch("/access-rules/{uid}", may=Permission.CATALOG_WRITE)
def change_access_rule(asked: Writing, uid: Uid, given: AccessRuleChange) -> AccessRuleOut:
    """State the last day of an access rule."""
    row = find(asked.session, asked.scope, AccessRule, uid, lock=True)
    was = before(row)
    changes.change(asked.session, row, given, asked.by, asked.version)
    asked.did("access_rule.change", row, was)
    return shown(AccessRuleOut, row)


@api.get("/roads", may=Permission.CATALOG_READ)
def list_roads(asked: Reading, part: Annotated[Part, ROADS.part()]) -> Page[RoadOut]:
    """List known roads and carriers between sites; an organisation sees those of its own places, without the other end's uid."""
    return ROADS.page_of(asked, _visible_roads(asked), part, lambda rows: _roads(asked, rows))


@api.post("/roads", may=Permission.CATALOG_WRITE)
def add_road(asked: Writing, given: RoadIn) -> RoadOut:
    """Add what is known of the way from one site to another."""
    row = changes.add_road(asked.session, asked.scope, given, asked.by)
    asked.did("road.add", row)
    return _roads(asked, [row])[0]


@api.get("/roads/{uid}", may=Permission.CATALOG_READ)
def get_road(asked: Reading, uid: Uid) -> RoadOut:
    """Show what is known of a way."""
    find(asked.session, asked.scope, Road, uid)
    row = asked.session.scalars(_visible_roads(asked).where(Road.uid == uid)).one_or_none()
    if row is None:
        raise NotFound("road", uid)
    return _roads(asked, [row])[0]


@api.patch("/roads/{uid}", may=Permission.CATALOG_WRITE)
def change_road(asked: Writing, uid: Uid, given: RoadChange) -> RoadOut:
    """Change what is known of a way."""
    row = find(asked.session, asked.scope, Road, uid, lock=True)
    was = before(row)
    changes.change(asked.session, row, given, asked.by, asked.version)
    asked.did("road.change", row, was)
    return _roads(asked, [row])[0]


@api.delete("/roads/{uid}", may=Permission.CATALOG_WRITE)
def remove_road(asked: Writing, uid: Uid) -> None:
    """Forget what is known of a way, so that it is reckoned from the map again."""
    row = find(asked.session, asked.scope, Road, uid, lock=True)
    check_version(row, asked.version)
    asked.did("road.remove", row, before(row), gone=True)
    asked.session.delete(row)
