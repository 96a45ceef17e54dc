"""What choices and references of registers offer to somebody."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from sqlalchemy import Select, select

from catalog.models import (
    Driver,
    Evidence,
    Organisation,
    OrganisationKind,
    Product,
    Side,
    Site,
    SiteKind,
    VehicleClass,
)
from catalog.names import search_key
from catalog.repository import in_use
from catalog.tenancy import visible
from service.planning.policies.records import usable_policies
from service.web.context import PageContext
from service.web.labels import options
from service.web.texts import mark

Pairs = Sequence[tuple[str, str]]
MOST = 5000
SITE_KINDS: dict[str, str] = {
    "cooperative": mark("Loading place"), "hub": mark("Hub"), "buyer": mark("Receiving site"), "depot": mark("Truck base"),
}  # fmt: skip
SCHEMES = ("VietGAP", "GlobalGAP", "organic", "OCOP", "HACCP", "ISO 22000")
MARKETS: dict[str, str] = {
    "CN": mark("China"), "US": mark("United States"), "AU": mark("Australia"), "JP": mark("Japan"), "KR": mark("South Korea"),
    "EU": mark("European Union"), "NZ": mark("New Zealand"), "TH": mark("Thailand"), "VN": mark("Vietnam"),
}  # fmt: skip


def kinds(visit: PageContext) -> Pairs:
    """Return the kinds of organisations."""
    return options(OrganisationKind, visit)


def site_kinds(visit: PageContext) -> Pairs:
    """Return the kinds of sites."""
    return [(kind.value, visit.say(SITE_KINDS[kind.value])) for kind in SiteKind]


def schemes(_visit: PageContext) -> Pairs:
    """Return the certificate schemes."""
    return [(one, one) for one in SCHEMES]


def markets(visit: PageContext) -> Pairs:
    """Return the markets that planting-area codes are for."""
    return [(code, visit.say(words)) for code, words in MARKETS.items()]


def _organisations(visit: PageContext, *conditions: Any) -> Pairs:
    query = visible(Organisation, visit.scope).where(*conditions).order_by(Organisation.sort_key, Organisation.id).limit(MOST)
    rows = list(visit.session.execute(query.with_only_columns(Organisation.uid, Organisation.name, Organisation.code)))
    seen: dict[str, int] = {}
    for row in rows:
        seen[row.name] = seen.get(row.name, 0) + 1
    return [(row.uid, row.name if seen[row.name] == 1 else f"{row.name} ({row.code})") for row in rows]


def organisations(visit: PageContext) -> Pairs:
    """Return every organisation that somebody sees."""
    return _organisations(visit)


def suppliers(visit: PageContext) -> Pairs:
    """Return the cooperatives and groups that somebody sees."""
    return _organisations(visit, Organisation.side == Side.SUPPLY, in_use(Organisation.closed_on))


def suppliers_by_code(visit: PageContext) -> Select[Any]:
    """Select the codes of cooperatives and groups that somebody sees."""
    return visible(Organisation, visit.scope).where(Organisation.side == Side.SUPPLY).with_only_columns(Organisation.code)


def policies(visit: PageContext) -> Pairs:
    """Return the policies in use."""
    return [(row.uid, row.name) for row in usable_policies(visit.session, visit.scope)]


def cooperatives(visit: PageContext) -> Pairs:
    """Return the cooperatives that somebody sees."""
    return _organisations(visit, Organisation.kind == OrganisationKind.COOPERATIVE, in_use(Organisation.closed_on))


def groups(visit: PageContext) -> Pairs:
    """Return the cooperative groups that somebody sees."""
    return _organisations(visit, Organisation.kind == OrganisationKind.GROUP, in_use(Organisation.closed_on))


def hauliers(visit: PageContext) -> Pairs:
    """Return the carriers and cooperatives, who may own trucks."""
    owners = (OrganisationKind.CARRIER, OrganisationKind.COOPERATIVE, OrganisationKind.HUB)
    return _organisations(visit, Organisation.kind.in_(owners), in_use(Organisation.closed_on))


def products(visit: PageContext) -> Pairs:
    """Return the association's products, by code."""
    query = visible(Product, visit.scope).order_by(Product.sort_key, Product.id).limit(MOST)
    english = visit.language == "en"
    return [(row.code, (row.name_en if english else None) or row.name) for row in visit.session.scalars(query)]


def sites(visit: PageContext) -> Pairs:
    """Return the open sites that somebody sees."""
    query = visible(Site, visit.scope).where(in_use(Site.closed_on)).order_by(Site.sort_key, Site.id).limit(MOST)
    return [(row.uid, row.name or row.code) for row in visit.session.scalars(query)]


def buyers(visit: PageContext) -> Pairs:
    """Return the buyers that somebody sees."""
    return _organisations(visit, Organisation.kind == OrganisationKind.BUYER, in_use(Organisation.closed_on))


def sites_of(visit: PageContext, kind: SiteKind) -> Pairs:
    """Return the open sites of a kind that somebody sees, with their owners where a name stands twice."""
    query = visible(Site, visit.scope).where(in_use(Site.closed_on), Site.kind == kind).order_by(Site.sort_key, Site.id).limit(MOST)
    return [(row.uid, row.name or row.code) for row in visit.session.scalars(query)]


def vehicle_classes(visit: PageContext) -> Pairs:
    """Return the classes of trucks, each called by what it carries."""
    query = visible(VehicleClass, visit.scope).where(in_use(VehicleClass.retired_on))
    rows = visit.session.scalars(query.order_by(VehicleClass.payload_kg, VehicleClass.id).limit(MOST))
    return [(row.uid, class_name(visit, row)) for row in rows]


def class_name(visit: PageContext, row: VehicleClass) -> str:
    """Return what people call a class of trucks: ``xe lạnh 15 tấn``."""
    tonnes = visit.formats.tonnes(row.payload_kg)
    return visit.say("refrigerated truck, %(tonnes)s", tonnes=tonnes) if row.refrigerated else visit.say("truck, %(tonnes)s", tonnes=tonnes)


def uses(visit: PageContext) -> Pairs:
    """Return whether something is in use."""
    return [("used", visit.say("In use")), ("retired", visit.say("Out of use"))]


def drivers(visit: PageContext) -> Pairs:
    """Return the drivers who still drive."""
    query = visible(Driver, visit.scope).where(in_use(Driver.left_on)).order_by(Driver.sort_key, Driver.id).limit(MOST)
    return [(row.uid, f"{row.name} ({row.phone})") for row in visit.session.scalars(query)]


def papers(visit: PageContext) -> Pairs:
    """Return the scans on file, the latest first."""
    query = visible(Evidence, visit.scope).order_by(Evidence.added_at.desc(), Evidence.id.desc()).limit(200)
    return [(uid, title) for uid, title in visit.session.execute(query.with_only_columns(Evidence.uid, Evidence.title))]


def code_of(visit: PageContext, model: Any, name: str, *conditions: Any) -> str:
    """Return a short code for a new row, made of its name: ``htx-phi-dien``, with a number where it is taken."""
    like = select(model.code).where(*conditions, model.code.like(f"{plain_code(name)}%"))
    return free_code(name, set(visit.session.scalars(like)))


def plain_code(name: str) -> str:
    """Return a name in lower case, without accents, its words joined by hyphens."""
    return "-".join("".join(sign if sign.isalnum() and sign.isascii() else " " for sign in search_key(name)).split())[:80] or "x"


def free_code(name: str, taken: Container[str]) -> str:
    """Return the code of a name, with a number where it is taken."""
    plain = plain_code(name)
    return plain if plain not in taken else next(code for n in range(2, 100_000) if (code := f"{plain}-{n}") not in taken)
