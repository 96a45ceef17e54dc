"""Rows of the database → `Problem`: what is still on offer, what is still asked for, and everything they travel by.

Columns are read whole and turned into arrays. What is already promised is left out: a lot enters with its offered kilograms, a line
with its open ones, and minimums, pins, counts of suppliers and trucks, and throughput are lessened by what has been promised, so that
the new plan and the promises together keep every rule. Rows stand in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine, LineProduct, LineRequirement, LineStatus
from catalog.errors import NotFound
from catalog.importers import tariffs_on
from catalog.models import AccessRule, Association, Lot, LotStatus, Organisation, Product, Road, Site, VehicleClass
from matching.harvest.outlook import Outlook
from matching.model.problem import NO_HARVEST, IntArray, Problem
from service.planning.columns import Columns, ascending, day_number, day_of, flat, of, places
from service.planning.models import LineBalance, LotBalance, Promise
from service.planning.plans import problem_tables
from service.planning.plans.certificates import CertificateRow, Signers, certificate_rows
from service.planning.plans.commitments import KEPT, LEFT_THE_OFFER, Promised
from service.planning.plans.site_calendar import SiteCalendar

OPEN_LOTS = (LotStatus.DECLARED, LotStatus.RESERVED)
CLOSED_LINES = (LineStatus.FILLED, LineStatus.CANCELLED)
SITE_COLUMNS = (
    "code", "kind", "name", "lat", "lon", "open_from_min", "open_until_min", "stop_min", "min_per_tonne",
    "max_vehicle_kg", "zone", "opening_vnd", "throughput_kg_per_day", "handling_vnd_per_kg",
)  # fmt: skip
LOT_COLUMNS = (
    "version", "code", "site_id", "grade", "quantity_kg", "available_from", "available_until", "cut_on_pickup", "shelf_life_days",
    "ask_vnd_per_kg", "min_take_kg", "indivisible", "cold", "litres_per_kg", "organisation_id", "supplier_id", "harvest",
)  # fmt: skip
LINE_COLUMNS = (
    "version", "code", "site_id", "max_grade", "quantity_kg", "deliver_from", "deliver_until", "min_life_days", "bid_vnd_per_kg",
    "min_fill_kg", "max_suppliers", "min_supplier_kg", "short_vnd_per_kg",
)  # fmt: skip
CLASS_COLUMNS = ("code", "payload_kg", "volume_l", "refrigerated", "kmh", "count_per_day", "max_stops", "max_hours", "base_site_id")
ROAD_COLUMNS = ("from_site_id", "to_site_id", "km", "minutes", "vnd_per_kg", "fixed_vnd", "capacity_kg", "transit_days", "cold")


@dataclass(frozen=True)
class Horizon:
    """First and last date on which a stop may happen; an end that is None follows from the dates of lots and lines."""

    first: date | None = None
    last: date | None = None


WHOLE_SEASON = Horizon()


@dataclass(frozen=True)
class Only:
    """A part of the market: some lots and lines, open or not, as if the promises of some proposal items had not been made."""

    lot_ids: Collection[int]
    line_ids: Collection[int]
    apart: Collection[int] = ()


@dataclass(frozen=True)
class Loaded:
    """A problem with the numbers and versions of the rows behind it; arrays in the problem's own order.

    Attributes
    ----------
    site_ids, class_ids : shape (n_sites,), (n_classes,).
    lot_ids, lot_versions : shape (n_lots,).
    line_ids, line_versions : shape (n_lines,).
    outlook : what is known of uncertain harvests, where that was read, too (`service.planning.plans.forecasts`).
    """

    association_id: int
    problem: Problem
    site_ids: IntArray
    class_ids: IntArray
    lot_ids: IntArray
    lot_versions: IntArray
    line_ids: IntArray
    line_versions: IntArray
    outlook: Outlook | None = None


@dataclass(frozen=True)
class _Read:
    """What was read of the database, and the names that its rows share."""

    session: Session
    association: Association
    first_day: int
    last_day: int
    sites: Columns
    lots: Columns
    lines: Columns
    certificates: list[CertificateRow]
    suppliers: list[str]
    accepted: list[list[str]]
    required: list[list[tuple[str, int]]]
    product_codes: dict[int, str] = field(repr=False)


def load(session: Session, association_id: int, horizon: Horizon = WHOLE_SEASON, only: Only | None = None) -> Loaded:
    """Return the association's open supply and demand as a problem.

    Parameters
    ----------
    session : from `Database.read`, so that all tables are seen at one moment.
    horizon : where it is given, lots and lines outside it are left out.
    only : a part of the market, for a question about a few items.

    Raises
    ------
    NotFound
        If there is no such association.
    """
    association = session.get(Association, association_id)
    if association is None:
        raise NotFound("association", str(association_id))
    return _assemble(_read(session, association, horizon, only), () if only is None else only.apart)


def _read(session: Session, association: Association, horizon: Horizon, only: Only | None) -> _Read:
    lots = Columns(session, _lot_query(association.id, horizon, only))
    lines = Columns(session, _line_query(association.id, horizon, only))
    if only is not None:
        lots.add("offered_kg", _apart(session, Promise.lot_id, LEFT_THE_OFFER, only))
        lines.add("promised_kg", {line: -kg for line, kg in _apart(session, Promise.line_id, KEPT, only).items()})
    first_day, last_day = _span(horizon, lots, lines)
    sites = Columns(session, of(Site, association.id, *SITE_COLUMNS).where(*_open_after(Site.closed_on, day_of(first_day))))
    signers = Signers(session, association.id)
    codes = dict(session.execute(select(Product.id, Product.code).where(Product.association_id == association.id)).all())
    accepted = _entries(session, association.id, LineProduct, "product_id")
    required = _entries(session, association.id, LineRequirement, "scheme", "min_level")
    return _Read(
        session,
        association,
        first_day,
        last_day,
        sites=sites,
        lots=lots,
        lines=lines,
        certificates=certificate_rows(signers),
        suppliers=signers.of_lots(lots),
        accepted=[[codes[product] for (product,) in accepted.get(line, ())] for line in lines["id"]],
        required=[required.get(line, []) for line in lines["id"]],
        product_codes=codes,
    )


def _apart(session: Session, key: Any, kg: Any, only: Only) -> dict[int, int]:
    """Return the kilograms that the promises of the items apart have taken of each lot or line."""
    query = select(key, func.sum(kg)).where(Promise.proposal_item_id.in_(only.apart)).group_by(key)
    return {number: int(taken) for number, taken in session.execute(query)}


def _assemble(read: _Read, apart: Collection[int]) -> Loaded:
    session, mine, certificates = read.session, read.association.id, read.certificates
    suppliers = ascending([*read.suppliers, *(row.supplier for row in certificates)])
    certified = [None if row.product_id is None else read.product_codes[row.product_id] for row in certificates]
    products = ascending([*read.lots["product"], *flat(read.accepted), *filter(None, certified)])
    schemes = ascending([*(row.scheme for row in certificates), *(scheme for scheme, _ in flat(read.required))])
    buyers, site_ids = ascending(read.lines["buyer"]), read.sites["id"]
    harvests = ascending(filter(None, read.lots["harvest"]))
    rules = Columns(session, _rule_query(mine, read.first_day, read.last_day))
    zones = ascending([*filter(None, read.sites["zone"]), *rules["zone"]])
    promised = Promised(session, mine, read.first_day, apart)
    classes, tariffs = _classes(session, mine, site_ids, read.first_day, read.last_day)
    problem = Problem(
        sites=problem_tables.sites(read.sites, zones, promised),
        lots=problem_tables.lots(
            read.lots,
            site_ids,
            places(read.suppliers, suppliers),
            places(read.lots["product"], products),
            places(read.lots["harvest"], harvests, NO_HARVEST),
        ),
        certificates=problem_tables.certificates(certificates, suppliers, places(certified, products), schemes),
        lines=problem_tables.lines(
            read.lines,
            site_ids,
            places(read.lines["buyer"], buyers),
            problem_tables.Wishes.of(read.accepted, read.required, products, schemes),
            promised,
        ),
        vehicles=problem_tables.vehicles(classes, tariffs, site_ids, promised),
        access=problem_tables.access(rules, zones),
        calendar=problem_tables.calendar(_dated_hours(read), site_ids, promised),
        roads=problem_tables.roads(Columns(session, _road_query(mine, day_of(read.first_day))), site_ids),
        decisions=problem_tables.decisions(session, mine, read.lots["id"], read.lines["id"], promised),
        supplier_ids=suppliers,
        product_ids=products,
        buyer_ids=buyers,
        scheme_ids=schemes,
        harvest_ids=harvests,
        detour_factor=read.association.detour_factor,
        horizon_from_day=read.first_day,
        horizon_until_day=read.last_day,
    )
    lots, lines = read.lots, read.lines
    return Loaded(
        mine,
        problem,
        read.sites.ints("id"),
        classes.ints("id"),
        lots.ints("id"),
        lots.ints("version"),
        lines.ints("id"),
        lines.ints("version"),
    )


def _within(horizon: Horizon, first: ColumnElement[date], last: ColumnElement[date]) -> list[ColumnElement[bool]]:
    from_first = [] if horizon.first is None else [last >= horizon.first]
    return from_first + ([] if horizon.last is None else [first <= horizon.last])


def _open_after(closed_on: Any, *days: Any) -> list[ColumnElement[bool]]:
    """Return the condition that something isn't closed, or only after today and some days; a site's calendar closes it from then on."""
    return [or_(closed_on.is_(None), closed_on > day) for day in (func.current_date(), *days) if day is not None]


def _lot_query(association_id: int, horizon: Horizon, only: Only | None) -> Select[Any]:
    query = of(Lot, association_id, *LOT_COLUMNS).join(Product, Product.id == Lot.product_id)
    query = query.join(LotBalance, LotBalance.lot_id == Lot.id).join(Site, Site.id == Lot.site_id)
    query = query.add_columns(Product.code.label("product"), LotBalance.offered_kg, LotBalance.withdrawn_kg)
    if only is not None:
        return query.where(Lot.id.in_(only.lot_ids))
    on_offer = or_(LotBalance.offered_kg > 0, Lot.quantity_kg == 0)
    window = _within(horizon, Lot.available_from.expression, Lot.available_until.expression)
    is_open = _open_after(Site.closed_on, Lot.available_from, horizon.first)
    return query.where(Lot.status.in_(OPEN_LOTS), *is_open, on_offer, *window)


def _line_query(association_id: int, horizon: Horizon, only: Only | None) -> Select[Any]:
    query = of(DemandLine, association_id, *LINE_COLUMNS).join(Organisation, Organisation.id == DemandLine.organisation_id)
    query = query.join(LineBalance, LineBalance.line_id == DemandLine.id).join(Site, Site.id == DemandLine.site_id)
    query = query.add_columns(Organisation.code.label("buyer"), LineBalance.promised_kg)
    if only is not None:
        return query.where(DemandLine.id.in_(only.line_ids))
    wanting = or_(LineBalance.promised_kg < DemandLine.quantity_kg, DemandLine.quantity_kg == 0)
    window = _within(horizon, DemandLine.deliver_from.expression, DemandLine.deliver_until.expression)
    closed = DemandLine.status.in_(CLOSED_LINES) & (DemandLine.quantity_kg > 0)
    return query.where(~closed, *_open_after(Site.closed_on, DemandLine.deliver_from, horizon.first), wanting, *window)


def _span(horizon: Horizon, lots: Columns, lines: Columns) -> tuple[int, int]:
    """Return the first and last day of the horizon: as given, else what lots and lines span, else 0 and 0."""
    spans = ((lots, "available_from", "available_until"), (lines, "deliver_from", "deliver_until"))
    days = np.concatenate([table.days(name) for table, *names in spans for name in names])
    least, most = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    first = least if horizon.first is None else day_number(horizon.first)
    last = most if horizon.last is None else day_number(horizon.last)
    return (first, max(first, last)) if horizon.last is None else (min(first, last), last)


def _entries(session: Session, association_id: int, model: Any, *columns: str) -> dict[int, list[Any]]:
    """Return the entries of each line, in their order."""
    query = select(model.line_id, *(getattr(model, name) for name in columns)).join(DemandLine, DemandLine.id == model.line_id)
    query = query.where(DemandLine.association_id == association_id, DemandLine.status != LineStatus.CANCELLED)
    found: dict[int, list[Any]] = {}
    for line_id, *entry in session.execute(query.order_by(model.line_id, model.position)):
        found.setdefault(line_id, []).append(tuple(entry))
    return found


def _classes(session: Session, association_id: int, site_ids: Sequence[int], first_day: int, last_day: int) -> tuple[Columns, list[Any]]:
    """Return the classes that can be had on every day, each with its tariff in force; without a tariff, or its base, one can't be sent."""
    query = of(VehicleClass, association_id, *CLASS_COLUMNS)
    found = Columns(session, query.where(*_open_after(VehicleClass.retired_on, day_of(last_day))))
    tariffs, based = tariffs_on(session, found["id"], day_of(first_day)), {None, *site_ids}
    usable = [number in tariffs and base in based for number, base in zip(found["id"], found["base_site_id"])]
    kept = found.keep(usable)
    return kept, [tariffs[number] for number in kept["id"]]


def _rule_query(association_id: int, first_day: int, last_day: int) -> Select[Any]:
    """Select the access rules in force on some day of the horizon."""
    query = of(AccessRule, association_id, "zone", "min_payload_kg", "closed_from_min", "closed_until_min")
    lasting = or_(AccessRule.valid_until.is_(None), AccessRule.valid_until >= day_of(first_day))
    return query.where(AccessRule.valid_from <= day_of(last_day), lasting)


def _dated_hours(read: _Read) -> Columns:
    """Return the dates on which sites differ from their usual day."""
    return SiteCalendar(read.session, read.association.id).rows(day_of(read.first_day), day_of(read.last_day))


def _road_query(association_id: int, first: date) -> Select[Any]:
    open_sites = select(Site.id).where(Site.association_id == association_id, *_open_after(Site.closed_on, first))
    return of(Road, association_id, *ROAD_COLUMNS).where(Road.from_site_id.in_(open_sites), Road.to_site_id.in_(open_sites))
