"""From checked tables to a `Problem`."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from matching.io.parse import Parsed, Values
from matching.io.settings import Settings
from matching.model.problem import (
    ANY_PRODUCT,
    FORBID,
    NO_BASE,
    NO_HARVEST,
    NO_ZONE,
    Access,
    BoolArray,
    Calendar,
    Certificates,
    Decisions,
    IntArray,
    Lines,
    Lots,
    Problem,
    Roads,
    Sites,
    Vehicles,
)

Names = tuple[str, ...]


def build_problem(tables: dict[str, Parsed], settings: Settings) -> Problem:
    """Assemble the problem from tables without faults."""
    suppliers = names_of(tables["lots"]["supplier_id"], tables["certificates"]["supplier_id"])
    certified = tables["certificates"]["product"]
    products = names_of(tables["lots"]["product"], flatten(tables["demands"]["product"]), certified[certified != "*"])
    required = [scheme for scheme, _ in flatten(tables["demands"]["requires"])]
    schemes = names_of(tables["certificates"]["scheme"], required)
    buyers = names_of(tables["demands"]["buyer_id"])
    harvests = names_of(tables["lots"]["harvest_id"][tables["lots"]["harvest_id"] != ""])
    first, last = horizon(tables, settings)
    return Problem(
        sites=_sites(tables["sites"], tables["access"]),
        lots=_lots(tables, suppliers, products, harvests),
        certificates=_certificates(tables["certificates"], suppliers, products, schemes),
        lines=_lines(tables, products, buyers, schemes),
        vehicles=_vehicles(tables),
        access=_access(tables),
        calendar=_calendar(tables),
        roads=_roads(tables),
        decisions=_decisions(tables),
        supplier_ids=suppliers,
        product_ids=products,
        buyer_ids=buyers,
        scheme_ids=schemes,
        harvest_ids=harvests,
        detour_factor=settings.detour_factor,
        horizon_from_day=first,
        horizon_until_day=last,
    )


def names_of(*columns: Any) -> Names:
    """Return every different name of the columns in ascending order, so that the order of rows leaves no trace."""
    return tuple(sorted(set(chain(*columns))))


def flatten(column: Values) -> list[Any]:
    """Return the entries of a column of tuples one after another."""
    return list(chain.from_iterable(column))


def places(column: Any, names: Any, absent: int = -1) -> IntArray:
    """Return the place of each name of ``column`` among ``names``, ``absent`` where it is not there."""
    found = pd.Index(np.array(names, dtype=object)).get_indexer(pd.Index(np.array(column, dtype=object)))
    return np.where(found < 0, absent, found).astype(np.int64)


def starts_of(column: Values) -> IntArray:
    """Return where each row's entries start in the flattened column, shape (n_rows + 1,)."""
    lengths = np.fromiter(map(len, column), dtype=np.int64, count=len(column))
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])


def horizon(tables: dict[str, Parsed], settings: Settings) -> tuple[int, int]:
    """Return the first and last day on which a stop may happen: as set, else what lots and lines span, else 0 and 0."""
    spans = (("lots", "available_from", "available_until"), ("demands", "deliver_from", "deliver_until"))
    days = np.concatenate([tables[name][column] for name, *columns in spans for column in columns])
    least, most = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    first = least if settings.horizon_from_day is None else settings.horizon_from_day
    last = most if settings.horizon_until_day is None else settings.horizon_until_day
    # Where one end is set beyond every date of the tables, no stop is possible on any horizon; it is kept in order.
    return (first, max(first, last)) if settings.horizon_until_day is None else (min(first, last), last)


def _sites(sites: Parsed, access: Parsed) -> Sites:
    zones = names_of(sites["zone"][sites["zone"] != ""], access["zone"])
    return Sites(
        id=sites["site_id"],
        kind=sites["kind"],
        name=sites["name"],
        lat=sites["lat"],
        lon=sites["lon"],
        open_from_min=sites["open_from"],
        open_until_min=sites["open_until"],
        stop_min=sites["stop_minutes"],
        min_per_tonne=sites["minutes_per_tonne"],
        max_vehicle_kg=sites["max_vehicle_kg"],
        zone=places(sites["zone"], zones, NO_ZONE),
        opening_vnd=sites["opening_vnd"],
        throughput_kg_per_day=sites["throughput_kg_per_day"],
        handling_vnd_per_kg=sites["handling_vnd_per_kg"],
        zone_names=zones,
    )


def _lots(tables: dict[str, Parsed], suppliers: Names, products: Names, harvests: Names) -> Lots:
    lots = tables["lots"]
    return Lots(
        id=lots["lot_id"],
        site=places(lots["site_id"], tables["sites"]["site_id"]),
        supplier=places(lots["supplier_id"], suppliers),
        product=places(lots["product"], products),
        grade=lots["grade"],
        kg=lots["quantity_kg"],
        from_day=lots["available_from"],
        until_day=lots["available_until"],
        cut_on_pickup=lots["cut_on_pickup"],
        life_days=lots["shelf_life_days"],
        ask_vnd_per_kg=lots["ask_vnd_per_kg"],
        min_take_kg=lots["min_take_kg"],
        indivisible=lots["indivisible"],
        cold=lots["cold"],
        litres_per_kg=lots["litres_per_kg"],
        harvest=places(lots["harvest_id"], harvests, NO_HARVEST),
    )


def _certificates(certificates: Parsed, suppliers: Names, products: Names, schemes: Names) -> Certificates:
    return Certificates(
        supplier=places(certificates["supplier_id"], suppliers),
        product=places(certificates["product"], products, ANY_PRODUCT),
        scheme=places(certificates["scheme"], schemes),
        level=certificates["level"],
        from_day=certificates["valid_from"],
        until_day=certificates["valid_until"],
    )


def _lines(tables: dict[str, Parsed], products: Names, buyers: Names, schemes: Names) -> Lines:
    lines = tables["demands"]
    required = flatten(lines["requires"])
    return Lines(
        id=lines["line_id"],
        buyer=places(lines["buyer_id"], buyers),
        site=places(lines["site_id"], tables["sites"]["site_id"]),
        max_grade=lines["max_grade"],
        kg=lines["quantity_kg"],
        from_day=lines["deliver_from"],
        until_day=lines["deliver_until"],
        min_life_days=lines["min_life_days"],
        bid_vnd_per_kg=lines["bid_vnd_per_kg"],
        min_fill_kg=lines["min_fill_kg"],
        max_suppliers=lines["max_suppliers"],
        min_supplier_kg=lines["min_supplier_kg"],
        short_vnd_per_kg=lines["short_vnd_per_kg"],
        product_start=starts_of(lines["product"]),
        product=places(flatten(lines["product"]), products),
        require_start=starts_of(lines["requires"]),
        require_scheme=places([scheme for scheme, _ in required], schemes),
        require_level=np.array([level for _, level in required], dtype=np.int64),
    )


def _vehicles(tables: dict[str, Parsed]) -> Vehicles:
    classes = tables["vehicles"]
    bands = flatten(classes["vnd_per_km"])
    return Vehicles(
        id=classes["class_id"],
        payload_kg=classes["payload_kg"],
        volume_l=classes["volume_l"],
        refrigerated=classes["refrigerated"],
        fixed_vnd=classes["fixed_vnd"],
        kmh=classes["kmh"],
        count_per_day=classes["count_per_day"],
        max_stops=classes["max_stops"],
        max_hours=classes["max_hours"],
        base_site=places(classes["base_site"], tables["sites"]["site_id"], NO_BASE),
        band_start=starts_of(classes["vnd_per_km"]),
        band_km=np.array([start for start, _ in bands], dtype=np.float64),
        band_vnd_per_km=np.array([rate for _, rate in bands], dtype=np.float64),
    )


def _access(tables: dict[str, Parsed]) -> Access:
    access, zone = tables["access"], tables["sites"]["zone"]
    return Access(
        zone=places(access["zone"], names_of(zone[zone != ""], access["zone"])),
        min_payload_kg=access["min_payload_kg"],
        closed_from_min=access["closed_from"],
        closed_until_min=access["closed_until"],
    )


def _calendar(tables: dict[str, Parsed]) -> Calendar:
    calendar = tables["calendar"]
    return Calendar(
        site=places(calendar["site_id"], tables["sites"]["site_id"]),
        day=calendar["date"],
        closed=calendar["closed"],
        open_from_min=calendar["open_from"],
        open_until_min=calendar["open_until"],
        throughput_kg=calendar["throughput_kg"],
    )


def _roads(tables: dict[str, Parsed]) -> Roads:
    lanes, site_id = tables["lanes"], tables["sites"]["site_id"]
    return Roads(
        from_site=places(lanes["from_site"], site_id),
        to_site=places(lanes["to_site"], site_id),
        km=lanes["km"],
        minutes=lanes["minutes"],
        vnd_per_kg=lanes["vnd_per_kg"],
        fixed_vnd=lanes["fixed_vnd"],
        capacity_kg=lanes["capacity_kg"],
        transit_days=lanes["transit_days"],
        cold=lanes["cold"],
    )


def _decisions(tables: dict[str, Parsed]) -> Decisions:
    decisions = tables["decisions"]
    forbidden: BoolArray = decisions["decision"] == FORBID
    return Decisions(
        lot=places(decisions["lot_id"], tables["lots"]["lot_id"]),
        line=places(decisions["line_id"], tables["demands"]["line_id"]),
        kind=decisions["decision"],
        kg=np.where(forbidden, 0, decisions["kg"]).astype(np.int64),
    )
