"""The tables of the exchange format: each column, what stands in it, and what an empty cell means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.io import cells
from matching.io.cells import Parser, decimal, whole
from matching.model.problem import AS_USUAL, DECISION_KINDS, NO_LIMIT, SITE_KINDS

DAY_MIN = 1440


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    parse : gives the value of a cell that is not empty, or raises `matching.io.cells.Unfit`.
    dtype : of the column's array.
    default : value of an empty cell or an absent column where ``required`` is false.
    """

    name: str
    parse: Parser
    dtype: Any
    default: Any = None
    required: bool = False


@dataclass(frozen=True)
class Schema:
    """One table.

    Attributes
    ----------
    required : whether the input must hold it.
    key : columns that together name a row once.
    references : pairs of a column and the table whose key it must name.
    windows : pairs of columns of which the second must not be smaller.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    windows: tuple[tuple[str, str], ...] = ()
    required: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def _id(name: str) -> Column:
    return Column(name, cells.identifier, object, "", required=True)


def _must(name: str, parse: Parser, dtype: Any, blank: Any = 0) -> Column:
    return Column(name, parse, dtype, blank, required=True)


def _int(name: str, default: int, unit: str = "") -> Column:
    return Column(name, whole(unit=unit), np.int64, default)


def _float(name: str, default: float, unit: str = "") -> Column:
    return Column(name, decimal(unit=unit), np.float64, default)


def _yes(name: str, default: bool) -> Column:
    return Column(name, cells.yes_no, np.bool_, default)


def _date(name: str) -> Column:
    return _must(name, cells.date(), np.int64)


def _clock(name: str, default: int) -> Column:
    return Column(name, cells.clock, np.int64, default)


SITES = Schema(
    "sites",
    (
        _id("site_id"),
        _must("kind", cells.one_of(*SITE_KINDS), np.int64),
        Column("name", cells.text, object, ""),
        _must("lat", decimal(-90, 90, unit="degrees"), np.float64),
        _must("lon", decimal(-180, 180, unit="degrees"), np.float64),
        _clock("open_from", 0),
        _clock("open_until", DAY_MIN),
        _float("stop_minutes", 0.0, "minutes"),
        _float("minutes_per_tonne", 0.0, "minutes"),
        _int("max_vehicle_kg", NO_LIMIT, "kg"),
        Column("zone", cells.identifier, object, ""),
        _int("opening_vnd", 0, "VND"),
        _int("throughput_kg_per_day", NO_LIMIT, "kg"),
        _float("handling_vnd_per_kg", 0.0, "VND"),
    ),
    key=("site_id",),
    required=True,
)
LOTS = Schema(
    "lots",
    (
        _id("lot_id"),
        _id("site_id"),
        _id("supplier_id"),
        _must("product", cells.code, object, ""),
        _must("grade", whole(1), np.int64, 1),
        _must("quantity_kg", whole(unit="kg"), np.int64),
        _date("available_from"),
        _date("available_until"),
        _yes("cut_on_pickup", True),
        _must("shelf_life_days", whole(unit="days"), np.int64),
        _must("ask_vnd_per_kg", whole(unit="VND"), np.int64),
        _int("min_take_kg", 0, "kg"),
        _yes("indivisible", False),
        _yes("cold", False),
        _float("litres_per_kg", 2.0, "litres"),
        Column("harvest_id", cells.identifier, object, ""),
    ),
    key=("lot_id",),
    references=(("site_id", "sites"),),
    windows=(("available_from", "available_until"),),
    required=True,
)
CERTIFICATES = Schema(
    "certificates",
    (
        _id("supplier_id"),
        _must("product", cells.code, object, ""),
        _must("scheme", cells.code, object, ""),
        _int("level", 0),
        # An open-ended certificate is often written as the last date there is.
        _must("valid_from", cells.date(1, 9999), np.int64),
        _must("valid_until", cells.date(1, 9999), np.int64),
    ),
    windows=(("valid_from", "valid_until"),),
)
DEMANDS = Schema(
    "demands",
    (
        _id("line_id"),
        _id("buyer_id"),
        _id("site_id"),
        _must("product", cells.codes, object, ()),
        _must("max_grade", whole(1), np.int64, 1),
        Column("requires", cells.requirements, object, ()),
        _must("quantity_kg", whole(unit="kg"), np.int64),
        _date("deliver_from"),
        _date("deliver_until"),
        _int("min_life_days", 0, "days"),
        _must("bid_vnd_per_kg", whole(unit="VND"), np.int64),
        _int("min_fill_kg", 0, "kg"),
        _int("max_suppliers", NO_LIMIT),
        _int("min_supplier_kg", 0, "kg"),
        _int("short_vnd_per_kg", 0, "VND"),
    ),
    key=("line_id",),
    references=(("site_id", "sites"),),
    windows=(("deliver_from", "deliver_until"),),
    required=True,
)
VEHICLES = Schema(
    "vehicles",
    (
        _id("class_id"),
        _must("payload_kg", whole(1, "kg"), np.int64, 1),
        _float("volume_l", float("inf"), "litres"),
        _yes("refrigerated", False),
        _must("fixed_vnd", whole(unit="VND"), np.int64),
        _must("vnd_per_km", cells.bands, object, ()),
        _must("kmh", decimal(above=True, unit="km/h"), np.float64, 1.0),
        _int("count_per_day", NO_LIMIT),
        _int("max_stops", 5),
        _float("max_hours", 12.0, "hours"),
        Column("base_site", cells.identifier, object, ""),
    ),
    key=("class_id",),
    references=(("base_site", "sites"),),
    required=True,
)
ACCESS = Schema(
    "access",
    (
        _id("zone"),
        _must("min_payload_kg", whole(unit="kg"), np.int64),
        _must("closed_from", cells.clock, np.int64),
        _must("closed_until", cells.clock, np.int64),
    ),
)
CALENDAR = Schema(
    "calendar",
    (
        _id("site_id"),
        _date("date"),
        _yes("closed", False),
        _clock("open_from", AS_USUAL),
        _clock("open_until", AS_USUAL),
        _int("throughput_kg", AS_USUAL, "kg"),
    ),
    key=("site_id", "date"),
    references=(("site_id", "sites"),),
)
LANES = Schema(
    "lanes",
    (
        _id("from_site"),
        _id("to_site"),
        _float("km", float("nan"), "km"),
        _float("minutes", float("nan"), "minutes"),
        _float("vnd_per_kg", float("nan"), "VND"),
        _int("fixed_vnd", 0, "VND"),
        _int("capacity_kg", NO_LIMIT, "kg"),
        _int("transit_days", 0, "days"),
        _yes("cold", False),
    ),
    key=("from_site", "to_site"),
    references=(("from_site", "sites"), ("to_site", "sites")),
)
DECISIONS = Schema(
    "decisions",
    (
        _id("lot_id"),
        _id("line_id"),
        _must("decision", cells.one_of(*DECISION_KINDS), np.int64),
        _int("kg", -1, "kg"),
    ),
    key=("lot_id", "line_id"),
    references=(("lot_id", "lots"), ("line_id", "demands")),
)
HARVESTS = Schema(
    "harvests",
    (_id("lot_id"), *(_must(name, whole(unit="kg"), np.int64) for name in ("p10_kg", "p50_kg", "p90_kg"))),
    key=("lot_id",),
    references=(("lot_id", "lots"),),
)
DELIVERIES = Schema(
    "deliveries",
    (
        # A supplier of the past need not offer anything now.
        _id("supplier_id"),
        _date("delivered_on"),
        _must("promised_kg", whole(1, "kg"), np.int64, 1),
        _must("delivered_kg", whole(unit="kg"), np.int64),
    ),
)
SETTINGS = Schema("settings", (_id("key"), _must("value", cells.text, object, "")), key=("key",))

SETTING_PARSERS: dict[str, Parser] = {
    "detour_factor": decimal(above=True),
    "horizon_from": cells.date(),
    "horizon_until": cells.date(),
}
INPUT_TABLES = {
    s.name: s for s in (SITES, LOTS, CERTIFICATES, DEMANDS, VEHICLES, ACCESS, CALENDAR, LANES, DECISIONS, HARVESTS, DELIVERIES, SETTINGS)
}
DATE_COLUMNS = frozenset(
    {"available_from", "available_until", "deliver_from", "deliver_until", "valid_from", "valid_until", "date", "delivered_on"}
)
CHOICE_COLUMNS = frozenset({"kind", "decision"})
"""Columns of dates, and of one of a few words; like numbers, both are held as whole numbers."""
OUTPUT_TABLES = ("allocations", "legs", "trips", "stops", "reasons", "prices", "scarce")
CARRIER_CLASS = "carrier"
"""What the trips of a plan show instead of a vehicle class where a carrier takes the goods."""
