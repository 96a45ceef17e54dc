"""`Problem`: one season's supply, demand, places and trucks as frozen arrays, checked once when made.

Every array is read-only. Dates are whole days since 1970-01-01, clock times whole minutes since midnight, instants whole
minutes since 1970-01-01T00:00, all in Vietnamese local time. Mass is whole kilograms, money whole đồng (VND), distance
kilometres, volume litres. ``NO_LIMIT`` stands for an absent upper limit. References between tables are row numbers.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.object_]

MINUTES_PER_DAY = 1440
NO_LIMIT = 9_000_000_000_000_000
"""Largest exact whole number of the exchange format; as a limit it means "none"."""

COOPERATIVE, HUB, BUYER, DEPOT = range(4)
SITE_KINDS = ("cooperative", "hub", "buyer", "depot")
PIN, FORBID = range(2)
DECISION_KINDS = ("pin", "forbid")
ANY_PRODUCT = -1
NO_ZONE = -1
NO_BASE = -1
NO_HARVEST = -1
AS_USUAL = -1
"""In `Calendar`: this date keeps the site's usual value."""


def _freeze(record: Any) -> None:
    """Make every array of a table read-only, and see that its columns are equally long."""
    rows = None
    for spec in dataclasses.fields(record):
        value = getattr(record, spec.name)
        if not isinstance(value, np.ndarray):
            continue
        value.flags.writeable = False
        if spec.metadata.get("per_row", True):
            rows = len(value) if rows is None else rows
            if len(value) != rows:
                raise ValueError(f"{type(record).__name__}.{spec.name} has {len(value)} rows, expected {rows}")


class _Table:
    """Shared behaviour of the column tables below."""

    def __post_init__(self) -> None:
        _freeze(self)

    def replace(self, **columns: Any) -> Self:
        """Return a copy with some columns replaced."""
        return dataclasses.replace(self, **columns)  # type: ignore[type-var]


def _flat() -> Any:
    """Mark a column whose length is not the table's number of rows."""
    return field(metadata={"per_row": False})


@dataclass(frozen=True, eq=False)
class Sites(_Table):
    """Every place where a truck can stop; shape of each column (n_sites,)."""

    id: TextArray
    kind: IntArray  # index into SITE_KINDS
    name: TextArray
    lat: FloatArray  # WGS 84 degrees
    lon: FloatArray
    open_from_min: IntArray  # clock, 0..1440
    open_until_min: IntArray  # clock, 0..1440; smaller than open_from_min means over midnight
    stop_min: FloatArray  # minutes that every stop takes
    min_per_tonne: FloatArray  # minutes that each tonne moved adds
    max_vehicle_kg: IntArray  # largest payload class the door admits
    zone: IntArray  # index into zone_names, or NO_ZONE
    opening_vnd: IntArray  # paid on each date with any loading or unloading
    throughput_kg_per_day: IntArray
    handling_vnd_per_kg: FloatArray
    zone_names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Lots(_Table):
    """Supply; shape of each column (n_lots,)."""

    id: TextArray
    site: IntArray
    supplier: IntArray  # index into Problem.supplier_ids
    product: IntArray  # index into Problem.product_ids
    grade: IntArray  # 1 is the best
    kg: IntArray
    from_day: IntArray  # first and last date on which it can be picked up
    until_day: IntArray
    cut_on_pickup: BoolArray  # harvested on the pick-up day, else on from_day
    life_days: IntArray  # shelf life from the harvest day
    ask_vnd_per_kg: IntArray
    min_take_kg: IntArray
    indivisible: BoolArray
    cold: BoolArray
    litres_per_kg: FloatArray
    harvest: IntArray  # index into Problem.harvest_ids, or NO_HARVEST: lots of one harvest are picked up on one date


@dataclass(frozen=True, eq=False)
class Certificates(_Table):
    """Certificates of suppliers; shape of each column (n_certificates,)."""

    supplier: IntArray
    product: IntArray  # ANY_PRODUCT covers all
    scheme: IntArray  # index into Problem.scheme_ids
    level: IntArray
    from_day: IntArray  # both days included
    until_day: IntArray


@dataclass(frozen=True, eq=False)
class Lines(_Table):
    """Demand lines; shape of each column (n_lines,) but for the two ragged lists.

    Line ``i`` accepts the products ``product[product_start[i]:product_start[i + 1]]`` and requires the schemes
    ``require_scheme[require_start[i]:require_start[i + 1]]``, each at ``require_level`` or higher.
    """

    id: TextArray
    buyer: IntArray  # index into Problem.buyer_ids
    site: IntArray
    max_grade: IntArray
    kg: IntArray
    from_day: IntArray  # first and last delivery date
    until_day: IntArray
    min_life_days: IntArray
    bid_vnd_per_kg: IntArray
    min_fill_kg: IntArray
    max_suppliers: IntArray
    min_supplier_kg: IntArray
    short_vnd_per_kg: IntArray
    product_start: IntArray = _flat()  # shape (n_lines + 1,)
    product: IntArray = _flat()
    require_start: IntArray = _flat()  # shape (n_lines + 1,)
    require_scheme: IntArray = _flat()
    require_level: IntArray = _flat()


@dataclass(frozen=True, eq=False)
class Vehicles(_Table):
    """Vehicle classes; shape of each column (n_classes,) but for the ragged tariff.

    Class ``c`` pays ``band_vnd_per_km[j]`` for each kilometre beyond ``band_km[j]`` up to the next band's start, for
    ``j`` in ``band_start[c]:band_start[c + 1]``, in ascending order of ``band_km``.
    """

    id: TextArray
    payload_kg: IntArray
    volume_l: FloatArray  # inf where there is no limit
    refrigerated: BoolArray
    fixed_vnd: IntArray
    kmh: FloatArray
    count_per_day: IntArray
    max_stops: IntArray
    max_hours: FloatArray
    base_site: IntArray  # NO_BASE for a hired truck
    band_start: IntArray = _flat()  # shape (n_classes + 1,)
    band_km: FloatArray = _flat()
    band_vnd_per_km: FloatArray = _flat()


@dataclass(frozen=True, eq=False)
class Access(_Table):
    """Hours in which classes of at least ``min_payload_kg`` are kept out of a zone; shape (n_rules,)."""

    zone: IntArray  # index into Sites.zone_names
    min_payload_kg: IntArray
    closed_from_min: IntArray
    closed_until_min: IntArray


@dataclass(frozen=True, eq=False)
class Calendar(_Table):
    """Dates that differ from a site's usual day; shape (n_dates,), each pair of site and day once."""

    site: IntArray
    day: IntArray
    closed: BoolArray  # no stop and no carrier on this date
    open_from_min: IntArray  # clock, or AS_USUAL
    open_until_min: IntArray  # clock, or AS_USUAL
    throughput_kg: IntArray  # or AS_USUAL


@dataclass(frozen=True, eq=False)
class Roads(_Table):
    """Known roads and carriers, one direction each; shape (n_roads,). The format calls this table ``lanes``."""

    from_site: IntArray
    to_site: IntArray
    km: FloatArray  # nan: computed
    minutes: FloatArray  # nan: computed
    vnd_per_kg: FloatArray  # nan: no carrier here
    fixed_vnd: IntArray  # once a day on which the carrier is used
    capacity_kg: IntArray  # per date
    transit_days: IntArray
    cold: BoolArray


@dataclass(frozen=True, eq=False)
class Decisions(_Table):
    """What a broker has already decided; shape (n_decisions,)."""

    lot: IntArray
    line: IntArray
    kind: IntArray  # PIN or FORBID
    kg: IntArray  # least mass of a pin, 0 for a forbid


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything one run decides about.

    Attributes
    ----------
    horizon_from_day, horizon_until_day : no stop happens on an earlier or later date.
    detour_factor : road kilometres per great-circle kilometre where no road is known.
    """

    sites: Sites
    lots: Lots
    certificates: Certificates
    lines: Lines
    vehicles: Vehicles
    access: Access
    calendar: Calendar
    roads: Roads
    decisions: Decisions
    supplier_ids: tuple[str, ...]
    product_ids: tuple[str, ...]
    buyer_ids: tuple[str, ...]
    scheme_ids: tuple[str, ...]
    harvest_ids: tuple[str, ...]
    detour_factor: float
    horizon_from_day: int
    horizon_until_day: int

    @property
    def n_sites(self) -> int:
        return len(self.sites.id)

    @property
    def n_lots(self) -> int:
        return len(self.lots.id)

    @property
    def n_lines(self) -> int:
        return len(self.lines.id)

    @property
    def n_classes(self) -> int:
        return len(self.vehicles.id)

    def replace(self, **parts: Any) -> Problem:
        """Return a copy with some tables or settings replaced."""
        return dataclasses.replace(self, **parts)

    def digest(self) -> str:
        """Return the SHA-256 of everything in the problem, as 64 hexadecimal digits.

        Two problems read from a folder and from a workbook with the same content have the same digest.
        """
        sha = hashlib.sha256()
        for spec in dataclasses.fields(self):
            _feed(sha, spec.name, getattr(self, spec.name))
        return sha.hexdigest()


def _feed(sha: Any, name: str, value: Any) -> None:
    sha.update(f"\x1e{name}\x1f".encode())
    if dataclasses.is_dataclass(value):
        for spec in dataclasses.fields(value):
            _feed(sha, spec.name, getattr(value, spec.name))
    elif isinstance(value, np.ndarray) and value.dtype != object:
        sha.update(np.ascontiguousarray(value).tobytes())
    else:
        texts = value if isinstance(value, (tuple, np.ndarray)) else (repr(value),)
        sha.update("\x1f".join(map(str, texts)).encode())
